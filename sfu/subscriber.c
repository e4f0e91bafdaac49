#include "sfu/subscriber.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/report.h"
#include "rtc/rtcp.h"
#include "sfu/endpoint.h"
#include "sfu/publisher.h"
#include "sfu/quality.h"
#include "sfu/repair.h"
#include "sfu/seats.h"
#include "sfu/select.h"
#include "sfu/shared.h"
#include "sfu/track.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    COMPOUND_MAX = 1200,
    SENDER_REPORT_SPACE = 28 + 40, // with its CNAME
};

// Gets in line unless it is there, or may not offer yet.
static void line_up(struct subscriber *s, const struct tick *tick)
{
    if (s->offer_wanted && !s->offer_outstanding && list_empty(&s->offer_due))
        list_append(&tick->shared->offers_due, &s->offer_due);
}

struct subscriber *subscriber_new(struct endpoint *e, bool answers, const struct tick *tick)
{
    struct subscriber *s = mem_alloc(sizeof *s);
    s->endpoint = e;
    s->report_at = NEVER;
    s->score = QUALITY_NONE;
    s->scored_at = s->restarted_at = tick->now;
    if (answers)
        s->seats = seats_new(tick);
    list_init(&s->offer_due);
    s->offer_wanted = !answers; // the first one has the data channel only
    line_up(s, tick);
    return s;
}

void subscriber_close(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feed_count; i++)
        feed_free(s->feeds[i]);
    s->feed_count = 0;
    list_remove(&s->offer_due);
}

void subscriber_free(struct subscriber *s)
{
    assert(s->feed_count == 0); // or tracks would go on sending on freed memory
    seats_free(s->seats);
    mem_free(s->sections);
    mem_free(s->places);
    mem_free(s->feeds);
    mem_free(s);
}

struct batch_path *subscriber_path(const struct subscriber *s)
{
    return transport_path(s->endpoint->transport);
}

// --- Places ---

// Lets the places of feeds that are gone take their next step.
static void step_places(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->section_count; i++) {
        struct subscribe_section *section = &s->sections[i];
        struct subscriber_place *place = &s->places[i];
        if (place->feed)
            continue;
        if (section->active) {
            section->active = false;
            place->agreed = false;
        } else if (!section->stopped && place->agreed) {
            section->stopped = true;
            place->agreed = false;
        }
    }
}

static uint32_t free_place(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->section_count; i++)
        if (!s->places[i].feed && s->sections[i].stopped && s->places[i].agreed)
            return i;
    if (s->section_count == SUBSCRIBE_SECTIONS_MAX)
        return NO_PLACE;
    if (s->section_count == s->section_cap) {
        s->section_cap = s->section_cap ? s->section_cap * 2 : 4;
        s->sections = mem_resize(s->sections, s->section_cap * sizeof *s->sections);
        s->places = mem_resize(s->places, s->section_cap * sizeof *s->places);
    }
    return s->section_count++;
}

static void take_place(struct subscriber *s, struct feed *f, uint32_t at)
{
    const struct track *t = f->track;
    struct subscribe_section *section = &s->sections[at];
    *section = (struct subscribe_section){.mid = ++s->last_mid,
                                          .kind = t->kind,
                                          .active = true,
                                          .codec = t->codec.codec,
                                          .profile = t->codec.profile,
                                          .ssrc = f->ssrc,
                                          .rtx_ssrc = f->rtx_ssrc};
    memcpy(section->stream_id, t->stream_id, sizeof section->stream_id);
    memcpy(section->track_id, t->track_id, sizeof section->track_id);
    memcpy(section->fmtp, t->codec.fmtp, sizeof section->fmtp);
    memcpy(section->cname, t->publisher->cname, sizeof t->publisher->cname);
    s->places[at] = (struct subscriber_place){.feed = f};
    f->place = at;
}

static bool waits_for_place(const struct feed *f)
{
    return f->place == NO_PLACE && !f->refused;
}

static void fill_places(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feed_count; i++) {
        if (!waits_for_place(s->feeds[i]))
            continue;
        uint32_t at = free_place(s);
        if (at == NO_PLACE)
            return;
        take_place(s, s->feeds[i], at);
    }
}

