#include "rtc/rtp.h"

#include "base/err.h"
#include "rtc/extension.h"

enum { EXTENSION_HEADER_LEN = 4 };

int rtp_parse(struct rtp_packet *packet, struct bytes datagram)
{
    const uint8_t *p = datagram.at;
    size_t len = datagram.len;

    if (len < RTP_HEADER_LEN || p[0] >> 6 != 2)
        return ERR_MALFORMED;

    struct rtp_packet parsed = {
        .payload_type = p[1] & 0x7f,
        .marker = p[1] >> 7,
        .seq = read_u16(p + 2),
        .timestamp = read_u32(p + 4),
        .ssrc = read_u32(p + 8),
    };

    size_t csrc_count = p[0] & 0x0f;
    size_t start = RTP_HEADER_LEN + 4 * csrc_count;

    bool has_extension = p[0] & 0x10;
    if (has_extension) {
        if (len < start + EXTENSION_HEADER_LEN)
            return ERR_MALFORMED;
        size_t words = read_u16(p + start + 2);
        parsed.extension = (struct bytes){p + start, EXTENSION_HEADER_LEN + 4 * words};
        start += parsed.extension.len;
    }

    // The last octet counts the padding, itself included, so 0 is not a legal value.
    // This comparison is also what catches a CSRC list or an extension which claims
    // more than the datagram holds.
    bool has_padding = p[0] & 0x20;
    size_t padding_len = has_padding ? p[len - 1] : 0;
    if ((has_padding && padding_len == 0) || len < start + padding_len)
        return ERR_MALFORMED;
    parsed.payload = (struct bytes){p + start, len - start - padding_len};

    *packet = parsed;
    return 0;
}

int rtp_unwrap_rtx(struct rtp_packet *packet, uint32_t ssrc, uint8_t payload_type)
{
    if (packet->payload.len < RTP_OSN_LEN)
        return ERR_MALFORMED;
    packet->seq = read_u16(packet->payload.at);
    packet->payload.at += RTP_OSN_LEN;
    packet->payload.len -= RTP_OSN_LEN;
    packet->ssrc = ssrc;
    packet->payload_type = payload_type;
    return 0;
}

void rtp_put_header(struct writer *w, const struct rtp_header *header,
                    const struct extension_ids *ids, const struct extension_values *values)
{
    uint8_t *p = put_space(w, RTP_HEADER_LEN);
    if (!p)
        return;
    p[0] = 0x80;
    p[1] = (uint8_t)((header->marker ? 0x80 : 0) | (header->payload_type & 0x7f));
    write_u16(p + 2, header->seq);
    write_u32(p + 4, header->timestamp);
    write_u32(p + 8, header->ssrc);
    if (ids && values && extension_put(w, ids, values))
        p[0] |= 0x10;
}

uint8_t rtp_extension_at(struct bytes header, uint8_t id)
{
    struct bytes block = {header.at + RTP_HEADER_LEN, header.len - RTP_HEADER_LEN};
    size_t at = extension_find(block, id);
    return at ? (uint8_t)(RTP_HEADER_LEN + at) : 0;
}
