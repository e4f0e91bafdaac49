#include "rtc/bwe_loss.h"

#include <math.h>

enum {
    OBSERVATION_US = 250 * 1000,
    PACKETS_LEAST = 10,
    OWN_STEPS = 16,
    HEAVY_FROM = 6, // of the last eight observations
    HEAVY_UNTIL = 2,
};

static const double negligible = 0.02; // loss that is no reason to look closer
static const double growth = 1.08;     // with an observation
static const double growth_bps = 1000;
static const double fading = 0.9; // of an observation with each newer one
// Sent again, a fifth of what is sent makes up for a sixth that is lost of all.
static const double heavy_loss = 1 / 6.0;
static const double nothing_left = 0.5; // with an observation by which nothing arrived
static const double own_step = 0.025;
static const double own_prior = 20; // lost packets that a way's own loss of 100 % would cost
static const double indifference = 0.5; // of the logarithm of likelihood: then more is better

// In the order of size. The greatest that explains what was seen is taken.
static const double candidates[] = {1.08, 1.04, 1, 0.95, 0.9, 0.8, 0.65, 0.5};

void bwe_loss_init(struct bwe_loss *l, double bps, int64_t now)
{
    *l = (struct bwe_loss){.bps = bps, .began_at = now};
}

void bwe_loss_restart(struct bwe_loss *l, double bps, int64_t now)
{
    bool heavy = l->heavy;
    uint8_t bits = l->heavy_bits;
    bwe_loss_init(l, bps, now);
    l->heavy = heavy;
    l->heavy_bits = bits;
}

void bwe_loss_count(struct bwe_loss *l, uint32_t expected, uint32_t lost, uint64_t octets,
                    int64_t sent_at)
{
    l->expected += expected;
    l->lost += lost;
    l->octets += octets;
    l->last_at = sent_at;
}

// --- The model ---

static double probability(double bps, double capacity, double own)
{
    double over = bps > capacity ? (bps - capacity) / bps : 0;
    double p = own + (1 - own) * over;
    return fmin(fmax(p, 1e-4), 1 - 1e-4);
}

static double likelihood(const struct bwe_loss *l, double capacity, double own)
{
    uint32_t count = l->count < BWE_LOSS_OBSERVATIONS ? l->count : BWE_LOSS_OBSERVATIONS;
    double sum = -own_prior * own;
    double weight = 1;
    for (uint32_t back = 1; back <= count; back++, weight *= fading) {
        const struct bwe_observation *o = &l->ring[(l->count - back) % BWE_LOSS_OBSERVATIONS];
        double p = probability(o->bps, capacity, own);
        sum += weight * (o->lost * log(p) + o->received * log(1 - p));
    }
    return sum;
}

static double best_likelihood(const struct bwe_loss *l, double capacity)
{
    double best = -INFINITY;
    for (int i = 0; i < OWN_STEPS; i++)
        best = fmax(best, likelihood(l, capacity, i * own_step));
    return best;
}

static double fit(const struct bwe_loss *l)
{
    enum { COUNT = sizeof candidates / sizeof *candidates };
    double scores[COUNT];
    double best = -INFINITY;
    for (int i = 0; i < COUNT; i++) {
        scores[i] = best_likelihood(l, l->bps * candidates[i]);
        best = fmax(best, scores[i]);
    }
    int first = 0;
    while (scores[first] < best - indifference)
        first++;
    return l->bps * candidates[first];
}

// --- Observations ---

static double share_lost(const struct bwe_loss *l)
{
    uint32_t count = l->count < BWE_LOSS_OBSERVATIONS ? l->count : BWE_LOSS_OBSERVATIONS;
    double lost = 0;
    double all = 0;
    double weight = 1;
    for (uint32_t back = 1; back <= count; back++, weight *= fading) {
        const struct bwe_observation *o = &l->ring[(l->count - back) % BWE_LOSS_OBSERVATIONS];
        lost += weight * o->lost;
        all += weight * (o->lost + o->received);
    }
    return all > 0 ? lost / all : 0;
}

static void note_heavy(struct bwe_loss *l)
{
    l->heavy_bits = (uint8_t)(l->heavy_bits << 1 | (l->lost > heavy_loss * l->expected));
    int count = __builtin_popcount(l->heavy_bits);
    l->heavy = l->heavy ? count > HEAVY_UNTIL : count >= HEAVY_FROM;
}

void bwe_loss_update(struct bwe_loss *l, bool limited)
{
    int64_t passed = l->last_at - l->began_at;
    if (passed < OBSERVATION_US || l->expected < PACKETS_LEAST)
        return;
    l->ring[l->count++ % BWE_LOSS_OBSERVATIONS] =
        (struct bwe_observation){.bps = (double)l->octets * 8 * 1e6 / (double)passed,
                                 .received = l->expected - l->lost,
                                 .lost = l->lost};
    bool nothing = l->lost == l->expected; // arrived
    note_heavy(l);
    l->expected = l->lost = 0;
    l->octets = 0;
    l->began_at = l->last_at;
    l->share = share_lost(l);
    double next = l->share <= negligible ? l->bps * growth + growth_bps : fit(l);
    if (nothing) // of what is sent, even if that is much less than was thought to fit
        next = fmin(next, nothing_left * l->bps);
    if (!limited || next < l->bps)
        l->bps = next;
}