static void leave_place(struct subscriber *s, struct feed *f)
{
    if (f->place != NO_PLACE)
        s->places[f->place].feed = NULL;
    f->place = NO_PLACE;
}

static bool has_waiting(const struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feed_count; i++)
        if (waits_for_place(s->feeds[i]))
            return true;
    return false;
}

// --- Offers ---

size_t subscriber_offer(struct subscriber *s, const struct tick *tick)
{
    list_remove(&s->offer_due);
    if (s->restart_wanted)
        transport_restart_ice(s->endpoint->transport);
    s->restart_wanted = false;
    step_places(s);
    fill_places(s);
    struct local_description local = endpoint_describe(s->endpoint, tick);
    struct text sdp = {0};
    negotiate_subscribe_offer(s->sections, s->section_count, &local, &sdp);
    struct notice *n = notice_add(tick->notices, NOTICE_OFFER);
    n->room = s->endpoint->meeting->id;
    n->endpoint = s->endpoint->id;
    n->offer.sdp = text_take(&sdp);
    s->offer_wanted = false;
    s->offer_outstanding = true;
    s->offered_count = s->section_count;
    return 1 + s->section_count; // the data channel's is one as well
}

static void want_offer(struct subscriber *s, const struct tick *tick)
{
    s->offer_wanted = true;
    line_up(s, tick);
}

static bool ssrc_is_taken(const struct subscriber *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i]->ssrc == ssrc || s->feeds[i]->rtx_ssrc == ssrc)
            return true;
    return ssrc == 0 || ssrc == PUBLISHER_RTCP_SSRC;
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
    const struct negotiated_codec *codec = &f->track->codec;
    if (negotiate_rtx_payload_type(codec->codec, codec->profile))
        do
            f->rtx_ssrc = new_ssrc(s, rng);
        while (f->rtx_ssrc == f->ssrc);
}

void subscriber_add(struct subscriber *s, struct track *t, const struct command *command,
                    const struct tick *tick)
{
    struct feed *known = subscriber_feed(s, t->id);
    if (known) {
        select_at_most(known, command->feed.quality, tick);
        return;
    }
    if (s->feed_count == SUBSCRIBER_FEEDS_MAX) {
        log_warn("sfu", "endpoint %" PRIu64 ": no section left for track %" PRIu64,
                 s->endpoint->id, t->id);
        return;
    }
    if (s->feed_count == s->feed_cap) {
        s->feed_cap = s->feed_cap ? s->feed_cap * 2 : 4;
        s->feeds = mem_resize(s->feeds, s->feed_cap * sizeof(struct feed *));
    }
    struct feed *f = feed_new(t, s, command->feed.quality);
    f->place = NO_PLACE;
    f->ahead = command->feed.ahead;
    f->priority = command->feed.priority;
    s->feeds[s->feed_count++] = f;
    assert(s->feed_count <= SUBSCRIBER_FEEDS_MAX);
    if (s->seats) {
        seats_fill(s, tick);
        return;
    }
    name_stream(f, tick->shared->config.rng);
    want_offer(s, tick);
}

void subscriber_remove(struct feed *f, const struct tick *tick)
{
    struct subscriber *s = f->subscriber;
    uint32_t i = 0;
    while (i < s->feed_count && s->feeds[i] != f)
        i++;
    assert(i < s->feed_count);
    s->feeds[i] = s->feeds[--s->feed_count];
    if (s->seats) {
        seats_leave(f, tick);
        feed_free(f);
        seats_fill(s, tick);
        return;
    }
    leave_place(s, f);
    feed_free(f);
    want_offer(s, tick);
}

struct feed *subscriber_feed(const struct subscriber *s, uint64_t track)
{
    for (uint32_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i]->track->id == track)
            return s->feeds[i];
    return NULL;
}

static void let_flow(struct subscriber *s, const struct tick *tick)
{
    bool connected = endpoint_is_connected(s->endpoint);
    for (uint32_t i = 0; i < s->feed_count; i++)
        select_flow(s->feeds[i], connected && s->feeds[i]->accepted, tick);
}

