#include "tests/sim/sink.h"

#include "base/mem.h"
#include "rtc/codec.h"
#include "rtc/negotiate.h"
#include "rtc/red.h"
#include "rtc/rtcp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BEFORE_FIRST = 256, // room for packets which come after the first but belong before it
    KEY_FRAME_PATIENCE_US = 300 * 1000,
    STARVING_US = 3000 * 1000,
    STARVING_FIRST_US = 200 * 1000,
    ACTIVE_US = 5000 * 1000,
    ROUND_TRIP_US = 100 * 1000, // what libwebrtc takes where it sends nothing itself
    RECEIVER_SSRC = 1,
};

void sink_init(struct sink *s, enum codec codec, const char *track, uint32_t ssrc,
               uint32_t rtx_ssrc)
{
    *s = (struct sink){.video = codec_is_video(codec),
                       .codec = codec,
                       .ssrc = ssrc,
                       .rtx_ssrc = rtx_ssrc,
                       .key_asked_at = INT64_MIN / 2};
    snprintf(s->track, sizeof s->track, "%s", track);
}

void sink_dispose(struct sink *s)
{
    mem_free(s->packets);
    mem_free(s->viewer);
    mem_free(s->listener);
    mem_free(s->continuity);
    *s = (struct sink){0};
}

void sink_watch(struct sink *s, bool forgetful, int64_t now)
{
    if (s->video) {
        s->continuity = forgetful ? mem_alloc(sizeof *s->continuity) : NULL;
        s->viewer = mem_alloc(sizeof *s->viewer);
        viewer_open(s->viewer, now);
    } else {
        s->listener = mem_alloc(sizeof *s->listener);
    }
}

static uint64_t hash_of(const struct rtp_packet *packet)
{
    uint64_t hash = 1469598103934665603u ^ packet->timestamp;
    for (size_t i = 0; i < packet->payload.len; i++)
        hash = (hash ^ packet->payload.at[i]) * 1099511628211u;
    return hash;
}

static struct sink_packet *place(struct sink *s, uint64_t seq)
{
    if (s->count == 0)
        s->base = seq - BEFORE_FIRST;
    if (seq < s->base)
        return NULL;
    size_t at = (size_t)(seq - s->base);
    if (at >= s->cap) {
        size_t cap = at * 2 + 1024;
        s->packets = mem_resize(s->packets, cap * sizeof *s->packets);
        memset(s->packets + s->cap, 0, (cap - s->cap) * sizeof *s->packets);
        s->cap = cap;
    }
    if (at >= s->count)
        s->count = at + 1;
    return &s->packets[at];
}

static void forget_before(struct nack *n, uint64_t seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < n->count; i++)
        if (n->missing[i].seq >= seq)
            n->missing[kept++] = n->missing[i];
    n->count = kept;
}

static void watch(struct sink *s, const struct sink_packet *p, uint64_t seq, size_t octets,
                  int64_t now)
{
    if (s->viewer)
        viewer_packet(s->viewer, &p->mark, p->marker, seq, p->timestamp, octets, now);
    if (s->continuity)
        forget_before(&s->nack, continuity_packet(s->continuity, &p->mark, seq));
    if (!s->listener)
        return;
    listener_packet(s->listener, p->mark.frame, now);
    if (p->mark.back)
        listener_spare(s->listener, p->mark.frame - p->mark.back);
}

// Frames of before that a packet of sound repeats. What is left is its own.
static struct bytes take_redundant(struct sink *s, const struct rtp_packet *packet)
{
    struct red red;
    if (s->video || !s->red_type || packet->payload_type != s->red_type)
        return packet->payload;
    if (red_parse(&red, packet->payload) < 0) {
        s->fault = "redundant sound was damaged";
        return packet->payload;
    }
    for (size_t i = 0; i + 1 < red.count; i++) {
        struct mark mark;
        if (red.blocks[i].data.len == 0)
            continue;
        if (!mark_read(&mark, false, red.blocks[i].data))
            s->fault = "a repeated frame was damaged";
        else if (s->listener)
            listener_spare(s->listener, mark.frame);
    }
    return red_primary(&red)->data;
}

