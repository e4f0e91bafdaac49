#include "api/public_event.h"

#include "api/context.h"
#include "api/failure.h"

enum { MS_PER_S = 1000 };

// The vendor's "never", which Go's zero time is read from.
static const char zero_time[] = "0001-01-01T00:00:00Z";

static void put_room(struct json_out *j, const struct public_event_session *s)
{
    json_member_string(j, "room_id", s->room_id);
    json_member_string(j, "room_name", s->room_name);
    if (s->id[0])
        json_member_string(j, "session_id", s->id);
    json_member_string(j, "template_id", s->template_id);
}

static void put_session(struct json_out *j, const struct public_event_session *s)
{
    put_room(j, s);
    api_member_time(j, "session_started_at", s->started_at);
}

static void put_person(struct json_out *j, const struct peer_view *who)
{
    json_member_string(j, "peer_id", who->id);
    json_member_string(j, "user_id", who->user_id);
    json_member_string(j, "user_name", who->name);
}

static void put_user(struct json_out *j, const struct peer_view *who, const char *role)
{
    put_person(j, who);
    json_member_string(j, "user_data", who->metadata);
    json_member_string(j, "role", role);
}

static void put_who(struct json_out *j, const struct peer_view *who)
{
    put_user(j, who, who->role);
    api_member_time(j, "joined_at", who->joined_at);
}

static void put_duration(struct json_out *j, const char *key, int64_t from_ms, int64_t to_ms)
{
    json_member_int(j, key, to_ms > from_ms ? (to_ms - from_ms) / MS_PER_S : 0);
}

// --- One function for each kind ---

static void put_closed(struct json_out *j, const struct event *e,
                       const struct public_event_session *s)
{
    put_session(j, s);
    api_member_time(j, "session_stopped_at", e->session.ended_at);
    put_duration(j, "session_duration", s->started_at, e->session.ended_at);
}

static void put_joined(struct json_out *j, const struct event *e,
                       const struct public_event_session *s)
{
    put_session(j, s);
    put_who(j, e->who);
    json_member_string(j, "type", "regular");
}

static void put_left(struct json_out *j, const struct event *e,
                     const struct public_event_session *s)
{
    put_joined(j, e, s);
    api_member_time(j, "left_at", e->left.left_at);
    put_duration(j, "duration", e->who->joined_at, e->left.left_at);
    json_member_string(j, "reason", leave_reason_text(e->left.reason));
    if (e->left.why && e->left.why[0])
        json_member_string(j, "message", e->left.why);
}

static void put_role_changed(struct json_out *j, const struct event *e,
                             const struct public_event_session *s, int64_t now_ms)
{
    put_session(j, s);
    put_who(j, e->who);
    json_member_string(j, "previous_role", e->role.name);
    api_member_time(j, "role_changed_at", now_ms);
    if (e->role.by[0])
        json_member_string(j, "role_change_requested_by", e->role.by);
}

// The role is the one that was wanted.
static void put_role_failed(struct json_out *j, const struct event *e,
                            const struct public_event_session *s)
{
    put_session(j, s);
    put_user(j, e->who, e->role.name);
    api_member_time(j, "joined_at", e->who->joined_at);
    json_member_string(j, "error_message", e->role.why);
    if (e->role.by[0])
        json_member_string(j, "role_change_requested_by", e->role.by);
}

static void put_join_failed(struct json_out *j, const struct event *e,
                            const struct public_event_session *s)
{
    put_room(j, s);
    put_user(j, e->who, e->who->role);
    json_member_string(j, "joined_at", zero_time);
    json_member_string(j, "error_message", e->failed.why);
    json_member_string(j, "type", "regular");
}

static void put_leave_failed(struct json_out *j, const struct event *e,
                             const struct public_event_session *s, int64_t now_ms)
{
    put_join_failed(j, e, s);
    api_member_time(j, "left_at", now_ms);
    json_member_int(j, "duration", 0);
}

static void put_end_failed(struct json_out *j, const struct event *e,
                           const struct public_event_session *s)
{
    put_room(j, s);
    json_member_bool(j, "lock_room", e->failed.lock);
    json_member_string(j, "reason", e->failed.reason);
    json_member_string(j, "source", "api");
    json_member_int(j, "error_code", 404);
    json_member_string(j, "error_message", e->failed.why);
}

