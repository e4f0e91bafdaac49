// What peers tell others, in octets as they are sent. A room's listeners are not closed because
// somebody talks: the talker is answered with 429 first, and the client tries again. What a
// message comes to is known when it is told, so it is paid for afterwards.
#include "base/limits.h"
#include "signal/state.h"

// A client that goes on all the same does not become quiet: eight times a second uses up what
// is filled.
enum { REFUSAL_COST = TALK_PER_SECOND / 8 };

static struct talker *talker_of(struct signal *s, uint64_t peer, struct moment now)
{
    struct talker *talker = map_get(&s->talkers, map_key_u64(&peer));
    if (talker)
        return talker;
    talker = mem_alloc(sizeof *talker);
    talker->peer = peer;
    talker->told = bucket_full((struct rate){TALK_PER_SECOND, TALK_BURST}, now.mono_us);
    map_put(&s->talkers, map_key_u64(&talker->peer), talker);
    return talker;
}

static bool may_talk(struct bucket *own, struct audience *audience, enum talk talk, int64_t now)
{
    bucket_fill(own, now);
    bucket_fill(&audience->told, now);
    int64_t left = bucket_level(own), of_room = bucket_level(&audience->told);
    if (talk == TALK_NEEDED)
        return left > -TALK_BURST;
    bool is_quiet = left >= TALK_BURST / 8 * 7;
    if (is_quiet)
        return of_room > -TALK_ROOM_BURST / 2;
    return left > 0 && of_room > 0 && (!audience->slow_count || left >= TALK_BURST / 2);
}

bool talk_allows(struct call *call, enum talk talk)
{
    struct signal *s = call->signal;
    if (talk == TALK_NONE)
        return true;
    struct audience *audience = signal_audience(s, call->peer->room->number);
    if (!audience) // on the data channel of one without a socket
        return true;
    struct talker *talker = talker_of(s, call->peer->number, call->now);
    if (may_talk(&talker->told, audience, talk, call->now.mono_us))
        return true;
    if (bucket_level(&talker->told) > TALK_BURST / 2)
        bucket_spend(&talker->told, REFUSAL_COST, call->now.mono_us);
    reply_error(call, RPC_TOO_MANY, "too much is told to others");
    call->has_failed = false; // it is slowed, and at no fault: others may have told as much
    return false;
}

// A text that goes to many is paid for once by its talker, who has not to answer for how many
// there are; in a room of thousands their number counts too.
void talk_charge(struct signal *s, const struct event *event, const struct frame_list *frames,
                 size_t first, struct moment now)
{
    bool is_of_tracks =
        event->kind == EVENT_TRACKS_ADDED || event->kind == EVENT_TRACKS_REMOVED;
    uint64_t actor = event->actor || !is_of_tracks ? event->actor : event->peer;
    struct audience *audience = signal_audience(s, event->room);
    if (!actor || !audience)
        return;
    size_t each = 0, all = 0;
    const uint8_t *last = NULL;
    for (size_t i = first; i < frames->count; i++) {
        const struct frame *frame = &frames->at[i];
        if (frame->kind == FRAME_CLOSE || frame->is_long)
            continue;
        each += frame->text.at == last ? 0 : frame->text.len;
        all += frame->text.len;
        last = frame->text.at;
    }
    int64_t factor = audience->slow_count ? TALK_SLOW_FACTOR : 1;
    bucket_spend(&audience->told, (int64_t)(each + all / 1000), now.mono_us);
    if (rooms_peer(s->rooms, actor))
        bucket_spend(&talker_of(s, actor, now)->told, factor * (int64_t)each, now.mono_us);
}

void talk_forget(struct signal *s, uint64_t peer)
{
    mem_free(map_remove(&s->talkers, map_key_u64(&peer)));
}
