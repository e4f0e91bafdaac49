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
#include "sfu/shared.h"
#include "sfu/track.h"

#include <inttypes.h>
#include <string.h>

enum {
    SEQ_START_BOUND =
        32768, // a receiver that misses the first packets must not guess a ROC of 1
    COMPOUND_MAX = 1200,
    SENDER_REPORT_SPACE = 28 + 40, // with its CNAME
};

struct subscriber *subscriber_new(struct endpoint *e, const struct tick *tick)
{
    struct subscriber *s = mem_alloc(sizeof *s);
    s->endpoint = e;
    s->report_at = NEVER;
    s->score = QUALITY_NONE;
    s->scored_at = s->restarted_at = tick->now;
    s->offer_wanted = true; // the first one has the data channel only
    return s;
}

void subscriber_close(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->feeds[i]) {
            feed_free(s->feeds[i]);
            s->feeds[i] = NULL;
        }
}

void subscriber_free(struct subscriber *s)
{
    mem_free(s->sections);
    mem_free(s->feeds);
    mem_free(s);
}

struct batch_path *subscriber_path(const struct subscriber *s)
{
    return transport_path(s->endpoint->transport);
}

// --- Offers ---

static void offer_if_due(struct subscriber *s, const struct tick *tick)
{
    if (!s->offer_wanted || s->offer_outstanding)
        return;
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
}

static void want_offer(struct subscriber *s, const struct tick *tick)
{
    s->offer_wanted = true;
    endpoint_touch(s->endpoint, tick);
}

static struct subscribe_section *add_section(struct subscriber *s)
{
    if (s->section_count == s->section_cap) {
        s->section_cap = s->section_cap ? s->section_cap * 2 : 4;
        s->sections = mem_resize(s->sections, s->section_cap * sizeof *s->sections);
        s->feeds = mem_resize(s->feeds, s->section_cap * sizeof(struct feed *));
    }
    s->feeds[s->section_count] = NULL;
    struct subscribe_section *section = &s->sections[s->section_count++];
    *section = (struct subscribe_section){.mid = s->section_count, .active = true};
    return section;
}

static bool ssrc_is_taken(const struct subscriber *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->sections[i].ssrc == ssrc || s->sections[i].rtx_ssrc == ssrc)
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

void subscriber_add(struct subscriber *s, struct track *t, enum layer layer,
                    const struct tick *tick)
{
    struct feed *known = subscriber_feed(s, t->id);
    if (known) {
        feed_set_layer(known, layer, tick);
        return;
    }
    if (s->section_count == SUBSCRIBER_FEEDS_MAX) {
        log_warn("sfu", "endpoint %" PRIu64 ": no section left for track %" PRIu64,
                 s->endpoint->id, t->id);
        return;
    }
    struct rng *rng = tick->shared->config.rng;
    uint32_t first_seq = rng_below(rng, SEQ_START_BOUND);
    struct feed *f = feed_new(t, s, layer, first_seq);
    f->rtx_seq = rng_below(rng, SEQ_START_BOUND);

    struct subscribe_section *section = add_section(s);
    s->feeds[s->section_count - 1] = f;
    section->kind = t->kind;
    section->codec = t->codec.codec;
    section->ssrc = f->ssrc = new_ssrc(s, rng);
    if (negotiate_rtx_payload_type(t->codec.codec))
        section->rtx_ssrc = f->rtx_ssrc = new_ssrc(s, rng);
    memcpy(section->stream_id, t->stream_id, sizeof section->stream_id);
    memcpy(section->track_id, t->track_id, sizeof section->track_id);
    memcpy(section->fmtp, t->codec.fmtp, sizeof section->fmtp);
    memcpy(section->cname, t->publisher->cname, sizeof t->publisher->cname);
    want_offer(s, tick);
}

static uint32_t section_of(const struct subscriber *s, const struct feed *f)
{
    uint32_t i = 0;
    while (s->feeds[i] != f)
        i++;
    return i;
}

void subscriber_remove(struct feed *f, const struct tick *tick)
{
    struct subscriber *s = f->subscriber;
    uint32_t i = section_of(s, f);
    s->sections[i].active = false;
    s->feeds[i] = NULL;
    feed_free(f);
    want_offer(s, tick);
}

struct feed *subscriber_feed(const struct subscriber *s, uint64_t track)
{
    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->feeds[i] && s->feeds[i]->track->id == track)
            return s->feeds[i];
    return NULL;
}

static void let_flow(struct subscriber *s, const struct tick *tick)
{
    bool connected = endpoint_is_connected(s->endpoint);
    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->feeds[i])
            feed_set_flowing(s->feeds[i], connected && s->feeds[i]->accepted, tick);
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
        for (uint32_t i = 0; i < answer->section_count && i < s->offered_count; i++)
            if (s->feeds[i])
                s->feeds[i]->accepted = answer->sections[i].receiving;
        let_flow(s, tick);
    }
    endpoint_touch(s->endpoint, tick);
}

void subscriber_restart_ice(struct subscriber *s, const struct tick *tick)
{
    s->restarted_at = tick->now;
    transport_restart_ice(s->endpoint->transport);
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
    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->feeds[i] && s->feeds[i]->ssrc == ssrc)
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
            feed_repair(f, seqs[j], tick);
    }
}

static void take_key_frame_request(struct subscriber *s, uint32_t ssrc, const struct tick *tick)
{
    struct feed *f = feed_of_ssrc(s, ssrc);
    if (f)
        feed_wants_key_frame(f, tick);
}

void subscriber_rtcp(struct subscriber *s, struct bytes compound, const struct tick *tick)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, compound) < 0) {
        tick->shared->stats.drop_malformed++;
        return;
    }
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
    for (uint32_t i = 0; i < s->section_count; i++) {
        struct rtcp_sender_info sender;
        if (!s->feeds[i] || !feed_report(s->feeds[i], tick->now, &sender))
            continue;
        if (w.cap - w.len < SENDER_REPORT_SPACE)
            send_compound(s, &w, tick);
        rtcp_put_sender_report(&w, s->sections[i].ssrc, &sender, NULL, 0);
        rtcp_put_cname(&w, s->sections[i].ssrc, bytes_of(s->sections[i].cname));
    }
    send_compound(s, &w, tick);
}

static bool is_sending(const struct subscriber *s)
{
    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->feeds[i] && feed_is_sending(s->feeds[i]))
            return true;
    return false;
}

// When ICE is to be restarted unless the peer is heard; NEVER without a connection.
static int64_t silence_ends_at(const struct subscriber *s)
{
    if (!endpoint_is_connected(s->endpoint))
        return NEVER;
    int64_t since = s->endpoint->heard_at;
    return (since > s->restarted_at ? since : s->restarted_at) + SILENCE_PATIENCE_US;
}

int64_t subscriber_deadline(const struct subscriber *s)
{
    if (s->offer_wanted && !s->offer_outstanding)
        return 0;
    int64_t deadline = s->report_at;
    if (silence_ends_at(s) < deadline)
        deadline = silence_ends_at(s);
    return deadline;
}

void subscriber_expire(struct subscriber *s, const struct tick *tick)
{
    if (silence_ends_at(s) <= tick->now)
        subscriber_restart_ice(s, tick);
    offer_if_due(s, tick);
    if (s->report_at <= tick->now) {
        send_reports(s, tick);
        s->report_at = is_sending(s) ? tick->now + SENDER_REPORT_INTERVAL_US : NEVER;
    }
}
