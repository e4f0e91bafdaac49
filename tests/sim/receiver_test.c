// What judges in simulations: the strict viewer and the listener.
#include "test.h"
#include "tests/sim/listener.h"
#include "tests/sim/viewer.h"

enum { MS = 1000, FRAME = 3000 }; // ticks of 90 kHz, 30 pictures a second

static struct viewer viewer;

static void packet(uint8_t layer, bool key, uint32_t frame, uint8_t index, uint8_t count,
                   int64_t now)
{
    struct mark mark = {layer, key, frame, index, count, 0, !key, 0, false};
    viewer_packet(&viewer, &mark, index + 1 == count, (uint64_t)frame * count + index,
                  frame * FRAME, 1000, now);
}

static void whole(uint8_t layer, bool key, uint32_t frame, int64_t now)
{
    packet(layer, key, frame, 0, 2, now);
    packet(layer, key, frame, 1, 2, now);
}

TEST(a_picture_is_shown_when_all_of_it_is_there)
{
    viewer_open(&viewer, 0);
    packet(0, true, 1, 0, 2, 10 * MS);
    CHECK_EQ(viewer.pictures, 0);
    packet(0, true, 1, 1, 2, 25 * MS);
    CHECK_EQ(viewer.pictures, 1);
    CHECK_EQ(viewer.first_us, 25 * MS);
    packet(0, true, 1, 1, 2, 26 * MS); // again
    CHECK_EQ(viewer.pictures, 1);
}

TEST(nothing_is_shown_before_a_key_frame_nor_behind_a_gap)
{
    viewer_open(&viewer, 0);
    whole(0, false, 1, 0);
    CHECK_EQ(viewer.pictures, 0);
    whole(0, true, 2, 33 * MS);
    whole(0, false, 4, 99 * MS);
    CHECK_EQ(viewer.pictures, 1);
    whole(0, false, 3, 120 * MS); // it was late, and what waited for it follows
    CHECK_EQ(viewer.pictures, 3);
    whole(0, false, 6, 200 * MS);
    whole(0, true, 7, 233 * MS); // a key frame needs nothing
    CHECK_EQ(viewer.pictures, 4);
    viewer_close(&viewer, 240 * MS);
    CHECK_EQ(viewer.skipped, 2); // 1 and 6
}

// A frame in one packet of so many octets of the sequence, that needs the one so many before.
static void needy(uint32_t frame, uint8_t back, uint64_t seq, int64_t now)
{
    struct mark mark = {0, back == 0, frame, 0, 1, 0, back, 0, false};
    viewer_packet(&viewer, &mark, true, seq, frame * FRAME, 1000, now);
}

TEST(what_nobody_needs_may_be_missing)
{
    viewer_open(&viewer, 0);
    needy(1, 0, 1, 0);
    needy(2, 1, 2, 33 * MS); // of temporal layer 2
    needy(3, 2, 3, 66 * MS);
    needy(5, 4, 4, 133 * MS); // 4 was left out, numbers and all
    CHECK_EQ(viewer.pictures, 4);
    needy(7, 2, 6, 200 * MS); // 6 is lost: it may come yet
    CHECK_EQ(viewer.pictures, 4);
    viewer_play(&viewer, 299 * MS);
    CHECK_EQ(viewer.pictures, 4);
    viewer_play(&viewer, 300 * MS);
    CHECK_EQ(viewer.pictures, 5);
    needy(6, 1, 5, 310 * MS); // too late
    CHECK_EQ(viewer.pictures, 5);
}

TEST(what_needs_something_that_was_not_shown_is_not_shown)
{
    viewer_open(&viewer, 0);
    needy(1, 0, 1, 0);
    needy(5, 4, 2, 133 * MS);
    needy(8, 1, 3, 233 * MS); // 7 was left out
    viewer_play(&viewer, 1000 * MS);
    CHECK_EQ(viewer.pictures, 2);
    needy(9, 4, 4, 1033 * MS); // but not 5
    viewer_play(&viewer, 1200 * MS);
    CHECK_EQ(viewer.pictures, 3);
}

// The frame of a spatial layer of three, in one packet. `back`: pictures that it goes back.
static void spatial(uint32_t picture, uint8_t layer, uint8_t back, bool below, bool marker,
                    uint64_t seq)
{
    struct mark mark = {0,     back == 0, picture * 3 + layer, 0, 1, 0, (uint8_t)(back * 3),
                        layer, below};
    viewer_packet(&viewer, &mark, marker, seq, picture * FRAME, 1000,
                  (int64_t)picture * 33 * MS);
}

