#include "base/network.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4_PREFIX_BITS = 96 };

bool network_is_within(const uint8_t ip[16], const uint8_t from[16], unsigned bits)
{
    size_t whole = bits / 8;
    if (memcmp(ip, from, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));
    return bits % 8 == 0 || ((ip[whole] ^ from[whole]) & mask) == 0;
}

static int read_bits(struct bytes digits, unsigned most, unsigned *bits)
{
    if (digits.len == 0 || digits.len > 3)
        return ERR_MALFORMED;
    *bits = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return ERR_MALFORMED;
        *bits = *bits * 10 + (unsigned)(digits.at[i] - '0');
    }
    return *bits > most ? ERR_MALFORMED : 0;
}

int networks_add(struct networks *networks, struct bytes network)
{
    char text[INET6_ADDRSTRLEN + 1];
    struct network read = {.bits = 128};
    const uint8_t *slash = memchr(network.at, '/', network.len);
    size_t len = slash ? (size_t)(slash - network.at) : network.len;
    if (len == 0 || len >= sizeof text)
        return ERR_MALFORMED;
    memcpy(text, network.at, len);
    text[len] = 0;
    if (addr_parse_ip(&read.from, text, 0) != 0)
        return ERR_MALFORMED;
    if (slash) {
        bool is_v4 = addr_is_v4(&read.from);
        unsigned bits;
        struct bytes digits = {slash + 1, network.len - len - 1};
        if (read_bits(digits, is_v4 ? 32 : 128, &bits) != 0)
            return ERR_MALFORMED;
        read.bits = (uint8_t)(bits + (is_v4 ? V4_PREFIX_BITS : 0));
    }
    if (networks->count == NETWORKS_MAX)
        return ERR_FULL;
    networks->list[networks->count++] = read;
    return 0;
}

bool networks_have(const struct networks *networks, const struct addr *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_is_within(address->ip, networks->list[i].from.ip, networks->list[i].bits))
            return true;
    return false;
}
