#include "tests/sim/source.h"

#include "base/mem.h"
#include "rtc/red.h"
#include "rtc/rtcp.h"
#include "tests/sim/frame_sizes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_FRAME_FACTOR = 4,
    MARK_MAGIC = 0x5ca1ab1e,
    // Of frames that have a rate:
    REAL_PACKET_MAX = 1130, // octets of payload
    REAL_PACKET_MIN = 60,
    SOUND_KBPS = 32,
    LOSSY = 256 / 50, // a fraction of 2 %, from which on libwebrtc lets Opus repeat
};

static const char *const rids[3] = {"f", "h", "q"};

static void mark_write(struct writer *w, const struct mark *m)
{
    put_u32(w, (uint32_t)MARK_MAGIC);
    put_u8(w, m->layer);
    put_u8(w, m->key);
    put_u32(w, m->frame);
    put_u8(w, m->index);
    put_u8(w, m->count);
    put_u8(w, m->temporal);
    put_u8(w, m->back);
    put_u8(w, m->spatial);
    put_u8(w, m->below);
}

bool mark_read(struct mark *mark, bool video, struct bytes payload)
{
    for (size_t at = 1; at <= (video ? MARK_AT_MAX : 1) && at + MARK_LEN <= payload.len; at++) {
        if (read_u32(payload.at + at) != (uint32_t)MARK_MAGIC)
            continue;
        const uint8_t *p = payload.at + at + 4;
        *mark =
            (struct mark){p[0], p[1], read_u32(p + 2), p[6], p[7], p[8], p[9], p[10], p[11]};
        return true;
    }
    return false;
}

bool mark_read_red(struct mark *mark, struct bytes payload)
{
    struct red red;
    return mark_read(mark, false, payload) ||
           (red_parse(&red, payload) == 0 && mark_read(mark, false, red_primary(&red)->data));
}

static void begin_stream(struct source *s, unsigned layer, struct rng *rng)
{
    struct source_layer *l = &s->layers[layer];
    l->ssrc = rng_u32(rng);
    l->rtx_ssrc = s->video ? rng_u32(rng) : 0;
    l->seq = rng_below(rng, 32768);
    l->rtx_seq = rng_below(rng, 32768);
    l->timestamp_base = rng_u32(rng);
    l->picture_id = (uint16_t)rng_below(rng, 32768);
    l->tl0 = (uint8_t)rng_u32(rng);
    l->number_base = l->picture_id;
    l->keys = 0;
    l->key_wanted = true;
    l->packets = l->octets = 0;
}

void source_init(struct source *s, struct client *c, uint16_t *twcc,
                 const struct client_section *section, size_t mid, struct rng *rng)
{
    *s = (struct source){.client = c,
                         .twcc = twcc,
                         .video = section->video,
                         .layer_count = section->layers,
                         .level = 127};
    snprintf(s->mid, sizeof s->mid, "%u", (unsigned)mid);
    for (unsigned i = 0; i < s->layer_count; i++) {
        struct source_layer *l = &s->layers[i];
        l->packets_per_frame = s->layer_count == 1 ? 4 : s->layer_count - i;
        l->kept = mem_alloc_array(SOURCE_KEPT, sizeof *l->kept);
        begin_stream(s, i, rng);
        if (section->layers == 1) {
            l->ssrc = section->ssrc;
            l->rtx_ssrc = section->rtx_ssrc;
        }
    }
}

void source_change_ssrc(struct source *s, unsigned layer, struct rng *rng)
{
    begin_stream(s, layer, rng);
    memset(s->layers[layer].kept, 0, SOURCE_KEPT * sizeof *s->layers[layer].kept);
}

void source_dispose(struct source *s)
{
    for (unsigned i = 0; i < s->layer_count; i++)
        mem_free(s->layers[i].kept);
}

// `two`: in the form with two octets in front, which has room for more.
static void put_extension(struct writer *w, bool two, uint8_t id, struct bytes value)
{
    if (two) {
        put_u8(w, id);
        put_u8(w, (uint8_t)value.len);
    } else {
        put_u8(w, (uint8_t)(id << 4 | (value.len - 1)));
    }
    put_bytes(w, value);
}

