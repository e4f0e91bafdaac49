// What changes of tracks, when much does at once: one word of a host mutes 200 people or takes
// their microphones, and each of 200 readers is told of each. The first are told at once; the
// others in turn, as they are by then, so that whoever changes again meanwhile costs nothing
// more: a track that came and went was never there, and one that went and came has stayed.
#include "signal/state.h"

#include <assert.h>
#include <string.h>

// A peer of whose tracks others have not been told all.
struct update {
    uint64_t peer;
    struct list link; // of audience.updates
    // Those that others know, and that are not there any more. NULL: none was.
    struct track_wish *gone;
    size_t gone_count;
    // Those that others do not know, the same. One may be gone, too, as something else.
    char (*new)[TRACK_ID_LEN_MAX + 1];
    size_t new_count;
    bool is_changed; // one of the others
};

// --- What of it is told later ---

// The one that has waited for longest, which is the caller's from now on.
static struct update *take_first(struct audience *audience)
{
    struct update *update = LIST_ENTRY(audience->updates.next, struct update, link);
    list_remove(&update->link);
    map_remove(&audience->updates_of, map_key_u64(&update->peer));
    return update;
}

static void free_update(struct update *update)
{
    mem_free(update->gone);
    mem_free(update->new);
    mem_free(update);
}

void updates_forget(struct audience *audience)
{
    while (!list_empty(&audience->updates))
        free_update(take_first(audience));
    map_dispose(&audience->updates_of);
    list_remove(&audience->updates_due);
}

// Octets, to all who are told.
static int64_t cost_of(const struct audience *audience, struct bytes text)
{
    return (int64_t)(text.len * audience->session_count);
}

static bool is_of(const struct track_wish *tracks, size_t count, const char *id, size_t *at)
{
    for (*at = 0; *at < count; ++*at) {
        if (strcmp(tracks[*at].id, id) == 0)
            return true;
    }
    return false;
}

static bool is_new(const struct update *update, const char *id, size_t *at)
{
    for (*at = 0; *at < update->new_count; ++*at) {
        if (strcmp(update->new[*at], id) == 0)
            return true;
    }
    return false;
}

static void note_added(struct update *update, const struct track_wish *track)
{
    size_t at;
    if (is_of(update->gone, update->gone_count, track->id, &at)) {
        const struct track_wish *before = &update->gone[at];
        if (before->type == track->type && strcmp(before->source, track->source) == 0 &&
            strcmp(before->stream_id, track->stream_id) == 0) {
            update->gone[at] = update->gone[--update->gone_count];
            update->is_changed = true;
            return;
        }
    }
    assert(update->new_count < TRACKS_PER_PEER_MAX);
    if (!update->new)
        update->new = mem_alloc_array(TRACKS_PER_PEER_MAX, sizeof *update->new);
    memcpy(update->new[update->new_count++], track->id, sizeof track->id);
}

static void note_removed(struct update *update, const struct track_wish *track)
{
    size_t at;
    if (is_new(update, track->id, &at)) {
        update->new_count--;
        memmove(update->new[at], update->new[update->new_count], sizeof track->id);
        return;
    }
    assert(update->gone_count < TRACKS_PER_PEER_MAX);
    if (!update->gone)
        update->gone = mem_alloc_array(TRACKS_PER_PEER_MAX, sizeof *update->gone);
    update->gone[update->gone_count++] = *track;
}

static void note(struct update *update, const struct event *event)
{
    for (size_t i = 0; i < event->tracks.count; i++) {
        if (event->kind == EVENT_TRACKS_ADDED)
            note_added(update, &event->tracks.list[i]);
        else if (event->kind == EVENT_TRACKS_REMOVED)
            note_removed(update, &event->tracks.list[i]);
        else
            update->is_changed = true;
    }
}

static struct update *put_off(struct signal *s, struct audience *audience, uint64_t peer,
                              struct moment now)
{
    struct update *update = mem_alloc(sizeof *update);
    update->peer = peer;
    list_append(&audience->updates, &update->link);
    map_put(&audience->updates_of, map_key_u64(&update->peer), update);
    if (!list_empty(&audience->updates_due))
        return update;
    if (list_empty(&s->updates_due))
        s->updates_at = now.mono_us + (int64_t)OWED_INTERVAL_MS * 1000;
    list_append(&s->updates_due, &audience->updates_due);
    return update;
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
    struct update *update = map_get(&audience->updates_of, map_key_u64(&event->peer));
    if (!update && list_empty(&audience->updates) && updates_have_room(audience, now))
        return false;
    note(update ? update : put_off(s, audience, event->peer, now), event);
    return true;
}

void updates_told(struct signal *s, const struct event *event, struct bytes text,
                  struct moment now)
{
    struct audience *audience = signal_audience(s, event->room);
    if (audience)
        bucket_spend(&audience->updates_told, cost_of(audience, text), now.mono_us);
}

// --- Telling it ---

static void tell(struct signal *s, const struct audience *audience, const struct peer *peer,
                 enum event_kind kind, const struct track_wish *tracks, size_t count,
                 struct moment now, struct frame_list *frames)
{
    if (count == 0)
        return;
    struct peer_view view = shape_view(peer);
    struct event event = {
        .kind = kind, .room = audience->room, .peer = peer->number, .who = &view};
    event.tracks.list = tracks;
    event.tracks.count = count;
    updates_tell(s, &event, now, frames);
}

static void tell_all(struct signal *s, const struct audience *audience,
                     const struct update *update, struct moment now, struct frame_list *frames)
{
    const struct peer *peer = rooms_peer(s->rooms, update->peer);
    if (!peer)
        return; // with it went its tracks
    struct track_wish added[TRACKS_PER_PEER_MAX], known[TRACKS_PER_PEER_MAX];
    size_t added_count = 0, known_count = 0, at;
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        if (track->announced && is_new(update, track->is.id, &at))
            added[added_count++] = track->is;
        else if (track->announced)
            known[known_count++] = track->is;
    }
    tell(s, audience, peer, EVENT_TRACKS_REMOVED, update->gone, update->gone_count, now,
         frames);
    tell(s, audience, peer, EVENT_TRACKS_ADDED, added, added_count, now, frames);
    if (update->is_changed)
        tell(s, audience, peer, EVENT_TRACKS_UPDATED, known, known_count, now, frames);
}

int64_t updates_deadline(const struct signal *s)
{
    return list_empty(&s->updates_due) ? NEVER : s->updates_at;
}

static void tell_some(struct signal *s, struct audience *audience, struct moment now,
                      struct frame_list *frames)
{
    while (!list_empty(&audience->updates) && updates_have_room(audience, now)) {
        struct update *update = take_first(audience);
        tell_all(s, audience, update, now, frames);
        free_update(update);
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
