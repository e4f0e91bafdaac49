// Publishers' offers late in a long call: browsers keep every section that there ever was.
#include "base/err.h"
#include "base/mem.h"
#include "rtc/negotiate.h"
#include "rtc/sdp.h"
#include "test.h"

static struct publish_offer offer;
static const struct codec_preference no_preference;
static const uint8_t fingerprint[FINGERPRINT_LEN];
static const struct local_description local = {
    .ufrag = "ourufrag", .pwd = "ourpasswordourpassword01", .fingerprint = fingerprint};

static void add_sections(struct text *sdp, size_t first, size_t count, const char *direction,
                         size_t padding)
{
    for (size_t i = first; i < first + count; i++) {
        text_addf(sdp,
                  "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"
                  "a=mid:%zu\r\na=rtcp-mux\r\na=%s\r\na=msid:s t%zu\r\n",
                  i, direction, i);
        for (size_t k = 0; k < padding; k++)
            text_add(sdp, "a=a-line-of-thirty-two-octets.\r\n");
    }
}

static void begin_offer(struct text *sdp, size_t section_count)
{
    text_add(sdp, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for (size_t i = 0; i < section_count; i++)
        text_addf(sdp, " %zu", i);
    text_add(sdp, "\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
                  "a=setup:actpass\r\na=fingerprint:sha-256 "
                  "AB:01:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
                  "00:00:00:00:00:00:00:00:00:00:00:00:00\r\n");
}

static int try_offer(const struct text *sdp, const char *reason)
{
    struct text why = {0};
    int err = negotiate_publish(text_bytes(sdp), &no_preference, &offer, &why);
    CHECK_TEXT(why.at ? why.at : "", reason);
    text_dispose(&why);
    return err;
}

TEST(sixty_four_sections_in_use_are_taken_and_sixty_five_refused)
{
    struct text sdp = {0};
    begin_offer(&sdp, 64);
    add_sections(&sdp, 0, 64, "sendonly", 0);
    CHECK_EQ(try_offer(&sdp, ""), 0);
    text_clear(&sdp);
    begin_offer(&sdp, 65);
    add_sections(&sdp, 0, 65, "sendonly", 0);
    CHECK_EQ(try_offer(&sdp, "line 394: too many sections in use"), ERR_FULL);
    text_dispose(&sdp);
}

TEST(seventy_kib_in_use_are_refused)
{
    struct text sdp = {0};
    begin_offer(&sdp, 10);
    add_sections(&sdp, 0, 10, "sendonly", 224); // 7 KiB each
    CHECK(sdp.len > 70 * 1024);
    CHECK_EQ(try_offer(&sdp, "line 1850: sections in use are too long"), ERR_FULL);
    text_dispose(&sdp);
}

TEST(two_hundred_inactive_sections_and_two_in_use_are_answered_one_by_one)
{
    struct text sdp = {0};
    struct text text = {0};
    begin_offer(&sdp, 202);
    add_sections(&sdp, 0, 200, "inactive", 70);
    add_sections(&sdp, 200, 2, "sendonly", 70);
    CHECK(sdp.len > 400 * 1024);
    CHECK_EQ(try_offer(&sdp, ""), 0);
    negotiate_publish_answer(&offer, &local, &text);
    struct sdp *answered = sdp_new(SDP_SECTIONS_MAX);
    struct sdp_error error;
    CHECK_EQ(sdp_parse(answered, text_bytes(&text), &error), 0);
    CHECK_EQ(answered->section_count, 202);
    CHECK_EQ(answered->bundle_count, 202);
    CHECK_EQ(answered->sections[199].direction, SDP_INACTIVE);
    CHECK_EQ(answered->sections[200].direction, SDP_RECVONLY);
    CHECK(!offer.sections[199].sending);
    CHECK(offer.sections[201].sending);
    CHECK_TEXT(offer.sections[201].track_id, "t201");
    mem_free(answered);
    text_dispose(&text);
    text_dispose(&sdp);
}
