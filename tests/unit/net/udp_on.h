// A media socket on an address of this machine, at a port that the kernel chooses.
#pragma once

#include "net/udp.h"
#include "test.h"

static inline struct udp *open_on(const char *ip)
{
    struct addr at;
    CHECK_EQ(addr_parse_ip(&at, ip, 0), 0);
    struct udp *u = udp_open(&at);
    CHECK(u != NULL);
    return u;
}

static inline struct addr address_of(const struct udp *u, const char *ip)
{
    struct addr at;
    CHECK_EQ(addr_parse_ip(&at, ip, udp_port(u)), 0);
    return at;
}
