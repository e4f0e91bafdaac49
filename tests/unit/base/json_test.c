#include "base/err.h"
#include "base/json.h"
#include "base/rng.h"
#include "test.h"

#include <stdio.h>

static int read_text(const char *text)
{
    json_t *value;
    int err = json_read(test_exact_copy(text, strlen(text)), &json_bounds_default, &value);
    if (!err)
        json_decref(value);
    return err;
}

TEST(refuses_depth_beyond_the_bound)
{
    char deep[70];
    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    deep[66] = 0;
    CHECK_EQ(read_text(deep), ERR_FULL);
    CHECK_EQ(read_text("[[[[]]]]"), 0);
}

TEST(refuses_more_members_than_the_bound)
{
    struct text many = {0};
    text_add_char(&many, '[');
    for (int i = 0; i < 5000; i++)
        text_add(&many, "1,");
    text_add(&many, "1]");
    CHECK_EQ(read_text(many.at), ERR_FULL);
    text_dispose(&many);
}

TEST(refuses_long_strings_and_keys)
{
    struct json_bounds small = {8, 8, 4};
    json_t *value;
    CHECK_EQ(json_read(bytes_of("[\"12345\"]"), &small, &value), ERR_FULL);
    CHECK_EQ(json_read(bytes_of("{\"12345\":1}"), &small, &value), ERR_FULL);
    CHECK_EQ(json_read(bytes_of("[\"\\u00e4\\u00e4\"]"), &small, &value), 0);
    json_decref(value);
}

TEST(refuses_nul_bad_utf8_and_trailing_text)
{
    CHECK_EQ(read_text("\"\\u0000\""), ERR_MALFORMED);
    CHECK_EQ(read_text("\"\xff\""), ERR_MALFORMED);
    CHECK_EQ(read_text("{} {}"), ERR_MALFORMED);
    CHECK_EQ(read_text(""), ERR_MALFORMED);
}

TEST(the_last_of_two_equal_keys_wins)
{
    json_t *value;
    CHECK_EQ(json_read(bytes_of("{\"a\":1,\"a\":2}"), &json_bounds_default, &value), 0);
    CHECK_EQ(json_get_int(value, "a", 0), 2);
    json_decref(value);
}

// https://github.com/nst/JSONTestSuite: y_ must be read, n_ refused, i_ is ours to decide.
TEST(agrees_with_the_json_test_suite)
{
    const char **files;
    size_t count = test_folder("tests/vectors/json-test-suite/test_parsing", &files);
    CHECK_EQ(count, 318);
    for (size_t i = 0; i < count; i++) {
        json_t *value;
        int err = json_read(test_file(files[i]), &json_bounds_default, &value);
        if (!err)
            json_decref(value);
        const char *name = strrchr(files[i], '/') + 1;
        // U+0000 is legal JSON that this program refuses on purpose.
        bool ours = strstr(name, "null_escape") || strstr(name, "u+0000") ||
                    strstr(name, "escaped_null");
        if (name[0] == 'y' && err && !ours)
            fail_msg("%s: %s", name, err_name(err));
        if (name[0] == 'n' && !err)
            fail_msg("%s was read", name);
    }
}

