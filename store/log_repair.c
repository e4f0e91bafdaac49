#include "store/log_repair.h"

#include "base/err.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/log.h"

#include <string.h>

enum { ASIDE_LEN_MAX = 16 * 1024, TOLD_LEN_MAX = 200 };

struct part {
    struct db_job db; // first
    const struct store_log_entry *entries;
    size_t count;
    struct store_log_posts posts;
};

bool store_log_is_refused(int err)
{
    return err == ERR_EXISTS || err == ERR_MALFORMED || err == ERR_REFUSED;
}

static int run_part(struct db_job *job, struct db *db)
{
    struct part *part = (struct part *)job;
    return store_log_write(db, part->entries, part->count, &part->posts);
}

// --- What is refused ---

struct row {
    struct db_job db; // first
    int64_t at;
    const char *error;
    const char *text;
    bool is_kept;
};

static int run_row(struct db_job *job, struct db *db)
{
    struct row *row = (struct row *)job;
    struct rng rng = {0}; // of the kernel
    char id[UUID_LEN + 1];
    int64_t count = 0;
    int err = db_run_int(
        db_prepare(db, "SELECT COUNT(*) FROM (SELECT id FROM log_aside LIMIT 1000) kept"),
        &count);
    if (err || count >= LOG_ASIDE_MAX)
        return err;
    id_uuid(&rng, id);
    struct db_query *q =
        db_prepare(db, "INSERT INTO log_aside (id, at, error, entry) VALUES ($1, $2, $3, $4)");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, row->at);
    db_bind_text(q, 3, row->error);
    db_bind_text(q, 4, row->text);
    row->is_kept = true;
    return db_run(q);
}

static void add_words(struct text *t, const char *const words[])
{
    for (; words[0]; words += 2) {
        if (!words[1])
            continue;
        size_t len = strnlen(words[1], ASIDE_LEN_MAX);
        text_addf(t, " %s=", words[0]);
        text_add_escaped(t, (struct bytes){(const uint8_t *)words[1], len});
    }
}

// In ASCII, whatever it holds.
static void describe(const struct store_log_entry *e, struct text *t)
{
    switch (e->kind) {
    case STORE_LOG_OPEN:
    case STORE_LOG_CLOSE:
    case STORE_LOG_RESUME:
        text_add(t, "session");
        add_words(t, (const char *[]){"id", e->session.id, "room", e->session.room_id, NULL});
        break;
    case STORE_LOG_VISIT:
    case STORE_LOG_LEFT:
        text_add(t, "visit");
        add_words(t, (const char *[]){"session", e->visit.session_id, "peer", e->visit.peer_id,
                                      "user", e->visit.user_id, "name", e->visit.name, "role",
                                      e->visit.role, NULL});
        break;
    case STORE_LOG_EVENT:
        text_add(t, "event");
        add_words(t, (const char *[]){"id", e->event.id, "type", e->event.type, "session",
                                      e->event.session_id, "room", e->event.room_id, "peer",
                                      e->event.peer_id, "user", e->event.user_id, "data",
                                      e->event.data, "webhook", e->event.post, NULL});
        break;
    case STORE_LOG_STATS:
        text_add(t, "figures");
        add_words(t, (const char *[]){"id", e->stats.id, "session", e->stats.session_id, "peer",
                                      e->stats.peer_id, "document", e->stats.document, NULL});
        break;
    case STORE_LOG_POLL:
        text_add(t, "poll");
        add_words(t, (const char *[]){"id", e->poll.id, "document", e->poll.document, NULL});
        break;
    case STORE_LOG_POLL_START:
    case STORE_LOG_POLL_STOP:
        text_add(t, "poll in a session");
        add_words(t, (const char *[]){"id", e->run.id, "poll", e->run.poll_id, "session",
                                      e->run.session_id, NULL});
        break;
    case STORE_LOG_POLL_ANSWER:
        text_add(t, "answer");
        add_words(t, (const char *[]){"id", e->answer.is.id, "poll", e->answer.poll_id,
                                      "session", e->answer.session_id, "peer",
                                      e->answer.is.peer_id, "text", e->answer.is.text, NULL});
        break;
    }
}

static int put_aside(struct db *db, const struct store_log_entry *entry, int refused,
                     int64_t now_ms)
{
    struct text text = {0};
    describe(entry, &text);
    struct row row = {
        .db.run = run_row, .at = now_ms, .error = err_name(refused), .text = text.at};
    db_run_jobs(db, (struct db_job *[]){&row.db}, 1);
    int err = store_log_is_refused(row.db.err) ? 0 : row.db.err;
    if (!err)
        log_error(
            "store", "the session log cannot take an entry (%s), %s: %.*s", err_name(refused),
            row.is_kept && !row.db.err ? "it is kept in the table log_aside" : "it is lost",
            TOLD_LEN_MAX, text.at);
    text_dispose(&text);
    return err;
}

// --- Halving ---

int store_log_repair(struct db *db, const struct store_log_entry *entries, size_t count,
                     struct store_log_posts *posts, int64_t now_ms, size_t *aside)
{
    struct part part = {
        .db.run = run_part, .entries = entries, .count = count, .posts = *posts};
    db_run_jobs(db, (struct db_job *[]){&part.db}, 1);
    if (!part.db.err)
        *posts = part.posts;
    if (!store_log_is_refused(part.db.err))
        return part.db.err;
    if (count == 1) {
        int err = put_aside(db, entries, part.db.err, now_ms);
        *aside += !err;
        return err;
    }
    int err = store_log_repair(db, entries, count / 2, posts, now_ms, aside);
    return err ? err
               : store_log_repair(db, entries + count / 2, count - count / 2, posts, now_ms,
                                  aside);
}
