// The waiting room. People of a role with `waitingRoom` are held before the meeting: they
// publish and see nothing, and may do nothing but set their name, until somebody who may
// changes their role. Those who may let them in see them in the roster and, as a list, in the
// session store under "waitingRoom", the longest waiting first.
#pragma once

#include "room/event.h"
#include "room/live.h"

// One more who has joined, or one less, in case the peer's role waits.
void waiting_count(const struct peer *peer, int step);
size_t waiting_present(const struct room *room); // how many are really in

// The list in the session store, anew.
void waiting_tell(struct room *room, struct moment now, struct event_list *events);

// After a restart, if the session had one: not all of them may be in again.
void waiting_restored(struct room *room, struct moment now, struct event_list *events);

// The peer's role changed from `old`: tells who has come or gone for whom.
void waiting_role_changed(struct peer *peer, const struct role *old, struct moment now,
                          struct event_list *events);
