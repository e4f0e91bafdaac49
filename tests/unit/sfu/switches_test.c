// Thousands of random switches between encodings, spatial and temporal layers, while packets
// come late and SSRCs change: a strict decoder never meets a picture that it cannot decode.
//
// Whatever was sent is looked at in the order of its numbers. All of a frame has to be there,
// what it needs was decoded before, pictures end with the marker, and nothing is counted twice.
#include "base/rng.h"
#include "sfu/choice.h"
#include "sfu/forward.h"
#include "sfu/repair.h"
#include "sfu/select.h"
#include "sfu/shared.h"
#include "test.h"

#include <string.h>

enum {
    PICTURE_US = 33 * 1000,
    NUMBERS = 1 << 14, // that are remembered of what was sent
    DECODED = 1 << 12,
    LATE_MAX = 8,
    REPAIRED_AFTER = 12, // packets, as a receiver waits a little for what is late
    SWITCHES = 2500,
    FIRST = 100, // the number with which the feed begins
};

struct mode {
    enum codec codec;
    uint8_t layers;
    uint8_t spatial;
    bool full; // each spatial layer needs the one below in every picture
};

// What a packet is of, as its payload says.
struct mark {
    uint32_t frame;    // of all frames ever
    uint32_t needs[2]; // 0: none
    uint16_t back[2];  // how far before its own number those are, where frames have numbers
    uint8_t index;
    uint8_t count;
    bool key;
};

static struct shared shared;
static struct stream stream;
static struct batch out;
static struct batch_path path;
static struct tick tick;
static struct feed *feed;
static struct rng rng;
static const struct mode *mode;

static const struct {
    uint8_t temporal;
    uint8_t back;
    bool sync;
} cycles[4] = {{0, 4, true}, {2, 1, true}, {1, 2, true}, {2, 1, false}};

// --- What is sent to us ---

static struct encoder {
    uint64_t seq; // of its next packet, dense
    uint32_t timestamp_base;
    uint16_t picture_id;                 // or the number of the frame
    uint16_t numbers[SUBSTREAMS_MAX][8]; // likewise
    uint8_t tl0;
    uint32_t pictures;                  // since the key picture
    uint32_t frames[SUBSTREAMS_MAX][8]; // of the last pictures, by spatial layer
} encoders[LAYERS_MAX];

static struct packet {
    struct mark mark;
    struct codec_packet info;
    uint32_t timestamp;
    uint64_t seq;
    uint8_t layer;
    bool marker;
} late[LATE_MAX];
static size_t late_count;
static uint32_t frame_count;

static void judge(uint64_t behind);

// Whether frames have numbers of their own, and say by them what they need.
static bool is_numbered(void)
{
    return mode->codec == CODEC_AV1;
}

static void deliver(const struct packet *p)
{
    struct rtp_packet packet = {.timestamp = p->timestamp,
                                .marker = p->marker,
                                .payload = {(const uint8_t *)&p->mark, sizeof p->mark}};
    // Three octets, of which the server writes the last two anew.
    static const uint8_t descriptor[3] = {0, 0xff, 0xff};
    struct extension_values values = {0};
    if (is_numbered())
        values.dependency = (struct bytes){descriptor, sizeof descriptor};
    struct stream_parts parts = stream_parts(&stream, p->layer, &p->info);
    const struct history_slot *slot =
        stream_add(&stream, p->layer, p->seq, &packet, &values, &p->info, parts, tick.now);
    CHECK(slot);
    forward_packet(&stream, p->layer, slot,
                   p->info.frame_start && p->info.key_frame && p->info.spatial == 0, &tick);
    judge(REPAIRED_AFTER);
}

// All but so many of those that are late, one of the two oldest first.
static void deliver_late(size_t kept)
{
    while (late_count > kept) {
        size_t i = late_count > 1 ? rng_below(&rng, 2) : 0;
        struct packet p = late[i];
        late_count--;
        memmove(&late[i], &late[i + 1], (late_count - i) * sizeof *late);
        deliver(&p);
    }
}

