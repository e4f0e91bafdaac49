// One meeting: who is in, since when, as what. Every change of who is in enters here, whichever
// door it came by.
#pragma once

#include "base/id.h"
#include "base/map.h"
#include "base/moment.h"
#include "base/timers.h"
#include "room/chat_history.h"
#include "room/event.h"
#include "room/peer.h"
#include "room/poll.h"
#include "room/session_store.h"
#include "room/template.h"

enum { ROOM_NAME_LEN_MAX = 200, ROOM_DESCRIPTION_LEN_MAX = 4096 };

// What is stored of a room and matters while it is live.
struct room_record {
    char id[OBJECT_ID_LEN + 1];
    char name[ROOM_NAME_LEN_MAX + 1];
    char description[ROOM_DESCRIPTION_LEN_MAX + 1];
    bool enabled;
    bool large;
    int size;               // how many may be in; 0: as many as fit into any room of its kind
    int chat_history;       // messages kept for late joiners; 0: none
    int64_t max_duration_s; // of a session; 0: as long as the server allows
};

struct room {
    struct rooms *rooms;
    uint64_t number; // of all rooms in this process, never used again
    struct room_record record;
    struct template *template;
    struct map peers;  // id -> struct peer, those that are joining included
    struct map tracks; // id -> struct track, of all peers
    size_t joined_count;
    size_t waiting_count;                       // of those who have joined
    size_t told_count;                          // of those who have joined: see room/presence.h
    bool hides_peers;                           // somebody of this session was not told of
    size_t role_counts[ROLES_PER_TEMPLATE_MAX]; // of `peers`, by the place in the template
    bool locked; // by end-room, until the back end says otherwise: the store learns of it later
    int holds;
    char session_id[OBJECT_ID_LEN + 1]; // "" while nobody is in
    int64_t started_at;                 // ms since the Unix epoch; 0 while nobody is in
    struct session_store store;         // of this session
    struct chat_history history;        // of this session
    struct list changed;                // link in rooms.changed
    struct polls polls;                 // of this session
    struct timer scores;                // when new ones are told: see room/quality.h
    struct linked_polls *linked;        // for sessions to come: room/poll_link.h; NULL: none
    struct past_tracks *past_tracks;    // of this session: room/report.c; NULL: none
    struct timer duration;              // the next warning, or the end
    size_t warnings_given;              // of room/duration.c
};

// --- May this person come in? Asked by GET /init and by `join`, decided here ---

enum admission {
    ADMISSION_GRANTED,
    ADMISSION_ROOM_DISABLED,
    ADMISSION_ROLE_UNKNOWN,
    ADMISSION_ROLE_FULL, // maxPeerCount of the role
    ADMISSION_ROOM_FULL,
};

// `live` is the room when it is live, else NULL. A peer that is in already is not counted as
// one more, nor turned away because its room was disabled or filled up since.
enum admission room_may_join(const struct room_record *record, const struct template *template,
                             const struct room *live, const char *role, const char *peer_id);
int admission_code(enum admission a);         // 403; 0 when granted
const char *admission_text(enum admission a); // "room is not active"; the SDK shows some

// --- Coming and going ---

struct join_wish {
    const char *peer_id; // of the socket's URL, checked with peer_id_is_valid()
    const char *user_id; // of the verified token, as is `role`; the peer's id if it has none
    const char *role;
    const char *name;
    const char *metadata;
    const char *offer; // opaque SDP; NULL for a role without media
    bool auto_video;
    bool on_demand; // cameras only when it asks for them
    enum peer_door door;
    const char *only; // DOOR_WHEP: the id of the peer to be watched; NULL: all
};

// Lets the peer in: PEER_JOINING until media_answered(), or joined at once without an offer.
// The only offer of a peer that does not signal is in the wish, with all that it publishes.
// EVENT_ANSWERED with `request` follows in any case. A peer of the same user that is in already
// has lost the answer to its first try: it leaves and joins anew. Returns 0; ERR_REFUSED with
// `why` set when it may not come in; ERR_EXISTS when the id is another user's; ERR_FULL for a
// name or metadata over its bound.
int room_join(struct room *room, const struct join_wish *wish, uint64_t request,
              struct moment now, struct event_list *events, struct peer **peer,
              enum admission *why);

// Somebody may not come in, and that is told: EVENT_JOIN_FAILED. `why` is ADMISSION_GRANTED
// when all that is wrong is a peer id which is another user's. room_join() does it by itself.
void room_refuse_join(const struct room *room, const struct join_wish *wish, enum admission why,
                      struct event_list *events);

// A peer that was joining does not come in, and is gone.
void room_fail_join(struct peer *peer, const char *why, struct moment now,
                    struct event_list *events);

void room_leave(struct peer *peer, enum leave_reason reason, struct moment now,
                struct event_list *events);

// Somebody makes the peer go: `by` is their peer id, "" the back end or the server itself, and
// `why` what they said.
struct expulsion {
    enum leave_reason reason; // LEAVE_REMOVED, LEAVE_ROOM_ENDED
    const char *by;
    const char *why;
};

void room_expel(struct peer *peer, const struct expulsion *expulsion, struct moment now,
                struct event_list *events);

struct peer *room_peer(const struct room *room, const char *peer_id);   // or NULL
struct peer *room_joined(const struct room *room, const char *peer_id); // in, or NULL

// The peer's socket is gone: it stays for RECONNECT_GRACE_MS, media goes on. One that has not
// joined yet leaves at once.
void room_detach(struct peer *peer, struct moment now, struct event_list *events);
// A new socket speaks for the peer. An offer of ours that the old one may have lost is
// repeated.
void room_attach(struct peer *peer, struct event_list *events);

// Whether a name and metadata are within their bounds; NULL is.
bool room_texts_fit(const char *name, const char *metadata);

// NULL leaves as it is. Returns 0, or ERR_FULL beyond a bound.
int room_update_peer(struct peer *peer, const char *name, const char *metadata,
                     struct moment now, struct event_list *events);

// What a session has to remember has changed; snapshots of it are taken from rooms.changed.
// Events about a peer do this by themselves where it is so.
void room_touch(struct room *room);

// Whether `subscriber` has a way to get anything of `publisher`; and whether it is to see and
// hear what that one publishes, by its role.
bool room_may_get(const struct peer *subscriber, const struct peer *publisher);
bool room_subscribes(const struct peer *subscriber, const struct peer *publisher);
size_t room_track_count(const struct room *room); // announced ones

// Whether one more with `role` has a place.
bool room_has_place(const struct room *room, const struct role *role);

// --- For the other files of room/ only ---

void room_set_role(struct peer *peer, const struct role *role);

struct peer *room_add_peer(struct room *room, const struct join_wish *wish,
                           const struct role *role);
// The first offer was accepted: the peer is in.
void room_admit(struct peer *peer, const char *answer, struct moment now,
                struct event_list *events);
// A peer that joined without an offer, or whose connections are lost, sends one after all.
void room_open_media(struct peer *peer, struct event_list *events);
// Take the track, or the peer and its tracks, out of all tables and free them.
void room_drop_track(struct track *track);
void room_drop_peer(struct peer *peer);
void room_forget_if_idle(struct room *room);
