// Which subscriber gets which track, inside room/. Nothing is kept: a feed is there whenever
// the track is announced and the subscriber's role subscribes to the publisher's, and, for one
// that comes on demand, it was asked for.
#pragma once

#include "room/event.h"
#include "room/live.h"

// Tells the worker what the subscriber's role may be sent.
void feeds_cap(const struct peer *subscriber, struct event_list *events);

// A new subscriber gets all that its role may see.
void feeds_open_for_subscriber(const struct peer *subscriber, struct event_list *events);

// An announced track goes to all who may see it, and stops doing so.
void feeds_open_of_track(const struct track *track, struct event_list *events);
// The peer has another role than `old`: what it sees, and who sees it, changes.
void feeds_follow_role(struct peer *peer, const struct role *old, struct event_list *events);
void feeds_close_of_track(const struct track *track, struct event_list *events);
