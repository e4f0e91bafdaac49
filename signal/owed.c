// What was left out of what clients were told of peers, because there was too much of it at
// once: 8 KiB of control characters are 49 KiB as JSON, and a list of 22 such peers, or a new
// role for all of them, would be more than may wait for a socket. It follows in complete
// on-peer-updates, as the sockets take it.
#include "base/err.h"
#include "base/jwt.h"
#include "signal/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// --- What is told at once ---

// However many peers there are and whatever they are called, a list of them is one message that
// a socket can take: with what is in it of each peer and track, and the rest of those that fit.
enum {
    LISTED_PEER_LEN = 2 * PEER_ID_LEN_MAX + JWT_USER_ID_SENT_MAX + 2 * ROLE_NAME_LEN_MAX + 256,
    LISTED_TRACK_LEN = 3 * TRACK_ID_LEN_MAX + 2 * TRACK_SOURCE_LEN_MAX + 128,
};
static_assert(PEERS_LISTED_MAX * LISTED_PEER_LEN + TRACKS_PER_ROOM_MAX * LISTED_TRACK_LEN +
                      METADATA_LIST_MAX + NAMES_LIST_MAX <
                  WS_LONG_MAX,
              "a list of all peers is one message");

bool allowance_take(struct allowance *a, size_t weight)
{
    int64_t part = a->octets / (int64_t)(a->peers ? a->peers : 1);
    if (a->peers)
        a->peers--;
    if ((int64_t)weight > part)
        return false;
    a->octets -= (int64_t)weight;
    return true;
}

// --- What follows ---

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

// Peers that went meanwhile make room for others, and those that stand there twice.
static void tidy(const struct signal *s, struct session *session)
{
    size_t kept = 0;
    qsort(session->owed, session->owed_count, sizeof *session->owed, compare);
    for (size_t i = 0; i < session->owed_count; i++) {
        uint64_t peer = session->owed[i];
        if (rooms_peer(s->rooms, peer) && (kept == 0 || session->owed[kept - 1] != peer))
            session->owed[kept++] = peer;
    }
    session->owed_count = kept;
}

bool owed_add(struct signal *s, struct session *session, uint64_t peer)
{
    if (session->owed_count == OWED_PEERS_MAX)
        tidy(s, session);
    if (session->owed_count == OWED_PEERS_MAX)
        return false;
    if (session->owed_count == session->owed_cap) {
        session->owed_cap = session->owed_cap ? 2 * session->owed_cap : 16;
        session->owed = mem_resize(session->owed, session->owed_cap * sizeof *session->owed);
    }
    session->owed[session->owed_count++] = peer;
    if (!session->is_slow && list_empty(&session->owing))
        list_append(&s->owing, &session->owing);
    return true;
}

void owed_forget(struct session *session)
{
    session->owed_count = 0;
    list_remove(&session->owing);
}

static size_t tell_owed(struct signal *s, struct session *session, struct frame_list *frames)
{
    const struct peer *own = rooms_peer(s->rooms, session->peer);
    size_t sent = 0;
    if (!own || own->state != PEER_JOINED)
        session->owed_count = 0;
    const struct audience *audience = signal_audience(s, session->room->number);
    while (session->owed_count && sent < OWED_PER_CLIENT) {
        uint64_t number = session->owed[--session->owed_count];
        const struct peer *peer = rooms_peer(s->rooms, number);
        if (!peer || peer->state != PEER_JOINED || !peer->is_told || !room_sees(own, peer) ||
            presence_waits(audience, number))
            continue;
        struct peer_view view = shape_view(peer);
        struct bytes text = notify_update_message(s, &view, frames);
        notify_text(session, text, frames);
        sent += text.len;
    }
    return sent;
}

int64_t owed_deadline(const struct signal *s)
{
    return list_empty(&s->owing) ? NEVER : s->owing_at;
}

