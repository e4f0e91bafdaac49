#include "tests/sim/quality.h"

#include "tests/sim/bars.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000 * 1000, WARM_UP_S = 5 };

// --- Plans ---

#define LINE(kbps) .rates = {{0, kbps}}, .rate_count = 1

const struct plan quality_plans[] = {
    {.name = "ten-calm",
     .people = 10,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .span_us = 20 * SECOND_US,
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
     .lines = {{1, {LINE(800), .delay_us = 20000}, {.delay_us = 20000}, 0}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_narrow_uplink},

    // Downlinks.
    {.name = "narrow-beside-wide",
     .people = 3,
     .cameras = 1,
     .audience = 2,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 20000},
                {LINE(300), .bucket_octets = 3000, .delay_us = 20000, .queue_us = 1000 * 1000},
                0}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_narrow_beside_wide},
    {.name = "narrow-with-remb", // an old browser, or another client
     .people = 3,
     .cameras = 1,
     .audience = 2,
     .simulcast = true,
     .remb = true,
     .link = {.delay_us = 20000},
     .lines =
         {{1, {.delay_us = 20000}, {LINE(300), .delay_us = 20000, .queue_us = 1000 * 1000}, 0}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_narrow_beside_wide},
    {.name = "steps",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines =
         {{1,
           {.delay_us = 20000},
           {.rates = {{0, 3000}, {STEP_DOWN_S * SECOND_US, 500}, {STEP_UP_S * SECOND_US, 3000}},
            .rate_count = 3,
            .delay_us = 20000,
            .queue_us = 1000 * 1000},
           0}},
     .line_count = 1,
     .span_us = 60 * SECOND_US,
     .judge = judge_steps},
    {.name = "nine-cameras",
     .people = 10,
     .cameras = 9,
     .audience = 1,
     .speaker = 1,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{9, {.delay_us = 20000}, {LINE(1200), .delay_us = 20000}, 0}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_nine},
    {.name = "tenth-lost",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .simulcast = true,
     .red = true,
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 40000, .loss_ppm = 100 * 1000},
                {.delay_us = 40000, .loss_ppm = 100 * 1000},
                0}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_tenth_lost},
    {.name = "third-lost",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .simulcast = true,
     .red = true,
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 40000, .loss_ppm = 300 * 1000},
                {.delay_us = 40000, .loss_ppm = 300 * 1000},
                0}},
     .line_count = 1,
     .span_us = 30 * SECOND_US,
     .judge = judge_third_lost},
    {.name = "bursts",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 20000},
                {.delay_us = 20000, .outage = {7 * SECOND_US, 200 * 1000, 5 * SECOND_US}},
                0}},
     .line_count = 1,
     .span_us = 40 * SECOND_US,
     .judge = judge_bursts},
    {.name = "blackout",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 20000,
                 .outage = {BLACKOUT_FROM_S * SECOND_US, BLACKOUT_S *SECOND_US, 0}},
                {.delay_us = 20000,
                 .outage = {BLACKOUT_FROM_S * SECOND_US, BLACKOUT_S *SECOND_US, 0}},
                0}},
     .line_count = 1,
     .span_us = 35 * SECOND_US,
     .judge = judge_blackout},
    {.name = "two-on-one-line",
     .people = 5,
     .cameras = 3,
     .audience = 2,
     .audience_each_us = 3 * SECOND_US,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines =
         {{3, {.delay_us = 20000}, {LINE(3000), .delay_us = 20000, .queue_us = 500 * 1000}, 1}},
     .line_count = 1,
     .span_us = 60 * SECOND_US,
     .judge = judge_fair},
    {.name = "against-tcp",
     .people = 4,
     .cameras = 3,
     .audience = 1,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines = {{3,
                {.delay_us = 20000},
                {LINE(4000), .delay_us = 20000, .queue_us = 150 * 1000, .tcp_flows = 1},
                0}},
     .line_count = 1,
     .span_us = 60 * SECOND_US,
     .judge = judge_against_tcp},
    {.name = "steady",
     .people = 10,
     .cameras = 9,
     .audience = 1,
     .speaker = 1,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .lines =
         {{9, {.delay_us = 20000}, {LINE(5000), .delay_us = 20000, .queue_us = 500 * 1000}, 0}},
     .line_count = 1,
     .span_us = 40 * SECOND_US,
     .judge = judge_steady},

    // Layers in one stream, as browsers send them; of all that anybody sends a part is lost.
    {.name = "vp8-l1t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP8},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "vp9-l1t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "vp9-l2t1",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 2, .full = true, .flat = true},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "vp9-l3t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3, .full = true},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "vp9-l3t3-key",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "vp9-l3t3-key-flexible",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3, .flexible = true},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "av1-l1t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_AV1},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "av1-l3t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_AV1, .spatial = 3, .full = true},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "av1-l3t3-key",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_AV1, .spatial = 3},
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "unrepeated-vp8-l1t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP8},
     .unrepeated = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 30 * SECOND_US,
     .judge = judge_unrepeated},
    {.name = "unrepeated-vp9-l3t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3, .full = true},
     .unrepeated = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 30 * SECOND_US,
     .judge = judge_unrepeated},
    {.name = "unrepeated-av1-l3t3-key",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_AV1, .spatial = 3},
     .unrepeated = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 30 * SECOND_US,
     .judge = judge_unrepeated},
    {.name = "forgetful-vp8-l1t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP8},
     .forgetful = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "forgetful-vp9-l2t1",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 2, .full = true, .flat = true},
     .forgetful = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "forgetful-vp9-l3t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3, .full = true},
     .forgetful = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "forgetful-vp9-l3t3-key",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3},
     .forgetful = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "forgetful-av1-l3t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_AV1, .spatial = 3, .full = true},
     .forgetful = true,
     .link = {.delay_us = 20000, .loss_ppm = 30 * 1000},
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_lossy},
    {.name = "narrow-l1t3", // for all but the last temporal layer there is room
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP8},
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 20000},
                {LINE(1250), .delay_us = 20000, .queue_us = 1000 * 1000},
                0}},
     .line_count = 1,
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_narrow},
    {.name = "narrow-vp9-l3t3",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3, .full = true},
     .link = {.delay_us = 20000},
     .lines =
         {{1, {.delay_us = 20000}, {LINE(400), .delay_us = 20000, .queue_us = 1000 * 1000}, 0}},
     .line_count = 1,
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_narrow},
    {.name = "narrow-vp9-l3t3-key",
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .shape = {.codec = CODEC_VP9, .spatial = 3},
     .link = {.delay_us = 20000},
     .lines =
         {{1, {.delay_us = 20000}, {LINE(400), .delay_us = 20000, .queue_us = 1000 * 1000}, 0}},
     .line_count = 1,
     .span_us = 20 * SECOND_US,
     .judge = judge_svc_narrow},

    {.name = "narrow-screen", // text is to be read: all its resolution, at a quarter of its
                              // pictures
     .people = 2,
     .cameras = 1,
     .audience = 1,
     .screens = true,
     .shape = {.codec = CODEC_VP9, .spatial = 3, .full = true},
     .link = {.delay_us = 20000},
     .lines = {{1,
                {.delay_us = 20000},
                {LINE(1000), .delay_us = 20000, .queue_us = 1000 * 1000},
                0}},
     .line_count = 1,
     .span_us = 20 * SECOND_US,
     .judge = judge_screen_narrow},

    {.name = "coming-and-going", // five a second, where sixty look on
     .people = 61,
     .cameras = 1,
     .audience = 60,
     .audience_from_us = 2 * SECOND_US,
     .audience_each_us = 30 * 1000,
     .change_from_us = 8 * SECOND_US,
     .change_us = 200 * 1000,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .span_us = 23 * SECOND_US,
     .judge = judge_starts},
    {.name = "storm",
     .people = 201,
     .cameras = 1,
     .audience = 200,
     .audience_from_us = 7 * SECOND_US,
     .audience_each_us = 5 * 1000,
     .simulcast = true,
     .link = {.delay_us = 20000},
     .span_us = 11 * SECOND_US,
     .judge = judge_starts},
};
const size_t quality_plan_count = sizeof quality_plans / sizeof *quality_plans;

