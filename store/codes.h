// Room codes: each opens one room in one role.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "room/room_codes.h"
#include "store/db.h"

struct store_code {
    char id[OBJECT_ID_LEN + 1]; // only the order of creation
    char code[ROOM_CODE_LEN + 1];
    char room_id[OBJECT_ID_LEN + 1];
    const char *role; // in the arena
    bool enabled;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

int store_code_get(struct db *db, const char *code, struct arena *arena,
                   struct store_code *found);
// The oldest enabled code of the role; ERR_NOT_FOUND when it has none.
int store_code_of_role(struct db *db, const char *room_id, const char *role,
                       struct arena *arena, struct store_code *found);
// The room's codes, at most CODES_PER_ROOM_MAX, into `codes`.
int store_codes_of_room(struct db *db, const char *room_id, struct room_codes *codes);
// `id` "": of no code.
int store_code_is_disabled(struct db *db, const char *room_id, const char *id,
                           bool *is_disabled);
int store_code_insert(struct db *db, const struct store_code *code); // ERR_EXISTS: drawn before
int store_code_enable(struct db *db, const char *code, bool enabled, int64_t wall_ms);
// How many codes the room has, disabled ones included.
int store_code_count(struct db *db, const char *room_id, int64_t *count);

// The role of a template is gone, or has another name: so for the codes of all its rooms.
int store_codes_disable_role(struct db *db, const char *template_id, const char *role,
                             int64_t wall_ms);
int store_codes_rename_role(struct db *db, const char *template_id, const char *role,
                            const char *name, int64_t wall_ms);

struct store_code_filter {
    const char *room_id;
    const char *role;  // NULL: any
    int enabled;       // 0, 1, or -1: any
    const char *start; // codes made after this one; NULL: from the first
    int limit;         // at most STORE_CODES_MAX
};

enum { STORE_CODES_MAX = 101 }; // one more than a page, to see whether there is another

// Oldest first. Returns how many, or ERR_*.
int store_code_list(struct db *db, const struct store_code_filter *filter, struct arena *arena,
                    struct store_code codes[STORE_CODES_MAX]);
