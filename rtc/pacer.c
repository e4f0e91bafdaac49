#include "rtc/pacer.h"

#include "base/mem.h"
#include "base/moment.h"

#include <assert.h>
#include <math.h>

enum {
    ITEMS_FIRST = 16,          // a ring begins with so many
    DEBT_MOST_US = 500 * 1000, // of the pace: what left beyond is forgotten, as libwebrtc does
    LEFT_LEAST_US = 5 * 1000,
    START_BURST_US = 2 * 1000,
    PROBE_MOST_US = 1000 * 1000, // a slower cluster finds nothing
    UNKNOWN_OCTETS = 1024 * 1024,
    PADDING_OCTETS_LEAST = 200,
    PADDING_OCTETS_MOST = 1200,
};

static const double pacing_factor = 2.5;
static const double start_refill = 0.125; // of the rate: what comes back of the allowance

// --- Rings ---

static struct pacer_item *item_at(const struct pacer_queue *q, uint32_t i)
{
    return &q->items[(q->head + i) & (q->cap - 1)];
}

static void grow(struct pacer_queue *q)
{
    uint32_t cap = q->cap ? 2 * q->cap : ITEMS_FIRST;
    struct pacer_item *items = mem_alloc_array(cap, sizeof *items);
    for (uint32_t i = 0; i < q->count; i++)
        items[i] = *item_at(q, i);
    mem_free(q->items);
    q->items = items;
    q->cap = cap;
    q->head = 0;
}

static void append(struct pacer *p, enum pacer_level level, const struct pacer_item *item)
{
    struct pacer_queue *q = &p->queues[level];
    if (q->count == q->cap)
        grow(q);
    struct pacer_item *added = item_at(q, q->count++);
    *added = *item;
    added->level = (uint8_t)level;
    p->octets += item->octets;
    p->count++;
}

static struct pacer_item take(struct pacer *p, struct pacer_queue *q)
{
    assert(q->count);
    struct pacer_item item = *item_at(q, 0);
    q->head = (q->head + 1) & (q->cap - 1);
    q->count--;
    p->octets -= item.octets;
    p->count--;
    // What a peak took is given back, but not for each picture.
    if (q->count == 0 && q->cap > 8 * ITEMS_FIRST) {
        mem_free(q->items);
        *q = (struct pacer_queue){0};
    }
    return item;
}

// --- The pace ---

static int64_t oldest(const struct pacer *p)
{
    int64_t at = NEVER;
    for (size_t i = 0; i < PACER_LEVELS; i++) {
        const struct pacer_queue *q = &p->queues[i];
        if (q->count && item_at(q, 0)->pushed_at < at)
            at = item_at(q, 0)->pushed_at;
    }
    return at;
}

// Octets in a microsecond: so many that the oldest item leaves in time, with all the rest and
// what left before its turn.
static double pace(const struct pacer *p)
{
    double normal = pacing_factor * p->bps / 8e6;
    if (p->count == 0)
        return normal;
    int64_t left = p->wait_most_us - (p->at - oldest(p));
    double needed =
        (p->debt + (double)p->octets) / (double)(left > LEFT_LEAST_US ? left : LEFT_LEAST_US);
    return fmax(normal, needed);
}

static void advance(struct pacer *p, int64_t now)
{
    double elapsed = now > p->at ? (double)(now - p->at) : 0;
    if (elapsed <= 0)
        return;
    if (p->debt > 0) {
        double each = pace(p);
        p->debt = fmin(fmax(p->debt - each * elapsed, 0), DEBT_MOST_US * each);
    }
    p->start_debt = fmax(p->start_debt - PACER_START_BPS / 8e6 * elapsed, 0);
    double most = fmax(p->start_left, fmin(PACER_START_OCTETS, p->bps / 8e6 * PACER_START_US));
    p->start_left = fmin(p->start_left + start_refill * p->bps / 8e6 * elapsed, most);
    p->at = now;
}

void pacer_init(struct pacer *p, double bps, int64_t now)
{
    *p = (struct pacer){.bps = bps,
                        .wait_most_us = PACER_WAIT_MOST_US,
                        .at = now,
                        .start_left = PACER_START_OCTETS};
}

void pacer_dispose(struct pacer *p)
{
    for (size_t i = 0; i < PACER_LEVELS; i++)
        mem_free(p->queues[i].items);
}

void pacer_set_rate(struct pacer *p, double bps, int64_t now)
{
    advance(p, now);
    p->bps = bps;
    p->start_left = fmin(p->start_left, bps / 8e6 * PACER_START_US);
}

void pacer_set_wait(struct pacer *p, int64_t most_us, int64_t now)
{
    advance(p, now);
    p->wait_most_us = most_us;
}

static bool is_within(const struct pacer *p)
{
    return p->bps == 0 || p->debt <= PACER_BURST_US * pace(p);
}

bool pacer_is_open(struct pacer *p, int64_t now)
{
    if (p->count || pacer_is_probing(p))
        return false;
    advance(p, now);
    return is_within(p);
}

size_t pacer_allowance(const struct pacer *p)
{
    if (p->bps == 0)
        return UNKNOWN_OCTETS;
    double left = PACER_BURST_US * pace(p) - p->debt;
    return left > 0 ? (size_t)left : 0;
}

void pacer_passed(struct pacer *p, size_t octets, int64_t now)
{
    advance(p, now);
    p->debt += (double)octets;
}

bool pacer_push(struct pacer *p, enum pacer_level level, uint32_t feed, uint64_t number,
                size_t octets, int64_t now)
{
    assert(level < PACER_LEVELS && octets <= UINT16_MAX);
    if (p->queues[level].count == PACER_ITEMS_MAX)
        return false;
    advance(p, now); // before the queue is another
    append(p, level,
           &(struct pacer_item){
               .number = number, .pushed_at = now, .feed = feed, .octets = (uint16_t)octets});
    return true;
}

