// Connections from outside: octets come in, become requests, and answers go out. One request at
// a time: what follows it waits until it is answered.
#include "net/connection.h"

#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BODY_CHECK_S = 10,
    END_TIMEOUT_S = 2,
    OVERDUE_US = 1000 * 1000,   // for what came while the loop did not turn
    WRITE_OCTETS = 16 * 1024,   // of which the library copies what a slow reader does not take
    IN_OCTETS_MAX = 256 * 1024, // no more is read than this, but TLS may hold some back
};

static const struct http_timeouts *timeouts(const struct connection *c)
{
    return &c->server->config.timeouts;
}

// Counts it where it is now.
static void set_place(struct connection *c)
{
    enum connection_place place = c->state != CONNECTION_HEAD      ? PLACE_NONE
                                  : c->has_asked && c->in.len == 0 ? PLACE_IDLE
                                                                   : PLACE_UNREAD;
    struct visitor *visitor = c->visitor;
    if (!visitor || place == c->place)
        return;
    visitor->idle += (place == PLACE_IDLE) - (c->place == PLACE_IDLE);
    visitor->unread += (place == PLACE_UNREAD) - (c->place == PLACE_UNREAD);
    c->place = place;
    c->placed_at = http_now(c->server);
    if (place == PLACE_UNREAD && visitors_are_crowded(&c->server->visitors, visitor))
        http_thin_out(c->server);
}

static void set_timer(struct connection *c, int seconds)
{
    c->overdue = false;
    lws_set_timer_usecs(c->wsi, (lws_usec_t)seconds * LWS_US_PER_SEC);
}

// While something is to be sent nothing is read: who does not take answers gets no more of
// them. (The library would also spin on a socket that can be read but not written.)
static void set_reading(struct connection *c)
{
    bool on = c->out.len == 0;
    if (c->state == CONNECTION_WAITING || c->state == CONNECTION_ANSWERING)
        on = false;
    if (c->state == CONNECTION_RELAY && c->in.len > 0)
        on = false;
    if (c->is_deaf == !on) // to say it again would cost two system calls
        return;
    c->is_deaf = !on;
    lws_rx_flow_control(c->wsi, on);
}

void door_consume(struct connection *c, size_t len)
{
    memmove(c->in.at, c->in.at + len, c->in.len - len + 1);
    c->in.len -= len;
    c->looked_at = 0;
    if (c->in.len == 0)
        text_dispose(&c->in); // idle connections hold no buffers
    if (c->state == CONNECTION_RELAY)
        set_reading(c);
}

static void forget_id(struct connection *c)
{
    if (c->id)
        map_remove(&c->server->requests, map_key_u64(&c->id));
    c->id = 0;
}

static void send_out(struct connection *c)
{
    set_reading(c);
    set_timer(c, timeouts(c)->write);
    lws_callback_on_writable(c->wsi);
}

static void promise(struct connection *c, size_t octets)
{
    c->server->promised += (int64_t)octets - c->promised;
    c->promised = (int64_t)octets;
}

static void refuse(struct connection *c, int status)
{
    promise(c, 0);
    forget_id(c);
    answer_refusal(c, status);
    request_dispose(c);
    text_dispose(&c->in);
    c->state = CONNECTION_ANSWERING;
    set_place(c);
    send_out(c);
}

// Our direction is closed first, and the peer's last octets are read: closing at once would
// make the kernel send a reset, which can overtake the answer.
static void end_connection(struct connection *c)
{
    shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
    c->state = CONNECTION_ENDING;
    text_dispose(&c->in);
    set_reading(c);
    set_timer(c, END_TIMEOUT_S);
}

static void dispatch(struct connection *c)
{
    struct http_request *request = c->request;
    c->request = NULL;
    c->state = CONNECTION_WAITING;
    promise(c, 0);
    set_timer(c, timeouts(c)->answer);
    uint8_t *body = arena_alloc(&request->arena, c->body.len + 1);
    if (c->body.len)
        memcpy(body, c->body.at, c->body.len);
    request->body = (struct bytes){body, c->body.len};
    text_dispose(&c->body);
    c->id = ++c->server->last_id;
    map_put(&c->server->requests, map_key_u64(&c->id), c);
    http_input_add(c->server, HTTP_INPUT_REQUEST, c->id)->request = request;
}

