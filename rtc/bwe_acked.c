#include "rtc/bwe_acked.h"

#include <math.h>

enum {
    FIRST_WINDOW_US = 500 * 1000,
    WINDOW_US = 150 * 1000,
    SILENCE_US = 2000 * 1000,
};

static const double uncertainty_scale = 10; // of a sample, against its distance
static const double variance_of_change = 200;
static const double variance_step = 5; // of the estimate, with each sample

// One window's rate: a Bayesian update, in which a sample that lies far off counts for little.
static void take(struct bwe_acked *a, double sample)
{
    if (a->bps == 0) {
        a->bps = sample;
        a->variance = 50;
        return;
    }
    double kbps = a->bps / 1000;
    double sample_kbps = sample / 1000;
    double distance = uncertainty_scale * fabs(kbps - sample_kbps) / (kbps + sample_kbps);
    double sample_variance = distance * distance;
    double variance = a->variance + variance_step;
    kbps = (sample_variance * kbps + variance * sample_kbps) / (sample_variance + variance);
    a->variance = sample_variance * variance / (sample_variance + variance);
    a->bps = kbps * 1000;
}

void bwe_acked_expect_change(struct bwe_acked *a)
{
    a->variance += variance_of_change;
}

void bwe_acked_arrival(struct bwe_acked *a, int64_t arrived, size_t octets)
{
    int64_t passed = arrived - a->window_began;
    if (a->window_began == 0 || passed > SILENCE_US) {
        *a = (struct bwe_acked){.window_began = arrived, .octets = octets};
        return;
    }
    if (passed >= (a->bps == 0 ? FIRST_WINDOW_US : WINDOW_US)) {
        take(a, (double)a->octets * 8 * 1e6 / (double)passed);
        a->window_began = arrived;
        a->octets = 0;
    }
    a->octets += octets;
}
