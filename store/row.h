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

// Reads the one row that `q` asks for, and finishes it: 0, ERR_NOT_FOUND, or what the step
// returned. `read(q, arena)` makes a struct of a row; only a macro can be told of any.
#define ROW_READ_ONE(name, row, read)                                                          \
    static int name(struct db_query *q, struct arena *arena, struct row *found)                \
    {                                                                                          \
        int err = db_step(q);                                                                  \
        if (err == DB_ROW)                                                                     \
            *found = read(q, arena);                                                           \
        db_finish(q);                                                                          \
        return row_found(err);                                                                 \
    }

// All of them: their number, or what a step returned. The statement has a LIMIT, for which
// there is room.
#define ROW_READ_ALL(name, row, read)                                                          \
    static int name(struct db_query *q, struct arena *arena, struct row *rows)                 \
    {                                                                                          \
        int count = 0, err;                                                                    \
        while ((err = db_step(q)) == DB_ROW)                                                   \
            rows[count++] = read(q, arena);                                                    \
        db_finish(q);                                                                          \
        return err ? err : count;                                                              \
    }

// For store/where.h: the type is in a list ",a,b,". Texts are compared as they are, by both
// stores; LIKE would not do so.
#define STORE_TYPE_MATCHES "replace(?, ',' || type || ',', '') <> ?"

// A filter that is not set is an empty text in SQL.
static inline const char *or_empty(const char *text)
{
    return text ? text : "";
}
