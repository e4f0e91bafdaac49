#include "sfu/feed.h"

#include "base/mem.h"
#include "sfu/pace.h"
#include "sfu/shared.h"

#include <assert.h>

struct feed *feed_new(struct stream *stream, struct subscriber *s, bool repaired,
                      enum video_quality max_quality, const struct tick *tick)
{
    repaired |= stream->kind == MEDIA_VIDEO;
    struct feed *f = mem_alloc(repaired ? sizeof *f : FEED_SHORT);
    f->stream = stream;
    f->subscriber = s;
    f->line = NO_LINE;
    f->place = NO_PLACE;
    f->max_quality = max_quality;
    f->segments.last_layer = NO_LAYER;
    f->repaired = repaired;
    if (repaired) {
        f->repair_budget = FEED_REPAIR_BURST;
        f->segments.older = f->older;
    }
    list_init(&f->begun);
    list_append(&stream->feeds, &f->link);
    tick->shared->stats.feeds++;
    return f;
}

void feed_free(struct feed *f, struct shared *shared)
{
    feed_part(f);
    list_remove(&f->link);
    list_remove(&f->begun);
    assert(shared->stats.feeds > 0);
    shared->stats.feeds--;
    mem_free(f);
}

struct feed_tail feed_tail(const struct feed *f)
{
    assert(f->line == NO_LINE);
    return (struct feed_tail){.sent = f->segments.tail, .rtx_seq = f->rtx_seq};
}

void feed_go_on(struct feed *f, const struct feed_tail *tail)
{
    assert(f->line == NO_LINE);
    // What was sent before is in the history of another track.
    f->segments = (struct segments){
        .tail = tail->sent, .last_layer = NO_LAYER, .older = f->repaired ? f->older : NULL};
    if (f->repaired)
        f->repair_counted = tail->sent.octets;
    f->rtx_seq = tail->rtx_seq;
}

// --- Its line ---

struct feed_line *feed_line(const struct feed *f)
{
    if (f->line == NO_LINE)
        return NULL;
    struct feed_line *line = &f->stream->lines[f->line];
    assert(f->line < f->stream->line_count && line->feed == f);
    return line;
}

void feed_join(struct feed *f, struct batch_path *path)
{
    struct stream *s = f->stream;
    assert(f->line == NO_LINE);
    if (s->line_count == s->line_cap) {
        s->line_cap = s->line_cap ? s->line_cap * 2 : 4;
        s->lines = mem_resize(s->lines, s->line_cap * sizeof *s->lines);
    }
    f->line = s->line_count++;
    s->lines[f->line] = (struct feed_line){
        .path = path,
        .feed = f,
        .ssrc = f->ssrc,
        .current = NO_LAYER,
        .seated = f->seat,
        .numbered = f->numbered,
        .redundancy = f->redundancy,
    };
}

void feed_part(struct feed *f)
{
    struct stream *s = f->stream;
    if (f->line == NO_LINE)
        return;
    feed_cut(f);
    assert(s->line_count > 0 && s->lines[f->line].feed == f);
    struct feed_line *last = &s->lines[--s->line_count];
    assert(last->feed->line == s->line_count);
    s->lines[f->line] = *last;
    last->feed->line = f->line;
    f->line = NO_LINE;
}

void feed_repeat(struct feed *f, uint8_t redundancy)
{
    struct feed_line *line = feed_line(f);
    f->redundancy = f->repeatable ? redundancy : 0;
    if (line)
        line->redundancy = f->redundancy;
}

// --- Segments ---

const struct progress *feed_progress(const struct feed *f)
{
    const struct feed_line *line = feed_line(f);
    if (!line || line->current == NO_LAYER)
        return NULL;
    return stream_progress(f->stream, line->current, line->substream);
}

// The clock of the layer that was sent last, unless another SSRC sends it by now.
static const struct report_origin *last_clock(const struct feed *f)
{
    const struct segments *s = &f->segments;
    if (s->last_layer == NO_LAYER)
        return NULL;
    const struct stream_layer *layer = &f->stream->layers[s->last_layer];
    return layer->progress.stream == s->last_stream ? &layer->origin : NULL;
}

void feed_begin_segment(struct feed *f, unsigned layer, unsigned substream,
                        const struct history_slot *slot, const struct progress *at)
{
    feed_end_segment(f);
    const struct stream *stream = f->stream;
    const struct segments *s = &f->segments;
    struct substream_packet packet = stream_packet(stream, layer, substream, slot->seq);
    assert(packet.part == SUBSTREAM_WITH);
    struct segment_start start = {
        .layer = (uint8_t)layer,
        .substream = (uint8_t)substream,
        .slot = slot,
        .number = packet.number,
        .pictures = packet.pictures,
        .at = at,
        .clock_rate = stream->codec.clock_rate,
        .clock = &stream->layers[layer].origin,
        .last_clock = last_clock(f),
    };
    if (s->last_layer == layer) {
        unsigned last = s->newest.substream;
        start.last_pictures = stream_packet(stream, layer, last, slot->seq).pictures;
    }
    struct feed_line *line = feed_line(f);
    line->shift = segment_begin(&f->segments, &start)->shift;
    line->from = slot->seq;
    line->current = (uint8_t)layer;
    line->substream = (uint8_t)substream;
}

void feed_end_segment(struct feed *f)
{
    const struct progress *at = feed_progress(f);
    if (!at)
        return;
    segment_end(&f->segments, at);
    feed_line(f)->current = NO_LAYER;
}

void feed_change_substream(struct feed *f, unsigned substream, const struct history_slot *slot)
{
    struct feed_line *line = feed_line(f);
    unsigned layer = line->current;
    struct substream_packet packet =
        stream_packet(f->stream, layer, line->substream, slot->seq);
    // The segment ends in front of this packet, if that was part of it.
    struct progress before = *feed_progress(f);
    if (packet.part == SUBSTREAM_WITH) {
        assert(packet.number == before.newest);
        before.newest--;
        before.packets--;
        before.octets -= (uint32_t)slot->payload.len;
    }
    segment_end(&f->segments, &before);
    line->current = NO_LAYER;
    feed_begin_segment(f, layer, substream, slot, stream_progress(f->stream, layer, substream));
}

void feed_cut(struct feed *f)
{
    uint64_t first;
    bool waits = f->repaired && f->pace && pace_forget(f->pace, f->ssrc, &first);
    feed_end_segment(f);
    if (waits)
        segment_withdraw(&f->segments, first);
}

void feeds_leave(struct stream *s, unsigned layer)
{
    for (uint32_t i = 0; i < s->line_count; i++)
        if (s->lines[i].current == layer) {
            feed_end_segment(s->lines[i].feed);
            s->lines[i].start_mask |= (uint8_t)(1u << layer);
        }
}

// --- Reports ---

bool feed_is_sending(const struct feed *f)
{
    return feed_progress(f) != NULL;
}

bool feed_report(struct feed *f, int64_t now, struct rtcp_sender_info *sender)
{
    const struct progress *at = feed_progress(f);
    if (!at)
        return false;
    const struct feed_line *line = feed_line(f);
    f->report.packets = segment_packets(&f->segments, at);
    f->report.octets = segment_octets(&f->segments, at);
    // All seats of a viewer have one name, so their reports are on one clock.
    const struct report_clock *clock = f->seat ? &f->stream->clock : NULL;
    return report_make(&f->report, &f->stream->layers[line->current].origin, clock,
                       line->shift.timestamp, f->stream->codec.clock_rate, now, sender);
}
