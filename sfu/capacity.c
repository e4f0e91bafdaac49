#include "sfu/capacity.h"

#include "base/mem.h"
#include "base/moment.h"
#include "sfu/carrier.h"
#include "sfu/choice.h"
#include "sfu/forward.h"
#include "sfu/seats.h"
#include "sfu/select.h"
#include "sfu/shared.h"

#include <math.h>
#include <string.h>

enum {
    AUDIO_BPS = 50 * 1000,        // of a microphone, until it was measured
    AUDIO_LEAST_BPS = 200 * 1000, // where nothing waits, sound may take so much
    CROWDED_FROM_US = 60 * 1000,  // waiting in a queue of the way
    BEGIN_US = 100 * 1000,        // a key frame of 180p is 12 KB: as much as 1 Mbit/s takes
    CROWDED_US = 5 * 1000 * 1000, // for how long that counts
    DARK_US = 2 * 1000 * 1000,    // without a picture, before one is tried; then twice that
    DARK_MOST_US = 16 * 1000 * 1000,
    BRIGHT_US = 10 * 1000 * 1000, // after so long with pictures the first time counts again
};

// Of a packet of sound, what another repeats of it: without headers.
static const double repeated_share = 0.6;
static const double audio_share = 0.5;   // of what is carried, when sound is repeated
static const double least_margin = 1.01; // of a sum that is to be found to fit again
static const double sure_share = 0.75;   // of an estimate, which counts as soon as it is found

void capacity_init(struct capacity *d, struct leg *leg, const struct feed_list *feeds)
{
    *d = (struct capacity){.leg = leg, .feeds = feeds, .choose_at = NEVER, .fill.at = NEVER};
}

void capacity_dispose(struct capacity *d)
{
    pace_dispose(&d->pace);
    if (d->estimate)
        bwe_dispose(d->estimate);
    mem_free(d->estimate);
}

// --- What there is to choose from ---

static bool is_picture(const struct feed *f)
{
    return f->answer == FEED_ACCEPTED && f->stream->kind == MEDIA_VIDEO;
}

// `redundancy`: of all feeds that may repeat anything; negative: as it is.
static double audio_bps_with(const struct capacity *d, int redundancy, const struct tick *tick)
{
    double bps = 0;
    for (uint32_t i = 0; i < d->feeds->count; i++) {
        const struct feed *f = d->feeds->at[i];
        struct stream *s = f->stream;
        if (f->answer != FEED_ACCEPTED || s->kind != MEDIA_AUDIO || s->muted || s->unheard)
            continue;
        int depth = redundancy < 0 ? f->redundancy : f->repeatable ? redundancy : 0;
        bps += stream_bps(s, 0, 0, AUDIO_BPS, false, tick->now) * (1 + depth * repeated_share);
    }
    return bps;
}

static double audio_bps(const struct capacity *d, const struct tick *tick)
{
    return audio_bps_with(d, -1, tick);
}

static size_t gather(struct capacity *d, struct allocate_feed *order[SUBSCRIBE_SECTIONS_MAX],
                     const struct tick *tick)
{
    size_t count = 0;
    for (uint32_t i = 0; i < d->feeds->count; i++) {
        struct feed *f = d->feeds->at[i];
        if (!is_picture(f))
            continue;
        struct stream *s = f->stream;
        struct allocate_feed *a = &f->allot;
        a->steps = choice_steps(s, tick->now);
        a->step_count = (uint8_t)choice_step_count(s);
        if (!f->allotted || a->chosen >= a->step_count)
            a->chosen = ALLOCATE_PAUSED;
        a->chosen = (int8_t)choice_step_now(s, a->chosen);
        a->screen = s->screen;
        a->speaker = strcmp(d->leg->meeting->speaker, s->cname) == 0;
        a->wish = s->held ? 0 : (uint8_t)f->max_quality;
        a->priority = f->priority;
        order[count++] = a;
    }
    return count;
}

// The most that the least layer of any picture takes.
static double least_picture_bps(struct allocate_feed *const *order, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        for (uint8_t k = 0; k < order[i]->step_count; k++)
            if (order[i]->steps[k].alive) {
                most = fmax(most, order[i]->steps[k].bps);
                break;
            }
    return most;
}

