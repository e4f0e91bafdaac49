#include "base/moment.h"
#include "base/rng.h"
#include "rtc/nack.h"
#include "test.h"

enum { MS = 1000 };

static uint16_t seqs[NACK_MISSING_MAX];
static struct nack_lost lost;

static size_t due(struct nack *n, int64_t now)
{
    return nack_due(n, now, seqs, &lost);
}

TEST(packets_in_order_leave_nothing_to_ask_for)
{
    struct nack n = {0};
    for (uint64_t seq = 70000; seq < 70100; seq++)
        CHECK_EQ(nack_received(&n, seq, 0), NACK_IN_ORDER);
    CHECK_EQ(nack_deadline(&n), NEVER);
    CHECK_EQ(due(&n, 1000 * MS), 0);
}

TEST(a_gap_is_asked_for_after_the_wait_for_reordering)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    CHECK_EQ(nack_received(&n, 70003, 5 * MS), NACK_AHEAD);
    CHECK_EQ(nack_deadline(&n), 15 * MS);
    CHECK_EQ(due(&n, 14 * MS), 0);
    CHECK_EQ(due(&n, 15 * MS), 2);
    CHECK_EQ(seqs[0], 70001 - 65536);
    CHECK_EQ(seqs[1], 70002 - 65536);
    CHECK_EQ(lost.count, 0);
}

TEST(a_reordered_packet_is_never_asked_for)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(nack_received(&n, 70001, 4 * MS), NACK_RECOVERED);
    CHECK_EQ(nack_deadline(&n), NEVER);
    CHECK_EQ(n.recovered, 1);
}

TEST(many_packets_after_it_end_the_wait)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    for (uint64_t seq = 70002; seq < 70009; seq++)
        nack_received(&n, seq, 0);
    CHECK_EQ(due(&n, 0), 0);
    nack_received(&n, 70009, 0);
    CHECK_EQ(due(&n, 0), 1);
}

TEST(a_duplicate_is_old)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    CHECK_EQ(nack_received(&n, 70000, 0), NACK_OLD);
    CHECK_EQ(nack_received(&n, 69999, 0), NACK_OLD);
    nack_received(&n, 70002, 0);
    nack_received(&n, 70001, 0);
    CHECK_EQ(nack_received(&n, 70001, 0), NACK_OLD);
}

TEST(the_interval_has_bounds)
{
    struct nack n = {.rtt_us = 1 * MS};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(due(&n, 10 * MS), 1);
    CHECK_EQ(nack_deadline(&n), 30 * MS);
    n.rtt_us = 500 * MS;
    CHECK_EQ(due(&n, 30 * MS), 1);
    CHECK_EQ(nack_deadline(&n), 530 * MS);
}

TEST(the_round_trip_is_that_of_what_was_asked_for)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(due(&n, 10 * MS), 1);
    CHECK_EQ(nack_deadline(&n), 110 * MS); // until then a typical one
    nack_received(&n, 70001, 90 * MS);
    CHECK_EQ(n.rtt_us, 80 * MS);
    nack_received(&n, 70004, 100 * MS);
    CHECK_EQ(due(&n, 110 * MS), 1);
    CHECK_EQ(nack_deadline(&n), 210 * MS); // a quarter later
    nack_received(&n, 70006, 111 * MS);
    nack_received(&n, 70005, 112 * MS); // came by itself
    CHECK_EQ(n.rtt_us, 80 * MS);
}

TEST(what_was_rebuilt_of_others_says_nothing_of_the_round_trip)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70003, 0);
    CHECK_EQ(due(&n, 10 * MS), 2);
    nack_unasked(&n, 70002);
    nack_unasked(&n, 70003); // is not missing
    CHECK_EQ(nack_received(&n, 70002, 15 * MS), NACK_RECOVERED);
    CHECK_EQ(n.rtt_us, 0);
    nack_received(&n, 70001, 60 * MS); // what was asked for
    CHECK_EQ(n.rtt_us, 50 * MS);
    CHECK_EQ(n.recovered, 2);
}

// Two answers were lost, so the time since the first request says little: the next that is
// answered at once says how long it takes, and until then no request waits twice as long.
TEST(what_came_after_many_requests_is_a_guess_of_the_round_trip)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(due(&n, 10 * MS), 1);
    CHECK_EQ(due(&n, 110 * MS), 1);
    CHECK_EQ(due(&n, 260 * MS), 1);
    nack_received(&n, 70001, 310 * MS);
    CHECK_EQ(n.rtt_us, 300 * MS);

    nack_received(&n, 70004, 400 * MS);
    nack_received(&n, 70006, 400 * MS);
    CHECK_EQ(due(&n, 410 * MS), 2);
    nack_received(&n, 70003, 460 * MS);
    CHECK_EQ(n.rtt_us, 50 * MS);
    CHECK_EQ(due(&n, 785 * MS), 1);                // 70005, as long as the guess was
    CHECK_EQ(nack_deadline(&n), 785 * MS + 93750); // and half as long again, from now on
}

