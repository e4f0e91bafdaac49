// One encoding of a track as its publisher sends it: its numbers, what of it is missing, and
// when to ask for a key frame. A stream of its own, with its SSRC.
#pragma once

#include "base/bytes.h"
#include "rtc/extension.h"
#include "rtc/frames.h"
#include "rtc/history.h"
#include "rtc/nack.h"
#include "rtc/negotiate.h"
#include "rtc/rebuild.h"
#include "rtc/report.h"
#include "rtc/rtp.h"
#include "rtc/seq.h"
#include "sfu/early.h"
#include "sfu/police.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    // Runs of padding-only packets that are remembered to place late packets before or after
    // them. A probe is one run, but for what is lost of it.
    SKIPPED_MAX = 64,
    // Between the last number of a layer's old SSRC and the first of its new one: room for
    // packets of the new one that come before its first.
    LAYER_RESTART_GAP = 1024,
};

struct layer {
    uint32_t ssrc;            // 0 before it is known
    uint32_t rtx_ssrc;        // 0: unknown or none
    uint8_t fec_payload_type; // of what repairs it by sums (rtc/fec.h); 0: nothing does
    bool refused;             // an encoding that the role does not have: dropped
    bool gone;                // the last offer did not have it: dropped until one does
    struct police police;

    struct seq seq; // arrived
    // Numbers that nobody sees, since the first packet: the last runs of them, in order.
    struct skipped {
        uint64_t first;
        uint64_t last;
        uint64_t before;    // how many there were in earlier runs
    } skipped[SKIPPED_MAX]; // a ring
    uint64_t skipped_count; // of runs, ever
    uint64_t floor;         // dense numbers up to it were given before the first packet

    int64_t ask_at;         // when to ask for a key frame; NEVER: no need
    int64_t asked_at;       // the last time
    uint32_t keys_asked;    // how often, ever
    uint32_t packets_asked; // that were missing, ever; each as often as it was asked for

    struct report_receiver report;
    struct nack nack;
    struct frames *frames;    // what descriptors said; NULL: none came
    struct early *early;      // what waits for a descriptor; NULL: nothing
    struct rebuild *rebuild;  // what sums are of; NULL: none came
    uint32_t sums;            // that came, ever
    uint32_t packets_rebuilt; // of them, ever
};

// It begins anew: what was received before says nothing of what comes.
void layer_reset(struct layer *l);

void layer_dispose(struct layer *l);

// What a packet of this codec is of. 0; ERR_MALFORMED, also without a payload; or
// ERR_NOT_FOUND: what describes it did not come, or not yet.
int layer_read(struct layer *l, enum codec codec, const struct rtp_packet *packet,
               const struct extension_values *values, struct codec_packet *info);

// How a packet came.
enum layer_way {
    LAYER_SENT,
    LAYER_AGAIN,   // as a retransmission
    LAYER_REBUILT, // put together of others, that repair it
};

// The extended number of a packet, after the books of reception were kept. 0: not to be
// used. `newest` is the last dense number given so far.
uint64_t layer_arrive(struct layer *l, const struct rtp_packet *packet, enum layer_way way,
                      uint32_t clock_rate, uint64_t newest, int64_t arrived_at);
// Nobody is to see that this number, the highest so far, existed.
void layer_skip(struct layer *l, uint64_t arrived);
// The dense number; 0: the packet has none, as it was skipped when it came first, or is too
// old. That of the highest number is above all that were given.
uint64_t layer_dense(const struct layer *l, uint64_t arrived);

// Somebody needs a key frame: now, or as soon as the interval since the last request is over.
void layer_want_key_frame(struct layer *l, int64_t now);

int64_t layer_deadline(const struct layer *l);
// Writes the next request that is due: for packets, or for a key frame unless `muted`, which is
// asked for again while it is `awaited`. `history`: what came of it, if anything did. False:
// none is.
bool layer_put_request(struct layer *l, const struct history *history, bool muted, bool awaited,
                       uint32_t own_ssrc, int64_t now, struct writer *w);
