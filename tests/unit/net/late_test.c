// What the system has taken in, and the loop has not come round to, before somebody is judged
// by the clock: after the process or its machine stood still timers go off first.
#include "served.h"

#include "base/mem.h"
#include "net/connection.h"

#include <string.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"

static const char ask[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";
static struct served served;

static int64_t now_us;

static int64_t tell_now(void)
{
    return now_us;
}

static void connect_all(int *fds, int count)
{
    for (int i = 0; i < count; i++)
        fds[i] = served_connect(&served);
    while (http_server_connections(served.server) < (size_t)count)
        served_turn(&served);
}

static void close_all(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

static void say(int fd, const char *text)
{
    served_send(fd, text, strlen(text));
}

static bool is_answering(void)
{
    LIST_EACH(&served.server->connections, link)
    {
        if (LIST_ENTRY(link, struct connection, link)->state == CONNECTION_ANSWERING)
            return true;
    }
    return false;
}

// Whether a good answer comes. Afterwards its connection waits for the next request.
static bool is_answered(int fd)
{
    char *answer = served_receive(&served, fd, 100, NULL);
    bool good = strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
    mem_free(answer);
    while (is_answering())
        served_turn(&served);
    return good;
}

static bool is_closed(int fd)
{
    bool closed;
    mem_free(served_receive(&served, fd, 1, &closed));
    return closed;
}

// The server's end of the only connection, or of the last one.
static struct connection *last_connection(void)
{
    return LIST_ENTRY(served.server->connections.prev, struct connection, link);
}

static int go_off(struct connection *c)
{
    return door_callback(c->wsi, LWS_CALLBACK_TIMER, NULL, NULL, 0);
}

TEST(who_has_asked_by_now_is_not_among_those_that_are_too_many)
{
    static const struct visitors_limits limits = {.connections = 100, .unread = 2};
    now_us = 1;
    served_start(&served, &(struct http_server_config){
                              .rate_limit = true, .limits = &limits, .now = tell_now});
    int fds[6];
    connect_all(fds, 6);
    // Meanwhile nothing turns, and those have asked.
    now_us += 60 * 1000 * 1000;
    for (int i = 0; i < 3; i++)
        say(fds[i], ask);
    struct http_server *server = served.server;
    server->thin.timer_cb(&server->thin);
    for (int i = 0; i < 3; i++)
        CHECK(is_answered(fds[i]));
    // Of the three that are silent two stay.
    CHECK(is_closed(fds[3]));
    say(fds[4], ask);
    CHECK(is_answered(fds[4]));
    close_all(fds, 6);
    served_stop(&served);
}

// As browsers do in advance, and pages on machines that have much else to do.
TEST(who_is_silent_is_let_be_for_longer_than_who_stops_in_a_head)
{
    static const struct visitors_limits limits = {.connections = 100, .unread = 2};
    now_us = 1;
    served_start(&served, &(struct http_server_config){
                              .rate_limit = true, .limits = &limits, .now = tell_now});
    int fds[4];
    connect_all(fds, 4);
    say(fds[0], "GET /x HTTP/1.1\r\n");
    while (LIST_ENTRY(served.server->connections.next, struct connection, link)->in.len == 0)
        served_turn(&served);
    struct http_server *server = served.server;
    now_us += 9 * 1000 * 1000;
    server->thin.timer_cb(&server->thin);
    CHECK(is_closed(fds[0]));
    CHECK_EQ(http_server_connections(server), 3);
    now_us += 2 * 1000 * 1000;
    server->thin.timer_cb(&server->thin);
    CHECK(is_closed(fds[1]));
    CHECK_EQ(http_server_connections(server), 2);
    close_all(fds, 4);
    served_stop(&served);
}

TEST(at_the_limit_nobody_makes_room_who_has_asked_again)
{
    static const struct visitors_limits limits = {.connections = 3};
    served_start(&served, &(struct http_server_config){.rate_limit = true, .limits = &limits});
    int fds[4];
    connect_all(fds, 3);
    for (int i = 0; i < 3; i++) {
        say(fds[i], ask);
        CHECK(is_answered(fds[i]));
    }
    // Before the loop turns: another one comes, and the first two ask again.
    fds[3] = served_connect(&served);
    say(fds[0], ask);
    say(fds[1], ask);
    say(fds[3], ask);
    CHECK(is_answered(fds[0]));
    CHECK(is_answered(fds[1]));
    CHECK(is_answered(fds[3]));
    CHECK(is_closed(fds[2]));
    close_all(fds, 4);
    served_stop(&served);
}

TEST(a_request_that_is_there_when_the_idle_time_ends_is_answered)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    say(fd, ask);
    CHECK(is_answered(fd));
    say(fd, ask);
    CHECK_EQ(go_off(last_connection()), 0);
    CHECK(is_answered(fd));
    // Who has said nothing goes.
    CHECK_EQ(go_off(last_connection()), -1);
    close(fd);
    served_stop(&served);
}

TEST(the_rest_of_a_head_or_a_body_may_be_there_when_its_time_ends)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    static const char *const pieces[] = {"POST /x HTTP/1.1\r\n",
                                         HOST "Content-Length: 3\r\n\r\n", "abc"};
    say(fd, pieces[0]);
    for (int i = 0; i < 2; i++) {
        do {
            served_turn(&served);
        } while (list_empty(&served.server->connections) || door_has_unread(last_connection()));
        say(fd, pieces[i + 1]);
        CHECK_EQ(go_off(last_connection()), 0);
    }
    CHECK(is_answered(fd));
    CHECK_TEXT(served.log.at, "POST /x? abc\n");
    close(fd);
    served_stop(&served);
}

