// HTTP and WebSocket on libwebsockets and libuv, with the strictness that the library lacks
// (docs/operating.md lists what it is lenient about).
//
// libwebsockets calls back; nothing behind this header does. What arrives is kept in a queue
// that the owner drains with http_server_next() whenever its loop has polled, and answers are
// given later by number: a stored handler works on another thread in the meantime.
//
//     uv_check_t:  while (http_server_next(server, &input))
//                      ... HTTP_INPUT_REQUEST -> http_server_respond(server, input.id, ...)
//                      ... HTTP_INPUT_WS_TEXT -> http_server_ws_send(server, input.id, ...)
//
// All of it on the loop's thread.
#pragma once

#include "base/addr.h"
#include "base/bytes.h"
#include "base/network.h"
#include "net/head.h"
#include "net/http.h"
#include "net/tally.h"
#include "net/visitors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct http_server;

// In seconds. 0: as in base/limits.h.
struct http_timeouts {
    int head;   // from its first octet to its last, and a TLS handshake
    int body;   // from the head to its last octet
    int idle;   // between two requests, and before the first where nothing is encrypted
    int write;  // of an answer, without any progress
    int answer; // of a handler
};

// The server's own is what it listens with; a proxy in front may speak another.
enum http_scheme { HTTP_SCHEME_OWN, HTTP_SCHEME_PLAIN, HTTP_SCHEME_TLS };

struct http_server_config {
    uv_loop_t *loop; // borrowed; outlives the server
    const struct addr *listen;
    size_t listen_count;
    bool may_fail;        // nobody asked for it: that it cannot listen is no error
    const char *tls_cert; // PEM files; NULL: plain HTTP
    const char *tls_key;
    enum http_scheme public_scheme;       // of the URL by which clients know this server
    const struct networks *trusted;       // proxies whose word about clients counts; or NULL
    const char *ws_path;                  // where web sockets open: "/ws"
    size_t route_count;                   // that answers are counted by; 0: by none
    size_t ws_route;                      // that of web sockets
    bool rate_limit;                      // also of clients on loopback
    const struct visitors_limits *limits; // NULL: visitors_limits_default
    int64_t (*now)(void);                 // us, by which all these count; NULL: the system's
    struct http_timeouts timeouts;
    const struct head_limits *head; // NULL: head_limits_default

    // As what a request counts. `*key` is the access key that it proves, for HTTP_HAS_KEY. All
    // are strangers when this is NULL.
    enum http_standing (*standing)(void *context, struct http_request *request,
                                   const char **key);
    void *context;

    // Which pages may open web sockets, by their Origin: "https://a.example https://b.example".
    // Those of this server always may, and clients that are no browser. All when NULL.
    const char *origins;
    const char *public_url; // by which clients know this server; NULL: by the Host they send

    // How long the body of a request may be, of which the head is there: HTTP_BODY_MAX when
    // NULL.
    size_t (*body_max)(void *context, struct http_request *request);

    // What pages say in their Content-Security-Policy: frame-ancestors. "'none'" when NULL.
    const char *frame_ancestors;
};

// NULL when an address cannot be listened on or a certificate does not load; the reason is
// logged.
struct http_server *http_server_new(const struct http_server_config *config);

// Goodbye: whoever has asked something is answered, and each answer is the last of its
// connection; who is silent is closed. The loop must run on until http_server_is_drained(), or
// as long as there is patience.
void http_server_drain(struct http_server *server);
bool http_server_is_drained(const struct http_server *server);

// Closes everything. The loop must run on until http_server_is_closed() and then the server may
// be freed.
void http_server_close(struct http_server *server);
bool http_server_is_closed(struct http_server *server);
void http_server_free(struct http_server *server);

uint16_t http_server_port(const struct http_server *server, size_t listener);
size_t http_server_connections(const struct http_server *server);

enum { HTTP_STATUS_MAX = 599 };
// What was answered, by http_request.route: refusals count too, as what has no route; 101 is a
// web socket that opened.
const struct tally *http_server_tally(const struct http_server *server);

// How many octets bodies beyond HTTP_BODY_SMALL_MAX may take from now on, those included that
// arrive: the others get 503. No bound before the first call.
void http_server_set_memory(struct http_server *server, int64_t octets);

// Reads the certificate's files again. Connections stay. ERR_IO when they do not load: the
// old certificate stays.
int http_server_reload_certificate(struct http_server *server);

enum http_input_kind {
    HTTP_INPUT_REQUEST,    // to be answered with http_server_respond()
    HTTP_INPUT_WS_OPEN,    // `request` is the upgrade's; the socket is open
    HTTP_INPUT_WS_TEXT,    // a whole message, valid UTF-8
    HTTP_INPUT_WS_PONG,    // it lives
    HTTP_INPUT_WS_DRAINED, // was slow and has caught up
    HTTP_INPUT_WS_CLOSE,   // gone; the last that is heard of this id
};

struct http_input {
    enum http_input_kind kind;
    uint64_t id;                  // of the request or the socket, never used again
    struct http_request *request; // REQUEST, WS_OPEN: the receiver's to http_request_free()
    char *text;                   // WS_TEXT: terminated, the receiver's to mem_free()
    size_t text_len;
    uint16_t close_code; // WS_CLOSE: the peer's, 1005 without one, 1006 without a close frame
};

// The next thing that happened, in order. False when there is none.
bool http_server_next(struct http_server *server, struct http_input *input);
void http_input_dispose(struct http_input *input);

// Answers request `id`. Takes `request` and what `response` holds. When the client went away
// nothing is sent.
void http_server_respond(struct http_server *server, uint64_t id, struct http_request *request,
                         struct http_response *response);

// Queues a text message. Over WS_QUEUE_BYTES_MAX the socket is closed with 1013 instead. False
// when the socket is gone or closing.
bool http_server_ws_send(struct http_server *server, uint64_t id, struct bytes text);
// The same, and a message of up to WS_LONG_MAX octets is beside what the queue may hold, when
// no other such one waits in it.
bool http_server_ws_send_long(struct http_server *server, uint64_t id, struct bytes text);
// Whether WS_QUEUE_HIGH octets wait; then HTTP_INPUT_WS_DRAINED or HTTP_INPUT_WS_CLOSE follows.
bool http_server_ws_is_slow(const struct http_server *server, uint64_t id);
// Sends what is queued, then a close frame. HTTP_INPUT_WS_CLOSE follows.
void http_server_ws_close(struct http_server *server, uint64_t id, uint16_t code,
                          const char *reason);

void http_request_free(struct http_request *request);
