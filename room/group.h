// Groups that people are in; a raised hand is the group "_handraise".
#pragma once

#include "room/event.h"
#include "room/live.h"

// Everybody may join and leave groups; to move others needs a permission. `by` NULL is the
// application's back end. Returns 0, also when nothing changes; ERR_REFUSED; ERR_NOT_FOUND for
// an unknown peer; ERR_MALFORMED for a name that is empty or over GROUP_NAME_LEN_MAX; ERR_FULL
// beyond GROUPS_PER_PEER_MAX.
int group_join(struct room *room, const struct peer *by, const char *peer_id, const char *name,
               struct event_list *events);
int group_leave(struct room *room, const struct peer *by, const char *peer_id, const char *name,
                struct event_list *events);

bool group_has(const struct peer *peer, const char *name);