// A header with all extensions that a browser sends on the first packets of a stream.
static void put_header(struct source *s, unsigned layer, struct writer *w, uint8_t first,
                       uint8_t payload_type, uint64_t seq, uint32_t timestamp, uint32_t ssrc,
                       bool repair, struct bytes descriptor)
{
    bool two = descriptor.len > 16;
    put_u8(w, first | 0x10);
    put_u8(w, payload_type);
    put_u16(w, (uint16_t)seq);
    put_u32(w, timestamp);
    put_u32(w, ssrc);
    put_u16(w, two ? 0x1000 : 0xbede);
    size_t length_at = w->len;
    put_u16(w, 0);
    uint8_t number[2];
    write_u16(number, (*s->twcc)++);
    put_extension(w, two, CLIENT_EXT_TWCC, (struct bytes){number, 2});
    put_extension(w, two, CLIENT_EXT_MID, bytes_of(s->mid));
    if (s->layer_count > 1)
        put_extension(w, two, repair ? CLIENT_EXT_REPAIRED_RID : CLIENT_EXT_RID,
                      bytes_of(rids[layer]));
    if (!s->video && !s->no_level)
        put_extension(w, two, CLIENT_EXT_LEVEL, (struct bytes){&s->level, 1});
    if (descriptor.len)
        put_extension(w, two, CLIENT_EXT_DEPENDENCY, descriptor);
    while ((w->len - length_at - 2) % 4)
        put_u8(w, 0);
    write_u16(w->at + length_at, (uint16_t)((w->len - length_at - 2) / 4));
}

static void keep(struct source_layer *l, uint32_t timestamp, struct bytes payload,
                 struct bytes descriptor)
{
    struct source_packet *kept = &l->kept[l->seq % SOURCE_KEPT];
    kept->timestamp = timestamp;
    kept->descriptor_len = (uint8_t)descriptor.len;
    if (descriptor.len)
        memcpy(kept->descriptor, descriptor.at, descriptor.len);
    assert(payload.len <= sizeof kept->at);
    kept->len = (uint16_t)payload.len;
    if (payload.len)
        memcpy(kept->at, payload.at, payload.len);
}

// By the source's own clock.
static int64_t own_time(const struct source *s, int64_t now)
{
    return now + now / 1000000 * s->clock_ppm;
}

static uint32_t timestamp_at(const struct source *s, const struct source_layer *l, int64_t now)
{
    int64_t clock_rate = s->video ? 90000 : 48000;
    return l->timestamp_base + (uint32_t)(own_time(s, now) * clock_rate / 1000000);
}

// Puts the frame before this one in front of it: RFC 2198 section 3.
static void repeat_frame(struct source *s, struct writer *p)
{
    uint8_t own[SOURCE_RED_MAX];
    size_t own_len = p->len;
    assert(own_len <= sizeof own);
    memcpy(own, p->at, own_len);
    p->len = 0;
    if (s->red_len) {
        put_u8(p, 0x80 | CLIENT_PT_OPUS);
        put_u24(p, (uint32_t)(AUDIO_FRAME_US * 48 / 1000) << 10 | s->red_len);
    }
    put_u8(p, CLIENT_PT_OPUS);
    put_bytes(p, (struct bytes){s->red_frame, s->red_len});
    put_bytes(p, (struct bytes){own, own_len});
    memcpy(s->red_frame, own, own_len);
    s->red_len = (uint8_t)own_len;
}

// Whether it is the last packet of a picture, which bears the marker.
static bool ends_picture(const struct source *s, const struct mark *m)
{
    return s->video && m->index + 1 == m->count && m->spatial + 1u == shape_spatial(&s->shape);
}

