// A publisher offers its camera again, with other encodings than before.
#include "scene.h"
#include "test.h"

#include <string.h>

enum {
    PUBLISHER = 11,
    SUBSCRIBER = 12,
    TRACK = 100,
    BEST = 1 << 0,
    MIDDLE = 1 << 1,
    LEAST = 1 << 2,
    SECOND_US = 1000 * 1000,
};

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;

// Pictures of so long. Returns which encodings the subscriber got meanwhile, a bit each.
static unsigned watch(int64_t span_us)
{
    unsigned got = 0;
    subscriber->got_count = 0;
    for (int64_t end = scene.now + span_us; scene.now < end;) {
        scene_pass(&scene, VIDEO_FRAME_US, VIDEO_FRAME_US);
        scene_frame(&scene, publisher, 0);
        for (size_t i = 0; i < subscriber->got_count; i++) {
            const struct scene_packet *p = &subscriber->got[i];
            struct mark m;
            if (p->ssrc != subscriber->offered[0].ssrc)
                continue;
            CHECK(mark_read(&m, true, (struct bytes){p->payload, p->len}));
            got |= 1u << m.layer;
        }
        subscriber->got_count = 0;
    }
    return got;
}

static void open_call(enum video_quality most)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, most);
    watch(2 * SECOND_US);
}

// Offers it without some encodings. Its camera sends all of them as before.
static void offer_without(unsigned encodings)
{
    publisher->sections[0].without = encodings;
    scene_offer(&scene, publisher, TRACK);
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK_EQ(scene.last_answer_tracks, 1);
}

TEST(an_encoding_that_is_offered_no_more_is_not_forwarded)
{
    open_call(VIDEO_LOW);
    CHECK_EQ(watch(SECOND_US), LEAST);
    offer_without(LEAST);
    CHECK_EQ(watch(SECOND_US) & LEAST, 0);
    scene_close(&scene);
}

TEST(other_encodings_stay_what_they_are_without_the_best)
{
    open_call(VIDEO_HIGH);
    CHECK_EQ(watch(SECOND_US), BEST);
    offer_without(BEST);
    CHECK_EQ(watch(2 * SECOND_US), MIDDLE);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_LOW);
    watch(2 * SECOND_US);
    CHECK_EQ(watch(SECOND_US), LEAST);
    scene_close(&scene);
}

TEST(an_encoding_that_is_offered_again_goes_on)
{
    open_call(VIDEO_HIGH);
    offer_without(BEST);
    watch(2 * SECOND_US);
    offer_without(0);
    watch(2 * SECOND_US);
    CHECK_EQ(watch(SECOND_US), BEST);
    scene_close(&scene);
}

// One that has no name is another than those that had.
TEST(one_encoding_takes_the_place_of_three)
{
    open_call(VIDEO_LOW);
    CHECK_EQ(watch(SECOND_US), LEAST);
    publisher->sections[0].layers = 1;
    publisher->sections[0].ssrc = 7001;
    publisher->sections[0].rtx_ssrc = 7002;
    scene_offer(&scene, publisher, TRACK);
    CHECK_EQ(scene.last_answer_err, 0);
    struct source *camera = &publisher->sources[0];
    camera->paused[1] = camera->paused[2] = true;
    camera->layers[0].ssrc = 7001;
    watch(SECOND_US);
    CHECK_EQ(watch(SECOND_US), BEST);
    scene_close(&scene);
}

TEST(three_encodings_take_the_place_of_one)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_LOW);
    CHECK_EQ(watch(SECOND_US), BEST);
    publisher->sections[0] = scene_simulcast;
    memcpy(publisher->sections[0].track_id, scene_video.track_id, sizeof scene_video.track_id);
    scene_offer(&scene, publisher, TRACK);
    struct source *camera = &publisher->sources[0];
    source_dispose(camera);
    source_init(camera, &publisher->client, &publisher->twcc, &publisher->sections[0], 1,
                &scene.rng);
    watch(SECOND_US);
    CHECK_EQ(watch(SECOND_US), LEAST);
    scene_close(&scene);
}
