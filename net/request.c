// From a head to a struct http_request: what it says, and whether it may be said.
#include "net/chunked.h"
#include "net/connection.h"
#include "net/forwarded.h"

#include "base/err.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/origin.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WS_KEY_LEN = 24, LENGTH_DIGITS_MAX = 10 };

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {{"GET", HTTP_GET},        {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
               {"PUT", HTTP_PUT},        {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
               {"OPTIONS", HTTP_OPTIONS}};

static const char *field_text(struct connection *c, const struct head *head, const char *name)
{
    struct bytes value;
    return head_field(head, name, &value) ? arena_text(&c->request->arena, value) : NULL;
}

static enum http_method method_of(struct bytes name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (bytes_equal(name, bytes_of(methods[i].name)))
            return methods[i].method;
    return HTTP_OTHER;
}

static bool is_host(struct bytes host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!isalnum(host.at[i]) && !memchr(".-_:[]", host.at[i], 6))
            return false;
    return host.len > 0;
}

// RFC 9112 section 3.2: "/path?query", or that with "http://host" in front, as for a proxy.
// Only our own host is served that way.
static int read_target(struct connection *c, struct bytes target, struct bytes host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2 && target.at[0] != '/'; i++) {
        size_t len = strlen(schemes[i]);
        if (target.len < len + host.len || memcmp(target.at, schemes[i], len) != 0 ||
            memcmp(target.at + len, host.at, host.len) != 0)
            continue;
        target = (struct bytes){target.at + len + host.len, target.len - len - host.len};
        if (target.len == 0)
            target = bytes_of("/");
    }
    if (target.at[0] != '/')
        return 400;
    const uint8_t *mark = memchr(target.at, '?', target.len);
    size_t path_len = mark ? (size_t)(mark - target.at) : target.len;
    char *path = arena_alloc(&c->request->arena, path_len + 1);
    if (head_decode_path((struct bytes){target.at, path_len}, path) < 0)
        return 400;
    c->request->path = path;
    c->request->raw_path = arena_text(&c->request->arena, (struct bytes){target.at, path_len});
    size_t query_at = mark ? path_len + 1 : path_len;
    struct bytes query = {target.at + query_at, target.len - query_at};
    // It is decoded value by value later; a filter that nobody can read must not be left out.
    if (head_decode_path(query, arena_alloc(&c->request->arena, query.len + 1)) < 0)
        return 400;
    c->request->query = arena_text(&c->request->arena, query);
    return 0;
}

// By the fields that proxies add; and nginx, whose bare proxy_pass adds none and gives its own
// name of us as Host, speaks HTTP/1.0 to us, as no browser does.
static bool was_forwarded(const struct head *head)
{
    static const char *const fields[] = {"forwarded",        "x-forwarded-for",
                                         "x-real-ip",        "via",
                                         "x-forwarded-host", "x-forwarded-proto",
                                         "x-forwarded-port", "x-forwarded-server",
                                         "cf-connecting-ip", "true-client-ip",
                                         "x-client-ip",      "x-cluster-client-ip",
                                         "fastly-client-ip", "x-envoy-external-address"};
    struct bytes value;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (head_field(head, fields[i], &value))
            return true;
    return head->minor == 0;
}

static int read_fields(struct connection *c, const struct head *head)
{
    struct http_request *request = c->request;
    static const char *const deciding[] = {"authorization",  "parlor-key",   "origin",
                                           "sec-fetch-site", "content-type", "parlor-csrf"};
    struct bytes value;
    for (size_t i = 0; i < sizeof deciding / sizeof *deciding; i++)
        if (head_field(head, deciding[i], &value) >
            1) // which of them, others may see otherwise
            return 400;
    request->authorization = field_text(c, head, "authorization");
    request->content_type = field_text(c, head, "content-type");
    request->origin = field_text(c, head, "origin");
    request->fetch_site = field_text(c, head, "sec-fetch-site");
    request->if_none_match = field_text(c, head, "if-none-match");
    request->if_match = field_text(c, head, "if-match");
    request->accept_encoding = field_text(c, head, "accept-encoding");
    request->access_key_header = field_text(c, head, "parlor-key");
    // The SDK's own field. Proxies may drop fields with an underscore, as nginx does.
    request->user_agent = field_text(c, head, "user_agent_v2");
    if (!request->user_agent)
        request->user_agent = field_text(c, head, "user-agent");
    request->csrf_header = field_text(c, head, "parlor-csrf");
    if (head_field(head, "cookie", &value) == 1)
        request->cookie = field_text(c, head, "cookie");
    request->access_control_request_headers =
        field_text(c, head, "access-control-request-headers");
    request->is_forwarded = was_forwarded(head);
    if (c->server->config.trusted)
        request->from = forwarded_client(head, &c->from, c->server->config.trusted);
    if (c->server->config.trusted && c->server->config.public_scheme == HTTP_SCHEME_OWN)
        request->secure |= forwarded_is_tls(head, &c->from, c->server->config.trusted);
    c->close_after = head->minor == 0 ||
                     (head_field(head, "connection", &value) && head_list_has(value, "close"));
    c->expects_continue =
        head_field(head, "expect", &value) && head_equal(value, "100-continue");
    return 0;
}

static size_t body_max(const struct connection *c)
{
    const struct http_server_config *config = &c->server->config;
    return config->body_max ? config->body_max(config->context, c->request) : HTTP_BODY_MAX;
}