TEST(each_further_request_waits_longer)
{
    struct nack n = {0};
    n.rtt_us = 80 * MS;
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    static const int64_t at[] = {10 * MS, 110 * MS, 260 * MS, 485 * MS};
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(nack_deadline(&n), at[i]);
        CHECK_EQ(due(&n, at[i]), 1);
    }
    // A queue grew on the way: what comes after all the requests shows it.
    nack_received(&n, 70001, 490 * MS);
    CHECK_EQ(n.rtt_us, 130 * MS);
}

TEST(who_is_near_is_asked_again_soon)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(due(&n, 10 * MS), 1);
    nack_received(&n, 70001, 30 * MS);
    nack_received(&n, 70004, 40 * MS);
    CHECK_EQ(due(&n, 50 * MS), 1);
    CHECK_EQ(nack_deadline(&n), 75 * MS);
}

TEST(what_was_lost_together_is_not_asked_for_together)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70000 + 51, 0);
    size_t asked = 0;
    for (int64_t now = 0; asked < 50; now = nack_deadline(&n)) {
        CHECK(now <= 40 * MS);
        size_t count = due(&n, now);
        CHECK(count > 0 && count <= NACK_AT_ONCE);
        CHECK_EQ(seqs[0], (uint16_t)(70001 + asked));
        asked += count;
    }
}

TEST(gives_up_after_eight_requests)
{
    struct nack n = {.rtt_us = 10 * MS};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(due(&n, nack_deadline(&n)), 1);
    CHECK_EQ(lost.count, 0);
    int64_t now = nack_deadline(&n);
    CHECK(now < NACK_AGE_MAX_US);
    CHECK_EQ(due(&n, now), 0);
    CHECK_EQ(lost.count, 1);
    CHECK_EQ(n.given_up, 1);
    CHECK_EQ(nack_deadline(&n), NEVER);
    CHECK_EQ(nack_received(&n, 70001, now), NACK_OLD);
}

TEST(gives_up_after_a_second)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(due(&n, 999 * MS), 1);
    CHECK_EQ(due(&n, 1099 * MS), 0);
    CHECK_EQ(lost.count, 1);
}

TEST(a_long_gap_is_a_loss)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    nack_received(&n, 70002, 0);
    CHECK_EQ(nack_received(&n, 70002 + 129, 0), NACK_LOST);
    CHECK_EQ(n.given_up, 129);
    CHECK_EQ(nack_deadline(&n), NEVER);
    CHECK_EQ(nack_received(&n, 70002 + 130, 0), NACK_IN_ORDER);
}

TEST(the_longest_gap_that_is_repaired_fills_the_list)
{
    struct nack n = {0};
    nack_received(&n, 70000, 0);
    CHECK_EQ(nack_received(&n, 70000 + 129, 0), NACK_AHEAD);
    CHECK_EQ(n.count, NACK_MISSING_MAX);
    CHECK_EQ(nack_received(&n, 70000 + 131, 0), NACK_LOST);
}

TEST(numbers_go_out_in_order_over_the_wrap)
{
    struct nack n = {0};
    nack_received(&n, 131070, 0);
    nack_received(&n, 131074, 0);
    CHECK_EQ(due(&n, 10 * MS), 3);
    CHECK_EQ(seqs[0], 65535);
    CHECK_EQ(seqs[1], 0);
    CHECK_EQ(seqs[2], 1);
}

// A tenth of all packets is lost, a tenth of the answers too, some are reordered or doubled:
// every packet that is not given up has come in the end.
TEST(repairs_a_lossy_stream)
{
    struct rng rng = rng_seeded(3);
    struct nack n = {0};
    static bool has[20000];
    static int64_t answer_at[20000];
    uint64_t first = 131000; // near a wrap
    nack_received(&n, first, 0);
    has[0] = true;
    int64_t now = 0;
    for (size_t i = 1; i < 20000 + 1000; i++, now += 2 * MS) {
        if (i < 20000 && rng_below(&rng, 10)) {
            has[i] = true;
            nack_received(&n, first + i, now);
            if (!rng_below(&rng, 20))
                CHECK_EQ(nack_received(&n, first + i, now), NACK_OLD);
        }
        for (size_t k = i < 2000 ? 0 : i - 2000; k < i && k < 20000; k++)
            if (answer_at[k] && answer_at[k] <= now && !has[k]) {
                has[k] = true;
                CHECK_EQ(nack_received(&n, first + k, now), NACK_RECOVERED);
            }
        size_t count = due(&n, now);
        CHECK(n.count <= NACK_MISSING_MAX);
        for (size_t k = 0; k < count; k++) {
            size_t asked = (uint16_t)(seqs[k] - (uint16_t)first);
            CHECK(!has[asked]);
            if (rng_below(&rng, 10))
                answer_at[asked] = now + 40 * MS;
        }
    }
    CHECK_EQ(n.given_up, 0);
    // The last one may have been lost without a successor to show it.
    for (size_t i = 0; first + i <= n.highest; i++)
        CHECK(has[i]);
}
