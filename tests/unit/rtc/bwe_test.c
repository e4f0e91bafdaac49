#include "rtc/bwe.h"
#include "test.h"

enum { MS = 1000, SECOND = 1000 * 1000 };

// --- sent ---

TEST(what_was_sent_is_found_by_its_number_until_it_is_forgotten)
{
    struct sent s = {0};
    CHECK(sent_find(&s, 0) == NULL);
    CHECK_EQ(sent_add(&s, 1200, 3, 10), 0);
    CHECK_EQ(sent_add(&s, 100, 0, 20), 1);
    CHECK_EQ(sent_find(&s, 0)->octets, 1200);
    CHECK_EQ(sent_find(&s, 0)->cluster, 3);
    CHECK_EQ(sent_find(&s, 1)->at, 20);
    CHECK(sent_find(&s, 2) == NULL);
    CHECK(sent_find(&s, 65535) == NULL);
    sent_forget(&s, 20);
    CHECK(sent_find(&s, 0) == NULL);
    CHECK(sent_find(&s, 1) != NULL);
    sent_dispose(&s);
}

TEST(numbers_wrap_and_the_ring_grows_to_its_bound)
{
    struct sent s = {0};
    for (uint32_t i = 0; i < 70000; i++)
        CHECK_EQ(sent_add(&s, 1, 0, i), (uint16_t)i);
    CHECK_EQ(s.cap, SENT_MAX);
    CHECK_EQ(sent_find(&s, (uint16_t)69999)->at, 69999);
    CHECK_EQ(sent_find(&s, (uint16_t)(70000 - SENT_MAX))->at, 70000 - SENT_MAX);
    CHECK(sent_find(&s, (uint16_t)(70000 - SENT_MAX - 1)) == NULL);
    sent_dispose(&s);
}

// --- delay ---

// A packet each 10 ms whose way gets longer by `growth_us` each time.
static enum bwe_usage usage_of(struct bwe_delay *d, int64_t from, int count, int64_t growth_us,
                               int64_t *way)
{
    for (int i = 0; i < count; i++) {
        int64_t sent = from + i * 10 * MS;
        *way += growth_us;
        bwe_delay_arrival(d, sent, sent + *way);
    }
    return d->usage;
}

TEST(a_way_of_one_length_is_normal)
{
    struct bwe_delay d = {0};
    int64_t way = 30 * MS;
    CHECK_EQ(usage_of(&d, SECOND, 500, 0, &way), BWE_NORMAL);
}

TEST(a_queue_that_grows_is_over_use_and_one_that_drains_under_use)
{
    struct bwe_delay d = {0};
    int64_t way = 30 * MS;
    usage_of(&d, SECOND, 100, 0, &way);
    CHECK_EQ(usage_of(&d, 2 * SECOND, 40, 1 * MS, &way), BWE_OVER);
    CHECK_EQ(usage_of(&d, 2400 * MS, 60, -600, &way), BWE_UNDER);
    CHECK_EQ(usage_of(&d, 3 * SECOND, 300, 0, &way), BWE_NORMAL);
}

TEST(packets_sent_together_are_one_group)
{
    struct bwe_delay d = {0};
    // A picture of ten packets each 33 ms, of which the line takes 2 ms each: no queue stands.
    for (int picture = 0; picture < 200; picture++)
        for (int i = 0; i < 10; i++) {
            int64_t sent = SECOND + picture * 33 * MS;
            bwe_delay_arrival(&d, sent, sent + 20 * MS + i * 2 * MS);
        }
    CHECK_EQ(d.usage, BWE_NORMAL);
    CHECK_EQ(d.deltas, 198);
}

// --- queue ---

static void waits(struct bwe_queue *q, int64_t way, int64_t now)
{
    bwe_queue_arrival(q, now - way, now, 1200, now);
}

TEST(a_queue_is_what_is_longer_than_the_quickest)
{
    struct bwe_queue q = {0};
    for (int i = 0; i < 100; i++)
        waits(&q, 50 * MS, i * 10 * MS);
    CHECK_EQ(q.wait_us, 0);
    for (int i = 100; i < 200; i++)
        waits(&q, 150 * MS, i * 10 * MS);
    CHECK(q.wait_us > 99 * MS && q.wait_us <= 100 * MS);
    CHECK(!q.shared);
}

