#include "sfu/feed.h"

#include "base/mem.h"
#include "base/moment.h"
#include "rtc/codec.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "sfu/publisher.h"
#include "sfu/seats.h"
#include "sfu/shared.h"
#include "sfu/subscriber.h"
#include "sfu/track.h"

#include <assert.h>
#include <string.h>

enum { NO_LINE = UINT32_MAX };

static struct feed_line *line_of(const struct feed *f)
{
    return f->line == NO_LINE ? NULL : &f->track->lines[f->line];
}

struct feed *feed_new(struct track *t, struct subscriber *s, enum layer max_layer)
{
    struct feed *f = mem_alloc(sizeof *f);
    f->track = t;
    f->subscriber = s;
    f->line = NO_LINE;
    f->max_layer = max_layer;
    f->repair_budget = FEED_REPAIR_BURST;
    list_append(&t->feeds, &f->link);
    t->shared->stats.feeds++;
    return f;
}

struct feed_tail feed_tail(const struct feed *f)
{
    assert(f->line == NO_LINE);
    return (struct feed_tail){
        .begun = f->begun,
        .next_seq = f->next_seq,
        .last_timestamp = f->last_timestamp,
        .last_at = f->last_at,
        .last_picture_id = f->last_picture_id,
        .last_tl0 = f->last_tl0,
        .packets = f->packets,
        .octets = f->octets,
        .rtx_seq = f->rtx_seq,
    };
}

void feed_go_on(struct feed *f, const struct feed_tail *tail)
{
    assert(f->line == NO_LINE);
    f->begun = tail->begun;
    f->next_seq = tail->next_seq;
    f->last_timestamp = tail->last_timestamp;
    f->last_at = tail->last_at;
    f->last_picture_id = tail->last_picture_id;
    f->last_tl0 = tail->last_tl0;
    f->packets = tail->packets;
    f->octets = tail->octets;
    f->repair_counted = tail->octets;
    f->rtx_seq = tail->rtx_seq;
    // What was sent before is in the history of another track.
    f->last_layer = NO_LAYER;
    f->segment_count = 0;
}

// --- Segments ---

// What was sent in the present segment, by the layer's counters: packets that came late, from
// before the segment, are counted although they were not sent, which a SR can live with.
static uint32_t packets_sent(const struct feed *f, const struct feed_line *line)
{
    if (!line || line->current == NO_LAYER)
        return f->packets;
    return f->packets + f->track->layers[line->current].packets - f->segment_packets;
}

static uint32_t octets_sent(const struct feed *f, const struct feed_line *line)
{
    if (!line || line->current == NO_LAYER)
        return f->octets;
    return f->octets + f->track->layers[line->current].octets - f->segment_octets;
}

// Ends the present segment, if there is one: the next begins behind the layer's newest packet.
static void end_segment(struct feed *f, struct feed_line *line)
{
    if (line->current == NO_LAYER)
        return;
    const struct track_layer *layer = &f->track->layers[line->current];
    f->packets = packets_sent(f, line);
    f->octets = octets_sent(f, line);
    f->next_seq = layer->newest + line->shift.seq + 1;
    f->last_layer = line->current;
    f->last_stream = layer->stream;
    f->last_timestamp = layer->newest_timestamp + line->shift.timestamp;
    f->last_at = layer->newest_at;
    f->last_picture_id = (uint16_t)(layer->newest_picture_id + line->shift.picture_id);
    f->last_tl0 = (uint8_t)(layer->newest_tl0 + line->shift.tl0);
    line->current = NO_LAYER;
}

// The layer that was sent last, unless it is another SSRC's by now: the differences of its last
// segment mean nothing then.
static const struct track_layer *last_layer(const struct feed *f)
{
    if (f->last_layer == NO_LAYER)
        return NULL;
    const struct track_layer *layer = &f->track->layers[f->last_layer];
    return layer->stream == f->last_stream ? layer : NULL;
}

