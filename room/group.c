#include "room/group.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/words.h"
#include "room/permit.h"
#include "room/presence.h"

#include <string.h>

enum { NOT_IN = -1 };

static int place_of(const struct peer *peer, const char *name)
{
    size_t at = words_find((const char *const *)peer->groups, peer->group_count, name);
    return at < peer->group_count ? (int)at : NOT_IN;
}

bool group_has(const struct peer *peer, const char *name)
{
    return place_of(peer, name) != NOT_IN;
}

// Groups are in each message that names the peer, where a control character takes six octets.
static bool is_group_name(const char *name)
{
    size_t len = 0;
    for (; name[len]; len++) {
        if ((uint8_t)name[len] < 0x20)
            return false;
    }
    return len >= 1 && len <= GROUP_NAME_LEN_MAX;
}

static int check(struct room *room, const struct peer *by, const char *peer_id,
                 const char *name, struct peer **peer)
{
    *peer = room_joined(room, peer_id);
    if (!permit(by, *peer && *peer == by ? ACT_TAKE_PART : ACT_MOVE_GROUPS))
        return ERR_REFUSED;
    if (!*peer)
        return ERR_NOT_FOUND;
    return is_group_name(name) ? 0 : ERR_MALFORMED;
}

int group_join(struct room *room, const struct peer *by, const char *peer_id, const char *name,
               struct event_list *events)
{
    struct peer *peer;
    int err = check(room, by, peer_id, name, &peer);
    if (err || group_has(peer, name))
        return err;
    if (peer->group_count == GROUPS_PER_PEER_MAX)
        return ERR_FULL;
    peer->groups[peer->group_count++] = mem_text(name);
    presence_show(peer, events);
    event_add_who(events, EVENT_PEER_UPDATED, peer);
    return 0;
}

int group_leave(struct room *room, const struct peer *by, const char *peer_id, const char *name,
                struct event_list *events)
{
    struct peer *peer;
    int err = check(room, by, peer_id, name, &peer);
    int place = err ? NOT_IN : place_of(peer, name);
    if (place == NOT_IN)
        return err;
    mem_free(peer->groups[place]);
    peer->group_count--;
    memmove(peer->groups + place, peer->groups + place + 1,
            (peer->group_count - (size_t)place) * sizeof *peer->groups);
    event_add_who(events, EVENT_PEER_UPDATED, peer);
    return 0;
}
