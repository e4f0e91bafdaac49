#include "client/parlor.h"

#include "base/id.h"
#include "base/json.h"
#include "base/jwt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "client/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// --- Tokens ---

static bool take_claims(const struct parlor_token_options *wish, struct jwt_claims *claims)
{
    if (!wish->room_id)
        return !wish->role && !wish->user_id;
    claims->type = JWT_APP;
    if (!id_is_object(wish->room_id) || !wish->role || !wish->role[0] ||
        strlen(wish->role) > JWT_TEXT_MAX ||
        (wish->user_id && !jwt_user_id_fits(wish->user_id)))
        return false;
    snprintf(claims->room_id, sizeof claims->room_id, "%s", wish->room_id);
    snprintf(claims->role, sizeof claims->role, "%s", wish->role);
    snprintf(claims->user_id, sizeof claims->user_id, "%s", wish->user_id ? wish->user_id : "");
    return true;
}

char *parlor_token(const char *access_key, const char *app_secret,
                   const struct parlor_token_options *options)
{
    static const struct parlor_token_options nothing = {0};
    const struct parlor_token_options *wish = options ? options : &nothing;
    struct rng rng = {0}; // of the kernel
    struct jwt_claims claims = {.type = JWT_MANAGEMENT, .issued_at_s = time(NULL)};
    if (!access_key || !app_secret || !id_is_object(access_key) || !app_secret[0] ||
        wish->lifetime_s < 0 || !take_claims(wish, &claims))
        return NULL;
    claims.expires_at_s =
        claims.issued_at_s + (wish->lifetime_s ? wish->lifetime_s : TOKEN_LIFETIME_S);
    snprintf(claims.access_key, sizeof claims.access_key, "%s", access_key);
    id_uuid(&rng, claims.jti);
    if (claims.type == JWT_APP && !claims.user_id[0])
        id_uuid(&rng, claims.user_id);

    struct text token = {0};
    jwt_sign(&claims, app_secret, &token);
    char *copy = strdup(token.at);
    mem_wipe(token.at, token.cap);
    text_dispose(&token);
    return copy;
}

char *parlor_management_token(const char *access_key, const char *app_secret)
{
    return parlor_token(access_key, app_secret, NULL);
}

// --- Calls ---

char *parlor_call(const struct parlor_server *server, const char *method, const char *path,
                  const char *body, struct parlor_error *error)
{
    struct text answer = {0};
    char *copy = NULL;
    if (!request_send(server, method, path, body, &answer, error))
        copy = strdup(answer.at ? answer.at : "");
    text_dispose(&answer);
    return copy;
}

// POST base_url + path. Returns 0 and the answer, the caller's to json_decref().
static int post(const struct parlor_server *server, const char *path, const char *body,
                json_t **value, struct parlor_error *error)
{
    struct text answer = {0};
    json_t *read = NULL;
    int result = request_send(server, "POST", path, body, &answer, error);
    if (!result && (json_read(text_bytes(&answer), &json_bounds_default, &read) ||
                    !json_is_object(read))) {
        json_decref(read);
        result = request_fail(error, 200, "the server's answer is not the JSON expected");
    }
    if (!result)
        *value = read;
    text_dispose(&answer);
    return result;
}

// A call that answers with nothing of interest.
static int tell(const struct parlor_server *server, const char *method, const char *path,
                const char *body, struct parlor_error *error)
{
    struct text answer = {0};
    int result = request_send(server, method, path, body, &answer, error);
    text_dispose(&answer);
    return result;
}

// "/rooms/<id><rest>", or -1 when `id` is none.
static int path_to(struct text *path, const char *noun, const char *id, const char *rest,
                   struct parlor_error *error)
{
    *error = (struct parlor_error){0};
    if (!id || !id_is_object(id))
        return request_fail(error, 0, "the id is not 24 hex digits");
    text_addf(path, "/%s/%s%s", noun, id, rest);
    return 0;
}

static char *get_one(const struct parlor_server *server, const char *noun, const char *id,
                     struct parlor_error *error)
{
    struct text path = {0};
    char *answer = NULL;
    if (!path_to(&path, noun, id, "", error))
        answer = parlor_call(server, "GET", path.at, NULL, error);
    text_dispose(&path);
    return answer;
}

static char *list(const struct parlor_server *server, const char *noun, int limit,
                  const char *start, struct parlor_error *error)
{
    struct text path = {0};
    text_addf(&path, "/%s?limit=%d", noun, limit ? limit : 100);
    if (start && start[0]) {
        text_add(&path, "&start=");
        request_add_encoded(&path, start);
    }
    char *answer = parlor_call(server, "GET", path.at, NULL, error);
    text_dispose(&path);
    return answer;
}

// The id of the object that has the id or the name `given`.
static int find(const struct parlor_server *server, const char *noun, const char *given,
                char id[PARLOR_ID_LEN + 1], struct parlor_error *error)
{
    struct text path = {0};
    *error = (struct parlor_error){0};
    if (!given || !given[0])
        return request_fail(error, 0, "the name is missing");
    if (id_is_object(given)) {
        memcpy(id, given, PARLOR_ID_LEN + 1);
        return 0;
    }
    text_addf(&path, "/%s?name=", noun);
    request_add_encoded(&path, given);
    char *answer = parlor_call(server, "GET", path.at, NULL, error);
    text_dispose(&path);
    if (!answer)
        return -1;
    json_t *page = json_loads(answer, 0, NULL);
    const json_t *first = json_array_get(json_get_array(page, "data"), 0);
    const char *found = json_get_text(first, "id", "");
    int result = 0;
    if (id_is_object(found))
        memcpy(id, found, PARLOR_ID_LEN + 1);
    else
        result = request_fail(error, 404, "nothing is named %.200s", given);
    json_decref(page);
    free(answer);
    return result;
}

