#include "base/err.h"
#include "local.h"
#include "rtc/negotiate.h"
#include "rtc/sdp.h"
#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

// Too large for the stack, and one test runs at a time.
static struct publish_offer offer;
static struct sdp_section offered_sections[SDP_SECTIONS_MAX];
static struct sdp offered = {.sections = offered_sections, .section_cap = SDP_SECTIONS_MAX};
static struct sdp_section answered_sections[SDP_SECTIONS_MAX];
static struct sdp answered = {.sections = answered_sections, .section_cap = SDP_SECTIONS_MAX};
static struct sdp_error error;

static const struct codec_preference no_preference;

// Reads `sdp` into `offered` and `offer`, and our answer to it into `answered`. The answer's
// text is the caller's to dispose of.
static int answer(struct bytes sdp, const struct codec_preference *preference,
                  struct text *text)
{
    struct text why = {0};
    struct local_description ours = local();
    int err = negotiate_publish(test_exact_copy(sdp.at, sdp.len), preference, &offer, &why);
    CHECK_EQ(err<0, why.len> 0);
    text_dispose(&why);
    if (err < 0)
        return err;
    negotiate_publish_answer(&offer, &ours, text);
    CHECK_EQ(sdp_parse(&offered, sdp, &error), 0);
    CHECK_EQ(sdp_parse(&answered, text_bytes(text), &error), 0);
    return 0;
}

static struct bytes vector(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/vectors/sdp/%s", name);
    return test_file(path);
}

#define CHROMIUM "chromium-156.0.8078.79_"
#define FIREFOX "firefox-153.7.0esr_"

static void check_refused(const char *sdp, int err, const char *reason)
{
    struct text why = {0};
    CHECK_EQ(negotiate_publish(bytes_of(sdp), &no_preference, &offer, &why), err);
    CHECK_TEXT(why.at, reason);
    text_dispose(&why);
}

// --- Answers to every recorded offer ---

static bool live(const struct sdp_section *s)
{
    return s->port != 0 || s->bundle_only;
}

static bool offers_format(const struct sdp_section *s, const struct sdp_format *f)
{
    for (size_t i = 0; i < s->format_count; i++)
        if (s->formats[i].payload_type == f->payload_type)
            return bytes_equal(s->formats[i].encoding, f->encoding) &&
                   (s->formats[i].feedback & f->feedback) == f->feedback;
    return false;
}

static bool offers_red(const struct sdp_section *s)
{
    for (size_t i = 0; i < s->format_count; i++)
        if (sdp_is(s->formats[i].encoding, "red"))
            return true;
    return false;
}

static bool offers_extension(const struct sdp_section *s, const struct sdp_extension *e)
{
    for (size_t i = 0; i < s->extension_count; i++)
        if (s->extensions[i].id == e->id)
            return bytes_equal(s->extensions[i].uri, e->uri);
    return false;
}

static void check_media(const struct sdp_section *o, const struct sdp_section *a)
{
    bool sends = o->direction == SDP_SENDONLY || o->direction == SDP_SENDRECV;
    CHECK_EQ(a->direction, sends ? SDP_RECVONLY : SDP_INACTIVE);
    CHECK_EQ(a->rtcp_mux, true);
    CHECK_EQ(a->rtcp_rsize, o->rtcp_rsize);
    CHECK_EQ(a->stream_id.len, 0);
    CHECK_EQ(a->format_count, o->kind == SDP_AUDIO ? 1 + offers_red(o) : 2);
    for (size_t i = 0; i < a->format_count; i++)
        CHECK(offers_format(o, &a->formats[i]));
    for (size_t i = 0; i < a->extension_count; i++)
        CHECK(offers_extension(o, &a->extensions[i]));
    CHECK(a->extension_count >= 1);
    CHECK(bytes_equal(a->simulcast_recv, o->simulcast_send));
    CHECK_EQ(a->rid_count, o->rid_count);
}

