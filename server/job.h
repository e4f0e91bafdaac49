// What the store threads are asked to do, and what came of it.
#pragma once

#include "api/api.h"
#include "base/id.h"
#include "room/poll_link.h"
#include "room/rooms.h"
#include "store/sessions.h"
#include "store/snapshot.h"
#include "store/webhook_turn.h"
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
    JOB_COUNT,  // what waits is counted, for metrics
    JOB_SEEN,   // a session of the dashboard was used
};

// Moved to the store thread and back.
struct unwritten; // server/unwritten.h

struct job {
    struct db_job db; // the first member
    enum job_kind kind;
    struct api *api;             // of the thread that runs it
    struct unwritten *unwritten; // of that thread, the same
    int64_t epoch;               // set by jobs_put()
    int64_t put_at_us;           // the same
    struct {
        uint64_t id; // of the HTTP server
        struct api_call call;
        struct http_response response;
        int answered; // what the handler returned
    } call;
    struct {
        uint64_t session;
        char id[OBJECT_ID_LEN + 1];
        struct room_record *record; // NULL until it is loaded
        struct template *template;  // the receiver's
        struct linked_polls *polls; // the same; NULL: none
        struct room_codes *codes;   // the same
        int err;                    // 0, ERR_NOT_FOUND, or of the storage
    } room;
    struct {
        bool lock;
        char *reason;
    } missed;
    struct {
        char room_id[OBJECT_ID_LEN + 1];
        char session_id[OBJECT_ID_LEN + 1];
        struct snapshot snapshot; // JOB_KEEP
        uint64_t room;            // its number: with `change`, what is stored when this is done
        uint64_t change;
    } live;
    struct jwt_key *key; // JOB_KEY
    struct {
        char id[OBJECT_ID_LEN + 1]; // with a `call` that waits for it, if one asked for it
    } lock;
    struct {
        struct store_log_batch *batch; // JOB_LOG
        int64_t before_ms;             // JOB_AGE: events; 0: none
        int64_t sessions_before_ms;    // and sessions that ended; 0: none
        int64_t meetings_before_ms;    // and meetings that nobody used since; 0: none
        int64_t hooks_before_ms;       // and webhooks that are done; 0: none
        int most, done;                // events to remove, and how many were
        struct store_log_posts posts;  // JOB_LOG: webhooks
        size_t aside;                  // the same: entries that were put aside
    } log;
    struct store_webhook_turn *hooks; // JOB_HOOKS
    int64_t webhooks_waiting;         // JOB_COUNT
    char seen[SIGN_IN_HASH_LEN + 1];  // JOB_SEEN
};

void job_dispose(struct job *job); // what it still owns
void job_free(struct job *job);    // with its request, which nobody answers
