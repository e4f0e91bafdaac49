#include "rtc/bwe.h"

#include <math.h>

enum {
    REMEMBERED_US = 10 * 1000 * 1000, // packets without feedback
    PROBE_WANTED_US = 4 * 1000 * 1000,
    PROBE_AGAIN_US = 300 * 1000, // when nobody told what the last one found
    PROBE_LIMITED_US = 5 * 1000 * 1000,
    PROBE_AFTER_FALL_US = 2 * 1000 * 1000, // and again after twice the time
    PROBE_PAUSE_MOST_US = 8 * 1000 * 1000,
    PROBES_MAX = 6,         // after a fall
    STALE_US = 1000 * 1000, // without feedback
    FOUND_US = 1000 * 1000, // for how long a probe's result counts
    STEADY_US = 5 * 1000 * 1000,
    BUDGET_US = 500 * 1000,
    DRAIN_FROM_US = 60 * 1000, // a queue that is worth to drain
    DRAIN_US = 500 * 1000,
    OVER_LEAST_US = 10 * 1000,
    AFTER_FALL_US = 1000 * 1000,
    SHORT_US = 150 * 1000, // a queue, after a fall
    SUDDEN_US = 50 * 1000,
    UNTOLD_MAX = 256, // numbers that are looked at
};

static const double loss_above_delay = 1.5;
static const double limited_share = 0.65; // of the estimate: who sends less is limited
static const double limited_from = 0.8;   // of the budget that is unused
static const double limited_until = 0.5;
static const double further_share = 0.7; // of a probe's rate that was found: ask for more
static const double further_factor = 2;
static const double wanted_factor = 1.2; // of what is wanted: a probe finds less than it asks
static const double fall_share = 0.66;   // of what was: a sudden fall
static const double drain_least = 0.3;
static const double carried_factor = 1.5;

void bwe_init(struct bwe *b, double start_bps, int64_t now)
{
    *b = (struct bwe){.rate = {.bps = start_bps, .changed_at = now},
                      .least_bps = start_bps,
                      .most_bps = start_bps,
                      .probe.least = BWE_PROBE_OCTETS,
                      .period_at = now};
    bwe_loss_init(&b->loss, start_bps, now);
}

void bwe_restart(struct bwe *b, double start_bps, int64_t now)
{
    struct sent sent = b->sent;
    bwe_init(b, start_bps, now);
    b->sent = sent;
}

void bwe_dispose(struct bwe *b)
{
    sent_dispose(&b->sent);
}

// What may be sent of so much while a queue of ours drains. What the way carries is known then:
// a key frame waits for itself, which is no reason to send less than that.
static double draining(const struct bwe *b, double bps)
{
    double carried = fmax(bwe_queue_carried(&b->queue, b->feedback_at), bps);
    double wait = (double)b->queue.wait_us;
    // After a fall what feedback tells is as old as the queue is long.
    if (b->drained_at && b->feedback_at < b->drained_at + AFTER_FALL_US)
        wait = fmin(wait, (double)b->outstanding * 8e6 / carried);
    if (b->queue.shared || wait <= DRAIN_FROM_US)
        return bps;
    double over = (wait - DRAIN_FROM_US) / DRAIN_US;
    return fmin(bps, carried * fmax(1 - over, drain_least));
}

double bwe_bps(const struct bwe *b)
{
    double bps = draining(b, fmin(b->rate.bps, b->loss.bps));
    return fmin(fmax(bps, BWE_LEAST_BPS), BWE_MOST_BPS);
}

bool bwe_was_full(const struct bwe *b)
{
    return !b->queue.shared && (b->was_full || b->rate.capacity_bps > 0);
}

double bwe_doubtful_bps(const struct bwe *b, int64_t now)
{
    double carried = bwe_queue_carried(&b->queue, now);
    bool low = carried > 0 && carried < fall_share * b->rate.bps;
    return low && !b->queue.shared && bwe_queue_longer_wait(&b->queue) > SUDDEN_US ? carried
                                                                                   : 0;
}

int64_t bwe_drained_at(const struct bwe *b)
{
    return b->drained_at;
}

// --- Sending ---

// What might have been sent by now and was not.
static void note_budget(struct bwe *b, size_t octets, int64_t now)
{
    double a_second = limited_share * bwe_bps(b) / 8;
    double most = a_second * BUDGET_US / 1e6;
    b->budget += a_second * (double)(now - b->budget_at) / 1e6 - (double)octets;
    b->budget = fmin(fmax(b->budget, -most), most);
    b->budget_at = now;
    double unused = most > 0 ? b->budget / most : 0;
    bool was_limited = b->limited;
    b->limited = was_limited ? unused > limited_until : unused > limited_from;
    if (was_limited && !b->limited)
        bwe_acked_expect_change(&b->acked);
}

