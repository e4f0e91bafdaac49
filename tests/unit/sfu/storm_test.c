// Whatever an authenticated peer sends, says and is commanded, in any order: nothing breaks
// that always holds (assertions, sanitizers), and the call of the others goes on.
#include "scene.h"
#include "test.h"

#include "rtc/rtcp.h"

#include <stdio.h>
#include <string.h>

enum {
    GOOD = 11,
    HOSTILE = 13,
    NUMBERED = 21,
    RATED = 22,
    VIEWER = 23,
    TRACK = 100,
    BAD_TRACK = 200,
    BAD_TRACKS = 5,
    STEPS = 1500,
    SEEDS = 5,
};

static struct scene scene;
static struct scene_client *good, *bad, *subscribers[3];
static struct rng rng;

static const uint64_t watching[] = {NUMBERED, RATED, VIEWER};

static uint32_t below(uint32_t bound)
{
    return rng_below(&rng, bound);
}

static void forget_got(void)
{
    for (size_t i = 0; i < scene.client_count; i++)
        scene.clients[i].got_count = 0;
}

static void settle(void)
{
    forget_got();
    scene_settle(&scene);
}

static struct client_section section_of(unsigned i)
{
    struct client_section s = {.video = i != 0 && i != 1, .layers = 1, .red = i == 1};
    snprintf(s.stream_id, sizeof s.stream_id, "bad");
    snprintf(s.track_id, sizeof s.track_id, "bad%u", i);
    s.layers = i == 2 ? 3 : 1;
    s.codec = i == 3 ? CODEC_VP9 : i == 4 ? CODEC_AV1 : CODEC_NONE;
    s.ssrc = s.layers == 1 ? 4000 + 2 * i : 0;
    s.rtx_ssrc = s.video && s.layers == 1 ? 4001 + 2 * i : 0;
    return s;
}

static void open_call(void)
{
    scene_open(&scene);
    struct client_section honest[2] = {scene_audio, scene_video};
    good = scene_publisher(&scene, GOOD, honest, 2, TRACK);
    struct client_section hostile[BAD_TRACKS];
    for (unsigned i = 0; i < BAD_TRACKS; i++)
        hostile[i] = section_of(i);
    bad = scene_publisher(&scene, HOSTILE, hostile, BAD_TRACKS, BAD_TRACK);
    bad->sources[3].shape.codec = CODEC_VP9;
    bad->sources[4].shape = (struct shape){.codec = CODEC_AV1, .spatial = 3};
    scene.agrees_to_numbers = true;
    subscribers[0] = scene_subscriber(&scene, NUMBERED);
    scene.agrees_to_numbers = false;
    scene.agrees_to_rates = true;
    subscribers[1] = scene_subscriber(&scene, RATED);
    scene.no_rtx = below(2);
    scene.agrees_to_rates = below(2);
    subscribers[2] = scene_viewer(&scene, VIEWER, 2, 2, "VP8");
    for (size_t i = 0; i < 3; i++)
        for (uint64_t t = 0; t < 2 + BAD_TRACKS; t++)
            scene_feed(&scene, COMMAND_FEED_OPEN, watching[i],
                       t < 2 ? TRACK + t : BAD_TRACK + t - 2, VIDEO_HIGH);
}

// --- What a publisher may do ---

static void frames(void)
{
    struct scene_client *c = below(2) ? good : bad;
    forget_got();
    scene_frame(&scene, c, below((uint32_t)c->source_count));
}

static struct source *some_source(void)
{
    return &bad->sources[below(BAD_TRACKS)];
}

static void other_ssrc(void)
{
    struct source *s = some_source();
    source_change_ssrc(s, below(s->layer_count), &rng);
}

static void leap(void)
{
    struct source *s = some_source();
    struct source_layer *l = &s->layers[below(s->layer_count)];
    l->seq += below(4) ? below(70) : below(65536);
    l->picture_id = (uint16_t)(l->picture_id + below(3000));
    l->timestamp_base += below(2) ? 0 : rng_u32(&rng);
}

