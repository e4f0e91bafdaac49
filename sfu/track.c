#include "sfu/track.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/codec.h"
#include "sfu/feed.h"
#include "sfu/shared.h"

#include <assert.h>
#include <string.h>

struct track *track_new(struct shared *s, uint64_t endpoint, uint64_t id,
                        const struct publish_section *section)
{
    struct track *t = mem_alloc(sizeof *t);
    t->endpoint = endpoint;
    t->demand.told = VIDEO_HIGH;
    list_init(&t->link);
    stream_init(&t->stream, id, section->kind);
    talker_init(&t->talker, id);
    t->voice.owner = endpoint;
    for (unsigned i = 0; i < LAYERS_MAX; i++)
        layer_reset(&t->layers[i]);
    memcpy(t->stream.stream_id, section->stream_id, sizeof t->stream.stream_id);
    memcpy(t->stream.track_id, section->track_id, sizeof t->stream.track_id);
    assert(!map_get(&s->tracks, map_key_u64(&t->stream.id)));
    map_put(&s->tracks, map_key_u64(&t->stream.id), t);
    s->stats.tracks++;
    s->stats.video_tracks += section->kind == MEDIA_VIDEO;
    track_update(t, section);
    return t;
}

int track_encoding(const struct track *t, struct bytes rid)
{
    for (unsigned i = 0; i < t->stream.layer_count; i++)
        if (bytes_equal(rid, bytes_of(t->stream.layers[i].rid)))
            return (int)i;
    return ERR_NOT_FOUND;
}

bool track_goes_on(const struct track *t, const struct publish_section *section)
{
    for (unsigned i = 0; i < section->layer_count; i++)
        if (track_encoding(t, bytes_of(section->layers[i].rid)) < 0)
            return false;
    return true;
}

static void restart_layer(struct track *t, unsigned index, bool other)
{
    feeds_leave(&t->stream, index);
    stream_restart(&t->stream, index, LAYER_RESTART_GAP, other);
    layer_reset(&t->layers[index]);
}

// Other encodings take the place of all that there were.
static void begin_anew(struct track *t, const struct publish_section *section)
{
    for (unsigned i = 0; i < t->stream.layer_count; i++) {
        if (t->layers[i].ssrc)
            restart_layer(t, i, true);
        t->layers[i].ssrc = t->layers[i].rtx_ssrc = 0;
    }
    t->stream.layer_count = section->layer_count;
    t->stream.steps_at = NEVER; // there are others to choose from
    for (unsigned i = 0; i < section->layer_count; i++)
        memcpy(t->stream.layers[i].rid, section->layers[i].rid, sizeof section->layers[i].rid);
    t->check_at = section->layer_count > 1 ? 0 : NEVER;
}

static bool is_offered(const struct publish_section *section, const char *rid)
{
    for (unsigned i = 0; i < section->layer_count; i++)
        if (strcmp(section->layers[i].rid, rid) == 0)
            return true;
    return false;
}

static void note_gone(struct track *t, const struct publish_section *section)
{
    for (unsigned i = 0; i < t->stream.layer_count; i++) {
        struct layer *layer = &t->layers[i];
        bool was_gone = layer->gone;
        layer->gone = !is_offered(section, t->stream.layers[i].rid);
        if (layer->gone && !was_gone && layer->seq.highest)
            restart_layer(t, i, false);
    }
}

void track_update(struct track *t, const struct publish_section *section)
{
    memcpy(t->mid, section->mid, sizeof t->mid);
    t->stream.codec = section->codec;
    if (!track_goes_on(t, section))
        begin_anew(t, section);
    for (unsigned i = 0; i < section->layer_count; i++) {
        const struct publish_layer *said = &section->layers[i];
        int index = track_encoding(t, bytes_of(said->rid));
        struct layer *layer = &t->layers[index];
        if (said->ssrc && said->ssrc != layer->ssrc)
            track_layer_replace(t, (unsigned)index, said->ssrc);
        if (said->rtx_ssrc)
            layer->rtx_ssrc = said->rtx_ssrc;
        layer->fec_payload_type = section->fec.payload_type;
    }
    note_gone(t, section);
}

