#include "tests/sim/downlink.h"

#include "rtc/extension.h"
#include "rtc/rtcp.h"
#include "tests/sim/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SENDER_SSRC = 1,
    SLICE_US = 100 * 1000,
    REMB_US = 1000 * 1000, // libwebrtc's, unless it fell
    ROUND_TRIP_US = 200 * 1000,
    JUMP_US = 50 * 1000,
    REMB_LOOK_US = 5000 * 1000, // before it says something, unless a queue grows
    SILENT_US = 2000 * 1000,    // a stream that is over tells nothing of the way
};

static const double remb_fall = 0.97; // below this share of what was told it is told at once

void downlink_agree(struct downlink *d, const char *sdp)
{
    d->twcc_id = 0;
    for (const char *at = sdp; (at = strstr(at, "a=extmap:"));) {
        at += strlen("a=extmap:");
        size_t len = strcspn(at, "\r\n");
        const char *uri = memchr(at, ' ', len);
        if (uri && strstr(uri, "transport-wide-cc") &&
            strstr(uri, "transport-wide-cc") < at + len)
            d->twcc_id = (uint8_t)strtoul(at, NULL, 10);
    }
    d->remb = !d->twcc_id && strstr(sdp, " goog-remb");
}

// --- Transport-wide numbers ---

static void note_number(struct downlink *d, const struct rtp_packet *packet, int64_t now)
{
    struct extension_element element;
    for (size_t at = 0; extension_next(packet->extension, &at, &element);)
        if (element.id == d->twcc_id && element.data.len == 2)
            twcc_arrived(&d->recorder, read_u16(element.data.at), now);
}

// --- REMB ---

static struct downlink_stream *stream_of(struct downlink *d, const struct rtp_packet *packet)
{
    for (size_t i = 0; i < d->stream_count; i++)
        if (d->streams[i].ssrc == packet->ssrc)
            return &d->streams[i];
    if (d->stream_count == DOWNLINK_STREAMS_MAX)
        return NULL;
    struct downlink_stream *s = &d->streams[d->stream_count++];
    *s = (struct downlink_stream){.ssrc = packet->ssrc, .timestamp = packet->timestamp};
    return s;
}

static void turn_slices(struct downlink *d, int64_t now)
{
    int64_t slice = now / SLICE_US;
    if (slice - d->slice > DOWNLINK_SLICES)
        d->slice = slice - DOWNLINK_SLICES;
    while (d->slice < slice)
        d->octets[++d->slice % DOWNLINK_SLICES] = 0;
}

// The trend line of bwe_delay takes 20 frames to begin with. Receivers that send REMB have a
// filter which sees a sudden growth within a few.
static void note_frame(struct downlink_stream *s, int64_t now)
{
    int64_t *late = &s->late_us[s->frames++ % DOWNLINK_FRAMES];
    int64_t before = *late;
    *late = now - s->sent_us;
    s->jumps = s->frames > DOWNLINK_FRAMES && *late - before > JUMP_US;
}

static void note_delay(struct downlink *d, const struct rtp_packet *packet, int64_t now)
{
    struct downlink_stream *s = stream_of(d, packet);
    int32_t ticks = s ? (int32_t)(packet->timestamp - s->timestamp) : -1;
    if (s)
        s->at = now;
    if (ticks < 0)
        return; // repaired
    if (ticks > 0)
        note_frame(s, now);
    s->timestamp = packet->timestamp;
    s->sent_us += (int64_t)ticks * 1000 / 90;
    bwe_delay_arrival(&s->delay, s->sent_us, now);
}

static void forget_silent(struct downlink *d, int64_t now)
{
    for (size_t i = d->stream_count; i-- > 0;)
        if (now - d->streams[i].at > SILENT_US)
            d->streams[i] = d->streams[--d->stream_count];
}

static enum bwe_usage usage_of(const struct downlink *d)
{
    enum bwe_usage usage = BWE_NORMAL;
    for (size_t i = 0; i < d->stream_count; i++) {
        if (d->streams[i].delay.usage == BWE_OVER || d->streams[i].jumps)
            return BWE_OVER;
        if (d->streams[i].delay.usage == BWE_UNDER)
            usage = BWE_UNDER;
    }
    return usage;
}

// What came in the second before the present tenth, or since the first packet if that is half a
// second ago; 0: not known.
static double incoming_bps(const struct downlink *d)
{
    int64_t span = d->slice - d->first_at / SLICE_US;
    if (span > DOWNLINK_SLICES - 1)
        span = DOWNLINK_SLICES - 1;
    double octets = 0;
    for (int64_t i = 1; i <= span; i++)
        octets += (double)d->octets[(d->slice - i) % DOWNLINK_SLICES];
    return span >= DOWNLINK_SLICES / 2 ? octets * 8 * 1e6 / (double)(span * SLICE_US) : 0;
}

static void estimate(struct downlink *d, int64_t now)
{
    turn_slices(d, now);
    forget_silent(d, now);
    double incoming = d->first_at ? incoming_bps(d) : 0;
    if (incoming <= 0)
        return;
    enum bwe_usage usage = usage_of(d);
    if (d->rate.bps == 0 && usage != BWE_OVER && now - d->first_at < REMB_LOOK_US)
        return;
    if (d->rate.bps == 0)
        bwe_rate_set(&d->rate, incoming, now);
    bwe_rate_update(&d->rate, usage, incoming, false, ROUND_TRIP_US, now);
    if (now - d->told_at < REMB_US && d->rate.bps > remb_fall * d->told_bps)
        return;
    d->told_at = now;
    d->told_bps = d->rate.bps;
}

// --- Both ---

void downlink_packet(struct downlink *d, const struct rtp_packet *packet, size_t octets,
                     int64_t now)
{
    if (d->twcc_id)
        note_number(d, packet, now);
    if (!d->remb)
        return;
    // Where a receiver estimates, libwebrtc does not count sound: it is too little, and has
    // another clock.
    if (packet->payload_type == CLIENT_PT_OPUS || packet->payload_type == CLIENT_PT_RED)
        return;
    turn_slices(d, now);
    if (d->first_at == 0)
        d->first_at = now;
    d->octets[d->slice % DOWNLINK_SLICES] += octets;
    if (packet->payload.len > 0)
        note_delay(d, packet, now);
}

void downlink_feedback(struct downlink *d, int64_t now, struct writer *w)
{
    if (d->twcc_id && twcc_put_feedback(&d->recorder, SENDER_SSRC, 0, now, w))
        d->told++;
    if (!d->remb)
        return;
    estimate(d, now);
    if (d->told_at != now)
        return;
    uint32_t ssrcs[DOWNLINK_STREAMS_MAX];
    for (size_t i = 0; i < d->stream_count; i++)
        ssrcs[i] = d->streams[i].ssrc;
    rtcp_put_remb(w, SENDER_SSRC, (uint64_t)d->told_bps, ssrcs, d->stream_count);
    d->told++;
}
