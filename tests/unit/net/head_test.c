#include "base/err.h"
#include "net/head.h"
#include "test.h"

#include <string.h>

static struct head head;

static int parse(const char *text)
{
    size_t looked_at = 0;
    return head_parse(&head, &head_limits_default, test_exact_copy(text, strlen(text)),
                      &looked_at);
}

TEST(reads_line_and_fields)
{
    CHECK_EQ(parse("POST /a?b HTTP/1.1\r\nHost:  x \r\nA:\r\na: 2\t\r\n\r\nbody"), 0);
    CHECK_BYTES(head.method, "POST", 4);
    CHECK_BYTES(head.target, "/a?b", 4);
    CHECK_EQ(head.minor, 1);
    CHECK_EQ(head.field_count, 3);
    struct bytes value;
    CHECK_EQ(head_field(&head, "host", &value), 1);
    CHECK_BYTES(value, "x", 1);
    CHECK_EQ(head_field(&head, "A", &value), 2);
    CHECK_EQ(value.len, 0);
    CHECK_EQ(head_field(&head, "b", &value), 0);
    CHECK_EQ(head.len, 44);
}

TEST(every_prefix_of_a_head_wants_more)
{
    static const char text[] = "GET / HTTP/1.0\r\nHost: x\r\n\r\n";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        size_t looked_at = 0;
        CHECK_EQ(
            head_parse(&head, &head_limits_default, test_exact_copy(text, len), &looked_at),
            HEAD_MORE);
    }
    CHECK_EQ(parse(text), 0);
    CHECK_EQ(head.minor, 0);
}

TEST(octets_may_come_one_by_one)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET";
    size_t looked_at = 0;
    for (size_t len = 0; len < 27; len++)
        CHECK_EQ(head_parse(&head, &head_limits_default,
                            (struct bytes){(const uint8_t *)text, len}, &looked_at),
                 HEAD_MORE);
    CHECK_EQ(head_parse(&head, &head_limits_default, bytes_of(text), &looked_at), 0);
    CHECK_EQ(head.len, 27);
}

TEST(one_empty_line_in_front_is_forgiven)
{
    CHECK_EQ(parse("\r\nGET / HTTP/1.1\r\n\r\n"), 0);
    CHECK_EQ(head.len, 20);
    CHECK_EQ(parse("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 400);
}

TEST(what_is_wrong_is_refused_before_the_end_is_there)
{
    CHECK_EQ(parse("\x16\x03\x01"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\rX"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\r\nA: \x7f"), 400);
}

TEST(lines_that_are_not_requests_are_refused)
{
    CHECK_EQ(parse("GET /\r\n\r\n"), 400);
    CHECK_EQ(parse(" GET / HTTP/1.1\r\n\r\n"), 400);
    CHECK_EQ(parse("GET  / HTTP/1.1\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1 \r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.2\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/2.0\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/11\r\n\r\n"), 400);
    CHECK_EQ(parse("G(T / HTTP/1.1\r\n\r\n"), 400);
    CHECK_EQ(parse("GET /\xc3\xa9 HTTP/1.1\r\n\r\n"), 400);
    CHECK_EQ(parse("GET /# HTTP/1.1\r\n\r\n"), 400);
}

TEST(lines_that_are_not_fields_are_refused)
{
    CHECK_EQ(parse("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\r\n: x\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\r\nA : x\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\r\nA: x\r\n y\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\r\n A: x\r\n\r\n"), 400);
    CHECK_EQ(parse("GET / HTTP/1.1\r\nA\xe9: x\r\n\r\n"), 400);
}

TEST(lists_are_searched_by_element)
{
    CHECK(head_list_has(bytes_of("keep-alive, Upgrade"), "upgrade"));
    CHECK(head_list_has(bytes_of("upgrade"), "upgrade"));
    CHECK(!head_list_has(bytes_of("upgrades, x-upgrade"), "upgrade"));
    CHECK(!head_list_has(bytes_of(""), "upgrade"));
}

static int decode(const char *text, char *out)
{
    return head_decode_path(test_exact_copy(text, strlen(text)), out);
}

TEST(escapes_of_a_path_are_decoded)
{
    char out[32];
    CHECK_EQ(decode("/a%20b%c3%A9+", out), 7);
    CHECK_BYTES(((struct bytes){(uint8_t *)out, 7}), "/a b\xc3\xa9+", 7);
}

TEST(broken_escapes_and_broken_utf8_are_refused)
{
    static const char *const paths[] = {"/%",   "/%4",           "/%zz",       "/%00",
                                        "/%ff", "/%c0%af",       "/%e0%80%80", "/%ed%a0%80",
                                        "/%c3", "/%f4%90%80%80", "/%80",       "/%e2%82"};
    char out[32];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK_EQ(decode(paths[i], out), ERR_MALFORMED);
    CHECK_EQ(decode("/%f4%8f%bf%bf", out), 5);
}

TEST(the_bounds_are_the_callers)
{
    static const struct head_limits limits = {.line = 20, .fields = 30, .field_count = 2};
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET /1234 HTTP/1.1\r\n\r\n", 0},
        {"GET /12345 HTTP/1.1\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431},
        {"GET / HTTP/1.1\r\nA: 123456789012345678901234\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nA: 12345678901234567890123456\r\n\r\n", 431},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t looked_at = 0;
        CHECK_EQ(head_parse(&head, &limits, bytes_of(rows[i].text), &looked_at),
                 rows[i].status);
    }
}