// What holds for each answer to an offer of a browser.
static void check_answer(void)
{
    size_t bundled = 0;
    CHECK(answered.ice_lite);
    CHECK_EQ(answered.section_count, offered.section_count);
    CHECK_EQ(offer.section_count, offered.section_count);
    for (size_t i = 0; i < offered.section_count; i++) {
        const struct sdp_section *o = &offered.sections[i];
        const struct sdp_section *a = &answered.sections[i];
        CHECK(bytes_equal(o->mid, a->mid));
        CHECK(bytes_equal(o->media, a->media));
        CHECK(bytes_equal(o->protocol_text, a->protocol_text));
        CHECK_EQ(offer.sections[i].stopped, !live(o));
        CHECK_EQ(a->port, live(o) ? 9 : 0);
        if (!live(o))
            continue;
        CHECK(bytes_equal(answered.bundle[bundled++], a->mid));
        CHECK_EQ(a->transport.setup, SDP_PASSIVE);
        CHECK_BYTES(a->transport.ufrag, "ourufrag", 8);
        CHECK_EQ(a->candidate_count, bundled == 1 ? 1 : 0);
        if (o->kind != SDP_APPLICATION) {
            check_media(o, a);
            continue;
        }
        CHECK_EQ(a->sctp_port, 5000);
        CHECK_EQ(a->max_message_size, 262144);
    }
    CHECK_EQ(answered.bundle_count, bundled);
}

TEST(answers_every_offer_that_browsers_made)
{
    const char **paths;
    size_t count = test_folder("tests/vectors/sdp", &paths);
    size_t answers = 0;
    for (size_t i = 0; i < count; i++) {
        if (!strstr(paths[i], "_offer_") || strstr(paths[i], "unknown-codec"))
            continue;
        struct text text = {0};
        CHECK_EQ(answer(test_file(paths[i]), &no_preference, &text), 0);
        check_answer();
        text_dispose(&text);
        answers++;
    }
    CHECK_EQ(answers, 55);
}

static void check_section(const struct publish_section *section, const json_t *expected)
{
    static const char *const kinds[] = {"audio", "video", "application"};
    char msid[160] = "";
    const char *direction = json_string_value(json_object_get(expected, "dir"));
    const char *expected_msid = json_string_value(json_object_get(expected, "msid"));
    const json_t *rids = json_object_get(expected, "rids");
    CHECK_TEXT(section->mid, json_string_value(json_object_get(expected, "mid")));
    CHECK_TEXT(kinds[section->kind], json_string_value(json_object_get(expected, "kind")));
    if (section->stopped || section->kind == MEDIA_APPLICATION)
        return;
    CHECK_EQ(section->sending,
             strcmp(direction, "sendonly") == 0 || strcmp(direction, "sendrecv") == 0);
    if (section->stream_id[0])
        snprintf(msid, sizeof msid, "%s %s", section->stream_id, section->track_id);
    CHECK_TEXT(msid, expected_msid ? expected_msid : "");
    CHECK_EQ(section->layer_count, json_array_size(rids) ? json_array_size(rids) : 1);
    for (size_t i = 0; i < json_array_size(rids); i++)
        CHECK_TEXT(section->layers[i].rid, json_string_value(json_array_get(rids, i)));
    if (section->sending && json_array_size(rids) == 0)
        CHECK(section->layers[0].ssrc != 0);
    if (section->kind == MEDIA_VIDEO &&
        json_integer_value(json_object_get(expected, "ssrcs")) == 2)
        CHECK(section->layers[0].rtx_ssrc != 0);
}

TEST(sections_agree_with_the_index_of_the_recordings)
{
    struct bytes file = vector("index.json");
    json_t *index = json_loadb((const char *)file.at, file.len, 0, NULL);
    for (size_t i = 0; i < json_array_size(index); i++) {
        const json_t *entry = json_array_get(index, i);
        const json_t *sections = json_object_get(entry, "sections");
        const char *type = json_string_value(json_object_get(entry, "type"));
        if (!sections || strcmp(type, "offer") != 0)
            continue;
        struct text text = {0};
        CHECK_EQ(answer(vector(json_string_value(json_object_get(entry, "file"))),
                        &no_preference, &text),
                 0);
        CHECK_EQ(offer.section_count, json_array_size(sections));
        for (size_t k = 0; k < offer.section_count; k++)
            check_section(&offer.sections[k], json_array_get(sections, k));
        text_dispose(&text);
    }
    json_decref(index);
}

static void check_successive(const char *browser)
{
    static const char *const steps[] = {
        "1-datachannel", "2-audio",          "3-audio-video",   "4-screen-audio",
        "5-ice-restart", "6-video-inactive", "7-audio-stopped", "8-section-reused"};
    char mids[8][MID_LEN_MAX + 1];
    size_t known = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char name[128];
        struct text text = {0};
        snprintf(name, sizeof name, "%soffer_publish-%s.sdp", browser, steps[i]);
        CHECK_EQ(answer(vector(name), &no_preference, &text), 0);
        text_dispose(&text);
        CHECK(offer.section_count >= known);
        for (size_t k = 0; k < offer.section_count; k++) {
            bool reused = i == 7 && k < known && strcmp(mids[k], offer.sections[k].mid) != 0;
            if (k < known && !reused)
                CHECK_TEXT(offer.sections[k].mid, mids[k]);
            strcpy(mids[k], offer.sections[k].mid);
        }
        known = offer.section_count;
    }
    CHECK_EQ(known, 5);
}

