#include "signal/rpc.h"

#include "base/err.h"
#include "base/json.h"
#include "base/json_scan.h"
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

// The value that begins at `at`, if it is an id.
static json_t *read_id(struct bytes text, size_t at)
{
    static const struct json_bounds id_bounds = {1, 1, RPC_ID_LEN_MAX};
    size_t end = at;
    if (text.at[at] == '"')
        end = json_string_at(text, at + 1).end + 1;
    else
        while (end < text.len && text.at[end] && strchr("0123456789+-.eE", text.at[end]))
            end++;
    if (end > text.len)
        end = text.len;
    json_t *id = NULL;
    if (json_read((struct bytes){text.at + at, end - at}, &id_bounds, &id) == 0 &&
        !json_is_string(id) && !json_is_number(id)) {
        json_decref(id);
        id = NULL;
    }
    return id;
}

void rpc_read_id(struct rpc *rpc, struct bytes text, size_t id_at)
{
    json_t *id = id_at && id_at < text.len ? read_id(text, id_at) : NULL;
    *rpc = (struct rpc){.message = json_object()};
    if (id)
        json_object_set_new(rpc->message, "id", id);
    rpc->id = readable_id(rpc->message);
}

// JavaScript cuts texts between the halves of a character, and JSON.stringify() writes half a
// surrogate pair as it is. Browsers show U+FFFD for it, and so it is read. U+0000 becomes the
// same, so that the message can be read and refused.
static int read_message(struct rpc *rpc, struct bytes text, const char **why)
{
    bool has_nul;
    int err = json_read_mended(text, &bounds, &rpc->message, &has_nul);
    if (err == ERR_FULL) {
        rpc_read_id(rpc, text, json_scan(text, "id").value_at);
        *why = "too deep or too many members";
        return RPC_INVALID_REQUEST;
    }
    if (err) {
        *why = "not JSON";
        return RPC_PARSE_ERROR;
    }
    *why = "U+0000 is in no text";
    return has_nul ? RPC_INVALID_REQUEST : 0;
}

int rpc_parse(struct rpc *rpc, struct bytes text, const char **why)
{
    *rpc = (struct rpc){0};
    int code = read_message(rpc, text, why);
    if (code) {
        rpc->id = readable_id(rpc->message);
        return code;
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