void bwe_left(struct bwe *b, size_t octets, int64_t now)
{
    if (!b->budget_at)
        b->budget_at = now;
    note_budget(b, octets, now);
    sent_forget(&b->sent, now - REMEMBERED_US);
}

uint16_t bwe_sent(struct bwe *b, size_t octets, uint8_t cluster, int64_t now)
{
    bwe_left(b, octets, now);
    return sent_add(&b->sent, octets, cluster, now);
}

// --- Feedback ---

// A probe that found less than the estimate says nothing: a few packets may meet a burst. Nor
// does one that another let in who fills the queue: how much of the way is ours, losses tell.
static void take_probe(struct bwe *b, double bps, int64_t now)
{
    double before = bwe_bps(b);
    b->probe_untold = false;
    if (bps <= before || b->queue.shared)
        return;
    bwe_rate_set(&b->rate, bps, now);
    bwe_acked_expect_change(&b->acked);
    b->found_bps = bps;
    b->found_at = now;
    if (bps > b->loss.bps)
        bwe_loss_restart(&b->loss, bps, now);
    if (bps > further_share * b->probe.sent.bps)
        bwe_probe_ask(&b->probe, further_factor * bps, now);
}

struct told {
    uint32_t expected;
    uint32_t lost;
    uint64_t octets;
    int64_t newest_sent; // of those that arrived; 0: none did
    int64_t newest_lost; // when it was sent; 0: none was
};

static void take_arrival(struct bwe *b, struct sent_packet *packet, int64_t arrived,
                         struct told *told, int64_t now)
{
    packet->told = true;
    told->expected++;
    told->octets += packet->octets;
    if (packet->at > told->newest_sent)
        told->newest_sent = packet->at;
    bwe_delay_arrival(&b->delay, packet->at, arrived);
    bwe_acked_arrival(&b->acked, arrived, packet->octets);
    bwe_queue_arrival(&b->queue, packet->at, arrived, packet->octets, now);
    double found =
        bwe_probe_arrival(&b->probe, packet->cluster, packet->octets, packet->at, arrived);
    if (found == 0)
        return;
    b->was_full = b->probe.full;
    take_probe(b, found, now);
}

// Feedback may name 65535 numbers in a few octets: only those that are remembered are looked
// at.
static void take_lost(struct bwe *b, uint16_t from, uint16_t until, struct told *told)
{
    if (!sent_find(&b->sent, from)) {
        uint16_t first = (uint16_t)b->sent.oldest;
        if ((uint16_t)(first - from) >= (uint16_t)(until - from))
            return;
        from = first;
    }
    uint16_t end = (uint16_t)b->sent.next;
    if ((uint16_t)(end - from) < (uint16_t)(until - from))
        until = end;
    for (uint16_t number = from; number != until; number++) {
        struct sent_packet *packet = sent_find(&b->sent, number);
        if (!packet || packet->told)
            continue;
        packet->told = true;
        told->expected++;
        told->octets += packet->octets;
        told->lost++;
        told->newest_lost = packet->at;
    }
}

// Each feedback goes on where the last one ended: one between them was lost itself.
static void note_untold(struct bwe *b, uint16_t base)
{
    int16_t count = b->is_told ? (int16_t)(base - b->untold) : 0;
    for (int i = count < UNTOLD_MAX ? count : UNTOLD_MAX; i > 0; i--) {
        const struct sent_packet *packet = sent_find(&b->sent, (uint16_t)(base - i));
        if (packet && !packet->told && packet->cluster && packet->cluster == b->probe.sent.id)
            b->probe_untold = true;
    }
}

static void note_told(struct bwe *b, uint16_t next)
{
    if (!b->is_told || (int16_t)(next - b->untold) > 0)
        b->untold = next;
    b->is_told = true;
}

static void note_rtt(struct bwe *b, int64_t newest_sent, int64_t now)
{
    int64_t rtt = now - newest_sent;
    b->rtt_us = b->rtt_us ? (7 * b->rtt_us + rtt) / 8 : rtt;
}

