// How much of a subscriber's way some packets take, headers included: as measured between two
// looks, a guess before the first.
//
//     begins       first look            a look each second
//     |------------|---------------------|---------------------|
//     0          250 ms                1.25 s               2.25 s
//
// From a look on the rate is the middle of what it was and what came since the look before. Key
// frames come and go; but where there was no look for two seconds, it is what came alone.
#pragma once

#include "sfu/segment.h"

#include <stdbool.h>
#include <stdint.h>

// Zero-initialised knows nothing.
struct rate {
    int64_t at;    // of the last look, or when it began; 0: not yet
    uint8_t looks; // so far, two at most
    uint32_t octets;
    uint32_t packets;
    double bps; // 0: not known yet
};

enum {
    RATE_LOOK_US = 1000 * 1000,
    RATE_LOOK_FIRST_US = 250 * 1000, // a guess is not to be trusted for long
};

// What is special before the first look is over, and while nothing comes.
struct rate_manner {
    // At the first look, what came since the beginning counts as that of so long, at least: a
    // key frame that it begins with is no rate.
    int64_t first_us;
    bool grows; // what came shows before the first look, where it is above the guess
    // The first look says little, as an encoder begins with less than it comes to: the second
    // forgets it.
    bool climbs;
    bool rests; // there are no looks
};

// What comes from now on counts; nothing happens when it did already. `at`: how far it came.
void rate_begin(struct rate *r, const struct progress *at, int64_t now);

// In bit/s, after the look that is due, if one is. `guess` is used while nothing is known.
double rate_bps(struct rate *r, const struct progress *at, double guess,
                struct rate_manner manner, int64_t now);
