// Web sockets: messages are gathered and queued within bounds. Handshake and framing are the
// library's, on a clean connection of its own (relay.c).
#include "net/connection.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

enum {
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_NO_STATUS = 1005,
    CLOSE_ABNORMAL = 1006,
    CLOSE_BAD_TEXT = 1007,
    CLOSE_TOO_BIG = 1009,
    CLOSE_TRY_LATER = 1013,

    CLOSE_PATIENCE_S = 5,
    WRITES_PER_CALL = 16,
    WS_PING_US = 15 * 1000 * 1000,
};

// What is said to many waits in memory once.
struct ws_text {
    size_t uses;
    size_t len;
    uint8_t octets[]; // LWS_PRE octets for the library's frame header, then the text
};

struct ws_message {
    struct list link;
    struct ws_text *text;
    bool is_long;
};

static void release(struct ws_text *text)
{
    if (text && --text->uses == 0)
        mem_free(text);
}

static struct ws_text *share(struct http_server *server, struct bytes text)
{
    struct ws_text *last = server->last_text;
    if (!last || last->len != text.len || memcmp(last->octets + LWS_PRE, text.at, text.len)) {
        release(last);
        last = server->last_text = mem_alloc(sizeof *last + LWS_PRE + text.len);
        last->uses = 1;
        last->len = text.len;
        memcpy(last->octets + LWS_PRE, text.at, text.len);
    }
    last->uses++;
    return last;
}

void websocket_forget_text(struct http_server *server)
{
    release(server->last_text);
    server->last_text = NULL;
}

static void drop_message(struct websocket *ws, struct ws_message *message)
{
    list_remove(&message->link);
    if (message->is_long)
        ws->has_long = false;
    else
        ws->queued_bytes -= message->text->len;
    release(message->text);
    mem_free(message);
}

static int on_open(struct websocket *ws)
{
    ws->open = true;
    lws_set_timer_usecs(ws->wsi, WS_PING_US);
    ws->peer_code = CLOSE_ABNORMAL;
    ws->id = ++ws->server->last_id;
    map_put(&ws->server->sockets, map_key_u64(&ws->id), ws);
    http_input_add(ws->server, HTTP_INPUT_WS_OPEN, ws->id)->request = ws->request;
    ws->request = NULL;
    return 0;
}

// Closes from within a callback: the library sends the frame when it is told -1.
static int close_now(struct websocket *ws, uint16_t code)
{
    lws_close_reason(ws->wsi, (enum lws_close_status)code, NULL, 0);
    ws->closing = true;
    return -1;
}

static int on_octets(struct websocket *ws, struct bytes octets)
{
    if (ws->closing)
        return 0;
    if (lws_frame_is_binary(ws->wsi))
        return close_now(ws, CLOSE_UNSUPPORTED);
    if (lws_is_first_fragment(ws->wsi))
        ws->fragments = 0;
    bool frame_ends = lws_remaining_packet_payload(ws->wsi) == 0;
    if (frame_ends && ++ws->fragments > WS_FRAGMENTS_MAX)
        return close_now(ws, CLOSE_TOO_BIG);
    if (octets.len > ws->message_max - ws->message.len)
        return close_now(ws, CLOSE_TOO_BIG);
    if (ws->message.len + octets.len > WS_SHORT_MESSAGE_MAX) {
        if (ws->server->memory_left <= 0)
            return close_now(ws, CLOSE_TRY_LATER);
        ws->server->memory_left -= (int64_t)octets.len; // until it is looked up again
    }
    text_add_bytes(&ws->message, octets);
    if (!frame_ends || !lws_is_final_fragment(ws->wsi))
        return 0;
    // In one go: the library's own check takes several times as long.
    if (!utf8_is_valid(text_bytes(&ws->message)))
        return close_now(ws, CLOSE_BAD_TEXT);
    struct http_input *input = http_input_add(ws->server, HTTP_INPUT_WS_TEXT, ws->id);
    input->text_len = ws->message.len;
    input->text = text_take(&ws->message);
    return 0;
}

