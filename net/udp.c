#include "net/udp.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/ways.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MESSAGES_PER_SEND = 64,
    SEGMENTS_MAX = 64, // UDP_MAX_SEGMENTS of linux/udp.h before 6.9
    // A GSO send must fit one IP packet before it is cut: 65535 less the IPv6 and UDP headers.
    SEGMENTED_BYTES_MAX = 65535 - 40 - 8,
    SEGMENT_CONTROL_LEN = CMSG_SPACE(sizeof(uint16_t)),
    IN_CONTROL_LEN = CMSG_SPACE(sizeof(struct timespec)) + WAYS_CONTROL_LEN,
    OUT_CONTROL_LEN = WAYS_CONTROL_LEN + SEGMENT_CONTROL_LEN,
    // A longer wait is none: the clock of the day was set, or the process stood.
    WAITED_MAX_US = 1000 * 1000,
    PRESSED_SENDS = 256, // calls of udp_send() after the buffer was full: about a second's
};

struct udp {
    int fd;
    int family;
    bool segmentation; // until the kernel or the device says that it cannot
    uint16_t port;
    struct udp_stats stats;
    struct ways ways;
    int64_t read_at;  // by the clock of the day: the last time that something came
    uint32_t turn;    // with which run the next send begins, modulo their number
    uint32_t pressed; // sends that still put first what is urgent

    struct udp_datagram received[DATAGRAMS_PER_READ];
    struct mmsghdr in[DATAGRAMS_PER_READ];
    struct iovec in_parts[DATAGRAMS_PER_READ];
    struct sockaddr_storage in_from[DATAGRAMS_PER_READ];
    uint8_t in_octets[DATAGRAMS_PER_READ][DATAGRAM_MAX];
    alignas(struct cmsghdr) uint8_t in_control[DATAGRAMS_PER_READ][IN_CONTROL_LEN];

    // What was gathered for the next sendmmsg().
    size_t out_count;
    struct mmsghdr out[MESSAGES_PER_SEND];
    struct iovec out_parts[MESSAGES_PER_SEND];
    struct sockaddr_storage out_to[MESSAGES_PER_SEND];
    uint16_t out_datagrams[MESSAGES_PER_SEND];
    // Its way, where it has one, and then a train's segmentation.
    alignas(struct cmsghdr) uint8_t out_control[MESSAGES_PER_SEND][OUT_CONTROL_LEN];
};

static int bound_socket(struct udp *u, const struct addr *at)
{
    // IPv4 addresses get a socket of their own family: it works where IPv6 is switched off.
    u->family = addr_is_v4(at) ? AF_INET : AF_INET6;
    int fd = socket(u->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int off = 0, on = 1;
    int bytes = UDP_BUFFER_BYTES;
    struct sockaddr_storage name;
    socklen_t name_len = addr_to_sockaddr(at, &name);
    if (u->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    // Best effort: net.core.rmem_max and wmem_max cap it silently.
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (addr_is_any(at))
        ways_open(&u->ways, fd, u->family);
    if (bind(fd, (const struct sockaddr *)&name, name_len) < 0) {
        int why = errno;
        ways_close(&u->ways);
        close(fd);
        errno = why;
        return -1;
    }
    name_len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &name_len) == 0)
        u->port = addr_from_sockaddr((const struct sockaddr *)&name).port;
    return fd;
}

static bool kernel_has_segmentation(int fd)
{
    int segment_len = 0;
    socklen_t len = sizeof segment_len;
    return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment_len, &len) == 0;
}

struct udp *udp_open(const struct addr *at)
{
    struct udp *u = mem_alloc(sizeof *u);
    u->fd = bound_socket(u, at);
    if (u->fd < 0) {
        int why = errno;
        mem_free(u);
        errno = why;
        return NULL;
    }
    u->segmentation = kernel_has_segmentation(u->fd);
    for (size_t i = 0; i < DATAGRAMS_PER_READ; i++) {
        u->in_parts[i] = (struct iovec){u->in_octets[i], DATAGRAM_MAX};
        u->in[i].msg_hdr = (struct msghdr){.msg_name = &u->in_from[i],
                                           .msg_iov = &u->in_parts[i],
                                           .msg_iovlen = 1,
                                           .msg_control = u->in_control[i]};
    }
    return u;
}

void udp_close(struct udp *u)
{
    if (!u)
        return;
    ways_close(&u->ways);
    close(u->fd);
    mem_free(u);
}

