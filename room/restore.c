#include "room/restore.h"

#include "base/err.h"
#include "base/jwt.h"
#include "room/duration.h"
#include "room/group.h"
#include "room/presence.h"
#include "room/removed.h"
#include "room/session_store.h"
#include "room/waiting.h"
#include "room/wanted.h"

#include <string.h>

// Versions of values that were given after the snapshot was written, and are not to be given
// again: more than all peers of a room may set in the seconds that can be lost. A process that
// ends before it has written anything leaves the same snapshot to the next one, which must not
// give the same versions as this one: those of a process begin where its start is in time.
enum { LOST_VERSIONS_MAX = 1024 * 1024, START_MS = 100, STARTS_MAX = 100 * 1000 * 1000 };

// Numbers that were given in those seconds too.
enum { LOST_NUMBERS_MAX = 1024 * 1024 };
static const uint64_t number_max = UINT64_C(1) << 53;
static const int64_t version_max = INT64_C(1) << 52;

static int64_t lost_versions(const struct past_session *session, struct moment now)
{
    int64_t starts = (now.wall_ms - session->started_at) / START_MS;
    starts = starts < 0 ? 0 : starts > STARTS_MAX ? STARTS_MAX : starts;
    return LOST_VERSIONS_MAX * (1 + starts);
}

struct room *room_restore(struct rooms *rooms, const struct room_record *record,
                          struct template *template, const struct past_session *session,
                          struct moment now)
{
    if (rooms_find(rooms, record->id) || !id_is_object(session->id) ||
        session->started_at <= 0 || session->chat_forgotten >= number_max ||
        session->last_value_version < 0 || session->last_value_version > version_max) {
        template_free(template);
        return NULL;
    }
    struct room *room = rooms_put(rooms, record, template);
    room_hold(room);
    memcpy(room->session_id, session->id, sizeof room->session_id);
    room->started_at = session->started_at;
    room->store.last_version = session->last_value_version + lost_versions(session, now);
    room->store.has_unset = session->has_unset;
    room->history.last_number = session->chat_forgotten;
    for (size_t i = 0; i < session->removed_count; i++)
        removed_add(room, &session->removed[i]);
    room_touch_whole(room); // it is this process's now, and may be left with less
    return room;
}

static bool names_are_sound(const char *const *names, size_t count, size_t most, size_t len_max)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (len < 1 || len > len_max)
            return false;
    }
    return count <= most;
}

// Whatever a live room asserts of its peers, or promises to those who are told of them.
static bool is_sound(const struct past_peer *past)
{
    return peer_id_is_valid(past->id) && past->number < number_max &&
           room_texts_fit(past->name, past->metadata) && jwt_user_id_fits(past->user_id) &&
           names_are_sound(past->groups, past->group_count, GROUPS_PER_PEER_MAX,
                           GROUP_NAME_LEN_MAX) &&
           names_are_sound(past->observed, past->observed_count, SESSION_STORE_OBSERVED_MAX,
                           SESSION_STORE_KEY_LEN_MAX) &&
           names_are_sound(past->wanted, past->wanted_count, WANTED_VIDEOS_MAX,
                           TRACK_ID_LEN_MAX);
}

// People stay in the order of joining, and pages that somebody reads go on.
static void keep_number(struct peer *peer, uint64_t number)
{
    struct rooms *rooms = peer->room->rooms;
    if (number == 0 || rooms_peer(rooms, number))
        return;
    map_remove(&rooms->peers, map_key_u64(&peer->number));
    peer->number = number;
    map_put(&rooms->peers, map_key_u64(&peer->number), peer);
    if (rooms->last_number < number + LOST_NUMBERS_MAX)
        rooms->last_number = number + LOST_NUMBERS_MAX;
}

int room_restore_peer(struct room *room, const struct past_peer *past, struct moment now)
{
    const struct role *role = template_role(room->template, past->role);
    // With the token's role it would join anew.
    if (!role || !template_role(room->template, past->token_role))
        return ERR_NOT_FOUND;
    if (!is_sound(past))
        return ERR_MALFORMED;
    // It was written down before there were hashes: its ids are in every roster and prove
    // nothing.
    if (!token_hash_is_known(&past->token))
        return ERR_REFUSED;
    if (room_peer(room, past->id))
        return ERR_EXISTS;

    struct join_wish wish = {.peer_id = past->id,
                             .user_id = past->user_id,
                             .role = past->token_role,
                             .token = past->token,
                             .name = past->name,
                             .metadata = past->metadata,
                             .auto_video = past->auto_video,
                             .on_demand = past->on_demand};
    struct peer *peer = room_add_peer(room, &wish, room->template, role);
    keep_number(peer, past->number);
    peer->state = PEER_JOINED;
    peer->joined_at = past->joined_at;
    peer->lost_media = past->had_media;
    room->joined_count++;
    waiting_count(peer, 1);
    presence_restore(peer, past->was_told);
    room_detach(peer, now, NULL);
    duration_plan(room, now);
    uint64_t last = room->history.last_number;
    peer->chat_seen = past->saw_all_chat || past->chat_seen > last ? last : past->chat_seen;

    // Their bounds were looked at: nothing of this can fail.
    struct event_list unheard = {0};
    for (size_t i = 0; i < past->wanted_count; i++)
        wanted_add(peer, past->wanted[i]);
    session_store_observe(peer, past->observed, past->observed_count, &unheard);
    for (size_t i = 0; i < past->group_count; i++)
        group_join(room, NULL, past->id, past->groups[i], &unheard);
    event_list_dispose(&unheard);
    return 0;
}

void room_restored(struct room *room, struct moment now)
{
    struct event_list unheard = {0};
    waiting_restored(room, now, &unheard);
    event_list_dispose(&unheard);
}
