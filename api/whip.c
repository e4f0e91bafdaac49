#include "api/whip.h"

#include "api/routes.h"
#include "api/whip_answer.h"
#include "base/err.h"
#include "base/mem.h"
#include "room/media.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ETAG_LEN = UUID_LEN + 2 }; // with its quotes

// What a POST made: all that a peer has to be told by.
struct resource {
    char name[UUID_LEN + 1]; // of its URL; nobody else is told
    char etag[ETAG_LEN + 1]; // of the ICE session
    uint64_t peer;
    enum peer_door door;
    char room_id[OBJECT_ID_LEN + 1];
    struct token_hash token; // of the POST
};

// A request that the media worker is to answer.
struct waiting {
    struct list link; // in whip.waiting
    uint64_t request; // of media_answered()
    uint64_t peer;
    int64_t until; // us, monotonic
    enum { WAITS_POST, WAITS_PATCH, WAITS_LAYER } kind;
    struct whip_reply reply;
};

struct whip {
    struct rooms *rooms;
    struct rng *rng;
    struct whip_links links;
    struct map by_name;
    struct map by_peer;
    struct list waiting; // the longest first: all may wait equally long
    size_t waiting_count;
};

struct whip *whip_new(const struct api_config *config, struct rooms *rooms, struct rng *rng)
{
    struct whip *w = mem_alloc(sizeof *w);
    w->rooms = rooms;
    w->rng = rng;
    rng_fill(rng, w->by_name.seed, sizeof w->by_name.seed);
    list_init(&w->waiting);
    whip_links_init(&w->links, config->ice_servers);
    return w;
}

void whip_free(struct whip *w)
{
    size_t at = 0;
    struct resource *resource;
    assert(w->waiting_count == 0);
    while ((resource = map_next(&w->by_name, &at)))
        mem_free(resource);
    map_dispose(&w->by_name);
    map_dispose(&w->by_peer);
    whip_links_dispose(&w->links);
    mem_free(w);
}

// --- Replies ---

void whip_replies_dispose(struct whip_replies *list)
{
    mem_free(list->at);
    *list = (struct whip_replies){0};
}

// Not in one initialiser: gcc 12 with -ftrivial-auto-var-init=zero cuts the first header's
// value off to an octet there.
static struct whip_reply begin_reply(uint64_t id, const struct api_call *call,
                                     const struct http_response *response)
{
    struct whip_reply reply = {.id = id, .request = call->request};
    reply.response = *response;
    return reply;
}

static void send_reply(struct whip_replies *out, const struct whip_reply *reply)
{
    if (out->count == out->cap) {
        out->cap = out->cap ? 2 * out->cap : 4;
        out->at = mem_resize(out->at, out->cap * sizeof *out->at);
    }
    out->at[out->count++] = *reply;
}

static struct waiting *find_waiting(const struct whip *w, uint64_t request)
{
    LIST_EACH(&w->waiting, each)
    {
        struct waiting *waiting = LIST_ENTRY(each, struct waiting, link);
        if (waiting->request == request)
            return waiting;
    }
    return NULL;
}

static void wait_for_media(struct whip *w, uint64_t request, uint64_t peer, int kind,
                           const struct whip_reply *reply, struct moment now)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting);
    *waiting = (struct waiting){
        .request = request,
        .peer = peer,
        .until = now.mono_us + (int64_t)WHIP_PATIENCE_MS * 1000,
        .kind = kind,
    };
    waiting->reply = *reply;
    list_init(&waiting->link);
    list_append(&w->waiting, &waiting->link);
    w->waiting_count++;
}

// Its answer is written.
static void finish(struct whip *w, struct waiting *waiting, struct whip_replies *out)
{
    send_reply(out, &waiting->reply);
    list_remove(&waiting->link);
    w->waiting_count--;
    mem_free(waiting);
}

// --- The first look ---

// Whether a Content-Type field names `type`, whatever its parameters.
static bool is_of_type(const char *content_type, const char *type)
{
    size_t len = content_type ? strcspn(content_type, "; \t") : 0;
    return len == strlen(type) && strncasecmp(content_type, type, len) == 0;
}

static int check_text(struct api_context *c, const char *type)
{
    const struct http_request *request = c->request;
    if (!is_of_type(request->content_type, type))
        return api_fail_detail(c, 415, "Unsupported Media Type", type);
    if (request->body.len == 0)
        return api_fail_detail(c, 400, "Invalid SDP", "the body is empty");
    if (memchr(request->body.at, '\0', request->body.len))
        return api_fail_detail(c, 400, "Invalid SDP", "U+0000 is no part of a text");
    return 0;
}

