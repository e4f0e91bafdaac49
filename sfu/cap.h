// Up to which spatial and temporal layer something of a stream is sent, and where a feed may go
// from one such bound to another without a decoder's noticing:
//
//     T2     o     o     o     o
//     T1        o           o           down: before any picture
//     T0  o           o           o     up to T1: before a picture of T1 that needs T0 alone
//
// One temporal layer at a time, as what is above it may need it. Spatial layers are taken up
// with key pictures alone: at the begin of another picture nobody knows yet what its upper
// layers will need.
#pragma once

#include "rtc/codec.h"

#include <stdbool.h>
#include <stdint.h>

enum { CAP_ALL = 2 }; // that layer, and all above it

struct cap {
    uint8_t spatial;
    uint8_t temporal;
};

static inline bool cap_is(struct cap a, struct cap b)
{
    return a.spatial == b.spatial && a.temporal == b.temporal;
}

// Whether what a packet is of is within the cap.
bool cap_has(struct cap cap, const struct codec_packet *info);

// How far one may go from `from` towards `to` before a picture that begins with this packet;
// `key`: with a key picture.
struct cap cap_towards(struct cap from, struct cap to, const struct codec_packet *info,
                       bool key);
