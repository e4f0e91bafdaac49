// What a subscriber's receiver says of what it got: reports, and requests for packets and key
// frames.
#pragma once

#include "base/bytes.h"
#include "sfu/subscriber.h"
#include "sfu/tick.h"

enum { QUALITY_INTERVAL_US = 2 * 1000 * 1000 }; // between two notices

void feedback_receive(struct subscriber *s, struct bytes compound, const struct tick *tick);
