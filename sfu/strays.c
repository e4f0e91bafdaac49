#include "sfu/strays.h"

#include <assert.h>

void strays_init(struct strays *s, uint32_t cap)
{
    assert(cap > 0 && cap <= STRAYS_MAX);
    *s = (struct strays){.cap = cap};
}

uint32_t strays_note(struct strays *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->cap; i++)
        if (s->ssrcs[i] == ssrc)
            return 0;
    uint32_t first = s->ssrcs[s->next];
    s->ssrcs[s->next] = ssrc;
    s->next = (s->next + 1) % s->cap;
    return first;
}