static int check_peer(struct api_context *c)
{
    const char *peer = http_query(c->request, "peer", 0);
    return peer && peer[0] && !peer_id_is_valid(peer) ? api_fail_query(c, "peer") : 0;
}

// The token names one room and one role; a query can only repeat that.
static int check_join(struct api_context *c, enum peer_door door)
{
    const struct jwt_claims *claims = &c->call->claims;
    const char *role = http_query(c->request, "role", 0);
    const char *name = http_query(c->request, "name", 0);
    if (strcmp(claims->room_id, c->call->parameters[0]) != 0)
        return api_fail_detail(c, 403, "Forbidden", "the token is for another room");
    if (role && role[0] && strcmp(role, claims->role) != 0)
        return api_fail_detail(c, 403, "Forbidden", "the token is for another role");
    int err = check_text(c, "application/sdp");
    if (!err && !room_texts_fit(name, NULL))
        err = api_fail_query(c, "name");
    if (!err)
        err = check_peer(c);
    c->call->door = door;
    return err;
}

int api_whip_publish(struct api_context *c)
{
    return check_join(c, DOOR_WHIP);
}

int api_whip_watch(struct api_context *c)
{
    return check_join(c, DOOR_WHEP);
}

int api_whip_patch(struct api_context *c)
{
    int err = check_text(c, "application/trickle-ice-sdpfrag");
    if (!err && !c->request->if_match) // RFC 9725 section 4.3.2
        err = api_fail_detail(c, 428, "Precondition Required", "If-Match is missing");
    return err;
}

int api_whip_delete(struct api_context *c)
{
    (void)c;
    return 0;
}

int api_whip_layers(struct api_context *c)
{
    (void)c;
    return 0;
}

static int read_layer(struct api_context *c, const json_t *body)
{
    static const char *const levels[] = {
        [FEED_LOW] = "low", [FEED_MEDIUM] = "medium", [FEED_HIGH] = "high"};
    const char *mid = json_get_text(body, "mediaId", "");
    const char *encoding = json_get_text(body, "encodingId", "high");
    int level = FEED_HIGH;
    while (level > FEED_NONE && strcmp(encoding, levels[level]) != 0)
        level--;
    if (level == FEED_NONE)
        return api_fail_field(c, "encodingId");
    c->call->layer = arena_alloc(c->arena, sizeof *c->call->layer);
    *c->call->layer = (struct api_layer){
        .mid = arena_text(c->arena, bytes_of(mid)),
        .level = (enum feed_level)level,
    };
    return 0;
}

int api_whip_layer(struct api_context *c)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = read_layer(c, body);
    json_decref(body);
    return err;
}

// --- Coming in ---

static void name_etag(struct whip *w, struct resource *resource)
{
    char id[UUID_LEN + 1];
    id_uuid(w->rng, id);
    snprintf(resource->etag, sizeof resource->etag, "\"%s\"", id);
}

static void add_resource(struct whip *w, const struct api_call *call, const struct peer *peer)
{
    struct resource *resource = mem_alloc(sizeof *resource);
    resource->peer = peer->number;
    resource->door = peer->door;
    id_uuid(w->rng, resource->name);
    name_etag(w, resource);
    memcpy(resource->room_id, call->claims.room_id, sizeof resource->room_id);
    resource->token = call->claims.hash;
    map_put(&w->by_name, bytes_of(resource->name), resource);
    map_put(&w->by_peer, map_key_u64(&resource->peer), resource);
}

static void remove_resource(struct whip *w, struct resource *resource)
{
    map_remove(&w->by_name, bytes_of(resource->name));
    map_remove(&w->by_peer, map_key_u64(&resource->peer));
    mem_free(resource);
}

static void refuse_join(struct http_response *response, int err, enum admission why)
{
    if (err == ERR_FULL)
        api_refuse(response, 400, "Invalid query param", "Invalid query param: name");
    else
        api_refuse_admission(response, why);
}

static void refuse_room(struct http_response *response, int err)
{
    if (err == ERR_NOT_FOUND)
        api_refuse(response, 403, "room is not active", NULL);
    else if (err == ERR_BUSY)
        whip_refuse_busy(response, "the server ends");
    else
        api_refuse_storage(response, err);
}

