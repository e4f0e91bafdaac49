#include "rtc/padding.h"

#include "rtc/bwe.h"
#include "rtc/negotiate.h"
#include "rtc/srtp.h"
#include "test.h"

// A destination, and what it gets.
struct world {
    struct srtp_engine *engine;
    struct srtp *receiver;
    struct bwe bwe;
    struct batch batch;
    struct batch_path path;
};

static void world_open(struct world *w)
{
    struct srtp_keys keys = {.profile = SRTP_AEAD_AES_128_GCM, .key = {1}};
    *w = (struct world){.engine = srtp_engine_best()};
    w->receiver = srtp_new(w->engine, &keys);
    bwe_init(&w->bwe, 1000000, 0);
    batch_path_init(&w->path);
    w->path.protect = srtp_new(w->engine, &keys);
    w->path.estimate = &w->bwe;
    CHECK_EQ(addr_parse(&w->path.to, "192.0.2.1:1000"), 0);
}

static void world_close(struct world *w)
{
    batch_dispose(&w->batch);
    bwe_dispose(&w->bwe);
    srtp_free(w->path.protect);
    srtp_free(w->receiver);
    srtp_engine_free(w->engine);
}

// The plain packet number `i` of the one run.
static struct bytes packet(struct world *w, uint32_t i)
{
    const struct batch_run *run = &w->batch.runs[0];
    CHECK_EQ(w->batch.run_count, 1);
    uint8_t *at =
        (uint8_t *)test_exact_copy(run->at + i * run->segment_len, run->segment_len).at;
    uint64_t index;
    int len = srtp_unprotect(w->receiver, at, run->segment_len, &index);
    CHECK(len > 0);
    return (struct bytes){at, (size_t)len};
}

static const struct extension_ids ids = {.mid = 1, .twcc = 3};

TEST(a_packet_of_padding_has_no_payload_and_says_how_long_it_is)
{
    struct world w;
    world_open(&w);
    struct padding padding = {
        .header = {.payload_type = 97, .timestamp = 0x01020304, .ssrc = 0x0a0b0c0d},
        .index = 0x10007,
        .ids = &ids,
        .octets = 255,
    };
    padding_queue(&w.batch, &w.path, &padding);
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 5), 0);
    static const uint8_t head[] = {0xa0, 97, 0, 7, 1, 2, 3, 4, 10, 11, 12, 13};
    struct bytes plain = packet(&w, 0);
    CHECK_EQ(plain.len, 12 + 255);
    CHECK_EQ(memcmp(plain.at, head, sizeof head), 0);
    CHECK_EQ(plain.at[plain.len - 1], 255);
    struct rtp_packet parsed;
    CHECK_EQ(rtp_parse(&parsed, plain), 0);
    CHECK_EQ(parsed.payload.len, 0);
    CHECK_EQ(w.bwe.sent.next, 0); // not numbered
    world_close(&w);
}

TEST(padding_of_a_probe_is_one_train_and_is_noted_as_its_cluster)
{
    struct world w;
    world_open(&w);
    for (uint64_t i = 0; i < 5; i++) {
        struct padding padding = {
            .header = {.payload_type = 97, .ssrc = 1},
            .index = 100 + i,
            .ids = &ids,
            .mid = bytes_of("7"),
            .numbered = true,
            .octets = 200,
            .cluster = 9,
        };
        padding_queue(&w.batch, &w.path, &padding);
    }
    CHECK_EQ(srtp_seal(w.engine, &w.batch, 77), 0);
    CHECK_EQ(w.batch.runs[0].count, 5);
    // Two elements of a block of 2 words: twcc first.
    static const uint8_t block[] = {0xbe, 0xde, 0, 2, 0x31, 0, 4, 0x10, '7', 0, 0, 0};
    for (uint32_t i = 0; i < 5; i++) {
        struct bytes plain = packet(&w, i);
        CHECK_EQ(plain.at[0], 0xb0);
        CHECK_EQ(read_u16(plain.at + 17), i);
        if (i == 4)
            CHECK_EQ(memcmp(plain.at + 12, block, sizeof block), 0);
        const struct sent_packet *sent = sent_find(&w.bwe.sent, (uint16_t)i);
        CHECK_EQ(sent->cluster, 9);
        CHECK_EQ(sent->at, 77);
        CHECK_EQ(sent->octets, 12 + 12 + 200 + 16 + 28);
    }
    world_close(&w);
}
