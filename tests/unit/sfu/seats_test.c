// What a viewer (WHEP) gets: who sits in its sections, and that each is one stream whoever
// does.
#include "scene.h"
#include "test.h"

#include "base/err.h"
#include "base/mem.h"
#include "rtc/rtcp.h"
#include "sfu/seats.h"

#include <stdio.h>
#include <string.h>

enum { ANN = 11, BOB = 21, VIEWER = 31, ANNS = 100, BOBS = 200 };

static struct scene scene;
static struct scene_client *ann, *bob, *viewer;

static const struct client_section anns[2] = {
    {.stream_id = "a", .track_id = "a-mic", .layers = 1, .ssrc = 1001},
    {.video = true,
     .stream_id = "a",
     .track_id = "a-cam",
     .layers = 1,
     .ssrc = 2001,
     .rtx_ssrc = 2002},
};
static const struct client_section bobs[2] = {
    {.stream_id = "b", .track_id = "b-mic", .layers = 1, .ssrc = 3001},
    {.video = true,
     .stream_id = "b",
     .track_id = "b-cam",
     .layers = 1,
     .ssrc = 4001,
     .rtx_ssrc = 4002},
};

static void feed(uint64_t track, bool ahead)
{
    scene_command(&scene, (struct command){.kind = COMMAND_FEED_OPEN,
                                           .room = SCENE_ROOM,
                                           .endpoint = VIEWER,
                                           .track = track,
                                           .feed = {.quality = VIDEO_HIGH, .ahead = ahead}});
    scene_settle(&scene);
}

static void mute(uint64_t track, bool muted)
{
    scene_command(&scene, (struct command){.kind = COMMAND_TRACK_MUTE,
                                           .room = SCENE_ROOM,
                                           .track = track,
                                           .mute = {.muted = muted}});
    scene_settle(&scene);
}

// Two people publish, and a viewer has sections; `ahead` is a track that counts as a screen.
static void open_call(size_t audio, size_t video, uint64_t ahead)
{
    scene_open(&scene);
    ann = scene_publisher(&scene, ANN, anns, 2, ANNS);
    bob = scene_publisher(&scene, BOB, bobs, 2, BOBS);
    viewer = scene_viewer(&scene, VIEWER, audio, video, "VP8");
    for (uint64_t track = 0; track < 2; track++) {
        feed(ANNS + track, ANNS + track == ahead);
        feed(BOBS + track, BOBS + track == ahead);
    }
}

static void close_scene(void)
{
    scene_close(&scene);
}

// Sends a frame of one source; how many packets of the viewer's section `at` it became.
static size_t seen(struct scene_client *from, size_t source, size_t at)
{
    size_t before = viewer->got_count, count = 0;
    scene_frame(&scene, from, source);
    for (size_t i = before; i < viewer->got_count; i++)
        count += viewer->got[i].ssrc == viewer->offered[at].ssrc;
    return count;
}

static const struct scene_packet *last(void)
{
    return &viewer->got[viewer->got_count - 1];
}

TEST(a_viewer_is_answered_and_gets_both_kinds_at_once)
{
    open_call(1, 1, 0);
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK_EQ(viewer->offered_count, 2);
    CHECK(strstr(scene.last_answer, "a=sendonly"));
    CHECK_EQ(seen(ann, 0, 0), 1);
    CHECK_EQ(last()->payload_type, CLIENT_PT_OPUS);
    CHECK(seen(ann, 1, 1) >= 16); // a key frame
    CHECK_EQ(last()->payload_type, CLIENT_PT_VP8);
    close_scene();
}

TEST(nothing_is_ever_offered_to_a_viewer)
{
    open_call(1, 1, 0);
    scene_command(
        &scene,
        (struct command){.kind = COMMAND_RESTART_ICE, .room = SCENE_ROOM, .endpoint = VIEWER});
    scene_pass(&scene, 15 * 1000000, 500000); // it is silent meanwhile
    CHECK_EQ(viewer->offers, 0);
    close_scene();
}

