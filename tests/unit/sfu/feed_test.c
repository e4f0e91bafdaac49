// Layers of one track to one subscriber: which is chosen, and how a switch looks to a decoder.
#include "scene.h"
#include "test.h"

#include "rtc/codec.h"
#include "rtc/rtcp.h"

#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, TRACK = 100, HIGH = 0, MEDIUM = 1, LOW = 2 };

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;
static struct source *camera;

// A simulcast camera whose layers have been sent, and a subscriber who has asked for `layer`.
static void open_call(enum video_quality layer)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    camera = &publisher->sources[0];
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    source_report(camera, scene.now, &publisher->out);
    scene_frame(&scene, publisher, 0);
    source_report(camera, scene.now, &publisher->out);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, layer);
}

static struct mark mark_of(size_t i)
{
    struct mark m;
    const struct scene_packet *p = &subscriber->got[i];
    CHECK(mark_read(&m, true, (struct bytes){p->payload, p->len}));
    return m;
}

static struct mark last_mark(void)
{
    CHECK(subscriber->got_count > 0);
    return mark_of(subscriber->got_count - 1);
}

static void frames(int count)
{
    for (int i = 0; i < count; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
    }
}

static uint16_t picture_id_of(size_t i)
{
    struct codec_packet info = {0};
    const struct scene_packet *p = &subscriber->got[i];
    CHECK_EQ(codec_parse(CODEC_VP8, (struct bytes){p->payload, p->len}, &info), 0);
    return info.picture_id;
}

TEST(the_layers_of_a_simulcast_track_are_learned_from_their_rids)
{
    open_call(VIDEO_OFF);
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.drop_unknown_stream, 0);
    CHECK_EQ(stats.rtp_in, 3 * 4 + 2 * 4 + 1 * 4); // key frames of all layers
    scene_close(&scene);
}

TEST(the_best_allowed_layer_is_reached)
{
    open_call(VIDEO_HIGH);
    frames(20);
    CHECK_EQ(last_mark().layer, HIGH);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_MEDIUM);
    frames(20);
    CHECK_EQ(last_mark().layer, MEDIUM);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_LOW);
    frames(20);
    CHECK_EQ(last_mark().layer, LOW);
    scene_close(&scene);
}

TEST(a_switch_waits_for_a_key_frame_and_the_old_layer_goes_on_until_then)
{
    open_call(VIDEO_LOW);
    frames(10);
    CHECK_EQ(last_mark().layer, LOW);
    camera->layers[HIGH].key_wanted = camera->layers[MEDIUM].key_wanted = false;
    unsigned asked = camera->key_frames_asked;
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK_EQ(camera->key_frames_asked, asked + 1);
    camera->layers[HIGH].key_wanted = false; // the encoder takes its time
    size_t before = subscriber->got_count;
    frames(3);
    CHECK_EQ(subscriber->got_count, before + 3);
    CHECK_EQ(last_mark().layer, LOW);
    camera->layers[HIGH].key_wanted = true;
    before = subscriber->got_count;
    frames(1);
    // The low layer's frame went out first, then the key frame of 12 packets began.
    CHECK_EQ(subscriber->got_count, before + 13);
    CHECK_EQ(mark_of(before).layer, LOW);
    struct mark m = mark_of(before + 1);
    CHECK_EQ(m.layer, HIGH);
    CHECK(m.key);
    CHECK_EQ(m.index, 0);
    scene_close(&scene);
}

