#include "room/live.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
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

bool room_knows_role(const struct room *room, const char *name)
{
    bool is_known = template_role(room->template, name);
    size_t at = 0;
    for (const struct peer *peer; !is_known && (peer = map_next(&room->peers, &at));)
        is_known = strcmp(peer->role->name, name) == 0;
    return is_known;
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
    if (!room->session_id[0])
        return;
    room->change = ++room->rooms->last_change;
    room->rooms->touched[room->change % TOUCHED_KEPT] = 0; // no part is known
    if (list_empty(&room->changed))
        list_append(&room->rooms->changed, &room->changed);
}

void room_touch_part(struct room *room, enum session_part part, const char *key)
{
    room_touch(room);
    if (!room->session_id[0])
        return;
    size_t len = strlen(key);
    struct changed_part *changed = mem_alloc(sizeof *changed + len + 2);
    changed->part = part;
    changed->name[0] = (char)part;
    memcpy(changed->name + 1, key, len + 1);
    struct rooms *rooms = room->rooms;
    rooms->touched[room->change % TOUCHED_KEPT] =
        map_hash(bytes_of(changed->name), (uint64_t[2]){room->number, 0}) | 1;
    if (room->is_changed_whole) {
        mem_free(changed);
        return;
    }
    mem_free(map_put(&room->changed_parts, bytes_of(changed->name), changed));
}

bool rooms_untouched(const struct rooms *rooms, uint64_t before, uint64_t after)
{
    if (rooms->last_change - before > TOUCHED_KEPT)
        return false;
    for (uint64_t own = before + 1; own <= after; own++) {
        uint64_t part = rooms->touched[own % TOUCHED_KEPT];
        for (uint64_t since = after + 1; part && since <= rooms->last_change; since++)
            if (rooms->touched[since % TOUCHED_KEPT] == part)
                return false;
    }
    return true;
}

void room_touch_message(struct room *room, uint64_t number)
{
    char key[24];
    snprintf(key, sizeof key, "%016" PRIx64, number); // in the order of numbers
    room_touch_part(room, PART_MESSAGE, key);
}

static void forget_changed(struct room *room)
{
    size_t at = 0;
    for (struct changed_part *part; (part = map_next(&room->changed_parts, &at));)
        mem_free(part);
    map_dispose(&room->changed_parts);
}

void room_touch_whole(struct room *room)
{
    room_touch(room);
    forget_changed(room);
    room->is_changed_whole = room->session_id[0];
}

void room_written(struct room *room)
{
    list_remove(&room->changed);
    forget_changed(room);
    room->is_changed_whole = false;
}

bool room_may_get(const struct peer *subscriber, const struct peer *publisher)
{
    return subscriber != publisher && peer_subscribes(subscriber) &&
           subscriber->state == PEER_JOINED &&
           (!subscriber->only || strcmp(subscriber->only, publisher->id) == 0);
}

bool room_subscribes(const struct peer *subscriber, const struct peer *publisher)
{
    return room_may_get(subscriber, publisher) && role_gets(subscriber->role, publisher->role);
}
