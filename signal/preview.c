// Clients that look at the room before they join: what they are told, and how often. The
// template's settings say so (roomState): at most once in `messageInterval`, with or without
// the list of peers, and with `stopRoomStateOnJoin` off also when they have joined.
#include "signal/state.h"

// What happens at once is told at once, and a full room of previews must not drown in it.
enum { DELAY_MS = 1000 };

void preview_tell(struct signal *s, struct session *session, struct moment now,
                  struct frame_list *frames)
{
    session->state_told_at = now.mono_us;
    notify_room_state(s, session, frames);
}

static bool looks_on(const struct session *session)
{
    bool goes_on = !session->room->template->room_state.stop_on_join;
    return session->state == SESSION_READY && (!session->peer || goes_on);
}

static void plan(struct signal *s, struct session *session, struct moment now)
{
    int64_t interval_us = (int64_t)session->room->template->room_state.interval_s * 1000000;
    int64_t soon = now.mono_us + (int64_t)DELAY_MS * 1000;
    int64_t next = session->state_told_at + interval_us;
    session->state_due.owner = session;
    timers_set(&s->states_due, &session->state_due, next > soon ? next : soon);
}

void preview_changed(struct signal *s, uint64_t room, struct moment now)
{
    const struct audience *audience = signal_audience(s, room);
    if (!audience)
        return;
    LIST_EACH(&audience->sessions, each)
    {
        struct session *session = LIST_ENTRY(each, struct session, in_room);
        if (looks_on(session) && !session->state_due.place)
            plan(s, session, now);
    }
}

void preview_stop(struct signal *s, struct session *session)
{
    timers_set(&s->states_due, &session->state_due, NEVER);
}

void preview_expire(struct signal *s, struct moment now, struct frame_list *frames)
{
    const struct timer *timer;
    while ((timer = timers_expired(&s->states_due, now.mono_us))) {
        struct session *session = timer->owner;
        if (looks_on(session))
            preview_tell(s, session, now, frames);
    }
}
