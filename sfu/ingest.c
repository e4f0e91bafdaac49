#include "sfu/ingest.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rtc/fec.h"
#include "rtc/red.h"
#include "rtc/rtp.h"
#include "sfu/forward.h"
#include "sfu/select.h"

#include <assert.h>
#include <string.h>

enum {
    SECOND_US = 1000 * 1000,
    AUDIO_SILENCE = 127, // RFC 6464 section 3
};

void ingest_init(struct ingest *in, struct leg *leg)
{
    *in = (struct ingest){.leg = leg, .learn_window_at = INT64_MIN / 2};
    list_init(&in->tracks);
}

// --- Streams ---

struct ingest_stream *ingest_find(struct ingest *in, uint32_t ssrc)
{
    assert(in->stream_count <= sizeof in->streams / sizeof *in->streams);
    if (in->last_stream < in->stream_count && in->streams[in->last_stream].ssrc == ssrc)
        return &in->streams[in->last_stream];
    for (uint32_t i = 0; i < in->stream_count; i++)
        if (in->streams[i].ssrc == ssrc) {
            in->last_stream = i;
            return &in->streams[i];
        }
    return NULL;
}

static void forget_stream(struct ingest *in, uint32_t index)
{
    transport_forget_ssrc(in->leg->transport, in->streams[index].ssrc);
    in->streams[index] = in->streams[--in->stream_count];
}

// What a track's layer was sent as before is not it any more.
static void forget_role(struct ingest *in, const struct track *t, unsigned layer,
                        enum stream_role role)
{
    for (uint32_t i = in->stream_count; i-- > 0;)
        if (in->streams[i].track == t && in->streams[i].layer == layer &&
            in->streams[i].role == role)
            forget_stream(in, i);
}

void ingest_forget(struct ingest *in, const struct track *t)
{
    for (uint32_t i = in->stream_count; i-- > 0;)
        if (in->streams[i].track == t)
            forget_stream(in, i);
}

// At the bound the SSRC stays unknown and its packets are dropped and counted.
struct ingest_stream *ingest_add(struct ingest *in, uint32_t ssrc, struct track *t,
                                 unsigned layer, enum stream_role role)
{
    struct ingest_stream *known = ingest_find(in, ssrc);
    if (known && known->track == t && known->layer == layer && known->role == role)
        return known;
    if (known) // the description gives the SSRC another meaning
        forget_stream(in, (uint32_t)(known - in->streams));
    forget_role(in, t, layer, role);
    if (in->stream_count == SSRC_PER_TRANSPORT_MAX)
        return NULL;
    assert(layer < t->stream.layer_count && t->endpoint == in->leg->endpoint);
    struct ingest_stream *s = &in->streams[in->stream_count++];
    *s = (struct ingest_stream){ssrc, t, (uint8_t)layer, role};
    return s;
}

static struct track *track_by_mid(struct ingest *in, struct bytes mid)
{
    LIST_EACH(&in->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (bytes_equal(mid, bytes_of(t->mid)))
            return t;
    }
    return NULL;
}

static bool may_learn(struct ingest *in, int64_t now)
{
    if (now - in->learn_window_at >= SECOND_US) {
        in->learn_window_at = now;
        in->learnt_in_window = 0;
    }
    return in->learnt_in_window++ < SSRC_NEW_PER_SECOND;
}

static bool is_sent_as(const struct negotiated_codec *codec, uint8_t payload_type)
{
    return payload_type == codec->payload_type ||
           (codec->red_payload_type && payload_type == codec->red_payload_type);
}

// The only track that may be sent with this payload type and has not begun. NULL: there is
// none, or more than one.
static struct track *track_by_payload_type(struct ingest *in, uint8_t payload_type)
{
    struct track *found = NULL;
    LIST_EACH(&in->tracks, each)
    {
        struct track *t = LIST_ENTRY(each, struct track, link);
        if (t->stream.layer_count > 1 || !is_sent_as(&t->stream.codec, payload_type))
            continue;
        if (found || t->layers[0].ssrc)
            return NULL;
        found = t;
    }
    return found;
}

// The first packet of an SSRC says by MID and RID what it is, or by a payload type that only
// one section has (RFC 9143 section 9.2): encoders that are no browsers may do no more.
static struct ingest_stream *learn_stream(struct ingest *in, const struct rtp_packet *packet,
                                          const struct extension_values *values,
                                          const struct tick *tick)
{
    struct track *t = values->mid.len ? track_by_mid(in, values->mid)
                                      : track_by_payload_type(in, packet->payload_type);
    if (!t)
        return NULL;
    bool repair = t->stream.codec.rtx_payload_type &&
                  packet->payload_type == t->stream.codec.rtx_payload_type;
    if (!repair && !is_sent_as(&t->stream.codec, packet->payload_type))
        return NULL;
    struct bytes rid = repair ? values->repaired_rid : values->rid;
    int layer = rid.len == 0 && t->stream.layer_count == 1 ? 0 : track_encoding(t, rid);
    if (layer < 0 || !may_learn(in, tick->now))
        return NULL;
    struct ingest_stream *s =
        ingest_add(in, packet->ssrc, t, (unsigned)layer, repair ? STREAM_RTX : STREAM_MEDIA);
    if (!s)
        return NULL;
    struct layer *l = &t->layers[layer];
    if (repair) {
        l->rtx_ssrc = packet->ssrc;
    } else {
        bool other = l->ssrc && l->ssrc != packet->ssrc;
        track_layer_replace(t, (unsigned)layer, packet->ssrc);
        if (other)
            select_layers(&t->stream, tick);
    }
    return s;
}

