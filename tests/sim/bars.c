#include "tests/sim/bars.h"

#include "tests/sim/meeting.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MS = 1000,
    SECOND_US = 1000 * 1000,
    WARM_UP_S = 5,
    // A play begins at second 1 and media within a second: three seconds of it are over.
    BEGUN_S = 5,
    SETTLED_S = 20,
};

#define ANY 1e12

// --- What a play brought ---

// The second of the network's in which the play ends.
static unsigned end_s(const struct meeting_sim *m)
{
    return (unsigned)(m->now / SECOND_US);
}

// `person` of the audience, counted from 0.
static const struct person *audience(const struct meeting_sim *m, unsigned person)
{
    return &m->people[m->plan->people - m->plan->viewers - m->plan->audience + person];
}

// What `p` sees of a camera.
static const struct viewer *view(struct meeting_sim *m, const struct person *p, unsigned camera)
{
    static const struct viewer nothing;
    for (size_t s = 0; s < p->sink_count; s++)
        if (p->sinks[s].viewer &&
            strcmp(p->sinks[s].track, m->people[camera].sections[1].track_id) == 0)
            return p->sinks[s].viewer;
    meeting_fail(m, "person %u was not offered the camera of %u", p->number, camera);
    return &nothing;
}

// Per cent of the microphone that it hears worst.
static double concealed(struct meeting_sim *m, const struct person *p)
{
    double worst = 0;
    unsigned heard = 0;
    for (size_t s = 0; s < p->sink_count; s++) {
        const struct listener *l = p->sinks[s].listener;
        if (!l)
            continue;
        heard++;
        worst = listener_concealed(l) > worst ? listener_concealed(l) : worst;
    }
    if (heard == 0)
        meeting_fail(m, "person %u was offered no sound", p->number);
    return worst;
}

// kbit/s of all cameras from second `from` of the network on.
static double seen_kbps(const struct person *p, unsigned from, unsigned until)
{
    double kbps = 0;
    for (size_t s = 0; s < p->sink_count; s++) {
        const struct viewer *v = p->sinks[s].viewer;
        if (v)
            kbps += viewer_kbps(v, viewer_second(v, (int64_t)from * SECOND_US),
                                viewer_second(v, (int64_t)until * SECOND_US));
    }
    return kbps;
}

static const struct link *down(const struct meeting_sim *m, const struct person *p)
{
    return network_down(&m->network, p->number);
}

static double queue_ms(const struct meeting_sim *m, const struct person *p, unsigned from)
{
    return (double)link_longest_wait(down(m, p), from, end_s(m)) / MS;
}

// --- Everybody gets everybody ---

// What every receiver gets of every person, from the end of the warm-up on.
struct bar {
    double concealed; // per cent at most
    double pictures;  // a second at least
    int64_t gap_us;   // between two pictures at most; 0: any
    int64_t early_us; // the same, in the warm-up; 0: as later
    uint8_t layer;    // at least as good as this at the end
};

static unsigned whole_seconds(const struct meeting_sim *m)
{
    return (unsigned)(m->plan->span_us / SECOND_US);
}