// The measure of the visitor that asks, who need not be who is connected: a proxy is in
// between.
static bool is_within_rate(struct connection *c)
{
    struct visitors *visitors = &c->server->visitors;
    struct http_request *request = c->request;
    int64_t now = http_now(c->server);
    if (!c->server->config.rate_limit && addr_is_loopback(&request->from))
        return true;
    if (request->standing == HTTP_COSTLESS)
        return true;
    if (request->standing == HTTP_HAS_KEY)
        return visitors_keyed(visitors, c->key, now);
    struct visitor *visitor = visitors_find(visitors, &request->from, now);
    if (!visitor)
        return false;
    // Whether somebody guesses, or others come in from where somebody does, is in the body.
    if (request->standing == HTTP_LOGS_IN) {
        request->is_doubted = !visitors_may_login(visitors, visitor, now);
        return true;
    }
    return request->standing == HTTP_HAS_TOKEN ? visitors_member(visitors, visitor, now)
                                               : visitors_request(visitors, visitor, now);
}

// Only logins that fail cost something: guessing does, a school that comes in does not. One
// that was not looked at told nobody anything.
static void count_login(struct connection *c, const struct http_request *request, int status)
{
    struct visitors *visitors = &c->server->visitors;
    if (request->standing != HTTP_LOGS_IN || status < 400 || status >= 500 || status == 429)
        return;
    int64_t now = http_now(c->server);
    struct visitor *visitor = visitors_find(visitors, &request->from, now);
    if (visitor)
        visitors_failed_login(visitors, visitor, now);
}

// When the body is looked at next.
static int body_check_s(const struct connection *c)
{
    int left = timeouts(c)->body - c->body_seconds;
    return left < BODY_CHECK_S ? left : BODY_CHECK_S;
}

// A web socket stays: one that came through a proxy is a connection of who is behind it.
static bool count_web_socket(struct connection *c)
{
    struct visitors *visitors = &c->server->visitors;
    const struct addr *from = &c->request->from;
    bool limited = c->server->config.rate_limit || !addr_is_loopback(from);
    if (c->visitor || !limited || addr_equal(from, &c->from))
        return true;
    struct visitor *visitor = visitors_find(visitors, from, http_now(c->server));
    if (!visitor || !visitors_enter(visitors, visitor))
        return false;
    c->visitor = visitor;
    return true;
}

static int on_head(struct connection *c, const struct head *head)
{
    int status = request_read_head(c, head);
    if (!status && !is_within_rate(c))
        status = 429;
    if (status)
        return status;
    if (request_is_upgrade(head)) {
        status = request_check_upgrade(c, head);
        if (!status && !count_web_socket(c))
            status = 429;
        if (!status)
            status = relay_open(c, head);
        if (status)
            return status;
        c->state = CONNECTION_RELAY;
        lws_set_timer_usecs(c->wsi, LWS_SET_TIMER_USEC_CANCEL);
        return 0;
    }
    if (c->body_expected > HTTP_BODY_SMALL_MAX) {
        const struct http_server *server = c->server;
        if (server->memory_left - server->promised < (int64_t)c->body_expected)
            return 503;
        promise(c, c->body_expected);
    }
    c->state = CONNECTION_BODY;
    if (!request_is_complete(c)) {
        c->body_seconds = 0;
        set_timer(c, body_check_s(c));
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (c->expects_continue) {
            text_add(&c->out, go_on);
            lws_callback_on_writable(c->wsi);
        }
    }
    return 0;
}

// Looks for the next head. False when it is not there yet.
static bool read_head(struct connection *c)
{
    struct head *head = &c->server->head;
    if (c->in.len == 0)
        return false;
    int status = head_parse(head, c->server->config.head, text_bytes(&c->in), &c->looked_at);
    if (status == HEAD_MORE)
        return false;
    if (!status)
        status = on_head(c, head);
    c->has_asked = true;
    if (status)
        refuse(c, status);
    else
        door_consume(c, head->len);
    return true;
}

static bool read_body(struct connection *c)
{
    size_t used = 0;
    int status = 0;
    if (c->in.len > 0) {
        status = request_read_body(c, text_bytes(&c->in), &used);
        if (!status)
            door_consume(c, used);
    }
    if (status)
        refuse(c, status);
    else if (request_is_complete(c))
        dispatch(c);
    else
        return false;
    return true;
}

