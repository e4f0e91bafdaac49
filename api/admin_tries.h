// The limit on wrong passwords: an address has so many in a minute, and an account so many of
// all addresses that had a wrong one. So who guesses is slow, and nobody is locked out: from an
// address that was not wrong in the last minute the right password always opens.
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_admin_try {
    int64_t at; // us
    uint8_t ip[16];
    uint64_t name; // a keyed hash, without case
};

// The last ones, oldest first. At the bound the oldest makes room.
struct api_admin_tries {
    struct api_admin_try ring[ADMIN_TRIES_MAX];
    size_t first, count;
    uint64_t seed[2];
};

void api_admin_tries_init(struct api_admin_tries *t, struct rng *rng);

// How many seconds `from` has to wait before it may try `name`; 0 when it may now.
int64_t api_admin_tries_wait_s(struct api_admin_tries *t, const struct addr *from,
                               const char *name, int64_t now);
// Before the password is looked at: many at once count at once.
void api_admin_tries_add(struct api_admin_tries *t, const struct addr *from, const char *name,
                         int64_t now);
void api_admin_tries_take_back(struct api_admin_tries *t, const struct addr *from,
                               const char *name); // it was right
