// Sends again what a subscriber misses (RFC 4588), from the history of the layer that it came
// from, within a budget.
#pragma once

#include "sfu/feed.h"

// The subscriber asks for `seq` again.
void repair_packet(struct feed *f, uint16_t seq, const struct tick *tick);
