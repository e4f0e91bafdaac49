// The order in which what happened is written. A session goes to the storage before the log
// tells of it, so that a crash undoes nothing that somebody has read in the log, or that a back
// end was told.
#pragma once

#include "server/logbook.h"
#include "server/snapshots.h"

int64_t writing_deadline(const struct snapshots *s, const struct logbook *l);
void writing_expire(struct snapshots *s, struct logbook *l, struct moment now);
// Everything that waits, at once and however full the queue is.
void writing_flush(struct snapshots *s, struct logbook *l);
