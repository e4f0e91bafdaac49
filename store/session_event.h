// One thing that happened in a room, as it is stored, and what becomes of its webhook.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Strings live in the arena given to the call that filled it, or are the caller's.
struct store_session_event {
    const char *id; // an object id: the order of events
    const char *uuid;
    const char *session_id;
    const char *room_id;
    const char *peer_id; // "": nobody's
    const char *user_id;
    const char *type; // "track.add.success"
    bool is_error;
    int64_t at;
    const char *data; // a JSON object
    const char *post; // the body of its webhook; NULL: it has none
};

// What becomes of the webhooks of a batch: see store/webhooks.h.
struct store_log_posts {
    const char *workspace; // JSON: {"url"}. NULL or "": only rooms with their own have any
    bool is_counted;
    int64_t waiting; // then: how many do
    int stored;      // by this batch
    int refused;     // as WEBHOOKS_WAITING_MAX wait: kept as failed
};
