#include "rtc/report.h"
#include "test.h"

enum { MS = 1000, S = 1000 * MS };

static const uint64_t first = 65536 + 100;

static void receive(struct report_receiver *r, uint64_t seq, int64_t now)
{
    report_received(r, seq, (uint32_t)(seq - first) * 960, 48000, 100, now);
}

static struct rtcp_report_block block_at(struct report_receiver *r, int64_t now)
{
    struct rtcp_report_block block = {0};
    CHECK(report_block(r, 7, now, &block));
    return block;
}

TEST(there_is_no_report_before_the_first_packet)
{
    struct report_receiver r = {0};
    struct rtcp_report_block block;
    CHECK(!report_block(&r, 7, S, &block));
}

TEST(nothing_lost_is_reported_as_nothing)
{
    struct report_receiver r = {0};
    for (uint64_t i = 0; i < 10; i++)
        receive(&r, first + i, S + (int64_t)i * 20 * MS);
    struct rtcp_report_block b = block_at(&r, 2 * S);
    CHECK_EQ(b.ssrc, 7);
    CHECK_EQ(b.fraction_lost, 0);
    CHECK_EQ(b.cumulative_lost, 0);
    CHECK_EQ(b.highest_seq, 109);
    CHECK_EQ(b.jitter, 0);
    CHECK_EQ(b.last_sr, 0);
    CHECK_EQ(b.delay_since_sr, 0);
    CHECK_EQ(r.octets, 1000);
}

// RFC 3550 section 6.4.1: lost over expected since the last report, of 256.
TEST(loss_is_a_fraction_of_the_interval_and_a_sum)
{
    struct report_receiver r = {0};
    for (uint64_t i = 0; i < 8; i++)
        if (i != 3 && i != 5)
            receive(&r, first + i, S);
    struct rtcp_report_block b = block_at(&r, S);
    CHECK_EQ(b.fraction_lost, 64); // 2 of 8
    CHECK_EQ(b.cumulative_lost, 2);
    for (uint64_t i = 8; i < 16; i++)
        receive(&r, first + i, S);
    b = block_at(&r, S);
    CHECK_EQ(b.fraction_lost, 0);
    CHECK_EQ(b.cumulative_lost, 2);
}

TEST(late_packets_and_duplicates_count_as_received)
{
    struct report_receiver r = {0};
    receive(&r, first, S);
    receive(&r, first + 2, S);
    CHECK_EQ(block_at(&r, S).cumulative_lost, 1);
    receive(&r, first + 1, S);
    receive(&r, first + 2, S);
    struct rtcp_report_block b = block_at(&r, S);
    CHECK_EQ(b.fraction_lost, 0);
    CHECK_EQ(b.cumulative_lost, -1);
}

TEST(the_highest_number_counts_cycles)
{
    struct report_receiver r = {0};
    report_received(&r, 65536 + 65535, 0, 48000, 0, S);
    report_received(&r, 65536 + 65536 + 2, 960, 48000, 0, S);
    CHECK_EQ(block_at(&r, S).highest_seq, 0x10002);
    CHECK_EQ(block_at(&r, S).cumulative_lost, 2);
}

// RFC 3550 appendix A.8: J += (|D| - J) / 16, with D = 5 ms = 240 ticks.
TEST(jitter_is_smoothed_by_sixteen)
{
    struct report_receiver r = {0};
    receive(&r, first, S);
    receive(&r, first + 1, S + 25 * MS);
    CHECK_EQ(block_at(&r, S).jitter, 15); // 240 / 16
    receive(&r, first + 2, S + 40 * MS);
    CHECK_EQ(block_at(&r, S).jitter, 29); // (15 * 15 + 240) / 16
}

TEST(packets_of_one_frame_are_not_jitter)
{
    struct report_receiver r = {0};
    report_received(&r, first, 0, 90000, 1200, S);
    report_received(&r, first + 1, 0, 90000, 1200, S + 10 * MS);
    report_received(&r, first + 2, 3000, 90000, 1200, S + 33333);
    CHECK_EQ(block_at(&r, S).jitter, 0);
}

