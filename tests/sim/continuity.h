// What libwebrtc's receiver believes to be able to decode in the end, and what it asks for no
// more (VideoReceiveStream2::OnCompleteFrame, RtpVideoStreamReceiver2::FrameContinuous): a
// frame is continuous when all of its packets are there and the frames that it needs are
// continuous; whatever is missing before the newest such frame is forgotten. Where a lower
// spatial layer goes on by itself, that may be a packet of an upper one, and all pictures need
// it.
#pragma once

#include "tests/sim/source.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONTINUITY_FRAMES = 64 };

struct continuity {
    struct continuity_frame {
        struct mark mark;    // of any of its packets
        uint64_t packets[4]; // which are there, as bits
        unsigned count;      // 0: nothing came
        uint64_t end_seq;    // its highest number so far
        bool continuous;
    } frames[CONTINUITY_FRAMES]; // by number
    uint64_t from;               // what is missing before this number is forgotten
};

// A packet came. Returns `from`.
uint64_t continuity_packet(struct continuity *c, const struct mark *mark, uint64_t seq);
