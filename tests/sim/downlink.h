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

enum { DOWNLINK_FRAMES = 5, DOWNLINK_STREAMS_MAX = 16, DOWNLINK_SLICES = 11 };

// One video that a rate is estimated from.
struct downlink_stream {
    uint32_t ssrc;
    uint32_t timestamp; // of the last packet
    int64_t sent_us;    // the same, going on through wraps
    struct bwe_delay delay;
    int64_t late_us[DOWNLINK_FRAMES]; // arrival less sending of the last frames, a ring
    unsigned frames;
    bool jumps; // it grew much over these
    int64_t at; // the last packet
};

struct downlink {
    uint8_t twcc_id; // of the extension; 0: it was not agreed on
    bool remb;
    struct twcc_recorder recorder;
    // REMB.
    struct downlink_stream streams[DOWNLINK_STREAMS_MAX];
    size_t stream_count;
    size_t octets[DOWNLINK_SLICES]; // a ring of tenths of a second, the present one and the
                                    // second before
    int64_t slice;                  // the present one
    struct bwe_rate rate;           // of 0 bit/s until it is known
    int64_t first_at;               // when something came
    double told_bps;                // 0: nothing yet
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
