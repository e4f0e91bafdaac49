// Rooms as they are stored. The row of a room that is live does not know that it is.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "room/room.h"
#include "store/db.h"

// Where a room may be kept: a name of the hosted service, to which nothing is tied here. Ends
// with NULL.
extern const char *const store_regions[];

// Strings live in the arena given to the call that filled it, or are the caller's.
struct store_room {
    const char *id;
    const char *name; // as first spelled; unique when compared without case
    bool enabled;
    const char *description;
    const char *template_id;
    const char *template_name; // at read time; not written
    const char *region;
    bool large_room;
    int64_t size;                 // 0: unset
    int64_t max_duration_seconds; // 0: unset
    int64_t chat_history;         // messages kept for late joiners; 0: none
    const char *recording_info;   // JSON object, or "" for what the template says
    const char *webhook;          // JSON object, or ""
    const char *polls;            // ids of those linked to it, "a,b"
    bool is_meeting;              // of POST /api/meetings: forgotten when nobody uses it
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

// Each returns 0, or a code of store/db.h; ERR_NOT_FOUND when there is no such room.
int store_room_get(struct db *db, const char *id, struct arena *arena, struct store_room *room);
int store_room_by_name(struct db *db, const char *name, struct arena *arena,
                       struct store_room *room);
// ERR_EXISTS when the name is taken (nothing was written then).
int store_room_insert(struct db *db, const struct store_room *room);
// Writes everything but id and created_at. ERR_EXISTS as above.
int store_room_disable(struct db *db, const char *id, int64_t wall_ms);
int store_room_update(struct db *db, const struct store_room *room);

// With its codes and stream keys; what happened in it stays. 0, also when there is none.
int store_room_delete(struct db *db, const char *id);

// Deletes at most `most` meetings that were made, and last used, before `before_ms`, and that
// nobody is in. Returns how many, or ERR_*.
int store_room_forget_meetings(struct db *db, int64_t before_ms, int most);

// What a list is asked for.
struct store_room_filter {
    const char *name;        // without case; NULL: any
    const char *template_id; // NULL: any
    int enabled;             // 0, 1, or -1: any
    int64_t after_ms;        // inclusive, as before_ms
    int64_t before_ms;
    const char *start; // ids below this one; NULL: from the newest
    int limit;         // at most STORE_PAGE_MAX
};

enum { STORE_PAGE_MAX = 100 };

// Newest first. Returns how many, or ERR_*.
int store_room_list(struct db *db, const struct store_room_filter *filter, struct arena *arena,
                    struct store_room rooms[STORE_PAGE_MAX]);

// What a live room needs to know of it.
void store_room_record(const struct store_room *room, struct room_record *record);