TEST(a_queue_that_stands_with_losses_is_shared_and_without_them_not)
{
    struct bwe_queue q = {0};
    struct bwe_queue lossy = {0};
    for (int i = 0; i < 1000; i++) {
        int64_t now = i * 10 * MS;
        int64_t way = (i < 10 ? 50 : 150) * MS;
        waits(&q, way, now);
        waits(&lossy, way, now);
        if (i % 100 == 50)
            bwe_queue_lost(&lossy, now);
    }
    CHECK(!q.shared);
    CHECK(lossy.shared);
    for (int i = 1000; i < 1400; i++)
        waits(&lossy, 50 * MS, i * 10 * MS);
    CHECK(!lossy.shared);
}

// 1200 octets each 5 ms on a way that lets one through each 20 ms: 480 kbit/s.
TEST(a_queue_that_grows_tells_what_the_way_carries)
{
    struct bwe_queue q = {0};
    int64_t sent = SECOND, arrived = 0;
    for (int i = 0; i < 20; i++, sent += 5 * MS) {
        arrived = sent + 20 * MS + i * 15 * MS;
        bwe_queue_arrival(&q, sent, arrived, 1200, arrived);
    }
    CHECK_EQ((int)bwe_queue_carried(&q, arrived), 480000);
    CHECK_EQ((int)bwe_queue_carried(&q, arrived + 400 * MS), 0);
    CHECK_EQ((int)bwe_queue_known(&q, arrived + 14 * SECOND), 480000);
    CHECK_EQ((int)bwe_queue_known(&q, arrived + 16 * SECOND), 0);
}

// A packet each 10 ms, `octets` long, on a way that lets one through each 20 ms.
static int64_t fill(struct bwe_queue *q, size_t octets, int64_t sent)
{
    int64_t arrived = sent + 20 * MS;
    for (int i = 0; i < 20; i++)
        waits(q, 20 * MS, sent - 500 * MS + i * 20 * MS);
    for (int i = 0; i < 12; i++, sent += 10 * MS) {
        arrived = sent + 20 * MS + i * 10 * MS;
        bwe_queue_arrival(q, sent, arrived, octets, arrived);
    }
    return arrived;
}

TEST(the_least_that_it_was_seen_to_carry_is_remembered_for_a_while)
{
    struct bwe_queue q = {0};
    fill(&q, 1200, 10 * SECOND);
    int64_t now = fill(&q, 600, 13 * SECOND);
    CHECK_EQ((int)bwe_queue_least(&q, now), 240000);
    now = fill(&q, 1200, 20 * SECOND);
    CHECK_EQ((int)bwe_queue_least(&q, now), 240000);
    CHECK_EQ((int)bwe_queue_known(&q, now), 480000);
    now = fill(&q, 1200, 29 * SECOND);
    CHECK_EQ((int)bwe_queue_least(&q, now), 480000);
    bwe_queue_lost(&q, now);
    CHECK_EQ((int)bwe_queue_least(&q, now), 0);
}

// 1200 octets each 10 ms; what a neighbour sends within `burst` ms lets one through each 30 ms.
static double sure_after(int burst)
{
    struct bwe_queue q = {0};
    int64_t wait = 0, now = 0;
    for (int i = 0; i < 50; i++) {
        now = SECOND + i * 10 * MS;
        bool stretched = i >= 10 && wait < burst * 2 / 3 * MS;
        wait += stretched ? 20 * MS : 0;
        bwe_queue_arrival(&q, now, now + 20 * MS + wait, 1200, now);
        if (bwe_queue_sure(&q, now) > 0)
            return bwe_queue_sure(&q, now);
    }
    return 0;
}

TEST(a_fall_is_sure_when_two_measurements_show_it)
{
    CHECK_EQ((int)sure_after(90), 0);
    CHECK_EQ((int)sure_after(600), 320000);
}

TEST(a_queue_that_stands_tells_nothing_of_what_the_way_carries)
{
    struct bwe_queue q = {0};
    for (int i = 0; i < 100; i++)
        waits(&q, (i < 10 ? 20 : 120) * MS, SECOND + i * 5 * MS);
    CHECK_EQ((int)bwe_queue_carried(&q, SECOND + 495 * MS), 0);
}

// --- loss ---

