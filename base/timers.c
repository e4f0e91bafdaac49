#include "base/timers.h"

#include "base/mem.h"
#include "base/moment.h"

void timers_dispose(struct timers *t)
{
    mem_free(t->heap);
    *t = (struct timers){0};
}

int64_t timers_next(const struct timers *t)
{
    return t->count ? t->heap[0]->at : NEVER;
}

static void put(struct timers *t, uint32_t index, struct timer *timer)
{
    t->heap[index] = timer;
    timer->place = index + 1;
}

static void sift_up(struct timers *t, uint32_t index, struct timer *timer)
{
    while (index > 0 && timer->at < t->heap[(index - 1) / 2]->at) {
        put(t, index, t->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(t, index, timer);
}

static void sift_down(struct timers *t, uint32_t index, struct timer *timer)
{
    for (;;) {
        uint32_t child = 2 * index + 1;
        if (child >= t->count)
            break;
        if (child + 1 < t->count && t->heap[child + 1]->at < t->heap[child]->at)
            child++;
        if (timer->at <= t->heap[child]->at)
            break;
        put(t, index, t->heap[child]);
        index = child;
    }
    put(t, index, timer);
}

static void take_out(struct timers *t, struct timer *timer)
{
    uint32_t index = timer->place - 1;
    timer->place = 0;
    struct timer *last = t->heap[--t->count];
    if (last == timer)
        return;
    if (index > 0 && last->at < t->heap[(index - 1) / 2]->at)
        sift_up(t, index, last);
    else
        sift_down(t, index, last);
}

void timers_set(struct timers *t, struct timer *timer, int64_t at)
{
    if (timer->place)
        take_out(t, timer);
    timer->at = at;
    if (at == NEVER)
        return;
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->heap = mem_resize(t->heap, t->cap * sizeof(struct timer *));
    }
    sift_up(t, t->count++, timer);
}

struct timer *timers_expired(struct timers *t, int64_t now)
{
    if (t->count == 0 || t->heap[0]->at > now)
        return NULL;
    struct timer *timer = t->heap[0];
    take_out(t, timer);
    return timer;
}