int udp_fd(const struct udp *u)
{
    return u->fd;
}

bool udp_has_segmentation(const struct udp *u)
{
    return u->segmentation;
}

uint16_t udp_port(const struct udp *u)
{
    return u->port;
}

const struct udp_stats *udp_stats(const struct udp *u)
{
    return &u->stats;
}

// Nothing waits to be read, or there is no room to send: it is no fault of what was asked for.
static bool is_full(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

static int64_t us_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

// Since the time at which the kernel took it from the device; 0 when that is not known.
static int64_t waited_us(const struct cmsghdr *arrival, int64_t now_us)
{
    struct timespec arrived;
    memcpy(&arrived, CMSG_DATA(arrival), sizeof arrived);
    int64_t waited = now_us - us_of(&arrived);
    return waited >= 0 && waited <= WAITED_MAX_US ? waited : 0;
}

// Takes what the kernel says beside a datagram.
static void take_control(struct udp *u, struct msghdr *message, int64_t now_us,
                         struct udp_datagram *d)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
            d->waited_us = waited_us(c, now_us);
        else
            d->from.via = ways_of(&u->ways, c);
    }
}

size_t udp_receive(struct udp *u, struct udp_datagram **datagrams)
{
    *datagrams = u->received;
    for (size_t i = 0; i < DATAGRAMS_PER_READ; i++) {
        u->in[i].msg_hdr.msg_namelen = sizeof u->in_from[i];
        u->in[i].msg_hdr.msg_controllen = IN_CONTROL_LEN;
    }
    int got = recvmmsg(u->fd, u->in, DATAGRAMS_PER_READ, MSG_DONTWAIT, NULL);
    u->stats.receive_calls++;
    // An error here is an ICMP answer to something that was sent, or nothing waits.
    if (got < 0 && !is_full(errno))
        u->stats.receive_errors++;
    if (got <= 0)
        return 0;

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now); // the kernel's stamps are of this clock
    u->read_at = us_of(&now);
    size_t count = 0;
    for (int i = 0; i < got; i++) {
        if (u->in[i].msg_hdr.msg_flags & MSG_TRUNC) {
            u->stats.too_long++;
            continue;
        }
        struct udp_datagram *d = &u->received[count++];
        *d = (struct udp_datagram){
            .from = addr_from_sockaddr((const struct sockaddr *)&u->in_from[i]),
            .at = u->in_octets[i],
            .len = u->in[i].msg_len,
        };
        take_control(u, &u->in[i].msg_hdr, u->read_at, d);
        u->stats.received_octets += u->in[i].msg_len;
    }
    u->stats.received += count;
    return count;
}

// Whether a refused send may have been refused because of its segmentation: the device cannot
// checksum (EIO), or a segment is longer than the path's MTU (EINVAL).
static bool refused_segmentation(int error)
{
    return error == EIO || error == EINVAL || error == EOPNOTSUPP;
}

// Sends the datagrams of one refused train one by one: by the same way, but not segmented.
static void send_singly(struct udp *u, size_t at)
{
    const struct iovec *train = &u->out_parts[at];
    struct iovec part;
    struct msghdr message = u->out[at].msg_hdr;
    message.msg_controllen -= SEGMENT_CONTROL_LEN;
    message.msg_iov = &part;
    struct cmsghdr *segmentation =
        (struct cmsghdr *)(void *)(u->out_control[at] + message.msg_controllen);
    uint16_t segment_len;
    memcpy(&segment_len, CMSG_DATA(segmentation), sizeof segment_len);
    for (size_t done = 0; done < train->iov_len; done += segment_len) {
        size_t left = train->iov_len - done;
        size_t len = left < segment_len ? left : segment_len;
        part = (struct iovec){(uint8_t *)train->iov_base + done, len};
        ssize_t sent = sendmsg(u->fd, &message, MSG_DONTWAIT);
        u->stats.send_calls++;
        if (sent < 0) {
            u->stats.refused += !is_full(errno);
            u->stats.dropped++;
        } else {
            u->stats.sent_octets += len;
            u->stats.sent++;
        }
    }
}

