#include "base/origin.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

struct origin {
    bool is_https;
    struct bytes host;
    long port;
};

// "host", "host:port", "[2001:db8::1]:port".
static bool read_authority(struct origin *o, const char *text, size_t len, bool is_https)
{
    const char *bracket = len && text[0] == '[' ? memchr(text, ']', len) : NULL;
    size_t name = bracket ? (size_t)(bracket + 1 - text) : 0;
    while (name < len && text[name] != ':')
        name++;
    *o = (struct origin){.is_https = is_https,
                         .host = {(const uint8_t *)text, name},
                         .port = is_https ? PORT_HTTPS : PORT_HTTP};
    if (name == len)
        return name > 0;
    size_t digits = strspn(text + name + 1, "0123456789");
    if (digits < 1 || digits > PORT_DIGITS_MAX || name + 1 + digits != len)
        return false;
    o->port = strtol(text + name + 1, NULL, 10);
    return name > 0 && o->port > 0 && o->port <= PORT_MAX;
}

// An origin, or a URL with a path after it.
static bool read_origin(struct origin *o, const char *text, bool has_path)
{
    static const char http[] = "http://", https[] = "https://";
    bool is_https = strncasecmp(text, https, sizeof https - 1) == 0;
    if (!is_https && strncasecmp(text, http, sizeof http - 1) != 0)
        return false;
    text += is_https ? sizeof https - 1 : sizeof http - 1;
    size_t len = strcspn(text, "/?#");
    return (has_path || !text[len]) && read_authority(o, text, len, is_https);
}

static bool is_same_place(const struct origin *a, const struct origin *b)
{
    return a->port == b->port && a->host.len == b->host.len &&
           strncasecmp((const char *)a->host.at, (const char *)b->host.at, a->host.len) == 0;
}

bool origin_is_own(const char *origin, const char *host, const char *public_url, bool is_tls)
{
    struct origin page, asked, public;
    if (!read_origin(&page, origin, false))
        return false;
    if (public_url && read_origin(&public, public_url, true)) {
        if (page.is_https == public.is_https && is_same_place(&page, &public))
            return true;
        bool is_public_host = read_authority(&asked, host, strlen(host), public.is_https) &&
                              is_same_place(&asked, &public);
        if (is_public_host)
            return false;
    } else if (is_tls && !page.is_https) {
        return false;
    }
    // Without a public URL a proxy may speak TLS to them and none to us.
    return read_authority(&asked, host, strlen(host), page.is_https) &&
           is_same_place(&page, &asked);
}

// As browsers write them (RFC 6454 section 6.2).
bool origin_is_listed(const char *list, const char *origin)
{
    size_t len = strlen(origin);
    for (const char *p = list ? list : ""; *p; p += strcspn(p, ", ")) {
        p += strspn(p, ", ");
        if (len && strcspn(p, ", ") == len && strncasecmp(p, origin, len) == 0)
            return true;
    }
    return false;
}
