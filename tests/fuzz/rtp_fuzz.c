// An RTP datagram, and the retransmission it may be.
#include "rtc/extension.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct extension_ids ids = {.mid = 1, .rid = 2, .twcc = 3, .dependency = 4};
    struct rtp_packet packet;
    if (rtp_parse(&packet, (struct bytes){data, size}) < 0)
        return 0;
    if (packet.payload.at < data || packet.payload.at + packet.payload.len > data + size)
        abort();
    struct extension_values values;
    extension_read(&values, packet.extension, &ids);
    rtp_unwrap_rtx(&packet, 1, 96);
    return 0;
}
