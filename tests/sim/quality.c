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

// --- Plans ---

static void judge_nothing(struct meeting_sim *m)
{
    (void)m;
}

const struct plan quality_plans[] = {
    {.name = "ten-calm",
     .people = 10,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .span_us = 60 * SECOND_US,
     .judge = judge_nothing},
    {.name = "loss-10",
     .people = 3,
     .simulcast = true,
     .link = {.delay_us = 20000, .loss_ppm = 100 * 1000},
     .span_us = 30 * SECOND_US,
     .judge = judge_nothing},
    {.name = "narrow",
     .people = 3,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 20000},
                {.rates = {{0, 300}}, .rate_count = 1, .delay_us = 20000}}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_nothing},
};
const size_t quality_plan_count = sizeof quality_plans / sizeof *quality_plans;
