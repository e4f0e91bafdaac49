// How often each route was answered with which status, and how long that took: for metrics.
#pragma once

#include "base/histogram.h"

#include <stddef.h>
#include <stdint.h>

// Statuses that are counted by themselves; what is none of them counts as that of its hundred.
extern const int tally_statuses[];
enum { TALLY_STATUSES = 34 };

struct tally_route {
    uint64_t answered[TALLY_STATUSES]; // in the order of tally_statuses
    struct histogram took_us;          // from the head of the request
};

struct tally {
    struct tally_route *routes; // the first is of what has no route
    size_t count;
};

void tally_init(struct tally *t, size_t count);
void tally_dispose(struct tally *t);
// Beyond `count` there is no route. `took_us` negative: that is not counted.
void tally_add(struct tally *t, size_t route, int status, int64_t took_us);
