#include "net/connection.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_TIMEOUT_S = 10,
    BODY_TIMEOUT_S = 30,
    HANDLER_TIMEOUT_S = 10,
    WRITE_TIMEOUT_S = 30,
    KEEP_ALIVE_S = 60,
    WS_PING_S = 15,
    WS_DEAD_S = 40,

    // More than HTTP_HEADERS_MAX and HTTP_REQUEST_LINE_MAX together, so that most heads that
    // are too long are read and get an answer; the rest just lose their connection.
    HEAD_OCTETS = 40 * 1024,
    RECEIVE_OCTETS = 4 * 1024, // for each web socket
    SEND_OCTETS = 256 * 1024,  // at most in one system call
    SPARE_DESCRIPTORS = 32,    // for the database, certificates, the next listener
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100,
    BACKLOG = 511,
};

int64_t http_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// --- Inputs ---

struct http_input *http_input_add(struct http_server *server, enum http_input_kind kind,
                                  struct connection *c)
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
    server->inputs[at] = (struct http_input){.kind = kind, .id = c->id};
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

// --- Connections ---

void connection_name(struct connection *c)
{
    c->id = ++c->server->last_id;
    map_put(&c->server->by_id, map_key_u64(&c->id), c);
}

void connection_forget_id(struct connection *c)
{
    if (c->id)
        map_remove(&c->server->by_id, map_key_u64(&c->id));
    c->id = 0;
}

static void connection_free(struct connection *c)
{
    websocket_gone(c);
    connection_forget_id(c);
    if (c->counted)
        visitors_leave(&c->server->visitors, &c->from);
    list_remove(&c->link);
    c->server->connection_count--;
    door_dispose(c);
    text_dispose(&c->body);
    text_dispose(&c->out);
    mem_free(c);
}

// Refuses the request; what the library reads of it from now on is thrown away.
static int refuse(struct connection *c, int status)
{
    answer_refusal(c, status);
    door_dispose(c);
    answer_write(c, LWS_WRITE_HTTP);
    return -1;
}

// The request is whole: it is the owner's now. Nothing more is read until it is answered.
static int dispatch(struct connection *c)
{
    c->state = CONNECTION_WAITING;
    lws_set_timer_usecs(c->wsi, LWS_SET_TIMER_USEC_CANCEL);
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, HANDLER_TIMEOUT_S);
    lws_rx_flow_control(c->wsi, 0);
    struct http_request *request = c->request;
    c->request = NULL;
    uint8_t *body = arena_alloc(&request->arena, c->body.len + 1);
    if (c->body.len)
        memcpy(body, c->body.at, c->body.len);
    request->body = (struct bytes){body, c->body.len};
    text_dispose(&c->body);
    connection_name(c);
    http_input_add(c->server, HTTP_INPUT_REQUEST, c)->request = request;
    return 0;
}

static bool is_limited(const struct connection *c)
{
    return c->server->config.rate_limit || !addr_is_loopback(&c->from);
}

static int on_head(struct connection *c)
{
    if (c->state != CONNECTION_IDLE)
        return -1;
    int status = door_head(c);
    if (!status && is_limited(c) &&
        !visitors_request(&c->server->visitors, &c->from, http_now()))
        status = 429;
    if (status)
        return refuse(c, status);

    enum http_method method = c->request->method;
    if (!c->chunks && c->body_expected == 0) {
        // The library tells of the end of an empty body in this case only.
        if (method == HTTP_POST && c->has_length) {
            c->state = CONNECTION_BODY;
            return 0;
        }
        // Without a length it takes all that follows for the body.
        if (!c->has_length &&
            (method == HTTP_POST || method == HTTP_PUT || method == HTTP_PATCH))
            c->close_after = true;
        return dispatch(c);
    }
    c->state = CONNECTION_BODY;
    lws_set_timer_usecs(c->wsi, (lws_usec_t)BODY_TIMEOUT_S * LWS_US_PER_SEC);
    if (c->expects_continue) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        unsigned char octets[LWS_PRE + sizeof go_on];
        memcpy(octets + LWS_PRE, go_on, sizeof go_on);
        if (lws_write(c->wsi, octets + LWS_PRE, sizeof go_on - 1, LWS_WRITE_HTTP) < 0)
            return -1;
    }
    return 0;
}

