#include "sfu/forward.h"

#include "rtc/codec.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "sfu/seats.h"
#include "sfu/select.h"
#include "sfu/shared.h"
#include "sfu/subscriber.h"
#include "sfu/track.h"

#include <assert.h>
#include <string.h>

// A packet as every subscriber gets it but for what patch() writes.
struct outgoing {
    uint8_t head[BATCH_HEAD_MAX];
    uint8_t head_len;
    const struct history_slot *slot;
};

static void prepare(struct outgoing *o, const struct track *t, const struct history_slot *slot)
{
    struct rtp_header header = {
        .payload_type = negotiate_payload_type(t->codec.codec, t->codec.profile),
        .marker = slot->marker,
    };
    struct writer w = writer_on(o->head, sizeof o->head);
    rtp_put_header(&w, &header, &negotiate_extensions, &slot->extensions);
    assert(!w.overflow);
    o->head_len = (uint8_t)w.len;
    o->slot = slot;
}

static void patch(uint8_t *head, uint16_t seq, uint32_t timestamp, uint32_t ssrc)
{
    write_u16(head + 2, seq);
    write_u32(head + 4, timestamp);
    write_u32(head + 8, ssrc);
}

void forward_put_payload(struct batch_packet *p, enum codec codec,
                         const struct history_slot *slot, const struct shift *shift)
{
    const struct codec_packet *info = &slot->info;
    p->payload = slot->payload;
    if ((shift->picture_id | shift->tl0) == 0 || !(info->has_picture_id || info->has_tl0) ||
        p->head_len + info->descriptor_len > BATCH_HEAD_MAX)
        return;
    uint16_t picture_id = (uint16_t)(info->picture_id + shift->picture_id);
    uint8_t tl0 = (uint8_t)(info->tl0 + shift->tl0);
    uint8_t len =
        codec_rewrite(codec, slot->payload, info, picture_id, tl0, p->head + p->head_len);
    p->head_len = (uint8_t)(p->head_len + len);
    p->payload = (struct bytes){slot->payload.at + len, slot->payload.len - len};
}

// A viewer chose the payload types and the ids of extensions itself.
static void put_seated(struct batch_packet *p, const struct outgoing *o, const struct feed *f)
{
    struct rtp_header header = {
        .payload_type = f->seated_codec->payload_type,
        .marker = o->slot->marker,
    };
    struct extension_values values = o->slot->extensions;
    values.mid = bytes_of(f->seat->mid);
    struct writer w = writer_on(p->head, sizeof p->head);
    rtp_put_header(&w, &header, &f->seat->extensions, &values);
    assert(!w.overflow);
    p->head_len = p->clear_len = (uint8_t)w.len;
}

static void send_on(const struct outgoing *o, enum codec codec, const struct feed_line *line,
                    const struct tick *tick)
{
    const struct history_slot *slot = o->slot;
    uint64_t seq = slot->seq + line->shift.seq;
    struct batch_packet *p = batch_media(tick->out, line->path);
    p->kind = BATCH_RTP;
    p->urgent = codec == CODEC_OPUS;
    p->head_len = p->clear_len = o->head_len;
    p->index = seq;
    // A copy of a size that the compiler knows beats one of the exact size.
    if (line->seated)
        put_seated(p, o, line->feed);
    else if (o->head_len <= 32)
        memcpy(p->head, o->head, 32);
    else
        memcpy(p->head, o->head, sizeof o->head);
    patch(p->head, (uint16_t)seq, slot->timestamp + line->shift.timestamp, line->ssrc);
    forward_put_payload(p, codec, slot, &line->shift);
}

// The packets behind a key frame's beginning that came before it.
static void catch_up(struct track *t, const struct feed_line *line, const struct tick *tick)
{
    const struct track_layer *layer = &t->layers[line->current];
    for (uint64_t seq = line->from + 1; seq <= layer->progress.newest; seq++) {
        const struct history_slot *slot = history_get(&layer->history, seq);
        if (!slot)
            continue; // comes yet, by itself
        struct outgoing o;
        prepare(&o, t, slot);
        send_on(&o, t->codec.codec, line, tick);
        t->shared->stats.rtp_out++;
    }
}

void forward_packet(struct track *t, unsigned layer, const struct history_slot *slot,
                    bool start, const struct tick *tick)
{
    struct outgoing o;
    prepare(&o, t, slot);
    enum codec codec = t->codec.codec;
    uint64_t newest = t->layers[layer].progress.newest;
    start = start && newest - slot->seq <= FORWARD_CATCH_UP_MAX;
    uint64_t sent = 0;
    for (uint32_t i = 0; i < t->line_count; i++) {
        struct feed_line *line = &t->lines[i];
        if (line->current == layer) {
            if (slot->seq < line->from)
                continue; // late, from before the segment
        } else {
            if (!start || !(line->start_mask >> layer & 1))
                continue;
            feed_begin_segment(line->feed, layer, slot);
            line->start_mask = select_starts(line, tick->now);
            send_on(&o, codec, line, tick);
            sent++;
            if (slot->seq < newest)
                catch_up(t, line, tick);
            subscriber_feed_began(line->feed->subscriber, tick);
            continue;
        }
        send_on(&o, codec, line, tick);
        sent++;
    }
    t->shared->stats.rtp_out += sent;
}

void forward_again(const struct track *t, const struct feed_line *line,
                   const struct shift *shift, const struct history_slot *slot,
                   const struct tick *tick)
{
    struct outgoing o;
    struct feed_line then = *line;
    then.shift = *shift;
    prepare(&o, t, slot);
    send_on(&o, t->codec.codec, &then, tick);
}
