#include "api/token_endpoint.h"

#include "api/context.h"
#include "api/page.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/origin.h"
#include "store/document.h"
#include "store/rooms.h"

#include <stdio.h>
#include <string.h>

// --- What is handed out ---

// The next "<room id>:<role>" of the list, which the setting has checked. Returns what follows.
static const char *next_pair(const char *list, struct bytes *room_id, struct bytes *role)
{
    size_t len = strcspn(list, ",");
    size_t id_len = strcspn(list, ":");
    *room_id = (struct bytes){(const uint8_t *)list, id_len};
    *role = (struct bytes){(const uint8_t *)list + id_len + 1, len - id_len - 1};
    return list + len + (list[len] == ',');
}

static bool is_text(struct bytes part, const char *text)
{
    return strlen(text) == part.len && memcmp(part.at, text, part.len) == 0;
}

static bool is_handed_out(const struct api_config *config, const char *room_id,
                          const char *role)
{
    struct bytes each_room, each_role;
    for (const char *p = config->token_endpoint; *p;) {
        p = next_pair(p, &each_room, &each_role);
        if (is_text(each_room, room_id) && is_text(each_role, role))
            return true;
    }
    return false;
}

// The room and the role of it. Both may be gone since the setting was made.
static int find(struct db *db, const char *room_id, const char *name, struct arena *arena,
                struct store_room *room, struct template **t, const struct role **role)
{
    *t = NULL;
    *role = NULL;
    int err = store_room_get(db, room_id, arena, room);
    if (!err)
        err = store_template_load(db, room->template_id, t);
    if (!err)
        *role = template_role(*t, name);
    return err;
}

// --- Before anybody asks ---

static void warn(struct db *db, struct arena *arena, const char *room_id, const char *name)
{
    struct store_room room;
    struct template *t;
    const struct role *role;
    int err = find(db, room_id, name, arena, &room, &t, &role);
    if (err || !role)
        log_warn("api", "token-endpoint: room %s has no role %s", room_id, name);
    else if (role->permissions[PERMISSION_END_ROOM] ||
             role->permissions[PERMISSION_REMOVE_OTHERS] ||
             role->permissions[PERMISSION_CHANGE_ROLE])
        log_warn("api",
                 "token-endpoint gives anybody the role %s of room %s, which can end the room, "
                 "remove people or change roles",
                 name, room_id);
    if (t)
        template_free(t);
}

void api_token_endpoint_warn(const struct api_config *config, struct db *db)
{
    struct arena arena = {0};
    struct bytes room_id, role;
    for (const char *p = config->token_endpoint ? config->token_endpoint : ""; *p;) {
        p = next_pair(p, &room_id, &role);
        warn(db, &arena, arena_text(&arena, room_id), arena_text(&arena, role));
    }
    arena_dispose(&arena);
}

// --- POST /hmsapi/<subdomain>/api/token ---

// Pages that `origins` does not list get nothing; who is no page says no origin.
static int check_origin(struct api_context *c)
{
    const char *list = c->config->page_origins;
    const char *origin = c->request->origin;
    if (!list || !origin || origin_is_listed(list, origin))
        return 0;
    return api_fail(c, 403, "this page may not ask for tokens");
}

static int read_text(struct api_context *c, const json_t *body, const char *name,
                     const char **text)
{
    *text = json_get_text(body, name, "");
    if ((api_sent(body, name) && !json_is_string(json_object_get(body, name))) ||
        strlen(*text) > JWT_TEXT_MAX)
        return api_fail_field(c, name);
    *text = arena_text(c->arena, bytes_of(*text));
    return 0;
}

// `type` says "app", and is not looked at: there is no other token to be had here.
static int read_wish(struct api_context *c, const char **room_id, const char **role,
                     const char **user_id)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = read_text(c, body, "room_id", room_id);
    if (!err)
        err = read_text(c, body, "role", role);
    if (!err)
        err = read_text(c, body, "user_id", user_id);
    if (!err && !jwt_user_id_fits(*user_id))
        err = api_fail_field(c, "user_id");
    if (!err && !(*room_id)[0])
        err = api_fail_field(c, "room_id");
    if (!err && !(*role)[0])
        err = api_fail_field(c, "role");
    json_decref(body);
    return err;
}

static int check_place(struct api_context *c, const char *room_id, const char *name)
{
    struct store_room room;
    struct template *t;
    const struct role *role;
    int err = find(c->db, room_id, name, c->arena, &room, &t, &role);
    bool has_role = role;
    if (t)
        template_free(t);
    if (err && err != ERR_NOT_FOUND)
        return api_fail_storage(c, err);
    if (err || !room.enabled)
        return api_fail(c, 403, "room is not active");
    return has_role ? 0 : api_fail(c, 403, "role is invalid");
}

static void put_answer(struct json_out *j, const struct api *api,
                       const struct jwt_claims *claims)
{
    struct text token = {0};
    jwt_sign(claims, api->signer.secrets[0], &token);
    json_open(j, '{');
    json_member_string(j, "token", token.at);
    json_member_string(j, "msg", "token generated successfully");
    json_member_int(j, "status", 200);
    json_member_bool(j, "success", true);
    json_close(j, '}');
    text_dispose(&token);
}

int api_token_hand_out(struct api_context *c)
{
    const char *room_id, *role, *user_id;
    struct jwt_claims claims = {.type = JWT_APP};
    if (!c->config->token_endpoint)
        return api_fail(c, 404, "the token endpoint is switched off");
    int err = check_origin(c);
    if (!err)
        err = read_wish(c, &room_id, &role, &user_id);
    bool is_listed = !err && is_handed_out(c->config, room_id, role);
    if (!err && !is_listed && c->request->is_doubted)
        err = api_fail_wait(c, 1);
    else if (!err && !is_listed)
        err = api_fail(c, 403, "no tokens are handed out for this room and role");
    if (!err)
        err = check_place(c, room_id, role);
    if (err)
        return err;
    snprintf(claims.user_id, sizeof claims.user_id, "%s", user_id);
    api_complete_claims(c, &claims, room_id, role);
    struct json_out j = api_json(c);
    put_answer(&j, c->api, &claims);
    return 0;
}