static void stop_layer(void)
{
    struct source *s = some_source();
    s->paused[below(3)] ^= 1;
}

static void padding(void)
{
    source_probe(some_source(), 1 + below(200), scene.now, &bad->out);
    settle();
}

static void report(void)
{
    struct source *s = some_source();
    s->clock_us = (int64_t)rng_u32(&rng) * 1000;
    source_report(s, scene.now, &bad->out);
    settle();
}

static size_t put_extensions(uint8_t *at, unsigned source, unsigned layer)
{
    struct writer w = writer_on(at, 64);
    bool two_octets = below(4) == 0;
    put_u16(&w, two_octets ? 0x1000 : 0xbede);
    put_u16(&w, 0);
    static const uint8_t ids[] = {CLIENT_EXT_MID,
                                  CLIENT_EXT_RID,
                                  CLIENT_EXT_REPAIRED_RID,
                                  CLIENT_EXT_TWCC,
                                  CLIENT_EXT_LEVEL,
                                  CLIENT_EXT_DEPENDENCY,
                                  13};
    for (uint32_t n = below(4); n > 0; n--) {
        uint8_t id = ids[below(sizeof ids)];
        bool is_name =
            id == CLIENT_EXT_MID || id == CLIENT_EXT_RID || id == CLIENT_EXT_REPAIRED_RID;
        uint32_t len = is_name ? 1 : 1 + below(id >= 12 ? 14 : 3);
        uint8_t octets[16];
        rng_fill(&rng, octets, sizeof octets);
        if (is_name)
            octets[0] = (uint8_t)(id == CLIENT_EXT_MID ? (int)(49 + source) : "fhq"[layer]);
        put_u8(&w, (uint8_t)(two_octets ? id : id << 4 | (len - 1)));
        put_u8(&w, (uint8_t)(two_octets ? id : id << 4 | (len - 1)));
        put_u8(&w, (uint8_t)len);
        put_bytes(&w, (struct bytes){octets, len});
    }
    while (w.len % 4)
        put_u8(&w, 0);
    write_u16(at + 2, (uint16_t)(w.len / 4 - 1));
    return w.len;
}

// A packet that looks like one of a stream's, and is not: any descriptor, any number.
static void any_packet(void)
{
    unsigned i = below(BAD_TRACKS);
    struct source *s = &bad->sources[i];
    unsigned layer = below(s->layer_count);
    struct source_layer *l = &s->layers[layer];
    bool repair = s->video && below(3) == 0;
    uint8_t packet[700];
    size_t len = 12;
    packet[0] = 0x80;
    if (below(2)) {
        packet[0] |= 0x10;
        len += put_extensions(packet + 12, i, layer);
    }
    uint64_t *seq = repair ? &l->rtx_seq : &l->seq;
    *seq += 1 + (below(20) == 0) * below(40000);
    static const uint8_t odd[] = {CLIENT_PT_OPUS, CLIENT_PT_RED, CLIENT_PT_VP8, 13, 99, 100};
    uint8_t type = s->video      ? (uint8_t)(client_video_type(s->shape.codec) + repair)
                   : s->red_type ? s->red_type
                                 : CLIENT_PT_OPUS;
    if (below(16) == 0)
        type = odd[below(sizeof odd)];
    packet[1] = (uint8_t)(type | (below(2) ? 0x80 : 0));
    write_u16(packet + 2, (uint16_t)*seq);
    write_u32(packet + 4, rng_u32(&rng));
    write_u32(packet + 8, repair ? l->rtx_ssrc : l->ssrc);
    size_t payload = len;
    len += below(4) ? below(40) : below(500);
    rng_fill(&rng, packet + payload, len - payload);
    if (repair && len >= payload + 2)
        write_u16(packet + payload, (uint16_t)(l->seq - below(2) * below(2000) + below(10)));
    if (len > payload + 3 && below(2)) // a key frame's begin
        memcpy(packet + payload + 2 * repair, "\x10\x00", len > payload + 4 ? 2 : 1);
    if (below(8) == 0 && len > payload) {
        packet[0] |= 0x20;
        packet[len - 1] = (uint8_t)below((uint32_t)(len - payload) + 2);
    }
    client_send_rtp(&bad->client, (struct bytes){packet, len}, *seq, &bad->out);
    settle();
}