// How long the body is: RFC 9112 section 6.
static int read_length(struct connection *c, const struct head *head)
{
    struct bytes length, coding, compression;
    size_t lengths = head_field(head, "content-length", &length);
    size_t codings = head_field(head, "transfer-encoding", &coding);
    if (lengths + codings > 1)
        return 400;
    if (head_field(head, "content-encoding", &compression) &&
        !head_equal(compression, "identity"))
        return 415;
    c->body_expected = 0;
    if (codings) {
        if (!head_equal(coding, "chunked") || head->minor == 0)
            return 400;
        c->chunks = mem_alloc(sizeof *c->chunks);
        c->body_expected = body_max(c);
    } else if (lengths) {
        for (size_t i = 0; i < length.len; i++)
            if (!isdigit(length.at[i]))
                return 400;
        if (length.len == 0)
            return 400;
        if (length.len > LENGTH_DIGITS_MAX)
            return 413;
        for (size_t i = 0; i < length.len; i++)
            c->body_expected = c->body_expected * 10 + (size_t)(length.at[i] - '0');
    }
    return c->body_expected && c->body_expected > body_max(c) ? 413 : 0;
}

static void new_request(struct connection *c)
{
    struct arena arena = {0};
    struct http_request *request = arena_alloc(&arena, sizeof *request);
    request->arena = arena;
    request->from = c->from;
    request->begun_at = http_now(c->server);
    enum http_scheme scheme = c->server->config.public_scheme;
    request->secure =
        scheme == HTTP_SCHEME_OWN ? c->server->tls_cert != NULL : scheme == HTTP_SCHEME_TLS;
    id_uuid(&c->server->rng, request->id);
    c->request = request;
    text_clear(&c->body);
}

int request_read_head(struct connection *c, const struct head *head)
{
    struct bytes host;
    request_dispose(c);
    new_request(c);
    c->request->accept =
        field_text(c, head, "accept"); // whoever is refused is told in its terms
    if (head_field(head, "host", &host) != 1 || !is_host(host))
        return 400;
    c->request->host = arena_text(&c->request->arena, host);
    c->request->method = method_of(head->method);
    c->head_only = c->request->method == HTTP_HEAD;
    if (c->request->method == HTTP_OTHER)
        return 405;
    int status = read_target(c, head->target, host);
    if (!status)
        status = read_fields(c, head);
    if (!status && c->server->config.standing)
        c->request->standing =
            c->server->config.standing(c->server->config.context, c->request, &c->key);
    return status ? status : read_length(c, head);
}

// An upgrade to anything else is not taken up, which a server may do (RFC 9110 section 7.8).
bool request_is_upgrade(const struct head *head)
{
    struct bytes upgrade, connection;
    return head_field(head, "upgrade", &upgrade) && head_list_has(upgrade, "websocket") &&
           head_field(head, "connection", &connection) && head_list_has(connection, "upgrade");
}

// RFC 6455 section 10.2: a browser says which page asks, and the page cannot change that.
static bool is_page_allowed(const struct connection *c)
{
    const char *origin = c->request->origin;
    if (!c->server->origins || !origin)
        return true;
    return origin_is_listed(c->server->origins, origin) ||
           origin_is_own(origin, c->request->host, c->server->public_url,
                         c->server->tls_cert != NULL);
}

// RFC 6455 section 4.2.1.
int request_check_upgrade(struct connection *c, const struct head *head)
{
    struct bytes key, version;
    if (strcmp(c->request->path, c->server->ws_path) != 0)
        return 404;
    if (c->request->method != HTTP_GET)
        return 405;
    if (c->body_expected || c->chunks || c->close_after ||
        head_field(head, "sec-websocket-key", &key) != 1)
        return 400;
    if (head_field(head, "sec-websocket-version", &version) != 1 || !head_equal(version, "13"))
        return 426;
    // 16 octets are 22 digits, of which the last carries four bits, and two signs of padding.
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < key.len && i < WS_KEY_LEN - 2; i++)
        if (!memchr(digits, key.at[i], sizeof digits - 1))
            return 400;
    if (key.len != WS_KEY_LEN || memcmp(key.at + WS_KEY_LEN - 2, "==", 2) != 0 ||
        !memchr("AQgw", key.at[WS_KEY_LEN - 3], 4))
        return 400;
    return is_page_allowed(c) ? 0 : 403;
}

int request_read_body(struct connection *c, struct bytes in, size_t *used)
{
    if (c->chunks) {
        int err = chunked_decode(c->chunks, in, c->body_expected, &c->body, used);
        return err == ERR_FULL ? 413 : err ? 400 : 0;
    }
    size_t missing = c->body_expected - c->body.len;
    *used = in.len < missing ? in.len : missing;
    text_add_bytes(&c->body, (struct bytes){in.at, *used});
    return 0;
}

bool request_is_in_time(size_t octets, int seconds, int most)
{
    return seconds < most && octets >= (size_t)seconds * HTTP_BODY_OCTETS_PER_SECOND;
}

bool request_is_complete(const struct connection *c)
{
    return c->chunks ? c->chunks->done : c->body.len == c->body_expected;
}

void request_dispose(struct connection *c)
{
    http_request_free(c->request);
    c->request = NULL;
    mem_free(c->chunks);
    c->chunks = NULL;
}
