// Web sockets: messages are gathered and queued within bounds. Framing is the library's.
#include "net/connection.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

enum {
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_NO_STATUS = 1005,
    CLOSE_ABNORMAL = 1006,
    CLOSE_TOO_BIG = 1009,
    CLOSE_TRY_LATER = 1013,
    CLOSE_PROTOCOL_ERROR = 1002,

    CLOSE_PATIENCE_S = 10,
};

struct ws_message {
    struct list link;
    size_t len;
    uint8_t octets[]; // LWS_PRE octets for the library's frame header, then the text
};

void websocket_opened(struct connection *c)
{
    c->state = CONNECTION_SOCKET;
    c->peer_code = CLOSE_ABNORMAL;
    connection_name(c);
    struct http_input *input = http_input_add(c->server, HTTP_INPUT_WS_OPEN, c);
    input->request = c->request;
    c->request = NULL;
}

// Closes from within a callback: the library sends the frame when it is told -1.
static int close_now(struct connection *c, uint16_t code)
{
    lws_close_reason(c->wsi, (enum lws_close_status)code, NULL, 0);
    c->state = CONNECTION_CLOSING;
    return -1;
}

int websocket_receive(struct connection *c, const uint8_t *at, size_t len)
{
    if (c->state == CONNECTION_CLOSING)
        return 0;
    if (lws_frame_is_binary(c->wsi))
        return close_now(c, CLOSE_UNSUPPORTED);
    if (lws_is_first_fragment(c->wsi))
        c->fragments = 0;
    bool frame_ends = lws_remaining_packet_payload(c->wsi) == 0;
    if (frame_ends && ++c->fragments > WS_FRAGMENTS_MAX)
        return close_now(c, CLOSE_TOO_BIG);
    if (len > WS_MESSAGE_MAX - c->message.len)
        return close_now(c, CLOSE_TOO_BIG);
    text_add_bytes(&c->message, (struct bytes){at, len});
    if (!frame_ends || !lws_is_final_fragment(c->wsi))
        return 0;

    struct http_input *input = http_input_add(c->server, HTTP_INPUT_WS_TEXT, c);
    input->text_len = c->message.len;
    input->text = text_take(&c->message);
    return 0;
}

int websocket_write(struct connection *c)
{
    if (!list_empty(&c->messages)) {
        struct ws_message *message = LIST_ENTRY(c->messages.next, struct ws_message, link);
        int sent = lws_write(c->wsi, message->octets + LWS_PRE, message->len, LWS_WRITE_TEXT);
        list_remove(&message->link);
        c->queued_bytes -= message->len;
        mem_free(message);
        if (sent < 0)
            return -1;
    }
    if (!list_empty(&c->messages)) {
        lws_callback_on_writable(c->wsi);
        return 0;
    }
    if (c->state != CONNECTION_CLOSING)
        return 0;
    lws_close_reason(c->wsi, (enum lws_close_status)c->close_code,
                     (unsigned char *)c->close_reason, strlen(c->close_reason));
    return -1;
}

// RFC 6455 section 7.4: what may be said in a close frame.
static bool is_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

// The library echoes what lies at `at`.
int websocket_peer_closes(struct connection *c, uint8_t *at, size_t len)
{
    c->state = CONNECTION_CLOSING;
    if (len == 0) {
        c->peer_code = CLOSE_NO_STATUS;
        return 0;
    }
    if (len == 1)
        return close_now(c, CLOSE_PROTOCOL_ERROR);
    c->peer_code = read_u16(at);
    if (!is_close_code(c->peer_code)) {
        c->peer_code = CLOSE_PROTOCOL_ERROR;
        write_u16(at, CLOSE_PROTOCOL_ERROR);
    }
    return 0;
}

void websocket_gone(struct connection *c)
{
    while (!list_empty(&c->messages)) {
        struct ws_message *message = LIST_ENTRY(c->messages.next, struct ws_message, link);
        list_remove(&message->link);
        mem_free(message);
    }
    text_dispose(&c->message);
    if (c->state != CONNECTION_SOCKET && c->state != CONNECTION_CLOSING)
        return;
    struct http_input *input = http_input_add(c->server, HTTP_INPUT_WS_CLOSE, c);
    input->close_code = c->peer_code;
}

static struct connection *open_socket(struct http_server *server, uint64_t id)
{
    struct connection *c = map_get(&server->by_id, map_key_u64(&id));
    return c && c->state == CONNECTION_SOCKET ? c : NULL;
}

static void begin_close(struct connection *c, uint16_t code, const char *reason)
{
    c->state = CONNECTION_CLOSING;
    c->close_code = code;
    size_t len = strnlen(reason, sizeof c->close_reason - 1);
    memcpy(c->close_reason, reason, len);
    c->close_reason[len] = 0;
    // A peer that does not read never gets the frame.
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_PATIENCE_S);
    lws_callback_on_writable(c->wsi);
}

bool http_server_ws_send(struct http_server *server, uint64_t id, struct bytes text)
{
    struct connection *c = open_socket(server, id);
    if (!c)
        return false;
    if (text.len > WS_QUEUE_BYTES_MAX - c->queued_bytes) {
        // The queue holds up the close frame no longer than what the socket takes.
        begin_close(c, CLOSE_TRY_LATER, "too slow");
        return false;
    }
    struct ws_message *message = mem_alloc(sizeof *message + LWS_PRE + text.len);
    message->len = text.len;
    memcpy(message->octets + LWS_PRE, text.at, text.len);
    list_append(&c->messages, &message->link);
    c->queued_bytes += text.len;
    lws_callback_on_writable(c->wsi);
    return true;
}

void http_server_ws_close(struct http_server *server, uint64_t id, uint16_t code,
                          const char *reason)
{
    struct connection *c = open_socket(server, id);
    if (c)
        begin_close(c, code, reason ? reason : "");
}
