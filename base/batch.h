// Datagrams on their way out. Machines append to a batch; nothing is encrypted or sent until
// the end of the tick, when rtc/srtp seals the whole batch with multi-buffer calls and net/udp
// sends it.
//
//     append:  batch_datagram()  STUN, DTLS: copied as they are
//              batch_media()     RTP, RTCP: a new head, and a view of the payload
//     seal:    srtp_seal()       fills `runs`
//     send:    udp_send()        each run is one UDP-GSO send or part of a sendmmsg
//     reset:   batch_reset()
//
// Packets come in the order in which the tick made them: one packet for each of a hundred
// subscribers, then the next. They leave in another: all that goes to one subscriber, then all
// for the next. The chain through `next`, started in the destination's batch_path, is that
// order, so regrouping costs nothing.
#pragma once

#include "base/addr.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BATCH_HEAD_MAX = 128, // RTP header with extensions, OSN of RTX, payload descriptor
    BATCH_PAD_MAX = 16,   // RTP padding that evens out a train
};

enum batch_kind { BATCH_PLAIN, BATCH_RTP, BATCH_RTCP };

#define BATCH_END UINT32_MAX

// A destination: one per transport, embedded in it, so that a transport's packets of this tick
// are found in O(1). Must outlive the tick: a transport is freed only after the flush.
struct batch_path {
    struct addr to;
    struct srtp *protect; // keys of this destination; NULL while there are none
    uint32_t first;       // BATCH_END when nothing is queued in this tick
    uint32_t last;
};

struct batch_packet {
    uint32_t next; // of the same path, or BATCH_END
    uint8_t kind;  // enum batch_kind
    uint8_t head_len;
    uint8_t clear_len;    // BATCH_RTP: how much of head is RTP header, authenticated but not
                          // encrypted; the rest of head is the beginning of the payload
    bool urgent;          // sound, or a report: goes first when not everything can be sent
    uint64_t index;       // BATCH_RTP: ROC << 16 | sequence number; BATCH_RTCP: SRTCP index
    struct bytes payload; // what follows head: in a history, or in this batch's store
    uint8_t head[BATCH_HEAD_MAX];
};

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
};

// Zero-initialised is an empty batch.
void batch_dispose(struct batch *b);
void batch_reset(struct batch *b); // keeps the memory for the next tick

// A path with nothing queued.
void batch_path_init(struct batch_path *path);

// `len` octets that stay where they are until batch_reset().
uint8_t *batch_space(struct batch *b, size_t len);

// Queues a copy of `datagram` to `to`, before everything that is sealed later.
void batch_datagram(struct batch *b, const struct addr *to, struct bytes datagram);

// Queues a packet on `path`. Only `next` is filled in, and `urgent` is false; the caller writes
// all other fields at once. The pointer is valid until the next call.
struct batch_packet *batch_media(struct batch *b, struct batch_path *path);

void batch_add_run(struct batch *b, struct batch_run run);
