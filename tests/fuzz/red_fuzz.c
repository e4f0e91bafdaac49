// A payload of redundant audio.
#include "rtc/red.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct red red;
    if (red_parse(&red, (struct bytes){data, size}) < 0)
        return 0;
    // Headers and frames are the payload, each octet once.
    size_t octets = 4 * (red.count - 1) + 1;
    for (size_t i = 0; i < red.count; i++) {
        if (red.blocks[i].data.at != data + octets)
            abort();
        octets += red.blocks[i].data.len;
        red_find(&red, red.blocks[i].timestamp_offset);
    }
    if (octets != size || red_primary(&red)->data.len == 0)
        abort();
    return 0;
}
