// A sender's side of rtc/fec.h, written from the draft and not from what reads it: the payload
// of a FlexFEC packet that protects some packets of one stream.
#pragma once

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

enum { FEC_SUM_MAX = 32 + 1500 };

// Where bit i of the mask is: octet and bit of the payload, behind the k bits before it.
static inline size_t fec_sum_bit(unsigned i)
{
    return 8 * 18 + 1 + i + (i >= 15) + (i >= 46);
}

// `packets` are whole RTP packets, whose numbers are at most 108 behind that of the first.
// Returns the length.
static inline size_t fec_sum_put(uint8_t *out, const struct bytes *packets, size_t count)
{
    uint16_t base = read_u16(packets[0].at + 2);
    unsigned last = 0;
    size_t longest = 0;
    memset(out, 0, FEC_SUM_MAX);
    for (size_t i = 0; i < count; i++) {
        unsigned bit = (uint16_t)(read_u16(packets[i].at + 2) - base);
        out[fec_sum_bit(bit) / 8] |= (uint8_t)(0x80 >> fec_sum_bit(bit) % 8);
        last = bit > last ? bit : last;
        longest = packets[i].len > longest ? packets[i].len : longest;
    }
    size_t head_len = last < 15 ? 20 : last < 46 ? 24 : 32;
    out[head_len == 20 ? 18 : head_len == 24 ? 20 : 24] |= 0x80; // the last k
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = packets[i].at;
        uint16_t length = (uint16_t)(packets[i].len - 12);
        out[0] ^= p[0] & 0x3f;
        out[1] ^= p[1];
        out[2] ^= (uint8_t)(length >> 8);
        out[3] ^= (uint8_t)length;
        for (size_t j = 4; j < 8; j++)
            out[j] ^= p[j];
        for (size_t j = 12; j < packets[i].len; j++)
            out[head_len + j - 12] ^= p[j];
    }
    out[8] = 1; // SSRCCount
    memcpy(out + 12, packets[0].at + 8, 4);
    write_u16(out + 16, base);
    return head_len + longest - 12;
}
