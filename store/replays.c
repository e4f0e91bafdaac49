#include "store/replays.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/row.h"

#include <string.h>

enum { START_LOOKED_AT = 1000 };

static const int64_t never = INT64_MAX;

// --- Starting and looking ---

#define SELECT                                                                                 \
    "SELECT id, wish, after_ms, before_ms, room_id, types, status, most, skip, state, "        \
    "started_at, ended_at, total, completed, failed FROM webhook_replays "

static int read_one(struct db_query *q, struct arena *arena, struct store_replay *replay)
{
    int err = db_step(q);
    if (err == DB_ROW)
        *replay = (struct store_replay){
            .id = row_text(arena, q, 0),
            .wish = row_text(arena, q, 1),
            .filter = {.after_ms = db_int(q, 2),
                       .before_ms = db_int(q, 3),
                       .room_id = row_text(arena, q, 4),
                       .types = row_text(arena, q, 5),
                       .status = (enum store_webhook_status)db_int(q, 6)},
            .most = db_int(q, 7),
            .skip = db_int(q, 8),
            .state = (enum store_replay_state)db_int(q, 9),
            .started_at = db_int(q, 10),
            .ended_at = db_int(q, 11),
            .total = db_int(q, 12),
            .completed = db_int(q, 13),
            .failed = db_int(q, 14),
        };
    db_finish(q);
    return row_found(err);
}

int store_replay_get(struct db *db, const char *id, struct arena *arena,
                     struct store_replay *replay)
{
    struct db_query *q = db_prepare(db, SELECT "WHERE id = $1");
    db_bind_text(q, 1, id);
    return read_one(q, arena, replay);
}

// The place before the first: that of the last which is skipped. Ids are nearly in the order of
// time, so the lowest is among the first of them, and what it begins with is below it.
static int find_start(struct db *db, const struct store_replay *replay, struct arena *arena,
                      const char **after)
{
    struct where w = {0};
    store_webhook_where(&w, &replay->filter, false);
    struct db_query *q = replay->skip
                             ? where_over(db, "SELECT COALESCE(MAX(id), '')", "webhooks", &w,
                                          "ORDER BY id", replay->skip)
                             : where_over(db, "SELECT COALESCE(MIN(id), '')", "webhooks", &w,
                                          "ORDER BY at, id", START_LOOKED_AT);
    where_dispose(&w);
    int err = db_step(q);
    *after = "";
    if (err == DB_ROW) {
        char *id = arena_text(arena, bytes_of(db_text(q, 0)));
        if (!replay->skip && id[0])
            id[strlen(id) - 1] = 0;
        *after = id;
    }
    db_finish(q);
    return err == DB_ROW ? 0 : err;
}

static int count(struct db *db, const struct store_replay *replay, const char *after,
                 int64_t *total)
{
    struct where w = {0};
    store_webhook_where(&w, &replay->filter, false);
    where_text(&w, "id || '' >", after);
    struct db_query *q = where_over(db, "SELECT COUNT(*)", "webhooks", &w, "", replay->most);
    where_dispose(&w);
    return db_run_int(q, total);
}

static int insert(struct db *db, const struct store_replay *r, const char *after)
{
    struct db_query *q = db_prepare(
        db, "INSERT INTO webhook_replays (id, wish, after_ms, before_ms, room_id, types, "
            "status, most, skip, state, started_at, ended_at, total, completed, failed, "
            "in_vain, after_id, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
            "$12, $13, 0, 0, 0, $14, $11)");
    db_bind_text(q, 1, r->id);
    db_bind_text(q, 2, r->wish);
    db_bind_int(q, 3, r->filter.after_ms);
    db_bind_int(q, 4, r->filter.before_ms);
    db_bind_text(q, 5, r->filter.room_id);
    db_bind_text(q, 6, r->filter.types);
    db_bind_int(q, 7, r->filter.status);
    db_bind_int(q, 8, r->most);
    db_bind_int(q, 9, r->skip);
    db_bind_int(q, 10, r->state);
    db_bind_int(q, 11, r->started_at);
    db_bind_int(q, 12, r->ended_at);
    db_bind_int(q, 13, r->total);
    db_bind_text(q, 14, after);
    return db_run(q);
}

