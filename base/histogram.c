#include "base/histogram.h"

const struct histogram_bounds histogram_waits_us = {
    .count = 12,
    .at = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 2500000,
           10000000},
};

void histogram_add(struct histogram *h, const struct histogram_bounds *bounds, int64_t value)
{
    size_t at = 0;
    while (at < bounds->count && value > bounds->at[at])
        at++;
    h->counts[at]++;
    h->sum += value > 0 ? value : 0;
}