// The place of `rid` among the encodings that the role has; ERR_NOT_FOUND.
static int place_in_cap(const struct track_cap *cap, const char *rid)
{
    for (size_t i = 0; i < cap->layer_count; i++)
        if (strcmp(cap->layers[i].rid, rid) == 0)
            return (int)i;
    return ERR_NOT_FOUND;
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
        if (known ? track_encoding(known, bytes_of(rid)) >= 0 : place_in_cap(cap, rid) >= 0)
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
    int place = place_in_cap(cap, t->stream.layers[index].rid);
    return place < 0 ? ERR_REFUSED : cap->layers[place].kbps;
}

// How many packets of a layer are passed on in a second.
static int packets_of(const struct track *t, int kbps)
{
    if (t->stream.kind == MEDIA_AUDIO)
        return AUDIO_PACKETS_PER_SECOND;
    int64_t most = VIDEO_PACKETS_PER_SECOND + (int64_t)kbps * VIDEO_PACKETS_PER_MBIT / 1000;
    return kbps > 0 && most < VIDEO_PACKETS_PER_SECOND_MAX ? (int)most
                                                           : VIDEO_PACKETS_PER_SECOND_MAX;
}

void track_bound(struct track *t, const struct track_cap *cap, int64_t now)
{
    t->kbps = 0;
    bool named = false;
    for (unsigned i = 0; i < t->stream.layer_count; i++)
        named |= place_in_cap(cap, t->stream.layers[i].rid) >= 0;
    for (unsigned i = 0; i < t->stream.layer_count; i++) {
        int kbps = bound_of(t, i, cap, named);
        t->layers[i].refused = kbps < 0;
        police_set(&t->layers[i].police, kbps > 0 ? kbps : 0, now);
        police_set_packets(&t->layers[i].police, packets_of(t, kbps), now);
        t->kbps += kbps > 0 ? kbps : 0;
    }
}

void track_close(struct track *t, struct shared *s)
{
    assert(s->stats.tracks > 0);
    talker_stop(&t->talker);
    last_n_leave(&t->voice);
    list_remove(&t->link);
    list_remove(&t->stream.wishes);
    map_remove(&s->tracks, map_key_u64(&t->stream.id));
    list_append(&s->closed_tracks, &t->link);
    s->stats.tracks--;
    s->stats.video_tracks -= t->stream.kind == MEDIA_VIDEO;
}

void track_free(struct track *t)
{
    list_remove(&t->link);
    stream_dispose(&t->stream);
    for (unsigned i = 0; i < LAYERS_MAX; i++)
        layer_dispose(&t->layers[i]);
    mem_free(t);
}

void track_layer_replace(struct track *t, unsigned index, uint32_t ssrc)
{
    struct layer *layer = &t->layers[index];
    if (layer->ssrc)
        restart_layer(t, index, true);
    layer->ssrc = ssrc;
}

void track_resume(struct track *t)
{
    for (unsigned i = 0; i < t->stream.layer_count; i++)
        if (t->layers[i].seq.highest)
            restart_layer(t, i, false);
}

// --- Receiving ---

// Whether the publisher's role has room for the packet. A picture that was cut short goes on
// from a key frame: it is asked for.
static bool may_pass(struct track *t, unsigned index, const struct rtp_packet *packet,
                     const struct codec_packet *info, const struct tick *tick)
{
    bool is_video = t->stream.kind == MEDIA_VIDEO;
    if (police_pass(&t->layers[index].police, packet->payload.len,
                    info->frame_start && info->key_frame, is_video, tick->now))
        return true;
    tick->shared->stats.drop_over_cap++;
    if (is_video) {
        stream_forget_key(&t->stream, index);
        stream_want_key_frame(&t->stream, index, tick);
    }
    return false;
}

