#include "room/feeds.h"

#include "room/wanted.h"

#include <string.h>

// Audio flows from the start; video waits until the client asks for a layer, unless it said at
// join that it wants all of it, or has asked for it already.
static enum feed_level first_level(const struct peer *subscriber, const struct track *track)
{
    if (track->is.type == TRACK_AUDIO || subscriber->auto_video ||
        wanted_is_on_demand(subscriber, track))
        return FEED_HIGH;
    return FEED_NONE;
}

static void open_feed(const struct peer *subscriber, const struct track *track,
                      struct event_list *events)
{
    if (wanted_waits(subscriber, track))
        return;
    struct event *event = event_add(events, EVENT_FEED_OPEN, subscriber);
    event->feed.track = track->number;
    event->feed.level = first_level(subscriber, track);
    event->feed.ahead = strcmp(track->is.source, "screen") == 0;
    event->feed.priority = track->owner->role->priority;
}

static void close_feed(struct peer *subscriber, const struct track *track,
                       struct event_list *events)
{
    if (wanted_waits(subscriber, track))
        return;
    wanted_remove(subscriber, track->is.id);
    event_add(events, EVENT_FEED_CLOSE, subscriber)->feed.track = track->number;
}

// What `subscriber` got of `publisher`, and what it gets now, when one of them has changed its
// role.
static void follow(struct peer *subscriber, const struct peer *publisher, bool did,
                   struct event_list *events)
{
    bool does = room_subscribes(subscriber, publisher);
    for (size_t i = 0; i < publisher->track_count && did != does; i++) {
        const struct track *track = publisher->tracks[i];
        if (track->announced && does)
            open_feed(subscriber, track, events);
        else if (track->announced)
            close_feed(subscriber, track, events);
    }
}

void feeds_cap(const struct peer *subscriber, struct event_list *events)
{
    const struct role *role = subscriber->role;
    struct event *event = event_add(events, EVENT_SUBSCRIBE_CAP, subscriber);
    event->subscribe_cap.kbps = role->max_subscribe_bitrate_kbps;
    if (!role->has_degradation)
        return;
    event->subscribe_cap.loss_percent = role->degradation.packet_loss_threshold;
    event->subscribe_cap.degrade_s = role->degradation.degrade_grace_s;
    event->subscribe_cap.recover_s = role->degradation.recover_grace_s;
}

void feeds_follow_role(struct peer *peer, const struct role *old, struct event_list *events)
{
    if (peer->has_media)
        feeds_cap(peer, events);
    size_t at = 0;
    struct peer *other;
    while ((other = map_next(&peer->room->peers, &at))) {
        if (other == peer || other->state != PEER_JOINED)
            continue;
        bool saw = room_may_get(peer, other) && role_gets(old, other->role);
        bool was_seen = room_may_get(other, peer) && role_gets(other->role, old);
        follow(peer, other, saw, events);
        follow(other, peer, was_seen, events);
    }
}

void feeds_open_for_subscriber(const struct peer *subscriber, struct event_list *events)
{
    size_t at = 0;
    const struct peer *publisher;
    while ((publisher = map_next(&subscriber->room->peers, &at))) {
        if (!room_subscribes(subscriber, publisher))
            continue;
        for (size_t i = 0; i < publisher->track_count; i++) {
            if (publisher->tracks[i]->announced)
                open_feed(subscriber, publisher->tracks[i], events);
        }
    }
}

void feeds_open_of_track(const struct track *track, struct event_list *events)
{
    size_t at = 0;
    const struct peer *subscriber;
    while ((subscriber = map_next(&track->owner->room->peers, &at))) {
        if (room_subscribes(subscriber, track->owner))
            open_feed(subscriber, track, events);
    }
}

void feeds_close_of_track(const struct track *track, struct event_list *events)
{
    if (!track->announced)
        return;
    size_t at = 0;
    struct peer *subscriber;
    while ((subscriber = map_next(&track->owner->room->peers, &at))) {
        if (room_subscribes(subscriber, track->owner))
            close_feed(subscriber, track, events);
    }
}
