// What a simulated browser tells of how packets arrive.
#include "rtc/rtcp.h"
#include "test.h"
#include "tests/sim/client.h"
#include "tests/sim/downlink.h"

#include <string.h>

enum { MS = 1000 };

static const char with_numbers[] =
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    "a=rtcp-fb:96 goog-remb\r\n";
static const char with_remb[] = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                                "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                                "a=rtcp-fb:96 goog-remb\r\n";

static struct downlink downlink;

static uint8_t payload_type = 96;

static void packet(uint16_t number, uint32_t timestamp, int64_t now)
{
    uint8_t block[8] = {0xbe, 0xde, 0, 1, 0x31, (uint8_t)(number >> 8), (uint8_t)number, 0};
    struct rtp_packet p = {.payload_type = payload_type,
                           .ssrc = 7,
                           .timestamp = timestamp,
                           .extension = {block, sizeof block},
                           .payload = {block, 1}};
    downlink_packet(&downlink, &p, 1000, now);
}

TEST(the_numbers_that_came_are_told_where_that_was_agreed_on)
{
    downlink = (struct downlink){0};
    downlink_agree(&downlink, with_numbers);
    packet(10, 0, 1000 * MS);
    packet(12, 0, 1004 * MS);
    uint8_t buffer[1200];
    struct writer w = writer_on(buffer, sizeof buffer);
    downlink_feedback(&downlink, 1060 * MS, &w);
    struct rtcp_cursor cursor;
    struct rtcp_packet p;
    struct twcc_feedback feedback;
    CHECK_EQ(rtcp_begin(&cursor, (struct bytes){buffer, w.len}), 0);
    CHECK(rtcp_next(&cursor, &p));
    CHECK_EQ(p.kind, RTCP_TWCC);
    CHECK_EQ(twcc_parse(&feedback, p.whole), 0);
    CHECK_EQ(feedback.base_seq, 10);
    CHECK_EQ(feedback.status_count, 3);
    CHECK(!rtcp_next(&cursor, &p)); // and no rate beside it
}

// Six seconds of 800 kbit/s, then so much that a queue grows.
TEST(a_rate_is_told_else_and_falls_when_packets_come_ever_later)
{
    downlink = (struct downlink){0};
    downlink_agree(&downlink, with_remb);
    uint8_t buffer[1200];
    double first = 0;
    double last = 0;
    for (int i = 0; i < 800; i++) {
        int64_t late = i > 600 ? (i - 600) * 3 * MS : 0;
        int64_t now = 1000 * MS + i * 10 * MS + late;
        packet(0, (uint32_t)i * 900, now);
        struct writer w = writer_on(buffer, sizeof buffer);
        downlink_feedback(&downlink, now, &w);
        struct rtcp_cursor cursor;
        struct rtcp_packet p;
        if (w.len == 0)
            continue;
        CHECK_EQ(rtcp_begin(&cursor, (struct bytes){buffer, w.len}), 0);
        CHECK(rtcp_next(&cursor, &p));
        CHECK_EQ(p.kind, RTCP_REMB);
        first = first > 0 ? first : (double)p.rate_bps;
        last = (double)p.rate_bps;
    }
    CHECK(first >= 780e3 && first < 900e3);
    CHECK(last < 650e3); // 615 kbit/s arrive
}

// Its clock is another, whether it repeats itself or not.
TEST(sound_alone_makes_no_rate)
{
    static const uint8_t types[] = {CLIENT_PT_OPUS, CLIENT_PT_RED};
    for (size_t k = 0; k < sizeof types; k++) {
        downlink = (struct downlink){0};
        downlink_agree(&downlink, with_remb);
        payload_type = types[k];
        uint8_t buffer[1200];
        for (int i = 0; i < 800; i++) {
            int64_t now = 1000 * MS + i * 20 * MS;
            packet(0, (uint32_t)i * 960, now);
            struct writer w = writer_on(buffer, sizeof buffer);
            downlink_feedback(&downlink, now, &w);
            CHECK_EQ(w.len, 0);
        }
    }
    payload_type = 96;
}

// Where it ended with a growing queue, that would be told of for ever.
TEST(a_stream_that_is_over_tells_nothing_of_the_way)
{
    downlink = (struct downlink){0};
    downlink_agree(&downlink, with_remb);
    uint8_t buffer[1200];
    for (int i = 0; i < 700; i++) {
        int64_t late = i > 600 ? (i - 600) * 3 * MS : 0;
        packet(0, (uint32_t)i * 900, 1000 * MS + i * 10 * MS + late);
    }
    for (int64_t now = 8300 * MS; now < 12000 * MS; now += 100 * MS) {
        struct writer w = writer_on(buffer, sizeof buffer);
        downlink_feedback(&downlink, now, &w);
    }
    CHECK_EQ(downlink.stream_count, 0);
}

TEST(who_agreed_on_nothing_tells_nothing)
{
    downlink = (struct downlink){0};
    downlink_agree(&downlink, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
    packet(10, 0, 1000 * MS);
    uint8_t buffer[1200];
    struct writer w = writer_on(buffer, sizeof buffer);
    downlink_feedback(&downlink, 1100 * MS, &w);
    CHECK_EQ(w.len, 0);
}
