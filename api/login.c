// POST /v2/token: a room code for an app token. Everybody with the code may; wrong ones are
// counted.

#include "api/codes.h"
#include "api/rooms.h"
#include "api/routes.h"

#include "base/err.h"
#include "base/limits.h"
#include "room/room_codes.h"
#include "store/document.h"

#include <stdio.h>
#include <string.h>

static int read_wish(struct api_context *c, char code[ROOM_CODE_LEN + 1],
                     char user_id[JWT_TEXT_MAX + 1])
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    const char *typed = json_get_text(body, "code", "");
    const json_t *user = json_object_get(body, "user_id");
    const char *user_text = json_is_string(user) ? json_string_value(user) : "";
    if (!typed[0])
        err = api_fail_field(c, "code");
    else if ((api_sent(body, "user_id") && !json_is_string(user)) ||
             !jwt_user_id_fits(user_text))
        err = api_fail_field(c, "user_id");
    if (!err) {
        api_code_normalise(typed, code);
        snprintf(user_id, JWT_TEXT_MAX + 1, "%s", user_text);
    }
    json_decref(body);
    return err;
}

static int has_role(struct api_context *c, const struct store_room *room, const char *role,
                    bool *has)
{
    struct template *t;
    int err = store_template_load(c->db, room->template_id, &t);
    if (err)
        return err;
    *has = template_role(t, role) != NULL;
    template_free(t);
    return 0;
}

// Whether `code` opens a room, and which. An unknown code takes the same path through the
// database as a disabled one, with a room that does not exist.
static int look_up(struct api_context *c, const char *code, struct store_code *found)
{
    struct store_room room;
    int code_err = store_code_get(c->db, code, c->arena, found);
    int room_err = store_room_get(c->db, code_err ? "" : found->room_id, c->arena, &room);
    if (code_err && code_err != ERR_NOT_FOUND)
        return api_fail_storage(c, code_err);
    if (room_err && room_err != ERR_NOT_FOUND)
        return api_fail_storage(c, room_err);

    if (code_err || room_err || !found->enabled)
        api_tries_add(&c->api->tries, &c->request->from, code, c->now.mono_us);
    if (code_err || room_err)
        return api_fail(c, 404, "room code not found");
    if (!found->enabled)
        return api_fail(c, 403, "room code is disabled");
    if (!room.enabled)
        return api_fail(c, 403, "room is not active");
    bool role_exists = false;
    int err = has_role(c, &room, found->role, &role_exists);
    if (err)
        return api_fail_storage(c, err);
    return role_exists ? 0 : api_fail(c, 403, "role is invalid");
}

// What was asked of the live rooms. While the storage is away nobody can say that a code is
// wrong, and each one that no room knows counts as if it were: nobody is to try codes then.
static int look_up_known(struct api_context *c, const char *code, struct store_code *found)
{
    const struct api_known_code *known = c->call->known;
    if (!known->room_id) {
        api_tries_add(&c->api->tries, &c->request->from, code, c->now.mono_us);
        return api_fail_storage(c, ERR_IO);
    }
    if (!known->is_open)
        return api_fail(c, 403, "room is not active");
    if (!known->has_role)
        return api_fail(c, 403, "role is invalid");
    *found = (struct store_code){.role = known->role, .enabled = true};
    snprintf(found->id, sizeof found->id, "%s", known->code_id);
    snprintf(found->room_id, sizeof found->room_id, "%s", known->room_id);
    return 0;
}

static void put_token(struct json_out *j, const struct api *api,
                      const struct jwt_claims *claims)
{
    struct text token = {0};
    jwt_sign(claims, api->signer.secrets[0], &token);
    json_open(j, '{');
    json_member_string(j, "token", token.at);
    api_member_time(j, "expires_at", claims->expires_at_s * 1000);
    json_member_string(j, "room_id", claims->room_id);
    json_member_string(j, "role", claims->role);
    json_member_string(j, "user_id", claims->user_id);
    json_close(j, '}');
    text_dispose(&token);
}

void api_complete_claims(struct api_context *c, struct jwt_claims *claims, const char *room_id,
                         const char *role)
{
    if (!claims->user_id[0])
        id_uuid(&c->api->rng, claims->user_id);
    id_uuid(&c->api->rng, claims->jti);
    snprintf(claims->access_key, sizeof claims->access_key, "%s", c->api->signer.access_key);
    snprintf(claims->room_id, sizeof claims->room_id, "%s", room_id);
    snprintf(claims->role, sizeof claims->role, "%s", role);
    claims->issued_at_s = c->now.wall_ms / 1000;
    claims->expires_at_s = claims->issued_at_s + TOKEN_LIFETIME_S;
}

