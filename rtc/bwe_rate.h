// The rate that the delay allows: additive or multiplicative increase, multiplicative decrease
// (draft-ietf-rmcat-gcc-02 section 5.5).
#pragma once

#include "rtc/bwe_delay.h"

#include <stdbool.h>
#include <stdint.h>

enum { BWE_RATE_KEPT = 85 }; // per cent of what gets through, after an over-use

enum bwe_rate_state { BWE_HOLD, BWE_INCREASE };

struct bwe_rate {
    double bps;
    enum bwe_rate_state state;
    int64_t changed_at;
    int64_t decreased_at; // 0: never
    // What the way carried when it was full: 0: not known.
    double capacity_bps;
    double capacity_deviation; // share of it, squared
};

// `limited`: the application sends less than it might, so that nothing is learned of more.
// `acked`: bit/s that get through; 0: not known.
void bwe_rate_update(struct bwe_rate *r, enum bwe_usage usage, double acked, bool limited,
                     int64_t rtt_us, int64_t now);
// The same while somebody who yields to loss alone keeps the queue full: as TCP would do (RFC
// 5681), by a part of a packet in a round trip, and less after a loss. `lost_sent`: when the
// newest packet was sent that is told to be lost; 0: none is.
void bwe_rate_compete(struct bwe_rate *r, int64_t lost_sent, double acked, int64_t rtt_us,
                      int64_t now);
// A probe found more, or the rate is set from outside.
void bwe_rate_set(struct bwe_rate *r, double bps, int64_t now);
