// What a router does with a publisher and a subscriber whom the network does not disturb.
#include "scene.h"
#include "test.h"

#include "base/limits.h"
#include "base/mem.h"
#include "rtc/negotiate.h"
#include "rtc/rtcp.h"

#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, TRACK = 100 };

static struct scene scene;

static void close_scene(void)
{
    scene_close(&scene);
}

// A publisher of microphone (track 100) and camera (track 101), and one who subscribed to both.
static struct scene_client *publisher;
static struct scene_client *subscriber;

static void open_call(enum video_quality video)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK + 1, video);
}

TEST(a_publisher_connects_and_its_tracks_are_in_the_answer)
{
    scene_open(&scene);
    scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK_EQ(scene.last_answer_tracks, 2);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 1);
    close_scene();
}

TEST(a_subscriber_is_offered_the_data_channel_at_once)
{
    scene_open(&scene);
    struct scene_client *c = scene_subscriber(&scene, SUBSCRIBER);
    CHECK_EQ(c->offers, 1);
    CHECK_EQ(c->offered_count, 0);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 1);
    close_scene();
}

TEST(who_is_connected_is_told_with_the_port_of_its_data_channel)
{
    open_call(VIDEO_OFF);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 2);
    for (size_t i = 0; i < scene.log.count; i++)
        if (scene.log.at[i].kind == NOTICE_CONNECTED)
            CHECK_EQ(scene.log.at[i].connected.sctp_port, 5000);
    close_scene();
}

// FFmpeg takes a datagram of SCTP that it did not ask for for a reason to wait before each
// packet.
TEST(who_offers_no_data_channel_gets_none_until_it_does)
{
    scene_open(&scene);
    scene.no_channel = true;
    struct scene_client *c = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 1);
    CHECK_EQ(scene_last(&scene, NOTICE_CONNECTED)->connected.sctp_port, 0);

    scene.no_channel = false;
    scene_offer(&scene, c, TRACK);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 2);
    CHECK_EQ(scene_last(&scene, NOTICE_CONNECTED)->connected.sctp_port, 5000);
    scene_offer(&scene, c, TRACK);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 2);
    close_scene();
}

TEST(a_feed_is_offered_under_the_publishers_msid)
{
    open_call(VIDEO_HIGH);
    CHECK_EQ(subscriber->offered_count, 2);
    CHECK_TEXT(subscriber->offered[0].mid, "1");
    CHECK_TEXT(subscriber->offered[0].stream_id, "camera");
    CHECK_TEXT(subscriber->offered[0].track_id, "mic");
    CHECK_TEXT(subscriber->offered[1].track_id, "cam");
    CHECK(subscriber->offered[1].rtx_ssrc != 0);
    close_scene();
}

TEST(audio_reaches_the_subscriber_with_its_payload)
{
    open_call(VIDEO_OFF);
    scene_frame(&scene, publisher, 0);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 2);
    CHECK_EQ(subscriber->got[0].ssrc, subscriber->offered[0].ssrc);
    CHECK_EQ((uint16_t)(subscriber->got[1].seq - subscriber->got[0].seq), 1);
    CHECK(subscriber->got[0].seq < 32768);
    struct mark m;
    struct bytes payload = {subscriber->got[1].payload, subscriber->got[1].len};
    CHECK(mark_read(&m, false, payload));
    CHECK_EQ(m.frame, 2);
    close_scene();
}

// An encoder that sends nothing while nobody speaks (RFC 7587 section 3.1.3) sends a packet of
// an octet in 400 ms: the next number, and a time that leaps.
TEST(sound_with_long_silences_has_no_gap_and_nothing_of_it_is_asked_for)
{
    enum { SILENT = 20, TICKS_PER_SILENCE = 48 * 400 };
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_audio, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    scene_frame(&scene, publisher, 0);
    const struct source_layer *l = &publisher->sources[0].layers[0];
    uint64_t seq = l->seq;
    uint8_t packet[13] = {0x80, CLIENT_PT_OPUS, [12] = 0x78};
    write_u32(packet + 8, l->ssrc);
    for (uint32_t i = 1; i <= SILENT; i++) {
        scene.now += 400 * 1000;
        write_u16(packet + 2, (uint16_t)(seq + i));
        write_u32(packet + 4, 1000 + i * TICKS_PER_SILENCE);
        client_send_rtp(&publisher->client, (struct bytes){packet, sizeof packet}, seq + i,
                        &publisher->out);
        client_check(&subscriber->client, &subscriber->out);
        scene_settle(&scene);
    }
    CHECK_EQ(subscriber->got_count, 1 + SILENT);
    const struct scene_packet *first = &subscriber->got[1];
    for (uint32_t i = 0; i < SILENT; i++) {
        CHECK_EQ(first[i].seq, (uint16_t)(first->seq + i));
        CHECK_EQ(first[i].timestamp - first->timestamp, i * TICKS_PER_SILENCE);
        CHECK_EQ(first[i].len, 1);
    }
    CHECK_EQ(publisher->nacks, 0);
    CHECK_EQ(publisher->plis, 0);
    scene_close(&scene);
}