TEST(who_has_no_seat_is_not_sent_and_the_older_track_has_it)
{
    open_call(1, 1, 0);
    CHECK_EQ(seen(bob, 0, 0), 0);
    CHECK_EQ(seen(bob, 1, 1), 0);
    CHECK_EQ(viewer->got_count, 0);
    close_scene();
}

TEST(with_sections_enough_everybody_is_seen)
{
    open_call(2, 2, 0);
    CHECK_EQ(seen(ann, 0, 0), 1);
    CHECK_EQ(seen(bob, 0, 1), 1);
    CHECK(seen(ann, 1, 2) > 0);
    CHECK(seen(bob, 1, 3) > 0);
    close_scene();
}

TEST(the_next_track_goes_on_in_the_same_stream_from_a_key_frame)
{
    open_call(1, 1, 0);
    seen(ann, 1, 1);
    seen(ann, 1, 1);
    struct scene_packet before = *last();
    scene.now += 2000000;
    scene_command(
        &scene,
        (struct command){.kind = COMMAND_ENDPOINT_CLOSE, .room = SCENE_ROOM, .endpoint = ANN});
    scene_settle(&scene);
    CHECK_EQ(bob->plis, 1);
    size_t at = viewer->got_count;
    CHECK(seen(bob, 1, 1) >= 16);
    const struct scene_packet *first = &viewer->got[at];
    CHECK_EQ(first->ssrc, before.ssrc);
    CHECK_EQ((uint16_t)(first->seq - before.seq), 1);
    CHECK_EQ(first->timestamp - before.timestamp, 2 * 90000);
    struct mark m;
    CHECK(mark_read(&m, true, (struct bytes){first->payload, first->len}));
    CHECK(m.key);
    close_scene();
}

TEST(a_screen_takes_the_seat_and_gives_it_back)
{
    open_call(1, 1, BOBS + 1);
    CHECK_EQ(seen(ann, 1, 1), 0);
    CHECK(seen(bob, 1, 1) > 0);
    scene_feed(&scene, COMMAND_FEED_CLOSE, VIEWER, BOBS + 1, VIDEO_OFF);
    scene_pass(&scene, 600000, 100000); // a key frame was asked for a moment ago
    CHECK(seen(ann, 1, 1) > 0);
    CHECK_EQ(seen(bob, 1, 1), 0);
    close_scene();
}

// The seat goes to the other camera for a moment, which wishes for a key frame of it.
TEST(a_publisher_leaves_whose_second_camera_waits_for_the_seat_of_the_first)
{
    static const struct client_section cameras[2] = {
        {.video = true,
         .stream_id = "c",
         .track_id = "c-1",
         .layers = 1,
         .ssrc = 5001,
         .rtx_ssrc = 5002},
        {.video = true,
         .stream_id = "c",
         .track_id = "c-2",
         .layers = 1,
         .ssrc = 6001,
         .rtx_ssrc = 6002},
    };
    enum { CAROL = 41, CAROLS = 300 };
    scene_open(&scene);
    bob = scene_publisher(&scene, BOB, bobs, 2, BOBS);
    struct scene_client *carol = scene_publisher(&scene, CAROL, cameras, 2, CAROLS);
    viewer = scene_viewer(&scene, VIEWER, 0, 1, "VP8");
    feed(CAROLS, true);
    feed(CAROLS + 1, true);
    CHECK(seen(carol, 0, 0) > 0);
    scene_command(&scene, (struct command){.kind = COMMAND_ENDPOINT_CLOSE,
                                           .room = SCENE_ROOM,
                                           .endpoint = CAROL});
    scene_settle(&scene);
    feed(BOBS + 1, false);
    CHECK(seen(bob, 1, 0) >= 16);
    scene_close(&scene);
}

TEST(a_muted_camera_leaves_its_seat_to_another_and_does_not_push_it_out_again)
{
    open_call(1, 1, 0);
    mute(ANNS + 1, true);
    CHECK(seen(bob, 1, 1) > 0);
    mute(ANNS + 1, false);
    CHECK_EQ(seen(ann, 1, 1), 0);
    CHECK(seen(bob, 1, 1) > 0);
    close_scene();
}

