#include "sfu/last_n.h"

#include <assert.h>
#include <stddef.h>

static int32_t loudness_of(uint8_t level)
{
    return level < LAST_N_SILENCE ? LAST_N_SILENCE - level : 0;
}

static int32_t loudness_at(const struct voice *v, int64_t now)
{
    int64_t faded = (now - v->loudest_at) / LAST_N_FADE_US;
    return faded < v->loudest ? v->loudest - (int32_t)faded : 0;
}

static void enter(struct last_n *l, struct voice *v)
{
    assert(!v->among && l->count < LAST_N);
    v->among = l;
    l->at[l->count++] = v;
}

void last_n_leave(struct voice *v)
{
    struct last_n *l = v->among;
    if (!l)
        return;
    uint32_t i = 0;
    while (i < l->count && l->at[i] != v)
        i++;
    assert(i < l->count);
    l->at[i] = l->at[--l->count];
    v->among = NULL;
}

// The one that may be silenced first: the quietest, and of these the one that has been quiet
// for longest. NULL: none gives way.
static struct voice *weakest(const struct last_n *l, int64_t now)
{
    struct voice *found = NULL;
    for (uint32_t i = 0; i < l->count; i++) {
        struct voice *v = l->at[i];
        if (now < v->stays_until)
            continue;
        int32_t less = found ? loudness_at(found, now) - loudness_at(v, now) : 1;
        if (less > 0 || (less == 0 && v->loudest_at < found->loudest_at))
            found = v;
    }
    return found;
}

bool last_n_hear(struct last_n *l, struct voice *v, uint8_t level, int64_t now,
                 struct voice **silenced)
{
    int32_t loudness = loudness_of(level);
    *silenced = NULL;
    if (loudness >= loudness_at(v, now)) {
        v->loudest = loudness;
        v->loudest_at = now;
    }
    if (v->among)
        return true;
    if (l->count == LAST_N) {
        if (loudness < LAST_N_MARGIN)
            return false;
        struct voice *other = weakest(l, now);
        if (!other || loudness < loudness_at(other, now) + LAST_N_MARGIN)
            return false;
        last_n_leave(other);
        v->stays_until = now + LAST_N_STAY_US;
        *silenced = other;
    }
    enter(l, v);
    return true;
}
