// May this person come in? Asked at every door (GET /init, a socket that opens, `join`, WHIP
// and WHEP), before a restart of the server and after it, and decided by one function.
//
// A peer's id and user id are in every roster, so they prove nothing. Somebody who comes back
// to a peer that is in shows the very token that let the peer in.
#pragma once

#include "base/token_hash.h"
#include "room/event.h"
#include "room/live.h"

struct join_wish {
    const char *peer_id; // of the socket's URL, checked with peer_id_is_valid()
    const char *user_id; // of the verified token, as is `role`; the peer's id if it has none
    const char *role;
    struct token_hash token;
    bool has_expired;         // the token: a peer comes back with it, and nobody comes in
    const char *room_code_id; // that the token was traded for; "" or NULL: none
    const char *name;
    const char *metadata;
    const char *offer; // opaque SDP; NULL for a role without media
    bool auto_video;
    bool on_demand; // cameras only when it asks for them
    enum peer_door door;
    const char *only; // DOOR_WHEP: the id of the peer to be watched; NULL: all
};

enum admission {
    ADMISSION_GRANTED,
    ADMISSION_ROOM_DISABLED,
    ADMISSION_ROLE_UNKNOWN,
    ADMISSION_ROLE_FULL, // maxPeerCount of the role
    ADMISSION_ROOM_FULL,
    ADMISSION_PEER_TAKEN,    // the id is that of a peer which another token let in
    ADMISSION_TOKEN_EXPIRED, // and it did not let in a peer that is in under that id
    ADMISSION_CODE_DISABLED, // the token's room code
    ADMISSION_REMOVED,       // who had this token was removed from this session
    ADMISSION_TOKEN_FULL,    // as many are in with this token as may be
};

enum entry {
    // Somebody looks on; or goes on as a peer that is in, which no rule but the token's keeps
    // out.
    ENTRY_SOCKET,
    // Somebody joins, for the first time or again: a peer that is in takes its own place, in
    // the role that it has.
    ENTRY_JOIN,
};

// `live` is the room when it is live, else NULL: then the disabled codes and who was removed
// are not known here. Of the wish only what the token says counts.
enum admission admission_of(const struct room_record *record, const struct template *template,
                            const struct room *live, const struct join_wish *wish,
                            enum entry entry);

// Whether the token is the very one that let in the peer with that id. `live` may be NULL.
bool admission_is_return(const struct room *live, const char *peer_id,
                         const struct token_hash *token);

int admission_code(enum admission a);         // 401, 403, 409; 0 when granted
const char *admission_text(enum admission a); // "room is not active"; the SDK shows some

// Somebody may not come in, and that is told: EVENT_JOIN_FAILED. room_join() does it by itself.
void admission_refuse(const struct room *room, const struct join_wish *wish, enum admission why,
                      struct event_list *events);

// --- For the other files of room/ only ---

// Whether one more with `role` has a place.
bool admission_has_place(const struct room *room, const struct role *role);
// Fills an event of something that was tried and came to nothing.
void admission_tell_failure(const struct room *room, struct event *event, const char *why,
                            struct event_list *events);
