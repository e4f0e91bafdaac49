#include "sfu/segment.h"

#include "rtc/rtp.h"

#include <assert.h>

enum { PICTURES_AHEAD_MAX = 4096 };

static const struct segment *last_segment(const struct segments *s)
{
    assert(s->count > 0);
    return &s->newest;
}

// The outgoing timestamp of a layer's first packet after another layer, or another SSRC, was
// sent. What the publisher's reports say of the two clocks decides, as long as it agrees with
// the time that passed; a report may be old or wrong, and receivers freeze when time jumps.
static uint32_t timestamp_after_switch(const struct segments *s,
                                       const struct segment_start *start)
{
    const struct tail *tail = &s->tail;
    uint32_t rate = start->clock_rate;
    int64_t passed = (start->slot->arrived_at - tail->at) * (int64_t)rate / 1000000;
    uint32_t outgoing = tail->timestamp + (uint32_t)(passed > 0 ? passed : 0);

    uint32_t same_moment;
    if (start->last_clock && report_same_moment(start->last_clock, start->clock,
                                                start->slot->timestamp, rate, &same_moment)) {
        uint32_t reported = same_moment + last_segment(s)->shift.timestamp;
        int32_t difference = (int32_t)(reported - outgoing);
        if (difference < (int32_t)rate && difference > -(int32_t)rate)
            outgoing = reported;
    }
    // The old layer may have sent this very moment already.
    if (!rtp_timestamp_after(outgoing, tail->timestamp))
        outgoing = tail->timestamp + 1;
    return outgoing;
}

// The picture that begins is the one behind the last that was sent.
static void count_on(const struct tail *tail, const struct segment_start *start,
                     struct shift *shift)
{
    const struct codec_packet *info = &start->slot->info;
    shift->picture_id = (uint16_t)(tail->picture_id + 1 + start->pictures - info->picture_id);
    shift->tl0 = (uint8_t)(tail->tl0 + 1 - info->tl0);
}

// Whether a key picture's number would be far ahead of what was sent: so much was left out in a
// pause that receivers would take it for one of before. Frames are counted in 16 bits, pictures
// in 15.
static bool is_far(const struct tail *tail, const struct segment_start *start,
                   const struct shift *shift)
{
    const struct codec_packet *info = &start->slot->info;
    uint16_t circle = info->picture_id_at ? 0x7fff : 0xffff;
    uint16_t number = (uint16_t)(info->picture_id + shift->picture_id - start->pictures);
    uint16_t ahead = (uint16_t)(number - tail->picture_id) & circle;
    return info->key_frame && ahead > PICTURES_AHEAD_MAX;
}

static struct shift shift_of(const struct segments *s, const struct segment_start *start)
{
    const struct tail *tail = &s->tail;
    const struct history_slot *slot = start->slot;
    struct shift shift = {0};
    if (tail->begun && s->last_layer == start->layer && s->last_stream == start->at->stream) {
        // After a pause, or with more or less of it, the layer goes on by its own clock and its
        // own pictures.
        shift = last_segment(s)->shift;
        shift.picture_id =
            (uint16_t)(shift.picture_id + start->pictures - start->last_pictures);
        if (is_far(tail, start, &shift))
            count_on(tail, start, &shift);
    } else if (tail->begun) {
        shift.timestamp = timestamp_after_switch(s, start) - slot->timestamp;
        count_on(tail, start, &shift);
    } else {
        shift.picture_id = start->pictures; // its own numbers are as good as others
    }
    shift.seq = tail->next_seq - start->number;
    return shift;
}

const struct segment *segment_begin(struct segments *s, const struct segment_start *start)
{
    assert(s->count == 0 || last_segment(s)->first <= s->tail.next_seq);
    struct segment begun = {.shift = shift_of(s, start),
                            .first = s->tail.next_seq,
                            .layer = start->layer,
                            .substream = start->substream};
    if (s->older && s->count)
        s->older[(s->count - 1) % SEGMENTS_OLDER] = s->newest;
    s->newest = begun;
    s->count++;
    s->tail.begun = true;
    s->from_packets = start->at->packets - 1;
    s->from_octets = start->at->octets - (uint32_t)start->slot->payload.len;
    return &s->newest;
}

void segment_end(struct segments *s, const struct progress *at)
{
    const struct segment *ended = last_segment(s);
    assert(segment_next(s, at) >= ended->first); // numbers never fall
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

void segment_withdraw(struct segments *s, uint64_t seq)
{
    assert(seq <= s->tail.next_seq);
    // Those that never began are behind what is found: the newest is looked at first.
    if (s->newest.first > seq)
        s->newest.first = seq;
    for (uint32_t i = 0; s->older && i < SEGMENTS_OLDER; i++)
        if (s->older[i].first > seq)
            s->older[i].first = seq;
    s->tail.next_seq = seq;
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
    if (s->count && s->newest.first <= seq)
        return &s->newest;
    for (uint32_t back = 2; s->older && back <= SEGMENTS_MAX && back <= s->count; back++) {
        const struct segment *segment = &s->older[(s->count - back) % SEGMENTS_OLDER];
        if (segment->first <= seq)
            return segment;
    }
    return NULL;
}
