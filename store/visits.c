#include "store/visits.h"

#include "base/err.h"
#include "store/row.h"

#include <string.h>

// --- Writing ---

int store_visit_put(struct db *db, const struct store_visit *v)
{
    struct db_query *q = db_prepare(
        db, "INSERT INTO visits (session_id, peer_id, user_id, name, role, joined_at, left_at, "
            "token) VALUES ($1, $2, $3, $4, $5, $6, 0, $7) "
            "ON CONFLICT (session_id, peer_id, user_id, joined_at) DO UPDATE SET "
            "name = excluded.name, role = excluded.role, left_at = 0, "
            "token = excluded.token");
    char token[TOKEN_HASH_TEXT_LEN + 1];
    token_hash_write(&v->token, token);
    db_bind_text(q, 1, v->session_id);
    db_bind_text(q, 2, v->peer_id);
    db_bind_text(q, 3, v->user_id);
    db_bind_text(q, 4, v->name);
    db_bind_text(q, 5, v->role);
    db_bind_int(q, 6, v->joined_at);
    db_bind_text(q, 7, token);
    return db_run_later(q);
}

int store_visit_end(struct db *db, const struct store_visit *v)
{
    struct db_query *q =
        db_prepare(db, "UPDATE visits SET left_at = $5 WHERE session_id = $1 AND peer_id = $2 "
                       "AND user_id = $3 AND joined_at = $4");
    db_bind_text(q, 1, v->session_id);
    db_bind_text(q, 2, v->peer_id);
    db_bind_text(q, 3, v->user_id);
    db_bind_int(q, 4, v->joined_at);
    db_bind_int(q, 5, v->left_at);
    return db_run_later(q);
}

int store_visits_end(struct db *db, const char *session_id, int64_t at)
{
    struct db_query *q =
        db_prepare(db, "UPDATE visits SET left_at = $2 WHERE session_id = $1 AND left_at = 0");
    db_bind_text(q, 1, session_id);
    db_bind_int(q, 2, at);
    return db_run_later(q);
}

// --- Reading ---

#define VISIT "SELECT session_id, peer_id, user_id, name, role, joined_at, left_at FROM visits "

static struct store_visit read_visit(struct db_query *q, struct arena *arena)
{
    return (struct store_visit){
        .session_id = row_text(arena, q, 0),
        .peer_id = row_text(arena, q, 1),
        .user_id = row_text(arena, q, 2),
        .name = row_text(arena, q, 3),
        .role = row_text(arena, q, 4),
        .joined_at = db_int(q, 5),
        .left_at = db_int(q, 6),
    };
}

// Ends the statement.
static int read_visits(struct db_query *q, struct arena *arena, struct store_visit **visits,
                       size_t *count)
{
    size_t cap = 0;
    int err;
    *visits = NULL;
    *count = 0;
    while ((err = db_step(q)) == DB_ROW) {
        if (*count == cap) {
            cap = cap ? 2 * cap : 16;
            struct store_visit *larger = arena_alloc(arena, cap * sizeof *larger);
            if (*count)
                memcpy(larger, *visits, *count * sizeof *larger);
            *visits = larger;
        }
        (*visits)[(*count)++] = read_visit(q, arena);
    }
    db_finish(q);
    return err;
}

int store_visits_open(struct db *db, const char *session_id, struct arena *arena,
                      struct store_visit **visits, size_t *count)
{
    struct db_query *q = db_prepare(db, VISIT "WHERE session_id = $1 AND left_at = 0 "
                                              "ORDER BY peer_id, user_id, joined_at");
    db_bind_text(q, 1, session_id);
    return read_visits(q, arena, visits, count);
}

int store_visits_of_peer(struct db *db, const char *session_id, const char *peer_id,
                         size_t most, struct arena *arena, struct store_visit **visits,
                         size_t *count)
{
    struct db_query *q = db_prepare(db, VISIT "WHERE session_id = $1 AND peer_id = $2 "
                                              "ORDER BY peer_id, user_id, joined_at LIMIT $3");
    db_bind_text(q, 1, session_id);
    db_bind_text(q, 2, peer_id);
    db_bind_int(q, 3, (int64_t)most);
    return read_visits(q, arena, visits, count);
}

// How many of the first `most` are of peers that are told whole. One that has more visits than
// that is cut itself: there has to be an end.
static size_t whole_peers(const struct store_visit *visits, size_t most)
{
    size_t count = most;
    while (count && strcmp(visits[count - 1].peer_id, visits[most].peer_id) == 0)
        count--;
    return count ? count : most;
}

int store_visits_page(struct db *db, const char *session_id, const char *after, size_t most,
                      struct arena *arena, struct store_visit **visits, size_t *count,
                      bool *is_cut)
{
    struct db_query *q =
        db_prepare(db, after[0] ? VISIT "WHERE session_id = $1 AND peer_id > $3 "
                                        "ORDER BY peer_id, user_id, joined_at LIMIT $2"
                                : VISIT "WHERE session_id = $1 "
                                        "ORDER BY peer_id, user_id, joined_at LIMIT $2");
    db_bind_text(q, 1, session_id);
    db_bind_int(q, 2, (int64_t)most + 1);
    if (after[0])
        db_bind_text(q, 3, after);
    int err = read_visits(q, arena, visits, count);
    *is_cut = !err && *count > most;
    if (*is_cut)
        *count = most ? whole_peers(*visits, most) : 0;
    return err;
}

int store_visit_last(struct db *db, const char *room_id, const char *peer_id,
                     const struct token_hash *token, struct arena *arena,
                     struct store_visit *visit)
{
    char shown[TOKEN_HASH_TEXT_LEN + 1];
    if (!token_hash_is_known(token))
        return ERR_NOT_FOUND;
    token_hash_write(token, shown);
    struct db_query *q =
        db_prepare(db, VISIT "WHERE peer_id = $2 AND token = $3 AND session_id IN "
                             "(SELECT s.id FROM sessions s WHERE s.room_id = $1) "
                             "ORDER BY session_id DESC, joined_at DESC LIMIT 1");
    db_bind_text(q, 1, room_id);
    db_bind_text(q, 2, peer_id);
    db_bind_text(q, 3, shown);
    int err = db_step(q);
    if (err == DB_ROW)
        *visit = read_visit(q, arena);
    db_finish(q);
    return row_found(err);
}
