// /v2/active-rooms: what a back end sees of live rooms and does to them. These handlers run on
// the control thread, which owns the rooms; whatever they do goes through room/, as what a
// client asks for does.

#include "api/context.h"

#include "base/err.h"
#include "base/limits.h"
#include "room/chat.h"
#include "room/chat_history.h"
#include "room/moderate.h"
#include "room/role.h"
#include "room/roster.h"

#include <string.h>

// --- What is asked about ---

int api_find_live_room(struct api_context *c, struct room **room)
{
    *room = rooms_find(c->rooms, c->call->parameters[0]);
    return *room && (*room)->joined_count ? 0 : api_fail(c, 404, "session not found");
}

int api_find_live_peer(struct api_context *c, struct peer **peer)
{
    struct room *room;
    int err = api_find_live_room(c, &room);
    if (err)
        return err;
    *peer = room_joined(room, c->call->parameters[1]);
    return *peer ? 0 : api_fail(c, 404, "peer not found");
}

// Null and "" count as absent: NULL.
static int take_text(struct api_context *c, const json_t *body, const char *name,
                     const char **value)
{
    *value = NULL;
    if (!api_sent(body, name))
        return 0;
    const char *text = json_get_text(body, name, NULL);
    if (!text)
        return api_fail_field(c, name);
    *value = text[0] ? text : NULL;
    return 0;
}

// Whom a call is for: `peer_id` wins. The SDK's types say peerId, and a private message must
// not become one to all for it.
struct target {
    const char *peer_id; // NULL: not one
    const char *role;    // NULL: not a role's
};

static int take_target(struct api_context *c, const json_t *body, const struct room *room,
                       struct target *target)
{
    *target = (struct target){0};
    int err = take_text(c, body, "peer_id", &target->peer_id);
    if (!err && !target->peer_id)
        err = take_text(c, body, "peerId", &target->peer_id);
    if (!err && !target->peer_id)
        err = take_text(c, body, "role", &target->role);
    if (!err && target->role && !room_knows_role(room, target->role))
        return api_fail_body(c, "role not found");
    return err;
}

// --- Answers ---

static void put_track(struct json_out *j, const struct track *track)
{
    json_key(j, track->is.id);
    json_open(j, '{');
    json_member_string(j, "id", track->is.id);
    json_member_string(j, "stream_id", track->is.stream_id);
    json_member_bool(j, "mute", track->is.muted);
    json_member_string(j, "type", track->is.type == TRACK_AUDIO ? "audio" : "video");
    json_member_string(j, "source", track->is.source);
    api_member_time(j, "started_at", track->started_at);
    json_member_string(j, "description", track->is.description);
    json_close(j, '}');
}

// The members, without braces.
static void put_peer(struct json_out *j, const struct peer *peer)
{
    json_member_string(j, "id", peer->id);
    json_member_string(j, "name", peer->name);
    json_member_string(j, "user_id", peer->user_id);
    json_member_string(j, "metadata", peer->metadata);
    json_member_string(j, "role", peer->role->name);
    api_member_time(j, "joined_at", peer->joined_at);
}

static int answer_peer(struct api_context *c, const struct peer *peer)
{
    struct json_out j = api_json(c);
    json_open(&j, '{');
    put_peer(&j, peer);
    json_key(&j, "tracks");
    json_open(&j, '{');
    for (size_t i = 0; i < peer->track_count; i++) {
        if (peer->tracks[i]->announced)
            put_track(&j, peer->tracks[i]);
    }
    json_close(&j, '}');
    json_close(&j, '}');
    return 0;
}

static int answer_done(struct api_context *c, const char *message)
{
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "message", message);
    json_close(&j, '}');
    return 0;
}

// --- Looking ---

// Everybody who is in, those who wait to be let in included, in the order of joining.
static struct roster_page everybody(struct api_context *c, const struct room *room,
                                    const char *role)
{
    struct roster_query query = {.role = role, .limit = PEERS_PER_LARGE_ROOM_MAX};
    return roster_find(room, NULL, &query, c->arena);
}

int api_live_get(struct api_context *c)
{
    struct room *room;
    int err = api_find_live_room(c, &room);
    if (err)
        return err;
    struct roster_page page = everybody(c, room, NULL);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "id", room->record.id);
    json_member_string(&j, "name", room->record.name);
    json_member_string(&j, "customer_id", c->config->customer_id);
    json_key(&j, "session");
    json_open(&j, '{');
    json_member_string(&j, "id", room->session_id);
    api_member_time(&j, "created_at", room->started_at);
    json_key(&j, "peers");
    json_open(&j, '[');
    for (size_t i = 0; i < page.count; i++)
        json_put_string(&j, page.peers[i]->id);
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, '}');
    return 0;
}

