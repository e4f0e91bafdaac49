#include "rtc/bwe.h"
#include "rtc/codec.h"
#include "rtc/srtp_context.h"
#include "test.h"

// Trains: which packets leave in one send. With GCM a sealed packet is 28 octets longer than
// its payload here: 12 of header, 16 of tag.

enum { OVERHEAD = 28, PACKETS_MAX = 128 };

struct world {
    struct srtp_engine *engine;
    struct srtp *keys;
    struct batch batch;
    struct batch_path path;
    uint16_t seq;
    uint32_t sent; // packets queued
    uint32_t payload_lens[PACKETS_MAX];
};

enum { PAYLOAD_LEN_MAX = 4096 };

static struct srtp_keys keys_of(enum srtp_profile profile)
{
    return (struct srtp_keys){.profile = profile, .key = {1, 2, 3}, .salt = {4, 5, 6}};
}

static struct world world_with(enum srtp_profile profile)
{
    struct world w = {.engine = srtp_engine_best(), .seq = 1000};
    struct srtp_keys keys = keys_of(profile);
    w.keys = srtp_new(w.engine, &keys);
    batch_path_init(&w.path);
    w.path.protect = w.keys;
    CHECK_EQ(addr_parse(&w.path.to, "192.0.2.1:1000"), 0);
    return w;
}

static void world_dispose(struct world *w)
{
    batch_dispose(&w->batch);
    srtp_free(w->keys);
    srtp_engine_free(w->engine);
}

// A packet of RTP, or a compound of RTCP, with a payload of `len` octets. Its shared part may
// be changed until the seal.
static struct batch_shared *queue(struct world *w, struct batch_path *path,
                                  enum batch_kind kind, uint32_t len)
{
    uint8_t plain[12 + PAYLOAD_LEN_MAX] = {0x80, 96};
    w->payload_lens[w->sent++] = len;
    return batch_single(&w->batch, path, kind, (struct bytes){plain, 12 + len}, 12, w->seq++);
}

// Queues video packets whose sealed length is `lens`, seals, and expects trains of `counts`.
static void expect_trains(const uint32_t *lens, size_t len_count, const uint16_t *counts,
                          size_t train_count)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    for (size_t i = 0; i < len_count; i++)
        queue(&w, &w.path, BATCH_RTP, lens[i] - OVERHEAD);
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    CHECK_EQ(w.batch.run_count, train_count);
    for (size_t i = 0; i < train_count; i++)
        CHECK_EQ(w.batch.runs[i].count, counts[i]);
    world_dispose(&w);
}

#define TRAINS(lens, ...)                                                                      \
    do {                                                                                       \
        static const uint16_t counts[] = {__VA_ARGS__};                                        \
        expect_trains(lens, sizeof lens / sizeof *lens, counts,                                \
                      sizeof counts / sizeof *counts);                                         \
    } while (0)

TEST(equal_packets_are_one_train)
{
    static const uint32_t lens[] = {1200, 1200, 1200, 1200};
    TRAINS(lens, 4);
}

TEST(a_frame_of_two_sizes_a_byte_apart_is_one_train_in_either_order)
{
    static const uint32_t rising[] = {1000, 1000, 1001, 1001, 1001};
    static const uint32_t falling[] = {1001, 1001, 1000, 1000};
    TRAINS(rising, 5);
    TRAINS(falling, 4);
}

TEST(sixteen_octets_are_evened_out_and_seventeen_are_not)
{
    static const uint32_t near[] = {1000, 1016, 1008};
    static const uint32_t far[] = {1000, 1017};
    TRAINS(near, 3);
    TRAINS(far, 1, 1);
}

TEST(one_shorter_packet_ends_a_train)
{
    static const uint32_t lens[] = {1200, 1200, 700, 1200, 1200, 900, 900};
    TRAINS(lens, 3, 3, 1);
}

TEST(the_range_of_a_train_stays_within_sixteen)
{
    // 1000 could be padded to 1016, but not to 1020 any more.
    static const uint32_t lens[] = {1000, 1010, 1016, 1020, 1020};
    TRAINS(lens, 3, 2);
}

TEST(audio_is_never_padded)
{
    static const uint32_t lens[] = {120, 121, 121, 120, 120};
    TRAINS(lens, 1, 3, 1);
}

