#include "sfu/select.h"

#include "sfu/subscriber.h"
#include "sfu/track.h"

// Layers as people name them, by place: all of one; high and low of two; all three names.
static enum video_quality quality_of(const struct track *t, unsigned layer)
{
    if (layer + 1u == t->layer_count)
        return VIDEO_LOW; // always allowed, as there is nothing less to send
    return layer == 0 ? VIDEO_HIGH : VIDEO_MEDIUM;
}

uint8_t select_starts(const struct feed_line *line, int64_t now)
{
    const struct feed *f = line->feed;
    const struct track *t = f->track;
    uint8_t allowed = 0;
    for (unsigned i = 0; i < t->layer_count && !t->held; i++)
        if (f->max_quality != VIDEO_OFF && quality_of(t, i) <= f->max_quality)
            allowed |= (uint8_t)(1u << i);

    bool stays = line->current != NO_LAYER && (allowed >> line->current & 1) &&
                 track_layer_is_alive(t, line->current, now);
    if (!stays) { // any key frame is better than waiting for the best one
        uint32_t without = line->current == NO_LAYER ? 0 : 1u << line->current;
        return (uint8_t)(allowed & ~without);
    }
    return (uint8_t)(allowed & ((1u << line->current) - 1)); // the better ones
}

// Asks for a key frame of the best layer in `mask` that is sent at all.
static void ask(struct feed *f, uint8_t mask, bool nothing_sent, const struct tick *tick)
{
    struct track *t = f->track;
    if (t->kind != MEDIA_VIDEO || mask == 0)
        return;
    unsigned best = LAYERS_MAX;
    for (unsigned i = t->layer_count; i-- > 0;)
        if ((mask >> i & 1) && track_layer_is_alive(t, i, tick->now))
            best = i;
    if (best < LAYERS_MAX) {
        track_want_key_frame(t, best, tick);
        return;
    }
    if (!nothing_sent)
        return; // what would be better is not there
    for (unsigned i = 0; i < t->layer_count; i++)
        if (mask >> i & 1) {
            track_want_key_frame(t, i, tick);
            return;
        }
}

void select_layer(struct feed *f, const struct tick *tick)
{
    struct feed_line *line = feed_line(f);
    if (!line)
        return;
    if (f->max_quality == VIDEO_OFF || f->track->held)
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

void select_flow(struct feed *f, bool flowing, const struct tick *tick)
{
    if (!flowing) {
        feed_part(f);
    } else if (!feed_line(f)) {
        feed_join(f, subscriber_path(f->subscriber));
        select_layer(f, tick);
    }
}

void select_key_frame(struct feed *f, const struct tick *tick)
{
    if (feed_is_sending(f) && f->track->kind == MEDIA_VIDEO)
        track_want_key_frame(f->track, feed_line(f)->current, tick);
}
