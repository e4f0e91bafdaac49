// A stream that is protected by sums (rtc/fec.h), as it came lately, and what is rebuilt of it:
// with each packet and each sum that comes, as many of those that are missing as can be.
//
//     rebuild_note, rebuild_add  ->  rebuild_next until there is none
//
// A sum of which more than one packet is missing waits for the others, that may be late or be
// rebuilt themselves, until newer sums take its place.
//
// Senders write two header extensions as they send a packet, which is after it was summed up:
// transport-wide numbers and sending times. They count as zeros in sums, as libwebrtc has it.
#pragma once

#include "base/bytes.h"
#include "rtc/fec.h"
#include "rtc/seq.h"

#include <stdbool.h>
#include <stdint.h>

struct extension_ids; // rtc/negotiate.h

enum {
    REBUILD_KEPT = 128,     // packets: more than a sum can be of, and a power of two
    REBUILD_LEN_MAX = 1500, // octets of one, as an Ethernet frame has; longer ones are not kept
    REBUILD_WAITING = 16,   // sums
};

struct rebuild_packet {
    uint64_t seq; // extended; 0: none
    uint16_t len;
    uint8_t octets[REBUILD_LEN_MAX];
};

struct rebuild_sum {
    uint64_t base;    // extended; 0: none
    unsigned missing; // of what it protects
    struct fec_packet fec;
    uint8_t octets[REBUILD_LEN_MAX]; // where fec.sum is
};

// Some 220 KB. Zero-initialised has seen nothing.
struct rebuild {
    struct seq seq;
    struct rebuild_packet kept[REBUILD_KEPT];    // by number
    struct rebuild_sum waiting[REBUILD_WAITING]; // in no order
    uint32_t added;                              // sums, ever: the next one's place
    uint32_t ready;                              // sums of which one packet is missing
    int64_t window_at;                           // a second, and what it took: octets
    uint64_t summed;
};

// A packet of the stream came, as it was sent. One that is known already changes nothing.
void rebuild_note(struct rebuild *r, struct bytes datagram, const struct extension_ids *ids);

// A sum came. False: it is of nothing that is known, or more is missing than ever comes.
bool rebuild_add(struct rebuild *r, const struct fec_packet *fec);

// The next packet that can be put together now; false: there is none. It is there until the
// next call with `r`. A stream takes FEC_OCTETS_PER_SECOND of the processor's time; sums beyond
// that are dropped.
bool rebuild_next(struct rebuild *r, int64_t now, struct bytes *datagram);
