#include "sfu/select.h"

// Layers as people name them, by place: all of one; high and low of two; all three names.
static enum video_quality quality_of(const struct stream *s, unsigned layer)
{
    if (layer + 1u == s->layer_count)
        return VIDEO_LOW; // always allowed, as there is nothing less to send
    return layer == 0 ? VIDEO_HIGH : VIDEO_MEDIUM;
}

enum video_quality select_best(const struct stream *s, enum video_quality most)
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
const struct allocate_step *select_steps(struct stream *s, int64_t now)
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

static bool is_paused(const struct feed *f)
{
    return f->max_quality == VIDEO_OFF || f->stream->held ||
           (f->allotted && f->allot.chosen == ALLOCATE_PAUSED);
}

// Whether the way to the subscriber has room for it.
static bool has_room(const struct feed *f, unsigned layer)
{
    return !f->allotted || (int)(f->stream->layer_count - 1 - layer) <= f->allot.chosen;
}

uint8_t select_starts(const struct feed_line *line, int64_t now)
{
    const struct feed *f = line->feed;
    const struct stream *s = f->stream;
    uint8_t allowed = 0;
    for (unsigned i = 0; i < s->layer_count && !is_paused(f); i++)
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

// Asks for a key frame of the best layer in `mask` that is sent at all.
static void ask(struct feed *f, uint8_t mask, bool nothing_sent, const struct tick *tick)
{
    struct stream *s = f->stream;
    if (s->kind != MEDIA_VIDEO || mask == 0)
        return;
    unsigned best = LAYERS_MAX;
    for (unsigned i = s->layer_count; i-- > 0;)
        if ((mask >> i & 1) && stream_layer_is_alive(s, i, tick->now))
            best = i;
    if (best < LAYERS_MAX) {
        stream_want_key_frame(s, best, tick);
        return;
    }
    if (!nothing_sent)
        return; // what would be better is not there
    for (unsigned i = 0; i < s->layer_count; i++)
        if (mask >> i & 1) {
            stream_want_key_frame(s, i, tick);
            return;
        }
}

void select_layer(struct feed *f, const struct tick *tick)
{
    struct feed_line *line = feed_line(f);
    if (!line)
        return;
    if (is_paused(f))
        feed_end_segment(f);
    line->start_mask = select_starts(line, tick->now);
    ask(f, line->start_mask, line->current == NO_LAYER, tick);
}

void select_at_most(struct feed *f, enum video_quality most, const struct tick *tick)
{
    if (f->max_quality == most)
        return;
    f->max_quality = most;
    select_layer(f, tick);
}

void select_layers(struct stream *s, const struct tick *tick)
{
    for (uint32_t i = 0; i < s->line_count; i++)
        select_layer(s->lines[i].feed, tick);
}

void select_flow(struct feed *f, struct batch_path *path, const struct tick *tick)
{
    if (!path) {
        feed_part(f);
    } else if (!feed_line(f)) {
        feed_join(f, path);
        select_layer(f, tick);
    }
}

void select_key_frame(struct feed *f, const struct tick *tick)
{
    if (feed_is_sending(f) && f->stream->kind == MEDIA_VIDEO)
        stream_want_key_frame(f->stream, feed_line(f)->current, tick);
}