TEST(the_first_packet_of_a_track_is_told_once)
{
    open_call(VIDEO_OFF);
    scene_frame(&scene, publisher, 0);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(scene_count(&scene, NOTICE_TRACK_UP), 1);
    CHECK_EQ(scene_last(&scene, NOTICE_TRACK_UP)->track, 100);
    close_scene();
}

TEST(video_starts_at_a_key_frame)
{
    open_call(VIDEO_OFF);
    scene_frame(&scene, publisher, 1); // a key frame which nobody wants
    scene.now += 600000;               // of a key frame that is younger it would get the past
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    CHECK_EQ(subscriber->got_count, 0);
    // The request is there at once, so the next frame is a key frame of 16 packets.
    CHECK_EQ(publisher->plis, 1);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 16);
    struct mark m;
    CHECK(mark_read(&m, true,
                    (struct bytes){subscriber->got[0].payload, subscriber->got[0].len}));
    CHECK(m.key);
    CHECK_EQ(m.frame, 2);
    CHECK(subscriber->got[15].marker);
    close_scene();
}

TEST(a_delta_frame_starts_nothing)
{
    open_call(VIDEO_OFF);
    scene_frame(&scene, publisher, 1);
    scene.now += 600000; // of a key frame that is younger it would get the past
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    publisher->sources[1].layers[0].key_wanted = false;
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 0);
    close_scene();
}

TEST(a_key_frame_is_asked_for_again_every_half_second)
{
    open_call(VIDEO_OFF);
    scene_frame(&scene, publisher, 1);
    scene.now += 600000; // of a key frame that is younger it would get the past
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    CHECK_EQ(publisher->plis, 1);
    scene_pass(&scene, 490000, 10000);
    CHECK_EQ(publisher->plis, 1);
    scene_pass(&scene, 20000, 10000);
    CHECK_EQ(publisher->plis, 2);
    scene_frame(&scene, publisher, 1);
    scene_pass(&scene, 2000000, 10000);
    CHECK_EQ(publisher->plis, 2);
    close_scene();
}

TEST(layer_none_stops_the_video)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 16);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK + 1, VIDEO_OFF);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 16);
    close_scene();
}

TEST(numbers_go_on_without_a_gap_after_a_pause)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK + 1, VIDEO_OFF);
    scene_frame(&scene, publisher, 1);
    scene_frame(&scene, publisher, 1);
    scene.now += 1000000;
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 32);
    CHECK_EQ((uint16_t)(subscriber->got[16].seq - subscriber->got[15].seq), 1);
    CHECK_EQ(subscriber->got[16].timestamp - subscriber->got[15].timestamp, 90000);
    close_scene();
}

TEST(a_probe_of_padding_only_is_not_forwarded_and_leaves_no_gap)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    source_probe(&publisher->sources[1], 100, scene.now, &publisher->out);
    source_probe(&publisher->sources[1], 100, scene.now, &publisher->out);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 20);
    CHECK_EQ((uint16_t)(subscriber->got[16].seq - subscriber->got[15].seq), 1);
    close_scene();
}

TEST(a_key_frame_request_of_a_subscriber_is_passed_on_and_throttled)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    scene.now += 600000;
    unsigned before = publisher->plis;
    uint8_t buffer[64];
    for (int i = 0; i < 3; i++) {
        struct writer w = writer_on(buffer, sizeof buffer);
        rtcp_put_pli(&w, 1, subscriber->offered[1].ssrc);
        scene_rtcp(&scene, subscriber, &w);
    }
    CHECK_EQ(publisher->plis, before + 1);
    close_scene();
}

