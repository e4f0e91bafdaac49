#include "base/map.h"
#include "test.h"

// The first of the test vectors of the SipHash paper, appendix A.
TEST(hash_is_siphash_2_4)
{
    uint8_t key_octets[16], message[15];
    for (uint8_t i = 0; i < 16; i++)
        key_octets[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        message[i] = i;
    uint64_t key[2];
    memcpy(key, key_octets, sizeof key);
    CHECK(map_hash((struct bytes){message, 15}, key) == 0xa129ca6149be45e5);
}

TEST(keeps_what_was_put_and_forgets_what_was_removed)
{
    struct map m = {.seed = {1, 2}};
    uint64_t keys[1000];
    for (uint64_t i = 0; i < 1000; i++) {
        keys[i] = i * 7;
        CHECK(map_put(&m, map_key_u64(&keys[i]), &keys[i]) == NULL);
    }
    for (uint64_t i = 0; i < 1000; i += 2)
        CHECK(map_remove(&m, map_key_u64(&keys[i])) == &keys[i]);
    CHECK_EQ(m.count, 500);
    for (uint64_t i = 0; i < 1000; i++)
        CHECK(map_get(&m, map_key_u64(&keys[i])) == (i % 2 ? &keys[i] : NULL));
    map_dispose(&m);
}

TEST(putting_again_replaces)
{
    struct map m = {0};
    int a, b;
    map_put(&m, bytes_of("key"), &a);
    CHECK(map_put(&m, bytes_of("key"), &b) == &a);
    CHECK_EQ(m.count, 1);
    CHECK(map_get(&m, bytes_of("key")) == &b);
    map_dispose(&m);
}

TEST(a_table_of_removed_slots_does_not_grow_for_ever)
{
    struct map m = {0};
    uint64_t key = 0;
    for (; key < 100000; key++) {
        uint64_t mine = key;
        map_put(&m, map_key_u64(&mine), &mine);
        map_remove(&m, map_key_u64(&mine));
    }
    CHECK(m.size <= 16);
    map_dispose(&m);
}

TEST(visits_each_entry_once)
{
    struct map m = {0};
    uint64_t keys[20], sum = 0;
    for (uint64_t i = 0; i < 20; i++) {
        keys[i] = i;
        map_put(&m, map_key_u64(&keys[i]), &keys[i]);
    }
    size_t at = 0;
    for (uint64_t *each; (each = map_next(&m, &at));)
        sum += *each;
    CHECK_EQ(sum, 190);
    map_dispose(&m);
}
