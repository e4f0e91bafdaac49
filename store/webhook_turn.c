#include "store/webhook_turn.h"

#include "base/limits.h"
#include "store/replays.h"

struct store_webhook_turn *store_webhook_turn_new(size_t outcome_count)
{
    struct store_webhook_turn *turn = mem_alloc(sizeof *turn);
    turn->outcomes = mem_alloc_array(outcome_count, sizeof *turn->outcomes);
    turn->outcome_count = outcome_count;
    return turn;
}

void store_webhook_turn_free(struct store_webhook_turn *turn)
{
    if (!turn)
        return;
    for (size_t i = 0; i < turn->outcome_count; i++)
        mem_free(turn->outcomes[i].error);
    mem_free(turn->outcomes);
    arena_dispose(&turn->arena);
    mem_free(turn);
}

static int write_outcome(struct db *db, const struct store_webhook_outcome *o, int64_t now)
{
    if (o->replay_id[0])
        return store_replay_settle(db, o, now);
    if (o->is_delivered)
        return store_webhook_settle(db, o->id, STORE_WEBHOOK_DELIVERED, 1, "", now);
    if (!o->next_at)
        return store_webhook_settle(db, o->id, STORE_WEBHOOK_FAILED, 1, o->error, now);
    // A replay may have delivered it in between.
    struct db_query *q =
        db_prepare(db, "UPDATE webhooks SET tries = tries + 1, next_at = $2, error = $3, "
                       "taken = 0 WHERE id = $1 AND state = 0");
    db_bind_text(q, 1, o->id);
    db_bind_int(q, 2, o->next_at);
    db_bind_text(q, 3, o->error);
    return db_run(q);
}

// A webhook may be taken away while events wait for it. They are given up when the first of
// their line is due, and with it the whole line, which is of one room.
static int give_up(struct db *db, struct store_webhook_turn *turn)
{
    if (turn->workspace[0]) // whoever has none of their own has that one
        return 0;
#define LINES                                                                                  \
    "state = 0 AND line IN (SELECT due.line FROM webhooks due LEFT JOIN rooms ON rooms.id = "  \
    "due.room_id WHERE due.state = 0 AND due.next_at <= $1 AND "                               \
    "COALESCE(rooms.webhook, '') = '')"
    struct db_query *q = db_prepare(db, "SELECT COUNT(*) FROM webhooks WHERE " LINES);
    db_bind_int(q, 1, turn->now);
    int err = db_run_int(q, &turn->given_up);
    if (err || !turn->given_up)
        return err;
    q = db_prepare(db, "UPDATE webhooks SET state = 2, error = $2, taken = 0 WHERE " LINES);
    db_bind_int(q, 1, turn->now);
    db_bind_text(q, 2, "its room has no webhook any more");
    return db_run(q);
#undef LINES
}

// What is taken goes to where events of its room go now, and the log names that.
static int take_one(struct db *db, struct store_webhook_turn *turn,
                    struct store_webhook *webhook)
{
    int err = store_webhook_retarget(db, turn->workspace, &turn->arena, webhook);
    if (err)
        return err;
    struct db_query *q = db_prepare(
        db, "UPDATE webhooks SET taken = 1, next_at = $2, target = $3, is_rooms = $4 "
            "WHERE id = $1");
    db_bind_text(q, 1, webhook->id);
    db_bind_int(q, 2, turn->taken_until);
    db_bind_text(q, 3, webhook->target);
    db_bind_int(q, 4, webhook->is_rooms);
    return db_run(q);
}