// Nothing was told of the way yet.
static bool is_assumed(const struct capacity *d)
{
    return d->estimate ? d->estimate->feedback_at == 0 : !bwe_remb_is_told(&d->remb);
}

// 0: not known. Before the first feedback one picture is sent in any case: who is sent nothing
// has nothing to tell of.
static double estimated_bps(struct capacity *d, struct allocate_feed *const *order,
                            size_t count, const struct tick *tick)
{
    double bps = d->estimate ? bwe_bps(d->estimate) : bwe_remb_bps(&d->remb);
    if (!is_assumed(d) || bps == 0)
        return bps;
    if (d->estimate && d->waits_from == 0 && leg_is_connected(d->leg))
        d->waits_from = tick->now;
    if (d->waits_from != 0 && tick->now - d->waits_from >= CAPACITY_SILENT_US)
        return bwe_remb_bps(&d->remb);
    return fmax(bps, audio_bps(d, tick) + least_margin * least_picture_bps(order, count));
}

static struct allocate_limits limits_of(struct capacity *d, struct allocate_feed *const *order,
                                        size_t count, const struct tick *tick)
{
    bool lossy = d->estimate && d->estimate->loss.heavy;
    double audio = audio_bps(d, tick);
    return (struct allocate_limits){
        .estimate_bps = estimated_bps(d, order, count, tick),
        .is_assumed = is_assumed(d),
        .carried_bps = d->estimate ? bwe_queue_least(&d->estimate->queue, tick->now) : 0,
        .max_bps = lossy ? allocate_lossy_bps(order, count, d->cap.kbps * 1e3, audio)
                         : d->cap.kbps * 1e3,
        .audio_bps = audio,
        .begin_us = BEGIN_US,
        .loss = d->loss,
        .loss_threshold = d->cap.loss_percent / 100.0,
        .degrade_us = d->cap.degrade_us,
        .recover_us = d->cap.recover_us,
    };
}

// --- What comes of it ---

// To a client, whose sections have names. What was never less than asked for needs no words.
static void tell(const struct capacity *d, struct feed *f, const struct tick *tick)
{
    const struct allocate_feed *a = &f->allot;
    if (f->stream->layer_count == 1 && !f->stream->layers[0].shaped)
        return; // nobody knows yet what there will be
    uint8_t wish = (uint8_t)f->max_quality;
    bool single = choice_is_single(f->stream);
    uint8_t current = single && a->chosen != ALLOCATE_PAUSED ? wish : allocate_quality(a);
    uint8_t best = single && allocate_expected(a) ? wish : allocate_expected(a);
    uint8_t offered = (uint8_t)choice_best(f->stream, f->max_quality);
    // Not of a picture that is only about to begin: clients hide one of which nothing is sent,
    // ask for nothing then, and for the picture again as soon as they hear that it is not
    // degraded.
    bool publisher_degraded =
        !f->stream->muted && !f->stream->held && best < offered && current != 0;
    struct feed_told told = {
        .current = current,
        .expected = wish,
        // Fewer pictures of the same quality are nothing that clients show.
        .subscriber_degraded = a->degraded && current < best,
        .publisher_degraded = publisher_degraded,
    };
    bool less = told.subscriber_degraded || told.publisher_degraded;
    if (f->seat || (!f->was_told && !less) || memcmp(&told, &f->told, sizeof told) == 0)
        return;
    f->was_told = true;
    f->told = told;
    struct notice *n = notice_add(tick->notices, NOTICE_LAYER);
    n->room = d->leg->meeting->id;
    n->endpoint = d->leg->endpoint;
    n->track = f->stream->id;
    n->layer.current = told.current;
    n->layer.expected = told.expected;
    n->layer.subscriber_degraded = told.subscriber_degraded;
    n->layer.publisher_degraded = told.publisher_degraded;
}

