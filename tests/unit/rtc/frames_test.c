#include "rtc/frames.h"

#include "base/err.h"
#include "test.h"
#include "tests/unit/rtc/recording.h"

static struct frames frames;
static struct recorded packets[RECORDED_MAX];
static struct codec_packet info;

static int read_one(struct bytes descriptor)
{
    return frames_read(&frames, test_exact_copy(descriptor.at, descriptor.len), &info);
}

static int read_hex(const char *hex)
{
    return read_one(test_hex(hex));
}

// T0 and T1; see tests/unit/rtc/dependency_test.c. Frame 0x0102.
#define SMALL "c00102 80017a141008"

TEST(a_key_frame_and_what_follows_it)
{
    frames = (struct frames){0};
    CHECK_EQ(read_hex(SMALL), 0);
    CHECK(info.frame_start && info.frame_end && info.key_frame && info.layer_sync);
    CHECK_EQ(info.picture_id, 0x0102);
    CHECK_EQ(info.temporal, 0);
    CHECK_EQ(read_hex("410103"), 0);
    CHECK(!info.frame_start && info.frame_end && !info.key_frame);
    CHECK_EQ(info.temporal, 1);
    CHECK(info.layer_sync); // it needs the frame before it, of T0
    CHECK_EQ(read_hex("c10104"), 0);
    CHECK(!info.layer_sync); // and this one that of T1
    CHECK(info.describes_needs && !info.needs_unseen);
    CHECK_EQ(read_hex("c10106"), 0);
    CHECK(!info.layer_sync); // and this one nobody has seen
    CHECK(info.needs_unseen);
}

TEST(without_its_structure_nothing_is_known_of_a_frame)
{
    frames = (struct frames){0};
    info = (struct codec_packet){.picture_id = 7};
    CHECK_EQ(read_hex("c10103"), ERR_NOT_FOUND);
    CHECK_EQ(info.picture_id, 7);
    CHECK_EQ(read_hex("c101"), ERR_MALFORMED);
    CHECK_EQ(read_hex(""), ERR_MALFORMED);
    CHECK_EQ(read_hex("c00102 8001"), ERR_MALFORMED);
    CHECK_EQ(read_hex(SMALL), 0);
    CHECK_EQ(read_hex("c10103"), 0);
    CHECK_EQ(read_hex("c10101"), ERR_NOT_FOUND); // of before
    CHECK_EQ(read_hex("c50104"), ERR_NOT_FOUND); // of the next, perhaps
}

// The second structure has ids from 5 on: 000101 instead of 000000 behind the flags.
TEST(a_frame_that_comes_late_is_of_the_structure_before)
{
    frames = (struct frames){0};
    CHECK_EQ(read_hex(SMALL), 0);
    CHECK_EQ(read_hex("c50110 80a17a141008"), 0);
    CHECK(info.key_frame);
    CHECK_EQ(read_hex("c60111"), 0);
    CHECK_EQ(info.temporal, 1);
    CHECK_EQ(read_hex("c1010f"), 0);
    CHECK_EQ(info.temporal, 1);
    CHECK_EQ(read_hex("c10112"), ERR_NOT_FOUND);
    // The key frame of before once more changes nothing.
    CHECK_EQ(read_hex(SMALL), 0);
    CHECK_EQ(read_hex("c60113"), 0);
}

TEST(numbers_wrap)
{
    frames = (struct frames){0};
    CHECK_EQ(read_hex("c0fffe 80017a141008"), 0);
    CHECK_EQ(read_hex("c10001"), 0);
    CHECK_EQ(read_hex("c50002 80a17a141008"), 0);
    CHECK_EQ(read_hex("c1ffff"), 0);
    CHECK_EQ(read_hex("c60003"), 0);
}

TEST(of_what_chromium_sends_every_packet_is_known)
{
    static const struct {
        const char *name;
        bool layered;
    } recordings[] = {{"AV1_L1T3", false}, {"AV1_L3T3", true}, {"AV1_L3T3_KEY", true}};
    for (size_t r = 0; r < 3; r++) {
        size_t count = recording(recordings[r].name, packets), keys = 0, syncs[3] = {0};
        unsigned spatial = 0, temporal = 0;
        frames = (struct frames){0};
        for (size_t i = 0; i < count; i++) {
            CHECK_EQ(read_one(packets[i].descriptor), 0);
            keys += info.key_frame;
            spatial = info.spatial > spatial ? info.spatial : spatial;
            temporal = info.temporal > temporal ? info.temporal : temporal;
            syncs[info.temporal] += info.frame_start && info.layer_sync;
            // The marker ends a picture, whose last frame ends with it.
            CHECK(!packets[i].marker || info.frame_end);
        }
        CHECK(keys >= 1 && keys < 4);
        CHECK_EQ(spatial > 0, recordings[r].layered);
        CHECK_EQ(temporal, 2);
        CHECK(syncs[1] > 0 && syncs[2] > 0);
    }
}

// Of L3T3_KEY each layer needs its own pictures alone, but for key pictures.
TEST(layers_that_need_each_other_are_told_from_those_that_stand_apart)
{
    for (int key = 0; key < 2; key++) {
        size_t count = recording(key ? "AV1_L3T3_KEY" : "AV1_L3T3", packets), upper = 0;
        frames = (struct frames){0};
        for (size_t i = 0; i < count; i++) {
            CHECK_EQ(read_one(packets[i].descriptor), 0);
            if (info.spatial > 0)
                CHECK_EQ(info.inter_layer, !key || !info.inter_picture);
            if (info.spatial == 0)
                CHECK_EQ(info.upper_apart, key && info.inter_picture);
            upper += info.spatial > 0;
        }
        CHECK(upper > 0);
    }
}
