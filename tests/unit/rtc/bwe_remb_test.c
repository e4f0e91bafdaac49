// What may be sent to a client that tells a rate of its own.
#include "rtc/bwe.h"
#include "rtc/bwe_remb.h"
#include "test.h"

enum { MS = 1000, SECOND = 1000 * 1000 };

static struct bwe_remb remb;
static int64_t now;
static uint64_t octets;

static void begin(double guess_bps)
{
    now = SECOND;
    octets = 0;
    bwe_remb_begin(&remb, guess_bps);
}

// So much is sent for so long, and with `wanted` more would be.
static void pass(int64_t span, double sent_bps, double wanted_bps, bool fills)
{
    for (int64_t end = now + span; now < end; now += 100 * MS) {
        octets += (uint64_t)(sent_bps / 8 / 10);
        bwe_remb_sent(&remb, octets, now);
        bwe_remb_want(&remb, wanted_bps, fills, now);
    }
}

static bool fills(double wanted)
{
    return bwe_remb_fill_bps(&remb, wanted, now) > 0;
}

TEST(before_anything_is_told_the_guess_doubles_each_second_until_it_is_enough)
{
    begin(300e3);
    pass(900 * MS, 100e3, 2e6, true);
    CHECK_EQ((int)bwe_remb_bps(&remb), 300000);
    pass(SECOND, 100e3, 2e6, true);
    CHECK_EQ((int)bwe_remb_bps(&remb), 600000);
    pass(10 * SECOND, 100e3, 2e6, true);
    CHECK_EQ((int)bwe_remb_bps(&remb), 2400000);
    CHECK(!bwe_remb_is_told(&remb));
}

TEST(a_guess_that_is_enough_does_not_grow)
{
    begin(300e3);
    pass(20 * SECOND, 100e3, 0, true);
    CHECK_EQ((int)bwe_remb_bps(&remb), 300000);
}

TEST(a_rate_below_what_is_sent_is_obeyed_at_once)
{
    begin(300e3);
    pass(3 * SECOND, 400e3, 2e6, true);
    bwe_remb_told(&remb, 250000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 250000);
    pass(3 * SECOND, 200e3, 2e6, true);
    CHECK_EQ((int)bwe_remb_bps(&remb), 250000);
}

// A receiver's first rate is about that of what came.
TEST(a_rate_of_all_that_is_sent_bounds_nothing)
{
    begin(300e3);
    pass(5 * SECOND, 1500e3, 2e6, true);
    double guess = bwe_remb_bps(&remb);
    bwe_remb_told(&remb, 1450000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), (int)guess);
}

TEST(a_greater_rate_than_the_guess_is_believed)
{
    begin(300e3);
    bwe_remb_told(&remb, 20 * 1000 * 1000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 20000000);
}

// libwebrtc tells nothing so soon but that a queue grows.
TEST(a_rate_that_is_told_early_is_obeyed_though_no_less_is_sent)
{
    begin(300e3);
    pass(2 * SECOND, 200e3, 500e3, true);
    bwe_remb_told(&remb, 200000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 200000);
}

// libwebrtc's rates are of pictures alone.
TEST(what_is_sent_beside_comes_on_top_and_is_no_change_of_the_rate)
{
    begin(300e3);
    pass(5 * SECOND, 260e3, 0, true);
    bwe_remb_told(&remb, 180000, 60e3, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 300000);
    pass(5 * SECOND, 240e3, 0, true);
    bwe_remb_told(&remb, 180000, 40e3, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 300000);
    bwe_remb_told(&remb, 150000, 60e3, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 210000);
}

// It has seen no more of its way, and follows by 8 % a second what is sent by now.
TEST(a_rate_that_grows_behind_what_is_sent_bounds_nothing)
{
    begin(300e3);
    pass(5 * SECOND, 300e3, 0, true);
    bwe_remb_told(&remb, 400000, 0, now);
    pass(5 * SECOND, 1500e3, 2e6, true);
    double guess = bwe_remb_bps(&remb);
    bwe_remb_told(&remb, 432000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), (int)guess);
    pass(SECOND, 1500e3, 2e6, true);
    bwe_remb_told(&remb, 432000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 432000);
}

