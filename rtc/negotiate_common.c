#include "rtc/negotiate_common.h"

#include "base/err.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

const struct negotiate_extension negotiate_extension_table[NEGOTIATE_EXTENSIONS] = {
    {"urn:ietf:params:rtp-hdrext:sdes:mid", offsetof(struct extension_ids, mid), true, true},
    {"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", offsetof(struct extension_ids, rid),
     false, true},
    {"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
     offsetof(struct extension_ids, repaired_rid), false, true},
    {"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
     offsetof(struct extension_ids, twcc), true, true},
    {"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
     offsetof(struct extension_ids, abs_send_time), true, true},
    {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", offsetof(struct extension_ids, audio_level),
     true, false},
    {"urn:3gpp:video-orientation", offsetof(struct extension_ids, orientation), false, true},
    {"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
     offsetof(struct extension_ids, playout_delay), false, true},
    // Of AV1 alone: negotiate_take_dependency().
    {"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
     offsetof(struct extension_ids, dependency), false, true},
};

int negotiate_refuse(struct text *why, int err, uint32_t line, const char *what)
{
    text_addf(why, "line %" PRIu32 ": %s", line, what);
    return err;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// "6B:8B:..." of exactly FINGERPRINT_LEN octets.
static bool read_fingerprint(struct bytes text, uint8_t fingerprint[FINGERPRINT_LEN])
{
    if (text.len != 3 * FINGERPRINT_LEN - 1)
        return false;
    for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
        int high = hex_digit(text.at[3 * i]);
        int low = hex_digit(text.at[3 * i + 1]);
        if (high < 0 || low < 0 || (i && text.at[3 * i - 1] != ':'))
            return false;
        fingerprint[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

int negotiate_remote(const struct sdp_section *s, struct transport_remote *remote,
                     struct text *why)
{
    const struct sdp_transport *t = &s->transport;
    struct transport_remote read = {0};
    if (!t->ufrag.len)
        return negotiate_refuse(why, ERR_MALFORMED, s->line, "no ice-ufrag");
    if (!t->pwd.len)
        return negotiate_refuse(why, ERR_MALFORMED, s->line, "no ice-pwd");
    if (!t->fingerprint.len)
        return negotiate_refuse(why, ERR_MALFORMED, s->line, "no fingerprint");
    if (!sdp_is(t->fingerprint_hash, "sha-256"))
        return negotiate_refuse(why, ERR_UNSUPPORTED, s->line, "fingerprint is not sha-256");
    if (!read_fingerprint(t->fingerprint, read.fingerprint))
        return negotiate_refuse(why, ERR_MALFORMED, s->line, "fingerprint is not 32 octets");
    if (t->setup == SDP_HOLDCONN)
        return negotiate_refuse(why, ERR_UNSUPPORTED, s->line, "setup must not be holdconn");
    memcpy(read.ufrag, t->ufrag.at, t->ufrag.len);
    memcpy(read.pwd, t->pwd.at, t->pwd.len);
    // RFC 8842 section 5.3 lets the answerer of actpass choose. We choose passive and browsers
    // active, but Pion wants to be the server of a lite agent.
    read.dtls_client = t->setup != SDP_PASSIVE;
    *remote = read;
    return 0;
}

void negotiate_copy(char *to, size_t size, struct bytes from)
{
    to[0] = '\0';
    if (from.len < size) {
        if (from.len)
            memcpy(to, from.at, from.len);
        to[from.len] = '\0';
    }
}

bool negotiate_in_bundle(const struct sdp *sdp, const struct sdp_section *s, bool first)
{
    if (sdp->bundle_count == 0)
        return first; // we have one transport: it serves the first section
    for (size_t i = 0; i < sdp->bundle_count; i++)
        if (bytes_equal(sdp->bundle[i], s->mid))
            return true;
    return false;
}

enum codec negotiate_forwarded(const struct sdp_section *s, const struct sdp_format *f)
{
    struct bytes value;
    enum codec c = codec_from_name(f->encoding);
    if (c == CODEC_NONE || f->clock_rate != codec_clock_rate(c) ||
        codec_is_video(c) != (s->kind == SDP_VIDEO))
        return CODEC_NONE;
    // Every receiver decodes profile 0; few decode the others.
    if (c == CODEC_VP9 && sdp_parameter(f->fmtp, "profile-id", &value) && !sdp_is(value, "0"))
        return CODEC_NONE;
    if (c == CODEC_AV1 && sdp_parameter(f->fmtp, "profile", &value) && !sdp_is(value, "0"))
        return CODEC_NONE;
    if (c == CODEC_H264 &&
        (h264_profile_of(f->fmtp) == H264_OTHER || h264_is_interleaved(f->fmtp)))
        return CODEC_NONE;
    return c;
}

const char *negotiate_lack(const struct sdp_section *s)
{
    bool has_h264 = false;
    for (size_t i = 0; i < s->format_count; i++) {
        enum codec c = codec_from_name(s->formats[i].encoding);
        if (c != CODEC_NONE && s->formats[i].clock_rate != codec_clock_rate(c))
            return "a codec has another clock rate than its own";
        has_h264 |= c == CODEC_H264;
    }
    if (has_h264)
        return "H.264 is forwarded in the profiles baseline, main and high, in "
               "packetization-mode 0 or 1";
    return "it has no codec that is forwarded";
}

int negotiate_rank(enum codec c, const struct sdp_format *f)
{
    return c == CODEC_H264 ? h264_rank(f->fmtp) : 0;
}

bool negotiate_is_common(enum codec c, const struct sdp_format *f)
{
    return c != CODEC_H264 || h264_is_common(f->fmtp);
}

// The payload type that repairs `payload_type`; 0: none.
static uint8_t rtx_of(const struct sdp_section *s, uint8_t payload_type)
{
    for (size_t i = 0; i < s->format_count; i++) {
        struct bytes apt;
        uint64_t number;
        if (sdp_is(s->formats[i].encoding, "rtx") &&
            sdp_parameter(s->formats[i].fmtp, "apt", &apt) && sdp_number(apt, 127, &number) &&
            number == payload_type)
            return s->formats[i].payload_type;
    }
    return 0;
}

// The format that repeats frames of `f`, and of nothing else.
static const struct sdp_format *red_of(const struct sdp_section *s, const struct sdp_format *f)
{
    for (size_t i = 0; i < s->format_count; i++) {
        const struct sdp_format *red = &s->formats[i];
        if (!sdp_is(red->encoding, "red") || red->clock_rate != f->clock_rate)
            continue;
        struct bytes list = red->fmtp;
        uint64_t number;
        bool same = list.len > 0;
        while (list.len)
            same &= sdp_number(sdp_cut(&list, '/'), 127, &number) && number == f->payload_type;
        if (same)
            return red;
    }
    return NULL;
}

void negotiate_take_format(const struct sdp_section *s, const struct sdp_format *f,
                           enum codec c, struct negotiated_codec *codec)
{
    *codec = (struct negotiated_codec){
        .codec = c,
        .payload_type = f->payload_type,
        .rtx_payload_type = codec_is_video(c) ? rtx_of(s, f->payload_type) : 0,
        .clock_rate = f->clock_rate,
        .nack = f->feedback & SDP_NACK,
        .pli = f->feedback & SDP_NACK_PLI,
        .fir = f->feedback & SDP_CCM_FIR,
        .twcc = f->feedback & SDP_TRANSPORT_CC,
        .remb = f->feedback & SDP_GOOG_REMB,
        .profile = c == CODEC_H264 ? h264_profile_of(f->fmtp) : H264_BASELINE,
        .single = c == CODEC_H264 && h264_is_single(f->fmtp),
    };
    negotiate_copy(codec->fmtp, sizeof codec->fmtp, f->fmtp);
    const struct sdp_format *red = c == CODEC_OPUS ? red_of(s, f) : NULL;
    codec->red_payload_type = red ? red->payload_type : 0;
    codec->red_first = red && red < f;
}

void negotiate_read_extensions(const struct sdp_section *s, enum sdp_direction useless,
                               struct extension_ids *ids)
{
    for (size_t i = 0; i < s->extension_count; i++) {
        const struct sdp_extension *e = &s->extensions[i];
        // Ids above 14 need the two-octet form (RFC 8285 section 4.2), which nobody uses for
        // want of ids.
        if (e->id > 14 || e->direction == useless || e->direction == SDP_INACTIVE)
            continue;
        for (size_t k = 0; k < NEGOTIATE_EXTENSIONS; k++) {
            const struct negotiate_extension *known = &negotiate_extension_table[k];
            if ((s->kind == SDP_AUDIO ? known->audio : known->video) &&
                sdp_is(e->uri, known->uri))
                *negotiate_extension_id(ids, k) = (uint8_t)e->id;
        }
    }
}

void negotiate_take_dependency(const struct sdp_section *s, bool av1, struct extension_ids *ids)
{
    if (!av1 || !s->extmap_allow_mixed)
        ids->dependency = 0;
}

struct sdp *negotiate_describe(const struct local_description *local, size_t section_cap,
                               struct arena *arena)
{
    struct sdp *sdp = sdp_new(section_cap);
    char origin[80];
    snprintf(origin, sizeof origin, "- %" PRIu64 " %" PRIu64 " IN IP4 0.0.0.0",
             local->session_id, local->session_version);
    sdp->origin = arena_bytes(arena, origin);
    sdp->ice_lite = true;
    return sdp;
}

static void add_candidate(struct sdp *sdp, const struct addr *a, size_t i, struct arena *arena)
{
    char number[24];
    char ip[ADDR_TEXT_MAX];
    snprintf(number, sizeof number, "%zu", i + 1);
    addr_format_ip(a, ip);
    sdp->candidates[sdp->candidate_count++] = (struct sdp_candidate){
        .foundation = arena_bytes(arena, number),
        .component = 1,
        .udp = true,
        // RFC 8445 section 5.1.2.1: type preference 126 of host, then ours, component 1.
        .priority = 126U << 24 | (uint32_t)(65535 - i) << 8 | 255,
        .address = arena_bytes(arena, ip),
        .port = a->port,
        .type = SDP_HOST,
    };
}

void negotiate_connect(struct sdp *sdp, struct sdp_section *s,
                       const struct local_description *local, enum sdp_setup setup,
                       struct arena *arena)
{
    char fingerprint[3 * FINGERPRINT_LEN + 1]; // a colon too many at its end
    for (size_t i = 0; i < FINGERPRINT_LEN; i++)
        snprintf(fingerprint + 3 * i, 4, "%02X:", local->fingerprint[i]);
    fingerprint[sizeof fingerprint - 2] = '\0';
    s->port = 9;
    s->transport = (struct sdp_transport){
        .ufrag = arena_bytes(arena, local->ufrag),
        .pwd = arena_bytes(arena, local->pwd),
        .fingerprint_hash = bytes_of("sha-256"),
        .fingerprint = arena_bytes(arena, fingerprint),
        .setup = setup,
    };
    if (sdp->bundle_count == 0) {
        s->candidate_first = sdp->candidate_count;
        for (size_t i = 0; i < local->candidate_count && i < SDP_CANDIDATES_MAX; i++)
            add_candidate(sdp, &local->candidates[i], i, arena);
        s->candidate_count = sdp->candidate_count;
        s->end_of_candidates = true;
    }
    if (s->mid.len)
        sdp->bundle[sdp->bundle_count++] = s->mid;
}

void negotiate_application(struct sdp_section *s)
{
    s->kind = SDP_APPLICATION;
    s->sctp_port = 5000;
    s->has_max_message_size = true;
    s->max_message_size = SCTP_MESSAGE_MAX;
}

void negotiate_list_formats(struct sdp_section *s, struct arena *arena)
{
    char list[4 * SDP_FORMATS_MAX + 1] = "";
    size_t len = 0;
    for (size_t i = 0; i < s->format_count; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, i ? " %u" : "%u",
                                s->formats[i].payload_type);
    s->formats_text = arena_bytes(arena, list);
}

uint8_t negotiate_feedback(const struct negotiated_codec *codec)
{
    return (uint8_t)((codec->nack ? SDP_NACK : 0) | (codec->pli ? SDP_NACK_PLI : 0) |
                     (codec->fir ? SDP_CCM_FIR : 0) | (codec->twcc ? SDP_TRANSPORT_CC : 0) |
                     (codec->remb ? SDP_GOOG_REMB : 0));
}

struct sdp_format *negotiate_add_format(struct sdp_section *s, uint8_t payload_type,
                                        const char *encoding, uint32_t clock_rate)
{
    struct sdp_format *f = &s->formats[s->format_count++];
    *f = (struct sdp_format){
        .payload_type = payload_type, .encoding = bytes_of(encoding), .clock_rate = clock_rate};
    return f;
}

void negotiate_add_red(struct sdp_section *s, uint8_t red_payload_type, uint8_t payload_type,
                       struct arena *arena)
{
    char fmtp[16];
    struct sdp_format *f =
        negotiate_add_format(s, red_payload_type, "red", codec_clock_rate(CODEC_OPUS));
    snprintf(fmtp, sizeof fmtp, "%u/%u", payload_type, payload_type);
    f->channels = 2;
    f->fmtp = arena_bytes(arena, fmtp);
}

void negotiate_add_rtx(struct sdp_section *s, uint8_t rtx_payload_type, uint8_t payload_type,
                       uint32_t clock_rate, struct arena *arena)
{
    char fmtp[16];
    snprintf(fmtp, sizeof fmtp, "apt=%u", payload_type);
    negotiate_add_format(s, rtx_payload_type, "rtx", clock_rate)->fmtp =
        arena_bytes(arena, fmtp);
}

void negotiate_add_extension(struct sdp_section *s, uint8_t id, const char *uri)
{
    s->extensions[s->extension_count++] =
        (struct sdp_extension){.id = id, .uri = bytes_of(uri)};
}

void negotiate_answer_extensions(struct sdp_section *s, struct extension_ids *ids)
{
    s->extmap_allow_mixed = ids->dependency != 0;
    for (size_t i = 0; i < NEGOTIATE_EXTENSIONS; i++)
        if (*negotiate_extension_id(ids, i))
            negotiate_add_extension(s, *negotiate_extension_id(ids, i),
                                    negotiate_extension_table[i].uri);
}
