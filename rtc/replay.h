// Which index an incoming SRTP packet has, and whether it was seen: RFC 3711 sections 3.3.1 and
// 3.3.2. Of one direction of one transport, for each SSRC that is learned from an authenticated
// packet.
//
// A sender keeps the rollover counter (ROC) of an SSRC for as long as it keeps the keys, and it
// is not in the packets: a camera that is stopped and started again goes on where it was. So an
// SSRC that is forgotten leaves its counter behind.
#pragma once

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    // Encoders without a retransmission stream repeat a packet under its own number, up to a
    // second later: 1024 packets are a second of 8 Mbit/s.
    REPLAY_WINDOW = 1024,
    // A whole word of the ring is cleared ahead, which the window does not count on (RFC 6479).
    REPLAY_WORDS = REPLAY_WINDOW / 64 + 1,
};

struct replay_window {
    bool started;
    uint64_t top;                // the highest index seen
    uint64_t bottom;             // what is below it is refused: it is not known what was seen
    uint64_t seen[REPLAY_WORDS]; // a ring: index i is bit i % 64 of word i / 64
};

struct replay_source {
    uint32_t ssrc;
    struct replay_window rtp;
    struct replay_window rtcp;
};

// What stays of a forgotten SSRC: where its packets go on. 0: none came.
struct replay_past {
    uint32_t ssrc;
    uint64_t rtp_next;
    uint64_t rtcp_next;
};

// Zero-initialised knows no SSRC.
struct replay {
    struct replay_source *sources; // at most SSRC_PER_TRANSPORT_MAX
    uint32_t count;
    uint32_t cap;
    struct replay_past *past; // at most SSRC_REMEMBERED_MAX, the one forgotten first in front
    uint32_t past_count;
    uint32_t past_cap;
};

void replay_dispose(struct replay *r);

// The index that a RTP packet most likely has. `*sure` is false when the ROC may be one higher:
// nothing of this SSRC has come yet, or nothing since it was forgotten, and packets before
// this one may be lost. Returns 0, ERR_EXISTS (seen, or too old to tell), ERR_FULL (no room to
// learn the SSRC).
int replay_guess(const struct replay *r, uint32_t ssrc, uint16_t seq, uint64_t *index,
                 bool *sure);
// The same for a RTCP packet, which names its index.
int replay_ask_rtcp(const struct replay *r, uint32_t ssrc, uint32_t index);

// An authenticated packet: only now is anything learned from it. Returns as replay_guess().
int replay_learn(struct replay *r, uint32_t ssrc, bool rtcp, uint64_t index);

// Makes room for another SSRC. What was received under this one stays refused, while it is
// remembered.
void replay_forget(struct replay *r, uint32_t ssrc);
