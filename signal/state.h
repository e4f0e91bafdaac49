// What signal/ knows of its clients; for the files of this folder only.
#pragma once

#include "base/json.h"
#include "base/json_scan.h"
#include "base/list.h"
#include "base/map.h"
#include "base/text.h"
#include "base/timers.h"
#include "room/permit.h"
#include "room/rooms.h"
#include "signal/frame.h"
#include "signal/rpc.h"
#include "signal/tally.h"

struct signal;

// --- budget.c, share.c ---

// So many at once, and so many a second in the long run.
struct rate {
    int64_t per_second;
    int64_t burst;
};

struct bucket {
    struct rate rate;
    int64_t level;     // in millionths
    int64_t filled_at; // us
};

struct bucket bucket_full(struct rate rate, int64_t now_us);
void bucket_fill(struct bucket *b, int64_t now_us); // with what time has brought
int64_t bucket_level(const struct bucket *b);       // as of then
// Takes what was used already: what is missing has to be filled first, but no more than the
// burst.
void bucket_spend(struct bucket *b, int64_t count, int64_t now_us);
// False when there is not as much in it: then nothing is taken.
bool bucket_take(struct bucket *b, int64_t count, int64_t now_us);

// What all sockets of one token, or of one address, have of the control thread: share.c.
struct share {
    uint8_t key[1 + 16];   // what it is of, and which
    struct bucket work;    // us
    struct bucket refused; // octets
    int64_t shut_until;    // us
    size_t users;
    struct list unused; // link in signal.unused_shares
};

// The share, held, made if there is none. NULL where it is nobody's: of no token.
struct share *share_hold_token(struct signal *s, const struct token_hash *token,
                               int64_t now_us);
// `network` is that of the address, 16 octets.
struct share *share_hold_network(struct signal *s, const uint8_t *network, int64_t now_us);
void share_release(struct signal *s, struct share *share); // NULL is no share
void shares_dispose(struct signal *s);

// What is read of a socket, or of a data channel.
struct budget {
    struct bucket messages;
    struct bucket work;                  // us of the control thread, as base/limits.h counts it
    struct share *of_token, *of_network; // held; NULL: there is none
    bool is_overrun;                     // much more was sent than is read
};

enum reading {
    READING_GRANTED,
    READING_LATER, // too much was said
    READING_NEVER, // it is too much to read in one go
};

struct budget budget_full(int64_t now_us); // with no share
// Whether the message, of which so much is known, may be parsed.
enum reading budget_take(struct budget *b, const struct json_scan *said, int64_t now_us);
// So many octets were answered.
void budget_answered(struct budget *b, size_t octets, int64_t now_us);

enum session_state {
    SESSION_LOADING, // its room is being loaded; messages wait
    SESSION_READY,   // previewing, or speaking for a peer
    SESSION_OVER,    // left or refused; the client will close, else we do
};

// A request that the media worker will answer.
struct pending {
    uint64_t request;
    json_t *id;
    size_t method; // its place in the tally
};

struct session {
    uint64_t number;
    enum session_state state;
    char *room_id;
    char *role;                     // of the token
    char *told_role;                // of the last policy; NULL before it
    struct template *told_template; // the same
    char *user_id;
    char *peer_id;
    struct token_hash token;
    int64_t expires_at_s; // of the token
    char *room_code_id;   // that the token was traded for; "": none
    char *user_agent;     // as its URL says
    struct report_budget reports;
    struct room *room; // held; NULL while loading
    uint64_t peer;     // number of the peer it speaks for; 0: none
    bool has_joined;   // a join was tried here, so a lost peer is no server restart
    bool knows_node;   // was told by node-info
    bool knows_count;  // was told by session-info before it joined
    bool takes_demand; // pauses what nobody has use for, if it is told

    struct text waiting[WS_WAITING_MAX]; // SESSION_LOADING
    size_t waiting_count;
    size_t waiting_bytes;

    struct pending pending[RPC_OFFERS_PENDING_MAX];
    size_t pending_count;
    size_t answering; // the method of the last one that was taken out

    struct budget budget;
    int errors_in_a_row;
    bool is_stranger; // has no token that lets it in: nothing that it says is read

    // Each of these lists is in the order of its deadlines, as all wait equally long.
    struct list in_room; // link in audience.sessions
    struct list silent;  // link in signal.silent, by the last sign of life
    int64_t heard_at;    // us
    struct list over;    // link in signal.over
    int64_t over_at;     // us

