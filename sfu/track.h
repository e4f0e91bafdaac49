// What is sent: a microphone, a camera, a screen. A track has one to three layers (simulcast
// encodings), each a stream of its own with its SSRC; and feeds, one for each subscriber.
//
// Numbers: a layer's packets are counted three times.
//
//     arrived   the publisher's sequence numbers, extended; nack and reports use them
//     dense     without those that carry nothing for a subscriber (padding-only probes); the
//               history uses them
//     outgoing  a feed's: dense plus an offset that changes when the feed switches layers
#pragma once

#include "base/list.h"
#include "rtc/extension.h"
#include "rtc/history.h"
#include "rtc/nack.h"
#include "rtc/negotiate.h"
#include "rtc/report.h"
#include "rtc/rtp.h"
#include "rtc/seq.h"
#include "sfu/command.h"
#include "sfu/feed.h"
#include "sfu/police.h"
#include "sfu/segment.h"
#include "sfu/speaker.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    // Numbers of padding-only packets that are remembered to place late packets before or
    // after them. Chromium's probes are bursts of a few dozen.
    SKIPPED_MAX = 64,
    // How far a layer may be silent, in its siblings' presence, and still count as sent.
    LAYER_SILENCE_US = 1000 * 1000,
    LAYER_CHECK_US = 250 * 1000,
};

struct publisher;

struct track_layer {
    char rid[RID_LEN_MAX + 1];
    uint32_t ssrc;     // 0 before it is known
    uint32_t rtx_ssrc; // 0: unknown or none
    bool started;      // a packet came; the history is there
    bool refused;      // an encoding that the role does not have: dropped
    struct police police;

    struct seq seq; // arrived
    uint64_t skipped[SKIPPED_MAX];
    uint32_t skipped_kept;  // of `skipped`, the last ones, in order of arrival number
    uint64_t skipped_count; // arrived - dense, for what comes now

    struct progress progress; // where feeds leave off when they switch

    int64_t ask_at;   // when to ask for a key frame; NEVER: no need
    int64_t asked_at; // the last time

    struct report_receiver report;
    struct history history;
    struct nack nack;
};

struct track {
    uint64_t id;
    struct shared *shared;
    struct publisher *publisher;
    struct list link; // in publisher.tracks, or in shared.closed_tracks
    enum media_kind kind;
    char mid[MID_LEN_MAX + 1];
    char stream_id[MSID_LEN_MAX + 1];
    char track_id[MSID_LEN_MAX + 1];
    struct negotiated_codec codec;
    bool muted;
    bool held; // nothing is sent of it until it is muted no more
    bool up;   // the first packet came, and a notice said so
    struct talker talker;
    int kbps;         // that its publisher's role allows, all layers together; 0: no bound
    int64_t check_at; // the next look at which layers are alive; NEVER with one layer

    uint8_t layer_count;
    struct track_layer layers[LAYERS_MAX]; // best first

    // One line for each feed that may be sent now, read for every packet: kept together.
    struct feed_line *lines;
    uint32_t line_count;
    uint32_t line_cap;
    // All feeds, those not yet answered included.
    struct list feeds;
};

// Leaves of the encodings that `section` offers those that will be forwarded, so that nothing
// else is answered: those that the role has, or the first one when it has none of these names.
// `known` is the track as it was negotiated before, whose encodings stay what they are; or
// NULL.
void track_select_layers(const struct track *known, const struct track_cap *cap,
                         struct publish_section *section);

struct track *track_new(struct shared *s, struct publisher *p, uint64_t id,
                        const struct publish_section *section);
// Ends its feeds and moves it to shared.closed_tracks.
void track_close(struct track *t, const struct tick *tick);
void track_free(struct track *t); // one that was closed

// A new offer says the same or more about it.
void track_update(struct track *t, const struct publish_section *section);

// What its publisher's role allows.
void track_bound(struct track *t, const struct track_cap *cap, int64_t now);

// A packet of layer `layer`; `repair` when it came as a retransmission, already unwrapped.
void track_receive(struct track *t, unsigned layer, const struct rtp_packet *packet,
                   const struct extension_values *values, bool repair, const struct tick *tick);
// Another SSRC sends this layer from now on.
void track_layer_replace(struct track *t, unsigned layer, uint32_t ssrc);
// Feeds that wait for a key frame ask for it.
void track_ask(struct track *t, const struct tick *tick);

// The publisher was out of reach: what it sent meanwhile is not waited for, and pictures go on
// from a key frame.
void track_resume(struct track *t, const struct tick *tick);

void track_mute(struct track *t, bool muted, bool held, const struct tick *tick);

// Somebody needs a key frame of `layer`: asks now, or as soon as the interval since the last
// request is over.
void track_want_key_frame(struct track *t, unsigned layer, const struct tick *tick);

// Whether packets of the layer have come lately.
bool track_layer_is_alive(const struct track *t, unsigned layer, int64_t now);

int64_t track_deadline(const struct track *t);
void track_expire(struct track *t, const struct tick *tick);