TEST(numbers_time_and_pictures_run_on_across_switches)
{
    open_call(VIDEO_LOW);
    enum video_quality wishes[] = {VIDEO_HIGH, VIDEO_MEDIUM, VIDEO_HIGH, VIDEO_LOW, VIDEO_HIGH};
    for (size_t i = 0; i < 5; i++) {
        frames(18);
        scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, wishes[i]);
    }
    frames(18);
    unsigned switches = 0;
    for (size_t i = 1; i < subscriber->got_count; i++) {
        const struct scene_packet *a = &subscriber->got[i - 1];
        const struct scene_packet *b = &subscriber->got[i];
        struct mark old = mark_of(i - 1);
        struct mark new = mark_of(i);
        CHECK_EQ((uint16_t)(b->seq - a->seq), 1);
        CHECK(b->ssrc == a->ssrc);
        if (new.layer == old.layer &&new.frame == old.frame) {
            CHECK_EQ(b->timestamp, a->timestamp);
            CHECK_EQ(picture_id_of(i), picture_id_of(i - 1));
        } else {
            CHECK((int32_t)(b->timestamp - a->timestamp) > 0);
            CHECK((int32_t)(b->timestamp - a->timestamp) < 9000);
            CHECK_EQ(picture_id_of(i), (picture_id_of(i - 1) + 1) & 0x7fff);
        }
        switches += new.layer != old.layer;
    }
    CHECK(switches >= 5);
    scene_close(&scene);
}

// What the subscriber got from `first` on is one stream: no gap, no leap of time or pictures.
static void check_continuity(size_t first)
{
    for (size_t i = first; i < subscriber->got_count; i++) {
        const struct scene_packet *a = &subscriber->got[i - 1];
        const struct scene_packet *b = &subscriber->got[i];
        CHECK_EQ((uint16_t)(b->seq - a->seq), 1);
        CHECK((int32_t)(b->timestamp - a->timestamp) >= 0);
        CHECK((int32_t)(b->timestamp - a->timestamp) < 9000);
        CHECK(((picture_id_of(i) - picture_id_of(i - 1)) & 0x7fff) <= 1);
    }
}

// The encoder begins anew under another SSRC, with a clock, pictures and numbers of its own, as
// Firefox does after a setParameters().
static void replace_encoder(unsigned layer, uint32_t ssrc)
{
    struct source_layer *l = &camera->layers[layer];
    l->ssrc = ssrc;
    l->seq += 30000;
    l->timestamp_base += 3000000000u;
    l->picture_id = (uint16_t)((l->picture_id + 9000) & 0x7fff);
    l->tl0 = (uint8_t)(l->tl0 + 77);
}

TEST(another_ssrc_of_the_same_layer_goes_on_as_one_stream)
{
    open_call(VIDEO_HIGH);
    frames(20);
    for (unsigned i = 0; i < 3; i++)
        replace_encoder(i, 7000 + i);
    source_report(camera, scene.now, &publisher->out);
    size_t before = subscriber->got_count;
    frames(30);
    CHECK(subscriber->got_count > before + 30);
    CHECK_EQ(last_mark().layer, HIGH);
    check_continuity(1);
    scene_close(&scene);
}

TEST(another_ssrc_that_came_while_the_layer_was_not_sent_goes_on_as_one_stream)
{
    open_call(VIDEO_HIGH);
    frames(20);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_OFF);
    frames(5);
    for (unsigned i = 0; i < 3; i++)
        replace_encoder(i, 7000 + i);
    frames(5);
    source_report(camera, scene.now, &publisher->out);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    size_t before = subscriber->got_count;
    frames(30);
    CHECK(subscriber->got_count > before + 30);
    struct scene_packet *a = &subscriber->got[before - 1], *b = &subscriber->got[before];
    CHECK((int32_t)(b->timestamp - a->timestamp) > 0);
    CHECK((int32_t)(b->timestamp - a->timestamp) < 2 * 90000);
    check_continuity(before + 1);
    scene_close(&scene);
}

TEST(another_ssrc_that_begins_within_a_picture_is_asked_for_a_key_frame)
{
    open_call(VIDEO_LOW);
    frames(20);
    unsigned asked = camera->key_frames_asked;
    for (unsigned i = 0; i < 3; i++) {
        replace_encoder(i, 7000 + i);
        camera->layers[i].key_wanted = false;
    }
    scene.now += 600 * 1000;
    scene_frame(&scene, publisher, 0);
    CHECK(camera->key_frames_asked > asked);
    scene_close(&scene);
}

