#include "rtc/rebuild.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "fec_sum.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "test.h"

#include <string.h>

enum { MEDIA = 0x11223344, PACKETS_MAX = 128 };

static const struct extension_ids ids = {.twcc = 5, .abs_send_time = 2};

// Packets of one stream, of random octets behind the header.
static uint8_t octets[PACKETS_MAX][REBUILD_LEN_MAX];
static struct bytes packets[PACKETS_MAX];

static void make_packet(struct rng *rng, size_t i, uint16_t seq)
{
    size_t len = 12 + rng_below(rng, 1188);
    rng_fill(rng, octets[i], len);
    octets[i][0] = 0x80;
    write_u16(octets[i] + 2, seq);
    write_u32(octets[i] + 8, MEDIA);
    packets[i] = (struct bytes){octets[i], len};
}

static bool add_sum(struct rebuild *r, const struct bytes *of, size_t count)
{
    static uint8_t payload[FEC_SUM_MAX];
    struct fec_packet fec;
    size_t len = fec_sum_put(payload, of, count);
    CHECK_EQ(fec_parse(&fec, test_exact_copy(payload, len)), 0);
    return rebuild_add(r, &fec);
}

static bool is_next(struct rebuild *r, struct bytes expected)
{
    struct bytes got;
    return rebuild_next(r, 0, &got) && bytes_equal(got, expected);
}

static bool is_nothing(struct rebuild *r)
{
    struct bytes got;
    return !rebuild_next(r, 0, &got);
}

// Groups of random packets, with numbers left out between them: of each one that is missing
// comes back octet by octet, and of two that are missing none.
TEST(one_that_is_missing_of_a_group_comes_back_and_of_two_none)
{
    struct rng rng = rng_seeded(10);
    struct rebuild *r = mem_alloc(sizeof *r);
    uint16_t seq = 65000; // it wraps
    for (int round = 0; round < 400; round++) {
        size_t count = 2 + rng_below(&rng, 40);
        for (size_t i = 0; i < count; i++)
            make_packet(&rng, i, seq = (uint16_t)(seq + 1 + rng_below(&rng, 2)));
        size_t lost = rng_below(&rng, (uint32_t)count);
        size_t second = rng_below(&rng, 3) ? lost : rng_below(&rng, (uint32_t)count);
        for (size_t i = 0; i < count; i++)
            if (i != lost && i != second)
                rebuild_note(r, packets[i], &ids);
        bool known = add_sum(r, packets, count);
        if (count > 2 && round > 0)
            CHECK(known);
        if (lost == second && known)
            CHECK(is_next(r, packets[lost]));
        CHECK(is_nothing(r));
    }
    mem_free(r);
}

static struct rebuild *with_packets(size_t count)
{
    struct rng rng = rng_seeded(11);
    for (size_t i = 0; i < count; i++)
        make_packet(&rng, i, (uint16_t)(1000 + i));
    return mem_alloc(sizeof(struct rebuild));
}

static void note(struct rebuild *r, size_t from, size_t until)
{
    for (size_t i = from; i < until; i++)
        rebuild_note(r, packets[i], &ids);
}

TEST(a_sum_waits_for_what_comes_late)
{
    struct rebuild *r = with_packets(4);
    note(r, 0, 2);
    CHECK(add_sum(r, packets, 4));
    CHECK(is_nothing(r));
    note(r, 3, 4);
    CHECK(is_next(r, packets[2]));
    CHECK(is_nothing(r));
    mem_free(r);
}

TEST(what_was_rebuilt_helps_to_rebuild_others)
{
    struct rebuild *r = with_packets(4);
    note(r, 0, 2);
    CHECK(add_sum(r, packets, 4)); // lacks 2 and 3
    CHECK(add_sum(r, packets + 1, 2));
    CHECK(is_next(r, packets[2]));
    CHECK(is_next(r, packets[3]));
    CHECK(is_nothing(r));
    mem_free(r);
}

TEST(the_last_packet_comes_back_though_nothing_came_behind_it)
{
    struct rebuild *r = with_packets(3);
    note(r, 0, 2);
    CHECK(add_sum(r, packets, 3));
    CHECK(is_next(r, packets[2]));
    mem_free(r);
}

TEST(nothing_is_rebuilt_where_all_came)
{
    struct rebuild *r = with_packets(3);
    note(r, 0, 3);
    CHECK(add_sum(r, packets, 3));
    CHECK(is_nothing(r));
    mem_free(r);
}

TEST(a_packet_that_comes_twice_counts_once)
{
    struct rebuild *r = with_packets(4);
    note(r, 0, 2);
    CHECK(add_sum(r, packets, 4));
    note(r, 0, 2);
    note(r, 3, 4);
    note(r, 3, 4);
    CHECK(is_next(r, packets[2]));
    note(r, 2, 3);
    CHECK(is_nothing(r));
    mem_free(r);
}

// Packets of Chromium, whole, and behind those of a sum the packet with it. Each of them comes
// back of the others, but for what the two extensions say.
static struct bytes without_late(struct bytes packet)
{
    static uint8_t cleared[REBUILD_LEN_MAX];
    static const uint8_t head[] = {0xbe, 0xde, 0, 2, 0x22, 0, 0, 0, 0x31, 0, 0, 0};
    memcpy(cleared, packet.at, packet.len);
    memcpy(cleared + 12, head, sizeof head);
    return (struct bytes){cleared, packet.len};
}