TEST(successive_offers_of_a_connection_keep_their_places)
{
    check_successive(CHROMIUM);
    check_successive(FIREFOX);
}

// --- What an answer chooses ---

TEST(the_first_offered_codec_is_chosen)
{
    struct text text = {0};
    CHECK_EQ(answer(vector(CHROMIUM "offer_prefer-vp9.sdp"), &no_preference, &text), 0);
    CHECK_EQ(offer.sections[1].codec.codec, CODEC_VP9);
    CHECK_EQ(offer.sections[1].codec.payload_type, 98);
    CHECK_EQ(offer.sections[1].codec.rtx_payload_type, 99);
    CHECK_TEXT(offer.sections[1].codec.fmtp, "profile-id=0");
    text_dispose(&text);
}

TEST(the_preferred_codec_comes_before_the_first)
{
    struct codec_preference preference = {.video = CODEC_H264};
    struct text text = {0};
    CHECK_EQ(answer(vector(CHROMIUM "offer_prefer-vp8.sdp"), &preference, &text), 0);
    const struct negotiated_codec *codec = &offer.sections[1].codec;
    CHECK_EQ(codec->codec, CODEC_H264);
    CHECK_EQ(codec->payload_type, 108); // constrained baseline, not 102, which comes first
    CHECK_EQ(codec->rtx_payload_type, 109);
    CHECK(codec->nack && codec->pli && codec->fir && codec->twcc && codec->remb);
    CHECK(strstr(text.at, "m=video 9 UDP/TLS/RTP/SAVPF 108 109\r\n"));
    CHECK(strstr(text.at, "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;"
                          "profile-level-id=42e01f\r\n"));
    CHECK(strstr(text.at, "a=fmtp:109 apt=108\r\n"));
    text_dispose(&text);
}

// A format that many cannot decode is taken where there is nothing else.
TEST(h264_of_other_profiles_is_taken_after_what_all_decode)
{
    static const char offer_with[] =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        "a=fingerprint:sha-256 AB:01:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
        "00:00:00:00:00:00:00:00:00:00:00:00:00\r\na=setup:actpass\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 102 96\r\na=mid:0\r\na=rtcp-mux\r\na=sendonly\r\n"
        "a=rtpmap:102 H264/90000\r\na=rtpmap:96 VP8/90000\r\n"
        "a=fmtp:102 %s\r\n";
    static const struct {
        const char *parameters;
        enum codec chosen;
        enum codec chosen_alone;
        enum h264_profile profile;
        bool single;
    } cases[] = {
        {"packetization-mode=1;profile-level-id=42e01f", CODEC_H264, CODEC_H264, H264_BASELINE,
         false},
        {"packetization-mode=1;profile-level-id=42001f", CODEC_H264, CODEC_H264, H264_BASELINE,
         false},
        {"packetization-mode=1", CODEC_H264, CODEC_H264, H264_BASELINE, false},
        {"packetization-mode=1;profile-level-id=4d801f", CODEC_H264, CODEC_H264, H264_BASELINE,
         false},
        // RFC 6184 table 5.
        {"packetization-mode=1;profile-level-id=58a01f", CODEC_H264, CODEC_H264, H264_BASELINE,
         false},
        {"packetization-mode=1;profile-level-id=58001f", CODEC_VP8, CODEC_NONE, 0, false},
        {"packetization-mode=1;profile-level-id=4d001f", CODEC_VP8, CODEC_H264, H264_MAIN,
         false},
        {"packetization-mode=1;profile-level-id=4D001F", CODEC_VP8, CODEC_H264, H264_MAIN,
         false},
        {"packetization-mode=1;profile-level-id=640c1f", CODEC_VP8, CODEC_H264,
         H264_CONSTRAINED_HIGH, false},
        {"packetization-mode=1;profile-level-id=64002a", CODEC_VP8, CODEC_H264, H264_HIGH,
         false},
        // RFC 6184 section 8.1: "When the parameter is not present, the value is 0".
        {"profile-level-id=42e01f", CODEC_VP8, CODEC_H264, H264_BASELINE, true},
        {"packetization-mode=0;profile-level-id=64001f", CODEC_VP8, CODEC_H264, H264_HIGH,
         true},
        {"packetization-mode=2;profile-level-id=42e01f", CODEC_VP8, CODEC_NONE, 0, false},
        {"packetization-mode=1;profile-level-id=f4001f", CODEC_VP8, CODEC_NONE, 0, false},
        {"packetization-mode=1;profile-level-id=6e001f", CODEC_VP8, CODEC_NONE, 0, false},
        {"packetization-mode=1;profile-level-id=42", CODEC_VP8, CODEC_NONE, 0, false},
    };
    struct codec_preference preference = {.video = CODEC_H264};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text sdp = {0};
        struct text text = {0};
        text_addf(&sdp, offer_with, cases[i].parameters);
        CHECK_EQ(answer(text_bytes(&sdp), &preference, &text), 0);
        CHECK_EQ(offer.sections[0].codec.codec, cases[i].chosen);
        memcpy(strstr(sdp.at, "VP8/90000"), "VPX", 3);
        text_clear(&text);
        CHECK_EQ(answer(text_bytes(&sdp), &preference, &text), 0);
        const struct publish_section *alone = &offer.sections[0];
        CHECK_EQ(alone->stopped, cases[i].chosen_alone == CODEC_NONE);
        CHECK_EQ(alone->codec.codec, cases[i].chosen_alone);
        CHECK_EQ(alone->codec.profile, cases[i].profile);
        CHECK_EQ(alone->codec.single, cases[i].single);
        if (!alone->stopped) // RFC 6184 section 8.2.2: the answer has them as they were offered
            CHECK(strstr(text.at, cases[i].parameters));
        text_dispose(&text);
        text_dispose(&sdp);
    }
}

