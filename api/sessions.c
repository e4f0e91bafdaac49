// /v2/sessions: meetings that were and that are, with who was in them.

#include "api/context.h"

#include "base/err.h"
#include "store/sessions.h"

#include <string.h>

static void put_peer(struct json_out *j, const struct store_session_peer *peer)
{
    json_key(j, peer->id);
    json_open(j, '{');
    json_member_string(j, "id", peer->id);
    json_member_string(j, "session_id", peer->session_id);
    json_member_string(j, "name", peer->name);
    json_member_string(j, "role", peer->role);
    json_member_string(j, "user_id", peer->user_id);
    api_member_time(j, "joined_at", peer->joined_at);
    if (peer->left_at)
        api_member_time(j, "left_at", peer->left_at);
    json_close(j, '}');
}

// Returns 0 or ERR_* of the store, and leaves nothing in `j` then.
static int put_session(struct api_context *c, struct json_out *j, const struct store_session *s)
{
    struct store_session_peer *peers;
    size_t count;
    int err = store_session_peers(c->db, s->id, c->arena, &peers, &count);
    if (err)
        return err;
    json_open(j, '{');
    json_member_string(j, "id", s->id);
    json_member_string(j, "room_id", s->room_id);
    json_member_string(j, "customer_id", c->config->customer_id);
    json_member_string(j, "app_id", c->config->app_id);
    json_member_bool(j, "active", !s->ended_at);
    json_key(j, "peers");
    json_open(j, '{');
    for (size_t i = 0; i < count; i++)
        put_peer(j, &peers[i]);
    json_close(j, '}');
    api_member_time(j, "created_at", s->started_at);
    api_member_time(j, "updated_at", s->updated_at);
    json_close(j, '}');
    return 0;
}

int api_sessions_get(struct api_context *c)
{
    struct store_session session;
    int err = store_session_get(c->db, c->call->parameters[0], c->arena, &session);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "session not found");
    if (err)
        return api_fail_storage(c, err);
    struct json_out j = api_json(c);
    err = put_session(c, &j, &session);
    return err ? api_fail_storage(c, err) : 0;
}

static int read_filter(struct api_context *c, struct store_session_filter *filter)
{
    *filter = (struct store_session_filter){
        .room_id = http_query(c->request, "room_id", 0),
        .after_ms = INT64_MIN,
        .before_ms = INT64_MAX,
    };
    int err = api_query_bool(c, "active", &filter->active);
    if (!err)
        err = api_query_time(c, "after", &filter->after_ms);
    if (!err)
        err = api_query_time(c, "before", &filter->before_ms);
    return err ? err : api_query_page(c, &filter->limit, &filter->start);
}

int api_sessions_list(struct api_context *c)
{
    struct store_session_filter filter;
    struct store_session sessions[STORE_SESSIONS_MAX];
    int err = read_filter(c, &filter);
    if (err)
        return err;
    int count = store_session_list(c->db, &filter, c->arena, sessions);
    if (count < 0)
        return api_fail_storage(c, count);

    struct json_out j = api_open_page(c, filter.limit);
    for (int i = 0; !err && i < count; i++)
        err = put_session(c, &j, &sessions[i]);
    if (err)
        return api_fail_storage(c, err);
    api_close_page(&j, count ? sessions[count - 1].id : "");
    return 0;
}
