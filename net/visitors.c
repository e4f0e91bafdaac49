#include "net/visitors.h"

#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { HOSTS_MAX = 64 * 1024, SECOND_US = 1000 * 1000 };

const struct visitors_limits visitors_limits_default = {
    .connections = HTTP_CONNECTIONS_PER_ADDRESS_MAX,
    .unread = HTTP_UNREAD_PER_ADDRESS_MAX,
    .strangers = {HTTP_REQUESTS_PER_SECOND, HTTP_REQUESTS_BURST},
    .members = {HTTP_MEMBER_REQUESTS_PER_SECOND, HTTP_MEMBER_REQUESTS_BURST},
    .keys = {HTTP_KEY_REQUESTS_PER_SECOND, HTTP_KEY_REQUESTS_BURST},
    .logins = {HTTP_LOGINS_PER_SECOND, HTTP_LOGINS_BURST},
};

struct key_holder {
    char *key;
    int64_t paid_until;
};

static struct bytes key_of(const uint8_t network[16])
{
    return (struct bytes){network, 16};
}

void visitors_init(struct visitors *v, const struct visitors_limits *limits)
{
    *v = (struct visitors){.limits = *limits};
}

void visitors_dispose(struct visitors *v)
{
    size_t at = 0;
    for (struct visitor *visitor; (visitor = map_next(&v->by_host, &at));)
        mem_free(visitor);
    map_dispose(&v->by_host);
    at = 0;
    for (struct key_holder *holder; (holder = map_next(&v->by_key, &at));) {
        mem_free(holder->key);
        mem_free(holder);
    }
    map_dispose(&v->by_key);
}

// --- Buckets ---

static int64_t each_us(const struct visitors_rate *rate)
{
    return SECOND_US / rate->per_second;
}

// How long it takes to fill an empty one.
static int64_t full_us(const struct visitors_rate *rate)
{
    return rate->per_second ? rate->burst * each_us(rate) : 0;
}

static void forget_before(const struct visitors_rate *rate, int64_t *until, int64_t now)
{
    if (*until < now - full_us(rate))
        *until = now - full_us(rate);
}

static bool can_pay(const struct visitors_rate *rate, int64_t until, int64_t now)
{
    forget_before(rate, &until, now);
    return !rate->per_second || until + each_us(rate) <= now;
}

static bool pay(const struct visitors_rate *rate, int64_t *until, int64_t now)
{
    if (!can_pay(rate, *until, now))
        return false;
    forget_before(rate, until, now);
    if (rate->per_second)
        *until += each_us(rate);
    return true;
}

// --- Hosts ---

static bool is_like_new(const struct visitors *v, const struct visitor *visitor, int64_t now)
{
    const struct visitors_limits *limits = &v->limits;
    return visitor->connections == 0 &&
           now - visitor->strangers_until >= full_us(&limits->strangers) &&
           now - visitor->members_until >= full_us(&limits->members) &&
           now - visitor->logins_until >= full_us(&limits->logins);
}

// Forgets hosts that nothing would be different for.
static void sweep(struct visitors *v, int64_t now)
{
    size_t at = 0;
    for (struct visitor *visitor; (visitor = map_next(&v->by_host, &at));) {
        if (is_like_new(v, visitor, now)) {
            map_remove(&v->by_host, key_of(visitor->network));
            mem_free(visitor);
        }
    }
}

// A host with an IPv6 address has the whole /64 around it (RFC 6177), so that counts as one.
struct visitor *visitors_find(struct visitors *v, const struct addr *from, int64_t now)
{
    uint8_t network[16];
    memcpy(network, from->ip, 16);
    if (!addr_is_v4(from))
        memset(network + 8, 0, 8);
    struct visitor *visitor = map_get(&v->by_host, key_of(network));
    if (visitor)
        return visitor;
    if (v->by_host.count >= HOSTS_MAX)
        sweep(v, now);
    if (v->by_host.count >= HOSTS_MAX)
        return NULL;
    visitor = mem_alloc(sizeof *visitor);
    memcpy(visitor->network, network, sizeof visitor->network);
    visitor->strangers_until = now - full_us(&v->limits.strangers);
    visitor->members_until = now - full_us(&v->limits.members);
    visitor->logins_until = now - full_us(&v->limits.logins);
    map_put(&v->by_host, key_of(visitor->network), visitor);
    return visitor;
}

bool visitors_enter(struct visitors *v, struct visitor *visitor)
{
    if (v->limits.connections && visitor->connections >= v->limits.connections)
        return false;
    visitor->connections++;
    return true;
}

void visitors_leave(struct visitor *visitor)
{
    assert(visitor->connections > 0);
    visitor->connections--;
}

bool visitors_are_crowded(const struct visitors *v, const struct visitor *visitor)
{
    return v->limits.unread && visitor->unread > v->limits.unread;
}

bool visitors_request(struct visitors *v, struct visitor *visitor, int64_t now)
{
    return pay(&v->limits.strangers, &visitor->strangers_until, now);
}

bool visitors_member(struct visitors *v, struct visitor *visitor, int64_t now)
{
    return pay(&v->limits.members, &visitor->members_until, now);
}

bool visitors_may_login(const struct visitors *v, const struct visitor *visitor, int64_t now)
{
    return can_pay(&v->limits.logins, visitor->logins_until, now);
}

void visitors_failed_login(struct visitors *v, struct visitor *visitor, int64_t now)
{
    const struct visitors_rate *rate = &v->limits.logins;
    int64_t most = now + full_us(rate);
    forget_before(rate, &visitor->logins_until, now);
    if (rate->per_second && visitor->logins_until < most)
        visitor->logins_until += each_us(rate);
}

// --- Keys ---

bool visitors_keyed(struct visitors *v, const char *key, int64_t now)
{
    struct key_holder *holder = map_get(&v->by_key, bytes_of(key));
    if (!holder) {
        holder = mem_alloc(sizeof *holder);
        holder->key = mem_text(key);
        holder->paid_until = now - full_us(&v->limits.keys);
        map_put(&v->by_key, bytes_of(holder->key), holder);
    }
    return pay(&v->limits.keys, &holder->paid_until, now);
}
