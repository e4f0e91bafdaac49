#include "room/room.h"

#include "base/err.h"
#include "base/text.h"
#include "room/chat_history.h"
#include "room/duration.h"
#include "room/feeds.h"
#include "room/poll_link.h"
#include "room/presence.h"
#include "room/quality.h"
#include "room/removed.h"
#include "room/report.h"
#include "room/room_codes.h"
#include "room/session_store.h"
#include "room/track.h"
#include "room/waiting.h"
#include "room/wanted.h"

#include <assert.h>
#include <string.h>

// --- Admission ---

static void count_role(struct room *room, const struct role *role, int step)
{
    int place = template_place(room->template, role);
    if (place >= 0)
        room->role_counts[place] += (size_t)step;
}

void room_set_codes(struct room *room, struct room_codes *codes)
{
    room_codes_free(room->codes);
    room->codes = codes;
}

void room_set_code(struct room *room, const char *code_id, bool is_disabled)
{
    if (!room->codes)
        room->codes = room_codes_new();
    room_codes_disable(room->codes, code_id, is_disabled);
}

void room_set_role(struct peer *peer, struct template *template, const struct role *role)
{
    struct template *before = peer->template;
    if (peer->role)
        count_role(peer->room, peer->role, -1);
    peer->template = template_hold(template);
    peer->role = role;
    count_role(peer->room, role, 1);
    template_free(before);
}

void room_take_template(struct room *room, struct template *template)
{
    struct template *before = room->template;
    room->template = template;
    memset(room->role_counts, 0, sizeof room->role_counts);
    size_t at = 0;
    for (struct peer *peer; (peer = map_next(&room->peers, &at));) {
        count_role(room, peer->role, 1);
        if (!peer->asked.token[0])
            continue;
        peer->asked.role = template_role(template, peer->asked.role->name);
        if (!peer->asked.role)
            peer->asked.token[0] = 0;
    }
    template_free(before);
}

// --- Coming ---

struct peer *room_add_peer(struct room *room, const struct join_wish *wish,
                           struct template *template, const struct role *role)
{
    struct peer *peer = mem_alloc(sizeof *peer);
    peer->number = rooms_number(room->rooms);
    peer->room = room;
    assert(peer_id_is_valid(wish->peer_id));
    memcpy(peer->id, wish->peer_id, strlen(wish->peer_id) + 1);
    peer->user_id = mem_text(wish->user_id);
    peer->name = mem_text(wish->name);
    text_make_line(peer->name);
    peer->metadata = mem_text(wish->metadata);
    peer->token_role = mem_text(wish->role);
    peer->token = wish->token;
    assert(role);
    room_set_role(peer, template, role);
    peer->has_media = wish->offer;
    peer->auto_video = wish->auto_video;
    peer->on_demand = wish->on_demand;
    peer->door = wish->door;
    peer->only = wish->only ? mem_text(wish->only) : NULL;
    peer->attached = true;
    peer->grace_ends_at = NEVER;
    peer->downlink_score = SCORE_NONE;
    list_init(&peer->detached_at);
    map_put(&room->peers, bytes_of(peer->id), peer);
    map_put(&room->rooms->peers, map_key_u64(&peer->number), peer);
    return peer;
}

static void add_session_event(struct room *room, enum event_kind kind, int64_t ended_at,
                              struct event_list *events)
{
    struct event *event = event_add(events, kind, NULL);
    event->room = room->number;
    event->session.session_id = event_text(events, room->session_id);
    event->session.room_id = event_text(events, room->record.id);
    event->session.room_name = event_text(events, room->record.name);
    event->session.template_id = event_text(events, room->template->id);
    event->session.started_at = room->started_at;
    event->session.ended_at = ended_at;
}

static void add_endpoint_event(const struct peer *peer, enum event_kind kind, bool subscribe,
                               struct event_list *events)
{
    struct event *event = event_add(events, kind, peer);
    event->endpoint.subscribe = subscribe;
    event->endpoint.answers = subscribe && peer->door == DOOR_WHEP;
}

