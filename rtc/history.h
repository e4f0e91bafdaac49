// A layer's last second of packets: the only copy that is kept of a packet, whoever
// subscribes. Found by extended sequence number.
//
// Batch packets point at payloads in here until the end of the tick, so nothing that a lookup
// returned may be overwritten in the same tick. Slots and octets are therefore handed out in
// the order of arrival, whatever the sequence numbers are (a publisher may jump), and what the
// next HISTORY_MARGIN arrivals could overwrite is not found any more: a tick brings at most
// DATAGRAMS_PER_READ packets. Addresses are stable.
//
//     slots in order of arrival:   [ not found: margin ][ found ............ newest ]
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "rtc/codec.h"
#include "rtc/extension.h"
#include "rtc/rtp.h"

#include <stdint.h>

enum {
    HISTORY_MARGIN = DATAGRAMS_PER_READ,
    // One more for what is skipped at the end of the ring.
    HISTORY_MARGIN_BYTES = (HISTORY_MARGIN + 1) * DATAGRAM_MAX,

    // One second of 4 Mbit/s is 420 packets of 1200 octets, 500 KB.
    HISTORY_VIDEO_PACKETS = 512,
    HISTORY_VIDEO_BYTES = 512 * 1024 + HISTORY_MARGIN_BYTES,
    // One second of Opus is 50 packets of up to 180 octets.
    HISTORY_AUDIO_PACKETS = 128,
    HISTORY_AUDIO_BYTES = 16 * 1024 + HISTORY_MARGIN_BYTES,
};

struct history_slot {
    uint64_t seq; // extended (rtc/seq.h); 0: never used
    int64_t arrived_at;
    uint32_t timestamp; // the publisher's
    bool marker;
    uint8_t payload_type;
    struct codec_packet info;
    struct extension_values extensions; // views point into this history
    struct bytes payload;               // points into this history
    uint64_t number;                    // of the arrival, from 1; for history.c
    uint64_t begin; // of its octets in all octets ever written; for history.c
};

struct history {
    struct history_slot *slots; // `size` of them: arrival number % size
    uint64_t *by_seq;           // `size` arrival numbers: extended sequence number % size
    uint8_t *data;
    uint32_t size;      // a power of two
    uint32_t data_size; // octets
    uint64_t arrivals;  // so far
    uint64_t written;   // octets so far, including those skipped at the end of `data`
    uint64_t newest;    // highest extended sequence number; 0 when empty
};

// `packets` is a power of two greater than HISTORY_MARGIN, `bytes` at least
// HISTORY_MARGIN_BYTES and a datagram: use the constants above.
void history_init(struct history *h, uint32_t packets, uint32_t bytes);
void history_dispose(struct history *h);

// Keeps a copy of the packet's payload and of the views in `extensions` (mid, rid and
// repaired_rid are left out: they mean nothing to a subscriber). `packet` is the original,
// after rtp_unwrap_rtx(); `seq` is its extended number.
// Returns the slot, with `payload` and `extensions` pointing into the history; NULL when that
// sequence number is there already (a duplicate; nothing changes), when it is so far behind the
// newest that another has its place, or when the packet is longer than DATAGRAM_MAX. Otherwise
// packets may come in any order.
const struct history_slot *history_add(struct history *h, uint64_t seq,
                                       const struct rtp_packet *packet,
                                       const struct extension_values *extensions,
                                       const struct codec_packet *info, int64_t now);

// The packet of that number; NULL when it never came or could be overwritten within this tick.
// The slot and its payload stay valid until the end of the tick. How often it was sent again is
// counted by each feed: one subscriber's losses must not use up what another may ask for.
const struct history_slot *history_get(const struct history *h, uint64_t seq);
