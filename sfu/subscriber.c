#include "sfu/subscriber.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "sfu/seats.h"
#include "sfu/select.h"

#include <assert.h>
#include <inttypes.h>

// Gets in line unless it is there, or may not offer yet.
static void line_up(struct subscriber *s, const struct tick *tick)
{
    if (s->offer_wanted && !s->offer_outstanding && list_empty(&s->offer_due))
        list_append(&tick->shared->offers_due, &s->offer_due);
}

struct subscriber *subscriber_new(struct leg *leg, bool answers, const struct tick *tick)
{
    struct subscriber *s = mem_alloc(sizeof *s);
    s->leg = leg;
    s->report_at = NEVER;
    s->score = QUALITY_NONE;
    s->scored_at = s->restarted_at = tick->now;
    if (answers)
        s->seats = seats_new(tick);
    capacity_init(&s->capacity, leg, &s->feeds);
    police_set(&s->feedback, FEEDBACK_KBPS_MAX, tick->now);
    list_init(&s->offer_due);
    s->offer_wanted = !answers; // the first one has the data channel only
    line_up(s, tick);
    return s;
}

void subscriber_close(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feeds.count; i++)
        feed_free(s->feeds.at[i], s->leg->shared);
    s->feeds.count = 0;
    list_remove(&s->offer_due);
}

void subscriber_free(struct subscriber *s)
{
    assert(s->feeds.count == 0); // or tracks would go on sending on freed memory
    seats_free(s->seats);
    places_dispose(&s->places);
    capacity_dispose(&s->capacity);
    mem_free(s->feeds.at);
    mem_free(s);
}

// --- Offers ---

size_t subscriber_offer(struct subscriber *s, const struct tick *tick)
{
    assert(s->offer_wanted && !s->offer_outstanding); // never two
    assert(!s->seats);                                // a viewer offers itself
    assert(!list_empty(&s->offer_due));               // it was in line
    list_remove(&s->offer_due);
    if (s->restart_wanted)
        transport_restart_ice(s->leg->transport);
    s->restart_wanted = false;
    places_step(&s->places, &s->feeds);
    struct local_description local = leg_describe(s->leg, tick);
    struct text sdp = {0};
    negotiate_subscribe_offer(s->places.sections, s->places.count, &local, &sdp);
    struct notice *n = notice_add(tick->notices, NOTICE_OFFER);
    n->room = s->leg->meeting->id;
    n->endpoint = s->leg->endpoint;
    n->offer.sdp = text_take(&sdp);
    s->offer_wanted = false;
    s->offer_outstanding = true;
    s->offered_count = s->places.count;
    return 1 + s->places.count; // the data channel's is one as well
}

static void want_offer(struct subscriber *s, const struct tick *tick)
{
    s->offer_wanted = true;
    line_up(s, tick);
}

static bool ssrc_is_taken(const struct subscriber *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->feeds.count; i++)
        if (s->feeds.at[i]->ssrc == ssrc || s->feeds.at[i]->rtx_ssrc == ssrc)
            return true;
    return ssrc == 0 || ssrc == OWN_RTCP_SSRC;
}

static uint32_t new_ssrc(const struct subscriber *s, struct rng *rng)
{
    uint32_t ssrc;
    do
        ssrc = rng_u32(rng);
    while (ssrc_is_taken(s, ssrc));
    return ssrc;
}

// What a feed is sent under, for good.
static void name_stream(struct feed *f, struct rng *rng)
{
    const struct subscriber *s = f->subscriber;
    f->segments.tail.next_seq = rng_below(rng, FEED_SEQ_START_BOUND);
    f->rtx_seq = rng_below(rng, FEED_SEQ_START_BOUND);
    f->ssrc = new_ssrc(s, rng);
    const struct negotiated_codec *codec = &f->stream->codec;
    if (negotiate_rtx_payload_type(codec->codec, codec->profile))
        do
            f->rtx_ssrc = new_ssrc(s, rng);
        while (f->rtx_ssrc == f->ssrc);
}

