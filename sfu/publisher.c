#include "sfu/publisher.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/rtcp.h"
#include "sfu/select.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REMB_BPS = 50 * 1000 * 1000 };

struct publisher *publisher_new(struct leg *leg, const struct tick *tick)
{
    struct publisher *p = mem_alloc(sizeof *p);
    p->leg = leg;
    p->report_at = NEVER;
    ingest_init(&p->ingest, leg);
    snprintf(p->cname, sizeof p->cname, "%016" PRIx64, rng_u64(tick->shared->config.rng));
    return p;
}

void publisher_close(struct publisher *p, const struct tick *tick)
{
    LIST_EACH(&p->ingest.tracks, each)
    track_close(LIST_ENTRY(each, struct track, link), tick->shared);
    assert(list_empty(&p->ingest.tracks)); // no packet finds one of them
    p->ingest.stream_count = 0;
}

void publisher_connected(struct publisher *p, const struct tick *tick)
{
    LIST_EACH(&p->ingest.tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        track_resume(t);
        select_layers(&t->stream, tick);
    }
}

void publisher_free(struct publisher *p)
{
    assert(list_empty(&p->ingest.tracks)); // publisher_close() came before
    mem_free(p);
}

// --- Offers ---

static const struct command_track *wanted_track(const struct command *c, const char *track_id)
{
    for (size_t i = 0; i < c->offer.track_count; i++)
        if (strcmp(c->offer.tracks[i].track_id, track_id) == 0)
            return &c->offer.tracks[i];
    return NULL;
}

