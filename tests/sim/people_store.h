// What a database keeps of a live session: the head and the parts, as the writes of changes
// leave them. Whatever changes without being marked is missing here, and lost by a restart.
#pragma once

#include "base/map.h"
#include "store/snapshot.h"

// Zero-initialised is empty.
struct people_store {
    char *head; // NULL: there is no session
    struct map rows;
};

void people_store_clear(struct people_store *s);
void people_store_put(struct people_store *s, const struct snapshot *snapshot);
// What is not as it is in the room, or NULL.
const char *people_store_differs(const struct people_store *s, const struct snapshot *whole);
void people_store_read(const struct people_store *s, struct text *document);