static void note(struct sink *s, struct sink_packet *p, uint64_t seq,
                 const struct rtp_packet *packet, int64_t now)
{
    uint64_t hash = hash_of(packet);
    if (p->present) {
        s->duplicates++;
        if (p->hash != hash)
            s->fault = "one number was given to two packets";
        return;
    }
    *p = (struct sink_packet){.present = true,
                              .empty = packet->payload.len == 0,
                              .marker = packet->marker,
                              .timestamp = packet->timestamp,
                              .hash = hash};
    if (p->empty) {
        if (s->viewer)
            viewer_empty(s->viewer, seq);
        return;
    }
    struct codec_packet info = {0};
    struct bytes payload = take_redundant(s, packet);
    if (!mark_read(&p->mark, s->video, payload) || codec_parse(s->codec, payload, &info) < 0)
        s->fault = "a payload was damaged";
    p->picture_id = info.picture_id;
    p->tl0 = info.tl0;
    if (!s->fault)
        watch(s, p, seq, packet->payload.len, now);
}

bool sink_receive(struct sink *s, const struct rtp_packet *packet, int64_t now)
{
    struct rtp_packet original = *packet;
    bool repair = s->rtx_ssrc && packet->ssrc == s->rtx_ssrc;
    if (!repair && packet->ssrc != s->ssrc)
        return false;
    if (repair && packet->payload.len == 0)
        return true; // a probe
    if (repair && rtp_unwrap_rtx(&original, s->ssrc,
                                 negotiate_payload_type(s->codec, H264_BASELINE)) < 0) {
        s->fault = "a retransmission without its number";
        return true;
    }
    if (repair && s->seq.highest == 0)
        return true;
    uint64_t seq = seq_extend(&s->seq, original.seq);
    struct sink_packet *p = place(s, seq);
    if (!p)
        return true;
    s->received++;
    s->repaired += repair && !p->present;
    note(s, p, seq, &original, now);
    if (!repair)
        report_received(&s->report, seq, original.timestamp, s->video ? 90000 : 48000,
                        original.payload.len, now);
    if (s->video && nack_received(&s->nack, seq, now) == NACK_LOST)
        s->key_wanted = true;
    return true;
}

// libwebrtc's receiver asks for a key frame when it has shown nothing for long, while packets
// come (VideoReceiveStream2::HandleFrameBufferTimeout).
static bool is_starving(const struct sink *s, int64_t now)
{
    const struct viewer *v = s->viewer;
    if (!v || v->packet_at == 0 || now - v->packet_at > ACTIVE_US)
        return false;
    int64_t asked = s->key_asked_at > v->shown_at ? s->key_asked_at : v->shown_at;
    return now - asked > (v->begun ? STARVING_US : STARVING_FIRST_US);
}

// As libwebrtc's receiver asks (modules/video_coding/nack_requester.cc): for all of them, and
// again after each round trip. What it gives up it forgets without a word.
static size_t ask(struct nack *n, int64_t now, uint16_t *seqs)
{
    size_t due = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n->count; i++) {
        struct nack_missing m = n->missing[i];
        if (m.ask_at <= now) {
            if (m.tries++ == NACK_TRIES_MAX || now - m.noticed_at >= NACK_AGE_MAX_US)
                continue;
            m.ask_at = now + ROUND_TRIP_US;
            seqs[due++] = (uint16_t)m.seq;
        }
        n->missing[kept++] = m;
    }
    n->count = kept;
    return due;
}