// The library's own pings are empty, and it keeps the answer to an empty one to itself.
static int send_ping(struct websocket *ws)
{
    uint8_t octets[LWS_PRE + 1] = {[LWS_PRE] = '.'};
    ws->ping_due = false;
    if (lws_write(ws->wsi, octets + LWS_PRE, 1, LWS_WRITE_PING) < 0)
        return -1;
    lws_callback_on_writable(ws->wsi);
    return 0;
}

// The library asks for more only when all that it was given before is with the system.
static void look_whether_drained(struct websocket *ws)
{
    if (!ws->is_slow || ws->has_long || ws->queued_bytes > WS_QUEUE_LOW)
        return;
    ws->is_slow = false;
    http_input_add(ws->server, HTTP_INPUT_WS_DRAINED, ws->id);
}

static int on_writable(struct websocket *ws)
{
    look_whether_drained(ws);
    if (ws->ping_due)
        return send_ping(ws);
    // The library asks for one write each time, unless its socket takes more.
    bool any = !list_empty(&ws->messages);
    for (int i = 0; i < WRITES_PER_CALL && !list_empty(&ws->messages); i++) {
        struct ws_message *message = LIST_ENTRY(ws->messages.next, struct ws_message, link);
        struct ws_text *text = message->text;
        int sent = lws_write(ws->wsi, text->octets + LWS_PRE, text->len, LWS_WRITE_TEXT);
        drop_message(ws, message);
        if (sent < 0)
            return -1;
        if (lws_send_pipe_choked(ws->wsi))
            break;
    }
    if (any) {
        if (!list_empty(&ws->messages) || ws->close_code || ws->is_slow)
            lws_callback_on_writable(ws->wsi);
        return 0;
    }
    // From here the library would cut the connection without a word; from a timer it says why
    // and waits for the answer.
    if (ws->close_code)
        lws_set_timer_usecs(ws->wsi, 1);
    return 0;
}

static int on_timer(struct websocket *ws)
{
    if (!ws->closing) {
        ws->ping_due = true;
        lws_set_timer_usecs(ws->wsi, WS_PING_US);
        lws_callback_on_writable(ws->wsi);
        return 0;
    }
    if (!ws->close_code || !list_empty(&ws->messages))
        return 0; // it comes back when all is sent
    lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code,
                     (unsigned char *)ws->close_reason, strlen(ws->close_reason));
    return -1;
}

// RFC 6455 section 7.4: what may be said in a close frame.
static bool is_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

// The library echoes what lies at `at`.
static int on_peer_closes(struct websocket *ws, uint8_t *at, size_t len)
{
    ws->closing = true;
    if (len == 0) {
        ws->peer_code = CLOSE_NO_STATUS;
        return 0;
    }
    if (len == 1)
        return close_now(ws, CLOSE_PROTOCOL_ERROR);
    if (!utf8_is_valid((struct bytes){at + 2, len - 2}))
        return close_now(ws, CLOSE_BAD_TEXT);
    ws->peer_code = read_u16(at);
    if (!is_close_code(ws->peer_code)) {
        ws->peer_code = CLOSE_PROTOCOL_ERROR;
        write_u16(at, CLOSE_PROTOCOL_ERROR);
    }
    return 0;
}

int websocket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len)
{
    (void)user;
    struct websocket *ws = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!ws)
        return 0;
    ws->wsi = wsi;
    switch (reason) {
    case LWS_CALLBACK_HTTP: // nothing but upgrades is ever sent here
        return -1;
    case LWS_CALLBACK_ESTABLISHED:
        tally_add(&ws->server->tally, ws->server->config.ws_route, 101, -1);
        return on_open(ws);
    case LWS_CALLBACK_RECEIVE:
        return on_octets(ws, (struct bytes){in, len});
    case LWS_CALLBACK_RECEIVE_PONG:
        http_input_add(ws->server, HTTP_INPUT_WS_PONG, ws->id);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(ws);
    case LWS_CALLBACK_TIMER:
        return on_timer(ws);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_peer_closes(ws, in, len);
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(wsi, NULL);
        if (ws->server->adopting == ws)
            ws->server->adopting = NULL;
        websocket_free(ws);
        return 0;
    default:
        return 0;
    }
}

