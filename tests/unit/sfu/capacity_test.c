// What a subscriber is sent of a track, by what it or its role says that its way carries.
#include "scene.h"
#include "test.h"

#include "base/limits.h"
#include "rtc/rtcp.h"
#include "rtc/twcc.h"
#include "sfu/figures.h"

enum {
    PUBLISHER = 11,
    SUBSCRIBER = 12,
    OTHER = 13,
    TRACK = 100,
    HIGH = 0,
    MEDIUM = 1,
    LOW = 2
};

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;

// A subscriber that asks for the best of a camera of three encodings, and has it for a while.
static void open_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
}

static void pass(int seconds)
{
    for (int i = 0; i < 30 * seconds; i++) {
        scene.now += VIDEO_FRAME_US;
        for (size_t client = 0; client < scene.client_count; client++)
            scene.clients[client].got_count = 0;
        scene_frame(&scene, publisher, 0);
    }
}

static void tell_rate(uint64_t bps)
{
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_remb(&w, 1, bps, NULL, 0);
    scene_rtcp(&scene, subscriber, &w);
}

// The layer of what came of the last frame; -1: nothing came.
static int layer(void)
{
    struct mark m;
    size_t count = subscriber->got_count;
    while (count > 0 && subscriber->got[count - 1].len == 0) // padding
        count--;
    if (count == 0)
        return -1;
    const struct scene_packet *p = &subscriber->got[count - 1];
    CHECK(mark_read(&m, true, (struct bytes){p->payload, p->len}));
    return m.layer;
}

TEST(who_says_nothing_of_its_way_is_sent_what_it_asks_for_and_told_nothing)
{
    open_call();
    pass(2);
    CHECK_EQ(layer(), HIGH);
    CHECK_EQ(scene_count(&scene, NOTICE_LAYER), 0);
    scene_close(&scene);
}

// As one that copies what it does not know out of the offer.
TEST(who_agreed_to_tell_what_arrives_and_does_not_is_sent_what_it_asks_for_after_a_while)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    scene.agrees_to_numbers = true;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    pass(1);
    CHECK(layer() > HIGH); // nobody knows what its way carries
    pass(3);
    CHECK_EQ(layer(), HIGH);
    scene_close(&scene);
}

// Of one size, which is more than is sent on a line that nobody knows.
TEST(who_agreed_and_tells_nothing_gets_a_camera_that_takes_much)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    scene.agrees_to_numbers = true;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    for (int i = 0; i < 90; i++) { // its rate is known
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
    }
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    publisher->sources[0].layers[0].key_wanted = true;
    pass(1);
    CHECK(layer() >= 0);
    pass(3);
    CHECK(layer() >= 0);
    scene_close(&scene);
}

// How much it takes shows only while it is not yet wanted: what was assumed before does not
// count.
TEST(who_agreed_and_tells_nothing_gets_a_camera_as_soon_as_it_is_wanted)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    scene.agrees_to_numbers = true;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_OFF);
    pass(1);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    publisher->sources[0].layers[0].key_wanted = true;
    CHECK(layer() < 0);
    scene.now += VIDEO_FRAME_US;
    scene_frame(&scene, publisher, 0);
    CHECK(layer() >= 0);
    scene_close(&scene);
}

// A frame, and the subscriber tells of each packet of it: so much late. Whether one came.
static bool frame_told_late(struct twcc_recorder *recorder, uint16_t *number, int64_t late)
{
    scene.now += VIDEO_FRAME_US;
    subscriber->got_count = 0;
    scene_frame(&scene, publisher, 0);
    for (size_t k = 0; k < subscriber->got_count; k++)
        twcc_arrived(recorder, (*number)++, scene.now + late);
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    if (twcc_put_feedback(recorder, 1, 2, scene.now + late + 1000 * 1000, &w))
        scene_rtcp(&scene, subscriber, &w);
    return subscriber->got_count > 0;
}

// A client that had no time for a moment tells of a queue that is its own, and of pictures
// only: when they stop, it has nothing to tell of.
TEST(who_is_sent_no_picture_gets_one_again_after_a_while)
{
    struct twcc_recorder recorder = {0};
    uint16_t number = 0;
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_video, 1, TRACK);
    scene.agrees_to_numbers = true;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    int without = 0;
    for (int i = 0; without < 15; i++) {
        CHECK(i < 300);
        without = frame_told_late(&recorder, &number, i * 30 * 1000) ? 0 : without + 1;
    }
    publisher->sources[0].layers[0].key_wanted = true;
    pass(3);
    CHECK(layer() >= 0);
    scene_close(&scene);
}

