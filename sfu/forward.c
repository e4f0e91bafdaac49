#include "sfu/forward.h"

#include "rtc/codec.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "sfu/choice.h"
#include "sfu/pace.h"
#include "sfu/redundancy.h"
#include "sfu/seat.h"
#include "sfu/shared.h"

#include <assert.h>
#include <string.h>

// A packet on its way to all who get the same substream, and what it is to those who take it
// alike.
struct outgoing {
    const struct stream *stream;
    const struct history_slot *slot;
    struct substream_packet packet;
    bool marker;
    struct batch *out;
    // To subscribers, [how many packets it repeats][with a transport-wide number].
    const struct batch_shared *shared[REDUNDANCY_MAX + 1][2];
    // To viewers: the last that was made, and whose line it was made for.
    const struct batch_shared *seated;
    const struct feed_line *sitting;
};

static struct outgoing outgoing_of(const struct stream *s, unsigned layer, unsigned substream,
                                   const struct history_slot *slot, const struct tick *tick)
{
    struct substream_packet packet = stream_packet(s, layer, substream, slot->seq);
    return (struct outgoing){
        .stream = s,
        .slot = slot,
        .packet = packet,
        .marker = packet.part == SUBSTREAM_EMPTY
                      ? slot->marker
                      : stream_ends_picture(s, layer, substream, slot),
        .out = tick->out,
    };
}

// It has a number in the substream without being part of it.
static bool is_empty(const struct outgoing *o)
{
    return o->packet.part == SUBSTREAM_EMPTY;
}

// Who has no retransmission stream gets the very packet again when it was lost (sfu/repair.c).
static bool is_repeated(const struct feed_line *line)
{
    return line->seated && feed_is_sent_again(line->feed);
}

static bool is_numbered(const struct feed_line *line)
{
    return line->numbered && line->path->estimate && !is_repeated(line);
}

// Behind the flags of the descriptor's first octet.
static uint8_t frame_number_at(struct bytes head, const struct extension_ids *ids)
{
    uint8_t at = ids->dependency ? rtp_extension_at(head, ids->dependency) : 0;
    return at ? (uint8_t)(at + 1) : 0;
}

// A shared part with this payload type, and these extensions.
static struct batch_shared *share(const struct outgoing *o, uint8_t payload_type,
                                  const struct extension_ids *ids,
                                  struct extension_values values, const struct feed_line *line)
{
    const struct history_slot *slot = o->slot;
    struct rtp_header header = {.payload_type = payload_type, .marker = o->marker};
    struct batch_shared *shared = batch_share(o->out);
    struct writer w = writer_on(shared->head, sizeof shared->head);
    values.has_twcc = is_numbered(line);
    if (is_empty(o) || o->stream->codec.codec != CODEC_AV1)
        values.dependency = (struct bytes){0};
    rtp_put_header(&w, &header, ids, &values);
    assert(!w.overflow);
    shared->payload = is_empty(o) ? (struct bytes){0} : slot->payload;
    shared->kind = BATCH_RTP;
    shared->urgent = o->stream->codec.codec == CODEC_OPUS;
    shared->exact = is_repeated(line);
    shared->head_len = shared->clear_len = (uint8_t)w.len;
    shared->picture_id_at = is_empty(o) ? 0 : slot->info.picture_id_at;
    shared->picture_id_long = slot->info.picture_id_long;
    shared->tl0_at = is_empty(o) ? 0 : slot->info.tl0_at;
    shared->frame_number_at = frame_number_at((struct bytes){w.at, w.len}, ids);
    shared->number_at =
        values.has_twcc ? rtp_extension_at((struct bytes){w.at, w.len}, ids->twcc) : 0;
    return shared;
}

// A viewer chose the payload types and the ids of extensions itself; those with the same
// browser chose alike.
static bool sit_alike(const struct feed_line *left, const struct feed_line *right)
{
    const struct feed *a = left->feed, *b = right->feed;
    return a->seated_codec->payload_type == b->seated_codec->payload_type &&
           a->seated_codec->red_payload_type == b->seated_codec->red_payload_type &&
           is_numbered(left) == is_numbered(right) && is_repeated(left) == is_repeated(right) &&
           strcmp(a->seat->mid, b->seat->mid) == 0 &&
           memcmp(&a->seat->extensions, &b->seat->extensions, sizeof a->seat->extensions) == 0;
}

