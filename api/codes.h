// What other handlers need of room codes.
#pragma once

#include "api/context.h"
#include "room/template.h"
#include "store/codes.h"
#include "store/rooms.h"

// One enabled code for each role of the room's template, in the template's order: those that
// exist already, and new ones where there is none. Codes of roles which are gone are disabled.
// On 0, `*codes` is an array of `*count` in the request's arena.
int api_codes_ensure(struct api_context *c, const struct store_room *room,
                     struct store_code **codes, size_t *count);

// The code of `role`, or "".
const char *api_code_of(const struct store_code *codes, size_t count, const char *role);

// A code as a person may have typed it: without white space around it, in lower case. "" when
// it cannot be one.
void api_code_normalise(const char *typed, char code[ROOM_CODE_LEN + 1]);