static void send_frame(unsigned layer, unsigned spatial, bool key)
{
    struct encoder *e = &encoders[layer];
    unsigned cycle = e->pictures % 4;
    struct packet p = {.layer = (uint8_t)layer,
                       .timestamp = e->timestamp_base + (uint32_t)(tick.now / 1000 * 90)};
    p.mark = (struct mark){
        .frame = ++frame_count, .count = (uint8_t)(1 + rng_below(&rng, 3)), .key = key};
    uint32_t *frames = e->frames[spatial];
    uint16_t *numbers = e->numbers[spatial];
    unsigned before = (e->pictures - cycles[cycle].back) % 8;
    if (is_numbered() && spatial > 0)
        e->picture_id++;
    if (!key) {
        p.mark.needs[0] = frames[before];
        p.mark.back[0] = (uint16_t)(e->picture_id - numbers[before]);
    }
    if (spatial > 0 && (key || mode->full)) {
        p.mark.needs[1] = frame_count - 1;
        p.mark.back[1] = 1;
    }
    frames[e->pictures % 8] = frame_count;
    numbers[e->pictures % 8] = e->picture_id;
    for (; p.mark.index < p.mark.count; p.mark.index++) {
        bool last = p.mark.index + 1 == p.mark.count;
        p.seq = e->seq++;
        p.marker = last && spatial + 1u == mode->spatial;
        p.info = (struct codec_packet){
            .frame_start = p.mark.index == 0,
            .frame_end = last,
            .key_frame = key && spatial == 0,
            .temporal = cycles[cycle].temporal,
            .spatial = (uint8_t)spatial,
            .layer_sync = cycles[cycle].sync,
            .inter_picture = !key,
            .inter_layer = spatial > 0 && (key || mode->full),
            .upper_apart = !key && !mode->full,
            .picture_id = e->picture_id,
            .picture_id_at = is_numbered() ? 0 : 2,
            .picture_id_long = true,
            .tl0 = e->tl0,
            .tl0_at = is_numbered() ? 0 : 4,
        };
        if (late_count < LATE_MAX && rng_below(&rng, 20) == 0)
            late[late_count++] = p;
        else
            deliver(&p);
    }
}

static void send_picture(unsigned layer)
{
    struct encoder *e = &encoders[layer];
    bool key = e->pictures == UINT32_MAX || stream.layers[layer].wanted;
    stream.layers[layer].wanted = false;
    e->pictures = key ? 0 : e->pictures + 1;
    e->picture_id = (e->picture_id + 1) & (is_numbered() ? 0xffff : 0x7fff);
    e->tl0 = (uint8_t)(e->tl0 + (e->pictures % 4 == 0));
    for (unsigned i = 0; i < mode->spatial; i++)
        send_frame(layer, i, key);
}

static void begin_encoder(unsigned layer)
{
    struct encoder *e = &encoders[layer];
    *e = (struct encoder){.seq = stream.layers[layer].progress.newest + 1,
                          .timestamp_base = rng_u32(&rng),
                          .picture_id =
                              (uint16_t)rng_below(&rng, is_numbered() ? 0x10000 : 0x8000),
                          .tl0 = (uint8_t)rng_u32(&rng),
                          .pictures = UINT32_MAX};
}

static void change_ssrc(unsigned layer)
{
    deliver_late(0);
    feeds_leave(&stream, layer);
    judge(0); // what came under the old SSRC is forgotten behind it
    stream_restart(&stream, layer, 1024, true);
    begin_encoder(layer);
    select_layers(&stream, &tick);
    judge(REPAIRED_AFTER);
}

// --- What we send ---

static struct sent {
    bool there;
    bool empty;
    bool marker;
    uint32_t timestamp;
    uint16_t picture_id;
    uint8_t tl0;
    uint8_t temporal;
    struct mark mark;
} sent[NUMBERS];
static uint64_t next_number; // that was not looked at
static uint64_t newest;
static uint32_t decoded[DECODED];
static uint32_t decoded_as[1 << 16]; // by the number of a frame that was sent: which that was
static struct sent before;           // the packet before, that had something in it
static size_t pictures;
static unsigned empty_count; // packets since the last picture

static bool is_decoded(uint32_t frame)
{
    return decoded[frame % DECODED] == frame;
}

