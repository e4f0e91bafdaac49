#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/document.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

// The template of a document with one role of the given JSON, or NULL; `where` says why.
static struct template *role_document(const char *role, char where[DOCUMENT_WHERE_MAX])
{
    struct text t = {0};
    struct template *read = NULL;
    text_addf(&t, "{\"roles\":{\"x\":%s}}", role);
    int err = store_document_read(text_bytes(&t), &read, where);
    CHECK_EQ(err, read ? 0 : ERR_MALFORMED);
    text_dispose(&t);
    return read;
}

static void check_bad(const char *role, const char *path)
{
    char where[DOCUMENT_WHERE_MAX];
    CHECK(role_document(role, where) == NULL);
    CHECK_TEXT(where, path);
}

static void check_bad_video(const char *member)
{
    char role[256], path[128];
    snprintf(role, sizeof role, "{\"publishParams\":{\"video\":{%s}}}", member);
    size_t name_len = strcspn(member + 1, "\"");
    snprintf(path, sizeof path, "roles.x.publishParams.video.%.*s", (int)name_len, member + 1);
    check_bad(role, path);
}

static struct template *built_in(void)
{
    struct template *t;
    char where[DOCUMENT_WHERE_MAX];
    CHECK_EQ(store_document_read(bytes_of(store_document_default), &t, where), 0);
    return t;
}

TEST(the_built_in_template_has_a_host_and_a_guest_in_this_order)
{
    struct template *t = built_in();
    CHECK_EQ(t->role_count, 2);
    CHECK_TEXT(t->roles[0].name, "host");
    CHECK_TEXT(t->roles[1].name, "guest");
    template_free(t);
}

TEST(the_built_in_host_may_do_everything)
{
    struct template *t = built_in();
    for (int p = 0; p < PERMISSION_COUNT; p++)
        CHECK(template_role(t, "host")->permissions[p]);
    template_free(t);
}

TEST(the_built_in_guest_may_answer_polls_and_see_who_is_in)
{
    struct template *t = built_in();
    const struct role *guest = template_role(t, "guest");
    for (int p = 0; p < PERMISSION_COUNT; p++) {
        bool may = p == PERMISSION_POLL_READ || p == PERMISSION_SEND_ROOM_STATE;
        CHECK_EQ(guest->permissions[p], may);
    }
    CHECK(t->room_state.enabled);
    CHECK(t->room_state.send_peer_list);
    template_free(t);
}

TEST(both_built_in_roles_publish_everything_and_see_each_other)
{
    struct template *t = built_in();
    for (int i = 0; i < 2; i++) {
        const struct role *role = &t->roles[i];
        CHECK(role->allowed[PUBLISH_AUDIO]);
        CHECK(role->allowed[PUBLISH_VIDEO]);
        CHECK(role->allowed[PUBLISH_SCREEN]);
        CHECK_EQ(role->media[PUBLISH_VIDEO].width, 1280);
        CHECK_EQ(role->media[PUBLISH_VIDEO].height, 720);
        CHECK_EQ(role->media[PUBLISH_VIDEO].frame_rate, 30);
        CHECK_TEXT(role->media[PUBLISH_VIDEO].codec, "vp8");
        CHECK_EQ(role->subscribe_to_roles.count, 2);
        CHECK(names_contain(&role->subscribe_to_roles, "host"));
        CHECK(names_contain(&role->subscribe_to_roles, "guest"));
        CHECK_EQ(role->video_simulcast.layer_count, 3);
        CHECK_TEXT(role->video_simulcast.layers[0].rid, "f");
        CHECK_TEXT(role->video_simulcast.layers[2].rid, "q");
    }
    template_free(t);
}

TEST(an_empty_role_gets_the_defaults_of_the_tables)
{
    char where[DOCUMENT_WHERE_MAX];
    struct template *t = role_document("{}", where);
    const struct role *role = &t->roles[0];
    CHECK(role->allowed[PUBLISH_AUDIO] && role->allowed[PUBLISH_VIDEO] &&
          role->allowed[PUBLISH_SCREEN]);
    CHECK_EQ(role->media[PUBLISH_AUDIO].bitrate_kbps, 32);
    CHECK_TEXT(role->media[PUBLISH_AUDIO].codec, "opus");
    CHECK_EQ(role->media[PUBLISH_VIDEO].bitrate_kbps, 256);
    CHECK_EQ(role->media[PUBLISH_VIDEO].frame_rate, 25);
    CHECK_EQ(role->media[PUBLISH_VIDEO].width, 320);
    CHECK_EQ(role->media[PUBLISH_VIDEO].height, 180);
    CHECK_EQ(role->media[PUBLISH_SCREEN].bitrate_kbps, 1024);
    CHECK_EQ(role->media[PUBLISH_SCREEN].frame_rate, 10);
    CHECK_EQ(role->media[PUBLISH_SCREEN].width, 1280);
    CHECK_EQ(role->media[PUBLISH_SCREEN].height, 720);
    CHECK_EQ(role->max_subscribe_bitrate_kbps, 3200);
    CHECK_EQ(role->priority, 1);
    CHECK_EQ(role->max_peer_count, 0);
    CHECK(!role->has_degradation);
    CHECK(!role->permissions[PERMISSION_END_ROOM]);
    CHECK(role->permissions[PERMISSION_HLS_STREAMING]);
    CHECK_EQ(role->subscribe_to_roles.count, 1);
    CHECK_TEXT(role->subscribe_to_roles.at[0], "x");
    template_free(t);
}

