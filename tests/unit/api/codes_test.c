#include "base/err.h"
#include "store/templates.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char *codes_path(const char *room_id)
{
    static char path[80];
    snprintf(path, sizeof path, "/v2/room-codes/room/%s", room_id);
    return path;
}

static const char *code_at(const struct answer *a, size_t at)
{
    return json_get_text(item(a, at), "code", "");
}

static struct answer enable(struct world *w, const char *code, const char *enabled)
{
    char body[100];
    snprintf(body, sizeof body, "{\"code\":\"%s\",\"enabled\":%s}", code, enabled);
    return post(w, "/v2/room-codes/code", body);
}

static void disable_room(struct world *w, const char *id)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", id);
    CHECK_EQ(post(w, path, "{\"enabled\":false}").status, 200);
}

static void set_document(struct world *w, const char *document)
{
    struct db_query *q = db_prepare(w->db, "UPDATE templates SET document = $1");
    db_bind_text(q, 1, document);
    CHECK_EQ(db_run(q), 0);
}

TEST(each_role_of_the_template_gets_a_code_in_its_order)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer a = post(w, codes_path(room), "");
    CHECK_EQ(a.status, 200);
    CHECK_EQ(items(&a), 2);
    CHECK_TEXT(json_get_text(item(&a, 0), "role", ""), "host");
    CHECK_TEXT(json_get_text(item(&a, 1), "role", ""), "guest");
    for (size_t i = 0; i < 2; i++) {
        CHECK(id_is_room_code(code_at(&a, i)));
        CHECK_TEXT(json_get_text(item(&a, i), "room_id", ""), room);
        CHECK(json_get_bool(item(&a, i), "enabled", false));
        CHECK_TEXT(json_get_text(item(&a, i), "created_at", ""), "2023-11-14T22:13:20.000Z");
        CHECK_TEXT(json_get_text(item(&a, i), "updated_at", ""), "2023-11-14T22:13:20.000Z");
        CHECK(!json_object_get(item(&a, i), "id"));
    }
    world_free(w);
}

TEST(asking_again_gives_the_same_codes_whatever_the_body)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer a = post(w, codes_path(room), "");
    struct answer b = post(w, codes_path(room), "{\"enabled\":true}");
    struct answer c = post(w, codes_path(room), "not even JSON");
    CHECK_TEXT(b.body, a.body);
    CHECK_TEXT(c.body, a.body);
    world_free(w);
}

TEST(a_role_whose_code_was_disabled_gets_a_fresh_one)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer a = post(w, codes_path(room), "");
    CHECK_EQ(enable(w, code_at(&a, 0), "false").status, 200);
    struct answer b = post(w, codes_path(room), "");
    CHECK(strcmp(code_at(&a, 0), code_at(&b, 0)) != 0);
    CHECK_TEXT(code_at(&b, 1), code_at(&a, 1));
    world_free(w);
}

TEST(codes_of_roles_that_are_gone_are_disabled)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer a = post(w, codes_path(room), "");
    set_document(w, "{\"roles\":{\"host\":{},\"viewer\":{}}}");
    struct answer b = post(w, codes_path(room), "");
    CHECK_EQ(items(&b), 2);
    CHECK_TEXT(code_at(&b, 0), code_at(&a, 0));
    CHECK_TEXT(json_get_text(item(&b, 1), "role", ""), "viewer");
    struct answer list = get(w, codes_path(room));
    CHECK_EQ(items(&list), 3);
    CHECK(!json_get_bool(item(&list, 1), "enabled", true)); // guest's
    CHECK_REFUSED(enable(w, code_at(&a, 1), "true"), 403, "role is invalid", "");
    world_free(w);
}

TEST(an_unknown_room_is_404_and_a_disabled_one_403)
{
    struct world *w = world_new();
    char path[100];
    const char *none = "64a1b2c3d4e5f60718293a4b";
    const char *room = make_room(w, "");
    CHECK_REFUSED(post(w, codes_path(none), ""), 404, "room not found", "");
    CHECK_REFUSED(get(w, codes_path(none)), 404, "room not found", "");
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/host", none);
    CHECK_REFUSED(post(w, path, ""), 404, "room not found", "");

    disable_room(w, room);
    CHECK_REFUSED(post(w, codes_path(room), ""), 403, "room is not active", "");
    CHECK_REFUSED(get(w, codes_path(room)), 403, "room is not active", "");
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/host", room);
    CHECK_REFUSED(post(w, path, ""), 403, "room is not active", "");
    world_free(w);
}

