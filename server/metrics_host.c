#include "base/addr.h"
#include "base/limits.h"
#include "server/metrics.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

// Without the port and a last dot. False: it is no host that anybody has.
static bool read_name(const char *host, char name[TARGET_HOST_LEN_MAX + 1])
{
    size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (len == 0 || len > strlen(host) || len > TARGET_HOST_LEN_MAX)
        return false;
    if (host[len] &&
        (host[len] != ':' || strspn(host + len + 1, "0123456789") != strlen(host + len + 1)))
        return false;
    bool is_bracketed = host[0] == '[';
    snprintf(name, TARGET_HOST_LEN_MAX + 1, "%.*s", (int)(is_bracketed ? len - 2 : len),
             host + is_bracketed);
    size_t named = strlen(name);
    if (named > 1 && name[named - 1] == '.')
        name[named - 1] = '\0';
    return name[0];
}

// Whoever makes a browser take his name for this machine's address needs a name below a domain
// of his: one without a dot is of this network.
bool metrics_host_is_ours(const char *host, const char *const own[], size_t own_count)
{
    struct addr ip;
    char name[TARGET_HOST_LEN_MAX + 1];
    if (!host || !read_name(host, name))
        return false;
    if (addr_parse_ip(&ip, name, 0) == 0 || !strchr(name, '.'))
        return true;
    for (size_t i = 0; i < own_count; i++)
        if (own[i] && strcasecmp(own[i], name) == 0)
            return true;
    return false;
}