// --- Probes ---

void pacer_probe(struct pacer *p, const struct bwe_cluster *cluster)
{
    assert(!pacer_is_probing(p) && cluster->id && cluster->bps > 0);
    p->probe = *cluster;
    p->probe_packets = 0;
    p->probe_octets = 0;
}

void pacer_end_probe(struct pacer *p)
{
    p->probe.id = 0;
}

// When the next packet of the cluster is due.
static int64_t probe_due(const struct pacer *p)
{
    if (p->probe_packets == 0)
        return p->at;
    return p->probe_at + (int64_t)((double)p->probe_octets * 8e6 / p->probe.bps);
}

// --- Taking turns ---

// A first picture goes faster than the pace while there is allowance.
static bool may_start(const struct pacer *p)
{
    return p->queues[PACER_START].count && p->start_left > 0 &&
           p->start_debt < PACER_START_BPS / 8e6 * START_BURST_US;
}

static struct pacer_queue *first_queue(struct pacer *p)
{
    for (size_t i = 0; i < PACER_LEVELS; i++)
        if (p->queues[i].count)
            return &p->queues[i];
    return NULL;
}

// What may leave now; NULL: nothing.
static struct pacer_queue *open_queue(struct pacer *p)
{
    if (is_within(p) || pacer_is_probing(p))
        return first_queue(p);
    return may_start(p) ? &p->queues[PACER_START] : NULL;
}

static size_t padding_octets(const struct bwe_cluster *cluster)
{
    size_t each = cluster->octets / (cluster->packets ? cluster->packets : 1);
    return each < PADDING_OCTETS_LEAST  ? PADDING_OCTETS_LEAST
           : each > PADDING_OCTETS_MOST ? PADDING_OCTETS_MOST
                                        : each;
}

enum pacer_turn pacer_next(struct pacer *p, struct pacer_item *item, int64_t now)
{
    advance(p, now);
    if (p->probe_packets && now - p->probe_at > PROBE_MOST_US)
        pacer_end_probe(p);
    // Of a cluster's time nothing else takes a part: the rate at which it arrives is its
    // result.
    if (pacer_is_probing(p) && probe_due(p) > now)
        return PACER_NOTHING;
    struct pacer_queue *q = open_queue(p);
    if (!q && !pacer_is_probing(p))
        return PACER_NOTHING;
    *item = q ? take(p, q)
              : (struct pacer_item){.octets = (uint16_t)padding_octets(&p->probe),
                                    .level = PACER_LEVELS};
    item->cluster = p->probe.id;
    return q ? PACER_PACKET : PACER_PADDING;
}

static void count_probe(struct pacer *p, size_t octets, int64_t now)
{
    if (p->probe_packets++ == 0)
        p->probe_at = now;
    p->probe_octets += octets;
    if (p->probe_packets >= p->probe.packets && p->probe_octets >= p->probe.octets)
        pacer_end_probe(p);
}

void pacer_sent(struct pacer *p, const struct pacer_item *item, int64_t now)
{
    advance(p, now);
    p->debt += item->octets;
    if (item->level == PACER_START) {
        p->start_left = fmax(p->start_left - item->octets, 0);
        p->start_debt += item->octets;
    }
    if (item->cluster && item->cluster == p->probe.id)
        count_probe(p, item->octets, now);
}

int64_t pacer_deadline(const struct pacer *p)
{
    if (pacer_is_probing(p))
        return probe_due(p);
    if (p->count == 0)
        return NEVER;
    double each = pace(p);
    if (is_within(p) || may_start(p))
        return p->at;
    double wait = (p->debt - PACER_BURST_US * each) / each;
    if (p->queues[PACER_START].count && p->start_left > 0)
        wait = fmin(wait, p->start_debt / (PACER_START_BPS / 8e6) - START_BURST_US);
    return p->at + (int64_t)wait + 1;
}

int64_t pacer_wait_us(const struct pacer *p, int64_t now)
{
    return p->count ? now - oldest(p) : 0;
}

// --- Feeds that change ---

static void remove_feed(struct pacer *p, struct pacer_queue *q, uint32_t feed,
                        struct pacer_queue *to)
{
    uint32_t count = q->count;
    for (uint32_t i = 0; i < count; i++) {
        struct pacer_item item = take(p, q);
        enum pacer_level level = item.level;
        if (item.feed != feed)
            append(p, level, &item);
        else if (to && to->count < PACER_ITEMS_MAX)
            append(p, (enum pacer_level)(to - p->queues), &item);
    }
}

void pacer_move(struct pacer *p, uint32_t feed, enum pacer_level level)
{
    assert(level >= PACER_FIRST && level < PACER_LEVELS);
    for (size_t i = PACER_FIRST; i < PACER_LEVELS; i++)
        if (i != level)
            remove_feed(p, &p->queues[i], feed, &p->queues[level]);
}

bool pacer_first(const struct pacer *p, uint32_t feed, uint64_t *number)
{
    for (size_t i = PACER_START; i < PACER_LEVELS; i++)
        for (uint32_t k = 0; k < p->queues[i].count; k++)
            if (item_at(&p->queues[i], k)->feed == feed) {
                *number = item_at(&p->queues[i], k)->number;
                return true;
            }
    return false;
}

void pacer_forget(struct pacer *p, uint32_t feed)
{
    for (size_t i = 0; i < PACER_LEVELS; i++)
        remove_feed(p, &p->queues[i], feed, NULL);
}
