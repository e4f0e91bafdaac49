// The store threads: they run stored REST handlers and load rooms. One writes; what waits for
// it is done together, with one commit (store/db.h). Calls that only read have threads of their
// own (server/readers.h).
#pragma once

#include "base/histogram.h"
#include "server/job.h"
#include "server/jobs_left.h"

#include <stdbool.h>
#include <stdint.h>

struct jobs;

// Opens the database and starts the thread. NULL when the database does not open; the reason
// is logged.
struct jobs *jobs_new(const char *location, const struct api_config *config,
                      const char *template_id);
// Finishes what was put, ends the thread and closes the database. Nothing may be put any more.
void jobs_stop(struct jobs *jobs);
void jobs_free(struct jobs *jobs); // stops them too

int64_t jobs_epoch(const struct jobs *jobs); // of store/live_rooms.h
// One after the other, then NULL. Borrowed, until the jobs are freed.
struct jobs_live *jobs_next_live(struct jobs *jobs);
// What the log has to say of them was put, in one job: until that is written, at the first or a
// later attempt, calls that read take their turn behind it.
void jobs_restored(struct jobs *jobs);

bool jobs_are_full(const struct jobs *jobs);                                  // refuse new work
bool jobs_are_full_for(const struct jobs *jobs, const struct api_call *call); // of this kind
bool jobs_are_full_of_passwords(const struct jobs *jobs);
void jobs_put(struct jobs *jobs, struct job *job);
// Between the two the threads are not woken: what came in together is then read, or written, in
// one transaction.
void jobs_hold(struct jobs *jobs);
void jobs_release(struct jobs *jobs);
int jobs_fd(const struct jobs *jobs); // readable when results wait
size_t jobs_take(struct jobs *jobs, struct job **done, size_t max);
// Once signals are heard: a database file that was not closed in order is looked at, beside the
// work.
void jobs_check_file(struct jobs *jobs);
// The database turned out to be damaged; the process was asked to end.
bool jobs_are_damaged(const struct jobs *jobs);

// How the store does. Latencies are from jobs_put() to jobs_take().
struct jobs_stats {
    struct histogram reads, writes;
    uint64_t read_errors, write_errors; // jobs that the storage failed
    uint64_t aside;                     // entries of the log that it cannot take
    size_t writers_waiting, finders_waiting, listers_waiting; // jobs that no thread took yet
};
void jobs_get_stats(const struct jobs *jobs, struct jobs_stats *stats);
bool jobs_are_writable(const struct jobs *jobs); // as of the last commit