static int join(struct whip *w, const struct api_call *call, struct room *room,
                uint64_t request, struct http_response *response, struct moment now,
                struct event_list *events, struct peer **peer)
{
    char own_id[UUID_LEN + 1];
    id_uuid(w->rng, own_id);
    const char *asked = http_query(call->request, "peer", 0);
    const char *name = http_query(call->request, "name", 0);
    bool watches = call->door == DOOR_WHEP;
    const char *peer_id = asked && asked[0] && !watches ? asked : own_id;
    struct arena *arena = &call->request->arena;
    struct join_wish wish = {
        .peer_id = peer_id,
        .user_id = call->claims.user_id[0] ? call->claims.user_id : peer_id,
        .role = call->claims.role,
        .token = call->claims.hash,
        .has_expired = call->has_expired,
        .room_code_id = call->claims.room_code_id,
        .name = name && name[0] ? name : call->claims.user_id,
        .metadata = "",
        .offer = arena_text(arena, call->request->body),
        .auto_video = true,
        .door = call->door,
        .only = watches ? asked : NULL,
    };
    enum admission why;
    int err = room_join(room, &wish, request, now, events, peer, &why);
    if (err)
        refuse_join(response, err, why);
    return err;
}

void whip_post(struct whip *w, uint64_t id, const struct api_call *call, struct room *room,
               int err, struct http_response *response, struct moment now,
               struct event_list *events, struct whip_replies *out)
{
    struct whip_reply reply = begin_reply(id, call, response);
    struct peer *peer = NULL;
    uint64_t request = rooms_number(w->rooms);
    if (!room)
        refuse_room(&reply.response, err);
    else if (w->waiting_count >= WHIP_WAITING_MAX)
        whip_refuse_busy(&reply.response, "too much to do");
    else
        err = join(w, call, room, request, &reply.response, now, events, &peer);
    if (!peer) {
        send_reply(out, &reply);
        return;
    }
    add_resource(w, call, peer);
    wait_for_media(w, request, peer->number, WAITS_POST, &reply, now);
}

// --- What is done to a resource ---

static const char *root_of(enum peer_door door)
{
    return door == DOOR_WHIP ? "/whip" : "/whep";
}

static struct resource *find_resource(const struct whip *w, const struct api_call *call)
{
    struct resource *resource = map_get(&w->by_name, bytes_of(call->parameters[1]));
    if (!resource || strcmp(resource->room_id, call->parameters[0]) != 0 ||
        strncmp(call->route->pattern, root_of(resource->door), strlen("/whip")) != 0)
        return NULL;
    return resource;
}

// The very token of the POST is the proof, as for any other peer (room/admission.h): anybody
// may have one with the same person, room and role, and URLs stand in logs.
static bool is_owner(const struct resource *resource, const struct jwt_claims *claims)
{
    return resource && token_hash_equal(&resource->token, &claims->hash);
}

// Whether the call is answered already.
static bool check_change(const struct whip *w, const struct api_call *call,
                         const struct resource *resource, struct http_response *response)
{
    bool is_patch = call->request->method == HTTP_PATCH;
    bool is_left = call->request->method == HTTP_DELETE;
    if (call->has_expired && !is_owner(resource, &call->claims))
        api_refuse_admission(response, ADMISSION_TOKEN_EXPIRED);
    else if (!resource)
        api_refuse(response, 404, "resource not found", NULL);
    else if (!is_owner(resource, &call->claims))
        api_refuse(response, 403, "Forbidden", "the token is somebody else's");
    else if (is_patch && !whip_etag_matches(call->request->if_match, resource->etag))
        api_refuse(response, 412, "Precondition Failed", "If-Match names another ICE session");
    else if (!is_left && w->waiting_count >= WHIP_WAITING_MAX)
        whip_refuse_busy(response, "too much to do");
    else
        return false;
    return true;
}

void whip_change(struct whip *w, uint64_t id, const struct api_call *call,
                 struct http_response *response, struct moment now, struct event_list *events,
                 struct whip_replies *out)
{
    struct whip_reply reply = begin_reply(id, call, response);
    const struct resource *resource = find_resource(w, call);
    struct peer *peer = resource ? rooms_peer(w->rooms, resource->peer) : NULL;
    if (check_change(w, call, peer ? resource : NULL, &reply.response)) {
        send_reply(out, &reply);
    } else if (call->request->method == HTTP_PATCH) {
        uint64_t request = rooms_number(w->rooms);
        media_fragment(peer, arena_text(&call->request->arena, call->request->body), request,
                       events);
        wait_for_media(w, request, peer->number, WAITS_PATCH, &reply, now);
    } else if (call->request->method != HTTP_DELETE) {
        uint64_t request = rooms_number(w->rooms);
        const struct api_layer *layer = call->layer;
        media_seat_layer(peer, layer ? layer->mid : NULL, layer ? layer->level : FEED_HIGH,
                         request, events);
        wait_for_media(w, request, peer->number, WAITS_LAYER, &reply, now);
    } else {
        room_leave(peer, LEAVE_CLIENT_REQUEST, now, events);
        reply.response.status = 200;
        send_reply(out, &reply);
    }
}