static void check_each_lost(struct bytes sum, const struct bytes *of, size_t count)
{
    static const struct extension_ids chromium = {.twcc = 3, .abs_send_time = 2};
    struct rtp_packet packet;
    struct fec_packet fec;
    CHECK_EQ(rtp_parse(&packet, sum), 0);
    CHECK_EQ(fec_parse(&fec, packet.payload), 0);
    for (size_t lost = 0; lost < count; lost++) {
        struct rebuild *r = mem_alloc(sizeof *r);
        uint8_t before[12] = {0x80}; // the stream has begun
        write_u16(before + 2, (uint16_t)(fec.base - 1));
        rebuild_note(r, (struct bytes){before, sizeof before}, &chromium);
        for (size_t i = 0; i < count; i++)
            if (i != lost)
                rebuild_note(r, of[i], &chromium);
        CHECK(fec_protects(&fec, read_u16(of[lost].at + 2)));
        CHECK(rebuild_add(r, &fec));
        CHECK(is_next(r, without_late(of[lost])));
        mem_free(r);
    }
}

TEST(what_chromium_protects_comes_back)
{
    struct bytes file = test_file("tests/vectors/flexfec.txt");
    char *text = mem_text_of(file);
    char *rest = text;
    struct bytes media[8];
    size_t count = 0, sums = 0;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char *kind = strsep(&line, " ");
        struct bytes packet = test_hex(line);
        if (strcmp(kind, "media") == 0) {
            media[count++] = packet;
            continue;
        }
        check_each_lost(packet, media, count);
        count = 0;
        sums++;
    }
    CHECK_EQ(sums, 3);
    mem_free(text);
}

// As libwebrtc writes them when the sum is made already.
TEST(numbers_and_times_of_the_way_are_no_part_of_sums)
{
    struct bytes summed[] = {
        test_hex("90 60 0064 00002328 11223344 bede0002 510000 22000000 00 aabb"),
        test_hex("90 60 0065 00002328 11223344 bede0002 22000000 510000 00 ccdd"),
    };
    struct bytes sent =
        test_hex("90 60 0064 00002328 11223344 bede0002 510102 22030405 00 aabb");
    struct rebuild *r = mem_alloc(sizeof *r);
    rebuild_note(r, sent, &ids);
    CHECK(add_sum(r, summed, 2));
    CHECK(is_next(r, summed[1]));
    mem_free(r);
}

TEST(sums_of_what_is_forgotten_or_far_away_are_nothing)
{
    struct rng rng = rng_seeded(12);
    struct rebuild *r = mem_alloc(sizeof *r);
    make_packet(&rng, 0, 1000);
    CHECK(!add_sum(r, packets, 1)); // nothing came yet
    make_packet(&rng, 1, (uint16_t)(1000 + REBUILD_KEPT));
    note(r, 1, 2);
    CHECK(!add_sum(r, packets, 1));
    make_packet(&rng, 0, (uint16_t)(1000 + REBUILD_KEPT + FEC_SPAN_MAX + 1));
    CHECK(!add_sum(r, packets, 1));
    make_packet(&rng, 0, (uint16_t)(1000 + REBUILD_KEPT + 1));
    CHECK(add_sum(r, packets, 1)); // one packet, twice
    CHECK(is_next(r, packets[0]));
    mem_free(r);
}

TEST(a_sum_whose_packets_were_forgotten_meanwhile_is_nothing)
{
    struct rng rng = rng_seeded(13);
    struct rebuild *r = with_packets(3);
    note(r, 0, 1);
    CHECK(add_sum(r, packets, 3));
    make_packet(&rng, 3, (uint16_t)(1000 + REBUILD_KEPT));
    note(r, 3, 4);
    note(r, 1, 2); // it is the only one that is counted as missing, and more is
    CHECK(is_nothing(r));
    mem_free(r);
}

TEST(newer_sums_take_the_place_of_those_that_wait)
{
    struct rebuild *r = with_packets(3 + 2 * REBUILD_WAITING);
    note(r, 0, 1);
    CHECK(add_sum(r, packets, 3));
    for (size_t i = 0; i < REBUILD_WAITING; i++)
        CHECK(add_sum(r, packets + 3 + 2 * i, 2));
    note(r, 1, 2);
    CHECK(is_nothing(r));
    note(r, 3, 4);
    CHECK(is_next(r, packets[4]));
    mem_free(r);
}

// Each of these sums is of 109 packets, of which it has one anew.
TEST(a_flood_of_sums_costs_no_more_than_its_share_of_the_processor)
{
    struct rng rng = rng_seeded(14);
    struct rebuild *r = mem_alloc(sizeof *r);
    for (size_t i = 0; i < PACKETS_MAX; i++) {
        octets[i][0] = 0x80;
        memset(octets[i] + 12, (int)i, 1188);
        write_u16(octets[i] + 2, (uint16_t)i);
        write_u32(octets[i] + 8, MEDIA);
        packets[i] = (struct bytes){octets[i], 1200};
    }
    note(r, 0, FEC_SPAN_MAX - 1);
    size_t rebuilt = 0;
    for (uint16_t base = 0; base < 1000; base++) {
        static uint8_t payload[FEC_SUM_MAX];
        struct fec_packet fec;
        struct bytes got;
        size_t len = fec_sum_put(payload, packets, FEC_SPAN_MAX);
        rng_fill(&rng, payload + 32, 8);
        CHECK_EQ(fec_parse(&fec, (struct bytes){payload, len}), 0);
        fec.base = base;
        rebuild_add(r, &fec);
        rebuilt += rebuild_next(r, 0, &got);
    }
    size_t most = FEC_OCTETS_PER_SECOND / (FEC_SPAN_MAX * (1200 - 12));
    CHECK_EQ(rebuilt, most);
    mem_free(r);
}
