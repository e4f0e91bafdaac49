// The access key and its secrets, which are in a file (store/keys.h): each secret is shown
// once, when it is made. Two are good at a time, so that back ends change over without a gap.
#include "api/admin.h"

#include "base/err.h"
#include "base/log.h"
#include "store/keys.h"

#include <string.h>

// --- What is there ---

static void put_keys(struct json_out *j, const struct keys *keys)
{
    json_member_string(j, "access_key", keys->key.access_key);
    json_member_int(j, "secrets", keys->key.secrets[1][0] ? 2 : 1);
    json_member_string(j, "customer_id", keys->customer_id);
    json_member_string(j, "app_id", keys->app_id);
    json_member_string(j, "template_id", keys->template_id);
}

static int read_keys(struct api_context *c, struct keys *keys)
{
    int err = c->config->data ? keys_read(keys, c->config->data) : ERR_NOT_FOUND;
    return err ? api_fail_detail(c, 503, "Service Unavailable", "keys.json cannot be read") : 0;
}

int api_admin_keys(struct api_context *c)
{
    struct keys keys;
    int err = read_keys(c, &keys);
    if (err)
        return err;
    struct json_out j = api_open_page(c, 1);
    json_open(&j, '{');
    put_keys(&j, &keys);
    json_close(&j, '}');
    api_close_page(&j, "");
    keys_wipe(&keys);
    return 0;
}

// --- Changes ---

// The file first: a secret that nobody was told is worth nothing, and a row of the audit that
// tells of one that is not there would be untrue.
static int save(struct api_context *c, struct keys *keys)
{
    int err = keys_save(keys, c->config->data);
    if (err)
        return api_fail_detail(c, 503, "Service Unavailable", "keys.json cannot be written");
    c->call->changes_keys = true;
    c->call->admin->target = arena_text(c->arena, bytes_of(keys->key.access_key));
    return 0;
}

static int answer(struct api_context *c, const struct keys *keys, bool shows_secret)
{
    struct json_out j = api_json(c);
    json_open(&j, '{');
    put_keys(&j, keys);
    if (shows_secret)
        json_member_string(&j, "app_secret", keys->key.secrets[0]);
    json_close(&j, '}');
    return 0;
}

int api_admin_key_create(struct api_context *c)
{
    struct keys keys;
    int err = read_keys(c, &keys);
    if (err)
        return err;
    if (keys.key.secrets[1][0]) {
        keys_wipe(&keys);
        return api_fail_detail(c, 409, "Conflict", "there are two secrets: revoke the old one");
    }
    keys_rotate(&keys, &c->api->rng);
    err = save(c, &keys);
    if (!err)
        err = answer(c, &keys, true);
    keys_wipe(&keys);
    return err;
}

int api_admin_key_revoke(struct api_context *c)
{
    struct keys keys;
    int err = read_keys(c, &keys);
    if (err)
        return err;
    if (!keys_revoke(&keys)) {
        keys_wipe(&keys);
        return api_fail_detail(c, 409, "Conflict", "there is one secret only");
    }
    err = save(c, &keys);
    if (!err)
        err = answer(c, &keys, false);
    keys_wipe(&keys);
    return err;
}