TEST(the_layers_of_a_picture_are_shown_together_up_to_the_marker)
{
    viewer_open(&viewer, 0);
    spatial(1, 0, 0, false, false, 1);
    spatial(1, 1, 0, true, false, 2);
    CHECK_EQ(viewer.pictures, 0);
    spatial(1, 2, 0, true, true, 3);
    CHECK_EQ(viewer.pictures, 1);
    CHECK_EQ(viewer.spatial, 2);
    spatial(2, 0, 1, false, true, 4); // from here on the upper ones are left out
    CHECK_EQ(viewer.pictures, 2);
    CHECK_EQ(viewer.spatial, 0);
    CHECK_EQ(viewer.switches, 1);
}

TEST(a_layer_that_stands_alone_goes_on_without_those_below)
{
    viewer_open(&viewer, 0);
    spatial(1, 0, 0, false, false, 1);
    spatial(1, 1, 0, true, false, 2);
    spatial(1, 2, 0, true, true, 3);
    spatial(2, 2, 1, false, true, 4); // of L3T3_KEY
    spatial(3, 2, 1, false, true, 5);
    CHECK_EQ(viewer.pictures, 3);
    spatial(4, 2, 1, true, true, 6); // it needs the layer below: none came
    viewer_play(&viewer, 10000 * MS);
    CHECK_EQ(viewer.pictures, 3);
}

TEST(a_picture_with_a_layer_that_lost_its_like_is_not_shown)
{
    viewer_open(&viewer, 0);
    spatial(1, 0, 0, false, false, 1);
    spatial(1, 1, 0, true, true, 2);
    spatial(2, 1, 1, false, true, 4); // the lowest is lost, and not needed here
    viewer_play(&viewer, 1000 * MS);
    CHECK_EQ(viewer.pictures, 2);
    spatial(3, 0, 1, false, false, 5); // but by the next one
    spatial(3, 1, 1, false, true, 6);
    viewer_play(&viewer, 10000 * MS);
    CHECK_EQ(viewer.pictures, 2);
}

TEST(another_layer_is_shown_from_its_key_frame_on)
{
    viewer_open(&viewer, 0);
    whole(2, true, 1, 0);
    whole(0, false, 2, 33 * MS);
    CHECK_EQ(viewer.pictures, 1);
    whole(0, true, 3, 66 * MS);
    whole(0, false, 4, 99 * MS);
    CHECK_EQ(viewer.pictures, 3);
    CHECK_EQ(viewer.switches, 1);
    CHECK_EQ(viewer.layer_in[0], 0);
}

TEST(the_longest_gap_of_each_second_and_its_layer_are_known)
{
    viewer_open(&viewer, 500 * MS);
    whole(2, true, 1, 600 * MS);
    whole(2, false, 2, 700 * MS);
    whole(0, true, 3, 1700 * MS); // second 1 of its life
    whole(0, false, 4, 1750 * MS);
    CHECK_EQ(viewer_longest(&viewer, 0, 1), 100 * MS);
    CHECK_EQ(viewer_longest(&viewer, 1, 2), 1000 * MS);
    CHECK_EQ(viewer_worst_layer(&viewer, 0, 1), 2);
    CHECK_EQ(viewer_worst_layer(&viewer, 1, 2), 0);
    CHECK_EQ(viewer_worst_layer(&viewer, 1, 3), NO_PICTURE);
    viewer_close(&viewer, 3000 * MS);
    CHECK_EQ(viewer_longest(&viewer, 2, 3), 1250 * MS);
}

TEST(a_gap_is_a_freeze_when_it_is_long_for_this_stream)
{
    viewer_open(&viewer, 0);
    int64_t now = 0;
    whole(0, true, 1, now);
    for (uint32_t frame = 2; frame <= 40; frame++)
        whole(0, false, frame, now += 33 * MS);
    whole(0, false, 41, now += 180 * MS); // 33 and 150 are 183
    CHECK_EQ(viewer.freezes, 0);
    for (uint32_t frame = 42; frame <= 80; frame++)
        whole(0, false, frame, now += 33 * MS);
    whole(0, false, 81, now += 190 * MS);
    CHECK_EQ(viewer.freezes, 1);
    CHECK_EQ(viewer.frozen_us, 190 * MS);
    viewer_close(&viewer, now + 1000 * MS);
    CHECK_EQ(viewer.freezes, 2);
    CHECK_EQ(viewer.longest_us, 1000 * MS);
}