TEST(a_layer_that_the_publisher_stops_is_left_for_a_lower_one)
{
    open_call(VIDEO_HIGH);
    frames(20);
    CHECK_EQ(last_mark().layer, HIGH);
    camera->paused[HIGH] = true;
    for (int i = 0; i < 60; i++) {
        scene_pass(&scene, VIDEO_FRAME_US, VIDEO_FRAME_US);
        scene_frame(&scene, publisher, 0);
    }
    CHECK_EQ(last_mark().layer, MEDIUM);
    camera->paused[HIGH] = false;
    for (int i = 0; i < 60; i++) {
        scene_pass(&scene, VIDEO_FRAME_US, VIDEO_FRAME_US);
        scene_frame(&scene, publisher, 0);
    }
    CHECK_EQ(last_mark().layer, HIGH);
    scene_close(&scene);
}

TEST(what_was_sent_before_a_switch_can_still_be_repaired)
{
    open_call(VIDEO_LOW);
    frames(10);
    struct scene_packet lost = subscriber->got[subscriber->got_count - 1];
    CHECK_EQ(last_mark().layer, LOW);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    frames(2);
    CHECK_EQ(last_mark().layer, HIGH);
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, lost.ssrc, &lost.seq, 1);
    scene_rtcp(&scene, subscriber, &w);
    const struct scene_packet *repeated = &subscriber->got[subscriber->got_count - 1];
    CHECK_EQ(repeated->ssrc, subscriber->offered[0].rtx_ssrc);
    CHECK_EQ(repeated->timestamp, lost.timestamp);
    CHECK_EQ(read_u16(repeated->payload), lost.seq);
    CHECK(memcmp(repeated->payload + 2, lost.payload, lost.len) == 0);
    scene_close(&scene);
}

TEST(a_repair_after_a_switch_has_the_rewritten_picture_id)
{
    open_call(VIDEO_LOW);
    frames(10);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    frames(2);
    struct scene_packet lost = subscriber->got[subscriber->got_count - 1];
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, lost.ssrc, &lost.seq, 1);
    scene_rtcp(&scene, subscriber, &w);
    const struct scene_packet *repeated = &subscriber->got[subscriber->got_count - 1];
    CHECK_EQ(repeated->len, lost.len + 2);
    CHECK(memcmp(repeated->payload + 2, lost.payload, lost.len) == 0);
    scene_close(&scene);
}

// A request would be merged with those of the last half second.
TEST(who_comes_to_a_video_begins_with_a_key_frame_of_a_moment_ago)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    camera = &publisher->sources[0];
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    frames(4); // a key frame, and three that build on it
    unsigned asked = camera->key_frames_asked;
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    size_t got = subscriber->got_count;
    CHECK(got > 0);
    CHECK(mark_of(0).key);
    CHECK_EQ(mark_of(0).index, 0);
    // What comes now follows, without a hole: all of four frames, and of two.
    frames(2);
    CHECK(subscriber->got_count > got);
    CHECK_EQ(camera->key_frames_asked, asked);
    for (size_t i = 1; i < subscriber->got_count; i++) {
        struct mark last = mark_of(i - 1), m = mark_of(i);
        bool is_next =
            last.index + 1 < last.count ? m.frame == last.frame : m.frame == last.frame + 1;
        CHECK(is_next);
        CHECK_EQ((uint16_t)(subscriber->got[i].seq - subscriber->got[i - 1].seq), 1);
    }
    scene_close(&scene);
}

// Each leap is over 30 000 numbers, which somebody who begins would go through one by one.
TEST(a_key_frame_that_numbers_have_leapt_away_from_is_of_no_use)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    camera = &publisher->sources[0];
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    frames(1);
    for (int i = 0; i < 3; i++) {
        camera->layers[0].seq += 30000;
        camera->layers[0].key_wanted = false;
        frames(1);
    }
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK_EQ(subscriber->got_count, 0);
    scene_close(&scene);
}