static void send_packet(struct source *s, unsigned layer, const struct mark *m, size_t len,
                        int64_t now, struct batch *out)
{
    struct source_layer *l = &s->layers[layer];
    uint8_t payload[1200] = {0};
    struct writer p = writer_on(payload, sizeof payload);
    if (s->video) {
        shape_put_descriptor(&s->shape, m, l->cycle, l->picture_id, l->tl0, &p);
    } else {
        put_u8(&p, 0x78); // Opus: CELT, 20 ms
    }
    mark_write(&p, m);
    assert(len >= p.len && len <= sizeof payload);
    p.len = len;
    uint8_t type = s->video ? client_video_type(s->shape.codec) : CLIENT_PT_OPUS;
    if (s->red_type) {
        repeat_frame(s, &p);
        type = s->red_type;
    }
    uint8_t octets[255];
    struct bytes descriptor = {octets, 0};
    if (s->video && s->shape.codec == CODEC_AV1)
        descriptor.len = shape_describe(&s->shape, m, l->cycle,
                                        (uint16_t)(l->number_base + m->frame), l->keys, octets);
    assert(descriptor.len <= SOURCE_DESCRIPTOR_MAX);
    keep(l, timestamp_at(s, l, now), (struct bytes){payload, p.len}, descriptor);

    uint8_t packet[1400];
    struct writer w = writer_on(packet, sizeof packet);
    bool last = ends_picture(s, m);
    put_header(s, layer, &w, 0x80, last ? type | 0x80 : type, l->seq, timestamp_at(s, l, now),
               l->ssrc, false, descriptor);
    put_bytes(&w, (struct bytes){payload, p.len});
    client_send_rtp(s->client, (struct bytes){packet, w.len}, l->seq, out);
    l->seq++;
    l->packets++;
    l->octets += (uint32_t)p.len;
}

// What was recorded of such a layer nearest to a rate.
static const struct frame_sizes *recorded(unsigned layer, unsigned kbps)
{
    const struct frame_sizes *nearest = NULL;
    for (size_t i = 0; i < frame_sizes_count; i++) {
        const struct frame_sizes *sizes = &frame_sizes[i];
        if (sizes->layer == layer && (!nearest || abs((int)sizes->kbps - (int)kbps) <
                                                      abs((int)nearest->kbps - (int)kbps)))
            nearest = sizes;
    }
    assert(nearest);
    return nearest;
}

static size_t draw(const struct frame_list *list, uint32_t number)
{
    return list->count ? list->sizes[number % list->count] : 0;
}

// Of the rate of a stream, by how many layers are above: per cent.
static const unsigned spatial_share[SPATIAL_MAX] = {70, 23, 7};

// A frame of a layer that has a rate: as large as one that was recorded, in proportion. What a
// key frame takes too much is saved in those behind it.
static size_t size_recorded(struct source *s, unsigned layer, const struct mark *m)
{
    struct source_layer *l = &s->layers[layer];
    // Spatial layers are as large as the layers of a simulcast: the best takes most.
    unsigned above = shape_spatial(&s->shape) - 1 - m->spatial;
    unsigned kbps =
        shape_spatial(&s->shape) == 1 ? l->kbps : l->kbps * spatial_share[above] / 100;
    const struct frame_sizes *sizes = recorded(layer + above, kbps);
    const struct frame_list *list = m->key ? &sizes->keys : &sizes->deltas[m->temporal];
    size_t octets = draw(list, l->ssrc + m->frame / 4) * kbps / sizes->kbps;
    size_t mean = (size_t)kbps * 125 * VIDEO_FRAME_US / 1000000;
    if (m->key) {
        l->debt = octets > mean ? (unsigned)(octets - mean) : 0;
        return octets;
    }
    size_t paid = l->debt < octets / 4 ? l->debt : octets / 4;
    l->debt -= (unsigned)paid;
    return octets - paid;
}

