#include "rtc/sdp.h"

#include "base/err.h"
#include "rtc/sdp_parser.h"

// The transport attributes of the section, or of the session before the first section.
static struct sdp_transport *transport_of(struct sdp_parser *p)
{
    return p->section ? &p->section->transport : &p->session_transport;
}

// --- Attributes of sessions and sections ---

static int read_ufrag(struct sdp_parser *p, struct bytes value)
{
    // RFC 8839 section 5.4: 4 to 256 characters.
    if (value.len < 4 || value.len > 256)
        return sdp_malformed(p, "ice-ufrag must have 4 to 256 characters");
    transport_of(p)->ufrag = value;
    return 0;
}

static int read_pwd(struct sdp_parser *p, struct bytes value)
{
    if (value.len < 22 || value.len > 256)
        return sdp_malformed(p, "ice-pwd must have 22 to 256 characters");
    transport_of(p)->pwd = value;
    return 0;
}

static int read_fingerprint(struct sdp_parser *p, struct bytes value)
{
    struct bytes hash = sdp_cut(&value, ' ');
    value = sdp_trim(value);
    if (!hash.len || !value.len)
        return sdp_malformed(p, "fingerprint needs a hash and a value");
    struct sdp_transport *t = transport_of(p);
    if (!sdp_is(t->fingerprint_hash, "sha-256") || sdp_is(hash, "sha-256")) {
        t->fingerprint_hash = hash;
        t->fingerprint = value;
    }
    return 0;
}

static int read_setup(struct sdp_parser *p, struct bytes value)
{
    static const char *const names[] = {"", "actpass", "active", "passive", "holdconn"};
    for (int i = SDP_ACTPASS; i <= SDP_HOLDCONN; i++)
        if (sdp_is(value, names[i])) {
            transport_of(p)->setup = (enum sdp_setup)i;
            return 0;
        }
    return sdp_malformed(p, "unknown setup");
}

static int set_direction(struct sdp_parser *p, enum sdp_direction direction)
{
    if (p->section)
        p->section->direction = direction;
    else
        p->session_direction = direction;
    return 0;
}

static int read_sendrecv(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    return set_direction(p, SDP_SENDRECV);
}

static int read_sendonly(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    return set_direction(p, SDP_SENDONLY);
}

static int read_recvonly(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    return set_direction(p, SDP_RECVONLY);
}

static int read_inactive(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    return set_direction(p, SDP_INACTIVE);
}

static int read_ice_lite(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    p->sdp->ice_lite = true;
    return 0;
}

static int read_group(struct sdp_parser *p, struct bytes value)
{
    if (p->section || p->has_bundle || !sdp_is(sdp_cut(&value, ' '), "BUNDLE"))
        return 0;
    p->has_bundle = true;
    while (value.len) {
        struct bytes mid = sdp_cut(&value, ' ');
        if (!mid.len)
            continue;
        if (p->sdp->bundle_count == SDP_SECTIONS_MAX)
            return sdp_full(p, "too many mids in the group");
        p->sdp->bundle[p->sdp->bundle_count++] = mid;
    }
    return 0;
}

// --- Attributes of sections ---

static int read_mid(struct sdp_parser *p, struct bytes value)
{
    if (!value.len)
        return sdp_malformed(p, "empty mid");
    if (p->section->mid.len) // each one is compared with all of before
        return sdp_malformed(p, "mid is given twice");
    for (const struct sdp_section *s = p->sdp->sections; s < p->section; s++)
        if (bytes_equal(s->mid, value))
            return sdp_malformed(p, "mid is taken by an earlier section");
    p->section->mid = value;
    return 0;
}

static int read_bundle_only(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    p->section->bundle_only = true;
    return 0;
}

static int read_rtcp_mux(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    p->section->rtcp_mux = true;
    return 0;
}

static int read_rtcp_mux_only(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    p->section->rtcp_mux_only = true;
    return 0;
}

static int read_rtcp_rsize(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    p->section->rtcp_rsize = true;
    return 0;
}

static int read_extmap_allow_mixed(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    if (p->section)
        p->section->extmap_allow_mixed = true;
    else
        p->extmap_allow_mixed = true;
    return 0;
}