static struct track *own_track(const struct publisher *p, uint64_t id)
{
    LIST_EACH(&p->ingest.tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (t->stream.id == id)
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

static struct track *new_track(struct publisher *p, uint64_t id,
                               const struct publish_section *section)
{
    struct track *t = track_new(p->leg->shared, p->leg->endpoint, id, section);
    list_append(&p->ingest.tracks, &t->link);
    memcpy(t->stream.cname, p->cname, sizeof t->stream.cname);
    t->stream.clock = p->clock;
    return t;
}

// The track of a section that sends; made when it is new. NULL when the section is not one of
// those commanded, or its number belongs to somebody else's track. What the role may publish
// goes by the kind that the client told the room: the section has to be of that.
static struct track *take_section(struct publisher *p, const struct command *c,
                                  struct publish_section *section, const struct tick *tick)
{
    struct shared *s = p->leg->shared;
    const struct command_track *wanted = wanted_track(c, section->track_id);
    if (!wanted || wanted->kind != section->kind)
        return NULL;
    struct track *t = own_track(p, wanted->track);
    if (t && t->stream.kind != section->kind)
        return NULL;
    track_select_layers(t, &wanted->cap, section);
    if (t) {
        if (!track_goes_on(t, section))
            ingest_forget(&p->ingest, t);
        track_update(t, section);
        select_layers(&t->stream, tick); // of those that are left
    } else {
        if (map_get(&s->tracks, map_key_u64(&wanted->track)))
            return NULL;
        t = new_track(p, wanted->track, section);
    }
    track_bound(t, &wanted->cap, tick->now);
    section->max_kbps = t->kbps;
    for (unsigned i = 0; i < section->layer_count; i++) {
        const struct publish_layer *said = &section->layers[i];
        unsigned index = (unsigned)track_encoding(t, bytes_of(said->rid));
        if (said->ssrc)
            ingest_add(&p->ingest, said->ssrc, t, index, STREAM_MEDIA);
        if (said->rtx_ssrc)
            ingest_add(&p->ingest, said->rtx_ssrc, t, index, STREAM_RTX);
    }
    if (section->fec.ssrc)
        ingest_add(&p->ingest, section->fec.ssrc, t, 0, STREAM_FEC);
    add_extensions(&p->ingest.extensions, &section->extensions);
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
    LIST_EACH(&p->ingest.tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (is_listed(kept, count, t->stream.id))
            continue;
        ingest_forget(&p->ingest, t);
        track_close(t, tick->shared);
    }
}

static void take_offer(struct publisher *p, const struct command *c,
                       struct publish_offer *offer, const struct tick *tick,
                       struct notice *answer)
{
    answer->answer.tracks = mem_alloc_array(TRACKS_PER_PEER_MAX, sizeof(uint64_t));
    p->ingest.extensions = (struct extension_ids){0};
    for (size_t i = 0; i < offer->section_count; i++) {
        struct publish_section *section = &offer->sections[i];
        if (!section->sending || section->kind == MEDIA_APPLICATION)
            continue;
        if (answer->answer.track_count == TRACKS_PER_PEER_MAX) {
            log_info("sfu", "endpoint %" PRIu64 ": more tracks than %d", p->leg->endpoint,
                     TRACKS_PER_PEER_MAX);
            break;
        }
        const struct track *t = take_section(p, c, section, tick);
        if (t && !is_listed(answer->answer.tracks, answer->answer.track_count, t->stream.id))
            answer->answer.tracks[answer->answer.track_count++] = t->stream.id;
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

int publisher_read_offer(const struct command *c, struct publish_offer *offer, struct text *why)
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
    struct publish_offer *offer = &s->offer;

    struct notice made = leg_answer(p->leg, command);

    text_clear(&s->why);
    made.answer.err = publisher_read_offer(command, offer, &s->why);
    if (made.answer.err < 0) {
        made.answer.text = mem_text_of(text_bytes(&s->why));
        *notice_add(tick->notices, NOTICE_ANSWER) = made;
        return;
    }
    leg_take_remote(p->leg, &offer->remote, tick);
    leg_take_channel(p->leg, offered_channel(offer), tick);
    take_offer(p, command, offer, tick, &made);
    struct local_description local = leg_describe(p->leg, tick);
    struct text answer = {0};
    negotiate_publish_answer(offer, &local, &answer);
    made.answer.text = text_take(&answer);
    *notice_add(tick->notices, NOTICE_ANSWER) = made;
    close_others(p, made.answer.tracks, made.answer.track_count, tick);
}

// --- Media ---

void publisher_media(struct publisher *p, struct bytes packet, int64_t arrived_at,
                     const struct tick *tick)
{
    if (ingest_packet(&p->ingest, packet, arrived_at, tick) && p->report_at == NEVER)
        p->report_at = tick->now + REPORT_INTERVAL_US;
}

// --- Reports ---

static void note_clock(struct publisher *p, uint64_t ntp, const struct tick *tick)
{
    report_clock_note(&p->clock, ntp, tick->now + tick->shared->config.ntp_ahead_us);
    LIST_EACH(&p->ingest.tracks, each)
    LIST_ENTRY(each, struct track, link)->stream.clock = p->clock;
}

void publisher_rtcp(struct publisher *p, struct bytes compound, const struct tick *tick)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, compound) < 0) {
        tick->shared->stats.drop_malformed++;
        return;
    }
    uint32_t ssrc = read_u32(compound.at + 4); // the one that SRTCP goes by
    if (!ingest_find(&p->ingest, ssrc))
        ingest_note_stray(&p->ingest, ssrc);
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);) {
        if (packet.kind != RTCP_SENDER_REPORT)
            continue; // a publisher's streams have ended when its offer says so, not by a BYE
        const struct ingest_stream *stream = ingest_find(&p->ingest, packet.sender_ssrc);
        if (!stream || stream->role != STREAM_MEDIA)
            continue;
        track_report(stream->track, stream->layer, &packet.sender, tick->now);
        note_clock(p, packet.sender.ntp, tick);
    }
}

// Without transport-wide feedback a sender listens to REMB. We do not estimate for it: its own
// loss-based controller decides, up to what its role allows.
static void put_remb(struct publisher *p, struct writer *w)
{
    uint32_t ssrcs[LAYERS_MAX * TRACKS_PER_PEER_MAX];
    uint64_t bps = 0;
    size_t count = 0;
    LIST_EACH(&p->ingest.tracks, each)
    {
        const struct track *t = LIST_ENTRY(each, struct track, link);
        size_t before = count;
        for (unsigned i = 0; i < t->stream.layer_count; i++)
            if (t->stream.codec.remb && !t->stream.codec.twcc && t->layers[i].ssrc)
                ssrcs[count++] = t->layers[i].ssrc;
        if (count > before)
            bps += t->kbps ? (uint64_t)t->kbps * 1000 : REMB_BPS;
    }
    if (count)
        rtcp_put_remb(w, OWN_RTCP_SSRC, bps < REMB_BPS ? bps : REMB_BPS, ssrcs, count);
}