// What is on the way fills it for long. Pictures begin anew with a key frame behind that: what
// was lost before is of no use.
// For two frames they only wait, as it is doubtful.
TEST(what_was_lost_before_a_way_became_narrow_is_not_sent_again)
{
    struct twcc_recorder recorder = {0};
    uint16_t number = 0, seq = 0;
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    scene.agrees_to_numbers = true;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    publisher->sources[0].layers[LOW].key_wanted = true;
    for (int i = 0; i < 90; i++) {
        frame_told_late(&recorder, &number, 0);
        seq = subscriber->got_count ? subscriber->got[0].seq : seq;
    }
    int without = 0;
    for (int i = 0; without < 4; i++) {
        CHECK(i < 30);
        without = frame_told_late(&recorder, &number, i * 60 * 1000) ? 0 : without + 1;
        seq = subscriber->got_count ? subscriber->got[0].seq : seq;
    }
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, subscriber->offered[0].ssrc, &seq, 1);
    scene_rtcp(&scene, subscriber, &w);
    CHECK_EQ(subscriber->got_count, 0);
    scene_close(&scene);
}

TEST(a_rate_that_the_client_tells_chooses_the_layer_and_people_are_told)
{
    open_call();
    tell_rate(20 * 1000 * 1000);
    pass(3);
    CHECK_EQ(layer(), HIGH);
    CHECK_EQ(scene_count(&scene, NOTICE_LAYER), 0);
    tell_rate(300 * 1000);
    pass(1);
    CHECK_EQ(layer(), LOW);
    const struct notice *n = scene_last(&scene, NOTICE_LAYER);
    CHECK_EQ(n->endpoint, SUBSCRIBER);
    CHECK_EQ(n->track, TRACK);
    CHECK_EQ(n->layer.current, VIDEO_LOW);
    CHECK_EQ(n->layer.expected, VIDEO_HIGH);
    CHECK(n->layer.subscriber_degraded && !n->layer.publisher_degraded);
    tell_rate(20 * 1000 * 1000);
    pass(4);
    CHECK_EQ(layer(), HIGH);
    n = scene_last(&scene, NOTICE_LAYER);
    CHECK_EQ(n->layer.current, VIDEO_HIGH);
    CHECK(!n->layer.subscriber_degraded);
    scene_close(&scene);
}

// Of a client that agreed to tell rates.
static void open_rated_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    scene.agrees_to_rates = true;
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    for (int i = 0; i < 3; i++)
        publisher->sources[0].layers[i].key_wanted = true;
}

// Padding of a frame's time: octets on the retransmission stream.
static size_t padding(void)
{
    size_t octets = 0;
    for (size_t i = 0; i < subscriber->got_count; i++)
        if (subscriber->got[i].ssrc == subscriber->offered[0].rtx_ssrc)
            octets += 255;
    return octets;
}

TEST(who_agreed_to_tell_a_rate_is_sent_little_at_first_and_all_when_it_tells_none)
{
    open_rated_call();
    pass(1);
    CHECK(layer() > HIGH);
    pass(6);
    CHECK_EQ(layer(), HIGH);
    scene_close(&scene);
}

TEST(a_viewer_that_agreed_to_tell_a_rate_is_sent_little_at_first)
{
    for (int agreed = 0; agreed < 2; agreed++) {
        scene_open(&scene);
        publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
        scene.agrees_to_rates = agreed;
        subscriber = scene_viewer(&scene, SUBSCRIBER, 0, 1, "VP8");
        scene_frame(&scene, publisher, 0);
        scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
        for (int i = 0; i < 3; i++)
            publisher->sources[0].layers[i].key_wanted = true;
        pass(1);
        CHECK(agreed ? layer() > HIGH : layer() == HIGH);
        pass(6);
        CHECK_EQ(layer(), HIGH);
        scene_close(&scene);
    }
}

TEST(a_rate_of_nothing_pauses_pictures_until_another_is_told)
{
    for (int agreed = 0; agreed < 2; agreed++) {
        if (agreed)
            open_rated_call();
        else
            open_call();
        pass(6);
        CHECK_EQ(layer(), HIGH);
        tell_rate(0);
        pass(1);
        CHECK_EQ(layer(), -1);
        CHECK_EQ(scene_last(&scene, NOTICE_LAYER)->layer.current, VIDEO_OFF);
        tell_rate(20 * 1000 * 1000);
        pass(4);
        CHECK_EQ(layer(), HIGH);
        scene_close(&scene);
    }
}

