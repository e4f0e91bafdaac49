// JSON-RPC 2.0 as the SDK speaks it: notifications come without
// `jsonrpc` and `id`, and `jsonrpc` may be missing from requests too.
#pragma once

#include "base/bytes.h"

#include <jansson.h>
#include <stdbool.h>

// The specification's codes, and ours: HTTP's numbers, of which the SDK retries 429 and 5xx.
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_UNKNOWN_METHOD = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_BAD_REQUEST = 400,
    RPC_REFUSED = 403,
    RPC_NOT_FOUND = 404,
    RPC_NOT_SUPPORTED = 405, // a method that the SDK knows and this server does not
    RPC_TAKEN = 409,
    RPC_GONE = 410,        // the peer or the session is no more
    RPC_CHANGED = 412,     // the value is not of the version that the change is meant for
    RPC_MISDIRECTED = 421, // for connections that are lost: node-info follows
    RPC_TOO_MANY = 429,
    RPC_BUSY = 503,
};

// A message, read and checked.
struct rpc {
    json_t *message;
    const char *method;
    const json_t *params; // always an object
    const json_t *id;     // a string or a number; NULL: a notification
};

// Reads `text`, half surrogates as U+FFFD. Returns 0, or the error code to answer with: then
// `id` is that of the message if it could be read, and `why` says what is wrong. rpc_dispose()
// in any case.
int rpc_parse(struct rpc *rpc, struct bytes text, const char **why);
// Only the id, which is at `id_at` (0: there is none), of a message that is refused as it is:
// nothing else of it is parsed.
void rpc_read_id(struct rpc *rpc, struct bytes text, size_t id_at);
void rpc_dispose(struct rpc *rpc);
