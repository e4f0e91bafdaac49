#include "net/http.h"

#include "net/http_server.h"

#include <assert.h>
#include <string.h>

void http_header_add(struct http_response *response, const char *name, const char *value)
{
    assert(response->header_count < HTTP_RESPONSE_HEADERS_MAX);
    response->headers[response->header_count++] = (struct http_header){name, value};
}

void http_header_set(struct http_response *response, const char *name, const char *value)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (strcmp(response->headers[i].name, name) == 0) {
            response->headers[i].value = value;
            return;
        }
    }
    http_header_add(response, name, value);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// Percent-decoded. NULL when a "%" begins nothing, or U+0000 would come out.
static const char *decode(struct arena *arena, struct bytes text, char plus)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.at[i];
        if (c == '+')
            c = plus;
        if (c == '%') {
            if (text.len - i < 3)
                return NULL;
            int high = hex_digit((char)text.at[i + 1]);
            int low = hex_digit((char)text.at[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[len++] = c;
    }
    return out;
}

const char *http_query(struct http_request *request, const char *name, size_t at)
{
    size_t name_len = strlen(name);
    for (const char *p = request->query; *p;) {
        size_t len = strcspn(p, "&");
        const char *equals = memchr(p, '=', len);
        size_t key_len = equals ? (size_t)(equals - p) : len;
        if (key_len == name_len && memcmp(p, name, name_len) == 0 && at-- == 0) {
            const char *value = equals ? equals + 1 : p + len;
            // "+" is a space (WHATWG URL, application/x-www-form-urlencoded).
            return decode(&request->arena,
                          (struct bytes){(const uint8_t *)value, (size_t)(p + len - value)},
                          ' ');
        }
        p += len;
        if (*p == '&')
            p++;
    }
    return NULL;
}

size_t http_path_segments(struct http_request *request, const char **segments, size_t most)
{
    size_t count = 0;
    for (const char *p = request->raw_path; *p == '/'; count++) {
        size_t len = strcspn(++p, "/");
        struct bytes segment = {(const uint8_t *)p, len};
        if (count < most)
            segments[count] = decode(&request->arena, segment, '+');
        p += len;
    }
    return count;
}

void http_request_free(struct http_request *request)
{
    if (!request)
        return;
    struct arena arena = request->arena; // the request itself lies in it
    arena_dispose(&arena);
}

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}
