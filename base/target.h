// Where a request of ours may go. A URL that somebody configured is read strictly, and the
// address that is connected to in the end has to be one of the public Internet, or one that the
// operator allows: whoever may set a URL must not reach what only this machine or its network
// can (server-side request forgery).
//
// Both are pure: the URL says nothing about what its name resolves to, so its addresses are
// looked at once more when they are known, and the one that is connected to is the one that
// was looked at.
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/network.h"

// A URL taken apart.
struct target {
    bool tls;
    uint16_t port;
    char host[TARGET_HOST_LEN_MAX + 1]; // in lower case; an IPv6 address without its brackets
    bool is_address;                    // `host` is no name: `address` is it, with the port
    struct addr address;
};

// Reads "http://host:port/path" or https. No other schemes, no user, no fragment, nothing that
// two readers understand differently: an IPv4 address is four decimal numbers, and a name that
// ends in a number of another form is refused. Returns NULL, or what is wrong: a static text.
const char *target_parse(struct target *target, struct bytes url);

// Zero-initialised: the public Internet.
struct target_rules {
    struct networks allowed;
    struct addr own[TARGET_OWN_MAX]; // addresses of this machine
    size_t own_count;
};

// Allows "10.0.0.0/8", "fd00::/8" or a single address. 0, ERR_MALFORMED or ERR_FULL.
int target_allow(struct target_rules *rules, struct bytes network);

// NULL when `address` may be connected to, else what it is: "a loopback address".
const char *target_refusal(const struct target_rules *rules, const struct addr *address);
