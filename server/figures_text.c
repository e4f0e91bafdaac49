#include "server/figures_text.h"

#include "room/live.h"
#include "sfu/subscriber.h"

#include <math.h>
#include <stdio.h>

static const char *const states[] = {
    [TRANSPORT_NEW] = "new",
    [TRANSPORT_CHECKED] = "connecting",
    [TRANSPORT_CONNECTED] = "connected",
    [TRANSPORT_LOST] = "lost",
    [TRANSPORT_CLOSED] = "closed",
};

static const char *const qualities[] = {
    [VIDEO_OFF] = "none",
    [VIDEO_LOW] = "low",
    [VIDEO_MEDIUM] = "medium",
    [VIDEO_HIGH] = "high",
};

// --- Numbers ---

static void put_decimal(struct json_out *j, const char *key, double value)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%.1f", value);
    json_key(j, key);
    json_put_verbatim(j, (struct bytes){(const uint8_t *)text, (size_t)len});
}

static void put_ms(struct json_out *j, const char *key, int64_t us)
{
    put_decimal(j, key, (double)us / 1000);
}

static void put_percent(struct json_out *j, const char *key, double share)
{
    put_decimal(j, key, 100 * share);
}

static void put_count(struct json_out *j, const char *key, uint64_t value)
{
    json_member_int(j, key, (int64_t)value);
}

// What is not known is left out.
static void put_rate(struct json_out *j, const char *key, double bps)
{
    if (bps > 0)
        json_member_int(j, key, llround(bps));
}

// --- The connection ---

static void put_transport(struct json_out *j, const struct figures *f)
{
    json_key(j, "transport");
    json_open(j, '{');
    json_member_string(j, "state", states[f->state]);
    if (f->has_address) {
        json_member_string(j, "protocol", "udp");
        json_member_string(j, "family", addr_is_v4(&f->address) ? "ipv4" : "ipv6");
    }
    put_count(j, "packets_received", f->packets_in);
    put_count(j, "bytes_received", f->octets_in);
    put_count(j, "packets_sent", f->packets_out);
    put_count(j, "bytes_sent", f->octets_out);
    if (f->kind == ENDPOINT_SUBSCRIBE) {
        if (f->rtt_us)
            put_ms(j, "rtt_ms", f->rtt_us);
        put_percent(j, "packet_loss_percent", f->loss);
        put_rate(j, "available_bitrate", f->estimate_bps);
        put_rate(j, "target_bitrate", f->used_bps);
        put_rate(j, "wanted_bitrate", f->wish_bps);
        put_count(j, "bytes_queued", f->queued_octets);
        if (f->score != QUALITY_NONE)
            put_count(j, "score", f->score);
    }
    json_close(j, '}');
}

// Of a track that its owner took away a moment ago nobody knows the name.
static void put_track(struct json_out *j, const struct track *track, enum codec codec)
{
    json_member_string(j, "id", track->is.id);
    json_member_string(j, "type", track->is.type == TRACK_AUDIO ? "audio" : "video");
    json_member_string(j, "source", track->is.source);
    json_member_string(j, "codec", codec_name(codec));
    json_member_bool(j, "mute", track->is.muted);
}

// --- What is published ---

static void put_layer(struct json_out *j, const struct figures_layer *l, bool is_video)
{
    json_open(j, '{');
    json_member_string(j, "rid", l->rid);
    json_member_bool(j, "active", l->alive);
    put_rate(j, "bitrate", l->bps);
    put_count(j, "packets_received", l->packets);
    put_count(j, "bytes_received", l->octets);
    json_member_int(j, "packets_lost", l->lost);
    put_ms(j, "jitter_ms", l->jitter_us);
    put_count(j, "nacks_sent", l->packets_asked);
    put_count(j, "packets_recovered", l->packets_repaired);
    if (l->has_fec) {
        put_count(j, "fec_packets_received", l->sums);
        put_count(j, "packets_rebuilt", l->packets_rebuilt);
    }
    if (is_video) {
        put_count(j, "frames", l->pictures);
        put_count(j, "key_frames_requested", l->keys_asked);
    }
    if (l->width) {
        put_count(j, "width", l->width);
        put_count(j, "height", l->height);
    }
    put_count(j, "watchers", l->watchers);
    json_close(j, '}');
}

static void put_published(struct json_out *j, const struct rooms *rooms,
                          const struct figures_track *t)
{
    const struct track *track = rooms_track(rooms, t->track);
    if (!track)
        return;
    bool is_video = track->is.type == TRACK_VIDEO;
    json_open(j, '{');
    put_track(j, track, t->codec);
    if (!is_video)
        json_member_bool(j, "among_loudest", !t->unheard);
    json_key(j, "layers");
    json_open(j, '[');
    for (unsigned i = 0; i < t->layer_count; i++)
        put_layer(j, &t->layers[i], is_video);
    json_close(j, ']');
    json_close(j, '}');
}

// --- What is got ---

static void put_got(struct json_out *j, const struct rooms *rooms, const struct figures_feed *f)
{
    const struct track *track = rooms_track(rooms, f->track);
    if (!track)
        return;
    json_open(j, '{');
    put_track(j, track, f->codec);
    json_member_string(j, "peer_id", track->owner->id);
    if (track->is.type == TRACK_VIDEO) {
        json_member_string(j, "wanted", qualities[f->wanted]);
        json_member_string(j, "sent", qualities[f->sent]);
        json_member_string(j, "rid", f->rid);
        json_member_bool(j, "degraded", f->degraded);
        put_count(j, "nacks_received", f->packets_asked);
        put_count(j, "packets_retransmitted", f->packets_again);
        put_count(j, "key_frames_requested", f->keys_asked);
    } else {
        json_member_bool(j, "flows", f->sent != VIDEO_OFF);
    }
    put_count(j, "packets_sent", f->packets);
    put_count(j, "bytes_sent", f->octets);
    put_percent(j, "packet_loss_percent", f->loss);
    put_ms(j, "jitter_ms", f->jitter_us);
    if (f->rtt_us)
        put_ms(j, "rtt_ms", f->rtt_us);
    json_close(j, '}');
}

// --- A person ---

static void put_connection(struct json_out *j, const char *key, const struct rooms *rooms,
                           const struct figures_answer *answer)
{
    const struct figures *f = answer->are;
    if (!answer->came)
        return;
    json_key(j, key);
    if (!f) {
        json_put_null(j);
        return;
    }
    json_open(j, '{');
    put_transport(j, f);
    json_key(j, "tracks");
    json_open(j, '[');
    for (size_t i = 0; i < f->track_count; i++)
        put_published(j, rooms, &f->tracks[i]);
    for (size_t i = 0; i < f->feed_count; i++)
        put_got(j, rooms, &f->feeds[i]);
    json_close(j, ']');
    json_close(j, '}');
}

void figures_write_peer(struct json_out *j, const struct rooms *rooms, const struct peer *peer,
                        const struct figures_answer *publish,
                        const struct figures_answer *subscribe)
{
    json_open(j, '{');
    json_member_string(j, "peer_id", peer->id);
    json_member_string(j, "user_id", peer->user_id);
    json_member_string(j, "name", peer->name);
    json_member_string(j, "role", peer->role->name);
    put_connection(j, "publish", rooms, publish);
    put_connection(j, "subscribe", rooms, subscribe);
    json_close(j, '}');
}
