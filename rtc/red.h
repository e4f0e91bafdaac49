// Redundant audio: RFC 2198. A packet carries, beside its own frame, frames that were sent
// before in packets which may be lost. Chromium sends Opus so when it is negotiated, with one
// or two.
//
//     |1| PT | timestamp offset | length |1| ... |0| PT | data of the first | ... | own frame |
//      \_____ of a redundant block ____/          \_ of the packet's own
#pragma once

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

enum { RED_BLOCKS_MAX = 10 }; // libwebrtc sends 9 redundant ones at most

struct red_block {
    uint8_t payload_type;      // as the SDP gives it: that of Opus
    uint16_t timestamp_offset; // ticks before the packet's timestamp; 0: the packet's own
    struct bytes data;         // points into the payload; of redundant blocks it may be empty
};

struct red {
    struct red_block blocks[RED_BLOCKS_MAX]; // oldest first; the last is the packet's own
    size_t count;                            // at least 1
};

// Reads a payload. Returns 0; or ERR_MALFORMED, which is also what lacks a frame of its own.
int red_parse(struct red *red, struct bytes payload);

// What red_put() can: redundant frames are shorter than this, and as far back.
enum { RED_DATA_MAX = 1 << 10, RED_OFFSET_MAX = 1 << 14, RED_HEADER_LEN = 4 };

// Writes a payload of blocks that are as above: all but the last within those bounds.
void red_put(struct writer *w, const struct red *red);

// The frame of the packet itself: all that a receiver without RED gets, under the payload type
// that the block names.
static inline const struct red_block *red_primary(const struct red *red)
{
    return &red->blocks[red->count - 1];
}

// The frame of the packet that was sent so many ticks before; NULL when this one does not
// repeat it.
const struct red_block *red_find(const struct red *red, uint32_t timestamp_offset);
