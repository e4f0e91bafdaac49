#include "base/err.h"
#include "base/moment.h"
#include "base/rng.h"
#include "rtc/rtcp.h"
#include "rtc/twcc.h"
#include "test.h"

enum { MS = 1000, S = 1000 * MS };

static uint8_t buffer[TWCC_FEEDBACK_MAX];

static struct bytes feedback_at(struct twcc_recorder *t, int64_t now)
{
    struct writer w = writer_on(buffer, sizeof buffer);
    bool any = twcc_put_feedback(t, 1, 2, now, &w);
    CHECK(!w.overflow);
    CHECK_EQ(any, w.len > 0);
    CHECK_EQ(w.len % 4, 0);
    return (struct bytes){buffer, w.len};
}

static void check_feedback(struct twcc_recorder *t, int64_t now, const char *hex)
{
    struct bytes expected = test_hex(hex);
    CHECK_BYTES(feedback_at(t, now), expected.at, expected.len);
}

TEST(nothing_came_nothing_is_told)
{
    struct twcc_recorder t = {0};
    CHECK_EQ(twcc_deadline(&t), NEVER);
    CHECK_EQ(feedback_at(&t, S).len, 0);
}

TEST(feedback_is_due_50_ms_after_the_first_packet)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 5, S);
    twcc_arrived(&t, 6, S + 10 * MS);
    CHECK_EQ(twcc_deadline(&t), S + 50 * MS);
    CHECK_EQ(feedback_at(&t, S + 49 * MS).len, 0);
    CHECK(feedback_at(&t, S + 50 * MS).len > 0);
    CHECK_EQ(twcc_deadline(&t), NEVER);
    CHECK_EQ(feedback_at(&t, S + 200 * MS).len, 0);
    twcc_arrived(&t, 7, S + 300 * MS);
    CHECK_EQ(twcc_deadline(&t), S + 350 * MS);
}

// Draft section 3.1. 1 s is 15 times 64 ms and 40 ms, which are 160 ticks of 250 us.
TEST(a_run_of_packets)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 0xfffe, S);
    twcc_arrived(&t, 0xffff, S + 1 * MS);
    twcc_arrived(&t, 0, S + 2 * MS);
    check_feedback(&t, 2 * S,
                   "afcd0006 00000001 00000002" // P, format 15
                   "fffe0003 00000f00"          // base, 3 numbers, reference 15, feedback 0
                   "2003"                       // a run of 3 small deltas
                   "a00404 000003");            // 160, 4, 4; padding of 3
}

TEST(lost_packets_are_zero_bits)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 10, S);
    twcc_arrived(&t, 12, S);
    check_feedback(&t, 2 * S,
                   "8fcd0005 00000001 00000002"
                   "000a0003 00000f00"
                   "a800" // one bit each: 1 0 1
                   "a000");
}

TEST(large_and_negative_deltas_take_two_octets)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 10, S + 100 * MS);
    twcc_arrived(&t, 11, S);
    twcc_arrived(&t, 12, S + 1 * MS);
    check_feedback(&t, 2 * S,
                   // 1.1 s is 17 times 64 ms and 12 ms, which are 48 ticks; then -400, then 4.
                   "afcd0006 00000001 00000002"
                   "000a0003 00001100"
                   "d900" // two bits each: small, large, small
                   "30 fe70 04"
                   "0002");
}

TEST(numbers_lost_between_feedbacks_are_told)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 10, S);
    feedback_at(&t, 2 * S);
    twcc_arrived(&t, 12, 2 * S);
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, feedback_at(&t, 3 * S)), 0);
    CHECK_EQ(f.base_seq, 11);
    CHECK_EQ(f.status_count, 2);
    CHECK_EQ(f.feedback_count, 1);
    struct twcc_cursor c = twcc_begin(&f);
    struct twcc_arrival a;
    CHECK(twcc_next(&c, &a));
    CHECK_EQ(a.seq, 12);
    CHECK_EQ(a.arrived_us, 2 * S);
    CHECK(!twcc_next(&c, &a));
}