static void fill_seats(struct subscriber *s, const struct tick *tick)
{
    seats_fill(s->seats, s->leg, &s->feeds, tick);
    for (uint32_t i = 0; i < s->feeds.count; i++)
        feed_repeat(s->feeds.at[i], s->repeated);
    capacity_follow(&s->capacity, tick);
}

void subscriber_add(struct subscriber *s, struct stream *stream, const struct command *command,
                    const struct tick *tick)
{
    struct feed *known = subscriber_feed(s, stream->id);
    if (known) {
        subscriber_want(s, known, command->feed.quality, tick);
        return;
    }
    if (s->feeds.count == SUBSCRIBER_FEEDS_MAX) {
        log_warn("sfu", "endpoint %" PRIu64 ": no section left for track %" PRIu64,
                 s->leg->endpoint, stream->id);
        return;
    }
    if (s->feeds.count == s->feeds.cap) {
        s->feeds.cap = s->feeds.cap ? s->feeds.cap * 2 : 4;
        s->feeds.at = mem_resize(s->feeds.at, s->feeds.cap * sizeof(struct feed *));
    }
    struct feed *f = feed_new(stream, s, s->seats != NULL, command->feed.quality, tick);
    stream->screen = command->feed.ahead;
    f->priority = command->feed.priority;
    s->feeds.at[s->feeds.count++] = f;
    assert(s->feeds.count <= SUBSCRIBER_FEEDS_MAX);
    if (s->seats) {
        fill_seats(s, tick);
        return;
    }
    name_stream(f, tick->shared->config.rng);
    want_offer(s, tick);
}

void subscriber_remove(struct feed *f, const struct tick *tick)
{
    struct subscriber *s = f->subscriber;
    uint32_t i = 0;
    while (i < s->feeds.count && s->feeds.at[i] != f)
        i++;
    assert(i < s->feeds.count);
    s->feeds.at[i] = s->feeds.at[--s->feeds.count];
    if (s->seats) {
        seats_leave(f, tick);
        feed_free(f, tick->shared);
        fill_seats(s, tick);
        return;
    }
    places_leave(&s->places, f);
    feed_free(f, tick->shared);
    want_offer(s, tick);
}

void subscriber_want(struct subscriber *s, struct feed *f, enum video_quality most,
                     const struct tick *tick)
{
    select_at_most(f, most, tick);
    capacity_follow(&s->capacity, tick);
}

struct feed *subscriber_feed(const struct subscriber *s, uint64_t track)
{
    for (uint32_t i = 0; i < s->feeds.count; i++)
        if (s->feeds.at[i]->stream->id == track)
            return s->feeds.at[i];
    return NULL;
}

static void let_flow(struct subscriber *s, const struct tick *tick)
{
    struct batch_path *path = leg_path(s->leg);
    capacity_follow(&s->capacity, tick);
    for (uint32_t i = 0; i < s->feeds.count; i++) {
        struct feed *f = s->feeds.at[i];
        feed_repeat(f, s->repeated);
        select_flow(f, f->answer == FEED_ACCEPTED ? path : NULL, s->leg->connected_at, tick);
    }
}

// An answer that does not parse ends nothing: what flows goes on as agreed before, and the next
// change is offered as if it had come. An answer to nothing is dropped.
void subscriber_answer(struct subscriber *s, const char *sdp, const struct tick *tick)
{
    struct shared *shared = tick->shared;
    struct subscribe_answer *answer = &shared->answer;
    if (!s->offer_outstanding)
        return;
    s->offer_outstanding = false;
    text_clear(&shared->why);
    int err = negotiate_subscribe(bytes_of(sdp), s->offered_count, answer, &shared->why);
    if (err < 0) {
        const char *why = shared->why.len ? shared->why.at : err_name(err);
        log_info_of(LOG_FIELDS(log_number("endpoint", (int64_t)s->leg->endpoint),
                               log_text("reason", why)),
                    "sfu", "endpoint %" PRIu64 ": answer refused: %s", s->leg->endpoint, why);
    } else {
        transport_set_remote(s->leg->transport, &answer->remote, tick->now);
        leg_take_channel(s->leg, answer->sctp_port, tick);
        bool stepped = false;
        for (uint32_t i = 0; i < answer->section_count && i < s->offered_count; i++)
            stepped |= places_accept(&s->places, i, &answer->sections[i]);
        // Asked only when something came of it: a client whose answers lead nowhere must not
        // keep us offering.
        if (stepped && places_lack(&s->feeds))
            s->offer_wanted = true;
        let_flow(s, tick);
    }
    line_up(s, tick);
    leg_touch(s->leg);
}

