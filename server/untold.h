// What the last process did not get to tell of a session: who came, who left, and that it is
// over. A back end that was told that somebody came is told that they left.
#pragma once

#include "room/event.h"
#include "room/room.h"
#include "server/jobs.h"

// Appends to `events` what a session lacks that the last process left as `live` tells, and
// that goes on in `room`, or is over and `room` is NULL. The events borrow from both.
void untold_events(const struct jobs_live *live, const struct room *room,
                   struct event_list *events);
