// H.264: RFC 6184 section 5.
#include "rtc/codec_parts.h"

#include "base/err.h"

enum {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_DELIMITER = 9,
    NAL_STAP_A = 24,
    NAL_FU_A = 28,
    FU_START = 0x80,
    REFERENCE = 0x60, // nal_ref_idc
};

// `data` is what follows the NAL unit's header octet. The payload says where a frame starts
// only now and then; the timestamp tells the rest. RFC 7742 section 6.2: "WebRTC
// implementations MUST signal this information in-band", so a key frame begins with its SPS,
// and the IDR slice is not called a start: a receiver that began there could not decode it.
static void see_nal(struct codec_packet *packet, uint8_t type, struct bytes data)
{
    switch (type) {
    case NAL_SLICE:
        // first_mb_in_slice is an Exp-Golomb number: 0 is a single one bit.
        if (data.len > 0 && (data.at[0] & 0x80))
            packet->frame_start = true;
        break;
    case NAL_SPS:
        packet->frame_start = true;
        packet->key_frame = true;
        break;
    case NAL_DELIMITER:
        packet->frame_start = true;
        break;
    case NAL_IDR:
    case NAL_PPS:
        packet->key_frame = true;
        break;
    default:
        break;
    }
}

// Sizes of 16 bits, each before its NAL unit.
static int see_aggregate(struct codec_packet *packet, struct bytes rest)
{
    if (rest.len == 0)
        return ERR_MALFORMED;
    while (rest.len > 0) {
        if (rest.len < 3)
            return ERR_MALFORMED;
        size_t len = read_u16(rest.at);
        if (len == 0 || len > rest.len - 2)
            return ERR_MALFORMED;
        see_nal(packet, rest.at[2] & 0x1f, (struct bytes){rest.at + 3, len - 1});
        rest = (struct bytes){rest.at + 2 + len, rest.len - 2 - len};
    }
    return 0;
}

int codec_h264_parse(struct bytes payload, struct codec_packet *packet)
{
    if (payload.len == 0)
        return ERR_MALFORMED;
    packet->layer_sync = true;
    packet->discardable = (payload.at[0] & REFERENCE) == 0; // of an aggregate: of all in it
    uint8_t type = payload.at[0] & 0x1f;
    struct bytes rest = {payload.at + 1, payload.len - 1};
    if (type == NAL_STAP_A)
        return see_aggregate(packet, rest);
    if (type != NAL_FU_A) {
        see_nal(packet, type, rest);
        return 0;
    }

    if (rest.len < 2) // its header, and something
        return ERR_MALFORMED;
    uint8_t fragment = rest.at[0];
    // Without a start there is no slice header; whether it is of an IDR is said all the same.
    bool is_start = fragment & FU_START;
    struct bytes data = {rest.at + 1, is_start ? rest.len - 1 : 0};
    see_nal(packet, fragment & 0x1f, data);
    packet->frame_start = packet->frame_start && is_start;
    return 0;
}
