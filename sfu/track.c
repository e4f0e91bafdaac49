#include "sfu/track.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/codec.h"
#include "rtc/rtcp.h"
#include "sfu/endpoint.h"
#include "sfu/forward.h"
#include "sfu/publisher.h"
#include "sfu/seats.h"
#include "sfu/select.h"
#include "sfu/shared.h"
#include "sfu/subscriber.h"

#include <assert.h>
#include <string.h>

enum {
    KEY_FRAME_INTERVAL_US = KEY_FRAME_REQUEST_INTERVAL_MS * 1000,
    // Between the last number of a layer's old SSRC and the first of its new one: room for
    // packets of the new one that come before its first.
    RESTART_GAP = 1024,
};

static void reset_layer(struct track_layer *layer)
{
    uint64_t newest = layer->progress.newest;
    layer->seq = (struct seq){0};
    layer->skipped_kept = 0;
    layer->report = (struct report_receiver){0};
    layer->nack = (struct nack){0};
    layer->ask_at = NEVER;
    layer->asked_at = INT64_MIN / 2;
    layer->progress.arrived_at = INT64_MIN / 2;
    layer->progress.newest = newest;
}

struct track *track_new(struct shared *s, struct publisher *p, uint64_t id,
                        const struct publish_section *section)
{
    struct track *t = mem_alloc(sizeof *t);
    t->id = id;
    t->shared = s;
    t->publisher = p;
    t->kind = section->kind;
    list_init(&t->feeds);
    talker_init(&t->talker, id);
    for (unsigned i = 0; i < LAYERS_MAX; i++)
        reset_layer(&t->layers[i]);
    memcpy(t->stream_id, section->stream_id, sizeof t->stream_id);
    memcpy(t->track_id, section->track_id, sizeof t->track_id);
    assert(!map_get(&s->tracks, map_key_u64(&t->id)));
    list_append(&p->tracks, &t->link);
    map_put(&s->tracks, map_key_u64(&t->id), t);
    s->stats.tracks++;
    track_update(t, section);
    return t;
}

void track_update(struct track *t, const struct publish_section *section)
{
    memcpy(t->mid, section->mid, sizeof t->mid);
    t->codec = section->codec;
    t->layer_count = section->layer_count;
    t->check_at = t->layer_count > 1 ? 0 : NEVER;
    for (unsigned i = 0; i < t->layer_count; i++) {
        const struct publish_layer *said = &section->layers[i];
        struct track_layer *layer = &t->layers[i];
        memcpy(layer->rid, said->rid, sizeof layer->rid);
        if (said->ssrc && said->ssrc != layer->ssrc)
            track_layer_replace(t, i, said->ssrc);
        if (said->rtx_ssrc)
            layer->rtx_ssrc = said->rtx_ssrc;
    }
}

// The place of `rid` among the encodings that the role has; ERR_NOT_FOUND.
static int place_in_cap(const struct track_cap *cap, const char *rid)
{
    for (size_t i = 0; i < cap->layer_count; i++)
        if (strcmp(cap->layers[i].rid, rid) == 0)
            return (int)i;
    return ERR_NOT_FOUND;
}

static bool has_layer(const struct track *t, const char *rid)
{
    for (unsigned i = 0; i < t->layer_count; i++)
        if (strcmp(t->layers[i].rid, rid) == 0)
            return true;
    return false;
}

void track_select_layers(const struct track *known, const struct track_cap *cap,
                         struct publish_section *section)
{
    bool bounded = cap->kbps || cap->layer_count;
    uint8_t kept = 0;
    if (section->layer_count < 2 || (!known && !bounded))
        return;
    for (unsigned i = 0; i < section->layer_count; i++) {
        const char *rid = section->layers[i].rid;
        if (known ? has_layer(known, rid) : place_in_cap(cap, rid) >= 0)
            section->layers[kept++] = section->layers[i];
    }
    if (kept || !known)
        section->layer_count = kept ? kept : 1;
}

