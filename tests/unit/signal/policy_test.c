#include "stage.h"

#include "base/json.h"
#include "signal/state.h"
#include "test.h"

// `path` is like "known_roles/host/name".
static const json_t *at(const json_t *value, const char *path)
{
    char *copy = mem_text(path), *rest = copy;
    for (char *part; value && (part = strsep(&rest, "/"));)
        value = json_object_get(value, part);
    mem_free(copy);
    return value;
}

static struct engines engines; // none

static json_t *policy(const struct template *t, const char *role)
{
    struct text text = {0};
    struct json_out j = json_out_on(&text);
    policy_write(&j, t, role, &engines);
    json_t *read = json_loads(text.at, 0, NULL);
    CHECK(read != NULL);
    text_dispose(&text);
    return read;
}

// One of these missing, or a bitRate of 0, and the SDK publishes nothing at all.
TEST(every_allowed_kind_has_an_object_without_zeros)
{
    struct template *t = template_new();
    template_set_roles(t, 1);
    t->roles[0].name = template_text(t, "bare");
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        t->roles[0].allowed[kind] = true;
    json_t *p = policy(t, "bare");
    const json_t *publish = at(p, "known_roles/bare/publishParams");
    CHECK_EQ(json_array_size(json_object_get(publish, "allowed")), 3);
    CHECK_EQ(json_object_size(at(publish, "audio")), 0);
    CHECK_EQ(json_object_size(at(publish, "video")), 0);
    CHECK_EQ(json_object_size(at(publish, "screen")), 0);
    CHECK(json_is_object(at(publish, "audio")));
    CHECK(json_is_object(at(publish, "screen")));
    CHECK(json_is_object(at(p, "known_roles/bare/permissions")));
    CHECK(json_is_array(at(p, "known_roles/bare/subscribeParams/subscribeToRoles")));
    json_decref(p);
    template_free(t);
}

TEST(all_permissions_are_said_with_their_defaults)
{
    struct template *t = template_new();
    template_set_roles(t, 1);
    t->roles[0].name = template_text(t, "bare");
    json_t *p = policy(t, "bare");
    const json_t *permissions = at(p, "known_roles/bare/permissions");
    for (int each = 0; each < PERMISSION_COUNT; each++)
        CHECK(json_is_boolean(json_object_get(permissions, permission_name(each))));
    CHECK(json_is_false(json_object_get(permissions, "endRoom")));
    CHECK(json_is_false(json_object_get(permissions, "changeRole")));
    json_decref(p);
    template_free(t);
}

// A client shows a button for each of them, which would be dead.
TEST(what_the_server_cannot_do_is_granted_to_nobody)
{
    struct template *t = stage_template(0, false);
    t->transcription.present = t->whiteboard.present = true;
    t->roles[0].permissions[PERMISSION_BROWSER_RECORDING] = true;
    t->roles[0].permissions[PERMISSION_RTMP_STREAMING] = true;
    t->roles[0].permissions[PERMISSION_HLS_STREAMING] = true;
    json_t *p = policy(t, "host");
    const json_t *permissions = at(p, "known_roles/host/permissions");
    CHECK(json_is_false(json_object_get(permissions, "browserRecording")));
    CHECK(json_is_false(json_object_get(permissions, "rtmpStreaming")));
    CHECK(json_is_false(json_object_get(permissions, "hlsStreaming")));
    CHECK(json_is_true(json_object_get(permissions, "endRoom")));
    // SDKs until 2022 take these for granted when they are not told.
    CHECK(json_is_false(json_object_get(permissions, "recording")));
    CHECK(json_is_false(json_object_get(permissions, "streaming")));
    CHECK(json_is_false(json_object_get(permissions, "rtmp")));
    CHECK(at(p, "plugins/transcriptions") == NULL);
    CHECK(at(p, "plugins/whiteboard") == NULL);
    CHECK(t->roles[0].permissions[PERMISSION_HLS_STREAMING]);
    json_decref(p);
    template_free(t);
}

TEST(an_engine_that_is_there_is_granted_to_whom_the_template_grants_it)
{
    struct template *t = stage_template(0, false);
    t->roles[0].permissions[PERMISSION_HLS_STREAMING] = true;
    t->roles[1].permissions[PERMISSION_HLS_STREAMING] = false;
    engines.has[ENGINE_HLS] = true;
    json_t *p = policy(t, "host");
    CHECK(json_is_true(at(p, "known_roles/host/permissions/hlsStreaming")));
    CHECK(json_is_true(at(p, "known_roles/host/permissions/streaming")));
    CHECK(json_is_false(at(p, "known_roles/host/permissions/rtmp")));
    CHECK(json_is_false(at(p, "known_roles/guest/permissions/hlsStreaming")));
    engines = (struct engines){0};
    json_decref(p);
    template_free(t);
}

