// When what goes to one destination leaves: spread over time, at 2.5 times the rate that its
// way carries, so that a key frame fills no queue on the way; as libwebrtc's pacer does
// (draft-ietf-rmcat-gcc-02 section 4).
//
// The queue holds no packets. It holds which packet of which feed is to leave; the caller looks
// it up in the feed's history at that moment.
//
//     live packet --pacer_is_open()--> send it, pacer_passed()
//          | no                              ^
//          v                                 | PACER_PACKET: look it up, send it, pacer_sent()
//     pacer_push() -> [ repair | start | first | second | third ] -> pacer_next()
//                                                                    PACER_PADDING: of a probe
//
// Audio asks nothing and waits for nothing: pacer_passed().
#pragma once

#include "rtc/bwe_probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // What may leave at once: 10 ms of the pace, which are 25 ms of what the way carries. It is
    // also the length of a train.
    PACER_BURST_US = 10 * 1000,
    // Nothing waits for longer: the pace grows so that the queue is empty in time. On a way
    // without a queue of its own the pace should not be felt at all. On one that is known to be
    // full a key frame takes as long wherever it waits, and here sound passes by it.
    PACER_WAIT_MOST_US = 250 * 1000,
    PACER_WAIT_CALM_US = 50 * 1000,
    PACER_WAIT_FULL_US = 500 * 1000,
    // The first picture of a feed, out of the history, leaves at this rate while there is an
    // allowance for it: so many octets, and once it is known what the way carries, no more than
    // it carries in so long.
    PACER_START_BPS = 20 * 1000 * 1000,
    PACER_START_OCTETS = 64 * 1024,
    PACER_START_US = 200 * 1000,
    PACER_ITEMS_MAX = 4096, // of a level: 250 ms of 150 Mbit/s
};

// What leaves first. Of one level, what came first.
enum pacer_level {
    PACER_REPAIR, // retransmissions
    PACER_START,  // from the history, when a feed begins
    PACER_FIRST,  // live video
    PACER_SECOND,
    PACER_THIRD,
    PACER_LEVELS
};

struct pacer_item {
    uint64_t number;   // which packet of the feed; the caller's to understand
    int64_t pushed_at; // the pacer's
    uint32_t feed;     // likewise the caller's
    uint16_t octets;   // with what IP and UDP add
    uint8_t level;     // enum pacer_level
    uint8_t cluster;   // of the probe that it is part of, or 0: the pacer's
};

struct pacer_queue {
    struct pacer_item *items; // a ring; NULL while there was nothing to wait for
    uint32_t cap;             // a power of two
    uint32_t head;
    uint32_t count;
};

struct pacer {
    double bps; // that the way carries; 0: not known, nothing waits
    int64_t wait_most_us;
    int64_t at;        // the following are of this moment
    double debt;       // octets that left ahead of the pace
    double start_left; // octets of allowance
    double start_debt; // octets that left ahead of PACER_START_BPS
    uint64_t octets;   // that wait
    uint32_t count;    // items that wait
    struct pacer_queue queues[PACER_LEVELS];

    struct bwe_cluster probe; // under way; its id is 0: none
    uint32_t probe_packets;   // sent of it
    size_t probe_octets;
    int64_t probe_at; // its first packet left
};

// `bps` is a guess, if it is not 0.
void pacer_init(struct pacer *p, double bps, int64_t now);
void pacer_dispose(struct pacer *p);

// What the way carries, as feedback of it says.
void pacer_set_rate(struct pacer *p, double bps, int64_t now);
// For how long anything may wait; until it is told, PACER_WAIT_MOST_US.
void pacer_set_wait(struct pacer *p, int64_t most_us, int64_t now);

// Whether a packet may leave at once, past the queue: nothing waits, and the pace allows it.
bool pacer_is_open(struct pacer *p, int64_t now);
// So many octets may then leave at once.
size_t pacer_allowance(const struct pacer *p);
// A packet left without having waited.
void pacer_passed(struct pacer *p, size_t octets, int64_t now);

// Queues an item. False, and it is not queued, when its level is full: the packet is then as
// good as lost on the way, and the receiver asks for it again.
bool pacer_push(struct pacer *p, enum pacer_level level, uint32_t feed, uint64_t number,
                size_t octets, int64_t now);

// A cluster is to be sent, of what waits and of padding; not while another is.
void pacer_probe(struct pacer *p, const struct bwe_cluster *cluster);
static inline bool pacer_is_probing(const struct pacer *p)
{
    return p->probe.id != 0;
}
// There is nothing to pad with.
void pacer_end_probe(struct pacer *p);

enum pacer_turn {
    PACER_NOTHING, // until pacer_deadline()
    PACER_PACKET,  // this one: it is not in the queue any more. It may be skipped
    // `octets` of padding, or less, of cluster `cluster`: what goes by pacer_sent() counts. Or
    // pacer_end_probe().
    PACER_PADDING,
};
enum pacer_turn pacer_next(struct pacer *p, struct pacer_item *item, int64_t now);
// `item` left, as pacer_next() gave it, with so many octets as item->octets says by now.
void pacer_sent(struct pacer *p, const struct pacer_item *item, int64_t now);

// When something of what waits may leave; NEVER when nothing waits.
int64_t pacer_deadline(const struct pacer *p);

// How long what comes next has waited; 0 when nothing waits.
int64_t pacer_wait_us(const struct pacer *p, int64_t now);

// A feed's live packets are of another level from now on: so are those that wait, or later ones
// would overtake them. `level` is PACER_FIRST or less.
void pacer_move(struct pacer *p, uint32_t feed, enum pacer_level level);
// Whether anything of a feed waits but repairs; `*number`: what leaves first of it.
bool pacer_first(const struct pacer *p, uint32_t feed, uint64_t *number);
// A feed is gone, and nothing of it will leave.
void pacer_forget(struct pacer *p, uint32_t feed);
