#include "base/err.h"
#include "rtc/rtcp.h"
#include "rtc/twcc.h"
#include "test.h"

static uint8_t buffer[1500];

// The only packet of a compound that is right.
static struct rtcp_packet parse_one(struct bytes compound)
{
    struct rtcp_cursor cursor;
    struct rtcp_packet packet;
    struct rtcp_packet none;
    CHECK_EQ(rtcp_begin(&cursor, compound), 0);
    CHECK(rtcp_next(&cursor, &packet));
    CHECK(!rtcp_next(&cursor, &none));
    return packet;
}

static int refusal(const char *hex)
{
    struct rtcp_cursor cursor;
    struct bytes compound = test_hex(hex);
    return rtcp_begin(&cursor, test_exact_copy(compound.at, compound.len));
}

static const char sender_report[] = "81c8000c 11111111"
                                    "e1234567 80000000 00015f90 00000064 00003039"
                                    "22222222 40fffffe 0001abcd 00000011 45678000 00018000";

TEST(reads_a_sender_report)
{
    struct rtcp_packet p = parse_one(test_hex(sender_report));
    CHECK_EQ(p.kind, RTCP_SENDER_REPORT);
    CHECK_EQ(p.sender_ssrc, 0x11111111);
    CHECK(p.sender.ntp == 0xe123456780000000);
    CHECK_EQ(p.sender.rtp, 90000);
    CHECK_EQ(p.sender.packets, 100);
    CHECK_EQ(p.sender.octets, 12345);
    CHECK_EQ(p.count, 1);
    struct rtcp_report_block b = rtcp_report_block(&p, 0);
    CHECK_EQ(b.ssrc, 0x22222222);
    CHECK_EQ(b.fraction_lost, 64);
    CHECK_EQ(b.cumulative_lost, -2);
    CHECK_EQ(b.highest_seq, 0x1abcd);
    CHECK_EQ(b.jitter, 17);
    CHECK_EQ(b.last_sr, 0x45678000);
    CHECK_EQ(b.delay_since_sr, 0x18000);
}

TEST(writes_the_same_sender_report)
{
    struct rtcp_sender_info sender = {0xe123456780000000, 90000, 100, 12345};
    struct rtcp_report_block block = {0x22222222, 64, -2, 0x1abcd, 17, 0x45678000, 0x18000};
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_sender_report(&w, 0x11111111, &sender, &block, 1);
    struct bytes expected = test_hex(sender_report);
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);
}

TEST(writes_and_reads_a_receiver_report)
{
    struct rtcp_report_block blocks[2] = {{.ssrc = 1, .cumulative_lost = 0x7fffff},
                                          {.ssrc = 2, .cumulative_lost = -0x800000}};
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_receiver_report(&w, 9, blocks, 2);
    CHECK_EQ(w.len, 56);
    struct rtcp_packet p = parse_one((struct bytes){buffer, w.len});
    CHECK_EQ(p.kind, RTCP_RECEIVER_REPORT);
    CHECK_EQ(p.sender_ssrc, 9);
    CHECK_EQ(p.count, 2);
    CHECK_EQ(rtcp_report_block(&p, 0).cumulative_lost, 0x7fffff);
    CHECK_EQ(rtcp_report_block(&p, 1).ssrc, 2);
    CHECK_EQ(rtcp_report_block(&p, 1).cumulative_lost, -0x800000);
}

TEST(reads_an_empty_receiver_report)
{
    struct rtcp_packet p = parse_one(test_hex("80c90001 00000009"));
    CHECK_EQ(p.kind, RTCP_RECEIVER_REPORT);
    CHECK_EQ(p.count, 0);
}

// RFC 3550 section 6.5: at least one zero ends the chunk.
TEST(writes_a_cname_of_every_length)
{
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_cname(&w, 0x01020304, bytes_of("ab"));
    struct bytes expected = test_hex("81ca0003 01020304 0102 6162 00000000");
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);

    static const char name[] = "0123456789";
    for (size_t len = 0; len <= 10; len++) {
        w = writer_on(buffer, sizeof buffer);
        rtcp_put_cname(&w, 1, (struct bytes){(const uint8_t *)name, len});
        struct rtcp_packet p = parse_one(test_exact_copy(buffer, w.len));
        CHECK_EQ(p.kind, RTCP_SDES);
        CHECK_EQ(p.count, 1);
    }
}

