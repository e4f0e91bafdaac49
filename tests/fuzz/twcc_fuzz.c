// Transport-wide feedback, inside a compound as it comes. (The seeds are compounds; the octets
// are also tried as a feedback packet by itself.)
#include "rtc/rtcp.h"
#include "rtc/twcc.h"

#include <stdlib.h>

static void read_feedback(struct bytes packet)
{
    struct twcc_feedback feedback;
    if (twcc_parse(&feedback, packet) < 0)
        return;
    struct twcc_arrival arrival;
    size_t count = 0;
    for (struct twcc_cursor c = twcc_begin(&feedback); twcc_next(&c, &arrival);)
        count++;
    if (count > feedback.deltas.len) // each takes an octet at least
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_feedback((struct bytes){data, size});
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, (struct bytes){data, size}) < 0)
        return 0;
    for (struct rtcp_packet p; rtcp_next(&cursor, &p);)
        if (p.kind == RTCP_TWCC)
            read_feedback(p.whole);
    return 0;
}