static int read_sctp_port(struct sdp_parser *p, struct bytes value)
{
    uint64_t port;
    if (!sdp_number(value, UINT16_MAX, &port) || port == 0)
        return sdp_malformed(p, "bad sctp-port");
    p->section->sctp_port = (uint16_t)port;
    return 0;
}

// The form before RFC 8841: "a=sctpmap:5000 webrtc-datachannel 1024".
static int read_sctpmap(struct sdp_parser *p, struct bytes value)
{
    return read_sctp_port(p, sdp_cut(&value, ' '));
}

static int read_max_message_size(struct sdp_parser *p, struct bytes value)
{
    if (!sdp_number(value, UINT64_MAX, &p->section->max_message_size))
        return sdp_malformed(p, "bad max-message-size");
    p->section->has_max_message_size = true;
    return 0;
}

// --- Candidates ---

// A candidate that we cannot read is one that we would not use: no reason to lose the call.
static int read_candidate(struct sdp_parser *p, struct bytes value)
{
    struct sdp *sdp = p->sdp;
    struct sdp_candidate candidate;
    if (sdp_parse_candidate(&candidate, value) < 0 || candidate.type == SDP_END ||
        !(candidate.udp || candidate.tcp))
        return 0;
    if (sdp->candidate_count == SDP_CANDIDATES_MAX)
        return sdp_full(p, "too many candidates");
    sdp->candidates[sdp->candidate_count++] = candidate;
    p->section->candidate_count++;
    return 0;
}

static int read_end_of_candidates(struct sdp_parser *p, struct bytes value)
{
    (void)value;
    p->section->end_of_candidates = true;
    return 0;
}

// --- Lines ---

static int read_attribute(struct sdp_parser *p, struct bytes value)
{
    static const struct {
        const char *name;
        size_t len;
        int (*read)(struct sdp_parser *p, struct bytes value);
        bool session; // may stand before the first section
    } attributes[] = {
        {"rtcp-fb", 7, sdp_read_rtcp_fb, false},
        {"rtpmap", 6, sdp_read_rtpmap, false},
        {"fmtp", 4, sdp_read_fmtp, false},
        {"extmap", 6, sdp_read_extmap, false},
        {"ssrc", 4, sdp_read_ssrc, false},
        {"ssrc-group", 10, sdp_read_ssrc_group, false},
        {"candidate", 9, read_candidate, false},
        {"end-of-candidates", 17, read_end_of_candidates, false},
        {"mid", 3, read_mid, false},
        {"msid", 4, sdp_read_msid, false},
        {"rid", 3, sdp_read_rid, false},
        {"simulcast", 9, sdp_read_simulcast, false},
        {"rtcp-mux", 8, read_rtcp_mux, false},
        {"rtcp-mux-only", 13, read_rtcp_mux_only, false},
        {"rtcp-rsize", 10, read_rtcp_rsize, false},
        {"extmap-allow-mixed", 18, read_extmap_allow_mixed, true},
        {"bundle-only", 11, read_bundle_only, false},
        {"sctp-port", 9, read_sctp_port, false},
        {"sctpmap", 7, read_sctpmap, false},
        {"max-message-size", 16, read_max_message_size, false},
        {"ice-ufrag", 9, read_ufrag, true},
        {"ice-pwd", 7, read_pwd, true},
        {"ice-lite", 8, read_ice_lite, true},
        {"fingerprint", 11, read_fingerprint, true},
        {"setup", 5, read_setup, true},
        {"sendrecv", 8, read_sendrecv, true},
        {"sendonly", 8, read_sendonly, true},
        {"recvonly", 8, read_recvonly, true},
        {"inactive", 8, read_inactive, true},
        {"group", 5, read_group, true},
    };
    struct bytes name = sdp_cut(&value, ':');
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (name.len == attributes[i].len && sdp_is(name, attributes[i].name))
            return p->section || attributes[i].session ? attributes[i].read(p, sdp_trim(value))
                                                       : 0;
    return 0;
}

static int read_formats(struct sdp_parser *p, struct bytes rest)
{
    struct sdp_section *s = p->section;
    while (rest.len) {
        uint64_t payload_type;
        if (!sdp_number(sdp_cut(&rest, ' '), SDP_PAYLOAD_TYPE_MAX, &payload_type))
            return sdp_malformed(p, "bad payload type");
        if (p->format_at[payload_type])
            return sdp_malformed(p, "payload type is listed twice");
        if (s->format_count == SDP_FORMATS_MAX)
            return sdp_full(p, "too many formats");
        s->formats[s->format_count++].payload_type = (uint8_t)payload_type;
        p->format_at[payload_type] = (uint8_t)s->format_count;
    }
    return 0;
}

