#include "sfu/police.h"

#include <assert.h>

enum { SCALE = 1000 * 1000 }; // buckets count in millionths: one second is so many us

static bool set(struct police_bucket *b, int64_t a_second, int64_t burst, int64_t now)
{
    if (a_second == b->a_second)
        return false;
    *b = (struct police_bucket){
        .a_second = a_second, .burst = burst, .left = burst * SCALE, .at = now};
    return true;
}

void police_set(struct police *p, int kbps, int64_t now)
{
    assert(kbps >= 0);
    int64_t rate = (int64_t)kbps * 1000 / 8 * POLICE_MARGIN_PERCENT / 100;
    if (set(&p->octets, rate, rate > POLICE_BURST_MIN ? rate : POLICE_BURST_MIN, now))
        p->dropping = false;
}

void police_set_packets(struct police *p, int a_second, int64_t now)
{
    assert(a_second >= 0);
    set(&p->packets, a_second, a_second, now);
}

static void fill(struct police_bucket *b, int64_t now)
{
    if (!b->a_second)
        return;
    int64_t full = b->burst * SCALE;
    int64_t elapsed = now > b->at ? now - b->at : 0;
    b->at = now;
    // What fills it whatever is in it; else the product could overflow.
    if (elapsed >= full / b->a_second)
        b->left = full;
    else
        b->left += elapsed * b->a_second;
    if (b->left > full)
        b->left = full;
}

static bool is_half_full(const struct police_bucket *b)
{
    return !b->a_second || b->left >= b->burst * SCALE / 2;
}

static bool has(const struct police_bucket *b, int64_t amount)
{
    return !b->a_second || b->left >= amount * SCALE;
}

static void take(struct police_bucket *b, int64_t amount)
{
    if (!b->a_second)
        return;
    b->left -= amount * SCALE;
    assert(b->left >= 0 && b->left <= b->burst * SCALE);
}

bool police_pass(struct police *p, size_t len, bool key_frame_start, bool is_video, int64_t now)
{
    fill(&p->octets, now);
    fill(&p->packets, now);
    bool may_begin = key_frame_start && is_half_full(&p->octets) && is_half_full(&p->packets);
    if (p->dropping && !may_begin)
        return false;
    p->dropping = false;
    if (!has(&p->octets, (int64_t)len) || !has(&p->packets, 1)) {
        p->dropping = is_video;
        return false;
    }
    take(&p->octets, (int64_t)len);
    take(&p->packets, 1);
    return true;
}
