#include "base/err.h"
#include "rtc/codec.h"
#include "test.h"
#include "tests/unit/rtc/recording.h"

static struct codec_packet parsed(enum codec c, const char *hex)
{
    struct codec_packet packet;
    struct bytes payload = test_hex(hex);
    CHECK_EQ(codec_parse(c, test_exact_copy(payload.at, payload.len), &packet), 0);
    return packet;
}

static int refusal(enum codec c, const char *hex)
{
    struct codec_packet packet;
    struct bytes payload = test_hex(hex);
    return codec_parse(c, test_exact_copy(payload.at, payload.len), &packet);
}

TEST(names_are_those_of_rtpmap)
{
    CHECK_TEXT(codec_name(CODEC_OPUS), "opus");
    CHECK_TEXT(codec_name(CODEC_H264), "H264");
    CHECK_EQ(codec_from_name(bytes_of("OPUS")), CODEC_OPUS);
    CHECK_EQ(codec_from_name(bytes_of("vp8")), CODEC_VP8);
    CHECK_EQ(codec_from_name(bytes_of("AV1")), CODEC_AV1);
    CHECK_EQ(codec_from_name(bytes_of("AV1X")), CODEC_NONE);
    CHECK_EQ(codec_from_name(bytes_of("none")), CODEC_NONE);
    CHECK_EQ(codec_from_name(bytes_of("")), CODEC_NONE);
    CHECK_EQ(codec_clock_rate(CODEC_OPUS), 48000);
    CHECK_EQ(codec_clock_rate(CODEC_VP9), 90000);
    CHECK(codec_is_video(CODEC_AV1));
    CHECK(!codec_is_video(CODEC_OPUS));
}

TEST(nothing_is_read_without_a_codec_or_a_payload)
{
    CHECK_EQ(refusal(CODEC_NONE, "00"), ERR_UNSUPPORTED);
    for (enum codec c = CODEC_OPUS; c <= CODEC_AV1; c++)
        CHECK_EQ(refusal(c, ""), ERR_MALFORMED);
}

TEST(every_opus_packet_is_a_start)
{
    struct codec_packet p = parsed(CODEC_OPUS, "78");
    CHECK(p.frame_start);
    CHECK(p.key_frame);
    CHECK_EQ(p.descriptor_len, 0);
}

// --- VP8 ---

TEST(vp8_as_chromium_sends_a_key_frame)
{
    // X, S; I L T K... RFC 7741 section 4.6: X=1 S=1, I=1 L=1 T=1 K=1.
    struct codec_packet p = parsed(CODEC_VP8, "90 f0 9234 05 60 50 05009d012a");
    CHECK(p.frame_start);
    CHECK(p.key_frame);
    CHECK(p.has_picture_id);
    CHECK(p.picture_id_long);
    CHECK_EQ(p.picture_id, 0x1234);
    CHECK(p.has_tl0);
    CHECK_EQ(p.tl0, 5);
    CHECK_EQ(p.temporal, 1);
    CHECK(p.layer_sync);
    CHECK_EQ(p.descriptor_len, 6);
}

// RFC 6386 section 9.1: 640 and 480, with an upscaling of 1 and 2 in the upper bits.
TEST(vp8_key_frames_say_how_large_they_are)
{
    static const char key[] = "90 80 11 109a02 9d012a 8042 e081";
    struct codec_packet p = parsed(CODEC_VP8, key);
    struct codec_size size = {1, 2};
    struct bytes payload = test_hex(key);
    codec_read_size(CODEC_VP8, test_exact_copy(payload.at, payload.len), &p, &size);
    CHECK_EQ(size.width, 640);
    CHECK_EQ(size.height, 480);
    payload = test_hex("90 80 11 109a02 9d012a 8042 e0"); // cut off
    codec_read_size(CODEC_VP8, test_exact_copy(payload.at, payload.len), &p, &size);
    CHECK_EQ(size.height, 480);
    payload = test_hex("90 80 11 109a02 9d012b 1111 1111"); // no key frame's
    codec_read_size(CODEC_VP8, test_exact_copy(payload.at, payload.len), &p, &size);
    CHECK_EQ(size.width, 640);
}

TEST(vp8_inter_frame_has_the_lowest_bit_of_its_header_set)
{
    struct codec_packet p = parsed(CODEC_VP8, "90 80 11 51");
    CHECK(p.frame_start);
    CHECK(!p.key_frame);
    CHECK(!p.picture_id_long);
    CHECK_EQ(p.picture_id, 0x11);
    CHECK_EQ(p.descriptor_len, 3);
}