TEST(a_train_has_at_most_64_packets_and_64000_octets)
{
    uint32_t many[70], large[60];
    for (size_t i = 0; i < 70; i++)
        many[i] = 500;
    for (size_t i = 0; i < 60; i++)
        large[i] = 1200;
    TRAINS(many, 64, 6);
    TRAINS(large, 53, 7);
}

// The receiver's view of every datagram that was sealed, in order.
static void check_datagrams(struct world *w, enum srtp_profile profile)
{
    struct srtp_keys keys = keys_of(profile);
    struct srtp *receiver = srtp_new(w->engine, &keys);
    uint32_t seen = 0;
    for (uint32_t r = 0; r < w->batch.run_count; r++) {
        const struct batch_run *run = &w->batch.runs[r];
        CHECK(addr_equal(&run->to, &w->path.to));
        for (uint32_t at = 0; at < run->len; at += run->segment_len, seen++) {
            size_t len = run->len - at < run->segment_len ? run->len - at : run->segment_len;
            uint8_t *packet = (uint8_t *)test_exact_copy(run->at + at, len).at;
            uint64_t index;
            int plain_len = srtp_unprotect(receiver, packet, len, &index);
            CHECK(plain_len > 0);
            CHECK(index == 1000 + seen);
            size_t padding = packet[0] & 0x20 ? packet[plain_len - 1] : 0;
            CHECK_EQ((uint32_t)plain_len - 12 - padding, w->payload_lens[seen]);
            CHECK(padding <= BATCH_PAD_MAX);
        }
    }
    CHECK_EQ(seen, w->sent);
    srtp_free(receiver);
}

static void padded_train_opens(enum srtp_profile profile)
{
    struct world w = world_with(profile);
    static const uint32_t lens[] = {1000, 1001, 985, 1001, 999, 400};
    for (size_t i = 0; i < 6; i++) {
        struct batch_shared *shared = queue(&w, &w.path, BATCH_RTP, lens[i]);
        if (i == 2) { // OSN of a retransmission
            write_u16(shared->head + 12, 77);
            shared->head_len = 14;
            shared->payload.len -= 2;
        }
    }
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    CHECK_EQ(w.batch.run_count, 1);
    CHECK_EQ(w.batch.runs[0].count, 6);
    check_datagrams(&w, profile);
    world_dispose(&w);
}

TEST(padded_packets_carry_their_payload_and_say_how_much_padding)
{
    padded_train_opens(SRTP_AEAD_AES_128_GCM);
    padded_train_opens(SRTP_AES128_CM_HMAC_SHA1_80);
}

TEST(more_packets_than_lanes_are_all_right)
{
    for (int i = 0; i < 2; i++) {
        enum srtp_profile profile = i ? SRTP_AES128_CM_HMAC_SHA1_80 : SRTP_AEAD_AES_128_GCM;
        struct world w = world_with(profile);
        for (uint32_t k = 0; k < PACKETS_MAX; k++)
            queue(&w, &w.path, BATCH_RTP, k % 9 ? 900 + k % 3 : 60 + k);
        CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
        check_datagrams(&w, profile);
        world_dispose(&w);
    }
}

TEST(a_packet_that_is_padded_already_is_not_padded_again)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    static uint8_t padded[1000];
    padded[999] = 3;
    struct batch_shared *shared = queue(&w, &w.path, BATCH_RTP, 1000);
    shared->head[0] |= 0x20;
    shared->payload.at = padded;
    w.payload_lens[0] -= 3;
    queue(&w, &w.path, BATCH_RTP, 1001); // longer: the first would have to grow
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    CHECK_EQ(w.batch.run_count, 2);
    check_datagrams(&w, SRTP_AEAD_AES_128_GCM);
    world_dispose(&w);
}

TEST(packets_of_a_tick_are_regrouped_by_destination)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    struct batch_path other;
    batch_path_init(&other);
    other.protect = w.keys;
    CHECK_EQ(addr_parse(&other.to, "192.0.2.2:1000"), 0);
    for (int i = 0; i < 3; i++) {
        queue(&w, &w.path, BATCH_RTP, 1000);
        queue(&w, &other, BATCH_RTP, 1000);
    }
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    CHECK_EQ(w.batch.run_count, 2);
    CHECK(addr_equal(&w.batch.runs[0].to, &w.path.to));
    CHECK_EQ(w.batch.runs[0].count, 3);
    CHECK(addr_equal(&w.batch.runs[1].to, &other.to));
    CHECK_EQ(w.batch.runs[1].count, 3);
    world_dispose(&w);
}

