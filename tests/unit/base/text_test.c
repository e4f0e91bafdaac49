#include "base/text.h"
#include "test.h"

TEST(numbers_are_written_in_decimal)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {-1, "-1"},
                 {1234567890, "1234567890"},
                 {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = {0};
        text_add_int(&text, cases[i].value);
        CHECK_TEXT(text.at, cases[i].text);
        text_dispose(&text);
    }
}

TEST(what_was_reserved_is_not_moved)
{
    struct text text = {0};
    text_add(&text, "head");
    text_reserve(&text, 1000);
    const char *at = text.at;
    for (int i = 0; i < 1000; i++)
        text_add_char(&text, 'x');
    CHECK(text.at == at);
    CHECK_EQ(text.len, 1004);
    text_dispose(&text);
}
