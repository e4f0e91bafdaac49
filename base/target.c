#include "base/target.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LABEL_LEN_MAX = 63 };

// --- Reading ---

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Printable ASCII without what browsers, libraries and servers treat in different ways.
static bool is_plain(struct bytes url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.at[i] <= ' ' || url.at[i] > '~' || strchr("\\\"<>^`{|}#", url.at[i]))
            return false;
    }
    return true;
}

// What the WHATWG's URL standard calls a host that ends in a number: a reader of another school
// takes it for an address in decimal, octal or hexadecimal.
static bool ends_in_number(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot ? dot + 1 : host;
    if (strncasecmp(last, "0x", 2) == 0)
        return last[2 + strspn(last + 2, "0123456789abcdefABCDEF")] == 0;
    return last[strspn(last, "0123456789")] == 0;
}

static bool is_name(const char *host)
{
    size_t label = 0;
    for (const char *p = host; *p; p++) {
        bool is_inner = (*p >= 'a' && *p <= 'z') || is_digit(*p) || *p == '-' || *p == '_';
        if (*p == '.' ? label == 0 : !is_inner || label == LABEL_LEN_MAX)
            return false;
        label = *p == '.' ? 0 : label + 1;
    }
    return label > 0;
}

static const char *read_port(struct target *t, struct bytes text)
{
    unsigned port = 0;
    if (text.len == 0 || text.len > 5)
        return "the port is not a number from 1 to 65535";
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit((char)text.at[i]))
            return "the port is not a number from 1 to 65535";
        port = port * 10 + (unsigned)(text.at[i] - '0');
    }
    if (port < 1 || port > UINT16_MAX)
        return "the port is not a number from 1 to 65535";
    t->port = (uint16_t)port;
    return NULL;
}

static const char *read_host(struct target *t, struct bytes text)
{
    bool bracketed = text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
    if (bracketed)
        text = (struct bytes){text.at + 1, text.len - 2};
    if (text.len == 0 || text.len > TARGET_HOST_LEN_MAX)
        return "the host is empty or too long";
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.at[i];
        t->host[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    t->host[text.len] = 0;
    bool has_colon = strchr(t->host, ':') != NULL;
    if (bracketed || ends_in_number(t->host)) {
        if (bracketed != has_colon || strchr(t->host, '[') ||
            addr_parse_ip(&t->address, t->host, t->port) != 0)
            return "the host is no address in the usual form";
        t->is_address = true;
        return NULL;
    }
    return is_name(t->host) ? NULL : "the host is no name";
}

const char *target_parse(struct target *target, struct bytes url)
{
    struct target t = {0};
    if (url.len == 0 || url.len > TARGET_URL_LEN_MAX)
        return "the URL is empty or too long";
    if (!is_plain(url))
        return "the URL has characters that must be escaped";
    const char *text = (const char *)url.at;
    size_t start = 7;
    if (url.len > 8 && strncasecmp(text, "https://", 8) == 0) {
        t.tls = true;
        start = 8;
    } else if (url.len <= 7 || strncasecmp(text, "http://", 7) != 0) {
        return "the URL begins neither with http:// nor with https://";
    }

    size_t end = start;
    size_t colon = 0; // behind the last bracket
    for (; end < url.len && text[end] != '/' && text[end] != '?'; end++) {
        if (text[end] == '@')
            return "the URL names a user";
        if (text[end] == ':')
            colon = end;
        if (text[end] == ']')
            colon = 0;
    }
    size_t host_end = colon ? colon : end;
    t.port = t.tls ? 443 : 80;
    const char *wrong = NULL;
    if (colon)
        wrong = read_port(&t, (struct bytes){url.at + colon + 1, end - colon - 1});
    if (!wrong)
        wrong = read_host(&t, (struct bytes){url.at + start, host_end - start});
    if (!wrong)
        *target = t;
    return wrong;
}

// --- Rules ---

int target_allow(struct target_rules *rules, struct bytes network)
{
    return networks_add(&rules->allowed, network);
}

// The special ones of IANA's registry for IPv4 (RFC 6890 and its successors).
static const struct {
    uint8_t from[4];
    uint8_t bits;
    const char *what;
} special_v4[] = {
    {{0, 0, 0, 0}, 8, "an address of no host"},
    {{10, 0, 0, 0}, 8, "a private address"},
    {{100, 64, 0, 0}, 10, "a provider's shared address"},
    {{127, 0, 0, 0}, 8, "a loopback address"},
    {{169, 254, 0, 0}, 16, "a link-local address"},
    {{172, 16, 0, 0}, 12, "a private address"},
    {{192, 0, 0, 0}, 24, "a reserved address"},
    {{192, 0, 2, 0}, 24, "an address for documentation"},
    {{192, 88, 99, 0}, 24, "a reserved address"},
    {{192, 168, 0, 0}, 16, "a private address"},
    {{198, 18, 0, 0}, 15, "an address for benchmarks"},
    {{198, 51, 100, 0}, 24, "an address for documentation"},
    {{203, 0, 113, 0}, 24, "an address for documentation"},
    {{224, 0, 0, 0}, 4, "a multicast address"},
    {{240, 0, 0, 0}, 4, "a reserved address"},
};

static const char *refusal_v4(const uint8_t ip[4])
{
    uint8_t wide[16] = {ip[0], ip[1], ip[2], ip[3]};
    for (size_t i = 0; i < sizeof special_v4 / sizeof *special_v4; i++) {
        uint8_t from[16] = {0};
        memcpy(from, special_v4[i].from, 4);
        if (network_is_within(wide, from, special_v4[i].bits))
            return special_v4[i].what;
    }
    return NULL;
}

// Of IPv6 only 2000::/3 is the public Internet. Addresses that carry an IPv4 address in them
// lead to it: `embedded` says where it is.
static const struct {
    uint8_t from[16];
    uint8_t bits;
    uint8_t embedded;
    const char *what;
} special_v6[] = {
    {{0}, 128, 0, "an address of no host"},
    {{[15] = 1}, 128, 0, "a loopback address"},
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, NULL},    // NAT64, RFC 6052
    {{0x20, 0x02}, 16, 2, NULL},                 // 6to4, RFC 3056
    {{0x20, 0x01}, 23, 0, "a reserved address"}, // Teredo and others
    {{0x20, 0x01, 0x0d, 0xb8}, 32, 0, "an address for documentation"},
    {{0x3f, 0xff}, 20, 0, "an address for documentation"},
    {{0xfc}, 7, 0, "a private address"},
    {{0xfe, 0x80}, 10, 0, "a link-local address"},
    {{0xff}, 8, 0, "a multicast address"},
};

static const char *refusal_v6(const uint8_t ip[16])
{
    static const uint8_t global[16] = {0x20};
    for (size_t i = 0; i < sizeof special_v6 / sizeof *special_v6; i++) {
        if (network_is_within(ip, special_v6[i].from, special_v6[i].bits))
            return special_v6[i].embedded ? refusal_v4(ip + special_v6[i].embedded)
                                          : special_v6[i].what;
    }
    return network_is_within(ip, global, 3) ? NULL : "a reserved address";
}

const char *target_refusal(const struct target_rules *rules, const struct addr *address)
{
    if (networks_have(&rules->allowed, address))
        return NULL;
    for (size_t i = 0; i < rules->own_count; i++) {
        if (memcmp(address->ip, rules->own[i].ip, sizeof address->ip) == 0)
            return "an address of this machine";
    }
    return addr_is_v4(address) ? refusal_v4(address->ip + 12) : refusal_v6(address->ip);
}
