// What whoever asks for metrics says: on the first line what he takes, then the name by which
// he asks. A name with a dot in it is refused unless it is an address or our own.
#include "base/addr.h"
#include "base/mem.h"
#include "server/metrics.h"

#include <stdlib.h>
#include <string.h>

static bool is_address(const char *host)
{
    struct addr ip;
    char name[ADDR_TEXT_MAX + 1];
    size_t len = strcspn(host, ":");
    len -= len > 0 && host[len - 1] == '.';
    if (len > ADDR_TEXT_MAX)
        return false;
    memcpy(name, host, len);
    name[len] = '\0';
    return addr_parse_ip(&ip, name, 0) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const own[] = {"own.example"};
    char *accept = mem_text_of((struct bytes){data, size});
    char *host = strchr(accept, '\n');
    if (host)
        *host++ = '\0';
    exposition_choose(accept);
    if (host && metrics_host_is_ours(host, own, 1)) {
        const char *dot = strchr(host, '.');
        bool is_named = dot && dot[1] && dot[1] != ':' && host[0] != '[';
        if (is_named && !is_address(host) && strncasecmp(host, own[0], strlen(own[0])) != 0)
            abort();
    }
    mem_free(accept);
    return 0;
}
