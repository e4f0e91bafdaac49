#include "api/webhook.h"

#include "api/context.h"
#include "base/err.h"
#include "base/jwt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const int64_t ms_per_s = 1000;

// --- The body ---

void api_webhook_body(const struct api_webhook_workspace *workspace, const char *uuid,
                      const struct public_event *told, struct text *body)
{
    struct json_out j = json_out_on(body);
    json_open(&j, '{');
    json_member_string(&j, "version", "2.0");
    json_member_string(&j, "id", uuid);
    json_member_string(&j, "account_id", workspace->account_id);
    json_member_string(&j, "app_id", workspace->app_id);
    api_member_time(&j, "timestamp", told->at);
    json_member_string(&j, "type", told->type);
    json_key(&j, "data");
    json_put_verbatim(&j, text_bytes(&told->data));
    json_close(&j, '}');
}

// Of a replay: the same, and one member more.
static struct bytes replayed(const char *body, struct arena *arena)
{
    struct text t = {0};
    text_add_bytes(&t, (struct bytes){(const uint8_t *)body, strlen(body) - 1});
    text_add(&t, ",\"is_replay\":true}");
    struct bytes kept = {(const uint8_t *)arena_text(arena, text_bytes(&t)), t.len};
    text_dispose(&t);
    return kept;
}

// --- Headers ---

// RFC 9110 section 5.6.2.
static bool is_token(const char *name)
{
    return name[0] && !name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static bool is_field_value(const char *value)
{
    for (const char *c = value; *c; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    }
    return true;
}

static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "expect",
        "te",
        "trailer",
        "upgrade",
        "x-webhook-id",
        "x-webhook-timestamp",
        "x-webhook-signature",
        "x-webhook-timestamp-signature",
    };
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcasecmp(name, reserved[i]) == 0)
            return true;
    }
    return false;
}

bool api_webhook_headers_ok(const json_t *headers)
{
    size_t len = 0;
    const char *name;
    json_t *value;
    if (!json_is_object(headers) || json_object_size(headers) > WEBHOOK_HEADERS_MAX)
        return false;
    json_object_foreach((json_t *)headers, name, value)
    {
        const char *text = json_string_value(value);
        if (!text || !is_token(name) || is_reserved(name) || !is_field_value(text))
            return false;
        len += strlen(name) + strlen(text);
    }
    return len <= WEBHOOK_HEADERS_LEN_MAX;
}

// --- The request ---

void api_webhook_target(const struct api_webhook_config *config, struct text *target)
{
    text_add(target, "");
    if (!config->url || !config->url[0])
        return;
    struct json_out j = json_out_on(target);
    json_open(&j, '{');
    json_member_string(&j, "url", config->url);
    json_close(&j, '}');
}

static const char *keep_text(struct arena *arena, const char *text)
{
    return arena_text(arena, bytes_of(text));
}

static void add_header(struct api_webhook_request *request, const char *name, const char *value)
{
    request->headers[request->header_count++] = (struct http_header){name, value};
}

// "sha256=" and the HMAC of `prefix` and the body.
static const char *sign(const char *secret, const char *prefix, struct bytes body,
                        struct arena *arena)
{
    uint8_t mac[JWT_MAC_LEN];
    struct text t = {0};
    text_add(&t, prefix);
    text_add_bytes(&t, body);
    jwt_hmac(bytes_of(secret), text_bytes(&t), mac);
    text_clear(&t);
    text_add(&t, "sha256=");
    for (size_t i = 0; i < sizeof mac; i++)
        text_addf(&t, "%02x", mac[i]);
    const char *kept = arena_text(arena, text_bytes(&t));
    text_dispose(&t);
    return kept;
}

// What was configured goes out as it is. Returns whether it says what the body is.
static bool add_headers(const json_t *headers, struct api_webhook_request *request,
                        struct arena *arena)
{
    bool has_type = false;
    const char *name;
    json_t *value;
    if (!api_webhook_headers_ok(headers)) // kept before there were these rules
        return false;
    json_object_foreach((json_t *)headers, name, value)
    {
        has_type |= strcasecmp(name, "content-type") == 0;
        add_header(request, keep_text(arena, name), keep_text(arena, json_string_value(value)));
    }
    return has_type;
}

static void add_own(const struct api_webhook_config *config,
                    const struct store_webhook *webhook, int64_t now_s, struct arena *arena,
                    struct api_webhook_request *request)
{
    char time[24], prefix[sizeof time + 1];
    snprintf(time, sizeof time, "%" PRId64, now_s);
    snprintf(prefix, sizeof prefix, "%s.", time);
    add_header(request, "X-Webhook-Id", keep_text(arena, webhook->uuid));
    add_header(request, "X-Webhook-Timestamp", keep_text(arena, time));
    add_header(request, "X-Webhook-Signature", sign(config->secret, "", request->body, arena));
    add_header(request, "X-Webhook-Timestamp-Signature",
               sign(config->secret, prefix, request->body, arena));
}

int api_webhook_request(const struct api_webhook_config *config,
                        const struct store_webhook *webhook, int64_t now_s, struct arena *arena,
                        struct api_webhook_request *request)
{
    json_t *target, *workspace = NULL;
    *request = (struct api_webhook_request){0};
    if (json_read(bytes_of(webhook->target), &json_bounds_default, &target))
        return ERR_MALFORMED;
    request->url = keep_text(arena, json_get_text(target, "url", ""));
    request->body = webhook->replay_id[0] ? replayed(webhook->body, arena)
                                          : bytes_of(keep_text(arena, webhook->body));
    const json_t *headers = json_object_get(target, "headers");
    if (!webhook->is_rooms && config->headers && config->headers[0] &&
        json_read(bytes_of(config->headers), &json_bounds_default, &workspace) == 0)
        headers = workspace;
    if (!add_headers(headers, request, arena))
        add_header(request, "Content-Type", "application/json");
    add_own(config, webhook, now_s, arena, request);
    json_decref(workspace);
    json_decref(target);
    return 0;
}

// --- The patience ---

int64_t api_webhook_again_at(int64_t tries, int64_t stored_at_ms, int64_t now_ms)
{
    static const int64_t waits_s[] = {1, 3, 10, 30, 90, 270, 810, 2430, 3600};
    const int64_t count = sizeof waits_s / sizeof *waits_s;
    int64_t wait_ms = waits_s[tries < count ? tries - 1 : count - 1] * ms_per_s;
    int64_t ends_at = stored_at_ms + WEBHOOK_PATIENCE_S * ms_per_s;
    return now_ms + wait_ms <= ends_at ? now_ms + wait_ms : 0;
}
