// A compound RTCP packet: all that the checked compound offers is read.
#include "rtc/rtcp.h"

static void read_entry(const struct rtcp_packet *p, size_t i)
{
    uint16_t seqs[17];
    uint8_t nr;
    if (p->kind == RTCP_SENDER_REPORT || p->kind == RTCP_RECEIVER_REPORT)
        rtcp_report_block(p, i);
    else if (p->kind == RTCP_BYE || p->kind == RTCP_REMB)
        rtcp_ssrc(p, i);
    else if (p->kind == RTCP_FIR)
        rtcp_fir(p, i, &nr);
    else if (p->kind == RTCP_NACK)
        rtcp_nack(p, i, seqs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, (struct bytes){data, size}) < 0)
        return 0;
    for (struct rtcp_packet p; rtcp_next(&cursor, &p);)
        for (size_t i = 0; i < p.count; i++)
            read_entry(&p, i);
    return 0;
}