// How many packets before it are repeated. None of before the segment: that was not meant for
// the subscriber, or had other timestamps.
static unsigned depth_of(const struct outgoing *o, const struct feed_line *line)
{
    uint64_t before = o->slot->seq - line->from;
    return before < line->redundancy ? (unsigned)before : line->redundancy;
}

// The same, with what it repeats, as one of `red_payload_type` if there is anything.
static const struct batch_shared *
share_repeating(const struct outgoing *o, unsigned depth, uint8_t payload_type,
                uint8_t red_payload_type, const struct extension_ids *ids,
                struct extension_values values, const struct feed_line *line)
{
    struct bytes repeating = {0};
    if (depth > 0)
        repeating = redundancy_payload(o->out, &o->stream->layers[line->current].history,
                                       o->slot, depth, payload_type);
    struct batch_shared *shared =
        share(o, repeating.len ? red_payload_type : payload_type, ids, values, line);
    if (repeating.len)
        shared->payload = repeating;
    return shared;
}

static const struct batch_shared *shared_with(struct outgoing *o, const struct feed_line *line)
{
    unsigned depth = depth_of(o, line);
    if (!line->seated) {
        const struct batch_shared **shared = &o->shared[depth][is_numbered(line)];
        const struct negotiated_codec *sent = &o->stream->codec;
        if (!*shared)
            *shared = share_repeating(
                o, depth, negotiate_payload_type(sent->codec, sent->profile), NEGOTIATE_RED,
                &negotiate_extensions, o->slot->extensions, line);
        return *shared;
    }
    if (!o->sitting || !sit_alike(o->sitting, line) || depth_of(o, o->sitting) != depth) {
        const struct feed *f = line->feed;
        struct extension_values values = o->slot->extensions;
        values.mid = bytes_of(f->seat->mid);
        o->seated = share_repeating(o, depth, f->seated_codec->payload_type,
                                    f->seated_codec->red_payload_type, &f->seat->extensions,
                                    values, line);
        o->sitting = line;
    }
    return o->seated;
}

// Queues the packet under what `shift` makes of its numbers. Pictures are counted anew only
// where the payload says their numbers; most feeds never switch, and it stays whole.
static void queue(struct batch *out, struct batch_path *path, const struct batch_shared *shared,
                  const struct history_slot *slot, const struct shift *shift, uint32_t ssrc,
                  uint64_t index)
{
    struct batch_packet *p = batch_media(out, path);
    p->ssrc = ssrc;
    p->shared = shared;
    p->index = index;
    p->timestamp = slot->timestamp + shift->timestamp;
    if (shared->frame_number_at) {
        p->frame_number = (uint16_t)(slot->info.picture_id + shift->picture_id);
    } else {
        p->picture_id = (uint32_t)(slot->info.picture_id + shift->picture_id) & 0x7fffu;
        p->renumbered = (shift->picture_id | shift->tl0) != 0 &&
                        (shared->picture_id_at | shared->tl0_at) != 0;
    }
    p->tl0 = (uint8_t)(slot->info.tl0 + shift->tl0);
    p->cluster = 0;
}

static void send_on(struct outgoing *o, const struct feed_line *line)
{
    struct shift shift = line->shift;
    shift.picture_id = (uint16_t)(shift.picture_id - o->packet.pictures);
    queue(o->out, line->path, shared_with(o, line), o->slot, &shift, line->ssrc,
          o->packet.number + shift.seq);
}

static size_t octets_of(const struct outgoing *o)
{
    return pace_octets(is_empty(o) ? 0 : o->slot->payload.len);
}

// Sends it now, or when its way has room for it (sfu/pace.h).
static void send_paced(struct outgoing *o, const struct feed_line *line, enum pacer_level level,
                       int64_t now)
{
    size_t octets = octets_of(o);
    pace_count(line->path, octets);
    if (o->stream->kind == MEDIA_VIDEO && (int32_t)line->path->left < 0 && line->path->paced &&
        line->feed->pace &&
        !pace_admits(line->feed->pace, level, line->ssrc, o->packet.number + line->shift.seq,
                     octets, now))
        return;
    send_on(o, line);
}

