#include "rtc/bwe_rate.h"

#include <math.h>

static const double beta = BWE_RATE_KEPT / 100.0;
// Beside TCP. Layers are steps: one that fitted before a loss has to fit after it, or it is
// lowered and held back, and most of what is allowed is not sent.
static const double beta_loss = 0.85;
static const double packets_competing = 0.7; // more in each round trip: as a loss costs less
static const double growth = 1.08;           // a second, far from what the way carries
static const double least_growth = 1000;     // bit/s with each update
static const double least_additive = 4000;   // bit/s a second
static const double packet_bits = 1200 * 8;
static const double above_acked = 1.5;
static const double above_acked_bps = 10 * 1000;
static const double above_acked_competing = 2; // so that the next layer is within reach
static const double capacity_smoothing = 0.05;

enum { RESPONSE_US = 100 * 1000, PATIENCE_LEAST_US = 10 * 1000, PATIENCE_MOST_US = 200 * 1000 };

// --- What the way carries ---

static double deviation_bps(const struct bwe_rate *r)
{
    // In kbit/s it is normalised by the capacity, as queues are.
    return sqrt(r->capacity_deviation * r->capacity_bps / 1000) * 1000;
}

static void note_capacity(struct bwe_rate *r, double acked)
{
    if (r->capacity_bps == 0) {
        r->capacity_bps = acked;
        r->capacity_deviation = 0.4;
        return;
    }
    double error = r->capacity_bps - acked;
    r->capacity_bps = (1 - capacity_smoothing) * r->capacity_bps + capacity_smoothing * acked;
    double normal = error * error / 1e6 / (r->capacity_bps / 1000);
    r->capacity_deviation =
        (1 - capacity_smoothing) * r->capacity_deviation + capacity_smoothing * normal;
    r->capacity_deviation = fmin(fmax(r->capacity_deviation, 0.4), 2.5);
}

static bool is_off_capacity(const struct bwe_rate *r, double acked)
{
    return r->capacity_bps > 0 && fabs(acked - r->capacity_bps) > 3 * deviation_bps(r);
}

// --- Steps ---

static void increase(struct bwe_rate *r, double acked, bool limited, int64_t rtt_us,
                     int64_t now)
{
    if (acked > 0 && is_off_capacity(r, acked) && acked > r->capacity_bps)
        r->capacity_bps = 0; // it is another way by now
    double passed_s = (double)(now - r->changed_at) / 1e6;
    passed_s = fmin(passed_s, 1);
    double grown;
    if (r->capacity_bps > 0) {
        double response_s = (double)(rtt_us + RESPONSE_US) / 1e6;
        grown = r->bps + fmax(least_additive, packet_bits / response_s) * passed_s;
    } else {
        grown = r->bps + fmax(least_growth, r->bps * (pow(growth, passed_s) - 1));
    }
    double most = acked > 0 ? above_acked * acked + above_acked_bps : grown;
    if (limited)
        most = r->bps; // what is not sent cannot be found to fit
    r->bps = fmax(r->bps, fmin(grown, most));
    r->changed_at = now;
}

static bool may_decrease(const struct bwe_rate *r, double acked, int64_t rtt_us, int64_t now)
{
    int64_t patience = rtt_us < PATIENCE_LEAST_US  ? PATIENCE_LEAST_US
                       : rtt_us > PATIENCE_MOST_US ? PATIENCE_MOST_US
                                                   : rtt_us;
    return r->decreased_at == 0 || now - r->decreased_at >= patience ||
           (acked > 0 && acked < r->bps / 2);
}

static void decrease(struct bwe_rate *r, double acked, int64_t now)
{
    double less = beta * (acked > 0 ? acked : r->bps);
    if (less > r->bps && r->capacity_bps > 0)
        less = beta * r->capacity_bps;
    if (acked > 0) {
        if (is_off_capacity(r, acked))
            r->capacity_bps = 0;
        note_capacity(r, acked);
    }
    r->bps = fmin(r->bps, less);
    r->decreased_at = r->changed_at = now;
}

void bwe_rate_update(struct bwe_rate *r, enum bwe_usage usage, double acked, bool limited,
                     int64_t rtt_us, int64_t now)
{
    switch (usage) {
    case BWE_OVER:
        if (may_decrease(r, acked, rtt_us, now))
            decrease(r, acked, now);
        r->state = BWE_HOLD;
        break;
    case BWE_UNDER: // the queue drains: wait
        r->state = BWE_HOLD;
        r->changed_at = now;
        break;
    case BWE_NORMAL:
        if (r->state == BWE_INCREASE)
            increase(r, acked, limited, rtt_us, now);
        else
            r->changed_at = now;
        r->state = BWE_INCREASE;
        break;
    }
}

void bwe_rate_compete(struct bwe_rate *r, int64_t lost_sent, double acked, int64_t rtt_us,
                      int64_t now)
{
    double rtt_s = fmax((double)rtt_us / 1e6, 0.01);
    double passed_s = fmin((double)(now - r->changed_at) / 1e6, 1);
    r->state = BWE_HOLD;
    r->changed_at = now;
    // What was sent before the last decrease tells nothing of what came of it.
    if (lost_sent > r->decreased_at) {
        r->bps *= beta_loss;
        r->decreased_at = now;
        return;
    }
    double grown = r->bps + packets_competing * packet_bits / rtt_s / rtt_s * passed_s;
    double most = acked > 0 ? above_acked_competing * acked + above_acked_bps : grown;
    r->bps = fmax(r->bps, fmin(grown, most));
}

void bwe_rate_set(struct bwe_rate *r, double bps, int64_t now)
{
    r->bps = bps;
    r->changed_at = now;
}
