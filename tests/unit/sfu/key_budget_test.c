// One subscriber asks for few key frames, if what it asks for comes.
#include "test.h"

#include "sfu/key_budget.h"

enum { MS = 1000, SECOND = 1000 * MS, TOP = 0, LOW = 2 };

static struct key_budget budget;
static int64_t came_at; // a key frame of any layer

static bool take(unsigned layer, enum key_cause cause, int64_t now)
{
    return key_budget_take(&budget, layer, came_at, cause, now);
}

static void start(void)
{
    budget = (struct key_budget){0};
    came_at = 0;
}

// Asks five times a second; each key frame comes 100 ms after it was asked for.
static unsigned ask(enum key_cause cause, int64_t from, int64_t until)
{
    unsigned passed = 0;
    for (int64_t now = from; now < until; now += 200 * MS)
        if (take(TOP, cause, now)) {
            passed++;
            came_at = now + 100 * MS;
        }
    return passed;
}

TEST(who_asks_for_ever_has_five_at_once_and_then_one_each_six_seconds)
{
    start();
    CHECK_EQ(ask(KEY_ASKED, SECOND, 3 * SECOND), 5);
    CHECK_EQ(ask(KEY_ASKED, 3 * SECOND, 63 * SECOND), 10);
    // A quiet half a minute later all is there again.
    CHECK_EQ(ask(KEY_ASKED, 100 * SECOND, 102 * SECOND), 5);
}

TEST(who_loses_packets_has_twice_as_many)
{
    start();
    CHECK_EQ(ask(KEY_LOST, SECOND, 4 * SECOND), 10);
    CHECK_EQ(ask(KEY_LOST, 4 * SECOND, 64 * SECOND), 20);
}

TEST(to_begin_and_to_change_layers_takes_little)
{
    start();
    CHECK_EQ(ask(KEY_CHOSEN, SECOND, 5 * SECOND), 20);
    CHECK_EQ(ask(KEY_CHOSEN, 5 * SECOND, 20 * SECOND), 12);
}

TEST(what_is_asked_for_again_before_it_came_takes_nothing)
{
    start();
    for (int64_t now = SECOND; now < 60 * SECOND; now += 200 * MS)
        CHECK(take(TOP, KEY_ASKED, now));
    came_at = 60 * SECOND;
    CHECK_EQ(ask(KEY_ASKED, 61 * SECOND, 63 * SECOND), 5);
}

TEST(of_another_layer_it_is_not_the_same)
{
    start();
    for (unsigned i = 0; i < 5; i++)
        CHECK(take(i % 2 ? LOW : TOP, KEY_ASKED, SECOND));
    CHECK(take(TOP, KEY_ASKED, SECOND));
    CHECK(!take(LOW, KEY_ASKED, SECOND));
}

TEST(what_was_not_passed_on_is_owed)
{
    start();
    CHECK_EQ(ask(KEY_ASKED, SECOND, 2 * SECOND), 5);
    CHECK_EQ(budget.owed_at, 0);
    CHECK(!take(TOP, KEY_ASKED, 3 * SECOND));
    CHECK(!take(TOP, KEY_ASKED, 4 * SECOND));
    CHECK_EQ(budget.owed_at, 3 * SECOND);
    CHECK(take(TOP, KEY_ASKED, 8 * SECOND));
    CHECK_EQ(budget.owed_at, 0);
}
