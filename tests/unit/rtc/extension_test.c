#include "base/batch.h"
#include "rtc/extension.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "test.h"

static const struct extension_ids ids = {
    .mid = 1,
    .rid = 2,
    .repaired_rid = 3,
    .twcc = 4,
    .abs_send_time = 5,
    .audio_level = 6,
    .orientation = 7,
    .playout_delay = 8,
    .dependency = 9,
};

TEST(reads_one_octet_elements_with_padding_between)
{
    struct bytes block = test_hex("bede0005"
                                  "10 61"     // mid "a"
                                  "00 00"     // padding
                                  "41 1234"   // twcc
                                  "52 010203" // abs-send-time
                                  "60 9e"     // voice, 30 dBov below the loudest
                                  "70 03"     // rotated by 270 degrees
                                  "00 00 00 00");
    struct extension_values v;
    extension_read(&v, block, &ids);
    CHECK_BYTES(v.mid, "a", 1);
    CHECK(v.has_twcc);
    CHECK_EQ(v.twcc, 0x1234);
    CHECK(v.has_abs_send_time);
    CHECK_EQ(v.abs_send_time, 0x010203);
    CHECK(v.has_audio_level);
    CHECK(v.voice);
    CHECK_EQ(v.audio_level, 30);
    CHECK(v.has_orientation);
    CHECK_EQ(v.orientation, 3);
    CHECK(!v.has_playout_delay);
    CHECK_EQ(v.rid.len, 0);
}

// RFC 8285 section 4.3: the low four bits of the profile are the application's, and an element
// may have no data.
TEST(reads_two_octet_elements)
{
    struct bytes block = test_hex("10070004"
                                  "02 01 66"     // rid "f"
                                  "04 02 ffff"   // twcc
                                  "06 00"        // an audio level without data: ignored
                                  "00"           // padding
                                  "08 03 00a014" // playout delay 100 to 200 ms
                                  "00");
    struct extension_values v;
    extension_read(&v, block, &ids);
    CHECK_BYTES(v.rid, "f", 1);
    CHECK_EQ(v.twcc, 0xffff);
    CHECK(!v.has_audio_level);
    CHECK(v.has_playout_delay);
    CHECK_EQ(v.playout_delay, 0x00a014);
}

TEST(the_audio_level_may_be_followed_by_padding_in_the_two_octet_form)
{
    // RFC 6464 section 3 shows both forms.
    struct extension_values v;
    extension_read(&v, test_hex("10000001 06017f00"), &ids);
    CHECK(v.has_audio_level);
    CHECK(!v.voice);
    CHECK_EQ(v.audio_level, 127);
}

TEST(id_15_ends_a_one_octet_block)
{
    struct extension_values v;
    extension_read(&v, test_hex("bede0002 f0 00 41 1234 10 61 00"), &ids);
    CHECK(!v.has_twcc);
    CHECK_EQ(v.mid.len, 0);
}

TEST(id_0_with_a_length_is_skipped_and_matches_nothing)
{
    struct extension_ids none = {0};
    struct extension_values v;
    struct bytes block = test_hex("bede0002 01 aabb 41 1234 00 00");
    extension_read(&v, block, &none);
    CHECK_EQ(v.mid.len, 0);
    CHECK(!v.has_twcc);
    extension_read(&v, block, &ids);
    CHECK_EQ(v.twcc, 0x1234);
}

TEST(an_element_that_leaves_the_block_ends_it)
{
    struct extension_values v;
    extension_read(&v, test_hex("bede0001 41 1234 53"), &ids);
    CHECK(v.has_twcc);
    CHECK(!v.has_abs_send_time);
    extension_read(&v, test_hex("10000001 04 ff 1234"), &ids);
    CHECK(!v.has_twcc);
}

TEST(an_element_of_the_wrong_length_is_ignored)
{
    struct extension_values v;
    extension_read(&v, test_hex("bede0002 40 12 51 0102 71 0102 00"), &ids);
    CHECK(!v.has_twcc);
    CHECK(!v.has_abs_send_time);
    CHECK(!v.has_orientation);
}

TEST(another_profile_has_no_elements)
{
    struct extension_values v;
    extension_read(&v, test_hex("abac0001 41 1234 00"), &ids);
    CHECK(!v.has_twcc);
    extension_read(&v, (struct bytes){0}, &ids);
    CHECK(!v.has_twcc);
}

TEST(every_truncated_block_stays_inside)
{
    static const char *const blocks[] = {
        "bede0005 10610000 41123452 01020360 9e700300 00000000",
        "10070004 02016604 02ffff06 00000803 00a01400",
    };
    for (size_t b = 0; b < 2; b++) {
        struct bytes whole = test_hex(blocks[b]);
        for (size_t len = 0; len <= whole.len; len++) {
            struct extension_values v;
            extension_read(&v, test_exact_copy(whole.at, len), &ids);
        }
    }
}

static struct bytes written(uint8_t buffer[BATCH_HEAD_MAX], const struct extension_ids *with,
                            const struct extension_values *v)
{
    struct writer w = writer_on(buffer, BATCH_HEAD_MAX);
    bool any = extension_put(&w, with, v);
    CHECK_EQ(any, w.len > 0);
    CHECK_EQ(w.len % 4, 0);
    CHECK(w.len <= EXTENSION_BLOCK_MAX);
    return (struct bytes){buffer, w.len};
}