static void put_ended(struct json_out *j, const struct event *e,
                      const struct public_event_session *s)
{
    put_session(j, s);
    if (e->who) {
        put_person(j, e->who);
        json_member_string(j, "role", e->who->role);
    }
    json_member_bool(j, "lock_room", e->ended.lock);
    json_member_string(j, "reason", e->ended.reason);
    json_member_string(j, "source", e->who ? "peer" : "api");
}

// The vendor's members and no others.
static void put_track(struct json_out *j, const struct event *e, size_t at,
                      const struct public_event_session *s, int64_t now_ms)
{
    const struct track_wish *track = &e->tracks.list[at];
    json_member_string(j, "room_id", s->room_id);
    json_member_string(j, "session_id", s->id);
    json_member_string(j, "room_name", s->room_name);
    put_person(j, e->who);
    api_member_time(j, "joined_at", e->who->joined_at);
    json_member_string(j, "role", e->who->role);
    json_member_string(j, "track_id", track->id);
    json_member_string(j, "stream_id", track->stream_id);
    json_member_string(j, "type", track->type == TRACK_AUDIO ? "audio" : "video");
    json_member_string(j, "source", track->source);
    json_member_bool(j, "mute", track->muted);
    api_member_time(j, "started_at", e->tracks.started_at[at]);
    if (e->kind == EVENT_TRACKS_REMOVED || e->kind == EVENT_TRACKS_ENDED)
        api_member_time(j, "stopped_at", now_ms);
}

static void put_names(struct json_out *j, const char *key, const char *const *names,
                      size_t count)
{
    if (count)
        json_member_strings(j, key, names, count);
}

static void put_mute_asked(struct json_out *j, const struct event *e,
                           const struct public_event_session *s)
{
    put_session(j, s);
    if (e->who)
        json_member_string(j, "requested_by", e->who->id);
    json_member_bool(j, "mute", e->asked.muted);
    if (e->asked.track_id)
        json_member_string(j, "track_id", e->asked.track_id);
    if (e->asked.type)
        json_member_string(j, "type", e->asked.type);
    if (e->asked.source)
        json_member_string(j, "source", e->asked.source);
    put_names(j, "roles", e->asked.roles, e->asked.role_count);
    json_member_int(j, "peer_count", (int64_t)e->asked.to_count);
}

static void put_chat(struct json_out *j, const struct event *e,
                     const struct public_event_session *s)
{
    put_session(j, s);
    if (e->who)
        put_who(j, e->who);
    json_member_string(j, "message_id", e->chat.message_id);
    api_member_time(j, "sent_at", e->chat.sent_at);
    json_member_string(j, "type", e->chat.type);
    json_member_string(j, "message", e->chat.message);
    put_names(j, "roles", e->chat.roles, e->chat.role_count);
}

// Anonymous polls stay so: that somebody answered is all that is said.
static void put_poll(struct json_out *j, const struct event *e,
                     const struct public_event_session *s)
{
    put_session(j, s);
    json_member_string(j, "poll_id", e->poll.id);
    if (e->kind == EVENT_POLL_ANSWERED)
        json_member_int(j, "question", e->poll.answer->question);
}

static void put_failure(struct json_out *j, const struct event *e,
                        const struct public_event_session *s)
{
    json_t *info = json_loads(e->failure.info, 0, NULL);
    api_failure_put(j, &(struct failure){.name = e->failure.name,
                                         .account_id = s->account_id ? s->account_id : "",
                                         .room_id = s->room_id,
                                         .room_name = s->room_name,
                                         .template_id = s->template_id,
                                         .session_id = s->id,
                                         .peer_id = e->who->id,
                                         .user_id = e->who->user_id,
                                         .user_name = e->who->name,
                                         .role = e->who->role,
                                         .agent = e->failure.agent,
                                         .info = info});
    json_decref(info);
}

// --- The table ---

