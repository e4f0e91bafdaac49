// How well a subscriber's downlink does, as people are told: 5 is excellent, 0 is hopeless.
//
//     score = 5 - max(F(gone), F(lost) - 1) - D(rtt + 4 jitter) - L(held / wanted)
//
//     F    above   1 %   3 %   8 %   20 %         D    above   400 ms   800 ms
//          is 0,   1     2     3     4                 is 0,   1        2
//
//     L    below   3/4   2/5
//          is 0,   1     2
//
// `lost` is what did not arrive, as receivers report it; `gone` what stays away after repair,
// so that sound has to be invented, or a picture waits. A packet that is repaired is late at
// least: loss that is repaired whole still counts, by one less. Browsers tell nothing of
// concealment (RTCP XR), so it is taken from what they lose and from what repairs it:
//
//     gone = lost ^ (1 + copies)     sound: frames that each packet repeats (sfu/redundancy.h);
//                                    pictures: one retransmission, where there is such a stream
//
// A jitter buffer keeps about two deviations in hand, on either side of a conversation; it
// suffers beyond 400 ms in all (ITU-T G.114). `held` and `wanted` are the qualities of all
// pictures, 1 to 3 each, that are sent, and that would be if there were room (sfu/allocate.h).
#pragma once

#include <stdint.h>

// Smoothed over about four reports. Zero-initialised: nothing is known, and all is well.
struct quality {
    double lost; // 0..1
    double gone;
    int64_t rtt_us;    // 0: not known
    int64_t jitter_us; // of sound: pictures come in bursts, which is no fault of the line
};

// One stream was reported on.
struct quality_report {
    double lost;       // since the report before
    unsigned copies;   // how often a packet comes again, or is asked for again
    int64_t rtt_us;    // 0: this report does not say
    int64_t jitter_us; // negative: not of sound
};

void quality_take(struct quality *q, const struct quality_report *report);

uint8_t quality_score(const struct quality *q, unsigned held, unsigned wanted);
