// What a router is made with, and what it counts.
#pragma once

#include "base/addr.h"
#include "base/histogram.h"
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

extern const struct histogram_bounds router_rates; // of `estimates` and `allotted`

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
    uint64_t lost_in;        // packets of publishers that did not come, as they are told
    uint64_t lost_out;       // packets that did not reach subscribers, as those tell
    uint64_t asked_in;       // packets that publishers were asked to send again
    uint64_t asked_out;      // the same of us, by subscribers
    uint64_t keys_in;        // key frames that publishers were asked for
    uint64_t keys_out;       // the same of us, by subscribers
    uint64_t layers_higher;  // feeds that went on with a better layer, or part of one
    uint64_t layers_lower;   // with a worse one
    // Octets a second, of each way to a subscriber once a second while something is sent: what
    // it is found to carry, and what was allotted of that.
    struct histogram estimates, allotted;
    uint64_t rooms, endpoints, tracks, video_tracks, feeds; // that there are now
};
