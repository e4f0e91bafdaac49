// A live session as JSON: what it takes to go on with it after a restart. Peers that are only
// joining, connections and tracks are not in it: clients make these anew.
#pragma once

#include "base/bytes.h"
#include "base/text.h"
#include "room/rooms.h"

// Of the document. A newer one is not read.
enum { SNAPSHOT_VERSION = 1 };

void store_snapshot_write(const struct room *room, struct text *document);

// Makes the session of `document` live again. Takes `template`. Peers whose role is no longer
// in it are left out. Returns 0; ERR_NOT_FOUND when no peer is left, ERR_UNSUPPORTED for a
// document of a newer version, ERR_MALFORMED for a damaged one: then nothing is live.
int store_snapshot_restore(struct rooms *rooms, const struct room_record *record,
                           struct template *template, struct bytes document, struct moment now);
