#include "net/connection.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    HANDSHAKE_TIMEOUT_S = 10,  // of TLS, and of the library with itself
    READ_OCTETS = 16 * 1024,   // at most in one system call
    RECEIVE_OCTETS = 4 * 1024, // for each web socket
    SEND_OCTETS = 64 * 1024,   // at most in one system call
    SPARE_DESCRIPTORS = 32,    // for the database, certificates, the next listener
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100,
    BACKLOG = 511,
    THIN_MS = 250,
};

int64_t http_now(const struct http_server *server)
{
    if (server->config.now)
        return server->config.now();
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// --- Inputs ---

struct http_input *http_input_add(struct http_server *server, enum http_input_kind kind,
                                  uint64_t id)
{
    if (server->input_count == server->input_cap) {
        // Bounded by the connections: each has one request, or what one read brought.
        size_t cap = server->input_cap ? 2 * server->input_cap : 64;
        struct http_input *ring = mem_alloc_array(cap, sizeof *ring);
        for (size_t i = 0; i < server->input_count; i++)
            ring[i] = server->inputs[(server->input_first + i) % server->input_cap];
        mem_free(server->inputs);
        server->inputs = ring;
        server->input_cap = cap;
        server->input_first = 0;
    }
    size_t at = (server->input_first + server->input_count++) % server->input_cap;
    server->inputs[at] = (struct http_input){.kind = kind, .id = id};
    return &server->inputs[at];
}

bool http_server_next(struct http_server *server, struct http_input *input)
{
    if (server->input_count == 0)
        return false;
    *input = server->inputs[server->input_first];
    server->input_first = (server->input_first + 1) % server->input_cap;
    server->input_count--;
    return true;
}

void http_input_dispose(struct http_input *input)
{
    http_request_free(input->request);
    mem_free(input->text);
}

// --- Listening ---

// Closes one connection of this visitor that has asked before and may ask again: the one that
// has been silent for longest. False when all of them have just asked.
static bool close_idle(struct http_server *server, const struct visitor *visitor)
{
    struct connection *oldest = NULL;
    LIST_EACH(&server->connections, link)
    {
        struct connection *c = LIST_ENTRY(link, struct connection, link);
        if (c->visitor == visitor && c->place == PLACE_IDLE &&
            (!oldest || c->placed_at < oldest->placed_at) && !door_has_unread(c))
            oldest = c;
    }
    if (oldest)
        door_close(oldest);
    return oldest != NULL;
}

// At the limit who is idle goes first: the new one has something to ask.
static bool enter(struct http_server *server, struct visitor *visitor)
{
    if (!visitor)
        return false;
    if (visitors_enter(&server->visitors, visitor))
        return true;
    if (visitor->idle == 0 || !close_idle(server, visitor))
        return false;
    visitor->connections++; // one goes as soon as the loop turns
    return true;
}

static void admit(struct http_server *server, int fd, const struct addr *from)
{
    // A proxy brings many people: its web sockets are counted by theirs (door.c).
    const struct networks *trusted = server->config.trusted;
    bool limited = (server->config.rate_limit || !addr_is_loopback(from)) &&
                   !(trusted && networks_have(trusted, from));
    struct visitor *visitor =
        limited ? visitors_find(&server->visitors, from, http_now(server)) : NULL;
    if (fd >= sysconf(_SC_OPEN_MAX) - SPARE_DESCRIPTORS)
        turned_away_add(server, fd, 503, false); // no descriptor to wait with
    else if (limited && !enter(server, visitor))
        turned_away_add(server, fd, 429, true);
    else
        door_adopt(server, fd, from, visitor);
}

// Whoever has said something by now is let be and does not count, read or not.
static void spare_heard(struct http_server *server)
{
    LIST_EACH(&server->connections, link)
    {
        struct connection *c = LIST_ENTRY(link, struct connection, link);
        c->spared = c->place == PLACE_UNREAD &&
                    visitors_are_crowded(&server->visitors, c->visitor) && door_has_unread(c);
        if (c->spared)
            c->visitor->unread--;
    }
}

// Until when it is let be. Who has begun a head is soon done with it; who is silent may be on a
// busy machine, where a page takes seconds from its connections to its first request.
static int64_t spared_until(const struct connection *c)
{
    int64_t grace_us = c->in.len > 0 ? (int64_t)HTTP_UNREAD_GRACE_MS * 1000
                                     : (int64_t)c->server->config.timeouts.head * 1000000;
    return c->placed_at + grace_us;
}

static void on_thin(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    int64_t now = http_now(server);
    bool more = false;
    spare_heard(server);
    LIST_EACH(&server->connections, link)
    {
        struct connection *c = LIST_ENTRY(link, struct connection, link);
        if (c->place != PLACE_UNREAD || c->spared ||
            !visitors_are_crowded(&server->visitors, c->visitor))
            continue;
        if (spared_until(c) <= now)
            door_close(c);
        else
            more = true;
    }
    LIST_EACH(&server->connections, link)
    {
        struct connection *c = LIST_ENTRY(link, struct connection, link);
        if (!c->spared)
            continue;
        c->visitor->unread++;
        c->spared = false;
        more = true;
    }
    if (!more)
        uv_timer_stop(timer);
}

void http_thin_out(struct http_server *server)
{
    if (!uv_is_active((uv_handle_t *)&server->thin) && !server->closing)
        uv_timer_start(&server->thin, on_thin, THIN_MS, THIN_MS);
}

static void set_accepting(struct http_server *server, bool on);

static void on_resume(uv_timer_t *timer)
{
    set_accepting(timer->data, true);
}

static void on_connections(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct listener *listener = poll->data;
    struct http_server *server = listener->server;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage name;
        socklen_t name_len = sizeof name;
        int fd = accept4(listener->fd, (struct sockaddr *)&name, &name_len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            // Trying again at once would spin: the connection stays in the backlog.
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                log_warn("http", "cannot accept: %s", strerror(errno));
                set_accepting(server, false);
                uv_timer_start(&server->resume, on_resume, ACCEPT_PAUSE_MS, 0);
            }
            return;
        }
        // An answer or a notice is written whole: what is left of it after full segments must
        // not wait until the client has acknowledged those (RFC 896), which takes 40 ms.
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct addr from = addr_from_sockaddr((const struct sockaddr *)&name);
        admit(server, fd, &from);
    }
}