int store_replay_start(struct db *db, struct store_replay *replay, struct arena *arena,
                       bool *is_new)
{
    struct db_query *q = db_prepare(db, SELECT "WHERE state = 0 AND wish = $1");
    db_bind_text(q, 1, replay->wish);
    int err = read_one(q, arena, replay);
    *is_new = false;
    if (err != ERR_NOT_FOUND)
        return err;

    int64_t running;
    err = db_run_int(db_prepare(db, "SELECT COUNT(*) FROM webhook_replays WHERE state = 0"),
                     &running);
    if (!err && running >= WEBHOOK_REPLAYS_MAX)
        err = ERR_FULL;
    const char *after = "";
    if (!err)
        err = find_start(db, replay, arena, &after);
    if (!err)
        err = count(db, replay, after, &replay->total);
    if (err)
        return err;
    *is_new = true;
    replay->state = replay->total ? STORE_REPLAY_RUNNING : STORE_REPLAY_COMPLETED;
    replay->ended_at = replay->total ? 0 : replay->started_at;
    return insert(db, replay, after);
}

int store_replay_failures(struct db *db, const char *id, struct arena *arena,
                          struct store_replay_failure failures[STORE_REPLAY_FAILURES_MAX])
{
    struct db_query *q =
        db_prepare(db, "SELECT uuid, type, error FROM webhook_replay_failures WHERE replay_id "
                       "= $1 ORDER BY id LIMIT $2");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, STORE_REPLAY_FAILURES_MAX);
    int found = 0;
    int err;
    while ((err = db_step(q)) == DB_ROW && found < STORE_REPLAY_FAILURES_MAX)
        failures[found++] = (struct store_replay_failure){
            .uuid = row_text(arena, q, 0),
            .type = row_text(arena, q, 1),
            .error = row_text(arena, q, 2),
        };
    db_finish(q);
    return err < 0 ? err : found;
}

// --- Going on ---

static int end_replay(struct db *db, const char *id, enum store_replay_state state, int64_t now)
{
    struct db_query *q =
        db_prepare(db, "UPDATE webhook_replays SET state = $2, ended_at = $3 WHERE id = $1");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, state);
    db_bind_int(q, 3, now);
    return db_run(q);
}

static int keep_failure(struct db *db, const struct store_webhook_outcome *o)
{
    struct db_query *q = db_prepare(
        db, "INSERT INTO webhook_replay_failures (replay_id, id, uuid, type, error) SELECT $1, "
            "id, uuid, type, $3 FROM webhooks WHERE id = $2 AND (SELECT COUNT(*) FROM "
            "webhook_replay_failures f WHERE f.replay_id = $1) < $4 ON CONFLICT DO NOTHING");
    db_bind_text(q, 1, o->replay_id);
    db_bind_text(q, 2, o->id);
    db_bind_text(q, 3, o->error);
    db_bind_int(q, 4, STORE_REPLAY_FAILURES_MAX);
    return db_run(q);
}

static int end_if_done(struct db *db, const char *id, int64_t now)
{
    struct db_query *q = db_prepare(
        db, "SELECT total - completed - failed, in_vain FROM webhook_replays WHERE id = $1");
    db_bind_text(q, 1, id);
    int64_t left = 0, in_vain = 0;
    int err = db_step(q);
    if (err == DB_ROW) {
        left = db_int(q, 0);
        in_vain = db_int(q, 1);
    }
    db_finish(q);
    if (err != DB_ROW)
        return err;
    if (left <= 0)
        return end_replay(db, id, STORE_REPLAY_COMPLETED, now);
    return in_vain < WEBHOOK_REPLAY_FAILURES_MAX ? 0
                                                 : end_replay(db, id, STORE_REPLAY_FAILED, now);
}

int store_replay_settle(struct db *db, const struct store_webhook_outcome *o, int64_t now)
{
    struct db_query *q = db_prepare(
        db, "UPDATE webhook_replays SET completed = completed + $3, failed = failed + 1 - $3, "
            "in_vain = (in_vain + 1) * (1 - $3), after_id = $2, next_at = $4 WHERE id = $1 AND "
            "state = 0");
    db_bind_text(q, 1, o->replay_id);
    db_bind_text(q, 2, o->id);
    db_bind_int(q, 3, o->is_delivered);
    db_bind_int(q, 4, o->next_at);
    int err = db_run(q);
    if (!err)
        err = o->is_delivered
                  ? store_webhook_settle(db, o->id, STORE_WEBHOOK_DELIVERED, 0, "", now)
                  : keep_failure(db, o);
    return err ? err : end_if_done(db, o->replay_id, now);
}