void owed_expire(struct signal *s, struct moment now, struct frame_list *frames)
{
    size_t sent = 0;
    if (owed_deadline(s) > now.mono_us)
        return;
    while (!list_empty(&s->owing) && sent < OWED_PER_GO) {
        struct session *session = LIST_ENTRY(s->owing.next, struct session, owing);
        if (session->told_owed_at == now.mono_us)
            break; // all had their turn
        session->told_owed_at = now.mono_us;
        sent += tell_owed(s, session, frames);
        list_remove(&session->owing);
        if (session->owed_count)
            list_append(&s->owing, &session->owing);
    }
    s->owing_at = now.mono_us + (int64_t)OWED_INTERVAL_MS * 1000;
}

void signal_slow(struct signal *s, uint64_t number, bool is_slow)
{
    struct session *session = signal_session(s, number);
    if (!session || session->is_slow == is_slow)
        return;
    session->is_slow = is_slow;
    if (session->room && is_slow)
        signal_audience(s, session->room->number)->slow_count++;
    else if (session->room)
        signal_audience(s, session->room->number)->slow_count--;
    list_remove(&session->owing);
    if (!is_slow && session->owed_count)
        list_append(&s->owing, &session->owing);
}

// --- Those who come ---

static bool may_tell(struct audience *audience, const char *metadata, int64_t now_us)
{
    size_t weight = text_weight(metadata);
    return weight <= METADATA_SHORT_MAX ||
           bucket_take(&audience->metadata, (int64_t)weight, now_us);
}

// False: of some there is owed too much already, and it must be told at once.
static bool owe_to_others(struct signal *s, const struct audience *audience,
                          const struct event *event)
{
    bool is_owed = true;
    LIST_EACH(&audience->sessions, each)
    {
        struct session *session = LIST_ENTRY(each, struct session, in_room);
        if (session->peer && session->peer != event->peer)
            is_owed &= owed_add(s, session, event->peer);
    }
    return is_owed;
}

void owed_tell_join(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, event->room);
    if (!audience)
        return;
    struct peer_view view = *event->who;
    bool is_whole = may_tell(audience, view.metadata, now.mono_us);
    if (!is_whole)
        view.metadata = "";
    notify_about(s, event, notify_join_message(s, &view, frames), frames);
    if (!is_whole)
        owe_to_others(s, audience, event);
}

// --- Those who change ---

// It knows its own metadata, and a client takes none for no change.
static struct bytes without_metadata(struct signal *s, const struct event *event,
                                     struct frame_list *frames)
{
    struct peer_view view = *event->who;
    view.metadata = "";
    return notify_update_message(s, &view, frames);
}

void owed_tell_update(struct signal *s, const struct event *event, struct moment now,
                      struct frame_list *frames)
{
    struct audience *audience = signal_audience(s, event->room);
    struct bytes text = notify_update_message(s, event->who, frames);
    if (!audience)
        return;
    bool fits = updates_have_room(audience, now) &&
                bucket_take(&audience->changes, (int64_t)text.len, now.mono_us);
    struct bytes own = fits ? text : without_metadata(s, event, frames);
    notify_some(s, &event->peer, 1, own, frames);
    if (!event->who->is_told)
        return;
    if (presence_waits(audience, event->peer)) {
        if (!fits)
            return; // its coming is told later, and as it is then
        presence_bring_forward(s, event->room, event->peer, now, frames);
    }
    if (!fits && owe_to_others(s, audience, event))
        return;
    notify_about(s, event, text, frames);
    updates_told(s, event, text, now);
}

struct peer_view owed_view(struct signal *s, const struct event *event, struct moment now)
{
    struct audience *audience = signal_audience(s, event->room);
    struct peer_view view = *event->who;
    size_t weight = text_weight(view.metadata);
    if (!audience || bucket_take(&audience->changes, (int64_t)weight, now.mono_us) ||
        weight <= METADATA_SHORT_MAX)
        return view;
    view.metadata = "";
    owe_to_others(s, audience, event);
    return view;
}
