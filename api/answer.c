#include "api/context.h"

#include "api/time.h"
#include "base/err.h"
#include "store/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HTTP_INSUFFICIENT_STORAGE = 507 };

void api_refuse(struct http_response *response, int status, const char *message,
                const char *detail)
{
    response->status = status;
    response->content_type = "application/json";
    text_clear(&response->body);
    struct json_out j = json_out_on(&response->body);
    json_open(&j, '{');
    json_member_int(&j, "code", status);
    json_member_string(&j, "message", message);
    if (detail) {
        json_key(&j, "details");
        json_open(&j, '[');
        json_put_string(&j, detail);
        json_close(&j, ']');
    }
    json_close(&j, '}');
}

void api_refuse_storage(struct http_response *response, int err)
{
    if (err == ERR_FULL)
        api_refuse(response, HTTP_INSUFFICIENT_STORAGE, "storage is full", NULL);
    else if (err == ERR_MALFORMED)
        api_refuse(response, 400, "a text cannot be stored", NULL);
    else if (err == ERR_TOO_LONG)
        api_refuse(response, 503, "the query takes too long",
                   "ask for less: one room, one session, or a shorter time");
    else if (err == ERR_BUSY)
        api_refuse(response, 503, "the storage is busy", "try again in a moment");
    else
        api_refuse(response, 503, "storage is not available", err_name(err));
}

struct json_out api_json(struct api_context *c)
{
    c->response->status = 200;
    c->response->content_type = "application/json";
    return json_out_on(&c->response->body);
}

int api_fail(struct api_context *c, int status, const char *message)
{
    return api_fail_detail(c, status, message, NULL);
}

int api_fail_detail(struct api_context *c, int status, const char *message, const char *detail)
{
    api_refuse(c->response, status, message, detail);
    return ERR_REFUSED;
}

int api_fail_body(struct api_context *c, const char *detail)
{
    return api_fail_detail(c, 400, "Invalid body param", detail);
}

int api_fail_field(struct api_context *c, const char *path)
{
    char detail[DOCUMENT_WHERE_MAX + 32];
    snprintf(detail, sizeof detail, "Invalid body param: %s", path);
    return api_fail_detail(c, 400, "Invalid body param", detail);
}

int api_fail_query(struct api_context *c, const char *name)
{
    char detail[80];
    snprintf(detail, sizeof detail, "Invalid query param: %s", name);
    return api_fail_detail(c, 400, "Invalid query param", detail);
}

int api_fail_storage(struct api_context *c, int err)
{
    api_refuse_storage(c->response, err);
    return err;
}

int api_fail_wait(struct api_context *c, int64_t wait_s)
{
    char seconds[24];
    char detail[80];
    snprintf(seconds, sizeof seconds, "%" PRId64, wait_s);
    snprintf(detail, sizeof detail, "rate limit exceeded, retry after %s seconds", seconds);
    http_header_add(c->response, "retry-after", arena_text(c->arena, bytes_of(seconds)));
    return api_fail_detail(c, 429, "Too many requests", detail);
}

// The name differs between the vendor's documents; both mean a secret.
static const char *const secrets[] = {"secret", "secretKey"};
enum { SECRET_COUNT = sizeof secrets / sizeof *secrets };
static const char hidden[] = "***";

void api_hide_secrets(json_t *credentials)
{
    for (size_t i = 0; i < SECRET_COUNT; i++)
        if (json_object_get(credentials, secrets[i]))
            json_object_set_new(credentials, secrets[i], json_string(hidden));
}

void api_keep_secrets(json_t *credentials, const json_t *before)
{
    for (size_t i = 0; i < SECRET_COUNT; i++)
        if (strcmp(json_get_text(credentials, secrets[i], ""), hidden) == 0 &&
            json_object_get(before, secrets[i]))
            json_object_set(credentials, secrets[i], json_object_get(before, secrets[i]));
}

void api_member_time(struct json_out *j, const char *key, int64_t wall_ms)
{
    char text[API_TIME_LEN + 1];
    api_time_format(wall_ms, text);
    json_member_string(j, key, text);
}

struct json_out api_open_page(struct api_context *c, int limit)
{
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_int(&j, "limit", limit);
    json_key(&j, "data");
    json_open(&j, '[');
    return j;
}

void api_close_page(struct json_out *j, const char *last)
{
    json_close(j, ']');
    json_member_string(j, "last", last);
    json_close(j, '}');
}
