#include "api/page.h"

#include "base/origin.h"

#include <string.h>
#include <strings.h>

enum { HOST_LEN_MAX = 64 };

bool api_page_is_ours(const struct api_config *config, const struct http_request *request)
{
    const char *site = request->fetch_site;
    const char *origin = request->origin;
    if (origin && (origin_is_listed(config->origins, origin) ||
                   origin_is_listed(config->page_origins, origin)))
        return true;
    // Behind a proxy that changes Host only the browser knows that both are one.
    if (site)
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    return !origin || origin_is_own(origin, request->host, config->public_url, request->secure);
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
