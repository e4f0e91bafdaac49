#include "base/slab.h"
#include "test.h"

enum { COUNT = 1000, SIZE = 200 };

TEST(objects_are_zeroed_aligned_and_apart)
{
    struct slab s;
    uint8_t *objects[COUNT];
    slab_init(&s, SIZE);
    for (int i = 0; i < COUNT; i++) {
        objects[i] = slab_alloc(&s);
        CHECK_EQ((uintptr_t)objects[i] % SLAB_ALIGN, 0);
        for (int k = 0; k < SIZE; k++)
            CHECK_EQ(objects[i][k], 0);
        memset(objects[i], i & 0xff, SIZE);
    }
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < SIZE; k++)
            CHECK_EQ(objects[i][k], i & 0xff);
    slab_dispose(&s);
}

TEST(what_was_freed_is_used_again_and_zeroed)
{
    struct slab s;
    slab_init(&s, SIZE);
    slab_alloc(&s);
    uint8_t *object = slab_alloc(&s);
    memset(object, 7, SIZE);
    slab_free(&s, object);
    CHECK(slab_alloc(&s) == object);
    CHECK_EQ(object[0] + object[SIZE - 1], 0);
    slab_dispose(&s);
}

TEST(a_page_without_objects_is_given_back)
{
    struct slab s;
    void *objects[COUNT];
    slab_init(&s, SIZE);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++)
            objects[i] = slab_alloc(&s);
        // 255 of 256 octets to a page.
        CHECK_EQ(s.page_count, 4);
        for (int i = 0; i < COUNT; i++)
            slab_free(&s, objects[(i * 7) % COUNT]);
        CHECK_EQ(s.page_count, 0);
    }
    slab_dispose(&s);
}
