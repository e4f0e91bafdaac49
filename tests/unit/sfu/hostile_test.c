// A client that is authenticated may still send anything: the call of the others goes on.
#include "scene.h"
#include "test.h"

#include "rtc/rtcp.h"

#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, HOSTILE = 13, TRACK = 100, PACKETS = 20000 };

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;
static struct scene_client *hostile;

static void open_call(void)
{
    scene_open(&scene);
    struct client_section good = {
        .stream_id = "g", .track_id = "good", .layers = 1, .ssrc = 1001};
    struct client_section bad[2] = {
        {.video = true, .stream_id = "b", .track_id = "bad", .layers = 3},
        {.video = true,
         .stream_id = "b",
         .track_id = "worse",
         .layers = 1,
         .ssrc = 2001,
         .rtx_ssrc = 2002}};
    publisher = scene_publisher(&scene, PUBLISHER, &good, 1, TRACK);
    hostile = scene_publisher(&scene, HOSTILE, bad, 2, TRACK + 1);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    for (uint64_t i = 0; i < 3; i++)
        scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK + i, VIDEO_HIGH);
    for (size_t i = 0; i < 2; i++)
        scene_frame(&scene, hostile, i);
    subscriber->got_count = 0;
}

static void check_that_the_call_goes_on(void)
{
    subscriber->got_count = 0;
    scene_frame(&scene, publisher, 0);
    scene_frame(&scene, publisher, 0);
    size_t got = 0;
    for (size_t i = 0; i < subscriber->got_count; i++)
        got += subscriber->got[i].ssrc == subscriber->offered[0].ssrc;
    CHECK_EQ(got, 2);
    scene_close(&scene);
}

static uint32_t some_ssrc(struct rng *rng)
{
    const struct source *simulcast = &hostile->sources[0];
    switch (rng_below(rng, 6)) {
    case 0:
        return simulcast->layers[rng_below(rng, 3)].ssrc;
    case 1:
        return simulcast->layers[rng_below(rng, 3)].rtx_ssrc;
    case 2:
        return 2001;
    case 3:
        return 2002;
    case 4:
        return rng_below(rng, 100);
    default:
        return rng_u32(rng);
    }
}

static size_t some_rtp(struct rng *rng, unsigned i, uint8_t *at)
{
    size_t len = 12 + rng_below(rng, 200);
    rng_fill(rng, at, len);
    at[0] = (uint8_t)(0x80 | (rng_below(rng, 4) ? 0 : 0x20));
    static const uint8_t types[] = {CLIENT_PT_VP8, CLIENT_PT_RTX, CLIENT_PT_OPUS, 13};
    at[1] = (uint8_t)(types[rng_below(rng, 4)] | (rng_u32(rng) & 0x80));
    // Near to what was sent before, and now and then a leap.
    write_u16(at + 2,
              (uint16_t)(5000 + 2 * i + (i > PACKETS / 2 ? 4000 : 0) + rng_below(rng, 100)));
    write_u32(at + 8, some_ssrc(rng));
    // An extension block that holds what it says, of elements that need not.
    if (len >= 40 && rng_below(rng, 2)) {
        at[0] |= 0x10;
        write_u32(at + 12, 0xbede0000 | rng_below(rng, 6));
        at[16] = (uint8_t)((rng_below(rng, 2) ? CLIENT_EXT_MID : CLIENT_EXT_RID) << 4);
        at[17] = "12fhq"[rng_below(rng, 5)];
        at[18] = CLIENT_EXT_TWCC << 4 | 1;
    }
    return len;
}

TEST(any_rtp_of_a_client_leaves_the_others_alone)
{
    open_call();
    struct rng rng = rng_seeded(42);
    for (unsigned i = 0; i < PACKETS; i++) {
        uint8_t packet[256];
        size_t len = some_rtp(&rng, i, packet);
        uint64_t seq = 5000 + 2 * i;
        seq += (uint16_t)(read_u16(packet + 2) - (uint16_t)seq);
        size_t head = 12 + (packet[0] & 0x10 ? 4 + 4u * read_u16(packet + 14) : 0);
        if (head > len)
            continue;
        client_send_rtp(&hostile->client, (struct bytes){packet, len}, seq, &hostile->out);
        if (i % 16 == 0) {
            scene.now += rng_below(&rng, 30000);
            subscriber->got_count = 0;
            client_check(&publisher->client, &publisher->out);
            client_check(&subscriber->client, &subscriber->out);
            scene_settle(&scene);
        }
    }
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    CHECK(stats.rtp_in > PACKETS / 4); // authentic, and so looked at
    check_that_the_call_goes_on();
}

// Transport-wide feedback in which the last of `count` numbers arrived.
static void put_wide_feedback(struct writer *w, uint16_t first, uint16_t count)
{
    size_t start = w->len;
    put_u32(w, 0x8fcd0000);
    put_u32(w, 1);
    put_u32(w, 2);
    put_u16(w, first);
    put_u16(w, count);
    put_u32(w, 1000u << 8);
    for (unsigned left = count - 1u; left > 0;) { // runs of what did not arrive
        unsigned run = left < 8191 ? left : 8191;
        put_u16(w, (uint16_t)run);
        left -= run;
    }
    put_u16(w, 0x2001);
    put_u8(w, 4);
    while ((w->len - start) % 4)
        put_u8(w, 0);
    write_u16(w->at + start + 2, (uint16_t)((w->len - start) / 4 - 1));
}

