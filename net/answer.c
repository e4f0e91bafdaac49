// Responses as octets: status line, our headers, the handler's, the body.
#include "net/connection.h"
#include "net/refusal_page.h"

#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum { HEAD_OCTETS = 512 }; // of most answers

// Why each source is there: the SDK starts a timer worker from a blob, WebAssembly is
// compiled for effects, and connect-src needs the web socket's scheme spelled out for Safari.
static void add_page_headers(struct text *out, const struct connection *c,
                             const struct http_request *request, bool is_never_framed)
{
    const char *ancestors = is_never_framed ? NULL : c->server->frame_ancestors;
    // A source list has no form for IPv6 addresses (CSP Level 3 section 2.3.1): there 'self'
    // alone has to cover the socket.
    bool named = request->host[0] != '[';
    text_addf(out,
              "content-security-policy: default-src 'self'; connect-src 'self'%s%s; "
              "img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; "
              "script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; object-src 'none'; "
              "base-uri 'none'; frame-ancestors %s\r\n",
              !named            ? ""
              : request->secure ? " wss://"
                                : " ws://",
              named ? request->host : "", ancestors ? ancestors : "'none'");
    text_add(out, "permissions-policy: camera=(self), microphone=(self), "
                  "display-capture=(self)\r\n"
                  "referrer-policy: no-referrer\r\n");
}

static void add_field(struct text *out, const char *name, const char *value)
{
    text_add(out, name);
    text_add(out, ": ");
    text_add(out, value);
    text_add(out, "\r\n");
}

// It is written once a second.
static void add_date(struct text *out, struct http_server *server)
{
    time_t now = time(NULL);
    if (now != server->date_at) {
        struct tm utc;
        gmtime_r(&now, &utc);
        strftime(server->date, sizeof server->date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        server->date_at = now;
    }
    add_field(out, "date", server->date);
}

void answer_prepare(struct connection *c, const struct http_request *request,
                    struct http_response *response)
{
    struct text *out = &c->out;
    struct bytes body =
        response->fixed_body.len ? response->fixed_body : text_bytes(&response->body);
    // RFC 9110 section 8.6: no length where there can be no body.
    bool has_length =
        response->status >= 200 && response->status != 204 && response->status != 304;

    if (c->server->draining)
        c->close_after = true;
    assert(response->status >= 100 && response->status <= HTTP_STATUS_MAX);
    tally_add(&c->server->tally, request ? request->route : 0, response->status,
              request ? http_now(c->server) - request->begun_at : -1);
    text_reserve(out, HEAD_OCTETS + response->body.len);
    text_add(out, "HTTP/1.1 ");
    text_add_int(out, response->status);
    text_add_char(out, ' ');
    text_add(out, http_reason(response->status));
    text_add(out, "\r\n");
    add_date(out, c->server);
    if (has_length) {
        text_add(out, "content-length: ");
        text_add_int(out, (int64_t)body.len);
        text_add(out, "\r\n");
    }
    if (response->content_type)
        add_field(out, "content-type", response->content_type);
    if (response->content_encoding)
        add_field(out, "content-encoding", response->content_encoding);
    add_field(out, "x-content-type-options", "nosniff");
    char id[37];
    if (!request)
        id_uuid(&c->server->rng, id); // of a head that was no request
    add_field(out, "x-request-id", request ? request->id : id);
    if (response->html && request)
        add_page_headers(out, c, request, response->is_never_framed);
    for (size_t i = 0; i < response->header_count; i++)
        add_field(out, response->headers[i].name, response->headers[i].value);
    if (c->close_after)
        text_add(out, "connection: close\r\n");
    text_add(out, "\r\n");
    if (has_length && !c->head_only && response->fixed_body.len)
        c->fixed = response->fixed_body;
    else if (has_length && !c->head_only)
        text_add_bytes(out, body);
    text_dispose(&response->body);
}

void answer_refusal(struct connection *c, int status)
{
    struct http_response response = {.status = status, .content_type = "application/json"};
    struct json_out json = json_out_on(&response.body);
    json_open(&json, '{');
    json_member_int(&json, "code", status);
    json_member_string(&json, "message", http_reason(status));
    json_close(&json, '}');
    if (status == 429 || status == 503)
        http_header_add(&response, "retry-after", "1");
    if (status == 426)
        http_header_add(&response, "sec-websocket-version", "13");
    if (status == 405)
        http_header_add(&response, "allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    // Of a head that is no request there are the octets.
    bool is_read = c->request ? refusal_is_read(c->request->accept)
                              : refusal_is_read_of(text_bytes(&c->in));
    if (is_read)
        refusal_page(&response, status);
    c->close_after = true;
    answer_prepare(c, c->request, &response);
}
