// What those who may do it do to others: mute, ask to unmute, remove, end the meeting. `by`
// NULL is the application's back end. Nobody can switch the microphone of another on: unmuting
// asks.
//
// All return 0; ERR_REFUSED when `by` may not; ERR_NOT_FOUND when there is no such peer or
// track; ERR_FULL for a reason over REASON_LEN_MAX.
#pragma once

#include "room/event.h"
#include "room/live.h"

// One track. Muted, it is silent for everybody from now on, until its publisher says otherwise:
// the client is told and mutes itself too.
int moderate_track(struct room *room, const struct peer *by, const char *peer_id,
                   const char *track_id, bool muted, struct event_list *events);

struct mute_wish {
    bool muted;
    const char *type;    // "audio", "video"; NULL: both
    const char *source;  // "regular", "screen", ...; NULL: any
    const char *peer_id; // this peer only; NULL: all but `by`
    const char *const *roles;
    size_t role_count; // 0: all roles
};

// All tracks that fit. Those who have none that would change are not asked.
int moderate_tracks(struct room *room, const struct peer *by, const struct mute_wish *wish,
                    struct event_list *events);

int moderate_remove(struct room *room, const struct peer *by, const char *peer_id,
                    const char *reason, struct moment now, struct event_list *events);

// Everybody who has this role, but `by`. ERR_NOT_FOUND when there is no such role.
int moderate_remove_role(struct room *room, const struct peer *by, const char *role,
                         const char *reason, struct moment now, struct event_list *events);

// Everybody leaves: `by` as one who wanted to, and gone when this has succeeded; the others as
// ended. With `lock` nobody can come back.
int moderate_end(struct room *room, const struct peer *by, bool lock, const char *reason,
                 struct moment now, struct event_list *events);