TEST(a_preferred_codec_that_is_not_offered_is_passed_over)
{
    struct codec_preference preference = {.video = CODEC_H264};
    struct text text = {0};
    CHECK_EQ(answer(vector(FIREFOX "offer_audio-video-sendrecv.sdp"), &preference, &text), 0);
    CHECK_EQ(offer.sections[1].codec.codec, CODEC_VP8);
    CHECK(!strstr(text.at, "max-fs"));
    text_dispose(&text);
}

// An encoder of music in stereo says so, and that it must not be cut: its own word stays.
TEST(silence_suppression_is_not_asked_of_an_encoder_that_refuses_it)
{
    static const char sdp[] =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        "a=fingerprint:sha-256 AB:01:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
        "00:00:00:00:00:00:00:00:00:00:00:00:00\r\na=setup:actpass\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\na=sendonly\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=fmtp:111 minptime=10;stereo=1;sprop-stereo=1;usedtx=0\r\n";
    struct codec_preference preference = {.opus_dtx = true};
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(sdp), &preference, &text), 0);
    CHECK(strstr(text.at, "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n"));
    text_dispose(&text);
}

TEST(opus_is_asked_for_error_correction_and_silence_suppression)
{
    struct codec_preference preference = {.opus_dtx = true};
    struct text text = {0};
    CHECK_EQ(answer(vector(CHROMIUM "offer_publish-2-audio.sdp"), &preference, &text), 0);
    CHECK(strstr(text.at, "a=rtpmap:111 opus/48000/2\r\n"));
    CHECK(strstr(text.at, "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n"));
    text_clear(&text);
    CHECK_EQ(answer(vector(CHROMIUM "offer_publish-2-audio.sdp"), &no_preference, &text), 0);
    CHECK(strstr(text.at, "a=fmtp:111 minptime=10;useinbandfec=1\r\n"));
    text_dispose(&text);
}

TEST(simulcast_layers_keep_the_order_of_the_offer)
{
    struct text text = {0};
    CHECK_EQ(answer(vector(CHROMIUM "offer_simulcast-qhf.sdp"), &no_preference, &text), 0);
    const struct publish_section *s = &offer.sections[0];
    CHECK_EQ(s->layer_count, 3);
    CHECK_TEXT(s->layers[0].rid, "q");
    CHECK_TEXT(s->layers[2].rid, "f");
    CHECK_EQ(s->extensions.rid, 10);
    CHECK_EQ(s->extensions.repaired_rid, 11);
    CHECK(strstr(text.at, "a=rid:q recv\r\n"));
    CHECK(strstr(text.at, "a=simulcast:recv q;h;f\r\n"));
    text_dispose(&text);
}