static bool report_layer(struct layer *l, const struct tick *tick,
                         struct rtcp_report_block *block)
{
    uint64_t lost = l->report.lost;
    bool is_heard = report_block(&l->report, l->ssrc, tick->now, block);
    tick->shared->stats.lost_in += l->report.lost - lost;
    return is_heard;
}

static void send_receiver_reports(struct publisher *p, const struct tick *tick)
{
    struct rtcp_report_block blocks[RTCP_REPORT_BLOCKS_MAX];
    size_t count = 0;
    LIST_EACH(&p->ingest.tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        for (unsigned i = 0; i < t->stream.layer_count && count < RTCP_REPORT_BLOCKS_MAX; i++)
            count += report_layer(&t->layers[i], tick, &blocks[count]);
    }
    uint8_t buffer[1200];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_receiver_report(&w, OWN_RTCP_SSRC, blocks, count);
    rtcp_put_cname(&w, OWN_RTCP_SSRC, bytes_of(p->cname));
    put_remb(p, &w);
    leg_send_rtcp(p->leg, &w, tick);
}

static void send_feedback(struct publisher *p, const struct tick *tick)
{
    uint8_t buffer[TWCC_FEEDBACK_MAX];
    for (;;) {
        struct writer w = writer_on(buffer, sizeof buffer);
        if (!twcc_put_feedback(&p->ingest.twcc, OWN_RTCP_SSRC, p->ingest.twcc_ssrc, tick->now,
                               &w))
            return;
        leg_send_rtcp(p->leg, &w, tick);
    }
}

// What a publisher was asked for, ever.
struct asked {
    uint64_t packets, keys;
};

static struct asked asked_of(const struct track *t)
{
    struct asked asked = {0};
    for (unsigned i = 0; i < t->stream.layer_count; i++) {
        asked.packets += t->layers[i].packets_asked;
        asked.keys += t->layers[i].keys_asked;
    }
    return asked;
}

static void send_requests(struct publisher *p, struct track *t, const struct tick *tick)
{
    uint8_t buffer[1024];
    for (;;) {
        struct writer w = writer_on(buffer, sizeof buffer);
        struct asked before = asked_of(t);
        bool asks = track_put_request(t, OWN_RTCP_SSRC, tick->now, &w);
        struct asked after = asked_of(t);
        tick->shared->stats.asked_in += after.packets - before.packets;
        tick->shared->stats.keys_in += after.keys - before.keys;
        if (!asks)
            return;
        leg_send_rtcp(p->leg, &w, tick);
    }
}

void publisher_take_wishes(struct publisher *p, struct track *t, const struct tick *tick)
{
    assert(t->endpoint == p->leg->endpoint);
    track_take_wishes(t, tick->now);
    send_requests(p, t, tick);
}

int64_t publisher_deadline(const struct publisher *p)
{
    int64_t deadline = twcc_deadline(&p->ingest.twcc);
    if (p->report_at < deadline)
        deadline = p->report_at;
    LIST_EACH(&p->ingest.tracks, each)
    {
        int64_t track_at = track_deadline(LIST_ENTRY(each, struct track, link));
        if (track_at < deadline)
            deadline = track_at;
    }
    return deadline;
}

void publisher_expire(struct publisher *p, const struct tick *tick)
{
    LIST_EACH(&p->ingest.tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        send_requests(p, t, tick);
        if (track_is_checked(t, tick->now))
            select_layers(&t->stream, tick);
    }
    if (twcc_deadline(&p->ingest.twcc) <= tick->now)
        send_feedback(p, tick);
    if (p->report_at <= tick->now) {
        send_receiver_reports(p, tick);
        LIST_EACH(&p->ingest.tracks, each)
        track_look_at_demand(LIST_ENTRY(each, struct track, link), p->leg->meeting, tick);
        p->report_at = tick->now + REPORT_INTERVAL_US;
    }
}
