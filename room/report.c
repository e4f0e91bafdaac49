#include "room/report.h"

#include <string.h>

static const int64_t minute_us = INT64_C(60) * 1000 * 1000;

bool report_take(struct report_budget *budget, int64_t now_us)
{
    if (!budget->count || now_us - budget->since_us >= minute_us)
        *budget = (struct report_budget){.since_us = now_us};
    return budget->count++ < REPORTS_PER_MINUTE;
}

// --- Whose tracks ---

// A track that is gone.
struct past_track {
    uint64_t id; // hashed
    uint64_t owner;
    struct template *template; // of the owner, then
    const struct role *role;   // of it
    enum track_type type;
};

struct past_tracks {
    struct past_track ring[PAST_TRACKS_MAX]; // the oldest are overwritten
    size_t count;
};

static uint64_t hash(const struct room *room, const char *track_id)
{
    return map_hash(bytes_of(track_id), room->tracks.seed);
}

void report_remember(const struct track *track)
{
    struct room *room = track->owner->room;
    if (!track->announced)
        return;
    if (!room->past_tracks)
        room->past_tracks = mem_alloc(sizeof *room->past_tracks);
    struct past_tracks *past = room->past_tracks;
    struct past_track *place = &past->ring[past->count++ % PAST_TRACKS_MAX];
    template_free(place->template);
    *place = (struct past_track){.id = hash(room, track->is.id),
                                 .owner = track->owner->number,
                                 .template = template_hold(track->owner->template),
                                 .role = track->owner->role,
                                 .type = track->is.type};
}

void report_forget(struct room *room)
{
    for (size_t i = 0; room->past_tracks && i < PAST_TRACKS_MAX; i++)
        template_free(room->past_tracks->ring[i].template);
    mem_free(room->past_tracks);
    room->past_tracks = NULL;
}

static bool is_its_track(const struct peer *peer, bool subscribes, uint64_t owner,
                         const struct role *role)
{
    if (!subscribes)
        return owner == peer->number;
    return owner != peer->number && role_gets(peer->role, role);
}

static bool had_track(const struct peer *peer, bool subscribes, const struct report_track *said)
{
    const struct past_tracks *past = peer->room->past_tracks;
    uint64_t id = hash(peer->room, said->id);
    for (size_t i = 0; past && i < past->count && i < PAST_TRACKS_MAX; i++) {
        const struct past_track *track = &past->ring[i];
        if (track->id == id && track->type == said->type &&
            is_its_track(peer, subscribes, track->owner, track->role))
            return true;
    }
    return false;
}

static bool has_track(const struct peer *peer, bool subscribes, const struct report_track *said)
{
    const struct track *track = map_get(&peer->room->tracks, bytes_of(said->id));
    if (!track)
        return had_track(peer, subscribes, said);
    return track->announced && track->is.type == said->type &&
           is_its_track(peer, subscribes, track->owner->number, track->owner->role);
}

// --- What they say ---

void report_stats(const struct peer *peer, bool subscribes, const struct report_track *tracks,
                  size_t count, struct event_list *events)
{
    struct report_track *kept = arena_alloc(&events->arena, count * sizeof *kept);
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!tracks[i].sample_count || !has_track(peer, subscribes, &tracks[i]))
            continue;
        struct report_track *track = &kept[kept_count++];
        size_t size = tracks[i].sample_count * sizeof *tracks[i].samples;
        struct report_sample *samples = arena_alloc(&events->arena, size);
        memcpy(samples, tracks[i].samples, size);
        *track = tracks[i];
        track->id = event_text(events, tracks[i].id);
        track->samples = samples;
    }
    if (!kept_count)
        return;
    struct event *event = event_add_who(events, EVENT_STATS_REPORTED, peer);
    event->stats.subscribes = subscribes;
    event->stats.tracks = kept;
    event->stats.count = kept_count;
}

static void tell(struct event *event, const struct room *room,
                 const struct report_failure *failure, struct event_list *events)
{
    event->room = room->number;
    event->failure.room_id = event_text(events, room->record.id);
    event->failure.room_name = event_text(events, room->record.name);
    event->failure.template_id = event_text(events, room->template->id);
    event->failure.name = event_text(events, failure->name);
    event->failure.info = event_text(events, failure->info);
    event->failure.agent = event_text(events, failure->agent);
}

void report_peer_failure(const struct peer *peer, const struct report_failure *failure,
                         struct event_list *events)
{
    tell(event_add_who(events, EVENT_CLIENT_FAILED, peer), peer->room, failure, events);
}

void report_stranger_failure(const struct room *room, const struct peer_view *who,
                             const struct report_failure *failure, struct event_list *events)
{
    struct peer_view *told = arena_alloc(&events->arena, sizeof *told);
    *told = (struct peer_view){.id = event_text(events, who->id),
                               .role = event_text(events, who->role),
                               .name = event_text(events, who->name),
                               .metadata = "",
                               .user_id = event_text(events, who->user_id)};
    struct event *event = event_add(events, EVENT_CLIENT_FAILED, NULL);
    event->who = told;
    tell(event, room, failure, events);
}