static int on_body(struct connection *c, const uint8_t *at, size_t len)
{
    if (c->state != CONNECTION_BODY || len == 0)
        return 0;
    int status = door_body(c, at, len);
    if (status)
        return refuse(c, status);
    return c->chunks && door_body_complete(c) ? dispatch(c) : 0;
}

static int on_body_end(struct connection *c)
{
    if (c->state != CONNECTION_BODY)
        return 0;
    return door_body_complete(c) ? dispatch(c) : refuse(c, 400);
}

static int on_writable(struct connection *c)
{
    if (c->state != CONNECTION_ANSWERING)
        return 0;
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WRITE_TIMEOUT_S);
    if (answer_write(c, LWS_WRITE_HTTP) < 0 || c->close_after)
        return -1;
    c->state = CONNECTION_IDLE;
    return lws_http_transaction_completed(c->wsi) ? -1 : 0;
}

// What was no request that the library knows: another method, or another protocol.
static int on_raw(struct connection *c, const char *at, size_t len)
{
    size_t word = 0;
    while (word < len && at[word] >= 'A' && at[word] <= 'Z')
        word++;
    bool has_method = word > 0 && word < len && at[word] == ' ';
    bool http2 = len >= 4 && memcmp(at, "PRI ", 4) == 0;
    answer_refusal(c, http2 ? 505 : has_method ? 405 : 400);
    answer_write(c, LWS_WRITE_RAW);
    return -1;
}

// --- The library's callbacks ---

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    (void)user;
    struct connection *c = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!c)
        return 0;
    c->wsi = wsi;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return on_head(c);
    case LWS_CALLBACK_HTTP_BODY:
        return on_body(c, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return on_body_end(c);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_writable(c);
    case LWS_CALLBACK_TIMER:
        return c->state == CONNECTION_BODY ? refuse(c, 408) : 0;
    case LWS_CALLBACK_RAW_RX:
        return on_raw(c, in, len);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: {
        int status = c->state == CONNECTION_IDLE ? door_upgrade(c) : 400;
        if (!status && is_limited(c) &&
            !visitors_request(&c->server->visitors, &c->from, http_now()))
            status = 429;
        return status ? refuse(c, status) : 0;
    }
    case LWS_CALLBACK_ESTABLISHED:
        websocket_opened(c);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return websocket_receive(c, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return websocket_write(c);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return websocket_peer_closes(c, in, len);
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(wsi, NULL);
        if (c->server->adopting == c)
            c->server->adopting = NULL;
        connection_free(c);
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "parlor",
     .callback = callback,
     .rx_buffer_size = RECEIVE_OCTETS,
     .tx_packet_size = SEND_OCTETS},
    {.name = NULL},
};

// --- Listening ---

// A connection that may not stay still learns why, where nothing must be encrypted first.
static void turn_away(const struct http_server *server, int fd)
{
    static const char busy[] = "HTTP/1.1 429 Too Many Requests\r\n"
                               "content-length: 0\r\nretry-after: 1\r\n"
                               "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n";
    if (!server->tls_cert)
        send(fd, busy, sizeof busy - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void adopt(struct http_server *server, int fd, const struct addr *from)
{
    struct connection *c = mem_alloc(sizeof *c);
    c->server = server;
    c->from = *from;
    bool loopback_unlimited = !server->config.rate_limit && addr_is_loopback(from);
    if (!loopback_unlimited) {
        c->counted = visitors_enter(&server->visitors, from, http_now());
        if (!c->counted) {
            mem_free(c);
            turn_away(server, fd);
            return;
        }
    }
    list_init(&c->messages);
    list_append(&server->connections, &c->link);
    server->connection_count++;
    server->adopting = c;
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&(lws_adopt_desc_t){
        .vh = server->vhost,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
        .fd.sockfd = fd,
        .opaque = c,
    });
    // Where adoption failed early the library never heard of `c`; else it has freed it.
    if (!wsi && server->adopting == c)
        connection_free(c);
    server->adopting = NULL;
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
        struct addr from = addr_from_sockaddr((const struct sockaddr *)&name);
        if (fd >= sysconf(_SC_OPEN_MAX) - SPARE_DESCRIPTORS)
            turn_away(server, fd);
        else
            adopt(server, fd, &from);
    }
}