void sink_feedback(struct sink *s, int64_t now, struct writer *w)
{
    uint16_t seqs[NACK_MISSING_MAX];
    size_t count = ask(&s->nack, now, seqs);
    if (count)
        rtcp_put_nack(w, RECEIVER_SSRC, s->ssrc, seqs, count);
    s->key_wanted |= is_starving(s, now);
    if (s->video && s->key_wanted && now - s->key_asked_at > KEY_FRAME_PATIENCE_US) {
        rtcp_put_pli(w, RECEIVER_SSRC, s->ssrc);
        s->key_asked_at = now;
        s->key_wanted = false;
    }
}

void sink_close(struct sink *s)
{
    if (!s->closed_at)
        s->closed_at = s->seq.highest ? s->seq.highest : 1;
}

// --- Judging ---

enum { UNREPAIRED_AT_CLOSE = 64 };

static bool may_be_missing(const struct sink *s, size_t at)
{
    if (!s->video)
        return true; // audio is not repaired
    return s->closed_at && s->base + at + UNREPAIRED_AT_CLOSE > s->closed_at;
}

static const char *judge_frame_change(const struct sink_packet *before,
                                      const struct sink_packet *p)
{
    const struct mark *old = &before->mark;
    const struct mark *new = &p->mark;
    bool next_picture = p->picture_id == ((before->picture_id + 1) & 0x7fff) &&
                        p->tl0 == (uint8_t)(before->tl0 + 1);
    if ((int32_t)(p->timestamp - before->timestamp) <= 0)
        return "time stands still or runs backwards";
    if (new->index != 0)
        return "a frame does not begin with its first packet";
    if (old->index + 1 != old->count && !new->key)
        return "a frame ends early";
    if (new->layer != old->layer) {
        if (!new->key)
            return "a layer switch without a key frame";
        return next_picture ? NULL : "a layer switch breaks the count of pictures";
    }
    if (new->frame != old->frame + 1 && !(new->key &&new->frame > old->frame))
        return "a frame is missing";
    if (!next_picture && !new->key)
        return "a picture id is missing";
    return NULL;
}

static const char *judge_video(const struct sink_packet *before, const struct sink_packet *p)
{
    if (before->mark.layer != p->mark.layer || before->mark.frame != p->mark.frame)
        return judge_frame_change(before, p);
    if (p->mark.index != before->mark.index + 1)
        return "a packet is missing in a frame";
    if (p->timestamp != before->timestamp || p->picture_id != before->picture_id)
        return "a frame has two timestamps or picture ids";
    if (p->marker != (p->mark.index + 1 == p->mark.count))
        return "the marker is wrong";
    return NULL;
}

static const char *judge_audio(const struct sink_packet *before, const struct sink_packet *p)
{
    if ((int32_t)(p->timestamp - before->timestamp) <= 0)
        return "time stands still or runs backwards";
    return p->mark.frame > before->mark.frame ? NULL : "audio out of order";
}

static const char *judge(const struct sink *s, size_t *at)
{
    const struct sink_packet *before = NULL;
    // Like a browser, the receiver asks for nothing that was sent before what came first.
    for (size_t i = BEFORE_FIRST; i < s->count; i++) {
        const struct sink_packet *p = &s->packets[i];
        *at = i;
        if (!p->present) {
            if (!may_be_missing(s, i))
                return "a packet never came";
            if (s->video)
                return NULL; // what follows cannot be judged
            continue;
        }
        if (p->empty)
            continue;
        const char *fault = NULL;
        if (before)
            fault = s->video ? judge_video(before, p) : judge_audio(before, p);
        if (fault)
            return fault;
        before = p;
    }
    return NULL;
}

bool sink_is_sound(const struct sink *s, struct text *why)
{
    if (s->fault)
        text_addf(why, "track %s: %s", s->track, s->fault);
    return !s->fault;
}

bool sink_check(const struct sink *s, struct text *why)
{
    size_t at = 0;
    const char *fault = s->fault;
    if (!fault)
        fault = judge(s, &at);
    if (!fault)
        return true;
    text_addf(why, "track %s, packet %zu of %zu (number %" PRIu64 "): %s", s->track, at,
              s->count, s->base + at, fault);
    return false;
}