// The way carries much less than before, and what was sent until that showed is still on it:
// pictures stop at once, and begin again when it is gone. They begin with a key frame: what was
// lost of them before is of no use, and would fill the way again.
static bool stalls(struct capacity *d, const struct tick *tick)
{
    int64_t until = d->estimate ? bwe_drained_at(d->estimate) : 0;
    if (until <= tick->now)
        return false;
    for (uint32_t i = 0; i < d->feeds->count; i++) {
        struct feed *f = d->feeds->at[i];
        if (!is_picture(f))
            continue;
        f->allotted = true;
        f->allot.chosen = ALLOCATE_PAUSED;
        feed_cut(f);
        f->repair_from = f->segments.tail.next_seq;
        select_layer(f, tick);
    }
    d->choose_at = until;
    leg_touch(d->leg);
    return true;
}

// Of a way on which no picture is sent nothing is found out: a client that had no time for a
// moment, and told of a queue that was its own, would be without pictures for long. So one is
// tried as at the start.
static void try_again(struct capacity *d, struct allocate_feed *const *order, size_t count,
                      const struct tick *tick)
{
    bool wanted = false, shown = false;
    for (size_t i = 0; i < count; i++) {
        wanted |= order[i]->wish > 0 && order[i]->step_count > 0;
        shown |= order[i]->chosen != ALLOCATE_PAUSED;
    }
    if (!d->estimate || d->estimate->feedback_at == 0 || !wanted || shown) {
        if (shown && d->dark_from == 0 && tick->now - d->dark_until >= BRIGHT_US)
            d->dark_us = 0;
        if (d->dark_from != 0)
            d->dark_until = tick->now;
        d->dark_from = 0;
        return;
    }
    if (d->dark_from == 0)
        d->dark_from = tick->now;
    int64_t patience = d->dark_us ? d->dark_us : DARK_US;
    if (tick->now - d->dark_from < patience)
        return;
    d->dark_us = 2 * patience < DARK_MOST_US ? 2 * patience : DARK_MOST_US;
    d->dark_from = 0;
    d->dark_until = tick->now;
    d->waits_from = 0;
    for (size_t i = 0; i < count; i++) {
        order[i]->waited = false;
        order[i]->hold_us = 0;
    }
    bwe_restart(d->estimate, CAPACITY_START_BPS + audio_bps(d, tick), tick->now);
    pace_restart(&d->pace, bwe_bps(d->estimate), tick->now);
}

static void choose(struct capacity *d, const struct tick *tick)
{
    struct allocate_feed *order[SUBSCRIBE_SECTIONS_MAX];
    d->choose_at = NEVER;
    if (stalls(d, tick))
        return;
    if (!d->estimate && bwe_remb_bps(&d->remb) == 0 && d->cap.kbps == 0 &&
        d->cap.loss_percent == 0)
        return; // nothing bounds it
    size_t count = gather(d, order, tick);
    try_again(d, order, count, tick);
    struct allocate_limits limits = limits_of(d, order, count, tick);
    allocate(&d->allocator, &limits, order, count, tick->now, &d->allocation);
    d->chosen_at = tick->now;
    for (uint32_t i = 0; i < d->feeds->count; i++) {
        struct feed *f = d->feeds->at[i];
        if (!is_picture(f))
            continue;
        f->allotted = true;
        select_layer(f, tick);
        tell(d, f, tick);
    }
    if (count)
        d->choose_at = tick->now + CAPACITY_LOOK_AGAIN_US;
    leg_touch(d->leg);
}

// --- Probes ---

static struct feed *feed_of(const struct capacity *d, uint32_t ssrc)
{
    for (uint32_t i = 0; i < d->feeds->count; i++)
        if (d->feeds->at[i]->ssrc == ssrc && feed_line(d->feeds->at[i]))
            return d->feeds->at[i];
    return NULL;
}

