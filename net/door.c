// What comes in is looked at here before anybody else sees it. libwebsockets has split the head
// into fields by now, but accepts much that RFC 9112 does not.
#include "net/chunked.h"
#include "net/connection.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { WS_KEY_LEN = 24, LENGTH_DIGITS_MAX = 10 };

static const struct {
    enum lws_token_indexes uri;
    enum http_method method;
} methods[] = {
    {WSI_TOKEN_GET_URI, HTTP_GET},         {WSI_TOKEN_HEAD_URI, HTTP_HEAD},
    {WSI_TOKEN_POST_URI, HTTP_POST},       {WSI_TOKEN_PUT_URI, HTTP_PUT},
    {WSI_TOKEN_PATCH_URI, HTTP_PATCH},     {WSI_TOKEN_DELETE_URI, HTTP_DELETE},
    {WSI_TOKEN_OPTIONS_URI, HTTP_OPTIONS},
};

// An empty field counts as absent, here as in the library.
static bool present(struct connection *c, enum lws_token_indexes field)
{
    return lws_hdr_total_length(c->wsi, field) > 0;
}

static bool repeated(struct connection *c, enum lws_token_indexes field)
{
    return lws_hdr_fragment_length(c->wsi, field, 1) > 0;
}

// The value of a field in the request's arena, without the white space around it; NULL when
// absent. `*bad` is set when it holds an octet that no field value may have.
static const char *field_value(struct connection *c, enum lws_token_indexes field, bool *bad)
{
    if (!present(c, field))
        return NULL;
    int len = lws_hdr_total_length(c->wsi, field);
    // Room for the commas with which the library joins repeated fields.
    size_t cap = (size_t)len + HTTP_HEADER_COUNT_MAX + 1;
    char *value = arena_alloc(&c->request->arena, cap);
    if (len > 0 && lws_hdr_copy(c->wsi, value, (int)cap, field) < 0)
        *bad = true;
    size_t end = strlen(value);
    // It copies up to a zero octet.
    if (end < (size_t)len)
        *bad = true;
    for (size_t i = 0; i < end; i++)
        if ((uint8_t)value[i] < ' ' && value[i] != '\t')
            *bad = true;
    while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
        value[--end] = 0;
    return value + strspn(value, " \t");
}

// A field that the library does not know; `name` is in lower case, with its colon.
static const char *other_field_value(struct connection *c, const char *name)
{
    int len = lws_hdr_custom_length(c->wsi, name, (int)strlen(name));
    if (len < 0)
        return NULL;
    char *value = arena_alloc(&c->request->arena, (size_t)len + 1);
    lws_hdr_custom_copy(c->wsi, value, len + 1, name, (int)strlen(name));
    return value;
}

// RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF.
static bool is_utf8(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    while (*p) {
        uint8_t lead = *p++;
        if (lead < 0x80)
            continue;
        size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4)
            return false;
        uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        for (; more > 0; more--, low = 0x80, high = 0xbf)
            if (*p < low || *p++ > high)
                return false;
    }
    return true;
}

static bool is_host(const char *host)
{
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-_:[]", *p))
            return false;
    return *host != 0;
}

// Whether the comma-separated list `value` has `word`, whatever its case.
static bool list_has(const char *value, const char *word)
{
    size_t word_len = strlen(word);
    for (const char *p = value; *p;) {
        p += strspn(p, ", \t");
        size_t len = strcspn(p, ", \t");
        if (len == word_len && strncasecmp(p, word, len) == 0)
            return true;
        p += len;
    }
    return false;
}

// The library has decoded the query and cut it at each "&". It is put together again in the
// form in which http_query() wants it, which decodes for each value that is asked for.
static const char *joined_query(struct connection *c)
{
    struct text query = {0};
    char part[HTTP_REQUEST_LINE_MAX + 1];
    for (int i = 0;; i++) {
        int len = lws_hdr_copy_fragment(c->wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0)
            break;
        if (i > 0)
            text_add_char(&query, '&');
        bool in_value = false;
        for (int at = 0; at < len; at++) {
            char octet = part[at];
            if (isalnum((unsigned char)octet) || strchr("-._~", octet)) {
                text_add_char(&query, octet);
            } else if (octet == '=' && !in_value) {
                in_value = true;
                text_add_char(&query, octet);
            } else {
                text_addf(&query, "%%%02X", (uint8_t)octet);
            }
        }
    }
    const char *copy = arena_text(&c->request->arena, text_bytes(&query));
    text_dispose(&query);
    return copy;
}

