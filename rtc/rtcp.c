#include "rtc/rtcp.h"

#include "base/err.h"

#include <assert.h>

enum {
    HEADER_LEN = 4,
    SENDER_INFO_LEN = 20,
    REPORT_BLOCK_LEN = 24,
    FEEDBACK_LEN = 8, // the two SSRCs of every feedback packet
    NACK_ENTRY_LEN = 4,
    FIR_ENTRY_LEN = 8,
    REMB_LEN = 8, // "REMB", number of SSRCs, rate
    TWCC_LEN_MIN = 8 + 2,
    CNAME_ITEM = 1,
    CNAME_LEN_MAX = 255,
};

enum { // packet types: RFC 3550 section 12.1, RFC 4585 section 6.1
    TYPE_SR = 200,
    TYPE_RR = 201,
    TYPE_SDES = 202,
    TYPE_BYE = 203,
    TYPE_RTPFB = 205,
    TYPE_PSFB = 206,
};

enum { // FMT of feedback packets
    RTPFB_NACK = 1,
    RTPFB_TWCC = 15,
    PSFB_PLI = 1,
    PSFB_FIR = 4,
    PSFB_APPLICATION = 15, // REMB among others
};

// --- Reading: each takes the body behind the 4-octet header, without padding ---

static int read_report(struct rtcp_packet *packet, bool is_sender, size_t count,
                       struct bytes body)
{
    size_t start = 4 + (is_sender ? SENDER_INFO_LEN : 0);
    // What follows the blocks is a profile's own extension.
    if (body.len < start + count * REPORT_BLOCK_LEN)
        return ERR_MALFORMED;
    packet->kind = is_sender ? RTCP_SENDER_REPORT : RTCP_RECEIVER_REPORT;
    packet->sender_ssrc = read_u32(body.at);
    packet->count = count;
    packet->entries = (struct bytes){body.at + start, count * REPORT_BLOCK_LEN};
    if (is_sender)
        packet->sender = (struct rtcp_sender_info){
            .ntp = read_u64(body.at + 4),
            .rtp = read_u32(body.at + 12),
            .packets = read_u32(body.at + 16),
            .octets = read_u32(body.at + 20),
        };
    return 0;
}

// RFC 3550 section 6.5: chunks of an SSRC and items; a zero octet ends the items, and the chunk
// is filled up to a multiple of 4.
static int read_sdes(struct rtcp_packet *packet, size_t count, struct bytes body)
{
    size_t i = 0;
    for (size_t chunk = 0; chunk < count; chunk++) {
        // An SSRC, and at least the zero with its padding.
        if (i > body.len || body.len - i < 8)
            return ERR_MALFORMED;
        i += 4;
        while (i < body.len && body.at[i] != 0) {
            if (body.len - i < 2)
                return ERR_MALFORMED;
            i += 2u + body.at[i + 1];
        }
        if (i >= body.len)
            return ERR_MALFORMED;
        i = (i + 4) & ~(size_t)3;
    }
    packet->kind = RTCP_SDES;
    packet->count = count;
    packet->entries = body;
    return 0;
}

static int read_bye(struct rtcp_packet *packet, size_t count, struct bytes body)
{
    size_t len = 4 * count;
    if (body.len < len)
        return ERR_MALFORMED;
    // A reason may follow.
    if (body.len > len && body.at[len] + 1u > body.len - len)
        return ERR_MALFORMED;
    packet->kind = RTCP_BYE;
    packet->sender_ssrc = count > 0 ? read_u32(body.at) : 0;
    packet->count = count;
    packet->entries = (struct bytes){body.at, len};
    return 0;
}

static int read_entries(struct rtcp_packet *packet, enum rtcp_kind kind, struct bytes fci,
                        size_t entry_len)
{
    if (fci.len == 0 || fci.len % entry_len != 0)
        return ERR_MALFORMED;
    packet->kind = kind;
    packet->count = fci.len / entry_len;
    packet->entries = fci;
    return 0;
}