// Sends at the estimate for a while over a way of `capacity` and `own` loss in per cent.
static double after(struct bwe_loss *l, int steps, double capacity, unsigned own)
{
    for (int i = 0; i < steps; i++) {
        double bps = l->bps;
        unsigned packets = (unsigned)(bps / 8 / 1200 / 4);
        double over = bps > capacity ? (bps - capacity) / bps : 0;
        double share = own / 100.0 + (1 - own / 100.0) * over;
        bwe_loss_count(l, packets, (uint32_t)(packets * share + 0.5), packets * 1200,
                       l->began_at + 250 * MS);
        bwe_loss_update(l, false);
        if (l->bps > 20e6)
            return l->bps;
    }
    return l->bps;
}

TEST(without_loss_it_grows_until_something_else_bounds_it)
{
    struct bwe_loss l;
    bwe_loss_init(&l, 1e6, SECOND);
    CHECK(after(&l, 60, 1e9, 0) > 20e6);
}

TEST(a_full_way_is_told_from_a_lossy_one)
{
    struct bwe_loss full;
    bwe_loss_init(&full, 4e6, SECOND);
    double found = after(&full, 100, 2e6, 0);
    CHECK(found > 1.7e6 && found < 2.3e6);

    struct bwe_loss lossy;
    bwe_loss_init(&lossy, 2e6, SECOND);
    CHECK(after(&lossy, 100, 1e9, 10) > 2e6);

    struct bwe_loss both;
    bwe_loss_init(&both, 1e6, SECOND);
    found = after(&both, 200, 3e6, 10);
    CHECK(found > 2.4e6 && found < 3.9e6);
}

// Observations of a hundred packets, of which so many are lost.
static bool is_heavy(struct bwe_loss *l, int observations, uint32_t lost)
{
    for (int i = 0; i < observations; i++) {
        bwe_loss_count(l, 100, lost, 120000, l->began_at + 250 * MS);
        bwe_loss_update(l, false);
    }
    return l->heavy;
}

TEST(loss_is_heavy_when_it_lasts_and_not_for_one_blackout)
{
    struct bwe_loss l = {0};
    bwe_loss_init(&l, 1e6, SECOND);
    CHECK(!is_heavy(&l, 20, 10));
    CHECK(!is_heavy(&l, 4, 90));
    CHECK(!is_heavy(&l, 8, 0));
    CHECK(!is_heavy(&l, 5, 20));
    CHECK(is_heavy(&l, 1, 20));
    bwe_loss_restart(&l, 2e6, l.began_at);
    CHECK(is_heavy(&l, 5, 0));
    CHECK(!is_heavy(&l, 1, 0));
}

// --- probes ---

TEST(a_cluster_finds_the_rate_at_which_it_arrives)
{
    struct bwe_probe p = {.least = BWE_PROBE_OCTETS};
    struct bwe_cluster cluster;
    bwe_probe_ask(&p, 4e6, SECOND);
    CHECK(bwe_probe_next(&p, &cluster, SECOND));
    CHECK(!bwe_probe_next(&p, &cluster, SECOND));
    CHECK_EQ(cluster.octets, BWE_PROBE_OCTETS);
    double found = 0;
    // 1200 octets each 2.4 ms are 4 Mbit/s; they arrive each 4.8 ms.
    for (int i = 0; i < 9; i++) {
        double one = bwe_probe_arrival(&p, cluster.id, 1200, SECOND + i * 2400,
                                       SECOND + 20 * MS + i * 4800);
        found = one > 0 ? one : found;
    }
    CHECK(found > 1.89e6 && found < 1.91e6); // 95 % of 2 Mbit/s
    CHECK(p.full);
    CHECK(bwe_probe_arrival(&p, 77, 1200, SECOND, SECOND) == 0); // of no cluster
}

// 300 kbit/s behind a bucket of 3 KB: ten packets of a kilobyte at 600 kbit/s, of which three
// pass as they come.
TEST(what_a_way_has_saved_up_is_not_found)
{
    struct bwe_probe p = {.least = BWE_PROBE_OCTETS};
    struct bwe_cluster cluster;
    bwe_probe_ask(&p, 6e5, SECOND);
    CHECK(bwe_probe_next(&p, &cluster, SECOND));
    int64_t end = SECOND - 80 * MS; // of what the line has sent, its savings among it
    double found = 0;
    for (int i = 0; i < 10; i++) {
        int64_t sent = SECOND + i * 13333;
        end += 26667;
        double one =
            bwe_probe_arrival(&p, cluster.id, 1000, sent, (end > sent ? end : sent) + 20 * MS);
        found = one > 0 ? one : found;
    }
    CHECK(found > 2.5e5 && found < 4e5);
}