TEST(a_clock_that_jumps_is_not_jitter)
{
    struct report_receiver r = {0};
    report_received(&r, first, 0, 48000, 0, S);
    report_received(&r, first + 1, 0x40000000, 48000, 0, S + 20 * MS);
    report_received(&r, first + 2, 0x40000000 + 960, 48000, 0, S + 40 * MS);
    CHECK_EQ(block_at(&r, S).jitter, 0);
}

TEST(the_delay_since_the_sender_report_is_in_65536ths)
{
    struct report_receiver r = {0};
    receive(&r, first, S);
    struct rtcp_sender_info sr = {.ntp = 0xe123456789abcdef, .rtp = 5};
    report_sender_report(&r.origin, &sr, 10 * S);
    struct rtcp_report_block b = block_at(&r, 11 * S + 500 * MS);
    CHECK_EQ(b.last_sr, 0x456789ab);
    CHECK_EQ(b.delay_since_sr, 0x18000);
}

// --- Sending ---

static struct report_origin source_at(uint64_t ntp, uint32_t rtp, int64_t now)
{
    struct report_origin r = {0};
    struct rtcp_sender_info sr = {.ntp = ntp, .rtp = rtp};
    report_sender_report(&r, &sr, now);
    return r;
}

TEST(there_is_no_sender_report_before_the_publishers)
{
    struct report_sender s = {0};
    struct report_origin source = {0};
    struct rtcp_sender_info info;
    CHECK(!report_make(&s, &source, NULL, 0, 90000, S, &info));
}

TEST(a_sender_report_stays_on_the_publishers_line)
{
    struct report_sender s = {0};
    report_sent(&s, 1000);
    report_sent(&s, 200);
    struct report_origin source = source_at((uint64_t)1000 << 32, 90000, 10 * S);
    struct rtcp_sender_info info;
    CHECK(report_make(&s, &source, NULL, 7, 90000, 10 * S + 1500 * MS, &info));
    CHECK(info.ntp == ((uint64_t)1001 << 32) + 0x80000000);
    CHECK_EQ(info.rtp, 90000 + 135000 + 7);
    CHECK_EQ(info.packets, 2);
    CHECK_EQ(info.octets, 1200);
}

TEST(timestamps_of_a_report_wrap)
{
    struct report_sender s = {0};
    struct report_origin source = source_at(1, 0xffffffff, 0);
    struct rtcp_sender_info info;
    CHECK(report_make(&s, &source, NULL, 2, 90000, 0, &info));
    CHECK_EQ(info.rtp, 1);
}

// What a subscriber computes: the NTP moment of an audio and of a video timestamp. The
// publisher made them at the same moment; the offsets, the delays of its reports and the times
// of ours are all different.
TEST(lip_sync_is_kept)
{
    struct report_origin audio = source_at((uint64_t)5000 << 32, 480000, 20 * S);
    struct report_origin video =
        source_at(((uint64_t)5001 << 32) + 0x80000000, 900000, 21 * S + 900 * MS);
    struct report_sender to_audio = {0};
    struct report_sender to_video = {0};
    struct rtcp_sender_info a;
    struct rtcp_sender_info v;
    CHECK(report_make(&to_audio, &audio, NULL, 1111, 48000, 30 * S, &a));
    CHECK(report_make(&to_video, &video, NULL, 0x80000000, 90000, 31 * S, &v));

    // Both captured at NTP 5010.0.
    uint32_t audio_timestamp = 480000 + 10 * 48000 + 1111;
    uint32_t video_timestamp = 900000 + 8 * 90000 + 45000 + 0x80000000;
    double a_s = (double)a.ntp / 4294967296.0 + (int32_t)(audio_timestamp - a.rtp) / 48000.0;
    double v_s = (double)v.ntp / 4294967296.0 + (int32_t)(video_timestamp - v.rtp) / 90000.0;
    CHECK(a_s > 5009.999 && a_s < 5010.001);
    CHECK(v_s > 5009.999 && v_s < 5010.001);
}