// --- What the room and the worker say ---

static void answer_post(struct whip *w, struct waiting *waiting, const struct event *event)
{
    struct arena *arena = &waiting->reply.request->arena;
    struct http_response *response = &waiting->reply.response;
    struct resource *resource = map_get(&w->by_peer, map_key_u64(&waiting->peer));
    if (event->answered.err) {
        whip_refuse(response, event->answered.err, event->answered.text);
        if (resource)
            remove_resource(w, resource);
        return;
    }
    struct text location = {0};
    text_addf(&location, "%s/%s/%s", root_of(resource->door), resource->room_id,
              resource->name);
    whip_answer_created(response, arena, &w->links, arena_text(arena, text_bytes(&location)),
                        resource->etag, event->answered.text);
    if (resource->door == DOOR_WHEP) {
        struct text link = {0};
        text_addf(&link, "<%s/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\"",
                  location.at);
        http_header_add(response, "link", arena_text(arena, text_bytes(&link)));
        text_dispose(&link);
    }
    text_dispose(&location);
}

static void answer_patch(struct whip *w, struct waiting *waiting, const struct event *event)
{
    struct http_response *response = &waiting->reply.response;
    struct resource *resource = map_get(&w->by_peer, map_key_u64(&waiting->peer));
    if (event->answered.err) {
        whip_refuse(response, event->answered.err, event->answered.text);
        return;
    }
    if (event->answered.text[0])
        name_etag(w, resource);
    whip_answer_patched(response, &waiting->reply.request->arena, resource->etag,
                        event->answered.text);
}

// The peer is gone, and with it the resource; nothing will be answered any more.
static void forget(struct whip *w, uint64_t peer, struct whip_replies *out)
{
    struct resource *resource = map_get(&w->by_peer, map_key_u64(&peer));
    if (!resource)
        return;
    LIST_EACH(&w->waiting, each)
    {
        struct waiting *waiting = LIST_ENTRY(each, struct waiting, link);
        if (waiting->peer != peer)
            continue;
        if (waiting->kind == WAITS_POST)
            api_refuse(&waiting->reply.response, 403, "Forbidden", "removed from the room");
        else
            api_refuse(&waiting->reply.response, 404, "resource not found", NULL);
        finish(w, waiting, out);
    }
    remove_resource(w, resource);
}

static void deliver(struct whip *w, const struct event *event, struct whip_replies *out)
{
    if (event->kind == EVENT_ENDPOINT_CLOSE)
        forget(w, event->peer, out);
    if (event->kind != EVENT_ANSWERED)
        return;
    struct waiting *waiting = find_waiting(w, event->answered.request);
    if (!waiting)
        return;
    if (waiting->kind == WAITS_POST)
        answer_post(w, waiting, event);
    else if (waiting->kind == WAITS_PATCH)
        answer_patch(w, waiting, event);
    else
        whip_answer_layers(&waiting->reply.response, event->answered.err, event->answered.text);
    finish(w, waiting, out);
}

void whip_deliver(struct whip *w, const struct event_list *events, struct whip_replies *out)
{
    for (size_t i = 0; i < events->count && w->by_peer.count; i++)
        deliver(w, &events->at[i], out);
}

// --- Time ---

static struct waiting *longest_waiting(const struct whip *w)
{
    if (list_empty(&w->waiting))
        return NULL;
    return LIST_ENTRY(w->waiting.next, struct waiting, link);
}

int64_t whip_deadline(const struct whip *w)
{
    const struct waiting *waiting = longest_waiting(w);
    return waiting ? waiting->until : NEVER;
}

void whip_expire(struct whip *w, struct moment now, struct event_list *events,
                 struct whip_replies *out)
{
    struct waiting *waiting;
    while ((waiting = longest_waiting(w)) && waiting->until <= now.mono_us) {
        struct peer *peer = rooms_peer(w->rooms, waiting->peer);
        if (waiting->kind == WAITS_POST && peer)
            room_fail_join(peer, "network disconnection", now, events);
        whip_refuse_busy(&waiting->reply.response, "the media worker does not answer");
        finish(w, waiting, out);
    }
}

void whip_drain(struct whip *w, struct whip_replies *out)
{
    struct waiting *waiting;
    while ((waiting = longest_waiting(w))) {
        whip_refuse_busy(&waiting->reply.response, "the server ends");
        finish(w, waiting, out);
    }
}
