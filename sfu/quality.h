// How well a subscriber's downlink does, as people are told: 5 is excellent, 0 is hopeless.
#pragma once

#include <stdint.h>

// `lost` of 256 packets do not arrive; `rtt_us` is 0 when unknown.
static inline uint8_t quality_score(uint32_t lost, int64_t rtt_us)
{
    // Up to 1 % is repaired unnoticed; at 3 % some repairs come late; beyond 8 % pictures
    // freeze; a fifth is more than the retransmission budget.
    int score = lost <= 3 ? 5 : lost <= 8 ? 4 : lost <= 20 ? 3 : lost <= 51 ? 2 : 1;
    // A repair takes a round trip, and conversations suffer beyond 400 ms (ITU-T G.114).
    if (rtt_us > 800 * 1000)
        score -= 2;
    else if (rtt_us > 400 * 1000)
        score -= 1;
    return (uint8_t)(score > 0 ? score : 0);
}
