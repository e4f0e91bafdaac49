#include "room/waiting.h"

#include "base/limits.h"
#include "room/chat_history.h"
#include "room/permit.h"
#include "room/quality.h"
#include "room/session_store.h"

#include <stdlib.h>

static const char list_key[] = "waitingRoom";

void waiting_count(const struct peer *peer, int step)
{
    if (peer->role->waiting_room)
        peer->room->waiting_count += (size_t)step;
}

size_t waiting_present(const struct room *room)
{
    return room->joined_count - room->waiting_count;
}

void waiting_tell(struct room *room, struct moment now, struct event_list *events)
{
    struct arena *arena = &events->arena;
    const struct peer **waiting = arena_alloc(arena, room->waiting_count * sizeof *waiting);
    size_t count = 0, at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (peer->state == PEER_JOINED && peer->role->waiting_room)
            waiting[count++] = peer;
    }
    if (room->joined_count == 0)
        return; // and the session's values with it
    qsort(waiting, count, sizeof *waiting, peer_by_number);
    size_t listed = count < WAITING_LISTED_MAX ? count : WAITING_LISTED_MAX;
    struct event_waiting *list = arena_alloc(arena, listed * sizeof *list);
    for (size_t i = 0; i < listed; i++)
        list[i] = (struct event_waiting){.peer_id = waiting[i]->id,
                                         .name = waiting[i]->name,
                                         .user_id = waiting[i]->user_id,
                                         .since = waiting[i]->joined_at};
    session_store_keep(room, list_key, list, listed, now, events);
}

void waiting_restored(struct room *room, struct moment now, struct event_list *events)
{
    struct event_value list;
    if (session_store_find(room, list_key, &list))
        waiting_tell(room, now, events);
}

static void clear_groups(struct peer *peer)
{
    for (size_t i = 0; i < peer->group_count; i++)
        mem_free(peer->groups[i]);
    peer->group_count = 0;
}

void waiting_role_changed(struct peer *peer, const struct role *old, struct moment now,
                          struct event_list *events)
{
    bool waited = old->waiting_room, waits = peer->role->waiting_room;
    peer->room->waiting_count += (size_t)waits - (size_t)waited;
    if (waits && !waited) {
        clear_groups(peer);
        if (peer->attached)
            peer->chat_seen = peer->room->history.last_number;
        event_add_who(events, EVENT_PEER_HELD, peer);
    } else if (waited && !waits) {
        event_add_who(events, EVENT_PEER_ADMITTED, peer);
        if (peer->attached) { // else it is told when it comes back
            chat_history_tell(peer, peer->chat_seen, events);
            quality_tell(peer, events);
        }
    } else {
        event_add_who(events, EVENT_PEER_UPDATED, peer);
    }
    if (waited || waits)
        waiting_tell(peer->room, now, events);
    if (permit_sees(peer->role, true) != permit_sees(old, true) || (waited && !waits))
        session_store_tell(peer, events);
}