// The outgoing timestamp of a layer's first packet after another layer, or another SSRC, was
// sent. What the
// publisher's reports say of the two clocks decides, as long as it agrees with the time that
// passed; a report may be old or wrong, and receivers freeze when time jumps.
static uint32_t timestamp_after_switch(const struct feed *f, const struct track_layer *layer,
                                       const struct history_slot *slot)
{
    uint32_t clock_rate = f->track->codec.clock_rate;
    int64_t passed = (slot->arrived_at - f->last_at) * (int64_t)clock_rate / 1000000;
    uint32_t outgoing = f->last_timestamp + (uint32_t)(passed > 0 ? passed : 0);

    uint32_t same_moment;
    const struct track_layer *last = last_layer(f);
    if (last && report_same_moment(&last->report, &layer->report, slot->timestamp, clock_rate,
                                   &same_moment)) {
        const struct feed_segment *segment =
            &f->segments[(f->segment_count - 1) % FEED_SEGMENTS_MAX];
        uint32_t reported = same_moment + segment->shift.timestamp;
        int32_t difference = (int32_t)(reported - outgoing);
        if (difference < (int32_t)clock_rate && difference > -(int32_t)clock_rate)
            outgoing = reported;
    }
    // The old layer may have sent this very moment already.
    if (!rtp_timestamp_after(outgoing, f->last_timestamp))
        outgoing = f->last_timestamp + 1;
    return outgoing;
}

static void begin_segment(struct feed *f, struct feed_line *line, unsigned layer_index,
                          const struct history_slot *slot)
{
    end_segment(f, line);
    const struct track_layer *layer = &f->track->layers[layer_index];
    struct feed_shift shift = {.seq = f->next_seq - slot->seq};
    if (f->begun) {
        shift.timestamp = timestamp_after_switch(f, layer, slot) - slot->timestamp;
        shift.picture_id = (uint16_t)(f->last_picture_id + 1 - slot->info.picture_id);
        shift.tl0 = (uint8_t)(f->last_tl0 + 1 - slot->info.tl0);
        if (last_layer(f) == layer) {
            // After a pause the layer goes on by its own clock and its own pictures.
            const struct feed_segment *last =
                &f->segments[(f->segment_count - 1) % FEED_SEGMENTS_MAX];
            shift.timestamp = last->shift.timestamp;
            shift.picture_id = last->shift.picture_id;
            shift.tl0 = last->shift.tl0;
        }
    }
    f->segments[f->segment_count++ % FEED_SEGMENTS_MAX] = (struct feed_segment){
        .shift = shift, .first = f->next_seq, .layer = (uint8_t)layer_index};
    f->begun = true;
    f->segment_packets = layer->packets - 1; // the present packet is counted already
    f->segment_octets = layer->octets - (uint32_t)slot->payload.len;
    line->shift = shift;
    line->from = slot->seq;
    line->current = (uint8_t)layer_index;
}

// --- Choosing ---

// Layers as people name them, by place: all of one; high and low of two; all three names.
static enum layer layer_name(const struct track *t, unsigned layer)
{
    if (layer + 1u == t->layer_count)
        return LAYER_LOW; // always allowed, as there is nothing less to send
    return layer == 0 ? LAYER_HIGH : LAYER_MEDIUM;
}

static uint8_t start_mask(const struct feed *f, const struct feed_line *line, int64_t now)
{
    const struct track *t = f->track;
    uint8_t allowed = 0;
    for (unsigned i = 0; i < t->layer_count && !t->held; i++)
        if (f->max_layer != LAYER_NONE && layer_name(t, i) <= f->max_layer)
            allowed |= (uint8_t)(1u << i);

    bool stays = line->current != NO_LAYER && (allowed >> line->current & 1) &&
                 track_layer_is_alive(t, line->current, now);
    if (!stays) { // any key frame is better than waiting for the best one
        uint32_t without = line->current == NO_LAYER ? 0 : 1u << line->current;
        return (uint8_t)(allowed & ~without);
    }
    return (uint8_t)(allowed & ((1u << line->current) - 1)); // the better ones
}

// Asks for a key frame of the best layer in `mask` that is sent at all.
static void ask(struct feed *f, uint8_t mask, bool nothing_sent, const struct tick *tick)
{
    struct track *t = f->track;
    if (t->kind != MEDIA_VIDEO || mask == 0)
        return;
    unsigned best = LAYERS_MAX;
    for (unsigned i = t->layer_count; i-- > 0;)
        if ((mask >> i & 1) && track_layer_is_alive(t, i, tick->now))
            best = i;
    if (best < LAYERS_MAX) {
        track_want_key_frame(t, best, tick);
        return;
    }
    if (!nothing_sent)
        return; // what would be better is not there
    for (unsigned i = 0; i < t->layer_count; i++)
        if (mask >> i & 1) {
            track_want_key_frame(t, i, tick);
            return;
        }
}

void feed_choose(struct feed *f, const struct tick *tick)
{
    struct feed_line *line = line_of(f);
    if (!line)
        return;
    if (f->max_layer == LAYER_NONE || f->track->held)
        end_segment(f, line);
    line->start_mask = start_mask(f, line, tick->now);
    ask(f, line->start_mask, line->current == NO_LAYER, tick);
}

