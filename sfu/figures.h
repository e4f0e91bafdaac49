// What a peer connection has done so far, as numbers: for people who look for the cause of a
// bad call. A copy, made when it is asked for (COMMAND_FIGURES); nothing here is acted upon.
// Sums are since the endpoint, its track or its feed began, as in WebRTC's own statistics, so
// that two looks give rates.
#pragma once

#include "sfu/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint;

struct figures_layer {
    char rid[RID_LEN_MAX + 1]; // "" without simulcast
    bool alive;                // packets came lately
    uint16_t width, height;    // of the newest key frame; 0: its codec does not say
    double bps;                // as measured lately; 0: not known
    uint64_t packets;
    uint64_t octets; // of payload
    int64_t lost;    // that were not sent again, too; as in receiver reports
    int64_t jitter_us;
    uint32_t pictures;
    uint32_t packets_asked; // for those that were missing
    uint64_t packets_repaired;
    bool has_fec;
    uint32_t sums; // packets of FEC
    uint32_t packets_rebuilt;
    uint32_t keys_asked;
    uint32_t watchers; // feeds that are sent it now
};

// Of a publisher.
struct figures_track {
    uint64_t track;
    enum codec codec;
    bool unheard; // sound that is not among the loudest
    uint8_t layer_count;
    struct figures_layer layers[LAYERS_MAX]; // best first
};

// Of a subscriber.
struct figures_feed {
    uint64_t track;
    enum codec codec;
    enum video_quality wanted;
    enum video_quality sent;   // of sound: VIDEO_HIGH, or VIDEO_OFF
    char rid[RID_LEN_MAX + 1]; // of the encoding that is sent; "": it has no name, or none is
    bool degraded;             // less than the wish, for want of room
    uint32_t packets;          // without those that were sent again; wraps
    uint32_t octets;           // likewise
    double loss;               // 0..1, as the subscriber reported it last
    int64_t jitter_us;         // the same
    int64_t rtt_us;            // 0: not known
    uint32_t packets_asked;    // by the subscriber
    uint32_t packets_again;
    uint32_t keys_asked;
};

struct figures {
    enum endpoint_kind kind;
    enum transport_state state;
    bool has_address;
    struct addr address; // the peer's; meaningless without one
    uint64_t packets_in, octets_in;
    uint64_t packets_out, octets_out; // RTP and RTCP

    // Of a subscriber:
    double estimate_bps; // that its way carries; 0: not known
    double used_bps;     // by what was chosen for it
    double wish_bps;     // with so much every wish came true
    int64_t rtt_us;      // 0: not known
    double loss;         // 0..1
    uint64_t queued_octets;
    uint8_t score; // 0..5; QUALITY_NONE before the first

    size_t track_count; // of a publisher
    struct figures_track *tracks;
    size_t feed_count; // of a subscriber
    struct figures_feed *feeds;
};

// One block of memory, the caller's to mem_free().
struct figures *figures_of(const struct endpoint *e, int64_t now);
