// The sections of a subscriber's connection, and the offers that tell of them.
#include "scene.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, TRACK = 1000 };

static struct scene scene;

static void close_scene(void)
{
    scene_close(&scene);
}

// A publisher of microphone (track 100) and camera (track 101), and one who subscribed to both.
static struct scene_client *publisher;
static struct scene_client *subscriber;

static void open_feed(uint64_t track)
{
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, track, VIDEO_HIGH);
}

static void close_feed(uint64_t track)
{
    scene_feed(&scene, COMMAND_FEED_CLOSE, SUBSCRIBER, track, VIDEO_OFF);
}

static void open_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    open_feed(TRACK);
    open_feed(TRACK + 1);
}

static void answer(char *sdp)
{
    scene_command(
        &scene,
        (struct command){.kind = COMMAND_ANSWER, .endpoint = SUBSCRIBER, .answer.sdp = sdp});
    scene_settle(&scene);
}

static char *accepting_answer(void)
{
    struct text text = {0};
    client_write_answer(&subscriber->client, subscriber->last_offer, &text);
    return text_take(&text);
}

TEST(the_section_of_a_feed_that_is_gone_is_inactive_then_stopped_then_anothers)
{
    open_call();
    close_feed(TRACK + 1);
    CHECK(!subscriber->offered[1].active);
    CHECK(!subscriber->offered[1].stopped);
    CHECK_TEXT(subscriber->offered[1].mid, "2");
    open_feed(TRACK + 1);
    CHECK(subscriber->offered[1].stopped);
    CHECK_EQ(subscriber->offered_count, 3);
    CHECK_TEXT(subscriber->offered[2].mid, "3");
    close_feed(TRACK + 1);
    open_feed(TRACK + 1);
    CHECK_EQ(subscriber->offered_count, 3);
    CHECK(subscriber->offered[1].active);
    CHECK_TEXT(subscriber->offered[1].mid, "4");
    CHECK_TEXT(subscriber->offered[1].track_id, "cam");
    CHECK(subscriber->offered[2].stopped);
    CHECK_EQ(subscriber->wrong_steps, 0);
    close_scene();
}

TEST(a_section_may_be_used_again_for_the_other_kind_of_media)
{
    open_call();
    close_feed(TRACK + 1);
    close_feed(TRACK);
    open_feed(TRACK); // the camera's section is stopped
    CHECK_TEXT(subscriber->offered[1].track_id, "mic");
    CHECK_TEXT(subscriber->offered[1].mid, "3");
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 1);
    CHECK_EQ(subscriber->got[0].ssrc, subscriber->offered[1].ssrc);
    CHECK_EQ(subscriber->wrong_steps, 0);
    close_scene();
}

TEST(two_hundred_feeds_in_the_life_of_a_subscriber_need_three_sections)
{
    open_call();
    for (int i = 0; i < 200; i++) {
        close_feed(TRACK + 1);
        open_feed(TRACK + 1);
        CHECK(subscriber->offered_count <= 3);
    }
    CHECK_EQ(subscriber->wrong_steps, 0);
    char mid[8];
    snprintf(mid, sizeof mid, "%d", 202);
    size_t at = strcmp(subscriber->offered[1].mid, mid) == 0 ? 1 : 2;
    CHECK_TEXT(subscriber->offered[at].mid, mid);
    scene_frame(&scene, publisher, 1);
    CHECK(subscriber->got_count > 0);
    CHECK_EQ(subscriber->got[0].ssrc, subscriber->offered[at].ssrc);
    close_scene();
}

// 32 publishers of eight microphones each; the subscriber takes as many as it can.
static void open_full_call(void)
{
    scene_open(&scene);
    for (unsigned i = 0; i < 32; i++) {
        struct client_section sections[8] = {0};
        for (unsigned j = 0; j < 8; j++) {
            sections[j] = (struct client_section){.layers = 1, .ssrc = 1001 + j};
            snprintf(sections[j].stream_id, sizeof sections[j].stream_id, "s%u", i);
            snprintf(sections[j].track_id, sizeof sections[j].track_id, "t%u-%u", i, j);
        }
        publisher = scene_publisher(&scene, 20 + i, sections, 8, TRACK + 8 * i);
    }
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    for (unsigned i = 0; i < 255; i++)
        scene_command(&scene, (struct command){.kind = COMMAND_FEED_OPEN,
                                               .room = SCENE_ROOM,
                                               .endpoint = SUBSCRIBER,
                                               .track = TRACK + i,
                                               .feed.quality = VIDEO_HIGH});
    scene_settle(&scene);
}

TEST(the_256th_feed_at_a_time_is_refused)
{
    open_full_call();
    CHECK_EQ(subscriber->offered_count, 255);
    unsigned offers = subscriber->offers;
    open_feed(TRACK + 255);
    CHECK_EQ(subscriber->offers, offers);
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.feeds, 255);
    close_scene();
}

