#include "net/http.h"
#include "test.h"

TEST(a_query_value_is_percent_decoded)
{
    struct http_request request = {.query = "a=1&name=J%C3%BCrgen+B&a=2&flag"};
    CHECK_TEXT(http_query(&request, "name", 0), "J\xc3\xbcrgen B");
    CHECK_TEXT(http_query(&request, "a", 0), "1");
    CHECK_TEXT(http_query(&request, "a", 1), "2");
    CHECK(http_query(&request, "a", 2) == NULL);
    CHECK_TEXT(http_query(&request, "flag", 0), "");
    CHECK(http_query(&request, "nam", 0) == NULL);
    arena_dispose(&request.arena);
}

TEST(a_broken_escape_is_no_value)
{
    struct http_request request = {.query = "a=%4&b=%zz&c=%00&d=%"};
    CHECK(http_query(&request, "a", 0) == NULL);
    CHECK(http_query(&request, "b", 0) == NULL);
    CHECK(http_query(&request, "c", 0) == NULL);
    CHECK(http_query(&request, "d", 0) == NULL);
    arena_dispose(&request.arena);
}

TEST(reason_phrases_are_the_standard_ones)
{
    CHECK_TEXT(http_reason(404), "Not Found");
    CHECK_TEXT(http_reason(403), "Forbidden");
    CHECK_TEXT(http_reason(200), "OK");
}

TEST(a_path_is_cut_before_it_is_decoded)
{
    struct http_request request = {.raw_path = "/a/b%2Fc+d//%C3%BC/"};
    const char *segments[4];
    CHECK_EQ(http_path_segments(&request, segments, 4), 5);
    CHECK_TEXT(segments[0], "a");
    CHECK_TEXT(segments[1], "b/c+d");
    CHECK_TEXT(segments[2], "");
    CHECK_TEXT(segments[3], "\xc3\xbc");
    request.raw_path = "/";
    CHECK_EQ(http_path_segments(&request, segments, 4), 1);
    CHECK_TEXT(segments[0], "");
    arena_dispose(&request.arena);
}
