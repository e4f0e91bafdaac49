// The present, passed in. Below the top floor nobody reads a clock.
#pragma once

#include <stdint.h>

#define NEVER INT64_MAX // a deadline that is not pending

// Media knows only monotonic time: an int64_t of microseconds called `now`. Where people and
// tokens are concerned both clocks are needed.
struct moment {
    int64_t mono_us; // CLOCK_MONOTONIC: timers
    int64_t wall_ms; // since the Unix epoch: tokens, schedules, times shown
};
