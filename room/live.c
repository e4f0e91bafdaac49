#include "room/live.h"

#include <string.h>

struct room *rooms_find(const struct rooms *rooms, const char *room_id)
{
    return map_get(&rooms->by_id, bytes_of(room_id));
}

struct peer *room_peer(const struct room *room, const char *peer_id)
{
    return map_get(&room->peers, bytes_of(peer_id));
}

struct peer *room_joined(const struct room *room, const char *peer_id)
{
    struct peer *peer = room_peer(room, peer_id);
    return peer && peer->state == PEER_JOINED ? peer : NULL;
}

struct peer *rooms_peer(const struct rooms *rooms, uint64_t number)
{
    return map_get(&rooms->peers, map_key_u64(&number));
}

struct track *rooms_track(const struct rooms *rooms, uint64_t number)
{
    return map_get(&rooms->tracks, map_key_u64(&number));
}

uint64_t rooms_number(struct rooms *rooms)
{
    return ++rooms->last_number;
}

void room_touch(struct room *room)
{
    if (room->session_id[0] && list_empty(&room->changed))
        list_append(&room->rooms->changed, &room->changed);
}

bool room_may_get(const struct peer *subscriber, const struct peer *publisher)
{
    return subscriber != publisher && peer_subscribes(subscriber) &&
           subscriber->state == PEER_JOINED &&
           (!subscriber->only || strcmp(subscriber->only, publisher->id) == 0);
}

bool room_subscribes(const struct peer *subscriber, const struct peer *publisher)
{
    return room_may_get(subscriber, publisher) &&
           names_contain(&subscriber->role->subscribe_to_roles, publisher->role->name);
}
