// What never came of a layer, and whether anybody misses it. Publishers do not send again all
// that they are asked for: libwebrtc leaves out what the next picture of a lower temporal layer
// would overtake (RTPSenderVideo::AllowRetransmission), which with a usual round trip is all of
// the last temporal layer. Pictures go on without it:
//
//     T2     o     x     o     o       the one behind it needs it not, and what may need it
//     T1        o           o          is over with the next picture of T0
//     T0  o           o
//
// What is missing of T0 is missing for good: a key frame must come.
#pragma once

#include "rtc/history.h"

#include <stdbool.h>

// Whether pictures go on without the packet of this dense number, which will not come. What is
// there before it and behind it says so; where that does not tell, they do not.
bool gap_heals(const struct history *h, uint64_t seq);
