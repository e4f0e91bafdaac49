// A live session as JSON: what room/past.h has of it, to go on with it after a restart.
#pragma once

#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"
#include "room/rooms.h"

// Of the document. A newer one is not read; version 1 was one document, written anew each time.
enum { SNAPSHOT_VERSION = 2, SNAPSHOT_VERSION_MIN = 1 };

// The head goes with any of them.
struct snapshot_part {
    const char *name;
    const char *document; // NULL: it is gone
};

struct snapshot {
    const char *head;
    struct snapshot_part *parts;
    size_t count;
    bool is_whole; // there are no others
    struct arena arena;
};

// The parts that have changed, or all of them; store_snapshot_dispose() it. The caller tells
// the room with room_written().
void store_snapshot_take(const struct room *room, bool whole, struct snapshot *to);
void store_snapshot_dispose(struct snapshot *snapshot);

// One document of a head and parts, in any order; of an older head alone, itself.
void store_snapshot_join(const char *head, const struct snapshot_part *parts, size_t count,
                         struct text *document);
// The same of all of a room.
void store_snapshot_write(const struct room *room, struct text *document);

// Makes the session of `document` live again. Takes `template`. What does not fit is left out
// and counted: peers whose role or token's role is no longer in the template, and whatever a
// room cannot have written. `events` tells of polls that ran and do not go on; of the peers
// that have left the session log tells, which knows what was told of them. Returns 0;
// ERR_NOT_FOUND when no peer is left, ERR_UNSUPPORTED for a document of a newer version,
// ERR_MALFORMED for one that is none: then nothing is live.
int store_snapshot_restore(struct rooms *rooms, const struct room_record *record,
                           struct template *template, struct bytes document, struct moment now,
                           struct event_list *events, size_t *left_out);