static void set_accepting(struct http_server *server, bool on)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        if (!on || server->closing)
            uv_poll_stop(&server->listeners[i].poll);
        else
            uv_poll_start(&server->listeners[i].poll, UV_READABLE, on_connections);
    }
}

static int listening_socket(const struct addr *at)
{
    struct sockaddr_storage name;
    socklen_t name_len = addr_to_sockaddr(at, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    // A restart must not wait for the connections of the last run to be forgotten.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // 0.0.0.0 and :: may both be listened on.
    if (name.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&name, name_len) < 0 || listen(fd, BACKLOG) < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static int listen_on(struct http_server *server, const struct addr *at)
{
    struct listener *listener = &server->listeners[server->listener_count];
    char text[ADDR_TEXT_MAX];
    addr_format(at, text);
    listener->server = server;
    listener->fd = listening_socket(at);
    if (listener->fd < 0) {
        int why = errno;
        const struct log_field *fields =
            LOG_FIELDS(log_text("address", text), log_text("reason", strerror(why)));
        if (server->config.may_fail)
            log_warn_of(fields, "http", "cannot listen on %s: %s", text, strerror(why));
        else
            log_error_of(fields, "http", "cannot listen on %s: %s", text, strerror(why));
        return ERR_IO;
    }
    struct sockaddr_storage name;
    socklen_t name_len = sizeof name;
    getsockname(listener->fd, (struct sockaddr *)&name, &name_len);
    listener->port = addr_from_sockaddr((struct sockaddr *)&name).port;
    uv_poll_init(server->config.loop, &listener->poll, listener->fd);
    listener->poll.data = listener;
    server->listener_count++;
    server->open_handles++;
    return 0;
}

// --- The server ---

static void library_log(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    if (level == LLL_ERR)
        log_debug("lws", "%.*s", (int)len, line);
}

static const struct lws_protocols door_protocols[] = {
    {.name = "door", .callback = door_callback, .tx_packet_size = SEND_OCTETS},
    {.name = NULL},
};
static const struct lws_protocols inside_protocols[] = {
    {.name = "parlor",
     .callback = websocket_callback,
     .rx_buffer_size = RECEIVE_OCTETS,
     .tx_packet_size = SEND_OCTETS},
    {.name = NULL},
};

static int create_context(struct http_server *server)
{
    // No pings of the library's: websocket.c sends its own. Nor is it to say who is silent:
    // after a stop of the process it would, before it reads.
    static const lws_retry_bo_t patience = {.secs_since_valid_ping = UINT16_MAX,
                                            .secs_since_valid_hangup = UINT16_MAX};
    // What it calls errors are mostly clients' mistakes, which are counted elsewhere.
    lws_set_log_level(LLL_ERR, library_log);
    void *loops[] = {server->config.loop};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS, // 40 ms, for clients only
        .foreign_loops = loops,
        .pcontext = &server->context,
        .timeout_secs = HANDSHAKE_TIMEOUT_S,
        .pt_serv_buf_size = READ_OCTETS,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .server_string = "",
    };
    if (server->tls_cert)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    server->context = lws_create_context(&info);
    if (!server->context)
        return ERR_IO;

    struct lws_context_creation_info inside = {
        .vhost_name = "inside", // the Host of relay.c: the library chooses by it
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = inside_protocols,
        .retry_and_idle_policy = &patience,
        .timeout_secs = HANDSHAKE_TIMEOUT_S,
    };
    server->inside = lws_create_vhost(server->context, &inside);
    struct lws_context_creation_info door = {
        .vhost_name = "door",
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = door_protocols,
        .options = server->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
        .timeout_secs = HANDSHAKE_TIMEOUT_S,
        .alpn = "http/1.1",
        .ssl_cert_filepath = server->tls_cert,
        .ssl_private_key_filepath = server->tls_key,
        .ssl_options_set = (long)(SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1),
    };
    server->door = lws_create_vhost(server->context, &door);
    return server->inside && server->door ? 0 : ERR_IO;
}

// Loads the pair as the library will, to say what is wrong with it before anything changes.
static int check_certificate(const char *cert, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    bool good = ctx && SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
                SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_check_private_key(ctx) == 1;
    SSL_CTX_free(ctx);
    if (!good)
        log_error("http", "certificate %s and key %s do not load as a pair", cert, key);
    return good ? 0 : ERR_IO;
}

// What is not set is as in base/limits.h.
static void fill_limits(struct http_server_config *config)
{
    struct http_timeouts *t = &config->timeouts;
    if (!config->limits)
        config->limits = &visitors_limits_default;
    if (!config->head)
        config->head = &head_limits_default;
    t->head = t->head ? t->head : HTTP_HEAD_TIMEOUT_S;
    t->body = t->body ? t->body : HTTP_BODY_TIMEOUT_S;
    t->idle = t->idle ? t->idle : HTTP_IDLE_TIMEOUT_S;
    t->write = t->write ? t->write : HTTP_WRITE_TIMEOUT_S;
    t->answer = t->answer ? t->answer : HTTP_ANSWER_TIMEOUT_S;
}

struct http_server *http_server_new(const struct http_server_config *config)
{
    assert(config->listen_count <= LISTENERS_MAX);
    struct http_server *server = mem_alloc(sizeof *server);
    server->config = *config;
    fill_limits(&server->config);
    server->memory_left = INT64_MAX;
    visitors_init(&server->visitors, server->config.limits);
    server->tls_cert = mem_text(config->tls_cert);
    server->tls_key = mem_text(config->tls_key);
    server->ws_path = mem_text(config->ws_path);
    server->frame_ancestors = mem_text(config->frame_ancestors);
    server->origins = mem_text(config->origins);
    server->public_url = mem_text(config->public_url);
    list_init(&server->connections);
    list_init(&server->websockets);
    tally_init(&server->tally, config->route_count);
    list_init(&server->callers);
    struct map *by_host = &server->visitors.by_host; // clients choose its keys
    rng_fill(&server->rng, by_host->seed, sizeof by_host->seed);
    uv_timer_init(config->loop, &server->resume);
    server->resume.data = server;
    uv_timer_init(config->loop, &server->thin);
    server->thin.data = server;
    server->open_handles = 2;

    int err = 0;
    if (server->tls_cert)
        err = check_certificate(server->tls_cert, server->tls_key);
    for (size_t i = 0; i < config->listen_count && !err; i++)
        err = listen_on(server, &config->listen[i]);
    if (!err)
        err = create_context(server);
    if (err) {
        http_server_close(server);
        while (!http_server_is_closed(server))
            uv_run(config->loop, UV_RUN_NOWAIT);
        http_server_free(server);
        return NULL;
    }
    set_accepting(server, true);
    return server;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    server->open_handles--;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    close(listener->fd);
    listener->server->open_handles--;
}

static void close_listeners(struct http_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        if (!uv_is_closing((uv_handle_t *)&server->listeners[i].poll))
            uv_close((uv_handle_t *)&server->listeners[i].poll, on_listener_closed);
}

void http_server_drain(struct http_server *server)
{
    server->draining = true;
    LIST_EACH(&server->connections, link)
    {
        struct connection *c = LIST_ENTRY(link, struct connection, link);
        if (c->state == CONNECTION_HEAD && c->has_asked && !door_is_busy(c))
            door_close(c);
    }
}

// Somebody is connected whom the loop has not accepted yet.
static bool has_callers(const struct http_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        struct pollfd one = {.fd = server->listeners[i].fd, .events = POLLIN};
        if (poll(&one, 1, 0) > 0)
            return true;
    }
    return false;
}