// A sudden fall from what the way carried for a while: it may carry that again.
static void note_fall(struct bwe *b, int64_t now)
{
    double bps = b->rate.bps;
    b->least_bps = fmin(b->least_bps, bps);
    b->most_bps = fmax(b->most_bps, bps);
    if (now - b->period_at > STEADY_US) {
        bool steady = b->least_bps >= fall_share * b->most_bps;
        b->steady_bps = steady ? b->most_bps : 0;
        b->least_bps = b->most_bps = bps;
        b->period_at = now;
    }
    if (bps < fall_share * b->steady_bps) {
        b->before_fall_bps = fmax(b->before_fall_bps, b->steady_bps);
        b->steady_bps = 0;
        b->probes = 0;
        b->probe_pause_us = PROBE_AFTER_FALL_US;
    }
    if (bps >= b->before_fall_bps)
        b->before_fall_bps = 0;
}

static size_t outstanding(const struct bwe *b)
{
    size_t octets = 0;
    for (uint64_t number = b->sent.next; number > b->sent.oldest; number--) {
        const struct sent_packet *packet = sent_find(&b->sent, (uint16_t)(number - 1));
        if (!packet || packet->told)
            break;
        octets += packet->octets;
    }
    return octets;
}

// How long it takes until the queue is short, at what the way carries by now.
static void note_drain(struct bwe *b, double carried, int64_t now)
{
    double wait = (double)b->outstanding * 8e6 / carried - SHORT_US;
    b->drained_at = wait > 0 ? now + (int64_t)wait : 0;
    bwe_probe_forget(&b->probe);
}

// A decrease takes 15 %, of what fills a queue of DRAIN_FROM_US; of a shorter one it should
// take as much less.
static double spared(const struct bwe *b)
{
    double wait = fmin((double)bwe_queue_longer_wait(&b->queue), DRAIN_FROM_US);
    double kept = BWE_RATE_KEPT / 100.0;
    return (1 - (1 - kept) * wait / DRAIN_FROM_US) / kept;
}

// What may get through where the queue is short and `bps` arrive, as who sends less than the
// estimate has not filled the way alone. Where the way carried much less a while ago others
// share it: of what was not sent they may have had the half.
static double unfilled(const struct bwe *b, double bps, int64_t now)
{
    double least = bwe_queue_least(&b->queue, now);
    if (bps > 0 && least > 0 && least < fall_share * b->rate.bps)
        return (bps + b->rate.bps) / 2;
    return fmax(b->rate.bps, bwe_queue_known(&b->queue, now));
}

// What gets through. A probe that has just found more knows better than a mean that lags; and
// while the queue is short, what arrives may be all that was sent: who sent little and begins
// to send more would otherwise be thrown back to the little.
static double arriving(const struct bwe *b, int64_t now)
{
    double sure = bwe_queue_sure(&b->queue, now);
    if (sure > 0 && sure < fall_share * b->rate.bps)
        return sure;
    double bps = fmax(b->acked.bps, bwe_queue_carried(&b->queue, now));
    if (now - b->found_at < FOUND_US)
        bps = fmax(bps, b->found_bps);
    if (b->delay.usage == BWE_OVER && b->queue.wait_us < DRAIN_FROM_US)
        bps = fmax(bps, unfilled(b, bps, now)) * spared(b);
    return bps;
}

// Nothing of what it names arrived: there is no delay to learn from, and loss alone is counted.
static void take_nothing(struct bwe *b, const struct twcc_feedback *feedback, int64_t now)
{
    struct told told = {0};
    uint16_t next = (uint16_t)(feedback->base_seq + feedback->status_count);
    take_lost(b, feedback->base_seq, next, &told);
    if (told.expected == 0)
        return;
    if ((int16_t)((uint16_t)b->sent.next - next) >= 0)
        note_told(b, next);
    b->told += told.expected;
    b->lost += told.lost;
    int64_t last_at = told.newest_lost > b->loss.last_at ? told.newest_lost : b->loss.last_at;
    bwe_loss_count(&b->loss, told.expected, told.lost, told.octets, last_at);
    bwe_loss_update(&b->loss, b->limited);
    b->loss.bps = fmin(fmax(b->loss.bps, BWE_LEAST_BPS), BWE_MOST_BPS);
    b->outstanding = outstanding(b);
    b->feedback_at = now;
}

