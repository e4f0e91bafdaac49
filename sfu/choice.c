#include "sfu/choice.h"

// Layers as people name them, by place: all of one; high and low of two; all three names.
static enum video_quality quality_of(const struct stream *s, unsigned layer)
{
    if (layer + 1u == s->layer_count)
        return VIDEO_LOW; // always allowed, as there is nothing less to send
    return layer == 0 ? VIDEO_HIGH : VIDEO_MEDIUM;
}

enum video_quality choice_best(const struct stream *s, enum video_quality most)
{
    if (s->layer_count == 1)
        return most;
    for (unsigned i = 0; i < s->layer_count; i++)
        if (quality_of(s, i) <= most)
            return quality_of(s, i);
    return VIDEO_OFF;
}

// What a layer takes until it was measured: about what the ready-made templates allow.
static double guess(const struct stream *s, unsigned layer)
{
    static const double bps[] = {
        [VIDEO_LOW] = 100e3, [VIDEO_MEDIUM] = 300e3, [VIDEO_HIGH] = 700e3};
    return s->layer_count == 1 ? bps[VIDEO_MEDIUM] : bps[quality_of(s, layer)];
}

// Of a stream that has not begun every layer may come.
const struct allocate_step *choice_steps(struct stream *s, int64_t now)
{
    if (s->steps_at == now)
        return s->steps;
    s->steps_at = now;
    bool any = false;
    for (unsigned i = 0; i < s->layer_count; i++)
        any |= stream_layer_is_alive(s, i, now);
    for (unsigned i = 0; i < s->layer_count; i++) {
        bool alive = stream_layer_is_alive(s, i, now);
        s->steps[s->layer_count - 1 - i] = (struct allocate_step){
            .bps = stream_bps(s, i, guess(s, i), now),
            .quality = (uint8_t)quality_of(s, i),
            .alive = alive || !any,
        };
    }
    return s->steps;
}

bool choice_is_paused(const struct feed *f)
{
    return f->max_quality == VIDEO_OFF || f->stream->held ||
           (f->allotted && f->allot.chosen == ALLOCATE_PAUSED);
}

// Whether the way to the subscriber has room for it.
static bool has_room(const struct feed *f, unsigned layer)
{
    return !f->allotted || (int)(f->stream->layer_count - 1 - layer) <= f->allot.chosen;
}

uint8_t choice_starts(const struct feed_line *line, int64_t now)
{
    const struct feed *f = line->feed;
    const struct stream *s = f->stream;
    uint8_t allowed = 0;
    for (unsigned i = 0; i < s->layer_count && !choice_is_paused(f); i++)
        if (quality_of(s, i) <= f->max_quality && has_room(f, i))
            allowed |= (uint8_t)(1u << i);

    bool stays = line->current != NO_LAYER && (allowed >> line->current & 1) &&
                 stream_layer_is_alive(s, line->current, now);
    if (!stays) { // any key frame is better than waiting for the best one
        uint32_t without = line->current == NO_LAYER ? 0 : 1u << line->current;
        return (uint8_t)(allowed & ~without);
    }
    return (uint8_t)(allowed & ((1u << line->current) - 1)); // the better ones
}
