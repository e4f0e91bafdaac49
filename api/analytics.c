// /v2/analytics: single events of sessions, and figures about a peer's media.

#include "api/context.h"

#include "base/err.h"
#include "store/sessions.h"

#include <string.h>

enum { TYPES_MAX = 32, WINDOW_DAYS = 30 };

static const int64_t ms_per_day = INT64_C(86400) * 1000;

// All of `type`, between commas, as the store wants them. NULL when there is none.
static const char *types_of(struct api_context *c)
{
    struct text types = {0};
    const char *type;
    for (size_t i = 0; i < TYPES_MAX && (type = http_query(c->request, "type", i)); i++)
        if (type[0])
            text_addf(&types, "%s%s,", types.len ? "" : ",", type);
    const char *kept = types.len ? arena_text(c->arena, text_bytes(&types)) : NULL;
    text_dispose(&types);
    return kept;
}

static bool is_word(const char *id)
{
    return !id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")];
}

static int read_filter(struct api_context *c, struct store_event_filter *filter)
{
    *filter = (struct store_event_filter){
        .room_id = api_query(c, "room_id"),
        .types = types_of(c),
        .session_id = api_query(c, "session_id"),
        .peer_id = api_query(c, "peer_id"),
        .user_id = api_query(c, "user_id"),
        .beam_id = api_query(c, "beam_id"),
        .after_ms = c->now.wall_ms - WINDOW_DAYS * ms_per_day,
    };
    if (!filter->room_id || !filter->room_id[0])
        return api_fail_query(c, "room_id");
    if (filter->beam_id && !is_word(filter->beam_id))
        return api_fail_query(c, "beam_id");
    int err = api_query_bool(c, "error", &filter->is_error);
    return err ? err : api_query_page(c, &filter->limit, &filter->start);
}

static void put_event(struct json_out *j, const struct store_session_event *event)
{
    json_open(j, '{');
    json_member_string(j, "version", "2.0");
    json_member_string(j, "id", event->uuid);
    api_member_time(j, "timestamp", event->at);
    json_member_string(j, "type", event->type);
    json_key(j, "data");
    json_put_verbatim(j, bytes_of(event->data));
    json_close(j, '}');
}

// The vendor's own iterator goes on by `last`, which their server does not send: both are here.
int api_analytics_events(struct api_context *c)
{
    struct store_event_filter filter;
    struct store_session_event events[STORE_EVENTS_MAX];
    int64_t total = 0;
    int err = read_filter(c, &filter);
    if (err)
        return err;
    int limit = filter.limit++;
    int count = store_event_list(c->db, &filter, c->arena, events, &total);
    if (count < 0)
        return api_fail_storage(c, count);

    const char *next = "";
    if (count > limit)
        next = events[(count = limit) - 1].id;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_int(&j, "limit", count);
    json_member_int(&j, "total", total);
    json_member_string(&j, "next", next);
    json_member_string(&j, "last", next);
    json_key(&j, "events");
    json_open(&j, '[');
    for (int i = 0; i < count; i++)
        put_event(&j, &events[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    return 0;
}
