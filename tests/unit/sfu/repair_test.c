// What a subscriber asks for again of a camera.
#include "scene.h"
#include "test.h"

#include "rtc/negotiate.h"
#include "rtc/rtcp.h"
#include "rtc/twcc.h"

#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, TRACK = 100 };

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;

static const struct client_section camera = {
    .video = true,
    .stream_id = "camera",
    .track_id = "cam",
    .layers = 1,
    .ssrc = 2001,
    .rtx_ssrc = 2002,
};

static void open_call(void)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, &camera, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
}

static size_t got_of(const struct scene_client *c, uint32_t ssrc)
{
    size_t count = 0;
    for (size_t i = 0; i < c->got_count; i++)
        count += c->got[i].ssrc == ssrc;
    return count;
}

static void nack(uint32_t ssrc, uint16_t seq)
{
    uint8_t buffer[64];
    struct writer w = writer_on(buffer, sizeof buffer);
    rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    scene_rtcp(&scene, subscriber, &w);
}

TEST(a_nack_is_answered_on_the_retransmission_stream)
{
    open_call();
    scene_frame(&scene, publisher, 0);
    struct scene_packet lost = subscriber->got[7];
    nack(subscriber->offered[0].ssrc, lost.seq);
    CHECK_EQ(subscriber->got_count, 17);
    const struct scene_packet *repeated = &subscriber->got[16];
    CHECK_EQ(repeated->ssrc, subscriber->offered[0].rtx_ssrc);
    CHECK_EQ(repeated->payload_type, negotiate_rtx_payload_type(CODEC_VP8, H264_BASELINE));
    CHECK_EQ(repeated->timestamp, lost.timestamp);
    CHECK_EQ(read_u16(repeated->payload), lost.seq);
    CHECK_EQ(repeated->len, lost.len + 2);
    CHECK(memcmp(repeated->payload + 2, lost.payload, lost.len) == 0);
    scene_close(&scene);
}

TEST(a_packet_is_retransmitted_five_times_at_most)
{
    open_call();
    scene_frame(&scene, publisher, 0);
    for (int i = 0; i < 7; i++)
        nack(subscriber->offered[0].ssrc, subscriber->got[7].seq);
    CHECK_EQ(got_of(subscriber, subscriber->offered[0].rtx_ssrc), 5);
    scene_close(&scene);
}

TEST(asking_for_others_between_does_not_make_it_more_often)
{
    open_call();
    while (subscriber->got_count <= 384)
        scene_frame(&scene, publisher, 0);
    size_t last = subscriber->got_count - 1;
    for (int i = 0; i < 10; i++)
        for (size_t back = 0; back <= 384; back += 128)
            nack(subscriber->offered[0].ssrc, subscriber->got[last - back].seq);
    CHECK_EQ(got_of(subscriber, subscriber->offered[0].rtx_ssrc), 4 * 5);
    scene_close(&scene);
}

TEST(a_number_that_was_never_sent_is_not_retransmitted)
{
    open_call();
    scene_frame(&scene, publisher, 0);
    nack(subscriber->offered[0].ssrc, (uint16_t)(subscriber->got[0].seq - 1));
    nack(subscriber->offered[0].ssrc, (uint16_t)(subscriber->got[15].seq + 1));
    CHECK_EQ(subscriber->got_count, 16);
    scene_close(&scene);
}

// A moment without a network takes a key frame and what comes behind it: were a part of it
// refused, the picture would stand until the budget has grown.
TEST(a_hundred_packets_that_were_lost_at_once_are_all_repaired)
{
    open_call();
    for (int i = 0; i < 100; i++)
        scene_frame(&scene, publisher, 0);
    uint16_t last = subscriber->got[subscriber->got_count - 1].seq;
    for (uint16_t i = 0; i < 100; i++)
        nack(subscriber->offered[0].ssrc, (uint16_t)(last - i));
    CHECK_EQ(got_of(subscriber, subscriber->offered[0].rtx_ssrc), 100);
    scene_close(&scene);
}

