#include "sfu/places.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

void places_dispose(struct places *p)
{
    mem_free(p->sections);
    mem_free(p->at);
}

static void step(struct places *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct subscribe_section *section = &p->sections[i];
        struct place *place = &p->at[i];
        if (place->feed)
            continue;
        if (section->state == SECTION_ACTIVE) {
            section->state = SECTION_INACTIVE;
            place->agreed = false;
        } else if (section->state == SECTION_INACTIVE && place->agreed) {
            section->state = SECTION_STOPPED;
            place->agreed = false;
        }
    }
}

static uint32_t free_place(struct places *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (!p->at[i].feed && p->sections[i].state == SECTION_STOPPED && p->at[i].agreed)
            return i;
    if (p->count == SUBSCRIBE_SECTIONS_MAX)
        return NO_PLACE;
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 4;
        p->sections = mem_resize(p->sections, p->cap * sizeof *p->sections);
        p->at = mem_resize(p->at, p->cap * sizeof *p->at);
    }
    return p->count++;
}

static void take(struct places *p, struct feed *f, uint32_t at)
{
    const struct stream *s = f->stream;
    struct subscribe_section *section = &p->sections[at];
    *section = (struct subscribe_section){.mid = ++p->last_mid,
                                          .kind = s->kind,
                                          .state = SECTION_ACTIVE,
                                          .codec = s->codec.codec,
                                          .profile = s->codec.profile,
                                          .ssrc = f->ssrc,
                                          .rtx_ssrc = f->rtx_ssrc};
    memcpy(section->stream_id, s->stream_id, sizeof section->stream_id);
    memcpy(section->track_id, s->track_id, sizeof section->track_id);
    memcpy(section->fmtp, s->codec.fmtp, sizeof section->fmtp);
    memcpy(section->cname, s->cname, sizeof s->cname);
    p->at[at] = (struct place){.feed = f};
    f->place = at;
}

static bool waits(const struct feed *f)
{
    return f->place == NO_PLACE && f->answer != FEED_REFUSED;
}

void places_step(struct places *p, const struct feed_list *feeds)
{
    step(p);
    for (uint32_t i = 0; i < feeds->count; i++) {
        if (!waits(feeds->at[i]))
            continue;
        uint32_t at = free_place(p);
        if (at == NO_PLACE)
            return;
        take(p, feeds->at[i], at);
    }
}

void places_leave(struct places *p, struct feed *f)
{
    if (f->place == NO_PLACE)
        return;
    assert(f->place < p->count && p->at[f->place].feed == f);
    p->at[f->place].feed = NULL;
    f->place = NO_PLACE;
}

bool places_accept(struct places *p, uint32_t at, const struct subscribe_accepted *accepted)
{
    assert(at < p->count);
    struct place *place = &p->at[at];
    struct feed *f = place->feed;
    if (f) {
        assert(f->place == at && p->sections[at].state == SECTION_ACTIVE);
        f->answer = accepted->state == SECTION_ACTIVE ? FEED_ACCEPTED : FEED_REFUSED;
        f->numbered = accepted->twcc;
        f->rated = accepted->remb && !accepted->twcc;
        f->described = accepted->dependency;
        f->repeatable = accepted->red && f->stream->kind == MEDIA_AUDIO;
        if (f->answer == FEED_REFUSED)
            places_leave(p, f);
    }
    if (place->agreed ||
        (p->sections[at].state == SECTION_STOPPED && accepted->state != SECTION_STOPPED))
        return false;
    place->agreed = true;
    return true;
}

bool places_lack(const struct feed_list *feeds)
{
    for (uint32_t i = 0; i < feeds->count; i++)
        if (waits(feeds->at[i]))
            return true;
    return false;
}
