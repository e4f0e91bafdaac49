#include "api/tries.h"

#include "base/mem.h"

#include <string.h>

struct api_try {
    int64_t at; // us
    uint8_t ip[16];
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

// Who has an IPv6 address has the whole /64 around it (RFC 6177), so that counts as one.
static void source_of(const struct addr *from, uint8_t ip[16])
{
    memcpy(ip, from->ip, 16);
    if (!addr_is_v4(from))
        memset(ip + 8, 0, 8);
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

int64_t api_tries_wait_s(struct api_tries *t, const struct addr *from, int64_t now)
{
    uint8_t ip[16];
    source_of(from, ip);
    forget_old(t, now);
    if (t->count == t->all)
        return seconds_left(t->ring[t->first].at, now);

    // From the newest back: the one which makes the limit is the one to wait for.
    size_t seen = 0;
    for (size_t i = t->count; i-- > 0;) {
        size_t at = (t->first + i) % t->all;
        if (memcmp(t->ring[at].ip, ip, 16) == 0 && ++seen == t->each)
            return seconds_left(t->ring[at].at, now);
    }
    return 0;
}

void api_tries_add(struct api_tries *t, const struct addr *from, int64_t now)
{
    forget_old(t, now);
    if (t->count == t->all)
        return; // nobody may try now anyway
    size_t at = (t->first + t->count++) % t->all;
    t->ring[at].at = now;
    source_of(from, t->ring[at].ip);
}