    bool is_slow;   // much of what it was sent waits
    uint64_t *owed; // numbers of the peers of which it has not been told all: owed.c
    size_t owed_count, owed_cap;
    struct list owing;    // link in signal.owing: some will be sent
    int64_t told_owed_at; // us; the last of it

    struct {              // an offer for connections that are lost: node_info.c
        uint64_t request; // 0: none
        size_t tracks;    // that the client has
        int64_t until;    // us; it is answered in any case
        struct timer due; // of signal.held_due: it may be answered
    } held;

    struct timer state_due; // of signal.states_due: a room-state will be sent
    int64_t state_told_at;  // us; of the last one
};

// The sessions of one room, previewing ones included.
struct audience {
    uint64_t room;
    struct list sessions;
    struct list moves; // comings and goings that are not told yet: see presence.c
    size_t move_count;
    bool knows_hidden;      // was told by room-info that it does not know of all
    struct list info_due;   // link in signal.infos_due: a session-info will be sent
    int64_t info_due_at;    // us
    struct bucket metadata; // of those who come
    struct bucket changes;  // of those who change: owed.c
    struct bucket told;     // by all: talk.c
    size_t session_count;
    size_t slow_count;          // of its sessions
    struct list updates;        // peers whose tracks changed, untold so far: updates.c
    struct map updates_of;      // the same, by their numbers
    struct bucket updates_told; // octets, to all together
    struct list updates_due;    // link in signal.updates_due
};

// A peer's data channel, which outlives its sockets.
struct channel {
    uint64_t peer;
    struct budget budget;
    int errors_in_a_row;
    int64_t deaf_until; // us: nothing is read before
};

// What a peer has told others, over whichever sockets.
struct talker {
    uint64_t peer;
    struct bucket told;
};

struct signal {
    struct rooms *rooms;
    struct map sessions;  // number -> struct session
    struct map by_peer;   // peer's number -> struct session
    struct map audiences; // room's number -> struct audience
    struct map channels;  // peer's number -> struct channel
    struct map talkers;   // peer's number -> struct talker
    struct list silent;
    struct list over;
    struct timers states_due; // of sessions
    struct timers held_due;   // the same
    struct list infos_due;
    struct list owing;       // sessions that are owed something, and not slow
    struct list updates_due; // audiences that are not told of all changes of tracks
    int64_t updates_at;      // us: when the next of these are told
    int64_t owing_at;        // us; when some is sent
    uint64_t last_session;
    struct map shares;         // key -> struct share
    struct list unused_shares; // roughly in the order in which they were used last
    struct list outcomes;      // of requests that were told 503 though they happened: outcome.c
    size_t outcome_count;
    struct signal_tally tally;
    bool is_short;                                          // of memory
    int (*offer_check)(struct bytes sdp, struct text *why); // or NULL
    char *node_id;
    struct text scratch; // the message being written
};

// One message on its way through the table of methods.
struct call {
    struct signal *signal;
    struct session *session; // NULL: a data channel whose peer has no socket now
    struct peer *peer;       // NULL: not joined
    bool by_channel;
    const struct rpc *rpc;
    struct moment now;
    struct frame_list *frames;
    struct event_list *events;
    size_t method;   // its place in the tally
    int code;        // of the error that it was answered with; 0: none
    bool has_failed; // the client is at fault
    size_t reply;    // the place of its frame, from 1; 0: there is none
    int answers;     // that it has, or will have from the media worker: one, if it has an id
};

// --- node_info.c ---

// To an offer for connections that are lost: tells of this node, and answers later.
void node_info_refuse(struct call *call);
void node_info_stop(struct signal *s, struct session *session);
int64_t node_info_deadline(const struct signal *s);
void node_info_expire(struct signal *s, struct moment now, struct frame_list *frames);

// --- media.c ---

// Whether the offer cannot be served; then that is the answer. For offers that end something:
// the media worker would say so only when it has gone.
bool media_refuse_offer(struct call *call, const char *sdp);

// --- reply.c ---

