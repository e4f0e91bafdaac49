// What clients are told without having asked: events to JSON.
#include "base/err.h"
#include "signal/state.h"

// --- Messages ---

struct json_out notify_open(struct signal *s, const char *method)
{
    text_clear(&s->scratch);
    struct json_out j = json_out_on(&s->scratch);
    json_open(&j, '{');
    json_member_string(&j, "method", method);
    json_key(&j, "params");
    return j;
}

static void send_text(const struct session *session, struct bytes text,
                      struct frame_list *frames)
{
    frame_add(frames,
              (struct frame){.kind = FRAME_TEXT, .session = session->number, .text = text});
}

static struct bytes finish(struct signal *s, struct json_out *j, struct frame_list *frames)
{
    json_close(j, '}');
    return frame_text(frames, &s->scratch);
}

void notify_send(struct signal *s, const struct session *session, struct json_out *j,
                 struct frame_list *frames)
{
    send_text(session, finish(s, j, frames), frames);
}

void notify_error(struct signal *s, const struct session *session, int code,
                  const char *message, struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-error");
    json_open(&j, '{');
    json_member_int(&j, "code", code);
    json_member_string(&j, "message", message);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}

// --- The state of the room ---

enum peer_detail { WITHOUT_TRACKS, WITH_TRACKS };

// Peer of section 5.1. Without `realtime` the client drops and re-adds peers that it knows.
static void put_peer(struct json_out *j, const struct peer *peer, enum peer_detail detail)
{
    struct track_wish tracks[TRACKS_PER_PEER_MAX];
    size_t count = 0;
    for (size_t i = 0; i < peer->track_count; i++) {
        if (peer->tracks[i]->announced)
            tracks[count++] = peer->tracks[i]->is;
    }
    struct peer_view view = shape_view(peer);
    json_open(j, '{');
    shape_peer_info(j, &view);
    json_member_int(j, "joined_at", view.joined_at);
    if (detail == WITH_TRACKS) {
        json_key(j, "tracks");
        shape_tracks(j, tracks, count);
    }
    json_member_bool(j, "realtime", true);
    json_close(j, '}');
}

static void put_peers(struct json_out *j, const struct room *room, uint64_t without,
                      enum peer_detail detail)
{
    json_key(j, "peers");
    json_open(j, '{');
    size_t at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (peer->number == without || peer->state != PEER_JOINED)
            continue;
        json_key(j, peer->id);
        put_peer(j, peer, detail);
    }
    json_close(j, '}');
}

void notify_peer_list(struct signal *s, const struct session *session,
                      struct frame_list *frames)
{
    struct json_out j = notify_open(s, "peer-list");
    json_open(&j, '{');
    put_peers(&j, session->room, session->peer, WITH_TRACKS);
    json_key(&j, "room");
    shape_room_state(&j, session->room);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}

void notify_room_state(struct signal *s, const struct session *session,
                       struct frame_list *frames)
{
    const struct room *room = session->room;
    const struct role *role = template_role(room->template, session->role);
    bool may_know = role && role->permissions[PERMISSION_SEND_ROOM_STATE];
    if (!may_know && !room->template->room_state.enabled)
        return;
    struct json_out j = notify_open(s, "room-state");
    json_open(&j, '{');
    json_member_int(&j, "peer_count", (int64_t)room->joined_count);
    json_key(&j, "room");
    shape_room_state(&j, room);
    if (may_know || room->template->room_state.send_peer_list)
        put_peers(&j, room, 0, WITHOUT_TRACKS);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}

void notify_room_info(struct signal *s, const struct session *session,
                      struct frame_list *frames)
{
    const struct room_record *record = &session->room->record;
    struct json_out j = notify_open(s, "room-info");
    json_open(&j, '{');
    json_member_string(&j, "room_id", record->id);
    json_member_string(&j, "name", record->name);
    json_member_string(&j, "description", record->description);
    json_member_int(&j, "max_size", record->size);
    json_member_bool(&j, "large_room_optimization", false);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}

static struct bytes session_info(struct signal *s, const struct room *room,
                                 struct frame_list *frames)
{
    struct json_out j = notify_open(s, "session-info");
    json_open(&j, '{');
    json_member_string(&j, "session_id", room->session_id);
    json_member_string(&j, "room_id", room->record.id);
    json_member_int(&j, "peer_count", (int64_t)room->joined_count);
    json_member_int(&j, "track_count", (int64_t)room_track_count(room));
    json_close(&j, '}');
    return finish(s, &j, frames);
}

