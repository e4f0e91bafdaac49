// Sessions that are live, as documents (snapshot.h), so that they go on after this process.
// Each process that opens the storage begins a new epoch; what a process of an older one still
// wants to write is refused, so that two of them never mix their sessions.
#pragma once

#include "base/mem.h"
#include "store/db.h"
#include "store/snapshot.h"

struct store_live_room {
    const char *room_id;
    const char *session_id;
    const char *document; // of store_live_list(): head and parts
};

// Begins an epoch. Returns 0 or a code of store/db.h.
int store_live_begin(struct db *db, int64_t *epoch);

// Writes the head over the one before, and the parts that are in `snapshot`. Returns 0;
// ERR_EXPIRED when another process has begun an epoch since; or a code of store/db.h.
int store_live_put(struct db *db, const struct store_live_room *room,
                   const struct snapshot *snapshot, int64_t epoch, int64_t now_ms);
// The session ended. Does nothing when the room has another one by now.
int store_live_remove(struct db *db, const char *room_id, const char *session_id,
                      int64_t epoch);

// All of them, in `arena`. Returns 0 or a code of store/db.h.
int store_live_list(struct db *db, struct arena *arena, struct store_live_room **list,
                    size_t *count);
