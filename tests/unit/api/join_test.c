// The calls on the way into a room: init, meetings, templates.

#include "room/rooms.h"
#include "store/document.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static struct answer init(struct world *w, const char *token)
{
    return call(w, HTTP_GET, "/init?peer_id=7e9b&user_agent_v2=os:web", token, "");
}

static const char *endpoint(struct world *w, const char *room)
{
    struct answer a = init(w, app(w, room, "host"));
    CHECK_EQ(a.status, 200);
    return text(&a, "endpoint");
}

TEST(init_says_where_to_go)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer a = init(w, app(w, room, "host"));
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(
        a.body,
        "{\"endpoint\":\"ws://localhost:8080/ws\",\"rtcConfiguration\":"
        "{\"ice_servers\":[]},\"config\":{\"enabledFlags\":[],"
        "\"publishStats\":{\"maxSampleWindowSize\":30,\"maxSamplePushInterval\":30},"
        "\"subscribeStats\":{\"maxSampleWindowSize\":10,\"maxSamplePushInterval\":30}}}");
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "*");
    world_free(w);
}

TEST(init_switches_simulcast_on_where_the_role_has_layers)
{
    struct world *w = world_new();
    w->config.client_flags = "publishStats,simulcast";
    struct answer made = post(
        w, "/v2/templates",
        "{\"name\":\"layers\",\"roles\":{\"host\":{\"name\":\"host\",\"publishParams\":{"
        "\"allowed\":[\"video\"],\"simulcast\":{\"video\":{\"layers\":["
        "{\"rid\":\"f\",\"maxFramerate\":30,\"scaleResolutionDownBy\":1,\"maxBitrate\":900},"
        "{\"rid\":\"q\",\"maxFramerate\":15,\"scaleResolutionDownBy\":4,\"maxBitrate\":90}]}}}}"
        ","
        "\"guest\":{\"name\":\"guest\",\"publishParams\":{\"allowed\":[\"video\"]}}}}");
    CHECK_EQ(made.status, 200);
    char wish[96];
    snprintf(wish, sizeof wish, "{\"template_id\":\"%s\"}", text(&made, "id"));
    const char *room = make_room(w, wish);
    struct answer host = init(w, app(w, room, "host"));
    CHECK(strstr(host.body, "\"enabledFlags\":[\"publishStats\",\"simulcast\"]"));
    struct answer guest = init(w, app(w, room, "guest"));
    CHECK(strstr(guest.body, "\"enabledFlags\":[\"publishStats\"]"));
    world_free(w);
}

TEST(the_endpoint_follows_the_host_and_the_scheme_of_the_request)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    w->secure = true;
    w->host = "meet.example.org";
    CHECK_TEXT(endpoint(w, room), "wss://meet.example.org/ws");
    w->host = "[2001:db8::1]:8443";
    CHECK_TEXT(endpoint(w, room), "wss://[2001:db8::1]:8443/ws");
    w->config.public_url = "https://rooms.example.com/";
    CHECK_TEXT(endpoint(w, room), "wss://rooms.example.com/ws");
    w->config.public_url = "http://10.0.0.7:8080";
    CHECK_TEXT(endpoint(w, room), "ws://10.0.0.7:8080/ws");
    world_free(w);
}

TEST(a_host_that_is_none_is_refused)
{
    static const char *const bad[] = {
        "", "evil.example/x", "a b", "a:b", "a:123456", "[::1", "a@b", ":80", "x:", "[]:1",
    };
    struct world *w = world_new();
    const char *token = app(w, make_room(w, ""), "host");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        w->host = bad[i];
        CHECK_REFUSED(init(w, token), 400, "Invalid Host header", "");
    }
    world_free(w);
}

TEST(configured_ice_servers_are_handed_out)
{
    struct world *w = world_new();
    w->config.ice_servers = "[{\"urls\":[\"stun:stun.example:3478\"]}]";
    struct answer a = init(w, app(w, make_room(w, ""), "guest"));
    CHECK(strstr(a.body, "{\"ice_servers\":[{\"urls\":[\"stun:stun.example:3478\"]}]}") !=
          NULL);
    world_free(w);
}

