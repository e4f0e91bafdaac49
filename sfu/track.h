// What a person sends: a microphone, a camera, a screen. A track has one to three layers
// (simulcast encodings); what comes of them goes into its stream, from which feeds send.
#pragma once

#include "base/list.h"
#include "rtc/extension.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "sfu/command.h"
#include "sfu/demand.h"
#include "sfu/last_n.h"
#include "sfu/layer.h"
#include "sfu/speaker.h"
#include "sfu/stream.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

struct meeting; // sfu/shared.h

enum { LAYER_CHECK_US = 250 * 1000 };

struct track {
    uint64_t endpoint; // its publisher's
    struct list link;  // in publisher.tracks, or in shared.closed_tracks
    char mid[MID_LEN_MAX + 1];
    bool up; // the first packet came, and a notice said so
    struct talker talker;
    struct voice voice;
    struct demand demand;
    int kbps;         // that its publisher's role allows, all layers together; 0: no bound
    int64_t check_at; // the next look at which layers are alive; NEVER with one layer
    struct layer layers[LAYERS_MAX]; // as many as the stream has
    struct stream stream;
};

// Leaves of the encodings that `section` offers those that will be forwarded, so that nothing
// else is answered: those that the role has, or the first one when it has none of these names.
// `known` is the track as it was negotiated before, whose encodings stay what they are; or
// NULL.
void track_select_layers(const struct track *known, const struct track_cap *cap,
                         struct publish_section *section);

// Its publisher's name and clock are the caller's to fill in.
struct track *track_new(struct shared *s, uint64_t endpoint, uint64_t id,
                        const struct publish_section *section);
// Moves it to shared.closed_tracks, whose feeds the router ends.
void track_close(struct track *t, struct shared *s);
void track_free(struct track *t); // one that was closed

// The index of its encoding of this name, "" where it is the only one; ERR_NOT_FOUND.
int track_encoding(const struct track *t, struct bytes rid);
// Whether all encodings that are offered are known: each stays the layer that it is, however
// many others are not offered any more. Otherwise the track begins anew with those.
bool track_goes_on(const struct track *t, const struct publish_section *section);
// A new offer says the same, more or less about it.
void track_update(struct track *t, const struct publish_section *section);

// What its publisher's role allows.
void track_bound(struct track *t, const struct track_cap *cap, int64_t now);

// A packet of layer `layer`, already unwrapped. Returns it as it is to be forwarded, or NULL;
// `start`: a segment may begin with it.
const struct history_slot *track_receive(struct track *t, unsigned layer,
                                         const struct rtp_packet *packet,
                                         const struct extension_values *values,
                                         enum layer_way way, int64_t arrived_at, bool *start,
                                         const struct tick *tick);
// Behind the first packet of a key frame: those that waited for it, one after the other. False:
// none is left. `*slot` is as above.
bool track_receive_early(struct track *t, unsigned layer, const struct history_slot **slot,
                         bool *start, const struct tick *tick);
// The publisher's report about a layer's stream came.
void track_report(struct track *t, unsigned layer, const struct rtcp_sender_info *sender,
                  int64_t now);
// Another SSRC sends this layer from now on.
void track_layer_replace(struct track *t, unsigned layer, uint32_t ssrc);

// The publisher was out of reach: what it sent meanwhile is not waited for, and pictures go on
// from a key frame, which feeds are to ask for.
void track_resume(struct track *t);

void track_mute(struct track *t, bool muted, bool held);

// A subscriber wants as much of it from now on; a look at what all of them want. Adds
// NOTICE_DEMAND when its publisher is to be told.
void track_want(struct track *t, enum video_quality most, const struct meeting *meeting,
                const struct tick *tick);
void track_look_at_demand(struct track *t, const struct meeting *meeting,
                          const struct tick *tick);

// Takes the wishes of its stream: asks now, or as soon as the interval since the last request
// is over.
void track_take_wishes(struct track *t, int64_t now);

int64_t track_deadline(const struct track *t);
// Writes the next request to the publisher that is due. False: none is.
bool track_put_request(struct track *t, uint32_t own_ssrc, int64_t now, struct writer *w);
// Whether feeds are to choose again now, as layers may have come or gone; sets the next look.
bool track_is_checked(struct track *t, int64_t now);
