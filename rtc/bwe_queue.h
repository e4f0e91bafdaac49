// How long packets wait on the way, and whether somebody else keeps that queue full.
//
// The quickest packet of the last seconds had no queue before it; what others take longer they
// waited. A queue of our own ends soon when we send less. One that does not is somebody else's
// who waits for loss (TCP): against that nobody gets a share who yields to delay.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Zero-initialised knows nothing.
struct bwe_queue {
    bool begun;
    int64_t base_us;     // the quickest way, sender's and receiver's clock mixed
    int64_t new_base_us; // of the present period
    int64_t period_at;
    int64_t wait_us;    // smoothed
    int64_t longest_us; // of this period and the one before
    int64_t new_longest_us;
    double empty_share; // of the last seconds, in which the queue was nearly empty
    int64_t told_at;
    int64_t lost_at; // 0: nothing was
    bool shared;     // with somebody who does not yield
};

// Packets were lost. Without loss nobody who waits for it is there.
void bwe_queue_lost(struct bwe_queue *q, int64_t now);
// A packet's way took `way_us`, by two clocks.
void bwe_queue_arrival(struct bwe_queue *q, int64_t way_us, int64_t now);
