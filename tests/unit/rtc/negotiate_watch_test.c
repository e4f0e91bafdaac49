#include "rtc/negotiate_watch.h"

#include "base/err.h"
#include "rtc/sdp.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

// Too large for the stack, and one test runs at a time.
static struct watch_offer offer;
static struct text answer, why;

#define SESSION "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define TRANSPORT                                                                              \
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=setup:actpass\r\n"            \
    "a=fingerprint:sha-256 "                                                                   \
    "6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:"  \
    "2C:19:08\r\n"
#define AUDIO                                                                                  \
    "m=audio 9 UDP/TLS/RTP/SAVPF 63 109\r\n" TRANSPORT                                         \
    "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:63 red/48000/2\r\n"                       \
    "a=rtpmap:109 opus/48000/2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"  \
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"                \
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
#define VIDEO                                                                                  \
    "m=video 9 UDP/TLS/RTP/SAVPF 120 121 124 126 97 123\r\n" TRANSPORT                         \
    "a=mid:1\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:120 VP8/90000\r\n"                        \
    "a=rtpmap:124 rtx/90000\r\na=fmtp:124 apt=120\r\na=rtcp-fb:120 nack\r\n"                   \
    "a=rtcp-fb:120 nack pli\r\na=rtcp-fb:120 transport-cc\r\n"                                 \
    "a=rtpmap:121 H264/90000\r\na=fmtp:121 packetization-mode=1;profile-level-id=42001f\r\n"   \
    "a=rtpmap:126 H264/90000\r\n"                                                              \
    "a=fmtp:126 packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1\r\n"    \
    "a=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=0;profile-level-id=42e01f\r\n"     \
    "a=rtpmap:123 H264/90000\r\na=fmtp:123 packetization-mode=1;profile-level-id=64001f\r\n"

static int watch(const char *sdp)
{
    static const uint8_t fingerprint[FINGERPRINT_LEN] = {0xab};
    struct local_description local = {.ufrag = "ourufrag",
                                      .pwd = "ourpasswordourpassword01",
                                      .fingerprint = fingerprint,
                                      .session_id = 77};
    text_clear(&answer);
    text_clear(&why);
    int err = negotiate_watch(test_exact_copy((const uint8_t *)sdp, strlen(sdp)), &offer, &why);
    for (size_t i = 0; !err && i < offer.section_count; i++) {
        offer.sections[i].ssrc = 1000 + (uint32_t)i;
        offer.sections[i].rtx_ssrc = offer.sections[i].kind == MEDIA_VIDEO ? 2000 : 0;
    }
    if (!err)
        negotiate_watch_answer(&offer, bytes_of(sdp), &local, "name", &answer);
    return err;
}

static void done(void)
{
    text_dispose(&answer);
    text_dispose(&why);
}

TEST(the_codecs_that_we_forward_are_agreed_on_under_the_clients_numbers)
{
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 0 1\r\n" AUDIO VIDEO), 0);
    CHECK_EQ(offer.section_count, 2);
    CHECK(offer.sections[0].receiving && offer.sections[1].receiving);
    CHECK_EQ(offer.sections[0].codec_count, 1);
    CHECK_EQ(offer.sections[0].codecs[0].payload_type, 109);
    CHECK_EQ(offer.sections[1].codec_count, 3);
    CHECK_EQ(offer.sections[1].codecs[0].codec, CODEC_VP8);
    CHECK_EQ(offer.sections[1].codecs[0].rtx_payload_type, 124);
    // Of the baseline formats of H.264 the constrained one, as publishers send it; and high.
    CHECK_EQ(offer.sections[1].codecs[1].codec, CODEC_H264);
    CHECK_EQ(offer.sections[1].codecs[1].payload_type, 126);
    CHECK_EQ(offer.sections[1].codecs[1].rtx_payload_type, 0);
    CHECK_EQ(offer.sections[1].codecs[2].payload_type, 123);
    CHECK_EQ(offer.sections[1].codecs[2].profile, H264_HIGH);
    done();
}