TEST(a_late_packet_is_told_with_the_next_feedback)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 10, S);
    twcc_arrived(&t, 12, S);
    feedback_at(&t, 2 * S);
    twcc_arrived(&t, 11, 2 * S);
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, feedback_at(&t, 3 * S)), 0);
    CHECK_EQ(f.base_seq, 11);
    struct twcc_cursor c = twcc_begin(&f);
    struct twcc_arrival a;
    CHECK(twcc_next(&c, &a));
    CHECK_EQ(a.seq, 11);
    CHECK_EQ(a.arrived_us, 2 * S);
    CHECK(twcc_next(&c, &a)); // told again, which the sender ignores
    CHECK_EQ(a.seq, 12);
    CHECK_EQ(a.arrived_us, S);
}

TEST(a_duplicate_keeps_the_first_arrival)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 10, S);
    twcc_arrived(&t, 10, S + 5 * MS);
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, feedback_at(&t, 3 * S)), 0);
    struct twcc_cursor c = twcc_begin(&f);
    struct twcc_arrival a;
    CHECK(twcc_next(&c, &a));
    CHECK_EQ(a.arrived_us, S);
    CHECK(!twcc_next(&c, &a));
}

// What a recorder tells, put together from all its feedbacks.
static size_t read_all(struct twcc_recorder *t, int64_t now, int64_t arrived[65536])
{
    size_t packets = 0;
    for (;; packets++) {
        struct bytes packet = feedback_at(t, now);
        if (packet.len == 0)
            return packets;
        struct rtcp_cursor cursor;
        struct rtcp_packet p;
        CHECK_EQ(rtcp_begin(&cursor, packet), 0);
        CHECK(rtcp_next(&cursor, &p));
        CHECK_EQ(p.kind, RTCP_TWCC);
        CHECK_EQ(p.sender_ssrc, 1);
        CHECK_EQ(p.media_ssrc, 2);
        struct twcc_feedback f;
        CHECK_EQ(twcc_parse(&f, test_exact_copy(p.whole.at, p.whole.len)), 0);
        struct twcc_arrival a;
        for (struct twcc_cursor c = twcc_begin(&f); twcc_next(&c, &a);)
            arrived[a.seq] = a.arrived_us;
    }
}

TEST(a_pause_too_long_for_a_delta_starts_another_feedback)
{
    struct twcc_recorder t = {0};
    twcc_arrived(&t, 10, S);
    twcc_arrived(&t, 11, 20 * S);
    static int64_t arrived[65536];
    CHECK_EQ(read_all(&t, 30 * S, arrived), 2);
    CHECK_EQ(arrived[10], S);
    CHECK_EQ(arrived[11], 20 * S);
}

TEST(what_is_told_is_what_came_whatever_the_pattern)
{
    struct rng rng = rng_seeded(5);
    for (int round = 0; round < 200; round++) {
        struct twcc_recorder t = {0};
        static int64_t sent[65536];
        static int64_t told[65536];
        memset(sent, 0, sizeof sent);
        memset(told, 0, sizeof told);
        uint32_t loss = rng_below(&rng, 4) ? 1 + rng_below(&rng, 40) : 1000;
        uint32_t pause = 1 + rng_below(&rng, rng_below(&rng, 2) ? 1000 : 200000);
        int64_t now = S;
        uint16_t number = (uint16_t)rng_u32(&rng);
        size_t count = 1 + rng_below(&rng, 1000);
        for (size_t i = 0; i < count; i++, number++) {
            now += (int64_t)rng_below(&rng, pause) / 250 * 250;
            if (rng_below(&rng, loss) == 0 && i > 0)
                continue;
            sent[number] = now - (rng_below(&rng, 30) ? 0 : 10 * MS);
            twcc_arrived(&t, number, sent[number]);
        }
        CHECK(read_all(&t, now + S, told) <= 4 + (size_t)(now / (4 * S)));
        for (size_t i = 0; i < 65536; i++)
            CHECK_EQ(told[i], sent[i]);
    }
}

