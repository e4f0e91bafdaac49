#include "sfu/stream.h"

#include "base/err.h"
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
    for (unsigned i = 0; i < LAYERS_MAX; i++) {
        forget(&s->layers[i]);
        s->layers[i].caps[0] = (struct cap){.spatial = CAP_ALL, .temporal = CAP_ALL};
    }
}

void stream_dispose(struct stream *s)
{
    assert(list_empty(&s->feeds) && s->line_count == 0);
    list_remove(&s->wishes);
    for (unsigned i = 0; i < LAYERS_MAX; i++) {
        struct stream_layer *layer = &s->layers[i];
        if (layer->started)
            history_dispose(&layer->history);
        for (unsigned j = 0; j < layer->substream_count; j++)
            substream_dispose(&layer->substreams[j]);
        mem_free(layer->substreams);
    }
    mem_free(s->lines);
}

static uint32_t packets_of(const struct stream *s)
{
    return s->kind == MEDIA_VIDEO ? HISTORY_VIDEO_PACKETS : HISTORY_AUDIO_PACKETS;
}

static void start(const struct stream *s, struct stream_layer *layer)
{
    if (s->kind == MEDIA_VIDEO)
        history_init(&layer->history, packets_of(s), HISTORY_VIDEO_BYTES);
    else
        history_init_audio(&layer->history);
    layer->started = true;
}

// Behind a gap the frame of an upper spatial layer may look like a picture's first.
static void note_picture(struct stream_layer *l, enum codec codec,
                         const struct history_slot *slot)
{
    const struct codec_packet *info = &slot->info;
    l->shaped |= l->progress.packets > 0 && slot->timestamp != l->progress.timestamp;
    bool is_first =
        info->frame_start && (l->spatial_most == 0 || slot->seq == l->progress.newest + 1);
    if (slot->seq > l->progress.newest &&
        (slot->timestamp != l->progress.timestamp || l->pictures == 0)) {
        l->picture_seq = is_first ? slot->seq : 0;
        l->pictures++;
    }
    if (info->frame_start && info->key_frame)
        codec_read_size(codec, slot->payload, info, &l->size);
    uint8_t spatial = info->spatial < CAP_ALL ? info->spatial : CAP_ALL;
    if (spatial > l->spatial_most)
        l->spatial_most = spatial;
    if (info->temporal > l->temporal_most)
        l->temporal_most = info->temporal;
    l->apart |= info->spatial > 0 && info->inter_picture && !info->inter_layer;
    l->spatial_at[spatial] = slot->arrived_at;
    l->spatial_missed[spatial] = 0;
    for (unsigned i = spatial + 1u; slot->marker && i <= CAP_ALL; i++)
        if (l->spatial_missed[i] < SPATIAL_MISSED_MAX)
            l->spatial_missed[i]++;
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
                                      const struct codec_packet *info,
                                      struct stream_parts parts, int64_t now)
{
    struct stream_layer *l = &s->layers[layer];
    if (!l->started)
        start(s, l);
    rate_begin(&l->rates[0], &l->progress, now);
    const struct history_slot *slot =
        history_add(&l->history, dense, packet, values, info, now);
    if (!slot)
        return NULL;
    note_picture(l, s->codec.codec, slot);
    note_progress(&l->progress, slot);
    for (unsigned i = 0; i < l->substream_count; i++)
        substream_note(&l->substreams[i], slot, parts.within >> (i + 1) & 1,
                       parts.uncounted >> (i + 1) & 1);
    return slot;
}

bool stream_has(const struct stream *s, unsigned layer, uint64_t dense)
{
    const struct stream_layer *l = &s->layers[layer];
    return l->started && history_get(&l->history, dense);
}

// Pictures of VP8 are counted on without those that are left out: a receiver waits for what is
// missing. Those of VP9 say what they need by their numbers, and keep them.
struct stream_parts stream_parts(const struct stream *s, unsigned layer,
                                 const struct codec_packet *info)
{
    const struct stream_layer *l = &s->layers[layer];
    struct stream_parts parts = {0};
    for (unsigned i = 1; i <= l->substream_count; i++)
        if (cap_has(l->caps[i], info))
            parts.within |= (uint16_t)(1u << i);
        else if (s->codec.codec == CODEC_VP8)
            parts.uncounted |= (uint16_t)(1u << i);
    return parts;
}

unsigned stream_add_substream(struct stream *s, unsigned layer, struct cap cap)
{
    struct stream_layer *l = &s->layers[layer];
    assert(l->substream_count + 1 < SUBSTREAMS_MAX);
    l->substreams =
        mem_resize(l->substreams, (l->substream_count + 1u) * sizeof *l->substreams);
    substream_init(&l->substreams[l->substream_count], packets_of(s), &l->progress);
    l->caps[++l->substream_count] = cap;
    return l->substream_count;
}

int stream_find_substream(const struct stream *s, unsigned layer, struct cap cap)
{
    const struct stream_layer *l = &s->layers[layer];
    for (unsigned i = 0; i <= l->substream_count; i++)
        if (cap_is(l->caps[i], cap))
            return (int)i;
    return ERR_NOT_FOUND;
}

struct cap stream_cap(const struct stream *s, unsigned layer, unsigned substream)
{
    struct cap cap = s->layers[layer].caps[substream];
    if (s->layers[layer].shaped && !cap.alone && cap.spatial >= s->layers[layer].spatial_most)
        cap.spatial = CAP_ALL;
    return cap;
}

