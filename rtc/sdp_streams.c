#include "base/err.h"
#include "rtc/sdp_parser.h"

enum { EXTENSION_ID_MAX = 4095, MSID_ID_MAX = 64 };

static int read_msid_pair(struct sdp_parser *p, struct bytes value, struct bytes *stream_id,
                          struct bytes *track_id)
{
    struct bytes stream = sdp_cut(&value, ' ');
    struct bytes track = sdp_cut(&value, ' ');
    if (!stream.len || stream.len > MSID_ID_MAX || track.len > MSID_ID_MAX)
        return sdp_malformed(p, "msid ids must have 1 to 64 characters"); // RFC 8830 section 2
    *stream_id = stream;
    *track_id = track;
    return 0;
}

int sdp_read_msid(struct sdp_parser *p, struct bytes value)
{
    // A track may belong to several streams, one line each; the first is enough for us.
    if (p->section->stream_id.len)
        return 0;
    return read_msid_pair(p, value, &p->section->stream_id, &p->section->track_id);
}

static struct sdp_format *find_format(const struct sdp_parser *p, uint64_t payload_type)
{
    uint8_t at = p->format_at[payload_type];
    return at ? &p->section->formats[at - 1] : NULL;
}

// Cuts a payload type off `value`. `*format` is NULL when the m= line does not list it.
static int cut_format(struct sdp_parser *p, struct bytes *value, struct sdp_format **format)
{
    uint64_t payload_type;
    if (!sdp_number(sdp_cut(value, ' '), SDP_PAYLOAD_TYPE_MAX, &payload_type))
        return sdp_malformed(p, "bad payload type");
    *value = sdp_trim(*value);
    *format = find_format(p, payload_type);
    return 0;
}

int sdp_read_rtpmap(struct sdp_parser *p, struct bytes value)
{
    struct sdp_format *format;
    int err = cut_format(p, &value, &format);
    if (err < 0 || !format)
        return err;
    struct bytes encoding = sdp_cut(&value, '/');
    uint64_t clock_rate;
    uint64_t channels = 0;
    bool has_channels = memchr(value.at ? value.at : (const uint8_t *)"", '/', value.len);
    if (!encoding.len || !sdp_number(sdp_cut(&value, '/'), UINT32_MAX, &clock_rate) ||
        clock_rate == 0 || (has_channels && !sdp_number(value, 255, &channels)))
        return sdp_malformed(p, "bad rtpmap");
    format->encoding = encoding;
    format->clock_rate = (uint32_t)clock_rate;
    format->channels = (uint8_t)channels;
    return 0;
}

int sdp_read_fmtp(struct sdp_parser *p, struct bytes value)
{
    struct sdp_format *format;
    int err = cut_format(p, &value, &format);
    if (err == 0 && format)
        format->fmtp = value;
    p->parameters += sdp_count(value, ';');
    return err;
}

int sdp_read_rtcp_fb(struct sdp_parser *p, struct bytes value)
{
    static const struct {
        const char *name;
        uint8_t bit;
    } kinds[] = {
        {"nack", SDP_NACK},           {"nack pli", SDP_NACK_PLI},
        {"ccm fir", SDP_CCM_FIR},     {"transport-cc", SDP_TRANSPORT_CC},
        {"goog-remb", SDP_GOOG_REMB},
    };
    struct sdp_section *s = p->section;
    struct sdp_format *format = NULL;
    bool all = value.len >= 2 && value.at[0] == '*' && value.at[1] == ' ';
    if (all) {
        sdp_cut(&value, ' ');
    } else {
        int err = cut_format(p, &value, &format);
        if (err < 0)
            return err;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (!sdp_is(value, kinds[k].name))
            continue;
        if (format)
            format->feedback |= kinds[k].bit;
        for (size_t i = 0; all && i < s->format_count; i++)
            s->formats[i].feedback |= kinds[k].bit;
    }
    return 0;
}