void feed_set_layer(struct feed *f, enum layer max_layer, const struct tick *tick)
{
    if (f->max_layer == max_layer)
        return;
    f->max_layer = max_layer;
    feed_choose(f, tick);
}

static void remove_line(struct feed *f)
{
    struct track *t = f->track;
    end_segment(f, &t->lines[f->line]);
    struct feed_line *last = &t->lines[--t->line_count];
    t->lines[f->line] = *last;
    last->feed->line = f->line;
    f->line = NO_LINE;
}

void feed_set_flowing(struct feed *f, bool flowing, const struct tick *tick)
{
    struct track *t = f->track;
    if (flowing == (f->line != NO_LINE))
        return;
    if (!flowing) {
        remove_line(f);
        return;
    }
    if (t->line_count == t->line_cap) {
        t->line_cap = t->line_cap ? t->line_cap * 2 : 4;
        t->lines = mem_resize(t->lines, t->line_cap * sizeof *t->lines);
    }
    f->line = t->line_count++;
    t->lines[f->line] = (struct feed_line){
        .path = subscriber_path(f->subscriber),
        .feed = f,
        .ssrc = f->ssrc,
        .current = NO_LAYER,
        .seated = f->seat,
    };
    feed_choose(f, tick);
}

void feed_free(struct feed *f)
{
    if (f->line != NO_LINE)
        remove_line(f);
    list_remove(&f->link);
    f->track->shared->stats.feeds--;
    mem_free(f);
}

void feeds_leave(struct track *t, unsigned layer)
{
    for (uint32_t i = 0; i < t->line_count; i++)
        if (t->lines[i].current == layer) {
            end_segment(t->lines[i].feed, &t->lines[i]);
            t->lines[i].start_mask |= (uint8_t)(1u << layer);
        }
}

bool feeds_wait_for(const struct track *t, unsigned layer)
{
    for (uint32_t i = 0; i < t->line_count; i++)
        if (t->lines[i].start_mask >> layer & 1)
            return true;
    return false;
}

// --- Sending ---

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

// Puts the payload behind the head: with its descriptor rewritten where pictures are counted
// otherwise than by the publisher. Most feeds never switch, and their payload stays whole.
static void put_payload(struct batch_packet *p, enum codec codec,
                        const struct history_slot *slot, const struct feed_shift *shift)
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
    put_payload(p, codec, slot, &line->shift);
}

// The packets behind a key frame's beginning that came before it.
static void catch_up(struct track *t, const struct feed_line *line, const struct tick *tick)
{
    const struct track_layer *layer = &t->layers[line->current];
    for (uint64_t seq = line->from + 1; seq <= layer->newest; seq++) {
        const struct history_slot *slot = history_get(&layer->history, seq);
        if (!slot)
            continue; // comes yet, by itself
        struct outgoing o;
        prepare(&o, t, slot);
        send_on(&o, t->codec.codec, line, tick);
        t->shared->stats.rtp_out++;
    }
}

