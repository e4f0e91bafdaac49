#include "sfu/choice.h"

#include <assert.h>

enum { TEMPORAL_STEPS = 3, LEVELS = ALLOCATE_STEPS_MAX / TEMPORAL_STEPS };
static_assert((int)LEVELS == (int)LAYERS_MAX && (int)LEVELS == (int)CAP_ALL + 1,
              "a level for each");

// --- Levels ---

// The encodings, or of one alone its spatial layers, the last of which is all of it.
static unsigned level_count(const struct stream *s)
{
    return s->layer_count == 1 ? LEVELS : s->layer_count;
}

static unsigned layer_of(const struct stream *s, unsigned level)
{
    return s->layer_count == 1 ? 0 : s->layer_count - 1 - level;
}

// Until a picture has shown what there is all are thought of that there may be: who has room
// for less begins with less. A screen is to be sharp.
static bool has_level(const struct stream *s, unsigned level)
{
    const struct stream_layer *l = &s->layers[0];
    return s->layer_count > 1 || level == LEVELS - 1 || level < l->spatial_most ||
           (!l->shaped && s->codec.codec == CODEC_VP9 && !s->screen);
}

static unsigned least_level(const struct stream *s)
{
    unsigned level = 0;
    while (!has_level(s, level))
        level++;
    return level;
}

static bool is_level_alive(const struct stream *s, unsigned level, int64_t now)
{
    const struct stream_layer *l = &s->layers[layer_of(s, level)];
    if (!stream_layer_is_alive(s, layer_of(s, level), now) || s->layer_count > 1)
        return stream_layer_is_alive(s, layer_of(s, level), now);
    // While nothing comes of it all of them are what they were.
    unsigned spatial = level < l->spatial_most ? level : l->spatial_most;
    if (l->apart && l->spatial_missed[spatial] >= SPATIAL_MISSED_MAX)
        return false;
    return l->progress.arrived_at - l->spatial_at[spatial] < LAYER_SILENCE_US;
}

// Levels as people name them: of one any; low and high of two; all three names. The least one
// is always allowed, as there is nothing less to send.
static enum video_quality quality_of(const struct stream *s, unsigned level)
{
    if (level <= least_level(s))
        return VIDEO_LOW;
    return level + 1 == level_count(s) ? VIDEO_HIGH : VIDEO_MEDIUM;
}

bool choice_is_single(const struct stream *s)
{
    return least_level(s) + 1 == level_count(s);
}

enum video_quality choice_best(const struct stream *s, enum video_quality most)
{
    if (choice_is_single(s))
        return most;
    for (unsigned level = level_count(s); level-- > 0;)
        if (has_level(s, level) && quality_of(s, level) <= most)
            return quality_of(s, level);
    return VIDEO_OFF;
}

// --- Steps ---

unsigned choice_step_count(const struct stream *s)
{
    return level_count(s) * TEMPORAL_STEPS;
}

// `alone`: without what nothing above needs, if there is such a thing.
static struct cap cap_of(const struct stream *s, unsigned step, bool alone)
{
    unsigned level = step / TEMPORAL_STEPS;
    const struct stream_layer *l = &s->layers[0];
    struct cap cap = {.spatial = (uint8_t)(s->layer_count == 1 ? level : CAP_ALL),
                      .temporal = (uint8_t)(step % TEMPORAL_STEPS)};
    if (!alone || s->layer_count > 1 || !l->apart || level == 0)
        return cap;
    if (cap.spatial > l->spatial_most)
        cap.spatial = l->spatial_most; // the best there is bears no mark of its own
    cap.alone = true;
    return cap;
}

static bool has_step(const struct stream *s, unsigned step)
{
    unsigned level = step / TEMPORAL_STEPS, temporal = step % TEMPORAL_STEPS;
    if (!has_level(s, level))
        return false;
    if (temporal == CAP_ALL)
        return true;
    return temporal < s->layers[layer_of(s, level)].temporal_most &&
           (temporal > 0 || level == least_level(s) || s->screen);
}

// What a level takes until it was measured: about what the ready-made templates allow; and what
// temporal layers take of it.
static double guess(const struct stream *s, unsigned step)
{
    static const double bps[] = {
        [VIDEO_LOW] = 100e3, [VIDEO_MEDIUM] = 300e3, [VIDEO_HIGH] = 700e3};
    static const double temporal_share[TEMPORAL_STEPS] = {0.45, 0.65, 1};
    static const double spatial_share[LEVELS] = {0.1, 0.35, 1};
    static const double apart_share[LEVELS] = {0.1, 0.25, 0.7};
    unsigned level = step / TEMPORAL_STEPS;
    double all = choice_is_single(s) ? bps[VIDEO_MEDIUM] : bps[quality_of(s, level)];
    const struct stream_layer *l = &s->layers[layer_of(s, level)];
    if (l->rates[0].bps > 0 && step % TEMPORAL_STEPS != CAP_ALL)
        all = l->rates[0].bps;
    if (s->layer_count == 1 && l->shaped && l->rates[0].bps > 0)
        all = l->rates[0].bps * (l->apart ? apart_share : spatial_share)[level];
    return all * temporal_share[step % TEMPORAL_STEPS];
}

static unsigned least_step(const struct stream *s)
{
    unsigned step = 0;
    while (!has_step(s, step))
        step++;
    return step;
}

static unsigned substream_for(struct stream *s, unsigned step, bool alone)
{
    unsigned layer = layer_of(s, step / TEMPORAL_STEPS);
    struct cap cap = cap_of(s, step, alone);
    int found = stream_find_substream(s, layer, cap);
    return found < 0 ? stream_add_substream(s, layer, cap) : (unsigned)found;
}

