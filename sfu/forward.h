// The hot loop: one packet of a layer to everybody who wants it. A packet is written once, and
// for each subscriber only what differs is.
#pragma once

#include "base/limits.h"
#include "sfu/feed.h"

enum {
    // A key frame's first packet that came late, itself repaired: how many newer packets are
    // then sent from the history in one go.
    FORWARD_CATCH_UP_MAX = 64,
    // How old a key frame may be with which a feed begins out of the history. While it is
    // younger, a request for another would wait (sfu/layer.c).
    FORWARD_PAST_US = KEY_FRAME_REQUEST_INTERVAL_MS * 1000,
    // The client has its keys some time after we have ours. It would lose what comes before,
    // and a picture has to begin with its first packet.
    FORWARD_PAST_AFTER_US = 25 * 1000,
    // How much of the past may leave at once; where it is more, a layer of less begins.
    FORWARD_PAST_OCTETS = 64 * 1024,
};

// A packet came into the history of `layer`: sends it on every line of the stream that wants
// it. `start`: a segment may begin with it.
void forward_packet(struct stream *s, unsigned layer, const struct history_slot *slot,
                    bool start, const struct tick *tick);

// Begins, out of the history, with the newest key frame of one of the layers in `mask`, and
// what followed it. Nothing was being sent. False when there is none that is young enough.
bool forward_past(struct feed_line *line, uint8_t mask, const struct tick *tick);

// Sends a packet of the feed's stream once more, as it was in that segment, which still knows
// it: the very packet, or one of the retransmission stream with a number of its own
// (RFC 4588).
void forward_again(const struct feed *f, const struct segment *segment,
                   const struct history_slot *slot, const struct tick *tick);
// Sends a packet that waited, by its outgoing number and as part of the cluster, or of none.
// Returns its octets; 0: it is not there any more.
size_t forward_waiting(const struct feed *f, uint64_t number, uint8_t cluster,
                       const struct tick *tick);
void forward_repair(const struct feed *f, const struct segment *segment,
                    const struct history_slot *slot, uint64_t index, uint16_t original_seq,
                    const struct tick *tick);
