// /v2/rooms: create (which is an upsert by name), list, get, update.

#include "api/rooms.h"

#include "api/room_fields.h"
#include "base/err.h"
#include "store/document.h"
#include "store/templates.h"

#include <string.h>

// What the room says about recording. A secret that was sent is never shown again.
static void put_recording(struct json_out *j, const char *stored)
{
    json_key(j, "recording_info");
    json_t *info = *stored ? json_loads(stored, 0, NULL) : NULL;
    json_t *credentials = json_object_get(json_object_get(info, "upload_info"), "credentials");
    api_hide_secrets(credentials);
    if (info)
        json_put_value(j, info);
    else
        json_put_verbatim(j, bytes_of("{\"enabled\":false}"));
    json_decref(info);
}

static void put_polls(struct json_out *j, const char *list)
{
    json_key(j, "polls");
    json_open(j, '[');
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        json_put_bytes(j, (struct bytes){(const uint8_t *)at, len});
        at += len + (at[len] == ',');
    }
    json_close(j, ']');
}

static void put_room(struct json_out *j, const struct api_config *config,
                     const struct store_room *room)
{
    bool inherits = !room->recording_info[0];
    json_open(j, '{');
    json_member_string(j, "id", room->id);
    json_member_string(j, "name", room->name);
    json_member_bool(j, "enabled", room->enabled);
    json_member_string(j, "description", room->description);
    json_member_string(j, "customer_id", config->customer_id);
    json_member_string(j, "customer", config->customer_id);
    json_member_string(j, "app_id", config->app_id);
    put_recording(j, room->recording_info);
    json_member_bool(j, "recording_source_template", inherits);
    json_member_bool(j, "enabled_source_template", inherits);
    json_member_string(j, "template_id", room->template_id);
    json_member_string(j, "template", room->template_name);
    json_member_string(j, "region", room->region);
    json_member_bool(j, "large_room", room->large_room);
    if (room->size)
        json_member_int(j, "size", room->size);
    if (room->max_duration_seconds)
        json_member_int(j, "max_duration_seconds", room->max_duration_seconds);
    if (room->chat_history)
        json_member_int(j, "chat_history", room->chat_history);
    if (room->polls[0])
        put_polls(j, room->polls);
    if (room->webhook[0]) {
        json_key(j, "webhook");
        json_put_verbatim(j, bytes_of(room->webhook));
    }
    api_member_time(j, "created_at", room->created_at_ms);
    api_member_time(j, "updated_at", room->updated_at_ms);
    json_close(j, '}');
}

static int answer_room(struct api_context *c, const struct store_room *room)
{
    struct json_out j = api_json(c);
    put_room(&j, c->config, room);
    return 0;
}

// The answer, and word for the room in case it is live. `before` is the id of the template that
// it had.
static int answer_change(struct api_context *c, const struct store_room *room,
                         const char *before)
{
    if (strcmp(before, room->template_id) != 0) {
        template_free(c->call->template);
        c->call->template = NULL;
        int err = store_template_load(c->db, room->template_id, &c->call->template);
        if (err)
            return api_fail_storage(c, err);
    }
    c->call->changed = arena_alloc(c->arena, sizeof *c->call->changed);
    store_room_record(room, c->call->changed);
    return answer_room(c, room);
}

int api_room_of_path(struct api_context *c, size_t parameter, struct store_room *room)
{
    int err = store_room_get(c->db, c->call->parameters[parameter], c->arena, room);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "room not found");
    return err ? api_fail_storage(c, err) : 0;
}

int api_room_make(struct api_context *c, const json_t *body, bool is_meeting,
                  struct store_room *room)
{
    char id[OBJECT_ID_LEN + 1];
    char name[UUID_LEN + 1] = "";
    struct store_template template;
    int err = store_template_default(c->db, c->arena, &template);
    if (err)
        return api_fail_storage(c, err);

    id_object(&c->api->ids, c->now.wall_ms, id);
    if (!api_sent(body, "name"))
        id_uuid(&c->api->rng, name);
    struct store_room made = {
        .id = arena_text(c->arena, bytes_of(id)),
        .name = arena_text(c->arena, bytes_of(name)),
        .enabled = true,
        .description = "",
        .template_id = template.id,
        .template_name = template.name,
        .region = "auto",
        .recording_info = "",
        .webhook = "",
        .polls = "",
        .is_meeting = is_meeting,
        .created_at_ms = c->now.wall_ms,
        .updated_at_ms = c->now.wall_ms,
    };
    err = api_room_apply(c, body, &made);
    if (err)
        return err;
    err = store_room_insert(c->db, &made);
    if (err == ERR_EXISTS)
        return err;
    if (err)
        return api_fail_storage(c, err);
    *room = made;
    return 0;
}

