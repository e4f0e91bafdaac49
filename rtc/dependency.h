// The dependency descriptor: "RTP Payload Format For AV1" 1.0 appendix A. Which frame a packet
// is of, which frames that one needs, and who needs it: so that layers can be left out of a
// stream whose payload nobody looks at. Chromium sends it for every codec, if it is negotiated.
//
// A decode target is what a receiver may want: all frames of some spatial and temporal layer.
// To each target each frame says what it is to it. A chain is the frames without which a target
// breaks: each frame names the one before it in each chain. Frames are described by templates,
// which come with key frames, and by what differs from them.
//
//          S1   5 <- 7 <- 9          frame 8 needs 6; it is of temporal layer 0,
//               |    |    |          and targets S0 and S1 require it.
//          S0   4 <- 6 <- 8
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DEPENDENCY_TEMPLATES_MAX = 64,
    DEPENDENCY_TARGETS_MAX = 32,
    DEPENDENCY_CHAINS_MAX = 32,
    DEPENDENCY_SPATIAL_MAX = 4,
    DEPENDENCY_TEMPORAL_MAX = 8,
    DEPENDENCY_FDIFFS_MAX = 8, // AV1 frames refer to 7 at most
    DEPENDENCY_LEN_MAX = 255,  // of an element of the two-octet form, RFC 8285
};

// What a frame is to a decode target: table A.1.
enum dependency_indication {
    DEPENDENCY_ABSENT,      // it is not part of it
    DEPENDENCY_DISCARDABLE, // no other frame of the target needs it
    DEPENDENCY_SWITCH,      // the target may be begun here
    DEPENDENCY_REQUIRED,
};

// What templates and frames have in common.
struct dependency_needs {
    uint64_t indications; // two bits for each target, that of target 0 lowest
    uint8_t fdiff_count;
    uint16_t
        fdiffs[DEPENDENCY_FDIFFS_MAX]; // it needs the frames of these numbers before its own
    uint8_t
        chains[DEPENDENCY_CHAINS_MAX]; // likewise the last of each chain; 0: none, it begins
};

struct dependency_template {
    uint8_t spatial;
    uint8_t temporal;
    struct dependency_needs needs;
};

// As a key frame gives it; all zero: none is known.
struct dependency_structure {
    uint8_t id_offset;
    uint8_t template_count;
    uint8_t target_count;
    uint8_t chain_count;
    struct dependency_template templates[DEPENDENCY_TEMPLATES_MAX];
    uint8_t protected_by[DEPENDENCY_TARGETS_MAX]; // the chain of a target; without chains 0
    // The layers that a target is of, at most.
    uint8_t target_spatial[DEPENDENCY_TARGETS_MAX];
    uint8_t target_temporal[DEPENDENCY_TARGETS_MAX];
    // The targets whose frames are all frames of this target too: so many can be decoded where
    // it is forwarded. A bit each.
    uint32_t within[DEPENDENCY_TARGETS_MAX];
    bool has_resolutions;
    uint16_t width[DEPENDENCY_SPATIAL_MAX]; // minus 1, as it is written
    uint16_t height[DEPENDENCY_SPATIAL_MAX];
};

// What a packet says of its frame.
struct dependency_frame {
    bool starts; // first packet of it
    bool ends;   // last packet of it
    uint8_t template_id;
    uint16_t number;
    // Whether its template is known. If not, the structure was lost on the way or is of another
    // packet that comes yet, and nothing below is known.
    bool described;
    bool has_structure; // this packet brought it
    bool has_active;    // and these:
    uint32_t active;    // the targets that the sender has; told until told otherwise
    uint8_t spatial;
    uint8_t temporal;
    struct dependency_needs needs;
    // For dependency_rewrite(), in bits of the descriptor:
    uint16_t mask_at; // where `active` is, or would be
    uint16_t end_at;
    uint8_t target_count;
};

// Whether a descriptor claims to bring a structure.
static inline bool dependency_has_structure(struct bytes descriptor)
{
    return descriptor.len > 3 && (descriptor.at[3] & 0x80);
}

// Reads a descriptor by `structure`, which it replaces when it brings another. Returns 0, or
// ERR_MALFORMED and leaves both untouched.
int dependency_parse(struct bytes descriptor, struct dependency_structure *structure,
                     struct dependency_frame *frame);

static inline enum dependency_indication dependency_of(const struct dependency_needs *needs,
                                                       unsigned target)
{
    return needs->indications >> 2 * target & 3;
}

// Whether a frame is part of a chain: section A.6.
bool dependency_is_in_chain(const struct dependency_structure *s,
                            const struct dependency_needs *needs, unsigned chain);

// The target of the highest layers that are `spatial` and `temporal` at most, among those of
// the mask `active`. -1: none.
int dependency_target(const struct dependency_structure *s, uint32_t active, unsigned spatial,
                      unsigned temporal);

// What is changed in a descriptor that is passed on.
struct dependency_change {
    uint16_t number; // of the frame
    bool tells_active;
    uint32_t active; // then these are the targets that the receiver can have
};

// Writes a descriptor that dependency_parse() read into `frame` with what is changed to `out`,
// which is DEPENDENCY_LEN_MAX + 5 octets. Returns its length. A frame that is not described
// tells no targets.
size_t dependency_rewrite(struct bytes descriptor, const struct dependency_frame *frame,
                          const struct dependency_change *change, uint8_t *out);
