// WHIP and WHEP from request to response, with the room and without a media worker.
#include "api/whip.h"

#include "../room/fixture.h"
#include "base/err.h"
#include "room/media.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define OFFER "v=0\r\n"

static struct world *w;
static struct whip *whip;
static struct room *room;
static struct whip_replies replies;
static uint64_t last_id;

static void begin(void)
{
    w = world_new();
    w->config.ice_servers =
        "[{\"urls\":[\"stun:stun.example.org\"]},{\"urls\":\"turn:t.example."
        "org\",\"username\":\"u\",\"credential\":\"a\\\"b\"}]";
    whip = whip_new(&w->config, &w->rooms, &w->rng);
    struct room_record record = {.id = "64b000000000000000000001", .enabled = true};
    room = rooms_put(&w->rooms, &record, fixture_template());
    room_hold(room);
    last_id = 0;
}

static void end(void)
{
    whip_drain(whip, &replies);
    for (size_t i = 0; i < replies.count; i++) {
        text_dispose(&replies.at[i].response.body);
        arena_dispose(&replies.at[i].request->arena);
    }
    whip_replies_dispose(&replies);
    whip_free(whip);
    room_release(room);
    world_free(w);
}

struct ask {
    enum http_method method;
    const char *target;
    const char *token; // NULL: of the room's host
    const char *type;  // NULL: as it should be
    const char *if_match;
    const char *body;
};

// What is said at once; NULL when the media worker is asked first.
static const struct whip_reply *say(struct ask ask)
{
    struct http_request *request = arena_alloc(&w->arena, sizeof *request);
    size_t path_len = strcspn(ask.target, "?");
    bool is_patch = ask.method == HTTP_PATCH;
    *request = (struct http_request){
        .method = ask.method,
        .query = ask.target[path_len] ? ask.target + path_len + 1 : "",
        .authorization = ask.token ? ask.token : app(w, room->record.id, "host"),
        .content_type = ask.type   ? ask.type
                        : is_patch ? "application/trickle-ice-sdpfrag"
                                   : "application/sdp",
        .if_match = ask.if_match,
        .body = bytes_of(ask.body ? ask.body : ""),
    };
    request->path =
        arena_text(&request->arena, (struct bytes){(const uint8_t *)ask.target, path_len});
    request->raw_path = request->path;
    struct http_response response = {0};
    struct api_call call;
    size_t before = replies.count;
    uint64_t id = ++last_id;
    switch (api_route(&w->config, request, w->now.wall_ms, &call, &response)) {
    case API_JOIN:
        whip_post(whip, id, &call, room, 0, &response, w->now, &w->events, &replies);
        break;
    case API_RESOURCE:
        whip_change(whip, id, &call, &response, w->now, &w->events, &replies);
        break;
    default:
        replies.at = mem_resize(replies.at, 64 * sizeof *replies.at);
        replies.cap = 64;
        replies.at[replies.count].id = id;
        replies.at[replies.count].request = request;
        replies.at[replies.count++].response = response;
        break;
    }
    return replies.count > before ? &replies.at[replies.count - 1] : NULL;
}

static const char *field(const struct whip_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->response.header_count; i++) {
        if (strcmp(reply->response.headers[i].name, name) == 0)
            return reply->response.headers[i].value;
    }
    return "";
}

static struct event *find_event(enum event_kind kind)
{
    for (size_t i = 0; i < w->events.count; i++) {
        if (w->events.at[i].kind == kind)
            return &w->events.at[i];
    }
    return NULL;
}

// The worker's answer to whatever it was asked last.
static const struct whip_reply *worker_says(int err, const char *text)
{
    struct event *asked = find_event(EVENT_PUBLISH);
    uint64_t request = asked ? asked->publish.request : 0;
    uint64_t track = asked && asked->publish.track_count ? asked->publish.tracks[0].number : 0;
    if (!asked && (asked = find_event(EVENT_WATCH)))
        request = asked->watch.request;
    if (!asked && (asked = find_event(EVENT_FRAGMENT)))
        request = asked->fragment.request;
    if (!asked && (asked = find_event(EVENT_SEAT_LAYER)))
        request = asked->seat.request;
    CHECK(asked);
    struct peer *peer = rooms_peer(&w->rooms, asked->peer);
    event_list_clear(&w->events);
    media_answered(peer, request, err, text, &track, track ? 1 : 0, w->now, &w->events);
    size_t before = replies.count;
    whip_deliver(whip, &w->events, &replies);
    event_list_clear(&w->events);
    return replies.count > before ? &replies.at[replies.count - 1] : NULL;
}

