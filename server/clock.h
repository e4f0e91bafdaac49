// The two clocks. Only the top floor reads them; all below get the moment as an argument.
#pragma once

#include "base/moment.h"

#include <time.h>

static inline int64_t clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct moment clock_now(void)
{
    return (struct moment){.mono_us = clock_mono_us(), .wall_ms = clock_wall_ms()};
}
