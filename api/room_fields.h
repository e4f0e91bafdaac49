// The fields of a room that a request may set.
#pragma once

#include "api/context.h"
#include "store/rooms.h"

// Checks every field that `body` carries and writes it over `room`; fields not sent stay.
// Strings go to the request's arena. Returns 0 or what api_fail() returned.
int api_room_apply(struct api_context *c, const json_t *body, struct store_room *room);

// Whether `name` may be a room's name: 1 to 200 of a-z A-Z 0-9 . - : _
bool api_room_name_ok(const char *name);