TEST(writes_the_one_octet_form)
{
    struct extension_values v = {.mid = bytes_of("12"),
                                 .has_twcc = true,
                                 .twcc = 0x0102,
                                 .has_audio_level = true,
                                 .voice = true,
                                 .audio_level = 1};
    uint8_t buffer[BATCH_HEAD_MAX];
    struct bytes expected = test_hex("bede0002 41 0102 60 81 11 3132");
    CHECK_BYTES(written(buffer, &ids, &v), expected.at, expected.len);
}

TEST(writes_the_two_octet_form_for_a_large_id)
{
    struct extension_ids large = {.twcc = 15, .orientation = 1};
    struct extension_values v = {
        .has_twcc = true, .twcc = 0x0102, .has_orientation = true, .orientation = 1};
    uint8_t buffer[BATCH_HEAD_MAX];
    struct bytes expected = test_hex("10000002 0f 02 0102 01 01 01 00");
    CHECK_BYTES(written(buffer, &large, &v), expected.at, expected.len);
}

TEST(writes_nothing_for_what_is_not_negotiated)
{
    struct extension_ids none = {0};
    struct extension_values v = {.has_twcc = true, .mid = bytes_of("1")};
    uint8_t buffer[BATCH_HEAD_MAX];
    CHECK_EQ(written(buffer, &none, &v).len, 0);
    v = (struct extension_values){0};
    CHECK_EQ(written(buffer, &ids, &v).len, 0);
}

TEST(what_is_written_reads_back)
{
    static const uint8_t dependency[30] = {0x80, 1, 2, 3};
    struct extension_values v = {
        .mid = bytes_of("7"),
        .rid = bytes_of("f"),
        .repaired_rid = bytes_of("h"),
        .dependency = {dependency, sizeof dependency}, // over 16 octets: two-octet form
        .has_twcc = true,
        .twcc = 0xfffe,
        .has_abs_send_time = true,
        .abs_send_time = 0xabcdef,
        .has_audio_level = true,
        .audio_level = 90,
        .has_orientation = true,
        .orientation = 9,
        .has_playout_delay = true,
        .playout_delay = 0x123456,
    };
    uint8_t buffer[BATCH_HEAD_MAX];
    struct extension_values back;
    struct bytes block = written(buffer, &ids, &v);
    CHECK_EQ(read_u16(block.at), 0x1000);
    extension_read(&back, block, &ids);
    CHECK(bytes_equal(back.mid, v.mid));
    CHECK(bytes_equal(back.rid, v.rid));
    CHECK(bytes_equal(back.repaired_rid, v.repaired_rid));
    CHECK(bytes_equal(back.dependency, v.dependency));
    CHECK_EQ(back.twcc, v.twcc);
    CHECK_EQ(back.abs_send_time, v.abs_send_time);
    CHECK(!back.voice);
    CHECK_EQ(back.audio_level, 90);
    CHECK_EQ(back.orientation, 9);
    CHECK_EQ(back.playout_delay, 0x123456);
}

TEST(a_block_over_its_bound_loses_the_dependency_descriptor)
{
    static const uint8_t dependency[200] = {1};
    struct extension_values v = {
        .dependency = {dependency, 136}, .has_twcc = true, .twcc = 1, .mid = bytes_of("1")};
    uint8_t buffer[BATCH_HEAD_MAX];
    struct extension_values back;
    extension_read(&back, written(buffer, &ids, &v), &ids);
    CHECK(back.has_twcc);
    CHECK_EQ(back.mid.len, 1);
    CHECK_EQ(back.dependency.len, 0);

    v.dependency.len = 131; // 4 + 2+2 + 2+1 + 2+131 = 144
    struct bytes full = written(buffer, &ids, &v);
    CHECK_EQ(full.len, EXTENSION_BLOCK_MAX);
    extension_read(&back, full, &ids);
    CHECK_EQ(back.dependency.len, 131);
}

TEST(every_size_of_dependency_descriptor_stays_within_the_bound)
{
    static const uint8_t octets[300] = {1};
    for (size_t len = 0; len <= sizeof octets; len++) {
        struct extension_values v = {.dependency = {octets, len},
                                     .mid = {octets, len / 3},
                                     .has_audio_level = true,
                                     .has_playout_delay = true};
        uint8_t buffer[BATCH_HEAD_MAX];
        struct extension_values back;
        extension_read(&back, written(buffer, &ids, &v), &ids);
        CHECK(back.has_audio_level);
        CHECK(back.dependency.len == 0 || back.dependency.len == len);
    }
}

TEST(the_send_time_is_seconds_in_6_18_fixed_point)
{
    CHECK_EQ(extension_abs_send_time(0), 0);
    CHECK_EQ(extension_abs_send_time(1000000), 1 << 18);
    CHECK_EQ(extension_abs_send_time(500000), 1 << 17);
    CHECK_EQ(extension_abs_send_time(64000000), 0); // wraps after 64 s
}

TEST(finds_where_an_element_is)
{
    struct bytes block = test_hex("bede 0002 10 41 31 0102 00 4000");
    CHECK_EQ(extension_find(block, 1), 5);
    CHECK_EQ(extension_find(block, 3), 7);
    CHECK_EQ(extension_find(block, 4), 11);
    CHECK_EQ(extension_find(block, 2), 0);
    CHECK_EQ(extension_find(test_hex("1000 0001 03 02 0102"), 3), 6);
    CHECK_EQ(extension_find((struct bytes){0}, 3), 0);
}