TEST(a_path_without_keys_drops_media)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    w.path.protect = NULL;
    queue(&w, &w.path, BATCH_RTP, 100);
    queue(&w, &w.path, BATCH_RTCP, 100);
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 2);
    CHECK_EQ(w.batch.run_count, 0);
    world_dispose(&w);
}

// --- What is written at the seal ---

// The plain packet that the first run of `w` brings, from its SSRC's first number on.
static struct bytes opened(struct world *w, enum srtp_profile profile)
{
    struct srtp_keys keys = keys_of(profile);
    struct srtp *receiver = srtp_new(w->engine, &keys);
    const struct batch_run *run = &w->batch.runs[0];
    CHECK_EQ(w->batch.run_count, 1);
    uint8_t *packet = (uint8_t *)test_exact_copy(run->at, run->segment_len).at;
    uint64_t index;
    int len = srtp_unprotect(receiver, packet, run->segment_len, &index);
    CHECK(len > 0);
    srtp_free(receiver);
    return (struct bytes){packet, (size_t)len};
}

// A payload as it is forwarded under another picture id and TL0PICIDX.
static void check_renumbered(enum srtp_profile profile, enum codec codec, const char *hex,
                             uint16_t picture_id, uint8_t tl0, const char *expected_hex)
{
    struct world w = world_with(profile);
    struct bytes payload = test_hex(hex);
    struct bytes expected = test_hex(expected_hex);
    struct codec_packet info;
    CHECK_EQ(codec_parse(codec, payload, &info), 0);
    struct batch_shared *shared = batch_share(&w.batch);
    *shared = (struct batch_shared){.payload = payload,
                                    .kind = BATCH_RTP,
                                    .head_len = 12,
                                    .clear_len = 12,
                                    .picture_id_at = info.picture_id_at,
                                    .picture_id_long = info.picture_id_long,
                                    .tl0_at = info.tl0_at,
                                    .head = {0x80, 0xe0}};
    struct batch_packet *p = batch_media(&w.batch, &w.path);
    p->ssrc = 0x01020304;
    p->shared = shared;
    p->index = 1000;
    p->timestamp = 0x0a0b0c0d;
    p->picture_id = picture_id & 0x7fffu;
    p->renumbered = true;
    p->tl0 = tl0;
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    static const uint8_t head[] = {0x80, 0xe0, 0x03, 0xe8, 0x0a, 0x0b,
                                   0x0c, 0x0d, 0x01, 0x02, 0x03, 0x04};
    struct bytes plain = opened(&w, profile);
    CHECK_EQ(plain.len, 12 + expected.len);
    CHECK_EQ(memcmp(plain.at, head, 12), 0);
    CHECK_EQ(memcmp(plain.at + 12, expected.at, expected.len), 0);
    // What others get is as it was.
    CHECK_BYTES(shared->payload, test_hex(hex).at, expected.len);
    world_dispose(&w);
}

