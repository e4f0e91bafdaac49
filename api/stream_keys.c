// /v2/stream-keys: what an encoder names to bring its stream into a room.

#include "api/rooms.h"

#include "base/base64.h"
#include "base/err.h"
#include "store/streams.h"

enum { KEY_BYTES = 24 };

static void put_key(struct json_out *j, const struct api_config *config,
                    const struct store_stream_key *key)
{
    json_open(j, '{');
    json_member_string(j, "id", key->id);
    json_key(j, "url");
    json_put_null(j); // until there is a door for RTMP
    json_member_string(j, "key", key->key);
    json_member_string(j, "room_id", key->room_id);
    json_member_string(j, "customer_id", config->customer_id);
    json_member_string(j, "app_id", config->app_id);
    json_member_bool(j, "enabled", key->enabled);
    api_member_time(j, "created_at", key->created_at);
    api_member_time(j, "updated_at", key->updated_at);
    json_close(j, '}');
}

// The room of the path and its key. ERR_NOT_FOUND without an answer: it has none.
static int find_key(struct api_context *c, struct store_room *room,
                    struct store_stream_key *key)
{
    int err = api_room_of_path(c, 0, room);
    if (!err && !room->enabled)
        err = api_fail(c, 403, "room is not active");
    if (err)
        return err;
    err = store_stream_key_of(c->db, room->id, c->arena, key);
    return err && err != ERR_NOT_FOUND ? api_fail_storage(c, err) : err;
}

int api_stream_key_create(struct api_context *c)
{
    struct store_room room;
    struct store_stream_key key;
    int err = find_key(c, &room, &key);
    if (!err)
        return api_fail(c, 400, "active stream key exists");
    if (err != ERR_NOT_FOUND)
        return err;
    char id[OBJECT_ID_LEN + 1];
    uint8_t random[KEY_BYTES];
    struct text secret = {0};
    id_object(&c->api->ids, c->now.wall_ms, id);
    rng_fill(&c->api->rng, random, sizeof random);
    base64url_add(&secret, (struct bytes){random, sizeof random});
    key = (struct store_stream_key){
        .id = arena_text(c->arena, bytes_of(id)),
        .room_id = room.id,
        .key = arena_text(c->arena, text_bytes(&secret)),
        .enabled = true,
        .created_at = c->now.wall_ms,
        .updated_at = c->now.wall_ms,
    };
    text_dispose(&secret);
    err = store_stream_key_insert(c->db, &key);
    if (err)
        return api_fail_storage(c, err);
    struct json_out j = api_json(c);
    put_key(&j, c->config, &key);
    return 0;
}

static int need_key(struct api_context *c, struct store_room *room,
                    struct store_stream_key *key)
{
    int err = find_key(c, room, key);
    return err == ERR_NOT_FOUND ? api_fail(c, 404, "stream key not found") : err;
}

int api_stream_key_get(struct api_context *c)
{
    struct store_room room;
    struct store_stream_key key;
    int err = need_key(c, &room, &key);
    if (err)
        return err;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_key(&j, "data");
    json_open(&j, '[');
    put_key(&j, c->config, &key);
    api_close_page(&j, key.id);
    return 0;
}

// 201 is the vendor's.
int api_stream_key_disable(struct api_context *c)
{
    struct store_room room;
    struct store_stream_key key;
    int err = need_key(c, &room, &key);
    if (err)
        return err;
    err = store_stream_key_disable(c->db, room.id, c->now.wall_ms);
    if (err)
        return api_fail_storage(c, err);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "message", "key disabled successfully");
    json_close(&j, '}');
    c->response->status = 201;
    return 0;
}
