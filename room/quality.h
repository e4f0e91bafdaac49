// How well people's downlinks do, as they are shown beside their names: from 5, excellent, to
// 0.
#pragma once

#include "room/event.h"
#include "room/live.h"

// The media worker has a new score of the peer. All are told, together with what else comes
// within QUALITY_INTERVAL_MS: in a full room every message is one for each who is in.
void quality_scored(struct peer *peer, int downlink_score, struct moment now);
void quality_due(struct room *room, struct event_list *events); // the timer
// To one who comes in, or comes back: what is known.
void quality_tell(const struct peer *peer, struct event_list *events);
