// What a peer may do to others and to the meeting: one table. Whatever room/ does for somebody,
// by whichever door they came, is asked here first.
#pragma once

#include "room/peer.h"

enum act {
    ACT_TAKE_PART,   // chat, own groups, the session store, who else is in
    ACT_CHANGE_ROLE, // of others, asked or by force
    ACT_MOVE_GROUPS, // put others into groups and take them out: lower their hand
    ACT_MUTE,        // a track of others
    ACT_ASK_TO_UNMUTE,
    ACT_REMOVE,      // others from the room
    ACT_END_ROOM,    // for everybody
    ACT_READ_POLLS,  // and answer them
    ACT_WRITE_POLLS, // make, start and stop them
    ACT_COUNT,
};

// `by` NULL is the application's back end, which may do everything.
bool permit(const struct peer *by, enum act act);

// Whether somebody with the role `viewer` knows of a peer who waits to be let in, or of one who
// does not. People who wait see nobody, and are seen by those who may let them in or send them
// away.
bool permit_sees(const struct role *viewer, bool waits);
bool room_sees(const struct peer *viewer, const struct peer *peer); // NULL: the back end

// Whether somebody with the role `by` may hand out links that bring others in as `as`: with no
// say over others, and with nothing that `by` does not have, unless `by` may give roles to
// others anyway. Those who wait to be let in bring others to the same door.
bool permit_invites(const struct role *by, const struct role *as);

// What somebody with this role, who only looks on, is told of the meeting.
enum room_view { ROOM_VIEW_NONE, ROOM_VIEW_COUNTS, ROOM_VIEW_PEERS };
enum room_view permit_view(const struct template *template, const struct role *role);

const char *act_name(enum act act); // the permission it needs: "removeOthers"; "" for none
