// The client against a server of a few lines in the same thread: what that does is in the path.
#include "base/err.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/self_signed.h"
#include "served.h"
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 160, PATIENCE_MS = 30000 };

struct world {
    uv_loop_t loop;
    struct target_rules rules;
    struct http_client *client;
    int listener;
    uint16_t port;
    int connections[CONNECTIONS_MAX];
    struct text received[CONNECTIONS_MAX];
    size_t count;
};

static struct world *world_new(const char *allowed)
{
    struct world *w = mem_alloc(sizeof *w);
    uv_loop_init(&w->loop);
    if (allowed)
        CHECK_EQ(target_allow(&w->rules, bytes_of(allowed)), 0);
    w->client = http_client_new(&w->loop, &w->rules);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK_EQ(bind(w->listener, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(w->listener, 128), 0);
    CHECK_EQ(getsockname(w->listener, (struct sockaddr *)&at, &len), 0);
    w->port = ntohs(at.sin_port);
    return w;
}

static void world_free(struct world *w)
{
    http_client_close(w->client);
    while (!http_client_is_closed(w->client))
        uv_run(&w->loop, UV_RUN_ONCE);
    http_client_free(w->client);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    CHECK_EQ(uv_loop_close(&w->loop), 0);
    for (size_t i = 0; i < w->count; i++) {
        close(w->connections[i]);
        text_dispose(&w->received[i]);
    }
    close(w->listener);
    mem_free(w);
}

static void say(int fd, const char *text)
{
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0);
}

