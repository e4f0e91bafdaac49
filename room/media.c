#include "room/media.h"

#include "base/err.h"
#include "room/feeds.h"
#include "room/presence.h"
#include "room/room.h"
#include "room/track.h"
#include "room/wanted.h"

#include <assert.h>
#include <string.h>

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

bool media_offer_ends(const struct peer *peer, const struct track_wish *wishes, size_t count)
{
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        if (track->announced && !find_wish(wishes, count, track->is.id))
            return true;
    }
    return false;
}

static void remove_missing(struct peer *peer, const struct track_wish *wishes, size_t count,
                           struct event_list *events)
{
    struct selection kept = {0}, missing = {0}, known = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        struct track *track = peer->tracks[i];
        bool stays = find_wish(wishes, count, track->is.id);
        tracks_pick(stays ? &kept : &missing, track);
        if (!stays && track->announced)
            tracks_pick(&known, track);
    }
    for (size_t i = 0; i < known.count; i++)
        feeds_close_of_track(known.at[i], events);
    tracks_tell(peer, EVENT_TRACKS_REMOVED, &known, events);
    for (size_t i = 0; i < missing.count; i++)
        track_drop(missing.at[i]);
    memcpy(peer->tracks, kept.at, sizeof peer->tracks);
    peer->track_count = kept.count;
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
        tracks_pick(&changed, track);
    }
    tracks_tell(peer, EVENT_TRACKS_UPDATED, &changed, events);
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
            tracks_pick(&changed, tracks[i]);
    }
    if (changed.count)
        tracks_tell(changed.at[0]->owner, EVENT_TRACKS_UPDATED, &changed, events);
}

void media_unmute(struct track *const *tracks, size_t count, struct event_list *events)
{
    struct selection changed = {0};
    for (size_t i = 0; i < count; i++) {
        if (!tracks[i]->is.muted)
            continue;
        tracks[i]->is.muted = tracks[i]->held = false;
        add_mute_event(tracks[i], events);
        tracks_pick(&changed, tracks[i]);
    }
    if (changed.count)
        tracks_tell(changed.at[0]->owner, EVENT_TRACKS_UPDATED, &changed, events);
}

// --- Publishing ---

void media_offer(struct peer *peer, const char *sdp, const struct track_wish *wishes,
                 size_t count, uint64_t request, struct event_list *events)
{
    if (!peer->has_media)
        room_open_media(peer, events);
    remove_missing(peer, wishes, count, events);
    media_update(peer, wishes, count, events);
    tracks_add(peer, wishes, count);
    tracks_publish(peer, sdp, request, events);
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
        if (track->allowed && !track->announced)
            tracks_pick(&added, track);
    }
    if (added.count == 0 || !presence_show(peer, events))
        return;
    for (size_t i = 0; i < added.count; i++) {
        added.at[i]->announced = true;
        added.at[i]->started_at = now.wall_ms;
    }
    tracks_tell(peer, EVENT_TRACKS_ADDED, &added, events);
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
            tracks_pick(&sent, track);
    }
    announce_picked(peer, &sent, now, events);
}

// Those that its only offer does not send never come.
static void forget_unsent(struct peer *peer)
{
    struct selection sent = {0};
    for (size_t i = 0; i < peer->track_count; i++) {
        if (peer->tracks[i]->negotiated)
            tracks_pick(&sent, peer->tracks[i]);
        else
            track_drop(peer->tracks[i]);
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
        track->allowed = role_publishes(peer->role, track_wish_kind(&track->is));
        if (!track->allowed && track->announced)
            tracks_pick(&forbidden, track);
        if (track->allowed && !track->announced && track->negotiated)
            tracks_pick(&again, track);
    }
    feeds_follow_role(peer, old, events);
    for (size_t i = 0; i < forbidden.count; i++)
        feeds_close_of_track(forbidden.at[i], events);
    tracks_tell(peer, EVENT_TRACKS_REMOVED, &forbidden, events);
    for (size_t i = 0; i < forbidden.count; i++)
        forbidden.at[i]->announced = false;
    announce_picked(peer, &again, now, events);
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        if (!track->allowed || !track->negotiated)
            continue;
        struct event *event = event_add(events, EVENT_TRACK_CAP, peer);
        event->cap.track = track->number;
        event->cap.is = track_cap(peer->role, &track->is, events);
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
        room_touch_part(peer->room, PART_PEER, peer->id);
        return 0;
    }
    if (is_new && wanted_add(peer, track_id))
        return ERR_FULL;
    if (is_new)
        room_touch_part(peer->room, PART_PEER, peer->id);
    struct event *event = event_add(events, is_new ? EVENT_FEED_OPEN : EVENT_FEED_LAYER, peer);
    event->feed.track = track->number;
    event->feed.level = level;
    return 0;
}

void media_prefer_stream(struct peer *peer, const char *stream_id, bool audio,
                         const enum feed_level *video, struct event_list *events)
{
    size_t at = 0;
    const struct track *track;
    while ((track = map_next(&peer->room->tracks, &at))) {
        if (strcmp(track->is.stream_id, stream_id) != 0)
            continue;
        // A track that the peer does not get is passed over.
        if (track->is.type == TRACK_AUDIO)
            media_prefer(peer, track->is.id, TRACK_AUDIO, audio ? FEED_HIGH : FEED_NONE,
                         events);
        else if (video)
            media_prefer(peer, track->is.id, TRACK_VIDEO, *video, events);
    }
}

void media_seat_layer(struct peer *peer, const char *mid, enum feed_level level,
                      uint64_t request, struct event_list *events)
{
    struct event *event = event_add(events, EVENT_SEAT_LAYER, peer);
    event->seat.request = request;
    event->seat.chooses = mid != NULL;
    event->seat.mid = event_text(events, mid ? mid : "");
    event->seat.level = level;
}

// --- What the worker tells of the media itself ---

void media_speakers(struct rooms *rooms, uint64_t room, const struct media_speaker *speakers,
                    size_t count, struct event_list *events)
{
    struct event_speaker *list = arena_alloc(&events->arena, count * sizeof *list);
    size_t list_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct track *track = rooms_track(rooms, speakers[i].track);
        if (!track || !track->announced || track->owner->room->number != room ||
            track->owner->role->waiting_room) // of whom not all who are inside know
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

void media_layer_chosen(const struct peer *peer, const struct media_layer *layer,
                        struct event_list *events)
{
    const struct track *track = rooms_track(peer->room->rooms, layer->track);
    if (peer->state != PEER_JOINED || !track || !track->announced ||
        !room_subscribes(peer, track->owner))
        return;
    struct event_layer *list = arena_alloc(&events->arena, sizeof *list);
    *list = (struct event_layer){
        .track_id = event_text(events, track->is.id),
        .current = layer->current,
        .expected = layer->expected,
        .subscriber_degraded = layer->subscriber_degraded,
        .publisher_degraded = layer->publisher_degraded,
    };
    struct event *event = event_add(events, EVENT_LAYERS, peer);
    event->layers.list = list;
    event->layers.count = 1;
}

void media_demanded(const struct peer *peer, uint64_t track, enum feed_level most,
                    struct event_list *events)
{
    const struct track *found = rooms_track(peer->room->rooms, track);
    if (peer->state != PEER_JOINED || !found || found->owner != peer)
        return;
    struct event *event = event_add(events, EVENT_DEMAND, peer);
    event->demand.track_id = event_text(events, found->is.id);
    event->demand.most = most;
}
