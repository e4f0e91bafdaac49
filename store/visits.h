// Visits: who was in a session, as what, from when to when. Somebody who leaves and comes back
// makes another visit, and so does another user under a peer id that was used before: no row is
// ever taken over. Written in batches while sessions are live (store/sessions), read by REST.
#pragma once

#include "base/mem.h"
#include "base/token_hash.h"
#include "store/db.h"

#include <stdint.h>

// A visit is known by its session, peer, user and beginning. Strings live in the arena given to
// the call that filled it, or are the caller's. Times are ms since the Unix epoch; 0: not yet.
struct store_visit {
    const char *session_id;
    const char *peer_id;
    const char *user_id;
    const char *name;
    const char *role;        // the last one
    struct token_hash token; // that let it in; written, and not read
    int64_t joined_at;
    int64_t left_at;
};

// --- Writing ---

// It goes on, with this name and role; `left_at` is not read.
int store_visit_put(struct db *db, const struct store_visit *visit);
int store_visit_end(struct db *db, const struct store_visit *visit); // at its `left_at`
// Those of the session that go on end at `at`.
int store_visits_end(struct db *db, const char *session_id, int64_t at);

// --- Reading ---

// Those of one peer and user stand together, in the order of their beginning. 0 or ERR_*.
// Of one session, those that go on: no more than people who are in.
int store_visits_open(struct db *db, const char *session_id, struct arena *arena,
                      struct store_visit **visits, size_t *count);
// Of one peer id in a session, the first `most`.
int store_visits_of_peer(struct db *db, const char *session_id, const char *peer_id,
                         size_t most, struct arena *arena, struct store_visit **visits,
                         size_t *count);
// Of all peers behind `after` ("": from the first) in the order of their ids, `most`
// visits at most. `is_cut`: there are more, behind the last peer that is here.
int store_visits_page(struct db *db, const char *session_id, const char *after, size_t most,
                      struct arena *arena, struct store_visit **visits, size_t *count,
                      bool *is_cut);
// The last one to a room as this peer that the token let in: anybody's token may name the same
// user. 0, ERR_NOT_FOUND or ERR_*.
int store_visit_last(struct db *db, const char *room_id, const char *peer_id,
                     const struct token_hash *token, struct arena *arena,
                     struct store_visit *visit);
