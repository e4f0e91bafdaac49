#include "rtc/fec.h"

#include "base/err.h"
#include "test.h"

#include <string.h>

static struct fec_packet fec;

static int parse(const char *hex)
{
    struct bytes b = test_hex(hex);
    return fec_parse(&fec, test_exact_copy(b.at, b.len));
}

// Two packets of the stream 0x11223344, payload type 96:
//   number 100, timestamp 9000, aa bb cc
//   number 102, timestamp 9090, marker, 01
static const char first[] = "80 60 0064 00002328 11223344 aabbcc";
static const char second[] = "80 e0 0066 00002382 11223344 01";

// Of both: M (60 ^ e0), lengths 3 ^ 1, timestamps 2328 ^ 2382, bits 0 and 2, aa ^ 01 bb cc.
#define SUM "00 80 0002 000000aa 01 000000 11223344 0064 d000 abbbcc"

TEST(reads_the_short_header)
{
    CHECK_EQ(parse(SUM), 0);
    CHECK_EQ(fec.ssrc, 0x11223344);
    CHECK_EQ(fec.base, 100);
    CHECK_EQ(fec.mask[0], 5);
    CHECK_EQ(fec.mask[1], 0);
    CHECK_EQ(fec.first_octets, 0x0080);
    CHECK_EQ(fec.length, 2);
    CHECK_EQ(fec.timestamp, 0xaa);
    CHECK_BYTES(fec.sum, "\xab\xbb\xcc", 3);
    CHECK(fec_protects(&fec, 100));
    CHECK(!fec_protects(&fec, 101));
    CHECK(fec_protects(&fec, 102));
    CHECK(!fec_protects(&fec, 99));
}

// k is 0, then 1: bits 0 and 14; 15 and 45.
TEST(a_mask_of_46_bits_goes_on_behind_the_second_k)
{
    CHECK_EQ(parse("00 80 0002 000000aa 01 000000 11223344 fffe 4001 c0000001 ff"), 0);
    CHECK_EQ(fec.mask[0], 1 | 1 << 14 | 1 << 15 | UINT64_C(1) << 45);
    CHECK_EQ(fec.mask[1], 0);
    CHECK_BYTES(fec.sum, "\xff", 1);
    CHECK(fec_protects(&fec, 0xfffe));
    CHECK(fec_protects(&fec, (uint16_t)(0xfffe + 45))); // across the wrap
    CHECK(!fec_protects(&fec, (uint16_t)(0xfffe + 46)));
}

// Bits 46, 63, 64 and 108 in the last eight octets.
TEST(a_mask_of_109_bits_has_three_parts)
{
    CHECK_EQ(parse("00 80 0002 000000aa 01 000000 11223344 0064 0000 00000000 "
                   "c000300000000001 ff"),
             0);
    CHECK_EQ(fec.mask[0], UINT64_C(1) << 46 | UINT64_C(1) << 63);
    CHECK_EQ(fec.mask[1], 1 | UINT64_C(1) << 44);
    CHECK_BYTES(fec.sum, "\xff", 1);
    CHECK(fec_protects(&fec, 100 + 108));
}

TEST(refuses_every_truncated_header)
{
    static const char *const whole[] = {
        "00 80 0002 000000aa 01 000000 11223344 0064 d000",
        "00 80 0002 000000aa 01 000000 11223344 fffe 4001 c0000001",
        "00 80 0002 000000aa 01 000000 11223344 0064 0000 00000000 c000300000000001",
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct bytes b = test_hex(whole[i]);
        for (size_t len = 0; len < b.len; len++)
            CHECK_EQ(fec_parse(&fec, test_exact_copy(b.at, len)), ERR_MALFORMED);
        CHECK_EQ(fec_parse(&fec, test_exact_copy(b.at, b.len)), 0);
        CHECK_EQ(fec.sum.len, 0);
    }
}

TEST(refuses_what_browsers_do_not_send)
{
    // A retransmission, a fixed mask, no stream, two streams.
    CHECK_EQ(parse("80 80 0002 000000aa 01 000000 11223344 0064 d000 abbbcc"), ERR_UNSUPPORTED);
    CHECK_EQ(parse("40 80 0002 000000aa 01 000000 11223344 0064 d000 abbbcc"), ERR_UNSUPPORTED);
    CHECK_EQ(parse("00 80 0002 000000aa 00 000000 11223344 0064 d000 abbbcc"), ERR_UNSUPPORTED);
    CHECK_EQ(parse("00 80 0002 000000aa 02 000000 11223344 0064 d000 abbbcc"), ERR_UNSUPPORTED);
    // A mask that never ends, and one of nothing.
    CHECK_EQ(parse("00 80 0002 000000aa 01 000000 11223344 0064 4000 40000000 "
                   "4000000000000000 abbbcc"),
             ERR_MALFORMED);
    CHECK_EQ(parse("00 80 0002 000000aa 01 000000 11223344 0064 8000 abbbcc"), ERR_MALFORMED);
}

// Of SUM and `other` becomes `expected`.
static void check_rebuilt(uint16_t seq, const char *other, const char *expected)
{
    uint8_t out[12 + 3];
    struct bytes given = test_hex(other), wanted = test_hex(expected);
    CHECK_EQ(parse(SUM), 0);
    CHECK_EQ(fec_rebuild(&fec, seq, &given, 1, out), wanted.len);
    CHECK_BYTES(((struct bytes){out, wanted.len}), wanted.at, wanted.len);
}

TEST(of_a_sum_and_one_packet_comes_the_other)
{
    check_rebuilt(102, first, second);
    check_rebuilt(100, second, first);
}

TEST(csrcs_extension_and_padding_come_back_with_it)
{
    static const char lost[] =
        "b1 60 0064 00002328 11223344 00000005 bede0001 30aa0000 0102 0002";
    // A sum of that packet alone.
    struct bytes wanted = test_hex(lost);
    CHECK_EQ(parse("31 60 0010 00002328 01 000000 11223344 0064 c000 "
                   "00000005 bede0001 30aa0000 0102 0002"),
             0);
    uint8_t out[12 + 16];
    CHECK_EQ(fec_rebuild(&fec, 100, NULL, 0, out), wanted.len);
    CHECK_BYTES(((struct bytes){out, wanted.len}), wanted.at, wanted.len);
}

TEST(refuses_packets_that_are_not_those_of_the_sum)
{
    uint8_t out[12 + 3];
    struct bytes longer = test_hex("80 60 0064 00002328 11223344 aabbccdd");
    struct bytes shorter = test_hex("80 60 0064 00002328 11223344 aabb"); // 2 ^ 2: of no octets
    struct bytes empty = test_hex("80 60 0064 00002328 11223344");
    struct bytes cut = test_hex("80 60 0064 00002328 112233");
    CHECK_EQ(parse(SUM), 0);
    CHECK_EQ(fec_rebuild(&fec, 102, &longer, 1, out), ERR_MALFORMED);
    CHECK_EQ(fec_rebuild(&fec, 102, &cut, 1, out), ERR_MALFORMED);
    CHECK_EQ(fec_rebuild(&fec, 102, &shorter, 1, out), 12);
    CHECK_EQ(fec_rebuild(&fec, 102, &empty, 1, out), 12 + 2);
}

TEST(refuses_a_length_that_the_sum_does_not_have)
{
    uint8_t out[12 + 3];
    struct bytes given = test_hex(first);
    CHECK_EQ(parse("00 80 ff02 000000aa 01 000000 11223344 0064 d000 abbbcc"), 0);
    CHECK_EQ(fec_rebuild(&fec, 102, &given, 1, out), ERR_MALFORMED);
}
