// What happened in rooms: sessions, who was in them and when, and single events. Written in
// batches while sessions are live (server/logbook), read by REST.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/peer_stats.h"
#include "store/polls.h"
#include "store/session_event.h"
#include "store/visits.h"

#include <stdbool.h>
#include <stdint.h>

// Strings live in the arena given to the call that filled it, or are the caller's. Times are
// ms since the Unix epoch; 0: not yet.
struct store_session {
    const char *id;
    const char *room_id;
    int64_t started_at;
    int64_t ended_at;
    int64_t updated_at; // when something was last written of it; its end once it has ended
};

// --- Writing ---

enum store_log_kind {
    STORE_LOG_OPEN,        // `session`
    STORE_LOG_CLOSE,       // `session`: ended_at; whoever is still in has left with it
    STORE_LOG_RESUME,      // `session` goes on after a restart: visits that go on follow
    STORE_LOG_VISIT,       // `visit` goes on, as it is now
    STORE_LOG_LEFT,        // `visit`: left_at
    STORE_LOG_STATS,       // `stats`
    STORE_LOG_EVENT,       // `event`
    STORE_LOG_POLL,        // `poll`, made in a meeting
    STORE_LOG_POLL_START,  // `run`
    STORE_LOG_POLL_STOP,   // `run`
    STORE_LOG_POLL_ANSWER, // `answer`
};

struct store_log_entry {
    enum store_log_kind kind;
    union {
        struct store_session session;
        struct store_visit visit;
        struct store_session_event event;
        struct store_stats stats;
        struct store_poll poll;
        struct store_poll_run run;
        struct store_poll_answer answer;
    };
};

// What is written at once. Zero-initialised is empty.
struct store_log_batch {
    struct store_log_entry *entries;
    size_t count, cap;
    struct arena arena; // of the texts
};

struct store_log_entry *store_log_add(struct store_log_batch *batch, enum store_log_kind kind);
const char *store_log_text(struct store_log_batch *batch, const char *text); // a copy
void store_log_batch_free(struct store_log_batch *batch);                    // of mem_alloc()

// All of it, or ERR_* of store/db.h. `posts` NULL: without webhooks.
int store_log_write(struct db *db, const struct store_log_entry *entries, size_t count,
                    struct store_log_posts *posts);

// Removes at most `most` events from before `before_ms`. Returns how many, or ERR_*.
int store_log_age(struct db *db, int64_t before_ms, int most);

// Forgets sessions that ended before `before_ms`, with who was in them, their events and their
// figures: at most `most` rows. Polls and answers stay. Returns how many rows, or ERR_*: `most`
// when there may be more.
int store_session_forget(struct db *db, int64_t before_ms, int most);

// --- Reading ---

// Of events a page and one more, which says whether it is the last.
enum { STORE_SESSIONS_MAX = 100, STORE_EVENTS_MAX = 101 };

struct store_session_filter {
    const char *room_id; // NULL: any
    int active;          // 0, 1, or -1: any
    int64_t after_ms;    // of started_at, inclusive, as before_ms
    int64_t before_ms;
    const char *start; // ids below this one; NULL: from the newest
    int limit;         // at most STORE_SESSIONS_MAX
};

int store_session_get(struct db *db, const char *id, struct arena *arena,
                      struct store_session *session); // 0, ERR_NOT_FOUND or ERR_*
// Those that have not ended, for a process that begins: what the last one did not bring to an
// end. 0 or ERR_*.
int store_session_unfinished(struct db *db, struct arena *arena, struct store_session **list,
                             size_t *count);
// Newest first. Returns how many, or ERR_*.
int store_session_list(struct db *db, const struct store_session_filter *filter,
                       struct arena *arena, struct store_session sessions[STORE_SESSIONS_MAX]);

struct store_event_filter {
    const char *room_id;
    const char *types;      // ",a,b,": any of these; NULL: any
    const char *session_id; // NULL: any, as the others
    const char *peer_id;
    const char *user_id;
    const char *beam_id; // of `data`; letters, digits and hyphens
    int is_error;        // 0, 1, or -1: any
    int64_t after_ms;
    const char *start; // ids below this one; NULL: from the newest
    int limit;         // at most STORE_EVENTS_MAX
};

// Newest first. `total`: without `start` and `limit`. Returns how many, or ERR_*.
int store_event_list(struct db *db, const struct store_event_filter *filter,
                     struct arena *arena, struct store_session_event events[STORE_EVENTS_MAX],
                     int64_t *total);