TEST(a_single_role_gets_an_additional_code_each_time)
{
    struct world *w = world_new();
    char path[100];
    const char *room = make_room(w, "");
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/guest", room);
    struct answer a = post(w, path, "");
    struct answer b = post(w, path, "{}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "role"), "guest");
    CHECK(id_is_room_code(text(&a, "code")));
    CHECK(strcmp(text(&a, "code"), text(&b, "code")) != 0);
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/Guest", room);
    CHECK_REFUSED(post(w, path, ""), 404, "role not found", "");
    world_free(w);
}

TEST(a_role_may_have_a_space_in_its_name)
{
    struct world *w = world_new();
    char path[100];
    set_document(w, "{\"roles\":{\"co host\":{}}}");
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/co host", make_room(w, ""));
    struct answer a = post(w, path, "");
    CHECK_TEXT(text(&a, "role"), "co host");
    world_free(w);
}

TEST(a_room_has_at_most_100_codes)
{
    struct world *w = world_new();
    char path[100];
    const char *room = make_room(w, "");
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/host", room);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(post(w, path, "").status, 200);
    CHECK_REFUSED(post(w, path, ""), 400, "room code limit reached", "");
    // A guest's would be the 101st, and nothing of a refused call stays.
    CHECK_REFUSED(post(w, codes_path(room), ""), 400, "room code limit reached", "");
    world_free(w);
}

TEST(codes_are_listed_oldest_first_to_the_last_page)
{
    struct world *w = world_new();
    char path[100], target[160];
    char codes[25][ROOM_CODE_LEN + 1];
    const char *room = make_room(w, "");
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/host", room);
    for (int i = 0; i < 25; i++) {
        struct answer a = post(w, path, "");
        snprintf(codes[i], sizeof codes[i], "%s", text(&a, "code"));
    }
    struct answer a = get(w, codes_path(room));
    CHECK_EQ(json_get_int(a.json, "limit", 0), 20);
    CHECK_EQ(items(&a), 20);
    CHECK_TEXT(code_at(&a, 0), codes[0]);
    CHECK_TEXT(text(&a, "last"), codes[19]);
    snprintf(target, sizeof target, "%s?start=%s", codes_path(room), text(&a, "last"));
    a = get(w, target);
    CHECK_EQ(items(&a), 5);
    CHECK_TEXT(code_at(&a, 0), codes[20]);
    CHECK_TEXT(code_at(&a, 4), codes[24]);
    CHECK_TEXT(text(&a, "last"), "");
    world_free(w);
}

TEST(a_list_that_fills_its_page_exactly_has_no_next_page)
{
    struct world *w = world_new();
    char target[120];
    const char *room = make_room(w, "");
    post(w, codes_path(room), "");
    snprintf(target, sizeof target, "%s?limit=2", codes_path(room));
    struct answer a = get(w, target);
    CHECK_EQ(items(&a), 2);
    CHECK_TEXT(text(&a, "last"), "");
    world_free(w);
}

TEST(a_list_of_codes_is_filtered)
{
    struct world *w = world_new();
    char target[160];
    const char *room = make_room(w, "");
    struct answer made = post(w, codes_path(room), "");
    enable(w, code_at(&made, 1), "false");
    snprintf(target, sizeof target, "%s?role=host", codes_path(room));
    struct answer a = get(w, target);
    CHECK_EQ(items(&a), 1);
    CHECK_TEXT(code_at(&a, 0), code_at(&made, 0));
    snprintf(target, sizeof target, "%s?enabled=false", codes_path(room));
    a = get(w, target);
    CHECK_EQ(items(&a), 1);
    CHECK_TEXT(code_at(&a, 0), code_at(&made, 1));
    snprintf(target, sizeof target, "%s?role=nobody", codes_path(room));
    CHECK_REFUSED(get(w, target), 404, "role not found", "");
    snprintf(target, sizeof target, "%s?enabled=1", codes_path(room));
    CHECK_REFUSED(get(w, target), 400, "Invalid query param", "Invalid query param: enabled");
    snprintf(target, sizeof target, "%s?start=x", codes_path(room));
    CHECK_REFUSED(get(w, target), 400, "Invalid query param", "Invalid query param: start");
    world_free(w);
}

TEST(disabling_moves_updated_at_and_doing_it_twice_does_not)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer made = post(w, codes_path(room), "");
    w->now.wall_ms += 2000;
    struct answer a = enable(w, code_at(&made, 0), "false");
    CHECK_EQ(a.status, 200);
    CHECK(!json_get_bool(a.json, "enabled", true));
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:22.000Z");
    CHECK_TEXT(text(&a, "created_at"), "2023-11-14T22:13:20.000Z");
    w->now.wall_ms += 2000;
    a = enable(w, code_at(&made, 0), "false");
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:22.000Z");
    a = enable(w, code_at(&made, 0), "true");
    CHECK(json_get_bool(a.json, "enabled", false));
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:24.000Z");
    world_free(w);
}

