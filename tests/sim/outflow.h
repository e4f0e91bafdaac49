// What the router has ever sent of each stream, judged as it leaves: a stream begins as a
// decoder needs it, and nothing comes of one that is closed.
#pragma once

#include "base/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTFLOWS_MAX = 1024 };

struct outflow {
    uint32_t ssrc;
    bool video;
    bool begun;
    bool closed; // the feed is: nothing may come any more
};

struct outflows {
    struct outflow list[OUTFLOWS_MAX];
    size_t count;
};

struct meeting_sim;

// What the router offers is known to the judge at once, as media may begin before the offer's
// signalling has come; and what it is told to close must be silent at once.
void outflow_note_offer(struct meeting_sim *m, const char *sdp);

// All that the router sends at the end of a tick.
void outflow_judge(struct meeting_sim *m, const struct batch *b);
