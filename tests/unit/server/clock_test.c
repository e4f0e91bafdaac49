#include "server/clock.h"

#include "test.h"

TEST(time_passes_while_a_thread_works_and_waits)
{
    struct clock c = {0};
    CHECK_EQ(clock_step(&c, 5000000), 5000000);
    clock_step_wait(&c, 1000000);
    CHECK_EQ(clock_step(&c, 6000000), 6000000);
    CHECK_EQ(clock_step(&c, 6900000), 6900000); // a busy moment
    clock_step_wait(&c, 1000000);
    CHECK_EQ(clock_step(&c, 8800000), 8800000); // woken late by a busy machine
}

TEST(time_stands_still_while_a_thread_is_stopped)
{
    struct clock c = {0};
    clock_step(&c, 5000000);
    clock_step_wait(&c, 1000000);
    CHECK_EQ(clock_step(&c, 50000000), 6000000); // 45 s, one of them as it was meant
    clock_step_wait(&c, 200000);
    CHECK_EQ(clock_step(&c, 50200000), 6200000);
    CHECK_EQ(clock_step(&c, 80000000), 6200000); // stopped while it worked
}

TEST(who_waits_for_as_long_as_it_takes_is_never_late)
{
    struct clock c = {0};
    clock_step(&c, 5000000);
    CHECK_EQ(clock_step(&c, 95000000), 95000000);
    clock_step_wait(&c, INT64_MAX / 2);
    CHECK_EQ(clock_step(&c, 200000000), 200000000);
}
