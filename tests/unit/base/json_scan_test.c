// What is told of a text of JSON before it is parsed.
#include "base/json_scan.h"

#include "base/text.h"
#include "test.h"

static struct json_scan scan(const char *text)
{
    return json_scan(test_exact_copy(text, strlen(text)), "id");
}

TEST(counts_members_and_elements_outside_of_strings)
{
    CHECK_EQ(scan("{\"a\":1,\"b\":[1,2,{}]}").members, 6); // three brackets, three commas
    CHECK_EQ(scan("[\"{[,\\\"{\",\"]\"]").members, 2);
    CHECK_EQ(scan("").members, 0);
}

TEST(a_value_of_64_octets_is_long_and_a_name_is_not)
{
    struct text text = {0};
    for (size_t len = 63; len <= 64; len++) {
        text_clear(&text);
        text_add(&text, "{\"a\":\"");
        for (size_t i = 0; i < len - 2; i++)
            text_add_char(&text, 'x');
        text_add(&text, "\\n\",\"b\":1}");
        struct json_scan found = scan(text.at);
        CHECK_EQ(found.long_octets, len == 64 ? 64 : 0);
        CHECK_EQ(found.long_escapes, len == 64);
        CHECK_EQ(found.escapes, len == 63);
        CHECK_EQ(found.octets + found.long_octets, text.len);
    }
    text_clear(&text);
    text_add(&text, "{\"");
    for (size_t i = 0; i < 70; i++)
        text_add_char(&text, 'x');
    text_add(&text, "\" :1}");
    CHECK_EQ(scan(text.at).long_octets, 0);
    text_dispose(&text);
}

TEST(a_long_text_that_is_not_of_ascii_only_is_wide)
{
    struct text text = {0};
    for (int at = 0; at < 70; at++) {
        text_clear(&text);
        text_add(&text, "{\"a\":\"");
        for (int i = 0; i < 70; i++)
            text_add(&text, i == at ? "\xc3\xa4" : "x");
        text_add(&text, "\"}");
        CHECK_EQ(scan(text.at).wide_octets, 71);
        CHECK_EQ(scan(text.at).long_octets, 71);
    }
    text_dispose(&text);
}

TEST(finds_the_value_of_the_outermost_member)
{
    static const struct {
        const char *text;
        size_t value_at;
    } texts[] = {
        {"{\"id\":7}", 6},     {"{ \"x\":\"\\\"id\\\":1\",\"y\":{\"id\":2},\"id\" : 8}", 37},
        {"{\"x\":\"id\"}", 0}, {"{\"params\":{\"id\":1}}", 0},
        {"{\"id\"", 0},        {"{\"id\":", 6}, // behind the end
        {"\"id\":1", 0},       {"{\"id\":1,\"id\":2}", 6},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_EQ(scan(texts[i].text).value_at, texts[i].value_at);
}

TEST(a_string_ends_at_its_quote_wherever_that_is)
{
    char octets[40];
    for (size_t len = 0; len < 30; len++) {
        memset(octets, 'x', sizeof octets);
        octets[len] = '"';
        struct json_string plain = json_string_at(test_exact_copy(octets, len + 3), 0);
        CHECK_EQ(plain.end, len);
        CHECK_EQ(json_string_at(test_exact_copy(octets, len), 0).end, len); // it has none
        octets[len] = '\\';
        octets[len + 1] = '"';
        octets[len + 2] = '"';
        struct json_string escaped = json_string_at(test_exact_copy(octets, len + 3), 0);
        CHECK_EQ(escaped.end, len + 2);
        CHECK_EQ(escaped.escapes, 1);
        CHECK(!escaped.has_unicode);
        CHECK_EQ(json_string_at(test_exact_copy(octets, len + 1), 0).end, len + 1);
    }
    CHECK(json_string_at(bytes_of("a\\\\\\u00e4\""), 0).has_unicode);
    CHECK(!json_string_at(bytes_of("a\\\\u00e4\""), 0).has_unicode);
}
