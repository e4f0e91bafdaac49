#include "base/id.h"
#include "test.h"

#include <string.h>

TEST(object_ids_sort_by_creation)
{
    struct rng rng = rng_seeded(1);
    struct id_source source;
    id_source_init(&source, &rng);
    char before[OBJECT_ID_LEN + 1] = "", id[OBJECT_ID_LEN + 1];
    static const int64_t wall_ms[] = {1000000, 1000001, 1002000, 1001000, 1003000};
    for (int i = 0; i < 5; i++) { // the fourth is a clock that was set back
        id_object(&source, wall_ms[i], id);
        CHECK(strcmp(before, id) < 0);
        CHECK(id_is_object(id));
        strcpy(before, id);
    }
}

TEST(an_object_id_is_time_source_and_count_in_hex)
{
    struct id_source source = {.random = {0xab, 1, 2, 3, 0xfe}, .counter = 0x01fe};
    char id[OBJECT_ID_LEN + 1];
    id_object(&source, INT64_C(0x631b2654) * 1000, id);
    CHECK_TEXT(id, "631b2654ab010203fe0001ff");
}

TEST(the_counter_wraps_into_the_next_second)
{
    struct rng rng = rng_seeded(1);
    struct id_source source;
    id_source_init(&source, &rng);
    source.counter = 0xfffffe;
    char a[OBJECT_ID_LEN + 1], b[OBJECT_ID_LEN + 1];
    id_object(&source, 1000, a);
    id_object(&source, 1000, b);
    CHECK(strcmp(a, b) < 0);
}

TEST(codes_and_uuids_have_their_form)
{
    struct rng rng = {0};
    char code[ROOM_CODE_LEN + 1], uuid[UUID_LEN + 1];
    for (int i = 0; i < 100; i++) {
        id_room_code(&rng, code);
        CHECK(id_is_room_code(code));
        id_uuid(&rng, uuid);
        CHECK_EQ(strlen(uuid), UUID_LEN);
        CHECK_EQ(uuid[14], '4');
        CHECK(strchr("89ab", uuid[19]));
    }
    CHECK(!id_is_room_code("abc-defg-hi1"));
    CHECK(!id_is_room_code("abcdefghijkl"));
    CHECK(!id_is_object("631B2654f771854d9bf633df"));
}

TEST(names_that_objects_of_javascript_inherit_are_told)
{
    CHECK(id_is_inherited("__proto__"));
    CHECK(id_is_inherited("constructor"));
    CHECK(id_is_inherited("toString"));
    CHECK(!id_is_inherited("tostring"));
    CHECK(!id_is_inherited("constructor2"));
    CHECK(!id_is_inherited(""));
}
