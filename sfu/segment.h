// Numbers of a stream that goes on when what it is made of changes.
//
// What one subscriber gets of a track is sent in segments: from a key frame on, all packets of
// one layer, or of a substream of it (sfu/substream.h), each with the same differences added to
// number, timestamp and picture id. A switch, or a pause, ends a segment. The last segments are
// kept, as the subscriber may ask for packets of before the switch.
//
//     of the layer     100 101 102 103         7   8   9
//     shift                -60                    37
//     sent              40  41  42  43        44  45  46
//                       first                 first
//
// Nothing here knows whose numbers they are: a feed asks (sfu/feed.h).
#pragma once

#include "rtc/history.h"
#include "rtc/report.h"

#include <stdbool.h>
#include <stdint.h>

enum { NO_LAYER = 0xff, SEGMENTS_MAX = 8 };

// The differences of a segment.
struct shift {
    uint64_t seq; // outgoing = dense + seq, or = the substream's number + seq
    uint32_t timestamp;
    uint16_t picture_id;
    uint8_t tl0;
};

struct segment {
    struct shift shift;
    uint64_t first; // outgoing number of its first packet
    uint8_t layer;
    uint8_t substream; // of that layer; 0: all of it
};

// How far a layer, or a substream of it, has come: its newest packet, and what came so far.
struct progress {
    uint64_t newest;
    uint32_t timestamp;
    int64_t arrived_at;
    uint16_t picture_id;
    uint8_t tl0;
    uint32_t packets; // that had something for a subscriber; wraps, as in SRs
    uint32_t octets;
    uint32_t stream; // grows with every other SSRC: its clock and its pictures are others
};

// Where an outgoing stream stands behind its last segment that ended.
struct tail {
    uint64_t next_seq; // of the next segment's first packet
    int64_t at;
    uint32_t timestamp;
    uint32_t packets; // sent in ended segments
    uint32_t octets;
    uint16_t picture_id;
    uint8_t tl0;
    bool begun; // a segment was sent: what is behind `next_seq` is about it
};

enum { SEGMENTS_OLDER = SEGMENTS_MAX - 1 };

// Begun as {.tail = ..., .last_layer = NO_LAYER}.
struct segments {
    struct tail tail;
    uint8_t last_layer;    // of the segment that ended last; NO_LAYER: none did here
    uint32_t last_stream;  // of that layer
    uint32_t from_packets; // the layer's counters when the present segment began
    uint32_t from_octets;
    uint32_t count;        // ever
    struct segment newest; // when there was one
    // Those before it, a ring of SEGMENTS_OLDER; NULL: nothing is asked for again of them.
    struct segment *older; // borrowed
};

// What the next segment is made of. Clocks are as the publisher reports them.
struct segment_start {
    uint8_t layer;
    uint8_t substream;
    const struct history_slot *slot; // its first packet
    uint64_t number;                 // of that in the substream
    uint16_t pictures;               // that the substream dropped before it
    uint16_t last_pictures;    // and the one of the same layer that was sent last; else nothing
    const struct progress *at; // how far it has come, `slot` counted already
    uint32_t clock_rate;
    const struct report_origin *clock;
    const struct report_origin *last_clock; // of the layer that was sent last; NULL: none
};

// The present segment begins. There is no present one before.
const struct segment *segment_begin(struct segments *s, const struct segment_start *start);
// The present segment ends behind the newest packet of its layer, which has come to `at`.
void segment_end(struct segments *s, const struct progress *at);

// Nothing from `seq` on has left, of a stream without a present segment: the next begins there.
void segment_withdraw(struct segments *s, uint64_t seq);

// The number behind the newest that the present segment sent; its layer has come to `at`.
uint64_t segment_next(const struct segments *s, const struct progress *at);
// What was sent in all; `at` is NULL when there is no present segment. Packets that came late,
// from before the segment, are counted although they were not sent, which a SR can live with.
uint32_t segment_packets(const struct segments *s, const struct progress *at);
uint32_t segment_octets(const struct segments *s, const struct progress *at);

// The segment in which `seq` was sent; NULL when that is forgotten or never happened.
const struct segment *segment_of(const struct segments *s, uint64_t seq);
