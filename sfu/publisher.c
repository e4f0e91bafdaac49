#include "sfu/publisher.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/extension.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"
#include "sfu/endpoint.h"
#include "sfu/seats.h"
#include "sfu/shared.h"
#include "sfu/track.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SECOND_US = 1000 * 1000, REMB_BPS = 50 * 1000 * 1000 };

struct publisher *publisher_new(struct endpoint *e, const struct tick *tick)
{
    struct publisher *p = mem_alloc(sizeof *p);
    p->endpoint = e;
    p->report_at = NEVER;
    p->learn_window_at = INT64_MIN / 2;
    list_init(&p->tracks);
    snprintf(p->cname, sizeof p->cname, "%016" PRIx64, rng_u64(tick->shared->config.rng));
    return p;
}

void publisher_close(struct publisher *p, const struct tick *tick)
{
    LIST_EACH(&p->tracks, each)
    track_close(LIST_ENTRY(each, struct track, link), tick);
    p->stream_count = 0;
}

void publisher_connected(struct publisher *p, const struct tick *tick)
{
    LIST_EACH(&p->tracks, each)
    track_resume(LIST_ENTRY(each, struct track, link), tick);
}

void publisher_free(struct publisher *p)
{
    assert(list_empty(&p->tracks)); // publisher_close() came before
    mem_free(p);
}

// --- Streams ---

static struct publisher_stream *find_stream(struct publisher *p, uint32_t ssrc)
{
    assert(p->stream_count <= sizeof p->streams / sizeof *p->streams);
    if (p->last_stream < p->stream_count && p->streams[p->last_stream].ssrc == ssrc)
        return &p->streams[p->last_stream];
    for (uint32_t i = 0; i < p->stream_count; i++)
        if (p->streams[i].ssrc == ssrc) {
            p->last_stream = i;
            return &p->streams[i];
        }
    return NULL;
}

bool publisher_has_stream(struct publisher *p, uint32_t ssrc)
{
    return find_stream(p, ssrc) != NULL;
}

static void forget_stream(struct publisher *p, uint32_t index)
{
    transport_forget_ssrc(p->endpoint->transport, p->streams[index].ssrc);
    p->streams[index] = p->streams[--p->stream_count];
}

// What a track's layer was sent as before is not it any more.
static void forget_role(struct publisher *p, const struct track *t, unsigned layer, bool repair)
{
    for (uint32_t i = p->stream_count; i-- > 0;)
        if (p->streams[i].track == t && p->streams[i].layer == layer &&
            p->streams[i].repair == repair)
            forget_stream(p, i);
}

static void forget_track(struct publisher *p, const struct track *t)
{
    for (uint32_t i = p->stream_count; i-- > 0;)
        if (p->streams[i].track == t)
            forget_stream(p, i);
}

// At the bound the SSRC stays unknown and its packets are dropped and counted.
static struct publisher_stream *add_stream(struct publisher *p, uint32_t ssrc, struct track *t,
                                           unsigned layer, bool repair)
{
    struct publisher_stream *known = find_stream(p, ssrc);
    if (known && known->track == t && known->layer == layer && known->repair == repair)
        return known;
    if (known) // the description gives the SSRC another meaning
        forget_stream(p, (uint32_t)(known - p->streams));
    forget_role(p, t, layer, repair);
    if (p->stream_count == SSRC_PER_TRANSPORT_MAX)
        return NULL;
    struct publisher_stream *s = &p->streams[p->stream_count++];
    *s = (struct publisher_stream){ssrc, t, (uint8_t)layer, repair};
    return s;
}

static struct track *track_by_mid(struct publisher *p, struct bytes mid)
{
    LIST_EACH(&p->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (bytes_equal(mid, bytes_of(t->mid)))
            return t;
    }
    return NULL;
}

static int layer_by_rid(const struct track *t, struct bytes rid)
{
    if (rid.len == 0)
        return t->layer_count == 1 ? 0 : ERR_NOT_FOUND;
    for (unsigned i = 0; i < t->layer_count; i++)
        if (bytes_equal(rid, bytes_of(t->layers[i].rid)))
            return (int)i;
    return ERR_NOT_FOUND;
}

static bool may_learn(struct publisher *p, int64_t now)
{
    if (now - p->learn_window_at >= SECOND_US) {
        p->learn_window_at = now;
        p->learnt_in_window = 0;
    }
    return p->learnt_in_window++ < SSRC_NEW_PER_SECOND;
}

// The only track that may be sent with this payload type and has not begun. NULL: there is
// none, or more than one.
static struct track *track_by_payload_type(struct publisher *p, uint8_t payload_type)
{
    struct track *found = NULL;
    LIST_EACH(&p->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (t->layer_count > 1 || t->codec.payload_type != payload_type)
            continue;
        if (found || t->layers[0].ssrc)
            return NULL;
        found = t;
    }
    return found;
}

