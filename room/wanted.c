#include "room/wanted.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/words.h"

#include <string.h>

static size_t find(const struct peer *peer, const char *track_id)
{
    return words_find((const char *const *)peer->wanted, peer->wanted_count, track_id);
}

bool wanted_is_on_demand(const struct peer *peer, const struct track *track)
{
    return peer->on_demand && track->is.type == TRACK_VIDEO &&
           strcmp(track->is.source, "regular") == 0;
}

bool wanted_waits(const struct peer *peer, const struct track *track)
{
    return wanted_is_on_demand(peer, track) && find(peer, track->is.id) == peer->wanted_count;
}

int wanted_add(struct peer *peer, const char *track_id)
{
    if (find(peer, track_id) < peer->wanted_count)
        return 0;
    if (peer->wanted_count == WANTED_VIDEOS_MAX)
        return ERR_FULL;
    peer->wanted = mem_resize(peer->wanted, (peer->wanted_count + 1) * sizeof *peer->wanted);
    peer->wanted[peer->wanted_count++] = mem_text(track_id);
    return 0;
}

bool wanted_remove(struct peer *peer, const char *track_id)
{
    size_t at = find(peer, track_id);
    if (at == peer->wanted_count)
        return false;
    mem_free(peer->wanted[at]);
    peer->wanted[at] = peer->wanted[--peer->wanted_count];
    return true;
}

void wanted_dispose(struct peer *peer)
{
    for (size_t i = 0; i < peer->wanted_count; i++)
        mem_free(peer->wanted[i]);
    mem_free(peer->wanted);
    peer->wanted = NULL;
    peer->wanted_count = 0;
}
