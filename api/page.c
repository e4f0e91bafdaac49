#include "api/page.h"

#include <string.h>
#include <strings.h>

enum { HOST_LEN_MAX = 64 };

// Schemes and hosts are compared as browsers write them (RFC 6454 section 6.2).
bool api_origin_is_listed(const char *list, const char *origin)
{
    size_t len = strlen(origin);
    for (const char *p = list ? list : ""; *p; p += strcspn(p, ", ")) {
        p += strspn(p, ", ");
        if (len && strcspn(p, ", ") == len && strncasecmp(p, origin, len) == 0)
            return true;
    }
    return false;
}

// "https://meet.example.org/path" begins with the origin "https://meet.example.org".
static bool is_public_origin(const struct api_config *config, const char *origin)
{
    const char *url = config->public_url;
    size_t len = strlen(origin);
    return url && strncasecmp(url, origin, len) == 0 && (url[len] == 0 || url[len] == '/');
}

static bool is_own_origin(const struct api_config *config, const struct http_request *request)
{
    const char *host = strstr(request->origin, "://");
    return (host && strcasecmp(host + 3, request->host) == 0) ||
           is_public_origin(config, request->origin);
}

bool api_page_is_ours(const struct api_config *config, const struct http_request *request)
{
    const char *site = request->fetch_site;
    const char *origin = request->origin;
    if (origin && (api_origin_is_listed(config->origins, origin) ||
                   api_origin_is_listed(config->page_origins, origin)))
        return true;
    // Behind a proxy that changes Host only the browser knows that both are one.
    if (site)
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    return !origin || is_own_origin(config, request);
}

bool api_host_is_loopback(const char *host)
{
    char name[HOST_LEN_MAX];
    const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
    size_t len = !end ? strlen(host) : (size_t)(end - host) + (*end == ']');
    struct addr address;
    if (len >= sizeof name)
        return false;
    memcpy(name, host, len);
    name[len] = 0;
    if (addr_parse_ip(&address, name, 0) == 0)
        return addr_is_loopback(&address);
    // RFC 6761 section 6.3: names under it are not looked up.
    static const char local[] = "localhost";
    size_t local_len = sizeof local - 1;
    return len >= local_len && strcasecmp(name + len - local_len, local) == 0 &&
           (len == local_len || name[len - local_len - 1] == '.');
}

static bool is_public_host(const struct api_config *config, const char *host)
{
    const char *name = config->public_url ? strstr(config->public_url, "://") : NULL;
    size_t len = strlen(host);
    return name && strcspn(name + 3, "/") == len && strncasecmp(name + 3, host, len) == 0;
}

bool api_host_is_known(const struct api_config *config, const struct http_request *request)
{
    return !addr_is_loopback(&request->from) || api_host_is_loopback(request->host) ||
           is_public_host(config, request->host);
}