static const struct {
    const char *type;
    bool is_for_hooks;
    bool is_error;
} kinds[] = {
    [EVENT_ROOM_OPENED] = {.type = "session.open.success", .is_for_hooks = true},
    [EVENT_ROOM_CLOSED] = {.type = "session.close.success", .is_for_hooks = true},
    [EVENT_PEER_JOINED] = {.type = "peer.join.success", .is_for_hooks = true},
    [EVENT_PEER_LEFT] = {.type = "peer.leave.success", .is_for_hooks = true},
    [EVENT_TAKEN_OVER] = {.type = "peer.takeover"},
    [EVENT_ROLE_CHANGED] = {.type = "role.change.success", .is_for_hooks = true},
    [EVENT_ROOM_ENDED] = {.type = "room.end.success", .is_for_hooks = true},
    [EVENT_JOIN_FAILED] = {.type = "peer.join.failure", .is_for_hooks = true, .is_error = true},
    [EVENT_LEAVE_FAILED] = {.type = "peer.leave.failure",
                            .is_for_hooks = true,
                            .is_error = true},
    [EVENT_ROLE_FAILED] = {.type = "role.change.failure",
                           .is_for_hooks = true,
                           .is_error = true},
    [EVENT_END_FAILED] = {.type = "room.end.failure", .is_for_hooks = true, .is_error = true},
    [EVENT_TRACKS_ADDED] = {.type = "track.add.success"},
    [EVENT_TRACKS_UPDATED] = {.type = "track.update.success"},
    [EVENT_TRACKS_REMOVED] = {.type = "track.remove.success"},
    [EVENT_TRACKS_ENDED] = {.type = "track.remove.success"},
    [EVENT_MUTE_ASKED] = {.type = "track.mute.requested"},
    [EVENT_CLIENT_FAILED] = {.type = "client.failed", .is_error = true}, // and which it is
    [EVENT_CHAT] = {.type = "chat.message"},
    [EVENT_POLL_STARTED] = {.type = "poll.started"},
    [EVENT_POLL_STOPPED] = {.type = "poll.stopped"},
    [EVENT_POLL_ANSWERED] = {.type = "poll.answered"},
};

size_t api_public_event_count(const struct event *event, bool with_chat)
{
    if (event->kind >= sizeof kinds / sizeof *kinds || !kinds[event->kind].type)
        return 0;
    switch (event->kind) {
    case EVENT_TRACKS_ADDED:
    case EVENT_TRACKS_UPDATED:
    case EVENT_TRACKS_REMOVED:
    case EVENT_TRACKS_ENDED:
        return event->tracks.count;
    case EVENT_END_FAILED: // once it is known in which room
        return event->failed.room_name != NULL;
    case EVENT_CHAT: // what is not said to all stays among those who heard it
        return with_chat && !event->chat.is_private && !event->chat.role_count;
    default:
        return 1;
    }
}

static void put_data(struct json_out *j, const struct event *e, size_t at,
                     const struct public_event_session *s, int64_t now_ms)
{
    switch (e->kind) {
    case EVENT_ROOM_OPENED:
        put_session(j, s);
        break;
    case EVENT_ROOM_CLOSED:
        put_closed(j, e, s);
        break;
    case EVENT_TAKEN_OVER:
    case EVENT_PEER_JOINED:
        put_joined(j, e, s);
        break;
    case EVENT_PEER_LEFT:
        put_left(j, e, s);
        break;
    case EVENT_ROLE_CHANGED:
        put_role_changed(j, e, s, now_ms);
        break;
    case EVENT_ROOM_ENDED:
        put_ended(j, e, s);
        break;
    case EVENT_JOIN_FAILED:
        put_join_failed(j, e, s);
        break;
    case EVENT_LEAVE_FAILED:
        put_leave_failed(j, e, s, now_ms);
        break;
    case EVENT_ROLE_FAILED:
        put_role_failed(j, e, s);
        break;
    case EVENT_END_FAILED:
        put_end_failed(j, e, s);
        break;
    case EVENT_CLIENT_FAILED:
        put_failure(j, e, s);
        break;
    case EVENT_MUTE_ASKED:
        put_mute_asked(j, e, s);
        break;
    case EVENT_CHAT:
        put_chat(j, e, s);
        break;
    case EVENT_POLL_STARTED:
    case EVENT_POLL_STOPPED:
    case EVENT_POLL_ANSWERED:
        put_poll(j, e, s);
        break;
    default:
        put_track(j, e, at, s, now_ms);
        break;
    }
}

void api_public_event(const struct event *event, size_t at,
                      const struct public_event_session *session, int64_t now_ms,
                      struct public_event *told)
{
    bool is_anonymous = !event->who || event->kind == EVENT_POLL_ANSWERED;
    *told = (struct public_event){
        .type = kinds[event->kind].type,
        .peer_id = is_anonymous ? "" : event->who->id,
        .user_id = is_anonymous ? "" : event->who->user_id,
        .at = now_ms,
        .is_for_hooks = kinds[event->kind].is_for_hooks,
        .is_error = kinds[event->kind].is_error,
    };
    if (event->kind == EVENT_CLIENT_FAILED)
        told->type = api_failure_type(event->failure.name);
    struct json_out j = json_out_on(&told->data);
    json_open(&j, '{');
    put_data(&j, event, at, session, now_ms);
    json_close(&j, '}');
}
