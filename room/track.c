#include "room/track.h"

#include "room/feeds.h"
#include "room/report.h"

#include <string.h>

void tracks_pick(struct selection *selection, struct track *track)
{
    selection->at[selection->count++] = track;
}

void tracks_tell(struct peer *peer, enum event_kind kind, const struct selection *tracks,
                 struct event_list *events)
{
    if (tracks->count == 0)
        return;
    struct track_wish *copy = arena_alloc(&events->arena, tracks->count * sizeof *copy);
    int64_t *started_at = arena_alloc(&events->arena, tracks->count * sizeof *started_at);
    for (size_t i = 0; i < tracks->count; i++) {
        copy[i] = tracks->at[i]->is;
        started_at[i] = tracks->at[i]->started_at;
    }
    struct event *event = event_add_who(events, kind, peer);
    event->tracks.list = copy;
    event->tracks.started_at = started_at;
    event->tracks.count = tracks->count;
}

// --- Coming and going ---

void tracks_add(struct peer *peer, const struct track_wish *wishes, size_t count)
{
    struct room *room = peer->room;
    for (size_t i = 0; i < count; i++) {
        if (peer->track_count == TRACKS_PER_PEER_MAX ||
            room->tracks.count >= TRACKS_PER_ROOM_MAX ||
            map_get(&room->tracks, bytes_of(wishes[i].id)))
            continue;
        struct track *track = mem_alloc(sizeof *track);
        track->is = wishes[i];
        track->number = rooms_number(room->rooms);
        track->owner = peer;
        track->allowed = role_publishes(peer->role, track_wish_kind(&track->is));
        peer->tracks[peer->track_count++] = track;
        map_put(&room->tracks, bytes_of(track->is.id), track);
        map_put(&room->rooms->tracks, map_key_u64(&track->number), track);
    }
}

void track_drop(struct track *track)
{
    struct room *room = track->owner->room;
    report_remember(track);
    map_remove(&room->tracks, bytes_of(track->is.id));
    map_remove(&room->rooms->tracks, map_key_u64(&track->number));
    mem_free(track);
}

void tracks_end(struct peer *peer, struct event_list *events)
{
    struct selection known = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        feeds_close_of_track(peer->tracks[i], events);
        if (peer->tracks[i]->announced)
            tracks_pick(&known, peer->tracks[i]);
    }
    if (peer->state == PEER_JOINED)
        tracks_tell(peer, EVENT_TRACKS_ENDED, &known, events);
}

// --- What the media worker is told ---

// The SDK sends sound at 32 kbit/s whatever the role says.
enum { AUDIO_KBPS_MIN = 32 };

static int most(int a, int b)
{
    return a > b ? a : b;
}

// Videos that are played from files and the like have no measure of their own: the larger.
struct event_track_cap track_cap(const struct role *role, const struct track_wish *track,
                                 struct event_list *events)
{
    enum publish_kind kind = track_wish_kind(track);
    int kbps = role->media[kind].bitrate_kbps;
    if (track->type == TRACK_AUDIO)
        return (struct event_track_cap){
            .kbps = most(role->media[PUBLISH_AUDIO].bitrate_kbps, AUDIO_KBPS_MIN)};
    const struct simulcast *said =
        kind == PUBLISH_SCREEN ? &role->screen_simulcast : &role->video_simulcast;
    if (kind == PUBLISH_VIDEO && strcmp(track->source, "regular") != 0)
        kbps = most(kbps, role->media[PUBLISH_SCREEN].bitrate_kbps);
    struct simulcast_layer *layers =
        arena_alloc(&events->arena, said->layer_count * sizeof *layers);
    memcpy(layers, said->layers, said->layer_count * sizeof *layers);
    for (size_t i = 0; i < said->layer_count; i++) {
        if (!layers[i].max_bitrate_kbps)
            layers[i].max_bitrate_kbps = kbps;
    }
    return (struct event_track_cap){kbps, layers, said->layer_count};
}

// The worker is not told of tracks that the role may not publish: it answers their sections all
// the same, and drops what arrives in them, unless the offer is whole.
void tracks_publish(struct peer *peer, const char *sdp, uint64_t request,
                    struct event_list *events)
{
    struct event_publish_track *tracks =
        arena_alloc(&events->arena, TRACKS_PER_PEER_MAX * sizeof *tracks);
    size_t track_count = 0;
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        if (track->allowed)
            tracks[track_count++] = (struct event_publish_track){
                .number = track->number,
                .id = event_text(events, track->is.id),
                .stream_id = event_text(events, track->is.stream_id),
                .is_video = track->is.type == TRACK_VIDEO,
                .cap = track_cap(peer->role, &track->is, events)};
    }
    struct event *event = event_add(events, EVENT_PUBLISH, peer);
    event->publish.request = request;
    event->publish.sdp = event_text(events, sdp);
    event->publish.tracks = tracks;
    event->publish.track_count = track_count;
    event->publish.video_codec = event_text(events, peer->role->media[PUBLISH_VIDEO].codec);
    event->publish.whole = peer->door == DOOR_WHIP;
}

// One stream of one track of each kind: RFC 9725 section 4.4.2.
static void add_own_tracks(struct peer *peer)
{
    struct rng *rng = peer->room->rooms->rng;
    struct track_wish wishes[] = {{.type = TRACK_AUDIO, .source = "regular"},
                                  {.type = TRACK_VIDEO, .source = "regular"}};
    id_uuid(rng, wishes[0].stream_id);
    memcpy(wishes[1].stream_id, wishes[0].stream_id, sizeof wishes[0].stream_id);
    for (size_t i = 0; i < 2; i++)
        id_uuid(rng, wishes[i].id);
    tracks_add(peer, wishes, 2);
}

void tracks_offer_first(struct peer *peer, const char *sdp, struct event_list *events)
{
    if (peer->door == DOOR_WHEP) {
        struct event *event = event_add(events, EVENT_WATCH, peer);
        event->watch.request = peer->join_offer;
        event->watch.sdp = event_text(events, sdp);
        return;
    }
    if (peer->door == DOOR_WHIP)
        add_own_tracks(peer);
    tracks_publish(peer, sdp, peer->join_offer, events);
}
