// db.h on SQLite 3.

#include "store/db.h"

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/schema.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { BUSY_TIMEOUT_MS = 5000, PARAMETERS_MAX = 20 };

struct db_query {
    struct db *db;
    const char *sql;
    sqlite3_stmt *statement;
    int positions[PARAMETERS_MAX + 1]; // of $1, $2, ...: to SQLite these are names, which it
                                       // numbers in the order of their first use
    bool in_use;
};

struct db {
    sqlite3 *handle;
    struct map queries; // by their SQL
    bool read_only;     // a commit failed: what the disk holds is not known any more
    bool full;          // the last write found no space
};

static int err_of(struct db *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return DB_DONE;
    case SQLITE_ROW:
        return DB_ROW;
    case SQLITE_FULL:
        if (!db->full)
            log_error("store", "the disk is full: writes are refused until there is space");
        db->full = true;
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_READONLY:
        return ERR_WRONG_STATE;
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
            return ERR_EXISTS;
        return ERR_REFUSED;
    default:
        log_error("store", "database: %s (%d)", sqlite3_errmsg(db->handle), code);
        return ERR_IO;
    }
}

static void find_parameters(struct db_query *q)
{
    int count = sqlite3_bind_parameter_count(q->statement);
    assert(count <= PARAMETERS_MAX);
    for (int i = 1; i <= count; i++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", i);
        q->positions[i] = sqlite3_bind_parameter_index(q->statement, name);
    }
}

struct db_query *db_prepare(struct db *db, const char *sql)
{
    struct db_query *q = map_get(&db->queries, bytes_of(sql));
    if (!q) {
        q = mem_alloc(sizeof *q);
        *q = (struct db_query){.db = db, .sql = sql};
        int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &q->statement, NULL);
        if (code != SQLITE_OK)
            err_of(db, code); // logs; the steps return ERR_IO
        find_parameters(q);
        map_put(&db->queries, bytes_of(sql), q);
    }
    assert(!q->in_use);
    q->in_use = true;
    return q;
}

void db_bind_text(struct db_query *q, int at, const char *value)
{
    assert(at > 0 && at <= PARAMETERS_MAX);
    if (value)
        sqlite3_bind_text(q->statement, q->positions[at], value, -1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(q->statement, q->positions[at]);
}

void db_bind_int(struct db_query *q, int at, int64_t value)
{
    assert(at > 0 && at <= PARAMETERS_MAX);
    sqlite3_bind_int64(q->statement, q->positions[at], value);
}

int db_step(struct db_query *q)
{
    if (!q->statement)
        return ERR_IO;
    if (q->db->read_only && !sqlite3_stmt_readonly(q->statement))
        return ERR_WRONG_STATE;
    return err_of(q->db, sqlite3_step(q->statement));
}

const char *db_text(struct db_query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q->statement, column);
    return text ? (const char *)text : "";
}

int64_t db_int(struct db_query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

// A statement that could not be prepared (the schema was damaged under us) is forgotten, so
// that it is tried again.
void db_finish(struct db_query *q)
{
    q->in_use = false;
    if (q->statement) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
        return;
    }
    map_remove(&q->db->queries, bytes_of(q->sql));
    mem_free(q);
}

int db_run(struct db_query *q)
{
    int err;
    do {
        err = db_step(q);
    } while (err == DB_ROW);
    db_finish(q);
    return err;
}

bool db_is_writable(struct db *db)
{
    return !db->read_only && !db->full;
}