static const char *post_target(const char *root, const char *query)
{
    char target[200];
    snprintf(target, sizeof target, "/%s/%s%s", root, room->record.id, query);
    return arena_text(&w->arena, bytes_of(target));
}

// A peer that is in; its resource.
static const char *come_in(const char *root, const char *query, const char **etag)
{
    CHECK(!say((struct ask){HTTP_POST, .target = post_target(root, query), .body = OFFER}));
    const struct whip_reply *reply = worker_says(0, "the answer");
    CHECK_EQ(reply->response.status, 201);
    if (etag)
        *etag = arena_text(&w->arena, bytes_of(field(reply, "etag")));
    return arena_text(&w->arena, bytes_of(field(reply, "location")));
}

static int patch_status(const char *target, const char *if_match)
{
    const struct whip_reply *reply = say((struct ask){
        HTTP_PATCH, .target = target, .if_match = if_match, .body = "a=end-of-candidates\r\n"});
    return reply ? reply->response.status : 0;
}

TEST(an_offer_waits_for_the_worker_and_its_answer_is_201)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", "?name=Cam&role=host"),
                            .body = OFFER}));
    CHECK_TEXT(find_event(EVENT_PUBLISH)->publish.sdp, OFFER);
    const struct whip_reply *reply = worker_says(0, "the answer");
    CHECK_EQ(reply->id, 1);
    CHECK_EQ(reply->response.status, 201);
    CHECK_TEXT(reply->response.content_type, "application/sdp");
    CHECK_TEXT(reply->response.body.at, "the answer");
    CHECK_EQ(strncmp(field(reply, "location"), post_target("whip", "/"),
                     strlen(post_target("whip", "/"))),
             0);
    CHECK_EQ(field(reply, "etag")[0], '"');
    CHECK_TEXT(field(reply, "access-control-expose-headers"), "Location, Link, ETag");
    CHECK_EQ(room->joined_count, 1);
    size_t at = 0;
    const struct peer *peer = map_next(&room->peers, &at);
    CHECK_TEXT(peer->name, "Cam");
    CHECK_TEXT(peer->role->name, "host");
    CHECK_EQ(peer->door, DOOR_WHIP);
    end();
}

TEST(ice_servers_are_links)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whep", ""), .body = OFFER}));
    const struct whip_reply *reply = worker_says(0, "the answer");
    const char *links[3]; // the last is that of layers
    size_t count = 0;
    for (size_t i = 0; i < reply->response.header_count; i++) {
        if (strcmp(reply->response.headers[i].name, "link") == 0)
            links[count++] = reply->response.headers[i].value;
    }
    CHECK_EQ(count, 3);
    CHECK_TEXT(links[0], "<stun:stun.example.org>; rel=\"ice-server\"");
    CHECK_TEXT(links[1], "<turn:t.example.org>; rel=\"ice-server\"; username=\"u\"; "
                         "credential=\"a\\\"b\"; credential-type=\"password\"");
    end();
}

TEST(what_the_worker_refuses_leaves_nothing_behind)
{
    static const struct {
        int err, status;
    } cases[] = {{ERR_MALFORMED, 400},
                 {ERR_REFUSED, 403},
                 {ERR_UNSUPPORTED, 422},
                 {ERR_FULL, 422},
                 {ERR_BUSY, 503}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", ""), .body = OFFER}));
        const struct whip_reply *reply = worker_says(cases[i].err, "line 7: no");
        CHECK_EQ(reply->response.status, cases[i].status);
        CHECK(strstr(reply->response.body.at, "\"details\":[\"line 7: no\"]"));
        CHECK_EQ(room->peers.count, 0);
    }
    CHECK_EQ(whip_deadline(whip), NEVER);
    end();
}