TEST(refuses_sdes_items_that_leave_their_chunk)
{
    CHECK_EQ(refusal("81ca0002 01020304 01 04 61 62"), ERR_MALFORMED);
    CHECK_EQ(refusal("81ca0002 01020304 01 02 61 62"), ERR_MALFORMED); // no zero
    CHECK_EQ(refusal("82ca0002 01020304 00000000"), ERR_MALFORMED);    // second chunk missing
    CHECK_EQ(refusal("81ca0000"), ERR_MALFORMED);
    // Padding of 2 octets cuts what fills up the first chunk; a second one would be beyond.
    CHECK_EQ(refusal("a1ca0003 01020304 0103 616263 00 0002"), 0);
    CHECK_EQ(refusal("a2ca0003 01020304 0103 616263 00 0002"), ERR_MALFORMED);
}

TEST(writes_and_reads_goodbye)
{
    static const uint32_t ssrcs[] = {0x0a, 0x0b};
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_bye(&w, ssrcs, 2);
    struct bytes expected = test_hex("82cb0002 0000000a 0000000b");
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);
    struct rtcp_packet p = parse_one((struct bytes){buffer, w.len});
    CHECK_EQ(p.kind, RTCP_BYE);
    CHECK_EQ(p.count, 2);
    CHECK_EQ(rtcp_ssrc(&p, 1), 0x0b);
}

TEST(goodbye_may_have_a_reason)
{
    CHECK_EQ(parse_one(test_hex("81cb0002 0000000a 03 627965")).count, 1);
    CHECK_EQ(refusal("81cb0002 0000000a 04 627965"), ERR_MALFORMED);
    CHECK_EQ(parse_one(test_hex("80cb0000")).count, 0);
    CHECK_EQ(refusal("81cb0000"), ERR_MALFORMED);
}

// RFC 4585 section 6.2.1.
TEST(writes_a_nack_with_bits_for_the_following)
{
    static const uint16_t seqs[] = {10, 11, 26, 27, 65535, 0, 15};
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, 2, seqs, 7);
    // 10 with 11 and 26 (bits 0 and 15); 27; 65535 with 0 and 15.
    struct bytes expected = test_hex("81cd0005 00000001 00000002 000a8001 001b0000 ffff8001");
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);
}

TEST(reads_back_what_a_nack_asks_for)
{
    static const uint16_t seqs[] = {10, 11, 26, 27, 65535, 0, 15};
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, 2, seqs, 7);
    struct rtcp_packet p = parse_one((struct bytes){buffer, w.len});
    CHECK_EQ(p.kind, RTCP_NACK);
    CHECK_EQ(p.sender_ssrc, 1);
    CHECK_EQ(p.media_ssrc, 2);
    size_t count = 0;
    for (size_t i = 0; i < p.count; i++) {
        uint16_t asked[17];
        size_t n = rtcp_nack(&p, i, asked);
        for (size_t k = 0; k < n; k++)
            CHECK_EQ(asked[k], seqs[count++]);
    }
    CHECK_EQ(count, 7);
}

TEST(a_full_nack_entry_asks_for_seventeen)
{
    struct rtcp_packet p = parse_one(test_hex("81cd0003 00000001 00000002 fff8ffff"));
    uint16_t asked[17];
    CHECK_EQ(rtcp_nack(&p, 0, asked), 17);
    CHECK_EQ(asked[0], 65528);
    CHECK_EQ(asked[8], 0);
    CHECK_EQ(asked[16], 8);
}

TEST(a_nack_for_nothing_is_not_written)
{
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, 2, NULL, 0);
    CHECK_EQ(w.len, 0);
    CHECK_EQ(refusal("81cd0002 00000001 00000002"), ERR_MALFORMED);
}