TEST(a_way_is_filled_up_to_the_rate_that_was_told_while_more_is_wanted)
{
    open_rated_call();
    pass(6);
    tell_rate(300 * 1000);
    pass(1);
    CHECK_EQ(layer(), LOW);
    CHECK_EQ(padding(), 0);
    size_t octets = 0;
    for (int i = 0; i < 4 * 30; i++) {
        scene.now += VIDEO_FRAME_US;
        subscriber->got_count = 0;
        scene_frame(&scene, publisher, 0);
        octets += padding();
    }
    CHECK(octets > 3000);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_LOW);
    pass(1);
    CHECK_EQ(padding(), 0); // all that is wanted is sent
    scene_close(&scene);
}

// Its pictures' SSRCs alone are in it, as in those of libwebrtc.
TEST(a_rate_of_pictures_alone_leaves_sound_beside_it)
{
    static const uint32_t of_pictures = 77;
    double estimates[2];
    for (int alone = 0; alone < 2; alone++) {
        scene_open(&scene);
        publisher = scene_publisher(&scene, PUBLISHER, scene_both, 2, TRACK);
        scene.agrees_to_rates = true;
        subscriber = scene_subscriber(&scene, SUBSCRIBER);
        scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
        scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK + 1, VIDEO_HIGH);
        uint8_t buffer[64];
        struct writer w = writer_on(buffer, sizeof buffer);
        rtcp_put_remb(&w, 1, 400 * 1000, &of_pictures, (size_t)alone);
        scene_rtcp(&scene, subscriber, &w);
        scene_command(&scene, (struct command){.kind = COMMAND_FIGURES,
                                               .room = SCENE_ROOM,
                                               .endpoint = SUBSCRIBER,
                                               .request = 5});
        scene_settle(&scene);
        estimates[alone] = scene_last(&scene, NOTICE_FIGURES)->figures.are->estimate_bps;
        scene_close(&scene);
    }
    CHECK_EQ((int)estimates[0], 400 * 1000);
    CHECK_EQ((int)estimates[1], 450 * 1000); // a microphone that was not measured yet
}

TEST(what_does_not_fit_at_all_is_paused_and_comes_back)
{
    open_call();
    tell_rate(20 * 1000 * 1000);
    pass(3);
    tell_rate(20 * 1000);
    pass(1);
    CHECK_EQ(layer(), -1);
    CHECK_EQ(scene_last(&scene, NOTICE_LAYER)->layer.current, VIDEO_OFF);
    CHECK(scene_last(&scene, NOTICE_LAYER)->layer.subscriber_degraded);
    tell_rate(20 * 1000 * 1000);
    pass(4);
    CHECK_EQ(layer(), HIGH);
    scene_close(&scene);
}

TEST(the_roles_bound_holds_where_nothing_else_is_known)
{
    open_call();
    scene_command(&scene, (struct command){.kind = COMMAND_SUBSCRIBE_CAP,
                                           .room = SCENE_ROOM,
                                           .endpoint = SUBSCRIBER,
                                           .subscribe_cap = {.kbps = 300}});
    pass(5);
    CHECK_EQ(layer(), LOW);
    scene_close(&scene);
}

// A subscriber that tells what arrives of pictures, which is all but each so manieth packet.
static struct twcc_recorder recorder;
static uint16_t told; // transport-wide numbers so far

static void pass_and_lose(int seconds, unsigned each)
{
    for (int i = 0; i < 30 * seconds; i++) {
        subscriber->got_count = 0;
        scene_pass(&scene, VIDEO_FRAME_US, VIDEO_FRAME_US / 8);
        scene_frame(&scene, publisher, 0);
        for (size_t k = 0; k < subscriber->got_count; k++, told++)
            if (each == 0 || told % each)
                twcc_arrived(&recorder, told, scene.now);
        uint8_t octets[TWCC_FEEDBACK_MAX];
        struct writer w = writer_on(octets, sizeof octets);
        size_t count = subscriber->got_count;
        if (twcc_put_feedback(&recorder, 1, 2, scene.now, &w))
            scene_rtcp(&scene, subscriber, &w);
        for (size_t k = count; k < subscriber->got_count; k++, told++)
            twcc_arrived(&recorder, told, scene.now);
    }
}

