// Packets of a protected stream and its sums, one after the other, each with its length before
// it in two octets: the first bit says whether it is a sum.
#include "rtc/fec.h"

#include "rtc/negotiate.h"
#include "rtc/rebuild.h"
#include "rtc/rtp.h"

#include <stdlib.h>

static void take_sum(struct rebuild *r, struct bytes payload)
{
    struct fec_packet fec;
    if (fec_parse(&fec, payload) < 0)
        return;
    if (!(fec.mask[0] | fec.mask[1]) || fec.sum.at + fec.sum.len != payload.at + payload.len)
        abort();
    unsigned first = 0;
    while (!fec_has_bit(&fec, first))
        first++;
    if (first >= FEC_SPAN_MAX || !fec_protects(&fec, (uint16_t)(fec.base + first)) ||
        fec_protects(&fec, (uint16_t)(fec.base + FEC_SPAN_MAX)))
        abort();
    rebuild_add(r, &fec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct extension_ids ids = {.twcc = 5, .abs_send_time = 2};
    static struct rebuild rebuild; // large
    struct rebuild *r = &rebuild;
    memset(r, 0, sizeof *r);
    while (size >= 2) {
        size_t len = read_u16(data) & 0x7fff;
        bool is_sum = data[0] & 0x80;
        len = len < size - 2 ? len : size - 2;
        struct bytes octets = {data + 2, len};
        data += 2 + len;
        size -= 2 + len;
        if (is_sum)
            take_sum(r, octets);
        else
            rebuild_note(r, octets, &ids);
        unsigned rebuilt = 0;
        for (struct bytes got; rebuild_next(r, 0, &got); rebuilt++)
            if (got.len < RTP_HEADER_LEN || got.len > REBUILD_LEN_MAX || got.at[0] >> 6 != 2)
                abort();
        if (rebuilt > REBUILD_WAITING || r->ready)
            abort();
    }
    return 0;
}