int sdp_read_extmap(struct sdp_parser *p, struct bytes value)
{
    static const char *const names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
    struct sdp_section *s = p->section;
    struct sdp_extension extension = {0};
    struct bytes direction = sdp_cut(&value, ' ');
    struct bytes id = sdp_cut(&direction, '/');
    uint64_t number;
    extension.uri = sdp_cut(&value, ' '); // extension attributes may follow
    if (!sdp_number(id, EXTENSION_ID_MAX, &number) || number == 0 || !extension.uri.len)
        return sdp_malformed(p, "bad extmap");
    extension.id = (uint16_t)number;
    for (int i = 0; direction.len && i < 4; i++)
        if (sdp_is(direction, names[i]))
            extension.direction = (enum sdp_direction)i;
    if (s->extension_count == SDP_EXTENSIONS_MAX)
        return sdp_full(p, "too many header extensions");
    s->extensions[s->extension_count++] = extension;
    return 0;
}

int sdp_read_rid(struct sdp_parser *p, struct bytes value)
{
    struct sdp_section *s = p->section;
    struct sdp_rid rid = {.id = sdp_cut(&value, ' ')};
    struct bytes direction = sdp_cut(&value, ' ');
    rid.send = sdp_is(direction, "send");
    rid.restrictions = sdp_trim(value);
    if (!rid.id.len || (!rid.send && !sdp_is(direction, "recv")))
        return sdp_malformed(p, "bad rid");
    if (s->rid_count == SDP_RIDS_MAX)
        return sdp_full(p, "too many rids");
    s->rids[s->rid_count++] = rid;
    return 0;
}

int sdp_read_simulcast(struct sdp_parser *p, struct bytes value)
{
    value = sdp_trim(value);
    p->parameters += sdp_count(value, ';');
    while (value.len) {
        struct bytes direction = sdp_cut(&value, ' ');
        struct bytes list = sdp_cut(&value, ' ');
        if (sdp_is(direction, "send") && list.len)
            p->section->simulcast_send = list;
        else if (sdp_is(direction, "recv") && list.len)
            p->section->simulcast_recv = list;
        else
            return sdp_malformed(p, "bad simulcast");
    }
    return 0;
}

// The entry of `ssrc`, new if need be; NULL when there is no room.
static struct sdp_ssrc *ssrc_entry(struct sdp_section *s, uint64_t ssrc)
{
    for (size_t i = 0; i < s->ssrc_count; i++)
        if (s->ssrcs[i].ssrc == ssrc)
            return &s->ssrcs[i];
    if (s->ssrc_count == SDP_SSRCS_MAX)
        return NULL;
    struct sdp_ssrc *entry = &s->ssrcs[s->ssrc_count++];
    *entry = (struct sdp_ssrc){.ssrc = (uint32_t)ssrc};
    return entry;
}

int sdp_read_ssrc(struct sdp_parser *p, struct bytes value)
{
    uint64_t ssrc;
    if (!sdp_number(sdp_cut(&value, ' '), UINT32_MAX, &ssrc) || ssrc == 0)
        return sdp_malformed(p, "bad ssrc");
    struct sdp_ssrc *entry = ssrc_entry(p->section, ssrc);
    if (!entry)
        return sdp_full(p, "too many ssrcs");
    struct bytes name = sdp_cut(&value, ':');
    if (sdp_is(name, "cname"))
        entry->cname = value;
    else if (sdp_is(name, "msid"))
        return read_msid_pair(p, value, &entry->stream_id, &entry->track_id);
    return 0;
}

int sdp_read_ssrc_group(struct sdp_parser *p, struct bytes value)
{
    struct bytes semantics = sdp_cut(&value, ' ');
    bool is_fec = sdp_is(semantics, "FEC-FR");
    if (!is_fec && !sdp_is(semantics, "FID"))
        return 0;
    uint64_t media, repair;
    if (!sdp_number(sdp_cut(&value, ' '), UINT32_MAX, &media) || media == 0 ||
        !sdp_number(sdp_cut(&value, ' '), UINT32_MAX, &repair) || repair == 0)
        return sdp_malformed(p, "bad ssrc-group");
    struct sdp_ssrc *entry = ssrc_entry(p->section, media);
    struct sdp_ssrc *second = ssrc_entry(p->section, repair);
    if (!entry || !second)
        return sdp_full(p, "too many ssrcs");
    second->is_fec |= is_fec;
    *(is_fec ? &entry->fec_ssrc : &entry->rtx_ssrc) = (uint32_t)repair;
    return 0;
}
