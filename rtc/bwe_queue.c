#include "rtc/bwe_queue.h"

#include <math.h>

enum {
    PERIOD_US = 10 * 1000 * 1000,
    NEARLY_EMPTY_US = 15 * 1000,
    LOSS_US = 10 * 1000 * 1000,  // who waits for loss causes some
    EMPTY_US = 2500 * 1000,      // over which it counts how often the queue is empty
    FULL_FROM_US = 20 * 1000,    // a wait that is none of the network's own
    FULL_US = 50 * 1000,         // over which it is measured how much is carried
    CARRIED_US = 250 * 1000,     // for how long that counts
    KNOWN_US = 15 * 1000 * 1000, // for how long it is known, where nobody else is
};

static const double full_share = 0.9; // what arrives of what is sent, at most, if it is full

// Of the time in which the queue was nearly empty: a queue of our own never stands for so long,
// and next to somebody who does not yield it is never empty for so long.
static const double standing = 0.06;
static const double yielding = 0.5;

void bwe_queue_lost(struct bwe_queue *q, int64_t now)
{
    q->lost_at = now;
}

static void begin_measurement(struct bwe_queue *q, int64_t sent, int64_t arrived)
{
    q->full_sent = sent;
    q->full_arrived = arrived;
    q->full_octets = 0;
}

static void note_least(struct bwe_queue *q, double bps, int64_t now)
{
    int64_t passed = q->least_at ? now - q->least_at : KNOWN_US;
    if (passed < KNOWN_US / 2) {
        q->least_bps = fmin(q->least_bps, bps);
        return;
    }
    q->least_before_bps = passed < KNOWN_US ? q->least_bps : bps;
    q->least_bps = bps;
    q->least_at = now;
}

static void measure(struct bwe_queue *q, int64_t sent, int64_t arrived, size_t octets,
                    int64_t now)
{
    int64_t sent_us = sent - q->full_sent, arrived_us = arrived - q->full_arrived;
    q->full_octets += octets;
    if (arrived_us < FULL_US)
        return;
    double bps = (double)q->full_octets * 8e6 / (double)arrived_us;
    bool full = (double)sent_us < full_share * (double)arrived_us;
    if (full) {
        q->carried_bps = bps;
        q->carried_at = now;
        note_least(q, bps, now);
    }
    if (full && q->measured_bps > 0) {
        q->sure_bps = fmax(bps, q->measured_bps);
        q->sure_at = now;
    }
    q->measured_bps = bps;
    begin_measurement(q, sent, arrived);
}

int64_t bwe_queue_longer_wait(const struct bwe_queue *q)
{
    return q->last_us > q->wait_us ? q->last_us : q->wait_us;
}

double bwe_queue_carried(const struct bwe_queue *q, int64_t now)
{
    return q->carried_at && now - q->carried_at < CARRIED_US ? q->carried_bps : 0;
}

double bwe_queue_sure(const struct bwe_queue *q, int64_t now)
{
    return q->sure_at && now - q->sure_at < CARRIED_US ? q->sure_bps : 0;
}

static bool loses(const struct bwe_queue *q, int64_t now)
{
    return q->lost_at && now - q->lost_at < LOSS_US;
}

double bwe_queue_known(const struct bwe_queue *q, int64_t now)
{
    return q->carried_at && now - q->carried_at < KNOWN_US && !loses(q, now) ? q->carried_bps
                                                                             : 0;
}

double bwe_queue_least(const struct bwe_queue *q, int64_t now)
{
    return bwe_queue_known(q, now) > 0 ? fmin(q->least_bps, q->least_before_bps) : 0;
}

void bwe_queue_arrival(struct bwe_queue *q, int64_t sent, int64_t arrived, size_t octets,
                       int64_t now)
{
    int64_t way_us = arrived - sent;
    if (!q->begun)
        *q = (struct bwe_queue){.begun = true,
                                .lost_at = q->lost_at,
                                .base_us = way_us,
                                .new_base_us = way_us,
                                .period_at = now,
                                .empty_share = 1,
                                .told_at = now};
    if (now - q->period_at > PERIOD_US) {
        q->base_us = q->new_base_us;
        q->new_base_us = way_us;
        q->longest_us = q->new_longest_us;
        q->new_longest_us = 0;
        q->period_at = now;
    }
    if (way_us < q->new_base_us)
        q->new_base_us = way_us;
    if (way_us < q->base_us)
        q->base_us = way_us;
    int64_t wait = way_us - q->base_us;
    q->last_us = wait;
    q->wait_us += (wait - q->wait_us) / 4;
    if (wait < FULL_FROM_US) {
        q->full_arrived = 0;
        q->measured_bps = 0;
    } else if (!q->full_arrived)
        begin_measurement(q, sent, arrived);
    else
        measure(q, sent, arrived, octets, now);
    if (wait > q->new_longest_us)
        q->new_longest_us = wait;
    if (wait > q->longest_us)
        q->longest_us = wait;
    int64_t empty = q->longest_us / 8 > NEARLY_EMPTY_US ? q->longest_us / 8 : NEARLY_EMPTY_US;
    double passed = (double)(now - q->told_at) / EMPTY_US;
    q->told_at = now;
    q->empty_share += ((wait <= empty) - q->empty_share) * (passed < 1 ? passed : 1);
    if (q->empty_share < standing && loses(q, now))
        q->shared = true;
    else if (q->empty_share > yielding)
        q->shared = false;
}