int api_live_peers(struct api_context *c)
{
    struct room *room;
    int err = api_find_live_room(c, &room);
    if (err)
        return err;
    const char *role = api_query(c, "role");
    const char *user_id = api_query(c, "user_id");
    struct roster_page page = everybody(c, room, role && role[0] ? role : NULL);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_key(&j, "peers");
    json_open(&j, '{');
    for (size_t i = 0; i < page.count; i++) {
        const struct peer *peer = page.peers[i];
        if (user_id && user_id[0] && strcmp(user_id, peer->user_id) != 0)
            continue;
        json_key(&j, peer->id);
        json_open(&j, '{');
        put_peer(&j, peer);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    json_close(&j, '}');
    return 0;
}

int api_live_peer(struct api_context *c)
{
    struct peer *peer;
    int err = api_find_live_peer(c, &peer);
    return err ? err : answer_peer(c, peer);
}

// --- Doing ---

// All of it, or nothing: what may fail comes first.
static int update(struct api_context *c, const json_t *body, struct peer *peer)
{
    const char *name, *role, *metadata;
    int err = take_text(c, body, "name", &name);
    if (!err)
        err = take_text(c, body, "role", &role);
    if (!err)
        err = take_text(c, body, "metadata", &metadata);
    if (err)
        return err;
    if (!metadata && api_sent(body, "metadata"))
        metadata = ""; // there is a way to clear it
    if (!room_texts_fit(name, metadata))
        return api_fail_body(c, "name or metadata is too long");
    if (role) {
        err = role_change(peer->room, NULL, peer->id, role, true, c->now, c->events);
        if (err == ERR_FULL)
            return api_fail(c, 400, "role limit reached");
        if (err)
            return api_fail_body(c, "role not found");
    }
    if (name || metadata)
        room_update_peer(peer, name, metadata, c->now, c->events);
    return answer_peer(c, peer);
}

int api_live_update_peer(struct api_context *c)
{
    struct peer *peer;
    json_t *body;
    int err = api_find_live_peer(c, &peer);
    if (!err)
        err = api_body(c, &body);
    if (err)
        return err;
    err = update(c, body, peer);
    json_decref(body);
    return err;
}

static int say(struct api_context *c, const json_t *body, struct room *room)
{
    struct target target;
    struct chat_wish wish = {0};
    int err = take_target(c, body, room, &target);
    if (!err)
        err = take_text(c, body, "message", &wish.message);
    if (!err)
        err = take_text(c, body, "type", &wish.type);
    if (err)
        return err;
    if (!wish.message)
        return api_fail_body(c, "message is needed");
    if (!wish.type)
        wish.type = CHAT_TYPE_TEXT;
    wish.peer_id = target.peer_id;
    wish.roles = &target.role;
    wish.role_count = target.role != NULL;
    err = chat_announce(room, &wish, c->now, c->events);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "peer not found");
    return err ? api_fail_body(c, "message or type is too long")
               : answer_done(c, "message sent");
}

static int remove_peers(struct api_context *c, const json_t *body, struct room *room)
{
    struct target target;
    const char *reason;
    int err = take_target(c, body, room, &target);
    if (!err)
        err = take_text(c, body, "reason", &reason);
    if (err)
        return err;
    if (!reason)
        reason = "";
    if (target.peer_id)
        err = moderate_remove(room, NULL, target.peer_id, reason, c->now, c->events);
    else if (target.role)
        err = moderate_remove_role(room, NULL, target.role, reason, c->now, c->events);
    else
        return api_fail_body(c, "peer_id or role is needed");
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "peer not found");
    return err ? api_fail_body(c, "reason is too long")
               : answer_done(c, "peer remove request submitted");
}

static int end_room(struct api_context *c, const json_t *body, struct room *room)
{
    const char *reason;
    int err = take_text(c, body, "reason", &reason);
    if (err)
        return err;
    if (api_sent(body, "lock") && !json_is_boolean(json_object_get(body, "lock")))
        return api_fail_body(c, "lock is true or false");
    bool lock = json_get_bool(body, "lock", false);
    if (moderate_end(room, NULL, lock, reason ? reason : "", c->now, c->events))
        return api_fail_body(c, "reason is too long");
    return answer_done(c, "session is ending");
}

static int with_body(struct api_context *c,
                     int (*act)(struct api_context *, const json_t *, struct room *))
{
    struct room *room;
    json_t *body;
    int err = api_find_live_room(c, &room);
    if (!err)
        err = api_body(c, &body);
    if (err)
        return err;
    err = act(c, body, room);
    json_decref(body);
    return err;
}

int api_live_say(struct api_context *c)
{
    return with_body(c, say);
}

int api_live_remove(struct api_context *c)
{
    return with_body(c, remove_peers);
}

// The back end learns of a meeting that was not there by the answer, and by an event, too.
static void tell_missed(struct api_context *c)
{
    json_t *body;
    const char *room_id = c->call->parameters[0];
    if (!id_is_object(room_id))
        return;
    if (json_read(c->request->body, &json_bounds_default, &body))
        body = NULL;
    const char *reason = json_get_text(body, "reason", "");
    struct event *event = event_add(c->events, EVENT_END_FAILED, NULL);
    event->failed.room_id = event_text(c->events, room_id);
    event->failed.why = "session not found";
    event->failed.lock = json_get_bool(body, "lock", false);
    event->failed.reason =
        event_text(c->events, strlen(reason) <= REASON_LEN_MAX ? reason : "");
    json_decref(body);
}

int api_live_end(struct api_context *c)
{
    struct room *room;
    if (api_find_live_room(c, &room)) {
        tell_missed(c);
        return ERR_REFUSED;
    }
    return with_body(c, end_room);
}
