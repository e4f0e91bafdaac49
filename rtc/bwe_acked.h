// What gets through: the rate of acknowledged octets.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Zero-initialised knows nothing.
struct bwe_acked {
    int64_t window_began; // on the receiver's clock
    size_t octets;        // in it
    double bps;           // 0: not known yet
    double variance;
};

// The sender sends otherwise than before: what was known says less of what comes.
void bwe_acked_expect_change(struct bwe_acked *a);
void bwe_acked_arrival(struct bwe_acked *a, int64_t arrived, size_t octets);
