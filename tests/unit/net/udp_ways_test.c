// Sockets of a machine with several addresses, in a network namespace of its own where that is
// allowed: 127.0.0.0/8 is there anyway, a second IPv6 address is not.
#include "net/ways.h"
#include "udp_on.h"

#include <linux/ipv6.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct addr sender_of_next(struct udp *u, size_t len)
{
    struct pollfd one = {.fd = udp_fd(u), .events = POLLIN};
    CHECK_EQ(poll(&one, 1, 5000), 1);
    struct udp_datagram *got;
    CHECK_EQ(udp_receive(u, &got), 1);
    CHECK_EQ(got[0].len, len);
    return got[0].from;
}

// A client at `client` speaks to the server at `addressed`; returns how the server knows it.
static struct addr speak_to(struct udp *server, struct udp *client, const char *addressed)
{
    struct addr to = address_of(server, addressed);
    struct batch out = {0};
    batch_datagram(&out, &to, bytes_of("question"));
    udp_send(client, &out);
    batch_dispose(&out);
    return sender_of_next(server, 8);
}

static void expect_answer_from(struct udp *server, struct udp *client, const char *addressed)
{
    struct addr known = speak_to(server, client, addressed);
    struct batch out = {0};
    batch_datagram(&out, &known, bytes_of("answer"));
    udp_send(server, &out);
    batch_dispose(&out);
    struct addr from = sender_of_next(client, 6), want = address_of(server, addressed);
    CHECK(addr_equal(&from, &want));
}

TEST(an_answer_leaves_from_the_address_that_was_spoken_to)
{
    static const char *const everywhere[] = {"0.0.0.0", "::"};
    for (size_t i = 0; i < 2; i++) {
        struct udp *server = open_on(everywhere[i]), *client = open_on("127.0.0.1");
        expect_answer_from(server, client, "127.0.0.2");
        expect_answer_from(server, client, "127.0.0.1");
        expect_answer_from(server, client, "127.0.0.3");
        udp_close(server);
        udp_close(client);
    }
}

TEST(a_train_leaves_from_the_address_that_was_spoken_to)
{
    struct udp *server = open_on("::"), *client = open_on("127.0.0.1");
    struct addr known = speak_to(server, client, "127.0.0.2");
    static uint8_t octets[100 * 50];
    struct batch out = {0};
    batch_add_run(
        &out,
        (struct batch_run){
            .to = known, .at = octets, .len = sizeof octets, .segment_len = 100, .count = 50});
    udp_send(server, &out);
    batch_dispose(&out);
    CHECK_EQ(udp_stats(server)->sent, 50);
    struct addr want = address_of(server, "127.0.0.2");
    for (size_t seen = 0; seen < 50;) {
        struct pollfd one = {.fd = udp_fd(client), .events = POLLIN};
        CHECK_EQ(poll(&one, 1, 5000), 1);
        struct udp_datagram *got;
        size_t count = udp_receive(client, &got);
        for (size_t i = 0; i < count; i++, seen++)
            CHECK(addr_equal(&got[i].from, &want));
    }
    udp_close(server);
    udp_close(client);
}

TEST(one_peer_that_speaks_to_two_addresses_is_two)
{
    struct udp *server = open_on("::"), *client = open_on("127.0.0.1");
    struct addr one = speak_to(server, client, "127.0.0.1");
    struct addr two = speak_to(server, client, "127.0.0.2");
    struct addr again = speak_to(server, client, "127.0.0.1");
    CHECK(!addr_equal(&one, &two));
    CHECK(addr_equal(&one, &again));
    udp_close(server);
    udp_close(client);
}

TEST(a_socket_with_one_address_keeps_no_ways)
{
    struct udp *server = open_on("127.0.0.2"), *client = open_on("127.0.0.1");
    struct addr known = speak_to(server, client, "127.0.0.2"),
                plain = address_of(client, "127.0.0.1");
    CHECK(addr_equal(&known, &plain));
    expect_answer_from(server, client, "127.0.0.2");
    udp_close(server);
    udp_close(client);
}