TEST(what_is_wrong_with_a_request_is_said_before_anybody_comes_in)
{
    begin();
    const char *here = post_target("whip", "");
    const struct {
        struct ask ask;
        int status;
    } cases[] = {
        {{HTTP_POST, here, .token = "", .body = OFFER}, 401},
        {{HTTP_POST, here, .token = management(w), .body = OFFER}, 403},
        {{HTTP_POST, "/whip/64b000000000000000000002", .body = OFFER}, 403},
        {{HTTP_POST, post_target("whip", "?role=guest"), .body = OFFER}, 403},
        {{HTTP_POST, here, .type = "application/json", .body = OFFER}, 415},
        {{HTTP_POST, here, .type = "application/sdpx", .body = OFFER}, 415},
        {{HTTP_POST, here, .body = ""}, 400},
        {{HTTP_POST, post_target("whip", "?peer=a%20b"), .body = OFFER}, 400},
        {{HTTP_POST, post_target("whep", "?peer=a%2Fb"), .body = OFFER}, 400},
        {{HTTP_GET, .target = here}, 405},
        {{HTTP_PATCH, .target = here}, 405},
        {{HTTP_POST, "/whip", .body = OFFER}, 404},
        {{HTTP_PATCH, post_target("whip", "/x"), .type = "application/sdp", .body = "a"}, 415},
        {{HTTP_PATCH, post_target("whip", "/x"), .body = "a=x"}, 428},
        {{HTTP_PATCH, post_target("whip", "/x"), .if_match = "*", .body = "a=x"}, 404},
        {{HTTP_DELETE, .target = post_target("whip", "/x")}, 404},
        {{HTTP_POST, post_target("whip", "/x"), .body = OFFER}, 405},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct whip_reply *reply = say(cases[i].ask);
        CHECK(reply);
        CHECK_EQ(reply->response.status, cases[i].status);
        CHECK(strstr(reply->response.body.at, "\"code\""));
    }
    CHECK_EQ(room->peers.count, 0);
    end();
}

TEST(a_content_type_may_have_parameters)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", ""),
                            .type = "Application/SDP; charset=utf-8", .body = OFFER}));
    end();
}

TEST(an_empty_query_value_is_none)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", "?peer=&role=&name="),
                            .body = OFFER}));
    CHECK_EQ(room->peers.count, 1);
    end();
}

TEST(admission_is_the_rooms_affair)
{
    begin();
    room->record.enabled = false;
    const struct whip_reply *reply =
        say((struct ask){HTTP_POST, .target = post_target("whip", ""), .body = OFFER});
    CHECK_EQ(reply->response.status, 403);
    CHECK(strstr(reply->response.body.at, "room is not active"));
    end();
}

TEST(who_deletes_its_resource_has_left)
{
    begin();
    const char *resource = come_in("whep", "", NULL);
    CHECK_EQ(room->joined_count, 1);
    CHECK_EQ(say((struct ask){HTTP_DELETE, .target = resource})->response.status, 200);
    CHECK_EQ(room->joined_count, 0);
    whip_deliver(whip, &w->events, &replies);
    CHECK_EQ(say((struct ask){HTTP_DELETE, .target = resource})->response.status, 404);
    end();
}

TEST(a_resource_is_its_owners_and_of_its_own_kind)
{
    begin();
    const char *etag, *resource = come_in("whip", "", &etag);
    struct ask ask = {HTTP_DELETE, .target = resource};
    ask.token = app(w, room->record.id, "guest");
    CHECK_EQ(say(ask)->response.status, 403);
    ask.token = app(w, "64b000000000000000000002", "host");
    CHECK_EQ(say(ask)->response.status, 403);
    ask.token = "Bearer x";
    CHECK_EQ(say(ask)->response.status, 401);
    char other[200];
    snprintf(other, sizeof other, "/whep%s", resource + strlen("/whip"));
    CHECK_EQ(say((struct ask){HTTP_DELETE, .target = other})->response.status, 404);
    CHECK_EQ(room->joined_count, 1);
    end();
}

// Anybody may have a token of the same person, room and role, and URLs stand in logs.
TEST(the_very_token_that_made_a_resource_is_its_key)
{
    begin();
    const char *etag, *resource = come_in("whip", "", &etag);
    const char *own = app(w, room->record.id, "host");
    w->now.wall_ms += 1000;
    const char *renewed = app(w, room->record.id, "host");
    struct ask take = {HTTP_DELETE, .target = resource, .token = renewed};
    struct ask patch = {HTTP_PATCH, .target = resource, .token = renewed, .if_match = "*",
                        .body = "a=end-of-candidates\r\n"};
    CHECK_EQ(say(take)->response.status, 403);
    const struct whip_reply *reply = say(patch);
    CHECK_EQ(reply ? reply->response.status : 0, 403);
    CHECK_EQ(room->joined_count, 1);

    // When all have expired: the very token is good for its own peer still, and of the others
    // none learns whether there is one.
    w->now.wall_ms += 86400 * 1000 + TOKEN_LEEWAY_S * 1000;
    CHECK_EQ(say(take)->response.status, 401);
    CHECK_EQ(say(patch)->response.status, 401);
    take.target = post_target("whip", "/x");
    CHECK_EQ(say(take)->response.status, 401);
    take.token = own;
    CHECK_EQ(say(take)->response.status, 401);
    patch.token = own;
    CHECK(!say(patch));
    worker_says(0, "");
    take.target = resource;
    CHECK_EQ(say(take)->response.status, 200);
    CHECK_EQ(room->joined_count, 0);
    end();
}