// The subscribe connection is offered even when there is nothing to see yet: it brings the data
// channel, without which no client ever asks for a video.
static void open_subscribe(const struct peer *peer, struct event_list *events)
{
    add_endpoint_event(peer, EVENT_ENDPOINT_OPEN, true, events);
    feeds_cap(peer, events);
    feeds_open_for_subscriber(peer, events);
}

void room_open_media(struct peer *peer, struct event_list *events)
{
    peer->has_media = true;
    peer->lost_media = false;
    add_endpoint_event(peer, EVENT_ENDPOINT_OPEN, false, events);
    open_subscribe(peer, events);
}

void room_admit(struct peer *peer, const char *answer, struct moment now,
                struct event_list *events)
{
    struct room *room = peer->room;

    peer->state = PEER_JOINED;
    peer->joined_at = now.wall_ms;
    bool is_first = room->joined_count++ == 0;
    if (is_first) {
        id_object(&room->rooms->ids, now.wall_ms, room->session_id);
        room->started_at = now.wall_ms;
        room_touch_whole(room);
        add_session_event(room, EVENT_ROOM_OPENED, 0, events);
        duration_plan(room, now);
    }
    waiting_count(peer, 1);
    presence_enter(peer);

    struct event *answered = event_add(events, EVENT_ANSWERED, peer);
    answered->answered.request = peer->join_offer;
    const char *text = answer ? event_text(events, answer) : NULL;
    answered->answered.text = text;
    event_add_who(events, EVENT_PEER_JOINED, peer);
    chat_history_tell(peer, 0, events);
    quality_tell(peer, events);
    if (peer->role->waiting_room)
        waiting_tell(room, now, events);

    if (peer->door == DOOR_WHEP)
        feeds_open_for_subscriber(peer, events);
    else if (peer_subscribes(peer))
        open_subscribe(peer, events);
    if (is_first)
        polls_bring_linked(room, now, events);
}

bool room_texts_fit(const char *name, const char *metadata)
{
    return (!name || strlen(name) <= NAME_LEN_MAX) &&
           (!metadata || strlen(metadata) <= METADATA_LEN_MAX);
}

void room_fail_join(struct peer *peer, const char *why, struct moment now,
                    struct event_list *events)
{
    admission_tell_failure(peer->room, event_add_who(events, EVENT_JOIN_FAILED, peer), why,
                           events);
    struct expulsion itself = {.reason = LEAVE_WEBSOCKET_CLOSED, .by = "", .why = ""};
    room_expel(peer, &itself, now, events);
}

int room_join(struct room *room, const struct join_wish *wish, uint64_t request,
              struct moment now, struct event_list *events, struct peer **peer,
              enum admission *why)
{
    *why = ADMISSION_GRANTED;
    if (!room_texts_fit(wish->name, wish->metadata))
        return ERR_FULL;

    *why = admission_of(&room->record, room->template, room, wish, ENTRY_JOIN);
    if (*why != ADMISSION_GRANTED) {
        admission_refuse(room, wish, *why, events);
        return ERR_REFUSED;
    }

    // A peer that joins twice never saw the answer to the first join, so whatever connections
    // it has know nothing of the endpoints we made: both sides begin anew. What the room has
    // made of it meanwhile stays.
    struct peer *present = room_peer(room, wish->peer_id);
    struct template *template = room->template;
    const struct role *role =
        template_role(template, present ? present->role->name : wish->role);
    if (!role) { // it is no more, but the peer keeps it
        template = present->template;
        role = present->role;
    }
    template_hold(template);
    if (present) {
        room->holds++;
        room_leave(present, LEAVE_REPLACED, now, events);
        room->holds--;
    }

