#include "sfu/pace.h"

void pace_begin(struct pace *p, struct leg *leg, double bps, int64_t now)
{
    *p = (struct pace){.leg = leg, .path = transport_path(leg->transport)};
    pacer_init(&p->pacer, bps, now);
    pacer_set_calm(&p->pacer, true, now); // as far as anybody knows
    p->path->left = 0;
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

void pace_set_rate(struct pace *p, double bps, bool calm, int64_t now)
{
    settle(p);
    pacer_set_calm(&p->pacer, calm, now);
    pacer_set_rate(&p->pacer, bps, now);
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
