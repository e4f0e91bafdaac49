// Sound that repeats itself (RFC 2198): from publishers, and to viewers.
#include "rtc/red.h"

#include "scene.h"
#include "test.h"

#include "rtc/rtcp.h"

#include <string.h>

enum { ANN = 11, SUBSCRIBER = 21, VIEWER = 31, TRACK = 100, PACKET = 20 * 1000 };

static struct scene scene;
static struct scene_client *ann, *to;

static void publish(void)
{
    struct client_section mic = scene_audio;
    mic.red = true;
    scene_open(&scene);
    ann = scene_publisher(&scene, ANN, &mic, 1, TRACK);
    ann->sources[0].red_type = client_red_type(scene.last_answer);
}

static void speak(bool lost)
{
    scene.now += PACKET;
    source_frame(&ann->sources[0], scene.now, &ann->out);
    if (lost)
        batch_reset(&ann->out);
    scene_settle(&scene);
}

static uint32_t frame_of(const struct scene_packet *p)
{
    struct mark mark;
    return mark_read(&mark, false, (struct bytes){p->payload, p->len}) ? mark.frame : 0;
}

static void subscribe(void)
{
    to = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
}

TEST(a_publisher_is_answered_that_it_may_repeat_what_it_sent)
{
    publish();
    CHECK_EQ(client_red_type(scene.last_answer), CLIENT_PT_RED);
    CHECK(strstr(scene.last_answer, "a=fmtp:63 111/111\r\n"));
    scene_close(&scene);
}

TEST(subscribers_get_it_without_what_it_repeats)
{
    publish();
    subscribe();
    for (int i = 0; i < 5; i++)
        speak(false);
    CHECK_EQ(to->got_count, 5);
    for (size_t i = 0; i < 5; i++) {
        CHECK_EQ(to->got[i].payload_type, CLIENT_PT_OPUS);
        CHECK_EQ(to->got[i].len, to->got[0].len);
        CHECK_EQ(frame_of(&to->got[i]), frame_of(&to->got[0]) + i);
        CHECK_EQ(to->got[i].seq, (uint16_t)(to->got[0].seq + i));
    }
    scene_close(&scene);
}

TEST(what_was_lost_on_the_way_to_us_comes_with_the_next_packet)
{
    publish();
    subscribe();
    speak(false);
    speak(true);
    speak(false);
    CHECK_EQ(to->got_count, 3);
    CHECK_EQ(frame_of(&to->got[1]), frame_of(&to->got[0]) + 1);
    CHECK_EQ(to->got[1].seq, (uint16_t)(to->got[0].seq + 1));
    CHECK_EQ(to->got[1].timestamp, to->got[0].timestamp + 960);
    CHECK_EQ(to->got[2].timestamp, to->got[0].timestamp + 2 * 960);
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.recovered, 1);
    scene_close(&scene);
}

TEST(of_two_that_were_lost_the_one_that_is_repeated_comes)
{
    publish();
    subscribe();
    speak(false);
    speak(true);
    speak(true);
    speak(false);
    CHECK_EQ(to->got_count, 3);
    CHECK_EQ(frame_of(&to->got[1]), frame_of(&to->got[0]) + 2);
    CHECK_EQ(to->got[1].seq, (uint16_t)(to->got[0].seq + 2));
    scene_close(&scene);
}

TEST(what_is_no_such_payload_is_nothing)
{
    publish();
    subscribe();
    speak(false);
    // A packet of Opus under the wrong name: its first octet promises blocks that are not
    // there.
    ann->sources[0].red_type = 0;
    ann->sources[0].red_len = 0;
    struct router_stats before, after;
    router_get_stats(scene.router, &before);
    uint8_t packet[64] = {0x80, CLIENT_PT_RED};
    write_u16(packet + 2, (uint16_t)ann->sources[0].layers[0].seq);
    write_u32(packet + 8, ann->sources[0].layers[0].ssrc);
    memset(packet + 12, 0xff, sizeof packet - 12);
    client_send_rtp(&ann->client, (struct bytes){packet, sizeof packet},
                    ann->sources[0].layers[0].seq++, &ann->out);
    scene_settle(&scene);
    router_get_stats(scene.router, &after);
    CHECK_EQ(after.drop_malformed, before.drop_malformed + 1);
    CHECK_EQ(to->got_count, 1);
    scene_close(&scene);
}

// --- To a viewer ---

// A tenth of it was lost, says the viewer.
static void report_loss(void)
{
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    struct rtcp_report_block block = {.ssrc = to->offered[0].ssrc, .fraction_lost = 128};
    rtcp_put_receiver_report(&w, 1, &block, 1);
    scene_rtcp(&scene, to, &w);
}

TEST(a_viewer_that_loses_sound_is_sent_it_repeated)
{
    publish();
    scene.red = true;
    to = scene_viewer(&scene, VIEWER, 1, 0, "VP8");
    CHECK_EQ(client_red_type(scene.last_answer), CLIENT_PT_RED);
    scene_feed(&scene, COMMAND_FEED_OPEN, VIEWER, TRACK, VIDEO_HIGH);
    speak(false);
    CHECK_EQ(to->got[0].payload_type, CLIENT_PT_OPUS);
    report_loss();
    speak(false);
    const struct scene_packet *p = &to->got[1];
    struct red red;
    CHECK_EQ(to->got_count, 2);
    CHECK_EQ(p->payload_type, CLIENT_PT_RED);
    CHECK_EQ(red_parse(&red, (struct bytes){p->payload, p->len}), 0);
    CHECK_EQ(red.count, 2);
    CHECK_EQ(red.blocks[0].payload_type, CLIENT_PT_OPUS);
    CHECK_EQ(red.blocks[0].timestamp_offset, 960);
    CHECK_EQ(p->seq, (uint16_t)(to->got[0].seq + 1));
    scene_close(&scene);
}

// With other octets under the same number the cipher would give itself away.
TEST(a_packet_that_may_repeat_others_is_not_sent_a_second_time)
{
    publish();
    scene.red = true;
    to = scene_viewer(&scene, VIEWER, 1, 0, "VP8");
    scene_feed(&scene, COMMAND_FEED_OPEN, VIEWER, TRACK, VIDEO_HIGH);
    speak(false);
    report_loss();
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, to->offered[0].ssrc, &to->got[0].seq, 1);
    scene_rtcp(&scene, to, &w);
    CHECK_EQ(to->got_count, 1);
    scene_close(&scene);
}

TEST(a_viewer_that_knows_no_repeated_sound_gets_none)
{
    publish();
    to = scene_viewer(&scene, VIEWER, 1, 0, "VP8");
    scene_feed(&scene, COMMAND_FEED_OPEN, VIEWER, TRACK, VIDEO_HIGH);
    speak(false);
    report_loss();
    speak(false);
    CHECK_EQ(to->got_count, 2);
    CHECK_EQ(to->got[1].payload_type, CLIENT_PT_OPUS);
    scene_close(&scene);
}