// The SDK never ends a join that got a 404 here.
TEST(init_refuses_with_401_or_403_and_never_404)
{
    struct world *w = world_new();
    char path[64];
    const char *room = make_room(w, "{\"size\":3}");
    CHECK_EQ(init(w, NULL).status, 401);
    CHECK_REFUSED(init(w, "Bearer x"), 401, "Token validation error", "malformed token");
    CHECK_REFUSED(init(w, app(w, room, "king")), 403, "role is invalid", "");
    CHECK_REFUSED(init(w, app(w, room, "Host")), 403, "role is invalid", "");
    CHECK_REFUSED(init(w, app(w, "64a1b2c3d4e5f60718293a4b", "host")), 403,
                  "room is not active", "");
    snprintf(path, sizeof path, "/v2/rooms/%s", room);
    post(w, path, "{\"enabled\":false}");
    CHECK_REFUSED(init(w, app(w, room, "host")), 403, "room is not active", "");
    world_free(w);
}

TEST(init_asks_the_live_room_who_has_a_place)
{
    struct world *w = world_new();
    const char *id = make_room(w, "{\"size\":1}");
    struct rng rng = {0};
    struct rooms rooms;
    struct event_list events = {0};
    struct template *t;
    rooms_init(&rooms, &rng);
    CHECK_EQ(store_template_load(w->db, "64a1b2c3d4e5f60718293a4e", &t), 0);
    struct room_record record = {.enabled = true, .size = 1};
    snprintf(record.id, sizeof record.id, "%s", id);
    w->live = rooms_put(&rooms, &record, t);
    room_hold(w->live);
    CHECK_EQ(init(w, app(w, id, "host")).status, 200);

    struct peer *peer;
    enum admission why;
    snprintf(w->user_id, sizeof w->user_id, "u");
    const char *token = app(w, id, "host");
    struct jwt_claims claims;
    CHECK_EQ(jwt_verify(bytes_of(token + strlen("Bearer ")), &w->config.keys,
                        w->now.wall_ms / 1000, &claims),
             JWT_VALID);
    struct join_wish other = {.peer_id = "other",
                              .user_id = "u",
                              .role = "host",
                              .token = claims.hash,
                              .name = "",
                              .metadata = ""};
    CHECK_EQ(room_join(w->live, &other, 1, w->now, &events, &peer, &why), 0);
    CHECK_REFUSED(init(w, app(w, id, "host")), 403, "room is full", "");
    // What is stored counts, also where it is newer than what the live room knows.
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", id);
    post(w, path, "{\"size\":2}");
    CHECK_EQ(init(w, app(w, id, "host")).status, 200);
    w->live->template->roles[0].max_peer_count = 1;
    w->live->template->roles[1].max_peer_count = 1;
    CHECK_REFUSED(init(w, app(w, id, "host")), 403, "role limit reached", "");
    CHECK_EQ(init(w, app(w, id, "guest")).status, 200);

    // Somebody who is in it may come back, whatever happened meanwhile.
    post(w, path, "{\"enabled\":false}");
    CHECK_REFUSED(init(w, app(w, id, "guest")), 403, "room is not active", "");
    CHECK_EQ(call(w, HTTP_GET, "/init?peer_id=other", token, "").status, 200);
    snprintf(w->user_id, sizeof w->user_id, "somebody else");
    CHECK_REFUSED(call(w, HTTP_GET, "/init?peer_id=other", app(w, id, "host"), ""), 409,
                  "the peer id is in use", "");
    room_release(w->live);
    rooms_dispose(&rooms);
    event_list_dispose(&events);
    world_free(w);
}

static struct answer meet(struct world *w, const char *authorization, const char *body)
{
    return call(w, HTTP_POST, "/api/meetings", authorization, body);
}

TEST(a_meeting_is_a_room_with_its_two_codes)
{
    struct world *w = world_new();
    struct answer a = meet(w, NULL, "");
    CHECK_EQ(a.status, 200);
    CHECK_EQ(json_object_size(a.json), 3);
    CHECK(id_is_room_code(text(&a, "Host_Code")));
    CHECK(id_is_room_code(text(&a, "Guest_Code")));
    CHECK(strcmp(text(&a, "Host_Code"), text(&a, "Guest_Code")) != 0);
    char path[80];
    snprintf(path, sizeof path, "/v2/room-codes/room/%s", text(&a, "Room_Id"));
    struct answer codes = get(w, path);
    CHECK_TEXT(json_get_text(item(&codes, 0), "code", ""), text(&a, "Host_Code"));
    CHECK_TEXT(json_get_text(item(&codes, 1), "code", ""), text(&a, "Guest_Code"));
    world_free(w);
}