// draft-alvestrand-rmcat-remb-03 section 2.2. Other application feedback is not ours to judge.
static int read_remb(struct rtcp_packet *packet, struct bytes fci)
{
    if (fci.len < 4 || memcmp(fci.at, "REMB", 4) != 0)
        return 0;
    if (fci.len < REMB_LEN)
        return ERR_MALFORMED;
    size_t count = fci.at[4];
    uint32_t exponent = fci.at[5] >> 2;
    uint64_t mantissa = read_u24(fci.at + 5) & 0x3ffff;
    if (fci.len < REMB_LEN + 4 * count || (mantissa << exponent) >> exponent != mantissa)
        return ERR_MALFORMED;
    packet->kind = RTCP_REMB;
    packet->rate_bps = mantissa << exponent;
    packet->count = count;
    packet->entries = (struct bytes){fci.at + REMB_LEN, 4 * count};
    return 0;
}

static int read_feedback(struct rtcp_packet *packet, uint8_t type, uint8_t format,
                         struct bytes body)
{
    if (body.len < FEEDBACK_LEN)
        return ERR_MALFORMED;
    packet->sender_ssrc = read_u32(body.at);
    packet->media_ssrc = read_u32(body.at + 4);
    struct bytes fci = {body.at + FEEDBACK_LEN, body.len - FEEDBACK_LEN};

    if (type == TYPE_RTPFB && format == RTPFB_NACK)
        return read_entries(packet, RTCP_NACK, fci, NACK_ENTRY_LEN);
    if (type == TYPE_RTPFB && format == RTPFB_TWCC) {
        if (fci.len < TWCC_LEN_MIN)
            return ERR_MALFORMED;
        packet->kind = RTCP_TWCC;
        packet->entries = fci;
        return 0;
    }
    if (type == TYPE_PSFB && format == PSFB_PLI) {
        packet->kind = RTCP_PLI;
        return 0;
    }
    if (type == TYPE_PSFB && format == PSFB_FIR)
        return read_entries(packet, RTCP_FIR, fci, FIR_ENTRY_LEN);
    if (type == TYPE_PSFB && format == PSFB_APPLICATION)
        return read_remb(packet, fci);
    return 0;
}

// Reads the first packet of `rest`.
static int read_packet(struct rtcp_packet *packet, struct bytes rest)
{
    const uint8_t *p = rest.at;
    if (rest.len < HEADER_LEN || p[0] >> 6 != 2)
        return ERR_MALFORMED;
    size_t len = HEADER_LEN + 4 * (size_t)read_u16(p + 2);
    if (rest.len < len)
        return ERR_MALFORMED;

    // RFC 3550 section 6.4.1 allows padding in the last packet only; libwebrtc pads
    // transport-wide feedback wherever it stands.
    bool has_padding = p[0] & 0x20;
    size_t padding_len = has_padding ? p[len - 1] : 0;
    if (has_padding && (padding_len == 0 || padding_len > len - HEADER_LEN))
        return ERR_MALFORMED;

    *packet = (struct rtcp_packet){.kind = RTCP_OTHER, .whole = {p, len}};
    struct bytes body = {p + HEADER_LEN, len - HEADER_LEN - padding_len};
    uint8_t count = p[0] & 0x1f;
    switch (p[1]) {
    case TYPE_SR:
        return read_report(packet, true, count, body);
    case TYPE_RR:
        return read_report(packet, false, count, body);
    case TYPE_SDES:
        return read_sdes(packet, count, body);
    case TYPE_BYE:
        return read_bye(packet, count, body);
    case TYPE_RTPFB:
    case TYPE_PSFB:
        return read_feedback(packet, p[1], count, body);
    default:
        return 0;
    }
}

static struct bytes skip(struct bytes b, size_t len)
{
    return (struct bytes){b.at + len, b.len - len};
}