TEST(what_a_publisher_lost_is_asked_for_and_forwarded_late)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    struct source_layer *layer = &publisher->sources[1].layers[0];
    // A frame that the network swallows, and one that shows that it is missing.
    source_frame(&publisher->sources[1], scene.now, &publisher->out);
    batch_reset(&publisher->out);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 20);
    scene_pass(&scene, 50000, 10000);
    CHECK(publisher->nacks >= 1);
    CHECK_EQ(subscriber->got_count, 24);
    // Late, but under the numbers that were left for them.
    CHECK_EQ((uint16_t)(subscriber->got[20].seq - subscriber->got[15].seq), 1);
    CHECK_EQ((uint16_t)(subscriber->got[23].seq - subscriber->got[15].seq), 4);
    CHECK_EQ((uint16_t)(subscriber->got[16].seq - subscriber->got[15].seq), 5);
    CHECK_EQ(layer->frame, 3);
    close_scene();
}

TEST(a_publisher_hears_transport_wide_feedback_and_receiver_reports)
{
    open_call(VIDEO_HIGH);
    for (int i = 0; i < 60; i++) {
        scene_frame(&scene, publisher, 1);
        scene_pass(&scene, 33000, 11000);
    }
    CHECK(publisher->twccs >= 15);
    CHECK_EQ(publisher->receiver_reports, 1);
    close_scene();
}

TEST(feedback_tells_when_packets_came_and_not_when_they_were_read)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    scene_pass(&scene, 200000, 10000); // all of before is told
    scene.apart_us = 750;
    scene_frame(&scene, publisher, 1); // four packets, read together
    scene.apart_us = 0;
    scene_pass(&scene, 200000, 10000);
    CHECK_EQ(publisher->arrival_count, 4);
    for (size_t i = 1; i < 4; i++)
        CHECK_EQ(publisher->arrivals[i] - publisher->arrivals[i - 1], 750);
    close_scene();
}

TEST(sender_reports_keep_the_publishers_clock)
{
    open_call(VIDEO_OFF);
    scene_frame(&scene, publisher, 0);
    source_report(&publisher->sources[0], scene.now, &publisher->out);
    int64_t reported_at = scene.now;
    scene_settle(&scene);
    scene_pass(&scene, 2500000, 10000);
    CHECK(subscriber->reports >= 1);
    // The publisher's clock is a day ahead of ours and starts at its own timestamp.
    int64_t ntp_us = (int64_t)(subscriber->report_ntp >> 32) * 1000000 +
                     (int64_t)((subscriber->report_ntp & 0xffffffff) * 1000000 >> 32);
    int64_t since_us = ntp_us - 86400000000 - reported_at;
    uint32_t expected = publisher->sources[0].layers[0].timestamp_base +
                        (uint32_t)((reported_at + since_us) * 48 / 1000);
    CHECK(since_us > 0);
    CHECK((int32_t)(subscriber->report_rtp - expected) < 3);
    CHECK((int32_t)(subscriber->report_rtp - expected) > -3);
    close_scene();
}

TEST(offers_wait_for_the_answer_and_are_coalesced)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    subscriber->mute = true;
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK_EQ(subscriber->offers, 2);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
    scene_feed(&scene, COMMAND_FEED_CLOSE, SUBSCRIBER, TRACK, VIDEO_OFF);
    CHECK_EQ(subscriber->offers, 2);
    subscriber->mute = false;
    struct text answer = {0};
    client_write_answer(&subscriber->client, subscriber->last_offer, &answer);
    scene_command(&scene, (struct command){.kind = COMMAND_ANSWER,
                                           .endpoint = SUBSCRIBER,
                                           .answer.sdp = text_take(&answer)});
    scene_settle(&scene);
    CHECK_EQ(subscriber->offers, 3);
    CHECK_EQ(subscriber->offered_count, 2);
    CHECK(!subscriber->offered[0].active);
    CHECK(subscriber->offered[1].active);
    close_scene();
}

TEST(an_answer_that_does_not_parse_stops_nothing)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    scene_command(&scene, (struct command){.kind = COMMAND_ANSWER,
                                           .endpoint = SUBSCRIBER,
                                           .answer.sdp = text_take(&(struct text){0})});
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 20);
    close_scene();
}

