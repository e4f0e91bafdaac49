// Inside the HTTP server: one connection, and what its parts share. Not for other folders.
//
//     http_server.c  the library's context, listening, the queue of inputs
//     door.c         a request's head is checked and becomes a struct http_request
//     answer.c       a response becomes octets
//     websocket.c    messages in both directions
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/text.h"
#include "net/http_server.h"
#include "net/visitors.h"

#include <libwebsockets.h>

enum connection_state {
    CONNECTION_IDLE,      // between requests
    CONNECTION_BODY,      // head is good, the body arrives
    CONNECTION_WAITING,   // the owner works on the answer
    CONNECTION_ANSWERING, // `out` waits for the socket
    CONNECTION_SOCKET,    // a web socket
    CONNECTION_CLOSING,   // a web socket whose close frame was asked for
};

struct connection {
    struct http_server *server;
    struct lws *wsi;
    struct list link; // of server->connections
    struct addr from;
    bool counted; // among the visitors
    enum connection_state state;
    uint64_t id; // of the present request or the socket; 0: none

    // The request that is being read.
    struct http_request *request;
    struct text body;
    size_t body_expected; // by Content-Length
    bool has_length;      // there was one
    bool expects_continue;
    struct chunked *chunks; // decoder of a chunked body, or NULL
    bool head_only;         // HEAD
    bool close_after;       // the answer is the last thing on this connection
    struct text out;

    // The web socket.
    struct list messages; // struct ws_message to be sent
    size_t queued_bytes;
    struct text message; // what has arrived of one
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
    char *tls_cert, *tls_key, *ws_path, *frame_ancestors;
    struct lws_context *context; // the library sets it NULL when it is destroyed
    struct lws_vhost *vhost;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    size_t open_handles; // of uv, ours
    uv_timer_t resume;   // accepts again after a shortage of descriptors
    struct list connections;
    size_t connection_count;
    struct connection *adopting;
    struct visitors visitors;
    struct map by_id;
    uint64_t last_id;
    struct rng rng;
    bool draining;

    struct http_input *inputs; // a ring
    size_t input_cap, input_first, input_count;
};

// --- http_server.c ---
int64_t http_now(void); // us, monotonic
struct http_input *http_input_add(struct http_server *server, enum http_input_kind kind,
                                  struct connection *c);
void connection_name(struct connection *c); // gives it an id of its own
void connection_forget_id(struct connection *c);

// --- door.c ---
// Each returns 0, or the status that refuses the request.
int door_head(struct connection *c);    // fills c->request
int door_upgrade(struct connection *c); // the same for a web socket's
int door_body(struct connection *c, const uint8_t *at, size_t len); // appends to c->body
bool door_body_complete(const struct connection *c);
void door_dispose(struct connection *c);

// --- answer.c ---
// Makes c->out. `request` may be NULL.
void answer_prepare(struct connection *c, const struct http_request *request,
                    struct http_response *response);
void answer_refusal(struct connection *c, int status); // our own error body
// Gives c->out to the library. -1: the connection is to be closed.
int answer_write(struct connection *c, enum lws_write_protocol protocol);

// --- websocket.c ---
void websocket_opened(struct connection *c);
int websocket_receive(struct connection *c, const uint8_t *at, size_t len);
int websocket_write(struct connection *c);
int websocket_peer_closes(struct connection *c, uint8_t *at, size_t len);
void websocket_gone(struct connection *c);
