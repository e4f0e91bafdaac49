#include "tests/sim/network.h"

#include "base/mem.h"
#include "rtc/transport.h"

#include <assert.h>
#include <string.h>

enum { PPM = 1000 * 1000 };

void network_init(struct network *n, const struct weather *weather, uint64_t seed)
{
    *n = (struct network){.weather = *weather, .seed = seed};
}

void event_free(struct event *e)
{
    mem_free(e->octets);
    mem_free(e);
}

void network_dispose(struct network *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->heap[i]->kind == EVENT_COMMAND)
            command_dispose(&n->heap[i]->command);
        if (n->heap[i]->kind == EVENT_NOTICE)
            notice_dispose(&n->heap[i]->notice);
        event_free(n->heap[i]);
    }
    mem_free(n->heap);
    *n = (struct network){0};
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct network *n, struct event *e)
{
    if (n->count == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 256;
        n->heap = mem_resize(n->heap, n->cap * sizeof(struct event *));
    }
    e->order = n->made++;
    size_t i = n->count++;
    for (; i > 0 && is_before(e, n->heap[(i - 1) / 2]); i = (i - 1) / 2)
        n->heap[i] = n->heap[(i - 1) / 2];
    n->heap[i] = e;
    if (n->count > n->most)
        n->most = n->count;
}

struct event *network_next(struct network *n, int64_t now)
{
    if (n->count == 0 || n->heap[0]->at > now)
        return NULL;
    struct event *first = n->heap[0];
    struct event *last = n->heap[--n->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < n->count; i = child) {
        if (child + 1 < n->count && is_before(n->heap[child + 1], n->heap[child]))
            child++;
        if (!is_before(n->heap[child], last))
            break;
        n->heap[i] = n->heap[child];
    }
    n->heap[i] = last;
    return first;
}

static struct link *link_of(struct network *n, enum event_kind kind, const struct addr *client)
{
    for (size_t i = n->link_count; i-- > 0;)
        if (n->links[i].kind == kind && addr_equal(&n->links[i].client, client))
            return &n->links[i];
    assert(n->link_count < LINKS_MAX);
    struct link *link = &n->links[n->link_count++];
    uint64_t own = (uint64_t)client->ip[15] << 32 | (uint64_t)client->port << 8 | kind;
    *link = (struct link){kind, *client, rng_seeded(n->seed ^ own << 20)};
    return link;
}

static bool happens(struct link *link, uint32_t ppm)
{
    return rng_below(&link->rng, PPM) < ppm;
}

void network_datagram(struct network *n, enum event_kind kind, const struct addr *from,
                      const struct addr *to, const uint8_t *at, size_t len, int64_t now)
{
    enum transport_protocol protocol = transport_protocol_of((struct bytes){at, len});
    bool media = protocol == TRANSPORT_PROTOCOL_RTP || protocol == TRANSPORT_PROTOCOL_RTCP;
    struct link *link = link_of(n, kind, kind == EVENT_TO_CLIENT ? to : from);
    int copies = 1;
    if (media && happens(link, n->weather.loss_ppm))
        copies = 0;
    else if (media && happens(link, n->weather.duplicate_ppm))
        copies = 2;
    for (int i = 0; i < copies; i++) {
        struct event *e = mem_alloc(sizeof *e);
        e->kind = kind;
        e->at = now + n->weather.delay_us;
        if (media && n->weather.jitter_us)
            e->at += rng_below(&link->rng, (uint32_t)n->weather.jitter_us);
        e->from = *from;
        e->to = *to;
        e->octets = mem_alloc(len);
        e->len = len;
        memcpy(e->octets, at, len);
        push(n, e);
    }
}

void network_command(struct network *n, const struct command *c, int64_t at)
{
    struct event *e = mem_alloc(sizeof *e);
    e->kind = EVENT_COMMAND;
    e->at = at;
    e->command = *c;
    push(n, e);
}

void network_notice(struct network *n, const struct notice *notice, int64_t at)
{
    struct event *e = mem_alloc(sizeof *e);
    e->kind = EVENT_NOTICE;
    e->at = at;
    e->notice = *notice;
    push(n, e);
}
