// A folder of a test's own, removed with what is in it when the test ends; and a database: a
// file in it, or a schema of the PostgreSQL that PARLOR_TEST_POSTGRES names
// (tests/postgres.py).
#pragma once

#include <stdbool.h>

enum { SCRATCH_PATH_MAX = 256 };

struct scratch {
    char folder[SCRATCH_PATH_MAX];
    char database[2 * SCRATCH_PATH_MAX]; // its location; the database is made by db_open()
};

struct scratch scratch_new(void);
void scratch_remove(const struct scratch *s);
// A path inside; a new string in a buffer of the thread, good until the fourth next call.
const char *scratch_path(const struct scratch *s, const char *name);

// Whether the database is on PostgreSQL.
bool scratch_is_remote(void);
// Runs SQL on the database from outside of the program. The first value of the result, "" when
// there is none; good until the next call.
const char *scratch_sql(const struct scratch *s, const char *sql);
