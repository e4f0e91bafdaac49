#include "rtc/sdp.h"

#include <inttypes.h>

// printf's "%.*s" of a view.
#define VIEW(b) (int)(b).len, (b).len ? (const char *)(b).at : ""

static const char *const directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

static void write_transport(const struct sdp_transport *t, struct text *out)
{
    static const char *const setups[] = {"", "actpass", "active", "passive", "holdconn"};
    if (t->ufrag.len)
        text_addf(out, "a=ice-ufrag:%.*s\r\n", VIEW(t->ufrag));
    if (t->pwd.len)
        text_addf(out, "a=ice-pwd:%.*s\r\n", VIEW(t->pwd));
    if (t->fingerprint.len)
        text_addf(out, "a=fingerprint:%.*s %.*s\r\n", VIEW(t->fingerprint_hash),
                  VIEW(t->fingerprint));
    if (t->setup != SDP_SETUP_NONE)
        text_addf(out, "a=setup:%s\r\n", setups[t->setup]);
}

static void write_candidate(const struct sdp_candidate *c, struct text *out)
{
    static const char *const types[] = {"host", "srflx", "prflx", "relay"};
    text_addf(out, "a=candidate:%.*s %u %s %" PRIu32 " %.*s %u typ %s", VIEW(c->foundation),
              c->component, c->tcp ? "tcp" : "udp", c->priority, VIEW(c->address), c->port,
              types[c->type]);
    if (c->rest.len)
        text_addf(out, " %.*s", VIEW(c->rest));
    text_add(out, "\r\n");
}

