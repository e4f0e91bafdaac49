#include "served.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPGRADE                                                                                \
    "GET /ws?peer=p&token=a.b HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"           \
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"                         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static struct served served;

// The answer to the key of RFC 6455 section 1.3.
static const char accept_field[] = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

static int open_socket(void)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    served_send(fd, UPGRADE "\r\n", strlen(UPGRADE "\r\n"));
    struct text head = {0};
    while (!head.at || !strstr(head.at, "\r\n\r\n")) {
        char *octet = served_receive(&served, fd, 1, NULL);
        CHECK(*octet != 0);
        text_add(&head, octet);
        mem_free(octet);
    }
    CHECK(strncmp(head.at, "HTTP/1.1 101 ", 13) == 0);
    CHECK(strstr(head.at, accept_field) != NULL);
    CHECK(strstr(head.at, "Sec-WebSocket-Extensions") == NULL);
    text_dispose(&head);
    while (!served.socket)
        served_turn(&served);
    return fd;
}

// A frame with the mask 0, so that its payload is readable.
static void send_frame(int fd, uint8_t first, const void *payload, size_t len)
{
    uint8_t *frame = mem_alloc(len + 14);
    struct writer w = writer_on(frame, len + 14);
    put_u8(&w, first);
    if (len < 126) {
        put_u8(&w, (uint8_t)(0x80 | len));
    } else if (len < 65536) {
        put_u8(&w, 0x80 | 126);
        put_u16(&w, (uint16_t)len);
    } else {
        put_u8(&w, 0x80 | 127);
        put_u64(&w, len);
    }
    put_u32(&w, 0);
    put_bytes(&w, (struct bytes){payload, len});
    for (size_t sent = 0; sent < w.len;) {
        size_t part = w.len - sent < 16384 ? w.len - sent : 16384;
        served_send(fd, frame + sent, part);
        served_turn(&served);
        sent += part;
    }
    mem_free(frame);
}

static void end(int fd)
{
    close(fd);
    while (http_server_connections(served.server) > 0)
        served_turn(&served);
    served_stop(&served);
}

// All that comes must be a close frame with `code` as its last frame.
static void closes_with(int fd, uint16_t code)
{
    bool closed;
    char *got = served_receive(&served, fd, 4, &closed);
    CHECK_EQ((uint8_t)got[0], 0x88);
    CHECK((uint8_t)got[1] >= 2);
    CHECK_EQ(read_u16((uint8_t *)got + 2), code);
    mem_free(got);
    end(fd);
}

TEST(messages_go_both_ways)
{
    int fd = open_socket();
    send_frame(fd, 0x81, "hello", 5);
    while (!strstr(served.log.at, "text"))
        served_turn(&served);
    CHECK_TEXT(served.log.at, "open /ws?peer=p&token=a.b\ntext:5:hello\n");
    CHECK(http_server_ws_send(served.server, served.socket, bytes_of("hi")));
    char *got = served_receive(&served, fd, 4, NULL);
    CHECK_TEXT(got, "\x81\x02hi");
    mem_free(got);
    send_frame(fd, 0x88, "\x03\xe8", 2);
    got = served_receive(&served, fd, 4, NULL);
    CHECK_TEXT(got, "\x88\x02\x03\xe8");
    mem_free(got);
    while (!strstr(served.log.at, "close:1000"))
        served_turn(&served);
    end(fd);
}

TEST(fragments_make_one_message)
{
    int fd = open_socket();
    send_frame(fd, 0x01, "he", 2);
    send_frame(fd, 0x89, "ping", 4);
    send_frame(fd, 0x00, "l", 1);
    send_frame(fd, 0x80, "lo", 2);
    while (!strstr(served.log.at, "text:5:hello"))
        served_turn(&served);
    char *got = served_receive(&served, fd, 6, NULL);
    CHECK_TEXT(got, "\x8a\x04ping");
    mem_free(got);
    end(fd);
}

