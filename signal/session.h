// Signalling: one session for each web socket, JSON-RPC on it, and the same on the data channel
// of a peer. Text and time in, frames and room events out; no socket is touched.
// docs/signalling.md says what is answered to what.
//
// In the order of a session's life:
//
//     signal_open()      101 was sent, the token is good: frames wait until the room is there
//     signal_ready()     the room is loaded: policy; a peer that comes back is attached
//     signal_refuse()    or the room cannot be had
//     signal_text()      for each message of the socket
//     signal_data()      for each message of the peer's data channel, whichever socket it has
//     signal_closed()    the socket is gone
//     signal_expire()    when signal_deadline() is reached
//
// Each appends frames, and events which then go through signal_deliver(), which appends more
// frames, and through the bridge. Sessions are named by numbers that are never used again.
#pragma once

#include "base/moment.h"
#include "base/text.h"
#include "room/rooms.h"
#include "signal/frame.h"
#include "signal/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct signal;

struct signal *signal_new(struct rooms *rooms); // borrows `rooms`, which outlives it
void signal_free(struct signal *s);             // tells nobody

// The name of this process among all that clients may have had their connections with: another
// one for each start. "": there is only this one, and none before it.
void signal_set_node(struct signal *s, const char *node_id);

// While memory is short nobody new joins, however long ago the socket was opened.
void signal_set_short(struct signal *s, bool is_short);

// Whether a publish offer can be served: 0, or what the media worker would answer, and then
// `why` says why. Asked before the peer or the tracks go that it would end; without it none is
// read.
void signal_set_offer_check(struct signal *s, int (*check)(struct bytes sdp, struct text *why));

// What the verified token and the URL of the socket say.
struct signal_claims {
    const char *room_id;
    const char *role;
    const char *user_id; // "" when the token names none: the peer id stands for it
    struct token_hash token;
    int64_t expires_at_s;     // of the token; it may have passed where a peer comes back
    const char *room_code_id; // that the token was traded for; NULL counts as ""
    const char *peer_id;      // as in the URL, unchecked; "" when missing
    const char *user_agent;   // the same; NULL counts as ""
    const uint8_t *network;   // of the address that it comes from, 16 octets; NULL: not counted
    bool takes_demand;        // it asked to be told what anybody has use for of its pictures
    bool is_stranger;         // there is no token that lets it in: refuse it next
};

// Returns the number of the new session. Frames may be there at once: a refusal of a bad peer
// id. Then signal_is_open() is false and the room need not be loaded.
uint64_t signal_open(struct signal *s, const struct signal_claims *claims, struct moment now,
                     struct frame_list *frames);
// Whether the session waits for its room or has it.
bool signal_is_open(const struct signal *s, uint64_t session);

// `room` was found or loaded; frames that waited are handled. Does nothing when the session is
// gone by now: hold the room around the call.
void signal_ready(struct signal *s, uint64_t session, struct room *room, struct moment now,
                  struct frame_list *frames, struct event_list *events);
// The client gets on-error, which ends its attempts; the socket is closed a little later.
void signal_refuse(struct signal *s, uint64_t session, int code, const char *message,
                   struct moment now, struct frame_list *frames);

// The answer of `frame` did not go out, as its change was not stored in time.
void signal_not_stored(struct signal *s, const struct frame *frame, struct moment now);

void signal_text(struct signal *s, uint64_t session, struct bytes text, struct moment now,
                 struct frame_list *frames, struct event_list *events);
// The socket answered a ping of the server: also a sign of life. (A browser may slow down the
// timers of a page in the background, and with them the client's own pings.)
void signal_heard(struct signal *s, uint64_t session, struct moment now);

// Much of what was sent to the socket waits, or does not wait any more.
void signal_slow(struct signal *s, uint64_t session, bool is_slow);

void signal_data(struct signal *s, uint64_t peer, struct bytes text, struct moment now,
                 struct frame_list *frames, struct event_list *events);
void signal_closed(struct signal *s, uint64_t session, struct moment now,
                   struct event_list *events);

// Turns events into messages for those concerned.
void signal_deliver(struct signal *s, const struct event_list *events, struct moment now,
                    struct frame_list *frames);

int64_t signal_deadline(const struct signal *s); // us, monotonic; NEVER when none is pending
void signal_expire(struct signal *s, struct moment now, struct frame_list *frames,
                   struct event_list *events);

// What was asked so far, over sockets and data channels.
const struct signal_tally *signal_tally(const struct signal *s);

// The server ends: all sockets are closed with SIGNAL_CLOSE_RESTART. Clients come back by
// themselves.
void signal_drain(struct signal *s, struct frame_list *frames);
