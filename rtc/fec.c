#include "rtc/fec.h"

#include "base/err.h"
#include "rtc/rtp.h"

enum {
    RETRANSMISSION = 0x80, // R
    FIXED_MASK = 0x40,     // F
    SSRC_COUNT_AT = 8,
    SSRC_AT = 12,
    BASE_AT = 16,
    MASK_AT = 18,
    VERSION = 0x80,       // 2, in an RTP packet
    AFTER_VERSION = 0x3f, // the bits of its first octet that are summed
};

// The parts of a mask: how many octets, the first bit of which says whether it is the last.
static const uint8_t part_octets[] = {2, 4, 8};
enum { MASK_PARTS = 3 };

// Adds the bits of a part, all but the first, from bit `*count` of the mask on.
static void take_part(struct fec_packet *fec, const uint8_t *part, size_t octets,
                      unsigned *count)
{
    for (size_t bit = 1; bit < 8 * octets; bit++, (*count)++)
        if (part[bit / 8] >> (7 - bit % 8) & 1)
            fec->mask[*count / 64] |= UINT64_C(1) << (*count % 64);
}

// Returns where the mask ends; 0: it does not end in the payload, or protects nothing.
static size_t read_mask(struct fec_packet *fec, struct bytes payload)
{
    size_t at = MASK_AT;
    unsigned count = 0;
    bool more = true;
    for (size_t i = 0; more; i++) {
        if (i == MASK_PARTS || payload.len - at < part_octets[i])
            return 0;
        more = !(payload.at[at] & 0x80);
        take_part(fec, payload.at + at, part_octets[i], &count);
        at += part_octets[i];
    }
    return fec->mask[0] | fec->mask[1] ? at : 0;
}

int fec_parse(struct fec_packet *fec, struct bytes payload)
{
    const uint8_t *p = payload.at;
    if (payload.len < MASK_AT)
        return ERR_MALFORMED;
    if (p[0] & (RETRANSMISSION | FIXED_MASK) || p[SSRC_COUNT_AT] != 1)
        return ERR_UNSUPPORTED;
    struct fec_packet parsed = {
        .ssrc = read_u32(p + SSRC_AT),
        .base = read_u16(p + BASE_AT),
        .first_octets = read_u16(p),
        .length = read_u16(p + 2),
        .timestamp = read_u32(p + 4),
    };
    size_t end = read_mask(&parsed, payload);
    if (!end)
        return ERR_MALFORMED;
    parsed.sum = (struct bytes){p + end, payload.len - end};
    *fec = parsed;
    return 0;
}

// Adds `from` to `to`, eight octets at a time.
static void add(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t a, b;
        memcpy(&a, to + i, 8);
        memcpy(&b, from + i, 8);
        a ^= b;
        memcpy(to + i, &a, 8);
    }
    for (; i < len; i++)
        to[i] ^= from[i];
}

static bool fits(const struct fec_packet *fec, const struct bytes *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (others[i].len < RTP_HEADER_LEN || others[i].len - RTP_HEADER_LEN > fec->sum.len)
            return false;
    return true;
}

int fec_rebuild(const struct fec_packet *fec, uint16_t seq, const struct bytes *others,
                size_t count, uint8_t *out)
{
    if (!fits(fec, others, count))
        return ERR_MALFORMED;
    uint16_t length = fec->length;
    for (size_t i = 0; i < count; i++)
        length ^= (uint16_t)(others[i].len - RTP_HEADER_LEN);
    if (length > fec->sum.len)
        return ERR_MALFORMED;

    write_u16(out, fec->first_octets);
    write_u32(out + 4, fec->timestamp);
    if (fec->sum.len)
        memcpy(out + RTP_HEADER_LEN, fec->sum.at, fec->sum.len);
    for (size_t i = 0; i < count; i++) {
        add(out, others[i].at, RTP_HEADER_LEN);
        add(out + RTP_HEADER_LEN, others[i].at + RTP_HEADER_LEN,
            others[i].len - RTP_HEADER_LEN);
    }
    out[0] = (uint8_t)(VERSION | (out[0] & AFTER_VERSION));
    write_u16(out + 2, seq);
    write_u32(out + 8, fec->ssrc);
    return RTP_HEADER_LEN + length;
}
