// Pictures leave as fast as the way takes them, and sound does not wait for them.
#include "scene.h"
#include "test.h"

#include "sfu/pace.h"

enum {
    PUBLISHER = 11,
    SUBSCRIBER = 12,
    CAMERA = 100,
    MICROPHONE = 101,
    KEY_FRAME = 16,
    MS = 1000
};

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;

static const struct client_section sections[] = {
    {.video = true,
     .stream_id = "camera",
     .track_id = "cam",
     .layers = 1,
     .ssrc = 2001,
     .rtx_ssrc = 2002},
    {.stream_id = "camera", .track_id = "mic", .layers = 1, .ssrc = 2003},
};

// A subscriber that will tell what arrives; of its way nothing is known but the guess.
static void open_call(bool tells)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, sections, 2, CAMERA);
    scene.agrees_to_numbers = tells;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, CAMERA, VIDEO_HIGH);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, MICROPHONE, VIDEO_HIGH);
}

// How many packets came of it. Each has the number behind the one before.
static size_t came(bool video)
{
    uint32_t ssrc = subscriber->offered[video ? 0 : 1].ssrc;
    size_t count = 0;
    uint16_t next = 0;
    for (size_t i = 0; i < subscriber->got_count; i++) {
        const struct scene_packet *p = &subscriber->got[i];
        if (p->ssrc != ssrc)
            continue;
        CHECK(count == 0 || p->seq == next);
        next = (uint16_t)(p->seq + 1);
        count++;
    }
    return count;
}

TEST(a_key_frame_is_spread_over_time)
{
    open_call(true);
    scene_frame(&scene, publisher, 0);
    size_t at_once = came(true);
    CHECK(at_once >= 1 && at_once < KEY_FRAME / 2);
    scene_pass(&scene, 20 * MS, MS);
    CHECK(came(true) > at_once && came(true) < KEY_FRAME);
    scene_pass(&scene, 250 * MS, MS);
    CHECK_EQ(came(true), KEY_FRAME);
    scene_close(&scene);
}

TEST(pictures_that_follow_leave_behind_what_waits)
{
    open_call(true);
    for (int i = 0; i < 4; i++) {
        scene_frame(&scene, publisher, 0);
        scene_pass(&scene, 33 * MS, MS);
    }
    scene_pass(&scene, 250 * MS, MS);
    CHECK_EQ(came(true), KEY_FRAME + 3 * KEY_FRAME / 4);
    scene_close(&scene);
}

TEST(sound_does_not_wait_for_pictures)
{
    open_call(true);
    scene_frame(&scene, publisher, 0);
    CHECK(came(true) < KEY_FRAME);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(came(false), 1);
    scene_close(&scene);
}

TEST(where_nothing_is_known_of_the_way_nothing_waits)
{
    open_call(false);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(came(true), KEY_FRAME);
    scene_close(&scene);
}

// Its numbers are those of packets that never left.
TEST(of_a_feed_that_is_gone_nothing_waits)
{
    open_call(true);
    scene_frame(&scene, publisher, 0);
    size_t at_once = came(true);
    CHECK(at_once < KEY_FRAME);
    scene_feed(&scene, COMMAND_FEED_CLOSE, SUBSCRIBER, CAMERA, VIDEO_OFF);
    scene_pass(&scene, 300 * MS, 5 * MS);
    CHECK_EQ(subscriber->got_count, at_once);
    scene_close(&scene);
}

// --- By what is known of the way ---

static struct batch_path path;
static struct pace pace;

static void follow(struct pace_way way)
{
    pace = (struct pace){.path = &path};
    pacer_init(&pace.pacer, 1000 * 1000, 0);
    pace_follow(&pace, &way, 0);
}

// The pacer lets 2.5 times of that go.
TEST(where_there_is_room_pictures_leave_at_a_multiple_of_the_estimate_and_soon)
{
    follow((struct pace_way){.bps = 2000e3, .carried_bps = 2100e3, .used_bps = 1000e3});
    CHECK_EQ((int)pace.pacer.bps, 2000 * 1000);
    CHECK_EQ(pace.pacer.wait_most_us, 50 * MS);
    follow((struct pace_way){.bps = 2000e3, .used_bps = 1000e3, .wait_us = 20 * MS});
    CHECK_EQ((int)pace.pacer.bps, 2000 * 1000);
    CHECK_EQ(pace.pacer.wait_most_us, 250 * MS);
}

TEST(a_way_that_is_nearly_full_is_given_no_more_than_a_quarter_more_than_it_carries)
{
    follow((struct pace_way){.bps = 900e3, .carried_bps = 1000e3, .used_bps = 800e3});
    CHECK_EQ((int)pace.pacer.bps, 500 * 1000);
    CHECK_EQ(pace.pacer.wait_most_us, 500 * MS);
    // Beside another who takes half of it the estimate says more.
    follow((struct pace_way){.bps = 1200e3, .carried_bps = 1000e3, .used_bps = 1000e3});
    CHECK_EQ((int)pace.pacer.bps, 600 * 1000);
    // While its queue is long it is given less than it carries.
    follow((struct pace_way){
        .bps = 900e3, .carried_bps = 1000e3, .used_bps = 800e3, .crowded = true});
    CHECK_EQ((int)pace.pacer.bps, 360 * 1000);
}

// A queue is seldom met where nothing is sent faster than the way carries it.
TEST(a_way_that_was_full_once_is_given_no_more_than_a_quarter_more_than_the_estimate)
{
    follow((struct pace_way){.bps = 1500e3, .was_full = true, .used_bps = 1000e3});
    CHECK_EQ((int)pace.pacer.bps, 750 * 1000);
    CHECK_EQ(pace.pacer.wait_most_us, 500 * MS);
}

TEST(a_way_that_may_have_become_narrow_is_given_what_it_carries_then)
{
    follow((struct pace_way){.bps = 2500e3, .doubtful_bps = 500e3, .used_bps = 1000e3});
    CHECK_EQ((int)pace.pacer.bps, 200 * 1000);
    CHECK_EQ(pace.pacer.wait_most_us, 500 * MS);
}

TEST(of_a_way_that_was_never_full_nothing_is_held_back_for_long)
{
    follow((struct pace_way){.bps = 900e3, .used_bps = 800e3});
    CHECK_EQ((int)pace.pacer.bps, 900 * 1000);
    CHECK_EQ(pace.pacer.wait_most_us, 250 * MS);
}