TEST(the_round_trip_comes_from_the_report_that_is_named)
{
    struct report_sender s = {0};
    struct report_origin source = source_at((uint64_t)1000 << 32, 0, S);
    struct rtcp_sender_info info;
    report_make(&s, &source, NULL, 0, 90000, 10 * S, &info);
    uint32_t named = (uint32_t)(info.ntp >> 16);
    report_make(&s, &source, NULL, 0, 90000, 11 * S, &info);
    struct rtcp_report_block b = {.last_sr = named,
                                  .delay_since_sr = 65536, // a second
                                  .fraction_lost = 12,
                                  .jitter = 34};
    CHECK(report_feedback(&s, &b, 11 * S + 80 * MS));
    CHECK_EQ(s.rtt_us, 80 * MS);
    CHECK_EQ(s.fraction_lost, 12);
    CHECK_EQ(s.jitter, 34);
    CHECK(report_feedback(&s, &b, 11 * S + 160 * MS));
    CHECK_EQ(s.rtt_us, 90 * MS); // smoothed by eight
}

TEST(a_report_that_names_none_of_ours_has_no_round_trip)
{
    struct report_sender s = {0};
    struct rtcp_report_block b = {.last_sr = 0, .fraction_lost = 5};
    CHECK(!report_feedback(&s, &b, S));
    CHECK_EQ(s.fraction_lost, 5);
    b.last_sr = 99;
    CHECK(!report_feedback(&s, &b, S));
    CHECK_EQ(s.rtt_us, 0);

    struct report_origin source = source_at((uint64_t)1000 << 32, 0, S);
    struct rtcp_sender_info info;
    report_make(&s, &source, NULL, 0, 90000, S, &info);
    b.last_sr = (uint32_t)(info.ntp >> 16);
    for (int i = 0; i < REPORT_SENT_MAX; i++)
        report_make(&s, &source, NULL, 0, 90000, (2 + i) * S, &info);
    CHECK(!report_feedback(&s, &b, 7 * S));
}

TEST(a_nonsensical_delay_does_not_make_the_round_trip_negative)
{
    struct report_sender s = {0};
    struct report_origin source = source_at((uint64_t)1000 << 32, 0, S);
    struct rtcp_sender_info info;
    report_make(&s, &source, NULL, 0, 90000, S, &info);
    struct rtcp_report_block b = {.last_sr = (uint32_t)(info.ntp >> 16),
                                  .delay_since_sr = 0xffffffff};
    CHECK(report_feedback(&s, &b, S + 1));
    CHECK_EQ(s.rtt_us, 1);
}

TEST(layers_of_a_track_are_mapped_by_their_common_clock)
{
    // At NTP 100.0 the low layer shows 1000, at NTP 100.5 the high one 500000.
    struct report_origin low = source_at((uint64_t)100 << 32, 1000, S);
    struct report_origin high = source_at(((uint64_t)100 << 32) + 0x80000000, 500000, S);
    uint32_t timestamp;
    CHECK(report_same_moment(&high, &low, 1000 + 45000, 90000, &timestamp));
    CHECK_EQ(timestamp, 500000);
    CHECK(report_same_moment(&low, &high, 500000, 90000, &timestamp));
    CHECK_EQ(timestamp, 46000);
    CHECK(report_same_moment(&low, &high, 499999 - 45000, 90000, &timestamp));
    CHECK_EQ(timestamp, 999);
}

TEST(layers_without_a_common_clock_are_not_mapped)
{
    struct report_origin low = source_at((uint64_t)100 << 32, 1000, S);
    struct report_origin none = {0};
    struct report_origin far = source_at((uint64_t)100000 << 32, 1000, S);
    uint32_t timestamp;
    CHECK(!report_same_moment(&low, &none, 0, 90000, &timestamp));
    CHECK(!report_same_moment(&none, &low, 0, 90000, &timestamp));
    CHECK(!report_same_moment(&low, &far, 0, 90000, &timestamp));
    CHECK(!report_same_moment(&far, &low, 0, 90000, &timestamp));
}