TEST(retransmissions_stop_when_the_budget_is_used_up)
{
    open_call();
    for (int i = 0; i < 100; i++)
        scene_frame(&scene, publisher, 0);
    size_t sent = subscriber->got_count;
    uint16_t last = subscriber->got[sent - 1].seq;
    for (uint16_t i = 0; i < 250; i++)
        nack(subscriber->offered[0].ssrc, (uint16_t)(last - i));
    size_t repeated = got_of(subscriber, subscriber->offered[0].rtx_ssrc);
    // The savings of 128 KiB are 125 packets of about 1050 octets.
    CHECK(repeated > 115);
    CHECK(repeated < 135);
    scene_close(&scene);
}

// --- What feedback says is lost ---

static const struct client_section layered = {
    .video = true,
    .codec = CODEC_VP9,
    .stream_id = "camera",
    .track_id = "cam",
    .layers = 1,
    .ssrc = 2001,
    .rtx_ssrc = 2002,
};
static const struct shape full = {.codec = CODEC_VP9, .spatial = 3, .full = true};
static struct twcc_recorder recorder;
static uint16_t told; // transport-wide numbers so far

// A picture, as fast as its way takes it.
static void show(void)
{
    scene.now += VIDEO_FRAME_US;
    scene_frame(&scene, publisher, 0);
    scene_pass(&scene, 200 * 1000, 5000);
}

static void open_numbered(const struct client_section *section, const struct shape *shape)
{
    scene_open(&scene);
    scene.agrees_to_numbers = true;
    publisher = scene_publisher(&scene, PUBLISHER, section, 1, TRACK);
    publisher->sources[0].shape = *shape;
    source_allot(&publisher->sources[0], 1500);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    // As a screen: that begins with all spatial layers.
    scene_command(&scene, (struct command){.kind = COMMAND_FEED_OPEN,
                                           .room = SCENE_ROOM,
                                           .endpoint = SUBSCRIBER,
                                           .track = TRACK,
                                           .feed = {.quality = VIDEO_HIGH, .ahead = true}});
    scene_settle(&scene);
    told = 0;
    recorder = (struct twcc_recorder){0};
    show();
    CHECK(subscriber->got_count > 8);
}

// How often a packet was sent again, and where last. Probes come on that stream, too.
static size_t repeats_of(uint16_t seq, size_t *last)
{
    size_t count = 0;
    for (size_t i = 0; i < subscriber->got_count; i++) {
        const struct scene_packet *p = &subscriber->got[i];
        if (p->ssrc != subscriber->offered[0].rtx_ssrc || p->len <= 2 ||
            read_u16(p->payload) != seq)
            continue;
        count++;
        *last = i;
    }
    return count;
}

enum { NOTHING = SIZE_MAX };

// All that was got and not told of yet has arrived, but for the one at `lost`. Writes what the
// receiver tells of it.
static struct bytes tell_of_all_but(size_t lost, uint8_t octets[TWCC_FEEDBACK_MAX])
{
    size_t count = subscriber->got_count;
    for (; told < count; told++)
        if (told != lost)
            twcc_arrived(&recorder, told, scene.now);
    struct writer w = writer_on(octets, TWCC_FEEDBACK_MAX);
    CHECK(twcc_put_feedback(&recorder, 1, 2, scene.now + 1000 * 1000, &w));
    return (struct bytes){octets, w.len};
}

static void tell_all_but(size_t lost)
{
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct bytes feedback = tell_of_all_but(lost, octets);
    scene_rtcp(&scene, subscriber, &(struct writer){.at = octets, .len = feedback.len});
}

static void tell_in_vain(void)
{
    uint8_t octets[TWCC_FEEDBACK_MAX];
    tell_of_all_but(NOTHING, octets);
}

TEST(with_spatial_layers_what_is_lost_is_sent_again_unasked)
{
    open_numbered(&layered, &full);
    size_t last = 0;
    uint16_t seq = subscriber->got[5].seq;
    tell_all_but(5);
    CHECK_EQ(repeats_of(seq, &last), 1);
    // That is lost, too: something behind it must arrive to show it.
    show();
    tell_all_but(last);
    CHECK_EQ(repeats_of(seq, &last), 2);
    scene_close(&scene);
}

