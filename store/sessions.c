#include "store/sessions.h"

#include "store/row.h"
#include "store/webhooks.h"
#include "store/where.h"

// --- Writing ---

struct store_log_entry *store_log_add(struct store_log_batch *batch, enum store_log_kind kind)
{
    if (batch->count == batch->cap) {
        batch->cap = batch->cap ? 2 * batch->cap : 16;
        batch->entries = mem_resize(batch->entries, batch->cap * sizeof *batch->entries);
    }
    struct store_log_entry *entry = &batch->entries[batch->count++];
    *entry = (struct store_log_entry){.kind = kind};
    return entry;
}

const char *store_log_text(struct store_log_batch *batch, const char *text)
{
    return arena_text(&batch->arena, bytes_of(text));
}

void store_log_batch_free(struct store_log_batch *batch)
{
    if (!batch)
        return;
    arena_dispose(&batch->arena);
    mem_free(batch->entries);
    mem_free(batch);
}

static int open_session(struct db *db, const struct store_session *s)
{
    struct db_query *q = db_prepare(
        db, "INSERT INTO sessions (id, room_id, started_at, ended_at, updated_at) "
            "VALUES ($1, $2, $3, 0, $3) ON CONFLICT (id) DO UPDATE SET ended_at = 0");
    db_bind_text(q, 1, s->id);
    db_bind_text(q, 2, s->room_id);
    db_bind_int(q, 3, s->started_at);
    return db_run_later(q);
}

static int close_session(struct db *db, const struct store_session *s)
{
    struct db_query *q =
        db_prepare(db, "UPDATE sessions SET ended_at = $2, updated_at = $2 WHERE id = $1");
    db_bind_text(q, 1, s->id);
    db_bind_int(q, 2, s->ended_at);
    int err = db_run_later(q);
    if (!err)
        err = store_visits_end(db, s->id, s->ended_at);
    return err ? err : store_poll_end_session(db, s->id, s->ended_at);
}

// Those who are written down as being in, and did not come over, left when the process ended.
static int resume_session(struct db *db, const struct store_session *s)
{
    int err = open_session(db, s);
    return err ? err : store_visits_end(db, s->id, s->updated_at);
}

// A batch may come a second time, when nobody knew whether it was committed.
static int put_event(struct db *db, const struct store_session_event *e)
{
    struct db_query *q = db_prepare(
        db,
        "INSERT INTO session_events (id, uuid, session_id, room_id, peer_id, user_id, type, "
        "is_error, at, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (id) DO NOTHING");
    db_bind_text(q, 1, e->id);
    db_bind_text(q, 2, e->uuid);
    db_bind_text(q, 3, e->session_id);
    db_bind_text(q, 4, e->room_id);
    db_bind_text(q, 5, e->peer_id);
    db_bind_text(q, 6, e->user_id);
    db_bind_text(q, 7, e->type);
    db_bind_int(q, 8, e->is_error);
    db_bind_int(q, 9, e->at);
    db_bind_text(q, 10, e->data);
    return db_run_later(q);
}

static int touch_session(struct db *db, const char *session_id, int64_t at)
{
    struct db_query *q =
        db_prepare(db, "UPDATE sessions SET updated_at = $2 WHERE id = $1 AND ended_at = 0");
    db_bind_text(q, 1, session_id);
    db_bind_int(q, 2, at);
    return db_run_later(q);
}

static int write_entry(struct db *db, const struct store_log_entry *entry,
                       struct store_log_posts *posts)
{
    int err = 0;
    switch (entry->kind) {
    case STORE_LOG_OPEN:
        return open_session(db, &entry->session);
    case STORE_LOG_CLOSE:
        return close_session(db, &entry->session);
    case STORE_LOG_RESUME:
        return resume_session(db, &entry->session);
    case STORE_LOG_VISIT:
        return store_visit_put(db, &entry->visit);
    case STORE_LOG_LEFT:
        err = store_visit_end(db, &entry->visit);
        return err ? err : touch_session(db, entry->visit.session_id, entry->visit.left_at);
    case STORE_LOG_EVENT:
        err = put_event(db, &entry->event);
        if (!err && entry->event.post && posts)
            err = store_webhook_put(db, &entry->event, posts);
        return err ? err : touch_session(db, entry->event.session_id, entry->event.at);
    case STORE_LOG_STATS:
        return store_stats_put(db, &entry->stats);
    case STORE_LOG_POLL:
        return store_poll_insert(db, &entry->poll);
    case STORE_LOG_POLL_START:
        return store_poll_start(db, &entry->run);
    case STORE_LOG_POLL_STOP:
        return store_poll_stop(db, &entry->run);
    case STORE_LOG_POLL_ANSWER:
        return store_poll_answer(db, &entry->answer);
    }
    return 0;
}