// Goes as far as the octets that are there allow.
static void proceed(struct connection *c)
{
    bool more = true;
    while (more) {
        if (c->state == CONNECTION_HEAD)
            more = read_head(c);
        else if (c->state == CONNECTION_BODY)
            more = read_body(c);
        else
            more = false;
    }
    if (c->state == CONNECTION_RELAY && c->in.len > 0)
        relay_push(c);
    set_reading(c);
    set_place(c);
}

static void next_request(struct connection *c)
{
    c->state = CONNECTION_HEAD;
    c->looked_at = 0;
    set_timer(c, c->in.len ? timeouts(c)->head : timeouts(c)->idle);
    proceed(c);
}

static int on_octets(struct connection *c, struct bytes octets)
{
    if (c->state == CONNECTION_ENDING)
        return 0;
    // The library still waits for what comes after a TLS handshake in a role that it knows.
    lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
    bool begins = c->state == CONNECTION_HEAD && c->in.len == 0;
    text_add_bytes(&c->in, octets);
    if (c->in.len > IN_OCTETS_MAX)
        return -1;
    proceed(c);
    // Most heads come in one piece.
    if (begins && c->state == CONNECTION_HEAD && c->in.len > 0) {
        set_timer(c, timeouts(c)->head);
        c->placed_at = http_now(c->server);
    }
    return 0;
}

// What is to be sent next, in one piece; nothing: all of it is sent.
static struct bytes next_piece(const struct connection *c)
{
    bool is_fixed = c->sent >= c->out.len;
    struct bytes all = is_fixed ? c->fixed : text_bytes(&c->out);
    size_t sent = is_fixed ? c->sent - c->out.len : c->sent;
    size_t left = all.len - sent;
    if (!left)
        return (struct bytes){0};
    return (struct bytes){all.at + sent, left < WRITE_OCTETS ? left : WRITE_OCTETS};
}

static bool is_all_sent(const struct connection *c)
{
    return next_piece(c).len == 0 && !lws_partial_buffered(c->wsi);
}

static int on_writable(struct connection *c)
{
    struct bytes piece = next_piece(c);
    // What the socket does not take the library keeps, and calls when that is gone. It writes
    // nothing into what it is given.
    if (piece.len > 0 &&
        lws_write(c->wsi, (unsigned char *)(uintptr_t)piece.at, piece.len, LWS_WRITE_RAW) < 0)
        return -1;
    c->sent += piece.len;
    if (!is_all_sent(c)) {
        if (c->state == CONNECTION_ANSWERING)
            set_timer(c, timeouts(c)->write);
        lws_callback_on_writable(c->wsi);
        return 0;
    }
    text_dispose(&c->out);
    c->fixed = (struct bytes){0};
    c->sent = 0;
    if (c->state == CONNECTION_ANSWERING) {
        if (c->close_after)
            end_connection(c);
        else
            next_request(c);
    } else if (c->state == CONNECTION_RELAY) {
        relay_pull(c);
    }
    set_reading(c);
    return 0;
}

// Waiting until a socket can be written costs as much as a short answer. Who has asked more by
// now waits all the same, so that others get their turn; and as the library looks at its timers
// after its own events only, none may be set here that is nearer than the one for the answer.
static bool may_send_at_once(const struct connection *c)
{
    const struct http_timeouts *t = timeouts(c);
    return c->in.len == 0 && !c->close_after && t->idle >= t->answer && t->write >= t->answer;
}

static void send_answer(struct connection *c)
{
    c->state = CONNECTION_ANSWERING;
    if (!may_send_at_once(c))
        send_out(c);
    else if (on_writable(c) < 0)
        door_close(c);
}

static bool is_ready_for(const struct connection *c, short events)
{
    struct pollfd one = {.fd = lws_get_socket_fd(c->wsi), .events = events};
    return poll(&one, 1, 0) > 0 && (one.revents & events);
}

bool door_has_unread(const struct connection *c)
{
    return is_ready_for(c, POLLIN);
}

bool door_is_busy(const struct connection *c)
{
    switch (c->state) {
    case CONNECTION_HEAD:
        return c->in.len > 0 || door_has_unread(c);
    case CONNECTION_RELAY:
    case CONNECTION_ENDING:
        return false;
    default:
        return true;
    }
}

