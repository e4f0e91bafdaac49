#include "api/layout_theme.h"
#include "world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *at(const json_t *value, const char *path)
{
    char copy[200];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *key = strtok(copy, "."); key; key = strtok(NULL, "."))
        value = json_object_get(value, key);
    return value;
}

static struct answer layouts(struct world *w, const char *room, const char *role)
{
    struct answer a = call(w, HTTP_GET, "/v2/layouts/ui", app(w, room, role), "");
    CHECK_EQ(a.status, 200);
    return a;
}

static const char webinar[] =
    "{\"name\":\"webinar\",\"roles\":{\"host\":{\"permissions\":{\"changeRole\":true,"
    "\"endRoom\":"
    "true}},\"speaker\":{},\"viewer\":{\"publishParams\":{\"allowed\":[]}}}}";

static const char *make_webinar(struct world *w, const char **room)
{
    struct answer made = post(w, "/v2/templates", webinar);
    char wish[80];
    snprintf(wish, sizeof wish, "{\"template_id\":\"%s\",\"name\":\"monday\"}",
             text(&made, "id"));
    *room = make_room(w, wish);
    return text(&made, "id");
}

TEST(the_layout_of_the_own_role_comes_first_and_all_are_there)
{
    struct world *w = world_new();
    const char *room;
    make_webinar(w, &room);
    struct answer a = layouts(w, room, "viewer");
    CHECK_EQ(items(&a), 3);
    CHECK_TEXT(json_get_text(item(&a, 0), "role", ""), "viewer");
    CHECK_TEXT(json_get_text(item(&a, 1), "role", ""), "host");
    CHECK_TEXT(json_string_value(
                   at(item(&a, 0), "screens.conferencing.default.elements.header.title")),
               "monday");
    CHECK_EQ(
        json_array_size(at(item(&a, 0), "screens.leave.default.elements.feedback.ratings")), 5);
    world_free(w);
}

TEST(what_a_role_may_do_is_what_its_screens_offer)
{
    struct world *w = world_new();
    const char *room;
    make_webinar(w, &room);
    struct answer a = layouts(w, room, "host");
    const json_t *host = at(item(&a, 0), "screens.conferencing.default.elements");
    const json_t *viewer = at(item(&a, 2), "screens.conferencing.default.elements");
    CHECK(json_is_true(at(host, "chat.real_time_controls.can_block_user")));
    CHECK(!json_is_true(at(viewer, "chat.real_time_controls.can_block_user")));
    CHECK(json_is_true(at(host, "video_tile_layout.grid.enable_spotlighting_peer")));
    CHECK(at(host, "brb") && !at(viewer, "brb"));
    CHECK_TEXT(json_string_value(at(host, "on_stage_exp.on_stage_role")), "speaker");
    CHECK_TEXT(json_string_value(json_array_get(at(host, "on_stage_exp.off_stage_roles"), 0)),
               "viewer");
    CHECK(!at(viewer, "on_stage_exp"));
    CHECK_EQ(json_array_size(at(viewer, "chat.roles_whitelist")), 3);
    world_free(w);
}

TEST(a_viewer_brings_nobody_to_the_stage_whatever_it_may_do)
{
    struct world *w = world_new();
    struct answer made =
        post(w, "/v2/templates",
             "{\"roles\":{\"speaker\":{},\"viewer\":{\"publishParams\":{\"allowed\":[]},"
             "\"permissions\":{\"changeRole\":true,\"removeOthers\":true}}}}");
    char wish[80];
    snprintf(wish, sizeof wish, "{\"template_id\":\"%s\"}", text(&made, "id"));
    struct answer a = layouts(w, make_room(w, wish), "viewer");
    const json_t *viewer = at(item(&a, 0), "screens.conferencing.default.elements");
    CHECK(!at(viewer, "on_stage_exp"));
    CHECK(json_is_false(at(viewer, "chat.allow_pinning_messages")));
    world_free(w);
}

TEST(a_browser_may_keep_the_layouts_and_asks_whether_they_are_still_good)
{
    struct world *w = world_new();
    const char *room = make_room(w, "{\"name\":\"r\"}");
    struct answer first = layouts(w, room, "host");
    const char *etag = header(&first, "etag");
    CHECK_TEXT(header(&first, "cache-control"), "private, max-age=0");
    CHECK_EQ(strlen(etag), 18);
    w->if_none_match = etag;
    struct answer again = call(w, HTTP_GET, "/v2/layouts/ui", app(w, room, "host"), "");
    CHECK_EQ(again.status, 304);
    CHECK_TEXT(again.body, "");
    CHECK_TEXT(header(&again, "etag"), etag);
    again = layouts(w, room, "guest"); // another answer
    CHECK(strcmp(header(&again, "etag"), etag) != 0);
    post(w, "/v2/rooms", "{\"name\":\"r2\"}");
    again = call(w, HTTP_GET, "/v2/layouts/ui", app(w, room, "host"), "");
    CHECK_EQ(again.status, 304);
    world_free(w);
}

