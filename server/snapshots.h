// Live sessions on their way to the storage, and back at the next start. What changed in a
// session is written within a second, and at once when somebody waits for it (server/held.h);
// many changes of that time are one write, of the parts that have changed. One write is under
// way at a time.
#pragma once

#include "room/rooms.h"
#include "server/jobs.h"

struct snapshots;

struct snapshots *snapshots_new(struct rooms *rooms, struct jobs *jobs); // borrows both
void snapshots_free(struct snapshots *s);

// A session that the last process left. The room is live again, with all of it that fits; NULL
// when it is over. `events`: of what was left out, beside peers: those are the log's to tell.
struct room *snapshots_restore(struct snapshots *s, struct jobs_live *live, struct moment now,
                               struct event_list *events);

// Sessions that ended are not to come back.
void snapshots_deliver(struct snapshots *s, const struct event_list *events);

// A write is done; takes no part of `job`.
// Another process has the storage now: no session is kept any more.
bool snapshots_are_replaced(const struct snapshots *s);
void snapshots_done(struct snapshots *s, const struct job *job);

// Somebody waits until what has changed is stored: no interval is kept this time.
void snapshots_hurry(struct snapshots *s);

// Whether what has changed waits for the write that is under way, or for room in the queue.
bool snapshots_are_behind(const struct snapshots *s);
int64_t snapshots_deadline(const struct snapshots *s); // NEVER when nothing changed
void snapshots_expire(struct snapshots *s, struct moment now);
// Everything that changed, at once and however full the queue is: the process ends.
void snapshots_flush(struct snapshots *s);