// The bound of a layer in kbit/s, 0 for none; ERR_REFUSED for one that is not to be. `named`:
// the role has encodings of some of the track's names.
static int bound_of(const struct track *t, unsigned index, const struct track_cap *cap,
                    bool named)
{
    if (!cap->kbps && !cap->layer_count)
        return 0;
    if (!named)
        return index == 0 ? cap->kbps : ERR_REFUSED;
    int place = place_in_cap(cap, t->layers[index].rid);
    return place < 0 ? ERR_REFUSED : cap->layers[place].kbps;
}

void track_bound(struct track *t, const struct track_cap *cap, int64_t now)
{
    t->kbps = 0;
    bool named = false;
    for (unsigned i = 0; i < t->layer_count; i++)
        named |= place_in_cap(cap, t->layers[i].rid) >= 0;
    for (unsigned i = 0; i < t->layer_count; i++) {
        int kbps = bound_of(t, i, cap, named);
        t->layers[i].refused = kbps < 0;
        police_set(&t->layers[i].police, kbps > 0 ? kbps : 0, now);
        t->kbps += kbps > 0 ? kbps : 0;
    }
}

void track_close(struct track *t, const struct tick *tick)
{
    struct shared *s = t->shared;
    LIST_EACH(&t->feeds, each)
    subscriber_remove(LIST_ENTRY(each, struct feed, link), tick);
    assert(list_empty(&t->feeds) && s->stats.tracks > 0);
    talker_stop(&t->talker);
    list_remove(&t->link);
    map_remove(&s->tracks, map_key_u64(&t->id));
    list_append(&s->closed_tracks, &t->link);
    s->stats.tracks--;
}

void track_free(struct track *t)
{
    list_remove(&t->link);
    for (unsigned i = 0; i < LAYERS_MAX; i++)
        if (t->layers[i].started)
            history_dispose(&t->layers[i].history);
    mem_free(t->lines);
    mem_free(t);
}

static void restart_layer(struct track *t, unsigned index)
{
    struct track_layer *layer = &t->layers[index];
    feeds_leave(t, index);
    layer->progress.newest += RESTART_GAP;
    reset_layer(layer);
}

void track_layer_replace(struct track *t, unsigned index, uint32_t ssrc)
{
    struct track_layer *layer = &t->layers[index];
    if (layer->ssrc) {
        restart_layer(t, index);
        layer->progress.stream++;
    }
    layer->ssrc = ssrc;
}

void track_ask(struct track *t, const struct tick *tick)
{
    for (uint32_t i = 0; i < t->line_count; i++)
        select_layer(t->lines[i].feed, tick);
}

void track_resume(struct track *t, const struct tick *tick)
{
    for (unsigned i = 0; i < t->layer_count; i++)
        if (t->layers[i].started)
            restart_layer(t, i);
    track_ask(t, tick);
}

// --- Receiving ---

static void start_layer(struct track *t, struct track_layer *layer)
{
    if (t->kind == MEDIA_VIDEO)
        history_init(&layer->history, HISTORY_VIDEO_PACKETS, HISTORY_VIDEO_BYTES);
    else
        history_init(&layer->history, HISTORY_AUDIO_PACKETS, HISTORY_AUDIO_BYTES);
    layer->started = true;
}

// How many numbers before `arrived` were skipped; UINT64_MAX when that is forgotten.
static uint64_t skipped_before(const struct track_layer *layer, uint64_t arrived)
{
    uint64_t after = 0;
    while (after < layer->skipped_kept) {
        uint64_t place = layer->skipped_count - 1 - after;
        if (layer->skipped[place % SKIPPED_MAX] < arrived)
            break;
        after++;
    }
    if (after == SKIPPED_MAX)
        return UINT64_MAX;
    return layer->skipped_count - after;
}

static void skip(struct track_layer *layer, uint64_t arrived)
{
    layer->skipped[layer->skipped_count % SKIPPED_MAX] = arrived;
    layer->skipped_count++;
    if (layer->skipped_kept < SKIPPED_MAX)
        layer->skipped_kept++;
}

static void ask_for_key_frame(struct track *t, unsigned index, const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    // Without a SSRC there is nothing to name yet; a muted camera sends nothing worth it.
    if (layer->ssrc && !t->muted) {
        uint8_t buffer[64];
        struct writer w = writer_on(buffer, sizeof buffer);
        rtcp_put_pli(&w, PUBLISHER_RTCP_SSRC, layer->ssrc);
        publisher_send_rtcp(t->publisher, &w, tick);
        layer->asked_at = tick->now;
    }
    // The request or the key frame's first packet may get lost: again, while somebody waits.
    bool again = !t->muted && feeds_wait_for(t, index);
    layer->ask_at = again ? tick->now + KEY_FRAME_INTERVAL_US : NEVER;
}