int store_log_write(struct db *db, const struct store_log_entry *entries, size_t count,
                    struct store_log_posts *posts)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = write_entry(db, &entries[i], posts);
    return err;
}

int store_log_age(struct db *db, int64_t before_ms, int most)
{
    int64_t count = 0;
    struct db_query *q = db_prepare(
        db, "SELECT COUNT(*) FROM (SELECT id FROM session_events WHERE at < $1 LIMIT $2) old");
    db_bind_int(q, 1, before_ms);
    db_bind_int(q, 2, most);
    int err = db_run_int(q, &count);
    if (err || !count)
        return err;
    q = db_prepare(db, "DELETE FROM session_events WHERE id IN (SELECT id FROM session_events "
                       "WHERE at < $1 ORDER BY at LIMIT $2)");
    db_bind_int(q, 1, before_ms);
    db_bind_int(q, 2, most);
    err = db_run(q);
    return err ? err : (int)count;
}

// --- Reading ---

static struct store_session read_session(struct db_query *q, struct arena *arena)
{
    return (struct store_session){
        .id = row_text(arena, q, 0),
        .room_id = row_text(arena, q, 1),
        .started_at = db_int(q, 2),
        .ended_at = db_int(q, 3),
        .updated_at = db_int(q, 4),
    };
}

ROW_READ_ONE(get_one, store_session, read_session)
ROW_READ_ALL(get_all, store_session, read_session)

#define SESSION "SELECT id, room_id, started_at, ended_at, updated_at FROM sessions "

int store_session_get(struct db *db, const char *id, struct arena *arena,
                      struct store_session *session)
{
    struct db_query *q = db_prepare(db, SESSION "WHERE id = $1");
    db_bind_text(q, 1, id);
    return get_one(q, arena, session);
}

int store_session_unfinished(struct db *db, struct arena *arena, struct store_session **list,
                             size_t *count)
{
    int64_t most = 0;
    *count = 0;
    int err =
        db_run_int(db_prepare(db, "SELECT COUNT(*) FROM sessions WHERE ended_at = 0"), &most);
    if (err)
        return err;
    *list = arena_alloc(arena, (size_t)most * sizeof **list);
    struct db_query *q = db_prepare(db, SESSION "WHERE ended_at = 0 ORDER BY id");
    while ((err = db_step(q)) == DB_ROW && *count < (size_t)most)
        (*list)[(*count)++] = read_session(q, arena);
    db_finish(q);
    return err;
}

// Those that go on are few, and have an index that starts with them.
static int list_where(struct db *db, const struct store_session_filter *filter, struct where *w)
{
    int64_t at;
    bool is_gone = false;
    where_text(w, filter->active == 1 ? "room_id || '' =" : "room_id =", filter->room_id);
    if (filter->active >= 0)
        where_literal(w, filter->active ? "ended_at = 0" : "+ended_at > 0");
    where_int(w, "started_at >=", filter->after_ms);
    where_int(w, "started_at <=", filter->before_ms);
    if (!filter->start || !filter->start[0])
        return 0;
    int err = where_place(db, "SELECT started_at FROM sessions WHERE id = $1", filter->start,
                          &at, &is_gone);
    where_behind(w, "(started_at, id)", at, filter->start);
    if (is_gone)
        where_text(w, "id || '' <", filter->start);
    return err;
}

int store_session_list(struct db *db, const struct store_session_filter *filter,
                       struct arena *arena, struct store_session sessions[STORE_SESSIONS_MAX])
{
    struct where w = {0};
    int err = list_where(db, filter, &w);
    if (err) {
        where_dispose(&w);
        return err;
    }
    struct db_query *q =
        where_query(db, SESSION, &w, "ORDER BY started_at DESC, id DESC",
                    filter->limit < STORE_SESSIONS_MAX ? filter->limit : STORE_SESSIONS_MAX, 0);
    return get_all(q, arena, sessions);
}