static void judge_sink(struct meeting_sim *m, const struct person *p, const struct sink *sink,
                       const struct bar *bar)
{
    const struct viewer *v = sink->viewer;
    if (sink->listener && listener_concealed(sink->listener) > bar->concealed)
        meeting_fail(m, "person %u: %.1f %% of %s was invented", p->number,
                     listener_concealed(sink->listener), sink->track);
    if (!v)
        return;
    double pictures = viewer_rate(v, WARM_UP_S, whole_seconds(m));
    if (pictures < bar->pictures)
        meeting_fail(m, "person %u: %.1f pictures a second of %s", p->number, pictures,
                     sink->track);
    int64_t early_us = bar->early_us ? bar->early_us : bar->gap_us;
    int64_t longest_us = viewer_longest(v, WARM_UP_S, whole_seconds(m));
    if (bar->gap_us && (v->longest_us > early_us || longest_us > bar->gap_us))
        meeting_fail(m, "person %u: %s stood for %" PRId64 " ms, and for %" PRId64 " ms",
                     p->number, sink->track, v->longest_us / MS, longest_us / MS);
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

// Until it is known what a line carries, each fourth picture (133 ms) may be all that is sent,
// and one of them may wait for another's key frame to be paced.
void judge_calm(struct meeting_sim *m)
{
    judge_all(m,
              &(struct bar){
                  .concealed = 0.1, .pictures = 29, .gap_us = 100 * MS, .early_us = 200 * MS});
}

void judge_narrow_uplink(struct meeting_sim *m)
{
    judge_all(m,
              &(struct bar){.concealed = 2, .pictures = 27, .gap_us = SECOND_US, .layer = 1});
}

// 2 % are lost on either way. Sound is not repaired: what is lost is invented. A camera that
// believes in less bandwidth for a moment drops its best layer, which is noticed a second
// later.
void judge_lossy(struct meeting_sim *m)
{
    judge_all(
        m, &(struct bar){.concealed = 6, .pictures = 25, .gap_us = 2 * SECOND_US, .layer = 1});
}

// People change what they send and watch, and by which way.
void judge_fidgety(struct meeting_sim *m)
{
    judge_all(m, &(struct bar){.concealed = 2, .gap_us = 500 * MS, .layer = 2});
}

// --- Too little room ---

void judge_narrow_beside_wide(struct meeting_sim *m)
{
    const struct person *narrow = audience(m, 0);
    const struct person *wide = audience(m, 1);
    const struct viewer *v = view(m, narrow, 0);
    unsigned end = viewer_second(v, m->now);
    meeting_figure(m, "narrow: sound invented", concealed(m, narrow), "%", 0, 2);
    meeting_figure(m, "narrow: pictures", viewer_rate(v, WARM_UP_S, end), "/s", 10, 31);
    meeting_figure(m, "narrow: longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS,
                   "ms", 0, ANY);
    meeting_figure(m, "narrow: queue after 3 s", queue_ms(m, narrow, BEGUN_S), "ms", 0, 250);
    v = view(m, wide, 0);
    end = viewer_second(v, m->now);
    meeting_figure(m, "wide: sound invented", concealed(m, wide), "%", 0, 0.1);
    meeting_figure(m, "wide: pictures", viewer_rate(v, WARM_UP_S, end), "/s", 29, 31);
    meeting_figure(m, "wide: worst layer", viewer_worst_layer(v, WARM_UP_S, end), "", 0, 0);
    meeting_figure(m, "wide: longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms",
                   0, 100);
    meeting_figure(m, "wide: pictures not shown", (double)v->skipped, "", 0, 0);
}

// How many seconds after `at` the best layer is there for good.
static double best_layer_after_s(const struct viewer *v, int64_t at, int64_t until)
{
    unsigned from = viewer_second(v, at);
    unsigned back = from;
    for (unsigned second = from; second < viewer_second(v, until); second++)
        if (v->layer_in[second] != 0)
            back = second + 1;
    return back - from;
}

void judge_steps(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    unsigned fall = viewer_second(v, (int64_t)STEP_DOWN_S * SECOND_US);
    meeting_figure(m, "queue above 200 ms for", (double)down(m, p)->longest_long_us / MS, "ms",
                   0, 1000);
    meeting_figure(m, "longest queue", queue_ms(m, p, 0), "ms", 0, ANY);
    meeting_figure(m, "longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms", 0,
                   1000);
    meeting_figure(m, "layer before the fall", viewer_worst_layer(v, fall - 8, fall - 1), "", 0,
                   0);
    meeting_figure(m, "best layer again after",
                   best_layer_after_s(v, (int64_t)STEP_UP_S * SECOND_US, m->now), "s", 0, 10);
    meeting_figure(m, "sound invented", concealed(m, p), "%", 0, 2);
}

// Of how many videos it was told that less is sent than it asked for.
static unsigned told_degraded(const struct person *p)
{
    unsigned count = 0;
    for (size_t s = 0; s < p->sink_count; s++)
        count += p->sinks[s].viewer && p->sinks[s].degraded;
    return count;
}

// Per cent of the time in which a camera that does not speak was shown better than at its
// lowest layer.
static double better_than_lowest(struct meeting_sim *m, const struct person *p, unsigned from)
{
    unsigned better = 0;
    unsigned all = 0;
    for (unsigned camera = 1; camera < m->plan->cameras; camera++) {
        const struct viewer *v = view(m, p, camera);
        for (unsigned s = from; s < viewer_second(v, m->now); s++, all++)
            better += v->layer_in[s] < 2;
    }
    return all ? 100.0 * better / all : 100;
}

void judge_nine(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    meeting_figure(m, "sound invented, of the worst", concealed(m, p), "%", 0, 1);
    meeting_figure(m, "speaker: pictures", viewer_rate(v, WARM_UP_S, end), "/s", 15, 31);
    meeting_figure(m, "speaker: longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS,
                   "ms", 0, ANY);
    meeting_figure(m, "others: above their lowest layer", better_than_lowest(m, p, 10), "%", 0,
                   5);
    meeting_figure(m, "others: told as degraded", told_degraded(p), "", 8, 9);
    meeting_figure(m, "queue after 3 s", queue_ms(m, p, BEGUN_S), "ms", 0, ANY);
}

// --- Losses ---

static void judge_losses(struct meeting_sim *m, double invented, double pictures)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    meeting_figure(m, "sound invented", concealed(m, p), "%", 0, invented);
    meeting_figure(m, "pictures", viewer_rate(v, WARM_UP_S, end), "/s", pictures, 31);
    meeting_figure(m, "longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms", 0,
                   ANY);
}

