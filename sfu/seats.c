#include "sfu/seats.h"

#include "base/mem.h"
#include "sfu/choice.h"
#include "sfu/select.h"
#include "sfu/shared.h"

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
    return ssrc == 0 || ssrc == OWN_RTCP_SSRC;
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
        .most = VIDEO_HIGH,
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

void seats_take_offer(struct seats *seats, struct watch_offer *offer, const struct tick *tick)
{
    assert(seats->count == 0);
    seats->at = mem_alloc_array(offer->section_count, sizeof *seats->at);
    for (size_t i = 0; i < offer->section_count; i++)
        if (offer->sections[i].receiving)
            make_seat(seats, &offer->sections[i], tick->shared->config.rng);
}

// --- Who sits where ---

// A feed among those of its kind.
struct candidate {
    struct feed *feed;
    uint8_t loudness;
};

// Somebody who talks keeps the seat from somebody who is only louder.
static bool is_before(const struct candidate *left, const struct candidate *right)
{
    const struct feed *a = left->feed, *b = right->feed;
    if (a->stream->muted != b->stream->muted)
        return b->stream->muted;
    if (a->stream->kind == MEDIA_VIDEO && a->stream->screen != b->stream->screen)
        return a->stream->screen;
    if ((left->loudness > 0) != (right->loudness > 0))
        return left->loudness > 0;
    if ((a->seat != NULL) != (b->seat != NULL))
        return a->seat != NULL;
    return left->loudness != right->loudness ? left->loudness > right->loudness
                                             : a->stream->id < b->stream->id;
}

static bool may_sit(const struct seat *seat, const struct feed *f)
{
    return seat->kind == f->stream->kind && seat_codec(seat, &f->stream->codec);
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
    return is_before(a, b) ? -1 : is_before(b, a);
}

static bool is_among(const struct candidate *list, uint32_t count, const struct feed *f)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i].feed == f)
            return true;
    return false;
}

static uint8_t loudness(const struct stream *s, const struct meeting *m)
{
    return s->muted || s->kind != MEDIA_AUDIO ? 0 : speakers_level(&m->speakers, s->id);
}

// Those of one kind that are to sit, best first: as many as there are seats of it.
static uint32_t choose(const struct seats *seats, const struct meeting *m,
                       const struct feed_list *feeds, enum media_kind kind,
                       struct candidate chosen[SUBSCRIBE_SECTIONS_MAX])
{
    uint32_t most = 0, count = 0;
    for (uint32_t i = 0; i < seats->count; i++)
        most += seats->at[i].kind == kind;
    for (uint32_t i = 0; i < feeds->count; i++) {
        struct feed *f = feeds->at[i];
        if (f->stream->kind == kind && may_sit_anywhere(seats, f))
            chosen[count++] = (struct candidate){f, loudness(f->stream, m)};
    }
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
    select_flow(f, NULL, 0, tick);
    seat->tail = feed_tail(f);
    seat->feed = NULL;
    f->seat = NULL;
    f->seated_codec = NULL;
    f->answer = FEED_UNANSWERED;
    f->numbered = f->rated = f->repeatable = false;
    f->redundancy = 0;
    f->ssrc = f->rtx_ssrc = 0;
}

static void sit(struct seats *seats, struct feed *f, const struct leg *leg,
                const struct tick *tick)
{
    struct seat *seat = seats->at;
    struct seat *end = seat + seats->count;
    while (seat < end && (seat->feed || !may_sit(seat, f)))
        seat++;
    if (seat == end)
        return; // those that would do are taken
    const struct negotiated_codec *codec = seat_codec(seat, &f->stream->codec);
    assert(codec && !f->seat && !seat->feed);
    seat->feed = f;
    f->seat = seat;
    f->seated_codec = codec;
    f->answer = FEED_ACCEPTED;
    f->ssrc = seat->ssrc;
    f->rtx_ssrc = codec->rtx_payload_type ? seat->rtx_ssrc : 0;
    f->numbered = seat->extensions.twcc != 0;
    f->rated = codec->remb && !f->numbered;
    f->described = seat->extensions.dependency != 0;
    f->repeatable = codec->red_payload_type != 0;
    if (seat->kind == MEDIA_VIDEO)
        f->max_quality = seat->most;
    feed_go_on(f, &seat->tail);
    select_flow(f, leg_path(leg), leg->connected_at, tick);
}

static void fill(struct seats *seats, const struct leg *leg, const struct feed_list *feeds,
                 enum media_kind kind, const struct tick *tick)
{
    struct candidate chosen[SUBSCRIBE_SECTIONS_MAX];
    uint32_t count = choose(seats, leg->meeting, feeds, kind, chosen);
    for (uint32_t i = 0; i < feeds->count; i++) {
        struct feed *f = feeds->at[i];
        assert(!f->seat || f->seat->feed == f);
        if (f->seat && f->stream->kind == kind &&
            (!is_among(chosen, count, f) ||
             f->seated_codec != seat_codec(f->seat, &f->stream->codec)))
            seats_leave(f, tick);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!chosen[i].feed->seat)
            sit(seats, chosen[i].feed, leg, tick);
}

void seats_fill(struct seats *seats, struct leg *leg, const struct feed_list *feeds,
                const struct tick *tick)
{
    fill(seats, leg, feeds, MEDIA_AUDIO, tick);
    fill(seats, leg, feeds, MEDIA_VIDEO, tick);
    leg_touch(leg);
}

// --- What the viewer chooses ---

bool seats_choose(struct seats *seats, const char *mid, enum video_quality most,
                  const struct tick *tick)
{
    bool any = false;
    for (uint32_t i = 0; i < seats->count; i++) {
        struct seat *seat = &seats->at[i];
        if (seat->kind != MEDIA_VIDEO || (mid[0] && strcmp(seat->mid, mid) != 0))
            continue;
        any = true;
        seat->most = most;
        if (seat->feed)
            select_at_most(seat->feed, most, tick);
    }
    return any;
}

void seats_describe(const struct seats *seats, struct text *out)
{
    for (uint32_t i = 0; i < seats->count; i++) {
        const struct seat *seat = &seats->at[i];
        const struct feed *f = seat->feed;
        if (seat->kind != MEDIA_VIDEO)
            continue;
        text_addf(out, "%d %d 0", seat->most, f ? choice_sent(f) : VIDEO_OFF);
        for (int q = VIDEO_LOW; f && q <= VIDEO_HIGH; q++)
            if (f->stream->layer_count == 1
                    ? q == VIDEO_HIGH
                    : choice_best(f->stream, (enum video_quality)q) == (enum video_quality)q)
                text_addf(out, "%d", q);
        text_addf(out, " %s\n", seat->mid);
    }
}
