// /v2/analytics/webhooks: which events were sent to whom, and sending them once more.

#include "api/context.h"

#include "api/time.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/replays.h"

#include <string.h>

enum { LIMIT = 50, BACK_DAYS = 30, SPAN_DAYS = 14, TYPES_MAX = 64, PAGE_MAX = 1000000 };

static const int64_t ms_per_day = INT64_C(86400) * 1000;
static const int64_t absent = INT64_MIN;             // a time that was not sent
static const int64_t leeway_ms = INT64_C(60) * 1000; // between their clock and ours

// --- What is asked for ---

// Both ends are there, or filled in.
static int check_span(struct api_context *c, int64_t *after_ms, int64_t *before_ms)
{
    int64_t now = c->now.wall_ms;
    if (*after_ms == absent)
        *after_ms = *before_ms == absent ? now - ms_per_day : *before_ms - ms_per_day;
    if (*before_ms == absent)
        *before_ms =
            now < *after_ms + SPAN_DAYS * ms_per_day ? now : *after_ms + SPAN_DAYS * ms_per_day;
    if (*after_ms < now - BACK_DAYS * ms_per_day - leeway_ms)
        return api_fail(c, 400, "start_time must be within the last 30 days");
    if (*before_ms < *after_ms)
        return api_fail(c, 400, "end_time must be after start_time");
    if (*before_ms > *after_ms + SPAN_DAYS * ms_per_day)
        return api_fail(c, 400, "end_time must be within 14 days after start_time");
    return 0;
}

// False for a word that is none of the three.
static bool take_status(const char *word, enum store_webhook_status *status)
{
    static const char *const words[] = {[STORE_WEBHOOKS_ALL] = "all",
                                        [STORE_WEBHOOKS_SUCCESS] = "success",
                                        [STORE_WEBHOOKS_FAILURE] = "failed"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            *status = (enum store_webhook_status)i;
            return true;
        }
    }
    return false;
}

static const char *status_text(enum store_webhook_status status)
{
    return status == STORE_WEBHOOKS_ALL       ? "all"
           : status == STORE_WEBHOOKS_SUCCESS ? "success"
                                              : "failed";
}

// "a" and "b" as ",a,b,", the form that the store wants.
static void add_type(struct text *types, const char *type)
{
    text_addf(types, "%s%s,", types->len ? "" : ",", type);
}

static const char *take_types(struct api_context *c, struct text *types)
{
    const char *kept = arena_text(c->arena, text_bytes(types));
    text_dispose(types);
    return kept;
}

static int query_page(struct api_context *c, int64_t *page)
{
    const char *text = api_query(c, "page");
    *page = 1;
    if (!text)
        return 0;
    size_t digits = strspn(text, "0123456789");
    if (!digits || text[digits] || digits > 7)
        return api_fail_query(c, "page");
    *page = 0;
    for (const char *p = text; *p; p++)
        *page = *page * 10 + (*p - '0');
    return *page >= 1 && *page <= PAGE_MAX ? 0 : api_fail_query(c, "page");
}

static int query_filter(struct api_context *c, struct store_webhook_filter *filter)
{
    const char *room_id = api_query(c, "room_id");
    const char *status = api_query(c, "status");
    struct text types = {0};
    const char *type;
    *filter = (struct store_webhook_filter){
        .after_ms = absent, .before_ms = absent, .room_id = room_id ? room_id : ""};
    for (size_t i = 0; i < TYPES_MAX && (type = http_query(c->request, "event_names", i)); i++)
        if (type[0])
            add_type(&types, type);
    filter->types = take_types(c, &types);
    int err = api_query_time(c, "start_time", &filter->after_ms);
    if (!err)
        err = api_query_time(c, "end_time", &filter->before_ms);
    if (!err && status && !take_status(status, &filter->status))
        err = api_fail_query(c, "status");
    return err ? err : check_span(c, &filter->after_ms, &filter->before_ms);
}

// --- The log ---

static void put_payload(struct json_out *j, const struct store_webhook *webhook)
{
    json_t *body = NULL, *target = NULL;
    struct json_bounds bounds = json_bounds_default;
    json_read(bytes_of(webhook->body), &bounds, &body);
    json_read(bytes_of(webhook->target), &bounds, &target);
    const json_t *data = json_get_object(body, "data");
    json_open(j, '{');
    json_key(j, "event_data");
    if (data)
        json_put_value(j, data);
    else
        json_put_verbatim(j, bytes_of("{}"));
    json_member_string(j, "webhook_url", json_get_text(target, "url", ""));
    json_member_string(j, "original_event_name", webhook->type);
    if (webhook->error[0])
        json_member_string(j, "error_reason", webhook->error);
    json_close(j, '}');
    json_decref(body);
    json_decref(target);
}

