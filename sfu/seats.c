#include "sfu/seats.h"

#include "base/mem.h"
#include "sfu/endpoint.h"
#include "sfu/publisher.h"
#include "sfu/select.h"
#include "sfu/shared.h"
#include "sfu/subscriber.h"
#include "sfu/track.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seats *seats_new(const struct tick *tick)
{
    struct seats *seats = mem_alloc(sizeof *seats);
    snprintf(seats->cname, sizeof seats->cname, "%016" PRIx64,
             rng_u64(tick->shared->config.rng));
    return seats;
}

void seats_free(struct seats *seats)
{
    if (seats)
        mem_free(seats->at);
    mem_free(seats);
}

// The very profile if there is one: RFC 6184 section 8.2.2. A larger one holds it, too.
const struct negotiated_codec *seat_codec(const struct seat *seat,
                                          const struct negotiated_codec *sent)
{
    const struct negotiated_codec *found = NULL;
    for (size_t i = 0; i < seat->codec_count; i++) {
        const struct negotiated_codec *c = &seat->codecs[i];
        bool carries = c->codec == sent->codec && h264_decodes(c->profile, sent->profile) &&
                       (!c->single || sent->single);
        if (carries && (!found || c->profile == sent->profile))
            found = c;
    }
    return found;
}

// --- The offer ---

static bool ssrc_is_taken(const struct seats *seats, uint32_t ssrc)
{
    for (uint32_t i = 0; i < seats->count; i++)
        if (seats->at[i].ssrc == ssrc || seats->at[i].rtx_ssrc == ssrc)
            return true;
    return ssrc == 0 || ssrc == PUBLISHER_RTCP_SSRC;
}

static uint32_t new_ssrc(const struct seats *seats, struct rng *rng)
{
    uint32_t ssrc;
    do
        ssrc = rng_u32(rng);
    while (ssrc_is_taken(seats, ssrc));
    return ssrc;
}

static bool has_rtx(const struct seat *seat)
{
    for (size_t i = 0; i < seat->codec_count; i++)
        if (seat->codecs[i].rtx_payload_type)
            return true;
    return false;
}

static void make_seat(struct seats *seats, struct watch_section *section, struct rng *rng)
{
    struct seat *seat = &seats->at[seats->count++];
    *seat = (struct seat){
        .kind = section->kind,
        .codec_count = section->codec_count,
        .extensions = section->extensions,
        .tail = {.sent.next_seq = rng_below(rng, FEED_SEQ_START_BOUND),
                 .rtx_seq = rng_below(rng, FEED_SEQ_START_BOUND)},
    };
    memcpy(seat->mid, section->mid, sizeof seat->mid);
    memcpy(seat->codecs, section->codecs, sizeof seat->codecs);
    section->ssrc = seat->ssrc = new_ssrc(seats, rng);
    if (has_rtx(seat))
        section->rtx_ssrc = seat->rtx_ssrc = new_ssrc(seats, rng);
}

void seats_take_offer(struct subscriber *s, struct watch_offer *offer, const struct tick *tick)
{
    s->seats->at = mem_alloc_array(offer->section_count, sizeof *s->seats->at);
    for (size_t i = 0; i < offer->section_count; i++)
        if (offer->sections[i].receiving)
            make_seat(s->seats, &offer->sections[i], tick->shared->config.rng);
    seats_fill(s, tick);
}

// --- Who sits where ---

static uint8_t loudness(const struct feed *f)
{
    const struct track *t = f->track;
    return t->muted ? 0 : speakers_level(&t->publisher->endpoint->meeting->speakers, t->id);
}

// Somebody who talks keeps the seat from somebody who is only louder.
static bool is_before(const struct feed *a, const struct feed *b)
{
    if (a->track->muted != b->track->muted)
        return b->track->muted;
    if (a->track->kind == MEDIA_VIDEO && a->ahead != b->ahead)
        return a->ahead;
    uint8_t loud_a = a->track->kind == MEDIA_AUDIO ? loudness(a) : 0;
    uint8_t loud_b = a->track->kind == MEDIA_AUDIO ? loudness(b) : 0;
    if ((loud_a > 0) != (loud_b > 0))
        return loud_a > 0;
    if ((a->seat != NULL) != (b->seat != NULL))
        return a->seat != NULL;
    return loud_a != loud_b ? loud_a > loud_b : a->track->id < b->track->id;
}

