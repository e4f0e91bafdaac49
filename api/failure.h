// What failed on a client's side, as an event of GET /v2/analytics/events. It comes by the web
// socket (api/public_event) or, when that is down, over HTTP (api/client). The person comes
// from the token and the room; what is said beside is the client's word, and bounded.
#pragma once

#include "base/json.h"

struct failure {
    const char *name; // of the client's event: "publish.failed"
    const char *account_id;
    const char *room_id;
    const char *room_name;
    const char *template_id;
    const char *session_id; // "": none, as the next three
    const char *peer_id;
    const char *user_id;
    const char *user_name;
    const char *role;
    const char *agent; // the client's software: "os:web_Linux,sdk:web,..."; NULL: unknown
    const json_t *info;
};

// "client.publish.failed"; NULL when it is none of those that are kept.
const char *api_failure_type(const char *name);
void api_failure_put(struct json_out *j, const struct failure *failure);