static void offer(void)
{
    for (size_t i = 0; i < BAD_TRACKS; i++) {
        bad->sections[i].stopped = below(5) == 0;
        if (i == 2)
            bad->sections[i].layers = below(3) ? 3 : 1;
    }
    forget_got();
    scene_offer(&scene, bad, BAD_TRACK);
}

// --- What a subscriber may do ---

static void put_arrivals(struct writer *w)
{
    size_t start = w->len;
    put_u32(w, 0x8fcd0000);
    put_u32(w, 1);
    put_u32(w, 2);
    put_u16(w, (uint16_t)(below(2) ? below(4000) : rng_u32(&rng)));
    uint16_t count = (uint16_t)(below(4) ? 1 + below(100) : rng_u32(&rng));
    put_u16(w, count);
    put_u32(w, rng_u32(&rng) & (below(2) ? 0xffffffff : 0x0000ffff));
    unsigned deltas = 0;
    for (unsigned told = 0; told < count && w->len < start + 200;) {
        bool arrived = below(3);
        unsigned run = 1 + below(below(4) ? 30 : 8000);
        put_u16(w, (uint16_t)((arrived ? 0x2000 << below(2) : 0) | run));
        told += run;
        deltas += arrived ? 2 * run : 0;
    }
    for (unsigned i = 0; i < deltas && i < 600; i++)
        put_u8(w, (uint8_t)rng_u32(&rng));
    while ((w->len - start) % 4)
        put_u8(w, 0);
    write_u16(w->at + start + 2, (uint16_t)((w->len - start) / 4 - 1));
}

static void feedback(void)
{
    struct scene_client *c = subscribers[below(3)];
    uint8_t compound[1400];
    struct writer w = writer_on(compound, sizeof compound);
    uint32_t about = c->offered_count ? c->offered[below((uint32_t)c->offered_count)].ssrc : 7;
    uint16_t seqs[60];
    for (size_t i = 0; i < 60; i++)
        seqs[i] = (uint16_t)(below(2) ? rng_u32(&rng) : below(600));
    static const uint64_t rates[] = {0, 1, 30000, 300000, 5000000, 1ull << 63, UINT64_MAX};
    struct rtcp_report_block block = {.ssrc = about,
                                      .fraction_lost = (uint8_t)rng_u32(&rng),
                                      .cumulative_lost = (int32_t)(rng_u32(&rng) >> 9),
                                      .highest_seq = rng_u32(&rng),
                                      .jitter = rng_u32(&rng),
                                      .last_sr = rng_u32(&rng),
                                      .delay_since_sr = rng_u32(&rng)};
    for (uint32_t n = 1 + below(3); n > 0 && w.len < 500; n--)
        switch (below(6)) {
        case 0:
            rtcp_put_receiver_report(&w, 1, &block, 1);
            break;
        case 1:
            rtcp_put_nack(&w, 1, about, seqs, 1 + below(60));
            break;
        case 2:
            rtcp_put_pli(&w, 1, about);
            break;
        case 3:
            rtcp_put_fir(&w, 1, about, (uint8_t)below(9));
            break;
        case 4:
            rtcp_put_remb(&w, 1, rates[below(7)], &about, 1);
            break;
        default:
            put_arrivals(&w);
            break;
        }
    client_send_rtcp(&c->client, (struct bytes){compound, w.len}, &c->out);
    settle();
}