void ingest_note_stray(struct ingest *in, uint32_t ssrc)
{
    uint32_t forgotten = leg_note_stray(in->leg, ssrc);
    if (forgotten && !ingest_find(in, forgotten)) // or it was learnt meanwhile
        transport_forget_ssrc(in->leg->transport, forgotten);
}

// --- Media ---

static void tell_up(const struct leg *l, struct track *t, const struct tick *tick)
{
    t->up = true;
    struct notice *n = notice_add(tick->notices, NOTICE_TRACK_UP);
    n->room = l->meeting->id;
    n->endpoint = l->endpoint;
    n->track = t->stream.id;
}

// A packet of sound came. Returns whether it is for anybody: where many have microphones, the
// loudest are heard (sfu/last_n.h). Late packets tell nothing of now.
static bool hear(const struct leg *l, struct track *t, const struct history_slot *slot,
                 const struct extension_values *values, const struct tick *tick)
{
    struct meeting *m = l->meeting;
    struct stream *s = &t->stream;
    bool sounds = slot->payload.len >= LAST_N_SOUND_OCTETS;
    if (values->has_audio_level && !s->muted && sounds) {
        speakers_hear(&m->speakers, &t->talker, values->audio_level, tick->now);
        timers_advance(&tick->shared->timers, &m->timer, m->speakers.look_at);
    }
    if (slot->seq < s->layers[0].progress.newest)
        return !s->unheard;
    bool counts = values->has_audio_level || s->muted;
    struct voice *silenced = NULL;
    s->unheard = counts && !last_n_hear(&m->loudest, &t->voice,
                                        s->muted ? AUDIO_SILENCE : values->audio_level,
                                        slot->payload.len, tick->now, &silenced);
    if (silenced) {
        struct stream *other = &LIST_ENTRY(silenced, struct track, voice)->stream;
        other->unheard = true;
        feeds_leave(other, 0);
    }
    return !s->unheard;
}

// Returns whether it was new.
static bool pass(struct ingest *in, const struct ingest_stream *stream, enum layer_way way,
                 const struct rtp_packet *packet, const struct extension_values *values,
                 int64_t arrived_at, const struct tick *tick)
{
    struct track *t = stream->track;
    bool start = false;
    const struct history_slot *slot =
        track_receive(t, stream->layer, packet, values, way, arrived_at, &start, tick);
    if (!slot)
        return false;
    if (!t->up)
        tell_up(in->leg, t, tick);
    if (t->stream.kind == MEDIA_AUDIO && !hear(in->leg, t, slot, values, tick))
        return true;
    bool is_key = slot->info.frame_start && slot->info.key_frame;
    forward_packet(&t->stream, stream->layer, slot, start, tick);
    while (is_key && track_receive_early(t, stream->layer, &slot, &start, tick))
        if (slot)
            forward_packet(&t->stream, stream->layer, slot, start, tick);
    return true;
}

// A packet that came as a retransmission becomes the one that it repeats.
static bool unwrap(const struct ingest_stream *stream, struct rtp_packet *packet)
{
    const struct track *t = stream->track;
    if (stream->role == STREAM_MEDIA)
        return true;
    uint32_t ssrc = t->layers[stream->layer].ssrc;
    if (packet->payload_type != t->stream.codec.rtx_payload_type || ssrc == 0)
        return false;
    // Padding-only probes fail here: there is nothing in them.
    return rtp_unwrap_rtx(packet, ssrc, t->stream.codec.payload_type) == 0;
}