TEST(the_only_audio_section_is_given_to_who_talks)
{
    open_call(1, 0, 0);
    ann->sources[0].level = 127;
    bob->sources[0].level = 20;
    size_t heard = 0;
    for (int i = 0; i < 100; i++) {
        scene_frame(&scene, ann, 0);
        heard = seen(bob, 0, 0);
        scene_pass(&scene, 20000, 20000);
    }
    CHECK_EQ(heard, 1);
    // In silence the last one keeps it.
    bob->sources[0].level = 127;
    for (int i = 0; i < 100; i++) {
        scene_frame(&scene, ann, 0);
        heard = seen(bob, 0, 0);
        scene_pass(&scene, 20000, 20000);
    }
    CHECK_EQ(heard, 1);
    close_scene();
}

TEST(a_track_that_the_viewer_cannot_decode_gets_no_seat)
{
    scene_open(&scene);
    ann = scene_publisher(&scene, ANN, anns, 2, ANNS);
    viewer = scene_viewer(&scene, VIEWER, 1, 1, "VP9");
    CHECK_EQ(scene.last_answer_err, 0);
    feed(ANNS, false);
    feed(ANNS + 1, false);
    CHECK_EQ(seen(ann, 0, 0), 1);
    CHECK_EQ(seen(ann, 1, 1), 0);
    close_scene();
}

TEST(a_repair_after_the_seat_changed_hands_is_of_the_new_track)
{
    open_call(1, 1, 0);
    seen(ann, 1, 1);
    uint16_t anns_last = last()->seq;
    mute(ANNS + 1, true);
    seen(bob, 1, 1);
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    uint16_t lost[2] = {anns_last, (uint16_t)(anns_last + 1)};
    rtcp_put_nack(&w, 1, viewer->offered[1].ssrc, lost, 2);
    size_t before = viewer->got_count;
    scene_rtcp(&scene, viewer, &w);
    // Ann's is not in bob's history.
    CHECK_EQ(viewer->got_count, before + 1);
    CHECK_EQ(last()->ssrc, viewer->offered[1].rtx_ssrc);
    CHECK_EQ(last()->payload_type, CLIENT_PT_RTX);
    CHECK_EQ(read_u16(last()->payload), anns_last + 1);
    close_scene();
}

TEST(without_a_retransmission_stream_the_packet_itself_comes_again)
{
    scene_open(&scene);
    scene.no_rtx = true;
    ann = scene_publisher(&scene, ANN, anns, 2, ANNS);
    viewer = scene_viewer(&scene, VIEWER, 0, 1, "VP8");
    feed(ANNS + 1, false);
    CHECK_EQ(viewer->offered[0].rtx_ssrc, 0);
    seen(ann, 1, 0);
    scene.drop_rtp_to_clients = true;
    scene_frame(&scene, ann, 1);
    scene.drop_rtp_to_clients = false;
    struct scene_packet before = *last();
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    uint16_t lost = (uint16_t)(before.seq + 1);
    rtcp_put_nack(&w, 1, viewer->offered[0].ssrc, &lost, 1);
    scene_rtcp(&scene, viewer, &w);
    CHECK_EQ(last()->ssrc, viewer->offered[0].ssrc);
    CHECK_EQ(last()->seq, lost);
    struct mark m;
    CHECK(mark_read(&m, true, (struct bytes){last()->payload, last()->len}));
    CHECK_EQ(m.frame, 2);
    close_scene();
}

TEST(who_publishes_later_is_seen_by_a_viewer_that_waits)
{
    scene_open(&scene);
    viewer = scene_viewer(&scene, VIEWER, 1, 1, "VP8");
    ann = scene_publisher(&scene, ANN, anns, 2, ANNS);
    feed(ANNS, false);
    feed(ANNS + 1, false);
    CHECK_EQ(seen(ann, 0, 0), 1);
    CHECK(seen(ann, 1, 1) > 0);
    close_scene();
}

