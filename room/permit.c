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

bool permit_invites(const struct role *by, const struct role *as)
{
    if (by->waiting_room && !as->waiting_room)
        return false;
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++) {
        if (as->allowed[kind] && !by->allowed[kind])
            return false;
    }
    return !has_say(as);
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
