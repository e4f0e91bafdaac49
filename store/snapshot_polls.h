// The polls of a live session, as a part of its snapshot.
#pragma once

#include "base/json.h"
#include "base/mem.h"
#include "room/room.h"

// One poll without its votes, and a vote, by its poll's id, a line feed and its key. False when
// there is none.
bool snapshot_put_poll(struct json_out *j, const struct room *room, const char *id);
bool snapshot_put_voter(struct json_out *j, const struct room *room, const char *key);

// The members of an array in the order of their "number", in `arena`.
const json_t **snapshot_in_order(const json_t *list, struct arena *arena);

// Returns how many polls and votes were left out, as no room has written them. `events`: those
// that ran.
size_t snapshot_read_polls(struct room *room, const json_t *polls, const json_t *voters,
                           struct arena *arena, struct moment now, struct event_list *events);
