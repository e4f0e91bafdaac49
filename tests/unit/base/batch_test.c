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