// Whether what is waited for may be there already, and only the loop has not come round to it:
// after the process or its machine stood still timers go off before anything is read.
static bool may_have_come(const struct connection *c)
{
    switch (c->state) {
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
        return door_has_unread(c);
    case CONNECTION_WAITING:
        return true;
    case CONNECTION_ANSWERING:
        return is_ready_for(c, POLLOUT);
    default:
        return false;
    }
}

static int on_timer(struct connection *c)
{
    if (!c->overdue && may_have_come(c)) {
        lws_set_timer_usecs(c->wsi, OVERDUE_US);
        c->overdue = true;
        return 0;
    }
    c->overdue = false;
    switch (c->state) {
    case CONNECTION_HEAD:
        if (c->in.len == 0)
            return -1; // nothing was asked
        refuse(c, 408);
        return 0;
    case CONNECTION_BODY:
        c->body_seconds += body_check_s(c);
        if (request_is_in_time(c->body.len, c->body_seconds, timeouts(c)->body))
            set_timer(c, body_check_s(c));
        else
            refuse(c, 408);
        return 0;
    case CONNECTION_WAITING:
        refuse(c, 503);
        return 0;
    case CONNECTION_RELAY:
        return 0;
    default:
        return -1;
    }
}

void door_relay_ended(struct connection *c)
{
    if (c->out.len == 0)
        end_connection(c);
}

int door_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    (void)user;
    struct connection *c = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!c)
        return 0;
    c->wsi = wsi;
    switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        // Browsers connect in advance; a TLS handshake is a part of the head, which nobody
        // tells.
        set_timer(c, c->server->tls_cert ? timeouts(c)->head : timeouts(c)->idle);
        return 0;
    case LWS_CALLBACK_RAW_RX:
        return on_octets(c, (struct bytes){in, len});
    case LWS_CALLBACK_RAW_WRITEABLE:
        return on_writable(c);
    case LWS_CALLBACK_TIMER:
        return on_timer(c);
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(wsi, NULL);
        if (c->server->adopting == c)
            c->server->adopting = NULL;
        door_free(c);
        return 0;
    default:
        return 0;
    }
}

void door_adopt(struct http_server *server, int fd, const struct addr *from,
                struct visitor *visitor)
{
    struct connection *c = mem_alloc(sizeof *c);
    c->server = server;
    c->from = *from;
    c->visitor = visitor;
    set_place(c);
    list_append(&server->connections, &c->link);
    server->connection_count++;
    server->adopting = c;
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&(lws_adopt_desc_t){
        .vh = server->door,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL,
        .fd.sockfd = fd,
        .opaque = c,
    });
    // Where adoption failed before the first callback, the library never heard of `c`. After it
    // (a TLS handshake that ends at once) it destroys the connection by itself, now or later.
    if (!wsi && server->adopting == c && !c->wsi)
        door_free(c);
    else if (wsi && server->adopting == c)
        c->wsi = wsi;
    server->adopting = NULL;
}

void door_close(struct connection *c)
{
    text_dispose(&c->in);
    c->state = CONNECTION_ENDING;
    set_place(c);
    // The library looks at its timers after events only: by itself a timer that is set outside
    // of them goes off with the next event of anybody.
    lws_set_timer_usecs(c->wsi, 1);
    lws_callback_on_writable(c->wsi);
}

void door_free(struct connection *c)
{
    relay_close(c);
    forget_id(c);
    promise(c, 0);
    if (c->visitor) {
        c->visitor->idle -= c->place == PLACE_IDLE;
        c->visitor->unread -= c->place == PLACE_UNREAD;
        visitors_leave(c->visitor);
    }
    list_remove(&c->link);
    c->server->connection_count--;
    request_dispose(c);
    text_dispose(&c->in);
    text_dispose(&c->out);
    text_dispose(&c->body);
    mem_free(c);
}

// --- Of net/http_server.h ---

void http_server_respond(struct http_server *server, uint64_t id, struct http_request *request,
                         struct http_response *response)
{
    struct connection *c = map_get(&server->requests, map_key_u64(&id));
    if (c) {
        assert(c->state == CONNECTION_WAITING);
        count_login(c, request, response->status);
        answer_prepare(c, request, response);
        forget_id(c);
        send_answer(c);
    }
    text_dispose(&response->body);
    http_request_free(request);
}