static int check_sizes(struct connection *c)
{
    int total = 0, line = lws_hdr_total_length(c->wsi, WSI_TOKEN_HTTP_URI_ARGS);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        line += lws_hdr_total_length(c->wsi, methods[i].uri);
    for (int field = 0; field < WSI_TOKEN_COUNT; field++)
        total += lws_hdr_total_length(c->wsi, (enum lws_token_indexes)field);
    if (line > HTTP_REQUEST_LINE_MAX - (int)strlen("OPTIONS  HTTP/1.1\r\n"))
        return 414;
    return total - line > HTTP_HEADERS_MAX ? 431 : 0;
}

// Method and path. The library has decoded the path and removed "//", "/./" and "/../".
static int read_line(struct connection *c)
{
    bool bad = false;
    c->request->path = NULL;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!present(c, methods[i].uri))
            continue;
        c->request->method = methods[i].method;
        c->request->path = field_value(c, methods[i].uri, &bad);
    }
    const char *version = field_value(c, WSI_TOKEN_HTTP, &bad);
    if (!version || (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0))
        return version && strncmp(version, "HTTP/", 5) == 0 ? 505 : 400;
    if (strcmp(version, "HTTP/1.0") == 0)
        c->close_after = true;
    if (!c->request->path || c->request->path[0] != '/' || bad || !is_utf8(c->request->path))
        return 400;
    c->request->query = joined_query(c);
    c->head_only = c->request->method == HTTP_HEAD;
    return 0;
}

