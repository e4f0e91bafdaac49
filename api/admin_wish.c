// What the bodies of the calls with passwords say, checked on the way in.
#include "api/admin.h"

#include "api/admin_link.h"
#include "base/err.h"
#include "base/limits.h"

#include <string.h>

// The text of a member; NULL when it was not sent.
static int take_text(struct api_context *c, const json_t *body, const char *name,
                     bool is_needed, size_t most, const char **value)
{
    const json_t *member = json_object_get(body, name);
    *value = NULL;
    if (!api_sent(body, name))
        return is_needed ? api_fail_field(c, name) : 0;
    const char *text = json_string_value(member);
    if (!text || strlen(text) > most)
        return api_fail_field(c, name);
    *value = arena_text(c->arena, bytes_of(text));
    return 0;
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return false;
    }
    return len && name[0] != ' ' && name[len - 1] != ' ';
}

static int take_name(struct api_context *c, const json_t *body, bool is_needed)
{
    struct api_admin *admin = c->call->admin;
    int err = take_text(c, body, "name", is_needed, ACCOUNT_NAME_LEN_MAX, &admin->name);
    return !err && admin->name && !is_name(admin->name) ? api_fail_field(c, "name") : err;
}

static int take_old(struct api_context *c, const json_t *body, const char *member)
{
    return take_text(c, body, member, true, ACCOUNT_PASSWORD_LEN_MAX,
                     &c->call->admin->password);
}

static int take_new(struct api_context *c, const json_t *body, const char *member,
                    bool is_needed)
{
    struct api_admin *admin = c->call->admin;
    int err =
        take_text(c, body, member, is_needed, ACCOUNT_PASSWORD_LEN_MAX, &admin->new_password);
    if (!err && admin->new_password && strlen(admin->new_password) < ACCOUNT_PASSWORD_LEN_MIN)
        err = api_fail_field(c, member);
    return err;
}

static int take_role(struct api_context *c, const json_t *body, bool is_needed)
{
    struct api_admin *admin = c->call->admin;
    const char *word;
    int err = take_text(c, body, "role", is_needed, ACCOUNT_NAME_LEN_MAX, &word);
    admin->has_role = word;
    return !err && word && !account_role_read(word, &admin->role) ? api_fail_field(c, "role")
                                                                  : err;
}

static int take_link(struct api_context *c, const json_t *body)
{
    struct api_admin *admin = c->call->admin;
    const char *token = json_get_text(body, "token", "");
    int64_t expires_at_s = 0;
    enum jwt_fault fault = admin_link_check(token, &c->config->keys, c->now.wall_ms / 1000,
                                            admin->link_hash, &expires_at_s);
    admin->link_expires_at = expires_at_s * 1000;
    admin->is_known = fault == JWT_VALID || fault == JWT_EXPIRED;
    if (fault == JWT_EXPIRED)
        return api_fail_detail(c, 410, "Gone", "the link has expired");
    return fault ? api_fail_detail(c, 401, "Authentication error", "no link of this server's")
                 : 0;
}

static int take_all(struct api_context *c, const json_t *body)
{
    api_handler *handler = c->call->route->handler;
    if (handler == api_admin_sign_in) {
        int err = take_name(c, body, true);
        return err ? err : take_old(c, body, "password");
    }
    if (handler == api_admin_password) {
        int err = take_old(c, body, "password");
        return err ? err : take_new(c, body, "new_password", true);
    }
    bool is_new = handler != api_admin_account_update;
    int err = handler == api_admin_use_link ? take_link(c, body) : take_role(c, body, is_new);
    if (!err)
        err = take_name(c, body, is_new);
    return err ? err : take_new(c, body, "password", is_new);
}

int api_admin_wish(struct api_context *c)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = take_all(c, body);
    json_decref(body);
    return err;
}
