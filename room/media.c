#include "room/media.h"

#include "base/err.h"
#include "room/feeds.h"
#include "room/presence.h"
#include "room/wanted.h"

#include <assert.h>
#include <string.h>

// Some of a peer's tracks.
struct selection {
    struct track *at[TRACKS_PER_PEER_MAX];
    size_t count;
};

static void pick(struct selection *selection, struct track *track)
{
    selection->at[selection->count++] = track;
}

static void add_tracks_event(struct peer *peer, enum event_kind kind,
                             const struct selection *tracks, struct event_list *events)
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

static void add_mute_event(const struct track *track, struct event_list *events)
{
    struct event *event = event_add(events, EVENT_TRACK_MUTE, track->owner);
    event->mute.track = track->number;
    event->mute.muted = track->is.muted;
    event->mute.held = track->held;
}

// --- Changes of the list of tracks ---

static const struct track_wish *find_wish(const struct track_wish *wishes, size_t count,
                                          const char *track_id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(wishes[i].id, track_id) == 0)
            return &wishes[i];
    }
    return NULL;
}

static void remove_missing(struct peer *peer, const struct track_wish *wishes, size_t count,
                           struct event_list *events)
{
    struct selection kept = {0}, missing = {0}, known = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        struct track *track = peer->tracks[i];
        bool stays = find_wish(wishes, count, track->is.id);
        pick(stays ? &kept : &missing, track);
        if (!stays && track->announced)
            pick(&known, track);
    }
    for (size_t i = 0; i < known.count; i++)
        feeds_close_of_track(known.at[i], events);
    add_tracks_event(peer, EVENT_TRACKS_REMOVED, &known, events);
    for (size_t i = 0; i < missing.count; i++)
        room_drop_track(missing.at[i]);
    memcpy(peer->tracks, kept.at, sizeof peer->tracks);
    peer->track_count = kept.count;
}

// An id that another peer's track has already cannot be told apart by anybody, so a second one
// is passed over, like one beyond TRACKS_PER_PEER_MAX.
static void add_new(struct peer *peer, const struct track_wish *wishes, size_t count)
{
    struct room *room = peer->room;
    for (size_t i = 0; i < count; i++) {
        if (peer->track_count == TRACKS_PER_PEER_MAX ||
            map_get(&room->tracks, bytes_of(wishes[i].id)))
            continue;
        struct track *track = mem_alloc(sizeof *track);
        track->is = wishes[i];
        track->number = rooms_number(room->rooms);
        track->owner = peer;
        track->allowed = peer->role->allowed[track_wish_kind(&track->is)];
        peer->tracks[peer->track_count++] = track;
        map_put(&room->tracks, bytes_of(track->is.id), track);
        map_put(&room->rooms->tracks, map_key_u64(&track->number), track);
    }
}

void media_end(struct peer *peer, struct event_list *events)
{
    struct selection known = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        feeds_close_of_track(peer->tracks[i], events);
        if (peer->tracks[i]->announced)
            pick(&known, peer->tracks[i]);
    }
    if (peer->state == PEER_JOINED)
        add_tracks_event(peer, EVENT_TRACKS_ENDED, &known, events);
}

// Type, source and stream of a track never change; what else is told about it may.
void media_update(struct peer *peer, const struct track_wish *wishes, size_t count,
                  struct event_list *events)
{
    struct selection changed = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        struct track *track = peer->tracks[i];
        const struct track_wish *wish = find_wish(wishes, count, track->is.id);
        if (!wish || (wish->muted == track->is.muted &&
                      strcmp(wish->description, track->is.description) == 0))
            continue;
        bool mute_changed = wish->muted != track->is.muted;
        track->is.muted = wish->muted;
        track->held &= wish->muted;
        memcpy(track->is.description, wish->description, sizeof wish->description);
        if (!track->announced)
            continue;
        if (mute_changed)
            add_mute_event(track, events);
        pick(&changed, track);
    }
    add_tracks_event(peer, EVENT_TRACKS_UPDATED, &changed, events);
}

void media_mute(struct track *const *tracks, size_t count, struct event_list *events)
{
    struct selection changed = {0};
    for (size_t i = 0; i < count; i++) {
        bool was_muted = tracks[i]->is.muted;
        if (was_muted && tracks[i]->held)
            continue;
        tracks[i]->is.muted = true;
        tracks[i]->held = true;
        add_mute_event(tracks[i], events);
        if (!was_muted)
            pick(&changed, tracks[i]);
    }
    if (changed.count)
        add_tracks_event(changed.at[0]->owner, EVENT_TRACKS_UPDATED, &changed, events);
}

