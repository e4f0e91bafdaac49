// A publisher whose pictures are protected by sums (rtc/fec.h): what is lost on the way to us
// is there for subscribers before anybody asks for it.
#include "scene.h"
#include "test.h"
#include "tests/unit/rtc/fec_sum.h"

#include "base/mem.h"
#include "sfu/figures.h"

#include <string.h>

enum { ANN = 11, SUBSCRIBER = 21, TRACK = 100, FEC_SSRC = 77777, PACKET_LEN = 300, COUNT = 6 };

static struct scene scene;
static struct scene_client *ann, *to;
static uint8_t octets[COUNT][PACKET_LEN];
static struct bytes packets[COUNT];
static uint16_t sums; // sent so far

static void publish(uint32_t fec_ssrc)
{
    struct client_section camera = scene_video;
    camera.fec_ssrc = fec_ssrc;
    sums = 0;
    scene_open(&scene);
    ann = scene_publisher(&scene, ANN, &camera, 1, TRACK);
    to = scene_subscriber(&scene, SUBSCRIBER);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
}

// A key frame of VP8 in COUNT packets of different lengths, from that number on.
static void make_picture(uint16_t seq)
{
    static const uint8_t start[] = {0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 64, 0, 64, 0};
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t *p = octets[i];
        size_t len = PACKET_LEN - 7 * i;
        memset(p, (int)(seq + i), PACKET_LEN);
        memset(p, 0, 13);
        p[0] = 0x80;
        p[1] = CLIENT_PT_VP8 | (i + 1 == COUNT ? 0x80 : 0);
        write_u16(p + 2, (uint16_t)(seq + i));
        write_u32(p + 4, (uint32_t)(scene.now * 9 / 100));
        write_u32(p + 8, ann->sections[0].ssrc);
        if (i == 0)
            memcpy(p + 12, start, sizeof start);
        packets[i] = (struct bytes){p, len};
    }
}

static void send_packet(size_t i)
{
    client_send_rtp(&ann->client, packets[i], read_u16(packets[i].at + 2), &ann->out);
    scene_settle(&scene);
}

static void send_all_but(size_t lost, size_t second)
{
    for (size_t i = 0; i < COUNT; i++)
        if (i != lost && i != second)
            send_packet(i);
}

static void send_payload(struct bytes payload, uint32_t ssrc, uint8_t payload_type)
{
    uint8_t packet[12 + FEC_SUM_MAX] = {0x80, payload_type};
    write_u16(packet + 2, sums);
    write_u32(packet + 8, ssrc);
    memcpy(packet + 12, payload.at, payload.len);
    client_send_rtp(&ann->client, (struct bytes){packet, 12 + payload.len}, sums++, &ann->out);
    scene_settle(&scene);
}

static struct bytes sum_of_all(void)
{
    static uint8_t payload[FEC_SUM_MAX];
    return (struct bytes){payload, fec_sum_put(payload, packets, COUNT)};
}

static void send_sum(void)
{
    send_payload(sum_of_all(), FEC_SSRC, CLIENT_PT_FEC);
}

// A whole picture and its sum: the first sum is what memory for the rest is made at.
static void begin(void)
{
    publish(FEC_SSRC);
    make_picture(1000);
    send_all_but(COUNT, COUNT);
    send_sum();
    CHECK_EQ(to->got_count, COUNT);
    make_picture(1000 + COUNT);
}

static struct router_stats stats(void)
{
    struct router_stats s;
    router_get_stats(scene.router, &s);
    return s;
}

// Whether the subscriber has the second picture whole.
static bool has_picture(void)
{
    if (to->got_count != 2 * COUNT)
        return false;
    bool has[COUNT] = {0};
    for (size_t i = COUNT; i < 2 * COUNT; i++) {
        const struct scene_packet *p = &to->got[i];
        uint16_t place = (uint16_t)(p->seq - to->got[0].seq - COUNT);
        if (place >= COUNT || p->marker != (place + 1 == COUNT))
            return false;
        // Behind the payload descriptor, where it is rewritten.
        const uint8_t *end = packets[place].at + packets[place].len;
        has[place] = memcmp(p->payload + p->len - 200, end - 200, 200) == 0;
    }
    for (size_t i = 0; i < COUNT; i++)
        if (!has[i])
            return false;
    return true;
}

TEST(who_offers_sums_is_answered_that_they_are_taken)
{
    publish(FEC_SSRC);
    CHECK(strstr(scene.last_answer, "m=video 9 UDP/TLS/RTP/SAVPF 96 97 35\r\n"));
    CHECK(strstr(scene.last_answer, "a=rtpmap:35 flexfec-03/90000\r\n"));
    scene_close(&scene);
    publish(0);
    CHECK(!strstr(scene.last_answer, "flexfec"));
    scene_close(&scene);
}

TEST(what_was_lost_is_rebuilt_and_not_asked_for)
{
    for (size_t lost = 0; lost < COUNT; lost++) {
        begin();
        send_all_but(lost, lost);
        CHECK_EQ(to->got_count, 2 * COUNT - 1);
        send_sum();
        CHECK(has_picture());
        CHECK_EQ(stats().rebuilt, 1);
        scene_pass(&scene, 200 * 1000, 10 * 1000);
        CHECK_EQ(ann->nacks, 0);
        scene_close(&scene);
    }
}

