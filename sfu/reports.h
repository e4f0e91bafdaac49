// The sender reports that a subscriber gets of what it is sent, for lip-sync and round trip.
#pragma once

#include "sfu/subscriber.h"
#include "sfu/tick.h"

#include <stdint.h>

enum {
    SENDER_REPORT_INTERVAL_US = 1000 * 1000,
    // The first report of a stream comes early, as audio and video are played out of step
    // before it.
    SENDER_REPORT_FIRST_US = 50 * 1000,
};

// A feed began a segment: its receiver wants a report soon.
void reports_soon(struct subscriber *s, int64_t now);

int64_t reports_deadline(const struct subscriber *s);
void reports_expire(struct subscriber *s, const struct tick *tick);