// As many octets of others leave between them.
TEST(what_leaves_between_the_packets_of_a_cluster_takes_its_part)
{
    struct bwe_probe p = {.least = BWE_PROBE_OCTETS};
    struct bwe_cluster cluster;
    bwe_probe_ask(&p, 4e6, SECOND);
    CHECK(bwe_probe_next(&p, &cluster, SECOND));
    double found = 0;
    for (int i = 0; i < 14; i++) {
        double one = bwe_probe_arrival(&p, i % 2 ? 0 : cluster.id, 1200, SECOND + i * 1200,
                                       SECOND + 20 * MS + i * 2400);
        found = one > 0 ? one : found;
    }
    CHECK(found > 3.79e6 && found < 3.81e6); // 95 % of 4 Mbit/s
}

// What one wanted then may be far too much by now.
TEST(a_cluster_that_had_no_turn_for_a_second_is_forgotten)
{
    struct bwe_probe p = {.least = BWE_PROBE_OCTETS};
    struct bwe_cluster cluster;
    bwe_probe_start(&p, 1e6, SECOND);
    CHECK(bwe_probe_next(&p, &cluster, SECOND));
    CHECK(!bwe_probe_next(&p, &cluster, 2 * SECOND + 1));
    bwe_probe_ask(&p, 2e6, 3 * SECOND);
    bwe_probe_forget(&p);
    CHECK(!bwe_probe_next(&p, &cluster, 3 * SECOND));
}

// --- all together ---

TEST(the_estimate_starts_where_it_is_told_and_asks_for_probes)
{
    struct bwe b;
    struct bwe_cluster cluster;
    bwe_init(&b, 1e6, SECOND);
    CHECK_EQ((int)bwe_bps(&b), 1000000);
    CHECK(bwe_cluster(&b, &cluster, 0, SECOND));
    CHECK_EQ((int)cluster.bps, 3000000);
    CHECK(bwe_cluster(&b, &cluster, 0, SECOND));
    CHECK_EQ((int)cluster.bps, 6000000);
    CHECK(!bwe_cluster(&b, &cluster, 0, SECOND));
    bwe_dispose(&b);
}

// The estimate after one packet that arrives in time while the delay says over-use: what the
// way carried then was `carried`, and `estimate` is less than that.
static double after_over_use(double estimate, double carried, int64_t carried_at,
                             int64_t lost_at)
{
    enum { NOW = 30 * SECOND };
    struct twcc_recorder recorder = {0};
    struct twcc_feedback feedback;
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    struct bwe b;
    bwe_init(&b, estimate, SECOND);
    b.delay.usage = BWE_OVER;
    b.queue = (struct bwe_queue){.begun = true,
                                 .base_us = INT64_MAX / 2,
                                 .new_base_us = INT64_MAX / 2,
                                 .period_at = NOW,
                                 .wait_us = 30 * MS,
                                 .empty_share = 1,
                                 .told_at = NOW,
                                 .carried_bps = carried,
                                 .least_bps = carried,
                                 .least_before_bps = carried,
                                 .carried_at = carried_at,
                                 .lost_at = lost_at};
    b.acked = (struct bwe_acked){.window_began = NOW, .bps = 3e6};
    twcc_arrived(&recorder, bwe_sent(&b, 1200, 0, NOW), NOW + 20 * MS);
    CHECK(twcc_put_feedback(&recorder, 1, 2, NOW + SECOND, &w));
    CHECK_EQ(twcc_parse(&feedback, (struct bytes){octets, w.len}), 0);
    bwe_feedback(&b, &feedback, NOW + 40 * MS);
    double bps = b.rate.bps;
    bwe_dispose(&b);
    return bps;
}

