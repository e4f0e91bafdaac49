// db.h on PostgreSQL, over libpq.
//
// What opens and ends transactions and savepoints travels with the statements around it
// (store/postgres_link.h), so a job costs a round trip for each of its statements, and a batch
// one more for its commit.

#include "store/postgres_state.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPEN_WAIT_MS = 10 * 1000, // at the start nobody waits for an answer, and both may start
    CONNECT_WAIT_MS = 2000,
    SETTLE_MS = 3000, // how long the outcome of a commit is asked for
    SETTLE_PAUSE_MS = 50,
    PAUSE_MIN_MS = 100, // between two tries to connect
    PAUSE_MAX_MS = 2000,
    PATIENCE_MS = 6000, // a request is answered within 10 s
    PATIENCE_COPY_MS = 10 * 60 * 1000,
};

// One for those who write, one for those who have it open. Schemas do not disturb each other.
#define LOCK_OF(number) "(" #number ", hashtext(current_schema()))"
#define WRITE_LOCK LOCK_OF(1886544497)
#define USE_LOCK LOCK_OF(1886544498)

// --- The connection ---

static void go_away(struct postgres *pg)
{
    if (!pg->db.away)
        pg->retry_at_ms = 0;
    pg->db.away = true;
}

int postgres_land(struct postgres *pg)
{
    int err = link_land(&pg->link);
    pg->db.changes = pg->link.changes;
    pg->later = false;
    if (err == ERR_FULL && !pg->db.full) {
        log_error("store", "the disk of the database is full: writes are refused until there "
                           "is space");
        pg->db.full = true;
    }
    if (!pg->link.conn)
        go_away(pg);
    else if (err && pg->in_transaction && pg->purpose == DB_WRITE && !pg->xid)
        pg->begin_err = err;
    return err;
}

// Says to others that the database is in use, or that it is not to be used now.
static int take_use(struct postgres *pg, struct text *why)
{
    PGresult *taken = NULL;
    if (db_only_reads(pg->use))
        return 0;
    link_ask(&pg->link,
             pg->use == DB_ALONE ? "SELECT pg_try_advisory_lock" USE_LOCK
                                 : "SELECT pg_try_advisory_lock_shared" USE_LOCK,
             &taken);
    int err = link_land(&pg->link);
    if (!err && (PQntuples(taken) != 1 || PQgetvalue(taken, 0, 0)[0] != 't')) {
        text_add(why, pg->use == DB_ALONE ? "it is in use: stop the server first"
                                          : "it is being migrated or restored");
        err = ERR_BUSY;
    }
    PQclear(taken);
    return err;
}

static int connect_once(struct postgres *pg, int wait_ms, struct text *why)
{
    int err = link_open(&pg->link, wait_ms, why);
    if (!err)
        err = take_use(pg, why);
    if (err && pg->link.conn)
        link_close(&pg->link);
    return err;
}

// After a loss. Tries at once, then less and less often.
static int come_back(struct postgres *pg)
{
    struct text why = {0};
    if (db_now_ms() < pg->retry_at_ms)
        return ERR_IO;
    int err = connect_once(pg, CONNECT_WAIT_MS, &why);
    if (!err) {
        log_info("store", "the database is back");
        pg->db.away = false;
        pg->pause_ms = 0;
    } else {
        pg->pause_ms = pg->pause_ms ? 2 * pg->pause_ms : PAUSE_MIN_MS;
        pg->pause_ms = pg->pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : pg->pause_ms;
        pg->retry_at_ms = db_now_ms() + pg->pause_ms;
        log_warn("store", "%s is away: %s", pg->db.name.at, why.at ? why.at : "");
    }
    text_dispose(&why);
    return err ? ERR_IO : 0;
}

static char *script_of(const char *sql)
{
    struct text t = {0};
    const char *found;
    text_add(&t, "SET LOCAL statement_timeout = 0; ");
    while ((found = strstr(sql, " TEXT "))) {
        text_add_bytes(&t, (struct bytes){(const uint8_t *)sql, (size_t)(found - sql)});
        text_add(&t, " TEXT COLLATE \"C\" ");
        sql = found + strlen(" TEXT ");
    }
    text_add(&t, sql);
    return text_take(&t);
}

