// The accounts of the dashboard. An admin manages all but owners, and there is always one of
// those.
#include "api/admin.h"

#include "base/err.h"
#include "base/limits.h"

#include <string.h>

static void put_account(struct json_out *j, const struct store_account *account)
{
    json_open(j, '{');
    json_member_string(j, "id", account->id);
    json_member_string(j, "name", account->name);
    json_member_string(j, "role", account_role_text(account->role));
    api_member_time(j, "created_at", account->created_at);
    api_member_time(j, "updated_at", account->updated_at);
    if (account->signed_in_at)
        api_member_time(j, "signed_in_at", account->signed_in_at);
    else
        json_member_string(j, "signed_in_at", NULL);
    json_close(j, '}');
}

static int answer(struct api_context *c, const struct store_account *account)
{
    struct json_out j = api_json(c);
    put_account(&j, account);
    c->call->admin->target = account->name;
    return 0;
}

int api_admin_accounts(struct api_context *c)
{
    struct store_account *accounts = arena_alloc(c->arena, ACCOUNTS_MAX * sizeof *accounts);
    int count = store_account_list(c->db, c->arena, accounts);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = api_open_page(c, ACCOUNTS_MAX);
    for (int i = 0; i < count; i++)
        put_account(&j, &accounts[i]);
    api_close_page(&j, "");
    return 0;
}

static bool may_touch(const struct api_context *c, enum account_role role)
{
    return c->call->admin->session.account.role >= role;
}

static int refuse_owner(struct api_context *c)
{
    return api_fail_detail(c, 403, "Forbidden", "only an owner manages owners");
}

static int fail_kept(struct api_context *c, int err)
{
    return err == ERR_EXISTS ? api_fail_detail(c, 409, "Conflict", "an account has this name")
                             : api_fail_storage(c, err);
}

int api_admin_account_create(struct api_context *c)
{
    const struct api_admin *admin = c->call->admin;
    char id[OBJECT_ID_LEN + 1];
    int64_t count;
    if (!may_touch(c, admin->role))
        return refuse_owner(c);
    int err = store_account_count(c->db, &count);
    if (!err && count >= ACCOUNTS_MAX)
        return api_fail_detail(c, 409, "Conflict", "there are too many accounts");
    id_object(&c->api->ids, c->now.wall_ms, id);
    struct store_account account = {.id = id,
                                    .name = admin->name,
                                    .role = admin->role,
                                    .password = admin->kept,
                                    .created_at = c->now.wall_ms,
                                    .updated_at = c->now.wall_ms};
    if (!err)
        err = store_account_insert(c->db, &account);
    return err ? fail_kept(c, err) : answer(c, &account);
}

static int find(struct api_context *c, struct store_account *account)
{
    int err = store_account_get(c->db, c->call->parameters[0], c->arena, account);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "account not found");
    if (err)
        return api_fail_storage(c, err);
    c->call->admin->target = account->name;
    return may_touch(c, account->role) ? 0 : refuse_owner(c);
}

// Somebody has to be left who can manage the others.
static int check_last_owner(struct api_context *c, const struct store_account *account)
{
    int64_t owners;
    if (account->role != ACCOUNT_OWNER)
        return 0;
    int err = store_account_owners(c->db, &owners);
    if (err)
        return api_fail_storage(c, err);
    return owners > 1 ? 0 : api_fail_detail(c, 409, "Conflict", "it is the only owner");
}

// Its sessions end when it may do less, or has another password. One's own password is changed
// by who knows it.
int api_admin_account_update(struct api_context *c)
{
    const struct api_admin *admin = c->call->admin;
    struct store_account account;
    int err = find(c, &account);
    if (err)
        return err;
    bool is_self = strcmp(account.id, admin->session.account.id) == 0;
    if (is_self && admin->new_password)
        return api_fail_detail(c, 409, "Conflict", "POST /v2/admin/password changes one's own");
    if (admin->has_role && !may_touch(c, admin->role))
        return refuse_owner(c);
    bool is_less = admin->has_role && admin->role < account.role;
    if (is_less && (err = check_last_owner(c, &account)))
        return err;
    if (admin->name)
        account.name = admin->name;
    if (admin->has_role)
        account.role = admin->role;
    if (admin->new_password)
        account.password = admin->kept;
    account.updated_at = c->now.wall_ms;
    err = store_account_update(c->db, &account);
    if (!err && (is_less || admin->new_password))
        err = store_sign_in_remove_others(c->db, account.id, is_self ? admin->hash : "");
    return err ? fail_kept(c, err) : answer(c, &account);
}

int api_admin_account_delete(struct api_context *c)
{
    struct store_account account;
    int err = find(c, &account);
    if (!err)
        err = check_last_owner(c, &account);
    if (err)
        return err;
    err = store_account_delete(c->db, account.id);
    return err ? api_fail_storage(c, err) : answer(c, &account);
}