TEST(an_older_key_frame_is_asked_for_at_once)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    camera = &publisher->sources[0];
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    frames(1);
    scene_pass(&scene, 600000, 100000);
    unsigned asked = camera->key_frames_asked;
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK_EQ(subscriber->got_count, 0);
    scene_settle(&scene);
    CHECK_EQ(camera->key_frames_asked, asked + 1);
    scene_close(&scene);
}

TEST(a_key_frame_whose_first_packet_comes_last_is_sent_whole)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    camera = &publisher->sources[0];
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_frame(&scene, publisher, 0);
    scene_pass(&scene, 600000, 100000); // the history has no key frame that is young enough
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    // The key frame that it waits for loses its first packet, which comes when asked for.
    source_frame(camera, scene.now, &publisher->out);
    uint32_t first = publisher->client.path.first;
    publisher->client.path.first = publisher->out.packets[first].next;
    scene_settle(&scene);
    CHECK(publisher->nacks > 0);
    CHECK_EQ(camera->key_frames_asked, 1);
    CHECK_EQ(subscriber->got_count, 16);
    for (size_t i = 0; i < 16; i++) {
        CHECK_EQ(mark_of(i).index, i);
        CHECK_EQ((uint16_t)(subscriber->got[i].seq - subscriber->got[0].seq), i);
    }
    scene_close(&scene);
}

// Of what the camera has sent the packet with so many behind it is lost.
static void lose(unsigned behind)
{
    struct batch *out = &publisher->out;
    unsigned count = 0;
    for (uint32_t at = publisher->client.path.first; at != BATCH_END;
         at = out->packets[at].next)
        count++;
    CHECK(count > behind + 1);
    uint32_t before = publisher->client.path.first;
    for (unsigned i = 0; i + behind + 2 < count; i++)
        before = out->packets[before].next;
    out->packets[before].next = out->packets[out->packets[before].next].next;
}

// A publisher's line may be so narrow that a key frame takes a second, or comes with holes.
TEST(a_better_layer_begins_when_its_key_frame_is_whole)
{
    open_call(VIDEO_LOW);
    frames(10);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK(camera->layers[HIGH].key_wanted);
    unsigned asked = camera->key_frames_asked;
    size_t before = subscriber->got_count;
    scene.now += VIDEO_FRAME_US;
    source_frame(camera, scene.now, &publisher->out);
    lose(3);
    scene_settle(&scene);
    CHECK_EQ(subscriber->got_count, before + 1);
    CHECK_EQ(mark_of(before).layer, LOW);
    scene_pass(&scene, 20000, 10000); // it is asked for, and comes
    CHECK_EQ(subscriber->got_count, before + 13);
    for (size_t i = 0; i < 12; i++) {
        CHECK_EQ(mark_of(before + 1 + i).layer, HIGH);
        CHECK_EQ(mark_of(before + 1 + i).index, i);
    }
    int32_t ahead =
        (int32_t)(subscriber->got[before + 1].timestamp - subscriber->got[before].timestamp);
    CHECK(ahead > 0 && ahead < 90000 / 10);
    frames(3);
    CHECK_EQ(last_mark().layer, HIGH);
    CHECK_EQ(camera->key_frames_asked, asked);
    scene_close(&scene);
}

// Another request would bring another key frame, which takes as long.
TEST(a_key_frame_that_is_coming_is_not_asked_for_again)
{
    open_call(VIDEO_LOW);
    frames(10);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    unsigned asked = camera->key_frames_asked;
    scene.now += VIDEO_FRAME_US;
    source_frame(camera, scene.now, &publisher->out);
    lose(3);
    scene_settle(&scene);
    camera->layers[HIGH].rtx_ssrc = 0; // nothing comes of what is asked for again
    camera->paused[HIGH] = true;
    frames(27);
    CHECK_EQ(camera->key_frames_asked, asked);
    CHECK_EQ(last_mark().layer, LOW);
    scene_close(&scene);
}

