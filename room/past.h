// What is written down of a live session, as data: the structs that room/restore.h builds it up
// from again. Peers that are only joining, connections and tracks are not in it: clients make
// these anew.
//
// A session is written in parts (room/live.h), so that a change costs what has changed. What
// there is but once goes with any of them.
#pragma once

#include "room/chat_history.h"
#include "room/poll_restore.h"
#include "room/restore.h"

struct past_part {
    enum session_part kind;
    const char *name; // the letter and the key
    bool is_gone;     // there is no such part any more
    union {
        struct past_peer peer;
        struct event_value value;
        const struct past_message *message;
        struct past_poll poll;
        struct past_voter voter;
    };
};

struct past {
    struct past_session session;
    struct past_part *parts;
    size_t count;
    bool is_whole; // there are no others
};

// The parts that have changed, or all of them. Borrows from the room, until it changes, and
// from `arena`.
void past_take(const struct room *room, bool whole, struct arena *arena, struct past *past);
