// One track to one subscriber: which layer, under which numbers, and its repair.
//
// A feed sends segments: from a key frame on, all packets of one layer, each with the same
// differences added to number, timestamp and picture id. A switch of layers, or a pause, ends
// a segment. The last segments are kept, as the subscriber may ask for packets of before the
// switch.
#pragma once

#include "base/list.h"
#include "rtc/history.h"
#include "rtc/report.h"
#include "rtc/rtcp.h"
#include "sfu/command.h"
#include "sfu/tick.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    NO_LAYER = 0xff,
    FEED_SEGMENTS_MAX = 8,
    // A receiver that misses the first packets must not guess a ROC of 1.
    FEED_SEQ_START_BOUND = 32768,
    FEED_REPAIRS_MAX =
        256, // packets whose retransmissions are counted: half a second of 4 Mbit/s
    // What may be retransmitted at once: the budget saved up. A key frame of 720p lost whole.
    FEED_REPAIR_BURST = 64 * 1024,
    // A key frame's first packet that came late, itself repaired: how many newer packets are
    // then sent from the history in one go.
    FEED_CATCH_UP_MAX = 64,
};

#define NO_PLACE UINT32_MAX // in subscriber.places

struct track;
struct subscriber;
struct seat; // sfu/seats.h

// The differences of a segment.
struct feed_shift {
    uint64_t seq; // outgoing = dense + seq
    uint32_t timestamp;
    uint16_t picture_id;
    uint8_t tl0;
};

// What is read of a feed for every packet of its track.
struct feed_line {
    struct batch_path *path;
    struct feed *feed;
    struct feed_shift shift;
    uint64_t from; // dense number of the segment's first packet
    uint32_t ssrc;
    uint8_t current;    // layer; NO_LAYER: nothing is sent
    uint8_t start_mask; // a key frame of one of these layers begins the next segment
    bool seated;        // the packets' heads are written as the seat wants them
};
static_assert(sizeof(struct feed_line) <= 64, "one line of the processor's cache");

// Where a stream of ours stands. Of a seat, which one feed after another sends on.
struct feed_tail {
    bool begun;
    uint64_t next_seq;
    uint32_t last_timestamp;
    int64_t last_at;
    uint16_t last_picture_id;
    uint8_t last_tl0;
    uint32_t packets;
    uint32_t octets;
    uint32_t rtx_seq;
};

struct feed_segment {
    struct feed_shift shift;
    uint64_t first; // outgoing number of its first packet
    uint8_t layer;
};

struct feed {
    struct track *track;
    struct subscriber *subscriber;
    struct list link;     // in track.feeds
    uint32_t line;        // in track.lines; UINT32_MAX: not flowing
    enum layer max_layer; // as last commanded
    uint8_t priority;     // of the publisher's role; 1 is the highest
    uint32_t place;       // of the subscriber's; NO_PLACE: it waits for one, or was refused
    bool accepted;        // by the subscriber's answer
    bool refused;         // likewise
    uint32_t ssrc;
    uint32_t rtx_ssrc; // 0: none

    // To a viewer (sfu/seats.h):
    struct seat *seat;                           // NULL: it has none
    const struct negotiated_codec *seated_codec; // of the seat's
    bool ahead;                                  // before others where seats are few

    bool begun;              // a segment was sent: the following are about it
    uint64_t next_seq;       // outgoing number of the next segment's first packet
    uint8_t last_layer;      // NO_LAYER: another feed sent before
    uint32_t last_stream;    // of that layer
    uint32_t last_timestamp; // outgoing, of the newest packet of the last segment
    int64_t last_at;
    uint16_t last_picture_id; // outgoing
    uint8_t last_tl0;
    uint32_t packets; // sent in ended segments
    uint32_t octets;
    uint32_t segment_packets; // the layer's counters when the present segment began
    uint32_t segment_octets;
    struct feed_segment segments[FEED_SEGMENTS_MAX]; // a ring
    uint32_t segment_count;                          // ever

    struct report_sender report;
    uint32_t rtx_seq;        // extended, of the next retransmission
    int32_t repair_budget;   // octets
    uint32_t repair_counted; // octets sent when the budget was last filled
    struct feed_repair {
        uint16_t seq; // outgoing
        uint8_t count;
    } repairs[FEED_REPAIRS_MAX]; // by outgoing number
};

// Its stream is the caller's to name: `next_seq`, `rtx_seq` and the SSRCs.
struct feed *feed_new(struct track *t, struct subscriber *s, enum layer max_layer);
void feed_free(struct feed *f); // and takes it out of its track

// While it does not flow: where its stream stands, and to go on where another feed stopped.
struct feed_tail feed_tail(const struct feed *f);
void feed_go_on(struct feed *f, const struct feed_tail *tail);

// Lets the feed flow or stops it, as the subscriber's connection and answer allow.
void feed_set_flowing(struct feed *f, bool flowing, const struct tick *tick);
void feed_set_layer(struct feed *f, enum layer max_layer, const struct tick *tick);
// Chooses again, because layers came or went.
void feed_choose(struct feed *f, const struct tick *tick);

// A packet came into the history of `layer`: sends it on every line of the track that wants it.
// `start`: a segment may begin with it.
void feeds_forward(struct track *t, unsigned layer, const struct history_slot *slot, bool start,
                   const struct tick *tick);
// All lines that were on `layer` end their segments: it begins anew.
void feeds_leave(struct track *t, unsigned layer);

// Whether some feed waits for a key frame of `layer`.
bool feeds_wait_for(const struct track *t, unsigned layer);

// The subscriber asks for `seq` again.
void feed_repair(struct feed *f, uint16_t seq, const struct tick *tick);
// The subscriber's decoder asks for a key frame.
void feed_wants_key_frame(struct feed *f, const struct tick *tick);
bool feed_is_sending(const struct feed *f);
// Fills the sender info of the next SR; false when there is nothing to report.
bool feed_report(struct feed *f, int64_t now, struct rtcp_sender_info *sender);
