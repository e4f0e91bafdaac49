#include "sfu/allocate.h"

#include <assert.h>
#include <math.h>

enum {
    FLAP_US = 10 * 1000 * 1000, // a rise that lasted less was a mistake
    HOLD_MOST_US = 32 * 1000 * 1000,
    QUALITIES = 3,
    TIGHT_US = 1000 * 1000, // for how long pictures are kept that do not fit
};

static const double lossy_margin = 1.3; // its frames come back, and no better quality
static const double keep_factor = 1.1;  // of what there is, which a choice may take to be kept
static const double tight_factor = 1.4; // the same, for a while, rather than to lose a picture
static const double rise_factor = 1.15; // of what a rise takes, which must be there
// The same of what the way was seen to carry, which is exact: an estimate swings between 85 %
// of that and all of it, and what is kept at the least of them may be taken up.
static const double carried_factor = 1.07;
static const double ample_factor = 2;
static const double jump_share = 0.75; // of an estimate that just rose: believed at once
static const double limit_least_bps = 100e3;

// What there is for video.
struct budget {
    double keep;   // for a step that is sent now
    double fall;   // for one below it
    double rise;   // for one above it
    double ample;  // so much that nobody need wait for it
    double sure;   // for the least step, when nothing is sent: any picture is worth a risk; and
                   // for more pictures
    double tight;  // for the least step, for a while
    bool is_tight; // some picture would be lost without that
    bool spread;   // pictures begin one after the other
    bool begins;   // one began a moment ago: no other does, but where there is ample room
    double used;
};

// --- Steps ---

static bool is_wanted(const struct allocate_feed *f, int step)
{
    return f->steps[step].alive && f->steps[step].quality <= f->wish;
}

static int best_step(const struct allocate_feed *f)
{
    for (int i = f->step_count - 1; i >= 0; i--)
        if (is_wanted(f, i))
            return i;
    return ALLOCATE_PAUSED;
}

static int least_step(const struct allocate_feed *f)
{
    for (int i = 0; i < f->step_count; i++)
        if (is_wanted(f, i))
            return i;
    return ALLOCATE_PAUSED;
}

static double bps_of(const struct allocate_feed *f, int step)
{
    return step == ALLOCATE_PAUSED ? 0 : f->steps[step].bps;
}

uint8_t allocate_quality(const struct allocate_feed *f)
{
    return f->chosen == ALLOCATE_PAUSED ? 0 : f->steps[f->chosen].quality;
}

uint8_t allocate_expected(const struct allocate_feed *f)
{
    int best = best_step(f);
    return best == ALLOCATE_PAUSED ? 0 : f->steps[best].quality;
}

// --- What there is ---

static double least_estimate(struct allocator *a, double bps, int64_t now)
{
    int64_t part = ALLOCATE_HOLD_US / ALLOCATE_LOWS;
    if (a->lows[0] == 0)
        a->low_at = now;
    for (int n = 0; now - a->low_at >= part && n < ALLOCATE_LOWS; n++) {
        for (size_t i = ALLOCATE_LOWS - 1; i > 0; i--)
            a->lows[i] = a->lows[i - 1];
        a->lows[0] = bps;
        a->low_at += part;
    }
    if (now - a->low_at >= part)
        a->low_at = now;
    if (a->lows[0] == 0 || bps < a->lows[0])
        a->lows[0] = bps;
    double least = a->lows[0];
    for (size_t i = 1; i < ALLOCATE_LOWS; i++)
        if (a->lows[i] > 0 && a->lows[i] < least)
            least = a->lows[i];
    return least;
}