TEST(a_message_of_a_mebibyte_is_taken_and_a_longer_one_is_not)
{
    char *long_text = mem_alloc(WS_MESSAGE_MAX + 1);
    memset(long_text, 'x', WS_MESSAGE_MAX + 1);
    int fd = open_socket();
    send_frame(fd, 0x81, long_text, WS_MESSAGE_MAX);
    while (!strstr(served.log.at, "text:1048576:xxx"))
        served_turn(&served);
    send_frame(fd, 0x81, long_text, WS_MESSAGE_MAX + 1);
    closes_with(fd, 1009);
    fd = open_socket();
    send_frame(fd, 0x01, long_text, 600000);
    send_frame(fd, 0x80, long_text, 600000);
    closes_with(fd, 1009);
    mem_free(long_text);
}

TEST(too_many_fragments_are_refused)
{
    int fd = open_socket();
    send_frame(fd, 0x01, "x", 1);
    for (int i = 0; i < WS_FRAGMENTS_MAX; i++)
        send_frame(fd, 0x00, "x", 1);
    closes_with(fd, 1009);
}

TEST(violations_close_with_the_code_of_their_kind)
{
    static const struct {
        const char *name;
        uint8_t first;
        const char *payload;
        size_t len;
        uint16_t code;
    } cases[] = {
        {"binary", 0x82, "abc", 3, 1003},
        {"reserved bit", 0xc1, "x", 1, 1002},
        {"unknown opcode", 0x83, "x", 1, 1002},
        {"unknown control opcode", 0x8b, "x", 1, 1002},
        {"continuation of nothing", 0x80, "x", 1, 1002},
        {"fragmented ping", 0x09, "x", 1, 1002},
        {"bad UTF-8", 0x81, "\xc3\x28", 2, 1007},
        {"illegal close code", 0x88, "\x13\x88", 2, 1002},
        {"highest close code", 0x88, "\xff\xff", 2, 1002},
        {"reserved close code", 0x88, "\x03\xed", 2, 1002},
        {"half a close code", 0x88, "\x03", 1, 1002},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].name);
        int fd = open_socket();
        send_frame(fd, cases[i].first, cases[i].payload, cases[i].len);
        closes_with(fd, cases[i].code);
    }
}

TEST(bad_utf8_is_found_across_fragments)
{
    int fd = open_socket();
    send_frame(fd, 0x01, "\xe2\x82", 2);
    send_frame(fd, 0x80, "\x28", 1);
    closes_with(fd, 1007);
}

static void refuses(int status, const char *request)
{
    served_start(&served, NULL);
    CHECK_EQ(served_status(&served, request), status);
    CHECK_EQ(served.log.len, 0);
    served_stop(&served);
}

#define HEAD(line, version, key)                                                               \
    line "\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" version key    \
         "\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define LINE "GET /ws HTTP/1.1"

TEST(an_upgrade_that_is_not_one_is_refused)
{
    refuses(426, HEAD(LINE, "Sec-WebSocket-Version: 12\r\n", KEY));
    refuses(426, HEAD(LINE, "", KEY));
    refuses(400, HEAD(LINE, VERSION, ""));
    refuses(400, HEAD(LINE, VERSION, KEY KEY));
    refuses(400, HEAD(LINE, VERSION, "Sec-WebSocket-Key: c2hvcnQ=\r\n"));
    refuses(400, HEAD(LINE, VERSION, "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!!!\r\n"));
    refuses(400, HEAD(LINE, VERSION, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n"));
    refuses(405, HEAD("POST /ws HTTP/1.1", VERSION, KEY));
    refuses(400, HEAD("GET /ws HTTP/1.0", VERSION, KEY));
    refuses(404, HEAD("GET /other HTTP/1.1", VERSION, KEY));
}

static int status_from(const char *origins, const char *request)
{
    served_start(&served, &(struct http_server_config){.origins = origins});
    int status = served_status(&served, request);
    served_stop(&served);
    return status;
}

TEST(pages_that_are_not_on_the_list_may_not_open_one)
{
    static const char list[] = "https://app.example.org, https://other.example.org:8443";
    CHECK_EQ(status_from(NULL, HEAD(LINE, VERSION KEY, "Origin: https://evil.example\r\n")),
             101);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: https://evil.example\r\n")),
             403);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: https://app.example\r\n")),
             403);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY,
                                    "Origin: https://app.example.org.evil.example\r\n")),
             403);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: null\r\n")), 403);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: \r\n")), 403);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: https://app.example.org\r\n")),
             101);
    CHECK_EQ(status_from(list,
                         HEAD(LINE, VERSION KEY, "Origin: https://other.example.org:8443\r\n")),
             101);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: http://localhost\r\n")),
             101); // its Host
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "Origin: http://localhost:81\r\n")),
             403);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY,
                                    "Origin: https://app.example.org\r\n"
                                    "Origin: https://evil.example\r\n")),
             400);
    CHECK_EQ(status_from(list, HEAD(LINE, VERSION KEY, "")), 101); // no browser
}

