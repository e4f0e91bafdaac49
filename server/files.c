#include "server/files.h"

#include "net/refusal_page.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *path, const void *asset)
{
    return strcmp(path, ((const struct asset *)asset)->path);
}

static const struct asset *asset_at(const char *path)
{
    return bsearch(path, assets, asset_count, sizeof *assets, compare);
}

// What follows `prefix`, or NULL when the path does not begin with it.
static const char *after(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 ? path + len : NULL;
}

// The dashboard and all of its screens.
static bool is_dashboard(const char *path)
{
    const char *rest = after(path, "/admin");
    return rest && (rest[0] == '\0' || rest[0] == '/');
}

// Paths that the page itself understands: a reload of one must bring the page again. All others
// are 404, so that a misspelt address does not look like a file.
static bool is_route(const char *path)
{
    const char *rest = after(path, "/m/");
    if (rest) {
        const char *slash = strchr(rest, '/');
        return rest[0] && slash != rest && (!slash || strcmp(slash, "/") == 0);
    }
    rest = after(path, "/meeting/");
    if (rest) {
        const char *slash = strchr(rest, '/');
        return slash && (strcmp(slash, "/links") == 0 || strcmp(slash, "/links/") == 0);
    }
    return strcmp(path, "/") == 0 || strcmp(path, "/check") == 0 || strcmp(path, "/docs") == 0;
}

bool files_find(const char *path, const struct asset **asset)
{
    const char *page = is_dashboard(path) ? "/admin/index.html"
                       : is_route(path)   ? "/index.html"
                                          : path;
    *asset = asset_at(page);
    return *asset != NULL;
}

// Whether the Accept-Encoding field allows `coding`: RFC 9110 section 12.5.3, without weights
// but that of 0, which forbids.
static bool accepts(const char *field, const char *coding)
{
    size_t len = strlen(coding);
    for (const char *p = field; p && *p;) {
        p += strspn(p, ", \t");
        size_t word = strcspn(p, ",; \t");
        size_t element = strcspn(p, ",");
        if (word == len && strncmp(p, coding, len) == 0) {
            const char *weight = memchr(p, '=', element);
            return !weight || strtod(weight + 1, NULL) > 0;
        }
        p += element;
    }
    return false;
}

void files_answer(const struct asset *asset, const struct http_request *request,
                  struct http_response *response)
{
    const char *type = asset->type;
    response->html = strncmp(type, "text/html", 9) == 0;
    http_header_add(response, "cache-control",
                    asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    http_header_add(response, "etag", asset->etag);
    if (asset->gzip.len || asset->brotli.len)
        http_header_add(response, "vary", "accept-encoding");
    const char *known = request->if_none_match;
    if (known && (strstr(known, asset->etag) || strcmp(known, "*") == 0)) {
        response->status = 304;
        return;
    }
    response->status = 200;
    response->content_type = type;
    response->fixed_body = asset->identity;
    if (asset->brotli.len && accepts(request->accept_encoding, "br")) {
        response->fixed_body = asset->brotli;
        response->content_encoding = "br";
    } else if (asset->gzip.len && accepts(request->accept_encoding, "gzip")) {
        response->fixed_body = asset->gzip;
        response->content_encoding = "gzip";
    }
}

bool files_is_visit(const struct http_request *request)
{
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    return reads && refusal_is_read(request->accept);
}

void files_answer_missing(const struct http_request *request, struct http_response *response)
{
    const struct asset *page = asset_at("/index.html");
    if (!page)
        return;
    struct http_request anew = *request;
    anew.if_none_match = NULL; // a page that is known is no answer to an address that is not
    text_dispose(&response->body);
    *response = (struct http_response){0};
    files_answer(page, &anew, response);
    http_header_set(response, "vary", "accept, accept-encoding");
    response->status = 404;
}
