// What is stored of the room in tests/sim/people.c, and what a back end makes of it meanwhile:
// roles go, come and change, so do the room, its codes and its limits.
#pragma once

#include "base/rng.h"
#include "room/live.h"
#include "room/room_codes.h"
#include "room/template.h"

enum { PLAN_ROLES = 5, PLAN_CODES = 3 };
extern const char *const plan_role_names[PLAN_ROLES];
extern const char *const plan_codes[PLAN_CODES]; // ids

struct plan_role {
    bool is_there;
    bool waits;
    bool publishes;
    bool permissions[PERMISSION_COUNT];
    int max_peer_count;
};

struct plan {
    struct room_record record;
    bool has_room;
    bool has_template;
    struct plan_role roles[PLAN_ROLES];
    bool is_disabled[PLAN_CODES];
    int rooms_made;
};

void plan_init(struct plan *p);
// Something changes. `between` two processes more may: a room in use is not deleted.
void plan_change(struct plan *p, struct rng *rng, bool between);

bool plan_has_role(const struct plan *p, const char *name);
struct template *plan_template(const struct plan *p);   // NULL: there is none
struct room_codes *plan_disabled(const struct plan *p); // NULL: none