// The mean of waits is 22.5 ms then, of 60 ms that would take 15 %: it takes 5.6 %.
TEST(a_short_queue_takes_little_and_nothing_below_what_the_way_was_seen_to_carry)
{
    CHECK_EQ((int)after_over_use(4e6, 5e6, 27 * SECOND, 0), 4000000);
    CHECK_EQ((int)after_over_use(4.8e6, 5e6, 27 * SECOND, 0), 4718750);
    CHECK_EQ((int)after_over_use(4e6, 5e6, 15 * SECOND, 0), 3775000); // long ago
    // Somebody who waits for loss may have come since.
    CHECK_EQ((int)after_over_use(4e6, 5e6, 27 * SECOND, 26 * SECOND), 3775000);
}

// 3 Mbit/s arrive: it takes 5.6 % of 3.5.
TEST(a_short_queue_takes_more_where_others_share_the_way)
{
    CHECK_EQ((int)after_over_use(4e6, 2e6, 27 * SECOND, 0), 3303125);
}

TEST(nothing_is_looked_for_while_packets_wait)
{
    struct bwe b;
    struct bwe_cluster cluster;
    bwe_init(&b, 1e6, SECOND);
    b.probe.begun = b.limited = true;
    b.feedback_at = 20 * SECOND;
    b.queue.wait_us = 100 * MS;
    CHECK(!bwe_cluster(&b, &cluster, 0, 20 * SECOND));
    b.queue.wait_us = 0;
    CHECK(bwe_cluster(&b, &cluster, 0, 20 * SECOND));
    bwe_dispose(&b);
}

TEST(nothing_is_looked_for_beside_somebody_who_fills_the_queue)
{
    struct bwe b;
    struct bwe_cluster cluster;
    bwe_init(&b, 1e6, SECOND);
    b.probe.begun = b.limited = b.queue.shared = true;
    b.feedback_at = 20 * SECOND;
    CHECK(!bwe_cluster(&b, &cluster, 5e6, 20 * SECOND));
    b.queue.shared = false;
    CHECK(bwe_cluster(&b, &cluster, 5e6, 20 * SECOND));
    bwe_dispose(&b);
}

TEST(losses_that_a_decrease_came_too_late_for_count_once)
{
    struct bwe_rate r = {.bps = 2e6, .changed_at = 10 * SECOND};
    enum { ROUND_TRIP = 100 * MS };
    bwe_rate_compete(&r, 10 * SECOND, 2e6, ROUND_TRIP, 10100 * MS);
    CHECK_EQ((int)r.bps, 1700000);
    bwe_rate_compete(&r, 10050 * MS, 2e6, ROUND_TRIP, 10300 * MS);
    CHECK(r.bps > 1700000);
    r.bps = 2e6;
    bwe_rate_compete(&r, 10110 * MS, 2e6, ROUND_TRIP, 10400 * MS);
    CHECK_EQ((int)r.bps, 1700000);
}

TEST(more_is_looked_for_now_and_then_while_more_is_wanted)
{
    struct bwe b;
    struct bwe_cluster cluster;
    bwe_init(&b, 1e6, SECOND);
    while (bwe_cluster(&b, &cluster, 0, SECOND))
        ;
    CHECK(!bwe_cluster(&b, &cluster, 1.5e6, 4 * SECOND));
    CHECK(!bwe_cluster(&b, &cluster, 0.9e6, 6 * SECOND));
    CHECK(bwe_cluster(&b, &cluster, 1.5e6, 6 * SECOND));
    CHECK_EQ((int)cluster.bps, 1800000);
    CHECK(!bwe_cluster(&b, &cluster, 5e6, 6 * SECOND));
    CHECK(bwe_cluster(&b, &cluster, 5e6, 11 * SECOND));
    CHECK_EQ((int)cluster.bps, 2000000);
    bwe_dispose(&b);
}

// Ten packets of a cluster, or of none, which arrive. What is told of them reaches the sender
// or does not.
static void send_ten(struct bwe *b, struct twcc_recorder *recorder, uint8_t cluster, int64_t at,
                     bool is_told)
{
    for (int i = 0; i < 10; i++) {
        int64_t sent = at + i * 5 * MS;
        twcc_arrived(recorder, bwe_sent(b, 600, cluster, sent), sent + 20 * MS);
    }
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    CHECK(twcc_put_feedback(recorder, 1, 2, at + 130 * MS, &w));
    struct twcc_feedback feedback;
    CHECK_EQ(twcc_parse(&feedback, (struct bytes){octets, w.len}), 0);
    if (is_told)
        bwe_feedback(b, &feedback, at + 130 * MS);
}

