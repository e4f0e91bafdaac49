#include "store/webhooks.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/row.h"

#include <stdio.h>

// --- Storing ---

static int count_waiting(struct db *db, int64_t *count)
{
    return db_run_int(db_prepare(db, "SELECT COUNT(*) FROM webhooks WHERE state = 0"), count);
}

// The room's own target comes instead of the workspace's. Returns 0, or ERR_NOT_FOUND without
// any.
static int find_target(struct db *db, const char *room_id, const char *workspace,
                       struct arena *arena, const char **target, bool *is_rooms)
{
    struct db_query *q = db_prepare(db, "SELECT webhook FROM rooms WHERE id = $1");
    db_bind_text(q, 1, room_id);
    int err = db_step(q);
    *is_rooms = err == DB_ROW && db_text(q, 0)[0];
    *target = *is_rooms ? arena_text(arena, bytes_of(db_text(q, 0))) : workspace;
    db_finish(q);
    if (err < 0)
        return err;
    return *target && (*target)[0] ? 0 : ERR_NOT_FOUND;
}

int store_webhook_retarget(struct db *db, const char *workspace, struct arena *arena,
                           struct store_webhook *webhook)
{
    int err = find_target(db, webhook->room_id, workspace, arena, &webhook->target,
                          &webhook->is_rooms);
    if (err == ERR_NOT_FOUND)
        webhook->target = "";
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int has_line(struct db *db, const char *line, bool *has)
{
    int64_t count = 0;
    struct db_query *q = db_prepare(
        db, "SELECT COUNT(*) FROM (SELECT id FROM webhooks WHERE state = 0 AND line = $1 "
            "LIMIT 1) first");
    db_bind_text(q, 1, line);
    int err = db_run_int(q, &count);
    *has = count > 0;
    return err;
}

static int insert(struct db *db, const struct store_session_event *e, const char *target,
                  bool is_rooms, bool is_full)
{
    const char *line = e->session_id[0] ? e->session_id : e->room_id;
    bool has_others = false;
    int err = is_full ? 0 : has_line(db, line, &has_others);
    if (err)
        return err;
    struct db_query *q = db_prepare(
        db, "INSERT INTO webhooks (id, uuid, room_id, line, type, at, target, is_rooms, body, "
            "state, tries, next_at, taken, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
            "$10, 0, $11, 0, $12) ON CONFLICT (id) DO NOTHING");
    db_bind_text(q, 1, e->id);
    db_bind_text(q, 2, e->uuid);
    db_bind_text(q, 3, e->room_id);
    db_bind_text(q, 4, line);
    db_bind_text(q, 5, e->type);
    db_bind_int(q, 6, e->at);
    db_bind_text(q, 7, target);
    db_bind_int(q, 8, is_rooms);
    db_bind_text(q, 9, e->post);
    db_bind_int(q, 10, is_full ? STORE_WEBHOOK_FAILED : STORE_WEBHOOK_WAITING);
    db_bind_int(q, 11, has_others ? store_webhook_never : e->at);
    db_bind_text(q, 12, is_full ? "too many webhooks are waiting" : "");
    return db_run(q);
}

int store_webhook_put(struct db *db, const struct store_session_event *event,
                      struct store_log_posts *posts)
{
    struct arena arena = {0};
    const char *target;
    bool is_rooms;
    int err = find_target(db, event->room_id, posts->workspace, &arena, &target, &is_rooms);
    if (!err && !posts->is_counted) {
        err = count_waiting(db, &posts->waiting);
        posts->is_counted = !err;
    }
    bool is_full = posts->waiting >= WEBHOOKS_WAITING_MAX;
    if (!err)
        err = insert(db, event, target, is_rooms, is_full);
    if (!err) {
        posts->waiting += !is_full;
        posts->stored += !is_full;
        posts->refused += is_full;
    }
    arena_dispose(&arena);
    return err == ERR_NOT_FOUND ? 0 : err;
}

// --- Settling ---

// The first in the line of `id` is due now, unless it has a time already.
static int let_next(struct db *db, const char *id, int64_t now)
{
    struct db_query *q = db_prepare(
        db, "UPDATE webhooks SET next_at = $2 WHERE next_at = $3 AND id = (SELECT MIN(id) FROM "
            "webhooks WHERE state = 0 AND line = (SELECT line FROM webhooks WHERE id = $1))");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, now);
    db_bind_int(q, 3, store_webhook_never);
    return db_run(q);
}