TEST(enabling_takes_its_two_fields_and_no_other)
{
    struct world *w = world_new();
    const char *path = "/v2/room-codes/code";
    CHECK_REFUSED(post(w, path, "{\"code\":\"abc-defg-hij\",\"enabled\":true,\"role\":\"x\"}"),
                  400, "Invalid body param",
                  "Invalid body param: only code and enabled are allowed");
    CHECK_REFUSED(post(w, path, "{\"enabled\":true}"), 400, "Invalid body param",
                  "Invalid body param: code");
    CHECK_REFUSED(post(w, path, "{\"code\":\"abc-defg-hij\"}"), 400, "Invalid body param",
                  "Invalid body param: enabled");
    CHECK_REFUSED(post(w, path, "{\"code\":\"abc-defg-hij\",\"enabled\":\"true\"}"), 400,
                  "Invalid body param", "Invalid body param: enabled");
    CHECK_REFUSED(post(w, path, "{\"code\":\"abc-defg-hij\",\"enabled\":null}"), 400,
                  "Invalid body param", "Invalid body param: enabled");
    CHECK_REFUSED(post(w, path, "{\"code\":\"abc-defg-hij\",\"enabled\":true}"), 404,
                  "room code not found", "");
    world_free(w);
}

static struct answer login(struct world *w, const char *body)
{
    return call(w, HTTP_POST, "/v2/token", NULL, body);
}

static struct answer login_code(struct world *w, const char *code)
{
    char body[100];
    snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
    return login(w, body);
}

TEST(a_code_is_traded_for_an_app_token)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer made = post(w, codes_path(room), "");
    char body[100];
    snprintf(body, sizeof body, "{\"code\":\"%s\",\"user_id\":\"alice\"}", code_at(&made, 1));
    struct answer a = login(w, body);
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "room_id"), room);
    CHECK_TEXT(text(&a, "role"), "guest");
    CHECK_TEXT(text(&a, "user_id"), "alice");
    CHECK_TEXT(text(&a, "expires_at"), "2023-11-15T22:13:20.000Z");

    struct jwt_claims claims;
    CHECK_EQ(jwt_verify(bytes_of(text(&a, "token")), &w->config.keys, WORLD_START_MS / 1000,
                        &claims),
             JWT_VALID);
    CHECK_EQ(claims.type, JWT_APP);
    CHECK_TEXT(claims.room_id, room);
    CHECK_TEXT(claims.role, "guest");
    CHECK_TEXT(claims.user_id, "alice");
    CHECK_EQ(strlen(claims.jti), 36);
    CHECK_EQ(claims.expires_at_s - claims.issued_at_s, 86400);
    world_free(w);
}

TEST(without_a_user_id_one_is_made)
{
    struct world *w = world_new();
    struct answer made = post(w, codes_path(make_room(w, "")), "");
    struct answer a = login_code(w, code_at(&made, 0));
    CHECK_EQ(strlen(text(&a, "user_id")), 36);
    world_free(w);
}

TEST(a_code_is_read_as_people_type_it)
{
    struct world *w = world_new();
    struct answer made = post(w, codes_path(make_room(w, "")), "");
    char typed[40];
    snprintf(typed, sizeof typed, " \\t%s\\n ", code_at(&made, 0));
    for (char *c = typed + 3; c < typed + 3 + ROOM_CODE_LEN; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    CHECK_EQ(login_code(w, typed).status, 200);
    world_free(w);
}

TEST(an_authorization_with_the_code_is_ignored)
{
    struct world *w = world_new();
    struct answer made = post(w, codes_path(make_room(w, "")), "");
    char body[100];
    snprintf(body, sizeof body, "{\"code\":\"%s\"}", code_at(&made, 0));
    CHECK_EQ(call(w, HTTP_POST, "/v2/token", "Bearer nonsense", body).status, 200);
    world_free(w);
}

TEST(codes_that_open_nothing_are_told_apart_as_the_clients_expect)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer made = post(w, codes_path(room), "");
    CHECK_REFUSED(login_code(w, "zzz-zzzz-zzz"), 404, "room code not found", "");
    CHECK_REFUSED(login_code(w, "nonsense"), 404, "room code not found", "");
    enable(w, code_at(&made, 0), "false");
    CHECK_REFUSED(login_code(w, code_at(&made, 0)), 403, "room code is disabled", "");
    set_document(w, "{\"roles\":{\"host\":{}}}");
    CHECK_REFUSED(login_code(w, code_at(&made, 1)), 403, "role is invalid", "");
    disable_room(w, room);
    CHECK_REFUSED(login_code(w, code_at(&made, 1)), 403, "room is not active", "");
    world_free(w);
}

