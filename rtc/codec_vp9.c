// VP9: RFC 9628 section 4.2.
#include "rtc/codec_parts.h"

#include "base/err.h"

enum {
    VP9_I = 0x80, // picture id present
    VP9_P = 0x40, // inter-picture predicted
    VP9_L = 0x20, // layer indices present
    VP9_F = 0x10, // flexible mode
    VP9_B = 0x08, // start of a frame
    VP9_E = 0x04, // end of a frame
    VP9_V = 0x02, // scalability structure present
    VP9_Z = 0x01, // not a reference for upper spatial layers
};

// Up to three reference indices; the lowest bit says that another follows.
static int take_reference_indices(struct reader *r)
{
    for (int i = 0; i < 3; i++)
        if ((take_u8(r) & 0x01) == 0)
            return 0;
    return ERR_MALFORMED;
}

static void take_scalability_structure(struct reader *r)
{
    uint8_t first = take_u8(r);
    size_t layers = (first >> 5) + 1u;
    if (first & 0x10)
        take(r, 4 * layers); // width and height of each
    if (!(first & 0x08))
        return;
    uint8_t pictures = take_u8(r);
    for (uint8_t i = 0; i < pictures && !r->overrun; i++)
        take(r, take_u8(r) >> 2 & 3);
}

int codec_vp9_parse(struct bytes payload, struct codec_packet *packet)
{
    struct reader r = reader_of(payload);
    uint8_t first = take_u8(&r);
    packet->layer_sync = true;
    if (first & VP9_I)
        take_picture_id(&r, packet);
    if (first & VP9_L) {
        uint8_t layer = take_u8(&r); // TID, U, SID, D
        packet->temporal = layer >> 5;
        packet->spatial = layer >> 1 & 7;
        packet->inter_layer = layer & 0x01;
        packet->layer_sync = packet->temporal == 0 || (layer & 0x10);
        if (!(first & VP9_F)) {
            packet->has_tl0 = true;
            packet->tl0_at = place(&r);
            packet->tl0 = take_u8(&r);
        }
    }
    // What follows is never rewritten and stays in the payload: it can be long.
    packet->descriptor_len = (uint8_t)(payload.len - r.rest.len);

    bool has_indices = (first & VP9_F) && (first & VP9_P);
    if (has_indices && take_reference_indices(&r) < 0)
        return ERR_MALFORMED;
    if (first & VP9_V)
        take_scalability_structure(&r);
    if (r.overrun || r.rest.len == 0)
        return ERR_MALFORMED;

    packet->frame_start = first & VP9_B;
    packet->frame_end = first & VP9_E;
    packet->inter_picture = first & VP9_P;
    packet->upper_apart = first & VP9_Z;
    // In a key picture only the lowest spatial layer can be decoded by itself.
    packet->key_frame = !(first & VP9_P) && packet->spatial == 0;
    return 0;
}