TEST(a_feed_waits_for_a_place_when_all_are_taken_and_then_flows)
{
    open_full_call();
    subscriber->mute = true; // so that one offer tells of both
    close_feed(TRACK + 5);
    open_feed(TRACK + 255);
    unsigned offers = subscriber->offers;
    subscriber->mute = false;
    answer(accepting_answer());
    // Stopped, and used again.
    CHECK_EQ(subscriber->offers, offers + 2);
    CHECK_EQ(subscriber->offered_count, 255);
    CHECK_TEXT(subscriber->offered[5].track_id, "t31-7");
    CHECK_TEXT(subscriber->offered[5].mid, "256");
    CHECK_EQ(subscriber->wrong_steps, 0);
    scene_frame(&scene, publisher, 7);
    CHECK_EQ(subscriber->got_count, 1);
    close_scene();
}

TEST(a_client_that_never_stops_a_section_is_not_offered_for_ever)
{
    open_full_call();
    close_feed(TRACK + 5);
    subscriber->mute = true;
    open_feed(TRACK + 255);
    CHECK(subscriber->offered[5].stopped);
    unsigned offers = subscriber->offers;
    char *sdp = accepting_answer();
    char *refused = strstr(sdp, "m=audio 0 ");
    CHECK(refused != NULL);
    memcpy(refused, "m=audio 9 ", strlen("m=audio 9 "));
    answer(sdp);
    CHECK_EQ(subscriber->offers, offers);
    close_scene();
}

TEST(a_section_that_the_answer_refuses_is_not_sent)
{
    open_call();
    subscriber->mute = true; // the next offer is answered here
    scene_command(&scene,
                  (struct command){.kind = COMMAND_RESTART_ICE, .endpoint = SUBSCRIBER});
    scene_settle(&scene);
    struct text answer = {0};
    client_write_answer(&subscriber->client, subscriber->last_offer, &answer);
    char *sdp = text_take(&answer);
    char *video = strstr(sdp, "m=video");
    memcpy(strstr(video, "a=recvonly"), "a=inactive", strlen("a=inactive"));
    scene_command(
        &scene,
        (struct command){.kind = COMMAND_ANSWER, .endpoint = SUBSCRIBER, .answer.sdp = sdp});
    scene_frame(&scene, publisher, 1);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 1);
    CHECK_EQ(subscriber->got[0].ssrc, subscriber->offered[0].ssrc);
    close_scene();
}

TEST(a_section_that_the_answer_stops_is_inactive_in_the_next_offer_and_its_place_free_later)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    subscriber->mute = true;
    open_feed(TRACK + 1);
    char *sdp = accepting_answer();
    memcpy(strstr(sdp, "m=video 9 "), "m=video 0 ", strlen("m=video 0 "));
    subscriber->mute = false;
    answer(sdp);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 0);
    open_feed(TRACK);
    CHECK(!subscriber->offered[0].active);
    CHECK_TEXT(subscriber->offered[0].mid, "1");
    close_feed(TRACK);
    CHECK(subscriber->offered[0].stopped);
    open_feed(TRACK);
    CHECK(subscriber->offered[0].active);
    CHECK_TEXT(subscriber->offered[0].track_id, "mic");
    CHECK_EQ(subscriber->wrong_steps, 0);
    // The refused feed is still known, and is not offered again.
    CHECK_EQ(subscriber->offered_count, 2);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 0);
    close_scene();
}

TEST(credentials_of_an_unanswered_offer_outlive_a_restart)
{
    open_call();
    subscriber->mute = true;
    close_feed(TRACK + 1);
    unsigned offers = subscriber->offers;
    for (int i = 0; i < 2; i++) {
        scene_command(&scene,
                      (struct command){.kind = COMMAND_RESTART_ICE, .endpoint = SUBSCRIBER});
        scene_settle(&scene);
    }
    CHECK_EQ(subscriber->offers, offers);
    char before[33];
    memcpy(before, subscriber->client.remote_ufrag, sizeof before);
    subscriber->mute = false;
    answer(accepting_answer());
    CHECK_EQ(subscriber->offers, offers + 1);
    CHECK(strcmp(subscriber->client.remote_ufrag, before) != 0);
    close_scene();
}

TEST(restart_of_a_subscribers_ice_is_an_offer_with_new_credentials)
{
    open_call();
    char before[33];
    memcpy(before, subscriber->client.remote_ufrag, sizeof before);
    scene_command(&scene,
                  (struct command){.kind = COMMAND_RESTART_ICE, .endpoint = SUBSCRIBER});
    scene_settle(&scene);
    CHECK(strcmp(subscriber->client.remote_ufrag, before) != 0);
    CHECK_EQ(subscriber->offered_count, 2);
    close_scene();
}

TEST(an_unanswered_offer_is_never_followed_by_another_however_slow_the_client)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    subscriber->mute = true;
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK_EQ(subscriber->offers, 2);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    scene.now += 29000000;
    scene_settle(&scene);
    CHECK_EQ(subscriber->offers, 2);
    close_scene();
}
