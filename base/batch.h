// Datagrams on their way out. Machines append to a batch; nothing is encrypted or sent until
// the end of the tick, when rtc/srtp seals the whole batch with multi-buffer calls and net/udp
// sends it.
//
//     append:  batch_datagram()  STUN, DTLS: copied as they are
//              batch_share()     RTP: what all get of a packet, written once ...
//              batch_media()     ... and for each destination the few octets that differ
//              batch_single()    RTP, RTCP that only one destination gets
//     seal:    srtp_seal()       fills `runs`
//     send:    udp_send()        each run is one UDP-GSO send or part of a sendmmsg
//     reset:   batch_reset()
//
// Packets come in the order in which the tick made them: one packet for each of a hundred
// subscribers, then the next. They leave in another: all that goes to one subscriber, then all
// for the next. The chain through `next`, started in the destination's batch_path, is that
// order, so regrouping costs nothing.
//
//     batch_packet          batch_shared
//     ssrc, index, ...      | head            | payload (in a history)  |
//     shared ------------>  | 80 60 .. .. ... | .. picture id, tl0 ...  |
//                              ^ seq, timestamp, ssrc,   ^
//                                transport-wide number, frame number
//
// What a batch_packet says is written when the packet is sealed, into its place in its train.
#pragma once

#include "base/addr.h"
#include "base/bytes.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    BATCH_HEAD_MAX = 160, // RTP header with extensions, OSN of RTX
    BATCH_PAD_MAX = 16,   // RTP padding that evens out a train
};

enum batch_kind { BATCH_RTP, BATCH_RTCP };

#define BATCH_END UINT32_MAX

// A destination: one per transport, embedded in it, so that a transport's packets of this tick
// are found in O(1). Must outlive the tick: a transport is freed only after the flush.
struct batch_path {
    struct addr to;
    struct srtp *protect; // keys of this destination; NULL while there are none
    struct bwe *estimate; // of the way there (rtc/bwe.h): counts and remembers the packets that
                          // have a transport-wide number; NULL: none has
    // Octets that may leave before somebody is asked (sfu/pace.h); wraps, and means nothing
    // unless it is paced.
    uint32_t left;
    bool paced;
    uint32_t first; // BATCH_END when nothing is queued in this tick
    uint32_t last;
    uint64_t sent_packets; // RTP and RTCP that were sealed, ever
    uint64_t sent_octets;  // as UDP carries them
};

// What a packet is to all who get it.
struct batch_shared {
    struct bytes payload; // what follows head: in a history, or in this batch's store
    uint8_t kind;         // enum batch_kind
    bool urgent;          // sound, or a report: goes first when not everything can be sent
    uint8_t head_len;
    uint8_t clear_len; // how much of head is RTP header (of RTCP: the first 8 octets, which
                       // SRTCP leaves alone), authenticated but not encrypted; the rest of
                       // head comes before the payload
    // Where in the payload they are, so far in front that an octet tells; 0: nowhere.
    uint8_t picture_id_at;
    bool picture_id_long; // 15 bits instead of 7
    uint8_t tl0_at;
    uint8_t number_at;       // where in head the transport-wide number is; 0: nowhere
    uint8_t frame_number_at; // likewise that of a frame in a dependency descriptor
    bool exact;              // is sent again as it is: nothing may be added at the seal
    uint8_t head[BATCH_HEAD_MAX];
};

// A packet to one destination: two lie in a line of the processor's cache.
struct batch_packet {
    uint32_t next; // of the same path, or BATCH_END
    uint32_t ssrc; // this and the following of RTP only
    const struct batch_shared *shared;
    uint64_t index; // ROC << 16 | sequence number; of RTCP: the SRTCP index
    uint32_t timestamp;
    union {
        struct {
            uint16_t picture_id : 15;
            uint16_t
                renumbered : 1; // picture_id and tl0 are written where the payload has them
        };
        uint16_t frame_number; // of one whose head has it
    };
    uint8_t tl0;
    uint8_t cluster; // of the probe that it is part of (rtc/bwe_probe.h), or 0
};
static_assert(sizeof(struct batch_packet) == 32, "half a line of the processor's cache");

// Consecutive datagrams to one destination, all `segment_len` long but the last, which may be
// shorter. They lie next to each other from `at` on.
struct batch_run {
    struct addr to;
    uint8_t *at;
    uint32_t len;
    uint16_t segment_len;
    uint16_t count;
    bool urgent; // all of its packets are
};

// A growing list of chunks whose addresses stay: `payload` of packets may point into it.
struct batch_store {
    struct batch_chunk *chunks; // the first is the one being filled
};

struct batch {
    struct batch_packet *packets;
    uint32_t packet_count;
    uint32_t packet_cap;
    struct batch_path **paths; // those with something queued, in order of their first packet
    uint32_t path_count;
    uint32_t path_cap;
    struct batch_store store;

    // Plain datagrams to addresses that belong to no path (a STUN reply to a candidate that is
    // not chosen) are runs from the start; srtp_seal() adds the others.
    struct batch_run *runs;
    uint32_t run_count;
    uint32_t run_cap;

    uint32_t peak; // packets, of a tick since `resets` were 0
    uint32_t resets;
};

// Zero-initialised is an empty batch.
void batch_dispose(struct batch *b);
// Keeps the memory for the next tick: as much as the largest of some thousand needed.
void batch_reset(struct batch *b);

// A path with nothing queued.
void batch_path_init(struct batch_path *path);

// `len` octets that stay where they are until batch_reset().
uint8_t *batch_space(struct batch *b, size_t len);

// A shared part that stays where it is until batch_reset(). The caller writes all of it, of
// `head` as much as `head_len` says.
struct batch_shared *batch_share(struct batch *b);

// Queues a copy of `datagram` to `to`, before everything that is sealed later.
void batch_datagram(struct batch *b, const struct addr *to, struct bytes datagram);

// Queues a packet on `path`. Only `next` is filled in; the caller writes all other fields at
// once. The pointer is valid until the next call.
struct batch_packet *batch_media(struct batch *b, struct batch_path *path);

// Queues a copy of a plain packet that nobody else gets, whose first `clear_len` octets are not
// encrypted. Returns its shared part. RTCP is urgent.
struct batch_shared *batch_single(struct batch *b, struct batch_path *path,
                                  enum batch_kind kind, struct bytes plain, size_t clear_len,
                                  uint64_t index);

void batch_add_run(struct batch *b, struct batch_run run);
