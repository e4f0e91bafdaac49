// A payload of Opus.
#include "rtc/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = {data, size};
    struct codec_packet packet = {0};
    if (codec_parse(CODEC_OPUS, payload, &packet) < 0)
        return 0;
    // Whoever comes may begin with any of them, and nothing in it is rewritten.
    if (size == 0 || !packet.key_frame || !packet.frame_start || packet.descriptor_len ||
        packet.has_picture_id || packet.has_tl0)
        abort();
    if (packet.dtx != (size <= 2))
        abort();
    return 0;
}
