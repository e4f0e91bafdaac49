// db.h on SQLite 3.

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/db.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum {
    BUSY_TIMEOUT_MS = 5000,
    BUSY_TIMEOUT_ALONE_MS = 200,
    STEPS_BETWEEN_LOOKS = 10000, // of SQLite's machine, some 100 us
};

struct sqlite_query {
    struct db_query q; // first
    sqlite3_stmt *statement;
    int positions[DB_PARAMETERS_MAX + 1]; // of $1, $2, ...: to SQLite these are names, which it
                                          // numbers in the order of their first use
};

struct sqlite {
    struct db db; // first
    sqlite3 *handle;
};

static struct sqlite *of(struct db *db)
{
    return (struct sqlite *)db;
}

static sqlite3_stmt *statement_of(struct db_query *q)
{
    return ((struct sqlite_query *)q)->statement;
}

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
    case SQLITE_INTERRUPT:
        return ERR_TOO_LONG;
    case SQLITE_READONLY:
        return ERR_WRONG_STATE;
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
            return ERR_EXISTS;
        return ERR_REFUSED;
    default:
        log_error("store", "database: %s (%d)", sqlite3_errmsg(of(db)->handle), code);
        return ERR_IO;
    }
}

// --- Statements ---

static void sqlite_prepare(struct db_query *q)
{
    struct sqlite_query *own = (struct sqlite_query *)q;
    int code = sqlite3_prepare_v3(of(q->db)->handle, q->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &own->statement, NULL);
    if (code != SQLITE_OK)
        err_of(q->db, code); // logs; the steps return ERR_IO
    int count = sqlite3_bind_parameter_count(own->statement);
    assert(count <= DB_PARAMETERS_MAX);
    for (int i = 1; i <= count; i++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", i);
        own->positions[i] = sqlite3_bind_parameter_index(own->statement, name);
    }
}

