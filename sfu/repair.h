// Sends again what a subscriber misses (RFC 4588), from the history of the layer that it came
// from, within a budget.
#pragma once

#include "sfu/feed.h"

// The subscriber asks for `seq` again.
void repair_packet(struct feed *f, uint16_t seq, const struct tick *tick);
// Whether what is lost of it is sent again without being asked for. Where there are spatial
// layers libwebrtc's receiver forgets what is missing of an upper one as soon as the lowest of
// the next picture is whole (RtpVideoStreamReceiver2::FrameContinuous), and stands for 3 s.
bool repair_is_unasked(const struct feed *f);
// Feedback says that `seq` did not arrive; `again`: not when it was sent again, either.
void repair_lost(struct feed *f, uint16_t seq, bool again, const struct tick *tick);
// The feedback that would say so was lost itself, so `seq` may have arrived: it is sent once as
// if it had not, unless it is of the lowest layer or of layers that stand apart, which a
// receiver asks for until they come. A part of the budget is kept for what is missing for sure.
void repair_untold(struct feed *f, uint16_t seq, bool again, const struct tick *tick);
