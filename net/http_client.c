#include "net/http_client.h"

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

#include <assert.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum {
    LOOK_MS = 250,             // between two looks for fetches whose time is over
    STANDSTILL_MS = 1000,      // between two looks: the process was stopped
    ADDRESSES_MAX = 8,         // of a name that are tried
    IDLE_CONNECTIONS_MAX = 32, // that are kept for the next request
};

struct http_client {
    uv_loop_t *loop;
    const struct target_rules *rules;
    CURLM *multi;
    uv_timer_t timer;   // libcurl's
    uv_timer_t look;    // for fetches whose time is over
    uint64_t looked_at; // ms, of the loop
    uint64_t ran_ms;    // how long the process ran, and did not stand still
    struct list active; // fetches
    struct list done;   // fetches with a result
    size_t count;       // of both
    size_t handles;     // of libuv that are not closed yet
    bool closing;
};

struct fetch {
    struct list link;
    struct http_client *client;
    struct fetch_result result;
    struct target target;
    uint64_t begun_at; // ms, of the loop
    uint64_t ran_at;   // ms, of the client
    char *url;
    struct text body;
    struct curl_slist *headers;
    struct lookup *lookup;  // while the name is resolved
    struct curl_slist *pin; // "host:port:address,...": what the name stands for
    CURL *easy;             // from then on
    size_t head_len, body_len;
    char error[CURL_ERROR_SIZE];
};

// A name that is being resolved. It outlives its fetch when that gives up first.
struct lookup {
    uv_getaddrinfo_t request;
    uv_timer_t deadline;
    struct http_client *client;
    struct fetch *fetch; // NULL: nobody waits any more
    int parts;           // request and timer, as far as they live
};

// A socket that libcurl wants to be told of.
struct watch {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

// --- The end of a fetch ---

static void drop(struct fetch *f)
{
    list_remove(&f->link);
    f->client->count--;
    curl_slist_free_all(f->headers);
    curl_slist_free_all(f->pin);
    mem_free(f->url);
    text_dispose(&f->body);
    mem_free(f);
}

static void let_go(struct fetch *f)
{
    if (f->lookup)
        f->lookup->fetch = NULL;
    f->lookup = NULL;
    if (f->easy) {
        curl_multi_remove_handle(f->client->multi, f->easy);
        curl_easy_cleanup(f->easy);
    }
    f->easy = NULL;
}

static void finish(struct fetch *f, int status, const char *why)
{
    let_go(f);
    f->result.status = status;
    if (status) {
        f->result.is_forbidden = false;
        f->result.why[0] = 0;
    } else if (!f->result.why[0]) {
        snprintf(f->result.why, sizeof f->result.why, "%s", why);
    }
    // libcurl's texts may quote what a stranger sent.
    for (char *c = f->result.why; *c; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    list_remove(&f->link);
    list_append(&f->client->done, &f->link);
}

static void forbid(struct fetch *f, const struct addr *address, const char *what)
{
    char text[ADDR_TEXT_MAX];
    addr_format_ip(address, text);
    f->result.is_forbidden = true;
    snprintf(f->result.why, sizeof f->result.why, "%s is %s", text, what);
}

// --- libcurl ---

static size_t on_head(char *at, size_t size, size_t count, void *context)
{
    (void)at;
    struct fetch *f = context;
    f->head_len += size * count;
    return f->head_len <= FETCH_HEAD_MAX ? size * count : 0;
}

static size_t on_body(char *at, size_t size, size_t count, void *context)
{
    (void)at;
    struct fetch *f = context;
    f->body_len += size * count;
    return f->body_len <= FETCH_BODY_MAX ? size * count : 0;
}

// The last look, at the very address that is connected to, whatever led to it.
static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct fetch *f = context;
    struct addr address = addr_from_sockaddr(&to->addr);
    const char *what = target_refusal(f->client->rules, &address);
    if (purpose != CURLSOCKTYPE_IPCXN || what) {
        forbid(f, &address, what ? what : "no place for a request");
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

static const char *reason(const struct fetch *f, CURLcode code)
{
    if (code == CURLE_OPERATION_TIMEDOUT)
        return "timeout";
    if (code == CURLE_WRITE_ERROR && f->head_len > FETCH_HEAD_MAX)
        return "the fields of the answer are too long";
    return f->error[0] ? f->error : curl_easy_strerror(code);
}

// The answer counts when its status came, though its body was too long to be read.
static void on_done(struct fetch *f, CURLcode code)
{
    long status = 0;
    bool is_cut = code == CURLE_WRITE_ERROR && f->body_len > FETCH_BODY_MAX;
    if (code == CURLE_OK || is_cut)
        curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    finish(f, (int)status, status ? "" : reason(f, code));
}

static void take_done(struct http_client *client)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct fetch *f;
        CURLcode code = message->data.result; // the message goes with the handle
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &f);
        on_done(f, code);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_client *client = handle->data;
    client->handles--;
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    watch->client->handles--;
    mem_free(watch);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct http_client *client = watch->client;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    int running;
    curl_multi_socket_action(client->multi, watch->fd, flags, &running);
    take_done(client);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)easy;
    struct http_client *client = context;
    struct watch *watch = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (!watch)
            return 0;
        uv_poll_stop(&watch->poll);
        uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (!watch) {
        watch = mem_alloc(sizeof *watch);
        watch->client = client;
        watch->fd = fd;
        if (uv_poll_init_socket(client->loop, &watch->poll, fd) != 0) {
            mem_free(watch);
            return -1;
        }
        watch->poll.data = watch;
        client->handles++;
        curl_multi_assign(client->multi, fd, watch);
    }
    int events = what & CURL_POLL_IN ? UV_READABLE : 0;
    events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
    uv_poll_start(&watch->poll, events, on_ready);
    return 0;
}