static void sqlite_bind_text(struct db_query *q, int at, const char *value)
{
    int position = ((struct sqlite_query *)q)->positions[at];
    if (value)
        sqlite3_bind_text(statement_of(q), position, value, -1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(statement_of(q), position);
}

static void sqlite_bind_int(struct db_query *q, int at, int64_t value)
{
    sqlite3_bind_int64(statement_of(q), ((struct sqlite_query *)q)->positions[at], value);
}

static int sqlite_step(struct db_query *q)
{
    if (!statement_of(q))
        return ERR_IO;
    int err = err_of(q->db, sqlite3_step(statement_of(q)));
    q->db->changes = (uint64_t)sqlite3_total_changes64(of(q->db)->handle);
    return err;
}

// Nothing is waited for in between anyway.
static int sqlite_run_later(struct db_query *q)
{
    int err;
    do {
        err = sqlite_step(q);
    } while (err == DB_ROW);
    return err;
}

static int sqlite_columns(struct db_query *q)
{
    return sqlite3_column_count(statement_of(q));
}

static bool sqlite_is_int(struct db_query *q, int column)
{
    return sqlite3_column_type(statement_of(q), column) == SQLITE_INTEGER;
}

static const char *sqlite_text(struct db_query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(statement_of(q), column);
    return text ? (const char *)text : "";
}

static int64_t sqlite_integer(struct db_query *q, int column)
{
    return sqlite3_column_int64(statement_of(q), column);
}

static bool sqlite_reset(struct db_query *q)
{
    if (!statement_of(q))
        return false;
    sqlite3_reset(statement_of(q));
    sqlite3_clear_bindings(statement_of(q));
    return true;
}

static void sqlite_discard(struct db_query *q)
{
    sqlite3_finalize(statement_of(q));
    mem_free(q);
}

static int sqlite_execute(struct db *db, const char *sql)
{
    return err_of(db, sqlite3_exec(of(db)->handle, sql, NULL, NULL, NULL));
}

// --- Transactions ---

// Taking the write lock at once means that no job fails half-way for want of it. Readers of
// other connections are not stopped by it.
static int sqlite_begin(struct db *db, enum db_purpose purpose)
{
    return sqlite_execute(db, purpose == DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN");
}

static int sqlite_open_job(struct db *db)
{
    return sqlite_execute(db, "SAVEPOINT job");
}

static int sqlite_close_job(struct db *db, bool keep)
{
    if (!keep)
        sqlite_execute(db, "ROLLBACK TO job");
    return sqlite_execute(db, "RELEASE job");
}

// A full disk or a failed read makes SQLite undo the whole transaction.
static bool sqlite_is_lost(struct db *db)
{
    return sqlite3_get_autocommit(of(db)->handle);
}

static void sqlite_roll_back(struct db *db)
{
    if (!sqlite_is_lost(db))
        sqlite3_exec(of(db)->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int sqlite_commit(struct db *db)
{
    int err = sqlite_execute(db, "COMMIT");
    if (!err)
        return 0;
    sqlite_roll_back(db);
    if (err == ERR_IO && !db->read_only) {
        log_error("store", "a commit failed: the storage is read-only until a restart");
        db->read_only = true;
    }
    return err;
}

static int sqlite_fd(struct db *db)
{
    (void)db;
    return -1;
}

static void sqlite_tend(struct db *db)
{
    (void)db;
}

// --- Opening ---

static int report_open(const struct db *db, int code, const char *reason, enum db_use use)
{
    bool busy = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    bool damaged = (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
    if (busy && use == DB_ALONE)
        log_error("store", "%s is in use: stop the server first", db->name.at);
    else
        log_error("store", "%s: %s", db->name.at, reason);
    return busy ? ERR_BUSY : damaged ? ERR_MALFORMED : ERR_IO;
}

static int pragma_text(struct db *db, const char *sql, const char *expected, enum db_use use)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(of(db)->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int err = 0;
    if (code != SQLITE_ROW) {
        err = report_open(db, code, sqlite3_errmsg(of(db)->handle), use);
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), expected) != 0) {
        struct text finding = {0};
        text_add_escaped(&finding, bytes_of((const char *)sqlite3_column_text(statement, 0)));
        log_error("store", "%s: %s says: %s", db->name.at, sql, finding.at);
        text_dispose(&finding);
        err = ERR_MALFORMED;
    }
    sqlite3_finalize(statement);
    return err;
}

static int is_over_time(void *db)
{
    return db_is_over_time(db);
}

// The file was checked when it was opened for the first time.
static int configure_beside(struct db *db)
{
    sqlite3_busy_timeout(of(db)->handle, BUSY_TIMEOUT_MS);
    sqlite3_progress_handler(of(db)->handle, STEPS_BETWEEN_LOOKS, is_over_time, db);
    return sqlite_execute(db, "PRAGMA query_only = ON");
}

static int configure(struct db *db, enum db_use use)
{
    if (use == DB_BESIDE)
        return configure_beside(db);

    bool alone = use == DB_ALONE;
    int err = 0;
    sqlite3_busy_timeout(of(db)->handle, alone ? BUSY_TIMEOUT_ALONE_MS : BUSY_TIMEOUT_MS);
    // In effect from the first look into the file, which fails while somebody has it open.
    if (alone)
        err = pragma_text(db, "PRAGMA locking_mode = EXCLUSIVE", "exclusive", use);
    if (!err)
        err = pragma_text(db, "PRAGMA quick_check", "ok", use);
    if (!err && use != DB_AS_IS)
        err = pragma_text(db, "PRAGMA journal_mode = WAL", "wal", use);
    if (err == ERR_MALFORMED && use == DB_SHARED)
        log_error("store",
                  "%s is damaged. To restore: stop every parlor that uses it, then `parlor "
                  "restore --force FILE` with the last backup, start again",
                  db->name.at);
    if (!err)
        err = sqlite_execute(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    return err;
}

static int sqlite_open(struct db **db, const char *path, enum db_use use)
{
    struct sqlite *opened = mem_alloc(sizeof *opened);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    *db = &opened->db;
    opened->db.backend = &db_sqlite;
    text_add(&opened->db.name, path);
    if (use != DB_AS_IS && use != DB_BESIDE)
        flags |= SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &opened->handle, flags, NULL) != SQLITE_OK) {
        log_error("store", "%s: %s", path, sqlite3_errmsg(opened->handle));
        return ERR_IO;
    }
    return configure(&opened->db, use);
}

static void sqlite_close(struct db *db)
{
    sqlite3_close(of(db)->handle);
    mem_free(db);
}

// Any path that is no URL.
static bool sqlite_owns(const char *location)
{
    return !db_postgres.owns(location);
}

const struct db_backend db_sqlite = {
    .query_size = sizeof(struct sqlite_query),
    .owns = sqlite_owns,
    .open = sqlite_open,
    .close = sqlite_close,
    .prepare = sqlite_prepare,
    .bind_text = sqlite_bind_text,
    .bind_int = sqlite_bind_int,
    .step = sqlite_step,
    .run_later = sqlite_run_later,
    .columns = sqlite_columns,
    .is_int = sqlite_is_int,
    .text = sqlite_text,
    .integer = sqlite_integer,
    .reset = sqlite_reset,
    .discard = sqlite_discard,
    .execute = sqlite_execute,
    .begin = sqlite_begin,
    .open_job = sqlite_open_job,
    .close_job = sqlite_close_job,
    .is_lost = sqlite_is_lost,
    .commit = sqlite_commit,
    .roll_back = sqlite_roll_back,
    .fd = sqlite_fd,
    .tend = sqlite_tend,
};
