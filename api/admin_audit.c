// The audit: a row for each change, and reading it.
#include "api/admin.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/audit.h"
#include "store/rooms.h"
#include "store/templates.h"

#include <string.h>

enum { LIMIT = 50, NAME_LEN = 256 };

// --- Writing ---

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

// Of the room or the template that the path names, as it is called now.
static const char *name_by_path(struct api_context *c)
{
    static const char *const of_rooms[] = {"/v2/rooms/{}",
                                           "/v2/active-rooms/{}",
                                           "/v2/room-codes/room/{}",
                                           "/v2/stream-keys/room/{}",
                                           "/v2/recordings/room/{}",
                                           "/v2/live-streams/room/{}",
                                           "/v2/external-streams/room/{}"};
    const char *pattern = c->call->route->pattern, *id = c->call->parameters[0];
    struct store_template template;
    struct store_room room;
    for (size_t i = 0; i < sizeof of_rooms / sizeof *of_rooms; i++)
        if (begins(pattern, of_rooms[i]) && store_room_get(c->db, id, c->arena, &room) == 0)
            return room.name;
    if (begins(pattern, "/v2/templates/{}") &&
        store_template_get(c->db, id, c->arena, &template) == 0)
        return template.name;
    return "";
}

// As the answer calls it.
static const char *name_by_answer(struct api_context *c)
{
    json_t *answer;
    if (c->response->status >= 400 ||
        json_read(text_bytes(&c->response->body), &json_bounds_default, &answer))
        return "";
    const char *name = json_get_text(answer, "name", json_get_text(answer, "id", ""));
    name = arena_text(c->arena, bytes_of(name));
    json_decref(answer);
    return name;
}

static const char *target_of(struct api_context *c)
{
    const char *target = c->call->admin->target;
    if (!target)
        target = name_by_answer(c);
    return target[0] ? target : name_by_path(c);
}

// What a back end would have asked for.
static const char *path_of(const struct api_context *c)
{
    static const char rest[] = "/v2/admin/rest/";
    const char *path = c->request->raw_path;
    if (!c->call->is_rest || !begins(path, rest))
        return path;
    struct text t = {0};
    text_addf(&t, "/v2/%s", path + sizeof rest - 1);
    path = arena_text(c->arena, text_bytes(&t));
    text_dispose(&t);
    return path;
}

static const char *method_of(const struct http_request *request)
{
    return request->method == HTTP_DELETE ? "DELETE" : "POST";
}

int api_admin_note(struct api_context *c)
{
    const struct store_account *account = &c->call->admin->session.account;
    char id[OBJECT_ID_LEN + 1], from[ADDR_TEXT_MAX];
    id_object(&c->api->ids, c->now.wall_ms, id);
    addr_format_ip(&c->request->from, from);
    return store_audit_put(c->db, &(struct store_audit){
                                      .id = id,
                                      .at = c->now.wall_ms,
                                      .account_id = account->id ? account->id : "",
                                      .account = account->name ? account->name : "",
                                      .method = method_of(c->request),
                                      .path = path_of(c),
                                      .target = target_of(c),
                                      .from = from,
                                      .status = c->response->status,
                                  });
}

// --- Reading ---

static void put_row(struct json_out *j, const struct store_audit *row)
{
    json_open(j, '{');
    json_member_string(j, "id", row->id);
    api_member_time(j, "at", row->at);
    json_member_string(j, "account_id", row->account_id);
    json_member_string(j, "account", row->account);
    json_member_string(j, "method", row->method);
    json_member_string(j, "path", row->path);
    json_member_string(j, "target", row->target);
    json_member_string(j, "from", row->from);
    json_member_int(j, "status", row->status);
    json_close(j, '}');
}

int api_admin_audit(struct api_context *c)
{
    struct store_audit rows[AUDIT_ROWS_MAX];
    struct store_audit_filter filter = {.before_ms = INT64_MAX,
                                        .account = api_query(c, "account"),
                                        .search = api_query(c, "search")};
    int err = api_query_page(c, &filter.limit, &filter.start);
    if (!err)
        err = api_query_bool(c, "refused", &filter.is_refused);
    if (!err)
        err = api_query_time(c, "after", &filter.after_ms);
    if (!err)
        err = api_query_time(c, "before", &filter.before_ms);
    if (err)
        return err;
    int count = store_audit_list(c->db, &filter, c->arena, rows);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = api_open_page(c, filter.limit);
    for (int i = 0; i < count; i++)
        put_row(&j, &rows[i]);
    api_close_page(&j, count ? rows[count - 1].id : "");
    return 0;
}
