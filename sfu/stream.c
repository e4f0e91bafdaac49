#include "sfu/stream.h"

#include "base/mem.h"
#include "sfu/shared.h"

static void forget(struct stream_layer *layer)
{
    layer->progress.arrived_at = INT64_MIN / 2;
    layer->origin = (struct report_origin){0};
    layer->wanted = false;
}

void stream_init(struct stream *s, uint64_t id, enum media_kind kind)
{
    *s = (struct stream){.id = id, .kind = kind};
    list_init(&s->feeds);
    list_init(&s->wishes);
    for (unsigned i = 0; i < LAYERS_MAX; i++)
        forget(&s->layers[i]);
}

void stream_dispose(struct stream *s)
{
    assert(list_empty(&s->feeds) && s->line_count == 0);
    list_remove(&s->wishes);
    for (unsigned i = 0; i < LAYERS_MAX; i++)
        if (s->layers[i].started)
            history_dispose(&s->layers[i].history);
    mem_free(s->lines);
}

static void start(const struct stream *s, struct stream_layer *layer)
{
    if (s->kind == MEDIA_VIDEO)
        history_init(&layer->history, HISTORY_VIDEO_PACKETS, HISTORY_VIDEO_BYTES);
    else
        history_init(&layer->history, HISTORY_AUDIO_PACKETS, HISTORY_AUDIO_BYTES);
    layer->started = true;
}

static void note_progress(struct progress *at, const struct history_slot *slot)
{
    at->packets++;
    at->octets += (uint32_t)slot->payload.len;
    if (slot->seq <= at->newest)
        return;
    at->newest = slot->seq;
    at->timestamp = slot->timestamp;
    at->arrived_at = slot->arrived_at;
    at->picture_id = slot->info.picture_id;
    at->tl0 = slot->info.tl0;
}

const struct history_slot *stream_add(struct stream *s, unsigned layer, uint64_t dense,
                                      const struct rtp_packet *packet,
                                      const struct extension_values *values,
                                      const struct codec_packet *info, int64_t now)
{
    struct stream_layer *l = &s->layers[layer];
    if (!l->started)
        start(s, l);
    const struct history_slot *slot =
        history_add(&l->history, dense, packet, values, info, now);
    if (slot)
        note_progress(&l->progress, slot);
    return slot;
}

void stream_restart(struct stream *s, unsigned layer, uint64_t gap)
{
    struct stream_layer *l = &s->layers[layer];
    for (uint32_t i = 0; i < s->line_count; i++)
        assert(s->lines[i].current != layer);
    l->progress.newest += gap;
    forget(l);
}

void stream_want_key_frame(struct stream *s, unsigned layer, const struct tick *tick)
{
    s->layers[layer].wanted = true;
    if (list_empty(&s->wishes))
        list_append(&tick->shared->wishes, &s->wishes);
}

bool stream_is_awaited(const struct stream *s, unsigned layer)
{
    for (uint32_t i = 0; i < s->line_count; i++)
        if (s->lines[i].start_mask >> layer & 1)
            return true;
    return false;
}

bool stream_layer_is_alive(const struct stream *s, unsigned layer, int64_t now)
{
    const struct stream_layer *l = &s->layers[layer];
    if (s->layer_count == 1)
        return l->started;
    return now - l->progress.arrived_at < LAYER_SILENCE_US;
}
