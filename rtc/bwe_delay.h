// Whether a queue grows on the way: the delay based half of the estimate. docs/bwe.md has the
// formulas; they are those of draft-ietf-rmcat-gcc-02 with the trend line that came after it.
//
//     packets -> groups sent within 5 ms -> change of the way's delay from group to group
//             -> smoothed, a line through the last 20
//             -> its slope against a threshold that adapts
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum bwe_usage { BWE_NORMAL, BWE_OVER, BWE_UNDER };

enum { BWE_TREND_WINDOW = 20 };

// Packets sent close together.
struct bwe_group {
    bool used;
    int64_t first_sent;
    int64_t sent; // the last
    int64_t first_arrived;
    int64_t arrived; // the last
};

// Zero-initialised has seen nothing.
struct bwe_delay {
    struct bwe_group group;
    struct bwe_group before;
    // The line.
    double accumulated_ms;
    double smoothed_ms;
    int64_t first_arrived;
    double x_ms[BWE_TREND_WINDOW]; // arrival, a ring
    double y_ms[BWE_TREND_WINDOW]; // smoothed delay
    uint32_t deltas;
    double trend; // the last slope
    // The detector.
    double threshold; // 0: not begun
    int64_t updated_at;
    double over_ms; // for how long it has been above
    uint32_t over_count;
    enum bwe_usage usage;
};

// A packet arrived: `sent` on our clock, `arrived` on the receiver's, both in us. In the order
// of feedback.
void bwe_delay_arrival(struct bwe_delay *d, int64_t sent, int64_t arrived);