TEST(a_camera_that_is_off_freezes_nothing)
{
    viewer_open(&viewer, 0);
    int64_t now = 0;
    whole(0, true, 1, now);
    for (uint32_t frame = 2; frame <= 40; frame++)
        whole(0, false, frame, now += 33 * MS);
    uint32_t last[3] = {41, 0, 0};
    viewer_pause(&viewer, last);
    whole(0, false, 41, now += 33 * MS); // was under way
    whole(0, true, 42, now += 5000 * MS);
    CHECK_EQ(viewer.freezes, 0);
    CHECK_EQ(viewer.longest_us, 33 * MS);
    whole(0, false, 43, now += 500 * MS);
    CHECK_EQ(viewer.freezes, 1);
}

TEST(pictures_and_octets_are_counted_by_seconds)
{
    viewer_open(&viewer, 0);
    whole(0, true, 1, 0);
    for (uint32_t frame = 2; frame <= 60; frame++)
        whole(0, false, frame, (frame - 1) * 33333);
    CHECK_EQ((int)viewer_rate(&viewer, 0, 2), 30);
    CHECK_EQ((int)viewer_kbps(&viewer, 0, 2), 480);
}

// --- Sound ---

static struct listener listener;

// A microphone's frames from `first` on, each `way` after it was made; plays all the time.
static void talk(uint32_t first, uint32_t count, int64_t way, unsigned lost_each)
{
    for (uint32_t frame = first; frame < first + count; frame++) {
        int64_t now = (int64_t)frame * LISTENER_FRAME_US + way;
        listener_play(&listener, now);
        if (!lost_each || frame % lost_each)
            listener_packet(&listener, frame, now);
    }
}

TEST(an_even_stream_is_played_without_inventing)
{
    listener = (struct listener){0};
    talk(1, 500, 50 * MS, 0);
    CHECK_EQ(listener.concealed, 0);
    CHECK_EQ(listener_target(&listener), 2);
    CHECK(listener.played > 490);
}

TEST(each_lost_packet_is_invented_once)
{
    listener = (struct listener){0};
    talk(1, 1000, 50 * MS, 10);
    CHECK(listener.concealed >= 98 && listener.concealed <= 100);
    CHECK(listener_concealed(&listener) > 9.5 && listener_concealed(&listener) < 10.5);
    CHECK_EQ(listener.longest, 1);
}

TEST(a_longer_way_costs_once_and_is_caught_up_when_it_is_short_again)
{
    listener = (struct listener){0};
    talk(1, 200, 50 * MS, 0);
    talk(201, 200, 250 * MS, 0);
    CHECK(listener.concealed >= 6 && listener.concealed <= 12);
    uint64_t before = listener.concealed;
    talk(401, 2000, 50 * MS, 0);
    CHECK_EQ(listener.concealed, before);
    CHECK(listener.hurried > 3);
    CHECK_EQ(listener_target(&listener), 2);
}

TEST(jitter_raises_what_is_kept_in_hand_until_little_is_invented)
{
    listener = (struct listener){0};
    int64_t now = 0;
    uint64_t early = 0;
    for (uint32_t frame = 1; frame <= 3000; frame++) {
        int64_t way = (50 + frame * 7919 % 100) * MS; // none overtakes another
        int64_t arrival = (int64_t)frame * LISTENER_FRAME_US + way;
        now = arrival > now ? arrival : now;
        listener_play(&listener, now);
        listener_packet(&listener, frame, now);
        if (frame == 1000)
            early = listener.concealed;
    }
    CHECK(listener_target(&listener) >= 3 && listener_target(&listener) <= 5);
    CHECK(listener.concealed - early < 20); // 1 % of 2000
}

TEST(what_comes_again_in_another_packet_is_not_invented)
{
    listener = (struct listener){0};
    for (uint32_t frame = 1; frame <= 500; frame++) {
        int64_t now = (int64_t)frame * LISTENER_FRAME_US;
        listener_play(&listener, now);
        if (frame % 5 == 0)
            continue; // lost
        listener_packet(&listener, frame, now);
        listener_spare(&listener, frame - 1);
    }
    CHECK_EQ(listener.concealed, 0);
    CHECK(listener.recovered >= 98);
}

TEST(after_a_long_outage_it_begins_anew)
{
    listener = (struct listener){0};
    talk(1, 100, 50 * MS, 0);
    talk(1000, 500, 50 * MS, 0);
    uint64_t concealed = listener.concealed;
    CHECK(concealed > 880 && concealed < 910);
    talk(1500, 500, 50 * MS, 0);
    CHECK_EQ(listener.concealed, concealed);
}
