// The store thread: owns the database connection, runs stored REST handlers and loads rooms.
// What waits is done together, with one commit (store/db.h).
#pragma once

#include "api/api.h"
#include "base/id.h"
#include "room/poll_link.h"
#include "room/rooms.h"
#include "store/sessions.h"
#include "store/visits.h"
#include "store/webhooks.h"

#include <stdbool.h>
#include <stdint.h>

enum job_kind {
    JOB_CALL,   // a REST handler
    JOB_POLLS,  // those that are linked to a room, anew
    JOB_ROOM,   // a room and its template, to go live; with a `call` that waits for it, if any
    JOB_MISSED, // the same, to tell of a meeting that was to be ended and was not there
    JOB_KEEP,   // the snapshot of a live session
    JOB_FORGET, // a session that ended
    JOB_LOCK,   // a room is disabled, as somebody ended it for good
    JOB_LOG,    // what happened in rooms
    JOB_HOOKS,  // what became of webhooks, and the next ones
    JOB_AGE,    // some of what happened long ago is forgotten
    JOB_KEY,    // tokens are signed with another key
};

// Moved to the store thread and back.
struct job {
    struct db_job db; // the first member
    enum job_kind kind;
    struct api *api; // set by jobs_put(), as is `epoch`
    int64_t epoch;
    struct {
        uint64_t id; // of the HTTP server
        struct api_call call;
        struct http_response response;
        int answered; // what the handler returned
    } call;
    struct {
        uint64_t session;
        char id[OBJECT_ID_LEN + 1];
        struct room_record record;
        struct template *template;  // the receiver's
        struct linked_polls *polls; // the same; NULL: none
        int err;                    // 0, ERR_NOT_FOUND, or of the storage
    } room;
    struct {
        bool lock;
        char *reason;
    } missed;
    struct {
        char room_id[OBJECT_ID_LEN + 1];
        char session_id[OBJECT_ID_LEN + 1];
        char *document; // JOB_KEEP
    } live;
    struct jwt_key *key; // JOB_KEY
    struct {
        char id[OBJECT_ID_LEN + 1]; // with a `call` that waits for it, if one asked for it
    } lock;
    struct {
        struct store_log_batch *batch; // JOB_LOG
        int64_t before_ms;             // JOB_AGE: events; 0: none
        int64_t meetings_before_ms;    // and meetings that nobody used since; 0: none
        int64_t hooks_before_ms;       // and webhooks that are done; 0: none
        int most, done;                // events to remove, and how many were
        struct store_log_posts posts;  // JOB_LOG: webhooks
    } log;
    struct store_webhook_turn *hooks; // JOB_HOOKS
};

// A session that the last process left, and what is stored of its room now.
struct jobs_live {
    const char *room_id;
    const char *session_id;
    const char *document; // NULL: nothing was kept of it, so that it is over
    struct room_record record;
    char template_id[OBJECT_ID_LEN + 1]; // "" when the room is gone
    struct template *template;           // NULL then; the receiver's to take
    struct linked_polls *polls;          // for its next sessions, the same; NULL: none

    // What the session log knows, and has told: who is in, as far as nothing else is said.
    bool is_logged;
    int64_t started_at;
    int64_t heard_at; // the last time that something of it was written
    const struct store_visit *visits;
    size_t visit_count;
};

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

void job_dispose(struct job *job); // what it still owns

bool jobs_are_full(const struct jobs *jobs); // refuse new work
void jobs_put(struct jobs *jobs, struct job *job);
int jobs_fd(const struct jobs *jobs); // readable when results wait
size_t jobs_take(struct jobs *jobs, struct job **done, size_t max);
bool jobs_are_writable(const struct jobs *jobs); // as of the last commit
