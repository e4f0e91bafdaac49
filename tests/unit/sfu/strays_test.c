// A transport keeps 64 SSRCs of its peer. In a long call far more come and go.
#include "scene.h"
#include "test.h"

#include "rtc/rtcp.h"
#include "sfu/strays.h"

#include <stdio.h>
#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, TRACK = 100 };

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;

static void open_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
}

static uint64_t refused(void)
{
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    return stats.drops[TRANSPORT_DROP_SRTP];
}

// A camera that is new in each round, as browsers make them; the old one's last packets come
// when it is known to be gone.
TEST(a_hundred_cameras_of_one_publisher_one_after_the_other)
{
    open_call();
    struct source_layer *layer = &publisher->sources[1].layers[0];
    uint64_t track = TRACK;
    for (uint32_t i = 1; i <= 100; i++) {
        uint32_t old = layer->ssrc;
        struct client_section *section = &publisher->sections[1];
        snprintf(section->track_id, sizeof section->track_id, "cam%u", i);
        section->ssrc = 5000 + 2 * i;
        section->rtx_ssrc = 5001 + 2 * i;
        track += 2;
        scene_offer(&scene, publisher, track);
        scene.now += 1000000;
        client_check(&publisher->client, &publisher->out);
        client_check(&subscriber->client, &subscriber->out);
        scene_frame(&scene, publisher, 1); // late
        CHECK_EQ(layer->ssrc, old);
        layer->ssrc = section->ssrc;
        layer->rtx_ssrc = section->rtx_ssrc;
        scene_frame(&scene, publisher, 1);
    }
    CHECK_EQ(refused(), 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, track + 1, VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    CHECK(subscriber->got_count > 0);
    scene_close(&scene);
}

TEST(streams_that_no_offer_names_leave_room_for_those_that_one_does)
{
    open_call();
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    struct source *source = &publisher->sources[0];
    char mid = source->mid[0];
    source->mid[0] = '9';
    for (uint32_t i = 0; i < 200; i++) {
        source->layers[0].ssrc = 7000 + i;
        scene_frame(&scene, publisher, 0);
    }
    source->mid[0] = mid;
    source->layers[0].ssrc = scene_audio.ssrc;
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(refused(), 0);
    CHECK_EQ(subscriber->got_count, 1);
    scene_close(&scene);
}

// Firefox reports on each stream under an SSRC of its own.
TEST(a_subscriber_may_report_under_any_number_of_ssrcs)
{
    open_call();
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    for (uint32_t i = 0; i < 200; i++) {
        uint8_t buffer[64];
        struct writer w = writer_on(buffer, sizeof buffer);
        rtcp_put_pli(&w, 9000 + i, subscriber->offered[0].ssrc);
        scene_rtcp(&scene, subscriber, &w);
    }
    CHECK_EQ(refused(), 0);
    scene_close(&scene);
}

TEST(the_stray_that_came_first_is_forgotten_first)
{
    struct strays s;
    strays_init(&s, 3);
    CHECK_EQ(strays_note(&s, 11), 0);
    CHECK_EQ(strays_note(&s, 12), 0);
    CHECK_EQ(strays_note(&s, 13), 0);
    CHECK_EQ(strays_note(&s, 11), 0); // known
    CHECK_EQ(strays_note(&s, 14), 11);
    CHECK_EQ(strays_note(&s, 11), 12);
}
