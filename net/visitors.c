#include "net/visitors.h"

#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum {
    HOSTS_MAX = 64 * 1024,
    US_PER_REQUEST = 1000 * 1000 / HTTP_REQUESTS_PER_SECOND,
    FULL_US = HTTP_REQUESTS_BURST * US_PER_REQUEST,
};

struct visitor {
    uint8_t ip[16]; // the key
    uint32_t connections;
    // The bucket as a moment: requests are paid for until then. At most FULL_US before now, so
    // a bucket that nobody used for FULL_US is the same as a new one.
    int64_t paid_until;
};

static struct bytes key_of(const uint8_t ip[16])
{
    return (struct bytes){ip, 16};
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
        if (visitor->connections == 0 && now - visitor->paid_until >= FULL_US) {
            map_remove(&v->by_host, key_of(visitor->ip));
            mem_free(visitor);
        }
    }
}

bool visitors_enter(struct visitors *v, const struct addr *from, int64_t now)
{
    struct visitor *visitor = map_get(&v->by_host, key_of(from->ip));
    if (!visitor) {
        if (v->by_host.count >= HOSTS_MAX)
            sweep(v, now);
        if (v->by_host.count >= HOSTS_MAX)
            return false;
        visitor = mem_alloc(sizeof *visitor);
        memcpy(visitor->ip, from->ip, sizeof visitor->ip);
        visitor->paid_until = now - FULL_US;
        map_put(&v->by_host, key_of(visitor->ip), visitor);
    }
    if (visitor->connections >= HTTP_CONNECTIONS_PER_ADDRESS_MAX)
        return false;
    visitor->connections++;
    return true;
}

void visitors_leave(struct visitors *v, const struct addr *from)
{
    struct visitor *visitor = map_get(&v->by_host, key_of(from->ip));
    assert(visitor && visitor->connections > 0);
    visitor->connections--;
}

bool visitors_request(struct visitors *v, const struct addr *from, int64_t now)
{
    struct visitor *visitor = map_get(&v->by_host, key_of(from->ip));
    assert(visitor);
    if (visitor->paid_until < now - FULL_US)
        visitor->paid_until = now - FULL_US;
    if (visitor->paid_until + US_PER_REQUEST > now)
        return false;
    visitor->paid_until += US_PER_REQUEST;
    return true;
}
