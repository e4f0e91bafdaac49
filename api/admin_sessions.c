// Getting in to the dashboard, and out.
#include "api/admin.h"

#include "base/base64.h"
#include "base/err.h"

#include <string.h>

enum { SECRET_OCTETS = 32 };

static int put_session(struct api_context *c, const char *secret)
{
    const struct store_sign_in *session = &c->call->admin->session;
    char csrf[ADMIN_SECRET_LEN + 1];
    api_admin_csrf(secret, csrf);
    int64_t idle_end = session->seen_at + SIGN_IN_IDLE_MS;
    int64_t end = session->created_at + SIGN_IN_MS;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_key(&j, "account");
    json_open(&j, '{');
    json_member_string(&j, "id", session->account.id);
    json_member_string(&j, "name", session->account.name);
    json_member_string(&j, "role", account_role_text(session->account.role));
    json_close(&j, '}');
    json_member_string(&j, "csrf", csrf);
    api_member_time(&j, "created_at", session->created_at);
    api_member_time(&j, "idle_ends_at", idle_end < end ? idle_end : end);
    api_member_time(&j, "ends_at", end);
    json_close(&j, '}');
    return 0;
}

// Always with an id of its own: one that somebody planted in the browser before is worth
// nothing.
int api_admin_begin(struct api_context *c, struct store_account *account)
{
    struct api_admin *admin = c->call->admin;
    uint8_t drawn[SECRET_OCTETS];
    struct text secret = {0};
    rng_fill(&c->api->rng, drawn, sizeof drawn);
    base64url_add(&secret, (struct bytes){drawn, sizeof drawn});
    mem_wipe(drawn, sizeof drawn);
    int err = admin->hash[0] ? store_sign_in_remove(c->db, admin->hash) : 0;
    api_admin_hash(secret.at, admin->hash);
    if (!err)
        err = store_sign_in_put(c->db, admin->hash, account->id, c->now.wall_ms);
    if (err) {
        text_dispose(&secret);
        return api_fail_storage(c, err);
    }
    admin->session = (struct store_sign_in){.hash = admin->hash,
                                            .created_at = c->now.wall_ms,
                                            .seen_at = c->now.wall_ms,
                                            .account = *account};
    api_admin_set_cookie(c->request, c->response, secret.at);
    put_session(c, secret.at);
    mem_wipe(secret.at, secret.len);
    text_dispose(&secret);
    return 0;
}

// --- A password ---

static int find_account(struct api_context *c, struct store_account *account)
{
    const struct api_admin *admin = c->call->admin;
    return admin->is_signed_in
               ? store_account_get(c->db, admin->session.account.id, c->arena, account)
               : store_account_named(c->db, admin->name, c->arena, account);
}

// Of a name that nobody has the answer takes as long.
static int check_old(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    struct store_account account;
    int err = find_account(c, &account);
    if (err && err != ERR_NOT_FOUND)
        return api_fail_storage(c, err);
    if (!err) {
        admin->session.account = account;
        admin->is_known = true;
    }
    if (password_is(admin->password, err ? NULL : account.password))
        return 0;
    return admin->is_signed_in
               ? api_fail_detail(c, 403, "Forbidden", "the password is wrong")
               : api_fail_detail(c, 401, "Authentication error", "name or password is wrong");
}

int api_admin_check_password(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    bool is_used = false;
    int err = 0;
    if (admin->link_hash[0])
        err = store_link_is_used(c->db, admin->link_hash, &is_used);
    if (err)
        return api_fail_storage(c, err);
    if (is_used)
        return api_fail_detail(c, 410, "Gone", "the link was used before");
    if (admin->password)
        err = check_old(c);
    if (!err && admin->new_password)
        password_keep(admin->new_password, &c->api->rng, admin->kept);
    return err;
}

// --- The handlers ---

int api_admin_sign_in(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    struct store_account account;
    int err = store_account_get(c->db, admin->session.account.id, c->arena, &account);
    // It may be gone, or have another password, since that was looked at.
    if (err == ERR_NOT_FOUND ||
        (!err && strcmp(account.password, admin->session.account.password) != 0))
        return api_fail_detail(c, 401, "Authentication error", "name or password is wrong");
    account.signed_in_at = c->now.wall_ms;
    if (!err)
        err = store_account_update(c->db, &account);
    admin->target = "";
    return err ? api_fail_storage(c, err) : api_admin_begin(c, &account);
}

// The first link makes the first account; a later one gives an owner another password, and
// nobody who was signed in as that one stays so.
int api_admin_use_link(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    struct store_account account;
    char id[OBJECT_ID_LEN + 1];
    int64_t count;
    int err = store_link_use(c->db, admin->link_hash, admin->link_expires_at, c->now.wall_ms);
    if (err == ERR_EXISTS)
        return api_fail_detail(c, 410, "Gone", "the link was used before");
    if (!err)
        err = store_account_count(c->db, &count);
    if (err)
        return api_fail_storage(c, err);
    if (count) {
        err = store_account_named(c->db, admin->name, c->arena, &account);
        if (err == ERR_NOT_FOUND || (!err && account.role != ACCOUNT_OWNER))
            return api_fail_detail(c, 409, "Conflict",
                                   "there are accounts: a link is for an owner of that name");
        account.password = admin->kept;
    } else {
        id_object(&c->api->ids, c->now.wall_ms, id);
        account = (struct store_account){.id = arena_text(c->arena, bytes_of(id)),
                                         .name = admin->name,
                                         .role = ACCOUNT_OWNER,
                                         .password = admin->kept,
                                         .created_at = c->now.wall_ms};
    }
    account.updated_at = account.signed_in_at = c->now.wall_ms;
    if (!err)
        err = count ? store_account_update(c->db, &account)
                    : store_account_insert(c->db, &account);
    if (!err && count)
        err = store_sign_in_remove_others(c->db, account.id, "");
    if (err)
        return api_fail_storage(c, err);
    admin->target = account.name;
    return api_admin_begin(c, &account);
}

int api_admin_session(struct api_context *c)
{
    char secret[ADMIN_SECRET_LEN + 1];
    return api_admin_cookie(c->request, secret) ? put_session(c, secret)
                                                : api_fail(c, 401, "Authentication error");
}

int api_admin_sign_out(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    int everywhere;
    int err = api_query_bool(c, "everywhere", &everywhere);
    if (err)
        return err;
    err = everywhere > 0 ? store_sign_in_remove_others(c->db, admin->session.account.id, "")
                         : store_sign_in_remove(c->db, admin->hash);
    if (err)
        return api_fail_storage(c, err);
    admin->target = "";
    api_admin_set_cookie(c->request, c->response, NULL);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "message", "signed out");
    json_close(&j, '}');
    return 0;
}

// One's own. All other sessions end, and this one gets another id.
int api_admin_password(struct api_context *c)
{
    struct api_admin *admin = c->call->admin;
    struct store_account account;
    int err = store_account_get(c->db, admin->session.account.id, c->arena, &account);
    if (err)
        return api_fail_storage(c, err);
    account.password = admin->kept;
    account.updated_at = c->now.wall_ms;
    err = store_account_update(c->db, &account);
    if (!err)
        err = store_sign_in_remove_others(c->db, account.id, "");
    admin->target = account.name;
    return err ? api_fail_storage(c, err) : api_admin_begin(c, &account);
}
