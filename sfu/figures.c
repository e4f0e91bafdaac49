#include "sfu/figures.h"

#include "base/mem.h"
#include "sfu/choice.h"
#include "sfu/endpoint.h"
#include "sfu/publisher.h"
#include "sfu/subscriber.h"

#include <assert.h>
#include <string.h>

enum { SECOND_US = 1000 * 1000, JITTER_PARTS = 16 };

static struct figures *allot(const struct endpoint *e, size_t tracks, size_t feeds)
{
    struct figures *f = mem_alloc(sizeof *f + tracks * sizeof *f->tracks +
                                  feeds * sizeof *f->feeds); // all of it zero
    static_assert(sizeof *f % _Alignof(struct figures_track) == 0 &&
                      sizeof *f % _Alignof(struct figures_feed) == 0,
                  "they follow it");
    f->kind = e->kind;
    f->tracks = (struct figures_track *)(f + 1);
    f->feeds = (struct figures_feed *)(f + 1);
    return f;
}

static int64_t ticks_to_us(uint64_t ticks, uint32_t clock_rate)
{
    return clock_rate ? (int64_t)(ticks * SECOND_US / clock_rate) : 0;
}

static void read_leg(const struct leg *l, struct figures *f)
{
    const struct addr *to = transport_address(l->transport);
    const struct batch_path *path = transport_path(l->transport);
    f->state = transport_state(l->transport);
    f->has_address = to != NULL;
    if (to)
        f->address = *to;
    f->packets_in = l->received_packets;
    f->octets_in = l->received_octets;
    f->packets_out = path->sent_packets;
    f->octets_out = path->sent_octets;
}

// --- Publishers ---

static uint32_t watchers_of(const struct stream *s, unsigned layer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->line_count; i++)
        count += s->lines[i].current == layer;
    return count;
}

static void read_layer(const struct track *t, unsigned index, int64_t now,
                       struct figures_layer *f)
{
    const struct layer *layer = &t->layers[index];
    const struct stream_layer *kept = &t->stream.layers[index];
    const struct report_receiver *r = &layer->report;
    memcpy(f->rid, kept->rid, sizeof f->rid);
    f->alive = kept->started && stream_layer_is_alive(&t->stream, index, now);
    f->width = kept->size.width;
    f->height = kept->size.height;
    f->bps = kept->rates[0].looks ? kept->rates[0].bps : 0;
    f->packets = r->received;
    f->octets = r->octets;
    if (r->base_seq)
        f->lost = (int64_t)(r->highest_seq - r->base_seq + 1 - r->received);
    f->jitter_us = ticks_to_us(r->jitter_q4 / JITTER_PARTS, t->stream.codec.clock_rate);
    f->pictures = kept->pictures;
    f->packets_asked = layer->packets_asked;
    f->packets_repaired = layer->nack.recovered;
    f->has_fec = layer->fec_payload_type != 0;
    f->sums = layer->sums;
    f->packets_rebuilt = layer->packets_rebuilt;
    f->keys_asked = layer->keys_asked;
    f->watchers = watchers_of(&t->stream, index);
}

static struct figures *of_publisher(const struct endpoint *e, int64_t now)
{
    const struct list *tracks = &e->publisher->ingest.tracks;
    size_t count = 0;
    LIST_EACH(tracks, each)
    count++;
    struct figures *f = allot(e, count, 0);
    LIST_EACH(tracks, each)
    {
        const struct track *t = LIST_ENTRY(each, struct track, link);
        struct figures_track *at = &f->tracks[f->track_count++];
        *at = (struct figures_track){.track = t->stream.id,
                                     .codec = t->stream.codec.codec,
                                     .unheard = t->stream.unheard,
                                     .layer_count = t->stream.layer_count};
        for (unsigned i = 0; i < at->layer_count; i++)
            read_layer(t, i, now, &at->layers[i]);
    }
    return f;
}

// --- Subscribers ---

static void read_feed(const struct feed *f, struct figures_feed *at)
{
    const struct feed_line *line = feed_line(f);
    const struct progress *progress = feed_progress(f);
    const struct report_sender *r = &f->report;
    enum video_quality sent = feed_is_sending(f) ? f->max_quality : VIDEO_OFF;
    if (f->stream->kind == MEDIA_VIDEO)
        sent = choice_sent(f);
    *at = (struct figures_feed){
        .track = f->stream->id,
        .codec = f->stream->codec.codec,
        .wanted = f->max_quality,
        .sent = sent,
        .packets = segment_packets(&f->segments, progress),
        .octets = segment_octets(&f->segments, progress),
        .loss = r->fraction_lost / 256.0,
        .jitter_us = ticks_to_us(r->jitter, f->stream->codec.clock_rate),
        .rtt_us = r->rtt_us,
    };
    if (line && line->current != NO_LAYER)
        memcpy(at->rid, f->stream->layers[line->current].rid, sizeof at->rid);
    if (!f->repaired)
        return; // no memory for the rest
    at->degraded = f->allotted && f->allot.degraded;
    at->packets_asked = f->packets_asked;
    at->packets_again = f->packets_again;
    at->keys_asked = f->keys_asked;
}

static struct figures *of_subscriber(const struct endpoint *e)
{
    const struct subscriber *s = e->subscriber;
    const struct capacity *c = &s->capacity;
    struct figures *f = allot(e, 0, s->feeds.count);
    if (c->estimate) {
        f->estimate_bps = bwe_bps(c->estimate);
        f->rtt_us = c->estimate->rtt_us;
    } else {
        f->estimate_bps = bwe_remb_bps(&c->remb);
    }
    f->used_bps = c->allocation.used_bps;
    f->wish_bps = c->allocation.wish_bps;
    f->loss = s->quality.lost;
    f->queued_octets = c->pace.pacer.octets;
    f->score = s->score;
    for (uint32_t i = 0; i < s->feeds.count; i++) {
        const struct feed *feed = s->feeds.at[i];
        struct figures_feed *at = &f->feeds[f->feed_count++];
        read_feed(feed, at);
        if (f->rtt_us == 0)
            f->rtt_us = at->rtt_us;
    }
    return f;
}

struct figures *figures_of(const struct endpoint *e, int64_t now)
{
    struct figures *f = e->kind == ENDPOINT_PUBLISH ? of_publisher(e, now) : of_subscriber(e);
    read_leg(&e->leg, f);
    return f;
}