// Loss over the role's threshold halves the video, again after each further time of grace; and
// without it what was taken comes back by doubling.
static void watch_loss(struct allocator *a, const struct allocate_limits *l, int64_t now)
{
    bool lossy = l->loss_threshold > 0 && l->loss >= l->loss_threshold;
    if (lossy && !a->lossy)
        a->lossy_at = now;
    a->lossy = lossy;
    if (lossy) {
        a->calm_at = now;
        if (now - a->lossy_at < l->degrade_us)
            return;
        a->limited = true;
        a->limit_bps = a->video_bps / 2;
        a->lossy_at = now;
    } else if (a->limited && now - a->calm_at >= l->recover_us) {
        a->limit_bps = fmax(2 * a->limit_bps, limit_least_bps);
        a->calm_at = now;
    }
}

static double for_video(const struct allocator *a, const struct allocate_limits *l, double bps)
{
    double video = fmax(bps - l->audio_bps, 0);
    return a->limited ? fmin(video, a->limit_bps) : video;
}

static struct budget make_budget(struct allocator *a, const struct allocate_limits *l,
                                 int64_t now)
{
    double bps = l->estimate_bps > 0 ? l->estimate_bps : INFINITY;
    double sure = bps;
    if (l->estimate_bps > 0 && !l->is_assumed)
        sure = fmax(least_estimate(a, bps, now), jump_share * bps);
    double most = l->max_bps > 0 ? l->max_bps : INFINITY;
    double rise = fmax(sure / rise_factor, fmin(sure, l->carried_bps / carried_factor));
    return (struct budget){
        .keep = for_video(a, l, fmin(bps, most) * keep_factor),
        .fall = for_video(a, l, fmin(bps, most)),
        .rise = for_video(a, l, fmin(rise, most / rise_factor)),
        .ample = for_video(a, l, fmin(sure, most) / ample_factor),
        .tight = for_video(a, l, fmin(bps, most) * tight_factor),
        .sure = for_video(a, l, fmin(sure, most)),
        .spread = l->begin_us > 0,
        .begins = now - a->begun_at < l->begin_us,
    };
}

// --- Who comes first ---

static bool is_before(const struct allocate_feed *a, const struct allocate_feed *b)
{
    if (a->screen != b->screen)
        return a->screen;
    if (a->speaker != b->speaker)
        return a->speaker;
    if (a->wish != b->wish)
        return a->wish > b->wish;
    return a->priority < b->priority;
}

// Nearly sorted from the last time, and stable.
static void sort(struct allocate_feed **feeds, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct allocate_feed *f = feeds[i];
        size_t k = i;
        for (; k > 0 && is_before(f, feeds[k - 1]); k--)
            feeds[k] = feeds[k - 1];
        feeds[k] = f;
    }
}

// --- Choosing ---

// Whether it was lowered a moment ago, and rises only where there is ample room.
static bool is_held(const struct allocate_feed *f, int64_t now)
{
    return f->waited && now - f->lowered_at < f->hold_us;
}

// Whether the step has more pictures of the only quality that there is: it is taken up without
// a key frame, and given up without one.
static bool has_more_pictures(const struct allocate_feed *f, int step)
{
    return f->chosen != ALLOCATE_PAUSED && step > f->chosen &&
           f->steps[0].quality == f->steps[f->step_count - 1].quality;
}

// A feed with what it has been given so far.
static bool fits(const struct allocate_feed *f, const struct budget *b, int given, int step,
                 int64_t now)
{
    double sum = b->used - bps_of(f, given) + bps_of(f, step);
    if (step == f->chosen)
        return sum <= b->keep;
    if (step < f->chosen)
        return sum <= b->fall;
    bool begins = f->chosen == ALLOCATE_PAUSED && step == least_step(f);
    bool waits = is_held(f, now) || (given == ALLOCATE_PAUSED && b->begins);
    if (waits && sum > b->ample)
        return false;
    return sum <= (begins || has_more_pictures(f, step) ? b->sure : b->rise);
}

static int best_of_quality(const struct allocate_feed *f, uint8_t quality)
{
    for (int i = f->step_count - 1; i >= 0; i--)
        if (is_wanted(f, i) && f->steps[i].quality <= quality)
            return i;
    return ALLOCATE_PAUSED;
}

