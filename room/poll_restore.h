// Polls that go on after a restart, as store/snapshot wrote them down: see room/restore.h.
#pragma once

#include "room/poll.h"

struct past_poll {
    uint64_t number; // in the order of creation
    const char *id;
    struct poll_info info;
    const struct poll_question *questions;
    size_t question_count;
    enum poll_state state;
    enum poll_origin origin;
    const uint64_t *salt; // two, of the voters' hashes; NULL: unknown
    const char *created_by, *started_by, *stopped_by;
    int64_t created_at, started_at, stopped_at; // ms since the Unix epoch
};

// Returns 0, or ERR_MALFORMED for what no room has written: then there is no such poll. One
// whose time is over by now stops at once.
int poll_restore(struct room *room, const struct past_poll *past, struct moment now,
                 struct arena *arena);

struct past_answer {
    int64_t question; // from 1
    const char *id;
    const char *original;
    int retries;
    bool skipped;
    bool updated;
    option_set options;
    const char *text; // or NULL
    int64_t duration_ms;
    int64_t sent_at;
};

struct past_voter {
    uint64_t number; // in the order of first answers
    const char *poll_id;
    const char *key, *hash, *peer_id, *user_id, *name;
    const struct past_answer *answers;
    size_t answer_count;
};

// Returns 0, or ERR_MALFORMED where nobody can have answered like this: what came before the
// first answer that does not fit is kept. The polls are restored before.
int poll_restore_voter(struct room *room, const struct past_voter *voter);
