#include "api/admin_tries.h"

#include "base/map.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define WINDOW_US ((int64_t)60 * 1000 * 1000)

void api_admin_tries_init(struct api_admin_tries *t, struct rng *rng)
{
    t->first = t->count = 0;
    rng_fill(rng, t->seed, sizeof t->seed);
}

// A host with an IPv6 address has the whole /64 around it (RFC 6177), so that counts as one.
static struct api_admin_try try_of(const struct api_admin_tries *t, const struct addr *from,
                                   const char *name)
{
    struct api_admin_try one = {0};
    struct text key = {0};
    memcpy(one.ip, from->ip, sizeof one.ip);
    if (!addr_is_v4(from))
        memset(one.ip + 8, 0, 8);
    for (const char *c = name; *c; c++)
        text_add_char(&key, (char)tolower((unsigned char)*c));
    one.name = map_hash(text_bytes(&key), t->seed);
    text_dispose(&key);
    return one;
}

static struct api_admin_try *at(struct api_admin_tries *t, size_t i)
{
    return &t->ring[(t->first + i) % ADMIN_TRIES_MAX];
}

static void forget_old(struct api_admin_tries *t, int64_t now)
{
    while (t->count && at(t, 0)->at <= now - WINDOW_US) {
        t->first = (t->first + 1) % ADMIN_TRIES_MAX;
        t->count--;
    }
}

// From the newest back: the one that makes the limit is the one to wait for.
int64_t api_admin_tries_wait_s(struct api_admin_tries *t, const struct addr *from,
                               const char *name, int64_t now)
{
    struct api_admin_try now_one = try_of(t, from, name);
    size_t of_address = 0, of_account = 0;
    bool was_wrong = false;
    int64_t until = now, account_until = now;
    forget_old(t, now);
    for (size_t i = t->count; i-- > 0;) {
        const struct api_admin_try *one = at(t, i);
        bool same_ip = memcmp(one->ip, now_one.ip, sizeof one->ip) == 0;
        bool same_name = one->name == now_one.name;
        was_wrong |= same_ip && same_name;
        if (same_ip && ++of_address == ADMIN_TRIES_PER_ADDRESS)
            until = one->at + WINDOW_US;
        if (same_name && ++of_account == ADMIN_TRIES_PER_ACCOUNT)
            account_until = one->at + WINDOW_US;
    }
    if (was_wrong && account_until > until)
        until = account_until;
    return (until - now + 999999) / 1000000;
}

void api_admin_tries_add(struct api_admin_tries *t, const struct addr *from, const char *name,
                         int64_t now)
{
    forget_old(t, now);
    if (t->count == ADMIN_TRIES_MAX) {
        t->first = (t->first + 1) % ADMIN_TRIES_MAX;
        t->count--;
    }
    struct api_admin_try *one = at(t, t->count++);
    *one = try_of(t, from, name);
    one->at = now;
}

void api_admin_tries_take_back(struct api_admin_tries *t, const struct addr *from,
                               const char *name)
{
    struct api_admin_try wanted = try_of(t, from, name);
    for (size_t i = t->count; i-- > 0;) {
        const struct api_admin_try *one = at(t, i);
        if (one->name != wanted.name || memcmp(one->ip, wanted.ip, sizeof one->ip) != 0)
            continue;
        for (; i + 1 < t->count; i++)
            *at(t, i) = *at(t, i + 1);
        t->count--;
        return;
    }
}
