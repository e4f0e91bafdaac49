#include "base/rng.h"
#include "rtc/history.h"
#include "test.h"

static const struct extension_values no_extensions;
static const struct codec_packet no_info;

enum { PACKETS = 128, BYTES = 16 * 1024 + HISTORY_MARGIN_BYTES };

static struct history h;

static void start(void)
{
    history_init(&h, PACKETS, BYTES);
}

// A packet whose payload is `len` octets of its number.
static const struct history_slot *add(uint64_t seq, size_t len)
{
    static uint8_t payload[DATAGRAM_MAX + 1];
    memset(payload, (int)(seq & 0xff), sizeof payload);
    struct rtp_packet packet = {.seq = (uint16_t)seq,
                                .timestamp = (uint32_t)seq * 960,
                                .marker = seq & 1,
                                .payload_type = 111,
                                .payload = {payload, len}};
    return history_add(&h, seq, &packet, &no_extensions, &no_info, (int64_t)seq * 20000);
}

TEST(a_packet_is_kept_with_all_that_forwarding_needs)
{
    start();
    static const uint8_t octets[] = {1, 2, 3};
    static const uint8_t dependency[] = {7, 8};
    struct rtp_packet packet = {.seq = 5,
                                .timestamp = 90000,
                                .marker = true,
                                .payload_type = 96,
                                .payload = {octets, 3}};
    struct extension_values extensions = {.mid = bytes_of("1"),
                                          .dependency = {dependency, 2},
                                          .has_orientation = true,
                                          .orientation = 1};
    struct codec_packet info = {.key_frame = true, .picture_id = 77};
    const struct history_slot *slot =
        history_add(&h, 65541, &packet, &extensions, &info, 123456);
    CHECK(slot == history_get(&h, 65541));
    CHECK_EQ(slot->seq, 65541);
    CHECK_EQ(slot->arrived_at, 123456);
    CHECK_EQ(slot->timestamp, 90000);
    CHECK(slot->marker);
    CHECK_EQ(slot->payload_type, 96);
    CHECK(slot->info.key_frame);
    CHECK_EQ(slot->info.picture_id, 77);
    CHECK_BYTES(slot->payload, octets, 3);
    CHECK(slot->payload.at != octets);
    CHECK_BYTES(slot->extensions.dependency, dependency, 2);
    CHECK(slot->extensions.dependency.at != dependency);
    CHECK_EQ(slot->extensions.orientation, 1);
    CHECK_EQ(slot->extensions.mid.len, 0);
    CHECK_EQ(h.newest, 65541);
    history_dispose(&h);
}

TEST(what_never_came_is_not_found)
{
    start();
    add(65536, 10);
    CHECK(!history_get(&h, 65537));
    CHECK(!history_get(&h, 65536 + PACKETS)); // the same place of the index
    CHECK(!history_get(&h, 0));
    history_dispose(&h);
}

TEST(a_duplicate_changes_nothing)
{
    start();
    const struct history_slot *first = add(65536, 10);
    CHECK(first);
    CHECK(!add(65536, 20));
    CHECK_EQ(history_get(&h, 65536)->payload.len, 10);
    CHECK_EQ(h.arrivals, 1);
    history_dispose(&h);
}

TEST(a_late_packet_is_found_beside_those_before_it)
{
    start();
    add(65540, 10);
    add(65538, 11);
    CHECK_EQ(h.newest, 65540);
    CHECK_EQ(history_get(&h, 65538)->payload.len, 11);
    CHECK_EQ(history_get(&h, 65540)->payload.len, 10);
    history_dispose(&h);
}

TEST(a_packet_that_is_late_by_all_the_history_takes_nobodys_place)
{
    start();
    add(65536 + PACKETS, 10);
    CHECK(!add(65536, 11));
    CHECK_EQ(history_get(&h, 65536 + PACKETS)->payload.len, 10);
    CHECK(add(65536 + 1, 12)); // has a place of its own
    CHECK_EQ(history_get(&h, 65536 + 1)->payload.len, 12);
    history_dispose(&h);
}