// A peer that was muted by somebody else may go on sending: nobody gets it.
TEST(a_held_track_is_sent_to_nobody_and_goes_on_at_a_key_frame)
{
    open_call(VIDEO_HIGH);
    scene_pass(&scene, 500000, 40000);
    for (int i = 0; i < 5; i++)
        scene_frame(&scene, publisher, 0);
    scene_settle(&scene);
    size_t got = subscriber->got_count;
    CHECK(got > 0);
    scene_command(&scene, (struct command){.kind = COMMAND_TRACK_MUTE,
                                           .track = TRACK,
                                           .mute = {true, .held = true}});
    for (int i = 0; i < 5; i++)
        scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_OFF);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    for (int i = 0; i < 5; i++)
        scene_frame(&scene, publisher, 0);
    scene_settle(&scene);
    CHECK_EQ(subscriber->got_count, got);

    unsigned asked = camera->key_frames_asked;
    scene_command(&scene, (struct command){.kind = COMMAND_TRACK_MUTE, .track = TRACK});
    scene_pass(&scene, 600000, 100000); // a request may have been made just now
    CHECK(camera->key_frames_asked > asked);
    for (int i = 0; i < 5; i++)
        scene_frame(&scene, publisher, 0);
    scene_settle(&scene);
    CHECK(subscriber->got_count > got);
    CHECK_EQ((uint16_t)(subscriber->got[got].seq - subscriber->got[got - 1].seq), 1);
    scene_close(&scene);
}

static void mute_camera(bool muted, bool held)
{
    scene_command(&scene, (struct command){.kind = COMMAND_TRACK_MUTE,
                                           .track = TRACK,
                                           .mute = {muted, .held = held}});
}

// A camera with a key frame of a moment ago, and somebody who gets nothing of it yet.
static void open_camera(enum video_quality quality)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    camera = &publisher->sources[0];
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, quality);
}

TEST(what_was_filmed_before_a_camera_was_muted_is_not_shown_when_it_is_on_again)
{
    open_camera(VIDEO_OFF);
    frames(4); // a key frame, and three that build on it
    mute_camera(true, false);
    frames(1);
    mute_camera(false, false);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    CHECK_EQ(subscriber->got_count, 0);
    scene_pass(&scene, 600000, 100000); // a request was made just now
    frames(2);
    CHECK(subscriber->got_count > 0);
    CHECK(mark_of(0).key);
    CHECK(mark_of(0).frame >= 5);
    scene_close(&scene);
}

TEST(what_was_filmed_while_a_track_was_held_is_never_shown)
{
    open_camera(VIDEO_HIGH);
    frames(2);
    size_t got = subscriber->got_count;
    CHECK(got > 0);
    uint32_t last = mark_of(got - 1).frame;
    mute_camera(true, true);
    scene_pass(&scene, 1000000, 100000);
    camera->layers[0].key_wanted = true; // as a camera sends one now and then
    frames(3);
    CHECK_EQ(subscriber->got_count, got);
    mute_camera(false, false);
    CHECK_EQ(subscriber->got_count, got);
    scene_pass(&scene, 100000, 50000);
    frames(2);
    CHECK(subscriber->got_count > got);
    CHECK(mark_of(got).key);
    CHECK(mark_of(got).frame > last + 3);
    scene_close(&scene);
}

// Its first packet was lost, and comes again when the track is not held any more.
TEST(a_key_frame_of_while_a_track_was_held_begins_nothing_when_it_is_whole)
{
    open_camera(VIDEO_HIGH);
    frames(2);
    size_t got = subscriber->got_count;
    uint32_t last = mark_of(got - 1).frame;
    mute_camera(true, true);
    scene_pass(&scene, 1000000, 100000);
    scene.now += VIDEO_FRAME_US;
    source_frame(camera, scene.now, &publisher->out);
    scene.now += VIDEO_FRAME_US;
    camera->layers[0].key_wanted = true;
    source_frame(camera, scene.now, &publisher->out);
    lose(4 * camera->layers[0].packets_per_frame - 1);
    scene_settle(&scene);
    mute_camera(false, false);
    scene_pass(&scene, 100000, 10000); // it is asked for again, and comes
    frames(2);
    for (size_t i = got; i < subscriber->got_count; i++)
        CHECK(mark_of(i).frame > last + 2);
    CHECK(subscriber->got_count > got);
    scene_close(&scene);
}