// The vendor's name of the entry says what became of it; that of the event is in the payload.
static const char *entry_name(const struct store_webhook *webhook)
{
    return webhook->state == STORE_WEBHOOK_DELIVERED ? "reporter.webhook.delivery.success"
           : webhook->error[0]                       ? "reporter.webhook.delivery.failed"
                                                     : "reporter.webhook.delivery.pending";
}

static void put_webhook(struct json_out *j, const struct store_webhook *webhook)
{
    json_open(j, '{');
    json_member_string(j, "event_id", webhook->uuid);
    json_member_string(j, "event_name", entry_name(webhook));
    json_member_string(j, "room_id", webhook->room_id);
    api_member_time(j, "event_timestamp", webhook->at);
    json_key(j, "payload");
    put_payload(j, webhook);
    json_member_int(j, "tries", webhook->tries);
    json_close(j, '}');
}

static void put_pages(struct json_out *j, int64_t page, int limit, int64_t total)
{
    int64_t pages = (total + limit - 1) / limit;
    json_key(j, "pagination");
    json_open(j, '{');
    json_member_int(j, "current_page", page);
    json_member_int(j, "page_size", limit);
    json_member_int(j, "total_pages", pages);
    json_member_int(j, "total_items", total);
    json_member_bool(j, "has_next", page < pages);
    json_member_bool(j, "has_prev", page > 1);
    json_close(j, '}');
    json_key(j, "summary");
    json_open(j, '{');
    json_member_int(j, "total_events", total);
    json_close(j, '}');
}

int api_webhook_list(struct api_context *c)
{
    struct store_webhook_filter filter;
    struct store_webhook webhooks[STORE_WEBHOOKS_MAX];
    int64_t page, total;
    int limit;
    int err = query_filter(c, &filter);
    if (!err)
        err = api_query_limit(c, LIMIT, &limit);
    if (!err)
        err = query_page(c, &page);
    if (err)
        return err;
    int count = store_webhook_list(c->db, &filter, limit, (page - 1) * limit, c->arena,
                                   webhooks, &total);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_key(&j, "events");
    json_open(&j, '[');
    for (int i = 0; i < count; i++)
        put_webhook(&j, &webhooks[i]);
    json_close(&j, ']');
    put_pages(&j, page, limit, total);
    json_close(&j, '}');
    return 0;
}

// --- Replays ---

static int body_time(struct api_context *c, const json_t *body, const char *name,
                     int64_t *wall_ms)
{
    *wall_ms = absent;
    if (!api_sent(body, name))
        return 0;
    const char *text = json_get_text(body, name, NULL);
    return text && api_time_parse(text, wall_ms) == 0 ? 0 : api_fail_field(c, name);
}

static int body_count(struct api_context *c, const json_t *body, const char *name, int64_t min,
                      int64_t max, int64_t *value)
{
    if (!api_sent(body, name))
        return 0;
    const json_t *number = json_object_get(body, name);
    if (!json_is_integer(number))
        return api_fail_field(c, name);
    *value = json_integer_value(number);
    return *value >= min && *value <= max ? 0 : api_fail_field(c, name);
}

static int body_types(struct api_context *c, const json_t *body, const char **types)
{
    struct text t = {0};
    size_t at;
    json_t *type;
    *types = "";
    if (!api_sent(body, "event_names"))
        return 0;
    const json_t *names = json_get_array(body, "event_names");
    bool good = names && json_array_size(names) <= TYPES_MAX;
    json_array_foreach((json_t *)names, at, type)
    {
        good = good && json_is_string(type);
        if (good)
            add_type(&t, json_string_value(type));
    }
    *types = take_types(c, &t);
    return good ? 0 : api_fail_field(c, "event_names");
}

static int read_replay(struct api_context *c, const json_t *body, struct store_replay *r)
{
    struct store_webhook_filter *filter = &r->filter;
    const char *status =
        json_get_text(body, "status", api_sent(body, "status") ? "" : "failed");
    const char *room_id = json_get_text(body, "room_id", api_sent(body, "room_id") ? NULL : "");
    if (!room_id)
        return api_fail_field(c, "room_id");
    filter->room_id = arena_text(c->arena, bytes_of(room_id));
    if (!take_status(status, &filter->status))
        return api_fail_field(c, "status");
    int err = body_time(c, body, "start_time", &filter->after_ms);
    if (!err)
        err = body_time(c, body, "end_time", &filter->before_ms);
    if (!err)
        err = body_types(c, body, &filter->types);
    r->most = WEBHOOK_REPLAY_EVENTS_MAX;
    if (!err)
        err = body_count(c, body, "limit", 1, WEBHOOK_REPLAY_EVENTS_MAX, &r->most);
    if (!err)
        err = body_count(c, body, "offset", 0, INT32_MAX, &r->skip);
    return err;
}