// The packets behind a key frame's beginning that came before it.
static void catch_up(struct stream *s, const struct feed_line *line, enum pacer_level level,
                     const struct tick *tick)
{
    const struct stream_layer *layer = &s->layers[line->current];
    for (uint64_t seq = line->from + 1; seq <= layer->progress.newest; seq++) {
        const struct history_slot *slot = history_get(&layer->history, seq);
        if (!slot)
            continue; // comes yet, by itself
        struct outgoing o = outgoing_of(s, line->current, line->substream, slot, tick);
        if (o.packet.number == 0)
            continue; // no part of it
        send_paced(&o, line, level, tick->now);
        tick->shared->stats.rtp_out++;
    }
}

// The subscriber wants a report soon.
static void note_begun(struct feed *f, const struct tick *tick)
{
    if (list_empty(&f->begun))
        list_append(&tick->shared->begun, &f->begun);
}

// Whether a picture of a layer is behind all that was sent of it: a key frame whose first
// packet comes late may be not.
static bool is_new(const struct feed_line *line, unsigned layer,
                   const struct history_slot *slot)
{
    const struct segments *s = &line->feed->segments;
    const struct progress *at = &line->feed->stream->layers[layer].progress;
    if (line->current != NO_LAYER || s->last_layer != layer || s->last_stream != at->stream)
        return true;
    return rtp_timestamp_after(slot->timestamp + s->newest.shift.timestamp, s->tail.timestamp);
}

// The newest key frame of a layer, if it came a moment ago, and after what the feed sent last:
// a picture is not shown a second time. Of a camera that was switched off nothing more is
// shown. When numbers have leapt, the history has nothing of most that follow.
static const struct history_slot *past_key(const struct feed_line *line, unsigned layer,
                                           int64_t now)
{
    const struct stream_layer *from = &line->feed->stream->layers[layer];
    const struct tail *tail = &line->feed->segments.tail;
    const struct history_slot *slot =
        from->key_seq ? history_get(&from->history, from->key_seq) : NULL;
    if (!slot || line->feed->stream->muted || choice_is_plain(line->feed) ||
        now < line->feed->past_from || now - slot->arrived_at >= FORWARD_PAST_US ||
        from->progress.newest - slot->seq >= from->history.size)
        return NULL;
    return !is_new(line, layer, slot) || (tail->begun && slot->arrived_at <= tail->at) ? NULL
                                                                                       : slot;
}

// What the feed is to be sent of a layer whose past it begins with.
static unsigned past_substream(const struct feed *f, unsigned layer,
                               const struct history_slot *key)
{
    unsigned substream = choice_substream(f, layer);
    bool has_key = stream_packet(f->stream, layer, substream, key->seq).part == SUBSTREAM_WITH;
    return has_key ? substream : 0;
}

// How far a substream had come with the key frame's first packet.
static struct progress past_progress(const struct stream *s, unsigned layer, unsigned substream,
                                     const struct history_slot *key)
{
    struct progress at = *stream_progress(s, layer, substream);
    for (uint64_t seq = key->seq + 1; seq <= s->layers[layer].progress.newest; seq++) {
        const struct history_slot *slot = history_get(&s->layers[layer].history, seq);
        if (!slot)
            continue;
        enum substream_part part = stream_packet(s, layer, substream, seq).part;
        at.packets -= part == SUBSTREAM_WITH || part == SUBSTREAM_EMPTY;
        at.octets -= part == SUBSTREAM_WITH ? (uint32_t)slot->payload.len : 0;
    }
    return at;
}

// What leaves at once when a feed begins with it.
static uint32_t past_octets(const struct feed *f, unsigned layer,
                            const struct history_slot *key)
{
    unsigned substream = past_substream(f, layer, key);
    return stream_progress(f->stream, layer, substream)->octets -
           past_progress(f->stream, layer, substream, key).octets;
}

// The best layer whose past may leave at once, or the least one that has any.
static unsigned past_layer(const struct feed_line *line, uint8_t mask, int64_t now)
{
    const struct stream *s = line->feed->stream;
    unsigned least = LAYERS_MAX;
    for (unsigned i = 0; i < s->layer_count; i++) {
        const struct history_slot *key = mask >> i & 1 ? past_key(line, i, now) : NULL;
        if (!key)
            continue;
        least = i;
        if (past_octets(line->feed, i, key) <= FORWARD_PAST_OCTETS)
            break;
    }
    return least;
}

