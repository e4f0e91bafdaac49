// A server and a raw client in one thread: each wait for octets turns the server's loop.
#pragma once

#include "net/http_server.h"
#include "test.h"

struct served {
    uv_loop_t loop;
    struct http_server *server;
    int status; // of all answers; 0: 200
    bool hold;  // requests are left unanswered in `held`
    struct http_input held;
    struct text log; // "GET /path?query body" of each request, "open", "text:...", "close:1000"
    uint64_t socket; // the last that was opened
};

// NULL for plain HTTP and the default limits.
void served_start(struct served *s, const struct http_server_config *config);
void served_stop(struct served *s);
void served_turn(struct served *s); // once, waits a little for something to happen
void served_answer(struct served *s, struct http_input *input);

int served_connect(struct served *s);
void served_send(int fd, const void *at, size_t len);

// All that comes until the peer closes, `enough` octets are there, or five seconds passed.
// Freed with mem_free(). `*closed` may be NULL.
char *served_receive(struct served *s, int fd, size_t enough, bool *closed);

// Connects, sends, receives until the server closes or a whole answer is there, and closes.
char *served_exchange(struct served *s, const char *request);
// The status of such an answer, or 0 when the connection was closed without one.
int served_status(struct served *s, const char *request);
