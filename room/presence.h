// The peers that everybody is told of. In a room of thousands nobody can be told of everybody:
// a roster has room for the first PEERS_TOLD_MAX, and for those that matter: they publish, have
// raised a hand, or may do things to others. The others are counted, and found by room/roster.
// One that was told once stays told until it leaves, so all rosters are the same. Beyond
// PEERS_LISTED_MAX, which only a large room reaches, nobody is told of any more, whatever it
// does.
#pragma once

#include "room/event.h"
#include "room/live.h"

// The peer is in: whether it is told to all.
void presence_enter(struct peer *peer);
void presence_restore(struct peer *peer, bool was_told); // as it was before a restart
void presence_leave(struct peer *peer);

// It matters from now on: EVENT_PEER_SHOWN, unless it was told before. False: it cannot be
// told.
bool presence_show(struct peer *peer, struct event_list *events);
