// Sound that a subscriber's way loses: each packet then repeats the one or two before it
// (rtc/red.h), since browsers do not ask for lost sound again. How many follows what the
// subscriber says it lost:
//
//     depth        0            1             2
//     of p is lost p            p^2           p^3
//     from         -            2 %           10 %     lost
//     until        -            1 %            7 %     for some seconds
//
// A subscriber that loses nothing is sent what it always was, which costs nothing.
#pragma once

#include "base/batch.h"
#include "rtc/history.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REDUNDANCY_MAX = 2,
    REDUNDANCY_OBSERVED_US = 500 * 1000,  // what an observation sums up
    REDUNDANCY_CALM_US = 5 * 1000 * 1000, // less is lost for so long, before less is repeated
    REDUNDANCY_OCTETS_MAX = 1000,         // of a payload, so that it fits a datagram
};

// Zero-initialised has lost nothing.
struct redundancy {
    uint8_t depth;   // frames that a packet repeats
    double loss;     // 0..1, smoothed
    int64_t busy_at; // when as much was last lost as the depth is for
    // The observation that is being made:
    int64_t began_at;
    uint32_t expected;
    uint32_t lost;
};

// So many packets were expected, of which so many were lost; some milliseconds' worth.
void redundancy_count(struct redundancy *r, uint32_t expected, uint32_t lost, int64_t now);
// A share of 0..1 was lost since the last report.
void redundancy_report(struct redundancy *r, double lost, int64_t now);

// The payload of a packet that repeats up to `depth` before it, those that are there, near
// enough and short enough; `payload_type` is that of all frames. It stays until
// batch_reset(). Empty when there is nothing to repeat.
struct bytes redundancy_payload(struct batch *out, const struct history *history,
                                const struct history_slot *slot, unsigned depth,
                                uint8_t payload_type);
