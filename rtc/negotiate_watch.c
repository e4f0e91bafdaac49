#include "rtc/negotiate_watch.h"

#include "base/err.h"
#include "rtc/negotiate_common.h"

#include <inttypes.h>

// --- The offer ---

static struct negotiated_codec *codec_of(struct watch_section *section, enum codec c,
                                         enum h264_profile profile)
{
    for (size_t i = 0; i < section->codec_count; i++)
        if (section->codecs[i].codec == c && section->codecs[i].profile == profile)
            return &section->codecs[i];
    return NULL;
}

static const struct sdp_format *format_of(const struct sdp_section *s, uint8_t payload_type)
{
    for (size_t i = 0; i < s->format_count; i++)
        if (s->formats[i].payload_type == payload_type)
            return &s->formats[i];
    return NULL;
}

// A track's codec is not known yet, so every one that the client decodes is agreed on, H.264 in
// each profile; of several formats of one the one that suits most publishers.
static void read_codecs(const struct sdp_section *s, struct watch_section *section)
{
    for (size_t i = 0; i < s->format_count; i++) {
        const struct sdp_format *f = &s->formats[i];
        enum codec c = negotiate_forwarded(s, f);
        if (c == CODEC_NONE)
            continue;
        enum h264_profile profile = c == CODEC_H264 ? h264_profile_of(f->fmtp) : H264_BASELINE;
        struct negotiated_codec *codec = codec_of(section, c, profile);
        if (codec &&
            negotiate_rank(c, f) <= negotiate_rank(c, format_of(s, codec->payload_type)))
            continue;
        if (!codec)
            codec = &section->codecs[section->codec_count++];
        negotiate_take_format(s, f, c, codec);
    }
}

// Of the extensions that we write at all.
static void read_extensions(const struct sdp_section *s, struct watch_section *section)
{
    struct extension_ids ours = negotiate_extensions;
    negotiate_read_extensions(s, SDP_SENDONLY, &section->extensions);
    negotiate_take_dependency(s, codec_of(section, CODEC_AV1, H264_BASELINE),
                              &section->extensions);
    for (size_t i = 0; i < NEGOTIATE_EXTENSIONS; i++)
        if (!*negotiate_extension_id(&ours, i))
            *negotiate_extension_id(&section->extensions, i) = 0;
}

// Packets carry transport-wide numbers where the client also tells about them, and the other
// way round.
static void agree_on_feedback(struct watch_section *section)
{
    bool told = false;
    for (size_t i = 0; i < section->codec_count; i++) {
        section->codecs[i].twcc &= section->extensions.twcc != 0;
        told |= section->codecs[i].twcc;
    }
    if (!told)
        section->extensions.twcc = 0;
}

// What keeps us from sending into a section; NULL: nothing.
static const char *find_cause(const struct sdp *sdp, const struct sdp_section *s, bool first)
{
    if (s->kind != SDP_AUDIO && s->kind != SDP_VIDEO)
        return "it is neither audio nor video";
    if (s->port == 0 && !s->bundle_only)
        return "its port is 0";
    if (!negotiate_in_bundle(sdp, s, first))
        return "it is not in the BUNDLE group";
    if (s->mid.len > MID_LEN_MAX)
        return "its mid is too long";
    if (s->protocol != SDP_RTP)
        return "its protocol is not RTP over DTLS";
    if (!s->rtcp_mux)
        return "it has no rtcp-mux";
    if (s->direction != SDP_RECVONLY && s->direction != SDP_SENDRECV)
        return "it does not receive";
    return NULL;
}

static void read_section(const struct sdp *sdp, const struct sdp_section *s, bool first,
                         struct watch_section *section)
{
    section->cause = find_cause(sdp, s, first);
    if (section->cause)
        return;
    read_codecs(s, section);
    read_extensions(s, section);
    agree_on_feedback(section);
    negotiate_copy(section->mid, sizeof section->mid, s->mid);
    section->receiving = section->codec_count > 0;
    if (!section->receiving)
        section->cause = negotiate_lack(s);
}

// Nothing of an offer can be served: the cause is that of its first section of audio or video.
static int refuse(const struct sdp *sdp, const struct watch_offer *offer, struct text *why)
{
    size_t at = 0;
    for (size_t i = sdp->section_count; i-- > 0;)
        if (sdp->sections[i].kind == SDP_AUDIO || sdp->sections[i].kind == SDP_VIDEO)
            at = i;
    text_addf(why, "line %" PRIu32 ": section cannot be served: %s", sdp->sections[at].line,
              offer->sections[at].cause);
    return ERR_UNSUPPORTED;
}

