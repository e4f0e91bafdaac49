// What a back end of store/db.h is made of; private to the folder. store/db.c keeps what both
// have in common: the cache of statements, group commit, migrations.
#pragma once

#include "base/map.h"
#include "base/text.h"
#include "store/db_use.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DB_PARAMETERS_MAX = 40, DB_NEAR_COUNT = 64 };

// The first member of the back end's own.
struct db {
    const struct db_backend *backend;
    struct map queries;                   // by their SQL
    struct db_query *near[DB_NEAR_COUNT]; // those last used, by where their SQL stood
    uint64_t changes;                     // rows written through this connection, ever
    bool is_reading;                      // a job that only reads is at work
    bool read_only;      // beside others; or a commit failed, and who knows what the disk holds
    bool unchecked;      // whether the file is whole is not known
    bool full;           // the last write found no space
    bool away;           // the connection is lost
    bool busy;           // another program has kept writers waiting for too long
    struct text name;    // the location, without its password
    int budget_ms;       // of each job that only reads; 0: none
    int64_t deadline_ms; // of the one at work, on the monotonic clock; 0: none
};

int64_t db_now_ms(void); // of that clock
// Whether the job at work has had its time.
bool db_is_over_time(const struct db *db);

struct db_query {
    struct db *db;
    char *sql;
    bool writes; // not a SELECT
    bool in_use;
};

// What a transaction is for.
enum db_purpose {
    DB_READ,     // jobs that only read
    DB_WRITE,    // alone: whoever else writes waits
    DB_SNAPSHOT, // all that is read is of one moment
};

struct db_backend {
    size_t query_size;
    bool (*owns)(const char *location);

    // Takes the connection; db_close() follows when it fails. `name` is set by then.
    int (*open)(struct db **db, const char *location, enum db_use use);
    void (*close)(struct db *db); // frees it

    // Looks at all of a file that is `unchecked`. NULL: there are no files.
    int (*check)(struct db *db, const atomic_bool *is_over);

    // Statements. What prepare() finds wrong is told by step().
    void (*prepare)(struct db_query *q);
    void (*bind_text)(struct db_query *q, int at, const char *value);
    void (*bind_int)(struct db_query *q, int at, int64_t value);
    int (*step)(struct db_query *q);
    int (*run_later)(struct db_query *q);
    int (*columns)(struct db_query *q);
    bool (*is_int)(struct db_query *q, int column);
    const char *(*text)(struct db_query *q, int column);
    int64_t (*integer)(struct db_query *q, int column);
    bool (*reset)(struct db_query *q); // to be bound again; false: it cannot be, discard it
    void (*discard)(struct db_query *q);

    // Literal statements without parameters. execute() runs several, told apart by ";"; what it
    // creates compares texts as octets.
    int (*execute)(struct db *db, const char *sql);

    // One transaction at a time. A job is a part of it that can be undone alone.
    int (*begin)(struct db *db, enum db_purpose purpose);
    int (*open_job)(struct db *db);
    int (*close_job)(struct db *db, bool keep); // 0, or why nothing was kept
    bool (*is_lost)(struct db *db); // the transaction came to an end by itself: all is undone
    int (*commit)(struct db *db);   // 0, or why nothing was kept; nothing is open then
    void (*roll_back)(struct db *db);

    void (*give_time)(struct db *db, int budget_ms); // NULL: it asks db_is_over_time()
    int (*fd)(struct db *db);
    void (*tend)(struct db *db); // what heals by being asked again
};

extern const struct db_backend db_sqlite;
extern const struct db_backend db_postgres;
