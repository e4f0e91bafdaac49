// The store thread of tests/sim/people.c, and what it stores. It takes its time, it is away for
// seconds now and then, and it is killed with all that it has not done. What it has done is
// there for the next process.
//
// What is told to a back end is watched: a session opens and closes once, and somebody comes in
// and leaves once for each visit, in this order.
#pragma once

#include "server/jobs.h"
#include "tests/sim/people_plan.h"
#include "tests/sim/people_store.h"

enum { KEPT_SESSIONS_MAX = 8 };

// What is kept of a session that is live.
struct kept_session {
    char room_id[OBJECT_ID_LEN + 1];
    char session_id[OBJECT_ID_LEN + 1];
    struct people_store parts;
};

// What the log has of a session or of a visit, and what was told of it.
struct logged {
    char *key;
    struct store_visit visit;     // its texts are owned
    struct store_session session; // the same; `id` NULL: it is a visit
    int came, went;               // how often that was told
};

struct disk {
    struct plan plan;
    struct kept_session kept[KEPT_SESSIONS_MAX];
    size_t kept_count;
    struct map logged;
    const char *fault; // the first thing that is wrong, or NULL
    char fault_text[200];
};

void disk_init(struct disk *d);
void disk_dispose(struct disk *d);
// What a process finds when it starts, as jobs_next_live() says it. In the arena, but the
// templates and codes.
struct jobs_live *disk_live(const struct disk *d, struct arena *arena, size_t *count);
// Whether a visit of the room was told to have ended.
bool disk_has_left(const struct disk *d, const char *session_id, const char *peer_id,
                   const char *user_id, int64_t joined_at);
void disk_judge_end(struct disk *d); // nobody is in, and all was told

struct jobs *people_jobs_new(struct disk *disk, struct rng *rng, struct moment now);
void people_jobs_free(struct jobs *jobs); // kills it
// Jobs that are done, one after the other; the caller's to free. NULL: none so far.
struct job *people_jobs_step(struct jobs *jobs, struct moment now);
// All that was put of the last session, stored or not.
const struct people_store *people_jobs_written(const struct jobs *jobs);
bool people_jobs_lock(const struct jobs *jobs); // the room, and nobody was told yet
bool people_jobs_are_idle(const struct jobs *jobs);
void people_jobs_leave(struct jobs *jobs, struct moment now, int64_t us); // for so long