// --- What is commanded ---

static void feed(void)
{
    static const enum command_kind kinds[] = {COMMAND_FEED_OPEN, COMMAND_FEED_CLOSE,
                                              COMMAND_FEED_LAYER, COMMAND_FEED_LAYER};
    forget_got();
    scene_feed(&scene, kinds[below(4)], watching[below(3)], BAD_TRACK + below(BAD_TRACKS),
               (enum video_quality)below(VIDEO_HIGH + 1));
}

static void mute(void)
{
    bool muted = below(2);
    scene_command(&scene,
                  (struct command){.kind = COMMAND_TRACK_MUTE,
                                   .room = SCENE_ROOM,
                                   .track = BAD_TRACK + below(BAD_TRACKS),
                                   .mute = {.muted = muted, .held = muted && below(2)}});
    settle();
}

static void cap(void)
{
    struct command c = {.kind = COMMAND_TRACK_CAP,
                        .room = SCENE_ROOM,
                        .track = BAD_TRACK + below(BAD_TRACKS),
                        .cap = {.kbps = (int)below(3) * 200}};
    scene_command(&scene, c);
    settle();
}

static void subscribe_cap(void)
{
    scene_command(&scene, (struct command){.kind = COMMAND_SUBSCRIBE_CAP,
                                           .room = SCENE_ROOM,
                                           .endpoint = watching[below(3)],
                                           .subscribe_cap = {.kbps = (int)below(4) * 200,
                                                             .loss_percent = (int)below(3) * 10,
                                                             .degrade_us = 100000,
                                                             .recover_us = 300000}});
    settle();
}

// Nobody is heard for a while: connections are lost, and come back with a check.
static void silence(void)
{
    for (int i = 0; i < 40; i++) {
        scene.now += 1000000;
        if (router_deadline(scene.router) <= scene.now)
            router_expire(scene.router, scene.now, &scene.out, &scene.notices);
        forget_got();
        scene_settle(&scene);
    }
}

static void check_in(void)
{
    for (size_t i = 0; i < scene.client_count; i++)
        client_check(&scene.clients[i].client, &scene.clients[i].out);
    settle();
}

static void pass_time(void)
{
    scene.now += below(8) ? below(30000) : below(2000000);
    check_in();
}

static void step(void)
{
    static void (*const usual[])(void) = {frames,     frames,   any_packet, any_packet,
                                          any_packet, feedback, feedback,   pass_time};
    static void (*const rare[])(void) = {other_ssrc, leap, stop_layer, padding, report,
                                         feed,       feed, mute,       cap,     subscribe_cap};
    uint32_t what = below(1000);
    if (what < 2) {
        silence();
        check_in();
    } else if (what < 12) {
        offer();
    } else if (what < 200) {
        rare[below(sizeof rare / sizeof *rare)]();
    } else {
        usual[below(sizeof usual / sizeof *usual)]();
    }
}

static size_t got_of(const struct scene_client *c)
{
    size_t got = 0;
    for (size_t i = 0; i < c->got_count; i++)
        for (size_t k = 0; k < c->offered_count; k++)
            got += strcmp(c->offered[k].track_id, "mic") == 0 && c->offered[k].active &&
                   c->got[i].ssrc == c->offered[k].ssrc;
    return got;
}

TEST(whatever_comes_the_others_call_goes_on)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        rng = rng_seeded(seed);
        open_call();
        for (int i = 0; i < STEPS; i++)
            step();
        scene.now += 100000;
        check_in();
        scene_pass(&scene, 500000, 20000);
        check_in();
        forget_got();
        for (int i = 0; i < 3; i++) {
            scene.now += 20000;
            scene_frame(&scene, good, 0);
        }
        CHECK_EQ(got_of(subscribers[0]), 3);
        CHECK_EQ(got_of(subscribers[1]), 3);
        scene_close(&scene);
    }
}