bool http_server_is_drained(const struct http_server *server)
{
    LIST_EACH(&server->connections, link)
    {
        if (door_is_busy(LIST_ENTRY(link, struct connection, link)))
            return false;
    }
    return !has_callers(server);
}

void http_server_close(struct http_server *server)
{
    server->closing = true;
    close_listeners(server);
    turned_away_close(server);
    if (!uv_is_closing((uv_handle_t *)&server->resume))
        uv_close((uv_handle_t *)&server->resume, on_handle_closed);
    if (!uv_is_closing((uv_handle_t *)&server->thin))
        uv_close((uv_handle_t *)&server->thin, on_handle_closed);
    if (server->context)
        lws_context_destroy(server->context);
}

static void count_closing(uv_handle_t *handle, void *count)
{
    if (uv_is_closing(handle))
        ++*(size_t *)count;
}

// On a foreign loop the library closes its handles in two generations, the second from the
// callback of the first one's last, and then waits for a second call. So as long as it is not
// ready for that, some handle of the loop is closing.
bool http_server_is_closed(struct http_server *server)
{
    size_t closing = 0;
    uv_walk(server->config.loop, count_closing, &closing);
    if (closing > 0)
        return false;
    if (server->context)
        lws_context_destroy(server->context);
    return !server->context && server->open_handles == 0;
}

