#include "sfu/rate.h"
#include "test.h"

enum { MS = 1000, GUESS = 500000, HEADERS = 28 + 12 + 16 + 16 };

static const struct rate_manner plain = {.first_us = RATE_LOOK_FIRST_US};
static const struct rate_manner least = {.first_us = RATE_LOOK_US};
static const struct rate_manner growing = {.first_us = RATE_LOOK_FIRST_US, .grows = true};
static const struct rate_manner climbing = {.first_us = RATE_LOOK_FIRST_US, .climbs = true};
static const struct rate_manner resting = {.first_us = RATE_LOOK_FIRST_US, .rests = true};

static struct rate rate;
static struct progress progress;

// So many octets have come, headers included, since the last time.
static void come(uint32_t octets)
{
    progress.packets += 10;
    progress.octets += octets - 10 * HEADERS;
}

static double look(struct rate_manner manner, int64_t now)
{
    return rate_bps(&rate, &progress, GUESS, manner, now);
}

static void begin(void)
{
    rate = (struct rate){0};
    progress = (struct progress){.packets = 7, .octets = 7000}; // of before
    CHECK_EQ(look(plain, 5 * MS), GUESS);
    rate_begin(&rate, &progress, 10 * MS);
}

TEST(a_guess_until_the_first_look)
{
    begin();
    come(25000);
    CHECK_EQ(look(plain, 259 * MS), GUESS);
    CHECK_EQ(look(plain, 260 * MS), (GUESS + 800000) / 2);
}

TEST(then_it_is_looked_at_each_second)
{
    begin();
    come(25000);
    CHECK_EQ(look(plain, 260 * MS), 650000);
    come(100000);
    CHECK_EQ(look(plain, 1259 * MS), 650000);
    CHECK_EQ(look(plain, 1260 * MS), (650000 + 800000) / 2);
}

TEST(what_was_measured_long_ago_does_not_count)
{
    begin();
    come(25000);
    CHECK_EQ(look(plain, 260 * MS), 650000);
    come(50000);
    CHECK_EQ(look(plain, 2260 * MS), 200000);
}

TEST(beginning_again_changes_nothing)
{
    begin();
    come(25000);
    rate_begin(&rate, &progress, 200 * MS);
    CHECK_EQ(look(plain, 260 * MS), 650000);
}

// A key frame comes at once, and next to nothing after it.
TEST(a_key_frame_that_the_least_begins_with_is_no_rate)
{
    begin();
    come(50000);
    CHECK_EQ(look(least, 260 * MS), GUESS); // 400 kbit in a second, and more may come
    begin();
    come(100000);
    CHECK_EQ(look(least, 260 * MS), (GUESS + 800000) / 2);
    begin();
    come(50000);
    CHECK_EQ(look(least, 1010 * MS), (GUESS + 400000) / 2); // the second is over
}

TEST(what_grows_shows_before_the_first_look)
{
    begin();
    come(10000);
    CHECK_EQ(look(growing, 20 * MS), GUESS); // 320 kbit/s over a quarter of a second
    come(15000);
    CHECK_EQ(look(growing, 30 * MS), 800000);
    come(25000);
    CHECK_EQ(look(growing, 260 * MS), 1600000);
    come(300000);
    CHECK_EQ(look(growing, 300 * MS), 1600000); // after it not
}

// As of an encoder that has just begun.
TEST(of_what_climbs_the_second_look_forgets_the_first)
{
    begin();
    come(25000);
    CHECK_EQ(look(climbing, 260 * MS), 650000);
    come(180000);
    CHECK_EQ(look(climbing, 1259 * MS), 650000);
    CHECK_EQ(look(climbing, 1260 * MS), 1440000);
    come(200000);
    CHECK_EQ(look(climbing, 2260 * MS), (1440000 + 1600000) / 2);
}

TEST(while_nothing_comes_it_is_what_it_was)
{
    begin();
    come(25000);
    CHECK_EQ(look(plain, 260 * MS), 650000);
    CHECK_EQ(look(resting, 1500 * MS), 650000);
    CHECK_EQ(look(resting, 9000 * MS), 650000);
    CHECK_EQ(look(plain, 9000 * MS), 0);
}