static int execute(struct db *db, const char *sql)
{
    return err_of(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

// Runs one job in a savepoint. Sets `wrote` when it left changes in the transaction.
static void run_job(struct db *db, struct db_job *job, bool *wrote)
{
    int64_t before = sqlite3_total_changes64(db->handle);
    job->err = execute(db, "SAVEPOINT job");
    if (job->err)
        return;
    job->err = job->run(job, db);
    if (sqlite3_get_autocommit(db->handle))
        return; // a full disk or a failed read made SQLite undo the whole transaction
    if (job->err)
        execute(db, "ROLLBACK TO job");
    execute(db, "RELEASE job");
    *wrote = !job->err && sqlite3_total_changes64(db->handle) != before;
}

// Ends the transaction and tells those who wrote in it when it came to nothing.
static void commit(struct db *db, struct db_job *const *jobs, const bool *wrote, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= wrote[i];

    int err = ERR_IO;
    if (!sqlite3_get_autocommit(db->handle)) {
        err = execute(db, "COMMIT");
        if (err)
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    if (!any)
        return;
    if (!err) {
        db->full = false;
        return;
    }
    if (err == ERR_IO && !db->read_only) {
        log_error("store", "a commit failed: the storage is read-only until a restart");
        db->read_only = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (wrote[i])
            jobs[i]->err = err;
    }
}

// One transaction of at most DB_BATCH_MAX jobs. Returns how many were done: fewer when the
// transaction ended early, and the others want a new one.
static size_t run_batch(struct db *db, struct db_job *const *jobs, size_t count)
{
    bool wrote[DB_BATCH_MAX] = {false};
    // Taking the write lock at once means that no job fails half-way for want of it. Readers of
    // other connections are not stopped by it.
    int err = execute(db, db->read_only ? "BEGIN" : "BEGIN IMMEDIATE");
    if (err) {
        for (size_t i = 0; i < count; i++)
            jobs[i]->err = err;
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        run_job(db, jobs[i], &wrote[i]);
        if (!sqlite3_get_autocommit(db->handle))
            continue;
        wrote[i] = !jobs[i]->err;
        for (size_t lost = 0; lost <= i; lost++) {
            if (wrote[lost])
                jobs[lost]->err = db->full ? ERR_FULL : ERR_IO;
        }
        return i + 1;
    }
    commit(db, jobs, wrote, count);
    return count;
}

void db_run_jobs(struct db *db, struct db_job *const *jobs, size_t count)
{
    while (count) {
        size_t done = run_batch(db, jobs, count < DB_BATCH_MAX ? count : DB_BATCH_MAX);
        jobs += done;
        count -= done;
    }
}

bool db_is_full(struct db *db)
{
    return db->full;
}

static int write_nothing(struct db_job *job, struct db *db)
{
    (void)job;
    return db_run(db_prepare(db, "UPDATE schema_version SET version = version"));
}

void db_try_space(struct db *db)
{
    struct db_job job = {.run = write_nothing};
    db_run_jobs(db, (struct db_job *[]){&job}, 1);
    if (!db->full)
        log_info("store", "there is space on the disk again");
}

static int pragma_text(struct db *db, const char *sql, const char *expected, const char *path)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int err = 0;
    if (code != SQLITE_ROW) {
        log_error("store", "%s: %s", path, sqlite3_errmsg(db->handle));
        bool damaged = (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
        err = damaged ? ERR_MALFORMED : ERR_IO;
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), expected) != 0) {
        struct text finding = {0};
        text_add_escaped(&finding, bytes_of((const char *)sqlite3_column_text(statement, 0)));
        log_error("store", "%s: %s says: %s", path, sql, finding.at);
        text_dispose(&finding);
        err = ERR_MALFORMED;
    }
    sqlite3_finalize(statement);
    return err;
}

static int configure(struct db *db, const char *path)
{
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    int err = pragma_text(db, "PRAGMA quick_check", "ok", path);
    if (!err)
        err = pragma_text(db, "PRAGMA journal_mode = WAL", "wal", path);
    if (err == ERR_MALFORMED)
        log_error("store",
                  "%s is damaged. To restore: stop every parlor that uses it, move it and its "
                  "-wal and -shm files away, copy the last backup to %s, start again",
                  path, path);
    if (!err)
        err = execute(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    return err;
}

static int schema_version(struct db *db, int64_t *version)
{
    int err =
        execute(db, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
    if (err)
        return err;
    struct db_query *q = db_prepare(db, "SELECT COALESCE(MAX(version), 0) FROM schema_version");
    err = db_step(q);
    if (err == DB_ROW)
        *version = db_int(q, 0);
    db_finish(q);
    return err == DB_ROW ? 0 : err;
}

static int migrate_inside(struct db *db, const char *path)
{
    int64_t version;
    int err = schema_version(db, &version);
    if (err)
        return err;
    if (version > (int64_t)store_migration_count) {
        log_error("store", "%s has schema %lld and this program knows %zu: use a newer parlor",
                  path, (long long)version, store_migration_count);
        return ERR_UNSUPPORTED;
    }
    for (size_t i = (size_t)version; !err && i < store_migration_count; i++) {
        err = execute(db, store_migrations[i]);
        if (err)
            return err;
        struct db_query *q = db_prepare(db, "INSERT INTO schema_version (version) VALUES ($1)");
        db_bind_int(q, 1, (int64_t)i + 1);
        err = db_run(q);
    }
    return err;
}

static int migrate(struct db *db, const char *path)
{
    int err = execute(db, "BEGIN IMMEDIATE");
    if (err)
        return err;
    err = migrate_inside(db, path);
    if (!err)
        err = execute(db, "COMMIT");
    if (err)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

int db_open(struct db **db, const char *path)
{
    struct db *opened = mem_alloc(sizeof *opened);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE;
    int err = 0;
    if (sqlite3_open_v2(path, &opened->handle, flags, NULL) != SQLITE_OK) {
        log_error("store", "%s: %s", path, sqlite3_errmsg(opened->handle));
        err = ERR_IO;
    }
    if (!err)
        err = configure(opened, path);
    if (!err)
        err = migrate(opened, path);
    if (err) {
        db_close(opened);
        return err;
    }
    *db = opened;
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    size_t at = 0;
    struct db_query *q;
    while ((q = map_next(&db->queries, &at))) {
        sqlite3_finalize(q->statement);
        mem_free(q);
    }
    map_dispose(&db->queries);
    sqlite3_close(db->handle);
    mem_free(db);
}
