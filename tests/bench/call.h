// A call that goes on while something else is measured: one person sends sound and a camera
// over real sockets, another one counts what arrives. They live in a process of their own.
#pragma once

#include "bench.h"

struct call {
    struct bench_server *server;
    pid_t pid;
    int told; // their pipe to us
    int stop; // and ours to them
};

// Packets since call_start() returned.
struct call_count {
    unsigned long sent;
    unsigned long received;
    unsigned long repaired; // came a second time, as the first was lost
    double latest_ms;       // the longest that any was under way
};

void call_start(struct call *call, struct bench_server *server); // returns when media flows
struct call_count call_end(struct call *call);
