// /api: a room with its codes in one call, for the landing page, and the endpoint of old
// clients that hands out the codes of one configured room. Both give the host's code away, so
// the setting `meetings` says who may ask.

#include "api/codes.h"
#include "api/rooms.h"

#include "base/err.h"

#include <string.h>

static void put_pair(struct json_out *j, const struct store_code *codes, size_t count)
{
    json_member_string(j, "Guest_Code", api_code_of(codes, count, "guest"));
    json_member_string(j, "Host_Code", api_code_of(codes, count, "host"));
}

// Only these two fields count here.
static int read_wish(struct api_context *c, json_t **wish)
{
    static const char *const fields[] = {"name", "template_id"};
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    *wish = json_object();
    for (size_t i = 0; i < 2; i++) {
        if (api_sent(body, fields[i]))
            json_object_set(*wish, fields[i], json_object_get(body, fields[i]));
    }
    json_decref(body);
    return 0;
}

int api_meetings_create(struct api_context *c)
{
    json_t *wish;
    struct store_room room;
    struct store_code *codes;
    size_t count;
    int err = read_wish(c, &wish);
    if (err)
        return err;
    err = api_room_make(c, wish, true, &room);
    json_decref(wish);
    // Not an upsert, as POST /v2/rooms is: who guesses a name would be host of that meeting.
    if (err == ERR_EXISTS)
        return api_fail(c, 409, "room name already exists");
    if (!err)
        err = api_codes_ensure(c, &room, &codes, &count);
    if (err)
        return err;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    put_pair(&j, codes, count);
    json_member_string(&j, "Room_Id", room.id);
    json_close(&j, '}');
    return 0;
}

int api_meetings_codes(struct api_context *c)
{
    struct store_room room;
    struct store_code *codes;
    size_t count;
    const char *id = c->config->meetings_room;
    int err = id && id[0] ? store_room_get(c->db, id, c->arena, &room) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "no room is configured");
    if (err)
        return api_fail_storage(c, err);
    if (!room.enabled)
        return api_fail(c, 403, "room is not active");
    err = api_codes_ensure(c, &room, &codes, &count);
    if (err)
        return err;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    put_pair(&j, codes, count);
    json_close(&j, '}');
    return 0;
}
