// How large the frames of a real encoder are, one after another: octets.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FRAME_SIZES_MAX = 64, FRAME_SIZES_SOUND = 3 };

struct frame_list {
    uint16_t sizes[FRAME_SIZES_MAX];
    unsigned count;
};

struct frame_sizes {
    unsigned layer; // of a simulcast, best first; FRAME_SIZES_SOUND: a microphone's
    unsigned kbps;  // their mean without key frames
    struct frame_list keys;
    struct frame_list deltas[3]; // by temporal layer; sound has one
};

extern const struct frame_sizes frame_sizes[]; // by layer, the highest rate first
extern const size_t frame_sizes_count;
