// The receiving side of a simulated browser: what it tells the server of how packets arrive.
// Where transport-wide feedback was agreed on, it is that; else, where REMB was, a rate that it
// estimates itself as libwebrtc's receivers do, from timestamps and arrival.
#pragma once

#include "base/bytes.h"
#include "rtc/bwe_delay.h"
#include "rtc/bwe_rate.h"
#include "rtc/rtp.h"
#include "rtc/twcc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOWNLINK_STREAMS_MAX = 16, DOWNLINK_SLICES = 10 };

// One video that a rate is estimated from.
struct downlink_stream {
    uint32_t ssrc;
    uint32_t timestamp; // of the last packet
    int64_t sent_us;    // the same, going on through wraps
    struct bwe_delay delay;
};

struct downlink {
    uint8_t twcc_id; // of the extension; 0: it was not agreed on
    bool remb;
    struct twcc_recorder recorder;
    // REMB.
    struct downlink_stream streams[DOWNLINK_STREAMS_MAX];
    size_t stream_count;
    size_t octets[DOWNLINK_SLICES]; // of the last second, a ring of tenths
    int64_t slice;                  // the present one
    struct bwe_rate rate;
    double told_bps; // 0: nothing yet
    int64_t told_at;
    uint64_t told; // feedbacks of either kind
};

// `sdp` is the description that both agreed on.
void downlink_agree(struct downlink *d, const char *sdp);
// A packet of the server's, of so many octets with IP and UDP.
void downlink_packet(struct downlink *d, const struct rtp_packet *packet, size_t octets,
                     int64_t now);
// Appends what is due.
void downlink_feedback(struct downlink *d, int64_t now, struct writer *w);
