#include "tests/sim/network.h"

#include "base/mem.h"
#include "rtc/transport.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void network_init(struct network *n, const struct link_plan *plan, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    n->plan = *plan;
    n->seed = seed;
    for (unsigned i = 0; i < PEOPLE_OF_NETWORK_MAX; i++)
        n->down_of[i] = (uint8_t)i;
}

void network_plan(struct network *n, unsigned person, const struct link_plan *up,
                  const struct link_plan *down)
{
    assert(person < PEOPLE_OF_NETWORK_MAX && !n->planned[person]);
    link_init(&n->up[person], up, n->seed ^ (uint64_t)person << 33);
    link_init(&n->down[person], down, n->seed ^ ((uint64_t)person << 33 | 1ull << 32));
    n->planned[person] = true;
}

void network_share(struct network *n, unsigned person, unsigned with)
{
    assert(person < PEOPLE_OF_NETWORK_MAX && with < PEOPLE_OF_NETWORK_MAX);
    n->down_of[person] = (uint8_t)with;
}

const struct link *network_down(const struct network *n, unsigned person)
{
    return &n->down[n->down_of[person]];
}

void parcel_free(struct parcel *e)
{
    mem_free(e->octets);
    mem_free(e);
}

static void dispose(struct parcel *p)
{
    if (p->kind == PARCEL_COMMAND)
        command_dispose(&p->command);
    if (p->kind == PARCEL_NOTICE)
        notice_dispose(&p->notice);
    if (p->kind == PARCEL_TO_SERVER || p->kind == PARCEL_TO_PERSON)
        message_dispose(&p->message);
    parcel_free(p);
}

void network_dispose(struct network *n)
{
    for (size_t i = 0; i < n->count; i++)
        dispose(n->heap[i]);
    mem_free(n->heap);
    for (unsigned i = 0; i < PEOPLE_OF_NETWORK_MAX; i++)
        if (n->planned[i]) {
            link_dispose(&n->up[i]);
            link_dispose(&n->down[i]);
        }
    memset(n, 0, sizeof *n);
}

static bool is_before(const struct parcel *a, const struct parcel *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct network *n, struct parcel *e)
{
    if (n->count == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 256;
        n->heap = mem_resize(n->heap, n->cap * sizeof(struct parcel *));
    }
    e->order = n->made++;
    size_t i = n->count++;
    for (; i > 0 && is_before(e, n->heap[(i - 1) / 2]); i = (i - 1) / 2)
        n->heap[i] = n->heap[(i - 1) / 2];
    n->heap[i] = e;
    if (n->count > n->most)
        n->most = n->count;
}

struct parcel *network_next(struct network *n, int64_t now)
{
    if (n->count == 0 || n->heap[0]->at > now)
        return NULL;
    struct parcel *first = n->heap[0];
    struct parcel *last = n->heap[--n->count];
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

// --- Datagrams ---

static struct link *link_of(struct network *n, enum parcel_kind kind, const struct addr *client)
{
    unsigned person = client->ip[13];
    if (kind == PARCEL_TO_CLIENT)
        person = n->down_of[person];
    if (!n->planned[person])
        network_plan(n, person, &n->plan, &n->plan);
    return kind == PARCEL_TO_ROUTER ? &n->up[person] : &n->down[person];
}

static void send_datagram(struct network *n, enum parcel_kind kind, const struct addr *from,
                          const struct addr *to, struct bytes octets, int64_t now)
{
    enum transport_protocol protocol = transport_protocol_of(octets);
    bool media = protocol == TRANSPORT_PROTOCOL_RTP || protocol == TRANSPORT_PROTOCOL_RTCP;
    struct link *link = link_of(n, kind, kind == PARCEL_TO_CLIENT ? to : from);
    for (int copies = media && link_duplicates(link) ? 2 : 1; copies > 0; copies--) {
        // Handshakes get through, as OpenSSL's timer is a real clock.
        int64_t at = link_send(link, octets.len, !media, now);
        if (at == LINK_LOST)
            continue;
        struct parcel *e = mem_alloc(sizeof *e);
        *e = (struct parcel){.at = at, .kind = kind, .from = *from, .to = *to};
        e->octets = mem_alloc(octets.len);
        e->len = octets.len;
        memcpy(e->octets, octets.at, octets.len);
        push(n, e);
    }
}

// By destination. What goes to one destination keeps its order.
static int compare_runs(const void *left, const void *right)
{
    const struct batch_run *a = *(const struct batch_run *const *)left;
    const struct batch_run *b = *(const struct batch_run *const *)right;
    int by_address = memcmp(&a->to, &b->to, sizeof a->to);
    if (by_address)
        return by_address;
    return a < b ? -1 : a > b;
}

void network_send(struct network *n, enum parcel_kind kind, const struct addr *from,
                  struct batch *b, int64_t now)
{
    const struct batch_run **runs = mem_alloc_array(b->run_count + 1, sizeof *runs);
    for (uint32_t i = 0; i < b->run_count; i++)
        runs[i] = &b->runs[i];
    qsort(runs, b->run_count, sizeof *runs, compare_runs);
    for (uint32_t i = 0; i < b->run_count; i++)
        for (uint32_t at = 0; at < runs[i]->len; at += runs[i]->segment_len) {
            uint32_t rest = runs[i]->len - at;
            uint32_t len = rest < runs[i]->segment_len ? rest : runs[i]->segment_len;
            send_datagram(n, kind, from, &runs[i]->to, (struct bytes){runs[i]->at + at, len},
                          now);
        }
    mem_free(runs);
}

// --- The rest ---

static struct parcel *add(struct network *n, enum parcel_kind kind, int64_t at)
{
    struct parcel *p = mem_alloc(sizeof *p);
    p->kind = kind;
    p->at = at;
    push(n, p);
    return p;
}

void network_command(struct network *n, const struct command *c, int64_t at)
{
    add(n, PARCEL_COMMAND, at)->command = *c;
}

void network_notice(struct network *n, const struct notice *notice, int64_t at)
{
    add(n, PARCEL_NOTICE, at)->notice = *notice;
}

void network_message(struct network *n, enum parcel_kind kind, const struct message *message,
                     int64_t at)
{
    assert(kind == PARCEL_TO_SERVER || kind == PARCEL_TO_PERSON);
    add(n, kind, at)->message = *message;
}
