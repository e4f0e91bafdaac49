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

// --- What cannot be read as it is ---

// The number of an escape \uXXXX that begins at `at`, or -1.
static int escaped_unit(struct bytes text, size_t at)
{
    int unit = 0;
    if (at + 6 > text.len || text.at[at] != '\\' || text.at[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        uint8_t c = text.at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

// JavaScript cuts texts between the halves of a character, and JSON.stringify() writes half a
// surrogate pair as it is. Browsers show U+FFFD for it, and so it is read. U+0000 becomes the
// same, so that the message can be read and refused. False when there is neither. What stands
// between escapes is looked over and copied in one go.
static bool mend(struct bytes text, struct text *mended, bool *has_nul)
{
    size_t copied = 0;
    for (size_t i = 0; i < text.len;) {
        const uint8_t *escape = memchr(text.at + i, '\\', text.len - i);
        if (!escape)
            break;
        i = (size_t)(escape - text.at);
        int unit = escaped_unit(text, i);
        bool is_pair = is_high(unit) && is_low(escaped_unit(text, i + 6));
        bool is_half = !is_pair && (is_high(unit) || is_low(unit));
        if (is_half || unit == 0) {
            text_add_bytes(mended, (struct bytes){text.at + copied, i - copied});
            text_add(mended, "\\ufffd");
            copied = i + 6;
        }
        *has_nul |= unit == 0;
        i += is_pair ? 12 : unit >= 0 ? 6 : 2;
    }
    if (copied)
        text_add_bytes(mended, (struct bytes){text.at + copied, text.len - copied});
    return copied > 0;
}

static size_t skip_space(struct bytes text, size_t i)
{
    while (i < text.len && strchr(" \t\r\n", text.at[i]) && text.at[i])
        i++;
    return i;
}

// Behind the string that begins at `i`.
static size_t skip_string(struct bytes text, size_t i)
{
    for (i++; i < text.len && text.at[i] != '"'; i++)
        i += text.at[i] == '\\';
    return i < text.len ? i + 1 : text.len;
}

// The value that begins at `i`, if it is an id.
static json_t *read_id(struct bytes text, size_t i)
{
    static const struct json_bounds id_bounds = {1, 1, RPC_ID_LEN_MAX};
    size_t end = i;
    if (i < text.len && text.at[i] == '"')
        end = skip_string(text, i);
    else
        while (end < text.len && text.at[end] && strchr("0123456789+-.eE", text.at[end]))
            end++;
    json_t *id = NULL;
    if (json_read((struct bytes){text.at + i, end - i}, &id_bounds, &id) == 0 &&
        !json_is_string(id) && !json_is_number(id)) {
        json_decref(id);
        id = NULL;
    }
    return id;
}

// The message's id, without reading the rest: what is too deep, or holds what no text may, has
// its answer all the same.
static json_t *find_id(struct bytes text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.len;) {
        size_t next = text.at[i] == '"' ? skip_string(text, i) : i + 1;
        depth += text.at[i] == '{' || text.at[i] == '[';
        depth -= depth && (text.at[i] == '}' || text.at[i] == ']');
        if (depth == 1 && next - i == 4 && memcmp(text.at + i, "\"id\"", 4) == 0) {
            size_t colon = skip_space(text, next);
            if (colon < text.len && text.at[colon] == ':')
                return read_id(text, skip_space(text, colon + 1));
        }
        i = next;
    }
    return NULL;
}

void rpc_read_id(struct rpc *rpc, struct bytes text)
{
    json_t *id = find_id(text);
    *rpc = (struct rpc){.message = json_object()};
    if (id)
        json_object_set_new(rpc->message, "id", id);
    rpc->id = readable_id(rpc->message);
}

// Reads `text` into rpc->message, mended where that helps.
static int read_message(struct rpc *rpc, struct bytes text, const char **why)
{
    struct text mended = {0};
    bool has_nul = false;
    bool is_mended = mend(text, &mended, &has_nul);
    int err = json_read(is_mended ? text_bytes(&mended) : text, &bounds, &rpc->message);
    text_dispose(&mended);
    if (err == ERR_FULL) {
        rpc_read_id(rpc, text);
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