// How long the body is: RFC 9112 section 6. What two readers could understand in two ways is
// refused.
static int read_length(struct connection *c)
{
    static const char *const spaced[] = {"content-length :",
                                         "content-length\t:",
                                         "transfer-encoding :",
                                         "transfer-encoding\t:",
                                         "host :",
                                         "host\t:"};
    for (size_t i = 0; i < sizeof spaced / sizeof *spaced; i++)
        if (lws_hdr_custom_length(c->wsi, spaced[i], (int)strlen(spaced[i])) >= 0)
            return 400;

    bool bad = false;
    const char *length = field_value(c, WSI_TOKEN_HTTP_CONTENT_LENGTH, &bad);
    const char *coding = field_value(c, WSI_TOKEN_HTTP_TRANSFER_ENCODING, &bad);
    if (bad || (length && coding) || repeated(c, WSI_TOKEN_HTTP_CONTENT_LENGTH) ||
        repeated(c, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
        return 400;
    const char *compression = field_value(c, WSI_TOKEN_HTTP_CONTENT_ENCODING, &bad);
    if (compression && strcasecmp(compression, "identity") != 0)
        return 415;

    size_t max = HTTP_BODY_MAX;
    if (c->server->config.body_max)
        max = c->server->config.body_max(c->request->method, c->request->path);
    if (coding) {
        if (strcasecmp(coding, "chunked") != 0)
            return 400;
        c->chunks = mem_alloc(sizeof *c->chunks);
        c->body_expected = max;
        c->close_after = true;
        return 0;
    }
    c->body_expected = 0;
    c->has_length = length != NULL;
    if (!length)
        return 0;
    size_t digits = strlen(length);
    if (digits == 0 || strspn(length, "0123456789") != digits)
        return 400;
    if (digits > LENGTH_DIGITS_MAX)
        return 413;
    c->body_expected = strtoull(length, NULL, 10);
    return c->body_expected > max ? 413 : 0;
}

static int read_fields(struct connection *c)
{
    struct http_request *request = c->request;
    bool bad = false;
    request->host = field_value(c, WSI_TOKEN_HOST, &bad);
    request->authorization = field_value(c, WSI_TOKEN_HTTP_AUTHORIZATION, &bad);
    request->content_type = field_value(c, WSI_TOKEN_HTTP_CONTENT_TYPE, &bad);
    request->origin = field_value(c, WSI_TOKEN_ORIGIN, &bad);
    request->if_none_match = field_value(c, WSI_TOKEN_HTTP_IF_NONE_MATCH, &bad);
    request->accept_encoding = field_value(c, WSI_TOKEN_HTTP_ACCEPT_ENCODING, &bad);
    request->access_key_header = other_field_value(c, "parlor-key:");
    request->access_control_request_headers =
        field_value(c, WSI_TOKEN_HTTP_AC_REQUEST_HEADERS, &bad);
    if (bad || !request->host || repeated(c, WSI_TOKEN_HOST) || !is_host(request->host) ||
        repeated(c, WSI_TOKEN_HTTP_AUTHORIZATION))
        return 400;
    const char *connection = field_value(c, WSI_TOKEN_CONNECTION, &bad);
    if (connection && list_has(connection, "close"))
        c->close_after = true;
    const char *expect = field_value(c, WSI_TOKEN_HTTP_EXPECT, &bad);
    c->expects_continue = expect && strcasecmp(expect, "100-continue") == 0;
    return 0;
}

static void new_request(struct connection *c)
{
    struct arena arena = {0};
    struct http_request *request = arena_alloc(&arena, sizeof *request);
    request->arena = arena;
    request->from = c->from;
    request->secure = c->server->tls_cert != NULL;
    id_uuid(&c->server->rng, request->id);
    c->request = request;
    c->close_after = false;
    c->head_only = false;
    text_clear(&c->body);
}

int door_head(struct connection *c)
{
    door_dispose(c);
    new_request(c);
    int status = check_sizes(c);
    if (!status)
        status = read_line(c);
    if (!status)
        status = read_fields(c);
    if (!status)
        status = read_length(c);
    return status;
}

// RFC 6455 section 4.2.1.
int door_upgrade(struct connection *c)
{
    int status = door_head(c);
    if (status)
        return status;
    bool bad = false;
    const char *upgrade = field_value(c, WSI_TOKEN_UPGRADE, &bad);
    const char *connection = field_value(c, WSI_TOKEN_CONNECTION, &bad);
    const char *version = field_value(c, WSI_TOKEN_VERSION, &bad);
    const char *key = field_value(c, WSI_TOKEN_KEY, &bad);
    if (!upgrade || strcasecmp(upgrade, "websocket") != 0)
        return 400;
    if (strcmp(c->request->path, c->server->ws_path) != 0)
        return 404;
    if (c->request->method != HTTP_GET)
        return 405;
    if (c->body_expected || c->chunks || c->close_after)
        return 400; // HTTP/1.0, "Connection: close" or a body do not go with an upgrade
    if (bad || !connection || !list_has(connection, "upgrade") || !key ||
        repeated(c, WSI_TOKEN_KEY) || repeated(c, WSI_TOKEN_VERSION))
        return 400;
    if (!version || strcmp(version, "13") != 0)
        return 426;
    // 16 octets are 22 digits, of which the last carries four bits, and two signs of padding.
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (strlen(key) != WS_KEY_LEN || strspn(key, digits) != WS_KEY_LEN - 2 ||
        strcmp(key + WS_KEY_LEN - 2, "==") != 0 || !strchr("AQgw", key[WS_KEY_LEN - 3]))
        return 400;
    return 0;
}

int door_body(struct connection *c, const uint8_t *at, size_t len)
{
    if (c->chunks) {
        int err =
            chunked_decode(c->chunks, (struct bytes){at, len}, c->body_expected, &c->body);
        return err == ERR_FULL ? 413 : err ? 400 : 0;
    }
    if (len > c->body_expected - c->body.len)
        return 400;
    text_add_bytes(&c->body, (struct bytes){at, len});
    return 0;
}

bool door_body_complete(const struct connection *c)
{
    return c->chunks ? c->chunks->done : c->body.len == c->body_expected;
}

void door_dispose(struct connection *c)
{
    http_request_free(c->request);
    c->request = NULL;
    mem_free(c->chunks);
    c->chunks = NULL;
}