TEST(writes_and_reads_pli)
{
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_pli(&w, 1, 2);
    struct bytes expected = test_hex("81ce0002 00000001 00000002");
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);
    struct rtcp_packet p = parse_one(expected);
    CHECK_EQ(p.kind, RTCP_PLI);
    CHECK_EQ(p.media_ssrc, 2);
    CHECK_EQ(refusal("81ce0001 00000001"), ERR_MALFORMED);
}

// RFC 5104 section 4.3.1.1.
TEST(writes_and_reads_fir)
{
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_fir(&w, 1, 2, 200);
    struct bytes expected = test_hex("84ce0004 00000001 00000000 00000002 c8000000");
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);
    struct rtcp_packet p = parse_one(expected);
    CHECK_EQ(p.kind, RTCP_FIR);
    CHECK_EQ(p.count, 1);
    uint8_t nr;
    CHECK_EQ(rtcp_fir(&p, 0, &nr), 2);
    CHECK_EQ(nr, 200);
    CHECK_EQ(refusal("84ce0003 00000001 00000000 00000002"), ERR_MALFORMED);
}

TEST(writes_and_reads_a_rate)
{
    static const uint32_t ssrcs[] = {7, 8};
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_remb(&w, 1, 1000000, ssrcs, 2);
    // 1000000 = 250000 << 2
    struct bytes expected =
        test_hex("8fce0006 00000001 00000000 52454d42 020bd090 00000007 00000008");
    CHECK_BYTES(((struct bytes){buffer, w.len}), expected.at, expected.len);
    struct rtcp_packet p = parse_one(expected);
    CHECK_EQ(p.kind, RTCP_REMB);
    CHECK_EQ(p.rate_bps, 1000000);
    CHECK_EQ(p.count, 2);
    CHECK_EQ(rtcp_ssrc(&p, 1), 8);
}

