// A live session as JSON: what it takes to go on with it after a restart. Peers that are only
// joining, connections and tracks are not in it: clients make these anew.
#pragma once

#include "base/bytes.h"
#include "base/text.h"
#include "room/rooms.h"

// Of the document. A newer one is not read.
enum { SNAPSHOT_VERSION = 1 };

void store_snapshot_write(const struct room *room, struct text *document);

// Makes the session of `document` live again. Takes `template`. What does not fit is left out
// and counted: peers whose role or token's role is no longer in the template, and whatever a
// room cannot have written. `events` tells of polls that ran and do not go on; who has left is
// for the session log to say, which knows of whom it was told. Returns 0; ERR_NOT_FOUND when no
// peer is left, ERR_UNSUPPORTED for a document of a newer version, ERR_MALFORMED for one that
// is none: then nothing is live.
int store_snapshot_restore(struct rooms *rooms, const struct room_record *record,
                           struct template *template, struct bytes document, struct moment now,
                           struct event_list *events, size_t *left_out);
