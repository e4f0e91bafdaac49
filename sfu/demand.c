#include "sfu/demand.h"

#include "sfu/feed.h"

static void change(struct demand *d, enum video_quality most)
{
    d->told = most;
    d->less_from = 0;
}

bool demand_rise(struct demand *d, enum video_quality most)
{
    if (most <= d->told)
        return false;
    change(d, most);
    return true;
}

// The least is always sent: whoever comes has a picture at once.
static enum video_quality most_of(const struct stream *s)
{
    enum video_quality most = VIDEO_LOW;
    LIST_EACH(&s->feeds, each)
    {
        enum video_quality wish = LIST_ENTRY(each, struct feed, link)->max_quality;
        if (wish > most)
            most = wish;
    }
    return most;
}

bool demand_look(struct demand *d, const struct stream *s, int64_t now)
{
    if (s->layer_count < 2)
        return false;
    enum video_quality most = most_of(s);
    if (most >= d->told) {
        d->less_from = 0;
        return demand_rise(d, most);
    }
    if (d->less_from == 0)
        d->less_from = now;
    if (now - d->less_from < DEMAND_HOLD_US)
        return false;
    change(d, most);
    return true;
}
