#include "sfu/segment.h"

#include "rtc/rtp.h"

#include <assert.h>

static const struct segment *last_segment(const struct segments *s)
{
    assert(s->count > 0);
    return &s->kept[(s->count - 1) % SEGMENTS_MAX];
}

// The outgoing timestamp of a layer's first packet after another layer, or another SSRC, was
// sent. What the publisher's reports say of the two clocks decides, as long as it agrees with
// the time that passed; a report may be old or wrong, and receivers freeze when time jumps.
static uint32_t timestamp_after_switch(const struct segments *s,
                                       const struct history_slot *slot,
                                       const struct segment_clocks *clocks)
{
    const struct tail *tail = &s->tail;
    int64_t passed = (slot->arrived_at - tail->at) * (int64_t)clocks->rate / 1000000;
    uint32_t outgoing = tail->timestamp + (uint32_t)(passed > 0 ? passed : 0);

    uint32_t same_moment;
    if (clocks->last && report_same_moment(clocks->last, clocks->next, slot->timestamp,
                                           clocks->rate, &same_moment)) {
        uint32_t reported = same_moment + last_segment(s)->shift.timestamp;
        int32_t difference = (int32_t)(reported - outgoing);
        if (difference < (int32_t)clocks->rate && difference > -(int32_t)clocks->rate)
            outgoing = reported;
    }
    // The old layer may have sent this very moment already.
    if (!rtp_timestamp_after(outgoing, tail->timestamp))
        outgoing = tail->timestamp + 1;
    return outgoing;
}

static struct shift shift_of(const struct segments *s, unsigned layer,
                             const struct progress *at, const struct history_slot *slot,
                             const struct segment_clocks *clocks)
{
    const struct tail *tail = &s->tail;
    struct shift shift = {0};
    if (tail->begun && s->last_layer == layer && s->last_stream == at->stream) {
        // After a pause the layer goes on by its own clock and its own pictures.
        shift = last_segment(s)->shift;
    } else if (tail->begun) {
        shift.timestamp = timestamp_after_switch(s, slot, clocks) - slot->timestamp;
        shift.picture_id = (uint16_t)(tail->picture_id + 1 - slot->info.picture_id);
        shift.tl0 = (uint8_t)(tail->tl0 + 1 - slot->info.tl0);
    }
    shift.seq = tail->next_seq - slot->seq;
    return shift;
}

const struct segment *segment_begin(struct segments *s, unsigned layer,
                                    const struct progress *at, const struct history_slot *slot,
                                    const struct segment_clocks *clocks)
{
    struct segment *begun = &s->kept[s->count % SEGMENTS_MAX];
    *begun = (struct segment){.shift = shift_of(s, layer, at, slot, clocks),
                              .first = s->tail.next_seq,
                              .layer = (uint8_t)layer};
    s->count++;
    s->tail.begun = true;
    s->from_packets = at->packets - 1;
    s->from_octets = at->octets - (uint32_t)slot->payload.len;
    return begun;
}

void segment_end(struct segments *s, const struct progress *at)
{
    const struct segment *ended = last_segment(s);
    s->tail = (struct tail){
        .begun = true,
        .next_seq = segment_next(s, at),
        .timestamp = at->timestamp + ended->shift.timestamp,
        .at = at->arrived_at,
        .picture_id = (uint16_t)(at->picture_id + ended->shift.picture_id),
        .tl0 = (uint8_t)(at->tl0 + ended->shift.tl0),
        .packets = segment_packets(s, at),
        .octets = segment_octets(s, at),
    };
    s->last_layer = ended->layer;
    s->last_stream = at->stream;
}

uint64_t segment_next(const struct segments *s, const struct progress *at)
{
    return at->newest + last_segment(s)->shift.seq + 1;
}

uint32_t segment_packets(const struct segments *s, const struct progress *at)
{
    return at ? s->tail.packets + at->packets - s->from_packets : s->tail.packets;
}

uint32_t segment_octets(const struct segments *s, const struct progress *at)
{
    return at ? s->tail.octets + at->octets - s->from_octets : s->tail.octets;
}

const struct segment *segment_of(const struct segments *s, uint64_t seq)
{
    for (uint32_t back = 1; back <= SEGMENTS_MAX && back <= s->count; back++) {
        const struct segment *segment = &s->kept[(s->count - back) % SEGMENTS_MAX];
        if (segment->first <= seq)
            return segment;
    }
    return NULL;
}