TEST(writes_picture_id_and_tl0_where_the_payload_has_them)
{
    static const struct {
        enum codec codec;
        const char *hex;
        uint16_t picture_id;
        uint8_t tl0;
        const char *expected;
    } rows[] = {
        {CODEC_VP8, "90 f0 9234 05 60 50", 0x7fff, 0xff, "90 f0 ffff ff 60 50"},
        {CODEC_VP8, "90 f0 9234 05 60 50", 0x8001, 6, "90 f0 8001 06 60 50"},
        {CODEC_VP8, "90 f0 12 05 60 50", 0x1ff, 6, "90 f0 7f 06 60 50"},
        {CODEC_VP8, "90 80 11 50", 0x1ff, 0, "90 80 7f 50"},
        {CODEC_VP8, "90 40 11 50", 0x1ff, 9, "90 40 09 50"},
        {CODEC_VP8, "10 50", 0x1ff, 9, "10 50"},
        {CODEC_VP9, "ac 9234 20 05 83", 0x0203, 7, "ac 8203 20 07 83"},
        {CODEC_VP9, "ac 12 20 05 83", 0x0203, 7, "ac 03 20 07 83"},
        {CODEC_VP9, "bc 9234 20 83", 0x0203, 7, "bc 8203 20 83"}, // flexible: no TL0
        {CODEC_VP9, "08 83", 0x0203, 7, "08 83"},
        {CODEC_H264, "65 88 80 40", 0x0203, 7, "65 88 80 40"},
        {CODEC_AV1, "18 0a 0b", 0x0203, 7, "18 0a 0b"},
        {CODEC_OPUS, "78 01 02", 0x0203, 7, "78 01 02"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_renumbered(SRTP_AEAD_AES_128_GCM, rows[i].codec, rows[i].hex, rows[i].picture_id,
                         rows[i].tl0, rows[i].expected);
        check_renumbered(SRTP_AES128_CM_HMAC_SHA1_80, rows[i].codec, rows[i].hex,
                         rows[i].picture_id, rows[i].tl0, rows[i].expected);
    }
}

// A head with a descriptor: three octets of flags and number behind a header of eight.
static void check_frame_number(enum srtp_profile profile)
{
    static const uint8_t head[] = {0x90, 45, 0,    0,    0, 0, 0,    0,    0,    0,
                                   0,    0,  0xbe, 0xde, 0, 1, 0x72, 0xc0, 0x11, 0x22};
    struct world w = world_with(profile);
    struct batch_shared *shared = batch_share(&w.batch);
    *shared = (struct batch_shared){.payload = bytes_of("abc"),
                                    .kind = BATCH_RTP,
                                    .head_len = sizeof head,
                                    .clear_len = sizeof head,
                                    .frame_number_at = 18};
    memcpy(shared->head, head, sizeof head);
    struct batch_packet *p = batch_media(&w.batch, &w.path);
    p->ssrc = 1;
    p->shared = shared;
    p->index = 1000;
    p->timestamp = 2;
    p->frame_number = 0xfedc;
    p->cluster = 0;
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    struct bytes plain = opened(&w, profile);
    CHECK_EQ(plain.len, sizeof head + 3);
    CHECK_BYTES(((struct bytes){plain.at + 12, 11}),
                "\xbe\xde\x00\x01\x72\xc0\xfe\xdc"
                "abc",
                11);
    CHECK_EQ(shared->head[18], 0x11); // others get another
    world_dispose(&w);
}

TEST(writes_the_number_of_a_frame_into_its_descriptor)
{
    check_frame_number(SRTP_AEAD_AES_128_GCM);
    check_frame_number(SRTP_AES128_CM_HMAC_SHA1_80);
}

TEST(the_engine_gives_back_what_a_peak_needed)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    for (int i = 0; i < 5000; i++) {
        w.sent = 0;
        queue(&w, &w.path, BATCH_RTP, 1000);
    }
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
    CHECK_EQ(w.engine->chunk_count, 6);
    batch_reset(&w.batch);
    for (int tick = 0; tick < 10000; tick++) {
        w.sent = 0;
        queue(&w, &w.path, BATCH_RTP, 1000);
        CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
        batch_reset(&w.batch);
    }
    CHECK_EQ(w.engine->chunk_count, 1);
    world_dispose(&w);
}

// A packet with a place for a transport-wide number: one element of id 3.
static struct batch_shared *queue_numbered(struct world *w, struct batch_path *path,
                                           uint32_t len)
{
    static const uint8_t block[] = {0xbe, 0xde, 0, 1, 0x31, 0xff, 0xff, 0};
    struct batch_shared *shared = queue(w, path, BATCH_RTP, len);
    shared->head[0] |= 0x10;
    memcpy(shared->head + 12, block, sizeof block);
    shared->head_len = shared->clear_len = 20;
    shared->number_at = 17;
    return shared;
}

// The numbers of a destination's packets in the order in which they leave.
static void check_numbers(struct world *w, const struct batch_path *path, uint16_t first,
                          uint32_t count)
{
    uint32_t seen = 0;
    for (uint32_t r = 0; r < w->batch.run_count; r++) {
        const struct batch_run *run = &w->batch.runs[r];
        if (!addr_equal(&run->to, &path->to))
            continue;
        for (uint32_t at = 0; at < run->len; at += run->segment_len, seen++) {
            uint16_t number = (uint16_t)(first + seen);
            const struct sent_packet *sent = sent_find(&path->estimate->sent, number);
            uint32_t len = run->len - at < run->segment_len ? run->len - at : run->segment_len;
            CHECK_EQ(read_u16(run->at + at + 17), number);
            CHECK_EQ(sent->octets, len + 28);
        }
    }
    CHECK_EQ(seen, count);
}