// Or a number would be sent to subscribers a second time, with another payload.
TEST(a_packet_whose_slot_was_taken_is_a_duplicate_all_the_same)
{
    start();
    add(66000, 10);
    for (uint64_t seq = 66000 - PACKETS + 1; seq < 66000; seq++)
        CHECK(add(seq, 11));
    CHECK(add(66001, 12)); // in the slot of the first
    CHECK(!history_get(&h, 66000));
    CHECK(!add(66000, 13));
    CHECK_EQ(h.arrivals, PACKETS + 1);
    history_dispose(&h);
}

TEST(numbers_that_were_leapt_over_may_come_yet)
{
    start();
    for (uint64_t seq = 66000 - PACKETS; seq <= 66000; seq++)
        add(seq, 10);
    add(66000 + PACKETS, 11);
    CHECK(!add(66000, 12)); // is late by all the history
    CHECK(add(66001, 13));
    CHECK(!add(66001, 14));
    CHECK(add(66000 + PACKETS - 1, 15));
    history_dispose(&h);
}

TEST(the_margin_of_a_tick_is_not_found)
{
    start();
    uint64_t seq = 65536;
    for (int i = 0; i < PACKETS; i++)
        add(seq++, 10);
    // The next 64 arrivals take the places of the oldest 64.
    CHECK(!history_get(&h, 65536 + 63));
    CHECK(history_get(&h, 65536 + 64));
    CHECK(history_get(&h, seq - 1));
    history_dispose(&h);
}

TEST(a_packet_longer_than_a_datagram_is_not_kept)
{
    start();
    CHECK(!add(65536, DATAGRAM_MAX + 1));
    CHECK(add(65536, DATAGRAM_MAX));
    history_dispose(&h);
}

TEST(a_packet_without_payload_is_kept)
{
    start();
    CHECK(add(65536, 0));
    CHECK_EQ(history_get(&h, 65536)->payload.len, 0);
    history_dispose(&h);
}

TEST(a_second_of_video_is_found)
{
    history_init(&h, HISTORY_VIDEO_PACKETS, HISTORY_VIDEO_BYTES);
    for (uint64_t seq = 65536; seq < 65536 + 2000; seq++)
        CHECK(add(seq, 1200));
    for (uint64_t seq = 65536 + 2000 - 420; seq < 65536 + 2000; seq++)
        CHECK(history_get(&h, seq));
    history_dispose(&h);
}

// The promise of the header: what was looked up at any point of a tick is as it was at the end
// of the tick, whatever came in between.
static void check_tick(struct rng *rng, uint64_t *seq)
{
    const struct history_slot *held[64];
    uint64_t seqs[64];
    const uint8_t *addresses[64];
    size_t lens[64];
    size_t count = 0;
    for (int i = 0; i < DATAGRAMS_PER_READ; i++) {
        switch (rng_below(rng, 8)) {
        case 0:
            *seq += rng_below(rng, 30000); // a publisher that jumps
            break;
        case 1:
            *seq -= rng_below(rng, 30);
            break;
        default:
            *seq += 1;
        }
        // Look up before the arrival: the most arrivals follow the first lookups.
        uint64_t wanted = *seq - rng_below(rng, 150);
        const struct history_slot *slot = history_get(&h, wanted);
        if (slot) {
            held[count] = slot;
            seqs[count] = wanted;
            addresses[count] = slot->payload.at;
            lens[count++] = slot->payload.len;
        }
        add(*seq, rng_below(rng, 4) ? DATAGRAM_MAX - rng_below(rng, 3) : rng_below(rng, 300));
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(held[i]->seq == seqs[i]);
        CHECK(held[i]->payload.at == addresses[i]);
        CHECK(held[i]->payload.len == lens[i]);
        for (size_t k = 0; k < lens[i]; k++)
            CHECK(addresses[i][k] == (uint8_t)seqs[i]);
    }
}

