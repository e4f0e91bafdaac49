// What clients are told without having asked: events to JSON.
#include "room/waiting.h"
#include "signal/state.h"

#include <string.h>

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

void notify_text(const struct session *session, struct bytes text, struct frame_list *frames)
{
    frame_add(frames,
              (struct frame){.kind = FRAME_TEXT, .session = session->number, .text = text});
}

struct bytes notify_finish(struct signal *s, struct json_out *j, struct frame_list *frames)
{
    json_close(j, '}');
    return frame_text(frames, &s->scratch);
}

void notify_send(struct signal *s, const struct session *session, struct json_out *j,
                 struct frame_list *frames)
{
    notify_text(session, notify_finish(s, j, frames), frames);
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

static struct template *policy_of(const struct signal *s, const struct session *session)
{
    const struct peer *peer = rooms_peer(s->rooms, session->peer);
    return peer ? peer->template : session->room->template;
}

void notify_policy(struct signal *s, struct session *session, const char *role,
                   struct frame_list *frames)
{
    struct template *template = policy_of(s, session);
    mem_free(session->told_role);
    session->told_role = mem_text(role);
    template_free(session->told_template);
    session->told_template = template_hold(template);
    struct json_out j = notify_open(s, "on-policy-change");
    policy_write(&j, template, role, &s->rooms->engines);
    notify_send(s, session, &j, frames);
}

void notify_other_policy(struct signal *s, struct session *session, const char *role,
                         struct frame_list *frames)
{
    if (!session->told_role || strcmp(session->told_role, role) != 0 ||
        session->told_template != policy_of(s, session))
        notify_policy(s, session, role, frames);
}

// --- The state of the room ---

enum peer_detail { WITHOUT_TRACKS, WITH_TRACKS };

// Peer of section 5.1.
static void put_peer(struct json_out *j, const struct peer *peer, bool with_names,
                     bool with_metadata, enum peer_detail detail)
{
    struct track_wish tracks[TRACKS_PER_PEER_MAX];
    size_t count = 0;
    for (size_t i = 0; i < peer->track_count; i++) {
        if (!peer->tracks[i]->announced)
            continue;
        tracks[count] = peer->tracks[i]->is;
        if (!with_names)
            tracks[count].description[0] = 0;
        count++;
    }
    struct peer_view view = shape_view(peer);
    if (!with_metadata)
        view.metadata = "";
    if (!with_names) {
        view.name = "";
        view.group_count = 0;
    }
    shape_peer(j, &view, detail == WITH_TRACKS ? &(struct shape_tracks){tracks, count} : NULL);
}

// Of its name, its groups, and what its tracks are said to be.
static size_t weigh_names(const struct peer *peer)
{
    size_t weight = text_weight(peer->name);
    for (size_t i = 0; i < peer->group_count; i++)
        weight += text_weight(peer->groups[i]) + strlen("\"\",");
    for (size_t i = 0; i < peer->track_count; i++)
        weight += text_weight(peer->tracks[i]->is.description);
    return weight;
}

// The peers that somebody with this role knows of, but the session's own. What is left out of
// it follows, when somebody has joined by this session.
static void put_peers(struct json_out *j, struct signal *s, struct session *session,
                      const struct role *viewer, enum peer_detail detail)
{
    const struct room *room = session->room;
    const struct audience *audience = signal_audience(s, room->number);
    struct allowance metadata = {METADATA_LIST_MAX, room->told_count};
    struct allowance names = {NAMES_LIST_MAX, room->told_count};
    json_key(j, "peers");
    json_open(j, '{');
    size_t at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (peer->number == session->peer || peer->state != PEER_JOINED || !peer->is_told ||
            !permit_sees(viewer, peer->role->waiting_room) ||
            presence_waits(audience, peer->number))
            continue;
        bool with_metadata = allowance_take(&metadata, text_weight(peer->metadata));
        bool with_names = allowance_take(&names, weigh_names(peer));
        json_key(j, peer->id);
        put_peer(j, peer, with_names, with_metadata, detail);
        if (!(with_metadata && with_names) && session->peer)
            owed_add(s, session, peer->number);
    }
    json_close(j, '}');
}

// However many peers there are, the list is one message: whoever is not in it is gone to a
// client that comes back.
static void send_list(struct signal *s, const struct session *session, struct json_out *j,
                      struct frame_list *frames)
{
    frame_add(frames, (struct frame){.kind = FRAME_TEXT,
                                     .session = session->number,
                                     .text = notify_finish(s, j, frames),
                                     .is_long = true});
}

void notify_peer_list(struct signal *s, struct session *session, struct frame_list *frames)
{
    struct json_out j = notify_open(s, "peer-list");
    json_open(&j, '{');
    const struct peer *own = rooms_peer(s->rooms, session->peer);
    owed_forget(session);
    put_peers(&j, s, session, own->role, WITH_TRACKS);
    json_key(&j, "room");
    shape_room_state(&j, session->room);
    json_close(&j, '}');
    send_list(s, session, &j, frames);
}

