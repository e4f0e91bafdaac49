#include "rtc/pacer.h"

#include "base/moment.h"
#include "base/rng.h"
#include "test.h"

enum { MS = 1000, SECOND = 1000 * 1000, PACKET = 1250 }; // 10 kbit

static struct pacer pacer;

static void start(double bps)
{
    pacer_dispose(&pacer);
    pacer_init(&pacer, bps, 0);
}

static void push(enum pacer_level level, uint32_t feed, uint64_t first, unsigned count,
                 int64_t now)
{
    for (unsigned i = 0; i < count; i++)
        CHECK(pacer_push(&pacer, level, feed, first + i, PACKET, now));
}

// Sends what may leave at `now`. Returns how many packets.
static unsigned send(int64_t now)
{
    unsigned count = 0;
    for (struct pacer_item item; pacer_next(&pacer, &item, now) == PACER_PACKET; count++)
        pacer_sent(&pacer, &item, now);
    return count;
}

// Sends at each deadline until `until`. Returns how many packets.
static unsigned send_until(int64_t until)
{
    unsigned count = 0;
    for (int64_t at; (at = pacer_deadline(&pacer)) <= until;) {
        unsigned sent = send(at);
        CHECK(sent > 0); // a deadline is no false alarm
        count += sent;
    }
    return count;
}

static struct pacer_item next(int64_t now)
{
    struct pacer_item item;
    CHECK_EQ(pacer_next(&pacer, &item, now), PACER_PACKET);
    return item;
}

TEST(live_packets_pass_an_empty_queue_until_the_burst_is_used_up)
{
    start(1000 * 1000); // the pace is 2.5 Mbit/s: 3125 octets in 10 ms
    for (int i = 0; i < 3; i++) {
        CHECK(pacer_is_open(&pacer, 0));
        pacer_passed(&pacer, PACKET, 0);
    }
    CHECK(!pacer_is_open(&pacer, 0));
    // 625 octets too many: 2 ms.
    CHECK(!pacer_is_open(&pacer, 2 * MS - 1));
    CHECK(pacer_is_open(&pacer, 2 * MS));
}

TEST(where_nothing_is_known_of_the_way_nothing_waits)
{
    start(0);
    pacer_passed(&pacer, 1000 * 1000, 0);
    CHECK(pacer_is_open(&pacer, 0));
    CHECK_EQ(pacer_deadline(&pacer), NEVER);
}

TEST(what_waits_leaves_at_two_and_a_half_times_the_rate)
{
    start(1000 * 1000);
    push(PACER_FIRST, 1, 0, 60, 0); // 600 kbit: 240 ms
    CHECK(!pacer_is_open(&pacer, 0));
    CHECK_EQ(send(0), 3);
    CHECK_EQ(pacer_deadline(&pacer), 2 * MS + 1);
    CHECK_EQ(send_until(100 * MS) + 3, 28); // 250 kbit, and the burst
    CHECK_EQ(send_until(SECOND), 60 - 28);
    CHECK_EQ(pacer_deadline(&pacer), NEVER);
    CHECK_EQ(pacer_wait_us(&pacer, SECOND), 0);
}

TEST(a_feed_keeps_its_order_and_items_come_back_as_they_were_given)
{
    start(1000 * 1000);
    CHECK(pacer_push(&pacer, PACER_FIRST, 7, 1ULL << 40, 100, 0));
    CHECK(pacer_push(&pacer, PACER_FIRST, 8, 5, 200, 0));
    CHECK(pacer_push(&pacer, PACER_FIRST, 7, (1ULL << 40) + 1, 300, 0));
    struct pacer_item item = next(0);
    CHECK(item.feed == 7 && item.number == 1ULL << 40 && item.octets == 100);
    CHECK_EQ(next(0).feed, 8);
    item = next(0);
    CHECK(item.feed == 7 && item.number == (1ULL << 40) + 1 && item.level == PACER_FIRST);
}

