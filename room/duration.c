#include "room/duration.h"

static const int64_t warnings_s[] = {5 * 60, 60}; // before the end
enum { WARNING_COUNT = sizeof warnings_s / sizeof *warnings_s };

// How long the whole session may last; 0: for ever.
static int64_t allowed_s(const struct room *room)
{
    int64_t own = room->record.max_duration_s, all = room->rooms->max_session_s;
    if (own == 0 || all == 0)
        return own + all;
    return own < all ? own : all;
}

// What is left of it; negative when it is over.
static int64_t left_ms(const struct room *room, struct moment now)
{
    return room->started_at + allowed_s(room) * 1000 - now.wall_ms;
}

void duration_plan(struct room *room, struct moment now)
{
    int64_t next = NEVER;
    if (room->joined_count > 0 && allowed_s(room) > 0) {
        int64_t left = left_ms(room, now);
        // A warning whose time is past, as the limit was shortened or is short, is left out.
        size_t i = room->warnings_given;
        while (i < WARNING_COUNT && left < warnings_s[i] * 1000)
            i++;
        room->warnings_given = i;
        int64_t wait_ms = i < WARNING_COUNT ? left - warnings_s[i] * 1000 : left;
        next = now.mono_us + (wait_ms > 0 ? wait_ms : 0) * 1000;
    }
    room->duration.owner = room;
    room->duration.kind = TIMER_ROOM_DURATION;
    timers_set(&room->rooms->timers, &room->duration, next);
}

void duration_stop(struct room *room)
{
    timers_set(&room->rooms->timers, &room->duration, NEVER);
    room->warnings_given = 0;
}

bool duration_due(struct room *room, struct moment now, struct event_list *events)
{
    if (left_ms(room, now) <= 0)
        return true;
    if (room->warnings_given < WARNING_COUNT &&
        left_ms(room, now) <= warnings_s[room->warnings_given] * 1000) {
        struct event *event = event_add(events, EVENT_ROOM_ENDS_SOON, NULL);
        event->room = room->number;
        event->ends.seconds_left = warnings_s[room->warnings_given];
        room->warnings_given++;
    }
    duration_plan(room, now);
    return false;
}
