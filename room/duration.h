// How long a session may last. Everybody is warned 5 minutes and 1 minute before the end, then
// all leave. A room's own limit counts, and the server's for all rooms; the shorter one ends
// it.
#pragma once

#include "room/event.h"
#include "room/live.h"

// Sets the timer of a running session, anew when the limits have changed.
void duration_plan(struct room *room, struct moment now);
void duration_stop(struct room *room);

// The timer's time has come: a warning, or the session is over, which is to end it now.
bool duration_due(struct room *room, struct moment now, struct event_list *events);
