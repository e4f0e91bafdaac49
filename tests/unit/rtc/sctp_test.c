#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rtc/sctp.h"
#include "test.h"

#include <sys/time.h>

enum { MS = 1000 };

// Two associations of one stack that talk to each other, owner 0 and 1. usrsctp has global
// state, so a process has one stack; the associations share nothing else.
static struct sctp_stack *stack;
static struct sctp_association *sides[2];
static struct sctp_notices notices;
static int64_t now;

// usrsctp asks the wall clock how long ago a chunk was sent. Here it gets our time, so that a
// retransmission needs no sleep.
int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    *tv = (struct timeval){.tv_sec = 1000 + now / 1000000, .tv_usec = now % 1000000};
    return 0;
}

// What the sides have said beside packets.
static struct {
    size_t up, down, messages, resets;
    uint16_t stream;
    uint32_t ppid;
    size_t len;
    uint8_t first, last;
} heard[2];

static bool (*lost)(const struct sctp_notice *packet); // NULL: nothing is

static void hear(const struct sctp_notice *n)
{
    heard[n->owner].up += n->kind == SCTP_NOTICE_UP;
    heard[n->owner].down += n->kind == SCTP_NOTICE_DOWN;
    heard[n->owner].resets += n->kind == SCTP_NOTICE_RESET;
    heard[n->owner].stream = n->stream;
    if (n->kind == SCTP_NOTICE_MESSAGE) {
        heard[n->owner].messages++;
        heard[n->owner].ppid = n->ppid;
        heard[n->owner].len = n->len;
        heard[n->owner].first = n->at[0];
        heard[n->owner].last = n->at[n->len - 1];
    }
}

// Carries packets between the sides until there are none.
static void deliver(void)
{
    for (size_t i = 0; i < notices.count; i++) {
        struct sctp_notice n = notices.at[i];
        notices.at[i].at = NULL;
        if (n.kind != SCTP_NOTICE_PACKET) {
            hear(&n);
        } else if ((!lost || !lost(&n)) && sides[!n.owner]) {
            struct bytes packet = test_exact_copy(n.at, n.len);
            sctp_receive(sides[!n.owner], packet, now, &notices);
        }
        mem_free(n.at);
    }
    sctp_notices_clear(&notices);
}

static void wait_ms(int64_t ms)
{
    for (int64_t end = now + ms * MS; now < end; now += 20 * MS) {
        sctp_stack_expire(stack, now, &notices);
        deliver();
    }
}

static void start(void)
{
    now = 5000 * MS;
    lost = NULL;
    memset(heard, 0, sizeof heard);
    stack = sctp_stack_new(now);
    for (uint64_t i = 0; i < 2; i++)
        sides[i] = sctp_open(stack, i, SCTP_PORT, now, &notices);
    deliver();
}

static void stop(void)
{
    sctp_stack_free(stack);
    sctp_notices_dispose(&notices);
    memset(sides, 0, sizeof sides);
}

static int send_message(int side, uint16_t stream, size_t len)
{
    uint8_t *message = mem_alloc(len);
    message[0] = 'a';
    message[len - 1] = 'z';
    int err = sctp_send(sides[side], stream, 51, (struct bytes){message, len}, now, &notices);
    mem_free(message);
    return err;
}

TEST(both_sides_may_begin_at_once)
{
    start();
    CHECK_EQ(heard[0].up, 1);
    CHECK_EQ(heard[1].up, 1);
    stop();
}

TEST(a_message_arrives_with_its_stream_and_protocol)
{
    start();
    CHECK_EQ(send_message(0, 7, 100), 0);
    deliver();
    CHECK_EQ(heard[1].messages, 1);
    CHECK_EQ(heard[1].stream, 7);
    CHECK_EQ(heard[1].ppid, 51);
    CHECK_EQ(heard[1].len, 100);
    CHECK_EQ(heard[1].first, 'a');
    CHECK_EQ(heard[1].last, 'z');
    stop();
}