static void answer(int fd, const char *path)
{
    char octets[1024];
    memset(octets, 'x', sizeof octets - 1);
    octets[sizeof octets - 1] = 0;
    if (strncmp(path, "/ok ", 4) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    } else if (strncmp(path, "/broken ", 8) == 0) {
        say(fd, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
    } else if (strncmp(path, "/moved ", 7) == 0) {
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    } else if (strncmp(path, "/garbage ", 9) == 0) {
        say(fd, "SSH-2.0-OpenSSH\r\n");
        shutdown(fd, SHUT_WR);
    } else if (strncmp(path, "/closed ", 8) == 0) {
        shutdown(fd, SHUT_RDWR);
    } else if (strncmp(path, "/much ", 6) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        for (int i = 0; i < 200; i++)
            send(fd, octets, sizeof octets - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else if (strncmp(path, "/fields ", 8) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 100; i++) {
            say(fd, "X-More: ");
            say(fd, octets);
            say(fd, "\r\n");
        }
    } // and /silent says nothing
}

static bool is_whole(const struct text *t)
{
    const char *end = t->len ? strstr(t->at, "\r\n\r\n") : NULL;
    const char *field = end ? strcasestr(t->at, "\r\ncontent-length: ") : NULL;
    return field && t->len == (size_t)(end - t->at) + 4 + strtoul(field + 18, NULL, 10);
}

static void turn(struct world *w)
{
    struct pollfd both[] = {{.fd = uv_backend_fd(&w->loop), .events = POLLIN},
                            {.fd = w->listener, .events = POLLIN}};
    poll(both, 2, 5);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        CHECK(w->count < CONNECTIONS_MAX);
        w->connections[w->count++] = fd;
    }
    for (size_t i = 0; i < w->count; i++) {
        char octets[4096];
        ssize_t len = recv(w->connections[i], octets, sizeof octets, MSG_DONTWAIT);
        if (len <= 0)
            continue;
        text_add_bytes(&w->received[i], (struct bytes){(const uint8_t *)octets, (size_t)len});
        if (is_whole(&w->received[i]))
            answer(w->connections[i], strchr(w->received[i].at, ' ') + 1);
    }
}

static void post(struct world *w, uint64_t id, const char *host, const char *path)
{
    char url[128];
    snprintf(url, sizeof url, "http://%s:%u%s", host, w->port, path);
    const struct http_header headers[] = {{"X-Secret", "one: two"}, {"x-empty", ""}};
    struct fetch_wish wish = {
        .id = id, .url = url, .headers = headers, .header_count = 2, .body = bytes_of("{}")};
    CHECK_EQ(http_client_send(w->client, &wish), 0);
}

static struct fetch_result next(struct world *w)
{
    struct fetch_result result;
    uint64_t end = uv_hrtime() / 1000000 + PATIENCE_MS;
    while (!http_client_next(w->client, &result)) {
        CHECK(uv_hrtime() / 1000000 < end);
        turn(w);
    }
    return result;
}

static struct fetch_result fetch(const char *allowed, const char *host, const char *path)
{
    struct world *w = world_new(allowed);
    post(w, 7, host, path);
    struct fetch_result result = next(w);
    CHECK_EQ(result.id, 7);
    world_free(w);
    return result;
}

TEST(a_request_goes_out_as_it_was_wished)
{
    struct world *w = world_new("127.0.0.1");
    post(w, 1, "127.0.0.1", "/ok");
    struct fetch_result result = next(w);
    CHECK_EQ(result.status, 200);
    CHECK_TEXT(result.why, "");
    const char *got = w->received[0].at;
    CHECK(strncmp(got, "POST /ok HTTP/1.1\r\n", 19) == 0);
    CHECK(strstr(got, "\r\nX-Secret: one: two\r\n") != NULL);
    CHECK(strstr(got, "\r\nx-empty:\r\n") != NULL);
    CHECK(strstr(got, "\r\nUser-Agent: Parlor/") != NULL);
    CHECK(strstr(got, "Expect") == NULL);
    CHECK_TEXT(strstr(got, "\r\n\r\n"), "\r\n\r\n{}");
    world_free(w);
}

TEST(a_connection_is_used_again)
{
    struct world *w = world_new("127.0.0.1");
    post(w, 1, "127.0.0.1", "/ok");
    CHECK_EQ(next(w).status, 200);
    text_clear(&w->received[0]);
    post(w, 2, "127.0.0.1", "/ok");
    CHECK_EQ(next(w).status, 200);
    CHECK_EQ(w->count, 1);
    world_free(w);
}

TEST(a_name_is_resolved_and_its_address_is_connected_to)
{
    CHECK_EQ(fetch("127.0.0.1", "localhost", "/ok").status, 200);
}

TEST(what_the_server_says_is_the_result_and_redirects_are_not_followed)
{
    CHECK_EQ(fetch("127.0.0.1", "127.0.0.1", "/broken").status, 500);
    CHECK_EQ(fetch("127.0.0.1", "127.0.0.1", "/moved").status, 302);
}

TEST(what_is_no_answer_says_why)
{
    struct fetch_result result = fetch("127.0.0.1", "127.0.0.1", "/closed");
    CHECK_EQ(result.status, 0);
    CHECK_TEXT(result.why, "Empty reply from server");
    result = fetch("127.0.0.1", "127.0.0.1", "/garbage");
    CHECK_EQ(result.status, 0);
    CHECK(!result.is_forbidden);
    CHECK(result.why[0] != 0);
}

TEST(an_answer_is_read_up_to_a_bound)
{
    CHECK_EQ(fetch("127.0.0.1", "127.0.0.1", "/much").status, 200);
    struct fetch_result result = fetch("127.0.0.1", "127.0.0.1", "/fields");
    CHECK_EQ(result.status, 0);
    CHECK_TEXT(result.why, "the fields of the answer are too long");
}

TEST(nothing_is_sent_where_the_rules_forbid_it)
{
    struct fetch_result result = fetch(NULL, "127.0.0.1", "/ok");
    CHECK_EQ(result.status, 0);
    CHECK(result.is_forbidden);
    CHECK_TEXT(result.why, "127.0.0.1 is a loopback address");
    result = fetch(NULL, "[::ffff:127.0.0.1]", "/ok");
    CHECK_TEXT(result.why, "127.0.0.1 is a loopback address");
    result = fetch(NULL, "localhost", "/ok");
    CHECK(result.is_forbidden);
    CHECK(strstr(result.why, " is a loopback address") != NULL);
    result = fetch("127.0.0.1", "2130706433", "/ok");
    CHECK(result.is_forbidden);
    CHECK_TEXT(result.why, "the host is no address in the usual form");
    result = fetch("127.0.0.1", "a@127.0.0.1", "/ok");
    CHECK_TEXT(result.why, "the URL names a user");
}

TEST(no_proxy_of_the_environment_is_asked)
{
    setenv("http_proxy", "http://192.0.2.1:9", 1);
    setenv("ALL_PROXY", "http://192.0.2.1:9", 1);
    CHECK_EQ(fetch("127.0.0.1", "127.0.0.1", "/ok").status, 200);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

TEST(nobody_listening_is_told_at_once)
{
    struct world *w = world_new("127.0.0.1");
    shutdown(w->listener, SHUT_RDWR);
    close(w->listener);
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    post(w, 1, "127.0.0.1", "/ok");
    struct fetch_result result = next(w);
    CHECK_EQ(result.status, 0);
    CHECK(strstr(result.why, "connect") != NULL);
    world_free(w);
}

TEST(who_is_silent_holds_up_nobody_and_is_given_up_after_ten_seconds)
{
    struct world *w = world_new("127.0.0.1");
    uint64_t begun = uv_hrtime() / 1000000;
    post(w, 1, "127.0.0.1", "/silent");
    for (uint64_t id = 2; id < 12; id++)
        post(w, id, "127.0.0.1", "/ok");
    for (int i = 0; i < 10; i++)
        CHECK_EQ(next(w).status, 200);
    CHECK(uv_hrtime() / 1000000 - begun < FETCH_MS);
    struct fetch_result result = next(w);
    uint64_t took = uv_hrtime() / 1000000 - begun;
    CHECK_EQ(result.id, 1);
    CHECK_EQ(result.status, 0);
    CHECK_TEXT(result.why, "timeout");
    CHECK(took >= FETCH_MS - 100);
    world_free(w);
}

TEST(only_so_many_are_under_way)
{
    struct world *w = world_new("127.0.0.1");
    struct fetch_wish wish = {.url = "http://127.0.0.1:1/", .body = bytes_of("{}")};
    for (int i = 0; i < FETCHES_MAX; i++)
        post(w, 1, "127.0.0.1", "/silent");
    CHECK_EQ(http_client_send(w->client, &wish), ERR_FULL);
    turn(w);
    world_free(w); // and what is under way is dropped
}

TEST(a_certificate_that_nobody_vouches_for_is_no_good)
{
    char folder[] = "/tmp/parlor-client-XXXXXX", cert[64], key[64], url[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    CHECK_EQ(self_signed_ensure(cert, key, &(struct self_signed_names){0}), 1);
    struct served served;
    served_start(&served, &(struct http_server_config){.tls_cert = cert, .tls_key = key});
    struct target_rules rules = {0};
    CHECK_EQ(target_allow(&rules, bytes_of("127.0.0.1")), 0);
    struct http_client *client = http_client_new(&served.loop, &rules);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", http_server_port(served.server, 0));
    CHECK_EQ(http_client_send(client, &(struct fetch_wish){.url = url, .body = bytes_of("{}")}),
             0);
    struct fetch_result result;
    for (int i = 0; i < 2000 && !http_client_next(client, &result); i++)
        served_turn(&served);
    CHECK_EQ(result.status, 0);
    CHECK(strstr(result.why, "certificate") != NULL);
    http_client_close(client);
    while (!http_client_is_closed(client))
        uv_run(&served.loop, UV_RUN_NOWAIT);
    http_client_free(client);
    served_stop(&served);
    unlink(cert);
    unlink(key);
    rmdir(folder);
}