// --- Offers written by hand ---

#define HEAD "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define UFRAG "a=ice-ufrag:abcd\r\n"
#define PWD "a=ice-pwd:0123456789012345678901\r\n"
#define PRINT                                                                                  \
    "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"                   \
    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1f\r\n"
#define TRANSPORT UFRAG PWD PRINT "a=setup:actpass\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-mux\r\n"
#define CHANNEL "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"

#define AUDIO_OF(types, red)                                                                   \
    "m=audio 9 UDP/TLS/RTP/SAVPF " types "\r\na=mid:0\r\na=rtcp-mux\r\na=sendonly\r\n"         \
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 " red "\r\n"

// A browser repeats sound only where that stands first.
TEST(sound_that_repeats_itself_is_answered_in_the_order_of_the_offer)
{
    struct text text = {0};
    CHECK_EQ(
        answer(bytes_of(HEAD TRANSPORT AUDIO_OF("111 63", "111/111")), &no_preference, &text),
        0);
    CHECK(strstr(text.at, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"));
    CHECK(strstr(text.at, "a=rtpmap:63 red/48000/2\r\n"));
    CHECK(strstr(text.at, "a=fmtp:63 111/111\r\n"));
    CHECK_EQ(offer.sections[0].codec.red_payload_type, 63);
    text_clear(&text);
    CHECK_EQ(
        answer(bytes_of(HEAD TRANSPORT AUDIO_OF("63 111", "111/111")), &no_preference, &text),
        0);
    CHECK(strstr(text.at, "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n"));
    text_dispose(&text);
}

TEST(what_repeats_another_codec_is_not_answered)
{
    static const char *const reds[] = {"9/9", "111/9", "", "x"};
    for (size_t i = 0; i < sizeof reds / sizeof *reds; i++) {
        struct text sdp = {0}, text = {0};
        text_addf(&sdp, HEAD TRANSPORT AUDIO_OF("111 63", "%s"), reds[i]);
        CHECK_EQ(answer(text_bytes(&sdp), &no_preference, &text), 0);
        CHECK(!strstr(text.at, "red/"));
        text_dispose(&text);
        text_dispose(&sdp);
    }
}

#define PICTURES_WITH_FEC(formats)                                                             \
    "m=video 9 UDP/TLS/RTP/SAVPF " formats "\r\na=mid:0\r\na=rtcp-mux\r\na=sendonly\r\n"       \
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"                   \
    "a=rtpmap:35 flexfec-03/90000\r\na=rtcp-fb:35 transport-cc\r\n"                            \
    "a=fmtp:35 repair-window=10000000\r\n"
#define FEC_GROUP "a=ssrc-group:FEC-FR 1001 1003\r\n"
#define FEC_SSRCS "a=ssrc:1003 cname:x\r\na=ssrc:1001 cname:x\r\n"

static void answer_fec(const char *section, struct text *text)
{
    struct text sdp = {0};
    text_addf(&sdp, HEAD TRANSPORT "%s", section);
    CHECK_EQ(answer(text_bytes(&sdp), &no_preference, text), 0);
    text_dispose(&sdp);
}

TEST(flexfec_that_is_offered_is_answered_and_its_stream_is_no_layer)
{
    static const char *const streams[] = {
        PICTURES_WITH_FEC("96 97 35") FEC_GROUP
        "a=ssrc-group:FID 1001 1002\r\na=ssrc:1001 cname:x\r\na=ssrc:1002 cname:x\r\n"
        "a=ssrc:1003 cname:x\r\n",
        PICTURES_WITH_FEC("96 97 35") FEC_GROUP FEC_SSRCS,
    };
    static const uint32_t rtx[] = {1002, 0};
    for (size_t i = 0; i < 2; i++) {
        struct text text = {0};
        answer_fec(streams[i], &text);
        CHECK(strstr(text.at, "m=video 9 UDP/TLS/RTP/SAVPF 96 97 35\r\n"));
        CHECK(strstr(text.at, "a=rtpmap:35 flexfec-03/90000\r\na=rtcp-fb:35 transport-cc\r\n"
                              "a=fmtp:35 repair-window=10000000\r\n"));
        CHECK_EQ(offer.sections[0].layer_count, 1);
        CHECK_EQ(offer.sections[0].layers[0].ssrc, 1001);
        CHECK_EQ(offer.sections[0].layers[0].rtx_ssrc, rtx[i]);
        CHECK_EQ(offer.sections[0].fec.payload_type, 35);
        CHECK_EQ(offer.sections[0].fec.ssrc, 1003);
        text_dispose(&text);
    }
}

// Its stream says what is repaired; with simulcast nobody sends it, nor the format of RFC 8627.
TEST(flexfec_without_a_stream_of_one_encoding_is_left_out)
{
    static const char *const sections[] = {
        PICTURES_WITH_FEC("96 97 35") "a=ssrc:1001 cname:x\r\n",
        PICTURES_WITH_FEC("96 97") FEC_GROUP FEC_SSRCS,
        PICTURES_WITH_FEC("96 97 35") "a=ssrc-group:FEC-FR 1002 1003\r\na=ssrc-group:FID 1001 "
                                      "1004\r\na=ssrc:1001 cname:x\r\n",
        PICTURES_WITH_FEC("96 97 35") FEC_GROUP FEC_SSRCS
        "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
        "a=rid:f send\r\na=rid:h send\r\na=simulcast:send f;h\r\n",
    };
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct text text = {0};
        answer_fec(sections[i], &text);
        CHECK(strstr(text.at, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"));
        CHECK(!strstr(text.at, "flexfec"));
        CHECK_EQ(offer.sections[0].fec.payload_type, 0);
        CHECK_EQ(offer.sections[0].fec.ssrc, 0);
        text_dispose(&text);
    }
}

TEST(reads_what_the_transport_needs)
{
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(HEAD TRANSPORT AUDIO "a=mid:0\r\n"), &no_preference, &text), 0);
    CHECK_TEXT(offer.remote.ufrag, "abcd");
    CHECK_TEXT(offer.remote.pwd, "0123456789012345678901");
    CHECK_EQ(offer.remote.fingerprint[0], 0x00);
    CHECK_EQ(offer.remote.fingerprint[31], 0x1f);
    CHECK(offer.remote.dtls_client);
    text_dispose(&text);
}

TEST(an_offer_that_is_passive_makes_us_the_dtls_client_and_the_answer_says_our_role)
{
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(HEAD UFRAG PWD PRINT "a=setup:passive\r\n" AUDIO "a=mid:0\r\n"),
                    &no_preference, &text),
             0);
    CHECK(!offer.remote.dtls_client);
    CHECK(strstr(text.at, "a=setup:passive\r\n")); // of local(), whose transport is no client
    text_clear(&text);
    struct local_description ours = local();
    ours.dtls_client = true;
    negotiate_publish_answer(&offer, &ours, &text);
    CHECK(strstr(text.at, "a=setup:active\r\n"));
    text_dispose(&text);
}

