#include "room/permit.h"

#include <assert.h>

enum { NEEDS_NONE = -1 };

static const int needs[ACT_COUNT] = {
    [ACT_TAKE_PART] = NEEDS_NONE,
    [ACT_CHANGE_ROLE] = PERMISSION_CHANGE_ROLE,
    [ACT_MOVE_GROUPS] = PERMISSION_CHANGE_ROLE,
    [ACT_MUTE] = PERMISSION_MUTE,
    [ACT_ASK_TO_UNMUTE] = PERMISSION_UNMUTE,
    [ACT_REMOVE] = PERMISSION_REMOVE_OTHERS,
    [ACT_END_ROOM] = PERMISSION_END_ROOM,
    [ACT_READ_POLLS] = PERMISSION_POLL_READ,
    [ACT_WRITE_POLLS] = PERMISSION_POLL_WRITE,
};

bool permit(const struct peer *by, enum act act)
{
    assert(act < ACT_COUNT);
    if (!by)
        return true;
    if (by->state != PEER_JOINED || by->role->waiting_room)
        return false;
    if (act == ACT_READ_POLLS && by->role->permissions[PERMISSION_POLL_WRITE])
        return true; // which includes it
    return needs[act] == NEEDS_NONE || by->role->permissions[needs[act]];
}

static bool may_admit(const struct role *role)
{
    return !role->waiting_room && (role->permissions[PERMISSION_CHANGE_ROLE] ||
                                   role->permissions[PERMISSION_REMOVE_OTHERS]);
}

bool permit_sees(const struct role *viewer, bool waits)
{
    return waits ? may_admit(viewer) : !viewer->waiting_room;
}

bool room_sees(const struct peer *viewer, const struct peer *peer)
{
    return peer->state == PEER_JOINED &&
           (!viewer || viewer == peer || permit_sees(viewer->role, peer->role->waiting_room));
}

static bool has_say(const struct role *role)
{
    static const enum permission say[] = {PERMISSION_END_ROOM, PERMISSION_REMOVE_OTHERS,
                                          PERMISSION_MUTE, PERMISSION_UNMUTE,
                                          PERMISSION_CHANGE_ROLE};
    for (size_t i = 0; i < sizeof say / sizeof *say; i++) {
        if (role->permissions[say[i]])
            return true;
    }
    return false;
}

static bool is_more(int wish, int own)
{
    return own && (!wish || wish > own); // 0: no limit was said
}

static bool publishes_more(const struct role *as, const struct role *by)
{
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++) {
        const struct role_media *wish = &as->media[kind], *own = &by->media[kind];
        if (!as->allowed[kind])
            continue;
        if (!by->allowed[kind] || is_more(wish->bitrate_kbps, own->bitrate_kbps) ||
            is_more(wish->frame_rate, own->frame_rate) || is_more(wish->width, own->width) ||
            is_more(wish->height, own->height))
            return true;
    }
    return false;
}

static bool may_more(const struct role *as, const struct role *by)
{
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        if (as->permissions[i] && !by->permissions[i])
            return true;
    }
    for (size_t i = 0; i < as->subscribe_to_roles.count; i++) {
        if (!names_contain(&by->subscribe_to_roles, as->subscribe_to_roles.at[i]))
            return true;
    }
    return publishes_more(as, by) || (by->waiting_room && !as->waiting_room);
}

bool permit_invites(const struct role *by, const struct role *as)
{
    bool gives_roles = by->permissions[PERMISSION_CHANGE_ROLE] && !by->waiting_room;
    return !has_say(as) && (gives_roles || !may_more(as, by));
}

enum room_view permit_view(const struct template *template, const struct role *role)
{
    if (role->permissions[PERMISSION_SEND_ROOM_STATE])
        return ROOM_VIEW_PEERS;
    if (!template->room_state.enabled)
        return ROOM_VIEW_NONE;
    return template->room_state.send_peer_list ? ROOM_VIEW_PEERS : ROOM_VIEW_COUNTS;
}

const char *act_name(enum act act)
{
    assert(act < ACT_COUNT);
    return needs[act] == NEEDS_NONE ? "" : permission_name((enum permission)needs[act]);
}