static int postgres_execute(struct db *db, const char *sql)
{
    struct postgres *pg = postgres_of(db);
    int err = postgres_land(pg);
    if (err)
        return err;
    char *script = script_of(sql);
    err = link_script(&pg->link, script);
    mem_free(script);
    if (!pg->link.conn)
        go_away(pg);
    return err;
}

// --- Transactions ---

static int postgres_begin(struct db *db, enum db_purpose purpose)
{
    struct postgres *pg = postgres_of(db);
    // A connection that was lost while nobody used it costs nobody anything.
    if (!link_is_alive(&pg->link)) {
        go_away(pg);
        if (come_back(pg) != 0)
            return ERR_IO;
    }
    postgres_clear(&pg->xid);
    pg->purpose = purpose;
    pg->in_transaction = purpose != DB_READ;
    pg->wrote = pg->job_wrote = pg->later = false;
    pg->begin_err = pg->job_err = 0;
    if (purpose == DB_SNAPSHOT)
        link_send(&pg->link, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (purpose == DB_WRITE) {
        link_send(&pg->link, "BEGIN");
        link_ask(&pg->link, "SELECT pg_current_xact_id(), pg_advisory_xact_lock" WRITE_LOCK,
                 &pg->xid);
    }
    return 0;
}

static int postgres_open_job(struct db *db)
{
    struct postgres *pg = postgres_of(db);
    pg->job_wrote = false;
    pg->job_err = 0;
    if (!pg->begin_err)
        link_send(&pg->link, "SAVEPOINT job");
    return pg->begin_err;
}

static int postgres_close_job(struct db *db, bool keep)
{
    struct postgres *pg = postgres_of(db);
    int err = pg->job_err;
    if (pg->later && !err)
        err = postgres_land(pg);
    if (pg->begin_err || !pg->link.conn)
        return pg->begin_err ? pg->begin_err : ERR_IO;
    if (!err && keep && link_has_failed(&pg->link))
        err = ERR_IO; // the job was content with a statement that failed
    if (err || !keep)
        link_send(&pg->link, "ROLLBACK TO job");
    link_send(&pg->link, "RELEASE job");
    return err;
}

// What the server has not been told it does not do; a transaction that could not begin is over
// with its commit.
static bool postgres_is_lost(struct db *db)
{
    return !postgres_of(db)->link.conn;
}

static void postgres_roll_back(struct db *db)
{
    struct postgres *pg = postgres_of(db);
    if (pg->link.conn && pg->in_transaction) {
        postgres_land(pg); // what is queued may fail, and would take this with it
        if (pg->link.conn)
            link_send(&pg->link, "ROLLBACK");
        postgres_land(pg);
    }
    pg->in_transaction = false;
}

// What became of a transaction whose commit was sent and never answered: PostgreSQL knows, once
// it is back. Returns 0 when it was committed.
static int settle_commit(struct postgres *pg)
{
    char sql[96];
    int64_t deadline_ms = db_now_ms() + SETTLE_MS;
    snprintf(sql, sizeof sql, "SELECT pg_xact_status('%.20s')", PQgetvalue(pg->xid, 0, 0));
    while (db_now_ms() < deadline_ms) {
        PGresult *status = NULL;
        char word[16] = "";
        pg->retry_at_ms = 0;
        if (pg->link.conn || come_back(pg) == 0) {
            link_ask(&pg->link, sql, &status);
            if (postgres_land(pg) == 0 && PQntuples(status) == 1)
                snprintf(word, sizeof word, "%s", PQgetvalue(status, 0, 0));
            PQclear(status);
        }
        if (strcmp(word, "committed") == 0)
            return 0;
        if (strcmp(word, "aborted") == 0)
            return ERR_IO;
        poll(NULL, 0, SETTLE_PAUSE_MS);
    }
    log_error("store",
              "the connection was lost during a commit: whether transaction %.20s was "
              "committed is not known",
              PQgetvalue(pg->xid, 0, 0));
    return ERR_IO;
}

static int postgres_commit(struct db *db)
{
    struct postgres *pg = postgres_of(db);
    if (!pg->in_transaction)
        return 0;
    if (pg->begin_err) {
        postgres_roll_back(db);
        return pg->begin_err;
    }
    link_commit(&pg->link);
    int err = postgres_land(pg);
    pg->in_transaction = false;
    if (err && !pg->link.conn && pg->wrote && pg->xid)
        return settle_commit(pg);
    if (err && pg->link.conn && link_has_failed(&pg->link)) {
        link_send(&pg->link, "ROLLBACK");
        postgres_land(pg);
    }
    return err;
}

// A statement is given up there before it is given up here.
static void postgres_give_time(struct db *db, int budget_ms)
{
    struct postgres *pg = postgres_of(db);
    pg->link.statement_ms = budget_ms;
    link_set_time(&pg->link);
    postgres_land(pg);
}

// --- Tending ---

static int postgres_fd(struct db *db)
{
    return postgres_of(db)->link.conn ? PQsocket(postgres_of(db)->link.conn) : -1;
}

static void postgres_tend(struct db *db)
{
    struct postgres *pg = postgres_of(db);
    if (!link_is_alive(&pg->link)) {
        go_away(pg);
        come_back(pg);
    }
}

// --- Opening ---

static int postgres_open(struct db **db, const char *location, enum db_use use)
{
    struct postgres *pg = mem_alloc(sizeof *pg);
    struct text why = {0};
    *db = &pg->db;
    pg->db.backend = &db_postgres;
    pg->location = mem_text(location);
    pg->use = use;
    pg->link.location = pg->location;
    pg->link.patience_ms = use == DB_SHARED || use == DB_SERVED || use == DB_BESIDE
                               ? PATIENCE_MS
                               : PATIENCE_COPY_MS;
    db_show_location(location, &pg->db.name);
    if (!db_is_location(location)) {
        log_error("store", "the URL of the database is malformed");
        return ERR_IO;
    }
    int err = connect_once(pg, OPEN_WAIT_MS, &why);
    if (err)
        log_error("store", "%s: %s", pg->db.name.at, why.at ? why.at : "cannot be used");
    text_dispose(&why);
    return err;
}

static void postgres_close(struct db *db)
{
    struct postgres *pg = postgres_of(db);
    postgres_clear(&pg->xid);
    // The server would free it in a while: whoever comes next need not wait for that.
    if (pg->link.conn && !db_only_reads(pg->use)) {
        link_send(&pg->link, "SELECT pg_advisory_unlock_all()");
        link_land(&pg->link);
    }
    if (pg->link.conn)
        link_close(&pg->link);
    text_dispose(&db->name);
    mem_wipe(pg->location, strlen(pg->location));
    mem_free(pg->location);
    mem_free(pg);
}

const struct db_backend db_postgres = {
    .query_size = sizeof(struct postgres_query),
    .owns = postgres_owns,
    .open = postgres_open,
    .close = postgres_close,
    .prepare = postgres_prepare,
    .bind_text = postgres_bind_text,
    .bind_int = postgres_bind_int,
    .step = postgres_step,
    .run_later = postgres_run_later,
    .columns = postgres_columns,
    .is_int = postgres_is_int,
    .text = postgres_text,
    .integer = postgres_integer,
    .reset = postgres_reset,
    .discard = postgres_discard,
    .execute = postgres_execute,
    .begin = postgres_begin,
    .open_job = postgres_open_job,
    .close_job = postgres_close_job,
    .is_lost = postgres_is_lost,
    .commit = postgres_commit,
    .roll_back = postgres_roll_back,
    .give_time = postgres_give_time,
    .fd = postgres_fd,
    .tend = postgres_tend,
};