TEST(sender_reports_name_the_viewers_streams)
{
    open_call(1, 1, 0);
    seen(ann, 1, 1);
    source_report(&ann->sources[1], scene.now, &ann->out);
    scene_pass(&scene, 2000000, 100000);
    CHECK(viewer->reports > 0);
    close_scene();
}

// Ann's computer is five hours ahead of Bob's. The viewer has one name for both, so the moment
// that it reads from their reports must be one.
TEST(sender_reports_of_all_seats_are_on_one_clock)
{
    open_call(1, 2, 0);
    ann->sources[1].clock_us = 5 * 3600 * 1000000ll;
    CHECK(seen(ann, 1, 1) > 0);
    CHECK(seen(bob, 1, 2) > 0);
    uint64_t told[2];
    struct scene_client *people[2] = {ann, bob};
    for (size_t i = 0; i < 2; i++) {
        unsigned before = viewer->reports;
        source_report(&people[i]->sources[1], scene.now, &people[i]->out);
        while (viewer->reports == before)
            scene_pass(&scene, 10000, 10000);
        told[i] = viewer->report_ntp;
    }
    // At most two seconds passed between the two.
    CHECK((told[1] - told[0]) >> 32 <= 2);
    close_scene();
}

static void fragment(const char *text)
{
    scene_command(&scene, (struct command){.kind = COMMAND_FRAGMENT,
                                           .room = SCENE_ROOM,
                                           .endpoint = VIEWER,
                                           .request = 99,
                                           .fragment.text = mem_text(text)});
    scene_settle(&scene);
}

TEST(candidates_change_nothing_and_a_fragment_that_is_none_is_refused)
{
    open_call(1, 1, 0);
    fragment("a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n");
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK_TEXT(scene.last_answer, "");
    fragment("a=mid:0\r\nnonsense\r\n");
    CHECK_EQ(scene.last_answer_err, ERR_MALFORMED);
    CHECK_TEXT(scene.last_answer, "line 2: not a line of SDP");
    close_scene();
}

TEST(other_credentials_restart_ice_and_media_goes_on)
{
    open_call(1, 1, 0);
    CHECK_EQ(seen(ann, 0, 0), 1);
    client_new_credentials(&viewer->client);
    char text[128];
    snprintf(text, sizeof text, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", viewer->client.ufrag,
             viewer->client.pwd);
    fragment(text);
    CHECK_EQ(scene.last_answer_err, 0);
    CHECK(strstr(scene.last_answer, "a=ice-lite\r\na=ice-ufrag:") == scene.last_answer);
    client_check(&viewer->client, &viewer->out);
    scene_settle(&scene);
    CHECK_EQ(seen(ann, 0, 0), 1);
    // The same again is none.
    fragment(text);
    CHECK_TEXT(scene.last_answer, "");
    close_scene();
}

TEST(a_viewer_gets_no_data_channel)
{
    open_call(1, 1, 0);
    CHECK_EQ(scene_last(&scene, NOTICE_CONNECTED)->endpoint, VIEWER);
    CHECK_EQ(scene_last(&scene, NOTICE_CONNECTED)->connected.sctp_port, 0);
    close_scene();
}

TEST(a_second_offer_is_refused)
{
    open_call(1, 1, 0);
    scene_command(&scene, (struct command){.kind = COMMAND_WATCH,
                                           .room = SCENE_ROOM,
                                           .endpoint = VIEWER,
                                           .watch.sdp = mem_text("v=0\r\n")});
    scene_settle(&scene);
    CHECK_EQ(scene.last_answer_err, ERR_WRONG_STATE);
    CHECK_EQ(seen(ann, 0, 0), 1);
    close_scene();
}

// --- Offers without ids of tracks (WHIP) ---

