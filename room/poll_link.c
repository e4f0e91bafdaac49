#include "room/poll_link.h"

struct linked_polls *linked_polls_new(void)
{
    return mem_alloc(sizeof(struct linked_polls));
}

void linked_polls_free(struct linked_polls *polls)
{
    if (polls)
        arena_dispose(&polls->arena);
    mem_free(polls);
}

void room_link_polls(struct room *room, struct linked_polls *polls)
{
    linked_polls_free(room->linked);
    room->linked = polls;
}

static bool is_complete(const struct linked_poll *from)
{
    for (size_t i = 0; i < from->question_count; i++) {
        if (!poll_question_is_sound(&from->questions[i].is))
            return false;
    }
    return from->question_count > 0;
}

static void bring_poll(struct room *room, struct linked_poll *from, struct moment now,
                       struct event_list *events)
{
    struct poll *poll;
    if (poll_set_info(room, NULL, from->id, &from->info, now, &poll) != POLL_DONE)
        return;
    poll->origin = POLL_LINKED;
    if (is_complete(from) &&
        poll_set_questions(room, NULL, from->id, from->questions, from->question_count,
                           &events->arena, &poll) == POLL_DONE &&
        from->starts_at_once)
        poll_start(room, NULL, from->id, now, events, &poll);
}

void polls_bring_linked(struct room *room, struct moment now, struct event_list *events)
{
    for (size_t i = 0; room->linked && i < room->linked->count; i++)
        bring_poll(room, &room->linked->list[i], now, events);
}