void bwe_feedback(struct bwe *b, const struct twcc_feedback *feedback, int64_t now)
{
    struct told told = {0};
    struct twcc_cursor cursor = twcc_begin(feedback);
    uint16_t next = feedback->base_seq;
    bool arrived = false;
    note_untold(b, next);
    for (struct twcc_arrival arrival; twcc_next(&cursor, &arrival);) {
        arrived = true;
        take_lost(b, next, arrival.seq, &told);
        next = (uint16_t)(arrival.seq + 1);
        struct sent_packet *packet = sent_find(&b->sent, arrival.seq);
        if (packet && !packet->told)
            take_arrival(b, packet, arrival.arrived_us, &told, now);
    }
    if (!arrived) {
        take_nothing(b, feedback, now);
        return;
    }
    note_told(b, next);
    if (told.expected == 0)
        return;
    b->told += told.expected;
    b->lost += told.lost;
    if (told.newest_sent)
        note_rtt(b, told.newest_sent, now);
    bwe_loss_count(&b->loss, told.expected, told.lost, told.octets,
                   told.newest_sent ? told.newest_sent : b->loss.last_at);
    if (told.lost)
        bwe_queue_lost(&b->queue, now);
    enum bwe_usage usage = b->delay.usage;
    if (usage == BWE_OVER && b->queue.wait_us < OVER_LEAST_US)
        usage = BWE_NORMAL; // a trend of so little is noise
    b->outstanding = outstanding(b);
    double carried = bwe_queue_sure(&b->queue, now);
    if (carried > 0 && b->drained_at > now)
        note_drain(b, carried, now);
    if (bwe_queue_longer_wait(&b->queue) > SUDDEN_US && carried > 0 &&
        carried < fall_share * b->rate.bps) {
        usage = BWE_OVER; // a sudden fall: the trend needs more packets to show it
        if (!b->queue.shared)
            note_drain(b, carried, now);
    }
    if (b->queue.shared)
        bwe_rate_compete(&b->rate, told.newest_lost, b->acked.bps, b->rtt_us, now);
    else
        bwe_rate_update(&b->rate, usage, arriving(b, now), b->limited, b->rtt_us, now);
    // Where much more arrives than is allowed, as sound does not ask, and makes no queue, it is
    // carried.
    if (usage == BWE_NORMAL && b->queue.wait_us < OVER_LEAST_US &&
        b->acked.bps > carried_factor * b->rate.bps)
        bwe_rate_set(&b->rate, b->acked.bps, now);
    bwe_loss_update(&b->loss, b->limited);
    // What the delay allows is where loss is looked for next.
    b->loss.bps = fmin(b->loss.bps, loss_above_delay * b->rate.bps);
    // Beside somebody who fills the queue the rate has answered each loss already.
    if (b->queue.shared)
        b->loss.bps = fmax(b->loss.bps, b->rate.bps);
    b->rate.bps = fmin(fmax(b->rate.bps, BWE_LEAST_BPS), BWE_MOST_BPS);
    b->loss.bps = fmin(fmax(b->loss.bps, BWE_LEAST_BPS), BWE_MOST_BPS);
    note_fall(b, now);
    b->feedback_at = now;
}

// --- Probes ---

bool bwe_cluster(struct bwe *b, struct bwe_cluster *cluster, double wanted_bps, int64_t now)
{
    if (!b->probe.begun)
        bwe_probe_start(&b->probe, bwe_bps(b), now);
    bool fell = bwe_bps(b) < fall_share * b->before_fall_bps;
    // Of whom only what is paused was told of, nothing more comes: what stood in the way then
    // has long gone.
    bool stale = b->feedback_at != 0 && now - b->feedback_at > STALE_US;
    bool calm = stale || (!b->queue.shared && b->delay.usage == BWE_NORMAL &&
                          b->queue.wait_us < DRAIN_FROM_US);
    if (fell && calm && b->probes < PROBES_MAX && now - b->probe.asked_at > b->probe_pause_us) {
        bwe_probe_ask(&b->probe, fmin(further_factor * bwe_bps(b), b->before_fall_bps), now);
        b->probe_pause_us = b->probe_pause_us < PROBE_PAUSE_MOST_US / 2 ? 2 * b->probe_pause_us
                                                                        : PROBE_PAUSE_MOST_US;
        b->probes++;
    } else if (calm && wanted_bps > bwe_bps(b) &&
               now - b->probe.asked_at > (b->probe_untold ? PROBE_AGAIN_US : PROBE_WANTED_US)) {
        bwe_probe_ask(&b->probe, fmin(wanted_factor * wanted_bps, further_factor * bwe_bps(b)),
                      now);
    } else if (calm && b->limited && now - b->probe.asked_at > PROBE_LIMITED_US) {
        bwe_probe_ask(&b->probe, further_factor * bwe_bps(b), now);
    }
    if (!bwe_probe_next(&b->probe, cluster, now))
        return false;
    b->probe_untold = false;
    return true;
}