TEST(only_extensions_that_we_write_are_taken_up)
{
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 0 1\r\n" AUDIO VIDEO), 0);
    CHECK_EQ(offer.sections[0].extensions.mid, 4);
    CHECK_EQ(offer.sections[0].extensions.audio_level, 1);
    CHECK_EQ(offer.sections[0].extensions.abs_send_time, 0);
    CHECK(!strstr(answer.at, "abs-send-time"));
    done();
}

#define NUMBERS " http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"

TEST(a_viewer_gets_transport_wide_numbers_where_it_tells_of_them)
{
    // Video: the client's id, and feedback for VP8 alone. Audio: an id and no feedback.
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 0 1\r\n" AUDIO "a=extmap:7" NUMBERS VIDEO
                           "a=extmap:9" NUMBERS "a=rtcp-fb:121 goog-remb\r\n"),
             0);
    CHECK_EQ(offer.sections[0].extensions.twcc, 0);
    CHECK(!offer.sections[0].codecs[0].twcc);
    CHECK_EQ(offer.sections[1].extensions.twcc, 9);
    CHECK(offer.sections[1].codecs[0].twcc && !offer.sections[1].codecs[1].twcc);
    CHECK(!strstr(answer.at, "a=extmap:7"));
    CHECK(strstr(answer.at, "a=extmap:9" NUMBERS));
    CHECK(strstr(answer.at, "a=rtcp-fb:120 transport-cc\r\n"));
    CHECK(!strstr(answer.at, "a=rtcp-fb:126 transport-cc\r\n"));
    // Feedback of packets that have no number.
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 1\r\n" VIDEO), 0);
    CHECK(!offer.sections[0].codecs[0].twcc);
    CHECK(!strstr(answer.at, "transport-cc"));
    done();
}

TEST(a_viewer_without_numbers_is_asked_for_a_rate)
{
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 1\r\n" VIDEO "a=rtcp-fb:120 goog-remb\r\n"), 0);
    CHECK(offer.sections[0].codecs[0].remb);
    CHECK(strstr(answer.at, "a=rtcp-fb:120 goog-remb\r\n"));
    done();
}

#define DESCRIPTOR                                                                             \
    "a=extmap:11 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-"      \
    "header-extension\r\n"

TEST(a_viewer_of_av1_that_knows_descriptors_gets_them)
{
    CHECK_EQ(watch(SESSION "a=extmap-allow-mixed\r\na=group:BUNDLE 1\r\n"
                           "m=video 9 UDP/TLS/RTP/SAVPF 45\r\n" TRANSPORT
                           "a=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n"
                           "a=rtpmap:45 AV1/90000\r\n" DESCRIPTOR),
             0);
    CHECK_EQ(offer.sections[0].extensions.dependency, 11);
    CHECK(strstr(answer.at, DESCRIPTOR));
    CHECK(strstr(answer.at, "a=extmap-allow-mixed\r\n"));
    CHECK_EQ(watch(SESSION "a=extmap-allow-mixed\r\na=group:BUNDLE 1\r\n" VIDEO DESCRIPTOR), 0);
    CHECK_EQ(offer.sections[0].extensions.dependency, 0); // it decodes no AV1
    CHECK(!strstr(answer.at, "allow-mixed"));
    done();
}

TEST(the_answer_sends_and_names_its_streams)
{
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 0 1\r\n" AUDIO VIDEO), 0);
    CHECK(strstr(answer.at, "a=ice-lite\r\na=group:BUNDLE 0 1\r\n"));
    CHECK(strstr(answer.at, "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n"));
    CHECK(strstr(answer.at, "m=video 9 UDP/TLS/RTP/SAVPF 120 124 126 123\r\n"));
    CHECK(strstr(answer.at, "a=setup:passive\r\na=mid:0\r\na=sendonly\r\n"));
    CHECK(strstr(answer.at, "a=msid:name 0\r\n"));
    CHECK(!strstr(answer.at, "rtcp-mux-only"));
    CHECK(strstr(answer.at, "a=msid:name 1\r\n"));
    CHECK(strstr(answer.at, "a=ssrc:1000 cname:name\r\n"));
    CHECK(strstr(answer.at, "a=ssrc-group:FID 1001 2000\r\na=ssrc:1001 cname:name\r\n"));
    CHECK(strstr(answer.at, "a=fmtp:126 packetization-mode=1;profile-level-id=42e01f"));
    done();
}

