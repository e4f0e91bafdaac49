#include "base/err.h"
#include "net/chunked.h"
#include "test.h"

#include <string.h>

static int decode(const char *text, size_t max, const char *expected)
{
    // At once, and octet by octet.
    for (size_t step = 0; step < 2; step++) {
        struct chunked c = {0};
        struct text body = {0};
        size_t len = strlen(text), used = 0;
        text_add(&body, "");
        int err = 0;
        for (size_t at = 0; at < len && !err && !c.done; at += used)
            err = chunked_decode(&c, test_exact_copy(text + at, step ? 1 : len - at), max,
                                 &body, &used);
        if (!err && expected) {
            CHECK_TEXT(body.at, expected);
            CHECK(c.done);
        }
        bool more = !err && !c.done;
        text_dispose(&body);
        if (err || more)
            return err ? err : 1;
    }
    return 0;
}

TEST(chunks_are_put_together)
{
    CHECK_EQ(decode("3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", 100, "abc0123456789"), 0);
    CHECK_EQ(decode("0\r\n\r\n", 100, ""), 0);
}

TEST(extensions_and_trailers_are_forgotten)
{
    CHECK_EQ(decode("1;a=\"b\"\r\nx\r\n0 \r\nA: b\r\nC: d\r\n\r\n", 100, "x"), 0);
}

TEST(octets_after_the_end_are_left)
{
    struct chunked c = {0};
    struct text body = {0};
    size_t used;
    CHECK_EQ(chunked_decode(&c, bytes_of("0\r\n\r\nGET"), 9, &body, &used), 0);
    CHECK(c.done);
    CHECK_EQ(used, 5);
    text_dispose(&body);
}

TEST(a_truncated_body_is_not_done)
{
    CHECK_EQ(decode("3\r\nab", 100, NULL), 1);
    CHECK_EQ(decode("3\r\nabc\r\n0\r\n", 100, NULL), 1);
}

TEST(malformed_framing_is_refused)
{
    static const char *const bodies[] = {
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "3\nabc\r\n",
        "3\r\nabcd\r\n",
        "3\r\nabc\n",
        "12345678\r\n",
        " 3\r\nabc\r\n",
        "0\r\n\n",
        "3;\nabc\r\n",
        "3 3\r\nabc\r\n",
        "3;\x01\r\nabc\r\n",
        "0\r\nA b: c\r\n\r\n",
        "0\r\n: c\r\n\r\n",
        "0\r\nnothing\r\n\r\n",
        "0\r\n A: b\r\n\r\n",
        "0\r\nA: b\rc\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CHECK_EQ(decode(bodies[i], 1000, NULL), ERR_MALFORMED);
}

TEST(the_body_has_a_bound)
{
    CHECK_EQ(decode("5\r\nabcde\r\n0\r\n\r\n", 5, "abcde"), 0);
    CHECK_EQ(decode("6\r\nabcdef\r\n0\r\n\r\n", 5, NULL), ERR_FULL);
    CHECK_EQ(decode("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", 5, NULL), ERR_FULL);
}

TEST(trailers_have_a_bound)
{
    struct text body = {0}, got = {0};
    struct chunked c = {0};
    size_t used;
    text_add(&body, "0\r\nA: ");
    for (int i = 0; i < 5000; i++)
        text_add_char(&body, 'x');
    CHECK_EQ(chunked_decode(&c, text_bytes(&body), 100, &got, &used), ERR_MALFORMED);
    text_dispose(&body);
}
