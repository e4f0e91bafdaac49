// A publisher's role bounds what anybody gets of it, whatever it sends.
#include "scene.h"
#include "sfu/police.h"
#include "test.h"

#include "base/limits.h"

#include <string.h>

enum { PUBLISHER = 11, SUBSCRIBER = 12, TRACK = 100, SECOND = 1000 * 1000 };

static struct scene scene;
static struct scene_client *publisher;
static struct scene_client *subscriber;

// --- The bucket ---

TEST(a_bucket_lets_through_its_rate_with_a_margin)
{
    struct police p = {0};
    police_set(&p, 1000, 0); // 125 000 octets a second, and half as much again
    int64_t passed = 0;
    for (int64_t now = 0; now < 60 * SECOND; now += 1000) // 8 Mbit/s
        passed += police_pass(&p, 1000, false, false, now) ? 1000 : 0;
    int64_t most = p.octets.burst + 60 * 187500;
    CHECK(passed <= most);
    CHECK(passed > most - 2000);
}

TEST(a_bucket_holds_a_key_frame_and_no_more_than_a_second)
{
    struct police p = {0};
    police_set(&p, 30, 0);
    int passed = 0;
    while (police_pass(&p, 1024, false, true, 3600 * (int64_t)SECOND))
        passed++;
    CHECK_EQ(passed, POLICE_BURST_MIN / 1024);
    CHECK(p.dropping);
}

TEST(pictures_that_were_cut_go_on_from_a_key_frame_when_half_is_there_again)
{
    struct police p = {0};
    police_set(&p, 1000, 0);
    while (police_pass(&p, 1000, false, true, 0))
        ;
    CHECK(!police_pass(&p, 1000, false, true, 2 * SECOND)); // no key frame
    CHECK(police_pass(&p, 1000, true, true, 2 * SECOND));
    while (police_pass(&p, 1000, false, true, 2 * SECOND))
        ;
    CHECK(!police_pass(&p, 1000, true, true, 2 * SECOND + SECOND / 4)); // too soon
}

TEST(no_bound_is_no_bound_and_a_clock_that_stands_or_leaps_does_no_harm)
{
    struct police p = {0};
    for (int i = 0; i < 1000; i++)
        CHECK(police_pass(&p, 65535, false, true, 0));
    police_set(&p, 50000, 0);
    CHECK(police_pass(&p, 1000, false, true, INT64_MAX / 2));
    CHECK(police_pass(&p, 1000, false, true, 0));
    CHECK(p.octets.left <= p.octets.burst * SECOND);
}

// --- In a call ---

static void open_call(const struct client_section *section, struct track_cap cap)
{
    scene_open(&scene);
    publisher = scene_publisher(&scene, PUBLISHER, section, 1, TRACK);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    scene_command(&scene,
                  (struct command){.kind = COMMAND_TRACK_CAP, .track = TRACK, .cap = cap});
    source_report(&publisher->sources[0], scene.now, &publisher->out);
    scene_frame(&scene, publisher, 0);
    scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACK, VIDEO_HIGH);
    subscriber->got_count = 0;
}

static uint64_t over_cap(void)
{
    struct router_stats stats;
    router_get_stats(scene.router, &stats);
    return stats.drop_over_cap;
}

// What the subscriber got of some seconds: octets. Its numbers have no gap, and after pictures
// that it did not get comes a key frame from its start.
static size_t watch(int seconds)
{
    size_t octets = 0;
    bool known = false;
    uint16_t seq = 0;
    struct mark last = {0};
    for (int i = 0; i < seconds * 30; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
        for (size_t k = 0; k < subscriber->got_count; k++) {
            const struct scene_packet *p = &subscriber->got[k];
            struct mark m;
            CHECK(mark_read(&m, true, (struct bytes){p->payload, p->len}));
            if (known)
                CHECK_EQ(p->seq, (uint16_t)(seq + 1));
            bool follows = m.frame == last.frame ? m.index == last.index + 1
                                                 : m.index == 0 && m.frame == last.frame + 1 &&
                                                       last.index + 1 == last.count;
            CHECK(!known || follows || (m.key && m.index == 0));
            known = true;
            seq = p->seq;
            last = m;
            octets += p->len;
        }
        subscriber->got_count = 0;
    }
    return octets;
}

TEST(whoever_sends_ten_times_its_bound_is_seen_at_the_bound)
{
    enum { KBPS = 100, SECONDS = 30 }; // the camera sends about 1 Mbit/s
    open_call(&scene_video, (struct track_cap){.kbps = KBPS});
    size_t got = watch(SECONDS);
    size_t rate = KBPS * 1000 / 8 * POLICE_MARGIN_PERCENT / 100;
    CHECK(got <= POLICE_BURST_MIN + SECONDS * rate);
    CHECK(got > SECONDS * rate / 4); // and not at nothing
    CHECK(over_cap() > 1000);
    CHECK(publisher->plis > 1);
    CHECK(publisher->plis <= SECONDS * 2 + 2); // one in 500 ms
    CHECK_EQ(publisher->nacks, 0);             // what was dropped did arrive
    scene_close(&scene);
}

