#include "room/moderate.h"

#include "base/err.h"
#include "base/words.h"
#include "room/media.h"
#include "room/permit.h"
#include "room/room.h"

#include <string.h>

static struct event *add_event(const struct room *room, enum event_kind kind,
                               const struct peer *by, struct event_list *events)
{
    struct event *event = by ? event_add_who(events, kind, by) : event_add(events, kind, NULL);
    event->room = room->number;
    return event;
}

// --- Mute ---

static bool may_mute(const struct peer *by, bool muted)
{
    return permit(by, muted ? ACT_MUTE : ACT_ASK_TO_UNMUTE);
}

int moderate_track(struct room *room, const struct peer *by, const char *peer_id,
                   const char *track_id, bool muted, struct event_list *events)
{
    if (!may_mute(by, muted))
        return ERR_REFUSED;
    struct peer *peer = room_joined(room, peer_id);
    struct track *track = peer ? map_get(&room->tracks, bytes_of(track_id)) : NULL;
    if (!track || track->owner != peer || !track->announced)
        return ERR_NOT_FOUND;

    uint64_t *to = arena_alloc(&events->arena, sizeof *to);
    *to = peer->number;
    struct event *event = add_event(room, EVENT_MUTE_ASKED, by, events);
    event->asked.muted = muted;
    event->asked.track_id = event_text(events, track->is.id);
    event->asked.stream_id = event_text(events, track->is.stream_id);
    event->asked.to = to;
    event->asked.to_count = 1;
    if (muted)
        media_mute(&track, 1, events);
    else if (peer->door != DOOR_SIGNAL)
        media_unmute(&track, 1, events);
    return 0;
}

static bool fits(const struct track *track, const struct mute_wish *wish)
{
    const char *type = track->is.type == TRACK_AUDIO ? "audio" : "video";
    return track->announced && track->is.muted != wish->muted &&
           (!wish->type || strcmp(wish->type, type) == 0) &&
           (!wish->source || strcmp(wish->source, track->is.source) == 0);
}

static bool concerns(const struct peer *peer, const struct peer *by,
                     const struct mute_wish *wish)
{
    return peer != by && peer->state == PEER_JOINED &&
           (!wish->peer_id || strcmp(wish->peer_id, peer->id) == 0) &&
           (!wish->role_count ||
            words_contain(wish->roles, wish->role_count, peer->role->name));
}

// Those of the peer's tracks that fit.
static size_t pick(const struct peer *peer, const struct mute_wish *wish, struct track **picked)
{
    size_t count = 0;
    for (size_t i = 0; i < peer->track_count; i++) {
        if (fits(peer->tracks[i], wish))
            picked[count++] = peer->tracks[i];
    }
    return count;
}

static void add_asked(const struct room *room, const struct peer *by,
                      const struct mute_wish *wish, const uint64_t *to, size_t to_count,
                      struct event_list *events)
{
    const char **roles = arena_alloc(&events->arena, wish->role_count * sizeof *roles);
    for (size_t i = 0; i < wish->role_count; i++)
        roles[i] = event_text(events, wish->roles[i]);
    struct event *event = add_event(room, EVENT_MUTE_ASKED, by, events);
    event->asked.muted = wish->muted;
    event->asked.type = wish->type ? event_text(events, wish->type) : NULL;
    event->asked.source = wish->source ? event_text(events, wish->source) : NULL;
    event->asked.roles = roles;
    event->asked.role_count = wish->role_count;
    event->asked.to = to;
    event->asked.to_count = to_count;
}

int moderate_tracks(struct room *room, const struct peer *by, const struct mute_wish *wish,
                    struct event_list *events)
{
    if (!may_mute(by, wish->muted))
        return ERR_REFUSED;
    if (!role_names_fit(wish->roles, wish->role_count) ||
        (wish->source && strlen(wish->source) > TRACK_SOURCE_LEN_MAX))
        return ERR_FULL;
    if (wish->peer_id && !room_joined(room, wish->peer_id))
        return ERR_NOT_FOUND;