TEST(a_message_of_256_kib_arrives_whole)
{
    start();
    CHECK_EQ(send_message(0, 0, SCTP_MESSAGE_MAX), 0);
    wait_ms(2000);
    CHECK_EQ(heard[1].messages, 1);
    CHECK_EQ(heard[1].len, 262144);
    CHECK_EQ(heard[1].last, 'z');
    stop();
}

TEST(a_longer_message_is_not_sent)
{
    start();
    CHECK_EQ(send_message(0, 0, SCTP_MESSAGE_MAX + 1), ERR_FULL);
    stop();
}

static bool lose_all(const struct sctp_notice *packet)
{
    (void)packet;
    return true;
}

TEST(no_more_than_1_mib_waits_for_a_peer_that_does_not_answer)
{
    start();
    lost = lose_all;
    int sent = 0;
    while (sent < 100 && send_message(0, 0, 64 * 1024) == 0)
        sent++;
    CHECK(sent >= 14);
    CHECK(sent <= 16);
    CHECK_EQ(send_message(0, 0, 64 * 1024), ERR_FULL);
    deliver();
    stop();
}

TEST(a_stream_that_was_not_negotiated_is_refused)
{
    start();
    CHECK_EQ(send_message(0, SCTP_STREAMS_MAX - 1, 1), 0);
    CHECK_EQ(send_message(0, SCTP_STREAMS_MAX, 1), ERR_NOT_FOUND);
    deliver();
    stop();
}

static int to_lose;
static bool lose_first(const struct sctp_notice *packet)
{
    (void)packet;
    return to_lose-- > 0;
}

TEST(what_was_lost_is_sent_again)
{
    start();
    lost = lose_first;
    to_lose = 1;
    CHECK_EQ(send_message(0, 0, 10), 0);
    deliver();
    CHECK_EQ(heard[1].messages, 0);
    wait_ms(1500);
    CHECK_EQ(heard[1].messages, 1);
    stop();
}

TEST(a_lost_handshake_is_repeated)
{
    lost = NULL;
    memset(heard, 0, sizeof heard);
    stack = sctp_stack_new(now);
    for (uint64_t i = 0; i < 2; i++)
        sides[i] = sctp_open(stack, i, SCTP_PORT, now, &notices);
    lost = lose_first;
    to_lose = 3;
    deliver();
    CHECK_EQ(heard[0].up + heard[1].up, 0);
    CHECK_EQ(send_message(0, 0, 10), ERR_WRONG_STATE);
    wait_ms(3000);
    CHECK_EQ(heard[0].up, 1);
    CHECK_EQ(heard[1].up, 1);
    stop();
}

TEST(an_idle_association_waits_for_nothing)
{
    start();
    CHECK_EQ(sctp_stack_deadline(stack), now + 20 * MS);
    wait_ms(2000);
    CHECK(sctp_stack_deadline(stack) == NEVER);
    now += 3600 * 1000LL * MS; // an hour later
    CHECK_EQ(send_message(1, 3, 10), 0);
    deliver();
    CHECK_EQ(heard[0].messages, 1);
    stop();
}

TEST(a_peer_that_never_answers_is_given_up)
{
    now = 0;
    memset(heard, 0, sizeof heard);
    stack = sctp_stack_new(now);
    sides[0] = sctp_open(stack, 0, SCTP_PORT, now, &notices);
    lost = lose_all;
    wait_ms(120 * 1000);
    CHECK_EQ(heard[0].down, 1);
    CHECK(sctp_stack_deadline(stack) == NEVER);
    stop();
}

TEST(closing_tells_the_other_side)
{
    start();
    sctp_close_association(sides[0], now, &notices);
    sides[0] = NULL;
    deliver();
    CHECK_EQ(heard[0].down, 0);
    CHECK_EQ(heard[1].down, 1);
    CHECK_EQ(send_message(1, 0, 10), ERR_WRONG_STATE);
    stop();
}

TEST(a_reset_stream_is_reported_and_can_be_used_again)
{
    start();
    CHECK_EQ(send_message(0, 4, 10), 0);
    CHECK_EQ(sctp_reset(sides[0], 4, now, &notices), 0);
    CHECK_EQ(sctp_reset(sides[0], 5, now, &notices), 0); // while the first is under way
    deliver();
    wait_ms(1000);
    CHECK_EQ(heard[1].messages, 1);
    CHECK_EQ(heard[1].resets, 2);
    CHECK_EQ(heard[1].down, 0);
    CHECK_EQ(send_message(0, 4, 10), 0);
    deliver();
    CHECK_EQ(heard[1].messages, 2);
    stop();
}