// For metrics: the feed goes on with another layer than it was sent before.
static void count_switch(const struct feed_line *line, unsigned layer, const struct tick *tick)
{
    unsigned before =
        line->current != NO_LAYER ? line->current : line->feed->segments.last_layer;
    if (before == NO_LAYER || before == layer)
        return;
    tick->shared->stats.layers_higher += layer < before;
    tick->shared->stats.layers_lower += layer > before;
}

// The same, with another part of its layer.
static void count_part(struct cap from, struct cap to, const struct tick *tick)
{
    int step =
        to.spatial != from.spatial ? to.spatial - from.spatial : to.temporal - from.temporal;
    tick->shared->stats.layers_higher += step > 0;
    tick->shared->stats.layers_lower += step < 0;
}

bool forward_past(struct feed_line *line, uint8_t mask, const struct tick *tick)
{
    struct stream *s = line->feed->stream;
    assert(line->current == NO_LAYER);
    unsigned layer = past_layer(line, mask, tick->now);
    if (layer == LAYERS_MAX)
        return false;
    const struct history_slot *slot = past_key(line, layer, tick->now);
    unsigned substream = past_substream(line->feed, layer, slot);
    struct progress at = past_progress(s, layer, substream, slot);
    count_switch(line, layer, tick);
    feed_begin_segment(line->feed, layer, substream, slot, &at);
    line->wanted = (uint8_t)substream;
    struct outgoing o = outgoing_of(s, layer, substream, slot, tick);
    send_paced(&o, line, PACER_START, tick->now);
    tick->shared->stats.rtp_out++;
    catch_up(s, line, PACER_START, tick);
    note_begun(line->feed, tick);
    return true;
}

// With a key frame of another layer, or of the first, whose first packet that is. Of that one
// what fits the way to the subscriber, if it is counted already.
static void begin(struct feed_line *line, unsigned layer, const struct history_slot *slot,
                  const struct tick *tick)
{
    struct stream *s = line->feed->stream;
    unsigned substream = choice_substream(line->feed, layer);
    if (stream_packet(s, layer, substream, slot->seq).part != SUBSTREAM_WITH) {
        if (choice_is_plain(line->feed))
            return; // with the next
        substream = 0;
    }
    struct progress at = past_progress(s, layer, substream, slot);
    count_switch(line, layer, tick);
    feed_begin_segment(line->feed, layer, substream, slot, &at);
    choice_direct(line, tick->now);
    struct outgoing o = outgoing_of(s, layer, substream, slot, tick);
    send_paced(&o, line, PACER_FIRST, tick->now);
    tick->shared->stats.rtp_out++;
    catch_up(s, line, PACER_FIRST, tick);
    note_begun(line->feed, tick);
}

// A better layer than the one that is sent is worth waiting for until a key frame of it is
// whole: on a publisher's narrow line it takes long, or comes with holes, and nothing else
// would be shown meanwhile.
static bool goes_up(const struct feed_line *line, unsigned layer)
{
    return line->current != NO_LAYER && layer < line->current &&
           !line->feed->stream->layers[layer].key_endless;
}

// Takes up or drops a part of the layer, if that may be done with this packet, the first of a
// frame; `begins`: and of a picture.
static void change_part(struct stream *s, struct feed_line *line,
                        const struct history_slot *slot, bool begins, bool key,
                        const struct tick *tick)
{
    struct cap from = stream_cap(s, line->current, line->substream);
    struct cap to = s->layers[line->current].caps[line->wanted];
    struct cap cap = cap_towards(from, to, &slot->info, key);
    if (cap.alone && !key ? slot->info.spatial != cap.spatial : !begins)
        return;
    int found = stream_find_substream(s, line->current, cap);
    if (found < 0 || (unsigned)found == line->substream ||
        stream_packet(s, line->current, (unsigned)found, slot->seq).part != SUBSTREAM_WITH)
        return;
    count_part(from, cap, tick);
    feed_change_substream(line->feed, (unsigned)found, slot);
}