// Fewer pictures of a better quality are what one falls to: nobody rises to them from all those
// of a lesser one, which move better. A screen is to be sharp.
static bool may_rise_to(const struct allocate_feed *f, int step)
{
    uint8_t quality = f->steps[step].quality;
    return f->screen || quality <= f->steps[least_step(f)].quality ||
           quality <= allocate_quality(f) || step == best_of_quality(f, quality);
}

// The best step from `most` down to above `given` for which there is room, or `given`.
static int raise(const struct allocate_feed *f, struct budget *b, int given, int most,
                 int64_t now)
{
    for (int step = most; step > given; step--) {
        if (!is_wanted(f, step) || !may_rise_to(f, step) || !fits(f, b, given, step, now))
            continue;
        b->used += bps_of(f, step) - bps_of(f, given);
        b->begins |= b->spread && given == ALLOCATE_PAUSED && f->chosen == ALLOCATE_PAUSED;
        return step;
    }
    return given;
}

static bool is_important(const struct allocate_feed *f)
{
    return f->screen || f->speaker;
}

// What a feed should have before others have more: any picture; what is important, one of the
// full frame rate.
static int floor_step(const struct allocate_feed *f)
{
    int least = least_step(f);
    if (least == ALLOCATE_PAUSED || !is_important(f))
        return least;
    return best_of_quality(f, f->steps[least].quality);
}

// A picture that is sent now is kept by what it needs at least, which is little; and by its
// least step for a while, though it does not fit: an estimate falls for a moment whenever a key
// frame is sent.
static int keep_picture(const struct allocate_feed *f, struct budget *b)
{
    int floor = floor_step(f), least = least_step(f);
    if (least == ALLOCATE_PAUSED || f->chosen < least)
        return ALLOCATE_PAUSED;
    int kept = floor <= f->chosen ? floor : least;
    double sum = b->used + bps_of(f, kept);
    if (sum > b->keep) {
        kept = least;
        sum = b->used + bps_of(f, least);
    }
    if (sum > b->tight)
        return ALLOCATE_PAUSED;
    b->is_tight |= sum > b->keep;
    b->used = sum;
    return kept;
}

static void choose(struct allocate_feed **feeds, size_t count, struct budget *b, int8_t *given,
                   int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        given[i] = (int8_t)keep_picture(feeds[i], b);
        given[i] = (int8_t)raise(feeds[i], b, given[i], floor_step(feeds[i]), now);
    }
    for (size_t i = 0; i < count && is_important(feeds[i]); i++)
        given[i] = (int8_t)raise(feeds[i], b, given[i], best_step(feeds[i]), now);
    for (uint8_t quality = 1; quality <= QUALITIES; quality++)
        for (size_t i = 0; i < count; i++)
            if (!is_important(feeds[i]))
                given[i] = (int8_t)raise(feeds[i], b, given[i],
                                         best_of_quality(feeds[i], quality), now);
}

// --- What follows ---

static void note_lowered(struct allocate_feed *f, const struct allocate_limits *l, int64_t now)
{
    int64_t hold = l->recover_us > 0 ? l->recover_us : ALLOCATE_HOLD_US;
    if (f->waited && f->raised_at < f->lowered_at) { // further down: one fall in many steps
        f->lowered_at = now;
        return;
    }
    bool flapped = f->raised_at > 0 && now - f->raised_at < FLAP_US;
    if (flapped && f->waited)
        hold = 2 * f->hold_us < HOLD_MOST_US ? 2 * f->hold_us : HOLD_MOST_US;
    f->hold_us = hold;
    f->lowered_at = now;
    f->waited = true;
}

// The room was ample, or the time over: what it waited for counts when it is lowered again.
static void note_raised(struct allocate_feed *f, int64_t now)
{
    f->raised_at = now;
    if (is_held(f, now))
        f->lowered_at = now - f->hold_us;
}

