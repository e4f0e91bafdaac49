#include "server/clock.h"

#include <time.h>

// A thread that is this much behind did not run: a busy machine makes one wait for a few
// hundred milliseconds.
static const int64_t stall_us = 1000000;

int64_t clock_step(struct clock *c, int64_t real_us)
{
    int64_t gone_us = real_us - c->read_at;
    if (c->is_watched && gone_us - c->wait_us > stall_us)
        c->stood_us += gone_us - c->wait_us;
    c->read_at = real_us;
    c->wait_us = 0;
    return real_us - c->stood_us;
}

void clock_step_wait(struct clock *c, int64_t most_us)
{
    c->is_watched = true;
    c->wait_us = most_us;
}

static _Thread_local struct clock own;

int64_t clock_real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return clock_step(&own, clock_real_us());
}

void clock_waits(int64_t most_us)
{
    clock_step_wait(&own, most_us);
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct moment clock_now(void)
{
    return (struct moment){.mono_us = clock_mono_us(), .wall_ms = clock_wall_ms()};
}
