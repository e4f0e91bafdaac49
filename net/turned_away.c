// Connections that may not stay still learn why: a person reads a page, where a program gets
// JSON. Which of them it is stands in a head that may be under way, so a few are waited for;
// and where octets lie unread when a socket is closed, the answer is lost with it.
#include "net/connection.h"

#include "base/limits.h"
#include "base/mem.h"

#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_OCTETS = 16 * 1024 }; // that are looked at

// Such a connection, until it has said something.
struct caller {
    struct http_server *server;
    int fd;
    int status;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
    struct list link; // of http_server.callers
};

// Answers to what has come so far.
static void answer(struct http_server *server, int fd, int status)
{
    uint8_t head[HEAD_OCTETS];
    ssize_t got = recv(fd, head, sizeof head, MSG_DONTWAIT);
    struct connection c = {.server = server};
    if (got > 0)
        text_add_bytes(&c.in, (struct bytes){head, (size_t)got});
    answer_refusal(&c, status);
    send(fd, c.out.at, c.out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    text_dispose(&c.in);
    text_dispose(&c.out);
    close(fd);
}

static void on_closed(uv_handle_t *handle)
{
    struct caller *caller = handle->data;
    caller->server->open_handles--;
    if (--caller->open_handles == 0)
        mem_free(caller);
}

static void let_go(struct caller *caller)
{
    list_remove(&caller->link);
    caller->server->caller_count--;
    uv_close((uv_handle_t *)&caller->poll, on_closed);
    uv_close((uv_handle_t *)&caller->timer, on_closed);
    answer(caller->server, caller->fd, caller->status);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    let_go(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    let_go(timer->data);
}

static void wait_for(struct http_server *server, int fd, int status)
{
    struct caller *caller = mem_alloc(sizeof *caller);
    *caller = (struct caller){.server = server, .fd = fd, .status = status, .open_handles = 2};
    uv_poll_init(server->config.loop, &caller->poll, fd);
    uv_timer_init(server->config.loop, &caller->timer);
    caller->poll.data = caller->timer.data = caller;
    server->open_handles += 2;
    server->caller_count++;
    list_append(&server->callers, &caller->link);
    uv_poll_start(&caller->poll, UV_READABLE, on_ready);
    uv_timer_start(&caller->timer, on_timer, HTTP_TURNED_AWAY_MS, 0);
}

void turned_away_add(struct http_server *server, int fd, int status, bool may_wait)
{
    uint8_t first;
    if (server->tls_cert)
        close(fd); // it would have to be encrypted first
    else if (may_wait && server->caller_count < HTTP_TURNED_AWAY_MAX &&
             recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
        wait_for(server, fd, status);
    else
        answer(server, fd, status);
}

void turned_away_close(struct http_server *server)
{
    while (!list_empty(&server->callers))
        let_go(LIST_ENTRY(server->callers.next, struct caller, link));
}