void notify_session_info(struct signal *s, const struct session *session,
                         struct frame_list *frames)
{
    send_text(session, session_info(s, session->room, frames), frames);
}

// --- To many ---

// To all who are in the room, or all but one.
static void tell_all(struct signal *s, uint64_t room, uint64_t but, struct bytes text,
                     enum frame_kind kind, struct frame_list *frames)
{
    const struct audience *audience = signal_audience(s, room);
    if (!audience)
        return;
    LIST_EACH(&audience->sessions, each)
    {
        const struct session *session = LIST_ENTRY(each, struct session, in_room);
        const struct peer *peer = rooms_peer(s->rooms, session->peer);
        if (!peer || peer->state != PEER_JOINED || peer->number == but)
            continue;
        frame_add(frames, (struct frame){.kind = kind,
                                         .session = session->number,
                                         .peer = kind == FRAME_DATA ? peer->number : 0,
                                         .text = text});
    }
}

// Once told, the client believes this count and no longer its own list of peers, so everybody
// hears of each change.
static void tell_session_info(struct signal *s, uint64_t room, struct frame_list *frames)
{
    const struct audience *audience = signal_audience(s, room);
    if (!audience)
        return;
    const struct session *any = LIST_ENTRY(audience->sessions.next, struct session, in_room);
    tell_all(s, room, 0, session_info(s, any->room, frames), FRAME_TEXT, frames);
}

static struct bytes peer_message(struct signal *s, const char *method,
                                 const struct peer_view *who, bool is_full,
                                 struct frame_list *frames)
{
    struct json_out j = notify_open(s, method);
    json_open(&j, '{');
    shape_peer_info(&j, who);
    if (is_full) {
        json_member_int(&j, "joined_at", who->joined_at);
        json_key(&j, "tracks");
        shape_tracks(&j, NULL, 0);
        json_member_bool(&j, "realtime", true);
    }
    json_close(&j, '}');
    return finish(s, &j, frames);
}

// Of a name, metadata or role: the tracks are left out, as they did not change.
static struct bytes peer_update_message(struct signal *s, const struct peer_view *who,
                                        struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-peer-update");
    json_open(&j, '{');
    shape_peer_info(&j, who);
    json_member_int(&j, "joined_at", who->joined_at);
    json_member_bool(&j, "realtime", true);
    json_close(&j, '}');
    return finish(s, &j, frames);
}

static void tell_joined(struct signal *s, const struct event *event, struct moment now,
                        struct frame_list *frames)
{
    const struct session *own = signal_session_of(s, event->peer);
    if (own) {
        notify_peer_list(s, own, frames);
        notify_room_info(s, own, frames);
    }
    struct bytes text = peer_message(s, "on-peer-join", event->who, true, frames);
    tell_all(s, event->room, event->peer, text, FRAME_TEXT, frames);
    tell_session_info(s, event->room, frames);
    session_states_due(s, event->room, now);
}

static void tell_left(struct signal *s, const struct event *event, struct moment now,
                      struct frame_list *frames)
{
    struct session *own = signal_session_of(s, event->peer);
    if (own) {
        session_bind(s, own, 0);
        if (event->left.reason == LEAVE_REPLACED)
            session_refuse(s, own, RPC_GONE, "joined elsewhere", now, frames);
    }
    mem_free(map_remove(&s->channels, map_key_u64(&event->peer)));
    struct bytes text = peer_message(s, "on-peer-leave", event->who, false, frames);
    tell_all(s, event->room, event->peer, text, FRAME_TEXT, frames);
    tell_session_info(s, event->room, frames);
    session_states_due(s, event->room, now);
}

static void tell_tracks(struct signal *s, const struct event *event, const char *method,
                        struct frame_list *frames)
{
    struct json_out j = notify_open(s, method);
    json_open(&j, '{');
    json_key(&j, "tracks");
    shape_tracks(&j, event->tracks.list, event->tracks.count);
    json_key(&j, "peer");
    json_open(&j, '{');
    shape_peer_info(&j, event->who);
    json_close(&j, '}');
    json_close(&j, '}');
    tell_all(s, event->room, event->peer, finish(s, &j, frames), FRAME_TEXT, frames);
}

