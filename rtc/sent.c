#include "rtc/sent.h"

#include "base/mem.h"

#include <assert.h>

void sent_dispose(struct sent *s)
{
    mem_free(s->ring);
    *s = (struct sent){0};
}

static struct sent_packet *at(const struct sent *s, uint64_t number)
{
    return &s->ring[number & (s->cap - 1)];
}

static void grow(struct sent *s)
{
    struct sent bigger = {.cap = s->cap ? s->cap * 2 : SENT_FIRST};
    bigger.ring = mem_alloc_array(bigger.cap, sizeof *bigger.ring);
    for (uint64_t number = s->oldest; number < s->next; number++)
        *at(&bigger, number) = *at(s, number);
    mem_free(s->ring);
    s->ring = bigger.ring;
    s->cap = bigger.cap;
}

uint16_t sent_add(struct sent *s, size_t octets, uint8_t cluster, int64_t now)
{
    assert(s->next - s->oldest <= s->cap);
    if (s->next - s->oldest == s->cap) {
        if (s->cap < SENT_MAX)
            grow(s);
        else
            s->oldest++;
    }
    *at(s, s->next) =
        (struct sent_packet){.at = now,
                             .octets = (uint16_t)(octets < UINT16_MAX ? octets : UINT16_MAX),
                             .cluster = cluster};
    return (uint16_t)s->next++;
}

struct sent_packet *sent_find(const struct sent *s, uint16_t number)
{
    uint16_t back = (uint16_t)((uint16_t)s->next - number);
    if (back == 0 || back > s->next - s->oldest)
        return NULL;
    return at(s, s->next - back);
}

void sent_forget(struct sent *s, int64_t before)
{
    while (s->oldest < s->next && at(s, s->oldest)->at < before)
        s->oldest++;
}
