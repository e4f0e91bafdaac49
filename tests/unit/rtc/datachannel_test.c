#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "rtc/datachannel.h"
#include "rtc/sctp.h"
#include "test.h"

enum { OURS = 0, THEIRS = 1 }; // endpoints: a DTLS server that opens a channel, and its client

static struct datachannels *channels;
static struct datachannel_events events;
static int64_t now;
static bool deaf; // THEIRS gets no packets

// What an endpoint was told, as text: "open 1 ion-sfu;message 1 hello;".
static struct text told[2];

static void tell(const struct datachannel_event *e)
{
    static const char *const kinds[] = {"packet", "open", "message", "closed", "down"};
    struct text *t = &told[e->endpoint];
    text_addf(t, "%s", kinds[e->kind]);
    if (e->kind != DATACHANNEL_DOWN)
        text_addf(t, " %u", e->stream);
    if (e->kind == DATACHANNEL_OPEN)
        text_addf(t, " %s/%s", e->label, e->protocol);
    if (e->kind == DATACHANNEL_MESSAGE)
        text_addf(t, " %s%.*s", e->text ? "" : "binary:", (int)e->len, (const char *)e->at);
    text_add(t, ";");
}

// Carries packets between the endpoints until there are none.
static void deliver(void)
{
    for (size_t i = 0; i < events.count; i++) {
        struct datachannel_event e = events.at[i];
        events.at[i].at = NULL;
        bool unheard = deaf && e.endpoint == OURS;
        if (e.kind != DATACHANNEL_PACKET)
            tell(&e);
        else if (!unheard)
            datachannels_receive(channels, !e.endpoint, test_exact_copy(e.at, e.len), now,
                                 &events);
        mem_free(e.at);
    }
    datachannel_events_clear(&events);
}

static void check_told(int endpoint, const char *expected)
{
    deliver();
    CHECK_TEXT(told[endpoint].at ? told[endpoint].at : "", expected);
    text_clear(&told[endpoint]);
}

static void start(const char *label, const char *their_label)
{
    now = 1000000;
    deaf = false;
    channels = datachannels_new(now);
    struct datachannel_config ours = {.remote_port = SCTP_PORT, .label = label};
    struct datachannel_config theirs = {
        .dtls_client = true, .remote_port = SCTP_PORT, .label = their_label};
    CHECK_EQ(datachannels_connect(channels, OURS, &ours, now, &events), 0);
    CHECK_EQ(datachannels_connect(channels, THEIRS, &theirs, now, &events), 0);
    deliver();
}

static void stop(void)
{
    datachannels_free(channels);
    datachannel_events_dispose(&events);
    text_dispose(&told[0]);
    text_dispose(&told[1]);
}

static int send_text(int endpoint, uint16_t stream, const char *text)
{
    return datachannels_send(channels, (uint64_t)endpoint, stream, bytes_of(text), now,
                             &events);
}

TEST(the_dtls_server_opens_an_odd_stream)
{
    start("ion-sfu", NULL);
    check_told(OURS, "open 1 ion-sfu/;");
    check_told(THEIRS, "open 1 ion-sfu/;");
    stop();
}

TEST(the_dtls_client_opens_an_even_stream)
{
    start(NULL, "ion-sfu");
    check_told(OURS, "open 0 ion-sfu/;");
    check_told(THEIRS, "open 0 ion-sfu/;");
    stop();
}

TEST(text_goes_both_ways)
{
    start("a", NULL);
    text_clear(&told[OURS]);
    text_clear(&told[THEIRS]);
    CHECK_EQ(send_text(OURS, 1, "hello"), 0);
    check_told(THEIRS, "message 1 hello;");
    CHECK_EQ(send_text(THEIRS, 1, "yes?"), 0);
    CHECK_EQ(send_text(THEIRS, 1, ""), 0);
    check_told(OURS, "message 1 yes?;message 1 ;");
    stop();
}

