// One stream to one subscriber: which layer, under which numbers.
//
// What happens to it: sfu/select.h chooses the layer, sfu/forward.h sends, sfu/repair.h sends
// again, sfu/segment.h counts.
#pragma once

#include "base/list.h"
#include "rtc/report.h"
#include "rtc/rtcp.h"
#include "sfu/command.h"
#include "sfu/key_budget.h"
#include "sfu/segment.h"
#include "sfu/stream.h"
#include "sfu/tick.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // A receiver that misses the first packets must not guess a ROC of 1.
    FEED_SEQ_START_BOUND = 32768,
    // Packets that may be sent again: the newest. As many as a history has of a camera; 2^9.
    FEED_REPAIRS_MAX = 512,
    // What may be retransmitted at once: the budget saved up. All that is lost in a moment
    // without a network, or on the way to an address of before: 200 ms of 1.5 Mbit/s are 40 KB,
    // and a key frame of 720p is 80 KB.
    FEED_REPAIR_BURST = 128 * 1024,
};

#define NO_PLACE UINT32_MAX // in subscriber.places
#define NO_LINE UINT32_MAX  // in stream.lines

struct subscriber;
struct pace;
struct seat; // sfu/seats.h

// Where a stream of ours stands. Of a seat, which one feed after another sends on.
struct feed_tail {
    struct tail sent;
    uint32_t rtx_seq;
};

// What the subscriber said to it; a seat says so at once.
enum feed_answer { FEED_UNANSWERED, FEED_ACCEPTED, FEED_REFUSED };

struct feed {
    struct stream *stream;
    struct subscriber *subscriber;
    struct list link;  // in stream.feeds
    struct list begun; // in shared.begun, when a segment began in this call of the router
    uint32_t line;     // in stream.lines; NO_LINE: not flowing
    uint32_t place;    // of the subscriber's; NO_PLACE: it waits for one, or was refused
    uint32_t ssrc;
    uint32_t rtx_ssrc;                  // 0: none
    uint32_t rtx_seq;                   // extended, of the next retransmission
    enum video_quality max_quality : 8; // as last commanded
    enum feed_answer answer : 8;
    uint8_t priority; // of the publisher's role; 1 is the highest
    bool allotted;    // what the way has room for was chosen: `allot`
    bool was_told;    // people were told of that: `told`
    // Its packets may have transport-wide numbers, since the subscriber tells of them. They
    // have while its batch_path has an estimate, too.
    bool numbered;
    bool rated;         // it tells a rate instead
    bool repeatable;    // sound: its packets may repeat those before (sfu/redundancy.h)
    uint8_t redundancy; // so many of them
    bool described;     // the subscriber reads dependency descriptors
    bool repaired;      // packets may be asked for again: it is whole, see below

    // To a viewer (sfu/seats.h):
    struct seat *seat;                           // NULL: it has none
    const struct negotiated_codec *seated_codec; // of the seat's

    struct segments segments; // the present one is sent while the line has a layer
    struct report_sender report;

    // Here ends one of which nothing is ever sent again: sound to subscribers that are no
    // viewers. There is one for each microphone and listener, and it has no memory for what
    // follows.
    struct pace *pace; // of its way (sfu/pace.h); NULL: nothing waits
    int64_t past_from; // before that it does not begin with what is past (sfu/forward.h)
    // What the way to the subscriber has room for (sfu/capacity.h).
    struct allocate_feed allot;
    struct feed_told {
        uint8_t current; // enum video_quality
        uint8_t expected;
        bool subscriber_degraded;
        bool publisher_degraded;
    } told;
    uint32_t packets_asked;  // by the subscriber, ever
    uint32_t packets_again;  // of those, sent again
    uint32_t keys_asked;     // key frames, by the subscriber
    struct key_budget keys;  // of those, and of layers that are begun
    uint64_t repair_from;    // nothing before this number is sent again
    int32_t repair_budget;   // octets
    uint32_t repair_counted; // octets sent when the budget was last filled
    struct segment older[SEGMENTS_OLDER];
    // How often each was sent again, by outgoing number, of those before `repairs_until`: two
    // in an octet.
    uint64_t repairs_until;
    uint8_t repairs[FEED_REPAIRS_MAX / 2];
};

enum { FEED_SHORT = offsetof(struct feed, pace) };
static_assert(FEED_SHORT + sizeof(struct feed_line) <= 300, "sound costs little");
static_assert(sizeof(struct feed) + sizeof(struct feed_line) <= 1024, "a picture costs 1 KB");

// Of one subscriber, in no order.
struct feed_list {
    struct feed **at;
    uint32_t count;
    uint32_t cap;
};

// Its stream is the caller's to name: feed_go_on() and the SSRCs. `repaired`: packets may be
// asked for again; always so of pictures.
struct feed *feed_new(struct stream *stream, struct subscriber *s, bool repaired,
                      enum video_quality max_quality, const struct tick *tick);
void feed_free(struct feed *f, struct shared *shared); // and takes it out of its stream

// While it does not flow: where its stream stands, and to go on where another feed stopped.
struct feed_tail feed_tail(const struct feed *f);
void feed_go_on(struct feed *f, const struct feed_tail *tail);

// It flows: there is a line of it, on which nothing is sent yet. It stops: its segment ends.
void feed_join(struct feed *f, struct batch_path *path);
void feed_part(struct feed *f);
struct feed_line *feed_line(const struct feed *f); // NULL: it does not flow
// Sound: each packet repeats so many before it from now on, if the subscriber agreed to that.
void feed_repeat(struct feed *f, uint8_t redundancy);

// To a viewer that has no retransmission stream: the very packet goes again. Not sound of which
// each packet may repeat others, now so many and then so many: it would be another.
static inline bool feed_is_sent_again(const struct feed *f)
{
    return f->seat && f->rtx_ssrc == 0 && !f->repeatable;
}

// How far the layer that is being sent has come; NULL: none is.
const struct progress *feed_progress(const struct feed *f);
// With a packet that is part of the substream; `at`: how far that had come when the packet
// came.
void feed_begin_segment(struct feed *f, unsigned layer, unsigned substream,
                        const struct history_slot *slot, const struct progress *at);
void feed_end_segment(struct feed *f); // if there is one
// Goes on with another substream of the layer that is being sent, whose newest packet `slot` is
// part of it and was not sent yet.
void feed_change_substream(struct feed *f, unsigned substream, const struct history_slot *slot);
// The same, and nothing that waits leaves any more.
void feed_cut(struct feed *f);
// All lines that were on `layer` end their segments: it begins anew.
void feeds_leave(struct stream *s, unsigned layer);

bool feed_is_sending(const struct feed *f);
// Fills the sender info of the next SR; false when there is nothing to report.
bool feed_report(struct feed *f, int64_t now, struct rtcp_sender_info *sender);