// Whether a packet waits for what describes its frame. Where that never came, or not for long,
// or much waits for it already, a key frame is asked for.
static bool is_kept_back(struct track *t, unsigned index, uint64_t arrived,
                         const struct rtp_packet *packet, const struct extension_values *values,
                         const struct tick *tick)
{
    struct layer *layer = &t->layers[index];
    bool kept = early_keep(&layer->early, arrived, packet, values, tick->now);
    if (!kept || !layer->frames->present.known ||
        tick->now - early_since(layer->early) >= EARLY_PATIENCE_MS * 1000)
        stream_want_key_frame(&t->stream, index, tick);
    return kept;
}

enum turn {
    AHEAD, // of all that came
    LATE,
    WAITED, // for what describes it
};

// A packet of the layer that is in the books.
static const struct history_slot *take(struct track *t, unsigned index, uint64_t arrived,
                                       enum turn turn, const struct rtp_packet *packet,
                                       const struct extension_values *values, bool *start,
                                       const struct tick *tick)
{
    struct layer *layer = &t->layers[index];
    struct stream *s = &t->stream;
    bool ahead = turn == AHEAD;
    uint64_t dense = layer_dense(layer, arrived);
    assert(!ahead || dense > s->layers[index].progress.newest); // numbers never fall
    // Senders probe with what they sent before: that is known, and costs them nothing.
    if (dense == 0 || (!ahead && stream_has(s, index, dense)))
        return NULL;

    struct codec_packet info = {0};
    int err = history_fits(packet, values)
                  ? layer_read(layer, s->codec.codec, packet, values, &info)
                  : ERR_MALFORMED;
    bool useful = err == 0;
    if (packet->payload.len > 0 && err == ERR_MALFORMED)
        tick->shared->stats.drop_malformed++;
    bool waits = err == ERR_NOT_FOUND && (ahead || (turn == LATE && layer->early));
    if (waits && is_kept_back(t, index, arrived, packet, values, tick))
        return NULL;
    bool passes = (useful || !ahead) && may_pass(t, index, packet, &info, tick);
    if (!passes) {
        if (ahead)
            layer_skip(layer, arrived); // nobody will see that this number existed
        return NULL;
    }
    // A packet without content that others overtook has its place in the numbers by now: it is
    // sent empty, so that nobody asks for it in vain.
    struct rtp_packet sent = *packet;
    struct extension_values said = *values;
    if (!useful)
        sent.payload.len = said.dependency.len = 0;

    const struct history_slot *slot = stream_add(s, index, dense, &sent, &said, &info,
                                                 stream_parts(s, index, &info), tick->now);
    if (!slot)
        return NULL; // a duplicate of one that is about to be overwritten

    // What was sent before the first packet that reached us and is missing, nobody asks for: no
    // feed can begin there.
    *start = useful && arrived >= layer->report.base_seq &&
             (s->kind == MEDIA_AUDIO || (info.frame_start && info.key_frame));
    if (*start && s->kind == MEDIA_VIDEO) {
        layer->ask_at = NEVER;
        s->layers[index].wanted = false;
    }
    return slot;
}