TEST(vp8_later_packets_of_a_frame_are_no_start)
{
    CHECK(!parsed(CODEC_VP8, "80 80 11 50").frame_start);
    CHECK(!parsed(CODEC_VP8, "80 80 11 50").key_frame);
    CHECK(!parsed(CODEC_VP8, "91 80 11 50").frame_start); // start of partition 1
}

TEST(vp8_without_extension_octet)
{
    struct codec_packet p = parsed(CODEC_VP8, "10 50");
    CHECK(p.key_frame);
    CHECK(!p.has_picture_id);
    CHECK_EQ(p.descriptor_len, 1);
}

TEST(vp8_upper_layer_without_sync_bit_is_no_switching_point)
{
    struct codec_packet p = parsed(CODEC_VP8, "90 20 80 51");
    CHECK_EQ(p.temporal, 2);
    CHECK(!p.layer_sync);
    CHECK(parsed(CODEC_VP8, "90 20 a0 51").layer_sync);
    CHECK(parsed(CODEC_VP8, "90 20 00 51").layer_sync);
}

TEST(vp8_key_index_alone_names_no_layer)
{
    struct codec_packet p = parsed(CODEC_VP8, "90 10 df 51");
    CHECK_EQ(p.temporal, 0);
    CHECK_EQ(p.descriptor_len, 3);
}

TEST(vp8_refuses_every_truncated_descriptor)
{
    static const uint8_t wire[] = {0x90, 0xf0, 0x92, 0x34, 0x05, 0x60};
    for (size_t len = 0; len <= sizeof wire; len++) {
        struct codec_packet p;
        CHECK_EQ(codec_parse(CODEC_VP8, test_exact_copy(wire, len), &p), ERR_MALFORMED);
    }
}

// Where the numbers are that a sender of ours may have to write anew; 0: not there.
static void check_places(enum codec c, const char *hex, uint8_t picture_id_at, uint8_t tl0_at)
{
    struct codec_packet p = parsed(c, hex);
    CHECK_EQ(p.picture_id_at, picture_id_at);
    CHECK_EQ(p.tl0_at, tl0_at);
}

TEST(tells_where_picture_id_and_tl0_are)
{
    check_places(CODEC_VP8, "90 f0 9234 05 60 50", 2, 4);
    check_places(CODEC_VP8, "90 c0 34 05 50", 2, 3);
    check_places(CODEC_VP8, "90 80 11 50", 2, 0);
    check_places(CODEC_VP8, "90 40 11 50", 0, 2);
    check_places(CODEC_VP8, "10 50", 0, 0);
    check_places(CODEC_VP9, "ac 9234 20 05 83", 1, 4);
    check_places(CODEC_VP9, "ac 12 20 05 83", 1, 3);
    check_places(CODEC_VP9, "2c 20 05 83", 0, 2);
    check_places(CODEC_VP9, "bc 9234 20 83", 1, 0); // flexible: no TL0
    check_places(CODEC_VP9, "08 83", 0, 0);
    check_places(CODEC_H264, "65 88", 0, 0);
    check_places(CODEC_AV1, "18 0a 0b", 0, 0);
    check_places(CODEC_OPUS, "78 01", 0, 0);
}

// --- VP9 ---

TEST(vp9_as_chromium_starts_a_key_picture)
{
    // I L B V; picture id, layer 0 of both kinds, TL0; a structure of one layer of 640x360 and
    // one picture in the group, which refers to the one before.
    struct codec_packet p = parsed(CODEC_VP9, "aa 8001 00 05 18 0280 0168 01 04 01 83");
    CHECK(p.frame_start);
    CHECK(p.key_frame);
    CHECK(p.layer_sync);
    CHECK_EQ(p.picture_id, 1);
    CHECK(p.has_tl0);
    CHECK_EQ(p.tl0, 5);
    CHECK_EQ(p.descriptor_len, 5);
}

TEST(vp9_start_of_a_frame_is_the_b_bit)
{
    CHECK(parsed(CODEC_VP9, "a8 8001 00 05 83").frame_start);
    CHECK(!parsed(CODEC_VP9, "a0 8001 00 05 83").frame_start);
    CHECK(parsed(CODEC_VP9, "a0 8001 00 05 83").key_frame);
}

TEST(vp9_layers)
{
    // TID 2, U, SID 1, D
    struct codec_packet p = parsed(CODEC_VP9, "a8 8001 53 05 83");
    CHECK_EQ(p.temporal, 2);
    CHECK_EQ(p.spatial, 1);
    CHECK(p.layer_sync);
    CHECK(!p.key_frame); // needs the layer below
    CHECK(!parsed(CODEC_VP9, "a8 8001 43 05 83").layer_sync);
}

TEST(vp9_inter_frames_are_no_key_frames)
{
    CHECK(!parsed(CODEC_VP9, "c8 11 83").key_frame);
    CHECK(parsed(CODEC_VP9, "88 11 83").key_frame);
}

