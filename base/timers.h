// The nearest of many deadlines: a binary heap of timers that live inside their owners.
#pragma once

#include <stdint.h>

struct timer {
    int64_t at;
    uint32_t place; // 1 + index in the heap; 0 while not in it
    void *owner;
    int kind; // the owner's, as the reader of expired timers understands it
};

// Zero-initialised is empty.
struct timers {
    struct timer **heap;
    uint32_t count;
    uint32_t cap;
};

void timers_dispose(struct timers *t); // frees the heap, not the timers

int64_t timers_next(const struct timers *t); // NEVER when empty

// Moves `timer` to `at`; NEVER takes it out.
void timers_set(struct timers *t, struct timer *timer, int64_t at);

// Like timers_set(), but only ever earlier: on the hot path a deadline that moved away is left
// where it is; its owner notices when it fires too soon and sets it anew.
static inline void timers_advance(struct timers *t, struct timer *timer, int64_t at)
{
    if (!timer->place ? at != INT64_MAX : at < timer->at)
        timers_set(t, timer, at);
}

// Takes out and returns a timer whose time has come, or NULL.
struct timer *timers_expired(struct timers *t, int64_t now);
