// A layer's last second of packets: the only copy that is kept of a packet, whoever
// subscribes. Found by extended sequence number.
//
// Batch packets point at payloads in here until the end of the tick, so nothing that a lookup
// returned may be overwritten in the same tick. Slots and octets are therefore handed out in
// the order of arrival, whatever the sequence numbers are (a publisher may jump), and what the
// arrivals of a margin could overwrite is not found any more.
//
//     slots in order of arrival:   [ not found: margin ][ found ............ newest ]
//
// A tick, that is all packets of one `now`, brings at most DATAGRAMS_PER_READ packets. Of a
// camera the margin is as large. A microphone sends one packet in 20 ms: its margin is small,
// and where a tick brings more it becomes twice as large, and the history with it, until it
// is enough for any tick. What was handed out before stays where it is until the next tick.
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "rtc/codec.h"
#include "rtc/extension.h"
#include "rtc/rtp.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HISTORY_MARGIN = DATAGRAMS_PER_READ,
    // One more for what is skipped at the end of the ring.
    HISTORY_MARGIN_BYTES = (HISTORY_MARGIN + 1) * DATAGRAM_MAX,

    // One second of 4 Mbit/s is 420 packets of 1200 octets, 500 KB.
    HISTORY_VIDEO_PACKETS = 512,
    HISTORY_VIDEO_BYTES = 512 * 1024 + HISTORY_MARGIN_BYTES,
    // One second of Opus is 50 packets; at 48 kbit/s they are 6 KB. More octets are a shorter
    // time, of which repeated sound needs 40 ms.
    HISTORY_AUDIO_PACKETS = 64,
    HISTORY_AUDIO_BYTES = 8 * 1024,
    HISTORY_AUDIO_MARGIN = 8, // grows by powers of two to HISTORY_MARGIN
    HISTORY_AUDIO_MARGIN_BYTES = 2 * 1024,
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

struct history_room; // what was outgrown in this tick

struct history {
    struct history_slot *slots; // `size` of them: arrival number % size
    uint64_t *by_seq; // arrival numbers of the last `size` numbers, by number % size; 0: it did
                      // not come; or, once it has grown, that it came and is not kept
    uint8_t *data;
    uint32_t size;      // a power of two
    uint32_t data_size; // octets
    uint64_t arrivals;  // so far
    uint64_t written;   // octets so far, including those skipped at the end of `data`
    uint64_t newest;    // highest extended sequence number; 0 when empty
    uint32_t margin;    // arrivals that a tick may bring before it grows
    uint32_t margin_bytes;
    int64_t tick_at; // of the last arrival, and what that tick brought
    uint64_t tick_arrivals;
    uint64_t tick_written;
    struct history_room *outgrown;
};

// `packets` is a power of two greater than HISTORY_MARGIN, `bytes` at least
// HISTORY_MARGIN_BYTES and a datagram: use the constants above.
void history_init(struct history *h, uint32_t packets, uint32_t bytes);
// That of a microphone: small, while little comes at a time.
void history_init_audio(struct history *h);
void history_dispose(struct history *h);

// Whether it would take a packet at all: not one that is longer than DATAGRAM_MAX.
bool history_fits(const struct rtp_packet *packet, const struct extension_values *extensions);

// Keeps a copy of the packet's payload and of the views in `extensions` (mid, rid and
// repaired_rid are left out: they mean nothing to a subscriber). `packet` is the original,
// after rtp_unwrap_rtx(); `seq` is its extended number.
// Returns the slot, with `payload` and `extensions` pointing into the history; NULL when that
// sequence number is there already (a duplicate; nothing changes), when it is so far behind the
// newest that another has its place, or when the packet does not fit. Otherwise packets may
// come in any order.
const struct history_slot *history_add(struct history *h, uint64_t seq,
                                       const struct rtp_packet *packet,
                                       const struct extension_values *extensions,
                                       const struct codec_packet *info, int64_t now);

// The packet of that number; NULL when it never came or could be overwritten within this tick.
// The slot and its payload stay valid until the end of the tick. How often it was sent again is
// counted by each feed: one subscriber's losses must not use up what another may ask for.
const struct history_slot *history_get(const struct history *h, uint64_t seq);
