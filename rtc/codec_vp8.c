// VP8: RFC 7741 section 4.2.
#include "rtc/codec_parts.h"

#include "base/err.h"

#include <string.h>

enum { VP8_N = 0x20 };

int codec_vp8_parse(struct bytes payload, struct codec_packet *packet)
{
    struct reader r = reader_of(payload);
    uint8_t first = take_u8(&r);
    uint8_t fields = first & 0x80 ? take_u8(&r) : 0; // X: I L T K
    if (fields & 0x80)
        take_picture_id(&r, packet);
    if (fields & 0x40) {
        packet->has_tl0 = true;
        packet->tl0_at = place(&r);
        packet->tl0 = take_u8(&r);
    }
    bool depends_on_base_only = false;
    if (fields & 0x30) {
        uint8_t layer = take_u8(&r); // TID, Y, KEYIDX
        if (fields & 0x20) {
            packet->temporal = layer >> 6;
            depends_on_base_only = layer & 0x20;
        }
    }
    if (r.overrun || r.rest.len == 0)
        return ERR_MALFORMED;

    packet->descriptor_len = (uint8_t)(payload.len - r.rest.len);
    // S, and partition 0: then the VP8 frame header follows, whose lowest bit is 0 in a key
    // frame (section 4.3).
    packet->frame_start = (first & 0x17) == 0x10;
    packet->key_frame = packet->frame_start && (r.rest.at[0] & 0x01) == 0;
    packet->discardable = first & VP8_N;
    packet->layer_sync = packet->temporal == 0 || depends_on_base_only;
    return 0;
}

// RFC 6386 section 9.1: behind the frame tag and the start code, 14 bits each, the least octet
// first; the two bits above are how a receiver may enlarge it.
void codec_vp8_read_size(struct bytes payload, const struct codec_packet *packet,
                         struct codec_size *size)
{
    enum { START_CODE_AT = 3, SIZE_AT = 6, HEADER_LEN = 10 };
    static const uint8_t start_code[] = {0x9d, 0x01, 0x2a};
    const uint8_t *frame = payload.at + packet->descriptor_len;
    if (payload.len < (size_t)packet->descriptor_len + HEADER_LEN ||
        memcmp(frame + START_CODE_AT, start_code, sizeof start_code) != 0)
        return;
    size->width = (uint16_t)((frame[SIZE_AT] | frame[SIZE_AT + 1] << 8) & 0x3fff);
    size->height = (uint16_t)((frame[SIZE_AT + 2] | frame[SIZE_AT + 3] << 8) & 0x3fff);
}
