// A server of a benchmark's own, on loopback, in a folder that goes with it; and calls to its
// management API.
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <sys/types.h>

struct bench_server {
    const char *name;     // of the benchmark, for what it says
    const char *parlor;   // the binary
    const char *database; // an URL; NULL: SQLite in the folder
    char folder[64];
    pid_t pid;
    unsigned port, media_port;
    struct text token; // a management token
};

double bench_now_ms(void);
_Noreturn void bench_die(struct bench_server *s,
                         const char *what); // with errno; ends the server

void bench_start(struct bench_server *s);
void bench_end(struct bench_server *s);

int bench_connect(struct bench_server *s, bool blocking); // -1: refused
// The body of the answer to a POST, which must be a 200.
void bench_post(struct bench_server *s, const char *path, const char *body,
                struct text *answer);
// The first member of that name, a string, anywhere in `json`.
void bench_member(struct bench_server *s, const char *json, const char *key,
                  struct text *value);

// The code of a role in a room, and the token that it is given for.
void bench_login(struct bench_server *s, const char *room_id, const char *role,
                 struct text *token);

// Web sockets: RFC 6455. What is added to an output are the octets of an upgrade, or of a text
// in one frame.
void bench_add_upgrade(struct text *out, const char *peer, const char *token);
void bench_add_frame(struct text *out, const char *message);

// Calls `hear` with each text that `in` holds as a whole frame, terminated, and adds what
// answers pings to `out`. Returns how many octets were used. `in` needs room for one more
// octet.
size_t bench_take_frames(struct bench_server *s, uint8_t *in, size_t len, struct text *out,
                         void (*hear)(void *context, char *message), void *context);

long bench_rss_bytes(const struct bench_server *s);
// CPU seconds of the control thread, which is the process's first.
double bench_control_seconds(const struct bench_server *s);
