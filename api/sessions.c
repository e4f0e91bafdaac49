// /v2/sessions: meetings that were and that are, with who was in them.

#include "api/attendance.h"
#include "api/context.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/sessions.h"

#include <string.h>

static void put_times(struct json_out *j, int64_t joined_at, int64_t left_at)
{
    api_member_time(j, "joined_at", joined_at);
    if (left_at)
        api_member_time(j, "left_at", left_at);
}

static void put_attendee(struct json_out *j, const struct attendee *attendee, int64_t now_ms)
{
    const struct store_visit *last = &attendee->visits[attendee->count - 1];
    json_key(j, attendee->key);
    json_open(j, '{');
    json_member_string(j, "id", last->peer_id);
    json_member_string(j, "session_id", last->session_id);
    json_member_string(j, "name", last->name);
    json_member_string(j, "role", last->role);
    json_member_string(j, "user_id", last->user_id);
    put_times(j, attendee->visits[0].joined_at, attendee_left_at(attendee));
    json_member_int(j, "duration", attendee_duration_ms(attendee, now_ms) / 1000);
    json_key(j, "visits");
    json_open(j, '[');
    for (size_t i = 0; i < attendee->count; i++) {
        const struct store_visit *visit = &attendee->visits[i];
        json_open(j, '{');
        json_member_string(j, "name", visit->name);
        json_member_string(j, "role", visit->role);
        put_times(j, visit->joined_at, visit->left_at);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

// Peers behind the one with the id `after`. What an answer tells in all is bounded: `left` is
// of all its sessions. Returns 0 or ERR_* of the store, and leaves nothing in `j` then.
static int put_session(struct api_context *c, struct json_out *j, const struct store_session *s,
                       const char *after, size_t *left)
{
    struct store_visit *visits;
    size_t visit_count, count;
    bool is_cut;
    int err =
        store_visits_page(c->db, s->id, after, *left, c->arena, &visits, &visit_count, &is_cut);
    if (err)
        return err;
    *left -= visit_count;
    const struct attendee *all = attendees_of(visits, visit_count, c->arena, &count);
    json_open(j, '{');
    json_member_string(j, "id", s->id);
    json_member_string(j, "room_id", s->room_id);
    json_member_string(j, "customer_id", c->config->customer_id);
    json_member_string(j, "app_id", c->config->app_id);
    json_member_bool(j, "active", !s->ended_at);
    json_key(j, "peers");
    json_open(j, '{');
    for (size_t i = 0; i < count; i++)
        put_attendee(j, &all[i], c->now.wall_ms);
    json_close(j, '}');
    if (is_cut)
        json_member_string(j, "peers_last", visit_count ? visits[visit_count - 1].peer_id : "");
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
    const char *after = api_query(c, "peers_start");
    size_t left = SESSION_VISITS_TOLD_MAX;
    struct json_out j = api_json(c);
    err = put_session(c, &j, &session, after ? after : "", &left);
    return err ? api_fail_storage(c, err) : 0;
}

static int read_filter(struct api_context *c, struct store_session_filter *filter)
{
    *filter = (struct store_session_filter){
        .room_id = api_query(c, "room_id"),
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

    size_t left = SESSION_VISITS_TOLD_MAX;
    struct json_out j = api_open_page(c, filter.limit);
    for (int i = 0; !err && i < count; i++)
        err = put_session(c, &j, &sessions[i], "", &left);
    if (err)
        return api_fail_storage(c, err);
    api_close_page(&j, count ? sessions[count - 1].id : "");
    return 0;
}
