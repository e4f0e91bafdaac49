// GET /v2/layouts/ui: how the screens of prebuilt clients look, for each role. What a template
// does not say follows from its roles. And /v2/templates/<id>/layouts, our own, which says it.
//
// A client takes the presence of an element for "on", so what is off is left out; and the first
// layout is that of the token's role.

#include "api/layout_theme.h"
#include "api/templates.h"

#include "base/err.h"
#include "base/map.h"
#include "store/document.h"
#include "store/rooms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool publishes(const struct role *role)
{
    return role->allowed[PUBLISH_AUDIO] || role->allowed[PUBLISH_VIDEO] ||
           role->allowed[PUBLISH_SCREEN];
}

static bool moderates(const struct role *role)
{
    return role->permissions[PERMISSION_REMOVE_OTHERS] ||
           role->permissions[PERMISSION_END_ROOM];
}

// --- Parts ---

static json_t *themes(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < LAYOUT_THEME_COUNT; i++) {
        const struct layout_theme *theme = &layout_themes[i];
        json_t *palette = json_object();
        for (size_t k = 0; k < theme->colour_count; k++)
            json_object_set_new(palette, theme->palette[k].name,
                                json_string(theme->palette[k].value));
        json_array_append_new(list,
                              json_pack("{s:s, s:b, s:s, s:o}", "name", theme->name, "default",
                                        i == 0, "theme_type", theme->type, "palette", palette));
    }
    return list;
}

static json_t *preview(void)
{
    return json_pack("{s:b, s:{s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}}}", "skip_preview_screen", 0,
                     "default", "elements", "preview_header", "title", "Get started",
                     "sub_title", "Check your audio and video before joining", "join_form",
                     "join_btn_type", "JOIN_BTN_TYPE_JOIN_ONLY", "join_btn_label", "Join now",
                     "go_live_btn_label", "Go live");
}

static json_t *chat(const struct template *t, const struct role *role)
{
    json_t *all = json_array();
    for (size_t i = 0; i < t->role_count; i++)
        json_array_append_new(all, json_string(t->roles[i].name));
    int may = publishes(role) && moderates(role);
    return json_pack("{s:s, s:b, s:b, s:b, s:o, s:s, s:s, s:b, s:{s:b, s:b, s:b}}",
                     "initial_state", "CHAT_STATE_CLOSE", "is_overlay", 0,
                     "public_chat_enabled", 1, "private_chat_enabled", 1, "roles_whitelist",
                     all, "chat_title", "Chat", "message_placeholder", "Send a message…",
                     "allow_pinning_messages", may, "real_time_controls", "can_disable_chat",
                     may, "can_block_user", may, "can_hide_message", may);
}

static json_t *grid(const struct role *role)
{
    return json_pack("{s:{s:b, s:[], s:b, s:i}}", "grid", "enable_local_tile_inset", 1,
                     "prominent_roles", "enable_spotlighting_peer",
                     (int)role->permissions[PERMISSION_CHANGE_ROLE], "tiles_in_view", 9);
}

// Where somebody may be brought to, and from. NULL when there are not both.
static json_t *stage(const struct template *t, const struct role *role)
{
    if (!publishes(role))
        return NULL;
    const struct role *on = role;
    json_t *off = json_array();
    for (size_t i = 0; i < t->role_count; i++) {
        const struct role *other = &t->roles[i];
        if (publishes(other) && !moderates(other))
            on = other; // not the host's own, where there is another
        else if (!publishes(other) && !other->waiting_room)
            json_array_append_new(off, json_string(other->name));
    }
    if (json_array_size(off) && role->permissions[PERMISSION_CHANGE_ROLE])
        return json_pack("{s:s, s:s, s:s, s:o, s:b}", "bring_to_stage_label", "Bring to stage",
                         "remove_from_stage_label", "Remove from stage", "on_stage_role",
                         on->name, "off_stage_roles", off, "skip_preview_for_role_change", 0);
    json_decref(off);
    return NULL;
}

static json_t *rating(int value, const char *emoji, const char *label, const char *question,
                      const char *third)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:[s, s, s]}", "value", value, "emoji", emoji,
                     "label", label, "question", question, "reasons", "Sound", "Video", third);
}

