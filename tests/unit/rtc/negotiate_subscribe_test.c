// What subscribers are offered, and what their answers mean.
#include "base/err.h"
#include "local.h"
#include "rtc/negotiate.h"
#include "rtc/sdp.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct sdp_section offered_sections[SDP_SECTIONS_MAX];
static struct sdp offered = {.sections = offered_sections, .section_cap = SDP_SECTIONS_MAX};
static struct subscribe_answer subscriber;
static struct sdp_error error;

static struct bytes vector(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/vectors/sdp/%s", name);
    return test_file(path);
}

#define CHROMIUM "chromium-156.0.8078.79_"
#define FIREFOX "firefox-153.7.0esr_"

static struct subscribe_section section(uint32_t mid, enum codec codec)
{
    struct subscribe_section s = {
        .mid = mid,
        .kind = codec == CODEC_OPUS ? MEDIA_AUDIO : MEDIA_VIDEO,
        .state = SECTION_ACTIVE,
        .stream_id = "stream",
        .track_id = "track",
        .codec = codec,
        .ssrc = 1000 + mid,
        .rtx_ssrc = codec == CODEC_OPUS ? 0 : 2000 + mid,
        .cname = "someone",
    };
    return s;
}

TEST(the_first_subscribe_offer_is_the_data_channel)
{
    struct local_description ours = local();
    struct text text = {0};
    negotiate_subscribe_offer(NULL, 0, &ours, &text);
    CHECK_TEXT(text.at,
               "v=0\r\no=- 77 3 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n"
               "a=group:BUNDLE 0\r\na=msid-semantic:WMS *\r\n"
               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
               "a=candidate:1 1 udp 2130706431 192.0.2.10 7000 typ host\r\n"
               "a=end-of-candidates\r\n"
               "a=ice-ufrag:ourufrag\r\na=ice-pwd:ourpasswordourpassword01\r\n"
               "a=fingerprint:sha-256 AB:01:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
               "00:00:00:00:00:00:00:00:00:00:00:00:00\r\n"
               "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n"
               "a=max-message-size:262144\r\n");
    text_dispose(&text);
}

