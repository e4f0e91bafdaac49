// A payload of H.264.
#include "rtc/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = {data, size};
    struct codec_packet packet;
    if (codec_parse(CODEC_H264, payload, &packet) < 0)
        return 0;
    if (packet.descriptor_len > size || packet.descriptor_len > 6)
        abort();
    return 0;
}
