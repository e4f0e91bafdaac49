#include "tests/sim/listener.h"

#include <string.h>

enum {
    TARGET_LEAST = 2,
    SPARE = 3,                  // frames above the target before it hurries
    BASE_US = 10 * 1000 * 1000, // for how long the quickest way counts
};

static const double share = 0.97;
static const double fading = 0.998;

// --- How much to keep in hand ---

static void note_delay(struct listener *l, int64_t way, int64_t now)
{
    if (!l->begun) {
        l->base_us = l->new_base_us = way;
        l->base_at = now;
    }
    if (way < l->new_base_us)
        l->new_base_us = way;
    if (way < l->base_us)
        l->base_us = way;
    if (now - l->base_at > BASE_US) {
        l->base_us = l->new_base_us;
        l->new_base_us = way;
        l->base_at = now;
    }
    int64_t bucket = (way - l->base_us) / LISTENER_FRAME_US;
    if (bucket >= LISTENER_BUCKETS)
        bucket = LISTENER_BUCKETS - 1;
    for (int i = 0; i < LISTENER_BUCKETS; i++)
        l->late[i] *= fading;
    l->late[bucket] += 1 - fading;
}

unsigned listener_target(const struct listener *l)
{
    double all = 0;
    for (int i = 0; i < LISTENER_BUCKETS; i++)
        all += l->late[i];
    double sum = 0;
    unsigned bucket = 0;
    while (bucket < LISTENER_BUCKETS && (sum += l->late[bucket]) < share * all)
        bucket++;
    return bucket + 1 > TARGET_LEAST ? bucket + 1 : TARGET_LEAST;
}

// --- In and out ---

void listener_packet(struct listener *l, uint32_t frame, int64_t now)
{
    note_delay(l, now - (int64_t)frame * LISTENER_FRAME_US, now);
    if (!l->begun) {
        l->begun = true;
        l->next = l->highest = frame;
        l->due = now + TARGET_LEAST * LISTENER_FRAME_US;
    }
    if ((int32_t)(frame - l->next) < 0)
        return;                             // too late
    if (frame - l->next >= LISTENER_KEPT) { // it was out for long: it begins anew
        memset(l->there, 0, sizeof l->there);
        memset(l->spare, 0, sizeof l->spare);
        l->next = l->highest = frame;
    }
    l->there[frame % LISTENER_KEPT] = true;
    if ((int32_t)(frame - l->highest) > 0)
        l->highest = frame;
}

void listener_spare(struct listener *l, uint32_t frame)
{
    if (l->begun && frame - l->next < LISTENER_KEPT)
        l->spare[frame % LISTENER_KEPT] = true;
}

static bool take(struct listener *l)
{
    bool *there = &l->there[l->next % LISTENER_KEPT];
    bool *spare = &l->spare[l->next % LISTENER_KEPT];
    bool whole = *there || *spare;
    l->recovered += *spare && !*there;
    *there = *spare = false;
    return whole;
}

static void conceal(struct listener *l)
{
    l->concealed++;
    if (++l->in_row > l->longest)
        l->longest = l->in_row;
}

static void play_frame(struct listener *l)
{
    l->played++;
    if ((int32_t)(l->highest - l->next) < 0) { // nothing is there: wait
        conceal(l);
        return;
    }
    if (take(l))
        l->in_row = 0;
    else
        conceal(l);
    l->next++;
    bool too_much = l->highest - l->next + 1 > listener_target(l) + SPARE;
    if (too_much && (int32_t)(l->highest - l->next) > 0) {
        take(l);
        l->next++;
        l->hurried++;
    }
}

void listener_play(struct listener *l, int64_t now)
{
    for (; l->begun && l->due <= now; l->due += LISTENER_FRAME_US)
        play_frame(l);
}

double listener_concealed(const struct listener *l)
{
    return l->played ? 100.0 * (double)l->concealed / (double)l->played : 100;
}
