// How many key frames a publisher is asked for on behalf of one subscriber. Each is as large as
// many pictures, and what it takes is missing in those behind it for everybody who watches: two
// a second for ever, as one receiver may ask for them, would spoil the video of all.
//
// A feed has half a minute saved up, and each key frame takes some seconds of it:
//
//     what a receiver asks for             6 s     5 at once, then one each 6 s
//     the same while packets are lost      3 s     10 at once, then one each 3 s
//     another layer, or to begin           1.5 s   20 at once
//
// In calls with 30 % loss receivers ask for one in 6 s at most (tests/sim). What is asked for
// again before a key frame came takes nothing: receivers ask each 200 ms while they wait.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum key_cause {
    KEY_ASKED,  // by the receiver, for a reason of its own
    KEY_LOST,   // by the receiver, of which we are told that packets are lost
    KEY_CHOSEN, // to begin, or with another layer
};

// Zero-initialised has all saved up.
struct key_budget {
    int64_t earned_at; // all that was taken will have been earned again
    int64_t passed_at; // the last one that was passed on; 0: none was
    int64_t owed_at;   // since when one waits that was not passed on; 0: none does
    uint8_t layer;     // of the one that was passed on
    uint8_t owed_layer;
};

// Whether a key frame of `layer` may be asked for now, the newest of which began to come at
// `came_at`. If not, it is owed.
bool key_budget_take(struct key_budget *b, unsigned layer, int64_t came_at,
                     enum key_cause cause, int64_t now);