static void offer_whole_capped(const struct client_section *sections, size_t count, bool video,
                               struct track_cap cap)
{
    struct text sdp = {0};
    scene_command(&scene, (struct command){.kind = COMMAND_ENDPOINT_OPEN,
                                           .room = SCENE_ROOM,
                                           .endpoint = BOB,
                                           .open.kind = ENDPOINT_PUBLISH});
    struct command command = {.kind = COMMAND_OFFER, .room = SCENE_ROOM, .endpoint = BOB};
    struct client client;
    client_init(&client, scene.engine, scene.identity, &scene.rng, "127.0.0.1:20000",
                "127.0.0.1:7000");
    client_write_offer(&client, sections, count, &sdp);
    client_dispose(&client);
    command.offer.sdp = text_take(&sdp);
    command.offer.whole = true;
    command.offer.tracks = mem_alloc_array(2, sizeof *command.offer.tracks);
    command.offer.tracks[0] =
        (struct command_track){BOBS, "our-mic", {0}, MEDIA_AUDIO, "our-stream"};
    command.offer.tracks[1] =
        (struct command_track){BOBS + 1, "our-cam", cap, MEDIA_VIDEO, "our-stream"};
    command.offer.track_count = video ? 2 : 1;
    scene.notices.count = 0;
    router_command(scene.router, &command, scene.now, &scene.out, &scene.notices);
}

static void offer_whole(const struct client_section *sections, size_t count, bool video)
{
    offer_whole_capped(sections, count, video, (struct track_cap){0});
}

static const struct notice *whole_answer(void)
{
    return &scene.notices.at[scene.notices.count - 1];
}

TEST(the_sections_of_a_whole_offer_are_the_tracks_of_their_kind)
{
    scene_open(&scene);
    struct scene_client *watcher = scene_subscriber(&scene, VIEWER);
    offer_whole(bobs, 2, true);
    CHECK_EQ(whole_answer()->answer.err, 0);
    CHECK_EQ(whole_answer()->answer.track_count, 2);
    notice_list_clear(&scene.notices);
    scene_feed(&scene, COMMAND_FEED_OPEN, VIEWER, BOBS + 1, VIDEO_HIGH);
    CHECK_EQ(watcher->offered_count, 1);
    CHECK_TEXT(watcher->offered[0].stream_id, "our-stream");
    CHECK_TEXT(watcher->offered[0].track_id, "our-cam");
    close_scene();
}

TEST(what_may_not_be_published_refuses_a_whole_offer)
{
    scene_open(&scene);
    offer_whole(bobs, 2, false);
    CHECK_EQ(whole_answer()->answer.err, ERR_REFUSED);
    CHECK(strstr(whole_answer()->answer.text, "the role may not publish video"));
    notice_list_clear(&scene.notices);
    close_scene();
}

