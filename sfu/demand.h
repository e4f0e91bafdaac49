// Which encodings of a simulcast anybody has use for: what lies above all wishes, its publisher
// need not send. It is told (NOTICE_DEMAND), and a client that can pauses the rest
// (docs/signalling.md, "Layers that nobody watches").
//
// It goes by wishes, not by what is sent: whoever has no room for a better encoding now may
// have it in a moment. What lies below the best wish goes on, as one falls to it. More is told
// at once, less only after a while, so that a window that is dragged about costs no key frames.
#pragma once

#include "sfu/command.h"
#include "sfu/stream.h"

#include <stdbool.h>
#include <stdint.h>

enum { DEMAND_HOLD_US = 3 * 1000 * 1000 };

// Of a track. All of it is wanted until something else is told.
struct demand {
    enum video_quality told;
    int64_t less_from; // since when less is wanted; 0: it is not
};

// Both return whether `told` changed, and is to be told.
// Somebody wants as much of it from now on.
bool demand_rise(struct demand *d, enum video_quality most);
// Looks at all wishes: each second or so.
bool demand_look(struct demand *d, const struct stream *s, int64_t now);
