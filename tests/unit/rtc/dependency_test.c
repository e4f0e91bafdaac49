#include "rtc/dependency.h"

#include "base/err.h"
#include "rtc/codec.h"
#include "test.h"
#include "tests/unit/rtc/recording.h"

static struct dependency_structure structure;
static struct dependency_frame frame;
static struct recorded packets[RECORDED_MAX];

static int parse(const char *hex)
{
    struct bytes b = test_hex(hex);
    return dependency_parse(test_exact_copy(b.at, b.len), &structure, &frame);
}

static void forget(void)
{
    structure = (struct dependency_structure){0};
}

// Written by hand from section A.8.2: start and end, template 0, frame 0x0102; structure, no
// more flags; offset 0, two targets; layers T0, T1; indications S S, - D; fdiffs none, 1; one
// chain, which takes no bits to name; its fdiffs 0, 1; no resolutions.
//
//     1 1 000000 00000001 00000010 | 10000 000000 00001 01 11 10 10 00 01 0 1 0000 0 10 0000
//     0001 0
#define SMALL "c00102 80017a141008"

TEST(a_structure_is_read_bit_by_bit)
{
    forget();
    CHECK_EQ(parse(SMALL), 0);
    CHECK(frame.starts && frame.ends && frame.described && frame.has_structure);
    CHECK_EQ(frame.number, 0x0102);
    CHECK_EQ(structure.target_count, 2);
    CHECK_EQ(structure.template_count, 2);
    CHECK_EQ(structure.templates[1].spatial, 0);
    CHECK_EQ(structure.templates[1].temporal, 1);
    CHECK_EQ(dependency_of(&structure.templates[0].needs, 0), DEPENDENCY_SWITCH);
    CHECK_EQ(dependency_of(&structure.templates[1].needs, 0), DEPENDENCY_ABSENT);
    CHECK_EQ(dependency_of(&structure.templates[1].needs, 1), DEPENDENCY_DISCARDABLE);
    CHECK_EQ(structure.templates[0].needs.fdiff_count, 0);
    CHECK_EQ(structure.templates[1].needs.fdiff_count, 1);
    CHECK_EQ(structure.templates[1].needs.fdiffs[0], 1);
    CHECK_EQ(structure.chain_count, 1);
    CHECK_EQ(structure.templates[0].needs.chains[0], 0);
    CHECK_EQ(structure.templates[1].needs.chains[0], 1);
    CHECK(!structure.has_resolutions);
    CHECK_EQ(structure.target_temporal[0], 0);
    CHECK_EQ(structure.target_temporal[1], 1);
    CHECK_EQ(frame.active, 3);
    // A frame of the other template, in three octets.
    CHECK_EQ(parse("410103"), 0);
    CHECK(!frame.starts && frame.ends && frame.described && !frame.has_structure);
    CHECK_EQ(frame.temporal, 1);
    CHECK_EQ(frame.needs.fdiffs[0], 1);
    CHECK(!frame.has_active);
}

TEST(what_differs_from_the_template_is_read)
{
    forget();
    CHECK_EQ(parse(SMALL), 0);
    // Flags 01111: targets 01; indications R -; fdiffs of 4 and of 12 bits, end; chain 0x80.
    // 01111 01 11 00 01 0010 11 000100000000 00 10000000
    CHECK_EQ(parse("c10200 7b8962004000"), 0);
    CHECK(frame.has_active);
    CHECK_EQ(frame.active, 1);
    CHECK_EQ(dependency_of(&frame.needs, 0), DEPENDENCY_REQUIRED);
    CHECK_EQ(dependency_of(&frame.needs, 1), DEPENDENCY_ABSENT);
    CHECK_EQ(frame.needs.fdiff_count, 2);
    CHECK_EQ(frame.needs.fdiffs[0], 3);
    CHECK_EQ(frame.needs.fdiffs[1], 0x101);
    CHECK_EQ(frame.needs.chains[0], 0x80);
}

TEST(without_its_structure_a_frame_is_a_number_only)
{
    forget();
    CHECK_EQ(parse("c30007"), 0);
    CHECK(!frame.described);
    CHECK_EQ(frame.number, 7);
    CHECK_EQ(parse(SMALL), 0);
    CHECK_EQ(parse("c20104"), 0); // a third template, which this structure does not have
    CHECK(!frame.described);
    CHECK_EQ(structure.template_count, 2);
}

TEST(refuses_every_truncated_descriptor_and_keeps_what_it_knew)
{
    recording("AV1_L3T3", packets);
    struct bytes whole = packets[0].descriptor;
    forget();
    CHECK_EQ(dependency_parse(whole, &structure, &frame), 0);
    // A few octets less are the resolutions' last bits.
    for (size_t len = 0; len < whole.len; len++) {
        struct dependency_frame f;
        CHECK_EQ(dependency_parse(test_exact_copy(whole.at, len), &structure, &f),
                 len == 3 ? 0 : ERR_MALFORMED);
    }
    CHECK_EQ(structure.target_count, 9);
}

