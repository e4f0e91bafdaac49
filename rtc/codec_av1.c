// AV1: "RTP Payload Format For AV1" 1.0 section 4.4.
#include "rtc/codec_parts.h"

#include "base/err.h"

enum {
    AV1_Z = 0x80, // goes on with an OBU of the packet before
    AV1_N = 0x08, // first packet of a coded video sequence
    OBU_TILE_GROUP = 4,
    OBU_EXTENSION = 0x04,
};

// The length in front of an OBU, in LEB128 of at most 8 octets (AV1 section 4.10.5).
static size_t take_leb128(struct reader *r)
{
    size_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t octet = take_u8(r);
        value |= (size_t)(octet & 0x7f) << (7 * i);
        if (!(octet & 0x80))
            return value;
    }
    r->overrun = true;
    return 0;
}

int codec_av1_parse(struct bytes payload, struct codec_packet *packet)
{
    struct reader r = reader_of(payload);
    uint8_t aggregation = take_u8(&r);
    bool continues = aggregation & AV1_Z;
    bool starts_sequence = aggregation & AV1_N;
    uint8_t obu_count = aggregation >> 4 & 3; // 0: any number, all of them with a length
    size_t obu_len = obu_count == 1 ? r.rest.len : take_leb128(&r);
    if (r.overrun || obu_len > r.rest.len || r.rest.len == 0 || (continues && starts_sequence))
        return ERR_MALFORMED;

    packet->descriptor_len = 1;
    packet->layer_sync = true;
    if (continues || obu_len == 0)
        return 0;
    r.rest.len = obu_len;
    uint8_t header = take_u8(&r);
    if (header & OBU_EXTENSION) {
        uint8_t layer = take_u8(&r);
        packet->temporal = layer >> 5;
        packet->spatial = layer >> 3 & 3;
    }
    if (r.overrun)
        return ERR_MALFORMED;
    packet->frame_start = (header >> 3 & 0x0f) != OBU_TILE_GROUP;
    packet->key_frame = starts_sequence;
    return 0;
}