TEST(repairs_leave_before_first_pictures_and_these_before_live_ones)
{
    start(1000 * 1000);
    static const enum pacer_level pushed[] = {PACER_THIRD, PACER_FIRST, PACER_SECOND,
                                              PACER_START, PACER_REPAIR};
    static const enum pacer_level taken[] = {PACER_REPAIR, PACER_START, PACER_FIRST,
                                             PACER_SECOND, PACER_THIRD};
    for (size_t i = 0; i < 5; i++)
        push(pushed[i], pushed[i], 0, 1, 0);
    for (size_t i = 0; i < 5; i++)
        CHECK_EQ(next(0).feed, taken[i]);
}

TEST(audio_delays_what_comes_after_it_and_does_not_wait)
{
    start(100 * 1000); // the pace: 31 octets a ms
    push(PACER_FIRST, 1, 0, 1, 0);
    CHECK_EQ(send(0), 1);
    int64_t before = pacer_deadline(&pacer);
    CHECK_EQ(before, NEVER);
    push(PACER_FIRST, 1, 1, 1, 0);
    before = pacer_deadline(&pacer);
    pacer_passed(&pacer, 100, 0);
    CHECK(pacer_deadline(&pacer) >= before + 3 * MS);
}

TEST(a_packet_that_is_gone_from_the_history_costs_nothing)
{
    start(1000 * 1000);
    push(PACER_FIRST, 1, 0, 10, 0);
    for (uint64_t i = 0; i < 7; i++)
        CHECK_EQ(next(0).number, i);
    CHECK_EQ(send(0), 3);
}

// 62 KB at 300 kbit/s would take 660 ms.
TEST(nothing_waits_for_more_than_a_quarter_of_a_second)
{
    start(300 * 1000);
    push(PACER_FIRST, 1, 0, 50, 0);
    CHECK_EQ(send_until(250 * MS), 50);
    // Nor behind what left before its turn.
    start(300 * 1000);
    pacer_passed(&pacer, 60 * 1000, 0);
    push(PACER_THIRD, 1, 0, 1, 0);
    CHECK_EQ(send_until(250 * MS), 1);
}

TEST(on_a_way_without_a_queue_it_is_not_felt)
{
    start(300 * 1000);
    pacer_set_wait(&pacer, PACER_WAIT_CALM_US, 0);
    push(PACER_FIRST, 1, 0, 50, 0);
    CHECK_EQ(send_until(50 * MS), 50);
}

TEST(a_way_that_is_full_takes_its_time)
{
    start(300 * 1000); // 94 octets in a ms
    pacer_set_wait(&pacer, PACER_WAIT_FULL_US, 0);
    push(PACER_FIRST, 1, 0, 50, 0);
    unsigned sent = send_until(250 * MS);
    CHECK(sent >= 23 && sent <= 27);
    CHECK_EQ(sent + send_until(500 * MS), 50);
}

TEST(a_first_picture_leaves_at_twenty_megabits_up_to_its_allowance)
{
    start(1000 * 1000);
    push(PACER_START, 1, 0, 80, 0);
    unsigned sent = send(0);
    CHECK(sent >= 4 && sent <= 6); // 2 ms of it
    sent += send_until(10 * MS);
    CHECK(sent >= 20 && sent <= 24); // 25 KB
    sent += send_until(27 * MS);
    CHECK(sent >= 52 && sent <= 54); // 64 KB, and no more than that
    CHECK(send_until(40 * MS) <= 9);
    CHECK_EQ(pacer_deadline(&pacer) < 250 * MS, true);
}

// At 300 kbit/s a picture of 64 KB would fill the way for 1.7 s.
TEST(where_the_way_is_known_the_allowance_is_what_it_carries_in_a_fifth_of_a_second)
{
    start(1000 * 1000);
    pacer_set_rate(&pacer, 300 * 1000, 0);
    push(PACER_START, 1, 0, 40, 0);
    unsigned sent = send_until(5 * MS);
    CHECK(sent >= 6 && sent <= 8); // 7.5 KB
    // It comes back while the feed goes on: an eighth of the rate.
    send_until(SECOND);
    CHECK(pacer.start_left < 1);
    pacer_passed(&pacer, 0, 2 * SECOND);
    CHECK(pacer.start_left > 4500 && pacer.start_left <= 7500);
    pacer_passed(&pacer, 0, 60 * SECOND);
    CHECK(pacer.start_left > 7490 && pacer.start_left <= 7500);
}

