#include "store/polls.h"

#include "base/limits.h"
#include "store/row.h"
#include "store/where.h"

#include <string.h>

static int at_most(int limit)
{
    return limit < STORE_POLLS_MAX ? limit : STORE_POLLS_MAX;
}

// Ids are letters and digits.
static const char *start_of(const struct store_poll_filter *filter)
{
    return filter->start && filter->start[0] ? filter->start : "~";
}

// --- Polls ---

int store_poll_get(struct db *db, const char *id, struct arena *arena, struct store_poll *poll)
{
    struct db_query *q =
        db_prepare(db, "SELECT id, document, created_at, updated_at FROM polls WHERE id = $1");
    db_bind_text(q, 1, id);
    int err = db_step(q);
    if (err == DB_ROW)
        *poll = (struct store_poll){.id = row_text(arena, q, 0),
                                    .document = row_text(arena, q, 1),
                                    .created_at = db_int(q, 2),
                                    .updated_at = db_int(q, 3)};
    db_finish(q);
    return row_found(err);
}

static int write_poll(struct db *db, const char *sql, const struct store_poll *poll)
{
    struct db_query *q = db_prepare(db, sql);
    db_bind_text(q, 1, poll->id);
    db_bind_text(q, 2, poll->document);
    db_bind_int(q, 3, poll->created_at);
    db_bind_int(q, 4, poll->updated_at);
    return db_run(q);
}

int store_poll_insert(struct db *db, const struct store_poll *poll)
{
    return write_poll(db,
                      "INSERT INTO polls (id, document, created_at, updated_at) "
                      "VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
                      poll);
}

int store_poll_update(struct db *db, const struct store_poll *poll)
{
    return write_poll(db,
                      "UPDATE polls SET document = $2, created_at = $3, updated_at = $4 "
                      "WHERE id = $1",
                      poll);
}

int store_polls_linked(struct db *db, const char *ids, struct linked_polls *polls)
{
    int err = 0;
    while (!err && *ids && polls->count < POLLS_PER_ROOM_MAX) {
        size_t len = strcspn(ids, ",");
        const char *id = arena_text(&polls->arena, (struct bytes){(const uint8_t *)ids, len});
        struct store_poll poll;
        err = store_poll_get(db, id, &polls->arena, &poll);
        if (!err)
            store_poll_read(id, poll.document, &polls->arena, &polls->list[polls->count++]);
        ids += len + (ids[len] == ',');
    }
    return err;
}

// --- Runs ---

int store_poll_start(struct db *db, const struct store_poll_run *run)
{
    struct db_query *q = db_prepare(
        db, "INSERT INTO poll_runs (id, poll_id, session_id, started_at, stopped_at) "
            "VALUES ($1, $2, $3, $4, 0) ON CONFLICT (poll_id, session_id) DO UPDATE SET "
            "stopped_at = 0");
    db_bind_text(q, 1, run->id);
    db_bind_text(q, 2, run->poll_id);
    db_bind_text(q, 3, run->session_id);
    db_bind_int(q, 4, run->started_at);
    return db_run(q);
}

int store_poll_stop(struct db *db, const struct store_poll_run *run)
{
    struct db_query *q = db_prepare(
        db, "UPDATE poll_runs SET stopped_at = $3 WHERE poll_id = $1 AND session_id = $2");
    db_bind_text(q, 1, run->poll_id);
    db_bind_text(q, 2, run->session_id);
    db_bind_int(q, 3, run->stopped_at);
    return db_run(q);
}

int store_poll_end_session(struct db *db, const char *session_id, int64_t at)
{
    struct db_query *q = db_prepare(
        db, "UPDATE poll_runs SET stopped_at = $2 WHERE session_id = $1 AND stopped_at = 0");
    db_bind_text(q, 1, session_id);
    db_bind_int(q, 2, at);
    return db_run(q);
}