// Writes what `body` carries over `room`, which keeps its name unless it is renamed.
static int update(struct api_context *c, const json_t *body, struct store_room *room)
{
    int err = api_room_apply(c, body, room);
    if (err || !json_object_size(body))
        return err;
    room->updated_at_ms = c->now.wall_ms;
    err = store_room_update(c->db, room);
    if (err == ERR_EXISTS)
        return api_fail(c, 400, "room name already exists");
    return err ? api_fail_storage(c, err) : 0;
}

// POST /rooms with a name that exists: that room, updated. Its name keeps its first spelling.
// ERR_NOT_FOUND, and no answer, when there is none.
static int update_by_name(struct api_context *c, const json_t *body, struct store_room *room,
                          const char **before)
{
    int err = store_room_by_name(c->db, json_get_text(body, "name", ""), c->arena, room);
    if (err == ERR_NOT_FOUND)
        return err;
    if (err)
        return api_fail_storage(c, err);
    const char *name = room->name;
    *before = room->template_id;
    err = api_room_apply(c, body, room);
    if (err)
        return err;
    room->name = name;
    room->updated_at_ms = c->now.wall_ms;
    err = store_room_update(c->db, room);
    return err ? api_fail_storage(c, err) : 0;
}

// The unique index has the last word: when another connection made the room in between, the
// second look finds it.
static int create_or_update(struct api_context *c, const json_t *body, struct store_room *room,
                            const char **before)
{
    int err = update_by_name(c, body, room, before);
    if (err == ERR_NOT_FOUND) {
        err = api_room_make(c, body, false, room);
        *before = err ? "" : room->template_id;
    }
    if (err == ERR_EXISTS)
        err = update_by_name(c, body, room, before);
    return err;
}

int api_rooms_create(struct api_context *c)
{
    json_t *body;
    struct store_room room;
    const char *before;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = create_or_update(c, body, &room, &before);
    json_decref(body);
    return err ? err : answer_change(c, &room, before);
}

int api_rooms_get(struct api_context *c)
{
    struct store_room room;
    int err = api_room_of_path(c, 0, &room);
    return err ? err : answer_room(c, &room);
}

int api_rooms_update(struct api_context *c)
{
    json_t *body;
    struct store_room room;
    int err = api_room_of_path(c, 0, &room);
    if (!err)
        err = api_body(c, &body);
    if (err)
        return err;
    const char *before = room.template_id;
    err = update(c, body, &room);
    json_decref(body);
    return err ? err : answer_change(c, &room, before);
}

bool api_check_idle(const struct api_call *call, const struct room *live,
                    struct http_response *response)
{
    if (!call->removes || !live || !live->joined_count)
        return true;
    api_refuse(response, 409, "room is in use", "somebody is in it");
    return false;
}

int api_rooms_delete(struct api_context *c)
{
    struct store_room room;
    int err = api_room_of_path(c, 0, &room);
    if (err)
        return err;
    err = store_room_delete(c->db, room.id);
    if (err)
        return api_fail_storage(c, err);
    c->response->status = 204;
    return 0;
}

static int read_filter(struct api_context *c, struct store_room_filter *filter)
{
    *filter = (struct store_room_filter){
        .name = api_query(c, "name"),
        .template_id = api_query(c, "template_id"),
        .after_ms = INT64_MIN,
        .before_ms = INT64_MAX,
    };
    int err = api_query_bool(c, "enabled", &filter->enabled);
    if (!err)
        err = api_query_time(c, "after", &filter->after_ms);
    if (!err)
        err = api_query_time(c, "before", &filter->before_ms);
    return err ? err : api_query_page(c, &filter->limit, &filter->start);
}

int api_rooms_list(struct api_context *c)
{
    struct store_room_filter filter;
    struct store_room rooms[STORE_PAGE_MAX];
    int err = read_filter(c, &filter);
    if (err)
        return err;
    int count = store_room_list(c->db, &filter, c->arena, rooms);
    if (count < 0)
        return api_fail_storage(c, count);

    struct json_out j = api_open_page(c, filter.limit);
    for (int i = 0; i < count; i++)
        put_room(&j, c->config, &rooms[i]);
    api_close_page(&j, count ? rooms[count - 1].id : "");
    return 0;
}