int rtcp_begin(struct rtcp_cursor *cursor, struct bytes compound)
{
    if (compound.len == 0)
        return ERR_MALFORMED;
    struct rtcp_packet packet;
    for (struct bytes rest = compound; rest.len > 0; rest = skip(rest, packet.whole.len))
        if (read_packet(&packet, rest) < 0)
            return ERR_MALFORMED;
    cursor->rest = compound;
    return 0;
}

bool rtcp_next(struct rtcp_cursor *cursor, struct rtcp_packet *packet)
{
    if (cursor->rest.len == 0 || read_packet(packet, cursor->rest) < 0)
        return false;
    cursor->rest = skip(cursor->rest, packet->whole.len);
    return true;
}

// --- Entries ---

// 24 bits, two's complement.
static int32_t read_i24(const uint8_t *p)
{
    uint32_t v = read_u24(p);
    return (int32_t)(v ^ 0x800000) - 0x800000;
}

struct rtcp_report_block rtcp_report_block(const struct rtcp_packet *packet, size_t i)
{
    assert(i < packet->count);
    const uint8_t *p = packet->entries.at + i * REPORT_BLOCK_LEN;
    return (struct rtcp_report_block){
        .ssrc = read_u32(p),
        .fraction_lost = p[4],
        .cumulative_lost = read_i24(p + 5),
        .highest_seq = read_u32(p + 8),
        .jitter = read_u32(p + 12),
        .last_sr = read_u32(p + 16),
        .delay_since_sr = read_u32(p + 20),
    };
}

uint32_t rtcp_ssrc(const struct rtcp_packet *packet, size_t i)
{
    assert(i < packet->count);
    return read_u32(packet->entries.at + 4 * i);
}

uint32_t rtcp_fir(const struct rtcp_packet *packet, size_t i, uint8_t *nr)
{
    assert(i < packet->count);
    const uint8_t *p = packet->entries.at + i * FIR_ENTRY_LEN;
    *nr = p[4];
    return read_u32(p);
}

size_t rtcp_nack(const struct rtcp_packet *packet, size_t i, uint16_t seqs[17])
{
    assert(i < packet->count);
    const uint8_t *p = packet->entries.at + i * NACK_ENTRY_LEN;
    uint16_t first = read_u16(p);
    uint16_t following = read_u16(p + 2);
    size_t count = 0;
    seqs[count++] = first;
    for (uint16_t bit = 0; bit < 16; bit++)
        if (following >> bit & 1)
            seqs[count++] = (uint16_t)(first + bit + 1);
    return count;
}

// --- Writing ---

static void put_header(struct writer *w, uint8_t type, size_t count, size_t body_len)
{
    put_u8(w, (uint8_t)(0x80 | count));
    put_u8(w, type);
    put_u16(w, (uint16_t)(body_len / 4));
}

static void put_blocks(struct writer *w, const struct rtcp_report_block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rtcp_report_block *b = &blocks[i];
        put_u32(w, b->ssrc);
        put_u8(w, b->fraction_lost);
        put_u24(w, (uint32_t)b->cumulative_lost & 0xffffff);
        put_u32(w, b->highest_seq);
        put_u32(w, b->jitter);
        put_u32(w, b->last_sr);
        put_u32(w, b->delay_since_sr);
    }
}

void rtcp_put_sender_report(struct writer *w, uint32_t ssrc,
                            const struct rtcp_sender_info *sender,
                            const struct rtcp_report_block *blocks, size_t count)
{
    assert(count <= RTCP_REPORT_BLOCKS_MAX);
    put_header(w, TYPE_SR, count, 4 + SENDER_INFO_LEN + count * REPORT_BLOCK_LEN);
    put_u32(w, ssrc);
    put_u64(w, sender->ntp);
    put_u32(w, sender->rtp);
    put_u32(w, sender->packets);
    put_u32(w, sender->octets);
    put_blocks(w, blocks, count);
}

