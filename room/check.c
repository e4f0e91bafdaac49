#include "room/check.h"

#include "room/chat_history.h"
#include "room/poll.h"

#include <string.h>

// Each function says the first thing that is wrong, or nothing.
#define MUST(condition)                                                                        \
    do {                                                                                       \
        if (!(condition))                                                                      \
            return "does not hold: " #condition;                                               \
    } while (0)

static bool is_role_of(const struct template *t, const struct role *role)
{
    return role >= t->roles && role < t->roles + t->role_count;
}

static const char *check_tracks(const struct peer *peer)
{
    MUST(peer->track_count <= TRACKS_PER_PEER_MAX);
    MUST(peer->track_count == 0 || peer->door != DOOR_WHEP);
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        MUST(track->owner == peer);
        MUST(map_get(&peer->room->tracks, bytes_of(track->is.id)) == track);
        MUST(rooms_track(peer->room->rooms, track->number) == track);
        MUST(track->allowed == role_publishes(peer->role, track_wish_kind(&track->is)));
        MUST(!track->announced || (track->allowed && track->negotiated));
        MUST(!track->announced || peer->state == PEER_JOINED);
        MUST(!track->announced || peer->is_told);
        MUST(!track->announced || track->started_at > 0);
        MUST(!track->held || track->is.muted);
    }
    return NULL;
}

static const char *check_peer(const struct room *room, const struct peer *peer)
{
    bool is_in = peer->state == PEER_JOINED;
    MUST(peer->room == room);
    MUST(peer_id_is_valid(peer->id) && room_peer(room, peer->id) == peer);
    MUST(rooms_peer(room->rooms, peer->number) == peer);
    MUST(is_role_of(peer->template, peer->role));
    MUST(peer->user_id && peer->name && peer->metadata && peer->token_role);
    MUST(is_in || !peer->is_told);
    MUST(is_in == (peer->joined_at > 0));
    // A peer without a socket is in the list of those that may come back, and no other is.
    MUST(peer->attached == (peer->grace_ends_at == NEVER));
    MUST(peer->attached == list_empty(&peer->detached_at));
    MUST(is_in || peer->attached);
    MUST(peer->group_count <= GROUPS_PER_PEER_MAX);
    MUST(peer->wanted_count <= WANTED_VIDEOS_MAX);
    MUST(peer->observed_count <= SESSION_STORE_OBSERVED_MAX);
    MUST(!peer->asked.token[0] || is_role_of(room->template, peer->asked.role));
    MUST(peer->downlink_score >= SCORE_NONE && peer->downlink_score <= 5);
    MUST(peer->chat_seen <= room->history.last_number);
    return check_tracks(peer);
}

static const char *check_counts(const struct room *room)
{
    size_t joined = 0, waiting = 0, told = 0, tracks = 0;
    size_t roles[ROLES_PER_TEMPLATE_MAX] = {0};
    const struct peer *peer;
    for (size_t at = 0; (peer = map_next(&room->peers, &at));) {
        bool is_in = peer->state == PEER_JOINED;
        joined += is_in;
        waiting += is_in && peer->role->waiting_room;
        told += is_in && peer->is_told;
        tracks += peer->track_count;
        int place = template_place(room->template, peer->role);
        if (place >= 0)
            roles[place]++;
    }
    MUST(room->joined_count == joined);
    MUST(room->waiting_count == waiting);
    MUST(room->told_count == told);
    MUST(room->hides_peers || told == joined);
    MUST(room->tracks.count == tracks);
    MUST(memcmp(room->role_counts, roles, sizeof roles) == 0);
    return NULL;
}

static const char *check_history(const struct chat_history *history)
{
    size_t count = 0;
    const struct past_message *last = NULL;
    for (const struct past_message *m = history->first; m; m = m->next) {
        MUST(!last || m->number > last->number);
        last = m;
        count++;
    }
    MUST(history->count == count);
    MUST(history->last == last);
    MUST(!last || last->number <= history->last_number);
    MUST(history->size_bytes <= CHAT_HISTORY_SIZE_MAX);
    return NULL;
}

