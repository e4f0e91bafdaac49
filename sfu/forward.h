// The hot loop: one packet of a layer to everybody who wants it. A packet is written once, and
// for each subscriber only what differs is.
#pragma once

#include "base/batch.h"
#include "sfu/feed.h"

enum {
    // A key frame's first packet that came late, itself repaired: how many newer packets are
    // then sent from the history in one go.
    FORWARD_CATCH_UP_MAX = 64,
};

// A packet came into the history of `layer`: sends it on every line of the track that wants it.
// `start`: a segment may begin with it.
void forward_packet(struct track *t, unsigned layer, const struct history_slot *slot,
                    bool start, const struct tick *tick);

// Sends one packet of the track's on `line`, under the numbers of `shift`.
void forward_again(const struct track *t, const struct feed_line *line,
                   const struct shift *shift, const struct history_slot *slot,
                   const struct tick *tick);

// Puts the payload behind the head: with its descriptor rewritten where pictures are counted
// otherwise than by the publisher. Most feeds never switch, and their payload stays whole.
void forward_put_payload(struct batch_packet *p, enum codec codec,
                         const struct history_slot *slot, const struct shift *shift);