// Where it would take the same anyway it is not told, which is cheaper; where routes changed,
// it is again.
TEST(what_the_kernel_would_choose_is_left_to_it)
{
    struct udp *server = open_on("::"), *client = open_on("127.0.0.1");
    for (int i = 0; i < 3 * WAYS_ASK_AFTER; i++) {
        expect_answer_from(server, client, "127.0.0.1");
        expect_answer_from(server, client, "127.0.0.2");
    }
    udp_close(server);
    udp_close(client);

    static struct ways w;
    alignas(struct cmsghdr) uint8_t at[WAYS_CONTROL_LEN];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ways_open(&w, fd, AF_INET);
    struct addr to[2];
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(addr_parse(&to[i], "127.0.0.1:9"), 0);
        to[i].via = (uint16_t)(i + 1);
        w.list[i].local = (struct in6_addr){
            .s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = (uint8_t)(1 + i)}};
    }
    w.count = 2;
    int64_t now = 5000000;
    for (int i = 0; i < WAYS_ASK_AFTER; i++)
        CHECK(ways_put(&w, &to[0], now, at) > 0 && ways_put(&w, &to[1], now, at) > 0);
    CHECK_EQ(ways_put(&w, &to[0], now, at), 0);
    CHECK(ways_put(&w, &to[1], now, at) > 0);

    w.list[0].local.s6_addr[15] = 3; // as if the kernel chose another from now on
    CHECK_EQ(ways_put(&w, &to[0], now + WAYS_ASK_EVERY_US - 1, at), 0);
    CHECK(ways_put(&w, &to[0], now + WAYS_ASK_EVERY_US, at) > 0);
    ways_close(&w);
    close(fd);
}

// More addresses than are kept: there is an answer all the same.
TEST(beyond_the_bound_the_kernel_chooses)
{
    struct udp *server = open_on("::"), *client = open_on("127.0.0.1");
    for (unsigned i = 1; i <= UDP_WAYS_MAX; i++) {
        char ip[16];
        snprintf(ip, sizeof ip, "127.1.%u.%u", i / 250, 1 + i % 250);
        CHECK_EQ(speak_to(server, client, ip).via, i);
    }
    struct addr known = speak_to(server, client, "127.2.0.1");
    CHECK_EQ(known.via, ADDR_VIA_ANY);
    struct batch out = {0};
    batch_datagram(&out, &known, bytes_of("answer"));
    udp_send(server, &out);
    batch_dispose(&out);
    sender_of_next(client, 6);
    expect_answer_from(server, client, "127.1.0.2");
    udp_close(server);
    udp_close(client);
}

// It is there, but the kernel begins to use it a little later.
static void await_address(const struct addr *a)
{
    struct udp *u = NULL;
    for (unsigned tries = 0; tries < 5000 && !(u = udp_open(a)); tries++)
        poll(NULL, 0, 1);
    CHECK(u != NULL);
    udp_close(u);
}

static bool own_network(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    if (fd < 0)
        return false; // a machine without IPv6
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    bool done = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    for (unsigned i = 1; i <= 2 && done; i++) {
        struct addr a;
        addr_parse_ip(&a, i == 1 ? "fd00:1::1" : "fd00:1::2", 0);
        struct in6_ifreq add = {.ifr6_prefixlen = 128, .ifr6_ifindex = 1};
        memcpy(&add.ifr6_addr, a.ip, sizeof a.ip);
        done = ioctl(fd, SIOCSIFADDR, &add) == 0;
        if (done)
            await_address(&a);
    }
    close(fd);
    return done;
}

TEST(over_ipv6_too)
{
    if (!own_network())
        skip();
    struct udp *server = open_on("::"), *client = open_on("fd00:1::1");
    expect_answer_from(server, client, "fd00:1::2");
    expect_answer_from(server, client, "fd00:1::1");
    expect_answer_from(server, client, "::1");
    udp_close(server);
    udp_close(client);
}