static int read_offer(const struct sdp *sdp, struct watch_offer *offer, struct text *why)
{
    const struct sdp_section *tagged = NULL; // carries the transport, RFC 9143 section 7.1
    offer->section_count = 0;
    if (sdp->section_count == 0)
        return negotiate_refuse(why, ERR_MALFORMED, 1, "no media section");
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sdp_section *s = &sdp->sections[i];
        if (i == SDP_LIVE_SECTIONS_MAX)
            return negotiate_refuse(why, ERR_FULL, s->line, "too many sections");
        struct watch_section *section = &offer->sections[offer->section_count++];
        *section =
            (struct watch_section){.kind = s->kind == SDP_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO};
        read_section(sdp, s, !tagged, section);
        if (section->receiving && (!tagged || (tagged->bundle_only && !s->bundle_only)))
            tagged = s;
    }
    if (!tagged)
        return refuse(sdp, offer, why);
    return negotiate_remote(tagged, &offer->remote, why);
}

int negotiate_watch(struct bytes offer_sdp, struct watch_offer *offer, struct text *why)
{
    struct sdp *sdp = sdp_new(sdp_count_sections(offer_sdp));
    struct sdp_error error;
    int err = offer_sdp.len > SDP_LIVE_LEN_MAX ? ERR_FULL : 0;
    if (err)
        negotiate_refuse(why, err, 1, "description is too long");
    else if ((err = sdp_parse(sdp, offer_sdp, &error)) < 0)
        negotiate_refuse(why, err, error.line, error.what);
    else
        err = read_offer(sdp, offer, why);
    mem_free(sdp);
    return err;
}

// --- The answer ---

static void answer_codec(const struct negotiated_codec *codec, struct sdp_section *s,
                         struct arena *arena)
{
    struct sdp_format *f = negotiate_add_format(s, codec->payload_type,
                                                codec_name(codec->codec), codec->clock_rate);
    f->feedback = negotiate_feedback(codec);
    if (codec->codec == CODEC_OPUS) {
        f->channels = 2;
        f->fmtp = bytes_of("minptime=10;useinbandfec=1");
        if (codec->red_payload_type)
            negotiate_add_red(s, codec->red_payload_type, codec->payload_type, arena);
    } else {
        f->fmtp = arena_bytes(arena, codec->fmtp);
    }
    if (codec->rtx_payload_type)
        negotiate_add_rtx(s, codec->rtx_payload_type, codec->payload_type, codec->clock_rate,
                          arena);
}

static void answer_stream(const struct watch_section *section, const char *name,
                          struct sdp_section *s)
{
    s->stream_id = bytes_of(name);
    s->track_id = bytes_of(section->mid[0] ? section->mid : "0");
    s->ssrcs[s->ssrc_count++] = (struct sdp_ssrc){
        .ssrc = section->ssrc, .rtx_ssrc = section->rtx_ssrc, .cname = bytes_of(name)};
    if (section->rtx_ssrc)
        s->ssrcs[s->ssrc_count++] =
            (struct sdp_ssrc){.ssrc = section->rtx_ssrc, .cname = bytes_of(name)};
}

static void answer_section(const struct watch_section *section,
                           const struct sdp_section *offered,
                           const struct local_description *local, const char *name,
                           struct sdp *answer, struct arena *arena)
{
    struct sdp_section *s = &answer->sections[answer->section_count++];
    struct extension_ids ids = section->extensions;
    s->kind = offered->kind;
    s->media = offered->media;
    s->protocol_text = offered->protocol_text;
    s->formats_text = offered->formats_text;
    s->mid = offered->mid;
    s->direction = section->receiving ? SDP_SENDONLY : SDP_INACTIVE;
    if (!section->receiving)
        return;
    negotiate_connect(answer, s, local, local->dtls_client ? SDP_ACTIVE : SDP_PASSIVE, arena);
    s->rtcp_mux = true;
    s->rtcp_mux_only = offered->rtcp_mux_only;
    s->rtcp_rsize = offered->rtcp_rsize;
    for (size_t i = 0; i < section->codec_count; i++)
        answer_codec(&section->codecs[i], s, arena);
    negotiate_list_formats(s, arena);
    negotiate_answer_extensions(s, &ids);
    answer_stream(section, name, s);
}

void negotiate_watch_answer(const struct watch_offer *offer, struct bytes offer_sdp,
                            const struct local_description *local, const char *name,
                            struct text *answer_sdp)
{
    struct arena arena = {0};
    struct sdp_error error;
    struct sdp *offered = sdp_new(offer->section_count);
    struct sdp *answer = negotiate_describe(local, offer->section_count, &arena);
    answer->msid_semantic = true;
    // It was read before, by negotiate_watch().
    if (sdp_parse(offered, offer_sdp, &error) == 0 &&
        offered->section_count == offer->section_count) {
        for (size_t i = 0; i < offer->section_count; i++)
            answer_section(&offer->sections[i], &offered->sections[i], local, name, answer,
                           &arena);
        sdp_write(answer, answer_sdp);
    }
    mem_free(offered);
    mem_free(answer);
    arena_dispose(&arena);
}
