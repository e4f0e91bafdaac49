// Randomness is passed in, never global: from the kernel in the server, from a seed in a
// simulation, so that a failure can be repeated.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4]; // all zero: octets come from getrandom(2)
};

// xoshiro256** (Blackman, Vigna 2018), filled from `seed` by splitmix64. For tests only: its
// output can be predicted.
struct rng rng_seeded(uint64_t seed);

void rng_fill(struct rng *rng, void *at, size_t len);
uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng);
uint32_t rng_below(struct rng *rng, uint32_t bound); // uniform in 0..bound-1; bound > 0
