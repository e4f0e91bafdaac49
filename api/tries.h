// The limit on wrong room codes: a code is a secret that opens a meeting, and short enough to
// be guessed by who may try without end.
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRY_PREFIX_LEN = 3,   // characters of a code that are looked at: its first group
    RIGHT_CODES_WAYS = 4, // places that a hash may take: the oldest makes room
};

// A code that was right, and the address that it came from, as a keyed hash; 0: none.
struct api_right_code {
    uint64_t hash;
    int64_t at; // us
};

// The wrong tries of the last minute, oldest first. A second bound is not needed: the bound on
// all of them is also the size of the ring.
struct api_tries {
    struct api_try *ring;
    size_t each; // of one address, within a minute
    size_t all;
    size_t first;
    size_t count;
    struct api_right_code *right; // CODES_KNOWN_MAX
    uint64_t seed[2];             // of those hashes
};

void api_tries_init(struct api_tries *t, size_t each, size_t all, struct rng *rng);
void api_tries_dispose(struct api_tries *t);

// How many seconds `from` has to wait before it may try `code`; 0 when it may now. An address
// has so many wrong ones. Many addresses that guess at one meeting are told by the beginning of
// what they try: when CODE_TRIES_PER_PREFIX wrong ones began alike, whoever was one of them
// waits. An address that was not, or slipped CODE_SLIPS times at most, may come in, else
// anybody could lock the door of a meeting. "" has none. A code that was right for the same
// address within CODES_KNOWN_S never waits: one who guesses must not keep out all who share the
// address, and wins nothing, as these are known there already.
int64_t api_tries_wait_s(struct api_tries *t, const struct addr *from, const char *code,
                         int64_t now);
// It was right for this address, or somebody there was told it.
void api_tries_right(struct api_tries *t, const struct addr *from, const char *code,
                     int64_t now);
bool api_tries_was_right(const struct api_tries *t, const struct addr *from, const char *code,
                         int64_t now);
void api_tries_add(struct api_tries *t, const struct addr *from, const char *code, int64_t now);