TEST(a_damaged_packet_is_dropped)
{
    start();
    CHECK_EQ(send_message(0, 0, 10), 0);
    CHECK(notices.count >= 1);
    for (size_t len = 0; len < notices.at[0].len; len++)
        sctp_receive(sides[1], test_exact_copy(notices.at[0].at, len), now, &notices);
    notices.at[0].at[notices.at[0].len - 1] ^= 1;
    sctp_receive(sides[1], test_exact_copy(notices.at[0].at, notices.at[0].len), now, &notices);
    CHECK_EQ(notices.count, 1);
    notices.at[0].at[notices.at[0].len - 1] ^= 1;
    deliver();
    CHECK_EQ(heard[1].messages, 1);
    stop();
}

// CRC32c as RFC 9260 appendix A has it, so that recorded chunks pass the first check.
static uint32_t crc32c(const uint8_t *at, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

// `chunks` in a packet to the side whose tag is `tag`.
static struct bytes packet_of(const uint8_t tag[4], struct bytes chunks)
{
    uint8_t packet[DATAGRAM_MAX] = {SCTP_PORT >> 8, SCTP_PORT & 0xff, SCTP_PORT >> 8,
                                    SCTP_PORT & 0xff};
    size_t len = chunks.len < sizeof packet - 12 ? chunks.len : sizeof packet - 12;
    memcpy(packet + 4, tag, 4);
    memcpy(packet + 12, chunks.at, len);
    uint32_t crc = crc32c(packet, 12 + len);
    for (int i = 0; i < 4; i++)
        packet[8 + i] = (uint8_t)(crc >> 8 * i);
    return test_exact_copy(packet, 12 + len);
}

TEST(a_peer_that_sends_a_message_over_256_kib_is_given_up)
{
    enum { FRAGMENT_LEN = 1024 };
    uint8_t chunk[16 + FRAGMENT_LEN] = {0};
    uint8_t tag[4];
    start();
    CHECK_EQ(send_message(0, 0, 1), 0);
    memcpy(tag, notices.at[0].at + 4, 4);
    uint32_t tsn = read_u32(notices.at[0].at + 16); // of the DATA chunk that is not delivered
    sctp_notices_clear(&notices);
    for (uint32_t i = 0; i <= 256; i++) {
        CHECK_EQ(heard[1].down, 0);
        chunk[1] = i == 0 ? 2 : 0; // the first fragment, then middle ones
        write_u16(chunk + 2, sizeof chunk);
        write_u32(chunk + 4, tsn + i);
        sctp_receive(sides[1], packet_of(tag, (struct bytes){chunk, sizeof chunk}), now,
                     &notices);
        sides[0] = NULL; // its SACKs go nowhere
        deliver();
    }
    CHECK_EQ(heard[1].down, 1);
    CHECK_EQ(heard[1].messages, 0);
    stop();
}

static void replay(const char *folder, size_t skip)
{
    const char **paths;
    size_t count = test_folder(folder, &paths);
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(paths[i]);
        uint8_t tag[4];
        if (file.len < skip)
            continue;
        start();
        CHECK_EQ(send_message(0, 0, 1), 0);
        memcpy(tag, notices.at[0].at + 4, 4); // side 1's
        deliver();
        struct bytes chunks = {file.at + skip, file.len - skip};
        sctp_receive(sides[1], test_exact_copy(file.at, file.len), now, &notices);
        sctp_receive(sides[1], packet_of(tag, chunks), now, &notices);
        deliver();
        wait_ms(200);
        stop();
    }
}

TEST(recorded_attacks_do_no_harm)
{
    replay("tests/vectors/usrsctp/connect", 1);
    replay("tests/vectors/usrsctp/fragment", 0);
    replay("tests/vectors/usrsctp/listen", 0);
    replay("tests/vectors/webrtc-corpora/sctp-packet", 0);
}
