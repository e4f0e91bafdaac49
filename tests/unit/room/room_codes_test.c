#include "room/room_codes.h"

#include "test.h"

static const char first[] = "64b0000000000000000000c1", second[] = "64b0000000000000000000c2";

TEST(a_code_opens_what_it_was_stored_with_until_it_is_disabled)
{
    struct room_codes *codes = room_codes_new();
    room_codes_add(codes, first, "abc-defg-hij", "guest", false);
    room_codes_add(codes, second, "bcd-efgh-ijk", "host", true);
    CHECK_TEXT(room_codes_find(codes, "abc-defg-hij")->id, first);
    CHECK_TEXT(room_codes_find(codes, "abc-defg-hij")->role, "guest");
    CHECK(!room_codes_find(codes, "bcd-efgh-ijk"));
    room_codes_disable(codes, first, true);
    room_codes_disable(codes, second, false);
    CHECK(!room_codes_find(codes, "abc-defg-hij"));
    CHECK(room_codes_is_disabled(codes, first));
    CHECK_TEXT(room_codes_find(codes, "bcd-efgh-ijk")->role, "host");
    CHECK(!room_codes_find(NULL, "abc-defg-hij"));
    room_codes_free(codes);
}

// It was made after the room was loaded.
TEST(a_code_that_is_not_known_can_be_disabled_and_opens_nothing)
{
    struct room_codes *codes = room_codes_new();
    room_codes_disable(codes, first, true);
    CHECK(room_codes_is_disabled(codes, first));
    CHECK(!room_codes_is_disabled(codes, second));
    room_codes_disable(codes, first, false);
    CHECK(!room_codes_is_disabled(codes, first));
    CHECK(!room_codes_find(codes, ""));
    room_codes_free(codes);
}

TEST(codes_of_a_role_that_has_gone_open_nothing)
{
    struct room_codes *codes = room_codes_new();
    room_codes_add(codes, first, "abc-defg-hij", "guest", false);
    room_codes_add(codes, second, "bcd-efgh-ijk", "host", false);
    room_codes_forget(codes, "guest");
    CHECK(!room_codes_find(codes, "abc-defg-hij"));
    CHECK(room_codes_find(codes, "bcd-efgh-ijk") != NULL);
    room_codes_forget(NULL, "guest");
    room_codes_free(codes);
}