TEST(a_meeting_may_be_named_but_not_taken_over)
{
    struct world *w = world_new();
    struct answer a = meet(w, NULL, "{\"name\":\"weekly\"}");
    CHECK_EQ(a.status, 200);
    CHECK_REFUSED(meet(w, NULL, "{\"name\":\"Weekly\"}"), 409, "room name already exists", "");
    CHECK_REFUSED(meet(w, NULL, "{\"name\":\"a b\"}"), 400, "Invalid body param",
                  "Invalid body param: name");
    CHECK_REFUSED(meet(w, NULL, "{\"template_id\":\"64a1b2c3d4e5f60718293a4f\"}"), 400,
                  "Invalid body param", "template not found");
    // Fields of other calls mean nothing here.
    CHECK_EQ(meet(w, NULL, "{\"size\":99999,\"webhook\":7}").status, 200);
    world_free(w);
}

TEST(meetings_can_be_switched_off)
{
    struct world *w = world_new();
    w->config.meetings = API_MEETINGS_OFF;
    w->config.meetings_key = "0123456789abcdef0123456789abcdef";
    w->parlor_key = w->config.meetings_key;
    CHECK_REFUSED(meet(w, NULL, ""), 403, "meetings are switched off", "");
    CHECK_REFUSED(meet(w, management(w), ""), 403, "meetings are switched off", "");
    CHECK_REFUSED(call(w, HTTP_GET, "/api/room-codes", NULL, ""), 403,
                  "meetings are switched off", "");
    world_free(w);
}

TEST(meetings_with_a_key_want_the_key_or_a_management_token)
{
    struct world *w = world_new();
    w->config.meetings = API_MEETINGS_KEY;
    w->config.meetings_key = "0123456789abcdef0123456789abcdef";
    CHECK_REFUSED(meet(w, NULL, ""), 401, "Authentication error", "");
    CHECK_EQ(meet(w, management(w), "").status, 200);
    CHECK_EQ(meet(w, app(w, "64a1b2c3d4e5f60718293a4b", "host"), "").status, 403);
    w->parlor_key = "0123456789abcdef0123456789abcdef";
    CHECK_EQ(meet(w, NULL, "").status, 200);
    w->parlor_key = "0123456789abcdef0123456789abcdeX";
    CHECK_REFUSED(meet(w, NULL, ""), 401, "Authentication error", "wrong Parlor-Key");
    w->parlor_key = "";
    w->config.meetings_key = "";
    CHECK_EQ(meet(w, NULL, "").status, 401);
    world_free(w);
}

TEST(the_endpoint_of_old_clients_gives_the_codes_of_the_configured_room)
{
    struct world *w = world_new();
    char room[OBJECT_ID_LEN + 1];
    CHECK_REFUSED(call(w, HTTP_GET, "/api/room-codes", NULL, ""), 404, "no room is configured",
                  "");
    snprintf(room, sizeof room, "%s", make_room(w, ""));
    w->config.meetings_room = room;
    struct answer a = call(w, HTTP_GET, "/api/room-codes", NULL, "");
    struct answer b = call(w, HTTP_GET, "/api/room-codes", NULL, "");
    CHECK_EQ(a.status, 200);
    CHECK_EQ(json_object_size(a.json), 2);
    CHECK(id_is_room_code(text(&a, "Host_Code")));
    CHECK(id_is_room_code(text(&a, "Guest_Code")));
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "");
    CHECK_TEXT(b.body, a.body);
    world_free(w);
}

TEST(the_endpoint_of_old_clients_knows_GET_alone)
{
    struct world *w = world_new();
    static const enum http_method others[] = {HTTP_POST,   HTTP_HEAD,    HTTP_PUT,  HTTP_PATCH,
                                              HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct answer a = call(w, others[i], "/api/room-codes", NULL, "");
        CHECK_EQ(a.status, 405);
        CHECK_TEXT(header(&a, "allow"), "GET");
        CHECK_TEXT(header(&a, "access-control-allow-origin"), "");
    }
    world_free(w);
}

// The host's code is in the answer.
TEST(only_pages_that_are_listed_may_read_the_codes)
{
    static const struct {
        const char *origin, *allowed;
        int status;
    } cases[] = {
        {NULL, "", 404},
        {"http://localhost:8080", "", 404}, // the own page needs no leave
        {"https://app.example.org", "https://app.example.org", 404},
        {"https://admin.example.org", "https://admin.example.org", 404},
        {"http://app.example.org", "", 403},
        {"https://evil.example", "", 403},
        {"null", "", 403},
    };
    struct world *w = world_new();
    w->config.page_origins = "https://app.example.org";
    w->config.origins = "https://admin.example.org";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        w->origin = cases[i].origin;
        struct answer a = call(w, HTTP_GET, "/api/room-codes", NULL, "");
        CHECK_EQ(a.status, cases[i].status);
        CHECK_TEXT(header(&a, "access-control-allow-origin"), cases[i].allowed);
        CHECK_TEXT(header(&a, "vary"), "Origin");
    }
    w->config.page_origins = w->config.origins = NULL;
    w->origin = "https://app.example.org";
    struct answer a = call(w, HTTP_GET, "/api/room-codes", NULL, "");
    CHECK_EQ(a.status, 403);
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "");
    world_free(w);
}

