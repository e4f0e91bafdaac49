// Filling a way with padding up to a rate, so that a client which tells of no more than what
// comes can tell of more (rtc/bwe_remb.h).
#pragma once

#include "base/batch.h"
#include "sfu/feed.h"
#include "sfu/tick.h"

#include <stdint.h>

struct fill {
    int64_t at;    // the next step; NEVER: none is to come
    double octets; // that are missing to the rate
    uint64_t sent; // what had been sent at the last step
};

// Begins with the next step, or ends where `bps` is 0 or nothing can carry padding.
void fill_follow(struct fill *f, double bps, const struct batch_path *path,
                 const struct feed_list *feeds, int64_t now);

// Sends what is missing since the last step, in whole packets. It is due, and bps is not 0.
void fill_step(struct fill *f, double bps, const struct batch_path *path,
               const struct feed_list *feeds, const struct tick *tick);
