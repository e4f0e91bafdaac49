#include "room/presence.h"

#include "base/limits.h"

static bool may_do_things(const struct role *role)
{
    static const enum permission powers[] = {PERMISSION_END_ROOM,    PERMISSION_REMOVE_OTHERS,
                                             PERMISSION_MUTE,        PERMISSION_UNMUTE,
                                             PERMISSION_CHANGE_ROLE, PERMISSION_POLL_WRITE};
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        if (role->permissions[powers[i]])
            return true;
    }
    return false;
}

// False: there are too many already.
static bool mark(struct peer *peer)
{
    if (peer->room->told_count >= PEERS_LISTED_MAX)
        return false;
    peer->is_told = true;
    peer->room->told_count++;
    return true;
}

void presence_enter(struct peer *peer)
{
    presence_restore(peer,
                     peer->room->told_count < PEERS_TOLD_MAX || may_do_things(peer->role));
}

void presence_restore(struct peer *peer, bool was_told)
{
    if (!was_told || !mark(peer))
        peer->room->hides_peers = true;
}

void presence_leave(struct peer *peer)
{
    peer->room->told_count -= peer->is_told;
    peer->is_told = false;
}

bool presence_show(struct peer *peer, struct event_list *events)
{
    if (peer->is_told)
        return true;
    if (!mark(peer))
        return false;
    event_add_who(events, EVENT_PEER_SHOWN, peer);
    return true;
}
