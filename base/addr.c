#include "base/addr.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool addr_is_v4(const struct addr *a)
{
    return memcmp(a->ip, v4_prefix, sizeof v4_prefix) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t v6[16] = {[15] = 1};
    return addr_is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, v6, sizeof v6) == 0;
}

bool addr_is_any(const struct addr *a)
{
    static const uint8_t zero[16];
    return memcmp(a->ip + (addr_is_v4(a) ? 12 : 0), zero, addr_is_v4(a) ? 4 : 16) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

int addr_parse_ip(struct addr *a, const char *text, uint16_t port)
{
    struct addr parsed = {.port = port};
    char plain[INET6_ADDRSTRLEN + 1];
    size_t len = strlen(text);
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof plain)
        return ERR_MALFORMED;
    memcpy(plain, text, len);
    plain[len] = 0;

    struct in_addr v4;
    struct in6_addr v6;
    if (!bracketed && inet_pton(AF_INET, plain, &v4) == 1) {
        memcpy(parsed.ip, v4_prefix, sizeof v4_prefix);
        memcpy(parsed.ip + 12, &v4, 4);
    } else if (inet_pton(AF_INET6, plain, &v6) == 1) {
        memcpy(parsed.ip, &v6, 16);
    } else {
        return ERR_MALFORMED;
    }
    *a = parsed;
    return 0;
}

int addr_parse(struct addr *a, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || strlen(colon + 1) == 0 || strlen(colon + 1) > 5)
        return ERR_MALFORMED;
    for (const char *p = colon + 1; *p; p++)
        if (*p < '0' || *p > '9')
            return ERR_MALFORMED;
    unsigned long port = strtoul(colon + 1, NULL, 10);

    char host[INET6_ADDRSTRLEN + 3];
    size_t len = (size_t)(colon - text);
    if (port > UINT16_MAX || len >= sizeof host)
        return ERR_MALFORMED;
    memcpy(host, text, len);
    host[len] = 0;
    if (host[0] != '[' && strchr(host, ':'))
        return ERR_MALFORMED; // "::1:80" could mean two things
    return addr_parse_ip(a, host, (uint16_t)port);
}

void addr_format_ip(const struct addr *a, char text[ADDR_TEXT_MAX])
{
    if (addr_is_v4(a))
        inet_ntop(AF_INET, a->ip + 12, text, ADDR_TEXT_MAX);
    else
        inet_ntop(AF_INET6, a->ip, text, ADDR_TEXT_MAX);
}

void addr_format(const struct addr *a, char text[ADDR_TEXT_MAX])
{
    char ip[ADDR_TEXT_MAX - 9];
    inet_ntop(addr_is_v4(a) ? AF_INET : AF_INET6, addr_is_v4(a) ? a->ip + 12 : a->ip, ip,
              sizeof ip);
    snprintf(text, ADDR_TEXT_MAX, addr_is_v4(a) ? "%s:%u" : "[%s]:%u", ip, a->port);
}

struct addr addr_from_sockaddr(const struct sockaddr *sa)
{
    struct addr a = {0};
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
        memcpy(a.ip, v4_prefix, sizeof v4_prefix);
        memcpy(a.ip + 12, &in->sin_addr, 4);
        a.port = ntohs(in->sin_port);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
        memcpy(a.ip, &in6->sin6_addr, 16);
        a.port = ntohs(in6->sin6_port);
        a.scope = in6->sin6_scope_id;
    }
    return a;
}

struct sockaddr_in6 addr_to_sockaddr6(const struct addr *a)
{
    struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
    memcpy(&in6.sin6_addr, a->ip, 16);
    return in6;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (addr_is_v4(a)) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip + 12, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = addr_to_sockaddr6(a);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}