void track_want_key_frame(struct track *t, unsigned index, const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    int64_t allowed_at = layer->asked_at + KEY_FRAME_INTERVAL_US;
    int64_t at = allowed_at > tick->now ? allowed_at : tick->now;
    if (at < layer->ask_at)
        layer->ask_at = at;
    if (layer->ask_at <= tick->now)
        ask_for_key_frame(t, index, tick);
    endpoint_touch(t->publisher->endpoint, tick);
}

static void note_nack(struct track *t, unsigned index, uint64_t arrived,
                      const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    if (nack_received(&layer->nack, arrived, tick->now) == NACK_LOST)
        track_want_key_frame(t, index, tick);
}

static void note_newest(struct track_layer *layer, const struct history_slot *slot)
{
    layer->progress.packets++;
    layer->progress.octets += (uint32_t)slot->payload.len;
    if (slot->seq <= layer->progress.newest)
        return;
    layer->progress.newest = slot->seq;
    layer->progress.timestamp = slot->timestamp;
    layer->progress.arrived_at = slot->arrived_at;
    layer->progress.picture_id = slot->info.picture_id;
    layer->progress.tl0 = slot->info.tl0;
}

static void note_up(struct track *t, const struct tick *tick)
{
    t->up = true;
    struct notice *n = notice_add(tick->notices, NOTICE_TRACK_UP);
    n->room = t->publisher->endpoint->meeting->id;
    n->endpoint = t->publisher->endpoint->id;
    n->track = t->id;
}

static void hear(struct track *t, const struct extension_values *values,
                 const struct tick *tick)
{
    struct meeting *m = t->publisher->endpoint->meeting;
    if (!values->has_audio_level || t->muted)
        return;
    speakers_hear(&m->speakers, &t->talker, values->audio_level, tick->now);
    timers_advance(&t->shared->timers, &m->timer, m->speakers.look_at);
}

// The extended number of `seq`, after the books of reception were kept. 0: not to be used.
static uint64_t note_arrival(struct track *t, unsigned index, const struct rtp_packet *packet,
                             bool repair, const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    if (repair && layer->seq.highest == 0)
        return 0; // repairs a stream that never began
    uint64_t arrived = seq_extend(&layer->seq, packet->seq);
    // The first packet of this SSRC: dense numbers go on behind those of the last one.
    if (layer->report.base_seq == 0)
        layer->skipped_count = arrived - (layer->progress.newest + 1 + RESTART_GAP);
    if (!repair)
        report_received(&layer->report, arrived, packet->timestamp, t->codec.clock_rate,
                        packet->payload.len, tick->now);
    if (t->codec.nack)
        note_nack(t, index, arrived, tick);
    return arrived;
}

// Whether the publisher's role has room for the packet. A picture that was cut short goes on
// from a key frame: it is asked for.
static bool may_pass(struct track *t, unsigned index, const struct rtp_packet *packet,
                     const struct codec_packet *info, const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    bool is_video = t->kind == MEDIA_VIDEO;
    if (police_pass(&layer->police, packet->payload.len, info->frame_start && info->key_frame,
                    is_video, tick->now))
        return true;
    t->shared->stats.drop_over_cap++;
    if (is_video)
        track_want_key_frame(t, index, tick);
    return false;
}

