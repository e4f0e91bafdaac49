#include "tests/sim/quality.h"

#include <inttypes.h>
#include <stdio.h>

enum { SECOND_US = 1000 * 1000, WARM_UP_S = 5 };

static unsigned seconds(const struct meeting_sim *m)
{
    return (unsigned)(m->plan->span_us / SECOND_US);
}

void quality_print(const struct meeting_sim *m)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        const struct person *p = &m->people[i];
        const struct link *down = &m->network.down[i];
        printf("  person %u: queue up to %" PRId64 " ms, %" PRIu64 " dropped, %" PRIu64
               " lost of %" PRIu64 "\n",
               i, down->longest_wait_us / 1000, down->dropped, down->lost, down->sent);
        for (size_t s = 0; s < p->sink_count; s++) {
            const struct sink *sink = &p->sinks[s];
            const struct viewer *v = sink->viewer;
            if (sink->listener)
                printf("    %-8s %5.2f %% concealed, %" PRIu64 " in a row\n", sink->track,
                       listener_concealed(sink->listener), sink->listener->longest);
            if (v)
                printf("    %-8s %5.1f pictures/s, %4.0f kbit/s, layer %u, %u freezes, "
                       "longest gap %" PRId64 " ms, first after %" PRId64 " ms\n",
                       sink->track, viewer_rate(v, WARM_UP_S, seconds(m)),
                       viewer_kbps(v, WARM_UP_S, seconds(m)), v->layer, v->freezes,
                       v->longest_us / 1000, v->first_us / 1000);
        }
    }
}

// --- Bars ---

// What every receiver gets of every person, from the end of the warm-up on.
struct bar {
    double concealed; // per cent at most
    double pictures;  // a second at least
    int64_t gap_us;   // between two pictures at most; 0: any
    uint8_t layer;    // at least as good as this at the end
};

static void judge_sink(struct meeting_sim *m, const struct person *p, const struct sink *sink,
                       const struct bar *bar)
{
    const struct viewer *v = sink->viewer;
    if (sink->listener && listener_concealed(sink->listener) > bar->concealed)
        meeting_fail(m, "person %u: %.1f %% of %s was invented", p->number,
                     listener_concealed(sink->listener), sink->track);
    if (!v)
        return;
    double pictures = viewer_rate(v, WARM_UP_S, seconds(m));
    if (pictures < bar->pictures)
        meeting_fail(m, "person %u: %.1f pictures a second of %s", p->number, pictures,
                     sink->track);
    if (bar->gap_us && v->longest_us > bar->gap_us)
        meeting_fail(m, "person %u: %s stood for %" PRId64 " ms", p->number, sink->track,
                     v->longest_us / 1000);
    if (v->layer > bar->layer)
        meeting_fail(m, "person %u: %s ends with layer %u", p->number, sink->track, v->layer);
}

static void judge_all(struct meeting_sim *m, const struct bar *bar)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        const struct person *p = &m->people[i];
        unsigned members = m->plan->people - m->plan->viewers;
        if (p->sink_count != 2 * (p->views ? members : members - 1))
            meeting_fail(m, "person %u gets %zu streams", i, p->sink_count);
        for (size_t s = 0; s < p->sink_count; s++)
            judge_sink(m, p, &p->sinks[s], bar);
    }
}

static void judge_calm(struct meeting_sim *m)
{
    judge_all(m, &(struct bar){.concealed = 0.1, .pictures = 29, .gap_us = 100 * 1000});
}

// One camera has so little room that it sends two layers.
static void judge_narrow_uplink(struct meeting_sim *m)
{
    judge_all(m,
              &(struct bar){.concealed = 2, .pictures = 27, .gap_us = 1000 * 1000, .layer = 1});
}

// 2 % are lost on either way. Sound is not repaired: what is lost is invented. A camera that
// believes in less bandwidth for a moment drops its best layer, which is noticed a second
// later.
static void judge_lossy(struct meeting_sim *m)
{
    judge_all(m,
              &(struct bar){.concealed = 6, .pictures = 25, .gap_us = 2000 * 1000, .layer = 1});
}

// People change what they send and watch, and by which way.
static void judge_fidgety(struct meeting_sim *m)
{
    judge_all(m, &(struct bar){.concealed = 2, .gap_us = 500 * 1000, .layer = 2});
}

// --- Plans ---

#define LINE(kbps) .rates = {{0, kbps}}, .rate_count = 1

const struct plan quality_plans[] = {
    {.name = "ten-calm",
     .people = 10,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .span_us = 60 * SECOND_US,
     .judge = judge_calm},
    {.name = "three-lossy",
     .people = 3,
     .simulcast = true,
     .link = {.delay_us = 20000, .jitter_us = 5000, .loss_ppm = 20 * 1000},
     .span_us = 30 * SECOND_US,
     .judge = judge_lossy},
    {.name = "four-fidgety",
     .people = 4,
     .simulcast = true,
     .fidgety = true,
     .link = {.delay_us = 20000, .jitter_us = 5000},
     .span_us = 40 * SECOND_US,
     .judge = judge_fidgety},
    {.name = "three-and-viewers",
     .people = 5,
     .viewers = 2,
     .simulcast = true,
     .link = {.delay_us = 20000, .jitter_us = 5000},
     .span_us = 30 * SECOND_US,
     .judge = judge_calm},
    {.name = "narrow-uplink",
     .people = 3,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{1, {LINE(800), .delay_us = 20000}, {.delay_us = 20000}}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_narrow_uplink},
};
const size_t quality_plan_count = sizeof quality_plans / sizeof *quality_plans;