// --- One clock for several publishers ---

static uint64_t ntp_at(int64_t us)
{
    return ((uint64_t)(us / S) << 32) + ((uint64_t)(us % S) << 32) / S;
}

// Two publishers whose clocks are hours apart say what they captured at the same moment.
TEST(reports_of_several_publishers_are_moved_to_one_clock)
{
    struct report_clock ann = {0}, bob = {0};
    struct report_origin anns = {0}, bobs = {0};
    struct report_sender to_ann = {0}, to_bob = {0};
    struct rtcp_sender_info a = {.ntp = ntp_at(100000 * (int64_t)S), .rtp = 1000};
    struct rtcp_sender_info b = {.ntp = ntp_at(2000000 * (int64_t)S), .rtp = 900000};
    report_sender_report(&anns, &a, 10 * S);
    report_clock_note(&ann, a.ntp, 10 * S);
    report_sender_report(&bobs, &b, 10 * S);
    report_clock_note(&bob, b.ntp, 10 * S);
    CHECK(report_make(&to_ann, &anns, &ann, 0, 90000, 11 * S, &a));
    CHECK(report_make(&to_bob, &bobs, &bob, 0, 90000, 11 * S, &b));
    CHECK_EQ(a.ntp, b.ntp);
    CHECK_EQ(a.ntp, ntp_at(11 * S));
    CHECK_EQ(a.rtp, 1000 + 90000);
    CHECK_EQ(b.rtp, 900000 + 90000);
}

TEST(a_delayed_report_moves_no_clock_and_a_clock_that_was_set_does)
{
    struct report_clock c = {0};
    report_clock_note(&c, ntp_at(500 * (int64_t)S), 10 * S);
    uint64_t earlier = c.ahead_ntp;
    report_clock_note(&c, ntp_at(501 * (int64_t)S), 11 * S + 300 * MS); // 300 ms late
    CHECK(c.ahead_ntp - earlier < ntp_at(2 * MS));
    report_clock_note(&c, ntp_at(502 * (int64_t)S),
                      12 * S - 5 * MS);                    // 5 ms sooner than the first
    CHECK(earlier - c.ahead_ntp - ntp_at(5 * MS) + 4 < 8); // by rounding
    report_clock_note(&c, ntp_at(9000 * (int64_t)S), 13 * S);
    CHECK_EQ(c.ahead_ntp, ntp_at(13 * S) - ntp_at(9000 * (int64_t)S));
}

TEST(losses_are_summed_up_and_never_fall)
{
    struct report_receiver r = {0};
    struct rtcp_report_block block;
    report_received(&r, 65536 + 1, 0, 90000, 10, 0);
    report_received(&r, 65536 + 5, 0, 90000, 10, 0);
    CHECK(report_block(&r, 7, 0, &block));
    CHECK_EQ(r.lost, 3);
    // Two of them come late, and nothing else: none was lost since.
    report_received(&r, 65536 + 2, 0, 90000, 10, 0);
    report_received(&r, 65536 + 3, 0, 90000, 10, 0);
    CHECK(report_block(&r, 7, 0, &block));
    CHECK_EQ(r.lost, 3);
}

TEST(nobody_reports_more_lost_than_was_sent)
{
    struct report_sender s = {.packets = 100};
    struct rtcp_report_block block = {.cumulative_lost = 5};
    report_feedback(&s, &block, 0);
    CHECK_EQ(s.lost, 5);
    block.cumulative_lost = -3;
    report_feedback(&s, &block, 0);
    CHECK_EQ(s.lost, 5);
    block.cumulative_lost = 0x7fffff;
    report_feedback(&s, &block, 0);
    CHECK_EQ(s.lost, 100);
}