TEST(bad_logins_are_refused)
{
    struct world *w = world_new();
    char body[400];
    CHECK_REFUSED(login(w, ""), 400, "Invalid body param", "Invalid body param: code");
    CHECK_REFUSED(login(w, "{\"code\":7}"), 400, "Invalid body param",
                  "Invalid body param: code");
    CHECK_REFUSED(login(w, "{\"code\":\"abc-defg-hij\",\"user_id\":7}"), 400,
                  "Invalid body param", "Invalid body param: user_id");
    snprintf(body, sizeof body, "{\"code\":\"abc-defg-hij\",\"user_id\":\"%0257d\"}", 0);
    CHECK_REFUSED(login(w, body), 400, "Invalid body param", "Invalid body param: user_id");
    CHECK_REFUSED(login(w, "{"), 400, "Invalid body param", "body is not valid JSON");
    world_free(w);
}

TEST(after_20_wrong_codes_an_address_waits)
{
    struct world *w = world_new();
    struct answer made = post(w, codes_path(make_room(w, "")), "");
    for (int i = 0; i < 20; i++)
        CHECK_EQ(login_code(w, "zzz-zzzz-zzz").status, 404);
    struct answer a = login_code(w, "zzz-zzzz-zzz");
    CHECK_REFUSED(a, 429, "Too many requests", "rate limit exceeded, retry after 60 seconds");
    CHECK_TEXT(header(&a, "retry-after"), "60");
    // Not even the right one, or waiting would tell which it is.
    CHECK_EQ(login_code(w, code_at(&made, 0)).status, 429);
    addr_parse_ip(&w->from, "192.0.2.2", 4000);
    CHECK_EQ(login_code(w, code_at(&made, 0)).status, 200);
    addr_parse_ip(&w->from, "192.0.2.1", 5000);
    w->now.mono_us += 60 * 1000000LL;
    CHECK_EQ(login_code(w, code_at(&made, 0)).status, 200);
    world_free(w);
}

TEST(disabled_codes_count_as_wrong_and_right_ones_do_not)
{
    struct world *w = world_new();
    struct answer made = post(w, codes_path(make_room(w, "")), "");
    for (int i = 0; i < 50; i++)
        CHECK_EQ(login_code(w, code_at(&made, 0)).status, 200);
    enable(w, code_at(&made, 1), "false");
    for (int i = 0; i < 20; i++)
        CHECK_EQ(login_code(w, code_at(&made, 1)).status, 403);
    CHECK_EQ(login_code(w, code_at(&made, 1)).status, 429);
    world_free(w);
}

// --- Codes to hand out ---

static const char *bearer(struct world *w, const char *code)
{
    char body[100];
    snprintf(body, sizeof body, "{\"code\":\"%s\",\"user_id\":\"u\"}", code);
    struct answer a = call(w, HTTP_POST, "/v2/token", "", body);
    CHECK_EQ(a.status, 200);
    struct text token = {0};
    text_addf(&token, "Bearer %s", text(&a, "token"));
    const char *kept = arena_text(&w->arena, text_bytes(&token));
    text_dispose(&token);
    return kept;
}

static struct answer invites(struct world *w, const char *authorization)
{
    return call(w, HTTP_GET, "/api/invites", authorization, "");
}

TEST(whoever_came_by_a_code_hands_out_those_without_a_say)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer made = post(w, codes_path(room), "");
    char guest_only[100];
    snprintf(guest_only, sizeof guest_only,
             "{\"codes\":[{\"role\":\"guest\",\"code\":\"%s\"}]}", code_at(&made, 1));
    CHECK_TEXT(invites(w, bearer(w, code_at(&made, 0))).body, guest_only); // a host
    CHECK_TEXT(invites(w, bearer(w, code_at(&made, 1))).body, guest_only);
    CHECK_EQ(enable(w, code_at(&made, 1), "false").status, 200);
    CHECK_TEXT(invites(w, bearer(w, code_at(&made, 0))).body, "{\"codes\":[]}");
    world_free(w);
}

TEST(whoever_is_kept_out_hands_out_nothing)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct answer made = post(w, codes_path(room), "");
    const char *guest = bearer(w, code_at(&made, 1)), *host = bearer(w, code_at(&made, 0));
    CHECK_EQ(enable(w, code_at(&made, 1), "false").status, 200);
    CHECK_REFUSED(invites(w, guest), 403, "room code is disabled", "");
    disable_room(w, room);
    CHECK_REFUSED(invites(w, host), 403, "room is not active", "");
    world_free(w);
}

TEST(a_back_ends_token_hands_out_nothing)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    post(w, codes_path(room), "");
    CHECK_TEXT(invites(w, app(w, room, "host")).body, "{\"codes\":[]}");
    CHECK_EQ(invites(w, "").status, 401);
    CHECK_EQ(invites(w, app(w, "64a1b2c3d4e5f60718293a4b", "host")).status, 404);
    world_free(w);
}
