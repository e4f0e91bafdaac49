// The room codes of a room that is live: which of them were disabled, as tokens that those were
// traded for let nobody in any more who is not in already; and what the others open, so that
// people can come to a meeting while the storage is away.
#pragma once

#include "base/id.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct room_code {
    char id[OBJECT_ID_LEN + 1];
    char code[ROOM_CODE_LEN + 1]; // "": not known
    char *role;
    bool is_disabled;
};

struct room_codes {
    struct room_code *list;
    size_t count, cap;
};

struct room_codes *room_codes_new(void);
void room_codes_free(struct room_codes *codes); // NULL will do
void room_codes_add(struct room_codes *codes, const char *id, const char *code,
                    const char *role, bool is_disabled);
void room_codes_disable(struct room_codes *codes, const char *id, bool is_disabled);
bool room_codes_is_disabled(const struct room_codes *codes, const char *id); // NULL: neither
// One that is known and enabled, or NULL; so may `codes` be.
const struct room_code *room_codes_find(const struct room_codes *codes, const char *code);
// What those of a role open has changed: it is not known any more. NULL will do.
void room_codes_forget(struct room_codes *codes, const char *role);
