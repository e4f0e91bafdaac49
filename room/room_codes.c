#include "room/room_codes.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct room_codes *room_codes_new(void)
{
    return mem_alloc(sizeof(struct room_codes));
}

void room_codes_free(struct room_codes *codes)
{
    for (size_t i = 0; codes && i < codes->count; i++)
        mem_free(codes->list[i].role);
    if (codes)
        mem_free(codes->list);
    mem_free(codes);
}

static struct room_code *find_id(const struct room_codes *codes, const char *id)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (strcmp(codes->list[i].id, id) == 0)
            return &codes->list[i];
    }
    return NULL;
}

void room_codes_add(struct room_codes *codes, const char *id, const char *code,
                    const char *role, bool is_disabled)
{
    // A room has no more codes.
    if (!id_is_object(id) || find_id(codes, id) || codes->count == CODES_PER_ROOM_MAX)
        return;
    if (codes->count == codes->cap) {
        codes->cap = codes->cap ? 2 * codes->cap : 4;
        codes->list = mem_resize(codes->list, codes->cap * sizeof *codes->list);
    }
    struct room_code *added = &codes->list[codes->count++];
    *added = (struct room_code){.role = mem_text(role), .is_disabled = is_disabled};
    snprintf(added->id, sizeof added->id, "%s", id);
    snprintf(added->code, sizeof added->code, "%s", code);
}

void room_codes_disable(struct room_codes *codes, const char *id, bool is_disabled)
{
    struct room_code *found = find_id(codes, id);
    if (found)
        found->is_disabled = is_disabled;
    else
        room_codes_add(codes, id, "", "", is_disabled);
}

bool room_codes_is_disabled(const struct room_codes *codes, const char *id)
{
    const struct room_code *found = codes && id ? find_id(codes, id) : NULL;
    return found && found->is_disabled;
}

const struct room_code *room_codes_find(const struct room_codes *codes, const char *code)
{
    for (size_t i = 0; codes && code[0] && i < codes->count; i++) {
        const struct room_code *each = &codes->list[i];
        if (!each->is_disabled && strcmp(each->code, code) == 0)
            return each;
    }
    return NULL;
}

void room_codes_forget(struct room_codes *codes, const char *role)
{
    for (size_t i = 0; codes && i < codes->count; i++) {
        if (strcmp(codes->list[i].role, role) == 0)
            codes->list[i].code[0] = 0;
    }
}