// {"jsonrpc":"2.0","id":...,"result": and then the value is the caller's to write, then
// reply_send(). Nothing is sent for a notification.
struct json_out reply_open(struct call *call);
struct json_out reply_open_as(struct call *call, const char *member); // "result", "error"
// What the answer is when the store does not answer in time.
struct bytes reply_not_stored(struct call *call);
void reply_send(struct call *call, struct json_out *j);
void reply_empty(struct call *call); // {}: a result has to be truthy in JavaScript
void reply_error(struct call *call, int code, const char *message);
// 403, naming the permission that the act needs.
void reply_forbidden(struct call *call, enum act act);
// To a message whose id could not be read: says null, as the specification wants.
void reply_unreadable(struct call *call, int code, const char *message);
// To an offer or join, once the media worker has answered; `sdp` NULL: a join without an offer.
void reply_answer(struct signal *s, const struct session *session, const json_t *id,
                  const char *sdp, struct frame_list *frames);
void reply_answer_error(struct signal *s, const struct session *session, const json_t *id,
                        int code, const char *message, struct frame_list *frames);

// --- session.c ---

struct session *signal_session(const struct signal *s, uint64_t number);
struct session *signal_session_of(const struct signal *s, uint64_t peer);
struct audience *signal_audience(const struct signal *s, uint64_t room);
// What the session's token and URL say, for room/: borrows from the session.
struct join_wish session_wish(const struct session *session, struct moment now);
// The session speaks for `peer` from now on; 0: for nobody.
void session_bind(struct signal *s, struct session *session, uint64_t peer);
// Nothing more is to come; the socket is closed after WS_LINGER_MS.
void session_end(struct signal *s, struct session *session, struct moment now,
                 struct frame_list *frames);
// on-error, which ends the client's attempts, and session_end().
void session_refuse(struct signal *s, struct session *session, int code, const char *message,
                    struct moment now, struct frame_list *frames);
// Remembers that the media worker will answer the request being handled. Returns the number to
// give to room/, or 0 when too many wait already.
uint64_t session_wait(struct call *call);
// The id of the waiting request, the caller's to json_decref(); NULL when it does not wait.
json_t *session_take(struct session *session, uint64_t request);
void channel_forget(struct signal *s, uint64_t peer); // its peer is gone
// Requests that wait will not be answered by the media worker any more, all but one.
void session_fail_requests(struct signal *s, struct session *session, uint64_t but,
                           const char *why, struct frame_list *frames);

// --- method.c ---

// Reads a message and calls its method. Beyond the budget it only answers that there were too
// many.
void method_run(struct call *call, struct bytes text, struct budget *budget);
// The table, for tests of it: NULL after the last.
const char *method_name(size_t at);
bool method_is_built(size_t at);
struct param; // param.h
const struct param *method_params(size_t at);

// --- shape.c: what several messages contain ---

void shape_tracks(struct json_out *j, const struct track_wish *tracks, size_t count);
void shape_node(struct json_out *j, const struct signal *s); // a member, if we have a name
// What the SDK calls a Peer: one that is in. `tracks` NULL: they are left out, as they are
// those that were told before.
struct shape_tracks {
    const struct track_wish *list;
    size_t count;
};
void shape_peer(struct json_out *j, const struct peer_view *peer,
                const struct shape_tracks *tracks);
// What the SDK calls PeerInfo: the members, without braces.
void shape_peer_info(struct json_out *j, const struct peer_view *peer);
// The same where the peer is only named: metadata over METADATA_SHORT_MAX is left empty, which
// clients take for no change.
void shape_peer_brief(struct json_out *j, const struct peer_view *peer);
void shape_room_state(struct json_out *j, const struct room *room);
struct peer_view shape_view(const struct peer *peer); // borrows the peer's texts
// Reads `tracks` of an offer or update; what is no track is left out. The list is in `arena`.
size_t shape_read_tracks(const json_t *tracks, struct arena *arena,
                         const struct track_wish **list);

// --- notify.c ---

// {"method":...,"params": and then the value, then notify_*().
struct json_out notify_open(struct signal *s, const char *method);
void notify_send(struct signal *s, const struct session *session, struct json_out *j,
                 struct frame_list *frames);
// The same in two steps: one text may go to many.
struct bytes notify_finish(struct signal *s, struct json_out *j, struct frame_list *frames);
void notify_text(const struct session *session, struct bytes text, struct frame_list *frames);
// To all who are in the room and do not wait to be let in.
void notify_all(struct signal *s, uint64_t room, struct bytes text, enum frame_kind kind,
                struct frame_list *frames);
