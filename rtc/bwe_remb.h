// How much may be sent to a receiver that tells a rate of its own (REMB,
// draft-alvestrand-rmcat-remb-03), for want of transport-wide feedback. docs/bwe.md explains
// it.
//
//     bwe_remb_begin()     at a guess, which doubles each second in which more is wanted
//     bwe_remb_told()      what the receiver said: from then on its word, where it is a bound
//     bwe_remb_bps()       what may be sent
//     bwe_remb_fill_bps()  up to which the way is to be filled with padding
//
// A receiver knows its way only as far as it is used, and tells at most 1.5 times of what came.
// So while more is wanted, the way is filled up to the rate told, until that is enough or
// falls; and for a moment before the guess doubles, so that the receiver may object.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    BWE_REMB_DOUBLE_US = 1000 * 1000,   // between two steps of the guess
    BWE_REMB_TRY_AFTER_US = 500 * 1000, // of that; then for so long:
    BWE_REMB_TRY_US = 150 * 1000,       // where a line has half of it, 150 ms of queue
    BWE_REMB_OBJECT_US = 300 * 1000,    // the receiver may say so, before the guess doubles
    BWE_REMB_WAIT_US = 4 * 1000 * 1000, // behind a bound, before more is looked for; then twice
    BWE_REMB_WAIT_MOST_US = 32 * 1000 * 1000,
    // libwebrtc's receivers tell nothing for 5 s but that a queue grows.
    BWE_REMB_EARLY_US = 4500 * 1000,
    BWE_REMB_CALM_US = 60 * 1000 * 1000, // without a bound: the next wait is the first again
    BWE_REMB_IDLE_US = 5 * 1000 * 1000,  // the way is filled, and the rate told does not grow
};

// Zero-initialised has not begun.
struct bwe_remb {
    double bps;       // what may be sent; 0: it has not begun
    double told_bps;  // the last; 0: nothing was told
    bool bound;       // what was told holds; otherwise the guess does
    int64_t grown_at; // the guess, or the rate that was told; 0: nobody looked yet
    int64_t tried_at; // the guess that comes next; 0: not yet
    int64_t look_at;  // more is looked for from then on, while there is a bound
    int64_t wait_us;  // behind that bound; 0: there was none
    int64_t bound_at;
    double fell_bps;  // what was to be sent before that
    int64_t began_at; // somebody looked for the first time
    // What is sent, between two marks of half a second.
    int64_t mark_at[2]; // 0: no mark
    uint64_t mark[2];
    double sent_bps; // 0: not known
};

void bwe_remb_begin(struct bwe_remb *r, double guess_bps);

// `octets` were sent, ever. To be called some times in a second, or at least before a rate that
// is told.
void bwe_remb_sent(struct bwe_remb *r, uint64_t octets, int64_t now);
// A rate of 0 is one of nearly nothing. `beside_bps`: of streams that it is not of.
void bwe_remb_told(struct bwe_remb *r, double bps, double beside_bps, int64_t now);

// To be called some times in a second: with `wanted_bps` more would be sent; 0: it would not.
// `fills`: the caller can fill the way; for one that cannot, it is tried without.
void bwe_remb_want(struct bwe_remb *r, double wanted_bps, bool fills, int64_t now);

static inline bool bwe_remb_is_told(const struct bwe_remb *r)
{
    return r->told_bps > 0;
}

static inline double bwe_remb_bps(const struct bwe_remb *r)
{
    return r->bps;
}

// The rate that all that is sent is to have, with padding; 0: it is sent as it is. `wanted_bps`
// as above.
double bwe_remb_fill_bps(const struct bwe_remb *r, double wanted_bps, int64_t now);
