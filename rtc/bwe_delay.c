#include "rtc/bwe_delay.h"

#include <math.h>

enum {
    GROUP_US = 5 * 1000,
    BURST_US = 100 * 1000,  // as long as a group may grow by packets that arrive together
    RESET_US = 3000 * 1000, // a gap after which the way is another
    DELTAS_MAX = 60,
};

static const double smoothing = 0.9;
static const double gain = 4.0;
static const double threshold_start = 12.5;
static const double threshold_least = 6;
static const double threshold_most = 600;
static const double threshold_up = 0.0087;
static const double threshold_down = 0.039;
static const double threshold_jump = 15; // further above, it is no reason to adapt
static const double over_time_ms = 10;

// --- The line ---

static double slope(const struct bwe_delay *d)
{
    double x = 0;
    double y = 0;
    for (int i = 0; i < BWE_TREND_WINDOW; i++) {
        x += d->x_ms[i];
        y += d->y_ms[i];
    }
    x /= BWE_TREND_WINDOW;
    y /= BWE_TREND_WINDOW;
    double numerator = 0;
    double denominator = 0;
    for (int i = 0; i < BWE_TREND_WINDOW; i++) {
        numerator += (d->x_ms[i] - x) * (d->y_ms[i] - y);
        denominator += (d->x_ms[i] - x) * (d->x_ms[i] - x);
    }
    return denominator > 0 ? numerator / denominator : 0;
}

// --- The detector ---

static void adapt(struct bwe_delay *d, double trend, int64_t now)
{
    double distance = fabs(trend) - d->threshold;
    if (distance > threshold_jump) {
        d->updated_at = now;
        return;
    }
    double passed_ms = (double)(now - d->updated_at) / 1000;
    double k = distance < 0 ? threshold_down : threshold_up;
    d->threshold += k * distance * (passed_ms < 100 ? passed_ms : 100);
    d->threshold = fmin(fmax(d->threshold, threshold_least), threshold_most);
    d->updated_at = now;
}

static void detect(struct bwe_delay *d, double trend, double sent_ms, int64_t now)
{
    uint32_t deltas = d->deltas < DELTAS_MAX ? d->deltas : DELTAS_MAX;
    double modified = deltas * trend * gain;
    if (d->threshold == 0) {
        d->threshold = threshold_start;
        d->updated_at = now;
    }
    if (modified > d->threshold) {
        d->over_ms += d->over_count ? sent_ms : sent_ms / 2;
        d->over_count++;
        if (d->over_ms > over_time_ms && d->over_count > 1 && trend >= d->trend) {
            d->over_ms = 0;
            d->over_count = 0;
            d->usage = BWE_OVER;
        }
    } else {
        d->over_ms = 0;
        d->over_count = 0;
        d->usage = modified < -d->threshold ? BWE_UNDER : BWE_NORMAL;
    }
    d->trend = trend;
    adapt(d, modified, now);
}

// --- Groups ---

static void reset(struct bwe_delay *d)
{
    double threshold = d->threshold;
    *d = (struct bwe_delay){.threshold = threshold, .updated_at = d->updated_at};
}

static void compare_groups(struct bwe_delay *d)
{
    double sent_ms = (double)(d->group.sent - d->before.sent) / 1000;
    double arrived_ms = (double)(d->group.arrived - d->before.arrived) / 1000;
    if (d->deltas == 0)
        d->first_arrived = d->group.arrived;
    d->accumulated_ms += arrived_ms - sent_ms;
    d->smoothed_ms = smoothing * d->smoothed_ms + (1 - smoothing) * d->accumulated_ms;
    uint32_t at = d->deltas++ % BWE_TREND_WINDOW;
    d->x_ms[at] = (double)(d->group.arrived - d->first_arrived) / 1000;
    d->y_ms[at] = d->smoothed_ms;
    double trend = d->deltas >= BWE_TREND_WINDOW ? slope(d) : d->trend;
    detect(d, trend, sent_ms, d->group.arrived);
}

static bool belongs(const struct bwe_group *g, int64_t sent, int64_t arrived)
{
    if (sent - g->first_sent <= GROUP_US)
        return true;
    // It waited behind the group somewhere, and was let go with it.
    int64_t longer_way = (arrived - g->arrived) - (sent - g->sent);
    return longer_way < 0 && arrived - g->arrived <= GROUP_US &&
           arrived - g->first_arrived < BURST_US;
}

void bwe_delay_arrival(struct bwe_delay *d, int64_t sent, int64_t arrived)
{
    struct bwe_group *g = &d->group;
    if (g->used && (sent - g->sent > RESET_US || arrived - g->arrived > RESET_US))
        reset(d);
    if (g->used && sent < g->first_sent)
        return; // overtaken
    if (g->used && belongs(g, sent, arrived)) {
        g->sent = sent > g->sent ? sent : g->sent;
        g->arrived = arrived > g->arrived ? arrived : g->arrived;
        return;
    }
    if (g->used && d->before.used)
        compare_groups(d);
    if (g->used)
        d->before = *g;
    *g = (struct bwe_group){true, sent, sent, arrived, arrived};
}