void media_unmute(struct track *const *tracks, size_t count, struct event_list *events)
{
    struct selection changed = {0};
    for (size_t i = 0; i < count; i++) {
        if (!tracks[i]->is.muted)
            continue;
        tracks[i]->is.muted = tracks[i]->held = false;
        add_mute_event(tracks[i], events);
        pick(&changed, tracks[i]);
    }
    if (changed.count)
        add_tracks_event(changed.at[0]->owner, EVENT_TRACKS_UPDATED, &changed, events);
}

// --- Publishing ---

// The SDK sends sound at 32 kbit/s whatever the role says.
enum { AUDIO_KBPS_MIN = 32 };

static int most(int a, int b)
{
    return a > b ? a : b;
}

// Videos that are played from files and the like have no measure of their own: the larger.
static struct event_track_cap cap_of(const struct role *role, const struct track_wish *track,
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
static void add_publish_event(struct peer *peer, const char *sdp, uint64_t request,
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
                .cap = cap_of(peer->role, &track->is, events)};
    }
    struct event *event = event_add(events, EVENT_PUBLISH, peer);
    event->publish.request = request;
    event->publish.sdp = event_text(events, sdp);
    event->publish.tracks = tracks;
    event->publish.track_count = track_count;
    event->publish.video_codec = event_text(events, peer->role->media[PUBLISH_VIDEO].codec);
    event->publish.whole = peer->door == DOOR_WHIP;
}

void media_offer(struct peer *peer, const char *sdp, const struct track_wish *wishes,
                 size_t count, uint64_t request, struct event_list *events)
{
    if (!peer->has_media)
        room_open_media(peer, events);
    remove_missing(peer, wishes, count, events);
    media_update(peer, wishes, count, events);
    add_new(peer, wishes, count);
    add_publish_event(peer, sdp, request, events);
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
    add_new(peer, wishes, 2);
}

void media_join(struct peer *peer, const char *sdp, struct event_list *events)
{
    if (peer->door == DOOR_WHEP) {
        struct event *event = event_add(events, EVENT_WATCH, peer);
        event->watch.request = peer->join_offer;
        event->watch.sdp = event_text(events, sdp);
        return;
    }
    if (peer->door == DOOR_WHIP)
        add_own_tracks(peer);
    add_publish_event(peer, sdp, peer->join_offer, events);
}

void media_fragment(struct peer *peer, const char *text, uint64_t request,
                    struct event_list *events)
{
    struct event *event = event_add(events, EVENT_FRAGMENT, peer);
    event->fragment.request = request;
    event->fragment.text = event_text(events, text);
    event->fragment.subscribe = peer->door == DOOR_WHEP;
}

static void add_answered(struct peer *peer, uint64_t request, int err, const char *text,
                         struct event_list *events)
{
    struct event *event = event_add(events, EVENT_ANSWERED, peer);
    event->answered.request = request;
    event->answered.err = err;
    event->answered.text = event_text(events, text);
}

// Those of `tracks` that are not known to others yet, and may be, are from now on.
static void announce_picked(struct peer *peer, const struct selection *tracks,
                            struct moment now, struct event_list *events)
{
    struct selection added = {0};
    for (size_t i = 0; i < tracks->count; i++) {
        struct track *track = tracks->at[i];
        track->negotiated = true;
        if (!track->allowed || track->announced)
            continue;
        track->announced = true;
        track->started_at = now.wall_ms;
        pick(&added, track);
    }
    if (added.count)
        presence_show(peer, events);
    add_tracks_event(peer, EVENT_TRACKS_ADDED, &added, events);
    for (size_t i = 0; i < added.count; i++) {
        if (added.at[i]->is.muted)
            add_mute_event(added.at[i], events);
        feeds_open_of_track(added.at[i], events);
    }
}

static void announce(struct peer *peer, const uint64_t *tracks, size_t count, struct moment now,
                     struct event_list *events)
{
    struct selection sent = {0};
    for (size_t i = 0; i < count && sent.count < TRACKS_PER_PEER_MAX; i++) {
        struct track *track = rooms_track(peer->room->rooms, tracks[i]);
        if (track && track->owner == peer)
            pick(&sent, track);
    }
    announce_picked(peer, &sent, now, events);
}

// Those that its only offer does not send never come.
static void forget_unsent(struct peer *peer)
{
    struct selection sent = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        if (peer->tracks[i]->negotiated)
            pick(&sent, peer->tracks[i]);
        else
            room_drop_track(peer->tracks[i]);
    }
    memcpy(peer->tracks, sent.at, sizeof peer->tracks);
    peer->track_count = sent.count;
}