    struct peer *joining = *peer = room_add_peer(room, wish, template, role);
    template_free(template);
    joining->join_offer = request;
    joining->asked_at = role->waiting_room ? 0 : now.mono_us;
    if (!wish->offer) {
        room_admit(joining, NULL, now, events);
        return 0;
    }
    bool watches = wish->door == DOOR_WHEP;
    add_endpoint_event(joining, EVENT_ENDPOINT_OPEN, watches, events);
    if (watches)
        feeds_cap(joining, events);
    tracks_offer_first(joining, wish->offer, events);
    return 0;
}

// --- Going ---

void room_drop_peer(struct peer *peer)
{
    struct room *room = peer->room;
    for (size_t i = 0; i < peer->track_count; i++)
        track_drop(peer->tracks[i]);
    count_role(room, peer->role, -1);
    template_free(peer->template);
    map_remove(&room->peers, bytes_of(peer->id));
    map_remove(&room->rooms->peers, map_key_u64(&peer->number));
    list_remove(&peer->detached_at);
    mem_free(peer->user_id);
    mem_free(peer->name);
    mem_free(peer->metadata);
    mem_free(peer->token_role);
    mem_free(peer->only);
    mem_free(peer->subscribe_offer);
    wanted_dispose(peer);
    session_store_forget_peer(peer);
    for (size_t i = 0; i < peer->group_count; i++)
        mem_free(peer->groups[i]);
    mem_free(peer);
}

static void free_room(struct room *room)
{
    map_remove(&room->rooms->by_id, bytes_of(room->record.id));
    room_written(room);
    map_dispose(&room->peers);
    map_dispose(&room->tracks);
    duration_stop(room);
    timers_set(&room->rooms->timers, &room->scores, NEVER);
    session_store_dispose(&room->store);
    chat_history_dispose(&room->history);
    removed_clear(&room->removed);
    room_codes_free(room->codes);
    polls_dispose(&room->polls);
    report_forget(room);
    linked_polls_free(room->linked);
    template_free(room->template);
    mem_free(room);
}

void room_forget_if_idle(struct room *room)
{
    if (room->holds == 0 && room->peers.count == 0)
        free_room(room);
}

void room_leave(struct peer *peer, enum leave_reason reason, struct moment now,
                struct event_list *events)
{
    struct expulsion by_itself = {.reason = reason, .by = "", .why = ""};
    if (peer->state == PEER_JOINING && reason == LEAVE_CLIENT_REQUEST)
        admission_tell_failure(peer->room, event_add_who(events, EVENT_LEAVE_FAILED, peer),
                               "peer not joined", events);
    room_expel(peer, &by_itself, now, events);
}

// Its join is under way: whoever waits for the answer is still there in these cases.
static void refuse_join(const struct peer *peer, enum leave_reason reason,
                        struct event_list *events)
{
    if (reason != LEAVE_ROOM_ENDED && reason != LEAVE_REPLACED)
        return;
    struct event *answered = event_add(events, EVENT_ANSWERED, peer);
    answered->answered.request = peer->join_offer;
    answered->answered.err = ERR_REFUSED;
    answered->answered.text =
        reason == LEAVE_ROOM_ENDED ? "the meeting has ended" : "joined elsewhere";
}

void room_expel(struct peer *peer, const struct expulsion *expulsion, struct moment now,
                struct event_list *events)
{
    struct room *room = peer->room;
    bool joined = peer->state == PEER_JOINED;

    tracks_end(peer, events);
    if (!joined)
        refuse_join(peer, expulsion->reason, events);
    // A peer that signals subscribes only once it is in.
    if (peer_subscribes(peer) && (joined || peer->door == DOOR_WHEP))
        add_endpoint_event(peer, EVENT_ENDPOINT_CLOSE, true, events);
    if (peer_publishes(peer))
        add_endpoint_event(peer, EVENT_ENDPOINT_CLOSE, false, events);
    if (joined && expulsion->reason == LEAVE_REMOVED)
        removed_add(room, &peer->token);
    struct event *left = joined ? event_add_who(events, EVENT_PEER_LEFT, peer) : NULL;
    if (left) {
        left->left.reason = expulsion->reason;
        left->left.by = event_text(events, expulsion->by);
        left->left.why = event_text(events, expulsion->why);
        left->left.left_at = now.wall_ms;
    }
    bool waited = joined && peer->role->waiting_room;
    if (joined) {
        waiting_count(peer, -1);
        presence_leave(peer);
    }
    room_drop_peer(peer);
    if (waited)
        waiting_tell(room, now, events);