TEST(plugins_are_said_when_the_template_has_them)
{
    struct template *t = stage_template(0, false);
    t->whiteboard.present = true;
    t->whiteboard.admin = template_names(t, 1);
    t->whiteboard.admin.at[0] = template_text(t, "host");
    t->transcription.present = true;
    engines.has[ENGINE_WHITEBOARD] = engines.has[ENGINE_TRANSCRIPTION] = true;
    json_t *p = policy(t, "guest");
    CHECK_TEXT(json_string_value(at(p, "name")), "guest");
    CHECK_TEXT(
        json_string_value(json_array_get(at(p, "plugins/whiteboard/permissions/admin"), 0)),
        "host");
    CHECK_EQ(json_array_size(at(p, "plugins/whiteboard/permissions/reader")), 0);
    const json_t *captions = json_array_get(at(p, "plugins/transcriptions"), 0);
    CHECK_TEXT(json_string_value(json_object_get(captions, "mode")), "caption");
    engines = (struct engines){0};
    json_decref(p);
    template_free(t);
}

TEST(simulcast_layers_keep_their_order_and_fractions)
{
    struct template *t = stage_template(0, false);
    t->roles[0].video_simulcast.layers[1].scale_resolution_down_by = 1.5;
    t->roles[0].video_simulcast.layers[2].max_bitrate_kbps = 0;
    json_t *p = policy(t, "host");
    const json_t *layers = at(p, "known_roles/host/publishParams/simulcast/video/layers");
    CHECK_EQ(json_array_size(layers), 3);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(layers, 0), "rid")), "f");
    CHECK(json_number_value(
              json_object_get(json_array_get(layers, 1), "scaleResolutionDownBy")) == 1.5);
    CHECK(json_object_get(json_array_get(layers, 2), "maxBitrate") == NULL);
    CHECK(at(p, "known_roles/guest/publishParams/simulcast/video") == NULL);
    json_decref(p);
    template_free(t);
}

// SDKs until 2022 read `.layers` of both without looking whether they are there, and hang in
// preview or join when they are not.
TEST(layers_are_also_said_as_old_clients_read_them)
{
    struct template *t = stage_template(0, false);
    json_t *p = policy(t, "host");
    const json_t *host = at(p, "known_roles/host/publishParams");
    const json_t *video = at(host, "videoSimulcastLayers");
    CHECK_EQ(json_get_int(video, "width", 0), 1280);
    CHECK_EQ(json_get_int(video, "height", 0), 720);
    CHECK_EQ(json_array_size(json_object_get(video, "layers")), 3);
    CHECK(json_equal(json_object_get(video, "layers"), at(host, "simulcast/video/layers")));
    CHECK(json_is_object(at(host, "screenSimulcastLayers")));
    CHECK_EQ(json_object_size(at(host, "screenSimulcastLayers")), 0);
    const json_t *viewer = at(p, "known_roles/viewer/publishParams");
    CHECK(json_is_object(at(viewer, "videoSimulcastLayers")));
    CHECK(json_is_object(at(viewer, "screenSimulcastLayers")));
    json_decref(p);
    template_free(t);
}

// Those clients multiply maxBitrate; what is not there would become a bit rate of 0.
TEST(old_clients_are_told_of_no_layers_without_a_bit_rate)
{
    struct template *t = stage_template(0, false);
    t->roles[0].video_simulcast.layers[2].max_bitrate_kbps = 0;
    json_t *p = policy(t, "host");
    const json_t *host = at(p, "known_roles/host/publishParams");
    CHECK(json_is_object(at(host, "videoSimulcastLayers")));
    CHECK_EQ(json_object_size(at(host, "videoSimulcastLayers")), 0);
    CHECK_EQ(json_array_size(at(host, "simulcast/video/layers")), 3);
    json_decref(p);
    template_free(t);
}

TEST(degradation_is_said_when_the_role_has_it)
{
    struct template *t = stage_template(0, false);
    t->roles[1].has_degradation = true;
    t->roles[1].degradation.packet_loss_threshold = 25;
    t->roles[1].degradation.degrade_grace_s = 1;
    t->roles[1].degradation.recover_grace_s = 4;
    json_t *p = policy(t, "host");
    CHECK(at(p, "known_roles/host/subscribeParams/subscribeDegradation") == NULL);
    const json_t *said = at(p, "known_roles/guest/subscribeParams/subscribeDegradation");
    CHECK_EQ(json_get_int(said, "packetLossThreshold", 0), 25);
    CHECK_EQ(json_get_int(said, "degradeGracePeriodSeconds", 0), 1);
    CHECK_EQ(json_get_int(said, "recoverGracePeriodSeconds", 0), 4);
    json_decref(p);
    template_free(t);
}
