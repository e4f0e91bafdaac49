#include "room/poll_link.h"

#include "room/rooms.h"

static bool is_complete(const struct linked_poll *from)
{
    for (size_t i = 0; i < from->question_count; i++) {
        if (!poll_question_is_sound(&from->questions[i].is))
            return false;
    }
    return from->question_count > 0;
}

static void link_one(struct room *room, struct linked_poll *from, struct moment now,
                     struct event_list *events)
{
    struct poll *poll;
    struct arena arena = {0};
    // A client may have made one under this id in the moment before.
    if (map_get(&room->polls.by_id, bytes_of(from->id)) ||
        poll_set_info(room, NULL, from->id, &from->info, now, &poll) != POLL_DONE)
        return;
    poll->origin = POLL_LINKED;
    if (is_complete(from) &&
        poll_set_questions(room, NULL, from->id, from->questions, from->question_count, &arena,
                           &poll) == POLL_DONE &&
        from->starts_at_once)
        poll_start(room, NULL, from->id, now, events, &poll);
    arena_dispose(&arena);
}

void polls_link(struct room *room, struct linked_poll *polls, size_t count, struct moment now,
                struct event_list *events)
{
    if (!room->session_id[0] || room->polls.has_linked)
        return;
    room->polls.has_linked = true;
    for (size_t i = 0; i < count; i++)
        link_one(room, &polls[i], now, events);
    room_touch(room);
}