// The first packet of an SSRC says by MID and RID what it is, or by a payload type that only
// one section has (RFC 9143 section 9.2): encoders that are no browsers may do no more.
static struct publisher_stream *learn_stream(struct publisher *p,
                                             const struct rtp_packet *packet,
                                             const struct extension_values *values,
                                             const struct tick *tick)
{
    struct track *t = values->mid.len ? track_by_mid(p, values->mid)
                                      : track_by_payload_type(p, packet->payload_type);
    if (!t)
        return NULL;
    bool repair =
        t->codec.rtx_payload_type && packet->payload_type == t->codec.rtx_payload_type;
    if (!repair && packet->payload_type != t->codec.payload_type)
        return NULL;
    int layer = layer_by_rid(t, repair ? values->repaired_rid : values->rid);
    if (layer < 0 || !may_learn(p, tick->now))
        return NULL;
    struct publisher_stream *s = add_stream(p, packet->ssrc, t, (unsigned)layer, repair);
    if (!s)
        return NULL;
    struct track_layer *l = &t->layers[layer];
    if (repair) {
        l->rtx_ssrc = packet->ssrc;
    } else {
        bool other = l->ssrc && l->ssrc != packet->ssrc;
        track_layer_replace(t, (unsigned)layer, packet->ssrc);
        if (other)
            track_ask(t, tick);
    }
    return s;
}

// --- Offers ---

static const struct command_track *wanted_track(const struct command *c, const char *track_id)
{
    for (size_t i = 0; i < c->offer.track_count; i++)
        if (strcmp(c->offer.tracks[i].track_id, track_id) == 0)
            return &c->offer.tracks[i];
    return NULL;
}

static struct track *own_track(struct publisher *p, uint64_t id)
{
    LIST_EACH(&p->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (t->id == id)
            return t;
    }
    return NULL;
}

static void add_extensions(struct extension_ids *all, const struct extension_ids *more)
{
    uint8_t *to = (uint8_t *)all;
    const uint8_t *from = (const uint8_t *)more;
    for (size_t i = 0; i < sizeof *all; i++)
        if (from[i])
            to[i] = from[i];
}

// The track of a section that sends; made when it is new. NULL when the section is not one of
// those commanded, or its number belongs to somebody else's track.
static struct track *take_section(struct publisher *p, const struct command *c,
                                  struct publish_section *section, int64_t now)
{
    struct shared *s = p->endpoint->shared;
    const struct command_track *wanted = wanted_track(c, section->track_id);
    if (!wanted)
        return NULL;
    struct track *t = own_track(p, wanted->track);
    track_select_layers(t, &wanted->cap, section);
    if (t) {
        track_update(t, section);
    } else {
        if (map_get(&s->tracks, map_key_u64(&wanted->track)))
            return NULL;
        t = track_new(s, p, wanted->track, section);
    }
    track_bound(t, &wanted->cap, now);
    section->max_kbps = t->kbps;
    for (unsigned i = 0; i < t->layer_count; i++) {
        if (section->layers[i].ssrc)
            add_stream(p, section->layers[i].ssrc, t, i, false);
        if (section->layers[i].rtx_ssrc)
            add_stream(p, section->layers[i].rtx_ssrc, t, i, true);
    }
    add_extensions(&p->extensions, &section->extensions);
    return t;
}

static bool is_listed(const uint64_t *list, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == id)
            return true;
    return false;
}

static void close_others(struct publisher *p, const uint64_t *kept, size_t count,
                         const struct tick *tick)
{
    LIST_EACH(&p->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (is_listed(kept, count, t->id))
            continue;
        forget_track(p, t);
        track_close(t, tick);
    }
}

static void take_offer(struct publisher *p, const struct command *c,
                       struct publish_offer *offer, int64_t now, struct notice *answer)
{
    answer->answer.tracks = mem_alloc_array(TRACKS_PER_PEER_MAX, sizeof(uint64_t));
    p->extensions = (struct extension_ids){0};
    for (size_t i = 0; i < offer->section_count; i++) {
        struct publish_section *section = &offer->sections[i];
        if (!section->sending || section->kind == MEDIA_APPLICATION)
            continue;
        if (answer->answer.track_count == TRACKS_PER_PEER_MAX) {
            log_info("sfu", "endpoint %" PRIu64 ": more tracks than %d", p->endpoint->id,
                     TRACKS_PER_PEER_MAX);
            break;
        }
        const struct track *t = take_section(p, c, section, now);
        if (t && !is_listed(answer->answer.tracks, answer->answer.track_count, t->id))
            answer->answer.tracks[answer->answer.track_count++] = t->id;
    }
}

