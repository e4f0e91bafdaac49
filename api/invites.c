// GET /api/invites: the room codes that a person may hand out, for links to bring others in.
// Only those who came by a code themselves have any: a back end that makes tokens decides by
// itself who comes in.

#include "api/routes.h"

#include "base/err.h"
#include "base/limits.h"
#include "room/permit.h"
#include "room/removed.h"
#include "store/codes.h"
#include "store/document.h"
#include "store/rooms.h"

#include <stdlib.h>
#include <string.h>

static void put_code(struct json_out *j, const char *role, const char *code)
{
    json_open(j, '{');
    json_member_string(j, "role", role);
    json_member_string(j, "code", code);
    json_close(j, '}');
}

// Roles of a template, those for whom least is allowed first: guests before others.
struct invitations {
    const struct role *at[ROLES_PER_TEMPLATE_MAX];
    size_t count;
};

static int by_rank(const void *a, const void *b)
{
    const struct role *left = *(const struct role *const *)a;
    const struct role *right = *(const struct role *const *)b;
    bool left_guest = strcmp(left->name, "guest") == 0;
    bool right_guest = strcmp(right->name, "guest") == 0;
    if (left_guest != right_guest)
        return left_guest ? -1 : 1;
    return (right->priority > left->priority) - (right->priority < left->priority);
}

static struct invitations invitations_of(const struct template *t, const struct role *by)
{
    struct invitations found = {0};
    for (size_t i = 0; i < t->role_count; i++) {
        if (permit_invites(by, &t->roles[i]))
            found.at[found.count++] = &t->roles[i];
    }
    qsort(found.at, found.count, sizeof found.at[0], by_rank);
    return found;
}

static int put_codes(struct api_context *c, const struct template *t, const char *room_id)
{
    const struct role *by = template_role(t, c->call->claims.role);
    struct invitations found = {0};
    if (by && c->call->claims.room_code_id[0])
        found = invitations_of(t, by);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_key(&j, "codes");
    json_open(&j, '[');
    for (size_t i = 0; i < found.count; i++) {
        struct store_code code;
        int err = store_code_of_role(c->db, room_id, found.at[i]->name, c->arena, &code);
        if (!err) {
            put_code(&j, found.at[i]->name, code.code);
            // They are handed out in the same room, mostly, so they are no secret there.
            api_tries_right(&c->api->tries, &c->request->from, code.code, c->now.mono_us);
        }
        if (err && err != ERR_NOT_FOUND)
            return api_fail_storage(c, err);
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return 0;
}

// A peer that is kept out, by the room, by the code that let it in, or by what is below, hands
// out nothing.
static int check_entry(struct api_context *c, const struct store_room *room)
{
    bool is_disabled = false;
    if (!room->enabled)
        return api_fail(c, 403, "room is not active");
    int err =
        store_code_is_disabled(c->db, room->id, c->call->claims.room_code_id, &is_disabled);
    if (err)
        return api_fail_storage(c, err);
    return is_disabled ? api_fail(c, 403, "room code is disabled") : 0;
}

// The room knows who was removed from it.
bool api_check_invites(const struct api_call *call, const struct room *live,
                       struct http_response *response)
{
    if (call->route->handler != api_invites || !removed_contain(live, &call->claims.hash))
        return true;
    api_refuse_admission(response, ADMISSION_REMOVED);
    return false;
}

int api_invites(struct api_context *c)
{
    const char *room_id = c->call->claims.room_id;
    struct store_room room;
    struct template *t;
    int err = store_room_get(c->db, room_id, c->arena, &room);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "room not found");
    if (!err)
        err = store_template_load(c->db, room.template_id, &t);
    if (err)
        return api_fail_storage(c, err);
    err = check_entry(c, &room);
    if (!err)
        err = put_codes(c, t, room_id);
    template_free(t);
    return err;
}
