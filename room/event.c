#include "room/event.h"

#include "room/live.h"

#include <assert.h>

enum { CAP_FIRST = 16 };

const char *leave_reason_text(enum leave_reason reason)
{
    switch (reason) {
    case LEAVE_CLIENT_REQUEST:
        return "client request";
    case LEAVE_WEBSOCKET_CLOSED:
        return "websocket closed";
    case LEAVE_MEDIA_LOST:
        return "connection lost";
    case LEAVE_REMOVED:
        return "peer kicked";
    case LEAVE_REPLACED:
    case LEAVE_ROOM_ENDED:
        return "server removed peer";
    }
    return "";
}

void event_list_clear(struct event_list *list)
{
    list->count = 0;
    arena_dispose(&list->arena);
}

void event_list_dispose(struct event_list *list)
{
    event_list_clear(list);
    mem_free(list->at);
    *list = (struct event_list){0};
}

// What tells of nothing that a session has to remember.
static bool is_passing(enum event_kind kind)
{
    switch (kind) {
    case EVENT_CHAT: // these touch what they are about
    case EVENT_POLL_STARTED:
    case EVENT_POLL_STOPPED:
    case EVENT_POLL_STATS:
    case EVENT_POLL_ANSWERED:
    case EVENT_STORE_CHANGED:
    case EVENT_STATS_REPORTED:
    case EVENT_CLIENT_FAILED:
    case EVENT_MUTE_ASKED:
    case EVENT_ROLE_ASKED:
    case EVENT_ROOM_ENDS_SOON:
    case EVENT_TRACKS_ADDED: // media is made anew after a restart
    case EVENT_TRACKS_UPDATED:
    case EVENT_TRACKS_REMOVED:
    case EVENT_TRACKS_ENDED:
    case EVENT_JOIN_FAILED:
    case EVENT_LEAVE_FAILED:
    case EVENT_ROLE_FAILED:
    case EVENT_CHAT_PAST:
    case EVENT_SPEAKERS:
    case EVENT_QUALITY:
    case EVENT_LAYERS:
    case EVENT_DEMAND:
    case EVENT_ANSWERED:
    case EVENT_OFFER:
    case EVENT_ENDPOINT_OPEN:
    case EVENT_ENDPOINT_CLOSE:
    case EVENT_PUBLISH:
    case EVENT_WATCH:
    case EVENT_FRAGMENT:
    case EVENT_SEAT_LAYER:
    case EVENT_SUBSCRIBE_ANSWER:
    case EVENT_SUBSCRIBE_RESTART:
    case EVENT_FEED_OPEN:
    case EVENT_FEED_CLOSE:
    case EVENT_FEED_LAYER:
    case EVENT_SUBSCRIBE_CAP:
    case EVENT_TRACK_MUTE:
    case EVENT_TRACK_CAP:
        return true;
    default:
        return false;
    }
}

struct event *event_add(struct event_list *list, enum event_kind kind, const struct peer *peer)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : CAP_FIRST;
        list->at = mem_resize(list->at, list->cap * sizeof *list->at);
    }
    struct event *event = &list->at[list->count++];
    *event = (struct event){.kind = kind};
    if (peer) {
        event->peer = peer->number;
        event->room = peer->room->number;
        if (!is_passing(kind))
            room_touch_part(peer->room, PART_PEER, peer->id);
    }
    return event;
}

struct event *event_add_who(struct event_list *list, enum event_kind kind,
                            const struct peer *peer)
{
    struct peer_view *who = arena_alloc(&list->arena, sizeof *who);
    const char **groups = arena_alloc(&list->arena, peer->group_count * sizeof *groups);
    for (size_t i = 0; i < peer->group_count; i++)
        groups[i] = event_text(list, peer->groups[i]);
    *who = (struct peer_view){
        .number = peer->number,
        .id = event_text(list, peer->id),
        .role = event_text(list, peer->role->name),
        .name = event_text(list, peer->name),
        .metadata = event_text(list, peer->metadata),
        .user_id = event_text(list, peer->user_id),
        .groups = groups,
        .group_count = peer->group_count,
        .waits = peer->role->waiting_room,
        .is_told = peer->is_told,
        .joined_at = peer->joined_at,
        .token = peer->token,
    };
    struct event *event = event_add(list, kind, peer);
    event->who = who;
    return event;
}

const char *event_text(struct event_list *list, const char *text)
{
    return arena_text(&list->arena, bytes_of(text));
}
