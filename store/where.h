// A list's conditions: only those that are asked for become part of the statement, so that each
// combination has a plan of its own.
//
//     struct where w = {0};
//     where_text(&w, "room_id =", filter->room_id); // NULL or "": no condition
//     struct db_query *q = where_query(db, "SELECT id FROM sessions ", &w, "ORDER BY id");
//
// "+number" and "text || ''" keep an index on the column out of the plan.
#pragma once

#include "base/text.h"
#include "store/db.h"

enum { WHERE_VALUES_MAX = 16 };

struct where_value {
    const char *text; // borrowed until where_query(); NULL: a number
    int64_t number;
};

// Zero-initialised is without any.
struct where {
    struct text sql;
    struct where_value values[WHERE_VALUES_MAX];
    int count;
};

void where_literal(struct where *w, const char *condition);
void where_text(struct where *w, const char *column_and_operator, const char *value);
// The same, with the value wherever "?" stands.
void where_match(struct where *w, const char *condition, const char *value);
void where_int(struct where *w, const char *column_and_operator, int64_t value);
// Behind a row in the order of `at` and `id`, both downwards: "(at, id)" is `columns`.
void where_behind(struct where *w, const char *columns, int64_t at, const char *id);
// The statement, with a limit, and an offset unless that is 0. Bound, and `w` is empty again.
struct db_query *where_query(struct db *db, const char *head, struct where *w, const char *tail,
                             int64_t limit, int64_t offset);
// One over the ids of the first `limit` rows: `head` is "SELECT COUNT(*)". `w` stays as it is.
struct db_query *where_over(struct db *db, const char *head, const char *table,
                            const struct where *w, const char *order, int64_t limit);
void where_dispose(struct where *w);

// Where the page behind `start` begins: `sql` reads the time of the row with this id. A row
// that is gone is a position in the order of ids, which begin with a time: `is_gone`.
int where_place(struct db *db, const char *sql, const char *start, int64_t *at, bool *is_gone);