// It is in each message that names a peer, where a control character takes six octets.
TEST(the_name_of_a_role_has_a_bound_as_it_is_sent)
{
    char where[DOCUMENT_WHERE_MAX];
    for (int count = 85; count <= 86; count++) {
        struct text t = {0};
        struct template *read = NULL;
        text_add(&t, "{\"roles\":{\"");
        for (int i = 0; i < count; i++)
            text_add(&t, "\\u0001");
        text_add(&t, "\":{}}}");
        int err = store_document_read(text_bytes(&t), &read, where);
        CHECK_EQ(err, count == 85 ? 0 : ERR_MALFORMED);
        if (!err)
            template_free(read);
        text_dispose(&t);
    }
}

TEST(both_ends_of_a_range_are_in_it)
{
    char where[DOCUMENT_WHERE_MAX];
    struct template *t = role_document("{\"publishParams\":{\"video\":{\"bitRate\":30,"
                                       "\"frameRate\":1,\"width\":50,\"height\":50}}}",
                                       where);
    CHECK_EQ(t->roles[0].media[PUBLISH_VIDEO].bitrate_kbps, 30);
    template_free(t);
    t = role_document("{\"publishParams\":{\"video\":{\"bitRate\":2000,\"frameRate\":30.0,"
                      "\"width\":1920,\"height\":1080}}}",
                      where);
    CHECK_EQ(t->roles[0].media[PUBLISH_VIDEO].frame_rate, 30);
    template_free(t);
}

TEST(beyond_the_range_the_field_is_named)
{
    check_bad_video("\"bitRate\":29");
    check_bad_video("\"bitRate\":2001");
    check_bad_video("\"frameRate\":0");
    check_bad_video("\"frameRate\":31");
    check_bad_video("\"frameRate\":29.5");
    check_bad_video("\"width\":49");
    check_bad_video("\"width\":1921");
    check_bad_video("\"height\":1081");
    check_bad_video("\"height\":\"720\"");
    check_bad_video("\"codec\":\"opus\"");
    check_bad("{\"publishParams\":{\"audio\":{\"bitRate\":15}}}",
              "roles.x.publishParams.audio.bitRate");
    check_bad("{\"publishParams\":{\"screen\":{\"bitRate\":499}}}",
              "roles.x.publishParams.screen.bitRate");
    check_bad("{\"publishParams\":{\"screen\":{\"width\":479}}}",
              "roles.x.publishParams.screen.width");
    check_bad("{\"priority\":0}", "roles.x.priority");
    check_bad("{\"maxPeerCount\":-2}", "roles.x.maxPeerCount");
    check_bad("{\"subscribeParams\":{\"maxSubsBitRate\":0}}",
              "roles.x.subscribeParams.maxSubsBitRate");
    check_bad("{\"subscribeParams\":{\"subscribeDegradation\":{\"packetLossThreshold\":101}}}",
              "roles.x.subscribeParams.subscribeDegradation.packetLossThreshold");
    check_bad("{\"permissions\":{\"mute\":1}}", "roles.x.permissions.mute");
    check_bad("{\"publishParams\":{\"allowed\":[\"smell\"]}}", "roles.x.publishParams.allowed");
    check_bad("{\"name\":\"y\"}", "roles.x.name");
    check_bad("7", "roles.x");
}

TEST(an_empty_list_of_allowed_means_nothing)
{
    char where[DOCUMENT_WHERE_MAX];
    struct template *t = role_document("{\"publishParams\":{\"allowed\":[]}}", where);
    CHECK(!t->roles[0].allowed[PUBLISH_AUDIO]);
    CHECK(!t->roles[0].allowed[PUBLISH_SCREEN]);
    template_free(t);
}

TEST(writing_polls_includes_reading_them)
{
    char where[DOCUMENT_WHERE_MAX];
    struct template *t = role_document("{\"permissions\":{\"pollWrite\":true}}", where);
    CHECK(t->roles[0].permissions[PERMISSION_POLL_READ]);
    template_free(t);
}

