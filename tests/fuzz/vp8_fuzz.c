// A payload of VP8.
#include "rtc/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = {data, size};
    struct codec_packet packet;
    if (codec_parse(CODEC_VP8, payload, &packet) < 0)
        return 0;
    if (packet.descriptor_len > size || packet.descriptor_len > 6)
        abort();

    // What it says lies where it says.
    if (packet.picture_id_at > packet.descriptor_len || packet.tl0_at > packet.descriptor_len)
        abort();
    if (packet.has_tl0 && data[packet.tl0_at] != packet.tl0)
        abort();
    if (packet.has_picture_id && packet.picture_id_long &&
        read_u16(data + packet.picture_id_at) != (0x8000 | packet.picture_id))
        abort();
    if (packet.has_picture_id && !packet.picture_id_long &&
        data[packet.picture_id_at] != packet.picture_id)
        abort();
    struct codec_size frame = {0};
    if (packet.frame_start && packet.key_frame)
        codec_read_size(CODEC_VP8, payload, &packet, &frame);
    if (frame.width > 0x3fff || frame.height > 0x3fff)
        abort();
    return 0;
}