TEST(an_offer_without_credentials_is_refused_by_line)
{
    check_refused(HEAD PWD PRINT AUDIO, ERR_MALFORMED, "line 7: no ice-ufrag");
    check_refused(HEAD UFRAG PRINT AUDIO, ERR_MALFORMED, "line 7: no ice-pwd");
    check_refused(HEAD UFRAG PWD AUDIO, ERR_MALFORMED, "line 7: no fingerprint");
    check_refused(HEAD UFRAG PWD "a=fingerprint:sha-1 AA:BB\r\n" AUDIO, ERR_UNSUPPORTED,
                  "line 8: fingerprint is not sha-256");
    check_refused(HEAD UFRAG PWD "a=fingerprint:sha-256 AA:BB\r\n" AUDIO, ERR_MALFORMED,
                  "line 8: fingerprint is not 32 octets");
    check_refused(HEAD UFRAG PWD PRINT "a=setup:holdconn\r\n" AUDIO, ERR_UNSUPPORTED,
                  "line 9: setup must not be holdconn");
    check_refused(HEAD, ERR_MALFORMED, "line 1: no media section");
    check_refused("v=0\r\nm=", ERR_MALFORMED, "line 2: bad media line");
}

TEST(what_we_cannot_serve_gets_port_0)
{
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(HEAD TRANSPORT
                             "a=group:BUNDLE 0 1 2 3 4\r\n" CHANNEL "a=mid:0\r\n"
                             "m=video 9 UDP/TLS/RTP/SAVPF 100\r\na=mid:1\r\na=rtcp-mux\r\n"
                             "a=rtpmap:100 H265/90000\r\n"
                             "m=audio 9 RTP/AVP 0\r\na=mid:2\r\na=rtcp-mux\r\n"
                             "m=text 9 UDP/TLS/RTP/SAVPF 100\r\na=mid:3\r\n" AUDIO
                             "a=mid:4\r\n" AUDIO "a=mid:5\r\n"),
                    &no_preference, &text),
             0);
    static const uint16_t ports[] = {9, 0, 0, 0, 9, 0}; // the last is not in the group
    for (size_t i = 0; i < 6; i++)
        CHECK_EQ(answered.sections[i].port, ports[i]);
    CHECK(strstr(text.at, "a=group:BUNDLE 0 4\r\n"));
    CHECK(strstr(text.at, "m=text 0 UDP/TLS/RTP/SAVPF 100\r\n"));
    CHECK(offer.sections[4].sending);
    text_dispose(&text);
}

