#include "sfu/last_n.h"

#include <assert.h>

enum { SPEECH = LAST_N_SILENCE - LAST_N_SPEECH }; // at least so loud

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

// How long it spoke, of late.
static int64_t talked_at(const struct voice *v, int64_t now)
{
    int64_t since = now - v->talked_at;
    return since < LAST_N_MEMORY_US ? v->talked_us - v->talked_us * since / LAST_N_MEMORY_US
                                    : 0;
}

static void note_speech(struct voice *v, int64_t now)
{
    int64_t pause = now - v->spoke_at;
    v->talked_us = talked_at(v, now) + (pause < LAST_N_BREATH_US ? pause : 0);
    v->talked_at = v->spoke_at = now;
}

static bool is_speaking(const struct voice *v, int64_t now)
{
    return now - v->spoke_at < LAST_N_PAUSE_US;
}

static uint32_t places_of(const struct last_n *l, uint64_t owner)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->count; i++)
        count += l->at[i]->owner == owner;
    return count;
}

// Whether `other` gives its place to a packet of `v` that is so loud.
static bool gives_way(const struct last_n *l, const struct voice *other, const struct voice *v,
                      int32_t loudness, int64_t now)
{
    if (other->owner != v->owner) {
        if (places_of(l, v->owner) >= LAST_N_OF_ONE)
            return false;
        if (loudness >= SPEECH && places_of(l, other->owner) > LAST_N_OF_ONE)
            return true;
    }
    if (now < other->stays_until)
        return false;
    bool is_louder = loudness >= loudness_at(other, now) + LAST_N_MARGIN;
    if (loudness < SPEECH)
        return is_louder;
    if (!is_speaking(other, now))
        return true;
    int64_t more = talked_at(v, now) - talked_at(other, now);
    return more < -LAST_N_TURN_US || (is_louder && more <= LAST_N_TURN_US);
}

// Which of two is the first to give way: whose person has many places; who is silent, the
// quietest first, and of these the one that has been quiet for longest; then who spoke for
// longest.
static bool is_weaker(const struct last_n *l, const struct voice *a, const struct voice *b,
                      int64_t now)
{
    bool many = places_of(l, a->owner) > LAST_N_OF_ONE;
    if (many != (places_of(l, b->owner) > LAST_N_OF_ONE))
        return many;
    bool speaks = is_speaking(a, now);
    int32_t less = loudness_at(b, now) - loudness_at(a, now);
    if (speaks != is_speaking(b, now))
        return !speaks;
    if (speaks)
        return talked_at(a, now) > talked_at(b, now);
    return less > 0 || (less == 0 && a->loudest_at < b->loudest_at);
}

// NULL: none gives way.
static struct voice *weakest(const struct last_n *l, const struct voice *v, int32_t loudness,
                             int64_t now)
{
    struct voice *found = NULL;
    for (uint32_t i = 0; i < l->count; i++)
        if (gives_way(l, l->at[i], v, loudness, now) &&
            (!found || is_weaker(l, l->at[i], found, now)))
            found = l->at[i];
    return found;
}

bool last_n_hear(struct last_n *l, struct voice *v, uint8_t level, size_t octets, int64_t now,
                 struct voice **silenced)
{
    int32_t loudness = octets < LAST_N_SOUND_OCTETS ? 0 : loudness_of(level);
    *silenced = NULL;
    if (loudness >= SPEECH)
        note_speech(v, now);
    if (loudness >= loudness_at(v, now)) {
        v->loudest = loudness;
        v->loudest_at = now;
    }
    if (v->among)
        return true;
    if (l->count == LAST_N) {
        struct voice *other = weakest(l, v, loudness, now);
        if (!other)
            return false;
        last_n_leave(other);
        v->stays_until = now + LAST_N_STAY_US;
        *silenced = other;
    }
    enter(l, v);
    return true;
}
