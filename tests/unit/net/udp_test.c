#include "udp_on.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

// Waits until at least one datagram is there.
static size_t receive(struct udp *u, struct udp_datagram **datagrams)
{
    struct pollfd one = {.fd = udp_fd(u), .events = POLLIN};
    CHECK_EQ(poll(&one, 1, 5000), 1);
    return udp_receive(u, datagrams);
}

TEST(a_plain_datagram_arrives_with_its_source)
{
    struct udp *a = open_on("127.0.0.1"), *b = open_on("127.0.0.1");
    struct addr to = address_of(b, "127.0.0.1"), from = address_of(a, "127.0.0.1");
    struct batch out = {0};
    batch_datagram(&out, &to, bytes_of("hello"));
    udp_send(a, &out);

    struct udp_datagram *got;
    CHECK_EQ(receive(b, &got), 1);
    CHECK_BYTES(((struct bytes){got[0].at, got[0].len}), "hello", 5);
    CHECK(addr_equal(&got[0].from, &from));
    CHECK_EQ(udp_stats(a)->sent, 1);
    batch_dispose(&out);
    udp_close(a);
    udp_close(b);
}

TEST(how_long_datagrams_waited_is_told)
{
    struct udp *a = open_on("127.0.0.1"), *b = open_on("127.0.0.1");
    struct addr to = address_of(b, "127.0.0.1");
    struct batch out = {0};
    batch_datagram(&out, &to, bytes_of("hello"));
    for (int i = 0; i < 3; i++) // each by a call of the kernel, which takes a while
        udp_send(a, &out);
    struct udp_datagram *got;
    CHECK_EQ(receive(b, &got), 3);
    CHECK(got[0].waited_us > 0 && got[0].waited_us < 5000000);
    CHECK(got[0].waited_us >= got[1].waited_us && got[1].waited_us >= got[2].waited_us);
    batch_dispose(&out);
    udp_close(a);
    udp_close(b);
}

TEST(a_dual_stack_socket_speaks_to_an_ipv4_one)
{
    struct udp *six = open_on("::"), *four = open_on("127.0.0.1");
    struct addr to = address_of(four, "127.0.0.1"), back = address_of(six, "127.0.0.1");
    struct batch out = {0};
    batch_datagram(&out, &to, bytes_of("a"));
    udp_send(six, &out);
    struct udp_datagram *got;
    CHECK_EQ(receive(four, &got), 1);
    CHECK(addr_equal(&got[0].from, &back));

    batch_reset(&out);
    batch_datagram(&out, &back, bytes_of("b"));
    udp_send(four, &out);
    CHECK_EQ(receive(six, &got), 1);
    to.via = 1; // it was spoken to at one of its addresses
    CHECK(addr_equal(&got[0].from, &to));
    batch_dispose(&out);
    udp_close(six);
    udp_close(four);
}

// A train of 150 datagrams needs three sends of at most 64 segments; its last one is shorter.
TEST(a_train_arrives_as_single_datagrams)
{
    struct udp *a = open_on("::"), *b = open_on("127.0.0.1");
    static uint8_t octets[150 * 100 - 1];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i / 100);
    struct batch out = {0};
    batch_add_run(&out, (struct batch_run){.to = address_of(b, "127.0.0.1"),
                                           .at = octets,
                                           .len = sizeof octets,
                                           .segment_len = 100,
                                           .count = 150});
    udp_send(a, &out);
    CHECK_EQ(udp_stats(a)->sent, 150);
    CHECK_EQ(udp_stats(a)->sent_octets, sizeof octets);

    size_t seen = 0;
    while (seen < 150) {
        struct udp_datagram *got;
        size_t count = receive(b, &got);
        CHECK(count <= DATAGRAMS_PER_READ);
        for (size_t i = 0; i < count; i++, seen++) {
            CHECK_EQ(got[i].len, seen == 149 ? 99 : 100);
            CHECK_EQ(got[i].at[0], seen);
        }
    }
    batch_dispose(&out);
    udp_close(a);
    udp_close(b);
}

TEST(a_datagram_over_the_limit_is_dropped_and_counted)
{
    struct udp *a = open_on("127.0.0.1"), *b = open_on("127.0.0.1");
    static uint8_t octets[DATAGRAM_MAX + 1];
    struct addr to = address_of(b, "127.0.0.1");
    struct batch out = {0};
    batch_datagram(&out, &to, (struct bytes){octets, DATAGRAM_MAX + 1});
    batch_datagram(&out, &to, (struct bytes){octets, DATAGRAM_MAX});
    udp_send(a, &out);
    size_t seen = 0;
    while (seen == 0) {
        struct udp_datagram *got;
        seen = receive(b, &got);
    }
    CHECK_EQ(seen, 1);
    CHECK_EQ(udp_stats(b)->too_long, 1);
    CHECK_EQ(udp_stats(b)->received_octets, DATAGRAM_MAX);
    batch_dispose(&out);
    udp_close(a);
    udp_close(b);
}

TEST(an_address_in_use_is_told_by_errno)
{
    struct udp *a = open_on("127.0.0.1");
    struct addr same = address_of(a, "127.0.0.1");
    CHECK(udp_open(&same) == NULL);
    CHECK_EQ(errno, EADDRINUSE);
    udp_close(a);
}

TEST(an_unreachable_destination_does_not_hold_up_the_others)
{
    struct udp *a = open_on("127.0.0.1"), *b = open_on("127.0.0.1");
    struct addr to = address_of(b, "127.0.0.1"), nowhere;
    CHECK_EQ(addr_parse(&nowhere, "[2001:db8::1]:9"), 0);
    struct batch out = {0};
    batch_datagram(&out, &nowhere, bytes_of("x"));
    batch_datagram(&out, &to, bytes_of("y"));
    udp_send(a, &out);
    struct udp_datagram *got;
    CHECK_EQ(receive(b, &got), 1);
    CHECK_EQ(udp_stats(a)->dropped, 1);
    CHECK_EQ(udp_stats(a)->refused, 1);
    CHECK_EQ(udp_stats(a)->sent_octets, 1);
    batch_dispose(&out);
    udp_close(a);
    udp_close(b);
}