void notify_others(struct signal *s, uint64_t room, const char *peer_id, struct bytes text,
                   struct frame_list *frames); // to all but this peer
// To all others who know of the peer that the event is about.
void notify_about(struct signal *s, const struct event *event, struct bytes text,
                  struct frame_list *frames);
// The peer begins or ends to wait: that is one thing to those who may let it in, and another
// to all others.
void notify_crossing(struct signal *s, const struct event *event, struct bytes to_admitting,
                     struct bytes to_others, struct frame_list *frames);
// To the peers with these numbers, as far as a socket speaks for them.
void notify_some(const struct signal *s, const uint64_t *to, size_t count, struct bytes text,
                 struct frame_list *frames);
void notify_error(struct signal *s, const struct session *session, int code,
                  const char *message, struct frame_list *frames);
// Of what the session's peer goes by; as long as there is none, of the room's template.
void notify_policy(struct signal *s, struct session *session, const char *role,
                   struct frame_list *frames);
// Unless that is what it was told last.
void notify_other_policy(struct signal *s, struct session *session, const char *role,
                         struct frame_list *frames);
void notify_peer_list(struct signal *s, struct session *session, struct frame_list *frames);
void notify_room_info(struct signal *s, const struct session *session,
                      struct frame_list *frames);
// Somebody joined of whom not all are told: all are told that this happens, once.
void notify_hidden(struct signal *s, uint64_t room, struct frame_list *frames);
void notify_session_info(struct signal *s, const struct session *session,
                         struct frame_list *frames);
void notify_session_info_to_all(struct signal *s, uint64_t room, struct moment now,
                                struct frame_list *frames);
int64_t notify_deadline(const struct signal *s);
void notify_expire(struct signal *s, struct moment now, struct frame_list *frames);
// --- updates.c ---

void updates_forget(struct audience *audience);
// Whether all may be told of something at once. Changes of people count too: owed.c.
bool updates_have_room(struct audience *audience, struct moment now);
// Whether this change of tracks (EVENT_TRACKS_*) is told later, as there is too much to tell
// already.
bool updates_are_put_off(struct signal *s, const struct event *event, struct moment now);
void updates_told(struct signal *s, const struct event *event, struct bytes text,
                  struct moment now);
int64_t updates_deadline(const struct signal *s);
void updates_expire(struct signal *s, struct moment now, struct frame_list *frames);

// To one who looks on; nothing when its role may not know.
void notify_room_state(struct signal *s, struct session *session, struct frame_list *frames);

// --- owed.c: what was left out where there was too much of it at once ---

// What may be told of it in one list of so many peers.
struct allowance {
    int64_t octets;
    size_t peers;
};

// Whether texts of this weight are told with the peer. Each has an equal part of what is left.
bool allowance_take(struct allowance *a, size_t weight);

// The session will be told all about the peer; false: there is no more room for that.
bool owed_add(struct signal *s, struct session *session, uint64_t peer);
void owed_forget(struct session *session);
int64_t owed_deadline(const struct signal *s);
void owed_expire(struct signal *s, struct moment now, struct frame_list *frames);
// To all others who know of the peer, which has just come.
void owed_tell_join(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames);
// To the peer, and to all others who know of it: its name, role or groups are others.
void owed_tell_update(struct signal *s, const struct event *event, struct moment now,
                      struct frame_list *frames);
// The peer as it is told to those for whom it crosses the line between waiting and being in.
struct peer_view owed_view(struct signal *s, const struct event *event, struct moment now);

// --- talk.c: who talks is slowed before those who listen are closed ---

enum talk {
    TALK_NONE,   // the method tells nobody else
    TALK_FREE,   // it may wait
    TALK_NEEDED, // media, mutes and roles: refused only to a peer that tells far too much
};

// Answers the request when it has to wait.
bool talk_allows(struct call *call, enum talk talk);
// The frames from `first` on were made of the event.
void talk_charge(struct signal *s, const struct event *event, const struct frame_list *frames,
                 size_t first, struct moment now);
void talk_forget(struct signal *s, uint64_t peer);

// --- presence.c ---

// The peer of the event came or went: told now, or with others at notify_expire().
void presence_joined(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames);
// Somebody who was in, and of whom nobody had to know until now.
void presence_shown(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames);
void presence_left(struct signal *s, const struct event *event, struct frame_list *frames);
bool presence_waits(const struct audience *audience, uint64_t peer); // came, and is not told
// Something is said about the peer: that it came is told first.
void presence_bring_forward(struct signal *s, uint64_t room, uint64_t peer, struct moment now,
                            struct frame_list *frames);