const struct history_slot *track_receive(struct track *t, unsigned index,
                                         const struct rtp_packet *packet,
                                         const struct extension_values *values,
                                         enum layer_way way, int64_t arrived_at, bool *start,
                                         const struct tick *tick)
{
    struct layer *layer = &t->layers[index];
    struct stream *s = &t->stream;
    if (layer->refused || layer->gone) {
        tick->shared->stats.drop_over_cap += layer->refused;
        tick->shared->stats.drop_unknown_stream += !layer->refused;
        return NULL;
    }
    uint64_t highest_before = layer->seq.highest;
    uint64_t arrived = layer_arrive(layer, packet, way, s->codec.clock_rate,
                                    s->layers[index].progress.newest, arrived_at);
    if (arrived == 0)
        return NULL;
    enum nack_arrival came =
        s->codec.nack ? nack_received(&layer->nack, arrived, tick->now) : NACK_IN_ORDER;
    // Of what was asked for and has no place any more nobody would ask again.
    if (came == NACK_LOST || (came == NACK_RECOVERED && layer_dense(layer, arrived) == 0)) {
        stream_forget_key(s, index);
        stream_want_key_frame(s, index, tick);
    }
    enum turn turn = arrived > highest_before ? AHEAD : LATE;
    return take(t, index, arrived, turn, packet, values, start, tick);
}

bool track_receive_early(struct track *t, unsigned index, const struct history_slot **slot,
                         bool *start, const struct tick *tick)
{
    struct early_packet early;
    *start = false;
    if (!early_take(&t->layers[index].early, &early))
        return false;
    *slot = take(t, index, early.arrived, WAITED, &early.packet, &early.values, start, tick);
    mem_free(early.octets);
    return true;
}

void track_report(struct track *t, unsigned index, const struct rtcp_sender_info *sender,
                  int64_t now)
{
    struct report_origin *origin = &t->layers[index].report.origin;
    report_sender_report(origin, sender, now);
    t->stream.layers[index].origin = *origin;
}

// Who switches a camera off, and on again a moment later, shows nobody what was before; and
// what was filmed while nothing was to be sent of it is never shown.
void track_mute(struct track *t, bool muted, bool held)
{
    if (t->stream.held || (muted && !t->stream.muted))
        stream_end_past(&t->stream);
    t->stream.muted = muted;
    t->stream.held = held;
    if (muted)
        talker_stop(&t->talker);
}

// --- What is wanted of it ---

static void tell_demand(const struct track *t, const struct meeting *meeting,
                        const struct tick *tick)
{
    struct notice *n = notice_add(tick->notices, NOTICE_DEMAND);
    n->room = meeting->id;
    n->endpoint = t->endpoint;
    n->track = t->stream.id;
    n->demand.most = t->demand.told;
}

void track_want(struct track *t, enum video_quality most, const struct meeting *meeting,
                const struct tick *tick)
{
    if (demand_rise(&t->demand, most))
        tell_demand(t, meeting, tick);
}

void track_look_at_demand(struct track *t, const struct meeting *meeting,
                          const struct tick *tick)
{
    if (demand_look(&t->demand, &t->stream, tick->now))
        tell_demand(t, meeting, tick);
}

// --- Requests ---

void track_take_wishes(struct track *t, int64_t now)
{
    for (unsigned i = 0; i < LAYERS_MAX; i++) {
        if (t->stream.layers[i].wanted)
            layer_want_key_frame(&t->layers[i], now);
        t->stream.layers[i].wanted = false;
    }
}

int64_t track_deadline(const struct track *t)
{
    int64_t deadline = t->stream.line_count ? t->check_at : NEVER;
    for (unsigned i = 0; i < t->stream.layer_count; i++) {
        int64_t layer_at = layer_deadline(&t->layers[i]);
        if (layer_at < deadline)
            deadline = layer_at;
    }
    return deadline;
}

bool track_put_request(struct track *t, uint32_t own_ssrc, int64_t now, struct writer *w)
{
    for (unsigned i = 0; i < t->stream.layer_count; i++) {
        const struct stream_layer *sent = &t->stream.layers[i];
        if (layer_put_request(&t->layers[i], sent->started ? &sent->history : NULL,
                              t->stream.muted, stream_is_awaited(&t->stream, i), own_ssrc, now,
                              w))
            return true;
    }
    return false;
}

bool track_is_checked(struct track *t, int64_t now)
{
    if (t->stream.line_count == 0 || t->check_at > now)
        return false;
    t->check_at = now + LAYER_CHECK_US;
    return true;
}