static bool take(struct allocate_feed *f, int step, const struct allocate_limits *l,
                 int64_t now)
{
    int before = f->chosen;
    bool was_wanted = before != ALLOCATE_PAUSED && is_wanted(f, before);
    if (step < before && was_wanted)
        note_lowered(f, l, now); // not when the client or the publisher wants no more of it
    else if (step > before)
        note_raised(f, now);
    f->chosen = (int8_t)step;
    f->degraded = step < best_step(f);
    return step != before;
}

// What more to look for, with `sum` for all, to take the step. Where that is there already, and
// the video waits since it was lowered, so much that it need not.
static double wanted_bps(const struct allocate_feed *f, int step, double sum,
                         double estimate_bps, int64_t now)
{
    double factor = has_more_pictures(f, step) ? 1 : rise_factor;
    bool waits = sum * factor <= estimate_bps && is_held(f, now);
    return sum * (waits ? ample_factor : factor);
}

static void describe(struct allocate_feed **feeds, size_t count,
                     const struct allocate_limits *limits, double used, int64_t now,
                     struct allocation *allocation)
{
    double wish = limits->audio_bps;
    allocation->used_bps = limits->audio_bps + used;
    for (size_t i = 0; i < count; i++) {
        const struct allocate_feed *f = feeds[i];
        int best = best_step(f);
        wish += bps_of(f, best);
        if (!f->degraded || allocation->next_bps > 0)
            continue;
        int next = f->chosen + 1;
        while (!is_wanted(f, next) || !may_rise_to(f, next))
            next++;
        double more = bps_of(f, next) - bps_of(f, f->chosen);
        allocation->next_bps = wanted_bps(f, next, allocation->used_bps + fmax(more, 0),
                                          limits->estimate_bps, now);
    }
    allocation->wish_bps = wish * rise_factor;
}

void allocate(struct allocator *a, const struct allocate_limits *limits,
              struct allocate_feed **feeds, size_t count, int64_t now,
              struct allocation *allocation)
{
    enum { AT_ONCE = 256 };
    int8_t given[AT_ONCE];
    assert(count <= AT_ONCE);
    watch_loss(a, limits, now);
    struct budget budget = make_budget(a, limits, now);
    sort(feeds, count);
    if (a->tight_at && now - a->tight_at >= TIGHT_US)
        budget.tight = budget.keep;
    choose(feeds, count, &budget, given, now);
    if (!budget.is_tight)
        a->tight_at = 0;
    else if (!a->tight_at)
        a->tight_at = now;
    *allocation = (struct allocation){0};
    for (size_t i = 0; i < count; i++) {
        if (feeds[i]->chosen == ALLOCATE_PAUSED && given[i] != ALLOCATE_PAUSED)
            a->begun_at = now;
        allocation->changes += take(feeds[i], given[i], limits, now);
    }
    a->video_bps = budget.used;
    describe(feeds, count, limits, budget.used, now, allocation);
    // Nothing is taken any more by loss.
    if (a->limited && !a->lossy && a->limit_bps >= allocation->wish_bps)
        a->limited = false;
}

// What all that are wished for take at their least quality.
static double least_quality_bps(struct allocate_feed *const *feeds, size_t count)
{
    double bps = 0;
    for (size_t i = 0; i < count; i++) {
        const struct allocate_step *least = NULL;
        double most = 0;
        for (uint8_t k = 0; k < feeds[i]->step_count && feeds[i]->wish; k++) {
            const struct allocate_step *step = &feeds[i]->steps[k];
            if (step->alive && (!least || step->quality == least->quality)) {
                least = least ? least : step;
                most = fmax(most, step->bps);
            }
        }
        bps += most;
    }
    return bps;
}

double allocate_lossy_bps(struct allocate_feed *const *feeds, size_t count, double max_bps,
                          double audio_bps)
{
    double least = audio_bps + lossy_margin * least_quality_bps(feeds, count);
    return max_bps > 0 ? fmin(max_bps, least) : least;
}
