// Inside the HTTP server: one connection, and what its parts share. Not for other folders.
//
//                      +-- request.c   octets -> struct http_request, or a refusal
//     peer -- TLS -- door.c ---------- the queue of inputs, http_server.c
//                      +-- answer.c    struct http_response -> octets
//                      +-- relay.c -- socket pair -- websocket.c
//
// libwebsockets carries the octets of each connection, encrypted or not, and leaves them alone:
// its own HTTP parser keeps fields that it does not know to itself, so nobody could look at
// them, and waits for ever at a folded line. Heads are read by net/head here. When one asks for
// a web socket, a socket pair is made whose other end the library gets as a fresh connection
// with a clean upgrade on it, so that handshake and framing are the library's.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/text.h"
#include "net/head.h"
#include "net/http_server.h"
#include "net/visitors.h"

#include <libwebsockets.h>
#include <time.h>

enum connection_state {
    CONNECTION_HEAD,      // waits for a request, or for the rest of its head
    CONNECTION_BODY,      // the head is good, the body arrives
    CONNECTION_WAITING,   // the owner works on the answer
    CONNECTION_ANSWERING, // `out` is being sent
    CONNECTION_RELAY,     // a web socket's octets pass through
    CONNECTION_ENDING,    // all is said: waits for the peer to close, reads nothing any more
};

// Where it counts with its visitor.
enum connection_place {
    PLACE_NONE,   // it is being served
    PLACE_UNREAD, // it came, or began a head that is not whole
    PLACE_IDLE,   // it asked before and may ask again
};

struct connection {
    struct http_server *server;
    struct lws *wsi;
    struct list link; // of server->connections
    struct addr from;
    struct visitor *visitor; // NULL where connections are not counted
    enum connection_place place;
    int64_t placed_at;
    bool has_asked; // a whole head at least
    bool spared;    // while its visitor's connections are thinned
    enum connection_state state;
    struct text in; // what the peer sent and nobody has looked at
    size_t looked_at;
    struct text out;    // what is to be sent
    struct bytes fixed; // and behind it: octets that live for ever, which nobody copies
    size_t sent;        // of both

    // The request that is being read or answered.
    uint64_t id; // 0: none
    struct http_request *request;
    const char *key; // that it proves, if it has one
    struct text body;
    size_t body_expected;   // octets, or at most when chunked
    int body_seconds;       // how long it has been coming, by its last check
    struct chunked *chunks; // decoder of a chunked body, or NULL
    int64_t promised;       // octets of it that server->promised counts
    bool head_only;         // HEAD
    bool expects_continue;
    bool close_after; // the answer is the last thing on this connection
    bool is_deaf;     // nothing is read from it
    bool overdue;     // its time was over while it had news: the last word is its next timer's

    struct relay *relay;
};

// One web socket, at the far end of its relay.
struct websocket {
    struct http_server *server;
    struct lws *wsi;
    struct list link; // of server->websockets
    uint64_t id;
    bool open;
    bool closing;
    bool ping_due;
    struct http_request *request; // until it is open
    struct list messages;         // struct ws_message to be sent
    size_t queued_bytes;          // of them, without a long one
    bool has_long;                // one of them is
    bool is_slow;                 // since WS_QUEUE_HIGH, until WS_QUEUE_LOW
    struct text message;          // what has arrived of one
    size_t message_max;
    size_t fragments;
    uint16_t peer_code;
    uint16_t close_code;
    char close_reason[124]; // RFC 6455 section 5.5: a control frame has at most 125 octets
};

struct listener {
    struct http_server *server;
    uv_poll_t poll;
    int fd;
    uint16_t port;
};

enum { LISTENERS_MAX = 16 };

