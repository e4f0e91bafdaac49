#include "store/sessions.h"

#include "store/row.h"

enum { SESSION_COST = 10 }; // in rows: it takes some statements, also when it is empty

// What is in a session, from its leaves. $1 is its id; a statement removes $2 rows or so.
static const struct {
    const char *count, *remove;
} parts[] = {
    {"SELECT COUNT(*) FROM (SELECT id FROM session_events WHERE session_id = $1 LIMIT $2) old",
     "DELETE FROM session_events WHERE id IN (SELECT id FROM session_events WHERE session_id = "
     "$1 LIMIT $2)"},
    {"SELECT COUNT(*) FROM (SELECT id FROM peer_stats WHERE session_id = $1 LIMIT $2) old",
     "DELETE FROM peer_stats WHERE id IN (SELECT id FROM peer_stats WHERE session_id = $1 "
     "LIMIT $2)"},
    {"SELECT COUNT(*) FROM (SELECT peer_id FROM visits WHERE session_id = $1 LIMIT $2) old",
     "DELETE FROM visits WHERE session_id = $1 AND peer_id IN (SELECT peer_id FROM visits "
     "WHERE session_id = $1 LIMIT $2)"},
};

static struct db_query *prepare(struct db *db, const char *sql, const char *id, int most)
{
    struct db_query *q = db_prepare(db, sql);
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, most);
    return q;
}

// Adds to `*removed`; once that is `most` the session is left as it is.
static int empty(struct db *db, const char *id, int most, int *removed)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int64_t count = 0;
        int err = db_run_int(prepare(db, parts[i].count, id, most - *removed), &count);
        if (!err && count)
            err = db_run(prepare(db, parts[i].remove, id, most - *removed));
        *removed += (int)count;
        if (err || *removed >= most)
            return err;
    }
    struct db_query *q = db_prepare(db, "DELETE FROM sessions WHERE id = $1");
    db_bind_text(q, 1, id);
    *removed += SESSION_COST;
    return db_run(q);
}

int store_session_forget(struct db *db, int64_t before_ms, int most)
{
    struct arena arena = {0};
    int removed = 0, err = 0;
    while (!err && removed < most) {
        struct db_query *q =
            db_prepare(db, "SELECT id FROM sessions WHERE ended_at > 0 AND ended_at < $1 "
                           "ORDER BY ended_at LIMIT 1");
        db_bind_int(q, 1, before_ms);
        err = db_step(q);
        const char *id = err == DB_ROW ? row_text(&arena, q, 0) : NULL;
        db_finish(q);
        if (!id)
            break;
        err = empty(db, id, most, &removed);
    }
    arena_dispose(&arena);
    return err < 0 ? err : removed < most ? removed : most;
}
