// /v2/templates: list, get, create (which is an upsert by name), replace.

#include "api/templates.h"

#include "base/err.h"
#include "store/document.h"

#include <stdio.h>
#include <string.h>

// The sections of a document, in the order in which they are shown.
static const char *const sections[] = {"roles", "settings", "destinations", "plugins"};
enum { SECTION_COUNT = sizeof sections / sizeof *sections };

static void put_template(struct json_out *j, const struct api_config *config,
                         const struct store_template *row)
{
    json_t *document = json_loads(row->document, 0, NULL);
    json_open(j, '{');
    json_member_string(j, "id", row->id);
    json_member_string(j, "_id", row->id);
    json_member_string(j, "name", row->name);
    json_member_string(j, "customerId", config->customer_id);
    json_member_string(j, "customer", config->customer_id);
    json_member_string(j, "appId", config->app_id);
    json_member_bool(j, "default", row->is_default);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        json_key(j, sections[i]);
        api_put_section(j, document, sections[i]);
    }
    api_member_time(j, "createdAt", row->created_at_ms);
    api_member_time(j, "updatedAt", row->updated_at_ms);
    json_close(j, '}');
    json_decref(document);
}

static int answer_template(struct api_context *c, const struct store_template *row)
{
    struct json_out j = api_json(c);
    put_template(&j, c->config, row);
    return 0;
}

int api_templates_get(struct api_context *c)
{
    struct store_template row;
    int err = api_template_of_path(c, &row);
    return err ? err : answer_template(c, &row);
}

int api_templates_list(struct api_context *c)
{
    struct store_template rows[STORE_TEMPLATES_MAX];
    struct store_template_filter filter = {
        .name = api_query(c, "name"),
    };
    int err = api_query_bool(c, "default", &filter.is_default);
    if (!err)
        err = api_query_page(c, &filter.limit, &filter.start);
    if (err)
        return err;
    int count = store_template_list(c->db, &filter, c->arena, rows);
    if (count < 0)
        return api_fail_storage(c, count);

    struct json_out j = api_open_page(c, filter.limit);
    for (int i = 0; i < count; i++)
        put_template(&j, c->config, &rows[i]);
    api_close_page(&j, count ? rows[count - 1].id : "");
    return 0;
}

// --- Writing ---

enum { TEMPLATE_NAME_LEN_MAX = 200 };

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= TEMPLATE_NAME_LEN_MAX &&
           strspn(name,
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-_:") == len;
}

// `*name` stays when the body has none.
static int take_name(struct api_context *c, const json_t *body, const char **name)
{
    if (!api_sent(body, "name"))
        return 0;
    const char *sent = json_get_text(body, "name", "");
    if (!name_ok(sent))
        return api_fail_field(c, "name");
    *name = arena_text(c->arena, bytes_of(sent));
    return 0;
}

// The body's sections; those that it leaves out are as in a fresh installation. What has calls
// of its own stays as it was in `before`, which may be NULL.
static json_t *document_of(const json_t *body, const char *before)
{
    static const char *const kept[] = {"recordings", "layouts"};
    json_t *document = json_loads(store_document_default, 0, NULL);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (api_sent(body, sections[i]))
            json_object_set(document, sections[i], json_object_get(body, sections[i]));
    }
    json_t *old = before ? json_loads(before, 0, NULL) : NULL;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(old, kept[i]))
            json_object_set(document, kept[i], json_object_get(old, kept[i]));
    json_decref(old);
    return document;
}

static int fail_document(struct api_context *c, const char *where)
{
    return where[0] ? api_fail_field(c, where)
                    : api_fail_body(c, "template is too large or too deep");
}

// Writes `document` out with its defaults, as it is understood.
static int fill(json_t *document, char where[DOCUMENT_WHERE_MAX])
{
    struct template *t;
    struct text text = {0};
    struct json_out j = json_out_on(&text);
    json_put_value(&j, document);
    int err = store_document_read(text_bytes(&text), &t, where);
    text_dispose(&text);
    if (err)
        return err;
    store_document_fill(document, t);
    template_free(t);
    return 0;
}

