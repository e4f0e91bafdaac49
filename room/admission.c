#include "room/admission.h"

#include "base/limits.h"
#include "room/removed.h"
#include "room/room_codes.h"

#include <string.h>

static size_t count_of(const struct room *room, const struct role *role)
{
    int place = template_place(room->template, role);
    return place < 0 ? 0 : room->role_counts[place];
}

bool admission_has_place(const struct room *room, const struct role *role)
{
    if (role->max_peer_count <= 0)
        return role->max_peer_count == 0;
    return count_of(room, role) < (size_t)role->max_peer_count;
}

static size_t capacity(const struct room_record *record)
{
    size_t most = record->large ? PEERS_PER_LARGE_ROOM_MAX : PEERS_PER_ROOM_MAX;
    return record->size > 0 && (size_t)record->size < most ? (size_t)record->size : most;
}

// `present` has a place in the role already.
static bool has_place(const struct room *live, const struct role *role,
                      const struct peer *present)
{
    if (!live)
        return role->max_peer_count >= 0;
    if (!present)
        return admission_has_place(live, role);
    return role->max_peer_count == 0 || count_of(live, role) <= (size_t)role->max_peer_count;
}

// Whether one more may be in with the token.
static bool token_has_place(const struct room *live, const struct token_hash *token)
{
    size_t most = live->rooms->peers_per_token, count = 0, at = 0;
    const struct peer *peer;
    while (most && count < most && (peer = map_next(&live->peers, &at)))
        count += token_hash_equal(&peer->token, token);
    return !most || count < most;
}

bool admission_is_return(const struct room *live, const char *peer_id,
                         const struct token_hash *token)
{
    const struct peer *present = live ? room_peer(live, peer_id) : NULL;
    return present && token_hash_is_known(token) && token_hash_equal(&present->token, token);
}

enum admission admission_of(const struct room_record *record, const struct template *template,
                            const struct room *live, const struct join_wish *wish,
                            enum entry entry)
{
    const struct peer *present = live ? room_peer(live, wish->peer_id) : NULL;
    bool returns = admission_is_return(live, wish->peer_id, &wish->token);
    // Before anything that tells whether somebody is in: such a token proves nothing else.
    if (wish->has_expired && !returns)
        return ADMISSION_TOKEN_EXPIRED;
    if (present && !returns)
        return ADMISSION_PEER_TAKEN;
    if (present && entry == ENTRY_SOCKET)
        return ADMISSION_GRANTED;
    if (!record->enabled)
        return ADMISSION_ROOM_DISABLED;
    if (live && removed_contain(live, &wish->token))
        return ADMISSION_REMOVED;
    if (live && !present && room_codes_is_disabled(live->codes, wish->room_code_id))
        return ADMISSION_CODE_DISABLED;

    const struct role *as =
        present ? present->role : template_role(live ? live->template : template, wish->role);
    if (!as)
        return ADMISSION_ROLE_UNKNOWN;
    if (!has_place(live, as, present))
        return ADMISSION_ROLE_FULL;
    if (live && live->peers.count - (present ? 1 : 0) >= capacity(record))
        return ADMISSION_ROOM_FULL;
    if (live && !present && !token_has_place(live, &wish->token))
        return ADMISSION_TOKEN_FULL;
    return ADMISSION_GRANTED;
}

int admission_code(enum admission a)
{
    switch (a) {
    case ADMISSION_GRANTED:
        return 0;
    case ADMISSION_TOKEN_EXPIRED:
        return 401;
    case ADMISSION_PEER_TAKEN:
        return 409;
    default:
        return 403;
    }
}

// roomkit looks for "role is invalid" and "room is not active" in the message and has dialogs
// for them.
const char *admission_text(enum admission a)
{
    switch (a) {
    case ADMISSION_GRANTED:
        return "";
    case ADMISSION_ROOM_DISABLED:
        return "room is not active";
    case ADMISSION_ROLE_UNKNOWN:
        return "role is invalid";
    case ADMISSION_ROLE_FULL:
        return "role limit reached";
    case ADMISSION_ROOM_FULL:
        return "room is full";
    case ADMISSION_PEER_TAKEN:
        return "the peer id is in use";
    case ADMISSION_TOKEN_EXPIRED:
        return "token is expired";
    case ADMISSION_CODE_DISABLED:
        return "room code is disabled";
    case ADMISSION_REMOVED:
        return "removed from the room";
    case ADMISSION_TOKEN_FULL:
        return "too many peers have this token";
    }
    return "";
}

static const char *failure_text(enum admission why)
{
    switch (why) {
    case ADMISSION_PEER_TAKEN:
        return "duplicate peer id";
    case ADMISSION_ROLE_UNKNOWN:
    case ADMISSION_ROLE_FULL:
        return "role not allowed";
    default:
        return admission_text(why);
    }
}

void admission_tell_failure(const struct room *room, struct event *event, const char *why,
                            struct event_list *events)
{
    event->room = room->number;
    event->failed.room_id = event_text(events, room->record.id);
    event->failed.room_name = event_text(events, room->record.name);
    event->failed.template_id = event_text(events, room->template->id);
    event->failed.why = event_text(events, why);
}

void admission_refuse(const struct room *room, const struct join_wish *wish, enum admission why,
                      struct event_list *events)
{
    struct peer_view *who = arena_alloc(&events->arena, sizeof *who);
    *who = (struct peer_view){.id = event_text(events, wish->peer_id),
                              .role = event_text(events, wish->role),
                              .name = event_text(events, wish->name),
                              .metadata = event_text(events, wish->metadata),
                              .user_id = event_text(events, wish->user_id)};
    struct event *event = event_add(events, EVENT_JOIN_FAILED, NULL);
    event->who = who;
    admission_tell_failure(room, event, failure_text(why), events);
}
