#include "tests/sim/link.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>

enum {
    PPM = 1000 * 1000,
    SECOND_US = 1000 * 1000,
    QUEUE_US = 200 * 1000,
    CODEL_TARGET_US = 5 * 1000, // RFC 8289 section 4.2
    CODEL_INTERVAL_US = 100 * 1000,
};

void link_init(struct link *l, const struct link_plan *plan, uint64_t seed)
{
    assert(plan->tcp_flows <= LINK_FLOWS_MAX);
    assert(plan->rate_count <= LINK_RATES_MAX);
    assert(plan->rate_count == 0 || plan->rates[0].from_us == 0);
    assert(plan->rate_count > 0 || plan->tcp_flows == 0); // or they would never stop to send
    *l = (struct link){.plan = *plan, .rng = rng_seeded(seed), .filled_at = INT64_MIN / 2};
    if (l->plan.queue_us == 0)
        l->plan.queue_us = QUEUE_US;
    if (plan->tcp_flows)
        l->flows = mem_alloc_array(plan->tcp_flows, sizeof *l->flows);
    for (unsigned i = 0; i < plan->tcp_flows; i++)
        tcp_flow_init(&l->flows[i]);
}

void link_dispose(struct link *l)
{
    mem_free(l->flows);
    *l = (struct link){0};
}

static bool happens(struct link *l, uint32_t ppm)
{
    return ppm > 0 && rng_below(&l->rng, PPM) < ppm;
}

// --- The line ---

static size_t rate_at(const struct link_plan *plan, int64_t now)
{
    size_t i = 0;
    while (i + 1 < plan->rate_count && plan->rates[i + 1].from_us <= now)
        i++;
    return i;
}

uint32_t link_kbps(const struct link *l, int64_t now)
{
    return l->plan.rate_count ? l->plan.rates[rate_at(&l->plan, now)].kbps : 0;
}

// When the line has sent `octets`, from `start` on.
static int64_t line_end(const struct link_plan *plan, int64_t start, size_t octets)
{
    if (plan->rate_count == 0)
        return start;
    double bits = (double)octets * 8;
    size_t i = rate_at(plan, start);
    for (; i + 1 < plan->rate_count; i++) {
        double rest = (double)(plan->rates[i + 1].from_us - start) * plan->rates[i].kbps / 1000;
        if (rest >= bits)
            break;
        bits -= rest;
        start = plan->rates[i + 1].from_us;
    }
    return start + (int64_t)ceil(bits * 1000 / plan->rates[i].kbps);
}

// Whether CoDel drops a packet that leaves the queue at `at`, after `wait`.
static bool codel_drops(struct link_codel *c, int64_t wait, int64_t at)
{
    bool standing = false;
    if (wait < CODEL_TARGET_US)
        c->above_since = 0;
    else if (c->above_since == 0)
        c->above_since = at + CODEL_INTERVAL_US;
    else
        standing = at >= c->above_since;

    if (!standing) {
        c->dropping = false;
        return false;
    }
    if (c->dropping && at < c->next_drop_at)
        return false;
    if (!c->dropping) {
        // Shortly after the last time it goes on with the frequency that it had then.
        bool lately = at - c->next_drop_at < 16 * CODEL_INTERVAL_US;
        c->drops = lately && c->drops > 2 ? c->drops - 2 : 0;
        c->dropping = true;
        c->next_drop_at = at;
    }
    c->drops++;
    c->next_drop_at += (int64_t)(CODEL_INTERVAL_US / sqrt(c->drops));
    return true;
}

int64_t link_wait(const struct link *l, int64_t now)
{
    return l->free_at > now ? l->free_at - now : 0;
}

int64_t link_longest_wait(const struct link *l, unsigned from, unsigned until)
{
    assert(from <= until && until <= LINK_SECONDS);
    int64_t longest = 0;
    for (unsigned i = from; i < until; i++)
        if (l->wait_us_in[i] > longest)
            longest = l->wait_us_in[i];
    return longest;
}

static double kbps_of(const uint32_t *octets_in, unsigned from, unsigned until)
{
    assert(from < until && until <= LINK_SECONDS);
    double octets = 0;
    for (unsigned i = from; i < until; i++)
        octets += octets_in[i];
    return octets * 8 / 1000 / (until - from);
}

double link_carried_kbps(const struct link *l, unsigned from, unsigned until)
{
    return kbps_of(l->octets_in, from, until);
}

double link_tcp_kbps(const struct link *l, unsigned from, unsigned until)
{
    return kbps_of(l->tcp_octets_in, from, until);
}

// A packet came that waits so long; the next one would wait until l->free_at.
static void note_wait(struct link *l, int64_t wait, int64_t now)
{
    if (wait > l->longest_wait_us)
        l->longest_wait_us = wait;
    int64_t second = now / SECOND_US;
    if (second < LINK_SECONDS && wait > l->wait_us_in[second])
        l->wait_us_in[second] = (int32_t)wait;
    if (l->free_at - now <= LINK_LONG_WAIT_US)
        return;
    if (now > l->long_until)
        l->long_since = now;
    l->long_until = l->free_at - LINK_LONG_WAIT_US;
    if (l->long_until - l->long_since > l->longest_long_us)
        l->longest_long_us = l->long_until - l->long_since;
}