// 40 octets name 65535 packets; a hundred thousand such feedbacks a second are 30 Mbit/s.
TEST(feedback_that_names_more_than_there_is_time_for_is_not_read)
{
    open_call();
    struct router_stats stats;
    for (int i = 0; i < 1000; i++) {
        uint8_t compound[1400];
        struct writer w = writer_on(compound, sizeof compound);
        for (int j = 0; j < 30; j++)
            put_wide_feedback(&w, (uint16_t)(i * 30 + j), 65535);
        client_send_rtcp(&subscriber->client, (struct bytes){w.at, w.len}, &subscriber->out);
        scene_settle(&scene);
    }
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.drop_malformed, 0);
    CHECK(stats.drop_feedback > 30000 - 100);
    uint64_t dropped = stats.drop_feedback;
    scene.now += 1000000;
    uint8_t compound[64];
    struct writer w = writer_on(compound, sizeof compound);
    put_wide_feedback(&w, 1, 100);
    scene_rtcp(&scene, subscriber, &w);
    router_get_stats(scene.router, &stats);
    CHECK_EQ(stats.drop_feedback, dropped); // what is usual goes on
    check_that_the_call_goes_on();
}

static void send_channel(size_t count)
{
    for (size_t i = 0; i < count; i++)
        dtls_send(hostile->client.dtls, bytes_of("x"), &hostile->client.server, &hostile->out);
    scene_settle(&scene);
}

// The control thread is everybody's.
TEST(a_data_channel_that_is_flooded_is_not_passed_on)
{
    open_call();
    struct router_stats stats;
    for (int i = 0; i < 10; i++)
        send_channel(500);
    router_get_stats(scene.router, &stats);
    size_t passed = scene_count(&scene, NOTICE_SCTP);
    CHECK(passed > 1000 && passed < 1500);
    CHECK_EQ(stats.drop_channel, 5000 - passed);
    scene.now += 1000000;
    send_channel(10);
    CHECK_EQ(scene_count(&scene, NOTICE_SCTP), passed + 10);
    check_that_the_call_goes_on();
}

static size_t some_rtcp(struct rng *rng, uint8_t *at, size_t cap)
{
    struct writer w = writer_on(at, cap);
    uint32_t about =
        rng_below(rng, 3) == 0 ? some_ssrc(rng) : subscriber->offered[rng_below(rng, 3)].ssrc;
    struct rtcp_report_block block = {.ssrc = about};
    struct rtcp_sender_info info = {.ntp = rng_u64(rng), .rtp = rng_u32(rng)};
    block.last_sr = rng_u32(rng);
    block.highest_seq = rng_u32(rng);
    uint16_t seqs[8];
    for (size_t i = 0; i < 8; i++)
        seqs[i] = (uint16_t)rng_u32(rng);
    switch (rng_below(rng, 5)) {
    case 0:
        rtcp_put_receiver_report(&w, 1, &block, 1);
        break;
    case 1:
        rtcp_put_sender_report(&w, some_ssrc(rng), &info, &block, 1);
        break;
    case 2:
        rtcp_put_nack(&w, 1, about, seqs, 8);
        break;
    case 3:
        rtcp_put_pli(&w, 1, about);
        break;
    default:
        rtcp_put_remb(&w, 1, rng_u64(rng), &about, 1);
        break;
    }
    if (rng_below(rng, 2)) // and something in it is wrong
        at[rng_below(rng, (uint32_t)w.len)] ^= (uint8_t)(1u << rng_below(rng, 8));
    return w.len;
}

TEST(any_rtcp_of_a_client_leaves_the_others_alone)
{
    open_call();
    struct rng rng = rng_seeded(43);
    for (int i = 0; i < PACKETS / 4; i++) {
        uint8_t compound[256];
        size_t len = some_rtcp(&rng, compound, sizeof compound);
        struct scene_client *c = rng_below(&rng, 2) ? hostile : subscriber;
        client_send_rtcp(&c->client, (struct bytes){compound, len}, &c->out);
        if (i % 16 == 0) {
            scene.now += rng_below(&rng, 30000);
            subscriber->got_count = 0;
            client_check(&publisher->client, &publisher->out);
            scene_settle(&scene);
        }
    }
    check_that_the_call_goes_on();
}

// --- Addresses ---

static size_t got_of_publisher(void)
{
    size_t got = 0;
    subscriber->got_count = 0;
    scene_frame(&scene, publisher, 0);
    for (size_t i = 0; i < subscriber->got_count; i++)
        got += subscriber->got[i].ssrc == subscriber->offered[0].ssrc;
    return got;
}

// A check of one's own transport that claims to come from where another's media comes from.
static void check_as(const struct scene_client *other)
{
    struct addr own = hostile->client.at;
    hostile->client.at = other->client.at;
    client_check(&hostile->client, &hostile->out);
    scene_settle(&scene);
    hostile->client.at = own;
}

TEST(an_address_that_somebody_is_heard_from_is_not_taken_away)
{
    open_call();
    for (int i = 0; i < 100; i++) {
        scene.now += 20000;
        check_as(publisher);
        CHECK_EQ(got_of_publisher(), 1);
    }
    check_that_the_call_goes_on();
}

TEST(an_address_that_was_silent_changes_hands_and_comes_back_with_the_next_check)
{
    open_call();
    scene.now += 4000000;
    check_as(publisher);
    CHECK_EQ(got_of_publisher(), 0);
    client_check(&publisher->client, &publisher->out);
    scene_settle(&scene);
    CHECK_EQ(got_of_publisher(), 0); // for now: a NAT may have given it to another
    scene.now += 4000000;
    client_check(&publisher->client, &publisher->out);
    scene_settle(&scene);
    CHECK_EQ(got_of_publisher(), 1);
    check_that_the_call_goes_on();
}