// The SDK counts the peers of the list. Where there is none, or not all are in it, it takes the
// count from session-info, and once told believes only that.
void notify_room_state(struct signal *s, struct session *session, struct frame_list *frames)
{
    const struct room *room = session->room;
    struct template *template = policy_of(s, session);
    const struct role *role = template_role(template, session->role);
    if (!role)
        return;
    enum room_view view = permit_view(template, role);
    if (view == ROOM_VIEW_NONE)
        return;
    // A peer that has joined knows the others better.
    bool has_list =
        !session->peer && room->told_count == room->joined_count && view == ROOM_VIEW_PEERS;
    struct json_out j = notify_open(s, "room-state");
    json_open(&j, '{');
    json_member_int(&j, "peer_count", (int64_t)waiting_present(room));
    json_key(&j, "room");
    shape_room_state(&j, room);
    if (has_list)
        put_peers(&j, s, session, role, WITHOUT_TRACKS);
    json_close(&j, '}');
    send_list(s, session, &j, frames);

    session->knows_count |= !has_list;
    if (!session->peer && session->knows_count)
        notify_session_info(s, session, frames);
}

static struct bytes room_info(struct signal *s, const struct room *room,
                              struct frame_list *frames)
{
    struct json_out j = notify_open(s, "room-info");
    json_open(&j, '{');
    json_member_string(&j, "room_id", room->record.id);
    json_member_string(&j, "name", room->record.name);
    json_member_string(&j, "description", room->record.description);
    json_member_int(&j, "max_size", room->record.size);
    // With it the SDK asks for those whom it has not been told of.
    json_member_bool(&j, "large_room_optimization", room->hides_peers);
    json_close(&j, '}');
    return notify_finish(s, &j, frames);
}

void notify_room_info(struct signal *s, const struct session *session,
                      struct frame_list *frames)
{
    notify_text(session, room_info(s, session->room, frames), frames);
}

static struct bytes session_info(struct signal *s, const struct room *room,
                                 struct frame_list *frames)
{
    struct json_out j = notify_open(s, "session-info");
    json_open(&j, '{');
    json_member_string(&j, "session_id", room->session_id);
    json_member_string(&j, "room_id", room->record.id);
    json_member_int(&j, "peer_count", (int64_t)waiting_present(room));
    json_member_int(&j, "track_count", (int64_t)room_track_count(room));
    json_close(&j, '}');
    return notify_finish(s, &j, frames);
}

void notify_session_info(struct signal *s, const struct session *session,
                         struct frame_list *frames)
{
    notify_text(session, session_info(s, session->room, frames), frames);
}

// --- To many ---

// Which of those that have joined hear something.
enum hearers {
    HEARERS_ALL,
    HEARERS_INSIDE,    // those who do not wait to be let in
    HEARERS_ADMITTING, // those who know of the ones that wait
    HEARERS_OTHERS,    // those inside who do not
};

static bool is_hearer(const struct peer *peer, enum hearers who)
{
    bool inside = permit_sees(peer->role, false), admits = permit_sees(peer->role, true);
    switch (who) {
    case HEARERS_ALL:
        return true;
    case HEARERS_INSIDE:
        return inside;
    case HEARERS_ADMITTING:
        return admits;
    case HEARERS_OTHERS:
        return inside && !admits;
    }
    return false;
}

// `but` is a peer's id, not its number: a peer that joins anew is not to hear that it left.
static void tell_hearers(struct signal *s, uint64_t room, enum hearers who, const char *but,
                         struct bytes text, enum frame_kind kind, struct frame_list *frames)
{
    const struct audience *audience = signal_audience(s, room);
    if (!audience)
        return;
    LIST_EACH(&audience->sessions, each)
    {
        const struct session *session = LIST_ENTRY(each, struct session, in_room);
        const struct peer *peer = rooms_peer(s->rooms, session->peer);
        if (!peer || peer->state != PEER_JOINED || !is_hearer(peer, who) ||
            strcmp(peer->id, but) == 0)
            continue;
        frame_add(frames, (struct frame){.kind = kind,
                                         .session = session->number,
                                         .peer = kind == FRAME_DATA ? peer->number : 0,
                                         .text = text});
    }
}

void notify_all(struct signal *s, uint64_t room, struct bytes text, enum frame_kind kind,
                struct frame_list *frames)
{
    tell_hearers(s, room, HEARERS_INSIDE, "", text, kind, frames);
}

void notify_others(struct signal *s, uint64_t room, const char *peer_id, struct bytes text,
                   struct frame_list *frames)
{
    tell_hearers(s, room, HEARERS_INSIDE, peer_id, text, FRAME_TEXT, frames);
}

void notify_about(struct signal *s, const struct event *event, struct bytes text,
                  struct frame_list *frames)
{
    if (!event->who->is_told)
        return;
    tell_hearers(s, event->room, event->who->waits ? HEARERS_ADMITTING : HEARERS_INSIDE,
                 event->who->id, text, FRAME_TEXT, frames);
}

