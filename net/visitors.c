#include "net/visitors.h"

#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum {
    HOSTS_MAX = 64 * 1024,
    STRANGER_US = 1000 * 1000 / HTTP_REQUESTS_PER_SECOND, // for each request
    KNOWN_US = 1000 * 1000 / HTTP_KNOWN_REQUESTS_PER_SECOND,
    STRANGER_FULL_US = HTTP_REQUESTS_BURST * STRANGER_US,
    KNOWN_FULL_US = HTTP_KNOWN_REQUESTS_BURST * KNOWN_US,
    FORGET_US = STRANGER_FULL_US > KNOWN_FULL_US ? STRANGER_FULL_US : KNOWN_FULL_US,
};

// A bucket as a moment: requests are paid for until then. It lies at most the time of a burst
// before now, so a bucket that nobody used for so long is the same as a new one.
struct visitor {
    uint8_t network[16]; // the key
    uint32_t connections;
    int64_t stranger_until;
    int64_t known_until; // with management tokens
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

void visitors_dispose(struct visitors *v)
{
    size_t at = 0;
    for (struct visitor *visitor; (visitor = map_next(&v->by_host, &at));)
        mem_free(visitor);
    map_dispose(&v->by_host);
}

// Forgets hosts that nothing would be different for.
static void sweep(struct visitors *v, int64_t now)
{
    size_t at = 0;
    for (struct visitor *visitor; (visitor = map_next(&v->by_host, &at));) {
        if (visitor->connections == 0 && now - visitor->stranger_until >= FORGET_US &&
            now - visitor->known_until >= FORGET_US) {
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
        visitor->stranger_until = visitor->known_until = now - FORGET_US;
        map_put(&v->by_host, key_of(visitor->network), visitor);
    }
    if (visitor->connections >= HTTP_CONNECTIONS_PER_ADDRESS_MAX)
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

bool visitors_request(struct visitors *v, const struct addr *from, bool known, int64_t now)
{
    uint8_t network[16];
    struct visitor *visitor = find(v, from, network);
    assert(visitor);
    int64_t *until = known ? &visitor->known_until : &visitor->stranger_until;
    int64_t full = known ? KNOWN_FULL_US : STRANGER_FULL_US;
    int64_t each = known ? KNOWN_US : STRANGER_US;
    if (*until < now - full)
        *until = now - full;
    if (*until + each > now)
        return false;
    *until += each;
    return true;
}
