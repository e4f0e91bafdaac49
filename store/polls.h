// Polls as they are stored, the sessions in which they ran, and what people answered. Written
// by REST (the polls) and in batches with the session log (all else): see store/sessions.h.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/poll_document.h"

#include <stdbool.h>
#include <stdint.h>

// Strings live in the arena given to the call that filled it, or are the caller's. Times are
// ms since the Unix epoch; 0: not yet.

struct store_poll {
    const char *id;
    const char *document; // store/poll_document.h
    int64_t created_at;
    int64_t updated_at;
};

int store_poll_get(struct db *db, const char *id, struct arena *arena, struct store_poll *poll);
int store_poll_insert(struct db *db, const struct store_poll *poll); // nothing if it is there
int store_poll_update(struct db *db, const struct store_poll *poll);

// Those that are linked to the room, in their order: `ids` is store_room.polls.
int store_polls_linked(struct db *db, const char *ids, struct linked_polls *polls);

// --- Runs: a poll in a session ---

struct store_poll_run {
    const char *id;
    const char *poll_id;
    const char *session_id;
    int64_t started_at;
    int64_t stopped_at;
    int64_t responses; // read only: answers, without those that were replaced
    int64_t voters;    // read only: people
};

// Each may be repeated: nothing is counted twice.
int store_poll_start(struct db *db, const struct store_poll_run *run);
int store_poll_stop(struct db *db, const struct store_poll_run *run);
// What still runs in a session stopped at its end.
int store_poll_end_session(struct db *db, const char *session_id, int64_t at);

struct store_poll_answer {
    const char *poll_id;
    const char *session_id;
    const char *voter_row; // an id for the voter, if this is their first answer
    struct event_answer is;
    bool is_last; // read only: nothing replaced it
};

int store_poll_answer(struct db *db, const struct store_poll_answer *answer);

// --- Reading: the newest first; each returns how many, or ERR_* ---

enum { STORE_POLLS_MAX = 100 };

struct store_poll_filter {
    const char *poll_id;
    const char *start; // ids below this one; NULL: from the newest
    int64_t question;  // 0: all
    bool all;          // answers that were replaced too
    int limit;         // at most STORE_POLLS_MAX
};

int store_poll_runs(struct db *db, const struct store_poll_filter *filter, struct arena *arena,
                    struct store_poll_run runs[STORE_POLLS_MAX]);
int store_poll_answers(struct db *db, const struct store_poll_filter *filter,
                       struct arena *arena, struct store_poll_answer answers[STORE_POLLS_MAX]);
int store_poll_answer_get(struct db *db, const char *poll_id, const char *id,
                          struct arena *arena, struct store_poll_answer *answer);

// What a person reached in a session: the sum over their answers.
struct store_poll_score {
    const char *id;
    const char *session_id;
    const char *peer_id;
    const char *user_id;
    int64_t duration_ms;
    int64_t score;
};

int store_poll_scores(struct db *db, const struct store_poll_filter *filter,
                      struct arena *arena, struct store_poll_score scores[STORE_POLLS_MAX]);
int store_poll_score_get(struct db *db, const char *poll_id, const char *id,
                         struct arena *arena, struct store_poll_score *score);