void feeds_forward(struct track *t, unsigned layer, const struct history_slot *slot, bool start,
                   const struct tick *tick)
{
    struct outgoing o;
    prepare(&o, t, slot);
    enum codec codec = t->codec.codec;
    uint64_t newest = t->layers[layer].newest;
    start = start && newest - slot->seq <= FEED_CATCH_UP_MAX;
    uint64_t sent = 0;
    for (uint32_t i = 0; i < t->line_count; i++) {
        struct feed_line *line = &t->lines[i];
        if (line->current == layer) {
            if (slot->seq < line->from)
                continue; // late, from before the segment
        } else {
            if (!start || !(line->start_mask >> layer & 1))
                continue;
            begin_segment(line->feed, line, layer, slot);
            line->start_mask = start_mask(line->feed, line, tick->now);
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

// --- What the subscriber says ---

// The segment in which `seq` was sent; NULL when that is forgotten or never happened.
static const struct feed_segment *segment_of(const struct feed *f, uint64_t seq)
{
    for (uint32_t back = 1; back <= FEED_SEGMENTS_MAX && back <= f->segment_count; back++) {
        const struct feed_segment *s =
            &f->segments[(f->segment_count - back) % FEED_SEGMENTS_MAX];
        if (s->first <= seq)
            return s;
    }
    return NULL;
}

// The budget grows by a share of what is sent, up to a burst.
static bool may_repair(struct feed *f, uint16_t seq, size_t len)
{
    uint32_t octets = octets_sent(f, line_of(f));
    uint64_t earned =
        (uint64_t)(octets - f->repair_counted) * RETRANSMISSION_BUDGET_PERCENT / 100;
    f->repair_counted = octets;
    int64_t budget = f->repair_budget + (int64_t)earned;
    f->repair_budget = (int32_t)(budget < FEED_REPAIR_BURST ? budget : FEED_REPAIR_BURST);

    struct feed_repair *repair = &f->repairs[seq % FEED_REPAIRS_MAX];
    if (repair->seq != seq)
        *repair = (struct feed_repair){.seq = seq};
    if (repair->count >= RETRANSMISSIONS_PER_PACKET_MAX || f->repair_budget < (int32_t)len)
        return false;
    repair->count++;
    f->repair_budget -= (int32_t)len;
    return true;
}

// A viewer without a retransmission stream gets the very packet again: RFC 4585 section 6.2.1
// leaves that open, and the same octets under the same number are encrypted to the same.
static void send_again(const struct feed *f, const struct feed_line *line,
                       const struct feed_segment *segment, const struct history_slot *slot,
                       const struct tick *tick)
{
    struct outgoing o;
    struct feed_line then = *line;
    then.shift = segment->shift;
    prepare(&o, f->track, slot);
    send_on(&o, f->track->codec.codec, &then, tick);
    f->track->shared->stats.retransmissions++;
}

void feed_repair(struct feed *f, uint16_t seq16, const struct tick *tick)
{
    const struct feed_line *line = line_of(f);
    if (!line || !f->begun || (f->rtx_ssrc == 0 && !f->seat))
        return;
    uint64_t next = line->current == NO_LAYER
                        ? f->next_seq
                        : f->track->layers[line->current].newest + line->shift.seq + 1;
    uint16_t back = (uint16_t)((uint16_t)next - seq16);
    if (back == 0 || back > next)
        return;
    uint64_t seq = next - back;
    const struct feed_segment *segment = segment_of(f, seq);
    if (!segment)
        return;
    const struct history_slot *slot =
        history_get(&f->track->layers[segment->layer].history, seq - segment->shift.seq);
    if (!slot || !may_repair(f, seq16, slot->payload.len + RTP_HEADER_LEN))
        return;

    if (f->rtx_ssrc == 0) {
        send_again(f, line, segment, slot, tick);
        return;
    }

    const struct seat *seat = f->seat;
    enum codec codec = f->track->codec.codec;
    struct extension_values values = slot->extensions;
    if (seat)
        values.mid = bytes_of(seat->mid);
    struct rtp_header header = {
        .payload_type = seat ? f->seated_codec->rtx_payload_type
                             : negotiate_rtx_payload_type(codec, f->track->codec.profile),
        .marker = slot->marker,
        .seq = (uint16_t)f->rtx_seq,
        .timestamp = slot->timestamp + segment->shift.timestamp,
        .ssrc = f->rtx_ssrc,
    };
    struct batch_packet *p = batch_media(tick->out, line->path);
    struct writer w = writer_on(p->head, sizeof p->head);
    rtp_put_header(&w, &header, seat ? &seat->extensions : &negotiate_extensions, &values);
    p->kind = BATCH_RTP;
    p->clear_len = (uint8_t)w.len;
    p->index = f->rtx_seq++;
    rtp_put_osn(&w, seq16);
    assert(!w.overflow);
    p->head_len = (uint8_t)w.len;
    put_payload(p, codec, slot, &segment->shift);
    f->track->shared->stats.retransmissions++;
}

void feed_wants_key_frame(struct feed *f, const struct tick *tick)
{
    if (feed_is_sending(f) && f->track->kind == MEDIA_VIDEO)
        track_want_key_frame(f->track, line_of(f)->current, tick);
}

bool feed_is_sending(const struct feed *f)
{
    const struct feed_line *line = line_of(f);
    return line && line->current != NO_LAYER;
}

bool feed_report(struct feed *f, int64_t now, struct rtcp_sender_info *sender)
{
    if (!feed_is_sending(f))
        return false;
    const struct feed_line *line = line_of(f);
    f->report.packets = packets_sent(f, line);
    f->report.octets = octets_sent(f, line);
    // All seats of a viewer have one name, so their reports are on one clock.
    const struct report_clock *clock = f->seat ? &f->track->publisher->clock : NULL;
    return report_make(&f->report, &f->track->layers[line->current].report, clock,
                       line->shift.timestamp, f->track->codec.clock_rate, now, sender);
}