void forward_packet(struct stream *s, unsigned layer, const struct history_slot *slot,
                    bool start, const struct tick *tick)
{
    struct outgoing outgoing[SUBSTREAMS_MAX];
    unsigned known = s->layers[layer].substream_count;
    for (unsigned i = 0; i <= known; i++)
        outgoing[i] = outgoing_of(s, layer, i, slot, tick);
    if (start)
        stream_note_key(s, layer, slot);
    const struct history_slot *whole = stream_whole_key(s, layer);
    uint64_t newest = s->layers[layer].progress.newest;
    bool begins = slot->seq == s->layers[layer].picture_seq && slot->seq == newest;
    bool begins_frame = begins || (slot->info.frame_start && slot->seq == newest);
    start = start && newest - slot->seq <= FORWARD_CATCH_UP_MAX &&
            slot->seq > s->layers[layer].past_until;
    uint64_t sent = 0;
    for (uint32_t i = 0; i < s->line_count; i++) {
        struct feed_line *line = &s->lines[i];
        if (line->current == layer) {
            if (slot->seq < line->from)
                continue; // late, from before the segment
            if (line->wanted != line->substream && begins_frame)
                change_part(s, line, slot, begins, start, tick);
            // What began to be counted in this very loop has nothing of this packet.
            if (outgoing[line->substream].packet.number == 0)
                continue; // no part of it
            send_paced(&outgoing[line->substream], line, PACER_FIRST, tick->now);
            sent++;
        } else if (!(line->start_mask >> layer & 1)) {
            continue;
        } else if (goes_up(line, layer)) {
            if (whole)
                begin(line, layer, whole, tick);
        } else if (start && is_new(line, layer, slot)) {
            begin(line, layer, slot, tick);
        } else if (line->current == NO_LAYER && forward_past(line, line->start_mask, tick)) {
            choice_direct(line, tick->now);
        }
    }
    tick->shared->stats.rtp_out += sent;
}

void forward_again(const struct feed *f, const struct segment *segment,
                   const struct history_slot *slot, const struct tick *tick)
{
    struct outgoing o = outgoing_of(f->stream, segment->layer, segment->substream, slot, tick);
    struct feed_line then = *feed_line(f);
    then.shift = segment->shift;
    send_on(&o, &then);
}

size_t forward_waiting(const struct feed *f, uint64_t number, uint8_t cluster,
                       const struct tick *tick)
{
    const struct segment *segment = feed_line(f) ? segment_of(&f->segments, number) : NULL;
    struct substream_packet packet;
    const struct history_slot *slot =
        segment ? stream_find(f->stream, segment->layer, segment->substream,
                              number - segment->shift.seq, &packet)
                : NULL;
    if (!slot)
        return 0;
    forward_again(f, segment, slot, tick);
    tick->out->packets[tick->out->packet_count - 1].cluster = cluster;
    return pace_octets(packet.part == SUBSTREAM_EMPTY ? 0 : slot->payload.len);
}

void forward_repair(const struct feed *f, const struct segment *segment,
                    const struct history_slot *slot, uint64_t index, uint16_t original_seq,
                    const struct tick *tick)
{
    const struct stream *s = f->stream;
    const struct seat *seat = f->seat;
    struct outgoing o = outgoing_of(s, segment->layer, segment->substream, slot, tick);
    struct shift shift = segment->shift;
    shift.picture_id = (uint16_t)(shift.picture_id - o.packet.pictures);
    struct extension_values values = slot->extensions;
    uint8_t payload_type = negotiate_rtx_payload_type(s->codec.codec, s->codec.profile);
    if (seat) {
        values.mid = bytes_of(seat->mid);
        payload_type = f->seated_codec->rtx_payload_type;
    }
    struct batch_shared *shared =
        share(&o, payload_type, seat ? &seat->extensions : &negotiate_extensions, values,
              feed_line(f));
    struct writer w = writer_on(shared->head + shared->head_len, RTP_OSN_LEN);
    rtp_put_osn(&w, original_seq);
    shared->head_len += RTP_OSN_LEN;
    pace_count(feed_line(f)->path, pace_octets(slot->payload.len));
    queue(tick->out, feed_line(f)->path, shared, slot, &shift, f->rtx_ssrc, index);
}
