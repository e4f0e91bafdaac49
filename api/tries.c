#include "api/tries.h"

#include "base/mem.h"

#include <string.h>

struct api_try {
    int64_t at; // us
    uint8_t ip[16];
    char prefix[TRY_PREFIX_LEN];
};

#define WINDOW_US ((int64_t)60 * 1000 * 1000)

void api_tries_init(struct api_tries *t, size_t each, size_t all)
{
    *t = (struct api_tries){.each = each, .all = all};
    t->ring = mem_alloc_array(all, sizeof *t->ring);
}

void api_tries_dispose(struct api_tries *t)
{
    mem_free(t->ring);
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
    bool was_one = false;
    for (size_t i = t->count; i-- > 0;) {
        const struct api_try *one = &t->ring[(t->first + i) % t->all];
        if (memcmp(one->prefix, prefix, TRY_PREFIX_LEN) != 0)
            continue;
        was_one |= memcmp(one->ip, ip, 16) == 0;
        if (++seen >= CODE_TRIES_PER_PREFIX && was_one)
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