// Long strings are not read by the parser; what comes of them is the same.
TEST(long_strings_are_read_as_the_parser_would)
{
    static const char *const pieces[] = {
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\"",
        "\"a\":",
        "1",
        " ",
        "\\n",
        "\\\"",
        "\\",
        "\\u",
        "\\u00e4",
        "\xc3",
        "\xc3\xa4",
        "\xf0\x9f\x98\x80",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\u0000",
        "\\u0001",
        "\x01",
        "x",
        "\xe2\x82\xac",
        "\\q",
        "\\u12",
        "a text of thirty-two octets, so..",
    };
    enum { COUNT = sizeof pieces / sizeof *pieces };
    struct rng rng = rng_seeded(1);
    unsigned read = 0, refused = 0;
    for (int round = 0; round < 60000; round++) {
        struct text text = {0};
        bool is_array = rng_below(&rng, 2);
        text_add(&text, is_array ? "[\"" : "{\"k\":\"");
        for (uint32_t i = rng_below(&rng, 12); i > 0; i--)
            text_add(&text, pieces[rng_below(&rng, 4) ? COUNT - 1 - rng_below(&rng, 19)
                                                      : rng_below(&rng, COUNT)]);
        text_add(&text, is_array ? "\"]" : "\",\"k\":[\"\\u0001\",\"\\u00e4\"]}");
        json_t *value = NULL;
        json_t *expected = json_loadb(text.at, text.len, JSON_DECODE_ANY, NULL);
        int err = json_read(text_bytes(&text), &json_bounds_default, &value);
        if (expected ? err != 0 || !json_equal(value, expected) : err != ERR_MALFORMED)
            fail_msg("%s: %s", text.at, err_name(err));
        *(expected ? &read : &refused) += 1;
        json_decref(expected);
        if (!err)
            json_decref(value);
        text_dispose(&text);
    }
    CHECK(read > 5000);
    CHECK(refused > 5000);
}

TEST(strings_that_look_like_what_stands_for_long_ones_stay_themselves)
{
    struct text text = {0};
    text_add(&text, "{\"\\u00010\":\"\\u00010\",\"a\":\"");
    for (int i = 0; i < 80; i++)
        text_add_char(&text, 'x');
    text_add(&text, "\",\"b\":[\"\\u00011\"]}");
    json_t *value;
    CHECK_EQ(json_read(text_bytes(&text), &json_bounds_default, &value), 0);
    CHECK_TEXT(json_get_text(value,
                             "\x01"
                             "0",
                             ""),
               "\x01"
               "0");
    CHECK_EQ(strlen(json_get_text(value, "a", "")), 80);
    CHECK_TEXT(json_string_value(json_array_get(json_get_array(value, "b"), 0)), "\x01"
                                                                                 "1");
    json_decref(value);
    text_dispose(&text);
}

TEST(a_document_may_be_one_long_string)
{
    struct text text = {0};
    text_add(&text, " \"");
    for (int i = 0; i < 100; i++)
        text_add(&text, "\\u00e4");
    text_add(&text, "\" ");
    json_t *value;
    CHECK_EQ(json_read(text_bytes(&text), &json_bounds_default, &value), 0);
    CHECK_EQ(json_string_length(value), 200);
    json_decref(value);
    struct json_bounds small = {8, 8, 199};
    CHECK_EQ(json_read(text_bytes(&text), &small, &value), ERR_FULL);
    text_dispose(&text);
}

TEST(half_characters_and_nul_are_mended_where_that_is_asked_for)
{
    json_t *value;
    bool has_nul;
    static const char text[] = "{\"a\\ud83d\":\"\\udc00x\\ud83d\\ude00\"}";
    CHECK_EQ(json_read(bytes_of(text), &json_bounds_default, &value), ERR_MALFORMED);
    CHECK_EQ(json_read_mended(bytes_of(text), &json_bounds_default, &value, &has_nul), 0);
    CHECK(!has_nul);
    CHECK_TEXT(json_get_text(value, "a\xef\xbf\xbd", ""), "\xef\xbf\xbdx\xf0\x9f\x98\x80");
    json_decref(value);
    CHECK_EQ(
        json_read_mended(bytes_of("[\"\\u0000\"]"), &json_bounds_default, &value, &has_nul), 0);
    CHECK(has_nul);
    json_decref(value);
}

TEST(writes_commas_escapes_and_nesting)
{
    struct text out = {0};
    struct json_out j = json_out_on(&out);
    json_open(&j, '{');
    json_member_string(&j, "a", "q\"\\\r\n\x01");
    json_key(&j, "list");
    json_open(&j, '[');
    json_put_int(&j, -1);
    json_put_bool(&j, true);
    json_put_null(&j);
    json_close(&j, ']');
    json_member_string(&j, "none", NULL);
    json_close(&j, '}');
    CHECK_TEXT(out.at,
               "{\"a\":\"q\\\"\\\\\\r\\n\\u0001\",\"list\":[-1,true,null],\"none\":null}");
    text_dispose(&out);
}