TEST(a_subscribed_video_names_its_publisher_and_its_retransmissions)
{
    struct local_description ours = local();
    struct subscribe_section video = section(1, CODEC_VP8);
    struct text text = {0};
    negotiate_subscribe_offer(&video, 1, &ours, &text);
    CHECK(strstr(text.at, "a=group:BUNDLE 0 1\r\n"));
    CHECK(strstr(text.at, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"));
    CHECK(strstr(text.at, "a=mid:1\r\na=sendonly\r\n"));
    CHECK(strstr(text.at, "a=msid:stream track\r\n"));
    CHECK(strstr(text.at, "a=fmtp:97 apt=96\r\n"));
    CHECK(strstr(text.at, "a=rtcp-fb:96 nack pli\r\n"));
    CHECK(strstr(text.at, "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"));
    CHECK(strstr(text.at, "a=ssrc-group:FID 1001 2001\r\n"
                          "a=ssrc:1001 cname:someone\r\na=ssrc:2001 cname:someone\r\n"));
    text_dispose(&text);
}

TEST(a_payload_type_means_the_same_in_every_section_whatever_its_publisher_said)
{
    struct local_description ours = local();
    struct subscribe_section sections[] = {section(1, CODEC_H264), section(2, CODEC_H264)};
    struct text text = {0};
    strcpy(sections[0].fmtp, "packetization-mode=1;profile-level-id=42001f");
    negotiate_subscribe_offer(sections, 2, &ours, &text);
    CHECK_EQ(sdp_parse(&offered, text_bytes(&text), &error), 0);
    for (size_t i = 1; i <= 2; i++)
        CHECK_BYTES(offered.sections[i].formats[0].fmtp,
                    "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
                    70);
    text_dispose(&text);
}

TEST(subscribers_are_asked_for_transport_wide_feedback_and_for_a_rate_in_its_place)
{
    struct local_description ours = local();
    struct subscribe_section sections[] = {section(1, CODEC_OPUS), section(2, CODEC_VP8)};
    struct text text = {0};
    negotiate_subscribe_offer(sections, 2, &ours, &text);
    CHECK_EQ(sdp_parse(&offered, text_bytes(&text), &error), 0);
    CHECK_EQ(offered.sections[1].formats[0].feedback, SDP_TRANSPORT_CC);
    CHECK_EQ(offered.sections[2].formats[0].feedback,
             SDP_NACK | SDP_NACK_PLI | SDP_CCM_FIR | SDP_GOOG_REMB | SDP_TRANSPORT_CC);
    CHECK_EQ(offered.sections[2].formats[1].feedback, 0); // of retransmissions
    const char *number =
        strstr(text.at, "a=extmap:3 http://www.ietf.org/id/"
                        "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n");
    CHECK(number && strstr(number + 1, "a=extmap:3 http://www.ietf.org/id/draft-holmer"));
    CHECK(!strstr(text.at, "abs-send-time"));
    CHECK(strstr(text.at, "a=extmap:4 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"));
    CHECK(strstr(text.at, "a=extmap:5 urn:3gpp:video-orientation\r\n"));
    text_dispose(&text);
}

#define DESCRIPTOR                                                                             \
    "a=extmap:7 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-"       \
    "header-extension\r\n"

TEST(frames_are_described_to_subscribers_of_av1_alone)
{
    struct local_description ours = local();
    for (enum codec codec = CODEC_VP8; codec <= CODEC_AV1; codec++) {
        struct subscribe_section sections[] = {section(1, CODEC_OPUS), section(2, codec)};
        struct text text = {0};
        negotiate_subscribe_offer(sections, 2, &ours, &text);
        const char *described = strstr(text.at, DESCRIPTOR);
        CHECK_EQ(described != NULL, codec == CODEC_AV1);
        CHECK_EQ(strstr(text.at, "a=extmap-allow-mixed\r\n") != NULL, codec == CODEC_AV1);
        CHECK(!described || !strstr(described + 1, DESCRIPTOR));
        text_dispose(&text);
    }
}

TEST(an_inactive_section_keeps_its_place_and_names_no_track)
{
    struct local_description ours = local();
    struct subscribe_section sections[] = {section(1, CODEC_OPUS), section(2, CODEC_H264)};
    struct text text = {0};
    sections[0].state = SECTION_INACTIVE;
    negotiate_subscribe_offer(sections, 2, &ours, &text);
    CHECK_EQ(sdp_parse(&offered, text_bytes(&text), &error), 0);
    CHECK_EQ(offered.bundle_count, 3);
    CHECK_EQ(offered.sections[1].port, 9);
    CHECK_EQ(offered.sections[1].direction, SDP_INACTIVE);
    CHECK_EQ(offered.sections[1].stream_id.len, 0);
    CHECK_EQ(offered.sections[1].ssrc_count, 0);
    CHECK_EQ(offered.sections[2].direction, SDP_SENDONLY);
    text_dispose(&text);
}

TEST(a_stopped_section_leaves_the_bundle_and_its_place_takes_a_new_mid)
{
    struct local_description ours = local();
    struct subscribe_section sections[] = {section(1, CODEC_OPUS), section(2, CODEC_VP8)};
    struct text text = {0};
    sections[0].state = SECTION_STOPPED;
    negotiate_subscribe_offer(sections, 2, &ours, &text);
    CHECK(strstr(text.at, "a=group:BUNDLE 0 2\r\n"));
    CHECK(strstr(text.at, "m=audio 0 UDP/TLS/RTP/SAVPF 111 63\r\n"));
    CHECK_EQ(sdp_parse(&offered, text_bytes(&text), &error), 0);
    CHECK(bytes_equal(offered.sections[1].transport.ufrag, bytes_of("ourufrag")));
    sections[0] = section(3, CODEC_OPUS);
    text_clear(&text);
    negotiate_subscribe_offer(sections, 2, &ours, &text);
    CHECK(strstr(text.at, "a=group:BUNDLE 0 3 2\r\n"));
    text_dispose(&text);
}

TEST(payload_types_are_fixed_and_keep_clear_of_rtcp)
{
    CHECK_EQ(negotiate_payload_type(CODEC_OPUS, H264_BASELINE), 111);
    CHECK_EQ(negotiate_rtx_payload_type(CODEC_OPUS, H264_BASELINE), 0);
    CHECK_EQ(negotiate_payload_type(CODEC_VP8, H264_BASELINE), 96);
    CHECK_EQ(negotiate_rtx_payload_type(CODEC_VP9, H264_BASELINE), 99);
    CHECK_EQ(negotiate_payload_type(CODEC_H264, H264_BASELINE), 102);
    for (enum codec c = CODEC_OPUS; c <= CODEC_AV1; c++)
        CHECK(negotiate_payload_type(c, H264_BASELINE) < 64 ||
              negotiate_payload_type(c, H264_BASELINE) > 95);
}

static int read_answer(const char *name, size_t sections)
{
    struct text why = {0};
    struct bytes file = vector(name);
    int err =
        negotiate_subscribe(test_exact_copy(file.at, file.len), sections, &subscriber, &why);
    text_dispose(&why);
    return err;
}

TEST(reads_what_a_subscriber_accepted)
{
    CHECK_EQ(read_answer(FIREFOX "answer_subscribe-7-reused-section.sdp", 6), 0);
    CHECK_EQ(subscriber.sctp_port, 5000);
    CHECK_TEXT(subscriber.remote.ufrag, "4cf5ef05");
    CHECK(subscriber.remote.dtls_client);
    static const bool receiving[] = {true, true, true, false, true, true}; // no H.264 there
    for (size_t i = 0; i < 6; i++)
        CHECK_EQ(subscriber.sections[i].state == SECTION_ACTIVE, receiving[i]);
}

TEST(reads_which_feedback_a_subscriber_agreed_to)
{
    static const char *const browsers[] = {CHROMIUM, FIREFOX};
    for (size_t i = 0; i < 2; i++) {
        char name[128];
        snprintf(name, sizeof name, "%sanswer_subscribe-2-audio-video.sdp", browsers[i]);
        CHECK_EQ(read_answer(name, 2), 0);
        CHECK(subscriber.sections[0].twcc && subscriber.sections[1].twcc);
        CHECK(!subscriber.sections[0].remb && subscriber.sections[1].remb);
    }
    // What is inactive says nothing.
    CHECK_EQ(read_answer(CHROMIUM "answer_subscribe-4-first-inactive.sdp", 4), 0);
    CHECK(!subscriber.sections[0].twcc && subscriber.sections[2].twcc);
}

#define ANSWER_HEAD                                                                            \
    "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"                  \
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:active\r\n"               \
    "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"                   \
    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"                                      \
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\n"      \
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n"                \
    "a=rtpmap:96 VP8/90000\r\n"
#define NUMBERS " http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"

TEST(feedback_is_agreed_to_only_where_packets_have_numbers_and_the_client_tells_of_them)
{
    static const struct {
        const char *lines;
        bool twcc, remb;
    } cases[] = {
        {"a=extmap:3" NUMBERS "a=rtcp-fb:96 transport-cc\r\n", true, false},
        {"a=extmap:3" NUMBERS "a=rtcp-fb:* transport-cc\r\n", true, false},
        {"a=extmap:3" NUMBERS "a=rtcp-fb:96 goog-remb\r\n", false, true},
        {"a=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 goog-remb\r\n", false, true},
        {"a=extmap:7" NUMBERS "a=rtcp-fb:96 transport-cc\r\n", false, false}, // not our id
        {"a=extmap:3/inactive" NUMBERS "a=rtcp-fb:96 transport-cc\r\n", false, false},
        {"a=rtcp-fb:96 nack\r\n", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text sdp = {0}, why = {0};
        text_addf(&sdp, "%s%s", ANSWER_HEAD, cases[i].lines);
        CHECK_EQ(negotiate_subscribe(text_bytes(&sdp), 1, &subscriber, &why), 0);
        CHECK_EQ(subscriber.sections[0].state, SECTION_ACTIVE);
        CHECK_EQ(subscriber.sections[0].twcc, cases[i].twcc);
        CHECK_EQ(subscriber.sections[0].remb, cases[i].remb);
        text_dispose(&sdp);
        text_dispose(&why);
    }
}

TEST(a_client_that_knows_descriptors_says_so)
{
    static const char *const lines[] = {"", DESCRIPTOR};
    for (size_t i = 0; i < 2; i++) {
        struct text sdp = {0}, why = {0};
        text_addf(&sdp, "%s%s", ANSWER_HEAD, lines[i]);
        CHECK_EQ(negotiate_subscribe(text_bytes(&sdp), 1, &subscriber, &why), 0);
        CHECK_EQ(subscriber.sections[0].dependency, i == 1);
        text_dispose(&sdp);
        text_dispose(&why);
    }
}

TEST(sound_is_offered_with_what_it_repeats_behind_what_all_take)
{
    struct local_description ours = local();
    struct subscribe_section sections[] = {section(1, CODEC_OPUS), section(2, CODEC_VP8)};
    struct text text = {0};
    negotiate_subscribe_offer(sections, 2, &ours, &text);
    CHECK(strstr(text.at, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"));
    const char *red = strstr(text.at, "a=rtpmap:63 red/48000/2\r\n");
    CHECK(red && strstr(red, "a=fmtp:63 111/111\r\n"));
    CHECK(!strstr(red + strlen("a=rtpmap:63 red"), "red/48000"));
    CHECK(!strstr(text.at, "a=rtcp-fb:63"));
    text_dispose(&text);
}

TEST(what_repeats_sound_is_agreed_to_only_under_our_number)
{
    static const struct {
        const char *lines;
        enum section_state state;
        bool red;
    } cases[] = {
        {"111 63\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n", SECTION_ACTIVE,
         true},
        {"111 63\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 telephone-event/8000\r\n",
         SECTION_ACTIVE, false},
        {"111 62\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:62 red/48000/2\r\n", SECTION_ACTIVE,
         false},
        {"111\r\na=rtpmap:111 opus/48000/2\r\n", SECTION_ACTIVE, false},
        {"63\r\na=rtpmap:63 red/48000/2\r\n", SECTION_INACTIVE, true}, // without what is in it
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text sdp = {0}, why = {0};
        static const char head[] = ANSWER_HEAD;
        text_add_bytes(&sdp, (struct bytes){(const uint8_t *)head,
                                            (size_t)(strstr(head, "m=video") - head)});
        text_addf(&sdp, "m=audio 9 UDP/TLS/RTP/SAVPF %s", cases[i].lines);
        text_add(&sdp, "a=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n");
        CHECK_EQ(negotiate_subscribe(text_bytes(&sdp), 1, &subscriber, &why), 0);
        CHECK_EQ(subscriber.sections[0].state, cases[i].state);
        CHECK_EQ(subscriber.sections[0].red, cases[i].red);
        text_dispose(&sdp);
        text_dispose(&why);
    }
}

TEST(a_subscriber_that_answers_passive_is_the_dtls_server)
{
    static const char sdp[] =
        "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:passive\r\n"
        "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
        "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";
    struct text why = {0};
    CHECK_EQ(negotiate_subscribe(bytes_of(sdp), 0, &subscriber, &why), 0);
    CHECK(!subscriber.remote.dtls_client);
}

TEST(an_inactive_section_is_not_receiving)
{
    CHECK_EQ(read_answer(CHROMIUM "answer_subscribe-4-first-inactive.sdp", 4), 0);
    CHECK(subscriber.sections[0].state != SECTION_ACTIVE);
    CHECK(subscriber.sections[1].state != SECTION_ACTIVE);
    CHECK_EQ(subscriber.sections[2].state, SECTION_ACTIVE);
}

TEST(an_answer_must_have_the_sections_of_the_offer)
{
    CHECK_EQ(read_answer(CHROMIUM "answer_subscribe-2-audio-video.sdp", 2), 0);
    CHECK_EQ(read_answer(CHROMIUM "answer_subscribe-2-audio-video.sdp", 1), ERR_MALFORMED);
    CHECK_EQ(read_answer(CHROMIUM "answer_audio-video-sendrecv.sdp", 1), ERR_MALFORMED);
}

// One payload type means one thing in all sections of a connection, so each profile has its
// own.
TEST(h264_of_each_profile_is_offered_as_what_it_is)
{
    static const struct {
        enum h264_profile profile;
        const char *media;
        const char *format;
    } cases[] = {
        {H264_BASELINE, "SAVPF 102 103\r\n",
         "a=fmtp:102 level-asymmetry-allowed=1;"
         "packetization-mode=1;profile-level-id=42e01f"},
        {H264_MAIN, "SAVPF 104 105\r\n",
         "a=fmtp:104 level-asymmetry-allowed=1;"
         "packetization-mode=1;profile-level-id=4d001f"},
        {H264_CONSTRAINED_HIGH, "SAVPF 114 115\r\n",
         "a=fmtp:114 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f"},
        {H264_HIGH, "SAVPF 112 113\r\n",
         "a=fmtp:112 level-asymmetry-allowed=1;"
         "packetization-mode=1;profile-level-id=64001f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct local_description ours = local();
        struct subscribe_section one = section(1, CODEC_H264);
        one.profile = cases[i].profile;
        struct text text = {0};
        negotiate_subscribe_offer(&one, 1, &ours, &text);
        CHECK(strstr(text.at, cases[i].media));
        CHECK(strstr(text.at, cases[i].format));
        text_dispose(&text);
    }
}