static const char *check_polls(const struct room *room)
{
    const struct poll *poll;
    MUST(room->polls.by_id.count <= POLLS_PER_ROOM_MAX);
    for (size_t at = 0; (poll = map_next(&room->polls.by_id, &at));) {
        MUST(poll->room == room);
        MUST(poll->voter_count == poll->voters.count);
        MUST(poll->state != POLL_CREATED || poll->voter_count == 0);
        MUST(poll->state == POLL_CREATED || poll->question_count > 0);
        MUST(!poll->end.place || (poll->state == POLL_STARTED && poll->info.duration_s > 0));
        MUST(poll->info.duration_s == 0 || poll->state != POLL_STARTED || poll->end.place);
    }
    return NULL;
}

// Nothing of a session is there before it or after it.
static const char *check_session(const struct room *room)
{
    bool runs = room->session_id[0];
    MUST(runs || room->joined_count == 0);
    MUST(!runs || room->started_at > 0);
    MUST(runs || (room->started_at == 0 && list_empty(&room->changed)));
    MUST(runs || (room->store.values.count == 0 && room->store.key_count == 0));
    MUST(runs || (room->history.count == 0 && room->polls.by_id.count == 0));
    MUST(runs || (!room->duration.place && !room->scores.place));
    MUST(runs || (!room->past_tracks && !room->hides_peers && room->warnings_given == 0));
    MUST(room->store.key_count <= room->store.values.count);
    MUST(room->store.key_count <= SESSION_STORE_KEYS_MAX);
    MUST(room->store.size_bytes <= SESSION_STORE_SIZE_MAX);
    return NULL;
}

const char *room_check(const struct room *room)
{
    MUST(room->holds >= 0);
    MUST(room->holds > 0 || room->peers.count > 0);
    const char *wrong = NULL;
    const struct peer *peer;
    for (size_t at = 0; !wrong && (peer = map_next(&room->peers, &at));)
        wrong = check_peer(room, peer);
    wrong = wrong ? wrong : check_counts(room);
    wrong = wrong ? wrong : check_session(room);
    wrong = wrong ? wrong : check_history(&room->history);
    return wrong ? wrong : check_polls(room);
}

static const struct room *room_of(const struct timer *timer)
{
    bool is_polls = timer->kind == TIMER_POLL_END || timer->kind == TIMER_POLL_STATS;
    return is_polls ? ((const struct poll *)timer->owner)->room : timer->owner;
}

static const char *check_timers(const struct rooms *rooms)
{
    const struct timers *timers = &rooms->timers;
    for (uint32_t i = 0; i < timers->count; i++) {
        const struct timer *timer = timers->heap[i];
        MUST(timer->place == i + 1);
        MUST(i == 0 || timers->heap[(i - 1) / 2]->at <= timer->at);
        const struct room *room = room_of(timer);
        MUST(rooms_find(rooms, room->record.id) == room);
        MUST(room->joined_count > 0);
    }
    return NULL;
}

const char *rooms_check(const struct rooms *rooms)
{
    size_t peers = 0, tracks = 0, away = 0, listed = 0;
    const struct room *room;
    for (size_t at = 0; (room = map_next(&rooms->by_id, &at));) {
        MUST(room->rooms == rooms && rooms_find(rooms, room->record.id) == room);
        const char *wrong = room_check(room);
        if (wrong)
            return wrong;
        peers += room->peers.count;
        tracks += room->tracks.count;
        const struct peer *peer;
        for (size_t i = 0; (peer = map_next(&room->peers, &i));)
            away += !peer->attached;
    }
    MUST(rooms->peers.count == peers);
    MUST(rooms->tracks.count == tracks);
    // The longest away is first.
    int64_t before = INT64_MIN;
    LIST_EACH(&rooms->detached, each)
    {
        const struct peer *peer = LIST_ENTRY(each, struct peer, detached_at);
        MUST(peer->grace_ends_at >= before);
        before = peer->grace_ends_at;
        listed++;
    }
    MUST(listed == away);
    LIST_EACH(&rooms->changed, changed)
    MUST(LIST_ENTRY(changed, struct room, changed)->session_id[0]);
    return check_timers(rooms);
}
