#include "net/visitors.h"

#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { HOSTS_MAX = 64 * 1024, SECOND_US = 1000 * 1000 };

const struct visitors_limits visitors_limits_default = {
    .connections = HTTP_CONNECTIONS_PER_ADDRESS_MAX,
    .strangers = {HTTP_REQUESTS_PER_SECOND, HTTP_REQUESTS_BURST},
    .keys = {HTTP_KEY_REQUESTS_PER_SECOND, HTTP_KEY_REQUESTS_BURST},
    .logins = {HTTP_LOGINS_PER_SECOND, HTTP_LOGINS_BURST},
};

// A bucket as a moment: requests are paid for until then. It lies at most the time of a burst
// before now, so a bucket that nobody used for so long is the same as a new one.
struct visitor {
    uint8_t network[16]; // the key
    uint32_t connections;
    int64_t paid_until;
    int64_t logins_until;
};

struct key_holder {
    char *key;
    int64_t paid_until;
};

static struct bytes key_of(const uint8_t network[16])
{
    return (struct bytes){network, 16};
}

// Who has an IPv6 address has the whole /64 around it (RFC 6177), so that counts as one.
static struct visitor *find(const struct visitors *v, const struct addr *from,
                            uint8_t network[16])
{
    memcpy(network, from->ip, 16);
    if (!addr_is_v4(from))
        memset(network + 8, 0, 8);
    return map_get(&v->by_host, key_of(network));
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

static bool pay(const struct visitors_rate *rate, int64_t *until, int64_t now)
{
    if (!rate->per_second)
        return true;
    if (*until < now - full_us(rate))
        *until = now - full_us(rate);
    if (*until + each_us(rate) > now)
        return false;
    *until += each_us(rate);
    return true;
}

// --- Hosts ---

// Forgets hosts that nothing would be different for.
static void sweep(struct visitors *v, int64_t now)
{
    size_t at = 0;
    for (struct visitor *visitor; (visitor = map_next(&v->by_host, &at));) {
        if (visitor->connections == 0 &&
            now - visitor->paid_until >= full_us(&v->limits.strangers) &&
            now - visitor->logins_until >= full_us(&v->limits.logins)) {
            map_remove(&v->by_host, key_of(visitor->network));
            mem_free(visitor);
        }
    }
}

bool visitors_enter(struct visitors *v, const struct addr *from, int64_t now)
{
    uint8_t network[16];
    struct visitor *visitor = find(v, from, network);
    if (!visitor) {
        if (v->by_host.count >= HOSTS_MAX)
            sweep(v, now);
        if (v->by_host.count >= HOSTS_MAX)
            return false;
        visitor = mem_alloc(sizeof *visitor);
        memcpy(visitor->network, network, sizeof visitor->network);
        visitor->paid_until = now - full_us(&v->limits.strangers);
        visitor->logins_until = now - full_us(&v->limits.logins);
        map_put(&v->by_host, key_of(visitor->network), visitor);
    }
    if (v->limits.connections && visitor->connections >= v->limits.connections)
        return false;
    visitor->connections++;
    return true;
}

void visitors_leave(struct visitors *v, const struct addr *from)
{
    uint8_t network[16];
    struct visitor *visitor = find(v, from, network);
    assert(visitor && visitor->connections > 0);
    visitor->connections--;
}

bool visitors_request(struct visitors *v, const struct addr *from, int64_t now)
{
    uint8_t network[16];
    struct visitor *visitor = find(v, from, network);
    assert(visitor);
    return pay(&v->limits.strangers, &visitor->paid_until, now);
}

bool visitors_login(struct visitors *v, const struct addr *from, int64_t now)
{
    uint8_t network[16];
    struct visitor *visitor = find(v, from, network);
    assert(visitor);
    return pay(&v->limits.logins, &visitor->logins_until, now);
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