// What the answer says of one place. Returns whether that agrees to a step it has taken.
static bool take_accepted(struct subscriber *s, uint32_t at,
                          const struct subscribe_accepted *accepted)
{
    struct subscriber_place *place = &s->places[at];
    struct feed *f = place->feed;
    if (f) {
        f->accepted = accepted->receiving;
        f->refused = !accepted->receiving;
        if (f->refused)
            leave_place(s, f);
    }
    if (place->agreed || (s->sections[at].stopped && !accepted->stopped))
        return false;
    place->agreed = true;
    return true;
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
        log_info("sfu", "endpoint %" PRIu64 ": answer refused: %s", s->endpoint->id,
                 shared->why.len ? shared->why.at : err_name(err));
    } else {
        transport_set_remote(s->endpoint->transport, &answer->remote, tick->now);
        endpoint_take_channel(s->endpoint, answer->sctp_port, tick);
        bool stepped = false;
        for (uint32_t i = 0; i < answer->section_count && i < s->offered_count; i++)
            stepped |= take_accepted(s, i, &answer->sections[i]);
        // Asked only when something came of it: a client whose answers lead nowhere must not
        // keep us offering.
        if (stepped && has_waiting(s))
            s->offer_wanted = true;
        let_flow(s, tick);
    }
    line_up(s, tick);
    endpoint_touch(s->endpoint, tick);
}

void subscriber_watch(struct subscriber *s, const struct command *command,
                      const struct tick *tick)
{
    struct shared *shared = tick->shared;
    struct watch_offer *offer = &shared->watch;
    struct bytes sdp = bytes_of(command->watch.sdp);
    struct notice made = endpoint_answer(s->endpoint, command);
    struct text answer = {0};
    text_clear(&shared->why);
    if (!s->seats || s->seats->count)
        made.answer.err = ERR_WRONG_STATE;
    else
        made.answer.err = negotiate_watch(sdp, offer, &shared->why);
    if (made.answer.err < 0) {
        made.answer.text = mem_text_of(text_bytes(&shared->why));
    } else {
        endpoint_take_remote(s->endpoint, &offer->remote, tick);
        seats_take_offer(s, offer, tick);
        struct local_description local = endpoint_describe(s->endpoint, tick);
        negotiate_watch_answer(offer, sdp, &local, s->seats->cname, &answer);
        made.answer.text = text_take(&answer);
    }
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

void subscriber_feed_began(struct subscriber *s, const struct tick *tick)
{
    int64_t at = tick->now + SENDER_REPORT_FIRST_US;
    if (at < s->report_at)
        s->report_at = at;
    endpoint_touch(s->endpoint, tick);
}

// --- What the receiver says ---

static struct feed *feed_of_ssrc(const struct subscriber *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i]->ssrc == ssrc)
            return s->feeds[i];
    return NULL;
}

static void note_quality(struct subscriber *s, const struct feed *f, bool has_rtt)
{
    // A quarter of the way for each report: about four of them decide.
    int32_t difference = ((int32_t)f->report.fraction_lost << 8) - (int32_t)s->loss_q8;
    s->loss_q8 = (uint32_t)((int32_t)s->loss_q8 + difference / 4);
    if (has_rtt)
        s->rtt_us =
            s->rtt_us ? s->rtt_us + (f->report.rtt_us - s->rtt_us) / 4 : f->report.rtt_us;
}

static void tell_quality(struct subscriber *s, const struct tick *tick)
{
    uint8_t score = quality_score(s->loss_q8 >> 8, s->rtt_us);
    if (score == s->score || tick->now - s->scored_at < QUALITY_INTERVAL_US)
        return;
    s->score = score;
    s->scored_at = tick->now;
    struct notice *n = notice_add(tick->notices, NOTICE_QUALITY);
    n->room = s->endpoint->meeting->id;
    n->endpoint = s->endpoint->id;
    n->quality.downlink_score = score;
}

static void take_report(struct subscriber *s, const struct rtcp_packet *packet,
                        const struct tick *tick)
{
    bool any = false;
    for (size_t i = 0; i < packet->count; i++) {
        struct rtcp_report_block block = rtcp_report_block(packet, i);
        struct feed *f = feed_of_ssrc(s, block.ssrc);
        if (!f)
            continue;
        bool has_rtt = report_feedback(&f->report, &block, tick->now);
        note_quality(s, f, has_rtt);
        any = true;
    }
    if (any)
        tell_quality(s, tick);
}

