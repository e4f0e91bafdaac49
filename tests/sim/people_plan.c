#include "tests/sim/people_plan.h"

#include <stdio.h>
#include <string.h>

const char *const plan_role_names[PLAN_ROLES] = {"host", "guest", "viewer", "lobby", "member"};
const char *const plan_codes[PLAN_CODES] = {
    "64b0000000000000000000c1", "64b0000000000000000000c2", "64b0000000000000000000c3"};

enum { HOST, GUEST, VIEWER, LOBBY, MEMBER };

static void make_roles(struct plan *p)
{
    for (size_t i = 0; i < PLAN_ROLES; i++) {
        struct plan_role *role = &p->roles[i];
        *role = (struct plan_role){.is_there = i != MEMBER, .waits = i == LOBBY};
        memset(role->permissions, i == HOST, sizeof role->permissions);
        role->publishes = i == HOST || i == GUEST || i == MEMBER;
        role->permissions[PERMISSION_POLL_READ] = role->publishes;
    }
    p->roles[GUEST].max_peer_count = 5;
}

static void make_room(struct plan *p)
{
    p->record = (struct room_record){.name = "sim", .enabled = true};
    snprintf(p->record.id, sizeof p->record.id, "64b0000000000000%08x",
             (unsigned)++p->rooms_made);
    memset(p->is_disabled, 0, sizeof p->is_disabled);
    p->has_room = p->has_template = true;
}

void plan_init(struct plan *p)
{
    *p = (struct plan){0};
    make_roles(p);
    make_room(p);
}

bool plan_has_role(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < PLAN_ROLES; i++) {
        if (strcmp(plan_role_names[i], name) == 0)
            return p->roles[i].is_there;
    }
    return false;
}

static void change_role(struct plan *p, struct rng *rng)
{
    struct plan_role *role = &p->roles[rng_below(rng, PLAN_ROLES)];
    switch (rng_below(rng, 6)) {
    case 0:
        role->is_there = false;
        break;
    case 1:
        role->permissions[rng_below(rng, PERMISSION_COUNT)] ^= true;
        break;
    case 2:
        role->publishes ^= true;
        break;
    case 3:
        role->max_peer_count = (int)rng_below(rng, 5) - 1;
        break;
    case 4: // guests are members now
        p->roles[MEMBER] = p->roles[GUEST];
        p->roles[GUEST].is_there = false;
        break;
    case 5:
        p->roles[rng_below(rng, 2) ? LOBBY : GUEST].waits ^= true;
        break;
    }
}

static void change_room(struct plan *p, struct rng *rng)
{
    switch (rng_below(rng, 5)) {
    case 0:
        p->record.enabled = false;
        break;
    case 1:
        p->is_disabled[rng_below(rng, PLAN_CODES)] ^= true;
        break;
    case 2:
        p->record.chat_history = rng_below(rng, 2) ? 10 : 0;
        break;
    case 3:
        p->record.size = rng_below(rng, 2) ? 3 : 0;
        break;
    case 4:
        p->record.max_duration_s = rng_below(rng, 2) ? 120 : 0;
        break;
    }
}

void plan_change(struct plan *p, struct rng *rng, bool between)
{
    uint32_t dice = rng_below(rng, 12);
    if (!p->has_room || !p->has_template) {
        make_room(p); // another one
        make_roles(p);
    } else if (!p->record.enabled && dice < 8) {
        p->record.enabled = true;
    } else if (dice < 3) {
        make_roles(p);
    } else if (between && dice == 3) {
        p->has_room = false;
    } else if (between && dice == 4) {
        p->has_template = false;
    } else if (dice < 9) {
        change_role(p, rng);
    } else {
        change_room(p, rng);
    }
}

static void put_role(struct template *t, struct role *role, const struct plan_role *from,
                     size_t at)
{
    role->name = template_text(t, plan_role_names[at]);
    role->priority = (int)at + 1;
    role->max_peer_count = from->max_peer_count;
    role->waiting_room = from->waits;
    role->media[PUBLISH_AUDIO].codec = template_text(t, "opus");
    role->media[PUBLISH_VIDEO].codec = template_text(t, "vp8");
    role->media[PUBLISH_SCREEN].codec = template_text(t, "vp8");
    memcpy(role->permissions, from->permissions, sizeof role->permissions);
    role->allowed[PUBLISH_AUDIO] = role->allowed[PUBLISH_VIDEO] = from->publishes;
    role->allowed[PUBLISH_SCREEN] = from->publishes && at == HOST;
    if (at == LOBBY)
        return;
    // A viewer sees hosts alone.
    role->subscribe_to_roles = template_names(t, at == VIEWER ? 1 : 2);
    for (size_t i = 0; i < role->subscribe_to_roles.count; i++)
        role->subscribe_to_roles.at[i] = template_text(t, plan_role_names[i]);
}

struct template *plan_template(const struct plan *p)
{
    if (!p->has_room || !p->has_template)
        return NULL;
    struct template *t = template_new();
    t->id = template_text(t, "64b0000000000000000000aa");
    t->name = template_text(t, "sim");
    t->room_state.stop_on_join = true;
    size_t count = 0;
    for (size_t i = 0; i < PLAN_ROLES; i++)
        count += p->roles[i].is_there;
    template_set_roles(t, count);
    count = 0;
    for (size_t i = 0; i < PLAN_ROLES; i++) {
        if (p->roles[i].is_there)
            put_role(t, &t->roles[count++], &p->roles[i], i);
    }
    return t;
}

struct room_codes *plan_disabled(const struct plan *p)
{
    struct room_codes *codes = room_codes_new();
    for (size_t i = 0; i < PLAN_CODES; i++)
        room_codes_disable(codes, plan_codes[i], p->is_disabled[i]);
    return codes;
}