void judge_tenth_lost(struct meeting_sim *m)
{
    judge_losses(m, 2, 20);
}

void judge_third_lost(struct meeting_sim *m)
{
    judge_losses(m, 8, 0);
}

void judge_bursts(struct meeting_sim *m)
{
    const struct viewer *v = view(m, audience(m, 0), 0);
    unsigned end = viewer_second(v, m->now);
    meeting_figure(m, "longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms", 0,
                   500);
    meeting_figure(m, "pictures", viewer_rate(v, WARM_UP_S, end), "/s", 0, 31);
}

void judge_blackout(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned from = viewer_second(v, (int64_t)BLACKOUT_FROM_S * SECOND_US);
    unsigned end = viewer_second(v, m->now);
    double gap_ms = (double)viewer_longest(v, from, end) / MS;
    meeting_figure(m, "picture after its end", gap_ms - BLACKOUT_S * 1000, "ms", 0, 1000);
    meeting_figure(m, "pictures 5 s later", viewer_rate(v, from + BLACKOUT_S + 5, end), "/s",
                   25, 31);
    meeting_figure(m, "layer at the end", v->layer, "", 0, 0);
}

// --- Shares ---

void judge_fair(struct meeting_sim *m)
{
    double first = seen_kbps(audience(m, 0), SETTLED_S, end_s(m));
    double second = seen_kbps(audience(m, 1), SETTLED_S, end_s(m));
    double larger = first > second ? first : second;
    double smaller = first > second ? second : first;
    meeting_figure(m, "the larger against the smaller", smaller > 0 ? larger / smaller : 1000,
                   "x", 1, 2);
    meeting_figure(m, "together", first + second, "kbit/s", 0, ANY);
    meeting_figure(m, "queue", queue_ms(m, audience(m, 0), SETTLED_S), "ms", 0, ANY);
}