TEST(without_its_sum_it_is_asked_for)
{
    begin();
    send_all_but(2, 2);
    scene_pass(&scene, 200 * 1000, 10 * 1000);
    CHECK(ann->nacks > 0);
    CHECK_EQ(stats().rebuilt, 0);
    scene_close(&scene);
}

TEST(of_two_that_were_lost_one_that_comes_late_brings_the_other)
{
    begin();
    send_all_but(2, 4);
    send_sum();
    CHECK_EQ(to->got_count, 2 * COUNT - 2);
    send_packet(4);
    CHECK(has_picture());
    CHECK_EQ(stats().rebuilt, 1);
    scene_close(&scene);
}

// A tenth is lost, of sums too: each picture that lacks one packet, and whose sum came, is
// whole.
TEST(of_random_losses_all_comes_that_sums_can_bring)
{
    enum { PICTURES = 200 };
    struct rng rng = rng_seeded(5);
    size_t lost = 0, rebuilt = 0;
    begin();
    for (int picture = 1; picture <= PICTURES; picture++) {
        size_t missing = 0;
        scene.now += 33 * 1000;
        make_picture((uint16_t)(1000 + picture * COUNT));
        for (size_t i = 0; i < COUNT; i++) {
            bool comes = rng_below(&rng, 10) > 0;
            missing += !comes;
            if (comes)
                send_packet(i);
        }
        bool sum_comes = rng_below(&rng, 10) > 0;
        if (sum_comes)
            send_sum();
        lost += missing;
        rebuilt += missing == 1 && sum_comes;
    }
    CHECK(rebuilt > 50 && rebuilt < lost);
    CHECK_EQ(stats().rebuilt, rebuilt);
    CHECK_EQ(to->got_count, (PICTURES + 1) * COUNT - (lost - rebuilt));
    scene_close(&scene);
}

// The sum comes behind the packet that was thought to be lost.
TEST(what_came_by_another_way_is_not_sent_twice)
{
    begin();
    send_all_but(COUNT - 1, COUNT - 1);
    send_sum();
    send_packet(COUNT - 1);
    CHECK(has_picture());
    CHECK_EQ(stats().rebuilt, 1);
    scene_close(&scene);
}

TEST(subscribers_get_no_sums)
{
    begin();
    send_all_but(COUNT, COUNT);
    send_sum();
    CHECK_EQ(to->got_count, 2 * COUNT);
    for (size_t i = 0; i < to->got_count; i++)
        CHECK_EQ(to->got[i].ssrc, to->got[0].ssrc);
    scene_close(&scene);
}

TEST(figures_tell_sums_and_what_came_of_them)
{
    begin();
    send_all_but(3, 3);
    send_sum();
    scene_command(
        &scene, (struct command){.kind = COMMAND_FIGURES, .room = SCENE_ROOM, .endpoint = ANN});
    scene_settle(&scene);
    const struct notice *n = scene_last(&scene, NOTICE_FIGURES);
    CHECK(n != NULL);
    const struct figures_layer *l = &n->figures.are->tracks[0].layers[0];
    CHECK(l->has_fec);
    CHECK_EQ(l->sums, 2);
    CHECK_EQ(l->packets_rebuilt, 1);
    CHECK_EQ(l->packets_asked, 0);
    CHECK_EQ(l->lost, 1);
    scene_close(&scene);
}

TEST(sums_of_another_stream_or_under_another_type_are_nothing)
{
    begin();
    send_all_but(3, 3);
    uint64_t malformed = stats().drop_malformed;
    send_payload(sum_of_all(), FEC_SSRC, CLIENT_PT_FEC + 1);
    struct bytes sum = sum_of_all();
    write_u32((uint8_t *)sum.at + 12, FEC_SSRC);
    send_payload(sum, FEC_SSRC, CLIENT_PT_FEC);
    CHECK_EQ(stats().drop_malformed, malformed + 2);
    CHECK_EQ(stats().rebuilt, 0);
    CHECK_EQ(to->got_count, 2 * COUNT - 1);
    scene_close(&scene);
}

TEST(sums_that_nobody_offered_are_of_an_unknown_stream)
{
    publish(0);
    make_picture(1000);
    send_all_but(3, 3);
    uint64_t unknown = stats().drop_unknown_stream;
    send_sum();
    CHECK_EQ(stats().drop_unknown_stream, unknown + 1);
    CHECK_EQ(to->got_count, COUNT - 1);
    scene_close(&scene);
}

// Whatever a sum says, what comes of it is one packet of that stream, near those that came.
TEST(sums_of_rubbish_do_no_harm)
{
    struct rng rng = rng_seeded(7);
    begin();
    send_all_but(3, 3);
    for (int i = 0; i < 3000; i++) {
        struct bytes sum = sum_of_all();
        uint8_t *p = (uint8_t *)sum.at;
        for (uint32_t n = 1 + rng_below(&rng, 4); n > 0; n--)
            p[rng_below(&rng, 40)] = (uint8_t)rng_u32(&rng);
        sum.len -= rng_below(&rng, 4) ? 0 : rng_below(&rng, (uint32_t)sum.len);
        send_payload(sum, FEC_SSRC, CLIENT_PT_FEC);
        scene.now += 1000;
    }
    to->got_count = 0;
    make_picture(30000);
    send_all_but(COUNT, COUNT);
    CHECK_EQ(to->got_count, COUNT);
    scene_close(&scene);
}