static void set_accepting(struct http_server *server, bool on)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        if (!on || server->draining)
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
        log_error("http", "cannot listen on %s: %s", text, strerror(errno));
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

static int create_context(struct http_server *server)
{
    static const lws_retry_bo_t pings = {.secs_since_valid_ping = WS_PING_S,
                                         .secs_since_valid_hangup = WS_DEAD_S};
    // What it calls errors are mostly clients' mistakes, which are counted elsewhere.
    lws_set_log_level(LLL_ERR, library_log);
    void *loops[] = {server->config.loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS | // 40 ms, for clients only
                   LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG,
        .foreign_loops = loops,
        .pcontext = &server->context,
        .timeout_secs = HEAD_TIMEOUT_S,
        .keepalive_timeout = KEEP_ALIVE_S,
        .retry_and_idle_policy = &pings,
        .max_http_header_data = HEAD_OCTETS,
        .alpn = "http/1.1",
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .ssl_cert_filepath = server->tls_cert,
        .ssl_private_key_filepath = server->tls_key,
        .ssl_options_set = (long)(SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1),
        .server_string = "",
    };
    if (server->tls_cert)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    server->context = lws_create_context(&info);
    if (!server->context)
        return ERR_IO;
    server->vhost = lws_get_vhost_by_name(server->context, "default");
    return server->vhost ? 0 : ERR_IO;
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

struct http_server *http_server_new(const struct http_server_config *config)
{
    assert(config->listen_count <= LISTENERS_MAX);
    struct http_server *server = mem_alloc(sizeof *server);
    server->config = *config;
    server->tls_cert = mem_text(config->tls_cert);
    server->tls_key = mem_text(config->tls_key);
    server->ws_path = mem_text(config->ws_path);
    server->frame_ancestors = mem_text(config->frame_ancestors);
    list_init(&server->connections);
    rng_fill(&server->rng, server->by_id.seed, sizeof server->by_id.seed);
    rng_fill(&server->rng, server->visitors.by_host.seed, sizeof server->by_id.seed);
    uv_timer_init(config->loop, &server->resume);
    server->resume.data = server;
    server->open_handles = 1;

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

void http_server_drain(struct http_server *server, uint16_t code)
{
    server->draining = true;
    close_listeners(server);
    LIST_EACH(&server->connections, each)
    {
        struct connection *c = LIST_ENTRY(each, struct connection, link);
        if (c->state == CONNECTION_SOCKET)
            http_server_ws_close(server, c->id, code, "restart");
        else
            c->close_after = true;
    }
}

void http_server_close(struct http_server *server)
{
    server->draining = true;
    close_listeners(server);
    if (!uv_is_closing((uv_handle_t *)&server->resume))
        uv_close((uv_handle_t *)&server->resume, on_handle_closed);
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
    LIST_EACH(&server->connections, each)
    connection_free(LIST_ENTRY(each, struct connection, link));
    struct http_input input;
    while (http_server_next(server, &input))
        http_input_dispose(&input);
    mem_free(server->inputs);
    map_dispose(&server->by_id);
    visitors_dispose(&server->visitors);
    mem_free(server->tls_cert);
    mem_free(server->tls_key);
    mem_free(server->ws_path);
    mem_free(server->frame_ancestors);
    mem_free(server);
}

uint16_t http_server_port(const struct http_server *server, size_t listener)
{
    return server->listeners[listener].port;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connection_count;
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

void http_server_respond(struct http_server *server, uint64_t id, struct http_request *request,
                         struct http_response *response)
{
    struct connection *c = map_get(&server->by_id, map_key_u64(&id));
    if (c && c->state == CONNECTION_WAITING) {
        c->close_after = c->close_after || server->draining;
        answer_prepare(c, request, response);
        connection_forget_id(c);
        c->state = CONNECTION_ANSWERING;
        lws_rx_flow_control(c->wsi, 1);
        lws_callback_on_writable(c->wsi);
    }
    text_dispose(&response->body);
    http_request_free(request);
}