TEST(a_resource_is_gone_with_its_peer)
{
    begin();
    const char *resource = come_in("whip", "", NULL);
    size_t at = 0;
    room_leave(map_next(&room->peers, &at), LEAVE_MEDIA_LOST, w->now, &w->events);
    whip_deliver(whip, &w->events, &replies);
    CHECK_EQ(patch_status(resource, "*"), 404);
    end();
}

TEST(candidates_are_204_and_keep_the_tag)
{
    begin();
    const char *etag, *resource = come_in("whip", "", &etag);
    CHECK_EQ(patch_status(resource, "\"another\""), 412);
    CHECK_EQ(patch_status(resource, etag), 0);
    const struct whip_reply *reply = worker_says(0, "");
    CHECK_EQ(reply->response.status, 204);
    CHECK_TEXT(field(reply, "etag"), "");
    CHECK_EQ(patch_status(resource, etag), 0);
    worker_says(0, "");
    end();
}

TEST(a_restart_of_ice_is_200_with_another_tag)
{
    begin();
    const char *etag, *resource = come_in("whip", "", &etag);
    CHECK_EQ(patch_status(resource, "*"), 0);
    const struct whip_reply *reply = worker_says(0, "a=ice-lite\r\n");
    CHECK_EQ(reply->response.status, 200);
    CHECK_TEXT(reply->response.content_type, "application/trickle-ice-sdpfrag");
    CHECK_TEXT(reply->response.body.at, "a=ice-lite\r\n");
    const char *next = arena_text(&w->arena, bytes_of(field(reply, "etag")));
    CHECK(next[0] == '"' && strcmp(next, etag) != 0);
    CHECK_EQ(patch_status(resource, etag), 412);
    CHECK_EQ(patch_status(resource, next), 0);
    CHECK_EQ(worker_says(ERR_MALFORMED, "line 1: no")->response.status, 400);
    end();
}

TEST(a_worker_that_does_not_answer_is_waited_for_for_a_while)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", ""), .body = OFFER}));
    CHECK_EQ(whip_deadline(whip), w->now.mono_us + WHIP_PATIENCE_MS * 1000LL);
    w->now.mono_us = whip_deadline(whip);
    whip_expire(whip, w->now, &w->events, &replies);
    CHECK_EQ(replies.at[replies.count - 1].response.status, 503);
    CHECK_EQ(room->peers.count, 0);
    whip_deliver(whip, &w->events, &replies);
    CHECK_EQ(whip_deadline(whip), NEVER);
    end();
}

TEST(no_more_wait_than_fit)
{
    begin();
    for (int i = 0; i < WHIP_WAITING_MAX; i++)
        CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", ""), .body = OFFER}));
    const struct whip_reply *reply =
        say((struct ask){HTTP_POST, .target = post_target("whip", ""), .body = OFFER});
    CHECK_EQ(reply->response.status, 503);
    CHECK_TEXT(field(reply, "retry-after"), "1");
    CHECK_EQ(room->peers.count, WHIP_WAITING_MAX);
    end();
}

TEST(an_id_that_is_taken_again_replaces_its_peer)
{
    begin();
    const char *first = come_in("whip", "?peer=camera-1", NULL);
    const char *second = come_in("whip", "?peer=camera-1", NULL);
    CHECK_EQ(room->joined_count, 1);
    CHECK(room_joined(room, "camera-1"));
    CHECK_EQ(patch_status(first, "*"), 404);
    CHECK_EQ(patch_status(second, "*"), 0);
    end();
}

TEST(whoever_was_made_to_leave_while_joining_is_told)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whip", ""), .body = OFFER}));
    size_t at = 0;
    room_leave(map_next(&room->peers, &at), LEAVE_REMOVED, w->now, &w->events);
    whip_deliver(whip, &w->events, &replies);
    CHECK_EQ(replies.at[replies.count - 1].response.status, 403);
    CHECK_EQ(whip_deadline(whip), NEVER);
    end();
}