static json_t *leave(void)
{
    static const char wrong[] = "What went wrong?", well[] = "What worked well?";
    json_t *ratings = json_array();
    json_array_append_new(ratings, rating(1, "😞", "Bad", wrong, "Connection"));
    json_array_append_new(ratings, rating(2, "🙁", "Poor", wrong, "Connection"));
    json_array_append_new(ratings, rating(3, "😐", "Fair", wrong, "Connection"));
    json_array_append_new(ratings, rating(4, "🙂", "Good", well, "Chat"));
    json_array_append_new(ratings, rating(5, "😀", "Great", well, "Chat"));
    return json_pack("{s:{s:{s:{s:s, s:s, s:o, s:{s:s, s:s}, s:s}}}}", "default", "elements",
                     "feedback", "title", "How was the call?", "sub_title",
                     "Your answer stays on this server", "ratings", ratings, "comment", "label",
                     "Anything else?", "placeholder", "Optional", "submit_btn_label", "Send");
}

static json_t *conferencing(const struct template *t, const struct role *role,
                            const char *room_name)
{
    json_t *elements =
        json_pack("{s:{s:s}, s:o, s:{}, s:{}, s:{}, s:o}", "header", "title", room_name, "chat",
                  chat(t, role), "participant_list", "emoji_reactions", "hand_raise",
                  "video_tile_layout", grid(role));
    if (publishes(role))
        json_object_set_new(elements, "brb", json_object());
    json_t *on_stage = stage(t, role);
    if (on_stage)
        json_object_set_new(elements, "on_stage_exp", on_stage);
    return json_pack("{s:{s:o}}", "default", "elements", elements);
}

// --- A layout ---

static const char *const own_members[] = {"logo", "typography", "themes", "screens", "options"};
enum { OWN_MEMBER_COUNT = sizeof own_members / sizeof *own_members };

static json_t *layout_of(const struct template *t, const struct role *role,
                         const char *room_name, const char *app_id, const json_t *stored)
{
    char id[160];
    snprintf(id, sizeof id, "%s-%.100s", t->id, role->name);
    json_t *layout = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:{}, s:{s:s}, s:o, s:{s:o, s:o, s:o}}", "id", id, "role",
        role->name, "role_id", id, "template_id", t->id, "app_id", app_id, "options",
        "typography", "font_family", "system-ui", "themes", themes(), "screens", "preview",
        preview(), "conferencing", conferencing(t, role, room_name), "leave", leave());
    for (size_t i = 0; i < OWN_MEMBER_COUNT; i++) {
        if (api_sent(stored, own_members[i]))
            json_object_set(layout, own_members[i], json_object_get(stored, own_members[i]));
    }
    return layout;
}

static void put_layouts(struct api_context *c, const struct template *t, const json_t *stored,
                        const char *room_name)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->role_count; i++) {
        const struct role *role = &t->roles[i];
        json_t *layout = layout_of(t, role, room_name, c->config->app_id,
                                   json_get_object(stored, role->name));
        bool own = strcmp(role->name, c->call->claims.role) == 0;
        json_array_insert_new(list, own ? 0 : json_array_size(list), layout);
    }
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_int(&j, "limit", (int64_t)json_array_size(list));
    json_key(&j, "data");
    json_put_value(&j, list);
    json_member_string(&j, "last", "");
    json_close(&j, '}');
    json_decref(list);
}

// Browsers may keep the answer and ask whether it is still good: RFC 9110 section 8.8.3.
static void tag(struct api_context *c)
{
    static const uint64_t key[2] = {0};
    char etag[32];
    const char *known = c->request->if_none_match;
    snprintf(etag, sizeof etag, "\"%016" PRIx64 "\"",
             map_hash(text_bytes(&c->response->body), key));
    http_header_set(c->response, "cache-control", "private, max-age=0");
    http_header_set(c->response, "etag", arena_text(c->arena, bytes_of(etag)));
    if (known && (strstr(known, etag) || strcmp(known, "*") == 0)) {
        c->response->status = 304;
        c->response->content_type = NULL;
        text_clear(&c->response->body);
    }
}

