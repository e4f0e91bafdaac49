// One track to one subscriber: which layer, under which numbers.
//
// What happens to it: sfu/select.h chooses the layer, sfu/forward.h sends, sfu/repair.h sends
// again, sfu/segment.h counts.
#pragma once

#include "base/list.h"
#include "rtc/report.h"
#include "rtc/rtcp.h"
#include "sfu/command.h"
#include "sfu/segment.h"
#include "sfu/tick.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    // A receiver that misses the first packets must not guess a ROC of 1.
    FEED_SEQ_START_BOUND = 32768,
    FEED_REPAIRS_MAX =
        256, // packets whose retransmissions are counted: half a second of 4 Mbit/s
    // What may be retransmitted at once: the budget saved up. A key frame of 720p lost whole.
    FEED_REPAIR_BURST = 64 * 1024,
};

#define NO_PLACE UINT32_MAX // in subscriber.places
#define NO_LINE UINT32_MAX  // in track.lines

struct track;
struct subscriber;
struct seat; // sfu/seats.h

// What is read of a feed for every packet of its track.
struct feed_line {
    struct batch_path *path;
    struct feed *feed;
    struct shift shift;
    uint64_t from; // dense number of the segment's first packet
    uint32_t ssrc;
    uint8_t current;    // layer; NO_LAYER: nothing is sent
    uint8_t start_mask; // a key frame of one of these layers begins the next segment
    bool seated;        // the packets' heads are written as the seat wants them
};
static_assert(sizeof(struct feed_line) <= 64, "one line of the processor's cache");

// Where a stream of ours stands. Of a seat, which one feed after another sends on.
struct feed_tail {
    struct tail sent;
    uint32_t rtx_seq;
};

struct feed {
    struct track *track;
    struct subscriber *subscriber;
    struct list link;               // in track.feeds
    uint32_t line;                  // in track.lines; NO_LINE: not flowing
    enum video_quality max_quality; // as last commanded
    uint8_t priority;               // of the publisher's role; 1 is the highest
    uint32_t place; // of the subscriber's; NO_PLACE: it waits for one, or was refused
    bool accepted;  // by the subscriber's answer
    bool refused;   // likewise
    uint32_t ssrc;
    uint32_t rtx_ssrc; // 0: none

    // To a viewer (sfu/seats.h):
    struct seat *seat;                           // NULL: it has none
    const struct negotiated_codec *seated_codec; // of the seat's
    bool ahead;                                  // before others where seats are few

    struct segments segments; // the present one is sent while the line has a layer

    struct report_sender report;
    uint32_t rtx_seq;        // extended, of the next retransmission
    int32_t repair_budget;   // octets
    uint32_t repair_counted; // octets sent when the budget was last filled
    struct feed_repair {
        uint16_t seq; // outgoing
        uint8_t count;
    } repairs[FEED_REPAIRS_MAX]; // by outgoing number
};

// Its stream is the caller's to name: feed_go_on() and the SSRCs.
struct feed *feed_new(struct track *t, struct subscriber *s, enum video_quality max_quality);
void feed_free(struct feed *f); // and takes it out of its track

// While it does not flow: where its stream stands, and to go on where another feed stopped.
struct feed_tail feed_tail(const struct feed *f);
void feed_go_on(struct feed *f, const struct feed_tail *tail);

// It flows: there is a line of it, on which nothing is sent yet. It stops: its segment ends.
void feed_join(struct feed *f, struct batch_path *path);
void feed_part(struct feed *f);
struct feed_line *feed_line(const struct feed *f); // NULL: it does not flow

// How far the layer that is being sent has come; NULL: none is.
const struct progress *feed_progress(const struct feed *f);
void feed_begin_segment(struct feed *f, unsigned layer, const struct history_slot *slot);
void feed_end_segment(struct feed *f); // if there is one
// All lines that were on `layer` end their segments: it begins anew.
void feeds_leave(struct track *t, unsigned layer);

// Whether some feed waits for a key frame of `layer`.
bool feeds_wait_for(const struct track *t, unsigned layer);

bool feed_is_sending(const struct feed *f);
// Fills the sender info of the next SR; false when there is nothing to report.
bool feed_report(struct feed *f, int64_t now, struct rtcp_sender_info *sender);
