// A URL that somebody configured: what is taken names a port and a host without anything in it
// that another reader could take for something else, and reading it again gives the same.
#include "base/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char host_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.:";

static void check_again(const struct target *t)
{
    char url[TARGET_HOST_LEN_MAX + 32];
    struct target again = {0};
    bool bracketed = strchr(t->host, ':') != NULL;
    int len = snprintf(url, sizeof url, bracketed ? "%s://[%s]:%u/" : "%s://%s:%u/",
                       t->tls ? "https" : "http", t->host, t->port);
    if (target_parse(&again, (struct bytes){(const uint8_t *)url, (size_t)len}) ||
        again.tls != t->tls || again.port != t->port || strcmp(again.host, t->host) != 0 ||
        again.is_address != t->is_address || !addr_equal(&again.address, &t->address))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct target t = {0};
    struct target_rules rules = {0};
    struct bytes input = {data, size};
    target_allow(&rules, input);
    if (target_parse(&t, input))
        return 0;
    if (!t.port || !t.host[0] || t.host[strspn(t.host, host_letters)])
        abort();
    if (t.is_address && addr_is_loopback(&t.address) &&
        !target_refusal(&(struct target_rules){0}, &t.address))
        abort();
    check_again(&t);
    return 0;
}