    if (joined && --room->joined_count == 0) {
        add_session_event(room, EVENT_ROOM_CLOSED, now.wall_ms, events);
        room->session_id[0] = 0;
        room->started_at = 0;
        room->hides_peers = false;
        room_written(room);
        room->change = ++room->rooms->last_change;
        session_store_dispose(&room->store);
        chat_history_dispose(&room->history);
        removed_clear(&room->removed);
        polls_dispose(&room->polls);
        report_forget(room);
        duration_stop(room);
        timers_set(&room->rooms->timers, &room->scores, NEVER);
    }
    room_forget_if_idle(room);
}

void room_detach(struct peer *peer, struct moment now, struct event_list *events)
{
    if (peer->state == PEER_JOINING) {
        room_fail_join(peer, "network disconnection", now, events);
        return;
    }
    if (!peer->attached)
        return;
    peer->attached = false;
    if (!peer->role->waiting_room)
        peer->chat_seen = peer->room->history.last_number;
    peer->grace_ends_at = now.mono_us + (int64_t)RECONNECT_GRACE_MS * 1000;
    list_append(&peer->room->rooms->detached, &peer->detached_at);
    room_touch_part(peer->room, PART_PEER, peer->id);
}

void room_attach(struct peer *peer, struct event_list *events)
{
    if (peer->attached)
        event_add_who(events, EVENT_TAKEN_OVER, peer);
    // What a socket that still looked open has lost is not known; what nobody got is.
    if (!peer->attached)
        chat_history_tell(peer, peer->chat_seen, events);
    peer->attached = true;
    room_touch_part(peer->room, PART_PEER, peer->id); // chat is not to be told twice
    peer->grace_ends_at = NEVER;
    list_remove(&peer->detached_at);
    if (peer->subscribe_offer)
        event_add(events, EVENT_OFFER, peer)->offer.sdp =
            event_text(events, peer->subscribe_offer);
    if (peer->subscribe_failed) {
        peer->subscribe_failed = false;
        event_add(events, EVENT_SUBSCRIBE_RESTART, peer);
    }
    session_store_tell(peer, events);
    quality_tell(peer, events);
}

// --- What is told and asked of those who are in ---

static void replace(char **text, const char *by)
{
    mem_free(*text);
    *text = mem_text(by);
}

int room_update_peer(struct peer *peer, const char *name, const char *metadata,
                     struct moment now, struct event_list *events)
{
    if (!room_texts_fit(name, metadata))
        return ERR_FULL;
    if (name) {
        replace(&peer->name, name);
        text_make_line(peer->name);
    }
    if (metadata)
        replace(&peer->metadata, metadata);
    event_add_who(events, EVENT_PEER_UPDATED, peer);
    if (peer->role->waiting_room)
        waiting_tell(peer->room, now, events);
    return 0;
}

size_t room_track_count(const struct room *room)
{
    size_t count = 0, at = 0;
    const struct track *track;
    while ((track = map_next(&room->tracks, &at)))
        count += track->announced;
    return count;
}

// --- Staying ---

void room_disable(struct room *room)
{
    room->record.enabled = false;
}

void room_hold(struct room *room)
{
    room->holds++;
}

void room_release(struct room *room)
{
    assert(room->holds > 0);
    room->holds--;
    room_forget_if_idle(room);
}

void room_forget(struct room *room)
{
    size_t at = 0;
    struct peer *peer;
    while ((peer = map_next(&room->peers, &at)))
        room_drop_peer(peer);
    free_room(room);
}
