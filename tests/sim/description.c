// The session descriptions of a simulated browser: as little as an offer or answer can say.
#include "tests/sim/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Copies what follows `prefix` on the first line that begins with it, up to `end`.
static bool read_line(const char *from, const char *end, const char *prefix, char *to,
                      size_t cap)
{
    const char *line = from;
    size_t prefix_len = strlen(prefix);
    while (line < end) {
        size_t len = strcspn(line, "\r\n");
        if (len >= prefix_len && memcmp(line, prefix, prefix_len) == 0) {
            size_t value_len = len - prefix_len;
            assert(value_len < cap);
            memcpy(to, line + prefix_len, value_len);
            to[value_len] = '\0';
            return true;
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return false;
}

void client_take_remote(struct client *c, const char *sdp)
{
    const char *end = sdp + strlen(sdp);
    bool found = read_line(sdp, end, "a=ice-ufrag:", c->remote_ufrag, sizeof c->remote_ufrag) &&
                 read_line(sdp, end, "a=ice-pwd:", c->remote_pwd, sizeof c->remote_pwd);
    assert(found);
}

static void add_session(struct text *sdp)
{
    text_add(sdp, "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
}

static void add_transport(const struct client *c, const char *setup, struct text *sdp)
{
    text_addf(sdp, "c=IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", c->ufrag, c->pwd);
    text_add(sdp, "a=fingerprint:sha-256 ");
    const uint8_t *fingerprint = dtls_identity_fingerprint(c->identity);
    for (int i = 0; i < DTLS_FINGERPRINT_LEN; i++)
        text_addf(sdp, "%s%02X", i ? ":" : "", fingerprint[i]);
    text_addf(sdp, "\r\na=setup:%s\r\n", setup);
}

static void add_data_channel(const struct client *c, const char *setup, struct text *sdp)
{
    text_add(sdp, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    add_transport(c, setup, sdp);
    text_add(sdp, "a=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n");
}

static void add_audio(const struct client_section *s, struct text *sdp)
{
    text_addf(sdp, "a=rtpmap:%d opus/48000/2\r\na=fmtp:%d minptime=10;useinbandfec=1\r\n",
              CLIENT_PT_OPUS, CLIENT_PT_OPUS);
    text_addf(sdp, "a=rtcp-fb:%d transport-cc\r\n", CLIENT_PT_OPUS);
    if (s->red)
        text_addf(sdp, "a=rtpmap:%d red/48000/2\r\na=fmtp:%d %d/%d\r\n", CLIENT_PT_RED,
                  CLIENT_PT_RED, CLIENT_PT_OPUS, CLIENT_PT_OPUS);
    text_addf(sdp, "a=extmap:%d urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
              CLIENT_EXT_LEVEL);
    if (!s->receives)
        text_addf(sdp, "a=ssrc:%u cname:c\r\n", s->ssrc);
}

static void add_fec(const struct client_section *s, struct text *sdp)
{
    text_addf(sdp, "a=rtpmap:%d flexfec-03/90000\r\na=fmtp:%d repair-window=10000000\r\n",
              CLIENT_PT_FEC, CLIENT_PT_FEC);
    text_addf(sdp, "a=rtcp-fb:%d transport-cc\r\n", CLIENT_PT_FEC);
    text_addf(sdp, "a=ssrc-group:FEC-FR %u %u\r\na=ssrc:%u cname:c\r\n", s->ssrc, s->fec_ssrc,
              s->fec_ssrc);
}

static void add_encodings(const struct client_section *s, struct text *sdp)
{
    static const char rids[3] = {'f', 'h', 'q'};
    struct text list = {0};
    for (unsigned i = 0; i < 3; i++) {
        if (s->without >> i & 1)
            continue;
        text_addf(sdp, "a=rid:%c send\r\n", rids[i]);
        text_addf(&list, "%s%c", list.len ? ";" : "", rids[i]);
    }
    text_addf(sdp, "a=simulcast:send %s\r\n", list.at);
    text_dispose(&list);
}

static void add_video(const struct client_section *s, struct text *sdp)
{
    int type = client_video_type(s->codec);
    text_addf(sdp, "a=rtpmap:%d %s/90000\r\n", type,
              codec_name(s->codec ? s->codec : CODEC_VP8));
    if (s->codec == CODEC_VP9)
        text_addf(sdp, "a=fmtp:%d profile-id=0\r\n", type);
    if (s->codec == CODEC_AV1)
        text_addf(sdp,
                  "a=extmap-allow-mixed\r\na=extmap:%d https://aomediacodec.github.io/"
                  "av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n",
                  CLIENT_EXT_DEPENDENCY);
    static const char *const feedback[] = {"transport-cc", "ccm fir", "nack", "nack pli"};
    for (size_t i = 0; i < sizeof feedback / sizeof *feedback; i++)
        text_addf(sdp, "a=rtcp-fb:%d %s\r\n", type, feedback[i]);
    text_addf(sdp, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", type + 1, type + 1, type);
    if (s->layers == 3) {
        text_addf(sdp, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n",
                  CLIENT_EXT_RID);
        text_addf(sdp, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n",
                  CLIENT_EXT_REPAIRED_RID);
        add_encodings(s, sdp);
        return;
    }
    if (s->receives)
        return;
    text_addf(sdp, "a=ssrc-group:FID %u %u\r\n", s->ssrc, s->rtx_ssrc);
    text_addf(sdp, "a=ssrc:%u cname:c\r\na=ssrc:%u cname:c\r\n", s->ssrc, s->rtx_ssrc);
    if (s->fec_ssrc)
        add_fec(s, sdp);
}

static void add_section(const struct client *c, const struct client_section *s, size_t mid,
                        struct text *sdp)
{
    if (s->video && s->fec_ssrc)
        text_addf(sdp, "m=video 9 UDP/TLS/RTP/SAVPF %d %d %d\r\n", client_video_type(s->codec),
                  client_video_type(s->codec) + 1, CLIENT_PT_FEC);
    else if (s->video)
        text_addf(sdp, "m=video 9 UDP/TLS/RTP/SAVPF %d %d\r\n", client_video_type(s->codec),
                  client_video_type(s->codec) + 1);
    else if (s->red) // as a browser that prefers it
        text_addf(sdp, "m=audio 9 UDP/TLS/RTP/SAVPF %d %d\r\n", CLIENT_PT_RED, CLIENT_PT_OPUS);
    else
        text_addf(sdp, "m=audio 9 UDP/TLS/RTP/SAVPF %d\r\n", CLIENT_PT_OPUS);
    add_transport(c, "actpass", sdp);
    text_addf(sdp, "a=mid:%zu\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", mid);
    text_addf(sdp, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid\r\n", CLIENT_EXT_MID);
    if (!c->remb_only && !c->silent)
        text_addf(sdp,
                  "a=extmap:%d http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-"
                  "extensions-01\r\n",
                  CLIENT_EXT_TWCC);
    if (s->stopped)
        text_add(sdp, "a=inactive\r\n");
    else if (s->receives)
        text_add(sdp, "a=recvonly\r\n");
    else
        text_addf(sdp, "a=sendonly\r\na=msid:%s %s\r\n", s->stream_id, s->track_id);
    if (s->video)
        add_video(s, sdp);
    else
        add_audio(s, sdp);
    if (s->video && c->remb_only)
        text_addf(sdp, "a=rtcp-fb:%d goog-remb\r\n", client_video_type(s->codec));
}

void client_write_offer(const struct client *c, const struct client_section *sections,
                        size_t count, struct text *sdp)
{
    add_session(sdp);
    text_add(sdp, "a=group:BUNDLE 0");
    for (size_t i = 0; i < count; i++)
        text_addf(sdp, " %zu", i + 1);
    text_add(sdp, "\r\n");
    add_data_channel(c, "actpass", sdp);
    for (size_t i = 0; i < count; i++)
        add_section(c, &sections[i], i + 1, sdp);
}

// --- Subscribing ---

void client_write_watch(const struct client *c, size_t audio, size_t video, struct text *sdp)
{
    struct client_section sections[CLIENT_TRACKS_MAX] = {0};
    assert(audio + video <= CLIENT_TRACKS_MAX);
    for (size_t i = 0; i < audio + video; i++)
        sections[i] =
            (struct client_section){.video = i >= audio, .layers = 1, .receives = true};
    client_write_offer(c, sections, audio + video, sdp);
}

static const char *next_section(const char *at)
{
    const char *next = strstr(at, "\nm=");
    return next ? next + 1 : NULL;
}

static void read_offered(const char *from, const char *end, struct client_offered *o)
{
    char msid[160] = "";
    char ssrcs[64] = "";
    char direction[8];
    *o = (struct client_offered){0};
    read_line(from, end, "a=mid:", o->mid, sizeof o->mid);
    o->active = !read_line(from, end, "a=inactive", direction, sizeof direction);
    o->stopped = strncmp(from + strcspn(from, " "), " 0 ", 3) == 0;
    if (read_line(from, end, "a=msid:", msid, sizeof msid))
        sscanf(msid, "%71s %71s", o->stream_id, o->track_id);
    if (read_line(from, end, "a=ssrc-group:FID ", ssrcs, sizeof ssrcs)) {
        char *rest;
        o->ssrc = (uint32_t)strtoul(ssrcs, &rest, 10);
        o->rtx_ssrc = (uint32_t)strtoul(rest, NULL, 10);
    } else if (read_line(from, end, "a=ssrc:", ssrcs, sizeof ssrcs)) {
        o->ssrc = (uint32_t)strtoul(ssrcs, NULL, 10);
    }
}

size_t client_read_offer(const char *sdp, struct client_offered *sections, size_t cap)
{
    size_t count = 0;
    const char *at = next_section(sdp); // the data channel's
    for (at = at ? next_section(at) : NULL; at; at = next_section(at)) {
        const char *end = next_section(at);
        assert(count < cap);
        read_offered(at, end ? end : at + strlen(at), &sections[count++]);
    }
    return count;
}

static bool has(struct bytes line, const char *text)
{
    return memmem(line.at, line.len, text, strlen(text));
}

// Whether a line about codecs or extensions is in the answer too.
static bool is_answered(const struct client *c, struct bytes line)
{
    static const char *const kinds[] = {"a=rtpmap:", "a=rtcp-fb:", "a=fmtp:", "a=extmap:"};
    if (c->silent && has(line, "goog-remb"))
        return false;
    if ((c->remb_only || c->silent) &&
        (has(line, "transport-cc") || has(line, "transport-wide-cc")))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (line.len > strlen(kinds[i]) && memcmp(line.at, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

uint8_t client_red_type(const char *sdp)
{
    const char *red = strstr(sdp, " red/48000");
    const char *line = red;
    while (line && line > sdp && line[-1] != '\n')
        line--;
    return line && strncmp(line, "a=rtpmap:", 9) == 0 ? (uint8_t)strtoul(line + 9, NULL, 10)
                                                      : 0;
}

static void answer_section(const struct client *c, const char *from, const char *end,
                           struct text *sdp)
{
    char mid[8] = "";
    char direction[8];
    read_line(from, end, "a=mid:", mid, sizeof mid);
    size_t line_len = strcspn(from, "\r\n");
    text_add_bytes(sdp, (struct bytes){(const uint8_t *)from, line_len});
    text_add(sdp, "\r\n");
    add_transport(c, "active", sdp);
    text_addf(sdp, "a=mid:%s\r\n", mid);
    if (memcmp(from, "m=application", strlen("m=application")) == 0) {
        text_add(sdp, "a=sctp-port:5000\r\na=max-message-size:262144\r\n");
        return;
    }
    bool active = !read_line(from, end, "a=inactive", direction, sizeof direction);
    text_addf(sdp, "a=rtcp-mux\r\na=rtcp-rsize\r\na=%s\r\n", active ? "recvonly" : "inactive");
    // The codecs and the extensions as offered.
    for (const char *line = from; line < end;) {
        size_t len = strcspn(line, "\r\n");
        if (is_answered(c, (struct bytes){(const uint8_t *)line, len})) {
            text_add_bytes(sdp, (struct bytes){(const uint8_t *)line, len});
            text_add(sdp, "\r\n");
        }
        line += len;
        line += strspn(line, "\r\n");
    }
}

void client_write_answer(const struct client *c, const char *offer, struct text *sdp)
{
    char group[4096];
    add_session(sdp);
    if (read_line(offer, offer + strlen(offer), "a=group:", group, sizeof group))
        text_addf(sdp, "a=group:%s\r\n", group);
    for (const char *at = next_section(offer); at; at = next_section(at)) {
        const char *end = next_section(at);
        answer_section(c, at, end ? end : at + strlen(at), sdp);
    }
}
