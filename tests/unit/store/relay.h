// A wire to PostgreSQL that breaks when it is told to: between a program and its server, on
// loopback, in a thread of its own.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

struct relay {
    pthread_t thread;
    int listener;
    int server_port;
    char location[512];
    atomic_bool ends;
    atomic_int open;                // how many get through now
    atomic_bool refuses;            // nobody gets through any more
    atomic_bool drops_after_commit; // the server gets the next COMMIT, and its answer is lost
};

// `location` is that of a database; `relay->location` leads there too.
void relay_start(struct relay *relay, const char *location);
// Nobody gets through any more, and whoever did has been cut off when it returns.
void relay_refuse(struct relay *relay);
void relay_end(struct relay *relay);
