#include "room/feeds.h"

// Audio flows from the start; video waits until the client asks for a layer, unless it said at
// join that it wants all of it.
static enum feed_level first_level(const struct peer *subscriber, const struct track *track)
{
    if (track->is.type == TRACK_AUDIO || subscriber->auto_video)
        return FEED_HIGH;
    return FEED_NONE;
}

static void open(const struct peer *subscriber, const struct track *track,
                 struct event_list *events)
{
    struct event *event = event_add(events, EVENT_FEED_OPEN, subscriber);
    event->feed.track = track->number;
    event->feed.level = first_level(subscriber, track);
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
                open(subscriber, publisher->tracks[i], events);
        }
    }
}

void feeds_open_of_track(const struct track *track, struct event_list *events)
{
    size_t at = 0;
    const struct peer *subscriber;
    while ((subscriber = map_next(&track->owner->room->peers, &at))) {
        if (room_subscribes(subscriber, track->owner))
            open(subscriber, track, events);
    }
}

void feeds_close_of_track(const struct track *track, struct event_list *events)
{
    if (!track->announced)
        return;
    size_t at = 0;
    const struct peer *subscriber;
    while ((subscriber = map_next(&track->owner->room->peers, &at))) {
        if (room_subscribes(subscriber, track->owner))
            event_add(events, EVENT_FEED_CLOSE, subscriber)->feed.track = track->number;
    }
}
