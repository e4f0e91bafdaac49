// Replays of webhooks: what was stored is sent once more, oldest first, each event with one
// try, so many a second. A replay is a place in the log that moves on; it is stored after each
// event, so a restart goes on where the last process was.
#pragma once

#include "store/webhooks.h"

enum store_replay_state {
    STORE_REPLAY_RUNNING,
    STORE_REPLAY_COMPLETED,
    STORE_REPLAY_FAILED, // so many in a row were in vain that the rest is not tried
};

struct store_replay {
    const char *id;
    const char *wish; // what was asked for, as it was: the same is not done twice at a time
    struct store_webhook_filter filter;
    int64_t most; // events
    int64_t skip; // so many of them, the oldest ones
    enum store_replay_state state;
    int64_t started_at;
    int64_t ended_at; // 0: it runs
    int64_t total;    // events, as are the next two
    int64_t completed;
    int64_t failed;
};

// A running one with the same wish is read instead: `*is_new` tells. ERR_FULL when
// WEBHOOK_REPLAYS_MAX run.
int store_replay_start(struct db *db, struct store_replay *replay, struct arena *arena,
                       bool *is_new);
int store_replay_get(struct db *db, const char *id, struct arena *arena,
                     struct store_replay *replay); // 0, ERR_NOT_FOUND or ERR_*

enum { STORE_REPLAY_FAILURES_MAX = 1000 };

struct store_replay_failure {
    const char *uuid;
    const char *type;
    const char *error;
};

// The first of them. Returns how many, or ERR_*.
int store_replay_failures(struct db *db, const char *id, struct arena *arena,
                          struct store_replay_failure failures[STORE_REPLAY_FAILURES_MAX]);

// --- For store_webhook_turn() ---

int store_replay_settle(struct db *db, const struct store_webhook_outcome *outcome,
                        int64_t now);
int store_replay_take(struct db *db, struct store_webhook_turn *turn);
int store_replay_next(struct db *db, int64_t *at);
int store_replay_begin(struct db *db);
int store_replay_age(struct db *db, int64_t before_ms);
