// What is sent when the socket's buffer is full. Loopback never fills one, so sendmmsg() is
// replaced: it takes some messages, and refuses the rest of the tick.
#include "net/udp.h"
#include "test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { DESTINATIONS = 100 };

static unsigned room;       // for so many messages, until it is set again
static uint8_t taken[4096]; // the first octet of each message that was sent
static unsigned taken_count;

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    (void)fd;
    (void)flags;
    unsigned sent = count < room ? count : room;
    if (!sent) {
        errno = EAGAIN;
        return -1;
    }
    for (unsigned i = 0; i < sent && taken_count < sizeof taken; i++)
        taken[taken_count++] = *(const uint8_t *)messages[i].msg_hdr.msg_iov[0].iov_base;
    room -= sent;
    return (int)sent;
}

static struct addr destination(size_t i)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, "127.0.0.1", (uint16_t)(10000 + i)), 0);
    return a;
}

// For each destination a picture and, behind it, sound. The octets name who and what.
static void fill(struct batch *out, uint8_t octets[2 * DESTINATIONS])
{
    for (size_t i = 0; i < DESTINATIONS; i++) {
        for (size_t sound = 0; sound < 2; sound++) {
            octets[2 * i + sound] = (uint8_t)(2 * i + sound);
            batch_add_run(out, (struct batch_run){.to = destination(i),
                                                  .at = &octets[2 * i + sound],
                                                  .len = 1,
                                                  .segment_len = 1,
                                                  .count = 1,
                                                  .urgent = sound});
        }
    }
}

static struct udp *open_one(void)
{
    struct addr at;
    CHECK_EQ(addr_parse_ip(&at, "127.0.0.1", 0), 0);
    struct udp *u = udp_open(&at);
    CHECK(u != NULL);
    taken_count = 0;
    return u;
}

TEST(with_room_for_all_everything_is_sent_once_and_in_its_order)
{
    struct udp *u = open_one();
    struct batch out = {0};
    uint8_t octets[2 * DESTINATIONS];
    fill(&out, octets);
    for (int round = 0; round < 5; round++) {
        bool seen[2 * DESTINATIONS] = {0};
        room = 1000;
        taken_count = 0;
        udp_send(u, &out);
        CHECK_EQ(taken_count, 2 * DESTINATIONS);
        for (size_t i = 0; i < taken_count; i++) {
            CHECK(!seen[taken[i]]);
            CHECK(taken[i] % 2 == 0 || seen[taken[i] - 1]); // the picture came first
            seen[taken[i]] = true;
        }
    }
    batch_dispose(&out);
    udp_close(u);
}

TEST(a_full_buffer_hits_everybody_in_turn)
{
    struct udp *u = open_one();
    struct batch out = {0};
    uint8_t octets[2 * DESTINATIONS];
    unsigned pictures[DESTINATIONS] = {0};
    fill(&out, octets);
    for (int round = 0; round < 200; round++) {
        room = 150; // three quarters
        taken_count = 0;
        udp_send(u, &out);
        for (size_t i = 0; i < taken_count; i++)
            pictures[taken[i] / 2] += taken[i] % 2 == 0;
    }
    for (size_t i = 0; i < DESTINATIONS; i++) {
        CHECK(pictures[i] > 60); // 100 on average: all the sound, and half of the pictures
        CHECK(pictures[i] < 140);
    }
    batch_dispose(&out);
    udp_close(u);
}

TEST(sound_goes_first_once_the_buffer_was_full)
{
    struct udp *u = open_one();
    struct batch out = {0};
    uint8_t octets[2 * DESTINATIONS];
    fill(&out, octets);
    room = 150;
    udp_send(u, &out);
    for (int round = 0; round < 100; round++) {
        room = 120;
        taken_count = 0;
        udp_send(u, &out);
        unsigned sound = 0;
        for (size_t i = 0; i < taken_count; i++)
            sound += taken[i] % 2;
        CHECK_EQ(sound, DESTINATIONS);
        CHECK_EQ(taken_count, 120);
    }
    batch_dispose(&out);
    udp_close(u);
}