// A line that was silent has saved up to a bucket of octets, and sends those at once.
static int64_t pass(struct link *l, size_t octets, int64_t now)
{
    if (l->plan.rate_count == 0)
        return now;
    int64_t saved_us =
        (int64_t)l->plan.bucket_octets * 8 * 1000 / l->plan.rates[rate_at(&l->plan, now)].kbps;
    if (l->filled_at < now - saved_us)
        l->filled_at = now - saved_us;
    l->filled_at = line_end(&l->plan, l->filled_at, octets);
    return l->filled_at > now ? l->filled_at : now;
}

// When the line has sent it; LINK_LOST when the queue drops it.
static int64_t queue(struct link *l, size_t octets, int64_t now)
{
    int64_t wait = link_wait(l, now);
    bool drops = wait > l->plan.queue_us;
    if (!drops && l->plan.queue == LINK_CODEL)
        drops = codel_drops(&l->codel, wait, now + wait);
    if (drops)
        return LINK_LOST;
    l->free_at = pass(l, octets, now);
    note_wait(l, wait, now);
    return l->free_at;
}

// --- Those who share it ---

static void flow_send(struct link *l, struct tcp_flow *f, int64_t now)
{
    while (tcp_flow_may_send(f)) {
        int64_t left_at = queue(l, TCP_PACKET, now);
        bool lost = left_at == LINK_LOST;
        if (!lost && now / SECOND_US < LINK_SECONDS)
            l->tcp_octets_in[now / SECOND_US] += TCP_PACKET;
        int64_t there = lost ? now + link_wait(l, now) : left_at;
        // Half a millisecond of the other machine's own, so that a flow on a link without delay
        // ends its turn.
        tcp_flow_sent(f, now, there + 2 * l->plan.delay_us + 500, lost);
    }
}

static void run_flows(struct link *l, int64_t now)
{
    for (unsigned i = 0; i < l->plan.tcp_flows; i++)
        if (l->flows[i].news_next == 0)
            flow_send(l, &l->flows[i], now);
    for (;;) {
        struct tcp_flow *next = NULL;
        for (unsigned i = 0; i < l->plan.tcp_flows; i++) {
            struct tcp_flow *f = &l->flows[i];
            if (tcp_flow_deadline(f) <= now &&
                (!next || tcp_flow_deadline(f) < tcp_flow_deadline(next)))
                next = f;
        }
        if (!next)
            return;
        int64_t at = tcp_flow_deadline(next);
        tcp_flow_learn(next);
        flow_send(l, next, at);
    }
}

uint64_t link_tcp_octets(const struct link *l)
{
    uint64_t packets = 0;
    for (unsigned i = 0; i < l->plan.tcp_flows; i++)
        packets += l->flows[i].acknowledged;
    return packets * TCP_PACKET;
}

// --- The way ---

static bool is_out(const struct link_outage *o, int64_t now)
{
    if (o->span_us == 0 || now < o->from_us)
        return false;
    int64_t since = now - o->from_us;
    return (o->every_us ? since % o->every_us : since) < o->span_us;
}

static bool is_lost(struct link *l, int64_t now)
{
    const struct link_burst *burst = &l->plan.burst;
    if (happens(l, l->bad ? burst->end_ppm : burst->begin_ppm))
        l->bad = !l->bad;
    if (l->bad && happens(l, burst->loss_ppm))
        return true;
    return happens(l, l->plan.loss_ppm) || is_out(&l->plan.outage, now);
}

// When what left the line then is there.
static int64_t arrive(struct link *l, int64_t left_at, bool spared)
{
    int64_t arrival = left_at + l->plan.delay_us;
    if (l->plan.jitter_us && !spared)
        arrival += rng_below(&l->rng, (uint32_t)l->plan.jitter_us);
    if (l->plan.overtakes)
        return arrival;
    if (arrival < l->last_arrival)
        arrival = l->last_arrival;
    if (!spared)
        l->last_arrival = arrival;
    return arrival;
}

int64_t link_send(struct link *l, size_t len, bool spared, int64_t now)
{
    run_flows(l, now);
    l->sent++;
    // How long handshakes are, and how often they come, is up to OpenSSL and its real clock:
    // what comes behind one must not feel it.
    if (spared)
        return arrive(l, now + link_wait(l, now), true);
    int64_t left_at = queue(l, len + LINK_OVERHEAD, now);
    if (left_at == LINK_LOST) {
        l->dropped++;
        return LINK_LOST;
    }
    l->octets += len + LINK_OVERHEAD;
    if (now / SECOND_US < LINK_SECONDS)
        l->octets_in[now / SECOND_US] += (uint32_t)len + LINK_OVERHEAD;
    if (is_lost(l, now)) {
        l->lost++;
        return LINK_LOST;
    }
    return arrive(l, left_at, false);
}

bool link_duplicates(struct link *l)
{
    return happens(l, l->plan.duplicate_ppm);
}
