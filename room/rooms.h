// The live rooms: those that somebody is in, or is about to join. Owned by the control thread.
#pragma once

#include "base/id.h"
#include "base/map.h"
#include "base/moment.h"
#include "base/rng.h"
#include "base/timers.h"
#include "room/event.h"
#include "room/room.h"

void rooms_init(struct rooms *rooms, struct rng *rng);
void rooms_dispose(struct rooms *rooms); // forgets all rooms without telling anybody

// Makes the room live, or refreshes what the store says of a live one. Takes `template`, which
// is that of a live room that somebody is in already. Hold the room until somebody joined it.
struct room *rooms_put(struct rooms *rooms, const struct room_record *record,
                       struct template *template);

// What is stored of a room was changed. A live one goes on by it at once; those who are in
// stay.
void rooms_refresh(struct rooms *rooms, const struct room_record *record, struct moment now);

// A template was changed: all live rooms made from it go by the new one. Takes `template`.
void rooms_change_template(struct rooms *rooms, struct template *template);

// When the next peer's time to come back is over, or the next timer is due; NEVER when nothing
// is pending.
int64_t rooms_deadline(const struct rooms *rooms);
// Removes the peers that did not come back in RECONNECT_GRACE_MS, and does what is due.
void rooms_expire(struct rooms *rooms, struct moment now, struct event_list *events);
