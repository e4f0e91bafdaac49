// The sending side of a simulated browser: what its estimator of bandwidth says, by the
// feedback of the server, and the probes that it asks for. Browsers run libwebrtc's estimator
// there; ours (rtc/bwe.h) behaves like it in the large.
#pragma once

#include "base/batch.h"
#include "rtc/bwe.h"
#include "tests/sim/source.h"

#include <stdint.h>

struct uplink {
    struct bwe bwe;
    uint64_t remb_bps; // 0: the server did not say
    struct bwe_cluster cluster;
    uint32_t probing; // packets of it that are still to be sent
    double credit;    // octets of it that are due
    int64_t probed_at;
    int64_t allotted_at;
};

void uplink_init(struct uplink *u, int64_t now);
void uplink_dispose(struct uplink *u);

// What is about to be sealed: its packets have the transport-wide numbers that follow.
void uplink_note(struct uplink *u, const struct batch *b, int64_t now);
// Feedback of the server.
void uplink_feedback(struct uplink *u, struct bytes compound, int64_t now);

// Gives the camera its rate, from time to time.
void uplink_allot(struct uplink *u, struct source *camera, int64_t now);
// Packets of a probe that are due. They are to be noted by themselves.
void uplink_probe(struct uplink *u, struct source *camera, int64_t now, struct batch *out);