// Plans that the server does not keep yet. `--quality` leaves them out and says so; `--pending`
// plays these alone, `--plan` any. Whoever makes the server keep one takes its line out.
static const char *const pending[] = {
    "steps",
    "two-on-one-line",
};

bool quality_is_pending(const struct plan *plan)
{
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++)
        if (strcmp(pending[i], plan->name) == 0)
            return true;
    return false;
}

// --- What came of a play ---

void quality_print(const struct meeting_sim *m)
{
    for (size_t i = 0; i < m->figure_count; i++) {
        const struct figure *f = &m->figures[i];
        printf("  %-42s %9.1f %-7s%s\n", f->what, f->value, f->unit,
               f->value < f->least || f->value > f->most ? " MISS" : "");
    }
    unsigned seconds = (unsigned)(m->plan->span_us / SECOND_US);
    for (unsigned i = 0; i < m->plan->people && m->plan->people <= 20; i++) {
        const struct person *p = &m->people[i];
        const struct link *down = network_down(&m->network, i);
        printf("  person %u: queue up to %" PRId64 " ms, %" PRIu64 " dropped, %" PRIu64
               " lost of %" PRIu64 ", %" PRIu64 " feedbacks\n",
               i, down->longest_wait_us / 1000, down->dropped, down->lost, down->sent,
               p->downlink.told);
        for (size_t s = 0; s < p->sink_count; s++) {
            const struct sink *sink = &p->sinks[s];
            const struct viewer *v = sink->viewer;
            if (sink->listener)
                printf("    %-8s %5.2f %% concealed, %" PRIu64 " in a row\n", sink->track,
                       listener_concealed(sink->listener), sink->listener->longest);
            if (v)
                printf("    %-8s %5.1f pictures/s, %4.0f kbit/s, layer %u, %u freezes, "
                       "longest gap %" PRId64 " ms, first after %" PRId64 " ms\n",
                       sink->track, viewer_rate(v, WARM_UP_S, seconds),
                       viewer_kbps(v, WARM_UP_S, seconds), v->layer, v->freezes,
                       v->longest_us / 1000, v->first_us / 1000);
        }
    }
}

