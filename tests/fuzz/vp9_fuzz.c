// A payload of VP9.
#include "descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes payload = {data, size};
    struct codec_packet packet;
    if (codec_parse(CODEC_VP9, payload, &packet) < 0)
        return 0;
    check_descriptor(payload, &packet);
    return 0;
}
