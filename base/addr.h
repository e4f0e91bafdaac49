// An IP address with a port, and the way there.
#pragma once

#include "base/bytes.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

// IPv4 is kept as an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), so that one
// comparison serves both and a dual-stack socket needs no conversion. No padding: the struct
// may be hashed and compared as octets.
struct addr {
    uint8_t ip[16];
    uint16_t port;  // host order
    uint16_t via;   // by which way datagrams come from there and go there; of the same peer by
                    // two ways are two addresses
    uint32_t scope; // zone of an IPv6 link-local address, else 0
};

// The worker's socket, from whichever of its addresses the kernel chooses; above it, from one
// of them (net/ways.h).
enum { ADDR_VIA_ANY };

enum { ADDR_TEXT_MAX = 64 }; // "[ffff:...]:65535" with its terminator

bool addr_is_v4(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_is_any(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b); // all of it

static inline struct bytes addr_bytes(const struct addr *a)
{
    return (struct bytes){(const uint8_t *)a, sizeof *a};
}

// "1.2.3.4", "::1" or "[::1]" without a port, which becomes `port`.
// Returns 0 or ERR_MALFORMED. Names are not resolved.
int addr_parse_ip(struct addr *a, const char *text, uint16_t port);
// "1.2.3.4:80" or "[::1]:80". Returns 0 or ERR_MALFORMED.
int addr_parse(struct addr *a, const char *text);

void addr_format(const struct addr *a, char text[ADDR_TEXT_MAX]);    // with port
void addr_format_ip(const struct addr *a, char text[ADDR_TEXT_MAX]); // without

struct addr addr_from_sockaddr(const struct sockaddr *sa);
// For a dual-stack AF_INET6 socket.
struct sockaddr_in6 addr_to_sockaddr6(const struct addr *a);
// AF_INET for IPv4, AF_INET6 else; returns the length.
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);
