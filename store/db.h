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
// One connection belongs to one thread. Failures: ERR_EXISTS for a unique index, ERR_FULL when
// the disk is full (heals by itself), ERR_WRONG_STATE for a write after a commit failed (the
// storage is read-only until a restart: what the disk holds is unknown then, and an fsync is
// never repeated), ERR_BUSY after 5 s behind another writer, ERR_IO for the rest, which is
// logged.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_query;

enum { DB_DONE = 0, DB_ROW = 1, DB_BATCH_MAX = 256 };

// Opens (or creates) the database file, checks it, and brings its schema up to date. Returns 0,
// or ERR_IO when it cannot be opened, ERR_MALFORMED when it is damaged, ERR_UNSUPPORTED when
// its schema is newer than this program. What to tell the operator is logged as an error.
int db_open(struct db **db, const char *path);
void db_close(struct db *db);

// A cached statement, reset. `sql` is a literal. One that does not prepare fails at db_step().
struct db_query *db_prepare(struct db *db, const char *sql);
void db_bind_text(struct db_query *q, int at, const char *value); // copied; NULL binds NULL
void db_bind_int(struct db_query *q, int at, int64_t value);
int db_step(struct db_query *q);
const char *db_text(struct db_query *q, int column); // until the next step; "" for NULL
int64_t db_int(struct db_query *q, int column);      // 0 for NULL
void db_finish(struct db_query *q);
// Steps a statement without rows to its end and finishes it: 0 or ERR_*.
int db_run(struct db_query *q);

// False after a commit failed, and while the disk is full: for GET /ready.
bool db_is_writable(struct db *db);

// Whether the last write found no space, and a write that tries again: when nobody writes,
// nobody would learn that there is space again.
bool db_is_full(struct db *db);
void db_try_space(struct db *db);

// One piece of work of the store thread. `run` returns 0 to keep what it wrote, or ERR_* to
// have it undone; it never waits for anything but the database.
struct db_job {
    int (*run)(struct db_job *job, struct db *db);
    int err; // after db_run_jobs(): 0, what `run` returned, or why nothing was committed
};

// Group commit: runs all jobs in one transaction, each in a savepoint of its own, and commits
// once. Only after it returned may anyone be told. When the commit fails, every job that wrote
// gets ERR_FULL, ERR_WRONG_STATE or ERR_IO; those which only read keep their answer.
void db_run_jobs(struct db *db, struct db_job *const *jobs, size_t count);
