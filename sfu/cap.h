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
//
// Where spatial layers need the one below in key pictures alone (L3T3_KEY), the lower ones are
// left out of all other pictures, as nothing that is shown needs them: the cap is `alone`. What
// is not sent cannot be lost, and of a lower layer a decoder would miss what it does not need:
//
//     S2  o--o--o--o
//         |             down to another spatial layer: with a key picture, too
//     S1  o  .  .  .
//         |
//     S0  o  .  .  .
#pragma once

#include "rtc/codec.h"

#include <stdbool.h>
#include <stdint.h>

enum { CAP_ALL = 2 }; // that layer, and all above it

struct cap {
    uint8_t spatial;
    uint8_t temporal;
    bool alone; // of the lower spatial layers no more than upper ones need
};

static inline bool cap_is(struct cap a, struct cap b)
{
    return a.spatial == b.spatial && a.temporal == b.temporal && a.alone == b.alone;
}

// Whether what a packet is of is within the cap.
bool cap_has(struct cap cap, const struct codec_packet *info);

// Whether there is no way from `from` to `to` but with a key picture.
bool cap_needs_key(struct cap from, struct cap to);
// How far one may go from `from` towards `to` before a picture that begins with this packet;
// `key`: with a key picture. To a cap that is alone one goes before the frame of its spatial
// layer.
struct cap cap_towards(struct cap from, struct cap to, const struct codec_packet *info,
                       bool key);
