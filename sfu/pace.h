// When pictures leave to one subscriber: spread over time by rtc/pacer, where they would fill
// the way's queue.
//
// A wide way must cost nothing. So a path is granted octets that may leave at once, and the hot
// loop only counts them down (batch_path.left); when they are used up it asks here, and is
// granted more, or the packet waits. What waits is named by feed and outgoing number: the
// packet is looked up in the history when its turn comes (sfu/forward.h).
//
//     left -= octets --- enough? ---> it leaves
//          | no
//     pace_admits() ---- granted ---> it leaves
//          | no
//     pacer_push() .... pacer_next() -> forward_waiting()      by sfu/capacity.c
//
// Sound is counted and never waits.
#pragma once

#include "base/batch.h"
#include "rtc/pacer.h"
#include "sfu/leg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What is known of the way.
struct pace_way {
    double bps;          // that it carries, as estimated
    double carried_bps;  // that it was seen to carry when it was full; 0: not known
    bool was_full;       // it was full before, so that about the estimate is what it carries
    double doubtful_bps; // that it carries if it just became narrow; 0: nothing says so
    double used_bps;     // of what was chosen to be sent
    int64_t wait_us;     // that packets wait in its queue
    bool crowded;        // the queue is long, and ours
};

struct pace {
    struct pacer pacer;
    struct leg *leg; // borrowed; NULL: nothing waits here
    struct batch_path *path;
    uint32_t granted; // that batch_path.left began with
};

// `bps` is a guess.
void pace_begin(struct pace *p, struct leg *leg, double bps, int64_t now);
void pace_dispose(struct pace *p);

// Nothing is known any more, but for a guess.
void pace_restart(struct pace *p, double bps, int64_t now);
void pace_follow(struct pace *p, const struct pace_way *way, int64_t now);

// A picture's packet of `octets`, already counted, for which nothing is left: whether it leaves
// now. Otherwise it waits, as `number` of the stream `ssrc`. A number is not said twice.
bool pace_admits(struct pace *p, enum pacer_level level, uint32_t ssrc, uint64_t number,
                 size_t octets, int64_t now);

// Nothing that waits of a stream will leave. Whether anything did; `*first`: its first number.
bool pace_forget(struct pace *p, uint32_t ssrc, uint64_t *first);

// A packet's octets on the way, with what protects it and what IP and UDP add.
static inline size_t pace_octets(size_t payload_len)
{
    enum { HEADERS = 28 + 12 + 16 + 16 };
    return payload_len + HEADERS;
}

// Counts a packet that leaves whatever is left: sound, and what is sent again.
static inline void pace_count(struct batch_path *path, size_t octets)
{
    path->left -= (uint32_t)octets;
}
