// The steps of the dashboard's calls that are the store's.
#include "api/admin.h"

#include "api/api.h"
#include "base/err.h"

#include <string.h>

static int find_session(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    int err = store_sign_in_get(c->db, admin->hash, c->now.wall_ms, c->arena, &admin->session);
    admin->is_signed_in = admin->is_known = !err;
    return err == ERR_NOT_FOUND ? 0 : err;
}

// Whether the one who asks was stopped since the session was looked up: it waited in a queue.
static int check_still(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    struct store_sign_in now;
    if (!admin->is_signed_in || !api_is_change(c->call))
        return 0;
    int err = store_sign_in_get(c->db, admin->hash, c->now.wall_ms, c->arena, &now);
    if (err == ERR_NOT_FOUND || (!err && now.account.role != admin->session.account.role))
        return api_fail_detail(c, 401, "Authentication error", "sign in");
    return err ? api_fail_storage(c, err) : 0;
}

static int handle(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    int err = check_still(c);
    if (!err)
        err = c->call->route->handler(c);
    if (err || !api_is_change(c->call))
        return err;
    err = api_admin_note(c);
    admin->is_written = !err;
    return err ? api_fail_storage(c, err) : 0;
}

int api_admin_run(struct api_context *c)
{
    switch (c->call->step) {
    case API_FINDS_SESSION:
        return find_session(c);
    case API_TRIES_PASSWORD:
        return api_admin_check_password(c);
    case API_AUDITS:
        return api_admin_note(c);
    case API_HANDLES:
        break;
    }
    return handle(c);
}
