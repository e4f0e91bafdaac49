// A database connection: prepare, bind, step. SQL is written once for every back end: the
// parameters are $1, $2, ... and nothing but the common dialect is used.
//
//     struct db_query *q = db_prepare(db, "SELECT name FROM rooms WHERE id = $1");
//     db_bind_text(q, 1, id);
//     int err = db_step(q); // DB_ROW, DB_DONE or ERR_*
//     if (err == DB_ROW)
//         name = mem_text(db_text(q, 0));
//     db_finish(q);
//
// One connection belongs to one thread. Failures: ERR_EXISTS for a unique index, ERR_REFUSED
// for another rule of the schema, ERR_FULL when the disk is full (heals by itself),
// ERR_WRONG_STATE for a write after a commit failed (SQLite: the storage is read-only until a
// restart, what the disk holds is unknown then, and an fsync is never repeated), ERR_BUSY after
// 5 s behind another writer, ERR_TOO_LONG for what takes more than its time, ERR_IO for the
// rest, which is logged: also while a server of databases is away, which heals by itself.
//
// A statement that fails leaves nothing of itself and everything of its transaction.
#pragma once

#include "base/text.h"
#include "store/db_use.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_query;

enum { DB_DONE = 0, DB_ROW = 1, DB_BATCH_MAX = 256 };

// Opens a database: a file's path (SQLite) or an URL (PostgreSQL). Returns 0, or ERR_IO when it
// cannot be opened, ERR_MALFORMED when it is damaged, ERR_UNSUPPORTED when its schema is newer
// than this program, or the server of databases unfit. What to tell the operator is logged as
// an error.
int db_open(struct db **db, const char *location);
int db_open_as(struct db **db, const char *location, enum db_use use);
// A new SQLite file with a schema of the past, for copies of a database that has it.
int db_create(struct db **db, const char *path, int64_t schema);
void db_close(struct db *db);

// Adds what may be shown of a location: an URL has no password then.
void db_show_location(const char *location, struct text *out);
bool db_is_url(const char *location); // of a server of databases, not of a file
// Whether the location can be understood: an URL may be malformed.
bool db_is_location(const char *location);

// From now on each job that only reads may take so long, then its statement fails with
// ERR_TOO_LONG. 0, as at first: as long as it wants. Beside others it is STORE_BUDGET_MS.
void db_give_time(struct db *db, int budget_ms);

// A file is checked when it is opened, unless a server closed it in order and nobody touched it
// since. What was opened by a server may be unchecked: db_check() does it beside the work, over
// a connection of its own, and db_mark_checked() says that it was good. ERR_MALFORMED: it is
// damaged, which is logged; ERR_BUSY: `is_over` became true.
bool db_is_unchecked(const struct db *db);
int db_check(const char *location, const atomic_bool *is_over);
void db_mark_checked(struct db *db);

int db_schema(struct db *db, int64_t *version); // ERR_MALFORMED: not a database of ours

// A cached statement, reset. One that does not prepare fails at
// db_step().
struct db_query *db_prepare(struct db *db, const char *sql);
void db_bind_text(struct db_query *q, int at, const char *value); // copied; NULL binds NULL
void db_bind_int(struct db_query *q, int at, int64_t value);
int db_step(struct db_query *q);
const char *db_text(struct db_query *q, int column); // until the next step; "" for NULL
int64_t db_int(struct db_query *q, int column);      // 0 for NULL
void db_finish(struct db_query *q);
int db_columns(struct db_query *q);             // of the row that was stepped to
bool db_is_int(struct db_query *q, int column); // else it is a text
// Steps a statement without rows to its end and finishes it: 0 or ERR_*.
int db_run(struct db_query *q);
// The same for a statement of a job which the job cannot do without: several of them need not
// wait for each other. What goes wrong is told by a later statement, or fails the job.
int db_run_later(struct db_query *q);
// The one number of its one row, and finishes it: 0, ERR_NOT_FOUND without a row, or ERR_*.
int db_run_int(struct db_query *q, int64_t *value);

// False after a commit failed, while the disk is full, and while the database is away or
// another program lets nobody write: for GET /ready.
bool db_is_writable(struct db *db);

// Whether the storage is in a state that may pass: the disk is full, the database away or held
// by another program. When nobody writes, nobody would learn that it has passed, so db_tend()
// tries.
bool db_may_heal(struct db *db);
void db_tend(struct db *db);
int db_fd(struct db *db); // when it is readable, db_tend() is due; -1: there is none

// One piece of work of a store thread. `run` returns 0 to keep what it wrote, or ERR_* to
// have it undone; it never waits for anything but the database.
struct db_job {
    int (*run)(struct db_job *job, struct db *db);
    // Needs no transaction; what it would write fails with ERR_WRONG_STATE. It is run again
    // when it may have seen what was not committed in the end.
    bool only_reads;
    int err; // after db_run_jobs(): 0, what `run` returned, or why nothing was committed
};

// Group commit: runs all jobs in one transaction, in which nobody else writes, each in a
// savepoint of its own, and commits once. Only after it returned may anyone be told. When the
// commit fails, every job that wrote, and every one behind it that might have, gets ERR_FULL,
// ERR_WRONG_STATE or ERR_IO; those which only read see what is there without it. A commit whose
// outcome is unknown, as the connection was lost, is never repeated: the database is asked what
// became of it, and when it cannot be, those who wrote get ERR_IO.
void db_run_jobs(struct db *db, struct db_job *const *jobs, size_t count);

// For copies: all that is read from here on is of one moment, until db_end().
int db_begin_snapshot(struct db *db);
void db_end(struct db *db);