// What makes two requests the same: a time that was left out is the same as one that was left
// out, though it means another moment.
static void write_wish(struct api_context *c, struct store_replay *r)
{
    struct text t = {0};
    struct json_out j = json_out_on(&t);
    json_open(&j, '[');
    json_put_int(&j, r->filter.after_ms);
    json_put_int(&j, r->filter.before_ms);
    json_put_string(&j, r->filter.room_id);
    json_put_string(&j, r->filter.types);
    json_put_int(&j, r->filter.status);
    json_put_int(&j, r->most);
    json_put_int(&j, r->skip);
    json_close(&j, ']');
    r->wish = arena_text(c->arena, text_bytes(&t));
    text_dispose(&t);
}

static void put_types(struct json_out *j, const char *types)
{
    json_key(j, "event_types");
    json_open(j, '[');
    for (const char *p = types; *p && p[1];) {
        size_t len = strcspn(p + 1, ",");
        json_put_bytes(j, (struct bytes){(const uint8_t *)p + 1, len});
        p += 1 + len;
    }
    json_close(j, ']');
}

static void put_filters(struct json_out *j, const struct store_replay *r)
{
    json_key(j, "filters");
    json_open(j, '{');
    api_member_time(j, "start_time", r->filter.after_ms);
    api_member_time(j, "end_time", r->filter.before_ms);
    json_member_string(j, "room_id", r->filter.room_id);
    put_types(j, r->filter.types);
    json_member_string(j, "status", status_text(r->filter.status));
    json_member_int(j, "limit", r->most);
    json_member_int(j, "offset", r->skip);
    json_close(j, '}');
}

static int start(struct api_context *c, const json_t *body)
{
    char id[OBJECT_ID_LEN + 1];
    struct store_replay r = {.started_at = c->now.wall_ms};
    bool is_new;
    int err = read_replay(c, body, &r);
    if (err)
        return err;
    write_wish(c, &r);
    err = check_span(c, &r.filter.after_ms, &r.filter.before_ms);
    if (err)
        return err;
    id_object(&c->api->ids, c->now.wall_ms, id);
    r.id = id;
    err = store_replay_start(c->db, &r, c->arena, &is_new);
    if (err == ERR_FULL)
        return api_fail(c, 429, "too many replays are running");
    if (err)
        return api_fail_storage(c, err);
    c->call->queues_webhooks = true;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "workflow_id", r.id);
    json_member_string(&j, "status", is_new ? "started" : "already_running");
    json_member_string(&j, "message",
                       is_new ? "Webhook replay has been queued for processing"
                              : "Identical replay is already in progress");
    put_filters(&j, &r);
    json_close(&j, '}');
    return 0;
}

int api_webhook_replay(struct api_context *c)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = start(c, body);
    json_decref(body);
    return err;
}

static const char *replay_status(const struct store_replay *r)
{
    switch (r->state) {
    case STORE_REPLAY_RUNNING:
        return "Running";
    case STORE_REPLAY_FAILED:
        return "failed";
    case STORE_REPLAY_COMPLETED:
        break;
    }
    return r->failed ? "completed_with_failures" : "completed";
}

static void put_counts(struct json_out *j, const struct store_replay *r)
{
    json_member_int(j, "total", r->total);
    json_member_int(j, "completed", r->completed);
    json_member_int(j, "failed", r->failed);
}

static void put_result(struct json_out *j, const struct store_replay *r,
                       const struct store_replay_failure *failures, int count)
{
    json_key(j, "result");
    json_open(j, '{');
    put_counts(j, r);
    json_key(j, "failed_events");
    json_open(j, '[');
    for (int i = 0; i < count; i++) {
        json_open(j, '{');
        json_member_string(j, "event_id", failures[i].uuid);
        json_member_string(j, "event_name", failures[i].type);
        json_member_string(j, "error_reason", failures[i].error);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

int api_webhook_replay_get(struct api_context *c)
{
    struct store_replay r;
    int err = store_replay_get(c->db, c->call->parameters[0], c->arena, &r);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "workflow not found");
    if (err)
        return api_fail_storage(c, err);
    struct store_replay_failure *failures =
        arena_alloc(c->arena, STORE_REPLAY_FAILURES_MAX * sizeof *failures);
    int count = store_replay_failures(c->db, r.id, c->arena, failures);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "workflow_id", r.id);
    json_member_string(&j, "status", replay_status(&r));
    api_member_time(&j, "started_at", r.started_at);
    if (r.ended_at)
        api_member_time(&j, "completed_at", r.ended_at);
    else
        json_member_string(&j, "completed_at", NULL);
    put_filters(&j, &r);
    json_key(&j, "progress");
    json_open(&j, '{');
    put_counts(&j, &r);
    json_close(&j, '}');
    put_result(&j, &r, failures, count);
    json_close(&j, '}');
    return 0;
}