TEST(a_pong_is_told)
{
    int fd = open_socket();
    send_frame(fd, 0x8a, "x", 1);
    while (!strstr(served.log.at, "pong\n"))
        served_turn(&served);
    end(fd);
}

TEST(a_peer_that_does_not_read_is_closed_when_its_queue_is_full)
{
    int fd = open_socket();
    static char text[64 * 1024];
    memset(text, 'x', sizeof text);
    int queued = 0;
    while (http_server_ws_send(served.server, served.socket,
                               (struct bytes){(uint8_t *)text, sizeof text})) {
        served_turn(&served);
        queued++;
    }
    CHECK(queued >= 16); // a mebibyte, and what sockets hold
    CHECK(queued < 256);
    close(fd);
    while (!strstr(served.log.at, "close:1013"))
        served_turn(&served);
    served_stop(&served);
}

TEST(one_long_message_is_beside_what_the_queue_may_hold_and_drains)
{
    int fd = open_socket();
    size_t len = 3 * WS_QUEUE_BYTES_MAX;
    char *octets = mem_alloc(len);
    memset(octets, 'x', len);
    struct bytes text = {(const uint8_t *)octets, len};
    CHECK(http_server_ws_send_long(served.server, served.socket, text));
    CHECK(http_server_ws_is_slow(served.server, served.socket));
    CHECK(http_server_ws_send(served.server, served.socket, bytes_of("after")));
    size_t got = 0;
    while (!strstr(served.log.at, "drained")) {
        char some[65536];
        ssize_t more = recv(fd, some, sizeof some, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
        served_turn(&served);
    }
    CHECK(got > len / 2);
    CHECK(!http_server_ws_is_slow(served.server, served.socket));
    // A second one while the first waits is as any other.
    CHECK(http_server_ws_send_long(served.server, served.socket, text));
    CHECK(!http_server_ws_send_long(served.server, served.socket, text));
    mem_free(octets);
    close(fd);
    while (!strstr(served.log.at, "close:1013"))
        served_turn(&served);
    served_stop(&served);
}

TEST(a_close_of_ours_carries_its_code_after_what_was_queued)
{
    int fd = open_socket();
    http_server_ws_send(served.server, served.socket, bytes_of("bye"));
    http_server_ws_close(served.server, served.socket, 1012, "restart");
    CHECK(!http_server_ws_send(served.server, served.socket, bytes_of("late")));
    char *got = served_receive(&served, fd, 16, NULL);
    CHECK_TEXT(got, "\x81\x03"
                    "bye\x88\x09\x03\xf4restart");
    mem_free(got);
    end(fd);
}

TEST(a_peer_that_vanishes_is_told_as_abnormal)
{
    int fd = open_socket();
    close(fd);
    while (!strstr(served.log.at, "close:"))
        served_turn(&served);
    CHECK(strstr(served.log.at, "close:1006") != NULL);
    served_stop(&served);
}

TEST(the_first_message_may_come_with_the_upgrade)
{
    served_start(&served, NULL);
    int fd = served_connect(&served);
    static const char both[] = UPGRADE "\r\n\x81\x82\0\0\0\0hi";
    served_send(fd, both, sizeof both - 1);
    while (!served.log.at || !strstr(served.log.at, "text:2:hi"))
        served_turn(&served);
    end(fd);
}