TEST(what_cannot_be_sent_into_is_stopped_and_the_rest_goes_on)
{
    CHECK_EQ(watch(SESSION "a=group:BUNDLE 0 2\r\n" AUDIO
                           "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
                           "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\na=sendonly\r\n"
                           "a=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"),
             0);
    CHECK_EQ(offer.section_count, 3);
    CHECK(offer.sections[0].receiving);
    CHECK(!offer.sections[1].receiving && !offer.sections[2].receiving);
    CHECK(strstr(answer.at, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    CHECK(strstr(answer.at, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
    CHECK(strstr(answer.at, "a=group:BUNDLE 0\r\n"));
    done();
}

TEST(what_is_only_multiplexed_is_answered_so)
{
    CHECK_EQ(watch(SESSION AUDIO "a=rtcp-mux-only\r\n"), 0);
    CHECK(strstr(answer.at, "a=rtcp-mux\r\na=rtcp-mux-only\r\n"));
    done();
}

TEST(an_offer_that_nothing_can_be_sent_into_is_refused)
{
    CHECK_EQ(watch(SESSION "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" TRANSPORT
                           "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"),
             ERR_UNSUPPORTED);
    CHECK_TEXT(why.at, "line 5: section cannot be served: it has no codec that is forwarded");
    CHECK_EQ(watch(SESSION), ERR_MALFORMED);
    done();
}

TEST(a_refusal_names_the_one_cause)
{
    static const struct {
        const char *media, *lines, *cause;
    } cases[] = {
        {"video 9 UDP/TLS/RTP/SAVPF 96",
         "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\n"
         "a=fmtp:96 packetization-mode=1;profile-level-id=f4001f\r\n",
         "H.264 is forwarded in the profiles baseline, main and high, in packetization-mode 0 "
         "or "
         "1"},
        {"video 9 UDP/TLS/RTP/SAVPF 96",
         "a=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n",
         "it does not receive"},
        {"video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\n",
         "it has no rtcp-mux"},
        {"audio 0 UDP/TLS/RTP/SAVPF 111",
         "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
         "its port is 0"},
        {"audio 9 RTP/AVP 111",
         "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
         "its protocol is not RTP over DTLS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sdp[1024], wanted[256];
        snprintf(sdp, sizeof sdp, SESSION "m=%s\r\n" TRANSPORT "%s", cases[i].media,
                 cases[i].lines);
        snprintf(wanted, sizeof wanted, "line 5: section cannot be served: %s", cases[i].cause);
        CHECK_EQ(watch(sdp), ERR_UNSUPPORTED);
        CHECK_TEXT(why.at, wanted);
    }
    // That of the first section which could carry something.
    CHECK_EQ(watch(SESSION "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
                           "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" TRANSPORT
                           "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"),
             ERR_UNSUPPORTED);
    CHECK_TEXT(why.at, "line 7: section cannot be served: it has no codec that is forwarded");
    done();
}

TEST(a_broken_line_is_named)
{
    CHECK_EQ(watch(SESSION "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\na=mid:0\r\na=recvonly\r\n"
                           "a=rtcp-mux\r\na=rtpmap:109 opus/48000/2\r\n"),
             ERR_MALFORMED);
    CHECK_TEXT(why.at, "line 5: no ice-ufrag");
    CHECK_EQ(watch("v=0\r\nnonsense\r\n"), ERR_MALFORMED);
    CHECK_TEXT(why.at, "line 2: not a line of SDP");
    done();
}

TEST(sections_are_bounded)
{
    struct text many = {0};
    text_add(&many, SESSION);
    for (int i = 0; i <= SDP_LIVE_SECTIONS_MAX; i++)
        text_add(&many, "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n");
    CHECK_EQ(watch(many.at), ERR_FULL);
    CHECK_TEXT(why.at, "line 69: too many sections");
    text_dispose(&many);
    done();
}
