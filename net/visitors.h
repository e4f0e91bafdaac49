// What each visitor may do: connections at once, requests a second. Strangers and logins are
// counted by address, an IPv6 network of 64 bits being one; who has an access key by that key,
// wherever it comes from.
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
    struct visitors_rate strangers;
    struct visitors_rate keys;
    struct visitors_rate logins; // beside what strangers may do
};

extern const struct visitors_limits visitors_limits_default;

struct visitors {
    struct visitors_limits limits;
    struct map by_host;
    struct map by_key;
};

void visitors_init(struct visitors *v, const struct visitors_limits *limits);
void visitors_dispose(struct visitors *v);

// One connection more from this host. False at the limit, or when the table is full of hosts
// that are busy.
bool visitors_enter(struct visitors *v, const struct addr *from, int64_t now);
void visitors_leave(struct visitors *v, const struct addr *from);

// One request more. False when its bucket is empty. `from` must be connected.
bool visitors_request(struct visitors *v, const struct addr *from, int64_t now);
bool visitors_login(struct visitors *v, const struct addr *from, int64_t now);
// Of who proved to have `key`: there are only as many as the server knows.
bool visitors_keyed(struct visitors *v, const char *key, int64_t now);
