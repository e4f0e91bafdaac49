#include "served.h"

#include "base/limits.h"
#include "base/mem.h"
#include "net/connection.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"

static struct served served;

// The answer must be `status`, and nothing may reach the owner.
static void refuses(int status, const char *request)
{
    served_start(&served, NULL);
    int got = served_status(&served, request);
    if (got != status)
        print_message("%.60s... -> %d\n", request, got);
    CHECK_EQ(got, status);
    CHECK_EQ(served.log.len, 0);
    served_stop(&served);
}

static void accepts(const char *request, const char *log)
{
    served_start(&served, NULL);
    CHECK_EQ(served_status(&served, request), 200);
    CHECK_TEXT(served.log.at, log);
    served_stop(&served);
}

static uint64_t answered_with(int status)
{
    const struct tally *tally = http_server_tally(served.server);
    for (size_t i = 0; i < TALLY_STATUSES; i++)
        if (tally_statuses[i] == status)
            return tally->routes[0].answered[i];
    return 0;
}

TEST(a_plain_request_is_answered_with_the_standing_headers)
{
    served_start(&served, NULL);
    char *answer =
        served_exchange(&served, "GET /a/b?x=1&y=J%C3%BC%26 HTTP/1.1\r\n" HOST "\r\n");
    CHECK(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
    CHECK(strstr(answer, "\r\ncontent-length: 26\r\n") != NULL);
    CHECK(strstr(answer, "\r\nx-content-type-options: nosniff\r\n") != NULL);
    CHECK(strstr(answer, "\r\nx-request-id: ") != NULL);
    CHECK(strstr(answer, "\r\ndate: ") != NULL);
    CHECK(strstr(answer, "\r\n\r\nGET /a/b?x=1&y=J%C3%BC%26 ") != NULL);
    mem_free(answer);
    served_stop(&served);
}

TEST(answers_and_refusals_are_counted_by_status)
{
    served_start(&served, NULL);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(served_status(&served, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    CHECK_EQ(served_status(&served, "GET / HTTP/1.1\r\n\r\n"), 400);
    CHECK_EQ(answered_with(200), 2);
    CHECK_EQ(answered_with(400), 1);
    CHECK_EQ(answered_with(101), 0);
    served_stop(&served);
}

TEST(a_page_carries_its_policy)
{
    served_start(&served, NULL);
    char *answer =
        served_exchange(&served, "GET /page HTTP/1.1\r\nHost: meet.test:8080\r\n\r\n");
    CHECK(strstr(answer, "content-security-policy: default-src 'self'; connect-src 'self' "
                         "ws://meet.test:8080; img-src") != NULL);
    CHECK(strstr(answer, "frame-ancestors 'none'\r\n") != NULL);
    CHECK(strstr(answer, "permissions-policy: camera=(self), microphone=(self), "
                         "display-capture=(self)\r\n") != NULL);
    CHECK(strstr(answer, "referrer-policy: no-referrer\r\n") != NULL);
    mem_free(answer);
    served_stop(&served);
}

TEST(the_policy_of_a_page_behind_a_proxy_names_secure_sockets)
{
    served_start(&served, &(struct http_server_config){.public_scheme = HTTP_SCHEME_TLS});
    char *answer = served_exchange(&served, "GET /page HTTP/1.1\r\n" HOST "\r\n");
    CHECK(strstr(answer, "connect-src 'self' wss://localhost;") != NULL);
    mem_free(answer);
    served_stop(&served);
}

TEST(a_body_reaches_the_owner)
{
    accepts("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", "POST /x? hello\n");
}

TEST(bodies_may_be_empty_or_missing)
{
    accepts("POST /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "POST /x? \n");
    accepts("POST /x HTTP/1.1\r\n" HOST "\r\n", "POST /x? \n");
    accepts("PUT /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "PUT /x? \n");
    accepts("DELETE /x HTTP/1.1\r\n" HOST "\r\n", "DELETE /x? \n");
    accepts("OPTIONS /x HTTP/1.1\r\n" HOST "\r\n", "OPTIONS /x? \n");
    accepts("GET /x HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", "GET /x? ab\n");
}

TEST(a_chunked_body_is_put_together)
{
    accepts("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\n",
            "POST /x? abc0123456789\n");
}

TEST(what_two_readers_could_understand_in_two_ways_is_refused)
{
    refuses(400,
            "POST /x HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"
            "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n" HOST "\r\n");
    refuses(400,
            "POST /x HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 4, 4\r\n\r\nabcd");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Content-Length: +4\r\n\r\nabcd");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 0x4\r\n\r\nabcd");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Content-Length : 4\r\n\r\nabcd");
    refuses(400,
            "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    refuses(400, "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n");
}

TEST(the_host_must_be_there_once)
{
    refuses(400, "GET / HTTP/1.1\r\n\r\n");
    refuses(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    refuses(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    refuses(400, "GET / HTTP/1.1\r\nHost: a;script\r\n\r\n");
}

// Whoever stands in front may see the other one.
TEST(a_field_that_decides_stands_there_once)
{
    static const char *const fields[] = {"Host",   "Authorization",  "Parlor-Key",
                                         "Origin", "Sec-Fetch-Site", "Content-Type"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        bool is_host = strcmp(fields[i], "Host") == 0;
        char request[200];
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\n%s%s: a\r\n%s: b\r\n\r\n",
                 is_host ? "" : HOST, fields[i], fields[i]);
        refuses(400, request);
    }
}

TEST(methods_that_nobody_offers_get_405)
{
    refuses(405, "TRACE / HTTP/1.1\r\n" HOST "\r\n");
    refuses(405, "PROPFIND / HTTP/1.1\r\n" HOST "\r\n");
    refuses(405, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n");
}

TEST(other_protocols_are_turned_away)
{
    refuses(400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    refuses(400, "\x16\x03\x01\x02\x05\x01\x01\xfc\x03\x03");
    refuses(400, "GET / HTTP/2.0\r\n" HOST "\r\n");
    refuses(400, "GET / FTP/1.1\r\n" HOST "\r\n");
}

// Nothing after a refused request may be taken for another one.
TEST(the_connection_of_a_refused_request_is_closed)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST " X: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": empty\r\n\r\n",
        "GET / HTTP/1.1\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
        "GET  / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1 \r\n" HOST "\r\n",
        "GET /a b HTTP/1.1\r\n" HOST "\r\n",
        "GET /\r\n\r\n",
        "GET http://other.example/ HTTP/1.1\r\n" HOST "\r\n",
        "GET * HTTP/1.1\r\n" HOST "\r\n",
        "G@T / HTTP/1.1\r\n" HOST "\r\n",
        "GET /%zz HTTP/1.1\r\n" HOST "\r\n",
        "GET /%00 HTTP/1.1\r\n" HOST "\r\n",
        "GET /#a HTTP/1.1\r\n" HOST "\r\n",
        "GET / http/1.1\r\n" HOST "\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        served_start(&served, NULL);
        int fd = served_connect(&served);
        served_send(fd, heads[i], strlen(heads[i]));
        const char *next = "GET /smuggled HTTP/1.1\r\n" HOST "\r\n";
        served_send(fd, next, strlen(next));
        bool closed;
        char *answer = served_receive(&served, fd, SIZE_MAX, &closed);
        if (!closed || strncmp(answer, "HTTP/1.1 400 ", 13) != 0)
            print_message("%s -> %s\n", heads[i], answer);
        CHECK(closed);
        CHECK(strncmp(answer, "HTTP/1.1 400 ", 13) == 0);
        CHECK(strstr(answer + 1, "HTTP/1.1") == NULL);
        CHECK(strstr(answer, "\r\nconnection: close\r\n") != NULL);
        CHECK_EQ(served.log.len, 0);
        mem_free(answer);
        close(fd);
        served_stop(&served);
    }
}

TEST(an_absolute_form_for_this_host_is_served)
{
    accepts("GET http://localhost/x?y HTTP/1.1\r\n" HOST "\r\n", "GET /x?y \n");
}

TEST(other_upgrades_are_not_taken_up)
{
    accepts("GET /x HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
            "GET /x? \n");
}

TEST(a_hundred_fields_are_read_and_one_more_is_not)
{
    for (int count = 100; count <= 101; count++) {
        struct text request = {0};
        text_add(&request, "GET / HTTP/1.1\r\n" HOST);
        for (int i = 1; i < count; i++)
            text_addf(&request, "X-%d: 1\r\n", i);
        text_add(&request, "\r\n");
        served_start(&served, NULL);
        CHECK_EQ(served_status(&served, request.at), count == 100 ? 200 : 431);
        served_stop(&served);
        text_dispose(&request);
    }
}

TEST(compressed_requests_are_not_read)
{
    refuses(415, "POST /x HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n"
                 "\r\nabc");
}

// A request of `before`, then `len` times 'a', then `after`.
static int status_of_long(const char *before, size_t len, const char *after)
{
    struct text request = {0};
    text_add(&request, before);
    for (size_t i = 0; i < len; i++)
        text_add_char(&request, 'a');
    text_add(&request, after);
    served_start(&served, NULL);
    int status = served_status(&served, request.at);
    served_stop(&served);
    text_dispose(&request);
    return status;
}

TEST(each_part_of_a_request_has_its_limit)
{
    CHECK_EQ(status_of_long("GET /", 8000, " HTTP/1.1\r\n" HOST "\r\n"), 200);
    CHECK_EQ(status_of_long("GET /", 8192, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    CHECK_EQ(status_of_long("GET /?a=", 8192, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    CHECK_EQ(status_of_long("GET / HTTP/1.1\r\n" HOST "Cookie: ", 8000, "\r\n\r\n"), 200);
    CHECK_EQ(status_of_long("GET / HTTP/1.1\r\n" HOST "Cookie: ", 17000, "\r\n\r\n"), 431);
    CHECK_EQ(
        status_of_long("POST /x HTTP/1.1\r\n" HOST "Content-Length: 65536\r\n\r\n", 65536, ""),
        200);
    CHECK_EQ(
        status_of_long("POST /x HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", 65537, ""),
        413);
    CHECK_EQ(status_of_long("POST /large HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n",
                            65537, ""),
             200);
    CHECK_EQ(status_of_long("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                            "10001\r\n",
                            65537, "\r\n0\r\n\r\n"),
             413);
    CHECK_EQ(status_of_long(
                 "POST /x HTTP/1.1\r\n" HOST "Content-Length: 99999999999999\r\n\r\n", 0, ""),
             413);
}

TEST(paths_are_decoded_and_checked)
{
    accepts("GET /a%20b/%C3%A9?q=%2F HTTP/1.1\r\n" HOST "\r\n", "GET /a b/\xc3\xa9?q=%2F \n");
    accepts("GET /a/../b//./c HTTP/1.1\r\n" HOST "\r\n", "GET /a/../b//./c? \n");
    refuses(400, "GET /%ff HTTP/1.1\r\n" HOST "\r\n");
    refuses(400, "GET /%c0%af HTTP/1.1\r\n" HOST "\r\n");
}

TEST(requests_in_one_segment_are_answered_in_order)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    const char *both = "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                       "GET /2 HTTP/1.1\r\n" HOST "\r\n"
                       "POST /3 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
                       "GET /4 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    served_send(fd, both, strlen(both));
    bool closed;
    char *answers = served_receive(&served, fd, SIZE_MAX, &closed);
    CHECK(closed);
    CHECK_TEXT(served.log.at, "POST /1? abc\nGET /2? \nPOST /3? \nGET /4? \n");
    const char *at = answers;
    for (const char *const *each =
             (const char *const[]){"POST /1", "GET /2", "POST /3", "GET /4", NULL};
         *each; each++) {
        at = strstr(at, *each);
        CHECK(at != NULL);
    }
    mem_free(answers);
    close(fd);
    served_stop(&served);
}

// Asks on a new connection, and waits until the request is held.
static int ask_and_hold(const char *requests)
{
    served_start(&served, NULL);
    served.hold = true;
    int fd = served_connect(&served);
    served_send(fd, requests, strlen(requests));
    while (!served.held.request)
        served_turn(&served);
    return fd;
}

static bool has_octets(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return poll(&one, 1, 0) == 1;
}

TEST(a_short_answer_leaves_at_once)
{
    int fd = ask_and_hold("GET /1 HTTP/1.1\r\n" HOST "\r\n");
    CHECK(!has_octets(fd));
    served_answer(&served, &served.held);
    CHECK(has_octets(fd));
    close(fd);
    served_stop(&served);
}

// The server's end of the connection `fd`: both ends are this process's.
static int far_end(int fd)
{
    struct sockaddr_storage ours, theirs;
    socklen_t ours_len = sizeof ours;
    CHECK(getsockname(fd, (struct sockaddr *)&ours, &ours_len) == 0);
    for (int other = 3; other < 256; other++) {
        socklen_t len = sizeof theirs;
        if (getpeername(other, (struct sockaddr *)&theirs, &len) == 0 && len == ours_len &&
            memcmp(&ours, &theirs, len) == 0)
            return other;
    }
    return -1;
}

TEST(the_end_of_an_answer_does_not_wait_for_the_client_to_acknowledge_its_beginning)
{
    int fd = ask_and_hold("GET /1 HTTP/1.1\r\n" HOST "\r\n");
    int no_delay = 0;
    socklen_t len = sizeof no_delay;
    CHECK(getsockopt(far_end(fd), IPPROTO_TCP, TCP_NODELAY, &no_delay, &len) == 0);
    CHECK(no_delay);
    served_answer(&served, &served.held);
    close(fd);
    served_stop(&served);
}

TEST(who_has_asked_twice_lets_the_loop_turn_in_between)
{
    int fd = ask_and_hold("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n");
    struct http_input first = served.held, none;
    served.held = (struct http_input){0};
    served_answer(&served, &first);
    CHECK(!http_server_next(served.server, &none));
    while (!served.held.request)
        served_turn(&served);
    CHECK_TEXT(served.held.request->path, "/2");
    close(fd);
    served_stop(&served);
}

static void is_answered_late(int fd)
{
    for (int i = 0; i < 10; i++)
        served_turn(&served);
    served_answer(&served, &served.held);
    char *answer = served_receive(&served, fd, 100, NULL);
    CHECK(strstr(answer, "GET /slow") != NULL);
    mem_free(answer);
    close(fd);
    served_stop(&served);
}

TEST(who_says_no_more_is_answered_all_the_same)
{
    int fd = ask_and_hold("GET /slow HTTP/1.1\r\n" HOST "\r\n");
    shutdown(fd, SHUT_WR);
    is_answered_late(fd);
}

TEST(an_answer_may_take_its_time)
{
    int fd = ask_and_hold("GET /slow HTTP/1.1\r\n" HOST "\r\n");
    is_answered_late(fd);
}

TEST(an_answer_for_a_client_that_went_away_is_dropped)
{
    served_start(&served, NULL);
    served.hold = true;
    int fd = served_connect(&served);
    served_send(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n",
                strlen("GET /slow HTTP/1.1\r\n" HOST "\r\n"));
    while (!served.held.request)
        served_turn(&served);
    close(fd);
    for (int i = 0; i < 20; i++)
        served_turn(&served);
    served_answer(&served, &served.held);
    for (int i = 0; i < 20; i++)
        served_turn(&served);
    served_stop(&served);
}

TEST(a_long_answer_arrives_whole)
{
    served_start(&served, NULL);
    char *answer = served_exchange(&served, "GET /much HTTP/1.1\r\n" HOST "\r\n");
    const char *body = strstr(answer, "\r\n\r\n");
    CHECK(body != NULL);
    CHECK_EQ(strlen(body + 4), 1000000);
    mem_free(answer);
    served_stop(&served);
}

TEST(head_has_the_length_but_not_the_body)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    const char *request = "HEAD /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    served_send(fd, request, strlen(request));
    char *answer = served_receive(&served, fd, SIZE_MAX, NULL);
    CHECK(strstr(answer, "content-length: 9\r\n") != NULL);
    CHECK_TEXT(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    mem_free(answer);
    close(fd);
    served_stop(&served);
}

TEST(a_client_that_asks_first_is_told_to_go_on)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    const char *head =
        "POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    served_send(fd, head, strlen(head));
    char *first = served_receive(&served, fd, 25, NULL);
    CHECK_TEXT(first, "HTTP/1.1 100 Continue\r\n\r\n");
    served_send(fd, "abc", 3);
    char *second = served_receive(&served, fd, 100, NULL);
    CHECK(strstr(second, "POST /x? abc") != NULL);
    mem_free(first);
    mem_free(second);
    close(fd);
    served_stop(&served);
}

// The clock by which requests are measured stands until a test moves it: no machine is so slow
// that a bucket fills meanwhile.
static int64_t clock_us = 1000000;

static int64_t standing_clock(void)
{
    return clock_us;
}

// How many are answered at once before one is refused.
static int burst(void)
{
    for (int i = 0; i < 2 * HTTP_REQUESTS_BURST; i++) {
        int got = served_status(&served, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        if (got == 429)
            return i;
        CHECK_EQ(got, 200);
    }
    return 2 * HTTP_REQUESTS_BURST;
}

TEST(the_burst_of_requests_is_limited)
{
    served_start(&served,
                 &(struct http_server_config){.rate_limit = true, .now = standing_clock});
    CHECK_EQ(burst(), HTTP_REQUESTS_BURST);
    CHECK_EQ(burst(), 0);
    clock_us += 1000000;
    CHECK_EQ(burst(), HTTP_REQUESTS_PER_SECOND);
    clock_us += 60 * 1000000;
    CHECK_EQ(burst(), HTTP_REQUESTS_BURST);
    char *answer = served_exchange(&served, "GET / HTTP/1.1\r\n" HOST
                                            "\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
    mem_free(answer);
    served_stop(&served);
}

static enum http_standing standing(void *context, struct http_request *request,
                                   const char **key)
{
    (void)context;
    *key = "key";
    if (strcmp(request->path, "/login") == 0)
        return HTTP_LOGS_IN;
    if (strcmp(request->path, "/file") == 0)
        return HTTP_COSTLESS;
    const char *said = request->authorization ? request->authorization : "";
    return strcmp(said, "Bearer key") == 0     ? HTTP_HAS_KEY
           : strcmp(said, "Bearer token") == 0 ? HTTP_HAS_TOKEN
                                               : HTTP_STRANGER;
}

static const struct visitors_limits tight = {.connections = 128,
                                             .strangers = {1, 2},
                                             .members = {1, 3},
                                             .keys = {1, 4},
                                             .logins = {1, 5}};

// How many such requests are answered before one is refused; 20 when none is.
static int answered(const char *request)
{
    for (int i = 0; i < 20; i++) {
        char *answer = served_exchange(&served, request);
        bool refused = strncmp(answer, "HTTP/1.1 429 ", 13) == 0;
        CHECK(!refused || strstr(answer, "retry-after: 1\r\n") != NULL);
        mem_free(answer);
        if (refused)
            return i;
    }
    return 20;
}

TEST(each_standing_has_a_measure_of_its_own)
{
    served_start(&served, &(struct http_server_config){.rate_limit = true,
                                                       .limits = &tight,
                                                       .standing = standing,
                                                       .now = standing_clock});
    CHECK_EQ(answered("GET / HTTP/1.1\r\n" HOST "\r\n"), 2);
    CHECK_EQ(answered("GET / HTTP/1.1\r\n" HOST "Authorization: Bearer token\r\n\r\n"), 3);
    CHECK_EQ(answered("GET / HTTP/1.1\r\n" HOST "Authorization: Bearer key\r\n\r\n"), 4);
    CHECK_EQ(answered("GET /file HTTP/1.1\r\n" HOST "\r\n"), 20);
    served_stop(&served);
}

TEST(logins_cost_something_when_they_fail)
{
    served_start(&served, &(struct http_server_config){.rate_limit = true,
                                                       .limits = &tight,
                                                       .standing = standing,
                                                       .now = standing_clock});
    CHECK_EQ(answered("POST /login HTTP/1.1\r\n" HOST "\r\n"), 20);
    served.status = 503; // not its fault
    CHECK_EQ(answered("POST /login HTTP/1.1\r\n" HOST "\r\n"), 20);
    served.status = 404;
    CHECK_EQ(answered("POST /login HTTP/1.1\r\n" HOST "\r\n"), 5);
    // What was refused without a look costs nothing, so that a second is a second.
    CHECK_EQ(answered("POST /login HTTP/1.1\r\n" HOST "\r\n"), 0);
    clock_us += 2000000;
    CHECK_EQ(answered("POST /login HTTP/1.1\r\n" HOST "\r\n"), 2);
    served_stop(&served);
}

TEST(a_body_must_come_with_a_kibibyte_a_second_and_in_half_a_minute)
{
    CHECK(request_is_in_time(10240, 10, 30));
    CHECK(!request_is_in_time(10239, 10, 30));
    CHECK(request_is_in_time(20480, 20, 30));
    CHECK(!request_is_in_time(20479, 20, 30));
    CHECK(!request_is_in_time(1000000, 30, 30));
}

TEST(a_query_that_cannot_be_decoded_is_refused)
{
    served_start(&served, NULL);
    CHECK_EQ(served_status(&served, "GET /?a=%41&b=c:d HTTP/1.1\r\n" HOST "\r\n"), 200);
    CHECK_EQ(served_status(&served, "GET /?a=% HTTP/1.1\r\n" HOST "\r\n"), 400);
    CHECK_EQ(served_status(&served, "GET /?a=%zz HTTP/1.1\r\n" HOST "\r\n"), 400);
    CHECK_EQ(served_status(&served, "GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n"), 400);
    CHECK_EQ(served_status(&served, "GET /?a=%ff HTTP/1.1\r\n" HOST "\r\n"), 400);
    served_stop(&served);
}

static void connect_all(int *fds, int count)
{
    for (int i = 0; i < count; i++)
        fds[i] = served_connect(&served);
    while (http_server_connections(served.server) < (size_t)count)
        served_turn(&served);
}

TEST(connections_of_one_address_are_limited)
{
    static const struct visitors_limits limits = {.connections = 16};
    served_start(&served, &(struct http_server_config){.rate_limit = true, .limits = &limits});
    int fds[16];
    connect_all(fds, 16);
    char *answer = served_exchange(&served, "");
    CHECK(strncmp(answer, "HTTP/1.1 429 ", 13) == 0);
    CHECK(strstr(answer, "retry-after: 1\r\n") != NULL);
    CHECK(strstr(answer, "\r\n\r\n{\"code\":429,") != NULL);
    mem_free(answer);
    for (int i = 0; i < 16; i++)
        close(fds[i]);
    while (http_server_connections(served.server) > 0)
        served_turn(&served);
    CHECK_EQ(served_status(&served, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    served_stop(&served);
}

// Browsers keep connections that they may never use again.
TEST(at_the_limit_who_is_idle_makes_room)
{
    static const struct visitors_limits limits = {.connections = 3};
    static const char ask[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
    served_start(&served, &(struct http_server_config){.rate_limit = true, .limits = &limits});
    int fds[3];
    connect_all(fds, 3);
    for (int i = 1; i < 3; i++) {
        served_send(fds[i], ask, sizeof ask - 1);
        mem_free(served_receive(&served, fds[i], 100, NULL));
    }
    CHECK_EQ(served_status(&served, ask), 200);
    bool closed = false;
    mem_free(served_receive(&served, fds[1], 1, &closed));
    CHECK(closed);
    served_send(fds[2], ask, sizeof ask - 1);
    char *answer = served_receive(&served, fds[2], 100, NULL);
    CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    mem_free(answer);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    served_stop(&served);
}

TEST(both_families_are_listened_on)
{
    struct addr both[2];
    CHECK_EQ(addr_parse(&both[0], "127.0.0.1:0"), 0);
    CHECK_EQ(addr_parse(&both[1], "[::1]:0"), 0);
    served_start(&served, &(struct http_server_config){.listen = both, .listen_count = 2});
    CHECK(http_server_port(served.server, 1) != 0);
    CHECK_EQ(served_status(&served, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    served_stop(&served);
}

// One octet at a time, at each of which the connection may also break off.
TEST(a_request_may_break_off_anywhere)
{
    static const char request[] = "POST /x?a=b%20c HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
                                  "Upgrade-Insecure-Requests: 1\r\n\r\nabc";
    served_start(&served, NULL);
    for (size_t len = 1; len < sizeof request - 1; len++) {
        int fd = served_connect(&served);
        served_send(fd, request, len);
        served_turn(&served);
        close(fd);
        served_turn(&served);
    }
    while (http_server_connections(served.server) > 0)
        served_turn(&served);
    CHECK_EQ(served.log.len, 0);
    CHECK_EQ(served_status(&served, request), 200);
    served_stop(&served);
}