static void on_timer(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_done(client);
}

static int on_timeout(CURLM *multi, long wait_ms, void *context)
{
    (void)multi;
    struct http_client *client = context;
    if (wait_ms < 0)
        uv_timer_stop(&client->timer);
    else if (!client->closing)
        uv_timer_start(&client->timer, on_timer, (uint64_t)wait_ms, 0);
    return 0;
}

// libcurl would give up what has long been answered when the process was stopped meanwhile, as
// it looks at the clock before it reads.
static void on_look(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    uint64_t now = uv_now(client->loop), gone_ms = now - client->looked_at;
    client->looked_at = now;
    client->ran_ms += gone_ms < STANDSTILL_MS ? gone_ms : LOOK_MS;
    for (struct list *at = client->active.next, *next; at != &client->active; at = next) {
        struct fetch *f = LIST_ENTRY(at, struct fetch, link);
        next = at->next;
        if (client->ran_ms - f->ran_at >= FETCH_MS)
            finish(f, 0, "timeout");
    }
    if (list_empty(&client->active))
        uv_timer_stop(&client->look);
}

static void start_looking(struct http_client *client)
{
    if (uv_is_active((uv_handle_t *)&client->look))
        return;
    client->looked_at = uv_now(client->loop);
    uv_timer_start(&client->look, on_look, LOOK_MS, LOOK_MS);
}

static void set_request(struct fetch *f)
{
    CURL *easy = f->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
    curl_easy_setopt(easy, CURLOPT_URL, f->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, f->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, f->body.at ? f->body.at : "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Parlor/" PARLOR_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, f->error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
}

static void set_bounds(struct fetch *f)
{
    CURL *easy = f->easy;
    uint64_t gone_ms = uv_now(f->client->loop) - f->begun_at;
    long left_ms = gone_ms < FETCH_CONNECT_MS ? FETCH_CONNECT_MS - (long)gone_ms : 1;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, left_ms);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, f->pin);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, f);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // whatever the environment says
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

static void start(struct fetch *f)
{
    f->easy = curl_easy_init();
    if (!f->easy) {
        finish(f, 0, "no memory for a request");
        return;
    }
    set_request(f);
    set_bounds(f);
    CURLMcode code = curl_multi_add_handle(f->client->multi, f->easy);
    if (code != CURLM_OK)
        finish(f, 0, curl_multi_strerror(code));
}

// --- Names ---

// Keeps those addresses that may be connected to. False when there is none.
static bool pin(struct fetch *f, const struct addrinfo *found)
{
    struct text line = {0};
    size_t count = 0;
    text_addf(&line, "%s:%u:", f->target.host, f->target.port);
    for (; found && count < ADDRESSES_MAX; found = found->ai_next) {
        char text[ADDR_TEXT_MAX];
        struct addr address = addr_from_sockaddr(found->ai_addr);
        const char *what = target_refusal(f->client->rules, &address);
        if (what && !count)
            forbid(f, &address, what);
        if (what)
            continue;
        addr_format_ip(&address, text);
        text_addf(&line, addr_is_v4(&address) ? "%s%s" : "%s[%s]", count++ ? "," : "", text);
    }
    if (count) {
        f->result.is_forbidden = false;
        f->result.why[0] = 0;
        f->pin = curl_slist_append(NULL, line.at);
    }
    text_dispose(&line);
    return count > 0;
}

static void release(struct lookup *lookup)
{
    if (--lookup->parts)
        return;
    lookup->client->handles--;
    mem_free(lookup);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = request->data;
    struct fetch *f = lookup->fetch;
    if (f) {
        f->lookup = NULL;
        if (status < 0)
            finish(f, 0, "the name was not resolved");
        else if (pin(f, found))
            start(f);
        else
            finish(f, 0, "the name has no address");
    }
    uv_freeaddrinfo(found);
    if (!uv_is_closing((uv_handle_t *)&lookup->deadline))
        uv_close((uv_handle_t *)&lookup->deadline, on_deadline_closed);
    release(lookup);
}