TEST(what_was_asked_for_is_not_sent_again_for_its_first_loss)
{
    open_numbered(&layered, &full);
    size_t last = 0;
    uint16_t seq = subscriber->got[5].seq;
    nack(subscriber->offered[0].ssrc, seq);
    tell_all_but(5);
    CHECK_EQ(repeats_of(seq, &last), 1);
    scene_close(&scene);
}

TEST(without_spatial_layers_a_receiver_asks_itself)
{
    open_numbered(&camera, &(struct shape){0});
    size_t last = 0;
    uint16_t seq = subscriber->got[5].seq;
    tell_all_but(5);
    CHECK_EQ(repeats_of(seq, &last), 0);
    scene_close(&scene);
}

// --- What no feedback tells of ---

// The spatial layer of a packet of VP9 (RFC 9628 section 4.2), behind a long picture id.
static unsigned spatial_of(const struct scene_packet *p)
{
    return p->payload[3] >> 1 & 7;
}

// How often the packets of the first picture from `from` on were sent again: all those above
// the lowest layer alike, and of that none.
static size_t repeats_of_picture(size_t from)
{
    size_t repeats = 0, upper = 0, last;
    while (subscriber->got[from].ssrc != subscriber->offered[0].ssrc)
        from++; // a probe
    for (size_t i = from; i < subscriber->got_count; i++) {
        const struct scene_packet *p = &subscriber->got[i];
        if (p->ssrc != subscriber->offered[0].ssrc ||
            p->timestamp != subscriber->got[from].timestamp)
            continue;
        size_t count = repeats_of(p->seq, &last);
        if (spatial_of(p) == 0) {
            CHECK_EQ(count, 0);
            continue;
        }
        CHECK(upper == 0 || count == repeats);
        repeats = count;
        upper++;
    }
    CHECK(upper > 0);
    return repeats;
}

// A picture of which nothing is told, as the feedback is lost, and one that shows it.
static size_t show_untold(void)
{
    size_t first = subscriber->got_count;
    show();
    tell_in_vain();
    show();
    tell_all_but(NOTHING);
    return first;
}

TEST(with_spatial_layers_what_no_feedback_tells_of_is_sent_again_once)
{
    open_numbered(&layered, &full);
    tell_all_but(NOTHING);
    size_t first = show_untold();
    CHECK_EQ(repeats_of_picture(first), 1);
    // What tells of that is lost as well.
    show();
    tell_in_vain();
    show();
    tell_all_but(NOTHING);
    CHECK_EQ(repeats_of_picture(first), 1);
    scene_close(&scene);
}

TEST(what_was_missing_is_sent_again_when_no_feedback_tells_of_the_first_time)
{
    open_numbered(&layered, &full);
    enum { LOST = 20 }; // of the middle layer
    size_t last = 0;
    tell_all_but(LOST);
    uint16_t seq = subscriber->got[LOST].seq;
    CHECK_EQ(repeats_of(seq, &last), 1);
    show();
    tell_in_vain();
    show();
    tell_all_but(NOTHING);
    CHECK_EQ(repeats_of(seq, &last), 2);
    scene_close(&scene);
}

TEST(of_spatial_layers_that_stand_apart_a_receiver_asks_itself)
{
    open_numbered(&layered, &(struct shape){.codec = CODEC_VP9, .spatial = 3});
    show();
    tell_all_but(NOTHING);
    size_t first = show_untold(), last;
    for (size_t i = first; i < subscriber->got_count; i++)
        if (subscriber->got[i].ssrc == subscriber->offered[0].ssrc)
            CHECK_EQ(repeats_of(subscriber->got[i].seq, &last), 0);
    scene_close(&scene);
}

// Whoever tells of far numbers only makes nothing be sent.
TEST(feedback_that_leaps_makes_no_repairs_of_what_was_told)
{
    open_numbered(&layered, &full);
    tell_all_but(NOTHING);
    size_t sent = subscriber->got_count;
    told = 30000;
    recorder = (struct twcc_recorder){0};
    twcc_arrived(&recorder, told, scene.now);
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    CHECK(twcc_put_feedback(&recorder, 1, 2, scene.now + 1000 * 1000, &w));
    scene_rtcp(&scene, subscriber, &w);
    CHECK_EQ(subscriber->got_count, sent);
    scene_close(&scene);
}