static const struct substream *substream_of(const struct stream *s, unsigned layer,
                                            unsigned substream)
{
    assert(substream > 0 && substream <= s->layers[layer].substream_count);
    return &s->layers[layer].substreams[substream - 1];
}

const struct progress *stream_progress(const struct stream *s, unsigned layer,
                                       unsigned substream)
{
    return substream == 0 ? &s->layers[layer].progress
                          : &substream_of(s, layer, substream)->progress;
}

struct substream_packet stream_packet(const struct stream *s, unsigned layer,
                                      unsigned substream, uint64_t dense)
{
    if (substream == 0)
        return (struct substream_packet){.part = SUBSTREAM_WITH, .number = dense};
    return substream_packet(substream_of(s, layer, substream), dense);
}

// Layers above the cap are of the same picture, and come after it.
bool stream_ends_picture(const struct stream *s, unsigned layer, unsigned substream,
                         const struct history_slot *slot)
{
    uint8_t spatial = s->layers[layer].caps[substream].spatial;
    return slot->marker ||
           (slot->info.frame_end && spatial < CAP_ALL && slot->info.spatial == spatial);
}

const struct history_slot *stream_find(const struct stream *s, unsigned layer,
                                       unsigned substream, uint64_t number,
                                       struct substream_packet *packet)
{
    uint64_t dense =
        substream == 0 ? number : substream_seq(substream_of(s, layer, substream), number);
    const struct history_slot *slot = history_get(&s->layers[layer].history, dense);
    if (slot)
        *packet = stream_packet(s, layer, substream, dense);
    return slot;
}

void stream_restart(struct stream *s, unsigned layer, uint64_t gap, bool other)
{
    struct stream_layer *l = &s->layers[layer];
    for (uint32_t i = 0; i < s->line_count; i++)
        assert(s->lines[i].current != layer);
    l->progress.newest += gap;
    l->progress.stream += other;
    l->key_seq = l->key_next = 0;
    for (unsigned i = 0; i < l->substream_count; i++) {
        substream_restart(&l->substreams[i], gap);
        l->substreams[i].progress.stream += other;
    }
    forget(l);
}

void stream_note_key(struct stream *s, unsigned layer, const struct history_slot *slot)
{
    struct stream_layer *l = &s->layers[layer];
    if (s->kind != MEDIA_VIDEO || slot->seq < l->key_seq || slot->seq <= l->past_until)
        return;
    l->key_seq = l->key_next = slot->seq;
    l->key_at = slot->arrived_at;
}

const struct history_slot *stream_whole_key(struct stream *s, unsigned layer)
{
    struct stream_layer *l = &s->layers[layer];
    const struct history_slot *slot = NULL;
    while (l->key_next && (slot = history_get(&l->history, l->key_next)))
        l->key_next = slot->marker ? 0 : l->key_next + 1;
    if (!slot || !slot->marker)
        return NULL;
    const struct history_slot *first = history_get(&l->history, l->key_seq);
    l->key_endless = !first;
    return first;
}

void stream_end_past(struct stream *s)
{
    for (unsigned i = 0; i < s->layer_count; i++) {
        struct stream_layer *l = &s->layers[i];
        l->past_until = l->progress.newest;
        l->key_seq = l->key_next = 0;
    }
}

void stream_forget_key(struct stream *s, unsigned layer)
{
    s->layers[layer].key_next = 0;
}

bool stream_key_is_coming(const struct stream *s, unsigned layer, int64_t now)
{
    const struct stream_layer *l = &s->layers[layer];
    return l->key_next && now - l->key_at < KEY_COMES_US;
}

void stream_want_key_frame(struct stream *s, unsigned layer, const struct tick *tick)
{
    if (stream_key_is_coming(s, layer, tick->now))
        return;
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

// What is not known of a stream before it was seen for a while:
//
//                                       guess is kept    first look over   shows before it
//     sound, simulcast, a screen        from the start   250 ms            no
//     a camera's one encoding           from its shape   250 ms            no
//     the same with spatial layers      from its shape   250 ms            where it is more
//     the least of any                  as these         1 s               as these
//
// With spatial layers it may be far more than was thought. Of a screen these are not given up
// so soon: they come again with a key picture alone.
double stream_bps(struct stream *s, unsigned layer, unsigned substream, double guess,
                  bool is_least, int64_t now)
{
    struct stream_layer *l = &s->layers[layer];
    struct rate *rate = &l->rates[substream];
    const struct progress *at = stream_progress(s, layer, substream);
    bool is_one_camera = s->layer_count == 1 && s->kind == MEDIA_VIDEO && !s->screen;
    if (rate->bps == 0 && is_one_camera && !l->shaped)
        return guess; // another is made when a picture has shown what layers there are
    if (substream > 0)
        rate_begin(rate, at, now);
    struct rate_manner manner = {
        .first_us = is_least ? RATE_LOOK_US : RATE_LOOK_FIRST_US,
        .grows = is_one_camera && l->spatial_most > 0,
        .climbs = is_one_camera && l->spatial_most == 0,
        .rests = s->muted, // what it was before is what it will be
    };
    return rate_bps(rate, at, guess, manner, now);
}

bool stream_layer_is_alive(const struct stream *s, unsigned layer, int64_t now)
{
    const struct stream_layer *l = &s->layers[layer];
    if (s->layer_count == 1)
        return l->started;
    return now - l->progress.arrived_at < LAYER_SILENCE_US;
}