TEST(an_offer_that_does_not_parse_is_answered_with_the_reason)
{
    open_call(VIDEO_HIGH);
    struct text sdp = {0};
    text_add(&sdp, "v=0\r\n");
    scene_command(&scene, (struct command){.kind = COMMAND_OFFER,
                                           .endpoint = PUBLISHER,
                                           .offer.sdp = text_take(&sdp)});
    scene_settle(&scene);
    CHECK(scene.last_answer_err < 0);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 1);
    close_scene();
}

TEST(a_feed_that_is_closed_gets_nothing_more_and_its_section_is_inactive)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    scene_feed(&scene, COMMAND_FEED_CLOSE, SUBSCRIBER, TRACK + 1, VIDEO_OFF);
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, 16);
    CHECK(!subscriber->offered[1].active);
    close_scene();
}

TEST(a_track_that_is_missing_in_the_next_offer_ends_with_its_feeds)
{
    open_call(VIDEO_HIGH);
    publisher->sections[1].stopped = true;
    scene_offer(&scene, publisher, TRACK);
    CHECK_EQ(scene.last_answer_tracks, 1);
    CHECK(!subscriber->offered[1].active);
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.tracks, 1);
    CHECK_EQ(stats.feeds, 1);
    close_scene();
}

// Its role may not publish pictures.
TEST(a_section_of_another_kind_than_its_track_is_not_taken)
{
    scene_open(&scene);
    scene.all_is_sound = true;
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK_EQ(scene.last_answer_tracks, 0);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    scene_frame(&scene, publisher, 0);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 0);
    CHECK_EQ(scene_count(&scene, NOTICE_TRACK_UP), 0);
    scene_close(&scene);
}

TEST(a_track_that_becomes_one_of_another_kind_ends)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_audio, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 1);
    publisher->sections[0].video = true;
    publisher->sections[0].rtx_ssrc = 1002;
    scene_offer(&scene, publisher, TRACK);
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK_EQ(scene.last_answer_tracks, 0);
    CHECK(!subscriber->offered[0].active);
    scene_close(&scene);
}

TEST(other_ice_credentials_in_an_offer_are_answered_with_new_ones)
{
    open_call(VIDEO_HIGH);
    char before[33];
    memcpy(before, publisher->client.remote_ufrag, sizeof before);
    scene_offer(&scene, publisher, TRACK);
    CHECK_TEXT(publisher->client.remote_ufrag, before);
    client_new_credentials(&publisher->client);
    scene_offer(&scene, publisher, TRACK);
    CHECK(strcmp(publisher->client.remote_ufrag, before) != 0);
    // The old path goes on until the new one is checked, and then media comes over that.
    scene_frame(&scene, publisher, 0);
    addr_parse(&publisher->client.at, "127.0.0.1:10099");
    client_check(&publisher->client, &publisher->out);
    scene_settle(&scene);
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 2);
    close_scene();
}

TEST(ten_new_ssrcs_a_second_are_learned_and_no_more)
{
    open_call(VIDEO_HIGH);
    struct router_stats stats;
    for (uint32_t i = 0; i < 12; i++) {
        publisher->sources[0].layers[0].ssrc = 5000 + i;
        scene_frame(&scene, publisher, 0);
    }
    router_get_stats(scene.router, &stats);
    CHECK_EQ(subscriber->got_count, 10);
    CHECK_EQ(stats.drop_unknown_stream, 2);
    scene.now += 1000000;
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 11);
    close_scene();
}

TEST(an_endpoint_that_closes_takes_its_tracks_and_the_room_goes_with_the_last)
{
    open_call(VIDEO_HIGH);
    scene_command(&scene,
                  (struct command){.kind = COMMAND_ENDPOINT_CLOSE, .endpoint = PUBLISHER});
    scene_settle(&scene);
    CHECK(!subscriber->offered[0].active);
    CHECK(!subscriber->offered[1].active);
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.endpoints, 1);
    CHECK_EQ(stats.rooms, 1);
    scene_command(&scene,
                  (struct command){.kind = COMMAND_ENDPOINT_CLOSE, .endpoint = SUBSCRIBER});
    scene_settle(&scene);
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.endpoints, 0);
    CHECK_EQ(stats.rooms, 0);
    CHECK_EQ(router_deadline(scene.router), INT64_MAX);
    close_scene();
}

