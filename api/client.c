// What the client SDKs ask beside joining.

#include "api/context.h"

#include "api/failure.h"
#include "base/err.h"
#include "store/rooms.h"
#include "store/sessions.h"

#include <string.h>

static void answer_empty(struct api_context *c)
{
    struct json_out j = api_json(c);
    json_put_verbatim(&j, bytes_of("{}"));
}

// Feedback is taken and not kept. Anything but 200 makes the SDK store it in the browser and
// send it again; so too below.
int api_client_feedback(struct api_context *c)
{
    answer_empty(c);
    return 0;
}

// --- Reports: of what failed while the web socket was down ---

// The last visit of the peer that the report names, if the very token let it in. Else
// nobody's: whose user a token says it is proves nothing.
static int find_visit(struct api_context *c, const json_t *body, struct store_visit *visit)
{
    const struct jwt_claims *claims = &c->call->claims;
    const char *id = json_get_text(json_get_object(body, "peer"), "peer_id", "");
    *visit = (struct store_visit){.session_id = "", .peer_id = "", .name = ""};
    if (!id[0])
        return 0;
    int err = store_visit_last(c->db, claims->room_id, id, &claims->hash, c->arena, visit);
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int write_down(struct api_context *c, const char *type, const json_t *body)
{
    char id[OBJECT_ID_LEN + 1], uuid[UUID_LEN + 1];
    const struct jwt_claims *claims = &c->call->claims;
    struct store_room room;
    struct store_visit visit;
    struct text data = {0};
    int err = store_room_get(c->db, claims->room_id, c->arena, &room);
    if (!err)
        err = find_visit(c, body, &visit);
    if (err)
        return err == ERR_NOT_FOUND ? 0 : err;
    struct json_out j = json_out_on(&data);
    json_open(&j, '{');
    api_failure_put(&j, &(struct failure){.name = json_get_text(body, "event", ""),
                                          .account_id = c->config->customer_id,
                                          .room_id = room.id,
                                          .room_name = room.name,
                                          .template_id = room.template_id,
                                          .session_id = visit.session_id,
                                          .peer_id = visit.peer_id,
                                          .user_id = claims->user_id,
                                          .user_name = visit.name,
                                          .role = claims->role,
                                          .agent = c->request->user_agent,
                                          .info = json_get_object(body, "payload")});
    json_close(&j, '}');
    id_object(&c->api->ids, c->now.wall_ms, id);
    id_uuid(&c->api->rng, uuid);
    struct store_log_entry entry = {.kind = STORE_LOG_EVENT,
                                    .event = {.id = id,
                                              .uuid = uuid,
                                              .session_id = visit.session_id,
                                              .room_id = room.id,
                                              .peer_id = visit.peer_id,
                                              .user_id = claims->user_id,
                                              .type = type,
                                              .is_error = true,
                                              .at = c->now.wall_ms,
                                              .data = data.at}};
    err = store_log_write(c->db, &entry, 1, NULL);
    text_dispose(&data);
    return err;
}

// Whether the address has not said too much already.
static bool take_budget(struct api_context *c)
{
    const struct addr *from = &c->request->from;
    if (api_tries_wait_s(&c->api->reports, from, "", c->now.mono_us))
        return false;
    api_tries_add(&c->api->reports, from, "", c->now.mono_us);
    return true;
}

// Only the bearer of an app token is heard; whoever else reports is thanked all the same.
int api_client_report(struct api_context *c)
{
    json_t *body = NULL;
    int err = 0;
    if (c->call->is_known && c->call->claims.type == JWT_APP &&
        c->request->body.len <= HTTP_BODY_MAX && take_budget(c) &&
        json_read(c->request->body, &json_bounds_default, &body) == 0) {
        const char *type = api_failure_type(json_get_text(body, "event", ""));
        err = type ? write_down(c, type, body) : 0;
    }
    json_decref(body);
    if (err)
        return api_fail_storage(c, err);
    answer_empty(c);
    return 0;
}