// Sound that repeats what was sent before (rtc/red.h): becomes what it would be alone. Frames
// of before that are missing so far are passed on as if they had been sent again. libwebrtc
// repeats the very packets before: the last but one block is that of the number before.
static void unwrap_red(struct ingest *in, const struct ingest_stream *stream,
                       struct rtp_packet *packet, const struct extension_values *values,
                       int64_t arrived_at, const struct tick *tick)
{
    struct red red;
    const struct track *t = stream->track;
    if (red_parse(&red, packet->payload) < 0) {
        tick->shared->stats.drop_malformed++;
        packet->payload.len = 0;
        return;
    }
    const struct layer *layer = &t->layers[stream->layer];
    // Numbers before it that did not come; of a packet that is itself late, none.
    int16_t missing = (int16_t)(packet->seq - (uint16_t)layer->seq.highest - 1);
    size_t back = layer->seq.highest && missing > 0 ? (size_t)missing : 0;
    if (back > red.count - 1)
        back = red.count - 1;
    for (; back > 0; back--) {
        const struct red_block *block = &red.blocks[red.count - 1 - back];
        struct rtp_packet before = *packet;
        before.payload_type = block->payload_type;
        before.marker = false;
        before.seq = (uint16_t)(packet->seq - back);
        before.timestamp = packet->timestamp - block->timestamp_offset;
        before.payload = block->data;
        if (block->payload_type != t->stream.codec.payload_type || block->data.len == 0)
            continue;
        tick->shared->stats.recovered++;
        pass(in, stream, LAYER_REBUILT, &before, values, arrived_at, tick);
    }
    packet->payload_type = red_primary(&red)->payload_type;
    packet->payload = red_primary(&red)->data;
}

// A packet of media in the stream's own numbers. Returns whether it was new.
static bool pass_media(struct ingest *in, const struct ingest_stream *stream,
                       enum layer_way way, struct rtp_packet *packet,
                       struct extension_values *values, int64_t arrived_at,
                       const struct tick *tick)
{
    const struct negotiated_codec *codec = &stream->track->stream.codec;
    // These two are about the hop to us.
    values->has_twcc = values->has_abs_send_time = false;
    if (way == LAYER_SENT && codec->red_payload_type &&
        packet->payload_type == codec->red_payload_type)
        unwrap_red(in, stream, packet, values, arrived_at, tick);
    // Of another codec of the section (comfort noise, telephone events) than the answer chose:
    // for subscribers there is nothing in it, but its number was used.
    if (packet->payload_type != codec->payload_type) {
        tick->shared->stats.drop_unknown_stream++;
        packet->payload.len = 0;
    }
    return pass(in, stream, way, packet, values, arrived_at, tick);
}

// --- Sums (rtc/fec.h) ---

// Passes on what is missing of a layer and can be put together by now.
static void pass_rebuilt(struct ingest *in, const struct ingest_stream *stream,
                         int64_t arrived_at, const struct tick *tick)
{
    struct layer *l = &stream->track->layers[stream->layer];
    for (struct bytes datagram; rebuild_next(l->rebuild, tick->now, &datagram);) {
        struct rtp_packet packet;
        if (rtp_parse(&packet, datagram) < 0) {
            tick->shared->stats.drop_malformed++;
            continue;
        }
        struct extension_values values = {0};
        extension_read(&values, packet.extension, &in->extensions);
        if (!pass_media(in, stream, LAYER_REBUILT, &packet, &values, arrived_at, tick))
            continue;
        l->packets_rebuilt++;
        tick->shared->stats.rebuilt++;
    }
}

static void take_sum(struct ingest *in, const struct ingest_stream *stream,
                     const struct rtp_packet *packet, int64_t arrived_at,
                     const struct tick *tick)
{
    struct layer *l = &stream->track->layers[stream->layer];
    struct fec_packet fec;
    if (packet->payload_type != l->fec_payload_type || fec_parse(&fec, packet->payload) < 0 ||
        fec.ssrc != l->ssrc) {
        tick->shared->stats.drop_malformed++;
        return;
    }
    l->sums++;
    if (!l->rebuild)
        l->rebuild = mem_alloc(sizeof *l->rebuild);
    if (rebuild_add(l->rebuild, &fec))
        pass_rebuilt(in, stream, arrived_at, tick);
}

bool ingest_packet(struct ingest *in, struct bytes datagram, int64_t arrived_at,
                   const struct tick *tick)
{
    struct router_stats *stats = &tick->shared->stats;
    stats->rtp_in++;
    struct rtp_packet packet;
    if (rtp_parse(&packet, datagram) < 0) {
        stats->drop_malformed++;
        return false;
    }
    struct extension_values values = {0};
    extension_read(&values, packet.extension, &in->extensions);
    if (values.has_twcc)
        twcc_arrived(&in->twcc, values.twcc, arrived_at);

    const struct ingest_stream *stream = ingest_find(in, packet.ssrc);
    if (!stream)
        stream = learn_stream(in, &packet, &values, tick);
    if (!stream) {
        stats->drop_unknown_stream++;
        ingest_note_stray(in, packet.ssrc);
        return false;
    }
    const struct layer *layer = &stream->track->layers[stream->layer];
    if (stream->role == STREAM_FEC) {
        take_sum(in, stream, &packet, arrived_at, tick);
        return true;
    }
    if (!unwrap(stream, &packet))
        return false;
    in->twcc_ssrc = layer->ssrc;
    bool sent = stream->role == STREAM_MEDIA;
    pass_media(in, stream, sent ? LAYER_SENT : LAYER_AGAIN, &packet, &values, arrived_at, tick);
    if (sent && layer->rebuild) {
        rebuild_note(layer->rebuild, datagram, &in->extensions);
        pass_rebuilt(in, stream, arrived_at, tick);
    }
    return true;
}
