// What changes of tracks, when much does at once: one word of a host mutes 200 people, and each
// of 200 readers is told of each. The first are told at once; the others in turn, as they are
// by then, so that whoever changes again meanwhile costs nothing more.
#include "signal/state.h"

// A peer whose tracks others have not been told of.
struct update {
    uint64_t peer;
    struct list link; // of audience.updates
};

void updates_forget(struct audience *audience)
{
    while (!list_empty(&audience->updates)) {
        struct update *update = LIST_ENTRY(audience->updates.next, struct update, link);
        list_remove(&update->link);
        map_remove(&audience->updates_of, map_key_u64(&update->peer));
        mem_free(update);
    }
    map_dispose(&audience->updates_of);
    list_remove(&audience->updates_due);
}

// Octets, to all who are told.
static int64_t cost_of(const struct audience *audience, struct bytes text)
{
    return (int64_t)(text.len * audience->session_count);
}

static void put_off(struct signal *s, struct audience *audience, uint64_t peer,
                    struct moment now)
{
    struct update *update = mem_alloc(sizeof *update);
    update->peer = peer;
    list_append(&audience->updates, &update->link);
    map_put(&audience->updates_of, map_key_u64(&update->peer), update);
    if (!list_empty(&audience->updates_due))
        return;
    if (list_empty(&s->updates_due))
        s->updates_at = now.mono_us + (int64_t)OWED_INTERVAL_MS * 1000;
    list_append(&s->updates_due, &audience->updates_due);
}

bool updates_have_room(struct audience *audience, struct moment now)
{
    bucket_fill(&audience->updates_told, now.mono_us);
    return bucket_level(&audience->updates_told) > 0;
}

bool updates_are_put_off(struct signal *s, const struct event *event, struct moment now)
{
    struct audience *audience = signal_audience(s, event->room);
    if (!audience)
        return false;
    if (map_get(&audience->updates_of, map_key_u64(&event->peer)))
        return true; // it is told as it is then
    if (list_empty(&audience->updates) && updates_have_room(audience, now))
        return false;
    put_off(s, audience, event->peer, now);
    return true;
}

void updates_told(struct signal *s, const struct event *event, struct bytes text,
                  struct moment now)
{
    struct audience *audience = signal_audience(s, event->room);
    if (audience)
        bucket_spend(&audience->updates_told, cost_of(audience, text), now.mono_us);
}

static void tell(struct signal *s, const struct audience *audience, uint64_t number,
                 struct moment now, struct frame_list *frames)
{
    const struct peer *peer = rooms_peer(s->rooms, number);
    struct track_wish tracks[TRACKS_PER_PEER_MAX];
    size_t count = 0;
    for (size_t i = 0; peer && i < peer->track_count; i++) {
        if (peer->tracks[i]->announced)
            tracks[count++] = peer->tracks[i]->is;
    }
    if (count == 0)
        return;
    struct peer_view view = shape_view(peer);
    struct event event = {
        .kind = EVENT_TRACKS_UPDATED, .room = audience->room, .peer = number, .who = &view};
    event.tracks.list = tracks;
    event.tracks.count = count;
    updates_tell(s, &event, now, frames);
}

int64_t updates_deadline(const struct signal *s)
{
    return list_empty(&s->updates_due) ? NEVER : s->updates_at;
}

static void tell_some(struct signal *s, struct audience *audience, struct moment now,
                      struct frame_list *frames)
{
    while (!list_empty(&audience->updates) && updates_have_room(audience, now)) {
        struct update *update = LIST_ENTRY(audience->updates.next, struct update, link);
        uint64_t peer = update->peer;
        list_remove(&update->link);
        map_remove(&audience->updates_of, map_key_u64(&update->peer));
        mem_free(update);
        tell(s, audience, peer, now, frames);
    }
}

void updates_expire(struct signal *s, struct moment now, struct frame_list *frames)
{
    if (updates_deadline(s) > now.mono_us)
        return;
    struct list due;
    list_init(&due);
    while (!list_empty(&s->updates_due)) {
        struct audience *audience =
            LIST_ENTRY(s->updates_due.next, struct audience, updates_due);
        list_remove(&audience->updates_due);
        tell_some(s, audience, now, frames);
        if (!list_empty(&audience->updates))
            list_append(&due, &audience->updates_due);
    }
    while (!list_empty(&due)) {
        struct list *link = due.next;
        list_remove(link);
        list_append(&s->updates_due, link);
    }
    s->updates_at = now.mono_us + (int64_t)OWED_INTERVAL_MS * 1000;
}