TEST(a_rate_that_falls_is_obeyed_though_it_is_above_what_is_sent)
{
    begin(300e3);
    bwe_remb_told(&remb, 20 * 1000 * 1000, 0, now);
    pass(3 * SECOND, 200e3, 0, true);
    bwe_remb_told(&remb, 300000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 300000);
}

TEST(a_rate_of_nothing_is_a_rate)
{
    begin(300e3);
    bwe_remb_told(&remb, 0, 0, now);
    CHECK(bwe_remb_is_told(&remb));
    CHECK_EQ((int)bwe_remb_bps(&remb), 1);
}

TEST(a_rate_of_more_than_anybody_has_is_the_most)
{
    begin(300e3);
    bwe_remb_told(&remb, 0x1p63, 0, now);
    CHECK_EQ((int64_t)bwe_remb_bps(&remb), BWE_MOST_BPS);
    begin(BWE_MOST_BPS);
    bwe_remb_told(&remb, 0x1.fp63, 0, now);
    CHECK_EQ((int64_t)bwe_remb_bps(&remb), BWE_MOST_BPS);
    bwe_remb_told(&remb, 1e6, 0, now);
    CHECK_EQ((int64_t)bwe_remb_bps(&remb), 1000000);
}

// --- More ---

static void be_bound(double bps)
{
    begin(300e3);
    pass(3 * SECOND, 2 * bps, 4 * bps, true);
    bwe_remb_told(&remb, bps, 0, now);
}

TEST(behind_a_bound_the_way_is_filled_after_a_while_until_the_rate_is_enough)
{
    be_bound(250e3);
    pass(3 * SECOND, 150e3, 500e3, true);
    CHECK(!fills(500e3));
    pass(SECOND, 150e3, 500e3, true);
    CHECK(fills(500e3));
    CHECK(!fills(0));
    for (double bps = 250e3; bps < 510e3; bps *= 1.08) {
        bwe_remb_told(&remb, bps, 0, now);
        pass(SECOND, bps, 500e3, true);
    }
    bwe_remb_told(&remb, 510000, 0, now);
    CHECK(!fills(500e3));
    CHECK(bwe_remb_bps(&remb) >= 500e3);
}

TEST(each_bound_is_waited_behind_for_longer)
{
    be_bound(250e3);
    pass(5 * SECOND, 150e3, 500e3, true);
    CHECK(fills(500e3));
    bwe_remb_told(&remb, 220000, 0, now);
    pass(7 * SECOND, 150e3, 500e3, true);
    CHECK(!fills(500e3));
    pass(2 * SECOND, 150e3, 500e3, true);
    CHECK(fills(500e3));
}

// As of a client that was set to it.
TEST(a_way_is_not_filled_for_ever_when_the_rate_does_not_grow)
{
    be_bound(250e3);
    pass(5 * SECOND, 250e3, 500e3, true);
    CHECK(fills(500e3));
    pass(5 * SECOND, 250e3, 500e3, true);
    CHECK(!fills(500e3));
}

TEST(where_nothing_can_fill_the_way_more_is_tried_when_only_what_is_sent_bounds_the_rate)
{
    be_bound(250e3);
    pass(6 * SECOND, 220e3, 500e3, false);
    CHECK_EQ((int)bwe_remb_bps(&remb), 250000);
    pass(2 * SECOND, 100e3, 500e3, false);
    CHECK_EQ((int)bwe_remb_bps(&remb), 500000);
    pass(2 * SECOND, 400e3, 0, false);
    bwe_remb_told(&remb, 250000, 0, now);
    CHECK_EQ((int)bwe_remb_bps(&remb), 250000);
    pass(7 * SECOND, 100e3, 500e3, false);
    CHECK_EQ((int)bwe_remb_bps(&remb), 250000);
    pass(2 * SECOND, 100e3, 500e3, false);
    CHECK(bwe_remb_bps(&remb) > 250000);
}