    struct track *picked[TRACKS_PER_PEER_MAX];
    uint64_t *to = arena_alloc(&events->arena, room->peers.count * sizeof *to);
    size_t to_count = 0, at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (concerns(peer, by, wish) && pick(peer, wish, picked) > 0)
            to[to_count++] = peer->number;
    }
    if (to_count == 0)
        return 0;
    add_asked(room, by, wish, to, to_count, events);
    for (size_t i = 0; i < to_count; i++) {
        const struct peer *asked = rooms_peer(room->rooms, to[i]);
        if (wish->muted)
            media_mute(picked, pick(asked, wish, picked), events);
        else if (asked->door != DOOR_SIGNAL)
            media_unmute(picked, pick(asked, wish, picked), events);
    }
    return 0;
}

// --- Remove ---

static void expel(struct peer *peer, enum leave_reason reason, const struct peer *by,
                  const char *why, struct moment now, struct event_list *events)
{
    struct expulsion expulsion = {.reason = reason, .by = by ? by->id : "", .why = why};
    room_expel(peer, &expulsion, now, events);
}

// All but `by`; with `of` only those with a role of this name who have joined. Peers vanish
// from the map while they leave, and with the last one the room.
static void expel_all(struct room *room, const struct peer *by, const char *of,
                      enum leave_reason reason, const char *why, struct moment now,
                      struct event_list *events)
{
    size_t count = 0, at = 0;
    struct peer **all = arena_alloc(&events->arena, room->peers.count * sizeof *all), *peer;
    while ((peer = map_next(&room->peers, &at))) {
        bool is_of = !of || (peer->state == PEER_JOINED && strcmp(peer->role->name, of) == 0);
        if (peer != by && is_of)
            all[count++] = peer;
    }
    room_hold(room);
    for (size_t i = 0; i < count; i++)
        expel(all[i], reason, by, why, now, events);
    room_release(room);
}

int moderate_remove(struct room *room, const struct peer *by, const char *peer_id,
                    const char *reason, struct moment now, struct event_list *events)
{
    if (!permit(by, ACT_REMOVE))
        return ERR_REFUSED;
    if (strlen(reason) > REASON_LEN_MAX)
        return ERR_FULL;
    struct peer *peer = room_joined(room, peer_id);
    if (!peer)
        return ERR_NOT_FOUND;
    expel(peer, LEAVE_REMOVED, by, reason, now, events);
    return 0;
}

int moderate_remove_role(struct room *room, const struct peer *by, const char *role,
                         const char *reason, struct moment now, struct event_list *events)
{
    if (!permit(by, ACT_REMOVE))
        return ERR_REFUSED;
    if (strlen(reason) > REASON_LEN_MAX)
        return ERR_FULL;
    if (!room_knows_role(room, role))
        return ERR_NOT_FOUND;
    expel_all(room, by, role, LEAVE_REMOVED, reason, now, events);
    return 0;
}

int moderate_end(struct room *room, const struct peer *by, bool lock, const char *reason,
                 struct moment now, struct event_list *events)
{
    if (!permit(by, ACT_END_ROOM))
        return ERR_REFUSED;
    if (strlen(reason) > REASON_LEN_MAX)
        return ERR_FULL;
    struct event *event = add_event(room, EVENT_ROOM_ENDED, by, events);
    event->ended.room_id = event_text(events, room->record.id);
    event->ended.lock = lock;
    event->ended.reason = event_text(events, reason);
    if (lock) {
        room->locked = true;
        room_disable(room);
    }

    room_hold(room);
    expel_all(room, by, NULL, LEAVE_ROOM_ENDED, reason, now, events);
    if (by)
        room_leave(room_peer(room, by->id), LEAVE_CLIENT_REQUEST, now, events);
    room_release(room);
    return 0;
}
