// Which address of this machine a datagram was sent to, so that what goes back leaves from the
// same: a NAT lets nothing in from another, and a browser takes it for a path that it did not
// ask for. A socket on all addresses is told with each datagram (ip(7), IP_PKTINFO; RFC 3542
// section 6), and tells the kernel likewise.
#pragma once

#include "base/addr.h"
#include "base/limits.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    WAYS_CHOICES = 4096, // a power of 2
    WAYS_ASK_AFTER = 16,
    WAYS_ASK_EVERY_US = 10 * 1000 * 1000,
};

// The interface is named for link-local addresses only: every other leaves by any.
struct way {
    struct in6_addr local; // IPv4 as IPv4-mapped
    unsigned interface;
};

// Whether the kernel would take the way by itself, which saves 0.17 us of the 3.7 us that a
// train costs to send. It is asked where more than a few went to, and again from time to time,
// as routes change.
struct way_choice {
    struct addr to;
    uint16_t sent; // datagrams or trains, up to WAYS_ASK_AFTER
    bool is_kernels;
    int64_t asked_at;
};

// Those that a socket was spoken to at. Their places, from 1 on, are the `via` of struct addr.
struct ways {
    int family;    // of the socket; AF_UNSPEC: it has one address, and nothing is kept
    uint16_t last; // datagrams of one come in rows
    uint16_t count;
    struct way list[UDP_WAYS_MAX];
    int probe_fd; // sends nothing: is connected, and then tells its own address
    // Each has its place by its octets. Of two that have the same none is asked for.
    struct way_choice choices[WAYS_CHOICES];
};

enum {
    WAYS_CONTROL_LEN = CMSG_SPACE(sizeof(struct in6_pktinfo)), // of one message, at most
};

// `fd` is to tell; before it is bound, so that no datagram comes without.
void ways_open(struct ways *w, int fd, int family);
void ways_close(struct ways *w);

// By which way a datagram came whose control messages say `control`. ADDR_VIA_ANY when it is
// not one of those, is sent to many, or there are UDP_WAYS_MAX others: then the kernel chooses.
uint16_t ways_of(struct ways *w, const struct cmsghdr *control);

// Writes the control message for what goes to `to`; returns how long it is, 0 for none.
size_t ways_put(struct ways *w, const struct addr *to, int64_t now_us, void *at);
