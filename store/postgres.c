// db.h on PostgreSQL, over libpq.
//
// What opens and ends transactions and savepoints travels with the statements around it
// (store/postgres_link.h), so a job costs a round trip for each of its statements, and a batch
// one more for its commit.

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/db.h"
#include "store/postgres_link.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_WAIT_MS = 2000,
    SETTLE_MS = 3000, // how long the outcome of a commit is asked for
    SETTLE_PAUSE_MS = 50,
    PAUSE_MIN_MS = 100, // between two tries to connect
    PAUSE_MAX_MS = 2000,
    PATIENCE_MS = 6000, // a request is answered within 10 s
    PATIENCE_COPY_MS = 10 * 60 * 1000,
    XID_LEN_MAX = 24,
};

// pg_type.h, which only servers have.
enum { BIGINT = 20, INTEGER = 23, TEXT = 25 };

struct postgres_query {
    struct db_query q; // first
    char name[16];     // on the server
    int count;         // of the parameters
    Oid types[DB_PARAMETERS_MAX];
    const char *values[DB_PARAMETERS_MAX]; // the text of each, or NULL
    char *texts[DB_PARAMETERS_MAX];        // ours
    uint32_t prepared;                     // on the connection of this generation
    uint64_t prepared_in;                  // the flight in which that is asked for
    bool started;
    PGresult *result; // NULL: it has no rows
    int row;
};

struct postgres {
    struct db db; // first
    struct link link;
    char *location;
    enum db_use use;
    unsigned last_name;
    int64_t retry_at_ms;
    int pause_ms;

    bool in_transaction;
    enum db_purpose purpose;
    PGresult *xid; // one row: its number; NULL until it has begun
    int begin_err; // why it did not
    bool wrote;    // some job did
    bool job_wrote;
    int job_err; // why there is nothing to be done with the job but to undo it
    bool later;  // statements that nobody has waited for are queued
};

// One for those who write, one for those who have it open. Schemas do not disturb each other.
#define LOCK_OF(number) "(" #number ", hashtext(current_schema()))"
#define WRITE_LOCK LOCK_OF(1886544497)
#define USE_LOCK LOCK_OF(1886544498)

static struct postgres *postgres_of(struct db *db)
{
    return (struct postgres *)db;
}

static struct postgres_query *own(struct db_query *q)
{
    return (struct postgres_query *)q;
}

