// Pictures leave as fast as the way takes them, and sound does not wait for them.
#include "scene.h"
#include "test.h"

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
