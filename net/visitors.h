// What each visitor may do: connections at once, requests a second. Strangers, members and
// logins are counted by address, an IPv6 network of 64 bits being one; who has an access key by
// that key, wherever it comes from.
//
// A whole school may stand behind one address, so what proves itself costs little: logins are
// counted when they failed, members (who bring a token) have a wide measure, and of connections
// only those count narrowly that have not said yet what they want.
#pragma once

#include "base/addr.h"
#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

// A token bucket: `burst` requests at once, then `per_second`. No limit when that is 0.
struct visitors_rate {
    uint32_t per_second, burst;
};

struct visitors_limits {
    uint32_t connections; // of an address; 0: no limit
    uint32_t unread;      // of them, of which no whole head was read; 0: no limit
    struct visitors_rate strangers;
    struct visitors_rate members;
    struct visitors_rate keys;
    struct visitors_rate logins; // that fail
};

extern const struct visitors_limits visitors_limits_default;

// One address. Stays as long as it has connections.
struct visitor {
    uint8_t network[16]; // the key
    uint32_t connections;
    uint32_t unread; // of them, as the owner of the connections says
    uint32_t idle;
    // Buckets as moments: what is paid for until then. Each lies at most the time of a burst
    // before now, so a bucket that nobody used for so long is the same as a new one.
    int64_t strangers_until, members_until, logins_until;
};

struct visitors {
    struct visitors_limits limits;
    struct map by_host;
    struct map by_key;
};

void visitors_init(struct visitors *v, const struct visitors_limits *limits);
void visitors_dispose(struct visitors *v);

// The visitor at `from`, made if there is none. NULL when the table is full of hosts that are
// busy.
struct visitor *visitors_find(struct visitors *v, const struct addr *from, int64_t now);

// One connection more. False at the limit.
bool visitors_enter(struct visitors *v, struct visitor *visitor);
void visitors_leave(struct visitor *visitor);
bool visitors_are_crowded(const struct visitors *v, const struct visitor *visitor); // unread

// One request more. False when the bucket is empty.
bool visitors_request(struct visitors *v, struct visitor *visitor, int64_t now);
bool visitors_member(struct visitors *v, struct visitor *visitor, int64_t now);
// Whether it may try to log in, and that it did so in vain: what is tried at the same time is
// owed, up to a burst.
bool visitors_may_login(const struct visitors *v, const struct visitor *visitor, int64_t now);
void visitors_failed_login(struct visitors *v, struct visitor *visitor, int64_t now);
// Of who proved to have `key`: there are only as many as the server knows.
bool visitors_keyed(struct visitors *v, const char *key, int64_t now);
