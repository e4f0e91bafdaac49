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
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
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

// All that was got and not told of yet has arrived, but for the one at `lost`.
static void tell_all_but(size_t lost)
{
    size_t count = subscriber->got_count;
    for (; told < count; told++)
        if (told != lost)
            twcc_arrived(&recorder, told, scene.now);
    uint8_t octets[TWCC_FEEDBACK_MAX];
    struct writer w = writer_on(octets, sizeof octets);
    CHECK(twcc_put_feedback(&recorder, 1, 2, scene.now + 1000 * 1000, &w));
    scene_rtcp(&scene, subscriber, &w);
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