TEST(vp9_flexible_mode_has_up_to_three_reference_indices)
{
    CHECK_EQ(parsed(CODEC_VP9, "d8 11 03 05 06 83").descriptor_len, 2);
    CHECK_EQ(refusal(CODEC_VP9, "d8 11 03 05 07 83"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_VP9, "d8 11 03"), ERR_MALFORMED);
}

TEST(vp9_refuses_every_truncated_descriptor)
{
    struct bytes wire = test_hex("aa 8001 00 05 38 0140 00b4 0280 0168 02 04 01 08 01 02");
    for (size_t len = 0; len <= wire.len; len++) {
        struct codec_packet p;
        CHECK_EQ(codec_parse(CODEC_VP9, test_exact_copy(wire.at, len), &p), ERR_MALFORMED);
    }
    struct codec_packet p =
        parsed(CODEC_VP9, "aa 8001 00 05 38 0140 00b4 0280 0168 02 04 01 08 01 02 83");
    CHECK_EQ(p.descriptor_len, 5);
}

// --- H.264 ---

TEST(h264_parameter_sets_in_one_packet_start_a_key_frame)
{
    struct codec_packet p = parsed(CODEC_H264, "78 0004 67420c0a 0002 68ce");
    CHECK(p.frame_start);
    CHECK(p.key_frame);
    CHECK_EQ(p.descriptor_len, 0);
}

TEST(h264_idr_alone_is_of_a_key_frame_but_no_start)
{
    CHECK(parsed(CODEC_H264, "65 88").key_frame);
    CHECK(!parsed(CODEC_H264, "65 88").frame_start);
    CHECK(parsed(CODEC_H264, "7c 85 88").key_frame); // FU-A, start
    CHECK(!parsed(CODEC_H264, "7c 85 88").frame_start);
    CHECK(parsed(CODEC_H264, "7c 05 88").key_frame); // FU-A, middle
    CHECK(parsed(CODEC_H264, "7c 45 88").key_frame); // FU-A, end
    CHECK(parsed(CODEC_H264, "68 ce").key_frame);
    CHECK(parsed(CODEC_H264, "67 42").frame_start);
}

TEST(h264_first_slice_of_a_delta_frame_is_a_start)
{
    CHECK(parsed(CODEC_H264, "41 9a").frame_start); // first_mb_in_slice 0
    CHECK(!parsed(CODEC_H264, "41 5a").frame_start);
    CHECK(!parsed(CODEC_H264, "41 9a").key_frame);
    CHECK(parsed(CODEC_H264, "5c 81 9a").frame_start);
    CHECK(!parsed(CODEC_H264, "5c 01 9a").frame_start); // data of a later fragment
    CHECK(!parsed(CODEC_H264, "41").frame_start);
    CHECK(!parsed(CODEC_H264, "06 80").frame_start); // SEI
}

TEST(h264_refuses_aggregates_that_do_not_add_up)
{
    CHECK_EQ(refusal(CODEC_H264, "78"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_H264, "78 0000"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_H264, "78 0003 67"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_H264, "78 0001 67 00"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_H264, "78 0001 67 0000 00"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_H264, "7c"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_H264, "7c 85"), ERR_MALFORMED);
}

// --- AV1 ---

TEST(av1_n_bit_starts_a_coded_video_sequence)
{
    // W 2, N; a sequence header of 3 octets, then a frame.
    struct codec_packet p = parsed(CODEC_AV1, "28 03 08 00 00 30 11");
    CHECK(p.frame_start);
    CHECK(p.key_frame);
    CHECK_EQ(p.descriptor_len, 1);
}

TEST(av1_layers_are_in_the_extension_of_the_first_obu)
{
    struct codec_packet p = parsed(CODEC_AV1, "10 34 48 11"); // W 1, a frame, TID 2 SID 1
    CHECK(p.frame_start);
    CHECK(!p.key_frame);
    CHECK_EQ(p.temporal, 2);
    CHECK_EQ(p.spatial, 1);
}

TEST(av1_fragments_and_tile_groups_are_no_start)
{
    CHECK(!parsed(CODEC_AV1, "90 34 48").frame_start);
    CHECK(!parsed(CODEC_AV1, "10 20 11").frame_start);
}

TEST(av1_refuses_what_does_not_add_up)
{
    CHECK_EQ(refusal(CODEC_AV1, "10"), ERR_MALFORMED);
    CHECK_EQ(refusal(CODEC_AV1, "98 30"), ERR_MALFORMED);    // goes on and starts
    CHECK_EQ(refusal(CODEC_AV1, "00 05 30"), ERR_MALFORMED); // length over the end
    CHECK_EQ(refusal(CODEC_AV1, "10 34"), ERR_MALFORMED);    // extension missing
    CHECK_EQ(refusal(CODEC_AV1, "00 ff"), ERR_MALFORMED);    // length unfinished
    CHECK_EQ(refusal(CODEC_AV1, "00 808080808080808000 30"), ERR_MALFORMED);
}

