#include "test.h"
#include "tests/sim/link.h"

#include <math.h>

enum { MS = 1000, SECOND = 1000 * 1000 };

static struct link link_of(struct link_plan plan)
{
    struct link l;
    link_init(&l, &plan, 1);
    return l;
}

// Gives it packets of 1222 octets (1250 on the line) at an even pace. Returns how many arrived.
static unsigned send_evenly(struct link *l, int64_t from, int64_t until, int64_t every,
                            int64_t *longest_us)
{
    unsigned arrived = 0;
    for (int64_t now = from; now < until; now += every) {
        int64_t at = link_send(l, 1222, false, now);
        if (at == LINK_LOST)
            continue;
        arrived++;
        if (longest_us && at - now > *longest_us)
            *longest_us = at - now;
    }
    return arrived;
}

TEST(a_line_takes_its_time_for_each_octet_and_the_way_the_same_for_all)
{
    struct link l =
        link_of((struct link_plan){.rates = {{0, 1000}}, .rate_count = 1, .delay_us = 20 * MS});
    CHECK_EQ(link_send(&l, 1222, false, 0), 30 * MS);
    CHECK_EQ(link_send(&l, 1222, false, 0), 40 * MS);
    CHECK_EQ(link_wait(&l, 5 * MS), 15 * MS);
    CHECK_EQ(link_send(&l, 97, false, 50 * MS), 71 * MS);
}

TEST(a_packet_under_way_when_the_rate_changes_goes_on_with_the_new_one)
{
    struct link l =
        link_of((struct link_plan){.rates = {{0, 1000}, {5 * MS, 500}}, .rate_count = 2});
    CHECK_EQ(link_send(&l, 1222, false, 0), 15 * MS);
    CHECK_EQ(link_kbps(&l, 4 * MS), 1000);
    CHECK_EQ(link_kbps(&l, 5 * MS), 500);
}

TEST(what_a_silent_line_has_saved_leaves_at_once)
{
    struct link l = link_of(
        (struct link_plan){.rates = {{0, 1000}}, .rate_count = 1, .bucket_octets = 2500});
    for (int64_t now = 0; now <= SECOND; now += SECOND) {
        CHECK_EQ(link_send(&l, 1222, false, now), now);
        CHECK_EQ(link_send(&l, 1222, false, now), now);
        CHECK_EQ(link_send(&l, 1222, false, now), now + 10 * MS);
        CHECK_EQ(link_send(&l, 1222, false, now), now + 20 * MS);
        CHECK_EQ(link_wait(&l, now), 20 * MS);
    }
}

TEST(a_full_queue_drops_what_comes)
{
    struct link l = link_of(
        (struct link_plan){.rates = {{0, 1000}}, .rate_count = 1, .queue_us = 100 * MS});
    int64_t longest = 0;
    unsigned arrived = send_evenly(&l, 0, SECOND, 5 * MS, &longest);
    CHECK(arrived >= 100 && arrived <= 112); // a second of the line, and its queue
    CHECK_EQ(l.dropped, 200 - arrived);
    CHECK(longest > 100 * MS && longest <= 120 * MS);
}

TEST(codel_lets_no_queue_stand)
{
    struct link_plan plan = {.rates = {{0, 1000}}, .rate_count = 1, .queue_us = SECOND};
    struct link tail = link_of(plan);
    plan.queue = LINK_CODEL;
    struct link codel = link_of(plan);
    // A tenth more than the line carries.
    send_evenly(&tail, 0, 20 * SECOND, 9 * MS, NULL);
    send_evenly(&codel, 0, 20 * SECOND, 9 * MS, NULL);
    CHECK(link_wait(&tail, 20 * SECOND) > 900 * MS);
    CHECK(link_wait(&codel, 20 * SECOND) < 100 * MS);
    CHECK(codel.dropped > 100);
}

TEST(codel_leaves_bursts_alone)
{
    struct link l = link_of((struct link_plan){
        .rates = {{0, 1000}}, .rate_count = 1, .queue = LINK_CODEL, .queue_us = SECOND});
    for (int64_t now = 0; now < 10 * SECOND; now += 200 * MS)
        for (int i = 0; i < 9; i++) // 90 ms of the line
            CHECK(link_send(&l, 1222, false, now) != LINK_LOST);
}

TEST(loss_is_as_frequent_as_planned)
{
    struct link l = link_of((struct link_plan){.loss_ppm = 100 * 1000});
    unsigned arrived = send_evenly(&l, 0, 10 * SECOND, MS, NULL);
    CHECK(arrived > 8850 && arrived < 9150);
    CHECK_EQ(l.lost, 10000 - arrived);
}

TEST(bursts_lose_packets_in_a_row)
{
    // Bad for ten packets in a row in the mean, a tenth of the time.
    struct link l = link_of((struct link_plan){
        .burst = {.begin_ppm = 11111, .end_ppm = 100 * 1000, .loss_ppm = 1000 * 1000}});
    unsigned lost = 0;
    unsigned runs = 0;
    bool before = false;
    for (int64_t now = 0; now < 100 * SECOND; now += MS) {
        bool is_lost = link_send(&l, 100, false, now) == LINK_LOST;
        lost += is_lost;
        runs += is_lost && !before;
        before = is_lost;
    }
    CHECK(lost > 8000 && lost < 12000);
    CHECK(lost / runs >= 8 && lost / runs <= 12);
}

