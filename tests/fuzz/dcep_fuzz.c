#include "rtc/datachannel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dcep_open open;
    struct bytes message = {data, size};
    if (dcep_parse_open(&open, message) == 0 &&
        (open.label.at + open.label.len != open.protocol.at ||
         open.protocol.at + open.protocol.len != data + size))
        __builtin_trap();
    return 0;
}
