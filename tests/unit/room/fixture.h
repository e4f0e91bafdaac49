// A room with a template of two roles: "host" and "guest" see each other, "lurker" sees both
// and publishes nothing. Whatever is asked of it, all rooms are checked first (room/check.h).
#pragma once

#include "room/rooms.h"

struct fixture {
    struct rng rng;
    struct rooms rooms;
    struct room_record record;
    struct room *room; // held
    struct moment now;
    struct event_list events;
};

void fixture_init(struct fixture *f);
void fixture_dispose(struct fixture *f);

struct template *fixture_template(void);
// Joins with media, and lets the worker accept it; events are forgotten.
struct peer *fixture_join(struct fixture *f, const char *peer_id, const char *role);
struct join_wish fixture_wish(const char *peer_id, const char *role);

size_t fixture_count(const struct fixture *f, enum event_kind kind);
// The first event of this kind after the last call of event_list_clear(), or NULL.
const struct event *fixture_event(const struct fixture *f, enum event_kind kind);