// --- What came of all plays ---

enum { SUMS_MAX = 256, VALUES_MAX = 128 };

static struct sum {
    const char *plan;
    struct figure figure; // its value is that of the last play
    double values[VALUES_MAX];
    size_t count;
} sums[SUMS_MAX];
static size_t sum_count;

static struct sum *sum_of(const char *plan, const struct figure *figure)
{
    for (size_t i = 0; i < sum_count; i++)
        if (strcmp(sums[i].plan, plan) == 0 && strcmp(sums[i].figure.what, figure->what) == 0)
            return &sums[i];
    assert(sum_count < SUMS_MAX);
    struct sum *sum = &sums[sum_count++];
    *sum = (struct sum){.plan = plan, .figure = *figure};
    return sum;
}

void quality_note(const struct meeting_sim *m)
{
    for (size_t i = 0; i < m->figure_count; i++) {
        struct sum *sum = sum_of(m->plan->name, &m->figures[i]);
        if (sum->count < VALUES_MAX)
            sum->values[sum->count++] = m->figures[i].value;
    }
}

static int compare_values(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return a < b ? -1 : a > b;
}

void quality_print_figures(void)
{
    for (size_t i = 0; i < sum_count; i++) {
        struct sum *sum = &sums[i];
        qsort(sum->values, sum->count, sizeof *sum->values, compare_values);
        const char *plan = i > 0 && strcmp(sum->plan, sums[i - 1].plan) == 0 ? "" : sum->plan;
        printf("# figure %-20s %-42s %9.1f (%.1f to %.1f) %s\n", plan, sum->figure.what,
               sum->values[sum->count / 2], sum->values[0], sum->values[sum->count - 1],
               sum->figure.unit);
    }
}