void track_receive(struct track *t, unsigned index, const struct rtp_packet *packet,
                   const struct extension_values *values, bool repair, const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    if (layer->refused) {
        t->shared->stats.drop_over_cap++;
        return;
    }
    if (!layer->started)
        start_layer(t, layer);
    uint64_t highest_before = layer->seq.highest;
    uint64_t arrived = note_arrival(t, index, packet, repair, tick);
    if (arrived == 0)
        return;

    struct codec_packet info = {0};
    bool useful =
        packet->payload.len > 0 && codec_parse(t->codec.codec, packet->payload, &info) == 0;
    if (packet->payload.len > 0 && !useful)
        t->shared->stats.drop_malformed++;
    if (useful && !may_pass(t, index, packet, &info, tick)) {
        if (arrived > highest_before)
            skip(layer, arrived);
        return;
    }
    if (!useful && arrived > highest_before) {
        skip(layer, arrived); // nobody will see that this number existed
        return;
    }
    // A packet without content that others overtook has its place in the numbers by now: it is
    // sent empty, so that nobody asks for it in vain.
    struct rtp_packet sent = *packet;
    if (!useful)
        sent.payload.len = 0;

    uint64_t skipped = skipped_before(layer, arrived);
    if (skipped == UINT64_MAX || arrived <= skipped)
        return; // too old to have a place
    const struct history_slot *slot =
        history_add(&layer->history, arrived - skipped, &sent, values, &info, tick->now);
    if (!slot)
        return; // a duplicate
    note_newest(layer, slot);
    if (!t->up)
        note_up(t, tick);

    // What was sent before the first packet that reached us and is missing, nobody asks for: no
    // feed can begin there.
    bool start = useful && arrived >= layer->report.base_seq &&
                 (t->kind == MEDIA_AUDIO || (info.frame_start && info.key_frame));
    if (start && t->kind == MEDIA_VIDEO)
        layer->ask_at = NEVER;
    if (t->kind == MEDIA_AUDIO)
        hear(t, values, tick);
    forward_packet(t, index, slot, start, tick);
}

void track_mute(struct track *t, bool muted, bool held, const struct tick *tick)
{
    if (t->muted == muted && t->held == held)
        return;
    bool same_for_feeds = muted && t->held == held;
    t->muted = muted;
    t->held = held;
    if (muted)
        talker_stop(&t->talker);
    seats_follow_track(t, tick);
    if (same_for_feeds)
        return;
    LIST_EACH(&t->feeds, each)
    select_layer(LIST_ENTRY(each, struct feed, link), tick);
}

bool track_layer_is_alive(const struct track *t, unsigned index, int64_t now)
{
    const struct track_layer *layer = &t->layers[index];
    if (t->layer_count == 1)
        return layer->started;
    return now - layer->progress.arrived_at < LAYER_SILENCE_US;
}

// --- Deadlines ---

int64_t track_deadline(const struct track *t)
{
    int64_t deadline = t->line_count ? t->check_at : NEVER;
    for (unsigned i = 0; i < t->layer_count; i++) {
        const struct track_layer *layer = &t->layers[i];
        if (layer->ask_at < deadline)
            deadline = layer->ask_at;
        if (layer->nack.count == 0)
            continue;
        int64_t nack_at = nack_deadline(&layer->nack);
        if (nack_at < deadline)
            deadline = nack_at;
    }
    return deadline;
}

static void ask_for_missing(struct track *t, unsigned index, const struct tick *tick)
{
    struct track_layer *layer = &t->layers[index];
    uint16_t seqs[NACK_MISSING_MAX];
    bool lost = false;
    size_t count = nack_due(&layer->nack, tick->now, 0, seqs, &lost);
    if (count) {
        uint8_t buffer[1024];
        struct writer w = writer_on(buffer, sizeof buffer);
        rtcp_put_nack(&w, PUBLISHER_RTCP_SSRC, layer->ssrc, seqs, count);
        publisher_send_rtcp(t->publisher, &w, tick);
    }
    if (lost && layer->ask_at > layer->asked_at + KEY_FRAME_INTERVAL_US)
        layer->ask_at = layer->asked_at + KEY_FRAME_INTERVAL_US;
}

void track_expire(struct track *t, const struct tick *tick)
{
    for (unsigned i = 0; i < t->layer_count; i++) {
        struct track_layer *layer = &t->layers[i];
        if (layer->nack.count && nack_deadline(&layer->nack) <= tick->now)
            ask_for_missing(t, i, tick);
        if (layer->ask_at <= tick->now)
            ask_for_key_frame(t, i, tick);
    }
    if (t->line_count && t->check_at <= tick->now) {
        t->check_at = tick->now + LAYER_CHECK_US;
        track_ask(t, tick);
    }
}