void judge_against_tcp(struct meeting_sim *m)
{
    const struct link *link = down(m, audience(m, 0));
    double kbps = link_kbps(link, 0);
    double tcp = link_tcp_kbps(link, SETTLED_S, end_s(m));
    meeting_figure(m, "the call's share",
                   100 * link_carried_kbps(link, SETTLED_S, end_s(m)) / kbps, "%", 25, 75);
    meeting_figure(m, "TCP's", 100 * tcp / kbps, "%", 25, 75);
    meeting_figure(m, "sound invented, of the worst", concealed(m, audience(m, 0)), "%", 0,
                   ANY);
}

void judge_steady(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    double kbps = link_kbps(down(m, p), 0);
    meeting_figure(m, "used of the line",
                   100 * link_carried_kbps(down(m, p), SETTLED_S, end_s(m)) / kbps, "%", 85,
                   100.1);
    meeting_figure(m, "queue", queue_ms(m, p, SETTLED_S), "ms", 0, 250);
    meeting_figure(m, "sound invented, of the worst", concealed(m, p), "%", 0, 2);
}

// --- Layers in one stream ---

void judge_svc_lossy(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    double sent = (double)SECOND_US / VIDEO_FRAME_US;
    // What was late when the first second began is shown in it, too: a third of a second's.
    meeting_figure(m, "shown of what is sent", 100 * viewer_rate(v, WARM_UP_S, end) / sent, "%",
                   90, 103);
    meeting_figure(m, "longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms", 0,
                   500);
    meeting_figure(m, "spatial layer at the end", v->spatial, "",
                   shape_spatial(&m->plan->shape) - 1, SPATIAL_MAX);
}

// What is lost of the last temporal layer never comes, and is no reason for a key frame.
void judge_unrepeated(struct meeting_sim *m)
{
    const struct source *camera = &m->people[0].sources[1];
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    double sent = (double)SECOND_US / VIDEO_FRAME_US;
    meeting_figure(m, "shown of what is sent", 100 * viewer_rate(v, SETTLED_S, end) / sent, "%",
                   80, 101);
    meeting_figure(m, "longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms", 0,
                   500);
    meeting_figure(m, "key frames asked for", camera->layers[0].asked, "", 0, 3);
}

void judge_svc_narrow(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    meeting_figure(m, "sound invented", concealed(m, p), "%", 0, 2);
    meeting_figure(m, "pictures", viewer_rate(v, WARM_UP_S, end), "/s", 10, 31);
    meeting_figure(m, "longest gap", (double)viewer_longest(v, WARM_UP_S, end) / MS, "ms", 0,
                   ANY);
    meeting_figure(m, "queue after 3 s", queue_ms(m, p, BEGUN_S), "ms", 0, 250);
}

void judge_screen_narrow(struct meeting_sim *m)
{
    const struct person *p = audience(m, 0);
    const struct viewer *v = view(m, p, 0);
    unsigned end = viewer_second(v, m->now);
    meeting_figure(m, "sound invented", concealed(m, p), "%", 0, 2);
    meeting_figure(m, "pictures", viewer_rate(v, WARM_UP_S, end), "/s", 5, 31);
    meeting_figure(m, "spatial layer at the end", v->spatial, "", SPATIAL_MAX - 1, SPATIAL_MAX);
    meeting_figure(m, "queue after 3 s", queue_ms(m, p, BEGUN_S), "ms", 0, 250);
}

// --- Beginning ---

static int compare_spans(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

void judge_starts(struct meeting_sim *m)
{
    size_t count = m->start_count;
    qsort(m->starts_us, count, sizeof *m->starts_us, compare_spans);
    if (count == 0) {
        meeting_fail(m, "nobody saw anything");
        return;
    }
    meeting_figure(m, "beginnings", (double)count, "", 50, ANY);
    meeting_figure(m, "first packet to picture, median", (double)m->starts_us[count / 2] / MS,
                   "ms", 0, 40);
    meeting_figure(m, "first packet to picture, p99",
                   (double)m->starts_us[count * 99 / 100] / MS, "ms", 0, 120);
    meeting_figure(m, "key frames asked of a layer in a second", m->people[0].most_asked, "", 0,
                   2);
}
