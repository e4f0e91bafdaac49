#include "server/addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

// fe80::/10 needs a zone that no SDP carries; 169.254.0.0/16 is of no use beyond a cable.
static bool is_link_local(const struct addr *a)
{
    if (addr_is_v4(a))
        return a->ip[12] == 169 && a->ip[13] == 254;
    return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static size_t add_family(const struct ifaddrs *list, int family, struct addr *addresses,
                         size_t count, size_t max)
{
    for (const struct ifaddrs *each = list; each && count < max; each = each->ifa_next) {
        if (!each->ifa_addr || each->ifa_addr->sa_family != family ||
            !(each->ifa_flags & IFF_UP))
            continue;
        struct addr a = addr_from_sockaddr(each->ifa_addr);
        if (!addr_is_loopback(&a) && !is_link_local(&a))
            addresses[count++] = a;
    }
    return count;
}

size_t addresses_of_machine(struct addr *addresses, size_t max)
{
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0)
        return 0;
    size_t count = add_family(list, AF_INET, addresses, 0, max);
    count = add_family(list, AF_INET6, addresses, count, max);
    freeifaddrs(list);
    return count;
}

int addresses_watch(void)
{
    struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
                                 .nl_groups =
                                     RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&groups, sizeof groups) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// What changed is not read out of it: messages may be lost, so all addresses are read again.
void addresses_read(int watch)
{
    uint8_t ignored[8192];
    while (recv(watch, ignored, sizeof ignored, 0) > 0 || errno == ENOBUFS || errno == EINTR)
        ;
}

bool addresses_have_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool works = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof loopback) == 0;
    if (fd >= 0)
        close(fd);
    return works;
}
