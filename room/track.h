// The list of a peer's tracks, inside room/: how it grows and shrinks, what is told of it, and
// what the media worker is asked for.
#pragma once

#include "room/event.h"
#include "room/live.h"

// Some of a peer's tracks.
struct selection {
    struct track *at[TRACKS_PER_PEER_MAX];
    size_t count;
};

void tracks_pick(struct selection *selection, struct track *track);

// An event with these tracks as they are now; none when there are none.
void tracks_tell(struct peer *peer, enum event_kind kind, const struct selection *tracks,
                 struct event_list *events);

// Those of `wishes` that are not there yet. An id that another peer's track has already cannot
// be told apart by anybody, so a second one is passed over, like one beyond
// TRACKS_PER_PEER_MAX or TRACKS_PER_ROOM_MAX.
void tracks_add(struct peer *peer, const struct track_wish *wishes, size_t count);

// Takes the track out of all tables but its owner's list, and frees it.
void track_drop(struct track *track);

// What a role lets such a track need.
struct event_track_cap track_cap(const struct role *role, const struct track_wish *track,
                                 struct event_list *events);

// EVENT_PUBLISH of all that the peer may publish.
void tracks_publish(struct peer *peer, const char *sdp, uint64_t request,
                    struct event_list *events);

// The offer of a peer that joins. What one that does not signal publishes are tracks of its own
// from then on, one of each kind that its role allows, under ids of ours; those that the offer
// does not send are forgotten with the answer.
void tracks_offer_first(struct peer *peer, const char *sdp, struct event_list *events);

// The peer goes, and its tracks with it.
void tracks_end(struct peer *peer, struct event_list *events);