// What the role does not get is not accepted: an encoder would spend its bits on it, and a
// viewer would wait for it when the others pause.
TEST(only_the_encodings_of_the_role_are_answered)
{
    static const struct {
        struct track_cap cap;
        const char *has;
        const char *has_not;
    } cases[] = {
        {{0}, "a=simulcast:recv f;h;q\r\n", "none"},
        {{.kbps = 800}, "a=simulcast:recv f\r\n", "a=rid:q"},
        {{.layers = {{"h", 500}, {"q", 100}}, .layer_count = 2},
         "a=simulcast:recv h;q\r\n",
         "a=rid:f"},
        {{.layers = {{"q", 100}}, .layer_count = 1}, "a=simulcast:recv q\r\n", "a=rid:f"},
        // The role's encodings have other names: one is better than none.
        {{.kbps = 800, .layers = {{"hi", 500}, {"lo", 100}}, .layer_count = 2},
         "a=simulcast:recv f\r\n",
         "a=rid:h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene_open(&scene);
        offer_whole_capped(&scene_simulcast, 1, true, cases[i].cap);
        CHECK_EQ(whole_answer()->answer.err, 0);
        const char *answer = whole_answer()->answer.text;
        CHECK(strstr(answer, cases[i].has));
        CHECK(!strstr(answer, cases[i].has_not));
        notice_list_clear(&scene.notices);
        close_scene();
    }
}

TEST(two_sections_of_a_kind_refuse_a_whole_offer)
{
    static const struct client_section two[2] = {
        {.track_id = "1", .stream_id = "s", .layers = 1, .ssrc = 1},
        {.track_id = "2", .stream_id = "s", .layers = 1, .ssrc = 2}};
    scene_open(&scene);
    offer_whole(two, 2, true);
    CHECK_EQ(whole_answer()->answer.err, ERR_UNSUPPORTED);
    CHECK(strstr(whole_answer()->answer.text, "second section of its kind"));
    notice_list_clear(&scene.notices);
    close_scene();
}

// --- H.264: which of a viewer's formats carries a publisher's ---

static uint8_t carried_as(enum h264_profile profile, bool single)
{
    static const struct seat seat = {
        .codecs = {{.codec = CODEC_H264, .payload_type = 1, .profile = H264_BASELINE},
                   {.codec = CODEC_H264, .payload_type = 2, .profile = H264_HIGH}},
        .codec_count = 2};
    struct negotiated_codec sent = {.codec = CODEC_H264, .profile = profile, .single = single};
    const struct negotiated_codec *found = seat_codec(&seat, &sent);
    return found ? found->payload_type : 0;
}

TEST(a_publishers_profile_is_matched_with_what_the_viewer_decodes)
{
    CHECK_EQ(carried_as(H264_BASELINE, false), 1);
    CHECK_EQ(carried_as(H264_HIGH, false), 2);
    CHECK_EQ(carried_as(H264_MAIN, false), 2); // high holds it
    CHECK_EQ(carried_as(H264_HIGH, true), 2);  // single units are packets of mode 1, too

    struct seat baseline = {.codecs = {{.codec = CODEC_H264, .profile = H264_BASELINE}},
                            .codec_count = 1};
    struct negotiated_codec sent = {.codec = CODEC_H264, .profile = H264_MAIN};
    CHECK(!seat_codec(&baseline, &sent));
    sent.profile = H264_BASELINE;
    CHECK(seat_codec(&baseline, &sent));
    baseline.codecs[0].single = true; // such a viewer takes no fragments
    CHECK(!seat_codec(&baseline, &sent));
    sent.single = true;
    CHECK(seat_codec(&baseline, &sent));
}

// --- Layers ---

static void choose(const char *mid, enum video_quality most)
{
    struct command command = {.kind = COMMAND_SEAT_LAYER,
                              .room = SCENE_ROOM,
                              .endpoint = VIEWER,
                              .request = 5,
                              .seat = {.chooses = true, .most = most}};
    snprintf(command.seat.mid, sizeof command.seat.mid, "%s", mid);
    scene_command(&scene, command);
    scene_settle(&scene);
}

TEST(a_viewer_chooses_the_layer_of_a_section_whoever_is_in_it)
{
    scene_open(&scene);
    ann = scene_publisher(&scene, ANN, &scene_simulcast, 1, ANNS);
    viewer = scene_viewer(&scene, VIEWER, 1, 1, "VP8");
    choose(viewer->offered[1].mid, VIDEO_LOW);
    CHECK_EQ(scene.last_answer_err, 0);
    feed(ANNS, false);
    for (int i = 0; i < 30; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, ann, 0);
    }
    struct mark mark;
    CHECK(viewer->got_count > 0);
    for (size_t i = 0; i < viewer->got_count; i++)
        if (mark_read(&mark, true, (struct bytes){viewer->got[i].payload, viewer->got[i].len}))
            CHECK_EQ(mark.layer, 2);
    char text[40];
    snprintf(text, sizeof text, "1 1 0123 %s\n", viewer->offered[1].mid);
    choose(viewer->offered[1].mid, VIDEO_LOW);
    CHECK_TEXT(scene.last_answer, text);

    choose("", VIDEO_HIGH); // all sections: it goes up with the next key frame
    viewer->got_count = 0;
    for (int i = 0; i < 30; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, ann, 0);
    }
    CHECK(mark_read(&mark, true, (struct bytes){last()->payload, last()->len}));
    CHECK_EQ(mark.layer, 0);
    choose("nobody", VIDEO_LOW);
    CHECK_EQ(scene.last_answer_err, ERR_NOT_FOUND);
    close_scene();
}