void notify_crossing(struct signal *s, const struct event *event, struct bytes to_admitting,
                     struct bytes to_others, struct frame_list *frames)
{
    tell_hearers(s, event->room, HEARERS_ADMITTING, event->who->id, to_admitting, FRAME_TEXT,
                 frames);
    tell_hearers(s, event->room, HEARERS_OTHERS, event->who->id, to_others, FRAME_TEXT, frames);
}

void notify_some(const struct signal *s, const uint64_t *to, size_t count, struct bytes text,
                 struct frame_list *frames)
{
    for (size_t i = 0; i < count; i++) {
        const struct session *session = signal_session_of(s, to[i]);
        if (session)
            notify_text(session, text, frames);
    }
}

void notify_hidden(struct signal *s, uint64_t room, struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, room);
    if (!audience || audience->knows_hidden)
        return;
    audience->knows_hidden = true;
    const struct session *any = LIST_ENTRY(audience->sessions.next, struct session, in_room);
    notify_all(s, room, room_info(s, any->room, frames), FRAME_TEXT, frames);
}

static void tell_session_info(struct signal *s, const struct audience *audience,
                              struct frame_list *frames)
{
    const struct session *any = LIST_ENTRY(audience->sessions.next, struct session, in_room);
    tell_hearers(s, audience->room, HEARERS_ALL, "", session_info(s, any->room, frames),
                 FRAME_TEXT, frames);
}

static void wait_for_info(struct signal *s, struct audience *audience, struct moment now)
{
    audience->info_due_at = now.mono_us + (int64_t)SESSION_INFO_INTERVAL_MS * 1000;
    list_append(&s->infos_due, &audience->info_due);
}

// Once told, the client believes this count and no longer its own list of peers, so everybody
// hears of each change; in a large room of many changes at once.
void notify_session_info_to_all(struct signal *s, uint64_t room, struct moment now,
                                struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, room);
    if (!audience || !list_empty(&audience->info_due))
        return;
    const struct session *any = LIST_ENTRY(audience->sessions.next, struct session, in_room);
    if (any->room->joined_count <= SESSION_INFO_AT_ONCE && list_empty(&audience->moves)) {
        tell_session_info(s, audience, frames);
        return;
    }
    wait_for_info(s, audience, now);
}

int64_t notify_deadline(const struct signal *s)
{
    if (list_empty(&s->infos_due))
        return NEVER;
    return LIST_ENTRY(s->infos_due.next, struct audience, info_due)->info_due_at;
}

void notify_expire(struct signal *s, struct moment now, struct frame_list *frames)
{
    while (notify_deadline(s) <= now.mono_us) {
        struct audience *audience = LIST_ENTRY(s->infos_due.next, struct audience, info_due);
        list_remove(&audience->info_due);
        presence_tell(s, audience, now, frames);
        tell_session_info(s, audience, frames);
        if (audience->move_count)
            wait_for_info(s, audience, now);
    }
}

// The function that tells of each kind of event. Kinds that are not here are for the media
// worker and the session log.
// clang-format off
static void (*const notifiers[])(struct signal *s, const struct event *event, struct moment now,
                                 struct frame_list *frames) = {
    [EVENT_PEER_JOINED] = notify_joined,
    [EVENT_PEER_LEFT] = notify_left,
    [EVENT_PEER_UPDATED] = notify_updated,
    [EVENT_PEER_SHOWN] = notify_shown,
    [EVENT_PEER_ADMITTED] = notify_admitted,
    [EVENT_PEER_HELD] = notify_held,
    [EVENT_TRACKS_ADDED] = notify_tracks,
    [EVENT_TRACKS_UPDATED] = notify_tracks,
    [EVENT_TRACKS_REMOVED] = notify_tracks,
    [EVENT_ROLE_ASKED] = notify_role_asked,
    [EVENT_ROLE_CHANGED] = notify_role_changed,
    [EVENT_ROOM_ENDED] = notify_room_ended,
    [EVENT_ROOM_ENDS_SOON] = notify_room_ends_soon,
    [EVENT_MUTE_ASKED] = notify_mute_asked,
    [EVENT_CHAT] = notify_chat,
    [EVENT_CHAT_PAST] = notify_chat,
    [EVENT_POLL_STARTED] = notify_poll,
    [EVENT_POLL_STOPPED] = notify_poll,
    [EVENT_POLL_STATS] = notify_poll_stats,
    [EVENT_STORE_CHANGED] = notify_store,
    [EVENT_SPEAKERS] = notify_speakers,
    [EVENT_QUALITY] = notify_quality,
    [EVENT_LAYERS] = notify_layers,
    [EVENT_DEMAND] = notify_demand,
    [EVENT_ANSWERED] = notify_answered,
    [EVENT_OFFER] = notify_offer,
};
// clang-format on

void signal_deliver(struct signal *s, const struct event_list *events, struct moment now,
                    struct frame_list *frames)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct event *event = &events->at[i];
        size_t first = frames->count;
        if (event->kind < sizeof notifiers / sizeof *notifiers && notifiers[event->kind])
            notifiers[event->kind](s, event, now, frames);
        talk_charge(s, event, frames, first, now);
    }
}
