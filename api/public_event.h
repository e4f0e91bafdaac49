// What happens in rooms, as the vendor's webhooks and analytics tell it: each room event that
// somebody outside may want to know of becomes a type ("peer.join.success") and a JSON object.
// The names and members of those that the vendor has are theirs; the others are ours.
#pragma once

#include "base/id.h"
#include "base/text.h"
#include "room/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The session in which it happens.
struct public_event_session {
    char id[OBJECT_ID_LEN + 1]; // "": in the room, but in no session
    char room_id[OBJECT_ID_LEN + 1];
    char template_id[OBJECT_ID_LEN + 1];
    char *room_name;
    const char *account_id; // NULL counts as ""
    int64_t started_at;     // ms since the Unix epoch
};

struct public_event {
    const char *type;    // static
    const char *peer_id; // of the event; "": nobody's
    const char *user_id;
    int64_t at;        // ms since the Unix epoch
    bool is_for_hooks; // one of the webhooks, too
    bool is_error;
    struct text data; // a JSON object; the caller's to dispose of
};

// How many public events the event is: 0 for most, one for each track for those of tracks.
// `with_chat`: what people say is among them.
size_t api_public_event_count(const struct event *event, bool with_chat);

// The `at`th of them.
void api_public_event(const struct event *event, size_t at,
                      const struct public_event_session *session, int64_t now_ms,
                      struct public_event *told);