#define LAYERS(list) "{\"publishParams\":{\"simulcast\":{\"video\":{\"layers\":[" list "]}}}}"
#define LAYER(rid, scale)                                                                      \
    "{\"rid\":\"" rid "\",\"scaleResolutionDownBy\":" scale                                    \
    ",\"maxBitrate\":700,\"maxFramerate\":25}"

TEST(simulcast_layers_are_read)
{
    char where[DOCUMENT_WHERE_MAX];
    struct template *t =
        role_document(LAYERS(LAYER("f", "1") "," LAYER("h", "2.5") "," LAYER("q", "4")), where);
    const struct simulcast *simulcast = &t->roles[0].video_simulcast;
    CHECK_EQ(simulcast->layer_count, 3);
    CHECK_TEXT(simulcast->layers[1].rid, "h");
    CHECK(simulcast->layers[1].scale_resolution_down_by == 2.5);
    CHECK_EQ(simulcast->layers[2].max_bitrate_kbps, 700);
    CHECK_EQ(simulcast->layers[2].max_frame_rate, 25);
    template_free(t);
}

TEST(simulcast_layers_fall_from_f_to_q)
{
    static const char layers[] = "roles.x.publishParams.simulcast.video.layers";
    check_bad(LAYERS(LAYER("h", "1")), layers);
    check_bad(LAYERS(LAYER("f", "2")), layers);
    check_bad(LAYERS(LAYER("f", "1") "," LAYER("f", "2")), layers);
    check_bad(LAYERS(LAYER("f", "1") "," LAYER("q", "4") "," LAYER("h", "5")), layers);
    check_bad(LAYERS(LAYER("f", "1") "," LAYER("h", "4") "," LAYER("q", "4")), layers);
    check_bad(LAYERS(LAYER("f", "1") "," LAYER("h", "13")),
              "roles.x.publishParams.simulcast.video.layers.scaleResolutionDownBy");
    check_bad(LAYERS("{\"rid\":\"f\"}"),
              "roles.x.publishParams.simulcast.video.layers.maxFramerate");
}

static const char *whole_document_fault(const char *document)
{
    static char where[DOCUMENT_WHERE_MAX];
    struct template *t = NULL;
    if (store_document_read(bytes_of(document), &t, where) == 0)
        snprintf(where, sizeof where, "none");
    template_free(t);
    return where;
}

TEST(settings_and_plugins_are_checked)
{
    CHECK_TEXT(whole_document_fault("{}"), "none");
    CHECK_TEXT(whole_document_fault("{\"settings\":{\"roomState\":{\"messageInterval\":7}}}"),
               "settings.roomState.messageInterval");
    CHECK_TEXT(whole_document_fault("{\"settings\":[]}"), "settings");
    CHECK_TEXT(whole_document_fault(
                   "{\"plugins\":{\"whiteboard\":{\"permissions\":{\"admin\":\"host\"}}}}"),
               "plugins.whiteboard.permissions.admin");
    CHECK_TEXT(whole_document_fault("{\"roles\":{\"\":{}}}"), "roles");
    CHECK_TEXT(whole_document_fault("{\"roles\":null}"), "none");
}

TEST(plugins_inside_destinations_are_found)
{
    char where[DOCUMENT_WHERE_MAX];
    struct template *t;
    CHECK_EQ(store_document_read(
                 bytes_of("{\"roles\":{},\"destinations\":{\"plugins\":{\"whiteboard\":"
                          "{\"permissions\":{\"admin\":[\"host\"]}}}}}"),
                 &t, where),
             0);
    CHECK(t->whiteboard.present);
    CHECK(names_contain(&t->whiteboard.admin, "host"));
    CHECK(!t->transcription.present);
    template_free(t);
}

TEST(every_truncated_document_is_refused)
{
    size_t len = strlen(store_document_default);
    for (size_t cut = 0; cut < len; cut++) {
        struct template *t;
        char where[DOCUMENT_WHERE_MAX];
        CHECK_EQ(store_document_read(test_exact_copy(store_document_default, cut), &t, where),
                 ERR_MALFORMED);
    }
}

TEST(a_long_path_is_cut_not_overrun)
{
    char where[DOCUMENT_WHERE_MAX];
    struct text t = {0};
    struct template *read = NULL;
    text_add(&t, "{\"roles\":{\"");
    for (int i = 0; i < 256; i++)
        text_add(&t, "r");
    text_add(&t, "\":{\"subscribeParams\":{\"subscribeDegradation\":"
                 "{\"packetLossThreshold\":0}}}}}");
    CHECK_EQ(store_document_read(text_bytes(&t), &read, where), ERR_MALFORMED);
    CHECK(strlen(where) < DOCUMENT_WHERE_MAX);
    text_dispose(&t);
}
