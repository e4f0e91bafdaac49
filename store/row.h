// What reading and asking for rows has in common in the files of store/.
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "store/db.h"

// A column, kept for as long as the arena lives.
static inline const char *row_text(struct arena *arena, struct db_query *q, int column)
{
    return arena_text(arena, bytes_of(db_text(q, column)));
}

// Of a step that wants one row: 0, ERR_NOT_FOUND, or what the step returned.
static inline int row_found(int err)
{
    return err == DB_ROW ? 0 : err ? err : ERR_NOT_FOUND;
}

// For store/where.h: the type is in a list ",a,b,". Texts are compared as they are, by both
// stores; LIKE would not do so.
#define STORE_TYPE_MATCHES "replace(?, ',' || type || ',', '') <> ?"

// A filter that is not set is an empty text in SQL.
static inline const char *or_empty(const char *text)
{
    return text ? text : "";
}