static void write_format(const struct sdp_format *f, struct text *out)
{
    static const struct {
        const char *name;
        uint8_t bit;
    } kinds[] = {
        {"goog-remb", SDP_GOOG_REMB}, {"transport-cc", SDP_TRANSPORT_CC},
        {"ccm fir", SDP_CCM_FIR},     {"nack", SDP_NACK},
        {"nack pli", SDP_NACK_PLI},
    };
    if (f->clock_rate) {
        text_addf(out, "a=rtpmap:%u %.*s/%" PRIu32, f->payload_type, VIEW(f->encoding),
                  f->clock_rate);
        if (f->channels)
            text_addf(out, "/%u", f->channels);
        text_add(out, "\r\n");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (f->feedback & kinds[i].bit)
            text_addf(out, "a=rtcp-fb:%u %s\r\n", f->payload_type, kinds[i].name);
    if (f->fmtp.len)
        text_addf(out, "a=fmtp:%u %.*s\r\n", f->payload_type, VIEW(f->fmtp));
}

static void write_group(const char *semantics, uint32_t ssrc, uint32_t second, struct text *out)
{
    if (second)
        text_addf(out, "a=ssrc-group:%s %" PRIu32 " %" PRIu32 "\r\n", semantics, ssrc, second);
}

static void write_ssrc(const struct sdp_ssrc *s, struct text *out)
{
    if (s->cname.len)
        text_addf(out, "a=ssrc:%" PRIu32 " cname:%.*s\r\n", s->ssrc, VIEW(s->cname));
    if (s->stream_id.len)
        text_addf(out, "a=ssrc:%" PRIu32 " msid:%.*s %.*s\r\n", s->ssrc, VIEW(s->stream_id),
                  VIEW(s->track_id));
    if (!s->cname.len && !s->stream_id.len)
        text_addf(out, "a=ssrc:%" PRIu32 "\r\n", s->ssrc);
}

// What only RTP sections have.
static void write_rtp(const struct sdp_section *s, struct text *out)
{
    for (size_t i = 0; i < s->extension_count; i++) {
        const struct sdp_extension *e = &s->extensions[i];
        text_addf(out, "a=extmap:%u%s%s %.*s\r\n", e->id,
                  e->direction == SDP_SENDRECV ? "" : "/",
                  e->direction == SDP_SENDRECV ? "" : directions[e->direction], VIEW(e->uri));
    }
    if (s->extmap_allow_mixed)
        text_add(out, "a=extmap-allow-mixed\r\n");
    if (s->stream_id.len)
        text_addf(out, "a=msid:%.*s%s%.*s\r\n", VIEW(s->stream_id), s->track_id.len ? " " : "",
                  VIEW(s->track_id));
    if (s->rtcp_mux)
        text_add(out, "a=rtcp-mux\r\n");
    if (s->rtcp_mux_only)
        text_add(out, "a=rtcp-mux-only\r\n");
    if (s->rtcp_rsize)
        text_add(out, "a=rtcp-rsize\r\n");
    for (size_t i = 0; i < s->format_count; i++)
        write_format(&s->formats[i], out);
    for (size_t i = 0; i < s->rid_count; i++) {
        const struct sdp_rid *rid = &s->rids[i];
        text_addf(out, "a=rid:%.*s %s%s%.*s\r\n", VIEW(rid->id), rid->send ? "send" : "recv",
                  rid->restrictions.len ? " " : "", VIEW(rid->restrictions));
    }
    if (s->simulcast_send.len)
        text_addf(out, "a=simulcast:send %.*s\r\n", VIEW(s->simulcast_send));
    if (s->simulcast_recv.len)
        text_addf(out, "a=simulcast:recv %.*s\r\n", VIEW(s->simulcast_recv));
    // Pion knows which SSRC repairs another only when the group stands before what it groups.
    for (size_t i = 0; i < s->ssrc_count; i++) {
        write_group("FID", s->ssrcs[i].ssrc, s->ssrcs[i].rtx_ssrc, out);
        write_group("FEC-FR", s->ssrcs[i].ssrc, s->ssrcs[i].fec_ssrc, out);
    }
    for (size_t i = 0; i < s->ssrc_count; i++)
        write_ssrc(&s->ssrcs[i], out);
}

static void write_section(const struct sdp *sdp, const struct sdp_section *s, struct text *out)
{
    text_addf(out, "m=%.*s %u %.*s %.*s\r\nc=IN IP4 0.0.0.0\r\n", VIEW(s->media), s->port,
              VIEW(s->protocol_text), VIEW(s->formats_text));
    if (s->tias_bps)
        text_addf(out, "b=TIAS:%" PRIu64 "\r\n", s->tias_bps);
    for (size_t i = 0; i < s->candidate_count; i++)
        write_candidate(&sdp->candidates[s->candidate_first + i], out);
    if (s->end_of_candidates)
        text_add(out, "a=end-of-candidates\r\n");
    write_transport(&s->transport, out);
    if (s->bundle_only)
        text_add(out, "a=bundle-only\r\n");
    if (s->mid.len)
        text_addf(out, "a=mid:%.*s\r\n", VIEW(s->mid));
    if (s->kind != SDP_APPLICATION || s->direction != SDP_SENDRECV)
        text_addf(out, "a=%s\r\n", directions[s->direction]);
    write_rtp(s, out);
    if (s->sctp_port)
        text_addf(out, "a=sctp-port:%u\r\n", s->sctp_port);
    if (s->has_max_message_size)
        text_addf(out, "a=max-message-size:%" PRIu64 "\r\n", s->max_message_size);
}

void sdp_write(const struct sdp *sdp, struct text *out)
{
    text_addf(out, "v=0\r\no=%.*s\r\ns=-\r\nt=0 0\r\n", VIEW(sdp->origin));
    if (sdp->ice_lite)
        text_add(out, "a=ice-lite\r\n");
    if (sdp->bundle_count) {
        text_add(out, "a=group:BUNDLE");
        for (size_t i = 0; i < sdp->bundle_count; i++)
            text_addf(out, " %.*s", VIEW(sdp->bundle[i]));
        text_add(out, "\r\n");
    }
    // RFC 8830 has dropped it, but aiortc reads no a=msid without.
    if (sdp->msid_semantic)
        text_add(out, "a=msid-semantic:WMS *\r\n");
    for (size_t i = 0; i < sdp->section_count; i++)
        write_section(sdp, &sdp->sections[i], out);
}
