// Calls that look for what the log tells: the visit that a report is of, say. What happened
// before such a call came may still be on its way, so it is put to the storage once that is
// written.
#pragma once

#include "server/jobs.h"

struct logged_calls {
    struct list waiting; // struct logged_call, in the order of their coming
    size_t count;
};

void logged_calls_init(struct logged_calls *calls);
void logged_calls_dispose(struct logged_calls *calls); // frees those that wait

// Takes `job`. `is_of_next`: the write under way has not all of it, the one behind it has.
void logged_calls_add(struct logged_calls *calls, struct job *job, bool is_of_next);
// The write under way is done.
void logged_calls_written(struct logged_calls *calls, struct jobs *jobs);
// It failed: it is one with the next.
void logged_calls_not_written(struct logged_calls *calls);
// All, as what they look for was put before them.
void logged_calls_put(struct logged_calls *calls, struct jobs *jobs);
