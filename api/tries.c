#include "api/tries.h"

#include "base/map.h"
#include "base/mem.h"

#include <string.h>

struct api_try {
    int64_t at; // us
    uint8_t ip[16];
    char prefix[TRY_PREFIX_LEN];
};

#define WINDOW_US ((int64_t)60 * 1000 * 1000)

#define KNOWN_US ((int64_t)CODES_KNOWN_S * 1000 * 1000)

void api_tries_init(struct api_tries *t, size_t each, size_t all, struct rng *rng)
{
    *t = (struct api_tries){.each = each, .all = all};
    t->ring = mem_alloc_array(all, sizeof *t->ring);
    t->right = mem_alloc_array(CODES_KNOWN_MAX, sizeof *t->right);
    rng_fill(rng, t->seed, sizeof t->seed);
}

void api_tries_dispose(struct api_tries *t)
{
    mem_free(t->ring);
    mem_free(t->right);
}

// A host with an IPv6 address has the whole /64 around it (RFC 6177), so that counts as one.
static void source_of(const struct addr *from, uint8_t ip[16])
{
    memcpy(ip, from->ip, 16);
    if (!addr_is_v4(from))
        memset(ip + 8, 0, 8);
}

static void prefix_of(const char *code, char prefix[TRY_PREFIX_LEN])
{
    memset(prefix, 0, TRY_PREFIX_LEN);
    memcpy(prefix, code, strnlen(code, TRY_PREFIX_LEN));
}

static uint64_t hash_of(const struct api_tries *t, const uint8_t ip[16], const char *code)
{
    uint64_t of_ip = map_hash((struct bytes){ip, 16}, t->seed);
    return map_hash(bytes_of(code), (uint64_t[2]){t->seed[0] ^ of_ip, t->seed[1]}) | 1;
}

// The place of the hash, or of the oldest where it could be.
static struct api_right_code *place_of(const struct api_tries *t, uint64_t hash)
{
    struct api_right_code *set =
        &t->right[hash / 2 % (CODES_KNOWN_MAX / RIGHT_CODES_WAYS) * RIGHT_CODES_WAYS];
    struct api_right_code *oldest = set;
    for (size_t i = 0; i < RIGHT_CODES_WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (set[i].at < oldest->at)
            oldest = &set[i];
    }
    return oldest;
}

bool api_tries_was_right(const struct api_tries *t, const struct addr *from, const char *code,
                         int64_t now)
{
    uint8_t ip[16];
    source_of(from, ip);
    uint64_t hash = hash_of(t, ip, code);
    const struct api_right_code *place = place_of(t, hash);
    return place->hash == hash && now - place->at < KNOWN_US;
}

void api_tries_right(struct api_tries *t, const struct addr *from, const char *code,
                     int64_t now)
{
    uint8_t ip[16];
    source_of(from, ip);
    uint64_t hash = hash_of(t, ip, code);
    *place_of(t, hash) = (struct api_right_code){hash, now};
}

static void forget_old(struct api_tries *t, int64_t now)
{
    while (t->count && t->ring[t->first].at <= now - WINDOW_US) {
        t->first = (t->first + 1) % t->all;
        t->count--;
    }
}

// Until the try at `at` is a minute old, in whole seconds.
static int64_t seconds_left(int64_t at, int64_t now)
{
    return (at + WINDOW_US - now + 999999) / 1000000;
}

// Of the address, from the newest back: the one that makes the limit is the one to wait for.
static int64_t wait_of_address(const struct api_tries *t, const uint8_t ip[16], int64_t now)
{
    size_t seen = 0;
    for (size_t i = t->count; i-- > 0;) {
        const struct api_try *one = &t->ring[(t->first + i) % t->all];
        if (memcmp(one->ip, ip, 16) == 0 && ++seen == t->each)
            return seconds_left(one->at, now);
    }
    return 0;
}

static int64_t wait_of_prefix(const struct api_tries *t, const uint8_t ip[16],
                              const char prefix[TRY_PREFIX_LEN], int64_t now)
{
    size_t seen = 0;
    size_t own = 0;
    for (size_t i = t->count; i-- > 0;) {
        const struct api_try *one = &t->ring[(t->first + i) % t->all];
        if (memcmp(one->prefix, prefix, TRY_PREFIX_LEN) != 0)
            continue;
        own += memcmp(one->ip, ip, 16) == 0;
        if (++seen >= CODE_TRIES_PER_PREFIX && own > CODE_SLIPS)
            return seconds_left(one->at, now);
    }
    return 0;
}

int64_t api_tries_wait_s(struct api_tries *t, const struct addr *from, const char *code,
                         int64_t now)
{
    uint8_t ip[16];
    char prefix[TRY_PREFIX_LEN];
    source_of(from, ip);
    prefix_of(code, prefix);
    forget_old(t, now);
    if (api_tries_was_right(t, from, code, now))
        return 0;
    if (t->count == t->all)
        return seconds_left(t->ring[t->first].at, now);
    int64_t of_address = wait_of_address(t, ip, now);
    if (of_address || !prefix[0])
        return of_address;
    return wait_of_prefix(t, ip, prefix, now);
}

void api_tries_add(struct api_tries *t, const struct addr *from, const char *code, int64_t now)
{
    forget_old(t, now);
    if (t->count == t->all)
        return; // nobody may try now anyway
    struct api_try *one = &t->ring[(t->first + t->count++) % t->all];
    one->at = now;
    source_of(from, one->ip);
    prefix_of(code, one->prefix);
}
