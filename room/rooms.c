#include "room/rooms.h"

#include "room/duration.h"
#include "room/moderate.h"
#include "room/poll.h"
#include "room/quality.h"
#include "room/removed.h"

#include <string.h>

void rooms_init(struct rooms *rooms, struct rng *rng)
{
    *rooms = (struct rooms){.rng = rng};
    id_source_init(&rooms->ids, rng);
    // Clients choose the ids of peers and tracks.
    rng_fill(rng, rooms->by_id.seed, sizeof rooms->by_id.seed);
    list_init(&rooms->changed);
    list_init(&rooms->detached);
}

void rooms_dispose(struct rooms *rooms)
{
    size_t at = 0;
    struct room *room;
    while ((room = map_next(&rooms->by_id, &at))) {
        room_forget(room);
    }
    map_dispose(&rooms->by_id);
    map_dispose(&rooms->peers);
    map_dispose(&rooms->tracks);
    timers_dispose(&rooms->timers);
}

struct room *rooms_put(struct rooms *rooms, const struct room_record *record,
                       struct template *template)
{
    struct room *room = rooms_find(rooms, record->id);
    if (!room) {
        room = mem_alloc(sizeof *room);
        room->rooms = rooms;
        room->number = rooms_number(rooms);
        room->record = *record;
        room->template = template;
        list_init(&room->changed);
        removed_init(&room->removed);
        rng_fill(rooms->rng, room->peers.seed, sizeof room->peers.seed);
        rng_fill(rooms->rng, room->tracks.seed, sizeof room->tracks.seed);
        map_put(&rooms->by_id, bytes_of(room->record.id), room);
        return room;
    }
    room->record = *record; // the same id, so the key in `by_id` stays what it was
    room->record.enabled &= !room->locked;
    if (room->peers.count == 0)
        room_take_template(room, template);
    else
        template_free(template); // rooms_change_template() told of all changes
    return room;
}

void rooms_refresh(struct rooms *rooms, const struct room_record *record, struct moment now)
{
    struct room *room = rooms_find(rooms, record->id);
    if (!room)
        return;
    // Warnings were of the old end.
    if (room->record.max_duration_s != record->max_duration_s)
        room->warnings_given = 0;
    room->locked = false;
    room->record = *record;
    duration_plan(room, now);
}

void rooms_change_template(struct rooms *rooms, struct template *template)
{
    size_t at = 0;
    for (struct room *room; (room = map_next(&rooms->by_id, &at));) {
        if (strcmp(room->template->id, template->id) == 0)
            room_take_template(room, template_hold(template));
    }
    template_free(template);
}

// All wait equally long, so the list is in the order of their deadlines.
static struct peer *longest_away(const struct rooms *rooms)
{
    if (list_empty(&rooms->detached))
        return NULL;
    return LIST_ENTRY(rooms->detached.next, struct peer, detached_at);
}

int64_t rooms_deadline(const struct rooms *rooms)
{
    const struct peer *peer = longest_away(rooms);
    int64_t grace = peer ? peer->grace_ends_at : NEVER;
    int64_t timer = timers_next(&rooms->timers);
    return grace < timer ? grace : timer;
}

void rooms_expire(struct rooms *rooms, struct moment now, struct event_list *events)
{
    struct peer *peer;
    while ((peer = longest_away(rooms)) && peer->grace_ends_at <= now.mono_us)
        room_leave(peer, LEAVE_WEBSOCKET_CLOSED, now, events);
    struct room *room;
    struct timer *timer;
    while ((timer = timers_expired(&rooms->timers, now.mono_us))) {
        switch ((enum rooms_timer)timer->kind) {
        case TIMER_ROOM_DURATION:
            room = timer->owner;
            if (duration_due(room, now, events))
                moderate_end(room, NULL, false, "the meeting has reached its maximum duration",
                             now, events);
            break;
        case TIMER_POLL_END:
            poll_end_due(timer->owner, now, events);
            break;
        case TIMER_POLL_STATS:
            poll_stats_due(timer->owner, events);
            break;
        case TIMER_SCORES:
            quality_due(timer->owner, events);
            break;
        }
    }
}
