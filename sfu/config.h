// What a router is made with, and what it counts.
#pragma once

#include "base/addr.h"
#include "base/rng.h"
#include "rtc/srtp.h"
#include "rtc/transport.h"

#include <stddef.h>
#include <stdint.h>

struct router_config {
    uint8_t worker;                       // its number, part of every ufrag
    struct srtp_engine *engine;           // borrowed
    const struct dtls_identity *identity; // borrowed
    const struct addr *candidates;        // what SDP tells to clients; copied
    size_t candidate_count;
    struct rng *rng; // borrowed
    // What the NTP clock that viewers are told is ahead of `now`: players show it as a time of
    // day, and compute with times before 1970 as if there were none.
    int64_t ntp_ahead_us;
};

// Counters of this worker, for metrics: counts of 64 bits and nothing else, so that those of
// several are added up as they are.
struct router_stats {
    uint64_t datagrams_in;
    uint64_t rtp_in;
    uint64_t rtp_out;
    uint64_t retransmissions;
    uint64_t recovered; // sound that came again in a later packet of its publisher
    uint64_t rebuilt;   // pictures' packets, of sums that their publishers sent (rtc/fec.h)
    uint64_t drops[TRANSPORT_DROP_COUNT];
    uint64_t drop_unknown_source; // no endpoint for this address or ufrag
    uint64_t drop_unknown_stream; // SSRC, MID, RID or payload type that no section names
    uint64_t drop_over_cap;       // more than the publisher's role allows, or another encoding
    uint64_t drop_feedback;       // more than is read of a subscriber
    uint64_t drop_channel;   // SCTP of a data channel: more than is passed on, or not agreed
    uint64_t drop_malformed; // RTP or RTCP that does not parse
    uint64_t rooms, endpoints, tracks, feeds; // that there are now
};