// A call of which the subscriber tells what arrives, and in which all did so far.
static void open_where_all_is_told(void)
{
    recorder = (struct twcc_recorder){0};
    told = 0;
    scene_open(&scene);
    scene.agrees_to_numbers = true;
    publisher = scene_publisher(&scene, PUBLISHER, &scene_simulcast, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    pass_and_lose(15, 0);
    CHECK_EQ(layer(), HIGH);
}

// Of a picture of many packets something is always missing then, and of small ones not.
TEST(a_way_that_loses_more_than_is_sent_again_gets_the_least_layer)
{
    open_where_all_is_told();
    pass_and_lose(10, 10);
    CHECK_EQ(layer(), HIGH);
    pass_and_lose(10, 4);
    CHECK_EQ(layer(), LOW);
    pass_and_lose(15, 0);
    CHECK_EQ(layer(), HIGH);
    scene_close(&scene);
}

// All that is sent in so long is told of as lost. Returns the octets sent of pictures.
static size_t pass_and_lose_all(int seconds)
{
    size_t octets = 0;
    for (int i = 0; i < 30 * seconds; i++) {
        subscriber->got_count = 0;
        scene_pass(&scene, VIDEO_FRAME_US, VIDEO_FRAME_US / 8);
        scene_frame(&scene, publisher, 0);
        uint16_t base = told, count = (uint16_t)subscriber->got_count;
        for (size_t k = 0; k < subscriber->got_count; k++)
            octets += subscriber->got[k].len;
        told = (uint16_t)(told + count);
        uint8_t buffer[32];
        struct writer w = writer_on(buffer, sizeof buffer);
        put_u32(&w, 0x8fcd0005); // RFC 4585 section 6.1: format 15, transport layer
        put_u32(&w, 1);
        put_u32(&w, 2);
        put_u16(&w, base);
        put_u16(&w, count);
        put_u32(&w, 0x00000100); // the reference time, and the number of the feedback
        put_u16(&w, count);      // a run of packets that did not arrive
        put_u16(&w, 0);
        if (count)
            scene_rtcp(&scene, subscriber, &w);
        told = (uint16_t)(told + subscriber->got_count - count);
    }
    return octets;
}

TEST(a_way_on_which_nothing_arrives_is_sent_no_picture_but_to_try)
{
    open_where_all_is_told();
    size_t before = pass_and_lose_all(1);
    CHECK(pass_and_lose_all(20) < before); // now and then one is tried
    pass_and_lose(25, 0);
    CHECK_EQ(layer(), HIGH);
    scene_close(&scene);
}

TEST(what_the_client_stops_is_not_told_as_degraded)
{
    open_call();
    tell_rate(20 * 1000 * 1000);
    pass(2);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_OFF);
    pass(1);
    CHECK_EQ(layer(), -1);
    CHECK_EQ(scene_count(&scene, NOTICE_LAYER), 0);
    scene_feed(&scene, COMMAND_FEED_LAYER, SUBSCRIBER, TRACK, VIDEO_HIGH);
    pass(1);
    CHECK_EQ(layer(), HIGH);
    scene_close(&scene);
}

TEST(a_layer_that_the_publisher_does_not_send_is_told)
{
    open_call();
    tell_rate(20 * 1000 * 1000);
    pass(3);
    publisher->sources[0].paused[HIGH] = true;
    pass(3);
    CHECK_EQ(layer(), MEDIUM);
    const struct notice *n = scene_last(&scene, NOTICE_LAYER);
    CHECK_EQ(n->layer.current, VIDEO_MEDIUM);
    CHECK_EQ(n->layer.expected, VIDEO_HIGH);
    CHECK(n->layer.publisher_degraded && !n->layer.subscriber_degraded);
    scene_close(&scene);
}

// Nobody wanted the layer, so the publisher does not send it yet. A page that is told of it
// hides the camera, asks for nothing, hears that all is well, and asks again.
TEST(a_layer_that_is_about_to_begin_is_not_told_as_degraded)
{
    open_call();
    tell_rate(20 * 1000 * 1000);
    publisher->sources[0].paused[LOW] = true;
    pass(3);
    subscriber = scene_subscriber(&scene, OTHER);
    scene_feed(&scene, COMMAND_FEED_OPEN, OTHER, TRACK, VIDEO_LOW);
    tell_rate(20 * 1000 * 1000);
    pass(1);
    CHECK_EQ(layer(), -1);
    CHECK_EQ(scene_count(&scene, NOTICE_LAYER), 0);
    publisher->sources[0].paused[LOW] = false;
    publisher->sources[0].layers[LOW].key_wanted = true;
    pass(1);
    CHECK_EQ(layer(), LOW);
    CHECK_EQ(scene_count(&scene, NOTICE_LAYER), 0);
    scene_close(&scene);
}
