// SSRCs of a peer that are no stream of ours: late packets of tracks that ended, tracks that
// nobody wants, and those under which receivers report. The transport learns every SSRC that is
// authentic and has room for SSRC_PER_TRANSPORT_MAX; only the last few strays stay in there.
#pragma once

#include <stdint.h>

enum {
    STRAYS_MAX = 56,
    STRAYS_OF_PUBLISHER = 8, // the rest is for its streams
    STRAYS_OF_SUBSCRIBER = STRAYS_MAX,
};

struct strays {
    uint32_t cap;
    uint32_t next;
    uint32_t ssrcs[STRAYS_MAX];
};

void strays_init(struct strays *s, uint32_t cap);

// Remembers `ssrc`. Returns the one that makes room for it and is to be forgotten; 0: none.
uint32_t strays_note(struct strays *s, uint32_t ssrc);
