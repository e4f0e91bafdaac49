// The people who are in, in pages: for lists that are too long to be told, and for looking
// people up. People come and go between two pages; the order is that of joining, so those who
// stay are met exactly once.
#pragma once

#include "room/live.h"

struct roster_query {
    const char *role;  // NULL: any
    const char *group; // NULL: any
    const char *const *peer_ids;
    size_t peer_id_count; // 0: everybody
    uint64_t after;       // number of the last peer of the page before; 0: from the start
    size_t limit;         // 1..ROSTER_PAGE_MAX
};

struct roster_page {
    const struct peer **peers; // in the arena
    size_t count;
    size_t total;     // that match, on all pages
    uint64_t last;    // for the next query's `after`
    bool is_complete; // no peer is left after these
};

// What `by` may see of it; NULL is the application's back end.
struct roster_page roster_find(const struct room *room, const struct peer *by,
                               const struct roster_query *query, struct arena *arena);

// Those whose name contains `text`, without regard to the case of ASCII letters. `offset` of
// those that match are left out.
struct roster_page roster_search(const struct room *room, const struct peer *by,
                                 const char *text, size_t offset, size_t limit,
                                 struct arena *arena);
