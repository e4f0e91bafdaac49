// What is said between a person and the server in a simulated meeting.
#pragma once

#include "base/mem.h"
#include "room/event.h"

#include <stdint.h>

enum message_kind {
    // To the server:
    MESSAGE_JOIN,    // `text`: the first offer
    MESSAGE_WATCH,   // `text`: the only offer, of somebody who looks on (WHEP)
    MESSAGE_OFFER,   // `text`: with the microphone and the camera, `tracks`
    MESSAGE_ANSWER,  // `text`: to MESSAGE_OFFERED
    MESSAGE_PREFER,  // `tracks[0]` at most at `level`
    MESSAGE_MUTE,    // `tracks[0]` is as it says
    MESSAGE_RESTART, // the subscribe connection is silent
    MESSAGE_LEAVE,
    // From it:
    MESSAGE_ANSWERED, // `text`: to MESSAGE_JOIN and MESSAGE_OFFER
    MESSAGE_REFUSED,  // `text`: why
    MESSAGE_OFFERED,  // `text`: the next offer to subscribe
    MESSAGE_DEGRADED, // `text`: the track of which less is sent than was asked for
    MESSAGE_RESTORED, // `text`: likewise, no more
};

struct message {
    enum message_kind kind;
    unsigned person;
    unsigned life; // of the person; said in an earlier one it is not heard
    char *text;
    struct track_wish tracks[2];
    enum feed_level level;
};

static inline void message_dispose(struct message *m)
{
    mem_free(m->text);
}