TEST(reads_the_structure_that_chromium_gives_av1_of_nine_layers)
{
    recording("AV1_L3T3", packets);
    forget();
    CHECK_EQ(dependency_parse(packets[0].descriptor, &structure, &frame), 0);
    CHECK(frame.starts && frame.ends && frame.has_structure && frame.described);
    CHECK_EQ(structure.target_count, 9);
    CHECK_EQ(structure.chain_count, 3);
    CHECK(structure.has_resolutions);
    CHECK_EQ(structure.width[0] + 1, 320);
    CHECK_EQ(structure.height[0] + 1, 180);
    CHECK_EQ(structure.width[2] + 1, 1280);
    CHECK_EQ(structure.height[2] + 1, 720);
    for (unsigned target = 0; target < 9; target++) {
        CHECK_EQ(structure.target_spatial[target], target / 3);
        CHECK_EQ(structure.target_temporal[target], target % 3);
        CHECK_EQ(structure.protected_by[target], target / 3);
        CHECK_EQ(dependency_target(&structure, 0x1ff, target / 3, target % 3), target);
    }
    // All below is within, as each layer needs those under it.
    CHECK_EQ(structure.within[8], 0x1ff);
    CHECK_EQ(structure.within[4], 0x1b); // S0 and S1, T0 and T1
    CHECK_EQ(structure.within[0], 0x1);
    CHECK_EQ(dependency_target(&structure, 0x38, 2, 2), 5); // S1 alone is active
    CHECK_EQ(dependency_target(&structure, 0x38, 0, 2), -1);
}

TEST(in_a_key_svc_structure_upper_layers_are_without_the_lower_ones)
{
    recording("AV1_L3T3_KEY", packets);
    forget();
    CHECK_EQ(dependency_parse(packets[0].descriptor, &structure, &frame), 0);
    CHECK_EQ(structure.target_count, 9);
    CHECK_EQ(structure.within[5], 0x38); // S1 with all of T
    CHECK_EQ(structure.within[3], 0x08);
}

// --- Whole recordings ---

static const struct {
    const char *name;
    enum codec codec; // whose own description of layers is compared; CODEC_NONE: it has none
    unsigned targets;
} recordings[] = {
    {"VP8_L1T3", CODEC_NONE, 3}, {"VP9_L1T3", CODEC_VP9, 3},     {"VP9_L2T1h", CODEC_VP9, 2},
    {"VP9_L3T3", CODEC_VP9, 9},  {"VP9_L3T3_KEY", CODEC_VP9, 9}, {"AV1_L1T3", CODEC_AV1, 3},
    {"AV1_L3T3", CODEC_AV1, 9},  {"AV1_L3T3_KEY", CODEC_AV1, 9}, {"H264_L1T3", CODEC_NONE, 3},
};
enum { RECORDINGS = sizeof recordings / sizeof *recordings };

// What is known of each frame, by number.
static struct {
    bool seen;
    struct dependency_needs needs;
} frames[1 << 16];

static void check_frame(uint32_t active, uint16_t last_of_chain[DEPENDENCY_CHAINS_MAX])
{
    for (unsigned i = 0; i < frame.needs.fdiff_count; i++) {
        uint16_t number = (uint16_t)(frame.number - frame.needs.fdiffs[i]);
        CHECK(frames[number].seen);
        // Who is part of a target needs only what is part of it.
        for (unsigned target = 0; target < structure.target_count; target++)
            if ((active >> target & 1) &&
                dependency_of(&frame.needs, target) != DEPENDENCY_ABSENT)
                CHECK(dependency_of(&frames[number].needs, target) >= DEPENDENCY_SWITCH);
    }
    for (unsigned chain = 0; chain < structure.chain_count; chain++) {
        uint32_t protected = 0;
        for (unsigned target = 0; target < structure.target_count; target++)
            if (structure.protected_by[target] == chain)
        protected |= 1u << target;
        if (!(protected & active))
            continue; // section A.5: to be ignored
        if (frame.needs.chains[chain])
            CHECK_EQ((uint16_t)(frame.number - frame.needs.chains[chain]),
                     last_of_chain[chain]);
        if (dependency_is_in_chain(&structure, &frame.needs, chain))
            last_of_chain[chain] = frame.number;
    }
}

TEST(each_frame_that_chromium_sends_needs_frames_that_it_sent_and_names_the_last_of_each_chain)
{
    for (size_t r = 0; r < RECORDINGS; r++) {
        size_t count = recording(recordings[r].name, packets);
        uint16_t last_of_chain[DEPENDENCY_CHAINS_MAX] = {0};
        uint32_t active = 0;
        memset(frames, 0, sizeof frames);
        forget();
        for (size_t i = 0; i < count; i++) {
            CHECK_EQ(dependency_parse(packets[i].descriptor, &structure, &frame), 0);
            CHECK(frame.described);
            CHECK_EQ(structure.target_count, recordings[r].targets);
            if (frame.has_active)
                active = frame.active;
            struct codec_packet p = {0};
            if (recordings[r].codec)
                CHECK_EQ(codec_parse(recordings[r].codec, packets[i].payload, &p), 0);
            if (recordings[r].codec == CODEC_VP9) {
                CHECK_EQ(frame.spatial, p.spatial);
                CHECK_EQ(frame.temporal, p.temporal);
                CHECK_EQ(frame.starts, p.frame_start);
                CHECK_EQ(frame.ends, p.frame_end);
            } else if (p.frame_start && !p.key_frame && recordings[r].targets == 9) {
                CHECK_EQ(frame.spatial, p.spatial);
                CHECK_EQ(frame.temporal, p.temporal);
            }
            if (!frame.starts)
                continue;
            check_frame(active, last_of_chain);
            frames[frame.number].seen = true;
            frames[frame.number].needs = frame.needs;
        }
    }
}