static bool may_sit(const struct seat *seat, const struct feed *f)
{
    return seat->kind == f->track->kind && seat_codec(seat, &f->track->codec);
}

static bool may_sit_anywhere(const struct seats *seats, const struct feed *f)
{
    for (uint32_t i = 0; i < seats->count; i++)
        if (may_sit(&seats->at[i], f))
            return true;
    return false;
}

static int by_rank(const void *a, const void *b)
{
    const struct feed *left = *(struct feed *const *)a, *right = *(struct feed *const *)b;
    return is_before(left, right) ? -1 : is_before(right, left);
}

static bool is_among(struct feed *const *list, uint32_t count, const struct feed *f)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == f)
            return true;
    return false;
}

// Those of one kind that are to sit, best first: as many as there are seats of it.
static uint32_t choose(const struct subscriber *s, enum media_kind kind,
                       struct feed *chosen[SUBSCRIBER_FEEDS_MAX])
{
    uint32_t most = 0, count = 0;
    for (uint32_t i = 0; i < s->seats->count; i++)
        most += s->seats->at[i].kind == kind;
    for (uint32_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i]->track->kind == kind && may_sit_anywhere(s->seats, s->feeds[i]))
            chosen[count++] = s->feeds[i];
    if (count)
        qsort(chosen, count, sizeof *chosen, by_rank);
    return count < most ? count : most;
}

void seats_leave(struct feed *f, const struct tick *tick)
{
    struct seat *seat = f->seat;
    if (!seat)
        return;
    assert(seat->feed == f);
    select_flow(f, false, tick);
    seat->tail = feed_tail(f);
    seat->feed = NULL;
    f->seat = NULL;
    f->seated_codec = NULL;
    f->accepted = false;
    f->ssrc = f->rtx_ssrc = 0;
}

static void sit(struct subscriber *s, struct feed *f, const struct tick *tick)
{
    struct seat *seat = s->seats->at;
    struct seat *end = seat + s->seats->count;
    while (seat < end && (seat->feed || !may_sit(seat, f)))
        seat++;
    if (seat == end)
        return; // those that would do are taken
    const struct negotiated_codec *codec = seat_codec(seat, &f->track->codec);
    assert(codec && !f->seat);
    seat->feed = f;
    f->seat = seat;
    f->seated_codec = codec;
    f->accepted = true;
    f->ssrc = seat->ssrc;
    f->rtx_ssrc = codec->rtx_payload_type ? seat->rtx_ssrc : 0;
    feed_go_on(f, &seat->tail);
    select_flow(f, endpoint_is_connected(s->endpoint), tick);
}

static void fill(struct subscriber *s, enum media_kind kind, const struct tick *tick)
{
    struct feed *chosen[SUBSCRIBER_FEEDS_MAX];
    uint32_t count = choose(s, kind, chosen);
    for (uint32_t i = 0; i < s->feed_count; i++) {
        struct feed *f = s->feeds[i];
        if (f->seat && f->track->kind == kind &&
            (!is_among(chosen, count, f) ||
             f->seated_codec != seat_codec(f->seat, &f->track->codec)))
            seats_leave(f, tick);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!chosen[i]->seat)
            sit(s, chosen[i], tick);
}

void seats_fill(struct subscriber *s, const struct tick *tick)
{
    fill(s, MEDIA_AUDIO, tick);
    fill(s, MEDIA_VIDEO, tick);
    endpoint_touch(s->endpoint, tick);
}

// --- What changes it ---

void seats_follow_track(struct track *t, const struct tick *tick)
{
    LIST_EACH(&t->feeds, each)
    {
        struct subscriber *s = LIST_ENTRY(each, struct feed, link)->subscriber;
        if (s->seats)
            seats_fill(s, tick);
    }
}

// Only who talks and has no seat can change anything.
void seats_follow_speakers(struct meeting *m, const struct tick *tick)
{
    for (size_t i = 0; i < m->speakers.said_count; i++) {
        struct track *t =
            map_get(&tick->shared->tracks, map_key_u64(&m->speakers.said[i].track));
        if (!t)
            continue;
        LIST_EACH(&t->feeds, each)
        {
            struct feed *f = LIST_ENTRY(each, struct feed, link);
            if (f->subscriber->seats && !f->seat)
                seats_fill(f->subscriber, tick);
        }
    }
}