int store_poll_runs(struct db *db, const struct store_poll_filter *filter, struct arena *arena,
                    struct store_poll_run runs[STORE_POLLS_MAX])
{
    struct db_query *q =
        db_prepare(db, "SELECT r.id, r.poll_id, r.session_id, r.started_at, r.stopped_at, "
                       "(SELECT COUNT(*) FROM poll_answers a WHERE a.poll_id = r.poll_id AND "
                       "a.session_id = r.session_id AND a.is_last = 1), "
                       "(SELECT COUNT(*) FROM poll_voters v WHERE v.poll_id = r.poll_id AND "
                       "v.session_id = r.session_id) "
                       "FROM poll_runs r WHERE r.poll_id = $1 AND r.id < $2 "
                       "ORDER BY r.id DESC LIMIT $3");
    db_bind_text(q, 1, filter->poll_id);
    db_bind_text(q, 2, start_of(filter));
    db_bind_int(q, 3, at_most(filter->limit));
    int count = 0, err;
    while ((err = db_step(q)) == DB_ROW)
        runs[count++] = (struct store_poll_run){
            .id = row_text(arena, q, 0),
            .poll_id = row_text(arena, q, 1),
            .session_id = row_text(arena, q, 2),
            .started_at = db_int(q, 3),
            .stopped_at = db_int(q, 4),
            .responses = db_int(q, 5),
            .voters = db_int(q, 6),
        };
    db_finish(q);
    return err ? err : count;
}

// --- Answers ---

