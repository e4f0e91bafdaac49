#include "server/untold.h"

#include <string.h>

static bool is_in(const struct room *room, const struct store_visit *visit)
{
    const struct peer *peer = room ? room_joined(room, visit->peer_id) : NULL;
    return peer && strcmp(peer->user_id, visit->user_id) == 0 &&
           peer->joined_at == visit->joined_at;
}

static bool was_logged(const struct jobs_live *live, const struct peer *peer)
{
    for (size_t i = 0; i < live->visit_count; i++) {
        const struct store_visit *visit = &live->visits[i];
        if (strcmp(visit->peer_id, peer->id) == 0 &&
            strcmp(visit->user_id, peer->user_id) == 0 && visit->joined_at == peer->joined_at)
            return true;
    }
    return false;
}

// A session is written before the log tells of it, so the last process may have ended between
// the two: what it did not get to tell is told now.
static void tell_come(const struct jobs_live *live, const struct room *room,
                      struct event_list *events)
{
    if (!live->is_logged) {
        struct event *event = event_add(events, EVENT_ROOM_OPENED, NULL);
        event->room = room->number;
        event->session.session_id = room->session_id;
        event->session.room_id = room->record.id;
        event->session.room_name = room->record.name;
        event->session.template_id = room->template->id;
        event->session.started_at = room->started_at;
    }
    size_t at = 0;
    for (const struct peer *peer; (peer = map_next(&room->peers, &at));) {
        if (peer->state == PEER_JOINED && !was_logged(live, peer))
            event_add_who(events, EVENT_PEER_JOINED, peer);
    }
}

// Those who were in with the last process and are not with this one: a back end was told that
// they came, and is told that they left. So is whoever reads the log.
static void tell_left(const struct jobs_live *live, const struct room *room, uint64_t number,
                      struct event_list *events)
{
    for (size_t i = 0; i < live->visit_count; i++) {
        const struct store_visit *visit = &live->visits[i];
        if (is_in(room, visit))
            continue;
        struct peer_view *who = arena_alloc(&events->arena, sizeof *who);
        *who = (struct peer_view){.id = visit->peer_id,
                                  .role = visit->role,
                                  .name = visit->name,
                                  .metadata = "",
                                  .user_id = visit->user_id,
                                  .joined_at = visit->joined_at};
        struct event *event = event_add(events, EVENT_PEER_LEFT, NULL);
        event->room = number;
        event->who = who;
        event->left.reason = LEAVE_WEBSOCKET_CLOSED;
        event->left.by = event->left.why = "";
        event->left.left_at =
            live->heard_at > visit->joined_at ? live->heard_at : visit->joined_at;
    }
}

static void tell_closed(const struct jobs_live *live, uint64_t number,
                        struct event_list *events)
{
    struct event *event = event_add(events, EVENT_ROOM_CLOSED, NULL);
    event->room = number;
    event->session.session_id = live->session_id;
    event->session.room_id = live->room_id;
    event->session.room_name = live->record.name;
    event->session.template_id = live->template_id;
    event->session.started_at = live->started_at;
    event->session.ended_at = live->heard_at;
}

void untold_events(const struct jobs_live *live, const struct room *room,
                   struct event_list *events)
{
    uint64_t number = room ? room->number : 0;
    if (live->is_logged) {
        tell_left(live, room, number, events);
        if (!room)
            tell_closed(live, number, events);
    }
    if (room)
        tell_come(live, room, events);
}
