#include "base/err.h"
#include "base/json.h"
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

TEST(writes_commas_escapes_and_nesting)
{
    struct text out = {0};
    struct json_out j = json_out_on(&out);
    json_open(&j, '{');
    json_member_string(&j, "a", "q\"\\\n\x01");
    json_key(&j, "list");
    json_open(&j, '[');
    json_put_int(&j, -1);
    json_put_bool(&j, true);
    json_put_null(&j);
    json_close(&j, ']');
    json_member_string(&j, "none", NULL);
    json_close(&j, '}');
    CHECK_TEXT(out.at, "{\"a\":\"q\\\"\\\\\\n\\u0001\",\"list\":[-1,true,null],\"none\":null}");
    text_dispose(&out);
}
