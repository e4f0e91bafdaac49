// A person in a room and what they publish. spec: a peer's id is chosen by the client and stays
// the same through preview, join and reconnects.
#pragma once

#include "base/id.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/moment.h"
#include "base/token_hash.h"
#include "room/template.h"

#include <stdbool.h>
#include <stdint.h>

enum { PEER_ID_LEN_MAX = 64, TRACK_ID_LEN_MAX = 64, TRACK_SOURCE_LEN_MAX = 32 };
enum { TRACK_DESCRIPTION_LEN_MAX = 256 };

enum track_type { TRACK_AUDIO, TRACK_VIDEO };

// A track as its publisher describes it: the wish of an offer or of an update.
struct track_wish {
    char id[TRACK_ID_LEN_MAX + 1];        // the msid's track id
    char stream_id[TRACK_ID_LEN_MAX + 1]; // the msid's stream id
    enum track_type type;
    char source[TRACK_SOURCE_LEN_MAX + 1]; // "regular", "screen", "plugin", ...
    char description[TRACK_DESCRIPTION_LEN_MAX + 1];
    bool muted;
};

struct track {
    struct track_wish is; // as last told
    uint64_t number;      // of all tracks in this process, never used again
    struct peer *owner;
    bool allowed;       // by the owner's role; else it is neither announced nor forwarded
    bool negotiated;    // the media worker has it
    bool held;          // muted by somebody else, and its publisher has not unmuted it since
    bool announced;     // media was negotiated, others know of it
    int64_t started_at; // ms since the Unix epoch
};

enum { SCORE_NONE = -1 };

// How a peer came in, and so which connections it has.
enum peer_door {
    DOOR_SIGNAL, // signals: one connection to publish and one to subscribe
    DOOR_WHIP,   // offered once what it publishes, and can be told nothing
    DOOR_WHEP,   // offered once to watch, likewise
};

enum peer_state {
    PEER_JOINING, // its first offer is with the media worker; nobody knows of it yet
    PEER_JOINED,
};

// A question whether the peer would like another role. One at a time: a new one replaces it.
struct role_request {
    char token[UUID_LEN + 1];     // "": there is none
    const struct role *role;      // of the room's template
    char by[PEER_ID_LEN_MAX + 1]; // "": the back end
    int64_t expires_at;           // us, monotonic
};

// How many reports of a client were taken since when: room/report.h.
struct report_budget {
    int64_t since_us; // monotonic
    int count;
};

struct peer {
    uint64_t number; // of all peers, in the order of joining; never used again
    struct room *room;
    char id[PEER_ID_LEN_MAX + 1];
    char *user_id;
    char *name;
    char *metadata;
    char *token_role;        // the role its token says
    struct token_hash token; // that let it in; a socket that comes back for it shows the same
    // What the peer goes by: the room's template as it was when the peer came or got its role.
    struct template *template;
    const struct role *role; // of it
    enum peer_state state;
    enum peer_door door;
    char *only;          // a viewer's: the id of the peer that it watches; NULL: all
    bool has_media;      // false: joined without an offer, has no peer connections
    bool lost_media;     // its connections ended with the process that held them
    bool is_told;        // others know of it: see room/presence.h
    bool auto_video;     // wants video forwarded before it asks for a layer
    bool on_demand;      // wants cameras offered only when it asks: room/wanted.h
    int64_t joined_at;   // ms since the Unix epoch
    int64_t asked_at;    // us, monotonic: when it asked to join; 0 once it has media, or waits
    uint64_t join_offer; // request number of the first offer
    struct track *tracks[TRACKS_PER_PEER_MAX];
    size_t track_count;

    // The server's offer that the client has not answered yet, opaque text; sent again when the
    // client comes back with a new socket. NULL when there is none.
    char *subscribe_offer;
    bool subscribe_failed; // its transport closed while no socket could carry a new offer

    char *groups[GROUPS_PER_PEER_MAX]; // names; "_handraise" is a raised hand
    size_t group_count;
    struct role_request asked;

    char **wanted; // ids of the tracks that it asked for
    size_t wanted_count;

    struct report_budget reports;

    char **observed; // keys of the session store, whether set or not
    size_t observed_count;

    uint64_t
        chat_seen; // number of the last kept message that it got before it was away, or held
    int downlink_score; // 0..5, or SCORE_NONE: see room/quality.h
    bool score_is_news; // not told yet

    bool attached;           // a socket speaks for it
    int64_t grace_ends_at;   // us, monotonic; NEVER while attached
    struct list detached_at; // link in rooms.detached
};

static inline bool peer_publishes(const struct peer *peer)
{
    return peer->has_media && peer->door != DOOR_WHEP;
}

static inline bool peer_subscribes(const struct peer *peer)
{
    return peer->has_media && peer->door != DOOR_WHIP;
}

// 1 to 64 characters of A-Z a-z 0-9 _ -, and not inherited: see base/id.h.
bool peer_id_is_valid(const char *id);

// For qsort() of pointers to peers: in the order of joining.
int peer_by_number(const void *a, const void *b);

// What kind of publishing a track is, to be compared with the role's allowed ones: a "screen"
// source counts as screen, its sound too.
enum publish_kind track_wish_kind(const struct track_wish *wish);
