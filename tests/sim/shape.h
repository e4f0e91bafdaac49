// What a camera's pictures are made of: three temporal layers, and with VP9 spatial ones in one
// stream. Which frame needs which, and how payload descriptors tell it.
//
//     S2   o--o--o--o        key picture: each layer needs the one below it
//          |                 later: full (L3T3): likewise; else (L3T3_KEY) only its own
//     S1   o--o--o--o
//          |
//     S0   o--o--o--o
#pragma once

#include "base/bytes.h"
#include "rtc/codec.h"

#include <stdbool.h>
#include <stdint.h>

enum { SPATIAL_MAX = 3 };

// Zero-initialised is VP8.
struct shape {
    enum codec codec; // CODEC_NONE is VP8, too
    uint8_t spatial;  // layers in the stream; 0 counts as 1
    bool full;        // spatial layers need the one below in every picture
    bool flat;        // one temporal layer; not of AV1
    bool flexible;    // VP9 names what it needs in each packet
};

// What a packet is of. Each has it in its payload.
struct mark {
    uint8_t layer; // of a simulcast
    bool key;
    uint32_t frame; // of the layer, counted from 1; those of spatial layers are counted on
    uint8_t index;  // of the packet in its frame
    uint8_t count;  // of packets in the frame
    uint8_t temporal;
    // Pictures: it needs the frame so many before it; a key frame none. Sound: the packet also
    // has the frame so many before it (in-band FEC); 0: it has not.
    uint8_t back;
    uint8_t spatial;
    bool below; // it needs the frame just before it, of the same picture
};

unsigned shape_spatial(const struct shape *s); // 1 to SPATIAL_MAX
enum codec shape_codec(const struct shape *s);

// Fills in the temporal layer and the needs of a frame of `mark->spatial`: the picture `cycle`
// of four since the last key picture, itself 0.
void shape_place(const struct shape *s, unsigned cycle, struct mark *mark);
// The dependency descriptor of a packet, 255 octets at most: the frame has this number, and it
// is of the `keys`th key picture. Of AV1 only.
size_t shape_describe(const struct shape *s, const struct mark *mark, unsigned cycle,
                      uint16_t number, uint32_t keys, uint8_t *out);
// The payload descriptor of a packet.
void shape_put_descriptor(const struct shape *s, const struct mark *mark, unsigned cycle,
                          uint16_t picture_id, uint8_t tl0, struct writer *w);