TEST(what_was_found_stays_until_the_end_of_the_tick)
{
    struct rng rng = rng_seeded(7);
    start();
    uint64_t seq = 65536 * 4;
    for (int tick = 0; tick < 500; tick++)
        check_tick(&rng, &seq);
    history_dispose(&h);
    // Slots are the bound here, octets above.
    history_init(&h, PACKETS, 1024 * 1024);
    for (int tick = 0; tick < 500; tick++)
        check_tick(&rng, &seq);
    history_dispose(&h);
}

// The worst tick: 64 of the largest datagrams after a lookup of the oldest packet there is.
TEST(a_tick_of_the_largest_datagrams_overwrites_nothing_that_was_found)
{
    history_init(&h, 1024, BYTES); // octets are the bound
    struct rng rng = rng_seeded(13);
    uint64_t seq = 65536;
    for (int tick = 0; tick < 300; tick++) {
        for (int i = 0; i < 20; i++)
            add(seq++, rng_below(&rng, 600));
        uint64_t oldest = seq - 20;
        while (history_get(&h, oldest - 1))
            oldest--;
        const struct history_slot *slot = history_get(&h, oldest);
        struct bytes payload = slot->payload;
        for (int i = 0; i < DATAGRAMS_PER_READ; i++)
            add(seq++, DATAGRAM_MAX);
        for (size_t k = 0; k < payload.len; k++)
            CHECK(payload.at[k] == (uint8_t)oldest);
    }
    history_dispose(&h);
}

// Every view of the whole history, at any time, is inside its memory and says what was put in.
TEST(all_that_is_found_is_right_after_long_use)
{
    struct rng rng = rng_seeded(11);
    start();
    uint64_t seq = 65536;
    for (int i = 0; i < 20000; i++) {
        seq += 1 + rng_below(&rng, 2);
        add(seq, rng_below(&rng, 1500));
        const struct history_slot *slot = history_get(&h, seq - rng_below(&rng, 200));
        if (!slot)
            continue;
        CHECK(slot->payload.at >= h.data);
        CHECK(slot->payload.at + slot->payload.len <= h.data + h.data_size);
        for (size_t k = 0; k < slot->payload.len; k++)
            if (slot->payload.at[k] != (uint8_t)slot->seq)
                fail_msg("octet %zu of %llu", k, (unsigned long long)slot->seq);
    }
    history_dispose(&h);
}

// --- Of a microphone ---

enum { TICK = 20000 };

static const struct history_slot *hear(uint64_t seq, size_t len, int64_t now)
{
    static uint8_t payload[DATAGRAM_MAX];
    memset(payload, (int)(seq & 0xff), sizeof payload);
    struct rtp_packet packet = {.seq = (uint16_t)seq, .payload = {payload, len}};
    return history_add(&h, seq, &packet, &no_extensions, &no_info, now);
}

static size_t octets_of(const struct history *history)
{
    return history->data_size +
           history->size * (sizeof *history->slots + sizeof *history->by_seq);
}

static bool is_whole(const struct history_slot *slot, uint64_t seq, size_t len)
{
    for (size_t i = 0; slot && i < len; i++)
        if (slot->payload.at[i] != (seq & 0xff))
            return false;
    return slot && slot->seq == seq && slot->payload.len == len;
}

TEST(a_microphone_costs_little)
{
    history_init_audio(&h);
    for (uint64_t seq = 1; seq <= 500; seq++)
        hear(seq, 120, (int64_t)seq * TICK);
    CHECK(octets_of(&h) <= 20 * 1024);
    for (uint64_t seq = 460; seq <= 500; seq++) // 0.8 s
        CHECK(is_whole(history_get(&h, seq), seq, 120));
    history_dispose(&h);
}

