// The sessions that the last process left: what is stored of them when the server starts, read
// before its threads do.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "room/poll_link.h"
#include "room/room_codes.h"
#include "room/rooms.h"
#include "store/db.h"
#include "store/visits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A session that the last process left, and what is stored of its room now.
struct jobs_live {
    const char *room_id;
    const char *session_id;
    const char *document; // NULL: nothing was kept of it, so that it is over
    struct room_record record;
    char template_id[OBJECT_ID_LEN + 1]; // "" when the room is gone
    struct template *template;           // NULL then; the receiver's to take
    struct linked_polls *polls;          // for its next sessions, the same; NULL: none
    struct room_codes *codes;            // the same

    // What the session log has told: these visits have no end yet, so those people are in.
    bool is_logged;
    int64_t started_at;
    int64_t heard_at; // the last time that something of it was written
    const struct store_visit *visits;
    size_t visit_count;
};

// All that did not end, whether a document of it was kept or not.
struct jobs_left {
    struct arena arena; // of those below
    struct jobs_live *list;
    size_t count;
    size_t taken;
};

int jobs_left_load(struct jobs_left *left, struct db *db); // 0, or of the storage
// One after the other, then NULL. Borrowed, until all are disposed.
struct jobs_live *jobs_left_next(struct jobs_left *left);
void jobs_left_dispose(struct jobs_left *left);
