#include "sfu/pace.h"

#include <math.h>

enum { CALM_UNTIL_US = 20 * 1000 };

// Of what is sent, which must be there: or the way is full, and a queue comes.
static const double roomy_factor = 2;
// Of the rates, of which the pacer lets 2.5 go: the estimate itself, and 1.25 of what is
// carried.
static const double crowded_share = 0.4;
static const double full_share = 0.5;

void pace_begin(struct pace *p, struct leg *leg, double bps, int64_t now)
{
    *p = (struct pace){.leg = leg, .path = transport_path(leg->transport)};
    pacer_init(&p->pacer, bps, now);
    pacer_set_wait(&p->pacer, PACER_WAIT_CALM_US, now); // as far as anybody knows
    p->path->left = 0;
    p->path->paced = true;
}

void pace_dispose(struct pace *p)
{
    pacer_dispose(&p->pacer);
}

// What left of a grant is counted as if it had left when that was given: at most one burst too
// early. `left` may have wrapped since, when nobody looked for long; it is then as good as new.
static void settle(struct pace *p)
{
    int32_t used = (int32_t)(p->granted - p->path->left);
    if (used > 0)
        pacer_passed(&p->pacer, (size_t)used, p->pacer.at);
    p->granted = p->path->left = 0;
}

static void set(struct pace *p, double bps, int64_t wait_us, int64_t now)
{
    settle(p);
    pacer_set_wait(&p->pacer, wait_us, now);
    pacer_set_rate(&p->pacer, bps, now);
}

void pace_restart(struct pace *p, double bps, int64_t now)
{
    set(p, bps, PACER_WAIT_CALM_US, now);
}

// A full way takes a key frame for as long as it takes, and what is sent faster waits in its
// queue: sound behind it, and the estimate falls until it is gone, with the layer that the key
// frame began. The estimate may be the greater where others share the way.
//
// When it may have become narrow, what has not left by the next feedback can still be dropped.
void pace_follow(struct pace *p, const struct pace_way *way, int64_t now)
{
    if (way->doubtful_bps > 0) {
        set(p, crowded_share * way->doubtful_bps, PACER_WAIT_FULL_US, now);
        return;
    }
    bool roomy = way->bps >= roomy_factor * way->used_bps;
    bool full = (way->carried_bps > 0 || way->was_full) && !roomy;
    double share = way->crowded ? crowded_share : 1;
    double bps = share * way->bps;
    if (full)
        bps = fmin(bps, full_share * fmax(way->carried_bps, way->bps));
    int64_t wait_us = PACER_WAIT_MOST_US;
    if (full)
        wait_us = PACER_WAIT_FULL_US;
    else if (roomy && way->wait_us < CALM_UNTIL_US)
        wait_us = PACER_WAIT_CALM_US;
    set(p, bps, wait_us, now);
}

bool pace_admits(struct pace *p, enum pacer_level level, uint32_t ssrc, uint64_t number,
                 size_t octets, int64_t now)
{
    p->path->left += (uint32_t)octets; // it has not left yet
    settle(p);
    if (pacer_is_open(&p->pacer, now)) {
        size_t most = pacer_allowance(&p->pacer);
        p->granted = (uint32_t)(most > octets ? most : octets);
        p->path->left = p->granted - (uint32_t)octets;
        return true;
    }
    pacer_push(&p->pacer, level, ssrc, number, octets, now);
    leg_touch(p->leg);
    return false;
}

bool pace_forget(struct pace *p, uint32_t ssrc, uint64_t *first)
{
    if (!pacer_first(&p->pacer, ssrc, first))
        return false;
    pacer_forget(&p->pacer, ssrc);
    return true;
}