TEST(refuses_a_rate_beyond_64_bits_or_with_missing_ssrcs)
{
    CHECK_EQ(refusal("8fce0004 00000001 00000000 52454d42 00ffffff"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fce0004 00000001 00000000 52454d42 01000001"), ERR_MALFORMED);
    CHECK_EQ(refusal("8fce0003 00000001 00000000 52454d42"), ERR_MALFORMED);
    CHECK_EQ(parse_one(test_hex("8fce0003 00000001 00000000 58595a5a")).kind, RTCP_OTHER);
}

TEST(what_we_do_not_know_is_passed_over)
{
    CHECK_EQ(parse_one(test_hex("80cc0002 00000001 61626364")).kind, RTCP_OTHER); // APP
    CHECK_EQ(parse_one(test_hex("80cf0001 00000001")).kind, RTCP_OTHER);          // XR
    CHECK_EQ(parse_one(test_hex("83cd0002 00000001 00000002")).kind, RTCP_OTHER); // TMMBR
}

TEST(one_bad_packet_condemns_the_compound)
{
    CHECK_EQ(refusal("80c90001 00000009 81ce0002 00000001 00000002"), 0);
    CHECK_EQ(refusal("80c90001 00000009 81ce0002 00000001"), ERR_MALFORMED);
    CHECK_EQ(refusal("80c90001 00000009 41ce0002 00000001 00000002"), ERR_MALFORMED);
    CHECK_EQ(refusal("80c90001 00000009 81c90001 00000009"), ERR_MALFORMED);
    CHECK_EQ(refusal("80c90001 00000009 80"), ERR_MALFORMED);
    CHECK_EQ(refusal(""), ERR_MALFORMED);
}

TEST(walks_through_a_compound_in_order)
{
    struct rtcp_cursor cursor;
    CHECK_EQ(rtcp_begin(&cursor, test_hex("80c90001 00000009"
                                          "81ca0003 00000009 0102 6162 00000000"
                                          "81ce0002 00000009 00000002")),
             0);
    struct rtcp_packet p;
    CHECK(rtcp_next(&cursor, &p));
    CHECK_EQ(p.kind, RTCP_RECEIVER_REPORT);
    CHECK(rtcp_next(&cursor, &p));
    CHECK_EQ(p.kind, RTCP_SDES);
    CHECK(rtcp_next(&cursor, &p));
    CHECK_EQ(p.kind, RTCP_PLI);
    CHECK(!rtcp_next(&cursor, &p));
    CHECK(!rtcp_next(&cursor, &p));
}

TEST(padding_is_not_read_and_must_fit)
{
    struct rtcp_packet p = parse_one(test_hex("a0c90002 00000009 00000004"));
    CHECK_EQ(p.kind, RTCP_RECEIVER_REPORT);
    CHECK_EQ(p.whole.len, 12);
    CHECK_EQ(refusal("a0c90002 00000009 00000000"), ERR_MALFORMED);
    CHECK_EQ(refusal("a0c90002 00000009 00000005"), ERR_MALFORMED); // cuts the SSRC
    CHECK_EQ(refusal("a0c90002 00000009 00000009"), ERR_MALFORMED);
}

TEST(refuses_every_truncated_packet)
{
    static const char *const whole[] = {
        sender_report,
        "82c9000d 00000009 00000001 00000000 00000000 00000000 00000000 00000000"
        "00000002 00000000 00000000 00000000 00000000 00000000",
        "81ca0003 01020304 0102 6162 00000000",
        "82cb0002 0000000a 0000000b",
        "81cd0003 00000001 00000002 000a8001",
        "81ce0002 00000001 00000002",
        "84ce0004 00000001 00000000 00000002 c8000000",
        "8fce0006 00000001 00000000 52454d42 020bd090 00000007 00000008",
        "8fcd0005 00000001 00000002 00010001 00000000 20010400",
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct bytes packet = test_hex(whole[i]);
        struct rtcp_cursor cursor;
        CHECK_EQ(rtcp_begin(&cursor, packet), 0);
        for (size_t len = 0; len < packet.len; len++)
            CHECK_EQ(rtcp_begin(&cursor, test_exact_copy(packet.at, len)), ERR_MALFORMED);
        // Shortened, with a length that says so. Without its name a REMB is another feedback.
        for (size_t len = 4; len < packet.len; len += 4) {
            struct bytes shorter = test_exact_copy(packet.at, len);
            write_u16((uint8_t *)shorter.at + 2, (uint16_t)(len / 4 - 1));
            bool is_nameless = packet.at[0] == 0x8f && packet.at[1] == 206 && len == 12;
            CHECK_EQ(rtcp_begin(&cursor, shorter), is_nameless ? 0 : ERR_MALFORMED);
        }
    }
}

TEST(overflow_is_the_writers_to_tell)
{
    struct writer w = writer_on(buffer, 11);
    rtcp_put_pli(&w, 1, 2);
    CHECK(w.overflow);
    CHECK(w.len <= 11);
}

// Reads all there is to read.
static void drain(struct bytes compound)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, compound) < 0)
        return;
    for (struct rtcp_packet p; rtcp_next(&cursor, &p);) {
        for (size_t i = 0; i < p.count; i++) {
            uint16_t asked[17];
            uint8_t nr;
            if (p.kind == RTCP_SENDER_REPORT || p.kind == RTCP_RECEIVER_REPORT)
                rtcp_report_block(&p, i);
            else if (p.kind == RTCP_BYE || p.kind == RTCP_REMB)
                rtcp_ssrc(&p, i);
            else if (p.kind == RTCP_FIR)
                rtcp_fir(&p, i, &nr);
            else if (p.kind == RTCP_NACK)
                rtcp_nack(&p, i, asked);
        }
        struct twcc_feedback feedback;
        if (p.kind != RTCP_TWCC || twcc_parse(&feedback, p.whole) < 0)
            continue;
        struct twcc_arrival arrival;
        for (struct twcc_cursor c = twcc_begin(&feedback); twcc_next(&c, &arrival);)
            ;
    }
}

static void replay(const char *folder)
{
    const char **files;
    size_t count = test_folder(folder, &files);
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(files[i]);
        drain(test_exact_copy(file.at, file.len));
    }
}

TEST(survives_what_crashed_others)
{
    replay("tests/vectors/webrtc-corpora/rtcp");
    replay("tests/vectors/webrtc-corpora/rtp");
    replay("tests/vectors/mediasoup/crash-reports");
}
