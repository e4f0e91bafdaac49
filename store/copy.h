// All that is stored, from one database into another: from a data folder into PostgreSQL, into
// a backup and out of it. Which tables there are is read from the schema, so none is forgotten.
#pragma once

#include "base/mem.h"
#include "store/db.h"

struct store_copied {
    const char *table; // in the arena
    int64_t rows;
};

struct store_copy {
    // Called now and then, so that an operator sees how far it is; may be NULL.
    void (*progress)(const char *table, int64_t rows);

    struct arena arena;
    struct store_copied *tables; // in the order of the schema
    size_t count;
    const char *failed; // the table that could not be copied, or NULL
};

// Copies every row, in one transaction, from one moment of `from`. Both have the same schema,
// and one of them is an SQLite file. With `replace` what was in `to` goes. Returns 0;
// ERR_EXISTS when it was to be empty and is not; or a code of store/db.h. Nothing has changed
// then.
int store_copy(struct db *from, struct db *to, bool replace, struct store_copy *copy);

// Only counts what there is.
int store_copy_count(struct db *db, struct store_copy *copy);

void store_copy_dispose(struct store_copy *copy);
