// The way between a connection and its web socket: one end of a socket pair, of which
// libwebsockets has the other.
#include "net/connection.h"

#include "base/mem.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_OCTETS = 16 * 1024,
    OUT_OCTETS_MAX = 128 * 1024, // then the web socket's own queue fills, which has a bound
};

struct relay {
    struct http_server *server;
    struct connection *c;
    uv_poll_t poll;
    int fd;
    int events; // that are waited for
    bool ended; // the web socket closed its end
};

static void watch(struct relay *relay);

static void end_relay(struct relay *relay)
{
    relay->ended = true;
    relay->events = 0;
    uv_poll_stop(&relay->poll);
    door_relay_ended(relay->c);
}

static void read_some(struct relay *relay)
{
    uint8_t octets[READ_OCTETS];
    ssize_t len = recv(relay->fd, octets, sizeof octets, MSG_DONTWAIT);
    if (len > 0) {
        text_add_bytes(&relay->c->out, (struct bytes){octets, (size_t)len});
        lws_callback_on_writable(relay->c->wsi);
    } else if (len == 0 || errno != EAGAIN) {
        end_relay(relay);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct relay *relay = poll->data;
    if (status < 0) {
        end_relay(relay);
        return;
    }
    if (events & UV_WRITABLE)
        relay_push(relay->c);
    if ((events & UV_READABLE) && !relay->ended)
        read_some(relay);
    if (!relay->ended)
        watch(relay);
}

static void watch(struct relay *relay)
{
    int events = 0;
    if (relay->c->out.len < OUT_OCTETS_MAX)
        events |= UV_READABLE;
    if (relay->c->in.len > 0)
        events |= UV_WRITABLE;
    if (events == relay->events) // to say it again would cost two system calls
        return;
    relay->events = events;
    if (events)
        uv_poll_start(&relay->poll, events, on_ready);
    else
        uv_poll_stop(&relay->poll);
}

// An upgrade with nothing in it but what RFC 6455 section 4.1 asks for: the client's may offer
// extensions and subprotocols, of which none is spoken here.
static void write_upgrade(const struct head *head, struct text *upgrade)
{
    struct bytes key;
    head_field(head, "sec-websocket-key", &key);
    text_add(upgrade,
             "GET / HTTP/1.1\r\nHost: inside\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
    text_add_bytes(upgrade, key);
    text_add(upgrade, "\r\n\r\n");
}

int relay_open(struct connection *c, const struct head *head)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        return 503;
    struct text upgrade = {0};
    write_upgrade(head, &upgrade);
    ssize_t sent = send(ends[0], upgrade.at, upgrade.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    text_dispose(&upgrade);
    struct http_request *request = c->request;
    c->request = NULL;
    if (sent < 0 || websocket_adopt(c->server, ends[1], request) != 0) {
        close(ends[0]);
        return 503;
    }
    struct relay *relay = mem_alloc(sizeof *relay);
    relay->server = c->server;
    relay->c = c;
    relay->fd = ends[0];
    uv_poll_init(c->server->config.loop, &relay->poll, relay->fd);
    relay->poll.data = relay;
    c->server->open_handles++;
    c->relay = relay;
    watch(relay);
    return 0;
}

void relay_push(struct connection *c)
{
    struct relay *relay = c->relay;
    if (c->in.len == 0 || relay->ended)
        return;
    ssize_t len = send(relay->fd, c->in.at, c->in.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (len > 0)
        door_consume(c, (size_t)len);
    else if (errno != EAGAIN)
        text_dispose(&c->in); // it closed its end, which reading will tell
    watch(relay);
}

void relay_pull(struct connection *c)
{
    if (c->relay->ended)
        door_relay_ended(c);
    else
        watch(c->relay);
}

static void on_closed(uv_handle_t *handle)
{
    struct relay *relay = handle->data;
    relay->server->open_handles--;
    close(relay->fd);
    mem_free(relay);
}

void relay_close(struct connection *c)
{
    if (c->relay)
        uv_close((uv_handle_t *)&c->relay->poll, on_closed);
    c->relay = NULL;
}