// Whether a probe goes out 400 ms after one whose end was told of, or was not.
static bool looks_again(bool is_told)
{
    struct bwe b;
    struct bwe_cluster cluster;
    struct twcc_recorder recorder = {0};
    bwe_init(&b, 3e6, SECOND);
    while (bwe_cluster(&b, &cluster, 0, SECOND))
        ;
    send_ten(&b, &recorder, 0, SECOND, true);
    send_ten(&b, &recorder, cluster.id, 1200 * MS, is_told);
    send_ten(&b, &recorder, 0, 1400 * MS, true);
    bool looks = bwe_cluster(&b, &cluster, 10e6, 1600 * MS);
    bwe_dispose(&b);
    return looks;
}

TEST(a_cluster_of_which_no_feedback_told_is_soon_followed_by_another)
{
    CHECK(looks_again(false));
    CHECK(!looks_again(true));
}

// Beside TCP, the estimate after a packet was lost, of 2 Mbit/s by delay and half by loss.
TEST(beside_somebody_who_fills_the_queue_a_loss_is_answered_once)
{
    struct twcc_recorder recorder = {0};
    struct twcc_feedback feedback;
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    struct bwe b;
    bwe_init(&b, 2e6, SECOND);
    b.loss.bps = 1e6;
    b.queue.shared = true;
    bwe_queue_lost(&b.queue, 30 * SECOND);
    twcc_arrived(&recorder, bwe_sent(&b, 1200, 0, 30 * SECOND), 30020 * MS);
    bwe_sent(&b, 1200, 0, 30 * SECOND);
    twcc_arrived(&recorder, bwe_sent(&b, 1200, 0, 30 * SECOND), 30021 * MS);
    CHECK(twcc_put_feedback(&recorder, 1, 2, 31 * SECOND, &w));
    CHECK_EQ(twcc_parse(&feedback, (struct bytes){octets, w.len}), 0);
    b.queue.begun = true;
    b.queue.told_at = 30 * SECOND;
    b.queue.period_at = 30 * SECOND;
    b.queue.base_us = b.queue.new_base_us = INT64_MIN / 2;
    bwe_feedback(&b, &feedback, 30040 * MS);
    CHECK_EQ((int)bwe_bps(&b), 1700000);
    bwe_dispose(&b);
}

// Of the numbers between two that a feedback names only those that are remembered count.
TEST(what_is_remembered_of_a_feedback_about_all_numbers_was_lost)
{
    struct bwe b;
    bwe_init(&b, 300e3, 1000000);
    for (int i = 0; i < 100; i++)
        bwe_sent(&b, 1200, 0, 1000000);
    // 65000 numbers of before the first, 90 of what was sent and did not arrive, and one that
    // did.
    uint8_t chunks[20];
    struct writer w = writer_on(chunks, sizeof chunks);
    for (unsigned left = 65090; left > 0;) {
        unsigned run = left < 8191 ? left : 8191;
        put_u16(&w, (uint16_t)run);
        left -= run;
    }
    put_u16(&w, 0x2001);
    uint8_t delta = 4;
    struct twcc_feedback feedback = {.base_seq = (uint16_t)(0 - 65000),
                                     .status_count = 65091,
                                     .reference_us = 64000,
                                     .chunks = {w.at, w.len},
                                     .deltas = {&delta, 1}};
    bwe_feedback(&b, &feedback, 1100000);
    CHECK_EQ(b.told, 91);
    CHECK_EQ(b.lost, 90);
    bwe_dispose(&b);
}