static json_t *credentials_of(const json_t *document)
{
    const json_t *recording =
        json_object_get(json_object_get(document, "settings"), "recording");
    return json_object_get(json_object_get(recording, "upload"), "credentials");
}

int api_template_store(struct api_context *c, json_t *document, struct store_template *row)
{
    struct template *t;
    char where[DOCUMENT_WHERE_MAX];
    json_t *before = json_loads(row->document, 0, NULL);
    api_keep_secrets(credentials_of(document), credentials_of(before));
    json_decref(before);
    api_take_nulls_away(document);
    if (fill(document, where))
        return fail_document(c, where);

    struct text text = {0};
    struct json_out j = json_out_on(&text);
    json_put_value(&j, document);
    row->document = arena_text(c->arena, text_bytes(&text));
    row->updated_at_ms = c->now.wall_ms;
    // What is stored can be read: the defaults have made it longer.
    int err = store_document_read(text_bytes(&text), &t, where);
    text_dispose(&text);
    if (err)
        return fail_document(c, where);
    t->id = template_text(t, row->id);
    t->name = template_text(t, row->name);
    template_free(c->call->template);
    c->call->template = t;
    err = store_template_update(c->db, row);
    if (err == ERR_EXISTS)
        return api_fail(c, 400, "template name already exists");
    return err ? api_fail_storage(c, err) : 0;
}

static int insert(struct api_context *c, const char *name, struct store_template *row)
{
    char id[OBJECT_ID_LEN + 1];
    id_object(&c->api->ids, c->now.wall_ms, id);
    *row = (struct store_template){
        .id = arena_text(c->arena, bytes_of(id)),
        .name = name,
        .document = store_document_default,
        .created_at_ms = c->now.wall_ms,
        .updated_at_ms = c->now.wall_ms,
    };
    int err = store_template_insert(c->db, row);
    return err ? api_fail_storage(c, err) : 0;
}

static int create(struct api_context *c, const json_t *body, struct store_template *row)
{
    char uuid[UUID_LEN + 1], made[UUID_LEN + sizeof "default_"];
    id_uuid(&c->api->rng, uuid);
    snprintf(made, sizeof made, "default_%s", uuid);
    const char *name = arena_text(c->arena, bytes_of(made));
    int err = take_name(c, body, &name);
    if (err)
        return err;
    err = store_template_named(c->db, name, c->arena, row);
    if (err == ERR_NOT_FOUND)
        err = insert(c, name, row);
    else if (err)
        err = api_fail_storage(c, err);
    if (err)
        return err;
    json_t *document = document_of(body, row->document);
    err = api_template_store(c, document, row);
    json_decref(document);
    return err;
}

int api_templates_create(struct api_context *c)
{
    json_t *body;
    struct store_template row;
    int err = api_body_template(c, &body);
    if (err)
        return err;
    err = create(c, body, &row);
    json_decref(body);
    return err ? err : answer_template(c, &row);
}

int api_templates_update(struct api_context *c)
{
    json_t *body;
    struct store_template row;
    int err = api_template_of_path(c, &row);
    if (!err)
        err = api_body_template(c, &body);
    if (err)
        return err;
    err = take_name(c, body, &row.name);
    if (!err) {
        json_t *document = document_of(body, row.document);
        err = api_template_store(c, document, &row);
        json_decref(document);
    }
    json_decref(body);
    return err ? err : answer_template(c, &row);
}

int api_templates_delete(struct api_context *c)
{
    struct store_template row;
    int err = api_template_of_path(c, &row);
    if (err)
        return err;
    if (row.is_default)
        return api_fail(c, 409, "template is the default");
    err = store_template_delete(c->db, row.id);
    if (err == ERR_EXISTS)
        return api_fail(c, 409, "template is in use");
    if (err)
        return api_fail_storage(c, err);
    c->response->status = 204;
    return 0;
}
