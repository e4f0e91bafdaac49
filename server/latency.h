// How long something took, as a histogram: how many were below each of some bounds.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LATENCY_BOUNDS = 12 };

extern const int64_t latency_bounds_us[LATENCY_BOUNDS]; // ascending, inclusive

struct latency {
    uint64_t counts[LATENCY_BOUNDS + 1]; // each between two bounds; the last is beyond all
    int64_t sum_us;
};

// A clock that was set back is no time less than none.
void latency_add(struct latency *latency, int64_t us);