TEST(an_offer_with_nothing_for_us_is_answered_without_a_transport)
{
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(HEAD "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"),
                    &no_preference, &text),
             0);
    CHECK_TEXT(offer.remote.ufrag, "");
    CHECK_EQ(answered.bundle_count, 0);
    text_dispose(&text);
}

TEST(an_old_offer_names_its_track_in_the_ssrc)
{
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(HEAD TRANSPORT AUDIO "a=mid:0\r\na=ssrc:5 cname:c\r\n"
                                                  "a=ssrc:5 msid:stream track\r\n"),
                    &no_preference, &text),
             0);
    CHECK_TEXT(offer.sections[0].stream_id, "stream");
    CHECK_TEXT(offer.sections[0].track_id, "track");
    CHECK_EQ(offer.sections[0].layers[0].ssrc, 5);
    text_dispose(&text);
}

TEST(extensions_that_we_do_not_use_or_cannot_number_are_left_out)
{
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(HEAD TRANSPORT AUDIO
                             "a=mid:0\r\na=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                             "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
                             "a=extmap:4 urn:ietf:params:rtp-hdrext:csrc-audio-level\r\n"
                             "a=extmap:5/recvonly http://www.webrtc.org/experiments/rtp-hdrext/"
                             "abs-send-time\r\n"),
                    &no_preference, &text),
             0);
    CHECK_EQ(offer.sections[0].extensions.mid, 0);
    CHECK_EQ(offer.sections[0].extensions.audio_level, 3);
    CHECK_EQ(offer.sections[0].extensions.abs_send_time, 0);
    CHECK_EQ(answered.sections[0].extension_count, 1);
    text_dispose(&text);
}

#define DESCRIPTOR                                                                             \
    " https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-"          \
    "extension\r\n"
#define PICTURES(codec)                                                                        \
    "m=video 9 UDP/TLS/RTP/SAVPF 45\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"                \
    "a=rtpmap:45 " codec "/90000\r\na=extmap:12" DESCRIPTOR

