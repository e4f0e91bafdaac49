// Comings and goings, told at once in a small room, and together in a large one: whoever comes
// and goes within SESSION_INFO_INTERVAL_MS was never there, and a socket gets what there is in
// one piece. What is said about somebody whose coming is not told yet brings it forward.
#include "base/err.h"
#include "signal/state.h"

#include <assert.h>
#include <string.h>

// Somebody who came or went, and of whom the room has not been told.
struct move {
    struct list place; // link in audience.moves
    uint64_t peer;
    char peer_id[PEER_ID_LEN_MAX + 1];
    struct text gone; // on-peer-leave; empty: came
};

// So many at once, at least: each is a frame for every socket of the room, and all of them
// wait in memory for a moment.
enum { MOVES_TOLD_AT_ONCE = 48 };

static bool is_large(const struct audience *audience)
{
    const struct session *any = LIST_ENTRY(audience->sessions.next, struct session, in_room);
    return any->room->joined_count > SESSION_INFO_AT_ONCE;
}

static struct move *find(const struct audience *audience, uint64_t peer)
{
    LIST_EACH(&audience->moves, each)
    {
        struct move *move = LIST_ENTRY(each, struct move, place);
        if (move->peer == peer)
            return move;
    }
    return NULL;
}

static struct move *add_move(struct audience *audience, const struct event *event)
{
    struct move *move = mem_alloc(sizeof *move);
    move->peer = event->peer;
    memcpy(move->peer_id, event->who->id, strlen(event->who->id) + 1);
    list_append(&audience->moves, &move->place);
    audience->move_count++;
    return move;
}

static void drop(struct audience *audience, struct move *move)
{
    assert(audience->move_count > 0);
    audience->move_count--;
    list_remove(&move->place);
    text_dispose(&move->gone);
    mem_free(move);
}

bool presence_waits(const struct audience *audience, uint64_t peer)
{
    const struct move *move = find(audience, peer);
    return move && move->gone.len == 0;
}

void presence_joined(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, event->room);
    if (!audience || !event->who->is_told)
        return;
    if (is_large(audience) && !event->who->waits)
        add_move(audience, event);
    else
        owed_tell_join(s, event, now, frames);
}

void presence_shown(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, event->room);
    if (!audience)
        return;
    size_t len = notify_join_message(s, event->who, frames).len;
    if (bucket_take(&audience->changes, (int64_t)len, now.mono_us) ||
        presence_waits(audience, event->peer)) {
        owed_tell_join(s, event, now, frames);
        return;
    }
    add_move(audience, event);
    notify_session_info_to_all(s, event->room, now, frames);
}

void presence_left(struct signal *s, const struct event *event, struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, event->room);
    if (!audience || !event->who->is_told)
        return;
    struct move *move = find(audience, event->peer);
    if (move) {
        drop(audience, move); // it came and went unseen
        return;
    }
    struct bytes text = notify_leave_message(s, event->who, frames);
    if (is_large(audience) && !event->who->waits)
        text_add_bytes(&add_move(audience, event)->gone, text);
    else
        notify_about(s, event, text, frames);
}

static void tell_came(struct signal *s, const struct audience *audience,
                      const struct move *move, struct moment now, struct frame_list *frames)
{
    const struct peer *peer = rooms_peer(s->rooms, move->peer);
    if (!peer)
        return;
    struct peer_view view = shape_view(peer);
    struct event event = {.room = audience->room, .peer = move->peer, .who = &view};
    owed_tell_join(s, &event, now, frames);
}

void presence_bring_forward(struct signal *s, uint64_t room, uint64_t peer, struct moment now,
                            struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, room);
    struct move *move = audience ? find(audience, peer) : NULL;
    if (!move || move->gone.len)
        return;
    struct move came = *move;
    drop(audience, move);
    tell_came(s, audience, &came, now, frames);
}

// The oldest quarter at least, so that what waits is bounded by what happens in four intervals,
// unless that were more than sockets take at once: who was told of slowly goes as slowly.
void presence_tell(struct signal *s, struct audience *audience, struct moment now,
                   struct frame_list *frames)
{
    size_t count = audience->move_count / 4;
    if (count < MOVES_TOLD_AT_ONCE)
        count = MOVES_TOLD_AT_ONCE;
    size_t octets = 0;
    for (; count > 0 && octets < MOVES_AT_ONCE_MAX && !list_empty(&audience->moves); count--) {
        size_t first = frames->count;
        struct move *move = LIST_ENTRY(audience->moves.next, struct move, place);
        if (move->gone.len)
            notify_others(s, audience->room, move->peer_id, frame_text(frames, &move->gone),
                          frames);
        else
            tell_came(s, audience, move, now, frames);
        octets += frames->count > first ? frames->at[first].text.len : 0;
        drop(audience, move);
    }
}

void presence_forget(struct audience *audience)
{
    while (!list_empty(&audience->moves))
        drop(audience, LIST_ENTRY(audience->moves.next, struct move, place));
}