// Of a stream that has not begun every level may come.
const struct allocate_step *choice_steps(struct stream *s, int64_t now)
{
    if (s->steps_at == now)
        return s->steps;
    s->steps_at = now;
    bool any = false;
    for (unsigned level = 0; level < level_count(s); level++)
        any |= is_level_alive(s, level, now);
    // All of a level before parts of it: what these take is guessed by that.
    for (unsigned i = choice_step_count(s); i-- > 0;) {
        unsigned level = i / TEMPORAL_STEPS;
        struct allocate_step *step = &s->steps[i];
        *step = (struct allocate_step){
            .quality = (uint8_t)quality_of(s, level),
            .alive = has_step(s, i) && (!any || is_level_alive(s, level, now)),
        };
        if (has_step(s, i))
            step->bps = stream_bps(s, layer_of(s, level), substream_for(s, i, true),
                                   guess(s, i), s->layer_count == 1 && i == least_step(s), now);
    }
    return s->steps;
}

// --- What a feed is sent of them ---

enum video_quality choice_sent(const struct feed *f)
{
    if (!feed_is_sending(f))
        return VIDEO_OFF;
    if (f->stream->layer_count > 1 && f->allotted)
        return (enum video_quality)allocate_quality(&f->allot);
    return choice_best(f->stream, f->max_quality);
}

int choice_step_now(const struct stream *s, int step)
{
    unsigned least = least_level(s);
    if (step == ALLOCATE_PAUSED || (unsigned)step / TEMPORAL_STEPS >= least)
        return step;
    return (int)(least * TEMPORAL_STEPS + (unsigned)step % TEMPORAL_STEPS);
}

bool choice_is_paused(const struct feed *f)
{
    return f->max_quality == VIDEO_OFF || f->stream->held ||
           (f->allotted && f->allot.chosen == ALLOCATE_PAUSED);
}

bool choice_is_plain(const struct feed *f)
{
    const struct stream *s = f->stream;
    return s->codec.codec == CODEC_AV1 && !f->described && s->layer_count == 1 &&
           !choice_is_single(s);
}

// The best that the client has use for, and that the way has room for.
static unsigned room_step(const struct feed *f)
{
    const struct stream *s = f->stream;
    if (f->allotted && f->allot.chosen != ALLOCATE_PAUSED) { // maybe of more levels, before
        unsigned chosen = (unsigned)f->allot.chosen, count = choice_step_count(s);
        return chosen < count ? chosen : count - 1;
    }
    unsigned level = level_count(s) - 1;
    while (level > 0 && (!has_level(s, level) || quality_of(s, level) > f->max_quality))
        level--;
    return level * TEMPORAL_STEPS + CAP_ALL;
}

static unsigned best_step(const struct feed *f)
{
    unsigned best = room_step(f);
    unsigned plain = least_level(f->stream) * TEMPORAL_STEPS + CAP_ALL;
    return choice_is_plain(f) && best > plain ? plain : best;
}

// The layers that it may be sent, a bit each.
static uint8_t allowed(const struct feed *f)
{
    const struct stream *s = f->stream;
    uint8_t mask = 0;
    if (choice_is_paused(f))
        return 0;
    if (s->layer_count == 1)
        return 1;
    unsigned best = best_step(f) / TEMPORAL_STEPS;
    for (unsigned level = 0; level <= best; level++)
        if (quality_of(s, level) <= f->max_quality)
            mask |= (uint8_t)(1u << layer_of(s, level));
    return mask;
}

unsigned choice_substream(const struct feed *f, unsigned layer)
{
    struct stream *s = f->stream;
    unsigned step = best_step(f);
    if (s->layer_count > 1) {
        unsigned level = s->layer_count - 1 - layer, best = step / TEMPORAL_STEPS;
        if (level < best)
            return 0;     // there is room for more
        if (level > best) // the least of it until a key frame of less comes
            step = level * TEMPORAL_STEPS + (level == 0 ? 0 : 1);
    }
    // Who is sent all whatever the way carries is sent all layers: nobody would notice when the
    // best one ends.
    return has_step(s, step) ? substream_for(s, step, f->allotted) : 0;
}

// Whether something of the layer is to be sent that cannot be taken up without a key frame.
static bool wants_key(const struct stream *s, const struct feed_line *line)
{
    return cap_needs_key(stream_cap(s, line->current, line->substream),
                         stream_cap(s, line->current, line->wanted));
}

static uint8_t start_mask(const struct feed_line *line, int64_t now)
{
    const struct stream *s = line->feed->stream;
    uint8_t mask = allowed(line->feed);
    bool stays = line->current != NO_LAYER && (mask >> line->current & 1) &&
                 stream_layer_is_alive(s, line->current, now);
    if (!stays) { // any key frame is better than waiting for the best one
        uint32_t without = line->current == NO_LAYER ? 0 : 1u << line->current;
        return (uint8_t)(mask & ~without);
    }
    uint32_t better = (1u << line->current) - 1;
    return (uint8_t)(mask & (better | (uint32_t)wants_key(s, line) << line->current));
}

void choice_direct(struct feed_line *line, int64_t now)
{
    if (line->current != NO_LAYER)
        line->wanted = (uint8_t)choice_substream(line->feed, line->current);
    else if (choice_is_plain(line->feed))
        choice_substream(line->feed, 0); // counted before it is needed
    line->start_mask = start_mask(line, now);
}