int store_webhook_settle(struct db *db, const char *id, enum store_webhook_state state,
                         int64_t tries, const char *error, int64_t now)
{
    struct db_query *q =
        db_prepare(db, "UPDATE webhooks SET state = $2, tries = tries + $3, error = $4, "
                       "taken = 0 WHERE id = $1");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, state);
    db_bind_int(q, 3, tries);
    db_bind_text(q, 4, error);
    int err = db_run(q);
    return err ? err : let_next(db, id, now);
}

void store_webhook_where(struct where *w, const struct store_webhook_filter *filter, bool by_id)
{
    bool failed = filter->status == STORE_WEBHOOKS_FAILURE;
    where_int(w, by_id ? "+at >=" : "at >=", filter->after_ms);
    where_int(w, by_id ? "+at <=" : "at <=", filter->before_ms);
    where_text(w, by_id ? "room_id || '' =" : "room_id =", filter->room_id);
    where_match(w, STORE_TYPE_MATCHES, filter->types);
    if (filter->status == STORE_WEBHOOKS_SUCCESS)
        where_literal(w, "+state = 1");
    if (failed)
        where_literal(w, by_id ? "+state <> 1" : "state <> 1");
    if (failed)
        where_literal(w, "(+state = 2 OR tries > 0)");
}

struct store_webhook store_webhook_read(struct db_query *q, struct arena *arena)
{
    return (struct store_webhook){
        .id = arena_text(arena, bytes_of(db_text(q, 0))),
        .replay_id = "",
        .uuid = arena_text(arena, bytes_of(db_text(q, 1))),
        .room_id = arena_text(arena, bytes_of(db_text(q, 2))),
        .type = arena_text(arena, bytes_of(db_text(q, 3))),
        .at = db_int(q, 4),
        .target = arena_text(arena, bytes_of(db_text(q, 5))),
        .is_rooms = db_int(q, 6),
        .body = arena_text(arena, bytes_of(db_text(q, 7))),
        .state = (enum store_webhook_state)db_int(q, 8),
        .tries = db_int(q, 9),
        .error = arena_text(arena, bytes_of(db_text(q, 10))),
    };
}

int store_webhook_send_again(struct db *db, const char *uuid, int64_t now)
{
    struct db_query *q = db_prepare(
        db, "SELECT state, taken, next_at, id FROM webhooks WHERE uuid = $1 ORDER BY "
            "id DESC LIMIT 1");
    char id[OBJECT_ID_LEN + 1] = "";
    db_bind_text(q, 1, uuid);
    int err = db_step(q);
    bool waits = err == DB_ROW && db_int(q, 0) == STORE_WEBHOOK_WAITING;
    bool is_busy = waits && (db_int(q, 1) || db_int(q, 2) == store_webhook_never);
    if (err == DB_ROW)
        snprintf(id, sizeof id, "%s", db_text(q, 3));
    db_finish(q);
    err = row_found(err);
    if (err || is_busy)
        return err ? err : ERR_BUSY;
    q = db_prepare(db,
                   "UPDATE webhooks SET state = 0, next_at = $2, error = '', taken = 0 WHERE "
                   "id = $1");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, now);
    return db_run(q);
}

// --- Looking ---

int store_webhook_list(struct db *db, const struct store_webhook_filter *filter, int limit,
                       int64_t offset, struct arena *arena,
                       struct store_webhook webhooks[STORE_WEBHOOKS_MAX], int64_t *total)
{
    struct where w = {0};
    int64_t most = offset + limit + 1;
    store_webhook_where(&w, filter, false);
    // So far, and to the next page at least, they are counted.
    int err = db_run_int(where_over(db, "SELECT COUNT(*)", "webhooks", &w, "",
                                    most < EVENTS_COUNTED_MAX ? EVENTS_COUNTED_MAX : most),
                         total);
    if (err) {
        where_dispose(&w);
        return err;
    }
    struct db_query *q =
        where_query(db, STORE_WEBHOOK_SELECT, &w, "ORDER BY at DESC, id DESC",
                    limit < STORE_WEBHOOKS_MAX ? limit : STORE_WEBHOOKS_MAX, offset);
    int count = 0;
    while ((err = db_step(q)) == DB_ROW && count < STORE_WEBHOOKS_MAX)
        webhooks[count++] = store_webhook_read(q, arena);
    db_finish(q);
    return err < 0 ? err : count;
}
