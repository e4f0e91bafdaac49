// Packets of nothing but padding, for probes: they make a stream thicker for a moment.
//
// On a retransmission stream they carry no OSN (RFC 4588 says nothing of them; libwebrtc sends
// and takes them so). On a stream of media they use up numbers, so a frame must have ended.
#pragma once

#include "base/batch.h"
#include "rtc/rtp.h"

enum { PADDING_MAX = 255 }; // an octet tells: RFC 3550 section 5.1

struct padding {
    struct rtp_header header; // without `seq`: that is of the index
    uint64_t index;           // ROC << 16 | sequence number
    const struct extension_ids *ids;
    struct bytes mid; // may be empty
    bool numbered;    // transport-wide, as its path's other packets
    uint8_t octets;   // 1 to PADDING_MAX
    uint8_t cluster;  // of the probe
};

// Queues one on `path`.
void padding_queue(struct batch *b, struct batch_path *path, const struct padding *padding);
