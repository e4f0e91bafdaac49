#include "rtc/negotiate_common.h"

#include "base/err.h"

#include <inttypes.h>

// --- Codecs ---

// Whether `f` of codec `c` serves more of those who watch than the best so far. A format that
// many do not decode is taken only where there is nothing else.
static bool is_better(enum codec c, const struct sdp_format *f, enum codec best_codec,
                      const struct sdp_format *best, enum codec preferred)
{
    if (!best)
        return true;
    bool common = negotiate_is_common(c, f);
    if (common != negotiate_is_common(best_codec, best))
        return common;
    if (c == best_codec)
        return negotiate_rank(c, f) > negotiate_rank(c, best);
    return c == preferred;
}

static const struct sdp_format *choose_format(const struct sdp_section *s,
                                              const struct codec_preference *preference,
                                              enum codec *chosen)
{
    const struct sdp_format *best = NULL;
    enum codec c = CODEC_NONE;
    for (size_t i = 0; i < s->format_count; i++) {
        const struct sdp_format *f = &s->formats[i];
        enum codec offered = negotiate_forwarded(s, f);
        if (offered == CODEC_NONE)
            continue;
        if (is_better(offered, f, c, best, preference->video)) {
            best = f;
            c = offered;
        }
    }
    *chosen = c;
    return best;
}

static bool read_codec(const struct sdp_section *s, const struct codec_preference *preference,
                       struct publish_section *section)
{
    enum codec c;
    const struct sdp_format *f = choose_format(s, preference, &c);
    if (!f)
        return false;
    negotiate_take_format(s, f, c, &section->codec);
    section->opus_dtx = c == CODEC_OPUS && preference->opus_dtx;
    return true;
}

// --- Streams of a section ---

static bool has_rid(const struct sdp_section *s, struct bytes id)
{
    for (size_t i = 0; i < s->rid_count; i++)
        if (s->rids[i].send && bytes_equal(s->rids[i].id, id))
            return true;
    return false;
}

// Layers in the order of a=simulcast:send. Each is a list of alternatives, of which we take the
// first; a "~" in front says that it starts paused (RFC 8853 section 5.1).
static void read_simulcast(const struct sdp_section *s, struct publish_section *section)
{
    struct bytes list = s->simulcast_send;
    while (list.len && section->layer_count < LAYERS_MAX) {
        struct bytes alternatives = sdp_cut(&list, ';');
        struct bytes rid = sdp_cut(&alternatives, ',');
        if (rid.len && rid.at[0] == '~')
            rid = (struct bytes){rid.at + 1, rid.len - 1};
        if (rid.len && rid.len <= RID_LEN_MAX && has_rid(s, rid))
            negotiate_copy(section->layers[section->layer_count++].rid, RID_LEN_MAX + 1, rid);
    }
}

// One encoding: its SSRC is the first that does not repair another's.
static void read_single_layer(const struct sdp_section *s, struct publish_section *section)
{
    struct publish_layer *layer = &section->layers[0];
    section->layer_count = 1;
    for (size_t i = 0; i < s->rid_count; i++)
        if (s->rids[i].send && s->rids[i].id.len <= RID_LEN_MAX) {
            negotiate_copy(layer->rid, sizeof layer->rid, s->rids[i].id);
            break;
        }
    for (size_t i = 0; i < s->ssrc_count; i++)
        if (s->ssrcs[i].rtx_ssrc) {
            layer->ssrc = s->ssrcs[i].ssrc;
            layer->rtx_ssrc = s->ssrcs[i].rtx_ssrc;
            return;
        }
    for (size_t i = 0; i < s->ssrc_count && !layer->ssrc; i++)
        if (!s->ssrcs[i].is_fec)
            layer->ssrc = s->ssrcs[i].ssrc;
}

// Only with a stream of its own, and that of the one encoding, it says what it repairs. Nobody
// sends it beside simulcast.
static void read_fec(const struct sdp_section *s, struct publish_section *section)
{
    const struct sdp_format *f = NULL;
    uint32_t ssrc = 0;
    for (size_t i = 0; s->kind == SDP_VIDEO && i < s->format_count && !f; i++)
        if (sdp_is(s->formats[i].encoding, "flexfec-03") &&
            s->formats[i].clock_rate == section->codec.clock_rate)
            f = &s->formats[i];
    for (size_t i = 0; i < s->ssrc_count; i++)
        if (s->ssrcs[i].ssrc == section->layers[0].ssrc)
            ssrc = s->ssrcs[i].fec_ssrc;
    if (f && f->payload_type && ssrc)
        section->fec = (struct publish_fec){.payload_type = f->payload_type,
                                            .ssrc = ssrc,
                                            .twcc = f->feedback & SDP_TRANSPORT_CC,
                                            .fmtp = f->fmtp};
}

