#include "rtc/negotiate_common.h"

#include "base/err.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

// The numbers that Chromium gives itself where it can, so that it keeps them. Payload types 64
// to 95 would be mistaken for RTCP (RFC 5761 section 4).
static const struct numbers {
    enum codec codec;
    enum h264_profile profile;
    uint8_t payload_type;
    uint8_t rtx_payload_type;
} payload_types[] = {
    {CODEC_OPUS, H264_BASELINE, 111, 0},
    {CODEC_VP8, H264_BASELINE, 96, 97},
    {CODEC_VP9, H264_BASELINE, 98, 99},
    {CODEC_AV1, H264_BASELINE, 45, 46},
    {CODEC_H264, H264_BASELINE, 102, 103},
    // One payload type has one meaning in all sections, so each profile has its own.
    {CODEC_H264, H264_MAIN, 104, 105},
    {CODEC_H264, H264_CONSTRAINED_HIGH, 114, 115},
    {CODEC_H264, H264_HIGH, 112, 113},
};

// REMB, which a client without transport-wide feedback tells us instead, needs no
// abs-send-time: browsers then estimate from the RTP timestamps, and each packet is four octets
// shorter.
const struct extension_ids negotiate_extensions = {
    .mid = 1,
    .twcc = 3,
    .audio_level = 4,
    .orientation = 5,
    .playout_delay = 6,
    .dependency = 7,
};

static const struct numbers *numbers_of(enum codec codec, enum h264_profile profile)
{
    static const struct numbers none;
    for (size_t i = 0; i < sizeof payload_types / sizeof *payload_types; i++)
        if (payload_types[i].codec == codec && payload_types[i].profile == profile)
            return &payload_types[i];
    return &none;
}

uint8_t negotiate_payload_type(enum codec codec, enum h264_profile profile)
{
    return numbers_of(codec, profile)->payload_type;
}

uint8_t negotiate_rtx_payload_type(enum codec codec, enum h264_profile profile)
{
    return numbers_of(codec, profile)->rtx_payload_type;
}

// --- Our offer ---

// The same for all sections of a codec, whatever their publishers said: RFC 9143 section 9.2,
// and Chromium refuses a description in which a payload type has two meanings. (It does not
// mind Opus with one channel or two.)
static const char *fmtp_of(const struct subscribe_section *section)
{
    struct bytes value;
    switch (section->codec) {
    case CODEC_OPUS:
        return sdp_parameter(bytes_of(section->fmtp), "stereo", &value) && sdp_is(value, "1")
                   ? "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"
                   : "minptime=10;useinbandfec=1";
    case CODEC_VP9:
        return "profile-id=0";
    case CODEC_AV1:
    case CODEC_H264: // offer_codec() has it
    case CODEC_VP8:
    case CODEC_NONE:
        break;
    }
    return "";
}

static void offer_codec(const struct subscribe_section *section, struct sdp_section *s,
                        struct arena *arena)
{
    uint32_t clock_rate = codec_clock_rate(section->codec);
    uint8_t payload_type = negotiate_payload_type(section->codec, section->profile);
    uint8_t rtx_payload_type = negotiate_rtx_payload_type(section->codec, section->profile);
    struct sdp_format *f =
        negotiate_add_format(s, payload_type, codec_name(section->codec), clock_rate);
    f->channels = section->codec == CODEC_OPUS ? 2 : 0;
    f->fmtp = arena_bytes(arena, fmtp_of(section));
    if (section->codec == CODEC_H264) {
        // A browser that does not decode the profile refuses the section.
        char fmtp[96];
        snprintf(fmtp, sizeof fmtp,
                 "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%s",
                 h264_profile_level_id(section->profile));
        f->fmtp = arena_bytes(arena, fmtp);
    }
    // Browsers ask for no repair of audio, and tell no rate of it.
    f->feedback = section->kind == MEDIA_VIDEO
                      ? SDP_NACK | SDP_NACK_PLI | SDP_CCM_FIR | SDP_GOOG_REMB | SDP_TRANSPORT_CC
                      : SDP_TRANSPORT_CC;
    if (rtx_payload_type)
        negotiate_add_rtx(s, rtx_payload_type, payload_type, clock_rate, arena);
    if (section->codec == CODEC_OPUS) // behind it, so that nobody prefers it
        negotiate_add_red(s, NEGOTIATE_RED, payload_type, arena);
    negotiate_list_formats(s, arena);
}

// What tells the browser whose track this is. Only while active: an inactive section names
// nothing, so that the browser removes the track.
static void offer_track(const struct subscribe_section *section, struct sdp_section *s)
{
    s->stream_id = bytes_of(section->stream_id);
    s->track_id = bytes_of(section->track_id);
    s->ssrcs[s->ssrc_count++] = (struct sdp_ssrc){
        .ssrc = section->ssrc,
        .rtx_ssrc = section->rtx_ssrc,
        .cname = bytes_of(section->cname),
    };
    if (section->rtx_ssrc)
        s->ssrcs[s->ssrc_count++] = (struct sdp_ssrc){
            .ssrc = section->rtx_ssrc,
            .cname = bytes_of(section->cname),
        };
}