static void take(uint64_t number, const struct batch_packet *p)
{
    struct sent *s = &sent[number % NUMBERS];
    CHECK(number >= next_number && number < next_number + NUMBERS);
    CHECK(!s->there); // no number is given twice
    *s = (struct sent){.there = true,
                       .empty = p->shared->payload.len == 0,
                       .marker = p->shared->head[1] & 0x80,
                       .timestamp = p->timestamp,
                       .picture_id = p->picture_id,
                       .tl0 = p->tl0};
    if (is_numbered() && !s->empty) {
        CHECK(p->shared->frame_number_at);
        s->picture_id = p->frame_number;
    }
    if (!s->empty)
        memcpy(&s->mark, p->shared->payload.at, sizeof s->mark);
    if (number > newest)
        newest = number;
}

static void check_change(const struct sent *s)
{
    if (before.mark.count == 0)
        return;
    if (s->timestamp == before.timestamp) {
        CHECK(!before.marker); // the picture goes on
        if (!is_numbered())
            CHECK_EQ(s->picture_id, before.picture_id);
        return;
    }
    CHECK((int32_t)(s->timestamp - before.timestamp) > 0);
    // A picture that was cut short by a pause is followed by a key picture.
    CHECK(before.marker || s->mark.key);
    // A picture that came late and is no part has an empty packet, and its id; and a pause, or
    // the end of a segment, may leave some out before a key picture.
    uint16_t ahead = (uint16_t)((s->picture_id - before.picture_id) & 0x7fff);
    if (mode->codec == CODEC_VP8)
        CHECK(ahead >= 1 && (s->mark.key || ahead <= 1 + empty_count));
    empty_count = 0;
    pictures++;
}

// Numbers of frames grow, by less than receivers would take for a step back, and what a frame
// needs is found by them.
static void check_number(const struct sent *s, bool begins)
{
    const struct mark *m = &s->mark;
    uint16_t ahead = (uint16_t)(s->picture_id - before.picture_id);
    if (before.mark.count)
        CHECK(begins ? ahead >= 1 && ahead < 0x8000 : ahead == 0);
    for (int i = 0; i < 2; i++)
        if (m->needs[i])
            CHECK_EQ(decoded_as[(uint16_t)(s->picture_id - m->back[i])], m->needs[i]);
    decoded_as[s->picture_id] = m->frame;
}

static void decode(const struct sent *s)
{
    const struct mark *m = &s->mark;
    bool begins = m->frame != before.mark.frame;
    CHECK_EQ(m->index, begins ? 0 : before.mark.index + 1);
    if (begins) {
        CHECK(before.mark.index + 1 == before.mark.count || before.mark.count == 0 || m->key);
        check_change(s);
    }
    for (int i = 0; i < 2; i++)
        CHECK(m->needs[i] == 0 || is_decoded(m->needs[i]));
    if (is_numbered())
        check_number(s, begins);
    if (m->index + 1 == m->count)
        decoded[m->frame % DECODED] = m->frame;
    before = *s;
}

// What is missing in front of so many packets is asked for again, as a receiver does; at once
// when nothing more is sent.
static void repair(uint64_t behind)
{
    const struct progress *at = feed_progress(feed);
    uint64_t end = at ? segment_next(&feed->segments, at) : feed->segments.tail.next_seq;
    if (!at)
        behind = 0;
    for (uint64_t n = next_number; n + behind < end; n++) {
        if (sent[n % NUMBERS].there)
            continue;
        batch_reset(&out);
        feed->repair_budget = FEED_REPAIR_BURST;
        repair_packet(feed, (uint16_t)n, &tick);
        if (out.packet_count == 1)
            take(n, &out.packets[0]);
    }
    batch_reset(&out);
}

// Takes what was sent, and decodes what follows without a hole.
static void judge(uint64_t behind)
{
    for (uint32_t i = 0; i < out.packet_count; i++)
        if (out.packets[i].ssrc == feed->ssrc)
            take(out.packets[i].index, &out.packets[i]);
    batch_reset(&out);
    repair(behind);
    while (sent[next_number % NUMBERS].there) {
        struct sent *s = &sent[next_number++ % NUMBERS];
        s->there = false;
        if (s->empty)
            empty_count++;
        else
            decode(s);
    }
}