TEST(an_outage_loses_all_and_comes_again)
{
    struct link l = link_of((struct link_plan){
        .outage = {.from_us = SECOND, .span_us = 200 * MS, .every_us = 5 * SECOND}});
    CHECK_EQ(send_evenly(&l, 0, SECOND, 10 * MS, NULL), 100);
    CHECK_EQ(send_evenly(&l, SECOND, 1200 * MS, 10 * MS, NULL), 0);
    CHECK_EQ(send_evenly(&l, 1200 * MS, 6 * SECOND, 10 * MS, NULL), 480);
    CHECK_EQ(send_evenly(&l, 6 * SECOND, 6200 * MS, 10 * MS, NULL), 0);
}

TEST(jitter_keeps_the_order_unless_packets_may_overtake)
{
    struct link_plan plan = {.delay_us = 10 * MS, .jitter_us = 30 * MS};
    struct link in_order = link_of(plan);
    plan.overtakes = true;
    struct link any_order = link_of(plan);
    int64_t last = 0;
    int64_t last_any = 0;
    unsigned overtaken = 0;
    for (int64_t now = 0; now < SECOND; now += 5 * MS) {
        int64_t at = link_send(&in_order, 100, false, now);
        CHECK(at >= last);
        last = at;
        int64_t any = link_send(&any_order, 100, false, now);
        CHECK(any >= now + 10 * MS && any < now + 40 * MS);
        overtaken += any < last_any;
        last_any = any;
    }
    CHECK(overtaken > 20);
}

TEST(what_is_spared_is_never_lost)
{
    struct link l = link_of((struct link_plan){
        .rates = {{0, 100}}, .rate_count = 1, .loss_ppm = 1000 * 1000, .delay_us = 5 * MS});
    for (int i = 0; i < 10; i++)
        CHECK(link_send(&l, 1222, true, 0) != LINK_LOST);
}

TEST(others_do_not_feel_what_is_spared)
{
    struct link l = link_of((struct link_plan){.rates = {{0, 1000}}, .rate_count = 1});
    CHECK_EQ(link_send(&l, 1222, false, 0), 10 * MS);
    CHECK_EQ(link_send(&l, 1222, true, 0), 10 * MS);
    CHECK_EQ(link_send(&l, 1222, false, 0), 20 * MS);
}

TEST(a_link_remembers_how_long_its_queue_was_and_for_how_long)
{
    struct link l = link_of(
        (struct link_plan){.rates = {{0, 1000}}, .rate_count = 1, .queue_us = 1000 * MS});
    for (int i = 0; i < 40; i++)
        link_send(&l, 1222, false, 0); // 400 ms of queue: above 200 ms for 200 ms
    CHECK_EQ(link_longest_wait(&l, 0, 1), 390 * MS);
    CHECK_EQ(l.longest_long_us, 200 * MS);
    send_evenly(&l, SECOND, 2 * SECOND, 10 * MS, NULL); // as much as the line takes
    CHECK_EQ(link_longest_wait(&l, 1, 2), 0);
    CHECK_EQ(l.longest_long_us, 200 * MS);
    CHECK(fabs(link_carried_kbps(&l, 1, 2) - 1000) < 1);
    for (int i = 0; i < 30; i++)
        link_send(&l, 1222, false, 2 * SECOND); // stands at 300 ms for a second
    send_evenly(&l, 2 * SECOND + 10 * MS, 3 * SECOND, 10 * MS, NULL);
    CHECK_EQ(l.longest_long_us, 1090 * MS);
}

TEST(a_tcp_flow_fills_what_is_left_and_shares_with_another)
{
    struct link one = link_of((struct link_plan){
        .rates = {{0, 2000}}, .rate_count = 1, .delay_us = 20 * MS, .tcp_flows = 1});
    struct link two = link_of((struct link_plan){
        .rates = {{0, 2000}}, .rate_count = 1, .delay_us = 20 * MS, .tcp_flows = 2});
    // Half of the line is ours.
    unsigned arrived = send_evenly(&one, 0, 30 * SECOND, 10 * MS, NULL);
    send_evenly(&two, 0, 30 * SECOND, 10 * MS, NULL);
    uint64_t whole = 2000 / 8 * 1000 * 30;
    CHECK(arrived > 2700); // its losses are few
    CHECK(link_tcp_octets(&one) > whole * 40 / 100);
    CHECK(link_tcp_octets(&one) < whole * 55 / 100);
    uint64_t first = two.flows[0].acknowledged;
    uint64_t second = two.flows[1].acknowledged;
    CHECK(first < 2 * second && second < 2 * first);
    link_dispose(&one);
    link_dispose(&two);
}

TEST(the_same_seed_loses_the_same_packets)
{
    struct link_plan plan = {.loss_ppm = 300 * 1000, .jitter_us = 10 * MS};
    struct link a = link_of(plan);
    struct link b = link_of(plan);
    for (int64_t now = 0; now < SECOND; now += MS)
        CHECK(link_send(&a, 100, false, now) == link_send(&b, 100, false, now));
}