// What is left of a stream when one target is forwarded can be decoded, to the last frame.
TEST(the_frames_of_a_target_need_no_others)
{
    for (size_t r = 0; r < RECORDINGS; r++) {
        size_t count = recording(recordings[r].name, packets);
        for (unsigned target = 0; target < recordings[r].targets; target++) {
            uint32_t active = 0;
            memset(frames, 0, sizeof frames);
            forget();
            for (size_t i = 0; i < count; i++) {
                CHECK_EQ(dependency_parse(packets[i].descriptor, &structure, &frame), 0);
                if (frame.has_active)
                    active = frame.active;
                if (!(active >> target & 1) ||
                    dependency_of(&frame.needs, target) == DEPENDENCY_ABSENT)
                    continue;
                for (unsigned k = 0; frame.starts && k < frame.needs.fdiff_count; k++)
                    CHECK(frames[(uint16_t)(frame.number - frame.needs.fdiffs[k])].seen);
                frames[frame.number].seen = true;
            }
        }
    }
}

// --- Writing ---

static void check_same(const struct dependency_frame *a, const struct dependency_frame *b)
{
    CHECK_EQ(a->starts, b->starts);
    CHECK_EQ(a->ends, b->ends);
    CHECK_EQ(a->template_id, b->template_id);
    CHECK_EQ(a->has_structure, b->has_structure);
    CHECK_EQ(a->needs.indications, b->needs.indications);
    CHECK_EQ(a->needs.fdiff_count, b->needs.fdiff_count);
    CHECK(memcmp(a->needs.fdiffs, b->needs.fdiffs, sizeof a->needs.fdiffs) == 0);
    CHECK(memcmp(a->needs.chains, b->needs.chains, sizeof a->needs.chains) == 0);
}

TEST(another_number_changes_two_octets)
{
    uint8_t out[DEPENDENCY_LEN_MAX + 5];
    forget();
    CHECK_EQ(parse(SMALL), 0);
    size_t len = dependency_rewrite(test_hex(SMALL), &frame,
                                    &(struct dependency_change){.number = 0xfffe}, out);
    CHECK_BYTES(((struct bytes){out, len}), "\xc0\xff\xfe\x80\x01\x7a\x14\x10\x08", 9);
}

TEST(three_octets_become_four_to_tell_which_targets_there_are)
{
    uint8_t out[DEPENDENCY_LEN_MAX + 5];
    forget();
    CHECK_EQ(parse(SMALL), 0);
    CHECK_EQ(parse("c10103"), 0);
    struct dependency_change change = {.number = 0x0203, .tells_active = true, .active = 1};
    size_t len = dependency_rewrite(test_hex("c10103"), &frame, &change, out);
    CHECK_BYTES(((struct bytes){out, len}), "\xc1\x02\x03\x42", 4); // 01000 01 0
}

TEST(whatever_chromium_sends_says_the_same_after_the_change)
{
    for (size_t r = 0; r < RECORDINGS; r++) {
        size_t count = recording(recordings[r].name, packets);
        struct dependency_structure other = {0};
        forget();
        for (size_t i = 0; i < count; i++) {
            uint8_t out[DEPENDENCY_LEN_MAX + 5];
            struct dependency_frame again;
            struct bytes descriptor = packets[i].descriptor;
            CHECK_EQ(dependency_parse(descriptor, &structure, &frame), 0);
            struct dependency_change change = {.number = (uint16_t)(frame.number + 1000),
                                               .tells_active = true,
                                               .active =
                                                   0x5 & ((1u << structure.target_count) - 1)};
            size_t len = dependency_rewrite(descriptor, &frame, &change, out);
            CHECK(len <= descriptor.len + 3);
            CHECK_EQ(dependency_parse(test_exact_copy(out, len), &other, &again), 0);
            check_same(&frame, &again);
            CHECK_EQ(again.number, change.number);
            CHECK(again.has_active);
            CHECK_EQ(again.active, change.active);
            CHECK_EQ(other.target_count, structure.target_count);
            CHECK(memcmp(other.templates, structure.templates, sizeof other.templates) == 0);
            // And back.
            uint8_t back[DEPENDENCY_LEN_MAX + 5];
            change = (struct dependency_change){frame.number, frame.has_active, frame.active};
            if (frame.has_active) {
                len = dependency_rewrite((struct bytes){out, len}, &again, &change, back);
                CHECK_EQ(dependency_parse(test_exact_copy(back, len), &other, &again), 0);
                check_same(&frame, &again);
                CHECK_EQ(again.active, frame.active);
            }
        }
    }
}
