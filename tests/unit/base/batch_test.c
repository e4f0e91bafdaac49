#include "base/batch.h"
#include "test.h"

TEST(regroups_packets_by_destination)
{
    struct batch b = {0};
    struct batch_path paths[3];
    for (int i = 0; i < 3; i++)
        batch_path_init(&paths[i]);
    for (uint64_t n = 0; n < 1000; n++) { // also makes every array grow
        struct batch_packet *p = batch_media(&b, &paths[n % 3]);
        p->index = n;
    }
    CHECK_EQ(b.path_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t expected = i;
        for (uint32_t n = paths[i].first; n != BATCH_END; n = b.packets[n].next) {
            CHECK_EQ(b.packets[n].index, expected);
            expected += 3;
        }
        CHECK(expected >= 1000);
    }
    batch_reset(&b);
    CHECK_EQ(paths[0].first, BATCH_END);
    CHECK_EQ(b.packet_count + b.path_count + b.run_count, 0);
    batch_dispose(&b);
}

TEST(copies_plain_datagrams)
{
    struct batch b = {0};
    struct addr to = {.port = 9};
    uint8_t octets[] = {1, 2, 3};
    batch_datagram(&b, &to, (struct bytes){octets, 3});
    octets[0] = 99;
    CHECK_EQ(b.run_count, 1);
    CHECK_EQ(b.runs[0].count, 1);
    CHECK_EQ(b.runs[0].at[0], 1);
    CHECK(addr_equal(&b.runs[0].to, &to));
    batch_dispose(&b);
}

TEST(space_stays_where_it_is_until_the_reset)
{
    struct batch b = {0};
    uint8_t *first = batch_space(&b, 10);
    memset(first, 7, 10);
    for (int i = 0; i < 100; i++)
        memset(batch_space(&b, 5000), 1, 5000);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(first[i], 7);
    batch_dispose(&b);
}

TEST(a_packet_to_one_is_thirty_two_octets)
{
    CHECK_EQ(sizeof(struct batch_packet), 32);
}

TEST(shared_parts_stay_where_they_are_until_the_reset)
{
    struct batch b = {0};
    struct batch_shared *first = batch_share(&b);
    *first = (struct batch_shared){.head_len = 12, .head = {0x80, 96}};
    for (int i = 0; i < 1000; i++) // also makes the store grow
        memset(batch_share(&b), 0xff, sizeof *first);
    CHECK_EQ((uintptr_t)first % 64, 0);
    CHECK_EQ(first->head_len, 12);
    CHECK_EQ(first->head[1], 96);
    batch_dispose(&b);
}

TEST(copies_a_packet_that_only_one_gets)
{
    static const uint8_t plain[] = {0x80, 96, 0, 1, 1, 2, 3, 4, 9, 8, 7, 6, 'a', 'b'};
    struct batch b = {0};
    struct batch_path path;
    batch_path_init(&path);
    uint8_t *copy = (uint8_t *)test_exact_copy(plain, sizeof plain).at;
    batch_single(&b, &path, BATCH_RTP, (struct bytes){copy, sizeof plain}, 12, 0x10001);
    memset(copy, 0, sizeof plain);
    batch_single(&b, &path, BATCH_RTCP, (struct bytes){plain, sizeof plain}, 8, 5);

    const struct batch_packet *p = &b.packets[path.first];
    CHECK_EQ(p->index, 0x10001);
    CHECK_EQ(p->timestamp, 0x01020304);
    CHECK_EQ(p->ssrc, 0x09080706);
    CHECK_EQ(p->renumbered, 0);
    CHECK_BYTES(((struct bytes){p->shared->head, p->shared->head_len}), plain, 12);
    CHECK_BYTES(p->shared->payload, plain + 12, 2);
    CHECK(!p->shared->urgent);

    p = &b.packets[p->next];
    CHECK_EQ(p->shared->kind, BATCH_RTCP);
    CHECK_EQ(p->index, 5);
    CHECK(p->shared->urgent);
    CHECK_EQ(p->shared->clear_len, 8);
    CHECK_EQ(p->shared->payload.len, 6);
    batch_dispose(&b);
}

TEST(what_a_peak_needed_is_given_back_after_a_while)
{
    struct batch b = {0};
    struct batch_path path;
    batch_path_init(&path);
    for (int i = 0; i < 5000; i++)
        batch_media(&b, &path);
    batch_reset(&b);
    uint32_t at_peak = b.packet_cap;
    CHECK(at_peak >= 5000);
    for (int tick = 0; tick < 10000; tick++) {
        for (int i = 0; i < 100; i++)
            batch_media(&b, &path);
        batch_reset(&b);
    }
    CHECK(b.packet_cap >= 100 && b.packet_cap <= 1024);

    // What is needed again and again is kept.
    for (int tick = 0; tick < 10000; tick++) {
        for (int i = 0; i < (tick % 3000 ? 10 : 5000); i++)
            batch_media(&b, &path);
        batch_reset(&b);
        CHECK(b.packet_cap >= 5000);
    }
    batch_dispose(&b);
}