void http_server_free(struct http_server *server)
{
    assert(http_server_is_closed(server));
    struct http_input input;
    while (http_server_next(server, &input))
        http_input_dispose(&input);
    mem_free(server->inputs);
    map_dispose(&server->requests);
    map_dispose(&server->sockets);
    websocket_forget_text(server);
    visitors_dispose(&server->visitors);
    mem_free(server->tls_cert);
    mem_free(server->tls_key);
    mem_free(server->ws_path);
    tally_dispose(&server->tally);
    mem_free(server->frame_ancestors);
    mem_free(server->origins);
    mem_free(server->public_url);
    mem_free(server);
}

void http_server_set_memory(struct http_server *server, int64_t octets)
{
    server->memory_left = octets;
}

uint16_t http_server_port(const struct http_server *server, size_t listener)
{
    return server->listeners[listener].port;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connection_count;
}

const struct tally *http_server_tally(const struct http_server *server)
{
    return &server->tally;
}

int http_server_reload_certificate(struct http_server *server)
{
    if (!server->tls_cert)
        return 0;
    if (check_certificate(server->tls_cert, server->tls_key) != 0 ||
        lws_tls_cert_updated(server->context, server->tls_cert, server->tls_key, NULL, 0, NULL,
                             0) != 0)
        return ERR_IO;
    return 0;
}
