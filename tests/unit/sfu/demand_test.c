// Which encodings a publisher is told that anybody has use for.
#include "sfu/demand.h"

#include "scene.h"
#include "test.h"

enum { PUBLISHER = 11, SUBSCRIBER = 12, OTHER = 13, VIEWER = 14, TRACK = 100 };

static struct scene scene;
static struct scene_client *publisher;

static void open_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    scene_subscriber(&scene, SUBSCRIBER);
    scene_subscriber(&scene, OTHER);
    scene_frame(&scene, publisher, 0);
}

static void pass(int64_t span_us)
{
    for (int64_t end = scene.now + span_us; scene.now < end;) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
    }
}

static void want(uint64_t subscriber, enum command_kind kind, enum video_quality quality)
{
    scene_feed(&scene, kind, subscriber, TRACK, quality);
    scene_settle(&scene);
}

// -1: nothing was told.
static int told(void)
{
    const struct notice *n = scene_last(&scene, NOTICE_DEMAND);
    CHECK(!n || (n->endpoint == PUBLISHER && n->track == TRACK && n->room == SCENE_ROOM));
    return n ? (int)n->demand.most : -1;
}

TEST(what_nobody_watches_is_told_after_a_while_and_what_is_wanted_at_once)
{
    open_call();
    want(SUBSCRIBER, COMMAND_FEED_OPEN, VIDEO_LOW);
    pass(DEMAND_HOLD_US / 2);
    CHECK_EQ(told(), -1);
    pass(DEMAND_HOLD_US);
    CHECK_EQ(told(), VIDEO_LOW);
    want(SUBSCRIBER, COMMAND_FEED_LAYER, VIDEO_HIGH);
    CHECK_EQ(told(), VIDEO_HIGH);
    scene_close(&scene);
}

TEST(the_best_wish_of_all_counts)
{
    open_call();
    want(SUBSCRIBER, COMMAND_FEED_OPEN, VIDEO_LOW);
    want(OTHER, COMMAND_FEED_OPEN, VIDEO_MEDIUM);
    pass(2 * DEMAND_HOLD_US);
    CHECK_EQ(told(), VIDEO_MEDIUM);
    want(OTHER, COMMAND_FEED_CLOSE, VIDEO_OFF);
    pass(2 * DEMAND_HOLD_US);
    CHECK_EQ(told(), VIDEO_LOW);
    want(OTHER, COMMAND_FEED_OPEN, VIDEO_HIGH);
    CHECK_EQ(told(), VIDEO_HIGH);
    scene_close(&scene);
}

TEST(a_window_that_is_dragged_about_is_told_nothing_of)
{
    open_call();
    want(SUBSCRIBER, COMMAND_FEED_OPEN, VIDEO_HIGH);
    for (int i = 0; i < 10; i++) {
        want(SUBSCRIBER, COMMAND_FEED_LAYER, VIDEO_LOW);
        pass(DEMAND_HOLD_US / 2);
        want(SUBSCRIBER, COMMAND_FEED_LAYER, VIDEO_HIGH);
        pass(DEMAND_HOLD_US / 2);
    }
    CHECK_EQ(told(), -1);
    scene_close(&scene);
}

TEST(where_nobody_looks_the_least_goes_on)
{
    open_call();
    pass(2 * DEMAND_HOLD_US);
    CHECK_EQ(told(), VIDEO_LOW);
    scene_close(&scene);
}

static void choose(enum video_quality most)
{
    scene_command(&scene, (struct command){.kind = COMMAND_SEAT_LAYER,
                                           .room = SCENE_ROOM,
                                           .endpoint = VIEWER,
                                           .seat = {.chooses = true, .most = most}});
    scene_settle(&scene);
}

// A viewer speaks of its sections, not of tracks.
TEST(what_a_viewer_chooses_counts_too)
{
    open_call();
    scene_viewer(&scene, VIEWER, 0, 1, "VP8");
    want(VIEWER, COMMAND_FEED_OPEN, VIDEO_HIGH);
    choose(VIDEO_LOW);
    pass(2 * DEMAND_HOLD_US);
    CHECK_EQ(told(), VIDEO_LOW);
    choose(VIDEO_HIGH);
    CHECK_EQ(told(), VIDEO_HIGH);
    scene_close(&scene);
}
