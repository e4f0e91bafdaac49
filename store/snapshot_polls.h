// The polls of a live session, as a part of its snapshot.
#pragma once

#include "base/json.h"
#include "base/mem.h"
#include "room/poll_restore.h"

void snapshot_put_poll(struct json_out *j, const struct past_poll *poll); // without its votes
void snapshot_put_voter(struct json_out *j, const struct past_voter *voter);

// The members of an array in the order of their "number", in `arena`.
const json_t **snapshot_in_order(const json_t *list, struct arena *arena);

// Returns how many polls and votes were left out, as no room has written them. `events`: those
// that ran.
size_t snapshot_read_polls(struct room *room, const json_t *polls, const json_t *voters,
                           struct arena *arena, struct moment now, struct event_list *events);
