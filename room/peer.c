#include "room/peer.h"

#include "base/id.h"

#include <string.h>

bool peer_id_is_valid(const char *id)
{
    size_t len = strlen(id);
    size_t good =
        strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return len >= 1 && len <= PEER_ID_LEN_MAX && good == len && !id_is_inherited(id);
}

int peer_by_number(const void *a, const void *b)
{
    uint64_t left = (*(const struct peer *const *)a)->number;
    uint64_t right = (*(const struct peer *const *)b)->number;
    return left < right ? -1 : left > right;
}

enum publish_kind track_wish_kind(const struct track_wish *wish)
{
    if (strcmp(wish->source, "screen") == 0)
        return PUBLISH_SCREEN;
    return wish->type == TRACK_AUDIO ? PUBLISH_AUDIO : PUBLISH_VIDEO;
}
