#include "base/rng.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

struct rng rng_seeded(uint64_t seed)
{
    struct rng rng;
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        rng.state[i] = z ^ z >> 31;
    }
    return rng;
}

static uint64_t next_seeded(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static void fill_from_kernel(uint8_t *at, size_t len)
{
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            // Without randomness every key would be guessable: better no server at all.
            fputs("getrandom failed\n", stderr);
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

void rng_fill(struct rng *rng, void *at, size_t len)
{
    uint8_t *p = at;
    if (!(rng->state[0] | rng->state[1] | rng->state[2] | rng->state[3])) {
        fill_from_kernel(p, len);
        return;
    }
    while (len) {
        uint64_t word = next_seeded(rng);
        size_t part = len < sizeof word ? len : sizeof word;
        memcpy(p, &word, part);
        p += part;
        len -= part;
    }
}

uint32_t rng_u32(struct rng *rng)
{
    uint32_t x;
    rng_fill(rng, &x, sizeof x);
    return x;
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t x;
    rng_fill(rng, &x, sizeof x);
    return x;
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    assert(bound > 0);
    // Values from the incomplete last interval are drawn again, or small numbers would be
    // slightly more frequent.
    uint32_t reject_from = (uint32_t)(((uint64_t)1 << 32) / bound * bound);
    for (;;) {
        uint32_t x = rng_u32(rng);
        if (reject_from == 0 || x < reject_from)
            return x % bound;
    }
}