struct step {
    const char *id;
    const char *after;
    struct store_webhook_filter filter;
};

static int list_due(struct db *db, struct store_webhook_turn *turn,
                    struct step steps[WEBHOOK_REPLAYS_MAX])
{
    struct arena *arena = &turn->arena;
    struct db_query *q = db_prepare(
        db, "SELECT id, after_id, after_ms, before_ms, room_id, types, status FROM "
            "webhook_replays WHERE state = 0 AND next_at <= $1 ORDER BY id LIMIT $2");
    db_bind_int(q, 1, turn->now);
    db_bind_int(q, 2, WEBHOOK_REPLAYS_MAX);
    int found = 0;
    int err;
    while ((err = db_step(q)) == DB_ROW && found < WEBHOOK_REPLAYS_MAX)
        steps[found++] = (struct step){
            .id = row_text(arena, q, 0),
            .after = row_text(arena, q, 1),
            .filter = {.after_ms = db_int(q, 2),
                       .before_ms = db_int(q, 3),
                       .room_id = row_text(arena, q, 4),
                       .types = row_text(arena, q, 5),
                       .status = (enum store_webhook_status)db_int(q, 6)},
        };
    db_finish(q);
    return err < 0 ? err : found;
}

// The next event of a replay, which goes to where events of its room go now: whoever replays
// has mended something.
static int take_step(struct db *db, const struct step *step, struct store_webhook_turn *turn)
{
    struct where w = {0};
    store_webhook_where(&w, &step->filter, true);
    where_text(&w, "id >", step->after[0] ? step->after : " ");
    struct db_query *q = where_query(db, STORE_WEBHOOK_SELECT, &w, "ORDER BY id", 1, 0);
    int err = db_step(q);
    struct store_webhook *taken = &turn->replays[turn->replay_count];
    if (err == DB_ROW) {
        *taken = store_webhook_read(q, &turn->arena);
        taken->replay_id = step->id;
    }
    db_finish(q);
    if (err != DB_ROW) // some were delivered, or forgotten, in between
        return err ? err : end_replay(db, step->id, STORE_REPLAY_COMPLETED, turn->now);
    turn->replay_count++;
    err = store_webhook_retarget(db, turn->workspace, &turn->arena, taken);
    if (err)
        return err;
    q = db_prepare(db, "UPDATE webhook_replays SET next_at = $2 WHERE id = $1");
    db_bind_text(q, 1, step->id);
    db_bind_int(q, 2, turn->taken_until);
    return db_run(q);
}

int store_replay_take(struct db *db, struct store_webhook_turn *turn)
{
    struct step steps[WEBHOOK_REPLAYS_MAX];
    int due = list_due(db, turn, steps);
    int err = due < 0 ? due : 0;
    for (int i = 0; !err && i < due; i++)
        err = take_step(db, &steps[i], turn);
    return err;
}

int store_replay_next(struct db *db, int64_t *at)
{
    struct db_query *q = db_prepare(
        db, "SELECT COALESCE(MIN(next_at), $1) FROM webhook_replays WHERE state = 0");
    db_bind_int(q, 1, never);
    return db_run_int(q, at);
}

int store_replay_begin(struct db *db)
{
    return db_run(
        db_prepare(db, "UPDATE webhook_replays SET next_at = started_at WHERE state = 0"));
}

int store_replay_age(struct db *db, int64_t before_ms)
{
    struct db_query *q =
        db_prepare(db, "DELETE FROM webhook_replay_failures WHERE replay_id IN (SELECT id FROM "
                       "webhook_replays WHERE state > 0 AND started_at < $1)");
    db_bind_int(q, 1, before_ms);
    int err = db_run(q);
    if (err)
        return err;
    q = db_prepare(db, "DELETE FROM webhook_replays WHERE state > 0 AND started_at < $1");
    db_bind_int(q, 1, before_ms);
    return db_run(q);
}