// --- Rooms ---

static void put_option(struct json_out *j, const char *key, const char *value)
{
    if (value)
        json_member_string(j, key, value);
}

int parlor_create_room(const struct parlor_server *server,
                       const struct parlor_room_options *options, struct parlor_room *room,
                       struct parlor_error *error)
{
    static const struct parlor_room_options nothing = {0};
    const struct parlor_room_options *wish = options ? options : &nothing;
    struct text body = {0};
    struct json_out j = json_out_on(&body);
    json_open(&j, '{');
    put_option(&j, "name", wish->name);
    put_option(&j, "description", wish->description);
    put_option(&j, "template_id", wish->template_id);
    if (wish->size)
        json_member_int(&j, "size", wish->size);
    json_close(&j, '}');

    json_t *answer;
    int result = post(server, "/rooms", body.at, &answer, error);
    text_dispose(&body);
    if (result)
        return result;
    const char *id = json_get_text(answer, "id", "");
    if (id_is_object(id)) {
        *room = (struct parlor_room){.enabled = json_get_bool(answer, "enabled", false)};
        snprintf(room->id, sizeof room->id, "%s", id);
        snprintf(room->name, sizeof room->name, "%s", json_get_text(answer, "name", ""));
        snprintf(room->template_id, sizeof room->template_id, "%s",
                 json_get_text(answer, "template_id", ""));
    } else {
        result = request_fail(error, 200, "the server's answer has no room id");
    }
    json_decref(answer);
    return result;
}

static void take_code(const json_t *list, const char *role, char out[PARLOR_CODE_LEN + 1])
{
    size_t i;
    json_t *item;
    out[0] = 0;
    json_array_foreach((json_t *)list, i, item)
    {
        const char *code = json_get_text(item, "code", "");
        if (strcmp(json_get_text(item, "role", ""), role) != 0 || !id_is_room_code(code))
            continue;
        snprintf(out, PARLOR_CODE_LEN + 1, "%s", code);
        return;
    }
}

int parlor_get_room_codes(const struct parlor_server *server, const char *room_id,
                          struct parlor_codes *codes, struct parlor_error *error)
{
    char path[80];
    json_t *answer;
    *error = (struct parlor_error){0};
    if (!room_id || !id_is_object(room_id))
        return request_fail(error, 0, "the room id is not 24 hex digits");
    snprintf(path, sizeof path, "/room-codes/room/%s", room_id);
    int result = post(server, path, "", &answer, error);
    if (result)
        return result;
    const json_t *list = json_get_array(answer, "data");
    if (list) {
        take_code(list, "host", codes->host);
        take_code(list, "guest", codes->guest);
    } else {
        result = request_fail(error, 200, "the server's answer has no list of codes");
    }
    json_decref(answer);
    return result;
}

int parlor_find_room(const struct parlor_server *server, const char *id_or_name,
                     char id[PARLOR_ID_LEN + 1], struct parlor_error *error)
{
    return find(server, "rooms", id_or_name, id, error);
}

char *parlor_get_room(const struct parlor_server *server, const char *room_id,
                      struct parlor_error *error)
{
    return get_one(server, "rooms", room_id, error);
}

char *parlor_list_rooms(const struct parlor_server *server, int limit, const char *start,
                        struct parlor_error *error)
{
    return list(server, "rooms", limit, start, error);
}

int parlor_end_room(const struct parlor_server *server, const char *room_id, const char *reason,
                    int lock, struct parlor_error *error)
{
    struct text path = {0}, body = {0};
    struct json_out j = json_out_on(&body);
    json_open(&j, '{');
    json_member_string(&j, "reason", reason ? reason : "");
    json_member_bool(&j, "lock", lock);
    json_close(&j, '}');
    int result = path_to(&path, "active-rooms", room_id, "/end-room", error);
    if (!result)
        result = tell(server, "POST", path.at, body.at, error);
    text_dispose(&path);
    text_dispose(&body);
    return result;
}

int parlor_delete_room(const struct parlor_server *server, const char *room_id,
                       struct parlor_error *error)
{
    struct text path = {0};
    int result = path_to(&path, "rooms", room_id, "", error);
    if (!result)
        result = tell(server, "DELETE", path.at, NULL, error);
    text_dispose(&path);
    return result;
}

char *parlor_list_room_codes(const struct parlor_server *server, const char *room_id,
                             struct parlor_error *error)
{
    struct text path = {0};
    char *answer = NULL;
    if (!path_to(&path, "room-codes/room", room_id, "", error))
        answer = parlor_call(server, "POST", path.at, "", error);
    text_dispose(&path);
    return answer;
}

// --- Templates ---

int parlor_find_template(const struct parlor_server *server, const char *id_or_name,
                         char id[PARLOR_ID_LEN + 1], struct parlor_error *error)
{
    return find(server, "templates", id_or_name, id, error);
}

char *parlor_get_template(const struct parlor_server *server, const char *template_id,
                          struct parlor_error *error)
{
    return get_one(server, "templates", template_id, error);
}

char *parlor_list_templates(const struct parlor_server *server, int limit, const char *start,
                            struct parlor_error *error)
{
    return list(server, "templates", limit, start, error);
}

char *parlor_apply_template(const struct parlor_server *server, const char *template_json,
                            struct parlor_error *error)
{
    return parlor_call(server, "POST", "/templates", template_json, error);
}
