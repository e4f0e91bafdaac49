// Tracks as people see them, and the passing of descriptions between clients and the media
// worker. SDP is opaque here.
#pragma once

#include "room/event.h"
#include "room/live.h"

// Candidates, or a restart of ICE, of a peer that does not signal: an SDP fragment, opaque.
// EVENT_ANSWERED with `request` follows; its text is empty unless ICE was restarted.
void media_fragment(struct peer *peer, const char *text, uint64_t request,
                    struct event_list *events);

// The transport of one of the peer's connections is closed for good, or silent: then a
// `restart` of ICE may bring it back. A peer that does not signal is not told, and leaves.
void media_closed(struct peer *peer, bool subscribe, bool restart, struct moment now,
                  struct event_list *events);

// Whether a publish offer with these tracks would end one that others know.
bool media_offer_ends(const struct peer *peer, const struct track_wish *wishes, size_t count);

// A publish offer: what is new in `wishes` is announced once the worker's answer accepted it,
// what is missing is removed. It is never refused: a client whose publish offer fails can
// publish nothing any more. A track that the role may not publish, or one too many, is
// negotiated like the others but neither announced nor forwarded. EVENT_ANSWERED with `request`
// follows.
void media_offer(struct peer *peer, const char *sdp, const struct track_wish *wishes,
                 size_t count, uint64_t request, struct event_list *events);

// The worker's answer to EVENT_PUBLISH. `text` is the answer, or why there is none when `err`
// is not 0. `tracks` are the numbers of those that the offer really sends.
void media_answered(struct peer *peer, uint64_t request, int err, const char *text,
                    const uint64_t *tracks, size_t track_count, struct moment now,
                    struct event_list *events);

// Mute, unmute, description. Unknown tracks are ignored; nothing happens when nothing changed.
void media_update(struct peer *peer, const struct track_wish *wishes, size_t count,
                  struct event_list *events);

// The peer has another role than `old`. Tracks that it may not publish any more are gone for
// everybody, though its client may send them on; what it sees, and who sees it, follows the
// roles. Tracks that it may publish again are back.
void media_role_changed(struct peer *peer, const struct role *old, struct moment now,
                        struct event_list *events);

// Somebody else mutes tracks of one peer: as if it had said so itself, but nothing of them is
// sent to anybody until it unmutes them.
void media_mute(struct track *const *tracks, size_t count, struct event_list *events);
// The tracks of a peer that nobody can ask to unmute itself: it never stopped sending.
void media_unmute(struct track *const *tracks, size_t count, struct event_list *events);

// The worker's offer for the subscribe connection, and the client's answer to it. An answer
// which no offer waits for is dropped.
void media_subscribe_offer(struct peer *peer, const char *sdp, struct event_list *events);
void media_subscribe_answer(struct peer *peer, const char *sdp, struct event_list *events);

// How much of a track the peer wants. Returns 0, or ERR_NOT_FOUND for a track that it does not
// get or that is of the other type, ERR_FULL when it gets too many on demand. May be repeated.
int media_prefer(struct peer *peer, const char *track_id, enum track_type type,
                 enum feed_level level, struct event_list *events);

// The same for all tracks that share a stream's id, as far as the peer gets them. `video` NULL
// leaves the pictures as they are.
void media_prefer_stream(struct peer *peer, const char *stream_id, bool audio,
                         const enum feed_level *video, struct event_list *events);

// How much of the pictures of its section `mid` ("": of each) a viewer wants; `mid` NULL: it
// only asks. media_answered() says what its sections have.
void media_seat_layer(struct peer *peer, const char *mid, enum feed_level level,
                      uint64_t request, struct event_list *events);

struct media_speaker {
    uint64_t track;
    int level; // 1..100
};

// What the peer gets of a track's pictures, as the worker chose: EVENT_LAYERS. Nothing happens
// for a track that is gone, or that the peer does not get.
struct media_layer {
    uint64_t track;
    enum feed_level current;
    enum feed_level expected; // what it asked for
    bool subscriber_degraded; // its line has no room for more
    bool publisher_degraded;  // the publisher sends no more
};
void media_layer_chosen(const struct peer *peer, const struct media_layer *layer,
                        struct event_list *events);

// The most of a track of the peer's that anybody has use for: EVENT_DEMAND.
void media_demanded(const struct peer *peer, uint64_t track, enum feed_level most,
                    struct event_list *events);

// `room` is the room's number. Tracks that are gone are left out.
void media_speakers(struct rooms *rooms, uint64_t room, const struct media_speaker *speakers,
                    size_t count, struct event_list *events);