// The port of the data channel that an offer asks for; 0: it asks for none.
static uint16_t offered_channel(const struct publish_offer *offer)
{
    for (size_t i = 0; i < offer->section_count; i++)
        if (offer->sections[i].kind == MEDIA_APPLICATION && !offer->sections[i].stopped)
            return offer->sections[i].sctp_port;
    return 0;
}

// Gives the sections of a whole offer the names of the tracks that they are.
static int name_sections(const struct command *c, struct publish_offer *offer, struct text *why)
{
    for (size_t i = 0; i < offer->section_count; i++) {
        struct publish_section *section = &offer->sections[i];
        const struct command_track *t = c->offer.tracks;
        const struct command_track *end = t + c->offer.track_count;
        if (section->kind == MEDIA_APPLICATION)
            continue;
        while (t < end && t->kind != section->kind)
            t++;
        if (t == end) {
            text_addf(why, "line %" PRIu32 ": the role may not publish %s", section->line,
                      section->kind == MEDIA_AUDIO ? "audio" : "video");
            return ERR_REFUSED;
        }
        memcpy(section->track_id, t->track_id, sizeof section->track_id);
        memcpy(section->stream_id, t->stream_id, sizeof section->stream_id);
    }
    return 0;
}

static int read_offer(const struct command *c, struct publish_offer *offer, struct text *why)
{
    int err = negotiate_publish(bytes_of(c->offer.sdp), &c->offer.preference, offer, why);
    if (!err && c->offer.whole)
        err = negotiate_whole(offer, why);
    if (!err && c->offer.whole)
        err = name_sections(c, offer, why);
    return err;
}

void publisher_offer(struct publisher *p, const struct command *command,
                     const struct tick *tick)
{
    struct shared *s = tick->shared;
    struct bytes sdp = bytes_of(command->offer.sdp);
    struct publish_offer *offer = &s->offer;

    struct notice made = endpoint_answer(p->endpoint, command);

    text_clear(&s->why);
    made.answer.err = read_offer(command, offer, &s->why);
    if (made.answer.err < 0) {
        made.answer.text = mem_text_of(text_bytes(&s->why));
        *notice_add(tick->notices, NOTICE_ANSWER) = made;
        return;
    }
    endpoint_take_remote(p->endpoint, &offer->remote, tick);
    endpoint_take_channel(p->endpoint, offered_channel(offer), tick);
    take_offer(p, command, offer, tick->now, &made);
    struct local_description local = endpoint_describe(p->endpoint, tick);
    struct text answer = {0};
    negotiate_publish_answer(offer, sdp, &local, &answer);
    made.answer.text = text_take(&answer);
    *notice_add(tick->notices, NOTICE_ANSWER) = made;
    close_others(p, made.answer.tracks, made.answer.track_count, tick);
    LIST_EACH(&p->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        seats_follow_track(t, tick);
        track_ask(t, tick);
    }
}

// --- Media ---

// A packet that came as a retransmission becomes the one that it repeats.
static bool unwrap(const struct publisher_stream *stream, struct rtp_packet *packet)
{
    const struct track *t = stream->track;
    if (!stream->repair)
        return true;
    uint32_t ssrc = t->layers[stream->layer].ssrc;
    if (packet->payload_type != t->codec.rtx_payload_type || ssrc == 0)
        return false;
    // Padding-only probes fail here: there is nothing in them.
    return rtp_unwrap_rtx(packet, ssrc, t->codec.payload_type) == 0;
}

void publisher_media(struct publisher *p, struct bytes datagram, const struct tick *tick)
{
    struct router_stats *stats = &tick->shared->stats;
    stats->rtp_in++;
    struct rtp_packet packet;
    if (rtp_parse(&packet, datagram) < 0) {
        stats->drop_malformed++;
        return;
    }
    struct extension_values values = {0};
    extension_read(&values, packet.extension, &p->extensions);
    if (values.has_twcc)
        twcc_arrived(&p->twcc, values.twcc, tick->now);

    const struct publisher_stream *stream = find_stream(p, packet.ssrc);
    if (!stream)
        stream = learn_stream(p, &packet, &values, tick);
    if (!stream) {
        stats->drop_unknown_stream++;
        endpoint_note_stray(p->endpoint, packet.ssrc);
        return;
    }
    bool repair = stream->repair;
    if (!unwrap(stream, &packet))
        return;
    // Of another codec of the section (comfort noise, telephone events) than the answer chose:
    // for subscribers there is nothing in it, but its number was used.
    if (packet.payload_type != stream->track->codec.payload_type) {
        stats->drop_unknown_stream++;
        packet.payload.len = 0;
    }
    if (p->report_at == NEVER)
        p->report_at = tick->now + REPORT_INTERVAL_US;
    p->twcc_ssrc = stream->track->layers[stream->layer].ssrc;
    // These two are about the hop to us.
    values.has_twcc = values.has_abs_send_time = false;
    track_receive(stream->track, stream->layer, &packet, &values, repair, tick);
}

