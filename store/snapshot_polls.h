// The polls of a live session, as a part of its snapshot.
#pragma once

#include "base/json.h"
#include "base/mem.h"
#include "room/room.h"

void snapshot_put_polls(struct json_out *j, const struct room *room); // an array

// Returns how many polls and votes were left out, as no room has written them. `events`: those
// that ran.
size_t snapshot_read_polls(struct room *room, const json_t *polls, struct arena *arena,
                           struct moment now, struct event_list *events);
