// Jobs on templates, and databases to run them on.
#pragma once

#include "scratch.h"
#include "store/db.h"

// A job that writes one template, reads all, or fails after having written.
struct test_job {
    struct db_job job; // first
    const char *id;
    enum { WRITE, READ, WRITE_AND_FAIL } what;
    int64_t seen; // how many there were before
};

struct test_job job_of(const char *id, int what);

struct db *open_in(const struct scratch *s); // its database
int insert_template(struct db *db, const char *id);
int64_t count_rows(struct db *db); // templates
// Runs `run` as the only job. What it came to.
int run_alone(struct db *db, int (*run)(struct db_job *, struct db *));