void subscriber_watch(struct subscriber *s, const struct command *command,
                      const struct tick *tick)
{
    struct shared *shared = tick->shared;
    struct watch_offer *offer = &shared->watch;
    struct bytes sdp = bytes_of(command->watch.sdp);
    struct notice made = leg_answer(s->leg, command);
    struct text answer = {0};
    text_clear(&shared->why);
    if (!s->seats || s->seats->count)
        made.answer.err = ERR_WRONG_STATE;
    else
        made.answer.err = negotiate_watch(sdp, offer, &shared->why);
    if (made.answer.err < 0) {
        made.answer.text = mem_text_of(text_bytes(&shared->why));
    } else {
        leg_take_remote(s->leg, &offer->remote, tick);
        seats_take_offer(s->seats, offer, tick);
        fill_seats(s, tick);
        struct local_description local = leg_describe(s->leg, tick);
        negotiate_watch_answer(offer, sdp, &local, s->seats->cname, &answer);
        made.answer.text = text_take(&answer);
    }
    *notice_add(tick->notices, NOTICE_ANSWER) = made;
}

void subscriber_choose(struct subscriber *s, const struct command *command,
                       const struct tick *tick)
{
    struct notice made = leg_answer(s->leg, command);
    bool chooses = command->seat.chooses;
    if (!s->seats ||
        (chooses && !seats_choose(s->seats, command->seat.mid, command->seat.most, tick))) {
        made.answer.err = ERR_NOT_FOUND;
        made.answer.text = mem_text("");
    } else {
        struct text text = {0};
        seats_describe(s->seats, &text);
        made.answer.text = text_take(&text);
    }
    if (chooses)
        capacity_follow(&s->capacity, tick);
    *notice_add(tick->notices, NOTICE_ANSWER) = made;
}

void subscriber_restart_ice(struct subscriber *s, const struct tick *tick)
{
    if (s->seats)
        return;
    // With the next offer: until then the credentials of an unanswered one must work.
    s->restarted_at = tick->now;
    s->restart_wanted = true;
    want_offer(s, tick);
}

void subscriber_connection_changed(struct subscriber *s, const struct tick *tick)
{
    let_flow(s, tick);
}

// --- Seats ---

void subscribers_follow_stream(struct stream *stream, const struct tick *tick)
{
    LIST_EACH(&stream->feeds, each)
    {
        struct subscriber *s = LIST_ENTRY(each, struct feed, link)->subscriber;
        if (s->seats)
            fill_seats(s, tick);
    }
}

void subscribers_follow_talker(struct stream *stream, const struct tick *tick)
{
    LIST_EACH(&stream->feeds, each)
    {
        struct feed *f = LIST_ENTRY(each, struct feed, link);
        if (f->subscriber->seats && !f->seat)
            fill_seats(f->subscriber, tick);
    }
}

// --- Time ---

// When ICE is to be restarted unless the peer is heard; NEVER without a connection.
static int64_t silence_ends_at(const struct subscriber *s)
{
    if (s->seats || !leg_is_connected(s->leg))
        return NEVER;
    int64_t since = s->leg->heard_at;
    return (since > s->restarted_at ? since : s->restarted_at) + SILENCE_PATIENCE_US;
}

int64_t subscriber_deadline(const struct subscriber *s)
{
    int64_t silence_at = silence_ends_at(s), capacity_at = capacity_deadline(&s->capacity);
    return silence_at < capacity_at ? silence_at : capacity_at;
}

void subscriber_expire(struct subscriber *s, const struct tick *tick)
{
    if (silence_ends_at(s) <= tick->now)
        subscriber_restart_ice(s, tick);
    if (capacity_deadline(&s->capacity) <= tick->now)
        capacity_expire(&s->capacity, tick);
}
