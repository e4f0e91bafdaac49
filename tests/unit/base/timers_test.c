#include "base/timers.h"

#include "base/moment.h"
#include "base/rng.h"
#include "test.h"

TEST(the_nearest_timer_comes_first)
{
    struct timers t = {0};
    struct timer a = {0};
    struct timer b = {0};
    struct timer c = {0};
    timers_set(&t, &a, 30);
    timers_set(&t, &b, 10);
    timers_set(&t, &c, 20);
    CHECK_EQ(timers_next(&t), 10);
    CHECK(timers_expired(&t, 25) == &b);
    CHECK(timers_expired(&t, 25) == &c);
    CHECK(timers_expired(&t, 25) == NULL);
    CHECK_EQ(timers_next(&t), 30);
    timers_dispose(&t);
}

TEST(never_takes_a_timer_out)
{
    struct timers t = {0};
    struct timer a = {0};
    timers_set(&t, &a, 30);
    timers_set(&t, &a, NEVER);
    CHECK_EQ(timers_next(&t), NEVER);
    timers_set(&t, &a, NEVER);
    CHECK_EQ(t.count, 0);
    timers_dispose(&t);
}

TEST(advance_moves_a_timer_nearer_only)
{
    struct timers t = {0};
    struct timer a = {0};
    timers_advance(&t, &a, NEVER);
    CHECK_EQ(t.count, 0);
    timers_advance(&t, &a, 30);
    timers_advance(&t, &a, 40);
    CHECK_EQ(timers_next(&t), 30);
    timers_advance(&t, &a, 20);
    CHECK_EQ(timers_next(&t), 20);
    timers_dispose(&t);
}

TEST(a_thousand_timers_moved_at_random_come_in_order)
{
    enum { COUNT = 1000 };
    static struct timer list[COUNT];
    struct timers t = {0};
    struct rng rng = rng_seeded(5);
    for (int i = 0; i < 5 * COUNT; i++)
        timers_set(&t, &list[rng_below(&rng, COUNT)],
                   rng_below(&rng, 10) == 0 ? NEVER : 1 + rng_below(&rng, 1000));
    int64_t last = 0;
    uint32_t left = t.count;
    CHECK(left > 500);
    for (struct timer *timer; (timer = timers_expired(&t, 1000)); left--) {
        CHECK(timer->at >= last);
        last = timer->at;
    }
    CHECK_EQ(left, 0);
    timers_dispose(&t);
}
