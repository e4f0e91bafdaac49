#include "tests/sim/continuity.h"

static struct continuity_frame *frame_at(struct continuity *c, uint32_t number)
{
    return &c->frames[number % CONTINUITY_FRAMES];
}

static bool is_continuous(struct continuity *c, const struct mark *mark, uint32_t back)
{
    const struct continuity_frame *f = frame_at(c, mark->frame - back);
    return f->count > 0 && f->mark.frame == mark->frame - back &&
           f->mark.layer == mark->layer && f->continuous;
}

static bool becomes_continuous(struct continuity *c, const struct continuity_frame *f)
{
    const struct mark *m = &f->mark;
    return f->count > 0 && f->count == m->count && !f->continuous && (m->key || m->back > 0) &&
           (m->back == 0 || is_continuous(c, m, m->back)) &&
           (!m->below || is_continuous(c, m, 1));
}

// From the oldest on: a frame needs none behind it.
static void spread(struct continuity *c, uint32_t newest)
{
    for (uint32_t back = CONTINUITY_FRAMES; back-- > 0;) {
        struct continuity_frame *f = frame_at(c, newest - back);
        if (f->mark.frame != newest - back || !becomes_continuous(c, f))
            continue;
        f->continuous = true;
        if (f->end_seq > c->from)
            c->from = f->end_seq;
    }
}

uint64_t continuity_packet(struct continuity *c, const struct mark *mark, uint64_t seq)
{
    struct continuity_frame *f = frame_at(c, mark->frame);
    if (f->count == 0 || f->mark.frame != mark->frame || f->mark.layer != mark->layer)
        *f = (struct continuity_frame){.mark = *mark};
    uint64_t bit = UINT64_C(1) << mark->index % 64;
    if (f->packets[mark->index / 64] & bit)
        return c->from;
    f->packets[mark->index / 64] |= bit;
    f->count++;
    if (seq > f->end_seq)
        f->end_seq = seq;
    spread(c, mark->frame + CONTINUITY_FRAMES / 2);
    return c->from;
}
