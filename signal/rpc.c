#include "signal/rpc.h"

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"

#include <string.h>

// An SDP may be longer than the strings of REST bodies, and the SDK's statistics have more
// members. What each of them means bounds it later.
static const struct json_bounds bounds = {JSON_DEPTH_MAX, RPC_MEMBERS_MAX, WS_MESSAGE_MAX};

static const json_t *readable_id(const json_t *message)
{
    const json_t *id = json_object_get(message, "id");
    if (json_is_string(id))
        return json_string_length(id) <= RPC_ID_LEN_MAX ? id : NULL;
    return json_is_number(id) ? id : NULL;
}

int rpc_parse(struct rpc *rpc, struct bytes text, const char **why)
{
    *rpc = (struct rpc){0};
    int err = json_read(text, &bounds, &rpc->message);
    if (err) {
        *why = err == ERR_FULL ? "too deep or too many members" : "not JSON";
        return err == ERR_FULL ? RPC_INVALID_REQUEST : RPC_PARSE_ERROR;
    }
    if (!json_is_object(rpc->message)) {
        *why = "not an object";
        return RPC_INVALID_REQUEST;
    }
    rpc->id = readable_id(rpc->message);
    if (json_object_get(rpc->message, "id") && !rpc->id) {
        *why = "id must be a string or a number of at most 64 octets";
        return RPC_INVALID_REQUEST;
    }
    const json_t *version = json_object_get(rpc->message, "jsonrpc");
    if (version && strcmp(json_get_text(rpc->message, "jsonrpc", ""), "2.0") != 0) {
        *why = "jsonrpc must be \"2.0\"";
        return RPC_INVALID_REQUEST;
    }
    rpc->method = json_get_text(rpc->message, "method", NULL);
    if (!rpc->method) {
        *why = "method must be a string";
        return RPC_INVALID_REQUEST;
    }
    // A method without parameters may leave them out.
    rpc->params = json_object_get(rpc->message, "params");
    if (!rpc->params) {
        json_object_set_new(rpc->message, "params", json_object());
        rpc->params = json_object_get(rpc->message, "params");
    }
    if (!json_is_object(rpc->params)) {
        *why = "params must be an object";
        return RPC_INVALID_PARAMS;
    }
    return 0;
}

void rpc_dispose(struct rpc *rpc)
{
    json_decref(rpc->message);
    *rpc = (struct rpc){0};
}
