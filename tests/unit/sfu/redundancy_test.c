// How much of the sound is sent twice or thrice, by what is lost.
#include "sfu/redundancy.h"

#include "test.h"

#include <string.h>

enum { SECOND = 1000000, FEEDBACK = 100000 };

static struct redundancy r;
static int64_t now;

static void begin(void)
{
    r = (struct redundancy){0};
    now = 7 * SECOND;
}

// Feedback ten times a second on 50 packets each.
static void lose(unsigned percent, int seconds)
{
    for (int i = 0; i < seconds * SECOND / FEEDBACK; i++) {
        now += FEEDBACK;
        redundancy_count(&r, 50, percent / 2, now);
    }
}

TEST(who_loses_little_gets_nothing_twice)
{
    begin();
    for (int i = 0; i < 600; i++) {
        now += FEEDBACK;
        redundancy_count(&r, 50, i % 2, now); // 1 %
        CHECK_EQ(r.depth, 0);
    }
}

TEST(a_loss_of_some_percent_is_met_within_two_seconds)
{
    begin();
    lose(6, 2);
    CHECK_EQ(r.depth, 1);
    lose(6, 60);
    CHECK_EQ(r.depth, 1);
}

TEST(a_loss_of_a_third_is_met_with_two)
{
    begin();
    lose(30, 2);
    CHECK_EQ(r.depth, 2);
}

TEST(it_ends_one_by_one_after_some_seconds_without_loss)
{
    begin();
    lose(30, 10);
    lose(0, 4); // the mean comes down, and is not trusted yet
    CHECK_EQ(r.depth, 2);
    lose(0, 5);
    CHECK_EQ(r.depth, 1);
    lose(0, 6);
    CHECK_EQ(r.depth, 0);
}

TEST(between_the_bounds_it_stays_as_it_is)
{
    begin();
    lose(12, 10);
    CHECK_EQ(r.depth, 2);
    lose(8, 60);
    CHECK_EQ(r.depth, 2);
    lose(4, 60);
    CHECK_EQ(r.depth, 1);
    lose(2, 60);
    CHECK_EQ(r.depth, 1);
}

TEST(reports_without_transport_wide_feedback_count_alike)
{
    begin();
    for (int i = 0; i < 4; i++)
        redundancy_report(&r, 0.3, now += 5 * SECOND);
    CHECK_EQ(r.depth, 2);
    for (int i = 0; i < 20; i++)
        redundancy_report(&r, 0, now += 5 * SECOND);
    CHECK_EQ(r.depth, 0);
}

// --- What is repeated ---

static struct history history;
static struct batch out;

static const struct history_slot *hear(uint64_t seq, uint32_t timestamp, size_t len)
{
    static uint8_t octets[1200];
    memset(octets, (int)seq, sizeof octets);
    struct rtp_packet packet = {.timestamp = timestamp, .payload = {octets, len}};
    const struct history_slot *slot = history_add(
        &history, seq, &packet, &(struct extension_values){0}, &(struct codec_packet){0}, 1);
    CHECK(slot);
    return slot;
}

static void open_history(void)
{
    history_init_audio(&history);
}

static void close_history(void)
{
    history_dispose(&history);
    batch_dispose(&out);
}

#define CHECK_PAYLOAD(slot, hex)                                                               \
    do {                                                                                       \
        struct bytes expected = test_hex(hex);                                                 \
        struct bytes made = redundancy_payload(&out, &history, slot, 2, 111);                  \
        CHECK_EQ(made.len, expected.len);                                                      \
        CHECK_BYTES(made, expected.at, expected.len);                                          \
    } while (0)

TEST(what_lies_before_a_silence_is_too_far_away)
{
    open_history();
    hear(1, 1000, 2);
    const struct history_slot *after = hear(2, 1000 + 16384, 2); // 14 bits and one
    CHECK_EQ(redundancy_payload(&out, &history, after, 2, 111).len, 0);
    const struct history_slot *next = hear(3, 1000 + 16383, 1); // the first is just near enough
    CHECK_PAYLOAD(next, "ef fffc02 6f 0101 03");
    close_history();
}

TEST(a_time_that_runs_backwards_is_not_told_of)
{
    open_history();
    hear(1, 2000, 2);
    CHECK_EQ(redundancy_payload(&out, &history, hear(2, 1000, 2), 2, 111).len, 0);
    CHECK_EQ(redundancy_payload(&out, &history, hear(3, 1000, 2), 1, 111).len, 0);
    close_history();
}

TEST(the_payload_stays_small)
{
    open_history();
    hear(1, 960, 400);
    hear(2, 1920, 400);
    const struct history_slot *third = hear(3, 2880, 400);
    // The nearest fits, the other does not.
    CHECK_EQ(redundancy_payload(&out, &history, third, 2, 111).len, 4 + 1 + 400 + 400);
    CHECK_EQ(redundancy_payload(&out, &history, hear(4, 3840, 700), 2, 111).len, 0);
    CHECK_EQ(redundancy_payload(&out, &history, hear(5, 4800, 100), 2, 111).len,
             4 + 1 + 700 + 100);
    close_history();
}
