// A datagram that looks like STUN, before and after authentication.
#include "rtc/ice.h"
#include "rtc/stun.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes datagram = {data, size};
    struct stun_message m;
    struct bytes ufrag;
    if (stun_parse(&m, datagram) == 0 && stun_authentic(&m, bytes_of("a key")) && size < 44)
        abort(); // header and MESSAGE-INTEGRITY are longer
    if (stun_peek_ufrag(datagram, &ufrag) && (ufrag.at < data || ufrag.len > size))
        abort();

    struct rng rng = rng_seeded(1);
    struct ice_agent agent;
    struct batch out = {0};
    struct addr from = {.port = 9};
    ice_init(&agent, 0, &rng);
    memcpy(agent.local.ufrag, "evtj", 5); // of RFC 5769, so that its request is a check
    memcpy(agent.local.pwd, "VOkJxbRl1RmTxUk/WvJxBt", 23);
    ice_receive(&agent, &from, datagram, 0, &out);
    batch_dispose(&out);
    return 0;
}