TEST(a_cluster_is_sent_at_its_rate_of_what_waits_and_then_of_padding)
{
    start(1000 * 1000);
    struct bwe_cluster cluster = {.id = 9, .bps = 3e6, .packets = 5, .octets = 5625};
    pacer_probe(&pacer, &cluster);
    CHECK(!pacer_is_open(&pacer, 0)); // the cluster takes what comes
    push(PACER_FIRST, 1, 0, 2, 0);
    size_t octets = 0;
    unsigned packets = 0, paddings = 0;
    int64_t last = 0;
    for (int64_t now = 0; pacer_is_probing(&pacer); now = pacer_deadline(&pacer)) {
        struct pacer_item item;
        enum pacer_turn turn;
        while ((turn = pacer_next(&pacer, &item, now)) != PACER_NOTHING) {
            CHECK_EQ(item.cluster, 9);
            CHECK(turn == PACER_PACKET || packets == 2);
            *(turn == PACER_PACKET ? &packets : &paddings) += 1;
            octets += item.octets;
            last = now;
            pacer_sent(&pacer, &item, now);
            if (!pacer_is_probing(&pacer))
                break;
        }
    }
    CHECK_EQ(packets, 2);
    CHECK(paddings >= 3 && octets >= 5625 && octets < 5625 + PACKET);
    // The last packet leaves when all before it have had their time.
    double bps = (double)(octets - 1125) * 8 * 1e6 / (double)last;
    CHECK(bps > 2.9e6 && bps < 3.1e6);
    push(PACER_FIRST, 1, 2, 1, SECOND);
    CHECK_EQ(next(SECOND).cluster, 0);
}

TEST(a_cluster_without_padding_ends_and_a_late_one_too)
{
    start(1000 * 1000);
    struct pacer_item item;
    pacer_probe(&pacer,
                &(struct bwe_cluster){.id = 1, .bps = 3e6, .packets = 5, .octets = 5000});
    CHECK_EQ(pacer_deadline(&pacer), 0);
    CHECK_EQ(pacer_next(&pacer, &item, 0), PACER_PADDING);
    pacer_end_probe(&pacer);
    CHECK_EQ(pacer_next(&pacer, &item, 0), PACER_NOTHING);
    CHECK_EQ(pacer_deadline(&pacer), NEVER);
    pacer_probe(&pacer,
                &(struct bwe_cluster){.id = 2, .bps = 3e6, .packets = 5, .octets = 5000});
    CHECK_EQ(pacer_next(&pacer, &item, 0), PACER_PADDING);
    pacer_sent(&pacer, &item, 0);
    CHECK_EQ(pacer_next(&pacer, &item, 2 * SECOND), PACER_NOTHING);
    CHECK(!pacer_is_probing(&pacer));
}

TEST(a_feed_that_moves_takes_along_what_waits)
{
    start(1000 * 1000);
    push(PACER_FIRST, 1, 0, 2, 0);
    push(PACER_FIRST, 2, 10, 2, 0);
    push(PACER_REPAIR, 1, 100, 1, 0);
    pacer_move(&pacer, 1, PACER_THIRD);
    push(PACER_THIRD, 1, 2, 1, 0);
    static const uint64_t order[] = {100, 10, 11, 0, 1, 2};
    for (size_t i = 0; i < 6; i++)
        CHECK_EQ(next(0).number, order[i]);
}

TEST(a_feed_that_is_gone_leaves_nothing)
{
    start(1000 * 1000);
    push(PACER_FIRST, 1, 0, 2, 0);
    push(PACER_FIRST, 2, 10, 1, 0);
    push(PACER_REPAIR, 1, 100, 1, 0);
    pacer_forget(&pacer, 1);
    CHECK_EQ(pacer.count, 1);
    CHECK_EQ(pacer.octets, PACKET);
    CHECK_EQ(next(0).feed, 2);
    pacer_forget(&pacer, 2);
    CHECK_EQ(pacer.count, 0);
}