TEST(the_window_is_bounded)
{
    struct twcc_recorder t = {0};
    static int64_t told[65536];
    twcc_arrived(&t, 0, S);
    twcc_arrived(&t, 30000, S);
    twcc_arrived(&t, 30000 - 1023, S);
    twcc_arrived(&t, 30000 - 1024, S); // too old
    CHECK_EQ(read_all(&t, 2 * S, told), 3);
    CHECK_EQ(told[0], 0);
    CHECK_EQ(told[30000 - 1024], 0);
    CHECK_EQ(told[30000 - 1023], S);
    CHECK_EQ(told[30000], S);
}

// --- Reading ---

static int refusal(const char *hex)
{
    struct bytes packet = test_hex(hex);
    struct twcc_feedback f;
    return twcc_parse(&f, test_exact_copy(packet.at, packet.len));
}

TEST(the_reference_time_is_signed)
{
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, test_hex("afcd0005 00000001 00000002 00010001 ffffff09 2001 0401")),
             0);
    CHECK_EQ(f.reference_us, -64 * MS);
    CHECK_EQ(f.feedback_count, 9);
    struct twcc_cursor c = twcc_begin(&f);
    struct twcc_arrival a;
    CHECK(twcc_next(&c, &a));
    CHECK_EQ(a.arrived_us, -63 * MS);
}

TEST(a_run_of_lost_packets_is_passed_in_one_step)
{
    // 65535 numbers: 8 runs of 8191, and one of 7 of which one is received.
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, test_hex("afcd000a 00000001 00000002 0000ffff 00000000"
                                     "1fff 1fff 1fff 1fff 1fff 1fff 1fff 1fff"
                                     "0006 2001 08 000003")),
             0);
    CHECK_EQ(f.status_count, 65535);
    struct twcc_cursor c = twcc_begin(&f);
    struct twcc_arrival a;
    CHECK(twcc_next(&c, &a));
    CHECK_EQ(a.seq, 65534);
    CHECK_EQ(a.arrived_us, 2 * MS);
    CHECK(!twcc_next(&c, &a));
}

TEST(statuses_beyond_the_count_are_not_read)
{
    // One number, in a chunk of 14 bits that are all set.
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, test_hex("afcd0005 00000001 00000002 00050001 00000000 bfff 0401")),
             0);
    struct twcc_cursor c = twcc_begin(&f);
    struct twcc_arrival a;
    CHECK(twcc_next(&c, &a));
    CHECK_EQ(a.seq, 5);
    CHECK(!twcc_next(&c, &a));
}

TEST(refuses_what_does_not_add_up)
{
    // No numbers; no chunk for them; a delta missing; a reserved status in a run and in pairs.
    CHECK_EQ(refusal("8fcd0004 00000001 00000002 00010000 00000000"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0004 00000001 00000002 00010001 00000000"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0005 00000001 00000002 00010003 00000000 2003 0101"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0005 00000001 00000002 00010001 00000000 6001 0101"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0005 00000001 00000002 00010001 00000000 f000 0101"), ERR_MALFORMED);
    // The padding takes the delta away; a run of nothing never ends.
    CHECK_EQ(refusal("afcd0005 00000001 00000002 00010001 00000000 2001 0102"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0005 00000001 00000002 00010001 00000000 0000 0000"), ERR_MALFORMED);
    // Another format, another type, another length.
    CHECK_EQ(refusal("81cd0005 00000001 00000002 00010001 00000000 2001 0100"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fce0005 00000001 00000002 00010001 00000000 2001 0100"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0006 00000001 00000002 00010001 00000000 2001 0100"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fcd0005 00000001 00000002 00010001 00000000 2001 0100"), 0);
}

TEST(refuses_every_truncated_feedback)
{
    struct bytes whole = test_hex("8fcd0006 00000001 00000002 000a0003 00001100"
                                  "d900 30fe 7004 0000");
    struct twcc_feedback f;
    CHECK_EQ(twcc_parse(&f, whole), 0);
    for (size_t len = 0; len < whole.len; len++) {
        struct bytes shorter = test_exact_copy(whole.at, len);
        CHECK_EQ(twcc_parse(&f, shorter), ERR_MALFORMED);
        if (len < 4 || len % 4 != 0)
            continue;
        write_u16((uint8_t *)shorter.at + 2, (uint16_t)(len / 4 - 1));
        CHECK_EQ(twcc_parse(&f, shorter), ERR_MALFORMED);
    }
}
