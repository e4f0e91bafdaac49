// The room codes of a room that were disabled: tokens that they were traded for let nobody in
// any more who is not in already.
#pragma once

#include "base/id.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct disabled_codes {
    char ids[CODES_PER_ROOM_MAX][OBJECT_ID_LEN + 1];
    size_t count;
};

struct disabled_codes *disabled_codes_new(void);
void disabled_codes_free(struct disabled_codes *codes); // NULL will do
void disabled_codes_set(struct disabled_codes *codes, const char *id, bool is_disabled);
bool disabled_codes_contain(const struct disabled_codes *codes,
                            const char *id); // both may be NULL
