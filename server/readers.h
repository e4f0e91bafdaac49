// Threads beside the store thread that answer calls which only read, each over a connection of
// its own. A call of one group waits for none of another: what is found by its id does not
// stand behind long lists.
//
// What was acknowledged before a call came is seen by it: its transaction begins later.
#pragma once

#include "net/inbox.h"
#include "server/job.h"

struct readers;

struct readers_config {
    const char *location;
    const struct api_config *api;
    struct inbox *done; // of struct job *: where they go
    size_t threads;
    size_t at_once;  // jobs of one transaction
    int64_t wait_ms; // calls that waited longer are told to come again; 0: none is
    size_t waiting_max;
    bool is_patient;                               // the machine's other work goes first
    void (*run)(struct job *job, struct api *api); // fills in `db.run`
};

// NULL when the database cannot be opened; the reason is logged.
struct readers *readers_new(const struct readers_config *config);
bool readers_are_full(const struct readers *readers);
size_t readers_count(const struct readers *readers); // jobs that no thread took yet
// `put_at_us` is of clock_real_us(), as another thread reads how long ago it was.
void readers_put(struct readers *readers, struct job *job, int64_t put_at_us);
// The threads look for what is put from now on when readers_release() is called.
void readers_hold(struct readers *readers);
void readers_release(struct readers *readers);
// Finishes what was put, ends the threads and closes their connections.
void readers_free(struct readers *readers);
