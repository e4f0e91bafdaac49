// The live rooms: those that somebody is in, or is about to join. Owned by the control thread.
#pragma once

#include "base/id.h"
#include "base/map.h"
#include "base/moment.h"
#include "base/rng.h"
#include "base/timers.h"
#include "room/event.h"
#include "room/room.h"

// What a timer in rooms.timers stands for: `kind` of struct timer.
enum rooms_timer {
    TIMER_ROOM_DURATION, // owner: struct room
    TIMER_POLL_END,      // owner: struct poll
    TIMER_POLL_STATS,    // owner: struct poll
    TIMER_SCORES,        // owner: struct room
};

struct rooms {
    struct map by_id;      // room id -> struct room
    struct map peers;      // number -> struct peer
    struct map tracks;     // number -> struct track
    struct list changed;   // rooms whose session changed since somebody took them out of here
    struct list detached;  // peers without a socket, the longest first
    struct timers timers;  // whatever else has its time
    int64_t max_session_s; // the longest that any room may go on; 0: for ever
    uint64_t last_number;  // of rooms, peers, tracks and media requests: never used twice
    struct id_source ids;  // session ids
    struct rng *rng;       // borrowed
};

void rooms_init(struct rooms *rooms, struct rng *rng);
void rooms_dispose(struct rooms *rooms); // forgets all rooms without telling anybody

struct room *rooms_find(const struct rooms *rooms, const char *room_id); // NULL: not live

// Makes the room live, or refreshes what the store says of a live one. Takes `template`: a
// session that runs keeps the one it began with, an idle room takes the new one. Hold the room
// until somebody joined it.
struct room *rooms_put(struct rooms *rooms, const struct room_record *record,
                       struct template *template);

// What is stored of a room was changed. A live one goes on by it at once: who is in stays in.
void rooms_refresh(struct rooms *rooms, const struct room_record *record, struct moment now);

// A room is forgotten when nobody is in it and nobody holds it. Events may name it later: they
// know its number only.
void room_hold(struct room *room);
void room_release(struct room *room);

// Takes the room out of the tables with everybody in it, and tells nobody.
void room_forget(struct room *room);

struct peer *rooms_peer(const struct rooms *rooms, uint64_t number);   // or NULL
struct track *rooms_track(const struct rooms *rooms, uint64_t number); // or NULL
uint64_t rooms_number(struct rooms *rooms);                            // a new one

// When the next peer's time to come back is over, or the next timer is due; NEVER when nothing
// is pending.
int64_t rooms_deadline(const struct rooms *rooms);
// Removes the peers that did not come back in RECONNECT_GRACE_MS, and does what is due.
void rooms_expire(struct rooms *rooms, struct moment now, struct event_list *events);
