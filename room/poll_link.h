// Polls of the back end's, which it links to a room: they come into each of its sessions when
// the first peer is in. Each session has copies of its own, which nobody in it changes.
#pragma once

#include "room/poll.h"

struct linked_poll {
    const char *id;
    struct poll_info info;
    struct numbered_question *questions;
    size_t question_count;
    bool starts_at_once; // with the session; else somebody who may starts it
};

struct linked_polls {
    struct linked_poll list[POLLS_PER_ROOM_MAX];
    size_t count;
    struct arena arena; // of all that they point to
};

struct linked_polls *linked_polls_new(void);
void linked_polls_free(struct linked_polls *polls); // NULL is fine

// What is stored now: counts for the sessions to come. Takes `polls`; NULL: none.
void room_link_polls(struct room *room, struct linked_polls *polls);

// --- For the other files of room/ only ---

// The session has begun. A poll with a question that cannot be asked yet (a choice without
// options) comes without questions, so it does not start. Left out are those that find no
// place.
void polls_bring_linked(struct room *room, struct moment now, struct event_list *events);
