#include "room/disabled_codes.h"

#include "base/mem.h"

#include <string.h>

struct disabled_codes *disabled_codes_new(void)
{
    return mem_alloc(sizeof(struct disabled_codes));
}

void disabled_codes_free(struct disabled_codes *codes)
{
    mem_free(codes);
}

static size_t place_of(const struct disabled_codes *codes, const char *id)
{
    size_t at = 0;
    while (at < codes->count && strcmp(codes->ids[at], id) != 0)
        at++;
    return at;
}

void disabled_codes_set(struct disabled_codes *codes, const char *id, bool is_disabled)
{
    size_t at = place_of(codes, id);
    bool is_there = at < codes->count;
    if (is_disabled == is_there || !id_is_object(id))
        return;
    if (!is_disabled)
        memcpy(codes->ids[at], codes->ids[--codes->count], sizeof codes->ids[at]);
    else if (codes->count < CODES_PER_ROOM_MAX) // a room has no more codes
        memcpy(codes->ids[codes->count++], id, OBJECT_ID_LEN + 1);
}

bool disabled_codes_contain(const struct disabled_codes *codes, const char *id)
{
    return codes && id && place_of(codes, id) < codes->count;
}
