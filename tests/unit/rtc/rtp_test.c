#include "base/batch.h"
#include "base/err.h"
#include "rtc/extension.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "test.h"

static const uint8_t wire[] = {
    0xb1, 0xe0, 0x12, 0x34, 0,    0,    0, 9, 0, 0, 0, 7, // marker, PT 96, seq 0x1234
    0,    0,    0,    5,                                  // one CSRC
    0xbe, 0xde, 0,    1,    0x30, 0xaa, 0, 0,             // one extension element
    1,    2,    0,    2,                                  // payload, then padding
};

TEST(reads_the_fields_and_skips_the_padding)
{
    struct rtp_packet packet;
    CHECK_EQ(rtp_parse(&packet, (struct bytes){wire, sizeof wire}), 0);
    CHECK_EQ(packet.payload_type, 96);
    CHECK(packet.marker);
    CHECK_EQ(packet.seq, 0x1234);
    CHECK_EQ(packet.timestamp, 9);
    CHECK_EQ(packet.ssrc, 7);
    CHECK_EQ(packet.extension.len, 8);
    CHECK(packet.extension.at == wire + 16);
    CHECK_BYTES(packet.payload, wire + 24, 2);
}

// Every prefix is copied to a heap block of exactly its size, so that the address sanitizer
// sees a parser which reads even one octet too far.
TEST(refuses_every_truncated_header)
{
    for (size_t len = 0; len < 24; len++) {
        struct rtp_packet packet;
        CHECK_EQ(rtp_parse(&packet, test_exact_copy(wire, len)), ERR_MALFORMED);
    }
}

TEST(refuses_another_version)
{
    uint8_t other[sizeof wire];
    memcpy(other, wire, sizeof wire);
    other[0] = 0x71;
    struct rtp_packet packet;
    CHECK_EQ(rtp_parse(&packet, (struct bytes){other, sizeof other}), ERR_MALFORMED);
}

TEST(refuses_padding_that_counts_nothing_or_too_much)
{
    uint8_t other[sizeof wire];
    memcpy(other, wire, sizeof wire);
    struct rtp_packet packet;
    other[sizeof other - 1] = 0;
    CHECK_EQ(rtp_parse(&packet, (struct bytes){other, sizeof other}), ERR_MALFORMED);
    other[sizeof other - 1] = 5;
    CHECK_EQ(rtp_parse(&packet, (struct bytes){other, sizeof other}), ERR_MALFORMED);
    other[sizeof other - 1] = 4; // a padding-only probe
    CHECK_EQ(rtp_parse(&packet, (struct bytes){other, sizeof other}), 0);
    CHECK_EQ(packet.payload.len, 0);
}

