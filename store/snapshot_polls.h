// The polls of a live session, as a part of its snapshot.
#pragma once

#include "base/json.h"
#include "base/mem.h"
#include "room/room.h"

void snapshot_put_polls(struct json_out *j, const struct room *room); // an array

// Returns 0, or ERR_MALFORMED for what no room has written.
int snapshot_read_polls(struct room *room, const json_t *polls, struct arena *arena,
                        struct moment now);
