#include "sfu/rate.h"

#include "rtc/rtp.h"

#include <math.h>

// IP and UDP, extensions, the tag of SRTP.
enum { PACKET_OVERHEAD = 28 + RTP_HEADER_LEN + 16 + 16 };

void rate_begin(struct rate *r, const struct progress *at, int64_t now)
{
    if (r->at != 0)
        return;
    r->at = now;
    r->octets = at->octets;
    r->packets = at->packets;
}

static double bits_since(const struct rate *r, const struct progress *at)
{
    double octets = (double)(uint32_t)(at->octets - r->octets);
    double packets = (double)(uint32_t)(at->packets - r->packets);
    return 8 * (octets + PACKET_OVERHEAD * packets);
}

// After a first look that was spread over more time than has passed, it can have become more
// only: the rest of that time is to come.
static double after_look(const struct rate *r, double bps, bool is_spread, int64_t elapsed_us)
{
    if (is_spread && bps < r->bps)
        return r->bps;
    return elapsed_us < 2 * RATE_LOOK_US ? (r->bps + bps) / 2 : bps;
}

double rate_bps(struct rate *r, const struct progress *at, double guess,
                struct rate_manner manner, int64_t now)
{
    if (r->bps == 0)
        r->bps = guess;
    if (r->at == 0)
        return r->bps;
    double bits = bits_since(r, at);
    if (r->looks == 0 && manner.grows)
        r->bps = fmax(r->bps, bits * 1e6 / (double)manner.first_us);
    int64_t elapsed_us = now - r->at;
    if (manner.rests || elapsed_us < (r->looks ? RATE_LOOK_US : RATE_LOOK_FIRST_US))
        return r->bps;
    bool is_spread = r->looks == 0 && elapsed_us < manner.first_us;
    double bps = bits * 1e6 / (double)(is_spread ? manner.first_us : elapsed_us);
    *r = (struct rate){
        .at = now,
        .looks = r->looks < 2 ? r->looks + 1 : 2,
        .octets = at->octets,
        .packets = at->packets,
        .bps = r->looks == 1 && manner.climbs ? bps : after_look(r, bps, is_spread, elapsed_us),
    };
    return r->bps;
}
