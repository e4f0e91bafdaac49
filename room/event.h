// All that can happen in rooms. A call which changes a room appends events; whoever cares picks
// theirs: signal/notify tells people, server/bridge tells the media worker, the session log
// takes notes. Events are delivered after each call, in order, and then forgotten:
//
//     room_*(..., events)   signal_deliver(events)   bridge_deliver(events) event_list_clear()
//
// An event is a snapshot: what it points to lives in the list's arena until it is cleared.
#pragma once

#include "base/mem.h"
#include "room/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    // People: told to everybody in the room unless it says otherwise.
    EVENT_ROOM_OPENED,   // `session`: the first peer is in. For the session log
    EVENT_ROOM_CLOSED,   // `session`: the last peer has left. For the session log
    EVENT_PEER_JOINED,   // `who`
    EVENT_PEER_LEFT,     // `who`, `left`
    EVENT_PEER_SHOWN,    // `who` is in already, and told to all from now on
    EVENT_PEER_ADMITTED, // `who` waits no more: to most it has just come
    EVENT_PEER_HELD,     // `who` waits now: to most it has gone
    EVENT_PEER_UPDATED,  // `who`: name, metadata, role
    EVENT_TAKEN_OVER,    // `who` has a new socket while the old one looked open. For the log
    EVENT_ROLE_ASKED,    // `role`, `who` if a peer asks: the question to `peer`
    EVENT_ROLE_CHANGED,  // `who` with the new role, `role`: EVENT_PEER_UPDATED follows
    EVENT_ROOM_ENDED,    // `ended`, `who` if a peer did it: before the others leave
    // What was tried and came to nothing. For the session log
    EVENT_JOIN_FAILED,    // `who`, `failed`
    EVENT_LEAVE_FAILED,   // `who`, `failed`: before it was in
    EVENT_ROLE_FAILED,    // `who`, `role`, with `why`
    EVENT_END_FAILED,     // `failed`: nobody was in
    EVENT_TRACKS_ADDED,   // `who`, `tracks`
    EVENT_TRACKS_UPDATED, // `who`, `tracks`
    EVENT_TRACKS_REMOVED, // `who`, `tracks`
    EVENT_TRACKS_ENDED,   // `who`, `tracks`: they go with their owner. For the session log
    EVENT_ROOM_ENDS_SOON, // `ends`
    EVENT_MUTE_ASKED,     // `asked`, `who` if a peer asks: to those it names only
    EVENT_CHAT,           // `chat`, `who` unless the back end says it: to those it names only
    EVENT_CHAT_PAST,      // the same: said before the peer came. Not for the session log
    EVENT_POLL_STARTED,   // `poll`
    EVENT_POLL_STOPPED,   // `poll`
    EVENT_POLL_STATS,     // `poll`: answers have come in
    EVENT_POLL_ANSWERED,  // `poll`, `who`. For the session log
    EVENT_STATS_REPORTED, // `who`, `stats`. For the session log, as the next
    EVENT_CLIENT_FAILED,  // `who`, `failure`
    EVENT_STORE_CHANGED,  // `store`: to those it names only
    EVENT_SPEAKERS,       // `speakers`
    EVENT_QUALITY,        // `quality`
    EVENT_LAYERS, // `layers`: what `peer` gets of pictures is less, or more, than before
    EVENT_DEMAND, // `demand`: the most of a track of `peer` that anybody has use for

    // Replies of the media worker: for one client.
    EVENT_ANSWERED, // `peer`, `answered`: to an offer; also ends a join without one
    EVENT_OFFER,    // `peer`, `offer`: the server's next offer for the subscribe connection

    // Wishes: for the media worker. `peer` is the endpoint's person.
    EVENT_ENDPOINT_OPEN,    // `endpoint`
    EVENT_ENDPOINT_CLOSE,   // `endpoint`
    EVENT_PUBLISH,          // `publish`
    EVENT_WATCH,            // `watch`: a viewer's offer
    EVENT_FRAGMENT,         // `fragment`: what a client says of ICE after its offer
    EVENT_SEAT_LAYER,       // `seat`: what a viewer wants of its sections, or asks of them
    EVENT_SUBSCRIBE_ANSWER, // `offer`: the client's answer
    EVENT_SUBSCRIBE_RESTART,
    EVENT_FEED_OPEN,     // `feed`: `peer` gets this track
    EVENT_FEED_CLOSE,    // `feed`
    EVENT_FEED_LAYER,    // `feed`
    EVENT_SUBSCRIBE_CAP, // `subscribe_cap`: of the peer's role, from now on
    EVENT_TRACK_MUTE,    // `mute`
    EVENT_TRACK_CAP,     // `cap`: the publisher's role is another
};