void presence_tell(struct signal *s, struct audience *audience, struct moment now,
                   struct frame_list *frames);
void presence_forget(struct audience *audience);

// --- preview.c ---

// What there is to see now.
void preview_tell(struct signal *s, struct session *session, struct moment now,
                  struct frame_list *frames);
// The peers of the room changed: those who look on will be told.
void preview_changed(struct signal *s, uint64_t room, struct moment now);
void preview_stop(struct signal *s, struct session *session);
void preview_expire(struct signal *s, struct moment now, struct frame_list *frames);

// --- policy.c ---

// The params of on-policy-change for somebody with `role`.
void policy_write(struct json_out *j, const struct template *template, const char *role,
                  const struct engines *engines);

// --- handlers, one file for each of room's ---

void handle_join(struct call *call);
void handle_leave(struct call *call);
void handle_ping(struct call *call);
void handle_analytics(struct call *call);
void handle_peer_update(struct call *call);
void handle_get_peer(struct call *call);

void handle_offer(struct call *call);
void handle_answer(struct call *call);
void handle_trickle(struct call *call);
void handle_track_update(struct call *call);
void handle_prefer_video(struct call *call);
void handle_prefer_audio(struct call *call);
// What SDKs until 2022 send on the data channel instead of these two: what they want of a
// stream, without a method and without an answer. False when the message is no such request.
bool handle_prefer_stream(struct call *call);

void handle_poll_info_set(struct call *call);
void handle_poll_info_get(struct call *call);
void handle_poll_questions_set(struct call *call);
void handle_poll_questions_get(struct call *call);
void handle_poll_start(struct call *call);
void handle_poll_stop(struct call *call);
void handle_poll_response(struct call *call);
void handle_poll_responses(struct call *call);
void handle_poll_list(struct call *call);
void handle_poll_result(struct call *call);
void handle_poll_leaderboard(struct call *call);

void handle_find_peer(struct call *call);
void handle_peer_iter_next(struct call *call);
void handle_peer_name_search(struct call *call);

void handle_role_change_request(struct call *call);
void handle_role_change(struct call *call);
void handle_group_join(struct call *call);
void handle_group_leave(struct call *call);
void handle_group_add(struct call *call);
void handle_group_remove(struct call *call);

void handle_track_update_request(struct call *call);
void handle_change_track_mute_state_request(struct call *call);
void handle_peer_leave_request(struct call *call);
void handle_end_room(struct call *call);

void handle_broadcast(struct call *call);

void handle_set_metadata(struct call *call);
void handle_get_metadata(struct call *call);
void handle_listen_metadata(struct call *call);

// --- what events are to clients: told by notify.c's table, beside handlers of one idea ---

void notify_joined(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames);
void notify_left(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames);
struct bytes notify_join_message(struct signal *s, const struct peer_view *who,
                                 struct frame_list *frames);
struct bytes notify_leave_message(struct signal *s, const struct peer_view *who,
                                  struct frame_list *frames);
struct bytes notify_update_message(struct signal *s, const struct peer_view *who,
                                   struct frame_list *frames);
void notify_shown(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames);
void notify_admitted(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames);
void notify_held(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames);
void notify_updated(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames);
// EVENT_TRACKS_*, at once.
void updates_tell(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames);
void notify_tracks(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames);
void notify_speakers(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames);
void notify_quality(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames);
void notify_layers(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames);
void notify_demand(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames);
void notify_answered(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames);
void notify_offer(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames);
void notify_chat(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames);
void notify_store(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames);
void notify_poll(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames);
void notify_poll_stats(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames);
void notify_role_asked(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames);
void notify_role_changed(struct signal *s, const struct event *event, struct moment now,
                         struct frame_list *frames);
void notify_room_ended(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames);
void notify_room_ends_soon(struct signal *s, const struct event *event, struct moment now,
                           struct frame_list *frames);
void notify_mute_asked(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames);
// To the one who has to go: part of notify_left().
void notify_expelled(struct signal *s, struct session *session, const struct event *event,
                     struct moment now, struct frame_list *frames);
