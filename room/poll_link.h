// Polls of the back end's in a session: those that were linked to the room when it began. Each
// session has copies of its own, which nobody in it changes.
#pragma once

#include "room/poll.h"

struct linked_poll {
    const char *id;
    struct poll_info info;
    struct numbered_question *questions;
    size_t question_count;
    bool starts_at_once; // with the session; else somebody who may starts it
};

// Brings them into the session that runs; nothing when they are in already, or nobody is. One
// with a question that cannot be asked yet (a choice without options) comes without questions,
// so it does not start. Left out are those that find no place.
void polls_link(struct room *room, struct linked_poll *polls, size_t count, struct moment now,
                struct event_list *events);