// At most this much of a track.
enum feed_level { FEED_NONE, FEED_LOW, FEED_MEDIUM, FEED_HIGH };

enum leave_reason {
    LEAVE_CLIENT_REQUEST,   // "client request"
    LEAVE_WEBSOCKET_CLOSED, // "websocket closed": did not come back in time
    LEAVE_MEDIA_LOST,       // "connection lost": does not signal, and its media is gone
    LEAVE_REPLACED,         // "server removed peer": joined again with the same id
    LEAVE_REMOVED,          // "peer kicked", by somebody who may
    LEAVE_ROOM_ENDED,       // "server removed peer": the meeting is over for all
};

const char *leave_reason_text(enum leave_reason reason);

struct peer_view {
    uint64_t number;
    const char *id;
    const char *role;
    const char *name;
    const char *metadata;
    const char *user_id;
    const char *const *groups;
    size_t group_count;
    bool waits;              // to be let in
    bool is_told;            // to others
    int64_t joined_at;       // ms since the Unix epoch
    struct token_hash token; // that let it in; nobody else is told
};

struct event_speaker {
    const char *peer_id;
    const char *track_id;
    int level; // 1..100
};

struct event_score {
    const char *peer_id;
    int downlink_score; // 0..5
};

// What a subscriber gets of a track's pictures, and what it asked for. Degraded: less than
// that, as its own line has no room for more, or as the publisher sends no more.
struct event_layer {
    const char *track_id;
    enum feed_level current;
    enum feed_level expected;
    bool subscriber_degraded;
    bool publisher_degraded;
};

// What a role may be sent: kbit/s of pictures and sound together; 0: no bound. Where losses in
// percent stay over `loss_percent` (0: no matter how high) for `degrade_s` seconds, less is
// sent until they were below for `recover_s` seconds.
struct event_subscribe_cap {
    int kbps;
    int loss_percent;
    int degrade_s;
    int recover_s;
};

// Somebody who is held until let in.
struct event_waiting {
    const char *peer_id;
    const char *name;
    const char *user_id;
    int64_t since; // ms since the Unix epoch
};

// A value of the session store. One that is set has data, or, where the key is the server's, a
// list.
struct event_value {
    const char *key;
    const char *data; // JSON text, opaque here; NULL: unset, or a list
    const struct event_waiting *waiting;
    size_t waiting_count;
    const char *updated_by; // a peer's id; "" for the server's own
    int64_t updated_at;     // ms since the Unix epoch
    int64_t version;        // 0: unset
};

// What a role lets a track need: kbit/s; 0: no bound.
struct event_track_cap {
    int kbps; // without simulcast
    // The encodings that it may have; none: one.
    const struct simulcast_layer *layers;
    size_t layer_count;
};

struct event_publish_track {
    uint64_t number;
    const char *id;
    const char *stream_id;
    bool is_video;
    struct event_track_cap cap;
};

// An answer to a poll, as the store keeps it.
struct event_answer {
    const char *id;
    const char *original; // id of the first of those that it replaces; "": none
    int retries;          // how many it replaces
    int64_t question;     // its index
    bool is_skipped;
    uint32_t options;    // option i is bit i - 1
    const char *text;    // "" of a choice
    const char *voter;   // the same for all answers of a person to this poll
    const char *peer_id; // "" in an anonymous poll, as is `user_id`
    const char *user_id;
    int64_t duration_ms;
    int score;
    int64_t sent_at; // ms since the Unix epoch
};

struct poll_info;
struct poll_question;
struct report_track;

