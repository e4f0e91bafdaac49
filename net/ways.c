#include "net/ways.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

void ways_open(struct ways *w, int fd, int family)
{
    int on = 1;
    // A dual-stack socket is told of IPv4 datagrams in the form of IPv6, too.
    int err = family == AF_INET
                  ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
                  : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    w->family = err ? AF_UNSPEC : family;
    w->probe_fd = err ? -1 : socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void ways_close(struct ways *w)
{
    if (w->family != AF_UNSPEC && w->probe_fd >= 0)
        close(w->probe_fd);
}

static struct in6_addr mapped(const struct in_addr *four)
{
    struct in6_addr six = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(six.s6_addr + 12, four, sizeof *four);
    return six;
}

static bool is_multicast(const struct in6_addr *a)
{
    return IN6_IS_ADDR_V4MAPPED(a) ? (a->s6_addr[12] & 0xf0) == 0xe0 : IN6_IS_ADDR_MULTICAST(a);
}

static bool is_same(const struct way *a, const struct way *b)
{
    return memcmp(&a->local, &b->local, sizeof a->local) == 0 && a->interface == b->interface;
}

// The place of `way`, which is kept from now on.
static uint16_t place_of(struct ways *w, const struct way *way)
{
    if (w->last && is_same(&w->list[w->last - 1], way))
        return w->last;
    for (uint16_t i = 0; i < w->count; i++)
        if (is_same(&w->list[i], way))
            return w->last = i + 1;
    if (w->count == UDP_WAYS_MAX)
        return ADDR_VIA_ANY;
    w->list[w->count++] = *way;
    return w->last = w->count;
}

uint16_t ways_of(struct ways *w, const struct cmsghdr *control)
{
    struct way way = {0};
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        way.local = mapped(&info.ipi_spec_dst);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        way.local = info.ipi6_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&way.local))
            way.interface = info.ipi6_ifindex;
    } else {
        return ADDR_VIA_ANY;
    }
    return is_multicast(&way.local) ? ADDR_VIA_ANY : place_of(w, &way);
}

// From which address the kernel would send there: that of a socket which is connected so.
static bool kernel_takes(const struct ways *w, const struct addr *to, const struct way *way)
{
    struct sockaddr_storage name;
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    socklen_t len = sizeof name;
    struct sockaddr_in6 six = addr_to_sockaddr6(to);
    socklen_t to_len = w->family == AF_INET ? addr_to_sockaddr(to, &name) : sizeof six;
    if (w->family != AF_INET)
        memcpy(&name, &six, sizeof six);
    if (connect(w->probe_fd, &none, sizeof none) < 0 ||
        connect(w->probe_fd, (const struct sockaddr *)&name, to_len) < 0 ||
        getsockname(w->probe_fd, (struct sockaddr *)&name, &len) < 0)
        return false;
    struct addr own = addr_from_sockaddr((const struct sockaddr *)&name);
    return memcmp(own.ip, &way->local, sizeof own.ip) == 0;
}

static struct way_choice *choice_of(struct ways *w, const struct addr *to)
{
    uint32_t words[sizeof *to / sizeof(uint32_t)];
    memcpy(words, to, sizeof words);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15; // 2^64 by the golden ratio
    return &w->choices[hash >> 32 & (WAYS_CHOICES - 1)];
}

static bool is_kernels_choice(struct ways *w, const struct addr *to, int64_t now_us)
{
    struct way_choice *c = choice_of(w, to);
    if (!addr_equal(&c->to, to))
        *c = (struct way_choice){.to = *to, .asked_at = INT64_MIN / 2};
    if (c->sent < WAYS_ASK_AFTER) {
        c->sent++;
    } else if (now_us - c->asked_at >= WAYS_ASK_EVERY_US || now_us < c->asked_at) {
        c->asked_at = now_us;
        c->is_kernels = kernel_takes(w, to, &w->list[to->via - 1]);
    }
    return c->is_kernels;
}

size_t ways_put(struct ways *w, const struct addr *to, int64_t now_us, void *at)
{
    assert(to->via <= w->count);
    if (to->via == ADDR_VIA_ANY || is_kernels_choice(w, to, now_us))
        return 0;
    const struct way *way = &w->list[to->via - 1];
    struct cmsghdr *control = at;
    if (w->family == AF_INET) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, way->local.s6_addr + 12, sizeof info.ipi_spec_dst);
        *control = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
        memcpy(CMSG_DATA(control), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    struct in6_pktinfo info = {.ipi6_addr = way->local, .ipi6_ifindex = way->interface};
    *control = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO};
    memcpy(CMSG_DATA(control), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}