void rtcp_put_receiver_report(struct writer *w, uint32_t ssrc,
                              const struct rtcp_report_block *blocks, size_t count)
{
    assert(count <= RTCP_REPORT_BLOCKS_MAX);
    put_header(w, TYPE_RR, count, 4 + count * REPORT_BLOCK_LEN);
    put_u32(w, ssrc);
    put_blocks(w, blocks, count);
}

void rtcp_put_cname(struct writer *w, uint32_t ssrc, struct bytes cname)
{
    assert(cname.len <= CNAME_LEN_MAX);
    // One to four zeros end the chunk.
    size_t padding_len = 4 - (2 + cname.len) % 4;
    put_header(w, TYPE_SDES, 1, 4 + 2 + cname.len + padding_len);
    put_u32(w, ssrc);
    put_u8(w, CNAME_ITEM);
    put_u8(w, (uint8_t)cname.len);
    put_bytes(w, cname);
    for (size_t i = 0; i < padding_len; i++)
        put_u8(w, 0);
}

void rtcp_put_bye(struct writer *w, const uint32_t *ssrcs, size_t count)
{
    assert(count <= RTCP_SSRCS_MAX);
    put_header(w, TYPE_BYE, count, 4 * count);
    for (size_t i = 0; i < count; i++)
        put_u32(w, ssrcs[i]);
}

static void put_feedback(struct writer *w, uint8_t type, uint8_t format, size_t fci_len,
                         uint32_t sender_ssrc, uint32_t media_ssrc)
{
    put_header(w, type, format, FEEDBACK_LEN + fci_len);
    put_u32(w, sender_ssrc);
    put_u32(w, media_ssrc);
}

// One entry of a NACK: the number at *i, and those of the following that its bits can name.
static uint32_t next_nack(const uint16_t *seqs, size_t count, size_t *i)
{
    uint16_t first = seqs[(*i)++];
    uint16_t following = 0;
    while (*i < count) {
        uint16_t step = (uint16_t)(seqs[*i] - first);
        if (step > 16)
            break;
        if (step > 0) // not a repetition
            following |= (uint16_t)(1u << (step - 1));
        (*i)++;
    }
    return (uint32_t)first << 16 | following;
}

void rtcp_put_nack(struct writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                   const uint16_t *seqs, size_t count)
{
    size_t entries = 0;
    for (size_t i = 0; i < count; entries++)
        next_nack(seqs, count, &i);
    if (entries == 0)
        return;
    put_feedback(w, TYPE_RTPFB, RTPFB_NACK, entries * NACK_ENTRY_LEN, sender_ssrc, media_ssrc);
    for (size_t i = 0; i < count;)
        put_u32(w, next_nack(seqs, count, &i));
}

void rtcp_put_pli(struct writer *w, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    put_feedback(w, TYPE_PSFB, PSFB_PLI, 0, sender_ssrc, media_ssrc);
}

void rtcp_put_fir(struct writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t nr)
{
    // RFC 5104 section 4.3.1.2: the media source's SSRC is in the entry, and 0 in the header.
    put_feedback(w, TYPE_PSFB, PSFB_FIR, FIR_ENTRY_LEN, sender_ssrc, 0);
    put_u32(w, media_ssrc);
    put_u32(w, (uint32_t)nr << 24);
}

void rtcp_put_remb(struct writer *w, uint32_t sender_ssrc, uint64_t rate_bps,
                   const uint32_t *ssrcs, size_t count)
{
    assert(count <= 255);
    uint32_t exponent = 0;
    while (rate_bps >> exponent > 0x3ffff)
        exponent++;
    put_feedback(w, TYPE_PSFB, PSFB_APPLICATION, REMB_LEN + 4 * count, sender_ssrc, 0);
    put_bytes(w, bytes_of("REMB"));
    put_u8(w, (uint8_t)count);
    put_u24(w, exponent << 18 | (uint32_t)(rate_bps >> exponent));
    for (size_t i = 0; i < count; i++)
        put_u32(w, ssrcs[i]);
}
