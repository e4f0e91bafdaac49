// What other handlers need of rooms.
#pragma once

#include "api/context.h"
#include "store/rooms.h"

// A new room from `body`, stored. ERR_EXISTS when its name is taken, and nothing is answered
// then; otherwise 0 or what api_fail() returned.
int api_room_make(struct api_context *c, const json_t *body, bool is_meeting,
                  struct store_room *room);

// The room of a path parameter. Answers 404 itself.
int api_room_of_path(struct api_context *c, size_t parameter, struct store_room *room);