struct http_server {
    struct http_server_config config;
    char *tls_cert, *tls_key, *ws_path, *frame_ancestors, *origins, *public_url;
    struct lws_context *context; // the library sets it NULL when it is destroyed
    struct lws_vhost *door;      // connections from outside
    struct lws_vhost *inside;    // the far ends of relays
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    size_t open_handles; // of uv, ours
    uv_timer_t resume;   // accepts again after a shortage of descriptors
    uv_timer_t thin;     // looks for addresses with too many that have not asked
    struct list connections;
    size_t connection_count;
    struct list websockets;
    struct list callers; // who may not stay, and has said nothing yet: turned_away.c
    size_t caller_count;
    void *adopting; // what the library is being handed
    struct visitors visitors;
    struct map requests; // by id: struct connection
    struct map sockets;  // by id: struct websocket
    uint64_t last_id;
    struct tally tally;
    struct ws_text *last_text; // that was sent: the next socket may get the same
    struct rng rng;
    time_t date_at; // of `date`, as answers have it
    char date[32];
    struct head head;    // of the request that is being read
    int64_t memory_left; // that large bodies may take
    int64_t promised;    // of it, to those that arrive
    bool draining;       // each answer is the last of its connection
    bool closing;

    struct http_input *inputs; // a ring
    size_t input_cap, input_first, input_count;
};

// --- http_server.c ---
int64_t http_now(const struct http_server *server); // us, monotonic
struct http_input *http_input_add(struct http_server *server, enum http_input_kind kind,
                                  uint64_t id);

// More connections of this address have not asked than may: the oldest ones will be closed.
void http_thin_out(struct http_server *server);

// --- turned_away.c ---

// Takes `fd`, answers with this status as soon as is known in which form, and closes.
void turned_away_add(struct http_server *server, int fd, int status, bool may_wait);
void turned_away_close(struct http_server *server); // all at once

// --- door.c ---
int door_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len);
// Takes `fd`. `visitor` was entered, or is NULL.
void door_adopt(struct http_server *server, int fd, const struct addr *from,
                struct visitor *visitor);
void door_free(struct connection *c);
void door_close(struct connection *c); // soon, from outside a callback of the library's
// Whether the system has octets of the peer, or its end, that the loop has not come round to.
bool door_has_unread(const struct connection *c);
// Whether something was asked on it, or is just being asked, that is not answered yet.
bool door_is_busy(const struct connection *c);
void door_consume(struct connection *c, size_t len); // of c->in
// No more comes from the relay: what is queued goes out, then the connection ends.
void door_relay_ended(struct connection *c);

// --- request.c ---
// Each returns 0, or the status that refuses the request.
int request_read_head(struct connection *c, const struct head *head);
bool request_is_upgrade(const struct head *head);
int request_check_upgrade(struct connection *c, const struct head *head);
// Appends to the body what belongs to it; `*used` octets of `in` were.
int request_read_body(struct connection *c, struct bytes in, size_t *used);
bool request_is_complete(const struct connection *c);
// Whether a body of which `octets` came in `seconds` may go on; it has `most` of them.
bool request_is_in_time(size_t octets, int seconds, int most);
void request_dispose(struct connection *c);

// --- answer.c ---
// Makes c->out. `request` may be NULL.
void answer_prepare(struct connection *c, const struct http_request *request,
                    struct http_response *response);
void answer_refusal(struct connection *c, int status); // our own error body; closes after it

// --- relay.c ---
// Makes the web socket of `head` on `c`. Takes c->request. Returns 0 or the status that
// refuses.
int relay_open(struct connection *c, const struct head *head);
void relay_push(struct connection *c); // passes on what is in c->in
void relay_pull(struct connection *c); // there is room in c->out
void relay_close(struct connection *c);

// --- websocket.c ---
int websocket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len);
// Takes `fd`, from which an upgrade can be read, and `request`. Returns 0 or ERR_IO.
int websocket_adopt(struct http_server *server, int fd, struct http_request *request);
void websocket_free(struct websocket *ws);
void websocket_forget_text(struct http_server *server); // the last one, when all are gone
