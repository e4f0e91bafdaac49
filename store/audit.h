// What was done by whom in the dashboard. A row is written with what it tells of, in the same
// transaction, and stays when the account is gone.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"

enum { AUDIT_ROWS_MAX = 100 };

#define AUDIT_MS (INT64_C(400) * 24 * 3600 * 1000) // then a row is forgotten

struct store_audit {
    const char *id;
    int64_t at;             // ms since the Unix epoch
    const char *account_id; // "": nobody's
    const char *account;    // its name then
    const char *method;
    const char *path;
    const char *target; // the name of what it hit; "": it has none
    const char *from;   // an IP address
    int status;         // of the answer
};

struct store_audit_filter {
    int64_t after_ms, before_ms; // of `at`, inclusive
    const char *account;         // a name, as it was then; "" or NULL: any
    const char *search;          // a part of the path or the target; the same
    int is_refused;              // 1: statuses from 400 on, 0: the others, -1: any
    const char *start;           // the id behind which the page begins; "" or NULL: the newest
    int limit;
};

// Those that are too old go.
int store_audit_put(struct db *db, const struct store_audit *row);
// Newest first. Returns how many, or ERR_*.
int store_audit_list(struct db *db, const struct store_audit_filter *filter,
                     struct arena *arena, struct store_audit rows[AUDIT_ROWS_MAX]);