// How large a frame is, in octets of payload, and how many packets that makes. Sizes are as
// browsers make them: equal in a frame, another in the next.
static size_t size_frame(struct source *s, unsigned layer, struct mark *m)
{
    struct source_layer *l = &s->layers[layer];
    if (!s->video) {
        m->count = 1;
        return draw(&recorded(FRAME_SIZES_SOUND, SOUND_KBPS)->deltas[0], m->frame);
    }
    if (l->kbps == 0) {
        m->count = (uint8_t)(l->packets_per_frame * (m->key ? KEY_FRAME_FACTOR : 1));
        return 900 + (m->frame * 37) % 250;
    }
    size_t octets = size_recorded(s, layer, m);
    size_t count = (octets + REAL_PACKET_MAX - 1) / REAL_PACKET_MAX;
    m->count = (uint8_t)(count < 255 ? count : 255);
    size_t len = octets / m->count;
    return len > REAL_PACKET_MIN ? len : REAL_PACKET_MIN;
}

// The frames of one picture. Those without a rate are all of one temporal layer.
static void send_picture(struct source *s, unsigned layer, int64_t now, struct batch *out)
{
    struct source_layer *l = &s->layers[layer];
    bool key = s->video && l->key_wanted;
    l->key_wanted = false;
    l->picture_id = (l->picture_id + 1) & 0x7fff;
    l->keys += key;
    l->cycle = key || !s->video ? 0 : (l->cycle + 1) % 4;
    for (unsigned i = 0; i < shape_spatial(&s->shape); i++) {
        struct mark m = {
            .layer = (uint8_t)layer, .frame = ++l->frame, .key = key, .spatial = (uint8_t)i};
        if (!s->video)
            m.back = s->fec;
        else if (l->kbps)
            shape_place(&s->shape, l->cycle, &m);
        else
            m.back = !key;
        if (i == 0 && m.temporal == 0)
            l->tl0++;
        size_t len = size_frame(s, layer, &m);
        for (m.index = 0; m.index < m.count; m.index++)
            send_packet(s, layer, &m, len, now, out);
    }
}

// --- Rates ---

// Of simulcast layers of 720p, 360p and 180p, best first: kbit/s.
static const struct {
    unsigned least;
    unsigned most;
} layer_rates[3] = {{600, 1500}, {150, 500}, {30, 150}};

void source_allot(struct source *s, unsigned kbps)
{
    for (unsigned i = s->layer_count; i-- > 0;) {
        struct source_layer *l = &s->layers[i];
        unsigned most = layer_rates[i].most;
        bool fits = kbps >= layer_rates[i].least || i + 1 == s->layer_count;
        l->kbps = !fits ? l->kbps : kbps < most ? kbps : most;
        if (l->kbps < layer_rates[i].least)
            l->kbps = layer_rates[i].least;
        if (fits && s->paused[i])
            l->key_wanted = true;
        s->paused[i] = !fits;
        kbps -= fits && kbps > l->kbps ? l->kbps : fits ? kbps : 0;
    }
}

unsigned source_most(const struct source *s)
{
    unsigned kbps = 0;
    for (unsigned i = 0; i < s->layer_count; i++)
        kbps += layer_rates[i].most;
    return kbps;
}

void source_frame(struct source *s, int64_t now, struct batch *out)
{
    for (unsigned i = s->layer_count; i-- > 0;)
        if (!s->paused[i] && !s->off)
            send_picture(s, i, now, out);
}

void source_probe(struct source *s, size_t padding_len, int64_t now, struct batch *out)
{
    assert(padding_len > 0 && padding_len <= SOURCE_PADDING_MAX);
    unsigned layer = s->layer_count - 1; // the lowest is never paused
    for (unsigned i = s->layer_count; i-- > 0;)
        layer = s->paused[i] ? layer : i;
    struct source_layer *l = &s->layers[layer];
    uint8_t packet[512];
    struct writer w = writer_on(packet, sizeof packet);
    put_header(s, layer, &w, 0xa0, client_video_type(s->shape.codec), l->seq,
               timestamp_at(s, l, now), l->ssrc, false, (struct bytes){0});
    uint8_t padding[SOURCE_PADDING_MAX] = {0};
    padding[padding_len - 1] = (uint8_t)padding_len;
    put_bytes(&w, (struct bytes){padding, padding_len});
    keep(l, timestamp_at(s, l, now), (struct bytes){0}, (struct bytes){0});
    client_send_rtp(s->client, (struct bytes){packet, w.len}, l->seq++, out);
}

