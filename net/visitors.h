// What each address may do: connections at once, requests a second. An IPv6 network of 64 bits
// is one address.
#pragma once

#include "base/addr.h"
#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

// Zero-initialised is empty.
struct visitors {
    struct map by_host;
};

void visitors_dispose(struct visitors *v);

// One connection more from this host. False at HTTP_CONNECTIONS_PER_ADDRESS_MAX, or when the
// table is full of hosts that are busy.
bool visitors_enter(struct visitors *v, const struct addr *from, int64_t now);
void visitors_leave(struct visitors *v, const struct addr *from);

// One request more from a host that is connected: a token bucket of HTTP_REQUESTS_BURST, filled
// with HTTP_REQUESTS_PER_SECOND; those of somebody who is `known` have one of their own,
// HTTP_KNOWN_REQUESTS_BURST and HTTP_KNOWN_REQUESTS_PER_SECOND. False when it is empty.
bool visitors_request(struct visitors *v, const struct addr *from, bool known, int64_t now);
