#include "sfu/select.h"

#include "sfu/choice.h"
#include "sfu/forward.h"

// On behalf of a feed, as far as it may.
static void want_key_frame(struct feed *f, unsigned layer, enum key_cause cause,
                           const struct tick *tick)
{
    struct stream *s = f->stream;
    if (stream_key_is_coming(s, layer, tick->now))
        return;
    if (key_budget_take(&f->keys, layer, s->layers[layer].key_at, cause, tick->now))
        stream_want_key_frame(s, layer, tick);
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
        want_key_frame(f, best, KEY_CHOSEN, tick);
        return;
    }
    if (!nothing_sent)
        return; // what would be better is not there
    for (unsigned i = 0; i < s->layer_count; i++)
        if (mask >> i & 1) {
            want_key_frame(f, i, KEY_CHOSEN, tick);
            return;
        }
}

void select_layer(struct feed *f, const struct tick *tick)
{
    struct feed_line *line = feed_line(f);
    if (!line)
        return;
    if (choice_is_paused(f))
        feed_end_segment(f);
    choice_direct(line, tick->now);
    if (line->current == NO_LAYER && f->stream->kind == MEDIA_VIDEO &&
        forward_past(line, line->start_mask, tick))
        choice_direct(line, tick->now);
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

void select_flow(struct feed *f, struct batch_path *path, int64_t since,
                 const struct tick *tick)
{
    if (!path) {
        feed_part(f);
    } else if (!feed_line(f)) {
        feed_join(f, path);
        if (f->repaired)
            f->past_from = since + FORWARD_PAST_AFTER_US;
        select_layer(f, tick);
    }
}

void select_key_frame(struct feed *f, const struct tick *tick)
{
    if (feed_is_sending(f) && f->stream->kind == MEDIA_VIDEO)
        want_key_frame(f, feed_line(f)->current,
                       f->report.fraction_lost > 0 ? KEY_LOST : KEY_ASKED, tick);
}

void select_owed_key_frame(struct feed *f, const struct tick *tick)
{
    if (f->stream->kind != MEDIA_VIDEO || f->keys.owed_at == 0)
        return;
    unsigned layer = f->keys.owed_layer;
    bool came =
        layer >= f->stream->layer_count || f->stream->layers[layer].key_at > f->keys.owed_at;
    if (came)
        f->keys.owed_at = 0;
    else if (feed_is_sending(f) && feed_line(f)->current == layer)
        select_key_frame(f, tick);
    else
        select_layer(f, tick);
}
