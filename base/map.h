// A hash table from octets to a pointer. Keys are borrowed: they must live inside the value
// (or at least as long as the entry). The hash is seeded, so that an attacker who chooses keys
// cannot choose collisions.
#pragma once

#include "base/bytes.h"

#include <stdint.h>

struct map_slot {
    struct bytes key;
    void *value; // NULL: never used; MAP_GONE: removed
    uint64_t hash;
};

// Zero-initialised is an empty map. `seed` may be set before the first insertion.
struct map {
    struct map_slot *slots;
    size_t size;  // a power of two, or 0
    size_t used;  // slots that are not free, removed ones included
    size_t count; // entries
    uint64_t seed[2];
};

void map_dispose(struct map *m); // frees the table, not the values

void *map_get(const struct map *m, struct bytes key); // NULL when absent
// Sets the value of `key`; returns the value it replaced, or NULL. `value` is not NULL.
void *map_put(struct map *m, struct bytes key, void *value);
void *map_remove(struct map *m, struct bytes key); // the value, or NULL

// Visits every entry: start with *at = 0; NULL at the end. The entry just returned may be
// removed; nothing may be inserted while visiting.
void *map_next(const struct map *m, size_t *at);

// SipHash-2-4 of `b` under a 128-bit key.
uint64_t map_hash(struct bytes b, const uint64_t key[2]);

// A number as a key: the view of the caller's variable, which must live inside the value.
static inline struct bytes map_key_u64(const uint64_t *number)
{
    return (struct bytes){(const uint8_t *)number, sizeof *number};
}
