// What is told and asked of people.
#include "signal/state.h"

#include <string.h>

void handle_peer_update(struct call *call)
{
    const char *name = json_get_text(call->rpc->params, "name", NULL);
    const char *metadata = json_get_text(call->rpc->params, "data", NULL);
    if (!name && !metadata)
        reply_error(call, RPC_INVALID_PARAMS, "neither name nor data");
    else if (room_update_peer(call->peer, name, metadata, call->now, call->events))
        reply_error(call, RPC_BAD_REQUEST, "name or metadata is too long");
    else
        reply_empty(call);
}

void handle_get_peer(struct call *call)
{
    const char *peer_id = json_get_text(call->rpc->params, "peer_id", "");
    const struct peer *peer = room_peer(call->peer->room, peer_id);
    if (!peer || !room_sees(call->peer, peer)) {
        reply_error(call, RPC_NOT_FOUND, "peer not found");
        return;
    }
    struct peer_view view = shape_view(peer);
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    shape_peer_info(&j, &view);
    json_close(&j, '}');
    reply_send(call, &j);
}

// --- Telling it ---

struct bytes notify_join_message(struct signal *s, const struct peer_view *who,
                                 struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-peer-join");
    shape_peer(&j, who, &(struct shape_tracks){NULL, 0});
    return notify_finish(s, &j, frames);
}

struct bytes notify_leave_message(struct signal *s, const struct peer_view *who,
                                  struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-peer-leave");
    json_open(&j, '{');
    shape_peer_brief(&j, who);
    json_close(&j, '}');
    return notify_finish(s, &j, frames);
}

void notify_joined(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames)
{
    struct session *own = signal_session_of(s, event->peer);
    if (own) {
        // A socket that came back for a peer with another role, and joined anew after all; or
        // one that looked on while the template was changed.
        notify_other_policy(s, own, event->who->role, frames);
        notify_peer_list(s, own, frames);
        notify_room_info(s, own, frames);
    }
    if (!event->who->is_told)
        notify_hidden(s, event->room, frames);
    presence_joined(s, event, now, frames);
    notify_session_info_to_all(s, event->room, now, frames);
    preview_changed(s, event->room, now);
}

void notify_shown(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames)
{
    presence_shown(s, event, now, frames);
}

void notify_left(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames)
{
    struct session *own = signal_session_of(s, event->peer);
    if (own) {
        session_bind(s, own, 0);
        if (event->left.reason == LEAVE_REPLACED)
            session_refuse(s, own, RPC_GONE, "joined elsewhere", now, frames);
        else if (event->left.reason != LEAVE_CLIENT_REQUEST &&
                 event->left.reason != LEAVE_WEBSOCKET_CLOSED)
            notify_expelled(s, own, event, now, frames);
    }
    channel_forget(s, event->peer);
    talk_forget(s, event->peer);
    presence_left(s, event, frames);
    notify_session_info_to_all(s, event->room, now, frames);
    preview_changed(s, event->room, now);
}

// Of a name, metadata, role or groups: the tracks are left out, as they did not change.
struct bytes notify_update_message(struct signal *s, const struct peer_view *who,
                                   struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-peer-update");
    shape_peer(&j, who, NULL);
    return notify_finish(s, &j, frames);
}

void notify_updated(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames)
{
    owed_tell_update(s, event, now, frames);
}

void notify_admitted(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames)
{
    struct session *own = signal_session_of(s, event->peer);
    struct peer_view view = owed_view(s, event, now);
    struct bytes update = notify_update_message(s, &view, frames);
    struct bytes join = notify_join_message(s, &view, frames);
    if (own)
        notify_peer_list(s, own, frames);
    notify_some(s, &event->peer, 1, update, frames);
    notify_crossing(s, event, update, join, frames);
    notify_session_info_to_all(s, event->room, now, frames);
    preview_changed(s, event->room, now);
}

// To the one who waits now everybody else has gone.
static void empty_roster(struct signal *s, const struct event *event, struct frame_list *frames)
{
    const struct peer *own = rooms_peer(s->rooms, event->peer);
    size_t at = 0;
    const struct peer *peer;
    while (own && (peer = map_next(&own->room->peers, &at))) {
        if (peer == own || peer->state != PEER_JOINED)
            continue;
        struct peer_view view = shape_view(peer);
        notify_some(s, &event->peer, 1, notify_leave_message(s, &view, frames), frames);
    }
}

void notify_held(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames)
{
    presence_bring_forward(s, event->room, event->peer, now, frames);
    struct peer_view view = owed_view(s, event, now);
    struct bytes update = notify_update_message(s, &view, frames);
    struct bytes leave = notify_leave_message(s, event->who, frames);
    notify_some(s, &event->peer, 1, update, frames);
    empty_roster(s, event, frames);
    notify_crossing(s, event, update, leave, frames);
    notify_session_info_to_all(s, event->room, now, frames);
    preview_changed(s, event->room, now);
}