TEST(the_first_number_of_a_feed_that_waits_is_known)
{
    uint64_t number;
    start(1000 * 1000);
    CHECK(!pacer_first(&pacer, 1, &number));
    push(PACER_REPAIR, 1, 100, 1, 0);
    push(PACER_FIRST, 2, 10, 1, 0);
    push(PACER_FIRST, 1, 7, 2, 0);
    CHECK(pacer_first(&pacer, 1, &number));
    CHECK_EQ(number, 7);
    push(PACER_START, 1, 5, 1, 0);
    CHECK(pacer_first(&pacer, 1, &number));
    CHECK_EQ(number, 5);
    pacer_forget(&pacer, 1);
    pacer_forget(&pacer, 2);
}

TEST(what_may_leave_at_once_is_a_burst_less_what_left_of_it)
{
    start(1000 * 1000);
    CHECK_EQ(pacer_allowance(&pacer), 3125);
    pacer_passed(&pacer, PACKET, 0);
    CHECK_EQ(pacer_allowance(&pacer), 3125 - PACKET);
    pacer_passed(&pacer, 2 * PACKET, 0);
    CHECK_EQ(pacer_allowance(&pacer), 0);
}

TEST(the_queue_has_a_bound_and_gives_back_what_a_peak_took)
{
    start(1000 * 1000);
    push(PACER_FIRST, 1, 0, PACER_ITEMS_MAX, 0);
    CHECK(!pacer_push(&pacer, PACER_FIRST, 1, 0, PACKET, 0));
    CHECK(pacer_push(&pacer, PACER_SECOND, 1, 0, PACKET, 0));
    for (uint64_t i = 0; i < PACER_ITEMS_MAX; i++)
        CHECK_EQ(next(0).number, i);
    CHECK(pacer.queues[PACER_FIRST].items == NULL);
    pacer_forget(&pacer, 1);
}

// What anything that is pushed meets, whatever comes: its turn, once, in order and in time; and
// the way no more than the pace and a burst, except for what is late.
TEST(all_leaves_in_order_and_in_time_and_no_train_is_longer_than_a_burst)
{
    struct rng rng = rng_seeded(7);
    for (int round = 0; round < 200; round++) {
        double bps = 100e3 + rng_below(&rng, 5000000);
        start(bps);
        uint64_t pushed[8] = {0}, sent[8] = {0};
        double pace_octets = 2.5 * bps / 8 / 1000; // in a ms
        bool calm = true;                          // so far nothing had to hurry
        for (int64_t now = 0; now < 3 * SECOND; now += MS) {
            unsigned feed = rng_below(&rng, 8);
            // About twice the rate in bursts, for two seconds.
            if (now < 2 * SECOND && rng_below(&rng, 33) == 0)
                for (double left = 2 * bps / 8 / 30; left > 0; left -= PACKET)
                    CHECK(pacer_push(&pacer, PACER_FIRST + feed % 3, feed, pushed[feed]++,
                                     PACKET, now));
            double train = 0;
            double left_ms = (double)(PACER_WAIT_MOST_US - pacer_wait_us(&pacer, now)) / MS;
            calm = calm && (double)pacer.octets + pacer.debt <= pace_octets * left_ms;
            for (struct pacer_item item; pacer_next(&pacer, &item, now) == PACER_PACKET;) {
                CHECK_EQ(item.number, sent[item.feed]++);
                CHECK(now - item.pushed_at <= PACER_WAIT_MOST_US + 5 * MS);
                train += item.octets;
                pacer_sent(&pacer, &item, now);
            }
            if (calm)
                CHECK(train <= pace_octets * PACER_BURST_US / MS + PACKET);
        }
        for (size_t i = 0; i < 8; i++)
            CHECK_EQ(sent[i], pushed[i]);
        CHECK_EQ(pacer.octets, 0);
    }
}
