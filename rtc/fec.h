// Repair by sums: FlexFEC as browsers send it, which descriptions call "flexfec-03" and
// draft-ietf-payload-flexible-fec-scheme-03 section 4.2 describes (RFC 8627 has another
// header). A packet of a stream of its own holds the sum, which is exclusive or, of several
// packets of the stream that it protects: of these, one that is lost is the sum of the others
// and of it.
//
//      0                   1                   2                   3
//      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//     |R|F|P|X|  CC   |M| PT recovery |        length recovery        |
//     |                          TS recovery                          |
//     |   SSRCCount   |                   reserved                    |
//     |                            SSRC_i                             |
//     |           SN base_i           |k|         Mask [0-14]         |
//     |k|                        Mask [15-45]                         |  when the k before is 0
//     |k|                        Mask [46-108]                        |  when both are, in 8
//     |                                                               |  octets
//     | sum of what follows the first 12 octets of each packet ...    |
//
// Bit i of the mask, from the left, says that number base + i is protected. With the octets a
// of a packet, its lengths filled up with zeros:
//
//     P X CC M PT   sum of a[0..1], without the version    TS   sum of a[4..7]
//     length        sum of (length - 12)                   rest sum of a[12..]
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FEC_SPAN_MAX = 109 }; // numbers from the first that a packet can protect to the last

// A view of one packet's payload.
struct fec_packet {
    uint32_t ssrc;    // of the stream that is protected
    uint16_t base;    // the number of bit 0
    uint64_t mask[2]; // bit i % 64 of i / 64, from the right; at least one is set
    uint16_t first_octets;
    uint16_t length;
    uint32_t timestamp;
    struct bytes sum; // as long as the longest of the packets, without their first 12 octets
};

// Reads a payload. Returns 0, ERR_MALFORMED, or ERR_UNSUPPORTED: for a retransmission (R), a
// fixed mask (F), and several streams at once, none of which browsers send.
int fec_parse(struct fec_packet *fec, struct bytes payload);

static inline bool fec_has_bit(const struct fec_packet *fec, unsigned i)
{
    return fec->mask[i / 64] >> (i % 64) & 1;
}

static inline bool fec_protects(const struct fec_packet *fec, uint16_t seq)
{
    uint16_t i = (uint16_t)(seq - fec->base);
    return i < FEC_SPAN_MAX && fec_has_bit(fec, i);
}

// Makes the protected packet `seq` of the `count` others, whole RTP packets each, in `out`,
// which has room for 12 octets and the sum. Returns its length; or ERR_MALFORMED, and nothing
// is in `out`, when they are not those that the sum is of: a packet is longer than it.
int fec_rebuild(const struct fec_packet *fec, uint16_t seq, const struct bytes *others,
                size_t count, uint8_t *out);