static void read_msid(const struct sdp_section *s, struct publish_section *section)
{
    struct bytes stream_id = s->stream_id;
    struct bytes track_id = s->track_id;
    for (size_t i = 0; !stream_id.len && i < s->ssrc_count; i++) {
        stream_id = s->ssrcs[i].stream_id;
        track_id = s->ssrcs[i].track_id;
    }
    negotiate_copy(section->stream_id, sizeof section->stream_id, stream_id);
    negotiate_copy(section->track_id, sizeof section->track_id, track_id);
}

// Notes why a section is not served.
static bool fail(struct publish_section *section, const char *cause)
{
    section->cause = cause;
    return false;
}

static bool read_media(const struct sdp_section *s, const struct codec_preference *preference,
                       struct publish_section *section)
{
    if (s->protocol != SDP_RTP)
        return fail(section, "its protocol is not RTP over DTLS");
    if (!s->rtcp_mux) // RTCP would need a port of its own
        return fail(section, "it has no rtcp-mux");
    if (!read_codec(s, preference, section))
        return fail(section, negotiate_lack(s));
    section->sending = s->direction == SDP_SENDRECV || s->direction == SDP_SENDONLY;
    read_msid(s, section);
    negotiate_read_extensions(s, SDP_RECVONLY, &section->extensions);
    negotiate_take_dependency(s, section->codec.codec == CODEC_AV1, &section->extensions);
    read_simulcast(s, section);
    // Layers are told apart by the rid in their packets; a browser that cannot send it gets no
    // simulcast.
    if (section->layer_count < 2 || section->extensions.rid == 0) {
        section->layer_count = 0;
        memset(section->layers, 0, sizeof section->layers);
        read_single_layer(s, section);
        read_fec(s, section);
    } else {
        section->simulcast = true;
    }
    return true;
}

static bool read_application(const struct sdp_section *s, struct publish_section *section)
{
    if (s->protocol != SDP_SCTP)
        return fail(section, "its protocol is not SCTP over DTLS");
    section->sctp_port = s->sctp_port ? s->sctp_port : 5000;
    // RFC 8841 section 6.1: 64 KiB when it is not given.
    uint64_t size = s->has_max_message_size ? s->max_message_size : 65536;
    section->max_message_size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    return true;
}

// --- The offer ---

static bool read_section(const struct sdp *sdp, const struct sdp_section *s, bool first,
                         bool has_application, const struct codec_preference *preference,
                         struct publish_section *section)
{
    if (s->port == 0 && !s->bundle_only)
        return fail(section, "its port is 0");
    if (!negotiate_in_bundle(sdp, s, first))
        return fail(section, "it is not in the BUNDLE group");
    if (s->mid.len > MID_LEN_MAX)
        return fail(section, "its mid is too long");
    switch (s->kind) {
    case SDP_AUDIO:
    case SDP_VIDEO:
        return read_media(s, preference, section);
    case SDP_APPLICATION:
        return has_application ? fail(section, "it is the second data channel")
                               : read_application(s, section);
    case SDP_OTHER:
        break;
    }
    return fail(section, "it is neither audio nor video nor a data channel");
}

static enum media_kind kind_of(const struct sdp_section *s)
{
    return s->kind == SDP_AUDIO         ? MEDIA_AUDIO
           : s->kind == SDP_APPLICATION ? MEDIA_APPLICATION
                                        : MEDIA_VIDEO;
}

// Bounds what is in use. What is not piles up over a long call, and is only mirrored.
static int check_live(const struct sdp *sdp, struct text *why)
{
    size_t count = 0;
    size_t len = sdp->session_len;
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sdp_section *s = &sdp->sections[i];
        if (!sdp_is_live(s))
            continue;
        len += s->len;
        if (++count > SDP_LIVE_SECTIONS_MAX)
            return negotiate_refuse(why, ERR_FULL, s->line, "too many sections in use");
        if (len > SDP_LIVE_LEN_MAX)
            return negotiate_refuse(why, ERR_FULL, s->line, "sections in use are too long");
    }
    return 0;
}