// --- Reports ---

void publisher_rtcp(struct publisher *p, struct bytes compound, const struct tick *tick)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, compound) < 0) {
        tick->shared->stats.drop_malformed++;
        return;
    }
    uint32_t ssrc = read_u32(compound.at + 4); // the one that SRTCP goes by
    if (!find_stream(p, ssrc))
        endpoint_note_stray(p->endpoint, ssrc);
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);) {
        if (packet.kind != RTCP_SENDER_REPORT)
            continue; // a publisher's streams have ended when its offer says so, not by a BYE
        const struct publisher_stream *stream = find_stream(p, packet.sender_ssrc);
        if (!stream || stream->repair)
            continue;
        report_sender_report(&stream->track->layers[stream->layer].report, &packet.sender,
                             tick->now);
        report_clock_note(&p->clock, packet.sender.ntp,
                          tick->now + tick->shared->config.ntp_ahead_us);
    }
}

void publisher_send_rtcp(struct publisher *p, const struct writer *w, const struct tick *tick)
{
    if (!w->overflow && w->len > 0 && endpoint_is_connected(p->endpoint))
        transport_send_rtcp(p->endpoint->transport, (struct bytes){w->at, w->len}, tick->out);
}

// Without transport-wide feedback a sender listens to REMB. We do not estimate for it: its own
// loss-based controller decides, up to what its role allows.
static void put_remb(struct publisher *p, struct writer *w)
{
    uint32_t ssrcs[LAYERS_MAX * TRACKS_PER_PEER_MAX];
    uint64_t bps = 0;
    size_t count = 0;
    LIST_EACH(&p->tracks, each)
    {
        const struct track *t = LIST_ENTRY(each, struct track, link);
        size_t before = count;
        for (unsigned i = 0; i < t->layer_count; i++)
            if (t->codec.remb && !t->codec.twcc && t->layers[i].ssrc)
                ssrcs[count++] = t->layers[i].ssrc;
        if (count > before)
            bps += t->kbps ? (uint64_t)t->kbps * 1000 : REMB_BPS;
    }
    if (count)
        rtcp_put_remb(w, PUBLISHER_RTCP_SSRC, bps < REMB_BPS ? bps : REMB_BPS, ssrcs, count);
}

static void send_receiver_reports(struct publisher *p, const struct tick *tick)
{
    struct rtcp_report_block blocks[RTCP_REPORT_BLOCKS_MAX];
    size_t count = 0;
    LIST_EACH(&p->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        for (unsigned i = 0; i < t->layer_count && count < RTCP_REPORT_BLOCKS_MAX; i++)
            if (report_block(&t->layers[i].report, t->layers[i].ssrc, tick->now,
                             &blocks[count]))
                count++;
    }
    uint8_t buffer[1200];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_receiver_report(&w, PUBLISHER_RTCP_SSRC, blocks, count);
    rtcp_put_cname(&w, PUBLISHER_RTCP_SSRC, bytes_of(p->cname));
    put_remb(p, &w);
    publisher_send_rtcp(p, &w, tick);
}

static void send_feedback(struct publisher *p, const struct tick *tick)
{
    uint8_t buffer[TWCC_FEEDBACK_MAX];
    for (;;) {
        struct writer w = writer_on(buffer, sizeof buffer);
        if (!twcc_put_feedback(&p->twcc, PUBLISHER_RTCP_SSRC, p->twcc_ssrc, tick->now, &w))
            return;
        publisher_send_rtcp(p, &w, tick);
    }
}

int64_t publisher_deadline(const struct publisher *p)
{
    int64_t deadline = twcc_deadline(&p->twcc);
    if (p->report_at < deadline)
        deadline = p->report_at;
    LIST_EACH(&p->tracks, each)
    {
        int64_t track_at = track_deadline(LIST_ENTRY(each, struct track, link));
        if (track_at < deadline)
            deadline = track_at;
    }
    return deadline;
}

void publisher_expire(struct publisher *p, const struct tick *tick)
{
    LIST_EACH(&p->tracks, each)
    track_expire(LIST_ENTRY(each, struct track, link), tick);
    if (twcc_deadline(&p->twcc) <= tick->now)
        send_feedback(p, tick);
    if (p->report_at <= tick->now) {
        send_receiver_reports(p, tick);
        p->report_at = tick->now + REPORT_INTERVAL_US;
    }
}
