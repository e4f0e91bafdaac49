// Opus: RFC 7587.
#include "rtc/codec_parts.h"

#include "base/err.h"

// Every packet stands for itself.
int codec_opus_parse(struct bytes payload, struct codec_packet *packet)
{
    if (payload.len == 0)
        return ERR_MALFORMED;
    packet->frame_start = true;
    packet->key_frame = true;
    packet->layer_sync = true;
    return 0;
}