static int read_offer(const struct sdp *sdp, const struct codec_preference *preference,
                      struct publish_offer *offer, struct text *why)
{
    const struct sdp_section *tagged = NULL; // carries the transport, RFC 9143 section 7.1
    bool has_application = false;
    offer->remote = (struct transport_remote){0};
    offer->section_count = 0;
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sdp_section *s = &sdp->sections[i];
        struct publish_section *section = &offer->sections[offer->section_count++];
        *section = (struct publish_section){.kind = kind_of(s)};
        bool first = tagged == NULL;
        if (!read_section(sdp, s, first, has_application, preference, section))
            *section = (struct publish_section){
                .kind = section->kind, .stopped = true, .cause = section->cause};
        section->line = s->line;
        section->offered = (struct publish_offered){
            .media = s->media,
            .protocol = s->protocol_text,
            .formats = s->formats_text,
            .mid = s->mid,
            .rtcp_mux_only = s->rtcp_mux_only,
            .rtcp_rsize = s->rtcp_rsize,
        };
        negotiate_copy(section->mid, sizeof section->mid, s->mid);
        if (section->stopped)
            continue;
        has_application |= section->kind == MEDIA_APPLICATION;
        // Bundle-only sections come without transport attributes.
        if (!tagged || (tagged->bundle_only && !s->bundle_only))
            tagged = s;
    }
    if (sdp->section_count == 0)
        return negotiate_refuse(why, ERR_MALFORMED, 1, "no media section");
    return tagged ? negotiate_remote(tagged, &offer->remote, why) : 0;
}

int negotiate_publish(struct bytes offer_sdp, const struct codec_preference *preference,
                      struct publish_offer *offer, struct text *why)
{
    struct sdp *sdp = sdp_new(sdp_count_sections(offer_sdp));
    struct sdp_error error;
    int err = sdp_parse(sdp, offer_sdp, &error);
    if (err < 0)
        negotiate_refuse(why, err, error.line, error.what);
    else
        err = check_live(sdp, why);
    if (err == 0)
        err = read_offer(sdp, preference, offer, why);
    mem_free(sdp);
    return err;
}

int negotiate_whole(const struct publish_offer *offer, struct text *why)
{
    size_t counts[] = {[MEDIA_AUDIO] = 0, [MEDIA_VIDEO] = 0, [MEDIA_APPLICATION] = 0};
    for (size_t i = 0; i < offer->section_count; i++) {
        const struct publish_section *s = &offer->sections[i];
        if (s->stopped) {
            text_addf(why, "line %" PRIu32 ": section cannot be served: %s", s->line, s->cause);
            return ERR_UNSUPPORTED;
        }
        if (s->kind == MEDIA_APPLICATION)
            continue;
        if (!s->sending)
            return negotiate_refuse(why, ERR_UNSUPPORTED, s->line, "section does not send");
        if (++counts[s->kind] > 1)
            return negotiate_refuse(why, ERR_UNSUPPORTED, s->line,
                                    "second section of its kind");
    }
    if (counts[MEDIA_AUDIO] + counts[MEDIA_VIDEO] == 0)
        return negotiate_refuse(why, ERR_UNSUPPORTED, 1, "no audio and no video");
    return 0;
}

// --- The answer ---

static void answer_opus(const struct publish_section *section, struct sdp_format *f,
                        struct arena *arena)
{
    struct text fmtp = {0};
    struct bytes value;
    struct bytes offered = bytes_of(section->codec.fmtp);
    text_add(&fmtp, "minptime=10;useinbandfec=1");
    // An encoder that plays music says usedtx=0: silence would be cut out of it.
    bool no_dtx = sdp_parameter(offered, "usedtx", &value) && sdp_is(value, "0");
    if (section->opus_dtx && !no_dtx)
        text_add(&fmtp, ";usedtx=1");
    // What the client asked for itself stays; we ask for no second channel of our own.
    if (sdp_parameter(offered, "stereo", &value) && sdp_is(value, "1"))
        text_add(&fmtp, ";stereo=1");
    f->channels = 2;
    f->fmtp = arena_bytes(arena, fmtp.at);
    text_dispose(&fmtp);
}

