// Roles and groups.
#include "room/role.h"
#include "base/err.h"
#include "room/group.h"
#include "signal/state.h"

#include <string.h>

static void answer(struct call *call, int err, const char *missing)
{
    if (err == ERR_REFUSED)
        reply_forbidden(call, ACT_CHANGE_ROLE);
    else if (err == ERR_NOT_FOUND)
        reply_error(call, RPC_NOT_FOUND, missing);
    else if (err)
        reply_error(call, RPC_BAD_REQUEST, "role limit reached");
    else
        reply_empty(call);
}

static const char *text_of(const struct call *call, const char *key)
{
    return json_get_text(call->rpc->params, key, "");
}

void handle_role_change_request(struct call *call)
{
    const json_t *params = call->rpc->params;
    struct room *room = call->peer->room;
    const char *role = text_of(call, "role");
    const char *peer_id = json_get_text(params, "requested_for", NULL);
    if (!json_get_array(params, "roles")) {
        if (!peer_id) {
            reply_error(call, RPC_INVALID_PARAMS, "requested_for or roles is needed");
            return;
        }
        int err = role_change(room, call->peer, peer_id, role,
                              json_get_bool(params, "force", false), call->now, call->events);
        answer(call, err, "no such peer or role");
        return;
    }
    // The client offers many at once by force only.
    if (!json_get_bool(params, "force", true)) {
        reply_error(call, RPC_INVALID_PARAMS, "many are changed by force only");
        return;
    }
    size_t count;
    const char *const *roles = json_get_texts(params, "roles", &call->events->arena, &count);
    answer(call,
           role_change_many(room, call->peer, roles, count, role, call->now, call->events),
           "no such role");
}

void handle_role_change(struct call *call)
{
    int err = role_accept(call->peer, text_of(call, "role"), text_of(call, "token"), call->now,
                          call->events);
    answer(call, err, "nobody asked for this, or too long ago");
}

// --- Groups ---

typedef int group_change(struct room *room, const struct peer *by, const char *peer_id,
                         const char *name, struct event_list *events);

static void change_group(struct call *call, group_change *change, const char *peer_id,
                         bool tells_groups)
{
    struct peer *peer = call->peer;
    int err = change(peer->room, peer, peer_id, text_of(call, "name"), call->events);
    if (err == ERR_REFUSED) {
        bool own = strcmp(peer_id, peer->id) == 0;
        reply_forbidden(call, own ? ACT_TAKE_PART : ACT_MOVE_GROUPS);
    } else if (err == ERR_NOT_FOUND) {
        reply_error(call, RPC_NOT_FOUND, "peer not found");
    } else if (err) {
        reply_error(call, RPC_BAD_REQUEST,
                    err == ERR_FULL ? "too many groups"
                                    : "the name is empty, too long or has control characters");
    } else if (!tells_groups) {
        reply_empty(call);
    } else {
        struct json_out j = reply_open(call);
        json_open(&j, '{');
        json_member_strings(&j, "groups", (const char *const *)peer->groups, peer->group_count);
        json_close(&j, '}');
        reply_send(call, &j);
    }
}

void handle_group_join(struct call *call)
{
    change_group(call, group_join, call->peer->id, true);
}

void handle_group_leave(struct call *call)
{
    change_group(call, group_leave, call->peer->id, true);
}

void handle_group_add(struct call *call)
{
    change_group(call, group_join, text_of(call, "peer_id"), false);
}

void handle_group_remove(struct call *call)
{
    change_group(call, group_leave, text_of(call, "peer_id"), false);
}

// --- Telling it ---

void notify_role_asked(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames)
{
    (void)now;
    struct json_out j = notify_open(s, "on-role-change-request");
    json_open(&j, '{');
    if (event->who)
        json_member_string(&j, "requested_by", event->who->id);
    json_member_string(&j, "role", event->role.name);
    json_member_string(&j, "token", event->role.token);
    json_close(&j, '}');
    notify_some(s, &event->peer, 1, notify_finish(s, &j, frames), frames);
}

// Those who may let people in see the ones that wait; a peer for which that has changed is
// told.
static void tell_of_waiting(struct signal *s, struct session *own, const struct event *event,
                            struct frame_list *frames)
{
    bool sees = event->role.sees_waiting;
    if (event->role.saw_waiting == sees)
        return;
    size_t at = 0;
    const struct peer *peer;
    while ((peer = map_next(&own->room->peers, &at))) {
        if (peer->state != PEER_JOINED || !peer->role->waiting_room ||
            peer->number == event->peer)
            continue;
        struct peer_view view = shape_view(peer);
        if (sees && text_weight(view.metadata) > METADATA_SHORT_MAX) {
            view.metadata = "";
            owed_add(s, own, peer->number);
        }
        notify_text(own,
                    sees ? notify_join_message(s, &view, frames)
                         : notify_leave_message(s, &view, frames),
                    frames);
    }
}

// A policy with another name is the change, to the one whose role it is; on-peer-update tells
// everybody.
void notify_role_changed(struct signal *s, const struct event *event, struct moment now,
                         struct frame_list *frames)
{
    (void)now;
    struct session *own = signal_session_of(s, event->peer);
    if (!own)
        return;
    notify_policy(s, own, event->who->role, frames);
    tell_of_waiting(s, own, event, frames);
}