static void offer_section(const struct subscribe_section *section, struct sdp *offer,
                          const struct local_description *local, struct arena *arena)
{
    struct sdp_section *s = &offer->sections[offer->section_count++];
    struct extension_ids ids = negotiate_extensions;
    char mid[12];
    bool video = section->kind == MEDIA_VIDEO;
    snprintf(mid, sizeof mid, "%" PRIu32, section->mid);
    s->mid = arena_bytes(arena, mid);
    s->kind = video ? SDP_VIDEO : SDP_AUDIO;
    s->media = bytes_of(video ? "video" : "audio");
    s->protocol_text = bytes_of("UDP/TLS/RTP/SAVPF");
    s->direction = section->state == SECTION_ACTIVE ? SDP_SENDONLY : SDP_INACTIVE;
    s->rtcp_mux = true;
    s->rtcp_rsize = true;
    if (section->state == SECTION_STOPPED) // aiortc wants credentials even there
        s->transport = offer->sections[0].transport;
    else
        negotiate_connect(offer, s, local, SDP_ACTPASS, arena);
    offer_codec(section, s, arena);
    s->extmap_allow_mixed = section->codec == CODEC_AV1;
    negotiate_take_dependency(s, section->codec == CODEC_AV1, &ids);
    for (size_t i = 0; i < NEGOTIATE_EXTENSIONS; i++) {
        const struct negotiate_extension *e = &negotiate_extension_table[i];
        if (*negotiate_extension_id(&ids, i) && (video ? e->video : e->audio))
            negotiate_add_extension(s, *negotiate_extension_id(&ids, i), e->uri);
    }
    if (section->state == SECTION_ACTIVE)
        offer_track(section, s);
}

void negotiate_subscribe_offer(const struct subscribe_section *sections, size_t count,
                               const struct local_description *local, struct text *offer_sdp)
{
    struct arena arena = {0};
    assert(count <= SUBSCRIBE_SECTIONS_MAX);
    struct sdp *offer = negotiate_describe(local, count + 1, &arena);
    offer->msid_semantic = true;
    struct sdp_section *channel = &offer->sections[offer->section_count++];
    channel->media = bytes_of("application");
    channel->protocol_text = bytes_of("UDP/DTLS/SCTP");
    channel->formats_text = bytes_of("webrtc-datachannel");
    channel->mid = bytes_of("0");
    negotiate_application(channel);
    negotiate_connect(offer, channel, local, SDP_ACTPASS, &arena);
    for (size_t i = 0; i < count; i++)
        offer_section(&sections[i], offer, local, &arena);
    sdp_write(offer, offer_sdp);
    mem_free(offer);
    arena_dispose(&arena);
}

// --- The client's answer ---

static struct subscribe_accepted read_section(const struct sdp_section *s)
{
    struct subscribe_accepted accepted = {.state = s->port == 0 ? SECTION_STOPPED
                                                                : SECTION_INACTIVE};
    struct extension_ids ids = {0};
    if (s->port == 0 || s->protocol != SDP_RTP ||
        (s->direction != SDP_RECVONLY && s->direction != SDP_SENDRECV))
        return accepted;
    negotiate_read_extensions(s, SDP_SENDONLY, &ids);
    accepted.dependency = ids.dependency == negotiate_extensions.dependency;
    bool numbered = ids.twcc == negotiate_extensions.twcc;
    for (size_t i = 0; i < s->format_count; i++) {
        const struct sdp_format *f = &s->formats[i];
        accepted.red |= s->kind == SDP_AUDIO && f->payload_type == NEGOTIATE_RED &&
                        sdp_is(f->encoding, "red");
        if (codec_from_name(f->encoding) == CODEC_NONE)
            continue;
        accepted.state = SECTION_ACTIVE;
        accepted.twcc |= numbered && (f->feedback & SDP_TRANSPORT_CC);
        accepted.remb |= (f->feedback & SDP_GOOG_REMB) != 0;
    }
    return accepted;
}

static int read_answer(const struct sdp *sdp, size_t section_count,
                       struct subscribe_answer *answer, struct text *why)
{
    const struct sdp_section *tagged = NULL;
    memset(answer, 0, sizeof *answer);
    if (sdp->section_count != section_count + 1)
        return negotiate_refuse(why, ERR_MALFORMED, 1, "not as many sections as offered");
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sdp_section *s = &sdp->sections[i];
        if (!tagged && s->port != 0)
            tagged = s;
        if ((s->kind == SDP_APPLICATION) != (i == 0))
            return negotiate_refuse(why, ERR_MALFORMED, s->line, "not the section offered");
        if (i > 0)
            answer->sections[i - 1] = read_section(s);
        else if (s->port != 0 && s->protocol == SDP_SCTP)
            answer->sctp_port = s->sctp_port ? s->sctp_port : 5000;
    }
    answer->section_count = section_count;
    if (!tagged)
        return negotiate_refuse(why, ERR_UNSUPPORTED, 1, "every section is refused");
    return negotiate_remote(tagged, &answer->remote, why);
}

int negotiate_subscribe(struct bytes answer_sdp, size_t section_count,
                        struct subscribe_answer *answer, struct text *why)
{
    struct sdp *sdp = sdp_new(sdp_count_sections(answer_sdp));
    struct sdp_error error;
    int err = sdp_parse(sdp, answer_sdp, &error);
    if (err < 0)
        negotiate_refuse(why, err, error.line, error.what);
    else
        err = read_answer(sdp, section_count, answer, why);
    mem_free(sdp);
    return err;
}