// As many as a receive call may bring, each as large as it may be.
TEST(what_a_tick_brings_to_a_microphone_stays_until_its_end)
{
    history_init_audio(&h);
    for (uint64_t seq = 1; seq <= 100; seq++)
        hear(seq, 100, (int64_t)seq * TICK);
    const struct history_slot *given[DATAGRAMS_PER_READ + 3];
    size_t count = 0;
    for (uint64_t seq = 98; seq <= 100; seq++)
        given[count++] = history_get(&h, seq);
    struct bytes payloads[DATAGRAMS_PER_READ + 3];
    for (uint64_t seq = 101; seq <= 100 + DATAGRAMS_PER_READ; seq++)
        given[count++] = hear(seq, DATAGRAM_MAX, 101 * TICK);
    for (size_t i = 0; i < count; i++) {
        CHECK(is_whole(given[i], 98 + i, i < 3 ? 100 : DATAGRAM_MAX));
        payloads[i] = given[i]->payload;
    }
    // What is found is what was kept, also where the history grew meanwhile.
    for (uint64_t seq = 98; seq <= 100 + DATAGRAMS_PER_READ; seq++) {
        const struct history_slot *slot = history_get(&h, seq);
        CHECK(!slot || is_whole(slot, seq, seq <= 100 ? 100 : DATAGRAM_MAX));
    }
    CHECK(history_get(&h, 100 + DATAGRAMS_PER_READ));
    CHECK(!hear(100 + DATAGRAMS_PER_READ, 10, 101 * TICK)); // it is there
    for (size_t i = 0; i < count; i++)
        CHECK(payloads[i].at[0] == ((98 + i) & 0xff));
    CHECK(octets_of(&h) <= 176 * 1024);
    hear(101 + DATAGRAMS_PER_READ, 10, 102 * TICK);
    CHECK(!h.outgrown);
    history_dispose(&h);
}

TEST(what_came_stays_known_when_a_history_grows)
{
    history_init_audio(&h);
    for (uint64_t seq = 1000; seq < 1000 + HISTORY_AUDIO_PACKETS; seq++)
        if (seq != 1050)
            hear(seq, 10, (int64_t)seq * TICK);
    for (uint64_t seq = 1064; seq < 1064 + 40; seq++)
        CHECK(hear(seq, 10, 2000 * TICK));
    CHECK(h.size > HISTORY_AUDIO_PACKETS);
    for (uint64_t seq = 900; seq < 1064 + 40; seq++)
        if (seq != 1050)
            CHECK(!hear(seq, 10, 2000 * TICK)); // it came, or is too late
    CHECK(hear(1050, 10, 2000 * TICK));
    CHECK(hear(1110, 10, 2000 * TICK));
    CHECK(hear(1107, 10, 2000 * TICK));
    history_dispose(&h);
}

TEST(a_history_that_grew_finds_what_it_found_before)
{
    struct rng rng = rng_seeded(3);
    history_init_audio(&h);
    uint64_t seq = 1;
    for (int64_t tick = 1; tick <= 3000; tick++) {
        uint64_t first = seq;
        size_t lens[DATAGRAMS_PER_READ];
        const struct history_slot *before = seq > 1 ? history_get(&h, seq - 1) : NULL;
        CHECK(seq == 1 || before);
        struct bytes payload = before ? before->payload : (struct bytes){0};
        uint32_t count = rng_below(&rng, 50) ? 1 : 1 + rng_below(&rng, DATAGRAMS_PER_READ);
        for (uint32_t i = 0; i < count; i++) {
            lens[i] = 20 + rng_below(&rng, tick % 100 ? 300 : DATAGRAM_MAX - 20);
            CHECK(is_whole(hear(seq, lens[i], tick * TICK), seq, lens[i]));
            seq++;
        }
        for (uint32_t i = count > 3 ? count - 3 : 0; i < count; i++)
            CHECK(is_whole(history_get(&h, first + i), first + i, lens[i]));
        CHECK(!before || payload.len == 0 || payload.at[0] == ((first - 1) & 0xff));
    }
    history_dispose(&h);
}