// What waits, and padding of a probe, as far as it may leave by now.
static void send_waiting(struct capacity *d, const struct tick *tick)
{
    struct pacer *pacer = &d->pace.pacer;
    struct pacer_item item;
    enum pacer_turn turn;
    while ((turn = pacer_next(pacer, &item, tick->now)) != PACER_NOTHING) {
        struct feed *f = turn == PACER_PACKET ? feed_of(d, item.feed)
                                              : carrier_find(d->feeds, d->estimate != NULL);
        if (!f && turn == PACER_PADDING)
            pacer_end_probe(pacer);
        if (!f)
            continue;
        item.octets = (uint16_t)(turn == PACER_PADDING
                                     ? carrier_pad(f, item.octets, d->estimate != NULL,
                                                   item.cluster, tick)
                                     : forward_waiting(f, item.number, item.cluster, tick));
        if (item.octets)
            pacer_sent(pacer, &item, tick->now);
    }
}

// More is looked for only while somebody would have more, and could not have it at once.
static void probe(struct capacity *d, const struct tick *tick)
{
    struct bwe_cluster cluster;
    if (!d->estimate || pacer_is_probing(&d->pace.pacer))
        return;
    if (d->allocation.next_bps <= sure_share * bwe_bps(d->estimate) ||
        !carrier_find(d->feeds, true))
        return;
    if (!bwe_cluster(d->estimate, &cluster, d->allocation.next_bps, tick->now))
        return;
    pacer_probe(&d->pace.pacer, &cluster);
    send_waiting(d, tick);
    leg_touch(d->leg);
}

// --- Rates that are told ---

static void pace_by_rate(struct capacity *d, const struct tick *tick)
{
    struct pace_way way = {
        .bps = bwe_remb_bps(&d->remb),
        .used_bps = d->allocation.used_bps,
        .wait_us = d->remb.bound ? CROWDED_FROM_US : 0, // a queue is how a bound is found
    };
    if (d->pace.path)
        pace_follow(&d->pace, &way, tick->now);
}

static void look_for_more(struct capacity *d, const struct tick *tick)
{
    if (d->estimate || bwe_remb_bps(&d->remb) == 0 || !leg_is_connected(d->leg))
        return;
    bwe_remb_sent(&d->remb, transport_path(d->leg->transport)->sent_octets, tick->now);
    bwe_remb_want(&d->remb, d->allocation.next_bps, carrier_find(d->feeds, false) != NULL,
                  tick->now);
    pace_by_rate(d, tick);
}

static double fill_bps(const struct capacity *d, const struct tick *tick)
{
    return d->estimate ? 0 : bwe_remb_fill_bps(&d->remb, d->allocation.next_bps, tick->now);
}

static void fill_or_rest(struct capacity *d, const struct tick *tick)
{
    int64_t before = d->fill.at;
    fill_follow(&d->fill, fill_bps(d, tick), transport_path(d->leg->transport), d->feeds,
                tick->now);
    if (d->fill.at < before)
        leg_touch(d->leg);
}

// --- What happens ---

static bool is_numbered(const struct capacity *d)
{
    for (uint32_t i = 0; i < d->feeds->count; i++)
        if (d->feeds->at[i]->answer == FEED_ACCEPTED && d->feeds->at[i]->numbered)
            return true;
    return false;
}

static bool is_rated(const struct capacity *d)
{
    for (uint32_t i = 0; i < d->feeds->count; i++)
        if (is_picture(d->feeds->at[i]) && d->feeds->at[i]->rated)
            return true;
    return false;
}

static bool is_paced(const struct capacity *d)
{
    return d->pace.path != NULL;
}

static void begin_pace(struct capacity *d, double bps, const struct tick *tick)
{
    if (is_paced(d)) // what waits leaves when the new pace lets it
        pace_restart(&d->pace, bps, tick->now);
    else
        pace_begin(&d->pace, d->leg, bps, tick->now);
}

void capacity_follow(struct capacity *d, const struct tick *tick)
{
    if (!d->leg->meeting)
        return;
    if (!d->estimate && is_numbered(d)) {
        d->estimate = mem_alloc(sizeof *d->estimate);
        // Sound is sent whatever is, so it comes on top.
        bwe_init(d->estimate, CAPACITY_START_BPS + audio_bps(d, tick), tick->now);
        begin_pace(d, bwe_bps(d->estimate), tick);
        transport_path(d->leg->transport)->estimate = d->estimate;
        d->fill.at = NEVER;
    } else if (!d->estimate && !is_paced(d) && is_rated(d)) {
        if (bwe_remb_bps(&d->remb) == 0)
            bwe_remb_begin(&d->remb, CAPACITY_START_BPS + audio_bps(d, tick));
        begin_pace(d, bwe_remb_bps(&d->remb), tick);
    }
    for (uint32_t i = 0; i < d->feeds->count; i++)
        if (d->feeds->at[i]->repaired)
            d->feeds->at[i]->pace = is_paced(d) ? &d->pace : NULL;
    choose(d, tick);
}