TEST(a_subscriber_that_falls_silent_is_offered_an_ice_restart)
{
    open_call(VIDEO_HIGH);
    unsigned offers = subscriber->offers;
    char before[33];
    memcpy(before, subscriber->client.remote_ufrag, sizeof before);
    scene.now += 9000000;
    client_check(&subscriber->client, &subscriber->out); // it is still there
    scene_settle(&scene);
    scene.now += 9000000;
    scene_settle(&scene);
    CHECK_EQ(subscriber->offers, offers);
    scene.now += 1000000;
    scene_settle(&scene);
    CHECK_EQ(subscriber->offers, offers + 1);
    CHECK(strcmp(subscriber->client.remote_ufrag, before) != 0);
    close_scene();
}

TEST(silence_of_a_connection_is_told_and_stops_its_media)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 0);
    scene.now += 31000000;
    scene_settle(&scene);
    CHECK_EQ(scene_count(&scene, NOTICE_CLOSED), 2);
    CHECK_EQ(scene_last(&scene, NOTICE_CLOSED)->closed.reason, TRANSPORT_SILENT);
    close_scene();
}

TEST(a_subscriber_that_comes_back_after_forty_seconds_gets_video_from_a_key_frame)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    for (int i = 0; i < 8; i++) { // the publisher is there all the time
        scene.now += 5000000;
        client_check(&publisher->client, &publisher->out);
        scene_settle(&scene);
    }
    CHECK_EQ(scene_last(&scene, NOTICE_CLOSED)->endpoint, SUBSCRIBER);
    CHECK_EQ(scene_count(&scene, NOTICE_CLOSED), 1);
    size_t got = subscriber->got_count;
    scene_frame(&scene, publisher, 1);
    CHECK_EQ(subscriber->got_count, got);

    scene_command(&scene,
                  (struct command){.kind = COMMAND_RESTART_ICE, .endpoint = SUBSCRIBER});
    scene_settle(&scene);
    addr_parse(&subscriber->client.at, "127.0.0.1:10099"); // another network
    unsigned plis = publisher->plis;
    client_check(&subscriber->client, &subscriber->out);
    scene_settle(&scene);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 3);
    CHECK_EQ(publisher->plis, plis + 1);
    scene_frame(&scene, publisher, 1);
    CHECK(subscriber->got_count > got);
    CHECK_EQ((uint16_t)(subscriber->got[got].seq - subscriber->got[got - 1].seq), 1);
    CHECK_EQ(subscriber->got[got].payload[6] & 1, 0); // VP8, RFC 6386 section 9.1: a key frame
    close_scene();
}

TEST(a_publisher_that_comes_back_goes_on_from_a_key_frame_without_a_gap)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 1);
    size_t got = subscriber->got_count;
    for (int i = 0; i < 8; i++) {
        scene.now += 5000000;
        client_check(&subscriber->client, &subscriber->out);
        scene_settle(&scene);
    }
    CHECK_EQ(scene_last(&scene, NOTICE_CLOSED)->endpoint, PUBLISHER);
    publisher->sources[1].layers[0].seq += 5000; // sent to nowhere
    client_new_credentials(&publisher->client);
    scene_offer(&scene, publisher, TRACK);
    client_check(&publisher->client, &publisher->out);
    unsigned plis = publisher->plis;
    scene_settle(&scene);
    CHECK_EQ(scene_count(&scene, NOTICE_CONNECTED), 3);
    CHECK_EQ(publisher->plis, plis + 1);
    unsigned nacks = publisher->nacks;
    scene_frame(&scene, publisher, 1);
    CHECK(subscriber->got_count > got);
    CHECK_EQ((uint16_t)(subscriber->got[got].seq - subscriber->got[got - 1].seq), 1);
    CHECK_EQ(subscriber->got[got].payload[6] & 1, 0);
    scene_pass(&scene, 200000, 20000);
    CHECK_EQ(publisher->nacks, nacks);
    close_scene();
}

TEST(datagrams_from_nowhere_and_of_unknown_streams_are_counted)
{
    open_call(VIDEO_HIGH);
    uint8_t stray[40] = {0x80, 111};
    struct router_datagram d = {.at = stray, .len = sizeof stray};
    addr_parse(&d.from, "9.9.9.9:9");
    router_receive(scene.router, &d, 1, scene.now, &scene.out, &scene.notices);
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.drop_unknown_source, 1);

    publisher->sources[0].layers[0].ssrc = 4711; // an SSRC that no offer named, with its MID
    publisher->sources[0].mid[0] = '9';
    scene_frame(&scene, publisher, 0);
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.drop_unknown_stream, 1);
    CHECK_EQ(subscriber->got_count, 0);
    close_scene();
}