static int read_media(struct sdp_parser *p, struct bytes value)
{
    static const char *const kinds[] = {"audio", "video", "application"};
    struct sdp *sdp = p->sdp;
    if (sdp->section_count == sdp->section_cap || sdp->section_count == SDP_SECTIONS_MAX)
        return sdp_full(p, "too many media sections");
    struct sdp_section *s = &sdp->sections[sdp->section_count++];
    memset(s, 0, sizeof *s);
    memset(p->format_at, 0, sizeof p->format_at);
    p->section = s;
    s->line = p->line;
    s->transport = p->session_transport;
    s->direction = p->session_direction;
    s->extmap_allow_mixed = p->extmap_allow_mixed;
    s->candidate_first = sdp->candidate_count;

    s->media = sdp_cut(&value, ' ');
    struct bytes port = sdp_cut(&value, ' ');
    s->protocol_text = sdp_cut(&value, ' ');
    s->formats_text = sdp_trim(value);
    uint64_t number;
    // "port/count" is for layered RTP over several ports, which nobody offers.
    if (!s->media.len || !sdp_number(port, UINT16_MAX, &number) || !s->protocol_text.len ||
        !s->formats_text.len)
        return sdp_malformed(p, "bad media line");
    s->port = (uint16_t)number;
    s->kind = SDP_OTHER;
    for (int i = SDP_AUDIO; i <= SDP_APPLICATION; i++)
        if (sdp_is(s->media, kinds[i]))
            s->kind = (enum sdp_kind)i;
    s->protocol = sdp_protocol_of(s->protocol_text);
    return s->protocol == SDP_RTP ? read_formats(p, s->formats_text) : 0;
}

static int read_line(struct sdp_parser *p, struct bytes line)
{
    if (p->line == 1)
        return bytes_equal(line, bytes_of("v=0")) ? 0 : sdp_malformed(p, "must be v=0");
    // A CR inside a line would be the end of one to other readers: what we copy into an offer
    // to somebody else must not grow lines.
    if (line.len < 2 || line.at[1] != '=' || memchr(line.at, '\r', line.len) ||
        (p->has_nul && memchr(line.at, '\0', line.len)))
        return sdp_malformed(p, "not a line of SDP");
    struct bytes value = {line.at + 2, line.len - 2};
    switch (line.at[0]) {
    case 'o':
        p->sdp->origin = value;
        return 0;
    case 'm':
        return read_media(p, value);
    case 'a':
        return read_attribute(p, value);
    default:
        return 0; // s= t= c= b= and others say nothing that WebRTC looks at
    }
}

// Counts the octets of a line where they belong.
static void count_len(struct sdp_parser *p, size_t len)
{
    if (p->section)
        p->section->len += len;
    else
        p->sdp->session_len += len;
}

int sdp_parse(struct sdp *sdp, struct bytes text, struct sdp_error *error)
{
    bool has_nul = text.len && memchr(text.at, '\0', text.len);
    struct sdp_parser p = {.sdp = sdp, .has_nul = has_nul};
    int err = 0;
    sdp->origin = (struct bytes){0};
    sdp->session_len = 0;
    sdp->ice_lite = false;
    sdp->msid_semantic = false;
    sdp->bundle_count = 0;
    sdp->section_count = 0;
    sdp->candidate_count = 0;

    if (text.len > SDP_LEN_MAX)
        err = sdp_full(&p, "description is too long");
    while (err == 0 && (text.len || p.line == 0)) {
        size_t len_before = text.len;
        struct bytes line = sdp_cut(&text, '\n');
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        p.line++;
        if (line.len == 0 && text.len == 0 && p.line > 1)
            break; // an empty last line does no harm
        err = read_line(&p, line);
        if (err == 0 && p.line + p.parameters > SDP_PARTS_MAX)
            err = sdp_full(&p, "too many lines and parameters");
        count_len(&p, len_before - text.len);
    }
    if (err < 0)
        *error = (struct sdp_error){p.line ? p.line : 1, p.what};
    return err;
}
