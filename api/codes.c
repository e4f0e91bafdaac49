// /v2/room-codes: create, list, enable.

#include "api/codes.h"

#include "api/rooms.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/document.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_DEFAULT = 20, DRAWS_MAX = 8 };

void api_code_normalise(const char *typed, char code[ROOM_CODE_LEN + 1])
{
    static const char white[] = " \t\r\n\v\f";
    typed += strspn(typed, white);
    size_t len = strlen(typed);
    while (len && strchr(white, typed[len - 1]))
        len--;
    code[0] = 0;
    if (len != ROOM_CODE_LEN)
        return;
    for (size_t i = 0; i < len; i++)
        code[i] = (char)(typed[i] >= 'A' && typed[i] <= 'Z' ? typed[i] - 'A' + 'a' : typed[i]);
    code[len] = 0;
    if (!id_is_room_code(code))
        code[0] = 0;
}

static void put_code(struct json_out *j, const struct store_code *code)
{
    json_open(j, '{');
    json_member_string(j, "code", code->code);
    json_member_string(j, "room_id", code->room_id);
    json_member_string(j, "role", code->role);
    json_member_bool(j, "enabled", code->enabled);
    api_member_time(j, "created_at", code->created_at_ms);
    api_member_time(j, "updated_at", code->updated_at_ms);
    json_close(j, '}');
}

// The room of the path, which must be enabled.
static int active_room(struct api_context *c, struct store_room *room)
{
    int err = api_room_of_path(c, 0, room);
    if (!err && !room->enabled)
        err = api_fail(c, 403, "room is not active");
    return err;
}

static int load_template(struct api_context *c, const char *id, struct template **t)
{
    int err = store_template_load(c->db, id, t);
    return err ? api_fail_storage(c, err) : 0;
}

static int make_code(struct api_context *c, const struct store_room *room, const char *role,
                     struct store_code *code)
{
    int64_t existing;
    int err = store_code_count(c->db, room->id, &existing);
    if (!err && existing >= CODES_PER_ROOM_MAX)
        return api_fail(c, 400, "room code limit reached");

    struct store_code made = {
        .role = arena_text(c->arena, bytes_of(role)),
        .enabled = true,
        .created_at_ms = c->now.wall_ms,
        .updated_at_ms = c->now.wall_ms,
    };
    snprintf(made.room_id, sizeof made.room_id, "%s", room->id);
    id_object(&c->api->ids, c->now.wall_ms, made.id);
    // One in 2^47 is drawn twice.
    for (int draw = 0; !err && draw < DRAWS_MAX; draw++) {
        id_room_code(&c->api->rng, made.code);
        err = store_code_insert(c->db, &made);
        if (err != ERR_EXISTS)
            break;
        err = draw + 1 < DRAWS_MAX ? 0 : ERR_IO;
    }
    if (err)
        return api_fail_storage(c, err);
    *code = made;
    return 0;
}

static int disable_orphans(struct api_context *c, const struct store_room *room,
                           const struct template *t)
{
    struct store_code codes[STORE_CODES_MAX];
    struct store_code_filter filter = {
        .room_id = room->id, .enabled = 1, .limit = STORE_CODES_MAX};
    int count = store_code_list(c->db, &filter, c->arena, codes);
    int err = count < 0 ? count : 0;
    for (int i = 0; !err && i < count; i++) {
        if (!template_role(t, codes[i].role))
            err = store_code_enable(c->db, codes[i].code, false, c->now.wall_ms);
    }
    return err ? api_fail_storage(c, err) : 0;
}

static int ensure(struct api_context *c, const struct store_room *room,
                  const struct template *t, struct store_code *codes)
{
    int err = disable_orphans(c, room, t);
    for (size_t i = 0; !err && i < t->role_count; i++) {
        const char *role = t->roles[i].name;
        err = store_code_of_role(c->db, room->id, role, c->arena, &codes[i]);
        if (err == ERR_NOT_FOUND)
            err = make_code(c, room, role, &codes[i]);
        else if (err)
            err = api_fail_storage(c, err);
    }
    return err;
}

int api_codes_ensure(struct api_context *c, const struct store_room *room,
                     struct store_code **codes, size_t *count)
{
    struct template *t;
    int err = load_template(c, room->template_id, &t);
    if (err)
        return err;
    *codes = arena_alloc(c->arena, (t->role_count + 1) * sizeof **codes);
    *count = t->role_count;
    err = ensure(c, room, t, *codes);
    template_free(t);
    return err;
}

const char *api_code_of(const struct store_code *codes, size_t count, const char *role)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(codes[i].role, role) == 0)
            return codes[i].code;
    }
    return "";
}

