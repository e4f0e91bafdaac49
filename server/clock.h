// The two clocks. Only the top floor reads them; all below get the moment as an argument.
//
// A process may be stopped for a minute (SIGSTOP, a debugger, a virtual machine that is moved),
// and then all that others said meanwhile lies unread in buffers. Nobody was silent in that
// time, and no consent ran out: it did not pass. So each thread that watches deadlines says
// before it waits how long it means to, and the monotonic clock that it reads stands still for
// whatever a wait took beyond that. The time of day goes on.
#pragma once

#include "base/moment.h"

#include <stdbool.h>
#include <stdint.h>

int64_t clock_mono_us(void); // of this thread: two threads may differ
int64_t clock_real_us(void); // of all threads: it goes on while the process is stopped
int64_t clock_wall_ms(void);
struct moment clock_now(void);

// The calling thread is about to wait, and for `most_us` at most, whatever happens.
void clock_waits(int64_t most_us);
enum { CLOCK_WAIT_MAX_MS = 1000 }; // while anything has a deadline, so that a stop is noticed

// --- For tests: the same without a clock ---

struct clock {
    bool is_watched; // clock_waits() was called
    int64_t read_at; // real time
    int64_t wait_us; // since then: what was meant to be
    int64_t stood_us;
};

// What the clock says when the real one says `real_us`.
int64_t clock_step(struct clock *c, int64_t real_us);
void clock_step_wait(struct clock *c, int64_t most_us);