// --- Switches ---

static void choose_at_random(void)
{
    const struct allocate_step *steps = choice_steps(&stream, tick.now);
    unsigned step = rng_below(&rng, choice_step_count(&stream));
    feed->allotted = true;
    if (rng_below(&rng, 30) == 0)
        feed->allot.chosen = ALLOCATE_PAUSED;
    else if (steps[step].alive)
        feed->allot.chosen = (int8_t)step;
    select_layer(feed, &tick);
    judge(REPAIRED_AFTER);
}

static void open_stream(const struct mode *m, uint64_t seed)
{
    mode = m;
    shared = (struct shared){0};
    list_init(&shared.begun);
    list_init(&shared.wishes);
    rng = rng_seeded(seed);
    tick = (struct tick){.shared = &shared, .out = &out, .now = 1000 * 1000};
    batch_path_init(&path);
    batch_reset(&out);
    stream_init(&stream, 1, MEDIA_VIDEO);
    stream.codec = (struct negotiated_codec){.codec = m->codec, .clock_rate = 90000};
    stream.layer_count = m->layers;
    for (unsigned i = 0; i < m->layers; i++)
        begin_encoder(i);
    feed = feed_new(&stream, NULL, true, VIDEO_HIGH, &tick);
    feed_go_on(feed, &(struct feed_tail){.sent.next_seq = FIRST, .rtx_seq = 900});
    feed->ssrc = 1;
    feed->rtx_ssrc = 2;
    feed->described = true;
    feed_join(feed, &path);
    memset(sent, 0, sizeof sent);
    memset(decoded, 0, sizeof decoded);
    memset(decoded_as, 0, sizeof decoded_as);
    before = (struct sent){0};
    next_number = FIRST;
    newest = pictures = late_count = frame_count = empty_count = 0;
}

static void play(const struct mode *m, uint64_t seed)
{
    open_stream(m, seed);
    select_layer(feed, &tick);
    uint64_t seen = 0;
    while (feed->segments.count < SWITCHES) {
        tick.now += PICTURE_US;
        for (unsigned i = m->layers; i-- > 0;) {
            send_picture(i);
            deliver_late(rng_below(&rng, 3));
        }
        if (rng_below(&rng, 10) == 0)
            choose_at_random();
        if (rng_below(&rng, 400) == 0)
            change_ssrc(rng_below(&rng, m->layers));
        seen++;
        CHECK(seen < 100 * SWITCHES);
    }
    deliver_late(0);
    CHECK_EQ(stream.layers[0].apart, m->spatial > 1 && !m->full);
    CHECK(next_number + 100 > newest); // nothing is missing for good
    CHECK(pictures > seen / 4);
    feed_free(feed, &shared);
    stream_dispose(&stream);
    batch_dispose(&out);
}

TEST(of_a_simulcast_with_temporal_layers)
{
    play(&(struct mode){CODEC_VP8, 3, 1, false}, 1);
}

TEST(of_temporal_layers)
{
    play(&(struct mode){CODEC_VP8, 1, 1, false}, 2);
}

TEST(of_spatial_layers_that_need_each_other_in_key_pictures_alone)
{
    play(&(struct mode){CODEC_VP9, 1, 3, false}, 3);
}

TEST(of_spatial_layers_that_need_each_other_always)
{
    play(&(struct mode){CODEC_VP9, 1, 3, true}, 4);
}

TEST(of_frames_with_numbers_in_temporal_layers)
{
    play(&(struct mode){CODEC_AV1, 1, 1, false}, 5);
}

TEST(of_frames_with_numbers_in_spatial_layers_that_need_each_other_always)
{
    play(&(struct mode){CODEC_AV1, 1, 3, true}, 6);
}

TEST(of_frames_with_numbers_in_spatial_layers_that_need_each_other_in_key_pictures_alone)
{
    play(&(struct mode){CODEC_AV1, 1, 3, false}, 7);
}

TEST(of_a_simulcast_of_frames_with_numbers)
{
    play(&(struct mode){CODEC_AV1, 3, 1, false}, 8);
}