// --- Data of others ---

static void replay(const char *folder)
{
    const char **files;
    size_t count = test_folder(folder, &files);
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(files[i]);
        struct bytes payload = test_exact_copy(file.at, file.len);
        for (enum codec c = CODEC_OPUS; c <= CODEC_AV1; c++) {
            struct codec_packet p;
            if (codec_parse(c, payload, &p) < 0)
                continue;
            CHECK(p.descriptor_len <= payload.len);
            CHECK(p.descriptor_len <= 6);
            CHECK(p.picture_id_at <= p.descriptor_len && p.tl0_at < 6);
        }
    }
}

TEST(survives_what_crashed_others)
{
    replay("tests/vectors/webrtc-corpora/h264-depacketizer-fuzzer");
    replay("tests/vectors/webrtc-corpora/dependency_descriptor");
    replay("tests/vectors/mediasoup/packets");
    replay("tests/vectors/mediasoup/crash-reports");
}

// --- As Chromium sends layers ---

static struct recorded recorded[RECORDED_MAX];

static struct codec_packet parsed_recorded(enum codec c, size_t i)
{
    struct codec_packet p;
    CHECK_EQ(codec_parse(c, recorded[i].payload, &p), 0);
    return p;
}

TEST(vp8_tells_the_uppermost_temporal_layer_to_be_discardable)
{
    size_t count = recording("VP8_L1T3", recorded);
    for (size_t i = 0; i < count; i++) {
        struct codec_packet p = parsed_recorded(CODEC_VP8, i);
        // Where the descriptor is negotiated it leaves out all else that its own has.
        CHECK(!p.has_picture_id && !p.has_tl0 && p.temporal == 0);
        unsigned template_id = recorded[i].descriptor.at[0] & 0x3f; // 5 and 6 are T2
        CHECK_EQ(p.discardable, template_id == 5 || template_id == 6);
    }
}

TEST(h264_tells_the_uppermost_temporal_layer_to_be_discardable)
{
    size_t count = recording("H264_L1T3", recorded);
    // By the template of the descriptor: 2 is T1, 3 and 4 are T2.
    for (size_t i = 0; i < count; i++) {
        if (recorded[i].payload.at[0] == 0x78)
            continue; // an aggregate, of a key frame, and not whole in the recording
        unsigned template_id = recorded[i].descriptor.at[0] & 0x3f;
        CHECK_EQ(parsed_recorded(CODEC_H264, i).discardable,
                 template_id == 3 || template_id == 4);
    }
}

// Pictures of two frames each: S0 and S1, the marker on the last packet of S1.
static void check_pictures(const char *name, bool key_only)
{
    unsigned spatial = 0;
    bool first_picture = true, begins = true;
    // Then Chromium leaves out S1 for a while.
    size_t count = recording(name, recorded);
    for (size_t i = 0; i < count && i < 84; i++) {
        struct codec_packet p = parsed_recorded(CODEC_VP9, i);
        bool key_picture = recorded[i].timestamp == recorded[0].timestamp;
        first_picture = first_picture && key_picture;
        CHECK_EQ(p.spatial, spatial);
        CHECK_EQ(p.frame_start, begins);
        CHECK_EQ(p.inter_picture, !first_picture);
        CHECK_EQ(p.inter_layer, spatial > 0 && (!key_only || !p.inter_picture));
        CHECK_EQ(recorded[i].marker, p.frame_end && spatial == 1);
        begins = p.frame_end;
        spatial = p.frame_end ? !spatial : spatial;
    }
}

TEST(vp9_frames_end_before_pictures_do)
{
    check_pictures("VP9_L3T3", false);
    check_pictures("VP9_L3T3_KEY", true);
}

TEST(vp9_names_layers_that_no_upper_one_needs)
{
    size_t count = recording("VP9_L3T3_KEY", recorded);
    // Above S0 of a key picture, nothing needs a layer below.
    for (size_t i = 0; i < count; i++) {
        struct codec_packet p = parsed_recorded(CODEC_VP9, i);
        if (p.inter_picture)
            CHECK(p.upper_apart);
    }
    CHECK(!parsed_recorded(CODEC_VP9, 0).upper_apart);
}

TEST(opus_of_one_or_two_octets_is_silence)
{
    CHECK(parsed(CODEC_OPUS, "78").dtx);
    CHECK(parsed(CODEC_OPUS, "7801").dtx);
    CHECK(!parsed(CODEC_OPUS, "780102").dtx);
}