static void answer_simulcast(const struct publish_section *section, struct sdp_section *s,
                             struct arena *arena)
{
    struct text list = {0};
    for (size_t i = 0; i < section->layer_count; i++) {
        if (!section->layers[i].rid[0])
            continue;
        s->rids[s->rid_count++] = (struct sdp_rid){.id = bytes_of(section->layers[i].rid)};
        text_addf(&list, "%s%s", list.len ? ";" : "", section->layers[i].rid);
    }
    // Without the list a browser sends its first encoding, which may not be the one.
    if (section->simulcast && s->rid_count)
        s->simulcast_recv = arena_bytes(arena, list.at);
    text_dispose(&list);
}

static void answer_fec(const struct publish_section *section, struct sdp_section *s)
{
    struct sdp_format *f = negotiate_add_format(s, section->fec.payload_type, "flexfec-03",
                                                section->codec.clock_rate);
    f->feedback = section->fec.twcc ? SDP_TRANSPORT_CC : 0;
    f->fmtp = section->fec.fmtp;
}

static void answer_media(const struct publish_section *section, struct sdp_section *s,
                         struct arena *arena)
{
    const struct negotiated_codec *codec = &section->codec;
    struct extension_ids ids = section->extensions;
    s->direction = section->sending ? SDP_RECVONLY : SDP_INACTIVE;
    s->rtcp_mux = true;
    s->rtcp_mux_only = section->offered.rtcp_mux_only;
    s->rtcp_rsize = section->offered.rtcp_rsize;

    // In the client's order: browsers repeat sound only where that stands first.
    if (codec->red_first)
        negotiate_add_red(s, codec->red_payload_type, codec->payload_type, arena);
    struct sdp_format *f = negotiate_add_format(s, codec->payload_type,
                                                codec_name(codec->codec), codec->clock_rate);
    f->feedback = negotiate_feedback(codec);
    if (codec->red_payload_type && !codec->red_first)
        negotiate_add_red(s, codec->red_payload_type, codec->payload_type, arena);
    if (codec->codec == CODEC_OPUS)
        answer_opus(section, f, arena);
    else if (codec->codec != CODEC_VP8) // Firefox's max-fs would limit what it sends
        f->fmtp = arena_bytes(arena, codec->fmtp);
    if (codec->rtx_payload_type)
        negotiate_add_rtx(s, codec->rtx_payload_type, codec->payload_type, codec->clock_rate,
                          arena);
    if (section->fec.payload_type)
        answer_fec(section, s);
    negotiate_list_formats(s, arena);
    negotiate_answer_extensions(s, &ids);
    answer_simulcast(section, s, arena);
    s->tias_bps = (uint64_t)section->max_kbps * 1000;
}

static enum sdp_kind sdp_kind_of(enum media_kind kind)
{
    return kind == MEDIA_AUDIO ? SDP_AUDIO : kind == MEDIA_VIDEO ? SDP_VIDEO : SDP_APPLICATION;
}

static void answer_section(const struct publish_section *section,
                           const struct local_description *local, struct sdp *answer,
                           struct arena *arena)
{
    struct sdp_section *s = &answer->sections[answer->section_count++];
    s->kind = sdp_kind_of(section->kind);
    s->media = section->offered.media;
    s->protocol_text = section->offered.protocol;
    s->formats_text = section->offered.formats;
    s->mid = section->offered.mid;
    if (section->stopped) {
        s->direction = SDP_INACTIVE;
        return;
    }
    negotiate_connect(answer, s, local, local->dtls_client ? SDP_ACTIVE : SDP_PASSIVE, arena);
    if (section->kind == MEDIA_APPLICATION)
        negotiate_application(s);
    else
        answer_media(section, s, arena);
}

void negotiate_publish_answer(const struct publish_offer *offer,
                              const struct local_description *local, struct text *answer_sdp)
{
    struct arena arena = {0};
    struct sdp *answer = negotiate_describe(local, offer->section_count, &arena);
    for (size_t i = 0; i < offer->section_count; i++)
        answer_section(&offer->sections[i], local, answer, &arena);
    sdp_write(answer, answer_sdp);
    mem_free(answer);
    arena_dispose(&arena);
}