TEST(whoever_keeps_to_it_loses_nothing)
{
    open_call(&scene_video, (struct track_cap){.kbps = 1000});
    watch(10);
    CHECK_EQ(over_cap(), 0);
    scene_close(&scene);
}

TEST(another_role_has_another_bound_from_now_on)
{
    open_call(&scene_video, (struct track_cap){.kbps = 1000});
    watch(5);
    CHECK_EQ(over_cap(), 0);
    scene_command(&scene, (struct command){
                              .kind = COMMAND_TRACK_CAP, .track = TRACK, .cap = {.kbps = 100}});
    watch(10);
    CHECK(over_cap() > 0);
    scene_close(&scene);
}

TEST(encodings_that_the_role_does_not_have_are_dropped)
{
    struct track_cap cap = {
        .kbps = 5000, .layers = {{"h", 2000}, {"q", 500}}, .layer_count = 2};
    open_call(&scene_simulcast, cap);
    uint64_t before = over_cap();
    struct mark m = {0};
    for (int i = 0; i < 30; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
        for (size_t k = 0; k < subscriber->got_count; k++) {
            const struct scene_packet *p = &subscriber->got[k];
            CHECK(mark_read(&m, true, (struct bytes){p->payload, p->len}));
            CHECK(m.layer != 0); // "f"
        }
        subscriber->got_count = 0;
    }
    CHECK_EQ(m.layer, 1);
    CHECK(over_cap() > before);
    scene_close(&scene);
}

TEST(a_role_without_simulcast_has_one_encoding)
{
    open_call(&scene_simulcast, (struct track_cap){.kbps = 5000});
    for (int i = 0; i < 30; i++) {
        scene.now += VIDEO_FRAME_US;
        scene_frame(&scene, publisher, 0);
    }
    struct mark m;
    CHECK(subscriber->got_count > 0);
    const struct scene_packet *p = &subscriber->got[subscriber->got_count - 1];
    CHECK(mark_read(&m, true, (struct bytes){p->payload, p->len}));
    CHECK_EQ(m.layer, 0);
    scene_close(&scene);
}

// --- Packets ---

static void send_octet(uint64_t seq)
{
    const struct source *s = &publisher->sources[0];
    uint8_t packet[13] = {0x80, CLIENT_PT_OPUS};
    write_u16(packet + 2, (uint16_t)seq);
    write_u32(packet + 4, (uint32_t)seq * 960);
    write_u32(packet + 8, s->layers[0].ssrc);
    packet[12] = 0xfc;
    client_send_rtp(&publisher->client, (struct bytes){packet, sizeof packet}, seq,
                    &publisher->out);
}

// An octet in each packet is little of a bit rate, and each is encrypted for each who listens.
TEST(of_packets_with_an_octet_each_as_many_pass_as_sound_has_frames)
{
    open_call(&scene_audio, (struct track_cap){.kbps = 32});
    size_t got = 0;
    uint64_t seq = publisher->sources[0].layers[0].seq + 1;
    for (int ms = 0; ms < 2000; ms++) {
        scene.now += 1000;
        for (int i = 0; i < 10; i++)
            send_octet(seq++);
        scene_settle(&scene);
        got += subscriber->got_count;
        subscriber->got_count = 0;
    }
    CHECK(got <= 3 * AUDIO_PACKETS_PER_SECOND);
    CHECK(got >= 2 * AUDIO_PACKETS_PER_SECOND);
    scene_close(&scene);
}

// A number that was left out may be filled later with nothing, as probes are.
TEST(packets_without_content_that_come_late_are_counted_too)
{
    open_call(&scene_audio, (struct track_cap){.kbps = 32});
    struct router_stats before, after;
    router_get_stats(scene.router, &before);
    uint64_t seq = publisher->sources[0].layers[0].seq + 2;
    for (int ms = 0; ms < 2000; ms++, seq += 200) {
        scene.now += 1000;
        send_octet(seq + 100);
        for (uint64_t late = seq; late < seq + 20; late++) {
            uint8_t packet[12] = {0x80, CLIENT_PT_OPUS};
            write_u16(packet + 2, (uint16_t)late);
            write_u32(packet + 8, publisher->sources[0].layers[0].ssrc);
            client_send_rtp(&publisher->client, (struct bytes){packet, sizeof packet}, late,
                            &publisher->out);
        }
        scene_settle(&scene);
        subscriber->got_count = 0;
    }
    router_get_stats(scene.router, &after);
    CHECK(after.rtp_out - before.rtp_out <= 3 * AUDIO_PACKETS_PER_SECOND);
    scene_close(&scene);
}

TEST(pictures_of_a_role_without_a_bound_are_bounded_in_packets)
{
    struct police p = {0};
    police_set_packets(&p, VIDEO_PACKETS_PER_SECOND_MAX, 0);
    int passed = 0;
    for (int64_t now = 0; now < 10 * (int64_t)SECOND; now += 10)
        passed += police_pass(&p, 1, true, true, now);
    CHECK(passed <= 11 * VIDEO_PACKETS_PER_SECOND_MAX);
    CHECK(passed > 5 * VIDEO_PACKETS_PER_SECOND_MAX);
}