// A client that has not shown a token has nothing to say that is long.
static size_t message_max(const struct http_server *server, const struct http_request *request)
{
    bool is_stranger = server->config.standing && request->standing != HTTP_HAS_TOKEN;
    return is_stranger ? WS_STRANGER_MESSAGE_MAX : WS_MESSAGE_MAX;
}

int websocket_adopt(struct http_server *server, int fd, struct http_request *request)
{
    struct websocket *ws = mem_alloc(sizeof *ws);
    ws->server = server;
    ws->request = request;
    ws->message_max = message_max(server, request);
    list_init(&ws->messages);
    list_append(&server->websockets, &ws->link);
    server->adopting = ws;
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&(lws_adopt_desc_t){
        .vh = server->inside,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP,
        .fd.sockfd = fd,
        .opaque = ws,
    });
    if (!wsi && server->adopting == ws && !ws->wsi) // as in door_adopt()
        websocket_free(ws);
    server->adopting = NULL;
    return wsi ? 0 : ERR_IO;
}

void websocket_free(struct websocket *ws)
{
    while (!list_empty(&ws->messages)) {
        drop_message(ws, LIST_ENTRY(ws->messages.next, struct ws_message, link));
    }
    text_dispose(&ws->message);
    http_request_free(ws->request);
    list_remove(&ws->link);
    if (ws->open) {
        http_input_add(ws->server, HTTP_INPUT_WS_CLOSE, ws->id)->close_code = ws->peer_code;
        map_remove(&ws->server->sockets, map_key_u64(&ws->id));
    }
    mem_free(ws);
}

// --- Of net/http_server.h ---

static struct websocket *open_socket(struct http_server *server, uint64_t id)
{
    struct websocket *ws = map_get(&server->sockets, map_key_u64(&id));
    return ws && !ws->closing ? ws : NULL;
}

static void begin_close(struct websocket *ws, uint16_t code, const char *reason)
{
    ws->closing = true;
    ws->peer_code = ws->close_code = code;
    size_t len = strnlen(reason, sizeof ws->close_reason - 1);
    memcpy(ws->close_reason, reason, len);
    ws->close_reason[len] = 0;
    // A peer that does not read never gets the frame.
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_PATIENCE_S);
    lws_callback_on_writable(ws->wsi);
}

static void add_message(struct websocket *ws, struct bytes text, bool is_long)
{
    struct ws_message *message = mem_alloc(sizeof *message);
    message->text = share(ws->server, text);
    message->is_long = is_long;
    list_append(&ws->messages, &message->link);
    if (is_long)
        ws->has_long = true;
    else
        ws->queued_bytes += text.len;
    ws->is_slow |= ws->queued_bytes >= WS_QUEUE_HIGH || text.len >= WS_QUEUE_HIGH;
    lws_callback_on_writable(ws->wsi);
}

bool http_server_ws_send(struct http_server *server, uint64_t id, struct bytes text)
{
    struct websocket *ws = open_socket(server, id);
    if (!ws)
        return false;
    if (text.len > WS_QUEUE_BYTES_MAX - ws->queued_bytes) {
        begin_close(ws, CLOSE_TRY_LATER, "too slow");
        return false;
    }
    add_message(ws, text, false);
    return true;
}

bool http_server_ws_send_long(struct http_server *server, uint64_t id, struct bytes text)
{
    struct websocket *ws = open_socket(server, id);
    if (!ws || ws->has_long || text.len < WS_QUEUE_LOW || text.len > WS_LONG_MAX)
        return http_server_ws_send(server, id, text);
    add_message(ws, text, true);
    return true;
}

bool http_server_ws_is_slow(const struct http_server *server, uint64_t id)
{
    const struct websocket *ws = map_get(&server->sockets, map_key_u64(&id));
    return ws && ws->is_slow;
}

void http_server_ws_close(struct http_server *server, uint64_t id, uint16_t code,
                          const char *reason)
{
    struct websocket *ws = open_socket(server, id);
    if (ws)
        begin_close(ws, code, reason ? reason : "");
}
