#include "room/quality.h"

#include "room/permit.h"

void quality_scored(struct peer *peer, int downlink_score, struct moment now)
{
    struct room *room = peer->room;
    if (peer->state != PEER_JOINED)
        return;
    peer->downlink_score = downlink_score;
    peer->score_is_news = true;
    if (!room->scores.place) {
        room->scores.owner = room;
        room->scores.kind = TIMER_SCORES;
        timers_set(&room->rooms->timers, &room->scores,
                   now.mono_us + (int64_t)QUALITY_INTERVAL_MS * 1000);
    }
}

// Scores of those whom everybody inside knows of; with `news` only those that were not told
// yet.
static void tell_scores(struct room *room, bool news, uint64_t to, struct event_list *events)
{
    struct event_score *list = arena_alloc(&events->arena, room->peers.count * sizeof *list);
    size_t count = 0, at = 0;
    struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        bool is_news = peer->score_is_news;
        if (news)
            peer->score_is_news = false;
        if (peer->downlink_score == SCORE_NONE || !peer->is_told || peer->role->waiting_room ||
            (news && !is_news))
            continue;
        list[count++] =
            (struct event_score){event_text(events, peer->id), peer->downlink_score};
    }
    if (count == 0)
        return;
    struct event *event = event_add(events, EVENT_QUALITY, NULL);
    event->room = room->number;
    event->quality.list = list;
    event->quality.count = count;
    event->quality.to = to;
}

void quality_due(struct room *room, struct event_list *events)
{
    tell_scores(room, true, 0, events);
}

void quality_tell(const struct peer *peer, struct event_list *events)
{
    if (permit_sees(peer->role, false))
        tell_scores(peer->room, false, peer->number, events);
}