static void tell_chat(struct signal *s, const struct event *event, struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-broadcast");
    json_open(&j, '{');
    json_key(&j, "peer");
    json_open(&j, '{');
    shape_peer_info(&j, event->who);
    json_close(&j, '}');
    if (event->chat.role_count) {
        json_key(&j, "roles");
        json_open(&j, '[');
        for (size_t i = 0; i < event->chat.role_count; i++)
            json_put_string(&j, event->chat.roles[i]);
        json_close(&j, ']');
    }
    json_member_bool(&j, "private", event->chat.is_private);
    json_member_string(&j, "message_id", event->chat.message_id);
    json_member_int(&j, "timestamp", event->chat.sent_at);
    json_key(&j, "info");
    json_open(&j, '{');
    json_member_string(&j, "message", event->chat.message);
    json_member_string(&j, "type", event->chat.type);
    json_close(&j, '}');
    json_close(&j, '}');
    struct bytes text = finish(s, &j, frames);
    for (size_t i = 0; i < event->chat.to_count; i++) {
        const struct session *session = signal_session_of(s, event->chat.to[i]);
        if (session)
            send_text(session, text, frames);
    }
}

static void tell_speakers(struct signal *s, const struct event *event,
                          struct frame_list *frames)
{
    struct json_out j = notify_open(s, "active-speakers");
    json_open(&j, '{');
    json_key(&j, "speaker-list");
    json_open(&j, '[');
    for (size_t i = 0; i < event->speakers.count; i++) {
        const struct event_speaker *speaker = &event->speakers.list[i];
        json_open(&j, '{');
        json_member_string(&j, "peer_id", speaker->peer_id);
        json_member_string(&j, "track_id", speaker->track_id);
        json_member_int(&j, "level", speaker->level);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    tell_all(s, event->room, 0, finish(s, &j, frames), FRAME_DATA, frames);
}

static void tell_quality(struct signal *s, const struct event *event, struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-connection-quality-update");
    json_open(&j, '{');
    json_key(&j, "peers");
    json_open(&j, '[');
    json_open(&j, '{');
    json_member_string(&j, "peer_id", event->who->id);
    json_member_int(&j, "downlink_score", event->quality.downlink_score);
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
    tell_all(s, event->room, 0, finish(s, &j, frames), FRAME_DATA, frames);
}

// --- To one ---

static void tell_answered(struct signal *s, const struct event *event,
                          struct frame_list *frames)
{
    struct session *session = signal_session_of(s, event->peer);
    if (!session)
        return;
    json_t *id = session_take(session, event->answered.request);
    if (!rooms_peer(s->rooms, event->peer)) // its join failed
        session_bind(s, session, 0);
    if (!id)
        return;
    if (event->answered.err)
        // The SDK tries again after 503, and gives up after any other.
        reply_answer_error(s, session, id,
                           event->answered.err == ERR_BUSY ? RPC_BUSY : RPC_BAD_REQUEST,
                           event->answered.text, frames);
    else
        reply_answer(s, session, id, event->answered.text, frames);
    json_decref(id);
}

static void tell_offer(struct signal *s, const struct event *event, struct frame_list *frames)
{
    const struct session *session = signal_session_of(s, event->peer);
    if (!session)
        return;
    struct json_out j = notify_open(s, "offer");
    json_open(&j, '{');
    json_member_string(&j, "type", "offer");
    json_member_string(&j, "sdp", event->offer.sdp);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}

static void deliver(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames)
{
    switch (event->kind) {
    case EVENT_PEER_JOINED:
        tell_joined(s, event, now, frames);
        break;
    case EVENT_PEER_LEFT:
        tell_left(s, event, now, frames);
        break;
    case EVENT_PEER_UPDATED:
        tell_all(s, event->room, 0, peer_update_message(s, event->who, frames), FRAME_TEXT,
                 frames);
        break;
    case EVENT_TRACKS_ADDED:
        tell_tracks(s, event, "on-track-add", frames);
        break;
    case EVENT_TRACKS_UPDATED:
        tell_tracks(s, event, "on-track-update", frames);
        break;
    case EVENT_TRACKS_REMOVED:
        tell_tracks(s, event, "on-track-remove", frames);
        break;
    case EVENT_CHAT:
        tell_chat(s, event, frames);
        break;
    case EVENT_SPEAKERS:
        tell_speakers(s, event, frames);
        break;
    case EVENT_QUALITY:
        tell_quality(s, event, frames);
        break;
    case EVENT_ANSWERED:
        tell_answered(s, event, frames);
        break;
    case EVENT_OFFER:
        tell_offer(s, event, frames);
        break;
    default: // for the media worker and the session log
        break;
    }
}

void signal_deliver(struct signal *s, const struct event_list *events, struct moment now,
                    struct frame_list *frames)
{
    for (size_t i = 0; i < events->count; i++)
        deliver(s, &events->at[i], now, frames);
}
