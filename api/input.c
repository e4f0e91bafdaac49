// Bodies and queries: what a request carries, checked.

#include "api/context.h"

#include "api/time.h"
#include "base/err.h"
#include "base/limits.h"

#include <string.h>

enum { LIMIT_DEFAULT = 10, LIMIT_MAX = 100 };

static bool is_blank(struct bytes body)
{
    for (size_t i = 0; i < body.len; i++) {
        if (!memchr(" \t\r\n", body.at[i], 4))
            return false;
    }
    return true;
}

static int read_body(struct api_context *c, size_t members_min, json_t **value)
{
    struct json_bounds bounds = c->config->json ? *c->config->json : json_bounds_default;
    if (bounds.members < members_min)
        bounds.members = members_min;
    int err = json_read(c->request->body, &bounds, value);
    if (err == ERR_FULL)
        return api_fail_body(c, "body is too deep, has too many members or too long a text");
    return err ? api_fail_body(c, "body is not valid JSON") : 0;
}

static int read_object(struct api_context *c, size_t members_min, json_t **body)
{
    // Go sends an empty body, axios {}, Dart nothing at all; none need say JSON.
    if (is_blank(c->request->body)) {
        *body = json_object();
        return 0;
    }
    json_t *value;
    int err = read_body(c, members_min, &value);
    if (err)
        return err;
    if (!json_is_object(value)) {
        json_decref(value);
        return api_fail_body(c, "body is not a JSON object");
    }
    *body = value;
    return 0;
}

int api_body(struct api_context *c, json_t **body)
{
    return read_object(c, 0, body);
}

int api_body_template(struct api_context *c, json_t **body)
{
    return read_object(c, TEMPLATE_MEMBERS_MAX, body);
}

int api_body_list(struct api_context *c, json_t **body)
{
    json_t *value;
    int err = read_body(c, 0, &value);
    if (err)
        return err;
    if (json_is_null(value))
        value = json_array();
    if (!json_is_array(value)) {
        json_decref(value);
        return api_fail_body(c, "body is not a JSON array");
    }
    *body = value;
    return 0;
}

bool api_sent(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);
    return value && !json_is_null(value);
}

void api_take_nulls_away(json_t *value)
{
    const char *key;
    json_t *member;
    void *next;
    size_t i;
    json_object_foreach_safe(value, next, key, member)
    {
        if (json_is_null(member))
            json_object_del(value, key);
        else
            api_take_nulls_away(member);
    }
    json_array_foreach(value, i, member)
    {
        api_take_nulls_away(member);
    }
}

const char *api_query(struct api_context *c, const char *name)
{
    const char *value = http_query(c->request, name, 0);
    return value && value[0] ? value : NULL;
}

int api_query_bool(struct api_context *c, const char *name, int *value)
{
    const char *text = api_query(c, name);
    *value = -1;
    if (!text)
        return 0;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return api_fail_query(c, name);
    *value = text[0] == 't';
    return 0;
}

int api_query_time(struct api_context *c, const char *name, int64_t *wall_ms)
{
    const char *text = api_query(c, name);
    if (!text)
        return 0;
    // The vendor's SDK does not escape the "+" of an offset, so that it reads as a space.
    char *unescaped = arena_text(c->arena, bytes_of(text));
    char *space = strchr(unescaped, ' ');
    if (space)
        *space = '+';
    return api_time_parse(unescaped, wall_ms) ? api_fail_query(c, name) : 0;
}

int api_query_limit(struct api_context *c, int fallback, int *limit)
{
    const char *text = api_query(c, "limit");
    *limit = fallback;
    if (!text)
        return 0;
    size_t digits = strspn(text, "0123456789");
    if (!digits || text[digits])
        return api_fail_query(c, "limit");
    int value = 0;
    for (const char *p = text; *p && value <= LIMIT_MAX; p++)
        value = value * 10 + (*p - '0');
    if (value > 0) // 0 is what clients send who mean none in particular
        *limit = value < LIMIT_MAX ? value : LIMIT_MAX;
    return 0;
}

int api_query_page(struct api_context *c, int *limit, const char **start)
{
    *start = api_query(c, "start");
    int err = api_query_limit(c, LIMIT_DEFAULT, limit);
    if (!err && *start && (*start)[0] && !id_is_object(*start))
        err = api_fail_query(c, "start");
    return err;
}