TEST(frames_of_av1_are_to_be_described_where_the_client_can)
{
    static const struct {
        const char *sdp;
        bool described;
    } cases[] = {
        {HEAD "a=extmap-allow-mixed\r\n" TRANSPORT PICTURES("AV1"), true},
        {HEAD TRANSPORT PICTURES("AV1") "a=extmap-allow-mixed\r\n", true},
        {HEAD TRANSPORT PICTURES("AV1"), false}, // a structure would be too long
        {HEAD "a=extmap-allow-mixed\r\n" TRANSPORT PICTURES("VP9"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = {0};
        CHECK_EQ(answer(bytes_of(cases[i].sdp), &no_preference, &text), 0);
        CHECK_EQ(offer.sections[0].extensions.dependency, cases[i].described ? 12 : 0);
        CHECK_EQ(strstr(text.at, "a=extmap:12" DESCRIPTOR) != NULL, cases[i].described);
        CHECK_EQ(strstr(text.at, "a=extmap-allow-mixed\r\n") != NULL, cases[i].described);
        text_dispose(&text);
    }
}

// --- Recorded sessions of the official client ---

// Handles the SDP of one line of a transcript; counts it.
static void handle_message(const json_t *line, size_t *offers, size_t *answers)
{
    const json_t *message = json_object_get(line, "msg");
    const json_t *params = json_object_get(message, "params");
    const char *method = json_string_value(json_object_get(message, "method"));
    const char *direction = json_string_value(json_object_get(line, "dir"));
    if (!method || strcmp(direction, "c2s") != 0)
        return;
    const json_t *description =
        json_object_get(params, strcmp(method, "join") == 0 ? "offer" : "desc");
    const char *sdp = json_string_value(json_object_get(description, "sdp"));
    if (!sdp)
        return;
    if (strcmp(method, "answer") == 0) {
        CHECK_EQ(sdp_parse(&answered, bytes_of(sdp), &error), 0);
        (*answers)++;
        return;
    }
    struct text text = {0};
    CHECK_EQ(answer(bytes_of(sdp), &no_preference, &text), 0);
    check_answer();
    text_dispose(&text);
    (*offers)++;
}

TEST(answers_every_offer_of_the_recorded_sessions)
{
    const char **paths;
    size_t count = test_folder("tests/vectors/transcripts", &paths);
    size_t offers = 0;
    size_t answers = 0;
    for (size_t i = 0; i < count; i++) {
        struct bytes file = test_file(paths[i]);
        while (file.len) {
            struct bytes line = sdp_cut(&file, '\n');
            json_t *json = json_loadb((const char *)line.at, line.len, 0, NULL);
            if (json)
                handle_message(json, &offers, &answers);
            json_decref(json);
        }
    }
    CHECK(offers > 60);
    CHECK_EQ(answers, 63);
}

TEST(the_seeds_of_webrtc_do_no_harm)
{
    const char **paths;
    size_t count = test_folder("tests/vectors/webrtc-corpora/sdp", &paths);
    for (size_t i = 0; i < count; i++) {
        struct text text = {0};
        answer(test_file(paths[i]), &no_preference, &text);
        text_dispose(&text);
    }
}

// --- Whole, or not at all: RFC 9725 section 4.4.3 ---

#define WHOLE_SESSION                                                                          \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n"
#define WHOLE_SECTION(kind, mid, direction, codec)                                             \
    "m=" kind " 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:" mid "\r\na=" direction "\r\na=rtcp-mux\r\n"  \
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=setup:actpass\r\n"            \
    "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:" \
    "C2:43:F0:A1:58:D0:A1:2C:19:08\r\na=rtpmap:96 " codec "\r\n"

static int whole(const char *sdp, struct text *why)
{
    text_clear(why);
    CHECK_EQ(negotiate_publish(bytes_of(sdp), &no_preference, &offer, why), 0);
    return negotiate_whole(&offer, why);
}

TEST(an_offer_of_which_all_can_be_served_is_whole)
{
    struct text why = {0};
    CHECK_EQ(
        whole(
            WHOLE_SESSION WHOLE_SECTION("audio", "0", "sendonly", "opus/48000/2") WHOLE_SECTION(
                "video", "1", "sendrecv",
                "VP8/90000") "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n",
            &why),
        0);
    text_dispose(&why);
}

TEST(an_offer_that_is_not_whole_is_refused_and_the_line_named)
{
    static const struct {
        const char *sdp, *why;
    } cases[] = {
        {WHOLE_SESSION WHOLE_SECTION("audio", "0", "sendonly", "opus/48000/2")
             WHOLE_SECTION("audio", "1", "sendonly", "opus/48000/2"),
         "line 15: second section of its kind"},
        {WHOLE_SESSION WHOLE_SECTION("audio", "0", "recvonly", "opus/48000/2"),
         "line 6: section does not send"},
        {WHOLE_SESSION WHOLE_SECTION("audio", "0", "sendonly", "opus/48000/2")
             WHOLE_SECTION("video", "1", "sendonly", "H263/90000"),
         "line 15: section cannot be served: it has no codec that is forwarded"},
        {WHOLE_SESSION WHOLE_SECTION("audio", "0", "sendonly", "opus/48000/2") WHOLE_SECTION(
             "video", "1", "sendonly",
             "H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=f4001f"),
         "line 15: section cannot be served: H.264 is forwarded in the profiles baseline, main "
         "and high, in packetization-mode 0 or 1"},
        {WHOLE_SESSION WHOLE_SECTION("audio", "0", "sendonly", "opus/48000/2")
             WHOLE_SECTION("video", "1", "sendonly", "H264/8000"),
         "line 15: section cannot be served: a codec has another clock rate than its own"},
        {WHOLE_SESSION WHOLE_SECTION("audio", "0", "sendonly", "opus/48000/2")
             WHOLE_SECTION("video", "elsewhere", "sendonly", "VP8/90000"),
         "line 15: section cannot be served: it is not in the BUNDLE group"},
    };
    struct text why = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_EQ(whole(cases[i].sdp, &why), ERR_UNSUPPORTED);
        CHECK_TEXT(why.at, cases[i].why);
    }
    text_dispose(&why);
}