TEST(a_template_may_say_it_itself)
{
    struct world *w = world_new();
    const char *room;
    const char *id = make_webinar(w, &room);
    char target[80], replace[60];
    snprintf(target, sizeof target, "/v2/templates/%s/layouts", id);
    snprintf(replace, sizeof replace, "/v2/templates/%s", id);
    CHECK_TEXT(get(w, target).body, "{}");
    CHECK_EQ(post(w, target,
                  "{\"viewer\":{\"logo\":{\"url\":\"https://x.example/logo.svg\"},\"screens\":{"
                  "\"conferencing\":{\"hls_live_streaming\":{\"elements\":{}}}}}}")
                 .status,
             200);
    CHECK_EQ(post(w, replace, webinar).status, 200); // they outlive it
    struct answer a = layouts(w, room, "viewer");
    CHECK_TEXT(json_string_value(at(item(&a, 0), "logo.url")), "https://x.example/logo.svg");
    CHECK(at(item(&a, 0), "screens.conferencing.hls_live_streaming"));
    CHECK(!at(item(&a, 0), "screens.preview"));
    CHECK(at(item(&a, 1), "screens.preview")); // the host's own

    static const char *const bad[] = {
        "{\"nobody\":{}}",
        "{\"viewer\":7}",
        "{\"viewer\":{\"colour\":\"red\"}}",
        "{\"viewer\":{\"screens\":{\"lobby\":{}}}}",
        "{\"viewer\":{\"screens\":{\"conferencing\":{\"other\":{}}}}}",
        ("{\"viewer\":{\"screens\":{\"conferencing\":"
         "{\"default\":{},\"hls_live_streaming\":{}}}}}"),
        "{\"viewer\":{\"screens\":{\"conferencing\":{\"default\":null}}}}",
        "{\"viewer\":{\"screens\":{\"preview\":[]}}}",
        "{\"viewer\":{\"screens\":{\"conferencing\":{}}}}",
        "{\"viewer\":{\"screens\":{\"conferencing\":[]}}}",
        "{\"viewer\":{\"screens\":{\"conferencing\":{\"default\":{},\"hideSections\":[]}}}}",
        "{\"viewer\":{\"themes\":{}}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(post(w, target, bad[i]).status, 400);
    CHECK_EQ(post(w, target, "{\"viewer\":null}").status, 200);
    CHECK_TEXT(get(w, target).body, "{}");
    world_free(w);
}

TEST(a_token_of_a_room_that_is_gone_finds_no_layout)
{
    struct world *w = world_new();
    CHECK_REFUSED(
        call(w, HTTP_GET, "/v2/layouts/ui", app(w, "000000000000000000000000", "host"), ""),
        404, "template not found", "");
    world_free(w);
}

// --- Contrast: WCAG 2.2, 1.4.3 ---

static double channel(const char *hex)
{
    char two[3] = {hex[0], hex[1], 0};
    double c = (double)strtol(two, NULL, 16) / 255;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(const struct layout_theme *theme, const char *name)
{
    for (size_t i = 0; i < theme->colour_count; i++) {
        const char *v = theme->palette[i].value;
        if (strcmp(theme->palette[i].name, name) == 0)
            return 0.2126 * channel(v + 1) + 0.7152 * channel(v + 3) + 0.0722 * channel(v + 5);
    }
    CHECK(false);
    return 0;
}

TEST(text_of_the_stock_themes_can_be_read)
{
    static const char *const on[][2] = {
        {"surface", "surface_default"},    {"surface", "surface_bright"},
        {"surface", "surface_brighter"},   {"surface", "surface_dim"},
        {"surface", "background_default"}, {"primary", "primary_default"},
        {"secondary", "secondary_default"}};
    static const char *const strengths[] = {"high", "medium"};
    for (size_t i = 0; i < LAYOUT_THEME_COUNT; i++) {
        CHECK_EQ(layout_themes[i].colour_count, 31);
        for (size_t k = 0; k < sizeof on / sizeof *on; k++) {
            for (size_t s = 0; s < 2; s++) {
                char name[40];
                snprintf(name, sizeof name, "on_%s_%s", on[k][0], strengths[s]);
                double a = luminance(&layout_themes[i], name);
                double b = luminance(&layout_themes[i], on[k][1]);
                CHECK((fmax(a, b) + 0.05) / (fmin(a, b) + 0.05) >= 4.5);
            }
        }
    }
}
