// How a figure is spread: how many values were within each of some bounds, and their sum.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS_MAX = 12 };

struct histogram_bounds {
    size_t count;
    int64_t at[HISTOGRAM_BOUNDS_MAX]; // ascending, inclusive
};

// Of what somebody waits for, in microseconds: half a millisecond to ten seconds.
extern const struct histogram_bounds histogram_waits_us;

// Zero-initialised has seen nothing.
struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1]; // each between two bounds; the last: beyond all
    int64_t sum;
};

// A clock that was set back is no time less than none.
void histogram_add(struct histogram *h, const struct histogram_bounds *bounds, int64_t value);