static void take_nack(struct subscriber *s, const struct rtcp_packet *packet,
                      const struct tick *tick)
{
    struct feed *f = feed_of_ssrc(s, packet->media_ssrc);
    if (!f)
        return;
    for (size_t i = 0; i < packet->count; i++) {
        uint16_t seqs[17];
        size_t count = rtcp_nack(packet, i, seqs);
        for (size_t j = 0; j < count; j++)
            repair_packet(f, seqs[j], tick);
    }
}

static void take_key_frame_request(struct subscriber *s, uint32_t ssrc, const struct tick *tick)
{
    struct feed *f = feed_of_ssrc(s, ssrc);
    if (f)
        select_key_frame(f, tick);
}

void subscriber_rtcp(struct subscriber *s, struct bytes compound, const struct tick *tick)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, compound) < 0) {
        tick->shared->stats.drop_malformed++;
        return;
    }
    // Firefox reports on each stream under an SSRC of its own.
    endpoint_note_stray(s->endpoint, read_u32(compound.at + 4));
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);) {
        uint8_t nr;
        switch (packet.kind) {
        case RTCP_SENDER_REPORT:
        case RTCP_RECEIVER_REPORT:
            take_report(s, &packet, tick);
            break;
        case RTCP_NACK:
            take_nack(s, &packet, tick);
            break;
        case RTCP_PLI:
            take_key_frame_request(s, packet.media_ssrc, tick);
            break;
        case RTCP_FIR:
            for (size_t i = 0; i < packet.count; i++)
                take_key_frame_request(s, rtcp_fir(&packet, i, &nr), tick);
            break;
        default: // nothing that concerns a feed
            break;
        }
    }
}

// --- Reports ---

static void send_compound(struct subscriber *s, struct writer *w, const struct tick *tick)
{
    if (w->len > 0 && !w->overflow)
        transport_send_rtcp(s->endpoint->transport, (struct bytes){w->at, w->len}, tick->out);
    w->len = 0;
}

static void send_reports(struct subscriber *s, const struct tick *tick)
{
    uint8_t buffer[COMPOUND_MAX];
    struct writer w = writer_on(buffer, sizeof buffer);
    for (uint32_t i = 0; i < s->feed_count; i++) {
        struct feed *f = s->feeds[i];
        struct rtcp_sender_info sender;
        if (!feed_report(f, tick->now, &sender))
            continue;
        if (w.cap - w.len < SENDER_REPORT_SPACE)
            send_compound(s, &w, tick);
        rtcp_put_sender_report(&w, f->ssrc, &sender, NULL, 0);
        rtcp_put_cname(&w, f->ssrc,
                       bytes_of(s->seats ? s->seats->cname : f->track->publisher->cname));
    }
    send_compound(s, &w, tick);
}

static bool is_sending(const struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feed_count; i++)
        if (feed_is_sending(s->feeds[i]))
            return true;
    return false;
}

// When ICE is to be restarted unless the peer is heard; NEVER without a connection.
static int64_t silence_ends_at(const struct subscriber *s)
{
    if (s->seats || !endpoint_is_connected(s->endpoint))
        return NEVER;
    int64_t since = s->endpoint->heard_at;
    return (since > s->restarted_at ? since : s->restarted_at) + SILENCE_PATIENCE_US;
}

int64_t subscriber_deadline(const struct subscriber *s)
{
    int64_t deadline = s->report_at;
    if (silence_ends_at(s) < deadline)
        deadline = silence_ends_at(s);
    return deadline;
}

void subscriber_expire(struct subscriber *s, const struct tick *tick)
{
    if (silence_ends_at(s) <= tick->now)
        subscriber_restart_ice(s, tick);
    if (s->report_at <= tick->now) {
        send_reports(s, tick);
        s->report_at = is_sending(s) ? tick->now + SENDER_REPORT_INTERVAL_US : NEVER;
    }
}
