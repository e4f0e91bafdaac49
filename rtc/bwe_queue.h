// How long packets wait on the way, and whether somebody else keeps that queue full.
//
// The quickest packet of the last seconds had no queue before it; what others take longer they
// waited. A queue of our own ends soon when we send less. One that does not is somebody else's
// who waits for loss (TCP): against that nobody gets a share who yields to delay.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Zero-initialised knows nothing.
struct bwe_queue {
    bool begun;
    int64_t base_us;     // the quickest way, sender's and receiver's clock mixed
    int64_t new_base_us; // of the present period
    int64_t period_at;
    int64_t last_us;    // the newest packet waited for so long
    int64_t wait_us;    // smoothed
    int64_t longest_us; // of this period and the one before
    int64_t new_longest_us;
    double empty_share; // of the last seconds, in which the queue was nearly empty
    int64_t told_at;
    int64_t lost_at; // 0: nothing was
    bool shared;     // with somebody who does not yield
    // While packets wait and the wait grows, they arrive as fast as the way carries them.
    int64_t full_sent;    // the first packet of the present measurement
    int64_t full_arrived; // 0: there is none
    size_t full_octets;   // behind it
    double carried_bps;   // as measured last; 0: never
    int64_t carried_at;
    double least_bps;        // of `carried_bps`, in this part of the time for which it is known
    double least_before_bps; // in the part before
    int64_t least_at;
    double measured_bps; // the measurement before, while packets waited all the time; 0: none
    double sure_bps;     // the greater of two, one after the other
    int64_t sure_at;
};

// Packets were lost. Without loss nobody who waits for it is there.
void bwe_queue_lost(struct bwe_queue *q, int64_t now);
// A packet of `octets` that was sent then arrived then, by two clocks.
void bwe_queue_arrival(struct bwe_queue *q, int64_t sent, int64_t arrived, size_t octets,
                       int64_t now);
// How long packets wait: the newest, or all lately. A fall shows in the newest first.
int64_t bwe_queue_longer_wait(const struct bwe_queue *q);
// What the way carried a moment ago, when it was full; 0: it was not.
double bwe_queue_carried(const struct bwe_queue *q, int64_t now);
// The same as two measurements show it, one after the other: a key frame of a neighbour's takes
// the way for as long as one, and is no reason to think that it carries less.
double bwe_queue_sure(const struct bwe_queue *q, int64_t now);
// What the way carried when it was last full, some seconds ago; 0 where it was not, or where
// packets are lost: somebody else may have come since, who would be taken for a short queue.
double bwe_queue_known(const struct bwe_queue *q, int64_t now);
// The least of that: where others share the way it is little, as each is carried less while
// another sends.
double bwe_queue_least(const struct bwe_queue *q, int64_t now);