void source_report(struct source *s, int64_t now, struct batch *out)
{
    for (unsigned i = 0; i < s->layer_count; i++) {
        struct source_layer *l = &s->layers[i];
        // A clock of its own, a day ahead of the server's unless it is said.
        uint64_t wall_us = (uint64_t)own_time(s, now) + 86400000000u + (uint64_t)s->clock_us;
        uint64_t ntp = (wall_us / 1000000) << 32 | ((wall_us % 1000000) << 32) / 1000000;
        struct rtcp_sender_info info = {ntp, timestamp_at(s, l, now), l->packets, l->octets};
        uint8_t buffer[128];
        struct writer w = writer_on(buffer, sizeof buffer);
        rtcp_put_sender_report(&w, l->ssrc, &info, NULL, 0);
        rtcp_put_cname(&w, l->ssrc, bytes_of("c"));
        client_send_rtcp(s->client, (struct bytes){buffer, w.len}, out);
    }
}

// --- Feedback ---

static void retransmit(struct source *s, unsigned layer, uint16_t seq16, struct batch *out)
{
    struct source_layer *l = &s->layers[layer];
    uint16_t back = (uint16_t)((uint16_t)l->seq - seq16);
    if (back == 0 || back > SOURCE_KEPT || back > l->seq || l->rtx_ssrc == 0)
        return;
    uint64_t seq = l->seq - back;
    const struct source_packet *kept = &l->kept[seq % SOURCE_KEPT];
    struct mark m;
    bool marked = mark_read(&m, s->video, (struct bytes){kept->at, kept->len});
    if (s->unrepeated && marked && m.temporal == 2)
        return;
    bool last = marked && ends_picture(s, &m);
    uint8_t rtx = (uint8_t)(client_video_type(s->shape.codec) + 1);
    uint8_t packet[1500];
    struct writer w = writer_on(packet, sizeof packet);
    put_header(s, layer, &w, 0x80, last ? rtx | 0x80 : rtx, l->rtx_seq, kept->timestamp,
               l->rtx_ssrc, true, (struct bytes){kept->descriptor, kept->descriptor_len});
    put_u16(&w, seq16);
    put_bytes(&w, (struct bytes){kept->at, kept->len});
    client_send_rtp(s->client, (struct bytes){packet, w.len}, l->rtx_seq++, out);
    s->retransmitted++;
}

static void take_nack(struct source *s, const struct rtcp_packet *packet, struct batch *out)
{
    for (unsigned i = 0; i < s->layer_count; i++) {
        if (s->layers[i].ssrc != packet->media_ssrc)
            continue;
        for (size_t j = 0; j < packet->count; j++) {
            uint16_t seqs[17];
            size_t count = rtcp_nack(packet, j, seqs);
            for (size_t k = 0; k < count; k++)
                retransmit(s, i, seqs[k], out);
        }
    }
}

static void take_reports(struct source *s, const struct rtcp_packet *packet)
{
    if (packet->kind != RTCP_SENDER_REPORT && packet->kind != RTCP_RECEIVER_REPORT)
        return;
    for (size_t i = 0; i < packet->count; i++) {
        struct rtcp_report_block block = rtcp_report_block(packet, i);
        if (block.ssrc == s->layers[0].ssrc)
            s->fec = block.fraction_lost >= LOSSY;
    }
}

void source_feedback(struct source *s, struct bytes compound, struct batch *out)
{
    struct rtcp_cursor cursor;
    int err = rtcp_begin(&cursor, compound);
    assert(err == 0); // the server sends nothing that it would not read
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);) {
        if (packet.kind == RTCP_NACK)
            take_nack(s, &packet, out);
        if (!s->video)
            take_reports(s, &packet);
        for (unsigned i = 0; i < s->layer_count && packet.kind == RTCP_PLI; i++)
            if (s->layers[i].ssrc == packet.media_ssrc) {
                s->layers[i].key_wanted = true;
                s->layers[i].asked++;
                s->key_frames_asked++;
            }
    }
}
