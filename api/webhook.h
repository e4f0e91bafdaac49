// Events as a back end gets them by HTTP: the body, which is written once and kept, and the
// request around it, which is made for each try.
//
//     X-Webhook-Id: 6c75de35-b778-4fb0-88ae-114c28dc285f            the event, as in the body
//     X-Webhook-Timestamp: 1700000000                               this try, seconds
//     X-Webhook-Signature: sha256=<hex HMAC-SHA256(secret, body)>
//     X-Webhook-Timestamp-Signature: sha256=<hex HMAC-SHA256(secret, timestamp "." body)>
//
// The first signature is that of the body alone and the same for each try; the second one also
// says that the time is ours, so that a receiver can refuse what somebody has kept and sends
// again later.
#pragma once

#include "api/public_event.h"
#include "base/limits.h"
#include "net/http.h"
#include "store/webhooks.h"

#include <jansson.h>

// --- The body ---

struct api_webhook_workspace {
    const char *account_id; // of what happens: 24 hex, as app_id
    const char *app_id;
};

// {"version","id","account_id","app_id","timestamp","type","data"}
void api_webhook_body(const struct api_webhook_workspace *workspace, const char *uuid,
                      const struct public_event *told, struct text *body);

// --- The request ---

// Where the workspace's webhooks go, and what signs all of them. Borrowed.
struct api_webhook_config {
    const char *url;     // "": nowhere
    const char *headers; // a JSON object, or ""
    const char *secret;
};

// As store/webhooks keeps it: {"url"}; "" without one. The headers of the workspace are not
// kept there: those of now are sent.
void api_webhook_target(const struct api_webhook_config *config, struct text *target);

struct api_webhook_request {
    const char *url;
    struct http_header headers[WEBHOOK_HEADERS_MAX + 5];
    size_t header_count;
    struct bytes body;
};

// The strings live in `arena`. Returns 0, or ERR_MALFORMED for a target that is none.
int api_webhook_request(const struct api_webhook_config *config,
                        const struct store_webhook *webhook, int64_t now_s, struct arena *arena,
                        struct api_webhook_request *request);

// Whether this may be the headers of a target: an object of names and texts that make fields of
// HTTP, and none that say where the message ends, to whom it goes, or what is ours.
bool api_webhook_headers_ok(const json_t *headers);

// --- The patience ---

// When to try again after `tries` were in vain: 1 s, 3 s, 10 s, 30 s, 90 s and so on up to an
// hour, until WEBHOOK_PATIENCE_S have passed since it was stored; then 0.
int64_t api_webhook_again_at(int64_t tries, int64_t stored_at_ms, int64_t now_ms);
