// Videos on demand: a client that joined with onDemandTracks gets the camera of somebody else
// only after it has asked for a layer of it, and no more once it asked for none.
#pragma once

#include "room/peer.h"

// Whether the track has to be asked for by this peer, and has not been.
bool wanted_waits(const struct peer *peer, const struct track *track);

// Whether the track comes on demand.
bool wanted_is_on_demand(const struct peer *peer, const struct track *track);

// Returns 0, also when it is wanted already; ERR_FULL beyond WANTED_VIDEOS_MAX.
int wanted_add(struct peer *peer, const char *track_id);
// Whether it was there.
bool wanted_remove(struct peer *peer, const char *track_id);
void wanted_dispose(struct peer *peer);