void media_answered(struct peer *peer, uint64_t request, int err, const char *text,
                    const uint64_t *tracks, size_t track_count, struct moment now,
                    struct event_list *events)
{
    if (!text)
        text = "";
    bool is_join = peer->state == PEER_JOINING && request == peer->join_offer;
    if (is_join && !err) {
        room_admit(peer, text, now, events);
        announce(peer, tracks, track_count, now, events);
        if (peer->door == DOOR_WHIP)
            forget_unsent(peer);
        return;
    }
    add_answered(peer, request, err, text, events);
    if (is_join)
        room_fail_join(peer, "network disconnection", now, events);
    else if (!err)
        announce(peer, tracks, track_count, now, events);
}

// --- Another role ---

void media_role_changed(struct peer *peer, const struct role *old, struct moment now,
                        struct event_list *events)
{
    struct selection forbidden = {0}, again = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        struct track *track = peer->tracks[i];
        track->allowed = peer->role->allowed[track_wish_kind(&track->is)];
        if (!track->allowed && track->announced)
            pick(&forbidden, track);
        if (track->allowed && !track->announced && track->negotiated)
            pick(&again, track);
    }
    feeds_follow_role(peer, old, events);
    for (size_t i = 0; i < forbidden.count; i++)
        feeds_close_of_track(forbidden.at[i], events);
    add_tracks_event(peer, EVENT_TRACKS_REMOVED, &forbidden, events);
    for (size_t i = 0; i < forbidden.count; i++)
        forbidden.at[i]->announced = false;
    announce_picked(peer, &again, now, events);
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        if (!track->allowed || !track->negotiated)
            continue;
        struct event *event = event_add(events, EVENT_TRACK_CAP, peer);
        event->cap.track = track->number;
        event->cap.is = cap_of(peer->role, &track->is, events);
    }
}

// --- Subscribing ---

void media_subscribe_offer(struct peer *peer, const char *sdp, struct event_list *events)
{
    mem_free(peer->subscribe_offer);
    peer->subscribe_offer = mem_text(sdp);
    if (peer->attached)
        event_add(events, EVENT_OFFER, peer)->offer.sdp = event_text(events, sdp);
}

void media_subscribe_answer(struct peer *peer, const char *sdp, struct event_list *events)
{
    if (!peer->subscribe_offer)
        return;
    mem_free(peer->subscribe_offer);
    peer->subscribe_offer = NULL;
    event_add(events, EVENT_SUBSCRIBE_ANSWER, peer)->offer.sdp = event_text(events, sdp);
}

void media_closed(struct peer *peer, bool subscribe, bool restart, struct moment now,
                  struct event_list *events)
{
    if (peer->door != DOOR_SIGNAL)
        room_leave(peer, LEAVE_MEDIA_LOST, now, events);
    else if (!subscribe || !restart)
        return; // a publish connection is the client's to restart
    else if (peer->attached)
        event_add(events, EVENT_SUBSCRIBE_RESTART, peer);
    else
        peer->subscribe_failed = true;
}

int media_prefer(struct peer *peer, const char *track_id, enum track_type type,
                 enum feed_level level, struct event_list *events)
{
    const struct track *track = map_get(&peer->room->tracks, bytes_of(track_id));
    if (!track || !track->announced || track->is.type != type ||
        !room_subscribes(peer, track->owner))
        return ERR_NOT_FOUND;
    bool is_on_demand = wanted_is_on_demand(peer, track);
    bool is_new = wanted_waits(peer, track);
    if (is_on_demand && level == FEED_NONE) {
        if (wanted_remove(peer, track_id))
            event_add(events, EVENT_FEED_CLOSE, peer)->feed.track = track->number;
        room_touch(peer->room);
        return 0;
    }
    if (is_new && wanted_add(peer, track_id))
        return ERR_FULL;
    if (is_new)
        room_touch(peer->room);
    struct event *event = event_add(events, is_new ? EVENT_FEED_OPEN : EVENT_FEED_LAYER, peer);
    event->feed.track = track->number;
    event->feed.level = level;
    return 0;
}

// --- What the worker tells of the media itself ---

void media_speakers(struct rooms *rooms, uint64_t room, const struct media_speaker *speakers,
                    size_t count, struct event_list *events)
{
    struct event_speaker *list = arena_alloc(&events->arena, count * sizeof *list);
    size_t list_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct track *track = rooms_track(rooms, speakers[i].track);
        if (!track || !track->announced || track->owner->room->number != room)
            continue;
        list[list_count++] = (struct event_speaker){
            .peer_id = event_text(events, track->owner->id),
            .track_id = event_text(events, track->is.id),
            .level = speakers[i].level,
        };
    }
    struct event *event = event_add(events, EVENT_SPEAKERS, NULL);
    event->room = room;
    event->speakers.list = list;
    event->speakers.count = list_count;
}
