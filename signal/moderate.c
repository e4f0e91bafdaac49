// Mute, ask to unmute, remove, end the meeting.
#include "room/moderate.h"
#include "base/err.h"
#include "room/permit.h"
#include "signal/state.h"

#include <string.h>

static void answer(struct call *call, int err, enum act act, const char *missing)
{
    if (err == ERR_REFUSED)
        reply_forbidden(call, act);
    else if (err == ERR_NOT_FOUND)
        reply_error(call, RPC_NOT_FOUND, missing);
    else if (err)
        reply_error(call, RPC_BAD_REQUEST, "the reason or the list is too long");
    else
        reply_empty(call);
}

static enum act act_of(bool muted)
{
    return muted ? ACT_MUTE : ACT_ASK_TO_UNMUTE;
}

void handle_track_update_request(struct call *call)
{
    const json_t *params = call->rpc->params;
    bool muted = json_get_bool(params, "mute", false);
    int err =
        moderate_track(call->peer->room, call->peer, json_get_text(params, "requested_for", ""),
                       json_get_text(params, "track_id", ""), muted, call->events);
    answer(call, err, act_of(muted), "track not found");
}

void handle_change_track_mute_state_request(struct call *call)
{
    const json_t *params = call->rpc->params;
    struct mute_wish wish = {
        .muted = json_get_bool(params, "value", false),
        .type = json_get_text(params, "type", NULL),
        .source = json_get_text(params, "source", NULL),
        .peer_id = json_get_text(params, "requested_for", NULL),
    };
    if (wish.type && strcmp(wish.type, "audio") != 0 && strcmp(wish.type, "video") != 0) {
        reply_error(call, RPC_INVALID_PARAMS, "type is audio or video");
        return;
    }
    wish.roles = json_get_texts(params, "roles", &call->events->arena, &wish.role_count);
    int err = moderate_tracks(call->peer->room, call->peer, &wish, call->events);
    answer(call, err, act_of(wish.muted), "peer not found");
}

void handle_peer_leave_request(struct call *call)
{
    const json_t *params = call->rpc->params;
    // People who remove themselves are gone after it, and so is what the answer is for.
    const char *peer_id = json_get_text(params, "requested_for", "");
    int err = moderate_remove(call->peer->room, call->peer, peer_id,
                              json_get_text(params, "reason", ""), call->now, call->events);
    answer(call, err, ACT_REMOVE, "peer not found");
}

void handle_end_room(struct call *call)
{
    const json_t *params = call->rpc->params;
    int err = moderate_end(call->peer->room, call->peer, json_get_bool(params, "lock", false),
                           json_get_text(params, "reason", ""), call->now, call->events);
    // The client leaves when it has the answer; it is told of nothing before.
    if (!err) {
        call->peer = NULL;
        session_bind(call->signal, call->session, 0);
        session_end(call->signal, call->session, call->now, call->frames);
    }
    answer(call, err, ACT_END_ROOM, "");
}

// --- Telling it ---

void notify_mute_asked(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames)
{
    (void)now;
    bool one = event->asked.track_id;
    struct json_out j =
        notify_open(s, one ? "on-track-update-request" : "on-change-track-mute-state-request");
    json_open(&j, '{');
    if (event->who)
        json_member_string(&j, "requested_by", event->who->id);
    json_member_bool(&j, one ? "mute" : "value", event->asked.muted);
    if (one) {
        json_member_string(&j, "track_id", event->asked.track_id);
        json_member_string(&j, "stream_id", event->asked.stream_id);
    }
    if (event->asked.type)
        json_member_string(&j, "type", event->asked.type);
    if (event->asked.source)
        json_member_string(&j, "source", event->asked.source);
    if (event->asked.role_count)
        json_member_strings(&j, "roles", event->asked.roles, event->asked.role_count);
    json_close(&j, '}');
    notify_some(s, event->asked.to, event->asked.to_count, notify_finish(s, &j, frames),
                frames);
}

void notify_expelled(struct signal *s, struct session *session, const struct event *event,
                     struct moment now, struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-peer-leave-request");
    json_open(&j, '{');
    if (event->left.by[0])
        json_member_string(&j, "requested_by", event->left.by);
    json_member_string(&j, "reason", event->left.why);
    json_member_bool(&j, "room_end", event->left.reason == LEAVE_ROOM_ENDED);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
    session_end(s, session, now, frames);
}

// Those who are in are told as they leave. Somebody who only looks on cannot come in any more.
void notify_room_ended(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames)
{
    const struct audience *audience = signal_audience(s, event->room);
    if (!event->ended.lock || !audience)
        return;
    LIST_EACH(&audience->sessions, each)
    {
        struct session *session = LIST_ENTRY(each, struct session, in_room);
        if (!session->peer && session->state == SESSION_READY)
            session_refuse(s, session, RPC_REFUSED, "room is not active", now, frames);
    }
}

// A message of the system to all: no peer sent it.
void notify_room_ends_soon(struct signal *s, const struct event *event, struct moment now,
                           struct frame_list *frames)
{
    struct text message = {0};
    struct json_out m = json_out_on(&message);
    json_open(&m, '{');
    json_member_int(&m, "seconds_left", event->ends.seconds_left);
    json_close(&m, '}');

    char id[UUID_LEN + 1];
    id_uuid(s->rooms->rng, id);
    struct json_out j = notify_open(s, "on-broadcast");
    json_open(&j, '{');
    json_member_bool(&j, "private", false);
    json_member_string(&j, "message_id", id);
    json_member_int(&j, "timestamp", now.wall_ms);
    json_key(&j, "info");
    json_open(&j, '{');
    json_key(&j, "message");
    json_put_bytes(&j, text_bytes(&message));
    json_member_string(&j, "type", "room_duration_warning");
    json_close(&j, '}');
    json_close(&j, '}');
    text_dispose(&message);
    notify_all(s, event->room, notify_finish(s, &j, frames), FRAME_TEXT, frames);
}