static void flush(struct udp *u)
{
    size_t at = 0;
    while (at < u->out_count) {
        int sent = sendmmsg(u->fd, u->out + at, (unsigned)(u->out_count - at), MSG_DONTWAIT);
        u->stats.send_calls++;
        if (sent > 0) {
            for (int i = 0; i < sent; i++, at++) {
                u->stats.sent += u->out_datagrams[at];
                u->stats.sent_octets += u->out_parts[at].iov_len;
            }
            continue;
        }
        bool train = u->out_datagrams[at] > 1;
        if (train && refused_segmentation(errno)) {
            // EIO is the device's, for good; EINVAL may be one long packet's.
            if (errno == EIO && u->segmentation) {
                u->segmentation = false;
                log_info("udp", "no segmentation offload on port %u", u->port);
            }
            send_singly(u, at++);
            continue;
        }
        // One unreachable destination must not hold up the others; a full buffer does.
        if (!is_full(errno)) {
            u->stats.refused += u->out_datagrams[at];
            u->stats.dropped += u->out_datagrams[at++];
            continue;
        }
        u->pressed = PRESSED_SENDS;
        while (at < u->out_count)
            u->stats.dropped += u->out_datagrams[at++];
    }
    u->out_count = 0;
}

static socklen_t destination(const struct udp *u, const struct addr *to,
                             struct sockaddr_storage *name)
{
    if (u->family == AF_INET)
        return addr_to_sockaddr(to, name);
    struct sockaddr_in6 six = addr_to_sockaddr6(to);
    memcpy(name, &six, sizeof six);
    return sizeof six;
}

static size_t put_segmentation(void *at, uint16_t segment_len)
{
    struct cmsghdr *control = at;
    *control = (struct cmsghdr){CMSG_LEN(sizeof segment_len), IPPROTO_UDP, UDP_SEGMENT};
    memcpy(CMSG_DATA(control), &segment_len, sizeof segment_len);
    return SEGMENT_CONTROL_LEN;
}

// Gathers `count` datagrams of `segment_len` octets that lie from `octets` on.
static void gather(struct udp *u, const struct addr *to, uint8_t *octets, size_t len,
                   uint16_t segment_len, uint16_t count)
{
    if (u->out_count == MESSAGES_PER_SEND)
        flush(u);
    size_t at = u->out_count++;
    u->out_parts[at] = (struct iovec){octets, len};
    u->out_datagrams[at] = count;
    size_t control_len = ways_put(&u->ways, to, u->read_at, u->out_control[at]);
    if (count > 1)
        control_len += put_segmentation(u->out_control[at] + control_len, segment_len);
    u->out[at].msg_hdr = (struct msghdr){.msg_name = &u->out_to[at],
                                         .msg_namelen = destination(u, to, &u->out_to[at]),
                                         .msg_iov = &u->out_parts[at],
                                         .msg_iovlen = 1,
                                         .msg_control = u->out_control[at],
                                         .msg_controllen = control_len};
}

static void send_run(struct udp *u, const struct batch_run *run)
{
    if (u->family == AF_INET && !addr_is_v4(&run->to)) {
        u->stats.refused += run->count;
        u->stats.dropped += run->count;
        return;
    }
    size_t per_send = 1;
    if (u->segmentation && run->count > 1) {
        per_send = SEGMENTED_BYTES_MAX / run->segment_len;
        per_send = per_send < SEGMENTS_MAX ? per_send : SEGMENTS_MAX;
    }
    for (size_t done = 0; done < run->count; done += per_send) {
        size_t count = run->count - done < per_send ? run->count - done : per_send;
        size_t from = done * run->segment_len;
        size_t to = done + count == run->count ? run->len : (done + count) * run->segment_len;
        gather(u, &run->to, run->at + from, to - from, run->segment_len, (uint16_t)count);
    }
}

// The first run of a destination, another one in each call: the packets of one destination
// stay in their order.
static uint32_t next_start(struct udp *u, const struct batch *b)
{
    if (b->run_count < 2)
        return 0;
    // Steps of a number that is prime to most others visit all of them.
    uint32_t start = (u->turn += 7919) % b->run_count;
    while (start && addr_equal(&b->runs[start].to, &b->runs[start - 1].to))
        start--;
    return start;
}

void udp_send(struct udp *u, const struct batch *b)
{
    uint32_t start = next_start(u, b);
    bool urgent_first = u->pressed > 0;
    if (urgent_first)
        u->pressed--;
    for (int round = 0; round < (urgent_first ? 2 : 1); round++)
        for (uint32_t i = 0; i < b->run_count; i++) {
            const struct batch_run *run = &b->runs[(start + i) % b->run_count];
            if (!urgent_first || run->urgent == (round == 0))
                send_run(u, run);
        }
    flush(u);
}