TEST(an_unknown_channel_or_endpoint_takes_nothing)
{
    start("a", NULL);
    CHECK_EQ(send_text(OURS, 3, "hello"), ERR_NOT_FOUND);
    CHECK_EQ(datachannels_send(channels, 7, 1, bytes_of("x"), now, &events), ERR_NOT_FOUND);
    struct datachannel_config again = {.remote_port = SCTP_PORT};
    CHECK_EQ(datachannels_connect(channels, OURS, &again, now, &events), ERR_EXISTS);
    stop();
}

TEST(closing_an_endpoint_brings_the_other_down)
{
    start("a", NULL);
    text_clear(&told[OURS]);
    text_clear(&told[THEIRS]);
    datachannels_close(channels, OURS, now, &events);
    check_told(THEIRS, "down;");
    check_told(OURS, "");
    CHECK_EQ(send_text(THEIRS, 1, "hello"), ERR_NOT_FOUND);
    datachannels_close(channels, THEIRS, now, &events);
    datachannels_close(channels, THEIRS, now, &events);
    stop();
}

// --- A peer that speaks SCTP but writes its own DCEP ---
//
// There is one SCTP stack in a process and its clients behave, so a message of THEIRS is
// rewritten on its way: another stream, another protocol, other octets.

static struct {
    bool armed;
    uint16_t stream;
    uint32_t ppid;
    struct bytes payload;
    uint16_t next_ssn[SCTP_STREAMS_MAX]; // stream sequence numbers that OURS expects
} forgery;

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

static void forge(uint8_t *packet, size_t len)
{
    enum { DATA = 0, DATA_HEADER_LEN = 16 };
    for (size_t at = 12; at + 4 <= len; at += (read_u16(packet + at + 2) + 3U) & ~3U) {
        uint8_t *chunk = packet + at;
        if (chunk[0] != DATA)
            continue;
        CHECK_EQ(read_u16(chunk + 2), DATA_HEADER_LEN + forgery.payload.len);
        write_u16(chunk + 8, forgery.stream);
        write_u16(chunk + 10, forgery.next_ssn[forgery.stream]++);
        write_u32(chunk + 12, forgery.ppid);
        memcpy(chunk + DATA_HEADER_LEN, forgery.payload.at, forgery.payload.len);
        forgery.armed = false;
    }
    memset(packet + 8, 0, 4);
    uint32_t crc = crc32c(packet, len);
    for (int i = 0; i < 4; i++)
        packet[8 + i] = (uint8_t)(crc >> 8 * i);
}

// OURS opens stream 1 "a"; from then on THEIRS says what inject() says, and is kept from
// answering to what follows from it.
static void start_forging(void)
{
    start("a", NULL);
    text_clear(&told[OURS]);
    text_clear(&told[THEIRS]);
    memset(&forgery, 0, sizeof forgery);
    deaf = true;
    forgery.next_ssn[1] = 1; // its ACK was the first on that stream
}

static void inject(uint16_t stream, uint32_t ppid, const void *at, size_t len)
{
    uint8_t filler[1200] = {0};
    forgery.armed = true;
    forgery.stream = stream;
    forgery.ppid = ppid;
    forgery.payload = (struct bytes){at, len};
    CHECK_EQ(datachannels_send(channels, THEIRS, 1, (struct bytes){filler, len}, now, &events),
             0);
    for (size_t i = 0; i < events.count; i++)
        if (forgery.armed && events.at[i].kind == DATACHANNEL_PACKET &&
            events.at[i].endpoint == THEIRS)
            forge(events.at[i].at, events.at[i].len);
    CHECK(!forgery.armed);
    deliver();
}

static const uint8_t open_b[] = {3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 'b', 'S', 'C', 'T', 'P'};

TEST(an_open_brings_label_and_protocol)
{
    start_forging();
    inject(2, 50, open_b, sizeof open_b);
    check_told(OURS, "open 2 b/SCTP;");
    inject(2, 51, "hi", 2);
    inject(2, 53, "hi", 2);
    check_told(OURS, "message 2 hi;message 2 binary:hi;");
    stop();
}