static void on_deadline(uv_timer_t *timer)
{
    struct lookup *lookup = timer->data;
    if (lookup->fetch)
        finish(lookup->fetch, 0, "timeout");
    uv_cancel((uv_req_t *)&lookup->request); // if no thread has begun it
    uv_close((uv_handle_t *)timer, on_deadline_closed);
}

// By libuv's threads: libcurl 7.88 has one of its own for each name, and waits for it, the loop
// with it, when a request is given up while its name is still being resolved.
static void resolve(struct fetch *f)
{
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct lookup *lookup = mem_alloc(sizeof *lookup);
    lookup->client = f->client;
    lookup->fetch = f;
    lookup->request.data = lookup->deadline.data = lookup;
    if (uv_getaddrinfo(f->client->loop, &lookup->request, on_resolved, f->target.host, NULL,
                       &wanted) != 0) {
        mem_free(lookup);
        finish(f, 0, "the name was not resolved");
        return;
    }
    f->lookup = lookup;
    lookup->parts = 2;
    f->client->handles++;
    uv_timer_init(f->client->loop, &lookup->deadline);
    uv_timer_start(&lookup->deadline, on_deadline, FETCH_CONNECT_MS, 0);
}

// --- The interface ---

struct http_client *http_client_new(uv_loop_t *loop, const struct target_rules *rules)
{
    struct http_client *client = mem_alloc(sizeof *client);
    client->loop = loop;
    client->rules = rules;
    list_init(&client->active);
    list_init(&client->done);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->multi = curl_multi_init();
    assert(client->multi);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    uv_timer_init(loop, &client->timer);
    uv_timer_init(loop, &client->look);
    client->timer.data = client->look.data = client;
    client->handles = 2;
    return client;
}

static void take_headers(struct fetch *f, const struct fetch_wish *wish)
{
    struct text line = {0};
    for (size_t i = 0; i < wish->header_count; i++) {
        // libcurl's way to say that a field is there and empty.
        const char *value = wish->headers[i].value;
        text_clear(&line);
        text_addf(&line, value[0] ? "%s: %s" : "%s;%s", wish->headers[i].name, value);
        f->headers = curl_slist_append(f->headers, line.at);
    }
    f->headers = curl_slist_append(f->headers, "Expect:"); // no waiting for a 100
    text_dispose(&line);
}

int http_client_send(struct http_client *client, const struct fetch_wish *wish)
{
    if (client->count == FETCHES_MAX || client->closing)
        return ERR_FULL;
    struct fetch *f = mem_alloc(sizeof *f);
    f->client = client;
    f->result.id = wish->id;
    uv_update_time(client->loop);
    f->begun_at = uv_now(client->loop);
    f->ran_at = client->ran_ms;
    start_looking(client);
    f->url = mem_text(wish->url);
    text_add_bytes(&f->body, wish->body);
    take_headers(f, wish);
    client->count++;
    list_append(&client->active, &f->link);

    const char *wrong = target_parse(&f->target, bytes_of(wish->url));
    const char *what = !wrong && f->target.is_address
                           ? target_refusal(client->rules, &f->target.address)
                           : NULL;
    f->result.is_forbidden = wrong != NULL;
    if (what)
        forbid(f, &f->target.address, what);
    if (wrong || what)
        finish(f, 0, wrong ? wrong : "");
    else if (f->target.is_address)
        start(f);
    else
        resolve(f);
    return 0;
}

bool http_client_next(struct http_client *client, struct fetch_result *result)
{
    if (list_empty(&client->done))
        return false;
    struct fetch *f = LIST_ENTRY(client->done.next, struct fetch, link);
    *result = f->result;
    drop(f);
    return true;
}

static void drop_all(struct list *fetches)
{
    while (!list_empty(fetches)) {
        struct fetch *f = LIST_ENTRY(fetches->next, struct fetch, link);
        if (f->lookup)
            uv_cancel((uv_req_t *)&f->lookup->request);
        let_go(f);
        drop(f);
    }
}

void http_client_close(struct http_client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    drop_all(&client->active);
    drop_all(&client->done);
    curl_multi_cleanup(client->multi); // closes what it watches
    uv_close((uv_handle_t *)&client->timer, on_handle_closed);
    uv_close((uv_handle_t *)&client->look, on_handle_closed);
}

bool http_client_is_closed(const struct http_client *client)
{
    return client->closing && client->handles == 0;
}

void http_client_free(struct http_client *client)
{
    assert(http_client_is_closed(client));
    curl_global_cleanup();
    mem_free(client);
}
