// Networks as an operator writes them, "10.0.0.0/8", and whether an address is in one of them.
#pragma once

#include "base/addr.h"
#include "base/limits.h"

struct network {
    struct addr from;
    uint8_t bits; // of the 128 of an IPv4-mapped address
};

// Zero-initialised: none.
struct networks {
    struct network list[NETWORKS_MAX];
    size_t count;
};

// Adds "10.0.0.0/8", "fd00::/8" or a single address. 0, ERR_MALFORMED or ERR_FULL.
int networks_add(struct networks *networks, struct bytes network);
bool networks_have(const struct networks *networks, const struct addr *address);

// Whether the first `bits` of both are the same.
bool network_is_within(const uint8_t ip[16], const uint8_t from[16], unsigned bits);