TEST(pages_of_other_origins_may_publish_and_watch)
{
    begin();
    const struct whip_reply *reply =
        say((struct ask){HTTP_OPTIONS, .target = post_target("whip", "")});
    CHECK_EQ(reply->response.status, 204);
    CHECK_TEXT(field(reply, "access-control-allow-origin"), "*");
    CHECK_TEXT(field(reply, "access-control-allow-methods"), "POST");
    CHECK_TEXT(field(reply, "access-control-allow-headers"),
               "Authorization, Content-Type, If-Match");
    CHECK_TEXT(field(reply, "accept-post"), "application/sdp");
    reply = say((struct ask){HTTP_OPTIONS, .target = post_target("whep", "/x")});
    CHECK_TEXT(field(reply, "access-control-allow-methods"), "PATCH, DELETE");
    CHECK_TEXT(field(reply, "accept-patch"), "application/trickle-ice-sdpfrag");
    CHECK_TEXT(field(reply, "accept-post"), "");
    end();
}

// It is a path of JSON, which has no PATCH.
TEST(a_page_that_asks_before_it_chooses_a_layer_hears_what_may_be_posted)
{
    begin();
    const struct whip_reply *reply =
        say((struct ask){HTTP_OPTIONS, .target = post_target("whep", "/x/layer")});
    CHECK_TEXT(field(reply, "access-control-allow-methods"), "GET, HEAD, POST");
    CHECK_TEXT(field(reply, "accept-post"), "application/json");
    CHECK_TEXT(field(reply, "accept-patch"), "");
    end();
}

// --- Layers ---

static const char *layer_of(const char *resource)
{
    char target[200];
    snprintf(target, sizeof target, "%s/layer", resource);
    return arena_text(&w->arena, bytes_of(target));
}

static const struct whip_reply *choose(const char *resource, const char *body)
{
    return say((struct ask){HTTP_POST, .target = layer_of(resource), .type = "application/json",
                            .body = body});
}

TEST(a_viewer_is_told_of_layers_and_what_its_sections_have)
{
    begin();
    CHECK(!say((struct ask){HTTP_POST, .target = post_target("whep", ""), .body = OFFER}));
    const struct whip_reply *reply = worker_says(0, "the answer");
    char link[240];
    const char *resource = arena_text(&w->arena, bytes_of(field(reply, "location")));
    snprintf(link, sizeof link, "<%s/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\"",
             resource);
    CHECK_TEXT(reply->response.headers[reply->response.header_count - 1].value, link);
    CHECK(!say((struct ask){HTTP_GET, .target = layer_of(resource)}));
    CHECK(!find_event(EVENT_SEAT_LAYER)->seat.chooses);
    reply = worker_says(0, "3 2 0123 1\n1 0 0 2\n");
    CHECK_EQ(reply->response.status, 200);
    CHECK_TEXT(reply->response.body.at,
               "{\"1\":{\"active\":[{\"encodingId\":\"medium\"}],"
               "\"layers\":[{\"encodingId\":\"high\"},{\"encodingId\":\"medium\"},"
               "{\"encodingId\":\"low\"}]},\"2\":{\"active\":[],\"layers\":[]}}");
    end();
}

TEST(a_viewer_chooses_a_layer_of_one_section_or_of_all)
{
    begin();
    const char *resource = come_in("whep", "", NULL);
    CHECK(!choose(resource, "{\"mediaId\":\"1\",\"encodingId\":\"low\"}"));
    CHECK(find_event(EVENT_SEAT_LAYER)->seat.chooses);
    CHECK_TEXT(find_event(EVENT_SEAT_LAYER)->seat.mid, "1");
    CHECK_EQ(find_event(EVENT_SEAT_LAYER)->seat.level, FEED_LOW);
    CHECK_EQ(worker_says(0, "1 1 0123 1\n")->response.status, 200);
    CHECK(!choose(resource, "{}"));
    CHECK_TEXT(find_event(EVENT_SEAT_LAYER)->seat.mid, "");
    CHECK_EQ(find_event(EVENT_SEAT_LAYER)->seat.level, FEED_HIGH);
    CHECK_EQ(worker_says(ERR_NOT_FOUND, "")->response.status, 404);
    CHECK_EQ(choose(resource, "{\"encodingId\":\"best\"}")->response.status, 400);
    CHECK_EQ(choose(resource, "[")->response.status, 400);
    end();
}

TEST(an_encoder_has_no_layers_to_choose)
{
    begin();
    const char *resource = come_in("whip", "", NULL);
    CHECK_EQ(choose(resource, "{}")->response.status, 404);
    end();
}