TEST(numbers_are_those_of_the_destination_from_train_to_train)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    struct bwe bwes[2];
    struct batch_path paths[2];
    for (int i = 0; i < 2; i++) {
        bwe_init(&bwes[i], 1000000, 0);
        paths[i] = w.path;
        paths[i].estimate = &bwes[i];
        paths[i].to.port = (uint16_t)(2000 + i);
    }
    bwes[1].sent.next = bwes[1].sent.oldest = 65534; // wraps
    for (int tick = 0; tick < 3; tick++) {
        w.sent = 0;
        for (uint32_t i = 0; i < 8; i++) {
            // Trains of 3, 3 and 2; every other packet goes to one of them only.
            queue_numbered(&w, &paths[0], i % 3 == 2 ? 600 : 1000 + i % 3);
            if (i % 2)
                queue_numbered(&w, &paths[1], 1000);
        }
        CHECK_EQ(srtp_seal(w.engine, &w.batch, 1000 * (tick + 1)), 0);
        CHECK_EQ(w.batch.run_count, 4);
        check_numbers(&w, &paths[0], (uint16_t)(8 * tick), 8);
        check_numbers(&w, &paths[1], (uint16_t)(65534 + 4 * tick), 4);
        CHECK_EQ(sent_find(&bwes[0].sent, (uint16_t)(8 * tick))->at, 1000 * (tick + 1));
        batch_reset(&w.batch);
    }
    for (int i = 0; i < 2; i++)
        bwe_dispose(&bwes[i]);
    world_dispose(&w);
}

TEST(a_number_is_inside_what_is_authenticated)
{
    for (int i = 0; i < 2; i++) {
        enum srtp_profile profile = i ? SRTP_AES128_CM_HMAC_SHA1_80 : SRTP_AEAD_AES_128_GCM;
        struct world w = world_with(profile);
        struct bwe bwe;
        bwe_init(&bwe, 1000000, 0);
        bwe.sent.next = bwe.sent.oldest = 0x0102;
        w.path.estimate = &bwe;
        queue_numbered(&w, &w.path, 100);
        CHECK_EQ(srtp_seal(w.engine, &w.batch, 1), 0);
        struct bytes plain = opened(&w, profile);
        CHECK_EQ(plain.len, 120);
        CHECK_EQ(read_u16(plain.at + 17), 0x0102);
        bwe_dispose(&bwe);
        world_dispose(&w);
    }
}

TEST(what_has_no_place_for_a_number_is_not_counted)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    struct bwe bwe;
    bwe_init(&bwe, 1000000, 0);
    w.path.estimate = &bwe;
    queue(&w, &w.path, BATCH_RTP, 1000);
    queue(&w, &w.path, BATCH_RTCP, 100);
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 1), 0);
    CHECK_EQ(bwe.sent.next, 0);
    CHECK(bwe.sent.ring == NULL);
    CHECK_EQ(w.batch.run_count, 2);
    CHECK_EQ(w.batch.runs[0].len, 1000 + OVERHEAD);
    bwe_dispose(&bwe);
    world_dispose(&w);
}

TEST(a_dropped_packet_takes_no_number)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    struct bwe bwe;
    bwe_init(&bwe, 1000000, 0);
    w.path.estimate = &bwe;
    w.path.protect = NULL;
    queue_numbered(&w, &w.path, 1000);
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 1), 1);
    CHECK_EQ(bwe.sent.next, 0);
    bwe_dispose(&bwe);
    world_dispose(&w);
}

// It may be sent again under the same number, and must then be the same to the last octet.
TEST(an_exact_packet_is_never_padded)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    queue(&w, &w.path, BATCH_RTP, 1000)->exact = true;
    queue(&w, &w.path, BATCH_RTP, 1010);
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 1), 0);
    CHECK_EQ(w.batch.run_count, 2);
    CHECK_EQ(w.batch.runs[0].len, 1000 + OVERHEAD);
    world_dispose(&w);
}

TEST(the_engine_keeps_its_memory_from_tick_to_tick)
{
    struct world w = world_with(SRTP_AEAD_AES_128_GCM);
    for (int tick = 0; tick < 3; tick++) {
        w.sent = 0;
        for (int i = 0; i < 2000; i++) { // more than one chunk
            queue(&w, &w.path, BATCH_RTP, 1000);
            w.sent = 0;
        }
        CHECK_EQ(srtp_seal(w.engine, &w.batch, 0), 0);
        CHECK_EQ(w.engine->chunk_count, 2);
        uint32_t count = 0;
        for (uint32_t i = 0; i < w.batch.run_count; i++)
            count += w.batch.runs[i].count;
        CHECK_EQ(count, 2000);
        batch_reset(&w.batch);
    }
    world_dispose(&w);
}
