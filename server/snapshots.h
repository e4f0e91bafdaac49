// Live sessions on their way to the storage, and back at the next start. A room whose session
// changed is written within a second; many changes of that time are one write. Writing down
// 2 000 peers takes the control thread a few milliseconds; the rest is the store thread's.
#pragma once

#include "room/rooms.h"
#include "server/jobs.h"

struct snapshots;

struct snapshots *snapshots_new(struct rooms *rooms, struct jobs *jobs); // borrows both
void snapshots_free(struct snapshots *s);

// What the last process left: sessions that go on.
void snapshots_restore(struct snapshots *s, struct moment now);

// Sessions that ended are not to come back.
void snapshots_deliver(struct snapshots *s, const struct event_list *events);

// A write is done; takes no part of `job`.
void snapshots_done(struct snapshots *s, const struct job *job);

int64_t snapshots_deadline(const struct snapshots *s); // NEVER when nothing changed
void snapshots_expire(struct snapshots *s, struct moment now);
// Everything that changed, at once: the process ends.
void snapshots_flush(struct snapshots *s, struct moment now);