struct event {
    enum event_kind kind;
    uint64_t room;  // the room's number
    uint64_t peer;  // whom it is about; for wishes, whose endpoint
    uint64_t actor; // the peer whose request it came of; 0: nobody's. Set by signal/
    const struct peer_view *who;
    union {
        struct {
            const char *session_id; // 24 hex
            const char *room_id;
            const char *room_name;
            const char *template_id;
            int64_t started_at; // ms since the Unix epoch
            int64_t ended_at;   // EVENT_ROOM_CLOSED
        } session;
        struct {
            enum leave_reason reason;
            int64_t left_at; // ms since the Unix epoch
            // LEAVE_REMOVED, LEAVE_ROOM_ENDED:
            const char *by;  // a peer's id; "": the back end or the server itself
            const char *why; // as they said
        } left;
        struct {
            const struct track_wish *list;
            const int64_t *started_at; // of each, ms since the Unix epoch
            size_t count;
        } tracks;
        struct {
            const char *id;
            bool is_kept;                      // written down: see enum poll_origin
            int64_t at;                        // STARTED, STOPPED: ms since the Unix epoch
            const struct event_answer *answer; // ANSWERED
            // STARTED, when the store does not know the poll yet; else NULL:
            const struct poll_info *info;
            const struct poll_question *questions;
            size_t question_count;
        } poll;
        struct {
            int64_t seconds_left;
        } ends;
        struct {
            const char *name; // EVENT_ROLE_ASKED: the role; EVENT_ROLE_CHANGED: the one before
            bool saw_waiting,
                sees_waiting;  // EVENT_ROLE_CHANGED: those who wait, before and now
            const char *token; // EVENT_ROLE_ASKED
            const char *by;    // a peer's id; "": the back end
            const char *why;   // EVENT_ROLE_FAILED
        } role;
        struct {
            const char *room_id;
            bool lock; // the room is to be disabled in the store too
            const char *reason;
        } ended;
        struct {
            const char *room_id;
            const char *room_name; // NULL, with template_id: not known yet
            const char *template_id;
            const char *why;
            bool lock; // EVENT_END_FAILED, as `reason`
            const char *reason;
        } failed;
        struct {
            bool muted; // true: to be muted at once; false: please switch on
            // Of one track, or NULL: of all these.
            const char *track_id;
            const char *stream_id;
            const char *type;         // "audio", "video"; NULL: both
            const char *source;       // "regular"; NULL: any
            const char *const *roles; // as the sender named them
            size_t role_count;
            const uint64_t *to; // numbers of the peers that are asked
            size_t to_count;
        } asked;
        struct {
            const char *message_id;
            int64_t sent_at; // ms since the Unix epoch
            const char *type;
            const char *message;
            bool is_private;
            const char *const *roles; // those that the sender named, for the receivers to see
            size_t role_count;
            const uint64_t *to; // numbers of the peers that get it
            size_t to_count;
        } chat;
        struct {
            bool subscribes;
            const struct report_track *tracks; // of room/report.h
            size_t count;
        } stats;
        struct {
            const char *room_id; // those who say so may be in no session
            const char *room_name;
            const char *template_id;
            const char *name; // "publish.failed"
            const char *info; // JSON, as the client says
            const char *agent;
        } failure;
        struct {
            const struct event_value *list;
            size_t count;
            const uint64_t *to; // numbers of the peers that observe all of them
            size_t to_count;
        } store;
        struct {
            const struct event_speaker *list; // loudest first; none: silence
            size_t count;
        } speakers;
        struct {
            const struct event_score *list;
            size_t count;
            uint64_t to; // a peer's number; 0: everybody
        } quality;
        struct {
            uint64_t request;
            int err;          // 0, or ERR_*, then `text` says why
            const char *text; // the answer, opaque; NULL for a join without an offer
        } answered;
        struct {
            const char *sdp;
        } offer;
        struct {
            bool subscribe; // else the one to publish
            bool answers;   // the client makes the offer, and its peer subscribes
        } endpoint;
        struct {
            uint64_t request; // comes back in media_answered()
            const char *sdp;
            const struct event_publish_track *tracks; // all that are published
            size_t track_count;
            const char *video_codec; // the role's: "vp8"; "" when it does not say
            bool whole; // what the offer sends are these tracks, all of it or nothing
        } publish;
        struct {
            uint64_t request; // comes back in media_answered()
            const char *sdp;
        } watch;
        struct {
            uint64_t request; // comes back in media_answered()
            const char *text;
            bool subscribe; // of the peer's connections
        } fragment;
        struct {
            uint64_t request; // comes back in media_answered()
            bool chooses;
            const char *mid; // of the section; "": of each that has pictures
            enum feed_level level;
        } seat;
        struct {
            uint64_t track;
            enum feed_level level; // EVENT_FEED_OPEN, EVENT_FEED_LAYER
            bool ahead;            // EVENT_FEED_OPEN: before others where there is little room
            int priority;          // EVENT_FEED_OPEN: of the publisher's role; 1 is the highest
        } feed;
        struct event_subscribe_cap subscribe_cap;
        struct {
            const struct event_layer *list;
            size_t count;
        } layers;
        struct {
            const char *track_id;
            enum feed_level most;
        } demand;
        struct {
            uint64_t track;
            bool muted;
            bool held; // by somebody else: nothing of it is to be sent
        } mute;
        struct {
            uint64_t track;
            struct event_track_cap is;
        } cap;
    };
};

// Zero-initialised is an empty list.
struct event_list {
    struct event *at;
    size_t count;
    size_t cap;
    struct arena arena;
};

void event_list_clear(struct event_list *list); // keeps the table's memory
void event_list_dispose(struct event_list *list);

// For room/: appends an event about `peer`; the fields of its union are the caller's to fill.
struct event *event_add(struct event_list *list, enum event_kind kind, const struct peer *peer);
struct event *event_add_who(struct event_list *list, enum event_kind kind,
                            const struct peer *peer);              // with the snapshot `who`
const char *event_text(struct event_list *list, const char *text); // a copy