int api_codes_create_all(struct api_context *c)
{
    struct store_room room;
    struct store_code *codes;
    size_t count;
    int err = active_room(c, &room);
    if (!err)
        err = api_codes_ensure(c, &room, &codes, &count);
    if (err)
        return err;

    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_key(&j, "data");
    json_open(&j, '[');
    for (size_t i = 0; i < count; i++)
        put_code(&j, &codes[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    return 0;
}

// 404 unless the template of `room` has `role`.
static int check_role(struct api_context *c, const struct store_room *room, const char *role,
                      int status, const char *message)
{
    struct template *t;
    int err = load_template(c, room->template_id, &t);
    if (err)
        return err;
    bool exists = template_role(t, role) != NULL;
    template_free(t);
    return exists ? 0 : api_fail(c, status, message);
}

int api_codes_create_one(struct api_context *c)
{
    struct store_room room;
    struct store_code code;
    const char *role = c->call->parameters[1];
    int err = active_room(c, &room);
    if (!err)
        err = check_role(c, &room, role, 404, "role not found");
    if (!err)
        err = make_code(c, &room, role, &code);
    if (err)
        return err;
    struct json_out j = api_json(c);
    put_code(&j, &code);
    return 0;
}

static int read_filter(struct api_context *c, const struct store_room *room, int *limit,
                       struct store_code_filter *filter)
{
    *filter = (struct store_code_filter){
        .room_id = room->id,
        .role = api_query(c, "role"),
        .start = api_query(c, "start"),
    };
    int err = api_query_bool(c, "enabled", &filter->enabled);
    if (!err)
        err = api_query_limit(c, PAGE_DEFAULT, limit);
    if (!err && filter->start && filter->start[0] && !id_is_room_code(filter->start))
        err = api_fail_query(c, "start");
    if (!err && filter->role)
        err = check_role(c, room, filter->role, 404, "role not found");
    filter->limit = *limit + 1; // one more tells whether there is another page
    return err;
}

int api_codes_list(struct api_context *c)
{
    struct store_room room;
    struct store_code_filter filter;
    struct store_code codes[STORE_CODES_MAX];
    int limit = 0;
    int err = active_room(c, &room);
    if (!err)
        err = read_filter(c, &room, &limit, &filter);
    if (err)
        return err;
    int found = store_code_list(c->db, &filter, c->arena, codes);
    if (found < 0)
        return api_fail_storage(c, found);

    int count = found < limit ? found : limit;
    struct json_out j = api_open_page(c, limit);
    for (int i = 0; i < count; i++)
        put_code(&j, &codes[i]);
    api_close_page(&j, found > limit ? codes[count - 1].code : "");
    return 0;
}

// {"code", "enabled"}: both, and nothing else.
static int read_wish(struct api_context *c, const json_t *body, char code[ROOM_CODE_LEN + 1],
                     bool *enabled)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)body, key, value)
    {
        if (strcmp(key, "code") != 0 && strcmp(key, "enabled") != 0)
            return api_fail_body(c, "Invalid body param: only code and enabled are allowed");
    }
    const char *typed = json_get_text(body, "code", NULL);
    if (!typed)
        return api_fail_field(c, "code");
    if (!json_is_boolean(json_object_get(body, "enabled")))
        return api_fail_field(c, "enabled");
    api_code_normalise(typed, code);
    *enabled = json_get_bool(body, "enabled", false);
    return 0;
}

// A code may be enabled only while it would open something.
static int check_target(struct api_context *c, const struct store_code *code)
{
    struct store_room room;
    int err = store_room_get(c->db, code->room_id, c->arena, &room);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 403, "room not found");
    if (err)
        return api_fail_storage(c, err);
    return check_role(c, &room, code->role, 403, "role is invalid");
}

int api_codes_enable(struct api_context *c)
{
    char typed[ROOM_CODE_LEN + 1];
    bool enabled;
    json_t *body;
    struct store_code code;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = read_wish(c, body, typed, &enabled);
    json_decref(body);
    if (err)
        return err;

    err = store_code_get(c->db, typed, c->arena, &code);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "room code not found");
    if (err)
        return api_fail_storage(c, err);
    if (enabled)
        err = check_target(c, &code);
    if (err)
        return err;
    if (code.enabled != enabled) {
        err = store_code_enable(c->db, code.code, enabled, c->now.wall_ms);
        code.enabled = enabled;
        code.updated_at_ms = c->now.wall_ms;
    }
    if (err)
        return api_fail_storage(c, err);
    struct api_code_change *change = arena_alloc(c->arena, sizeof *change);
    *change = (struct api_code_change){.is_disabled = !enabled};
    snprintf(change->room_id, sizeof change->room_id, "%s", code.room_id);
    snprintf(change->code_id, sizeof change->code_id, "%s", code.id);
    c->call->changed_code = change;
    struct json_out j = api_json(c);
    put_code(&j, &code);
    return 0;
}
