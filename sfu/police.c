#include "sfu/police.h"

#include <assert.h>

enum { SCALE = 1000 * 1000 }; // octets are counted in millionths: one second is so many us

void police_set(struct police *p, int kbps, int64_t now)
{
    assert(kbps >= 0);
    int64_t rate = (int64_t)kbps * 1000 / 8 * POLICE_MARGIN_PERCENT / 100;
    if (rate == p->octets_per_s)
        return;
    int64_t burst = rate > POLICE_BURST_MIN ? rate : POLICE_BURST_MIN;
    *p =
        (struct police){.octets_per_s = rate, .burst = burst, .left = burst * SCALE, .at = now};
}

static void fill(struct police *p, int64_t now)
{
    int64_t full = p->burst * SCALE;
    int64_t elapsed = now > p->at ? now - p->at : 0;
    p->at = now;
    // What fills it whatever is in it; else the product could overflow.
    if (elapsed >= full / p->octets_per_s)
        p->left = full;
    else
        p->left += elapsed * p->octets_per_s;
    if (p->left > full)
        p->left = full;
}

bool police_pass(struct police *p, size_t len, bool key_frame_start, bool is_video, int64_t now)
{
    if (!p->octets_per_s)
        return true;
    fill(p, now);
    if (p->dropping && (!key_frame_start || p->left < p->burst * SCALE / 2))
        return false;
    p->dropping = false;
    if (p->left < (int64_t)len * SCALE) {
        p->dropping = is_video;
        return false;
    }
    p->left -= (int64_t)len * SCALE;
    assert(p->left >= 0 && p->left <= p->burst * SCALE);
    return true;
}