static int answer_token(struct api_context *c, struct jwt_claims *claims, const char *room_id,
                        const char *role)
{
    api_complete_claims(c, claims, room_id, role);
    struct json_out j = api_json(c);
    put_token(&j, c->api, claims);
    return 0;
}

int api_login(struct api_context *c)
{
    char code[ROOM_CODE_LEN + 1];
    struct store_code found;
    struct jwt_claims claims = {.type = JWT_APP};
    int err = read_wish(c, code, claims.user_id);
    if (err)
        return err;
    int64_t wait_s = api_tries_wait_s(&c->api->tries, &c->request->from, code, c->now.mono_us);
    if (!wait_s && c->request->is_doubted &&
        !api_tries_was_right(&c->api->tries, &c->request->from, code, c->now.mono_us))
        wait_s = 1;
    if (wait_s)
        return api_fail_wait(c, wait_s);
    err = c->db ? look_up(c, code, &found) : look_up_known(c, code, &found);
    if (err)
        return err;
    api_tries_right(&c->api->tries, &c->request->from, code, c->now.mono_us);
    snprintf(claims.room_code_id, sizeof claims.room_code_id, "%s", found.id);
    return answer_token(c, &claims, found.room_id, found.role);
}

// --- The same, of live rooms ---

static void ask_room(const struct room *room, const char *code, struct arena *arena,
                     struct api_known_code *known)
{
    const struct room_code *found = room_codes_find(room->codes, code);
    if (!found)
        return;
    known->room_id = arena_text(arena, bytes_of(room->record.id));
    known->code_id = arena_text(arena, bytes_of(found->id));
    known->role = arena_text(arena, bytes_of(found->role));
    known->is_open = room->record.enabled;
    known->has_role = template_role(room->template, found->role);
}

bool api_ask_rooms(const struct rooms *rooms, struct api_call *call)
{
    struct arena *arena = &call->request->arena;
    char code[ROOM_CODE_LEN + 1] = "";
    json_t *body;
    if (call->route->handler != api_login || call->known)
        return false;
    struct api_known_code *known = arena_alloc(arena, sizeof *known);
    *known = (struct api_known_code){0};
    call->known = known;
    if (json_read(call->request->body, &json_bounds_default, &body) == 0) {
        api_code_normalise(json_get_text(body, "code", ""), code);
        json_decref(body);
    }
    size_t at = 0;
    for (const struct room *room; (room = map_next(&rooms->by_id, &at));) {
        if (room->session_id[0])
            ask_room(room, code, arena, known);
    }
    return true;
}

// --- GET /v2/diagnostics/token: a token for a test call, for whoever asks ---

// The room of test calls, made by the first one.
static int find_test_room(struct api_context *c, struct store_room *room)
{
    static const char name[] = "diagnostics";
    int err = store_room_by_name(c->db, name, c->arena, room);
    if (err == ERR_NOT_FOUND) {
        json_t *wish = json_pack("{s:s}", "name", name);
        err = api_room_make(c, wish, false, room);
        json_decref(wish);
        return err;
    }
    if (err)
        return api_fail_storage(c, err);
    return room->enabled ? 0 : api_fail(c, 403, "room is not active");
}

// A test joins as guest; in a template without guests, in its last role.
static int find_test_role(struct api_context *c, const struct store_room *room,
                          const char **role)
{
    struct template *t;
    int err = store_template_load(c->db, room->template_id, &t);
    if (err)
        return api_fail_storage(c, err);
    const char *last = t->role_count ? t->roles[t->role_count - 1].name : "";
    *role = arena_text(c->arena, bytes_of(template_role(t, "guest") ? "guest" : last));
    template_free(t);
    return 0;
}

int api_diagnostics_token(struct api_context *c)
{
    struct store_room room;
    const char *role;
    struct jwt_claims claims = {.type = JWT_APP};
    if (!c->config->diagnostics)
        return api_fail(c, 404, "diagnostics are switched off");
    int err = find_test_room(c, &room);
    if (!err)
        err = find_test_role(c, &room, &role);
    return err ? err : answer_token(c, &claims, room.id, role);
}