static void take_estimate(struct capacity *d, double bps, const struct tick *tick)
{
    if (tick->now - d->chosen_at >= CAPACITY_CHOOSE_US || bps < d->allocation.used_bps)
        choose(d, tick);
}

void capacity_feedback(struct capacity *d, struct bytes packet, const struct tick *tick)
{
    struct twcc_feedback feedback;
    if (!d->estimate || twcc_parse(&feedback, packet) < 0)
        return;
    bwe_feedback(d->estimate, &feedback, tick->now);
    const struct bwe_queue *queue = &d->estimate->queue;
    struct pace_way way = {
        .bps = bwe_bps(d->estimate),
        .carried_bps = queue->shared ? 0 : bwe_queue_least(queue, tick->now),
        .was_full = bwe_was_full(d->estimate),
        .doubtful_bps = bwe_doubtful_bps(d->estimate, tick->now),
        .used_bps = d->allocation.used_bps,
        .wait_us = queue->wait_us,
        .crowded = bwe_queue_longer_wait(queue) > CROWDED_FROM_US && !queue->shared,
    };
    pace_follow(&d->pace, &way, tick->now);
    take_estimate(d, bwe_bps(d->estimate), tick);
    probe(d, tick);
}

void capacity_remb(struct capacity *d, double bps, bool has_sound, const struct tick *tick)
{
    if (bwe_remb_bps(&d->remb) == 0) // it was sent all until now
        bwe_remb_begin(&d->remb, BWE_MOST_BPS);
    bwe_remb_sent(&d->remb, transport_path(d->leg->transport)->sent_octets, tick->now);
    bwe_remb_told(&d->remb, bps, has_sound ? 0 : audio_bps(d, tick), tick->now);
    if (d->estimate)
        return;
    pace_by_rate(d, tick);
    take_estimate(d, bwe_remb_bps(&d->remb), tick);
    fill_or_rest(d, tick);
}

// Where nothing waits in a queue the way loses whatever is sent, and has a low estimate for
// that alone.
uint8_t capacity_redundancy(struct capacity *d, uint8_t wanted, const struct tick *tick)
{
    double most =
        bwe_remb_is_told(&d->remb) ? audio_share * bwe_remb_bps(&d->remb) : 0; // 0: any
    if (d->estimate) {
        if (d->estimate->queue.wait_us > CROWDED_FROM_US)
            d->crowded_until = tick->now + CROWDED_US;
        most = audio_share * bwe_bps(d->estimate);
        if (d->crowded_until <= tick->now)
            most = fmax(most, AUDIO_LEAST_BPS);
    }
    while (most > 0 && wanted > 0 && audio_bps_with(d, wanted, tick) > most)
        wanted--;
    return wanted;
}

int64_t capacity_deadline(const struct capacity *d)
{
    int64_t at = is_paced(d) ? pacer_deadline(&d->pace.pacer) : NEVER;
    at = d->fill.at < at ? d->fill.at : at;
    return d->choose_at < at ? d->choose_at : at;
}

void capacity_expire(struct capacity *d, const struct tick *tick)
{
    if (is_paced(d) && pacer_deadline(&d->pace.pacer) <= tick->now)
        send_waiting(d, tick);
    if (d->choose_at <= tick->now) {
        look_for_more(d, tick);
        choose(d, tick);
        probe(d, tick);
    }
    fill_or_rest(d, tick);
    if (d->fill.at <= tick->now)
        fill_step(&d->fill, fill_bps(d, tick), transport_path(d->leg->transport), d->feeds,
                  tick);
}
