// What a client sends of ICE after its offer.
#include "rtc/sdp_fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdp_fragment fragment;
    struct sdp_error error;
    sdp_fragment_parse(&fragment, (struct bytes){data, size}, &error);
    return 0;
}