static void clear(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

// --- The connection ---

static void go_away(struct postgres *pg)
{
    if (!pg->db.away)
        pg->retry_at_ms = 0;
    pg->db.away = true;
}

// Lands the flight, and keeps in mind what it means for the transaction.
static int land_parts(struct postgres *pg)
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
    if (pg->use == DB_AS_IS || pg->use == DB_BESIDE)
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

static int connect_once(struct postgres *pg, struct text *why)
{
    int err = link_open(&pg->link, CONNECT_WAIT_MS, why);
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
    int err = connect_once(pg, &why);
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

// --- Statements ---

static void postgres_prepare(struct db_query *q)
{
    snprintf(own(q)->name, sizeof own(q)->name, "q%u", ++postgres_of(q->db)->last_name);
}

static void bind(struct postgres_query *q, int at, Oid type, char *text)
{
    // The types are a part of what is prepared.
    assert(!q->types[at - 1] || q->types[at - 1] == type);
    q->types[at - 1] = type;
    q->texts[at - 1] = text;
    q->values[at - 1] = text;
    q->count = q->count > at ? q->count : at;
}

static void postgres_bind_text(struct db_query *q, int at, const char *value)
{
    bind(own(q), at, TEXT, mem_text(value));
}

static void postgres_bind_int(struct db_query *q, int at, int64_t value)
{
    char *text = mem_alloc(XID_LEN_MAX);
    snprintf(text, XID_LEN_MAX, "%" PRId64, value);
    bind(own(q), at, BIGINT, text);
}

static void queue(struct postgres *pg, struct postgres_query *q, PGresult **keep)
{
    struct link *link = &pg->link;
    bool known = q->prepared == link->generation ||
                 (q->prepared_in == link->flight + 1 && link->part_count > 0);
    if (!known) {
        link_prepare(link, q->name, q->q.sql, q->count, q->types, &q->prepared);
        q->prepared_in = link->flight + 1;
    }
    link_execute(link, q->name, q->count, q->values, keep);
}

static bool is_writing(const struct postgres *pg)
{
    return pg->in_transaction && pg->purpose == DB_WRITE;
}

// A statement failed. What it did is undone, when there is something to go back to.
static void recover(struct postgres *pg, int err, bool guarded, bool after_later)
{
    if (!is_writing(pg) || pg->begin_err || !link_has_failed(&pg->link))
        return;
    if (!pg->link.conn || after_later || (pg->job_wrote && !guarded)) {
        pg->job_err = err;
    } else if (guarded) {
        link_send(&pg->link, "ROLLBACK TO statement");
        link_send(&pg->link, "RELEASE statement");
    } else {
        link_send(&pg->link, "ROLLBACK TO job");
    }
}

// Why no statement can be sent now, or 0.
static int check_transaction(const struct postgres *pg)
{
    if (!pg->link.conn)
        return ERR_IO;
    if (!is_writing(pg))
        return 0;
    return pg->begin_err ? pg->begin_err : pg->job_err;
}

static int start(struct postgres *pg, struct postgres_query *q)
{
    int err = check_transaction(pg);
    if (err)
        return err;
    // Going back to the beginning of the job is as good while it has written nothing.
    bool guarded = is_writing(pg) && q->q.writes && pg->job_wrote;
    bool after_later = pg->later;
    if (guarded)
        link_send(&pg->link, "SAVEPOINT statement");
    queue(pg, q, &q->result);
    err = land_parts(pg);
    if (err) {
        recover(pg, err, guarded, after_later);
        return err;
    }
    if (guarded)
        link_send(&pg->link, "RELEASE statement");
    pg->job_wrote |= q->q.writes;
    pg->wrote |= q->q.writes;
    q->started = true;
    q->row = -1;
    return 0;
}

static int postgres_step(struct db_query *q)
{
    struct postgres_query *p = own(q);
    int err = p->started ? 0 : start(postgres_of(q->db), p);
    if (err)
        return err;
    p->row++;
    return p->result && p->row < PQntuples(p->result) ? DB_ROW : DB_DONE;
}

static int postgres_run_later(struct db_query *q)
{
    struct postgres *pg = postgres_of(q->db);
    int err = check_transaction(pg);
    if (err || !is_writing(pg))
        return err ? err : postgres_step(q);
    queue(pg, own(q), NULL);
    pg->later = pg->job_wrote = pg->wrote = true;
    return 0;
}

static int postgres_columns(struct db_query *q)
{
    return PQnfields(own(q)->result);
}

static bool postgres_is_int(struct db_query *q, int column)
{
    Oid type = PQftype(own(q)->result, column);
    return type == BIGINT || type == INTEGER;
}

static const char *postgres_text(struct db_query *q, int column)
{
    return PQgetvalue(own(q)->result, own(q)->row, column);
}

static int64_t postgres_integer(struct db_query *q, int column)
{
    return strtoll(postgres_text(q, column), NULL, 10);
}

static bool postgres_reset(struct db_query *q)
{
    struct postgres_query *p = own(q);
    for (int i = 0; i < p->count; i++) {
        mem_free(p->texts[i]);
        p->texts[i] = NULL;
        p->values[i] = NULL;
    }
    clear(&p->result);
    p->started = false;
    return true;
}

static void postgres_discard(struct db_query *q)
{
    postgres_reset(q);
    mem_free(q);
}

// Texts are compared as octets, as in SQLite, whatever the database's own order is. An index on
// a large table takes its time.
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
    int err = land_parts(pg);
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
    clear(&pg->xid);
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
        err = land_parts(pg);
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
        land_parts(pg); // what is queued may fail, and would take this with it
        if (pg->link.conn)
            link_send(&pg->link, "ROLLBACK");
        land_parts(pg);
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
            if (land_parts(pg) == 0 && PQntuples(status) == 1)
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
    int err = land_parts(pg);
    pg->in_transaction = false;
    if (err && !pg->link.conn && pg->wrote && pg->xid)
        return settle_commit(pg);
    if (err && pg->link.conn && link_has_failed(&pg->link)) {
        link_send(&pg->link, "ROLLBACK");
        land_parts(pg);
    }
    return err;
}

// A statement is given up there before it is given up here.
static void postgres_give_time(struct db *db, int budget_ms)
{
    struct postgres *pg = postgres_of(db);
    pg->link.statement_ms = budget_ms;
    link_set_time(&pg->link);
    land_parts(pg);
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

static bool postgres_owns(const char *location)
{
    return strncmp(location, "postgres://", 11) == 0 ||
           strncmp(location, "postgresql://", 13) == 0;
}

static const char *option(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword; options++) {
        if (strcmp(options->keyword, name) == 0)
            return options->val ? options->val : "";
    }
    return "";
}

// What libpq says about an URL may quote a part of the password.
void db_show_location(const char *location, struct text *out)
{
    if (!postgres_owns(location)) {
        text_add(out, location);
        return;
    }
    text_add(out, "postgresql://");
    PQconninfoOption *options = PQconninfoParse(location, NULL);
    if (!options)
        return;
    if (option(options, "user")[0])
        text_addf(out, "%s@", option(options, "user"));
    text_add(out, option(options, "host"));
    if (option(options, "port")[0])
        text_addf(out, ":%s", option(options, "port"));
    text_addf(out, "/%s", option(options, "dbname"));
    PQconninfoFree(options);
}

bool db_is_location(const char *location)
{
    if (!postgres_owns(location))
        return true;
    PQconninfoOption *options = PQconninfoParse(location, NULL);
    PQconninfoFree(options);
    return options;
}

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
    int err = connect_once(pg, &why);
    if (err)
        log_error("store", "%s: %s", pg->db.name.at, why.at ? why.at : "cannot be used");
    text_dispose(&why);
    return err;
}

static void postgres_close(struct db *db)
{
    struct postgres *pg = postgres_of(db);
    clear(&pg->xid);
    // The server would free it in a while: whoever comes next need not wait for that.
    if (pg->link.conn && pg->use != DB_AS_IS && pg->use != DB_BESIDE) {
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