TEST(who_says_a_little_at_the_end_of_its_time_has_no_second_end)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    say(fd, "GET /x HTTP/1.1\r\n");
    while (list_empty(&served.server->connections) || last_connection()->in.len == 0)
        served_turn(&served);
    say(fd, "A: b\r\n");
    CHECK_EQ(go_off(last_connection()), 0);
    say(fd, "C: d\r\n");
    CHECK_EQ(go_off(last_connection()), 0); // with a 408
    char *answer = served_receive(&served, fd, 100, NULL);
    CHECK(strncmp(answer, "HTTP/1.1 408 ", 13) == 0);
    mem_free(answer);
    close(fd);
    served_stop(&served);
}

TEST(an_answer_that_comes_as_its_time_ends_is_sent)
{
    served_start(&served, NULL);
    served.hold = true;
    int fd = served_connect(&served);
    say(fd, ask);
    while (!served.held.request)
        served_turn(&served);
    CHECK_EQ(go_off(last_connection()), 0);
    served_answer(&served, &served.held);
    CHECK(is_answered(fd));
    close(fd);
    served_stop(&served);
}

TEST(who_takes_an_answer_again_gets_all_of_it)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    say(fd, "GET /much HTTP/1.1\r\n" HOST "\r\n");
    while (list_empty(&served.server->connections) ||
           last_connection()->state != CONNECTION_ANSWERING)
        served_turn(&served);
    CHECK_EQ(go_off(last_connection()), 0);
    char *answer = served_receive(&served, fd, 1000000, NULL);
    CHECK(strlen(answer) >= 1000000);
    mem_free(answer);
    close(fd);
    served_stop(&served);
}

// --- Goodbye ---

TEST(what_was_asked_before_the_end_is_answered_and_said_to_be_the_last)
{
    served_start(&served, NULL);
    int fds[4];
    connect_all(fds, 4);
    for (int i = 0; i < 2; i++) {
        say(fds[i], ask);
        CHECK(is_answered(fds[i]));
    }
    served.hold = true;
    say(fds[2], ask);
    while (!served.held.request)
        served_turn(&served);
    CHECK(http_server_is_drained(served.server) == false);
    say(fds[1], ask); // nobody has read it yet
    http_server_drain(served.server);
    CHECK(!http_server_is_drained(served.server));
    served.hold = false;
    served_answer(&served, &served.held);
    for (int i = 1; i < 3; i++) {
        char *answer = served_receive(&served, fds[i], 100, NULL);
        CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
        CHECK(strstr(answer, "\r\nconnection: close\r\n") != NULL);
        mem_free(answer);
    }
    CHECK(is_closed(fds[0]));
    CHECK(http_server_is_drained(served.server));
    // Who has come and was not let in yet counts, too.
    int late = served_connect(&served);
    CHECK(!http_server_is_drained(served.server));
    say(late, ask);
    CHECK(is_answered(late));
    close_all(fds, 4);
    close(late);
    served_stop(&served);
}
