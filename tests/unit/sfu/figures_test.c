// What a router tells of a connection when it is asked.
#include "sfu/figures.h"

#include "scene.h"
#include "test.h"

#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, NOBODY = 99, TRACK = 100 };

static struct scene scene;
static struct scene_client *publisher;

static const struct figures *ask(uint64_t endpoint)
{
    static uint64_t request;
    scene_command(&scene, (struct command){.kind = COMMAND_FIGURES,
                                           .room = SCENE_ROOM,
                                           .endpoint = endpoint,
                                           .request = ++request});
    scene_settle(&scene);
    const struct notice *n = scene_last(&scene, NOTICE_FIGURES);
    CHECK(n != NULL);
    CHECK_EQ(n->endpoint, endpoint);
    CHECK_EQ(n->figures.request, request);
    return n->figures.are;
}

static void open_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    scene_subscriber(&scene, SUBSCRIBER);
    scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
}

static void play(int pictures)
{
    for (int i = 0; i < pictures; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
    }
}

TEST(a_publishers_layers_are_told_with_what_came_and_who_watches)
{
    open_call();
    play(60);
    const struct figures *f = ask(PUBLISHER);
    CHECK_EQ(f->kind, ENDPOINT_PUBLISH);
    CHECK_EQ(f->state, TRANSPORT_CONNECTED);
    CHECK(f->has_address);
    CHECK(f->packets_in > 60 && f->octets_in > f->packets_in);
    CHECK_EQ(f->track_count, 1);
    CHECK_EQ(f->feed_count, 0);
    const struct figures_track *t = &f->tracks[0];
    CHECK_EQ(t->track, TRACK);
    CHECK_EQ(t->codec, CODEC_VP8);
    CHECK_EQ(t->layer_count, 3);
    CHECK_TEXT(t->layers[0].rid, "f");
    CHECK_TEXT(t->layers[2].rid, "q");
    for (unsigned i = 0; i < 3; i++) {
        CHECK(t->layers[i].alive);
        CHECK_EQ(t->layers[i].pictures, 61);
        CHECK(t->layers[i].packets >= 61);
        CHECK_EQ(t->layers[i].lost, 0);
    }
    CHECK_EQ(t->layers[0].watchers, 1);
    CHECK_EQ(t->layers[2].watchers, 0);
    CHECK(t->layers[0].keys_asked >= 1);
    scene_close(&scene);
}

TEST(a_subscribers_feeds_are_told_with_what_left)
{
    open_call();
    play(60);
    const struct figures *f = ask(SUBSCRIBER);
    CHECK_EQ(f->kind, ENDPOINT_SUBSCRIBE);
    CHECK_EQ(f->track_count, 0);
    CHECK_EQ(f->feed_count, 1);
    CHECK_EQ(f->feeds[0].track, TRACK);
    CHECK_EQ(f->feeds[0].wanted, VIDEO_HIGH);
    CHECK_EQ(f->feeds[0].sent, VIDEO_HIGH);
    CHECK_TEXT(f->feeds[0].rid, "f");
    uint32_t packets = f->feeds[0].packets, octets = f->feeds[0].octets;
    uint64_t out = f->packets_out, octets_out = f->octets_out;
    CHECK(packets > 0 && octets > packets);
    CHECK(out >= packets);
    play(30);
    f = ask(SUBSCRIBER);
    CHECK(f->feeds[0].packets > packets && f->feeds[0].octets > octets);
    CHECK(f->packets_out - out >= f->feeds[0].packets - packets);
    CHECK(f->octets_out - octets_out > f->feeds[0].octets - octets);
    scene_close(&scene);
}

TEST(of_a_connection_that_is_not_there_nothing_is_told)
{
    open_call();
    CHECK(!ask(NOBODY));
    scene_close(&scene);
}
