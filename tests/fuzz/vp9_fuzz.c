// A payload of VP9.
#include "rtc/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = {data, size};
    struct codec_packet packet;
    if (codec_parse(CODEC_VP9, payload, &packet) < 0)
        return 0;
    if (packet.descriptor_len > size || packet.descriptor_len > 6)
        abort();

    // Rewritten with what it says already, a descriptor stays as it is.
    uint8_t out[6];
    codec_rewrite(CODEC_VP9, payload, &packet, packet.picture_id, packet.tl0, out);
    if (memcmp(out, data, packet.descriptor_len) != 0)
        abort();
    return 0;
}
