// What holds of every payload descriptor with picture ids, of VP8 and VP9.
#pragma once

#include "rtc/codec.h"

#include <stdlib.h>

// What it says lies where it says.
static inline void check_descriptor(struct bytes payload, const struct codec_packet *packet)
{
    const uint8_t *data = payload.at;
    if (packet->descriptor_len > payload.len || packet->descriptor_len > 6)
        abort();
    if (packet->picture_id_at > packet->descriptor_len ||
        packet->tl0_at > packet->descriptor_len)
        abort();
    if (packet->has_tl0 && data[packet->tl0_at] != packet->tl0)
        abort();
    if (packet->has_picture_id && packet->picture_id_long &&
        read_u16(data + packet->picture_id_at) != (0x8000 | packet->picture_id))
        abort();
    if (packet->has_picture_id && !packet->picture_id_long &&
        data[packet->picture_id_at] != packet->picture_id)
        abort();
}
