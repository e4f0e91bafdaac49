#include "room/role.h"

#include "base/err.h"
#include "base/words.h"
#include "room/media.h"
#include "room/permit.h"
#include "room/presence.h"
#include "room/room.h"
#include "room/waiting.h"

#include <stdio.h>
#include <string.h>

static void apply_role(struct peer *peer, const struct role *role, const char *by,
                       struct moment now, struct event_list *events)
{
    const struct role *old = peer->role;
    peer->asked.token[0] = 0;
    if (role == old)
        return;
    struct template *before = template_hold(peer->template); // has `old`
    room_set_role(peer, peer->room->template, role);
    struct event *event = event_add_who(events, EVENT_ROLE_CHANGED, peer);
    event->role.name = event_text(events, old->name);
    event->role.by = event_text(events, by);
    event->role.saw_waiting = permit_sees(old, true);
    event->role.sees_waiting = permit_sees(role, true);
    presence_show(peer, events); // somebody cares about it
    waiting_role_changed(peer, old, now, events);
    media_role_changed(peer, old, now, events);
    template_free(before);
}

// Whether it is the role that the peer has, if perhaps as it was before the template changed.
static bool is_same(const struct peer *peer, const struct role *role)
{
    return strcmp(peer->role->name, role->name) == 0;
}

static int tell_failure(const struct peer *peer, const char *role, const struct peer *by,
                        int err, struct event_list *events)
{
    struct event *event = event_add_who(events, EVENT_ROLE_FAILED, peer);
    event->role.name = event_text(events, role);
    event->role.by = event_text(events, by ? by->id : "");
    event->role.why = err == ERR_FULL ? "role limit reached" : "role not found";
    return err;
}

static void ask_to_change(struct peer *peer, const struct peer *by, const struct role *role,
                          struct moment now, struct event_list *events)
{
    id_uuid(peer->room->rooms->rng, peer->asked.token);
    peer->asked.role = role;
    snprintf(peer->asked.by, sizeof peer->asked.by, "%s", by ? by->id : "");
    peer->asked.expires_at = now.mono_us + (int64_t)ROLE_REQUEST_MS * 1000;

    struct event *event = by ? event_add_who(events, EVENT_ROLE_ASKED, by)
                             : event_add(events, EVENT_ROLE_ASKED, peer);
    event->peer = peer->number;
    event->role.name = event_text(events, role->name);
    event->role.token = event_text(events, peer->asked.token);
}

int role_change(struct room *room, const struct peer *by, const char *peer_id, const char *role,
                bool force, struct moment now, struct event_list *events)
{
    if (!permit(by, ACT_CHANGE_ROLE))
        return ERR_REFUSED;
    struct peer *peer = room_joined(room, peer_id);
    const struct role *wanted = template_role(room->template, role);
    if (!peer)
        return ERR_NOT_FOUND;
    if (!wanted)
        return tell_failure(peer, role, by, ERR_NOT_FOUND, events);
    if (!is_same(peer, wanted) && !admission_has_place(room, wanted))
        return tell_failure(peer, role, by, ERR_FULL, events);
    if (force)
        apply_role(peer, wanted, by ? by->id : "", now, events);
    else
        ask_to_change(peer, by, wanted, now, events);
    return 0;
}

int role_change_many(struct room *room, const struct peer *by, const char *const *roles,
                     size_t role_count, const char *role, struct moment now,
                     struct event_list *events)
{
    if (!permit(by, ACT_CHANGE_ROLE))
        return ERR_REFUSED;
    const struct role *wanted = template_role(room->template, role);
    if (!wanted)
        return ERR_NOT_FOUND;

    bool is_full = false, has_changed = false;
    size_t at = 0;
    struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (peer->state != PEER_JOINED || peer->role == wanted ||
            !words_contain(roles, role_count, peer->role->name))
            continue;
        is_full = !is_same(peer, wanted) && !admission_has_place(room, wanted);
        if (is_full) {
            tell_failure(peer, role, by, ERR_FULL, events);
            break;
        }
        apply_role(peer, wanted, by ? by->id : "", now, events);
        has_changed = true;
    }
    return is_full && !has_changed ? ERR_FULL : 0;
}

// Whoever asked must still be in, and may still do what is now to be done in its name. The back
// end always may.
static bool still_asks(const struct peer *peer)
{
    const struct peer *by = room_joined(peer->room, peer->asked.by);
    return !peer->asked.by[0] || (by && permit(by, ACT_CHANGE_ROLE));
}

int role_accept(struct peer *peer, const char *role, const char *token, struct moment now,
                struct event_list *events)
{
    const struct role_request *asked = &peer->asked;
    if (!asked->token[0] || strcmp(asked->token, token) != 0 ||
        strcmp(asked->role->name, role) != 0 || asked->expires_at <= now.mono_us ||
        !still_asks(peer))
        return ERR_NOT_FOUND;
    if (!is_same(peer, asked->role) && !admission_has_place(peer->room, asked->role))
        return tell_failure(peer, role, room_joined(peer->room, asked->by), ERR_FULL, events);
    apply_role(peer, asked->role, asked->by, now, events);
    return 0;
}
