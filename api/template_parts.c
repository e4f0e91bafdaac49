// /v2/templates/<id>/...: the sections of a template one by one.

#include "api/templates.h"

#include "base/err.h"
#include "store/codes.h"

#include <string.h>

int api_template_of_path(struct api_context *c, struct store_template *row)
{
    int err = store_template_get(c->db, c->call->parameters[0], c->arena, row);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "template not found");
    return err ? api_fail_storage(c, err) : 0;
}

int api_template_open(struct api_context *c, struct template_edit *edit)
{
    *edit = (struct template_edit){0};
    int err = api_template_of_path(c, &edit->row);
    if (!err)
        edit->document = json_loads(edit->row.document, 0, NULL);
    return err;
}

int api_template_open_with_body(struct api_context *c, struct template_edit *edit)
{
    int err = api_template_open(c, edit);
    if (err)
        return err;
    err = api_body(c, &edit->body);
    if (err)
        json_decref(edit->document);
    return err;
}

void api_template_close(struct template_edit *edit)
{
    json_decref(edit->document);
    json_decref(edit->body);
}

// --- Showing ---

void api_put_section(struct json_out *j, const json_t *document, const char *name)
{
    const json_t *section = json_get_object(document, name);
    if (!section) {
        json_put_verbatim(j, bytes_of("{}"));
        return;
    }
    json_t *shown = json_deep_copy(section);
    json_t *upload = json_object_get(json_object_get(shown, "recording"), "upload");
    api_hide_secrets(json_object_get(upload, "credentials"));
    json_put_value(j, shown);
    json_decref(shown);
}

static int answer_section(struct api_context *c, const struct store_template *row,
                          const char *name)
{
    json_t *document = json_loads(row->document, 0, NULL);
    struct json_out j = api_json(c);
    api_put_section(&j, document, name);
    json_decref(document);
    return 0;
}

static int answer_role(struct api_context *c, const json_t *role)
{
    struct json_out j = api_json(c);
    json_put_value(&j, role);
    return 0;
}

// --- Roles ---

int api_template_role_get(struct api_context *c)
{
    struct template_edit edit;
    int err = api_template_open(c, &edit);
    if (err)
        return err;
    const json_t *role =
        json_get_object(json_object_get(edit.document, "roles"), c->call->parameters[1]);
    err = role ? answer_role(c, role) : api_fail(c, 404, "role not found");
    api_template_close(&edit);
    return err;
}

static void rename_in_list(json_t *list, const char *from, const char *to)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *which = json_string_value(json_array_get(list, i));
        if (which && strcmp(which, from) == 0)
            json_array_set_new(list, i, json_string(to));
    }
}

static void rename_member(json_t *object, const char *key, const char *from, const char *to)
{
    if (strcmp(json_get_text(object, key, ""), from) == 0)
        json_object_set_new(object, key, json_string(to));
}

// What recorded, streamed or drew as `from` does so as `to`.
static void rename_elsewhere(json_t *document, const char *from, const char *to)
{
    const char *kind, *key;
    json_t *plugin, *list, *destinations, *one;
    size_t i;
    json_object_foreach(json_object_get(document, "plugins"), kind, plugin)
    {
        json_object_foreach(json_object_get(plugin, "permissions"), key, list)
        {
            rename_in_list(list, from, to);
        }
    }
    json_object_foreach(json_object_get(document, "destinations"), kind, destinations)
    {
        json_object_foreach(destinations, key, one)
        {
            rename_member(one, "role", from, to);
        }
    }
    json_array_foreach(json_object_get(document, "recordings"), i, one)
    {
        rename_member(one, "role", from, to);
    }
}

// Puts `from` under the name `to`, in its place of the order.
static void rename_role(json_t *document, const char *from, const char *to)
{
    json_t *roles = json_object(), *role;
    const char *name;
    json_object_foreach(json_object_get(document, "roles"), name, role)
    {
        json_object_set(roles, strcmp(name, from) == 0 ? to : name, role);
        json_t *params = json_object_get(role, "subscribeParams");
        rename_in_list(json_object_get(params, "subscribeToRoles"), from, to);
    }
    json_object_set_new(document, "roles", roles);
    rename_elsewhere(document, from, to);
}

static void note_role_change(struct api_context *c, const char *template_id, const char *role)
{
    struct api_role_change *change = arena_alloc(c->arena, sizeof *change);
    *change = (struct api_role_change){arena_text(c->arena, bytes_of(template_id)),
                                       arena_text(c->arena, bytes_of(role))};
    c->call->changed_role = change;
}

static int set_role(struct api_context *c, const json_t *body, json_t *document,
                    struct store_template *row)
{
    const char *name = c->call->parameters[1];
    json_t *roles = json_object_get(document, "roles");
    if (api_sent(body, "name") && !json_get_text(body, "name", NULL))
        return api_fail_field(c, "name");
    bool exists = json_object_get(roles, name);
    const char *wanted = json_get_text(body, "name", name);
    json_t *role = json_deep_copy(body);

    json_object_set_new(role, "name", json_string(wanted));
    json_object_set_new(roles, name, role);
    if (strcmp(wanted, name) == 0)
        return api_template_store(c, document, row);

    if (json_object_get(roles, wanted))
        return api_fail(c, 400, "role name already exists");
    rename_role(document, name, wanted);
    int err = api_template_store(c, document, row);
    if (err || !exists)
        return err;
    err = store_codes_rename_role(c->db, row->id, name, wanted, c->now.wall_ms);
    note_role_change(c, row->id, name);
    return err ? api_fail_storage(c, err) : 0;
}

int api_template_role_set(struct api_context *c)
{
    struct template_edit edit;
    int err = api_template_open_with_body(c, &edit);
    if (err)
        return err;
    err = set_role(c, edit.body, edit.document, &edit.row);
    const char *name = json_get_text(edit.body, "name", c->call->parameters[1]);
    if (!err)
        err = answer_role(c, json_object_get(json_object_get(edit.document, "roles"), name));
    api_template_close(&edit);
    return err;
}

int api_template_role_delete(struct api_context *c)
{
    struct template_edit edit;
    const char *name = c->call->parameters[1];
    int err = api_template_open(c, &edit);
    if (err)
        return err;
    err = json_object_del(json_object_get(edit.document, "roles"), name)
              ? api_fail(c, 404, "role not found")
              : api_template_store(c, edit.document, &edit.row);
    api_template_close(&edit);
    if (err)
        return err;
    err = store_codes_disable_role(c->db, edit.row.id, name, c->now.wall_ms);
    note_role_change(c, edit.row.id, name);
    if (err)
        return api_fail_storage(c, err);
    c->response->status = 204;
    return 0;
}

// --- Settings and destinations ---

static int merge_section(struct api_context *c, const char *name)
{
    struct template_edit edit;
    int err = api_template_open_with_body(c, &edit);
    if (err)
        return err;
    json_object_update(json_object_get(edit.document, name), edit.body);
    err = api_template_store(c, edit.document, &edit.row);
    api_template_close(&edit);
    return err ? err : answer_section(c, &edit.row, name);
}

static int get_section(struct api_context *c, const char *name)
{
    struct store_template row;
    int err = api_template_of_path(c, &row);
    return err ? err : answer_section(c, &row, name);
}

int api_template_settings_get(struct api_context *c)
{
    return get_section(c, "settings");
}

int api_template_settings_set(struct api_context *c)
{
    return merge_section(c, "settings");
}

int api_template_destinations_get(struct api_context *c)
{
    return get_section(c, "destinations");
}

int api_template_destinations_set(struct api_context *c)
{
    return merge_section(c, "destinations");
}