TEST(an_ack_may_have_padding_and_come_twice)
{
    start_forging();
    inject(1, 50, "\2\0\0", 4); // as Pion writes it
    check_told(OURS, "");
    deaf = false;
    CHECK_EQ(send_text(OURS, 1, "still here"), 0);
    check_told(THEIRS, "message 1 still here;");
    inject(2, 50, "\2", 1); // of no channel
    check_told(OURS, "");
    stop();
}

TEST(a_malformed_open_closes_only_its_channel)
{
    uint8_t bad[sizeof open_b];
    start_forging();
    memcpy(bad, open_b, sizeof bad);
    bad[9] = 2; // the label is longer than the message
    inject(2, 50, bad, sizeof bad);
    inject(4, 50, open_b, 11); // too short
    inject(6, 50, "?", 1);     // no message of DCEP
    check_told(OURS, "");
    CHECK_EQ(send_text(OURS, 2, "x"), ERR_NOT_FOUND);
    inject(8, 50, open_b, sizeof open_b);
    check_told(OURS, "open 8 b/SCTP;");
    deaf = false;
    CHECK_EQ(send_text(OURS, 1, "still here"), 0);
    check_told(THEIRS, "message 1 still here;");
    stop();
}

TEST(a_stream_of_our_parity_is_not_theirs_to_open)
{
    start_forging();
    inject(3, 50, open_b, sizeof open_b);
    check_told(OURS, "");
    stop();
}

TEST(opening_a_channel_twice_closes_it)
{
    start_forging();
    inject(2, 50, open_b, sizeof open_b);
    inject(2, 50, open_b, sizeof open_b);
    check_told(OURS, "open 2 b/SCTP;closed 2;");
    stop();
}

TEST(a_message_of_unknown_kind_closes_its_channel)
{
    start_forging();
    deaf = false;
    inject(1, 99, "hi", 2);
    check_told(OURS, "closed 1;");
    check_told(THEIRS, "closed 1;"); // its side is reset, and answers
    CHECK_EQ(send_text(OURS, 1, "x"), ERR_NOT_FOUND);
    stop();
}

TEST(a_message_without_a_channel_opens_none)
{
    start_forging();
    inject(2, 51, "hi", 2);
    check_told(OURS, "");
    stop();
}

TEST(an_endpoint_has_at_most_16_channels)
{
    start_forging();
    for (uint16_t i = 1; i < DATACHANNELS_PER_ENDPOINT; i++)
        inject((uint16_t)(2 * i), 50, open_b, sizeof open_b);
    text_clear(&told[OURS]);
    inject(40, 50, open_b, sizeof open_b);
    check_told(OURS, "");
    CHECK_EQ(send_text(OURS, 30, "x"), 0);
    CHECK_EQ(send_text(OURS, 40, "x"), ERR_NOT_FOUND);
    deliver();
    stop();
}

TEST(a_label_over_64_octets_closes_its_channel)
{
    uint8_t open[12 + 65] = {3};
    start_forging();
    open[9] = 65;
    memset(open + 12, 'x', 65);
    inject(2, 50, open, sizeof open);
    check_told(OURS, "");
    open[9] = 64;
    inject(4, 50, open, sizeof open - 1);
    deliver();
    CHECK_EQ(told[OURS].len, strlen("open 4 /;") + 64);
    stop();
}

// --- DCEP alone ---

TEST(reads_an_open)
{
    struct dcep_open open;
    struct bytes message = test_hex("03 81 0100 00000005 0002 0001 6162 70");
    CHECK_EQ(dcep_parse_open(&open, message), 0);
    CHECK_EQ(open.channel_type, 0x81);
    CHECK_EQ(open.priority, 256);
    CHECK_EQ(open.reliability, 5);
    CHECK_BYTES(open.label, "ab", 2);
    CHECK_BYTES(open.protocol, "p", 1);
}

TEST(refuses_every_truncated_open)
{
    struct dcep_open open;
    for (size_t len = 0; len < sizeof open_b; len++)
        CHECK_EQ(dcep_parse_open(&open, test_exact_copy(open_b, len)), ERR_MALFORMED);
    CHECK_EQ(dcep_parse_open(&open, test_exact_copy(open_b, sizeof open_b)), 0);
}
