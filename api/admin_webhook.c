// The workspace's webhook, as an operator looks at it: where it goes, a test event, and one
// event sent again. What became of each is in the log (webhook_log.c).
#include "api/admin.h"

#include "api/webhook.h"
#include "base/err.h"

#include <string.h>

// Names are shown and values never: they are how a receiver knows us.
static void put_headers(struct json_out *j, const char *headers)
{
    json_t *object = NULL, *value;
    const char *name;
    json_key(j, "headers");
    json_open(j, '{');
    if (headers && headers[0] &&
        json_read(bytes_of(headers), &json_bounds_default, &object) == 0) {
        json_object_foreach(object, name, value)
        {
            json_member_string(j, name, "***");
        }
    }
    json_close(j, '}');
    json_decref(object);
}

int api_admin_webhook(struct api_context *c)
{
    const struct api_webhook_config *webhook = c->config->webhook;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "url", webhook && webhook->url ? webhook->url : "");
    put_headers(&j, webhook ? webhook->headers : NULL);
    json_member_bool(&j, "has_secret", webhook && webhook->secret && webhook->secret[0]);
    json_close(&j, '}');
    return 0;
}

static void write_body(struct api_context *c, const char *uuid, struct text *body)
{
    const struct api_webhook_workspace workspace = {.account_id = c->config->customer_id,
                                                    .app_id = c->config->app_id};
    struct public_event told = {.type = "webhook.test", .at = c->now.wall_ms};
    text_add(&told.data, "{\"message\":\"a test from the dashboard\"}");
    api_webhook_body(&workspace, uuid, &told, body);
    text_dispose(&told.data);
}

// It takes the way of all others, and is in the log like them.
int api_admin_webhook_test(struct api_context *c)
{
    struct text target = {0}, body = {0};
    char id[OBJECT_ID_LEN + 1], uuid[UUID_LEN + 1];
    if (!c->config->webhook || !c->config->webhook->url || !c->config->webhook->url[0])
        return api_fail_detail(c, 409, "Conflict", "webhook-url is not set");
    id_object(&c->api->ids, c->now.wall_ms, id);
    id_uuid(&c->api->rng, uuid);
    api_webhook_target(c->config->webhook, &target);
    write_body(c, uuid, &body);
    struct store_log_posts posts = {.workspace = target.at};
    int err = store_webhook_put(c->db,
                                &(struct store_session_event){.id = id,
                                                              .uuid = uuid,
                                                              .session_id = id, // its own line
                                                              .room_id = "",
                                                              .peer_id = "",
                                                              .user_id = "",
                                                              .type = "webhook.test",
                                                              .at = c->now.wall_ms,
                                                              .data = "{}",
                                                              .post = body.at},
                                &posts);
    text_dispose(&target);
    text_dispose(&body);
    if (err)
        return api_fail_storage(c, err);
    c->call->queues_webhooks = true;
    c->call->admin->target = "webhook.test";
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "event_id", uuid);
    json_close(&j, '}');
    return 0;
}

int api_admin_webhook_send(struct api_context *c)
{
    const char *uuid = c->call->parameters[0];
    int err = store_webhook_send_again(c->db, uuid, c->now.wall_ms);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "event not found");
    if (err == ERR_BUSY)
        return api_fail_detail(c, 409, "Conflict", "it is on its way already");
    if (err)
        return api_fail_storage(c, err);
    c->call->queues_webhooks = true;
    c->call->admin->target = uuid;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "event_id", uuid);
    json_close(&j, '}');
    return 0;
}
