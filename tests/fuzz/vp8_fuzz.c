// A payload of VP8.
#include "descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = {data, size};
    struct codec_packet packet;
    if (codec_parse(CODEC_VP8, payload, &packet) < 0)
        return 0;
    check_descriptor(payload, &packet);
    struct codec_size frame = {0};
    if (packet.frame_start && packet.key_frame)
        codec_read_size(CODEC_VP8, payload, &packet, &frame);
    if (frame.width > 0x3fff || frame.height > 0x3fff)
        abort();
    return 0;
}
