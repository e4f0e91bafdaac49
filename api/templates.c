// /v2/templates: list and get.

#include "api/context.h"

#include "base/err.h"
#include "store/templates.h"

static void put_template(struct json_out *j, const struct api_config *config,
                         const struct store_template *row)
{
    static const char *const sections[] = {"roles", "settings", "destinations", "plugins"};
    json_t *document = json_loads(row->document, 0, NULL);
    json_open(j, '{');
    json_member_string(j, "id", row->id);
    json_member_string(j, "_id", row->id);
    json_member_string(j, "name", row->name);
    json_member_string(j, "customerId", config->customer_id);
    json_member_string(j, "customer", config->customer_id);
    json_member_string(j, "appId", config->app_id);
    json_member_bool(j, "default", row->is_default);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const json_t *section = json_get_object(document, sections[i]);
        json_key(j, sections[i]);
        if (section)
            json_put_value(j, section);
        else
            json_put_verbatim(j, bytes_of("{}"));
    }
    api_member_time(j, "createdAt", row->created_at_ms);
    api_member_time(j, "updatedAt", row->updated_at_ms);
    json_close(j, '}');
    json_decref(document);
}

int api_templates_get(struct api_context *c)
{
    struct store_template row;
    int err = store_template_get(c->db, c->call->parameters[0], c->arena, &row);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "template not found");
    if (err)
        return api_fail_storage(c, err);
    struct json_out j = api_json(c);
    put_template(&j, c->config, &row);
    return 0;
}

int api_templates_list(struct api_context *c)
{
    struct store_template rows[STORE_TEMPLATES_MAX];
    struct store_template_filter filter = {
        .name = http_query(c->request, "name", 0),
        .start = http_query(c->request, "start", 0),
    };
    int err = api_query_bool(c, "default", &filter.is_default);
    if (!err)
        err = api_query_limit(c, 10, &filter.limit);
    if (!err && filter.start && filter.start[0] && !id_is_object(filter.start))
        err = api_fail_query(c, "start");
    if (err)
        return err;
    int count = store_template_list(c->db, &filter, c->arena, rows);
    if (count < 0)
        return api_fail_storage(c, count);

    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_int(&j, "limit", filter.limit);
    json_key(&j, "data");
    json_open(&j, '[');
    for (int i = 0; i < count; i++)
        put_template(&j, c->config, &rows[i]);
    api_close_page(&j, count ? rows[count - 1].id : "");
    return 0;
}