TEST(refuses_csrcs_and_extensions_longer_than_the_datagram)
{
    struct rtp_packet packet;
    static const uint8_t csrcs[] = {0x8f, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    CHECK_EQ(rtp_parse(&packet, test_exact_copy(csrcs, sizeof csrcs)), ERR_MALFORMED);
    static const uint8_t extension[] = {0x90, 96, 0, 1, 0,    0,    0,    0,
                                        0,    0,  0, 1, 0xbe, 0xde, 0xff, 0xff};
    CHECK_EQ(rtp_parse(&packet, test_exact_copy(extension, sizeof extension)), ERR_MALFORMED);
}

TEST(leaves_the_struct_alone_on_failure)
{
    struct rtp_packet packet = {.ssrc = 42};
    CHECK_EQ(rtp_parse(&packet, (struct bytes){wire, 11}), ERR_MALFORMED);
    CHECK_EQ(packet.ssrc, 42);
}

// RFC 4588 section 4: the OSN is the first two octets of the payload.
TEST(a_retransmission_becomes_the_original)
{
    static const uint8_t payload[] = {0xff, 0xfe, 0xaa, 0xbb};
    struct rtp_packet packet = {.payload_type = 97,
                                .marker = true,
                                .seq = 1,
                                .timestamp = 90000,
                                .ssrc = 0x2222,
                                .payload = {payload, sizeof payload}};
    CHECK_EQ(rtp_unwrap_rtx(&packet, 0x1111, 96), 0);
    CHECK_EQ(packet.seq, 65534);
    CHECK_EQ(packet.ssrc, 0x1111);
    CHECK_EQ(packet.payload_type, 96);
    CHECK_EQ(packet.timestamp, 90000);
    CHECK(packet.marker);
    CHECK_BYTES(packet.payload, payload + 2, 2);
}

TEST(a_probe_on_the_retransmission_stream_has_no_original)
{
    static const uint8_t payload[] = {0xff};
    struct rtp_packet packet = {.seq = 1, .payload = {payload, 1}};
    CHECK_EQ(rtp_unwrap_rtx(&packet, 0x1111, 96), ERR_MALFORMED);
    packet.payload.len = 0;
    CHECK_EQ(rtp_unwrap_rtx(&packet, 0x1111, 96), ERR_MALFORMED);
    CHECK_EQ(packet.seq, 1);
}

static const struct rtp_header header = {
    .payload_type = 96, .marker = true, .seq = 0x1234, .timestamp = 0x01020304, .ssrc = 7};

TEST(writes_a_header_without_extensions)
{
    uint8_t head[BATCH_HEAD_MAX];
    struct writer w = writer_on(head, sizeof head);
    rtp_put_header(&w, &header, NULL, NULL);
    static const uint8_t expected[] = {0x80, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 7};
    CHECK_BYTES(((struct bytes){head, w.len}), expected, sizeof expected);
}

TEST(writes_a_retransmission_that_unwraps_to_the_original)
{
    uint8_t head[BATCH_HEAD_MAX];
    struct writer w = writer_on(head, sizeof head);
    struct extension_ids ids = {.twcc = 3};
    struct extension_values values = {.has_twcc = true, .twcc = 0xabcd};
    rtp_put_header(&w, &header, &ids, &values);
    CHECK_EQ(w.len, 12 + 8);
    rtp_put_osn(&w, 0x0102);
    put_u8(&w, 0x55);
    static const uint8_t expected[] = {
        0x90, 0xe0, 0x12, 0x34, 1,    2,    3,    4, 0, 0, 0,    7, // X is set
        0xbe, 0xde, 0,    1,    0x31, 0xab, 0xcd, 0, 1, 2, 0x55,
    };
    CHECK_BYTES(((struct bytes){head, w.len}), expected, sizeof expected);

    struct rtp_packet packet;
    CHECK_EQ(rtp_parse(&packet, (struct bytes){head, w.len}), 0);
    CHECK_EQ(rtp_unwrap_rtx(&packet, 9, 100), 0);
    CHECK_EQ(packet.seq, 0x0102);
    CHECK_EQ(packet.payload.len, 1);
    CHECK_EQ(packet.payload.at[0], 0x55);
}

TEST(sequence_order_survives_the_wrap)
{
    CHECK(rtp_seq_after(0, 65535));
    CHECK(!rtp_seq_after(65535, 0));
    CHECK(!rtp_seq_after(7, 7));
    CHECK(rtp_timestamp_after(5, 0xfffffff0));
    CHECK(!rtp_timestamp_after(0xfffffff0, 5));
}

// Each of these files has one octet more than the packet (mediasoup's tests drop it too).
static struct bytes packet_file(const char *path)
{
    struct bytes file = test_file(path);
    return test_exact_copy(file.at, file.len - 1);
}

// Facts of the .info files beside the packets.
TEST(reads_the_packets_of_mediasoup)
{
    struct rtp_packet packet;
    CHECK_EQ(rtp_parse(&packet, packet_file("tests/vectors/mediasoup/packets/packet1.raw")), 0);
    CHECK_EQ(packet.payload_type, 111);
    CHECK_EQ(packet.seq, 23617);
    CHECK_EQ(packet.timestamp, 1660241882);
    CHECK_EQ(packet.ssrc, 2674985186);
    CHECK_EQ(packet.extension.len, 8);
    CHECK_EQ(packet.payload.len, 33);
    CHECK_EQ(packet.payload.at[0], 0xba);

    CHECK_EQ(rtp_parse(&packet, packet_file("tests/vectors/mediasoup/packets/packet2.raw")), 0);
    CHECK_EQ(packet.payload_type, 100);
    CHECK_EQ(packet.seq, 28478);
    CHECK_EQ(packet.timestamp, 172320136);
    CHECK_EQ(packet.ssrc, 3316375386);
    CHECK_EQ(packet.extension.len, 0);
    CHECK_EQ(packet.payload.len, 78); // and 149 of padding

    CHECK_EQ(rtp_parse(&packet, packet_file("tests/vectors/mediasoup/packets/packet3.raw")), 0);
    CHECK_EQ(packet.seq, 19354);
    CHECK_EQ(packet.timestamp, 863466045);
    CHECK_EQ(packet.ssrc, 235797202);
    CHECK_EQ(packet.payload.len, 77);
    CHECK_EQ(packet.payload.at[0], 0x09);
    struct extension_ids ids = {.abs_send_time = 3, .audio_level = 1};
    struct extension_values values;
    extension_read(&values, packet.extension, &ids);
    CHECK_EQ(values.abs_send_time, 0x65341e);
    CHECK(values.voice);
    CHECK_EQ(values.audio_level, 0x50);
}

static void replay(const char *folder)
{
    static const struct extension_ids ids = {.mid = 1, .twcc = 2, .dependency = 3, .rid = 4};
    const char **files;
    size_t count = test_folder(folder, &files);
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(files[i]);
        struct rtp_packet packet;
        struct bytes datagram = test_exact_copy(file.at, file.len);
        if (rtp_parse(&packet, datagram) < 0)
            continue;
        CHECK(packet.payload.at >= datagram.at);
        CHECK(packet.payload.at + packet.payload.len <= datagram.at + datagram.len);
        struct extension_values values;
        extension_read(&values, packet.extension, &ids);
    }
}

TEST(survives_what_crashed_others)
{
    replay("tests/vectors/webrtc-corpora/rtp");
    replay("tests/vectors/webrtc-corpora/rtcp");
    replay("tests/vectors/mediasoup/crash-reports");
    replay("tests/vectors/mediasoup/packets");
}
