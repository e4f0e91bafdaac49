#include "rtc/sdp_fragment.h"

#include "base/err.h"
#include "test.h"

#include <string.h>

static struct sdp_fragment fragment;
static struct sdp_error error;

static int parse(const char *text)
{
    error = (struct sdp_error){0};
    return sdp_fragment_parse(&fragment, test_exact_copy((const uint8_t *)text, strlen(text)),
                              &error);
}

// The example of RFC 9725 section 4.3.2.
TEST(reads_candidates_of_a_trickling_client)
{
    CHECK_EQ(
        parse("a=ice-ufrag:EsAw\r\n"
              "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
              "m=audio 9 RTP/AVP 0\r\n"
              "a=mid:0\r\n"
              "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 "
              "ufrag EsAw network-id 1\r\n"
              "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active "
              "generation 0 ufrag EsAw network-id 1\r\n"
              "a=end-of-candidates\r\n"),
        0);
    CHECK_BYTES(fragment.ufrag, "EsAw", 4);
    CHECK_EQ(fragment.pwd.len, 24);
    CHECK_EQ(fragment.candidate_count, 2);
    CHECK(fragment.end_of_candidates);
}

TEST(credentials_may_be_left_out)
{
    CHECK_EQ(parse("a=end-of-candidates"), 0);
    CHECK_EQ(fragment.ufrag.len, 0);
    CHECK_EQ(fragment.candidate_count, 0);
}

TEST(a_candidate_that_cannot_be_read_is_left_out)
{
    CHECK_EQ(parse("a=candidate:1 1 udp x 192.0.2.1 1 typ host\na=candidate:\n"), 0);
    CHECK_EQ(fragment.candidate_count, 0);
}

TEST(refuses_half_of_the_credentials)
{
    CHECK_EQ(parse("a=ice-ufrag:EsAw\r\n"), ERR_MALFORMED);
    CHECK_EQ(parse("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"), ERR_MALFORMED);
}

TEST(refuses_credentials_that_are_none_and_names_the_line)
{
    CHECK_EQ(parse("a=mid:0\r\na=ice-ufrag:abc\r\n"), ERR_MALFORMED);
    CHECK_EQ(error.line, 2);
    CHECK_EQ(parse("a=ice-pwd:short\r\n"), ERR_MALFORMED);
    CHECK_EQ(parse("a=ice-ufrag:with blank\r\n"), ERR_MALFORMED);
    char text[400] = "a=ice-ufrag:";
    memset(text + strlen(text), 'x', 257);
    CHECK_EQ(parse(text), ERR_MALFORMED);
}

TEST(refuses_two_transports)
{
    CHECK_EQ(parse("a=ice-ufrag:EsAw\na=ice-ufrag:EsAx\n"), ERR_MALFORMED);
    CHECK_EQ(error.line, 2);
    CHECK_EQ(parse("a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\na=ice-ufrag:EsAw\n"),
             0);
}

TEST(refuses_what_is_no_line)
{
    CHECK_EQ(parse(""), ERR_MALFORMED);
    CHECK_EQ(parse("\r\n"), ERR_MALFORMED);
    CHECK_EQ(parse("a=x\r\n\r\na=y\r\n"), ERR_MALFORMED);
    CHECK_EQ(error.line, 2);
    CHECK_EQ(parse("{\"candidate\": 1}"), ERR_MALFORMED);
    CHECK_EQ(parse("a=x\ry\n"), ERR_MALFORMED);
}

TEST(bounds_the_candidates_and_the_length)
{
    struct text text = {0};
    for (int i = 0; i <= SDP_CANDIDATES_MAX; i++)
        text_add(&text, "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n");
    CHECK_EQ(parse(text.at), ERR_FULL);
    CHECK_EQ(error.line, SDP_CANDIDATES_MAX + 1);
    text_clear(&text);
    while (text.len <= SDP_LIVE_LEN_MAX)
        text_add(&text,
                 "a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
    CHECK_EQ(parse(text.at), ERR_FULL);
    text_dispose(&text);
}

TEST(what_is_written_can_be_read)
{
    struct text text = {0};
    sdp_fragment_write("ourufrag", "ourpasswordourpassword01", &text);
    CHECK_TEXT(text.at,
               "a=ice-lite\r\na=ice-ufrag:ourufrag\r\na=ice-pwd:ourpasswordourpassword01\r\n");
    CHECK_EQ(parse(text.at), 0);
    CHECK_BYTES(fragment.ufrag, "ourufrag", 8);
    text_dispose(&text);
}