int api_layouts(struct api_context *c)
{
    struct store_room room;
    struct store_template row;
    struct template *t;
    char where[DOCUMENT_WHERE_MAX];
    int err = store_room_get(c->db, c->call->claims.room_id, c->arena, &room);
    if (!err)
        err = store_template_get(c->db, room.template_id, c->arena, &row);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "template not found");
    if (!err)
        err = store_document_read(bytes_of(row.document), &t, where);
    if (err)
        return api_fail_storage(c, err);
    t->id = template_text(t, row.id);
    json_t *document = json_loads(row.document, 0, NULL);
    put_layouts(c, t, json_get_object(document, "layouts"), room.name);
    tag(c);
    json_decref(document);
    template_free(t);
    return 0;
}

// --- What a template says ---

static bool has_only(const json_t *object, const char *const *names)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const char *const *name = names;
        while (*name && strcmp(*name, key) != 0)
            name++;
        if (!*name || json_is_null(value))
            return false;
    }
    return true;
}

// A client takes whatever is there for "on", null too.
static bool has_null(const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach((json_t *)value, key, member)
    {
        if (json_is_null(member) || has_null(member))
            return true;
    }
    json_array_foreach((json_t *)value, i, member)
    {
        if (json_is_null(member) || has_null(member))
            return true;
    }
    return false;
}

// The client takes the first key of a screen for its kind: another one there breaks it.
static bool are_screens(const json_t *screens)
{
    static const char *const kinds[] = {"preview", "conferencing", "leave", NULL};
    static const char *const previews[] = {"default", "skip_preview_screen", NULL};
    static const char *const calls[] = {"default", "hls_live_streaming", NULL};
    const json_t *call = json_object_get(screens, "conferencing");
    const json_t *preview_screen = json_object_get(screens, "preview");
    return json_is_object(screens) && has_only(screens, kinds) && !has_null(screens) &&
           (!preview_screen || json_is_object(preview_screen)) &&
           has_only(preview_screen, previews) && has_only(call, calls) &&
           (!call || json_object_size(call) == 1);
}

static bool is_layout(const json_t *layout)
{
    static const char *const members[] = {"logo",    "typography",  "themes", "screens",
                                          "options", "role",        "id",     "role_id",
                                          "app_id",  "template_id", NULL};
    const json_t *list = json_object_get(layout, "themes");
    return json_is_object(layout) && has_only(layout, members) &&
           (!list || json_is_array(list)) &&
           (!json_object_get(layout, "screens") ||
            are_screens(json_object_get(layout, "screens")));
}

static int answer(struct api_context *c, const json_t *layouts)
{
    struct json_out j = api_json(c);
    if (layouts)
        json_put_value(&j, layouts);
    else
        json_put_verbatim(&j, bytes_of("{}"));
    return 0;
}

int api_template_layouts_get(struct api_context *c)
{
    struct template_edit edit;
    int err = api_template_open(c, &edit);
    if (err)
        return err;
    answer(c, json_get_object(edit.document, "layouts"));
    api_template_close(&edit);
    return 0;
}

// Each role that is sent replaces what was there; null takes it away.
static int merge(struct api_context *c, const json_t *body, json_t *document)
{
    json_t *layouts = json_object_get(document, "layouts");
    if (!layouts) {
        layouts = json_object();
        json_object_set_new(document, "layouts", layouts);
    }
    const char *role;
    json_t *layout;
    json_object_foreach((json_t *)body, role, layout)
    {
        char detail[120];
        snprintf(detail, sizeof detail, "Invalid body param: %.80s", role);
        api_take_nulls_away(layout);
        if (json_is_null(layout))
            json_object_del(layouts, role);
        else if (is_layout(layout) && json_object_get(json_object_get(document, "roles"), role))
            json_object_set(layouts, role, layout);
        else
            return api_fail_body(c, detail);
    }
    return 0;
}

int api_template_layouts_set(struct api_context *c)
{
    struct template_edit edit;
    int err = api_template_open_with_body(c, &edit);
    if (err)
        return err;
    err = merge(c, edit.body, edit.document);
    if (!err)
        err = api_template_store(c, edit.document, &edit.row);
    if (!err)
        answer(c, json_object_get(edit.document, "layouts"));
    api_template_close(&edit);
    return err;
}
