// What the dependency descriptors of one stream say of its packets (rtc/dependency.h): which
// layers a packet is of, and whether one may begin with it.
//
// A structure comes with a key frame and holds until the next. The one before it is kept too,
// as packets come late.
#pragma once

#include "rtc/codec.h"
#include "rtc/dependency.h"

enum { FRAMES_REMEMBERED = 256 };

struct frames_structure {
    uint16_t from; // number of the frame that brought it
    bool known;
    struct dependency_structure is;
};

// All zero: nothing came.
struct frames {
    struct frames_structure present;
    struct frames_structure before;
    // Of the last frames, by number.
    struct {
        uint16_t number;
        uint8_t temporal; // and 1; 0: none came
        uint8_t spatial;
    } seen[FRAMES_REMEMBERED];
};

// Replaces what `info` says of frame and layers by what the packet's descriptor does. 0,
// ERR_MALFORMED, or ERR_NOT_FOUND: the structure that describes the frame did not come, or not
// yet. Then `info` is what it was.
int frames_read(struct frames *f, struct bytes descriptor, struct codec_packet *info);
