// Opus: RFC 7587.
#include "rtc/codec_parts.h"

#include "base/err.h"

enum { DTX_LEN_MAX = 2 };

// Every packet stands for itself.
int codec_opus_parse(struct bytes payload, struct codec_packet *packet)
{
    if (payload.len == 0)
        return ERR_MALFORMED;
    packet->frame_start = true;
    packet->key_frame = true;
    packet->layer_sync = true;
    // RFC 6716 section 3.1: a TOC octet without frames, or with one that is empty or of an
    // octet.
    packet->dtx = payload.len <= DTX_LEN_MAX;
    return 0;
}
