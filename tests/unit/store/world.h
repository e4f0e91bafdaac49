// An empty database of a test's own.
#pragma once

#include "base/mem.h"
#include "scratch.h"
#include "store/db.h"
#include "test.h"

struct world {
    struct scratch scratch;
    struct db *db;
    struct arena arena; // of what is read
};

static inline struct world world_new(void)
{
    struct world w = {.scratch = scratch_new()};
    CHECK_EQ(db_open(&w.db, w.scratch.database), 0);
    return w;
}

static inline void world_dispose(struct world *w)
{
    arena_dispose(&w->arena);
    db_close(w->db);
    scratch_remove(&w->scratch);
}
