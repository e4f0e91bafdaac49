// The live rooms as data: those that somebody is in, or is about to join, with all that is kept
// of each. The other files of room/ work on it, each on the part that is named like it.
#pragma once

#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "base/moment.h"
#include "base/rng.h"
#include "base/timers.h"
#include "room/engine.h"
#include "room/peer.h"
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

// --- What a session keeps ---

// Zero-initialised is an empty one: see room/session_store.h.
struct session_store {
    struct map values;    // key -> struct session_value
    size_t key_count;     // those set by clients, as is `size_bytes`
    size_t size_bytes;    // of keys and values
    int64_t last_version; // never given twice, so a value that was unset and set again differs
    bool has_unset;       // something was unset in this session
};

// Zero-initialised is an empty one: see room/chat_history.h.
struct chat_history {
    struct past_message *first;
    struct past_message *last;
    size_t count;
    size_t size_bytes;
    uint64_t last_number; // of all messages that were ever in it
};

// Zero-initialised is empty: see room/poll.h.
struct polls {
    struct map by_id;
    uint64_t last_number;
};

// The tokens of those who were removed: see room/removed.h.
struct removed {
    struct map tokens; // hash -> struct removed_token
    struct list order; // the first to be removed first
};

// --- A room ---

struct room {
    struct rooms *rooms;
    uint64_t number; // of all rooms in this process, never used again
    struct room_record record;
    struct template *template; // as it is stored now: peers that come in go by it
    struct map peers;          // id -> struct peer, those that are joining included
    struct map tracks;         // id -> struct track, of all peers
    size_t joined_count;
    size_t waiting_count;                       // of those who have joined
    size_t told_count;                          // of those who have joined: see room/presence.h
    bool hides_peers;                           // somebody of this session was not told of
    size_t role_counts[ROLES_PER_TEMPLATE_MAX]; // of `peers`, by template_place()
    bool locked; // by end-room, until the back end says otherwise: the store learns of it later
    int holds;
    char session_id[OBJECT_ID_LEN + 1]; // "" while nobody is in
    int64_t started_at;                 // ms since the Unix epoch; 0 while nobody is in
    struct session_store store;         // of this session
    struct chat_history history;        // of this session
    struct removed removed;             // of this session
    struct room_codes *codes;           // NULL: none
    struct list changed;                // link in rooms.changed
    struct map changed_parts;           // name -> struct changed_part
    bool is_changed_whole;              // all of its parts are
    uint64_t change;                    // the last one, by rooms.last_change
    struct polls polls;                 // of this session
    struct timer scores;                // when new ones are told: see room/quality.h
    struct linked_polls *linked;        // for sessions to come: room/poll_link.h; NULL: none
    struct past_tracks *past_tracks;    // of this session: room/report.c; NULL: none
    struct timer duration;              // the next warning, or the end
    size_t warnings_given;              // of room/duration.c
};

// --- All of them ---

// What a timer in rooms.timers stands for: `kind` of struct timer.
enum rooms_timer {
    TIMER_ROOM_DURATION, // owner: struct room
    TIMER_POLL_END,      // owner: struct poll
    TIMER_POLL_STATS,    // owner: struct poll
    TIMER_SCORES,        // owner: struct room
};

struct rooms {               // owned by the control thread
    struct map by_id;        // room id -> struct room
    struct map peers;        // number -> struct peer
    struct map tracks;       // number -> struct track
    struct list changed;     // rooms whose session changed since somebody took them out of here
    struct list detached;    // peers without a socket, the longest first
    struct timers timers;    // whatever else has its time
    bool removed_may_return; // whoever was removed, with the same token
    size_t peers_per_token;  // in one room; 0: as many as there is room for
    int64_t max_session_s;   // the longest that any room may go on; 0: for ever
    struct engines engines;  // what the server can do beside the meetings themselves
    uint64_t last_change;    // of all sessions: each room_touch() is one
    uint64_t touched[TOUCHED_KEPT]; // a hash of the part that a change touched, by its number
    uint64_t last_number; // of rooms, peers, tracks and media requests: never used twice
    struct id_source ids; // session ids
    struct rng *rng;      // borrowed
};

// --- Who and what is in them ---

struct room *rooms_find(const struct rooms *rooms, const char *room_id); // NULL: not live

struct peer *room_peer(const struct room *room, const char *peer_id);   // or NULL
struct peer *room_joined(const struct room *room, const char *peer_id); // in, or NULL

// Whether the template has a role of this name, or somebody has one that it had once.
bool room_knows_role(const struct room *room, const char *name);

struct peer *rooms_peer(const struct rooms *rooms, uint64_t number);   // or NULL
struct track *rooms_track(const struct rooms *rooms, uint64_t number); // or NULL
uint64_t rooms_number(struct rooms *rooms);                            // a new one

// --- What has changed since a session was written down (store/snapshot) ---

// What is written by itself. A part is named by one of these letters and its key.
enum session_part {
    PART_PEER = 'p',    // by its id
    PART_VALUE = 'v',   // by its key
    PART_MESSAGE = 'm', // by its number: room_touch_message()
    PART_POLL = 'q',    // by its id
    PART_VOTER = 'w',   // by the poll's id, a line feed and the voter's key
};

struct changed_part {
    enum session_part part;
    char name[]; // the letter and the key
};

// Something of the session itself has changed. The room is in rooms.changed then.
void room_touch(struct room *room);
// A part was made, has changed or is gone. Events about a peer do this by themselves where it
// is so.
void room_touch_part(struct room *room, enum session_part part, const char *key);
// Whether nothing that the changes behind `before`, up to `after`, touched has changed since;
// both are of last_change. False when that is forgotten: TOUCHED_KEPT changes are remembered.
bool rooms_untouched(const struct rooms *rooms, uint64_t before, uint64_t after);
void room_touch_message(struct room *room, uint64_t number);
void room_touch_whole(struct room *room); // whatever there is
// What had changed is written down, or on its way: the room is in rooms.changed no more.
void room_written(struct room *room);

// Whether `subscriber` has a way to get anything of `publisher`; and whether it is to see and
// hear what that one publishes, by its role.
bool room_may_get(const struct peer *subscriber, const struct peer *publisher);
bool room_subscribes(const struct peer *subscriber, const struct peer *publisher);