// 1.92 Mbit/s, on a way that carries them until the 100th packet and 480 kbit/s from there on.
// One measurement makes it doubtful, the next one sure.
TEST(after_a_sudden_fall_it_is_known_when_the_queue_is_short_again)
{
    struct bwe b;
    struct twcc_recorder recorder = {0};
    int64_t now = SECOND, free_at = 0, doubted_at = 0, fell_at = 0, arrivals[160];
    int arrived = 0;
    bwe_init(&b, 2e6, now);
    for (int i = 0; i < 160 && !fell_at; i++, now += 5 * MS) {
        bwe_sent(&b, 1200, 0, now);
        free_at = (free_at > now ? free_at : now) + (i < 100 ? 4 : 20) * MS;
        arrivals[i] = free_at;
        for (; arrived <= i && arrivals[arrived] <= now; arrived++)
            twcc_arrived(&recorder, (uint16_t)arrived, arrivals[arrived]);
        uint8_t octets[TWCC_FEEDBACK_MAX];
        struct writer w = writer_on(octets, sizeof octets);
        struct twcc_feedback feedback;
        if (i % 10 == 9 && twcc_put_feedback(&recorder, 1, 2, now + SECOND, &w)) {
            CHECK_EQ(twcc_parse(&feedback, (struct bytes){octets, w.len}), 0);
            bwe_feedback(&b, &feedback, now);
        }
        CHECK(i > 100 || bwe_drained_at(&b) == 0);
        fell_at = bwe_drained_at(&b) ? now : 0;
        if (!doubted_at && bwe_doubtful_bps(&b, now) > 0)
            doubted_at = now;
    }
    CHECK(fell_at && fell_at < SECOND + 500 * MS + 200 * MS);
    CHECK(doubted_at && doubted_at < fell_at && doubted_at > SECOND + 500 * MS);
    CHECK(bwe_drained_at(&b) > fell_at - 5 * MS);
    CHECK(bwe_bps(&b) < 480e3);
    bwe_dispose(&b);
}

// Who is told of pictures only is told nothing while none is sent: the queue that was met last
// is no reason not to look.
TEST(a_queue_that_nothing_was_told_of_for_long_does_not_hold_probes_back)
{
    struct bwe b;
    struct bwe_cluster cluster;
    bwe_init(&b, 1e6, SECOND);
    CHECK(bwe_cluster(&b, &cluster, 0, SECOND));
    CHECK(bwe_cluster(&b, &cluster, 0, SECOND));
    b.feedback_at = 2 * SECOND;
    b.queue.wait_us = 1042 * MS;
    CHECK(!bwe_cluster(&b, &cluster, 2e6, 3 * SECOND));
    b.feedback_at = 6 * SECOND;
    CHECK(!bwe_cluster(&b, &cluster, 2e6, 6 * SECOND + 500 * MS));
    CHECK(bwe_cluster(&b, &cluster, 2e6, 7 * SECOND + 1 * MS));
    bwe_dispose(&b);
}

TEST(feedback_on_what_was_never_sent_changes_nothing)
{
    struct bwe b;
    bwe_init(&b, 1e6, SECOND);
    struct twcc_recorder recorder = {0};
    for (uint16_t number = 100; number < 200; number++)
        twcc_arrived(&recorder, number, SECOND + number * MS);
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    CHECK(twcc_put_feedback(&recorder, 1, 2, 2 * SECOND, &w));
    struct twcc_feedback feedback;
    CHECK_EQ(twcc_parse(&feedback, (struct bytes){octets, w.len}), 0);
    bwe_feedback(&b, &feedback, 2 * SECOND);
    CHECK_EQ((int)bwe_bps(&b), 1000000);
    CHECK_EQ(b.rtt_us, 0);
    bwe_dispose(&b);
}

// Of 1.2 Mbit/s nothing arrives, and each feedback says so.
TEST(of_a_way_on_which_nothing_arrives_the_least_is_left)
{
    struct bwe b;
    bwe_init(&b, 1e6, SECOND);
    int64_t now = SECOND;
    for (int i = 0; i < 300; i++, now += 80 * MS) {
        uint16_t base = bwe_sent(&b, 1200, 0, now);
        for (int k = 1; k < 10; k++)
            bwe_sent(&b, 1200, 0, now + k * 8 * MS);
        uint8_t chunk[] = {0, 10};
        struct twcc_feedback feedback = {.base_seq = base,
                                         .status_count = 10,
                                         .reference_us = 64 * MS,
                                         .chunks = {chunk, sizeof chunk}};
        bwe_feedback(&b, &feedback, now + 80 * MS);
        CHECK(i < 25 || bwe_bps(&b) < 300e3);
    }
    CHECK_EQ((int)bwe_bps(&b), BWE_LEAST_BPS);
    CHECK_EQ(b.lost, 3000);
    CHECK(b.feedback_at == now);
    CHECK(b.loss.heavy);
    bwe_dispose(&b);
}