// A receiver that is slow or dead has WEBHOOKS_PER_RECEIVER_MAX places and no more: the others
// stay free. Those that are taken are at the receiver of their last try, those that are due at
// that of now.
static int take_due(struct db *db, struct store_webhook_turn *turn)
{
    turn->taken = arena_alloc(&turn->arena, turn->places * sizeof *turn->taken);
    struct db_query *q = db_prepare(
        db, STORE_WEBHOOK_SELECT
        "WHERE id IN (SELECT due.id FROM (SELECT id, target, next_at, ROW_NUMBER() OVER "
        "(PARTITION BY target ORDER BY next_at, id) AS place FROM (SELECT webhooks.id, "
        "webhooks.next_at, CASE WHEN COALESCE(rooms.webhook, '') = '' THEN $4 ELSE "
        "rooms.webhook END AS target FROM webhooks LEFT JOIN rooms ON rooms.id = "
        "webhooks.room_id WHERE webhooks.state = 0 AND webhooks.next_at <= $1) open) due "
        "LEFT JOIN (SELECT target, COUNT(*) AS places "
        "FROM webhooks WHERE taken = 1 AND next_at > $1 GROUP BY target) sent "
        "ON sent.target = due.target WHERE due.place <= $2 AND "
        "due.place + COALESCE(sent.places, 0) <= $2 ORDER BY due.next_at, due.id LIMIT $3) "
        "ORDER BY id");
    db_bind_int(q, 1, turn->now);
    db_bind_int(q, 2, WEBHOOKS_PER_RECEIVER_MAX);
    db_bind_int(q, 3, (int64_t)turn->places);
    db_bind_text(q, 4, turn->workspace);
    int err;
    while ((err = db_step(q)) == DB_ROW && turn->taken_count < turn->places)
        turn->taken[turn->taken_count++] = store_webhook_read(q, &turn->arena);
    db_finish(q);
    for (size_t i = 0; err == 0 && i < turn->taken_count; i++)
        err = take_one(db, turn, &turn->taken[i]);
    return err;
}

// When there is something to take that was left: at once where a place was wanting, which is
// known when a result comes.
static int find_next(struct db *db, struct store_webhook_turn *turn)
{
    int64_t count = 0;
    int64_t at = store_webhook_never;
    struct db_query *q = db_prepare(
        db, "SELECT COUNT(*), COALESCE(MIN(next_at), 0) FROM webhooks WHERE state = 0 AND "
            "next_at > $1 AND next_at < $2");
    db_bind_int(q, 1, turn->now);
    db_bind_int(q, 2, store_webhook_never);
    int err = db_step(q);
    if (err == DB_ROW) {
        count = db_int(q, 0);
        at = count ? db_int(q, 1) : store_webhook_never;
    }
    db_finish(q);
    turn->next_at = at;
    return err == DB_ROW ? 0 : err;
}

int store_webhook_turn(struct db *db, struct store_webhook_turn *turn)
{
    int err = 0;
    for (size_t i = 0; !err && i < turn->outcome_count; i++)
        err = write_outcome(db, &turn->outcomes[i], turn->now);
    if (err || !turn->takes)
        return err;
    err = give_up(db, turn);
    if (!err)
        err = take_due(db, turn);
    if (!err)
        err = find_next(db, turn);
    if (!err)
        err = store_replay_take(db, turn);
    int64_t replay_at = store_webhook_never;
    if (!err)
        err = store_replay_next(db, &replay_at);
    turn->next_at = replay_at < turn->next_at ? replay_at : turn->next_at;
    return err;
}

int store_webhook_begin(struct db *db)
{
    int err =
        db_run(db_prepare(db, "UPDATE webhooks SET taken = 0, next_at = at WHERE taken = 1"));
    return err ? err : store_replay_begin(db);
}

int store_webhook_count(struct db *db, int64_t *count)
{
    return db_run_int(db_prepare(db, "SELECT COUNT(*) FROM webhooks WHERE state = 0"), count);
}

int store_webhook_age(struct db *db, int64_t before_ms, int most)
{
    int64_t count = 0;
    struct db_query *q = db_prepare(db, "SELECT COUNT(*) FROM (SELECT id FROM webhooks WHERE "
                                        "at < $1 AND state > 0 LIMIT $2) old");
    db_bind_int(q, 1, before_ms);
    db_bind_int(q, 2, most);
    int err = db_run_int(q, &count);
    if (!err && count) {
        q = db_prepare(db, "DELETE FROM webhooks WHERE id IN (SELECT id FROM webhooks WHERE "
                           "at < $1 AND state > 0 ORDER BY at LIMIT $2)");
        db_bind_int(q, 1, before_ms);
        db_bind_int(q, 2, most);
        err = db_run(q);
    }
    if (!err)
        err = store_replay_age(db, before_ms);
    return err ? err : (int)count;
}