static int put_voter(struct db *db, const struct store_poll_answer *a)
{
    struct db_query *q = db_prepare(
        db, "INSERT INTO poll_voters (id, poll_id, session_id, voter, peer_id, user_id) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
    db_bind_text(q, 1, a->voter_row);
    db_bind_text(q, 2, a->poll_id);
    db_bind_text(q, 3, a->session_id);
    db_bind_text(q, 4, a->is.voter);
    db_bind_text(q, 5, a->is.peer_id);
    db_bind_text(q, 6, a->is.user_id);
    return db_run(q);
}

// The last of a person's answers to a question counts. Mostly the one before says that it is
// replaced; after a crash that lost it, the person may have answered a second time.
static int replace_others(struct db *db, const struct store_poll_answer *a)
{
    struct db_query *q = db_prepare(
        db, "UPDATE poll_answers SET is_last = 0 WHERE poll_id = $1 AND session_id = $2 AND "
            "voter = $3 AND question = $4 AND id <> $5");
    db_bind_text(q, 1, a->poll_id);
    db_bind_text(q, 2, a->session_id);
    db_bind_text(q, 3, a->is.voter);
    db_bind_int(q, 4, a->is.question);
    db_bind_text(q, 5, a->is.id);
    return db_run(q);
}

int store_poll_answer(struct db *db, const struct store_poll_answer *a)
{
    int err = put_voter(db, a);
    if (!err)
        err = replace_others(db, a);
    if (err)
        return err;
    struct db_query *q = db_prepare(
        db, "INSERT INTO poll_answers (id, poll_id, session_id, voter, peer_id, user_id, "
            "question, is_skipped, options, text, original, retries, duration, score, sent_at, "
            "is_last) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
            "$15, 1) ON CONFLICT (id) DO NOTHING");
    db_bind_text(q, 1, a->is.id);
    db_bind_text(q, 2, a->poll_id);
    db_bind_text(q, 3, a->session_id);
    db_bind_text(q, 4, a->is.voter);
    db_bind_text(q, 5, a->is.peer_id);
    db_bind_text(q, 6, a->is.user_id);
    db_bind_int(q, 7, a->is.question);
    db_bind_int(q, 8, a->is.is_skipped);
    db_bind_int(q, 9, a->is.options);
    db_bind_text(q, 10, a->is.text);
    db_bind_text(q, 11, a->is.original);
    db_bind_int(q, 12, a->is.retries);
    db_bind_int(q, 13, a->is.duration_ms);
    db_bind_int(q, 14, a->is.score);
    db_bind_int(q, 15, a->is.sent_at);
    return db_run(q);
}

#define ANSWER                                                                                 \
    "SELECT id, poll_id, session_id, voter, peer_id, user_id, question, is_skipped, options, " \
    "text, original, retries, duration, score, sent_at, is_last FROM poll_answers "

static struct store_poll_answer read_answer(struct db_query *q, struct arena *arena)
{
    return (struct store_poll_answer){
        .poll_id = row_text(arena, q, 1),
        .session_id = row_text(arena, q, 2),
        .is = {.id = row_text(arena, q, 0),
               .voter = row_text(arena, q, 3),
               .peer_id = row_text(arena, q, 4),
               .user_id = row_text(arena, q, 5),
               .question = db_int(q, 6),
               .is_skipped = db_int(q, 7),
               .options = (uint32_t)db_int(q, 8),
               .text = row_text(arena, q, 9),
               .original = row_text(arena, q, 10),
               .retries = (int)db_int(q, 11),
               .duration_ms = db_int(q, 12),
               .score = (int)db_int(q, 13),
               .sent_at = db_int(q, 14)},
        .is_last = db_int(q, 15),
    };
}

ROW_READ_ONE(get_answer, store_poll_answer, read_answer)
ROW_READ_ALL(get_answers, store_poll_answer, read_answer)

int store_poll_answers(struct db *db, const struct store_poll_filter *filter,
                       struct arena *arena, struct store_poll_answer answers[STORE_POLLS_MAX])
{
    struct where w = {0};
    where_text(&w, "poll_id =", filter->poll_id);
    if (filter->question)
        where_int(&w, "question =", filter->question);
    if (!filter->all)
        where_literal(&w, "is_last = 1");
    where_text(&w, "id <", start_of(filter));
    struct db_query *q =
        where_query(db, ANSWER, &w, "ORDER BY id DESC", at_most(filter->limit), 0);
    return get_answers(q, arena, answers);
}

int store_poll_answer_get(struct db *db, const char *poll_id, const char *id,
                          struct arena *arena, struct store_poll_answer *answer)
{
    struct db_query *q = db_prepare(db, ANSWER "WHERE poll_id = $1 AND id = $2");
    db_bind_text(q, 1, poll_id);
    db_bind_text(q, 2, id);
    return get_answer(q, arena, answer);
}

// --- Scores ---

#define SCORE                                                                                  \
    "SELECT v.id, v.session_id, v.peer_id, v.user_id, "                                        \
    "(SELECT COALESCE(SUM(a.duration), 0) FROM poll_answers a WHERE a.poll_id = v.poll_id "    \
    "AND a.session_id = v.session_id AND a.voter = v.voter AND a.is_last = 1), "               \
    "(SELECT COALESCE(SUM(a.score), 0) FROM poll_answers a WHERE a.poll_id = v.poll_id "       \
    "AND a.session_id = v.session_id AND a.voter = v.voter AND a.is_last = 1) "                \
    "FROM poll_voters v "

static struct store_poll_score read_score(struct db_query *q, struct arena *arena)
{
    return (struct store_poll_score){
        .id = row_text(arena, q, 0),
        .session_id = row_text(arena, q, 1),
        .peer_id = row_text(arena, q, 2),
        .user_id = row_text(arena, q, 3),
        .duration_ms = db_int(q, 4),
        .score = db_int(q, 5),
    };
}

ROW_READ_ONE(get_score, store_poll_score, read_score)
ROW_READ_ALL(get_scores, store_poll_score, read_score)

int store_poll_scores(struct db *db, const struct store_poll_filter *filter,
                      struct arena *arena, struct store_poll_score scores[STORE_POLLS_MAX])
{
    struct db_query *q = db_prepare(db, SCORE "WHERE v.poll_id = $1 AND v.id < $2 "
                                              "ORDER BY v.id DESC LIMIT $3");
    db_bind_text(q, 1, filter->poll_id);
    db_bind_text(q, 2, start_of(filter));
    db_bind_int(q, 3, at_most(filter->limit));
    return get_scores(q, arena, scores);
}

int store_poll_score_get(struct db *db, const char *poll_id, const char *id,
                         struct arena *arena, struct store_poll_score *score)
{
    struct db_query *q = db_prepare(db, SCORE "WHERE v.poll_id = $1 AND v.id = $2");
    db_bind_text(q, 1, poll_id);
    db_bind_text(q, 2, id);
    return get_score(q, arena, score);
}