TEST(a_muted_camera_is_not_asked_for_key_frames)
{
    open_call(VIDEO_OFF);
    unsigned asked = camera->key_frames_asked;
    scene_command(&scene, (struct command){
                              .kind = COMMAND_TRACK_MUTE, .track = TRACK, .mute.muted = true});
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    scene_pass(&scene, 2000000, 100000);
    CHECK_EQ(camera->key_frames_asked, asked);
    scene_command(&scene, (struct command){
                              .kind = COMMAND_TRACK_MUTE, .track = TRACK, .mute.muted = false});
    scene_settle(&scene);
    CHECK(camera->key_frames_asked > asked);
    scene_close(&scene);
}

// --- Requests for key frames ---

static void ask_for_key_frame(struct scene_client *who)
{
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_pli(&w, 1, who->offered[0].ssrc);
    scene_rtcp(&scene, who, &w);
}

static void report_nothing_lost(struct scene_client *who)
{
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    struct rtcp_report_block block = {.ssrc = who->offered[0].ssrc};
    rtcp_put_receiver_report(&w, 1, &block, 1);
    scene_rtcp(&scene, who, &w);
}

// Each would take from the quality of what all others see.
TEST(who_asks_for_key_frames_for_ever_gets_few_and_others_theirs)
{
    enum { OTHER = 13 };
    open_call(VIDEO_HIGH);
    struct scene_client *other = scene_subscriber(&scene, OTHER);
    scene_feed(&scene, COMMAND_FEED_OPEN, OTHER, TRACK, VIDEO_HIGH);
    frames(30);
    unsigned asked = camera->key_frames_asked;
    for (int i = 0; i < 24 * 30; i++) {
        subscriber->got_count = other->got_count = 0;
        ask_for_key_frame(subscriber);
        frames(1);
    }
    CHECK(camera->key_frames_asked - asked > 5);
    CHECK(camera->key_frames_asked - asked <= 5 + 24 / 6);
    frames(20);
    asked = camera->key_frames_asked;
    ask_for_key_frame(other);
    CHECK_EQ(camera->key_frames_asked, asked + 1);
    scene_close(&scene);
}

TEST(a_key_frame_that_is_owed_is_asked_for_with_a_later_report)
{
    open_call(VIDEO_HIGH);
    frames(30);
    for (int i = 0; i < 4 * 30; i++) {
        subscriber->got_count = 0;
        ask_for_key_frame(subscriber);
        frames(1);
    }
    unsigned asked = camera->key_frames_asked;
    for (int i = 0; i < 7; i++) {
        subscriber->got_count = 0;
        report_nothing_lost(subscriber);
        frames(30);
    }
    CHECK_EQ(camera->key_frames_asked, asked + 1);
    scene_close(&scene);
}

TEST(who_goes_back_and_forth_between_layers_for_ever_costs_few_key_frames)
{
    open_call(VIDEO_HIGH);
    frames(30);
    unsigned asked = camera->key_frames_asked;
    for (int i = 0; i < 20 * 3; i++) {
        subscriber->got_count = 0;
        scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK,
                   i % 2 ? VIDEO_HIGH : VIDEO_LOW);
        frames(10);
    }
    CHECK(camera->key_frames_asked - asked <= 20 + 20 * 2 / 3 + 1);
    // What it has asked for last it gets.
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    for (int i = 0; i < 4; i++) {
        subscriber->got_count = 0;
        report_nothing_lost(subscriber);
        frames(30);
    }
    CHECK_EQ(last_mark().layer, HIGH);
    scene_close(&scene);
}