TEST(a_new_ssrc_with_the_mid_of_a_track_continues_its_stream)
{
    open_call(VIDEO_HIGH);
    scene_frame(&scene, publisher, 0);
    publisher->sources[0].layers[0].ssrc = 4711;
    publisher->sources[0].layers[0].seq = 40000;
    scene_frame(&scene, publisher, 0);
    CHECK_EQ(subscriber->got_count, 2);
    CHECK_EQ((uint16_t)(subscriber->got[1].seq - subscriber->got[0].seq), 1);
    close_scene();
}

// How many offers there are, which must be those of the endpoints from `next` on, in order.
static size_t take_offers(struct notice_list *told, uint64_t next)
{
    size_t count = 0;
    for (size_t i = 0; i < told->count; i++) {
        if (told->at[i].kind == NOTICE_OFFER)
            CHECK_EQ(told->at[i].endpoint, next + count++);
        notice_dispose(&told->at[i]);
    }
    told->count = 0;
    return count;
}

TEST(offers_to_many_are_made_some_at_a_time_in_the_order_in_which_they_are_wanted)
{
    enum { MANY = 450, FIRST = 1000 };
    struct notice_list told = {0};
    scene_open(&scene);
    int64_t now = scene.now;
    for (uint64_t i = 0; i < MANY; i++) {
        struct command open = {.kind = COMMAND_ENDPOINT_OPEN,
                               .room = SCENE_ROOM,
                               .endpoint = FIRST + i,
                               .open.kind = ENDPOINT_SUBSCRIBE};
        router_command(scene.router, &open, now, &scene.out, &told);
    }
    CHECK(router_deadline(scene.router) <= now);
    router_expire(scene.router, now, &scene.out, &told);
    CHECK_EQ(take_offers(&told, FIRST), OFFER_SECTIONS_PER_PASS); // of one section each
    CHECK_EQ(router_deadline(scene.router), now + OFFER_PAUSE_US);
    router_expire(scene.router, now, &scene.out, &told);
    CHECK_EQ(take_offers(&told, 0), 0);

    // A subscriber that goes while it waits is left out; one that comes is behind the others.
    struct command close = {.kind = COMMAND_ENDPOINT_CLOSE, .endpoint = FIRST + MANY - 1};
    router_command(scene.router, &close, now, &scene.out, &told);
    now += OFFER_PAUSE_US;
    router_expire(scene.router, now, &scene.out, &told);
    CHECK_EQ(take_offers(&told, FIRST + 200), 200);
    now += OFFER_PAUSE_US;
    router_expire(scene.router, now, &scene.out, &told);
    CHECK_EQ(take_offers(&told, FIRST + 400), 49);
    notice_list_dispose(&told);
    close_scene();
}

TEST(a_description_costs_what_its_sections_do)
{
    char sdp[64 * 400 + 1];
    memset(sdp, 'x', sizeof sdp - 1);
    sdp[sizeof sdp - 1] = 0;
    struct command offer = {.kind = COMMAND_OFFER, .offer.sdp = sdp};
    struct command answer = {.kind = COMMAND_ANSWER, .answer.sdp = sdp};
    struct command feed = {.kind = COMMAND_FEED_OPEN};
    CHECK_EQ(command_cost(&offer), 1 + 64 * 8);
    CHECK_EQ(command_cost(&answer), 1 + 64 * 8);
    CHECK_EQ(command_cost(&feed), 1);
}

// A cable was plugged in: whoever is described something from then on is told the new address.
TEST(other_candidates_are_told_from_the_next_description_on)
{
    open_call(VIDEO_HIGH);
    CHECK(strstr(subscriber->last_offer, "typ host"));
    CHECK(!strstr(subscriber->last_offer, "198.51.100.77"));
    struct command command = {.kind = COMMAND_CANDIDATES};
    command.candidates.list = mem_alloc_array(1, sizeof(struct addr));
    command.candidates.count = 1;
    CHECK_EQ(addr_parse(&command.candidates.list[0], "198.51.100.77:7000"), 0);
    scene_command(&scene, command);
    scene_command(&scene, (struct command){.kind = COMMAND_RESTART_ICE,
                                           .room = SCENE_ROOM,
                                           .endpoint = SUBSCRIBER});
    scene_settle(&scene);
    CHECK(strstr(subscriber->last_offer, " 198.51.100.77 7000 typ host"));
    close_scene();
}