TEST(a_role_that_is_missing_is_an_empty_code)
{
    struct world *w = world_new();
    CHECK_EQ(db_run(db_prepare(w->db, "UPDATE templates SET document = "
                                      "'{\"roles\":{\"host\":{},\"viewer\":{}}}'")),
             0);
    struct answer a = meet(w, NULL, "");
    CHECK_EQ(a.status, 200);
    CHECK(id_is_room_code(text(&a, "Host_Code")));
    CHECK_TEXT(json_get_text(a.json, "Guest_Code", NULL), "");
    world_free(w);
}

TEST(templates_can_be_found_and_read)
{
    struct world *w = world_new();
    struct answer list = get(w, "/v2/templates?default=true");
    CHECK_EQ(items(&list), 1);
    CHECK_TEXT(text(&list, "last"), "64a1b2c3d4e5f60718293a4e");
    struct answer a = get(w, "/v2/templates/64a1b2c3d4e5f60718293a4e");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "id"), "64a1b2c3d4e5f60718293a4e");
    CHECK_TEXT(text(&a, "_id"), "64a1b2c3d4e5f60718293a4e");
    CHECK_TEXT(text(&a, "name"), "default");
    CHECK_TEXT(text(&a, "customerId"), "64a1b2c3d4e5f60718293a4c");
    CHECK_TEXT(text(&a, "appId"), "64a1b2c3d4e5f60718293a4d");
    CHECK_TEXT(text(&a, "createdAt"), "2023-11-14T22:13:20.000Z");
    CHECK(json_get_bool(a.json, "default", false));
    const json_t *host = json_get_object(json_get_object(a.json, "roles"), "host");
    CHECK_TEXT(json_get_text(host, "name", ""), "host");
    CHECK(json_get_object(a.json, "settings") != NULL);
    CHECK(json_get_object(a.json, "destinations") != NULL);
    CHECK(json_get_object(a.json, "plugins") != NULL);
    CHECK(json_equal((json_t *)item(&list, 0), (json_t *)a.json));
    CHECK_REFUSED(get(w, "/v2/templates/64a1b2c3d4e5f60718293a4f"), 404, "template not found",
                  "");
    world_free(w);
}

TEST(templates_are_paged_and_filtered)
{
    struct world *w = world_new();
    struct answer a = get(w, "/v2/templates?name=other");
    CHECK_EQ(items(&a), 0);
    a = get(w, "/v2/templates?default=false");
    CHECK_EQ(items(&a), 0);
    a = get(w, "/v2/templates?start=64a1b2c3d4e5f60718293a4e");
    CHECK_TEXT(a.body, "{\"limit\":10,\"data\":[],\"last\":\"\"}");
    CHECK_EQ(get(w, "/v2/templates?start=7").status, 400);
    CHECK_EQ(get(w, "/v2/templates?limit=-1").status, 400);
    CHECK_EQ(get(w, "/v2/templates?default=maybe").status, 400);
    world_free(w);
}

TEST(the_default_template_is_made_once)
{
    struct world *w = world_new();
    CHECK_EQ(api_prepare(w->db, "64a1b2c3d4e5f60718293aff", WORLD_START_MS), 0);
    struct answer a = get(w, "/v2/templates");
    CHECK_EQ(items(&a), 1);
    world_free(w);
}

TEST(a_test_call_is_for_anybody_where_diagnostics_are_on)
{
    struct world *w = world_new();
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/diagnostics/token", NULL, ""), 404,
                  "diagnostics are switched off", "");
    w->config.diagnostics = true;
    struct answer a = call(w, HTTP_GET, "/v2/diagnostics/token?region=eu", NULL, "");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "role"), "guest");
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "*");
    char authorization[2048];
    snprintf(authorization, sizeof authorization, "Bearer %s", text(&a, "token"));
    CHECK_EQ(call(w, HTTP_GET, "/init?peer_id=p", authorization, "").status, 200);
    struct answer again = call(w, HTTP_GET, "/v2/diagnostics/token", NULL, "");
    CHECK_TEXT(text(&again, "room_id"), text(&a, "room_id"));
    post(w, "/v2/rooms", "{\"name\":\"diagnostics\",\"enabled\":false}");
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/diagnostics/token", NULL, ""), 403,
                  "room is not active", "");
    world_free(w);
}
