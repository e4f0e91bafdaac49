// Other roles for people: asked, or by force. `by` NULL is the application's back end.
//
// All return 0; ERR_REFUSED when `by` may not; ERR_NOT_FOUND when there is no such peer, role
// or question; ERR_FULL when the role has no place left.
#pragma once

#include "room/event.h"
#include "room/live.h"

// By force at once; else the peer is asked, and keeps its role until it agrees.
int role_change(struct room *room, const struct peer *by, const char *peer_id, const char *role,
                bool force, struct moment now, struct event_list *events);

// Everybody who has one of these roles, at once. Those who find no place keep theirs; ERR_FULL
// when nobody found one.
int role_change_many(struct room *room, const struct peer *by, const char *const *roles,
                     size_t role_count, const char *role, struct moment now,
                     struct event_list *events);

// The peer agrees to what it was asked, once and in time, while the one who asked is in and may
// change roles.
int role_accept(struct peer *peer, const char *role, const char *token, struct moment now,
                struct event_list *events);
