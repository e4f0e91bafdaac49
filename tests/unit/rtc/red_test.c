#include "rtc/red.h"

#include "base/err.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct red red;

static int parse(const char *hex)
{
    struct bytes b = test_hex(hex);
    return red_parse(&red, test_exact_copy(b.at, b.len));
}

TEST(a_packet_of_its_own_frame_alone_as_chromium_begins)
{
    CHECK_EQ(parse("6f 7801ff"), 0);
    CHECK_EQ(red.count, 1);
    CHECK_EQ(red_primary(&red)->payload_type, 111);
    CHECK_EQ(red_primary(&red)->timestamp_offset, 0);
    CHECK_BYTES(red_primary(&red)->data, "\x78\x01\xff", 3);
}

TEST(writes_what_it_reads)
{
    static const char hex[] = "ef 1e0002 ef 0f0003 6f a1a2 b1b2b3 c1";
    uint8_t octets[32];
    struct writer w = writer_on(octets, sizeof octets);
    CHECK_EQ(parse(hex), 0);
    red_put(&w, &red);
    struct bytes expected = test_hex(hex);
    CHECK_EQ(w.len, expected.len);
    CHECK_BYTES(((struct bytes){octets, w.len}), expected.at, expected.len);
}

TEST(redundant_frames_come_oldest_first)
{
    // 1 PT 111, offset 1920, length 2; 1 PT 111, offset 960, length 3; PT 111.
    CHECK_EQ(parse("ef 1e0002 ef 0f0003 6f a1a2 b1b2b3 c1"), 0);
    CHECK_EQ(red.count, 3);
    CHECK_EQ(red.blocks[0].timestamp_offset, 1920);
    CHECK_BYTES(red.blocks[0].data, "\xa1\xa2", 2);
    CHECK_EQ(red.blocks[1].payload_type, 111);
    CHECK_BYTES(red_find(&red, 960)->data, "\xb1\xb2\xb3", 3);
    CHECK_BYTES(red_primary(&red)->data, "\xc1", 1);
    CHECK(red_find(&red, 0) == red_primary(&red));
    CHECK(red_find(&red, 480) == NULL);
}

// As Chromium sends it, each packet repeats the one before, 20 ms earlier.
TEST(what_chromium_repeats_is_what_it_sent_before)
{
    struct bytes file = test_file("tests/vectors/opus-red.txt");
    char *text = calloc(1, file.len + 1);
    CHECK(text != NULL);
    memcpy(text, file.at, file.len);
    char *rest = text;
    struct bytes before = {0};
    size_t count = 0;
    for (char *line; (line = strsep(&rest, "\n")) && *line; count++) {
        static char hex[1024];
        CHECK_EQ(sscanf(line, "%*u %*u %1023s", hex), 1);
        CHECK_EQ(parse(hex), 0);
        CHECK_EQ(red.count, count == 0 ? 1 : 2);
        CHECK_EQ(red_primary(&red)->payload_type, 111);
        if (count > 0)
            CHECK_BYTES(red_find(&red, 960)->data, before.at, before.len);
        before = red_primary(&red)->data;
    }
    CHECK_EQ(count, 12);
    free(text);
}

TEST(offset_and_length_have_fourteen_bits_and_ten)
{
    uint8_t wire[5 + 1023 + 1] = {0xef, 0xff, 0xff, 0xff, 0x6f};
    CHECK_EQ(red_parse(&red, test_exact_copy(wire, sizeof wire)), 0);
    CHECK_EQ(red.blocks[0].timestamp_offset, 16383);
    CHECK_EQ(red.blocks[0].data.len, 1023);
    CHECK_EQ(red_primary(&red)->data.len, 1);
}

TEST(a_redundant_frame_may_be_empty_and_is_none)
{
    CHECK_EQ(parse("ef 0f0000 6f c1"), 0);
    CHECK_EQ(red.count, 2);
    CHECK(red_find(&red, 960) == NULL);
}

TEST(refuses_every_truncated_payload)
{
    struct bytes whole = test_hex("ef 1e0002 ef 0f0003 6f a1a2 b1b2b3 c1");
    for (size_t len = 0; len < whole.len; len++)
        CHECK_EQ(red_parse(&red, test_exact_copy(whole.at, len)), ERR_MALFORMED);
}

TEST(refuses_more_blocks_than_anybody_sends)
{
    uint8_t wire[4 * RED_BLOCKS_MAX + 2] = {0};
    for (size_t i = 0; i < RED_BLOCKS_MAX; i++)
        wire[4 * i] = 0xef;
    CHECK_EQ(red_parse(&red, test_exact_copy(wire, sizeof wire)), ERR_MALFORMED);
    CHECK_EQ(red_parse(&red, test_exact_copy(wire + 4, sizeof wire - 4)), 0);
    CHECK_EQ(red.count, RED_BLOCKS_MAX);
}
