#include "base/err.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static struct world *w;

static const char *path_of(const struct answer *a, const char *rest)
{
    static char path[256];
    snprintf(path, sizeof path, "/v2/templates/%s%s", text(a, "id"), rest);
    return path;
}

static const json_t *dig(const json_t *from, const char *path)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *key = strtok(copy, "/"); key; key = strtok(NULL, "/"))
        from = json_object_get(from, key);
    return from;
}

static struct answer make(const char *body)
{
    struct answer a = post(w, "/v2/templates", body);
    CHECK_EQ(a.status, 200);
    return a;
}

static struct answer remove_at(const char *path)
{
    return call(w, HTTP_DELETE, path, management(w), "");
}

TEST(a_role_given_as_an_empty_object_shows_what_holds)
{
    w = world_new();
    struct answer a =
        make("{\"name\":\"class\",\"roles\":{\"teacher\":{},\"pupil\":{"
             "\"publishParams\":{\"allowed\":[\"audio\"]},\"maxPeerCount\":30}}}");
    CHECK(id_is_object(text(&a, "id")));
    CHECK_TEXT(text(&a, "name"), "class");
    CHECK(!json_get_bool(a.json, "default", true));
    const json_t *teacher = dig(a.json, "roles/teacher");
    CHECK_TEXT(json_get_text(teacher, "name", ""), "teacher");
    CHECK_EQ(json_array_size(dig(teacher, "publishParams/allowed")), 3);
    CHECK_EQ(json_integer_value(dig(teacher, "publishParams/video/width")), 320);
    CHECK_EQ(json_array_size(dig(teacher, "subscribeParams/subscribeToRoles")), 2);
    CHECK(json_is_false(dig(teacher, "permissions/endRoom")));
    CHECK(json_is_true(dig(teacher, "permissions/browserRecording")));
    const json_t *pupil = dig(a.json, "roles/pupil");
    CHECK_EQ(json_array_size(dig(pupil, "publishParams/allowed")), 1);
    CHECK_EQ(json_integer_value(dig(pupil, "maxPeerCount")), 30);
    CHECK_EQ(json_integer_value(dig(a.json, "settings/roomState/messageInterval")), 5);
    world_free(w);
}

TEST(a_name_that_is_taken_overwrites_that_template)
{
    w = world_new();
    struct answer first = make("{\"name\":\"class\",\"roles\":{\"teacher\":{}}}");
    struct answer again = make("{\"name\":\"class\",\"roles\":{\"pupil\":{}}}");
    CHECK_TEXT(text(&again, "id"), text(&first, "id"));
    CHECK(!dig(again.json, "roles/teacher"));
    CHECK(dig(again.json, "roles/pupil"));
    struct answer other = make("{\"name\":\"other\"}");
    CHECK_REFUSED(post(w, path_of(&other, ""), "{\"name\":\"class\"}"), 400,
                  "template name already exists", "");
    world_free(w);
}

TEST(a_template_without_a_name_gets_one)
{
    w = world_new();
    struct answer a = make("");
    CHECK(strncmp(text(&a, "name"), "default_", 8) == 0);
    CHECK(dig(a.json, "roles/host"));
    CHECK(dig(a.json, "roles/guest"));
    world_free(w);
}

TEST(an_update_replaces_all_sections_and_keeps_the_name)
{
    w = world_new();
    struct answer a = make("{\"name\":\"class\",\"roles\":{\"teacher\":{}},"
                           "\"settings\":{\"roomState\":{\"messageInterval\":10}}}");
    struct answer b = post(w, path_of(&a, ""), "{\"roles\":{\"pupil\":{}}}");
    CHECK_EQ(b.status, 200);
    CHECK_TEXT(text(&b, "name"), "class");
    CHECK(!dig(b.json, "roles/teacher"));
    CHECK_EQ(json_integer_value(dig(b.json, "settings/roomState/messageInterval")), 5);
    world_free(w);
}

TEST(what_is_out_of_range_is_named_by_its_path)
{
    w = world_new();
    CHECK_REFUSED(
        post(w, "/v2/templates",
             "{\"roles\":{\"host\":{\"publishParams\":{\"video\":{\"bitRate\":1}}}}}"),
        400, "Invalid body param",
        "Invalid body param: roles.host.publishParams.video.bitRate");
    CHECK_REFUSED(post(w, "/v2/templates", "{\"name\":\"a/b\"}"), 400, "Invalid body param",
                  "Invalid body param: name");
    CHECK_REFUSED(post(w, "/v2/templates", "{\"roles\":[]}"), 400, "Invalid body param",
                  "Invalid body param: roles");
    CHECK_REFUSED(post(w, "/v2/templates/64a1b2c3d4e5f60718293aff", "{}"), 404,
                  "template not found", "");
    // Nothing of the refused ones was kept.
    struct answer list = get(w, "/v2/templates");
    CHECK_EQ(items(&list), 1);
    world_free(w);
}

TEST(roles_are_read_set_renamed_and_deleted_one_by_one)
{
    w = world_new();
    struct answer a = make("{\"roles\":{\"teacher\":{},\"pupil\":{\"subscribeParams\":{"
                           "\"subscribeToRoles\":[\"teacher\"]}}}}");
    CHECK_REFUSED(get(w, path_of(&a, "/roles/nobody")), 404, "role not found", "");

    struct answer role = post(w, path_of(&a, "/roles/aide"), "{\"priority\":3}");
    CHECK_EQ(role.status, 200);
    CHECK_TEXT(text(&role, "name"), "aide");
    CHECK_EQ(json_get_int(role.json, "priority", 0), 3);
    CHECK(dig(role.json, "permissions/endRoom"));

    CHECK_REFUSED(post(w, path_of(&a, "/roles/aide"), "{\"name\":\"pupil\"}"), 400,
                  "role name already exists", "");
    role = post(w, path_of(&a, "/roles/teacher"), "{\"name\":\"tutor\"}");
    CHECK_TEXT(text(&role, "name"), "tutor");
    struct answer pupil = get(w, path_of(&a, "/roles/pupil"));
    CHECK_TEXT(json_string_value(
                   json_array_get(dig(pupil.json, "subscribeParams/subscribeToRoles"), 0)),
               "tutor");

    struct answer gone = remove_at(path_of(&a, "/roles/aide"));
    CHECK_EQ(gone.status, 204);
    CHECK_TEXT(gone.body, "");
    CHECK_REFUSED(remove_at(path_of(&a, "/roles/aide")), 404, "role not found", "");
    world_free(w);
}

TEST(codes_follow_their_role)
{
    w = world_new();
    struct answer a = make("{\"roles\":{\"teacher\":{},\"pupil\":{}}}");
    char body[128], codes[128];
    snprintf(body, sizeof body, "{\"template_id\":\"%s\"}", text(&a, "id"));
    snprintf(codes, sizeof codes, "/v2/room-codes/room/%s", make_room(w, body));
    CHECK_EQ(post(w, codes, "").status, 200);

    CHECK_EQ(post(w, path_of(&a, "/roles/teacher"), "{\"name\":\"tutor\"}").status, 200);
    CHECK_EQ(remove_at(path_of(&a, "/roles/pupil")).status, 204);
    struct answer list = get(w, codes);
    CHECK_EQ(items(&list), 2);
    for (size_t i = 0; i < 2; i++) {
        bool is_tutor = strcmp(json_get_text(item(&list, i), "role", ""), "tutor") == 0;
        CHECK_EQ(json_get_bool(item(&list, i), "enabled", !is_tutor), is_tutor);
    }
    world_free(w);
}

TEST(settings_are_merged_and_secrets_never_shown)
{
    w = world_new();
    struct answer a = make("{}");
    struct answer set =
        post(w, path_of(&a, "/settings"),
             "{\"recording\":{\"upload\":{\"type\":\"s3\",\"location\":\"b\","
             "\"credentials\":{\"key\":\"k\",\"secretKey\":\"very-secret\"}}}}");
    CHECK_EQ(set.status, 200);
    CHECK(!strstr(set.body, "very-secret"));
    CHECK_TEXT(json_string_value(dig(set.json, "recording/upload/credentials/key")), "k");
    CHECK_EQ(json_integer_value(dig(set.json, "roomState/messageInterval")), 5);
    struct answer whole = get(w, path_of(&a, ""));
    CHECK(!strstr(whole.body, "very-secret"));
    CHECK_REFUSED(post(w, path_of(&a, "/settings"), "{\"roomState\":{\"messageInterval\":7}}"),
                  400, "Invalid body param",
                  "Invalid body param: settings.roomState.messageInterval");
    struct answer destinations = post(w, path_of(&a, "/destinations"),
                                      "{\"hlsDestinations\":{\"one\":{\"name\":\"one\"}}}");
    CHECK_TEXT(json_string_value(dig(destinations.json, "hlsDestinations/one/name")), "one");
    world_free(w);
}

TEST(a_role_that_is_renamed_is_renamed_wherever_it_is_named)
{
    w = world_new();
    struct answer a =
        make("{\"roles\":{\"teacher\":{},\"pupil\":{}},\"plugins\":{\"whiteboard\":{"
             "\"permissions\":{\"admin\":[\"teacher\"],\"reader\":[\"pupil\"]}}},"
             "\"destinations\":{\"hlsDestinations\":{\"x\":{\"role\":\"teacher\"}}}}");
    CHECK_EQ(
        post(w, path_of(&a, "/recordings"), "[{\"name\":\"n\",\"role\":\"teacher\"}]").status,
        200);
    CHECK_EQ(post(w, path_of(&a, "/roles/teacher"), "{\"name\":\"tutor\"}").status, 200);
    struct answer t = get(w, path_of(&a, ""));
    const json_t *board = dig(t.json, "plugins/whiteboard/permissions");
    CHECK_TEXT(json_string_value(json_array_get(dig(board, "admin"), 0)), "tutor");
    CHECK_TEXT(json_string_value(json_array_get(dig(board, "reader"), 0)), "pupil");
    CHECK_TEXT(json_get_text(dig(t.json, "destinations/hlsDestinations/x"), "role", ""),
               "tutor");
    struct answer recordings = get(w, path_of(&a, "/recordings"));
    CHECK_TEXT(json_get_text(json_array_get(recordings.json, 0), "role", ""), "tutor");
    world_free(w);
}

TEST(overwriting_a_template_keeps_what_has_calls_of_its_own)
{
    w = world_new();
    struct answer a = make("{\"name\":\"class\",\"roles\":{\"teacher\":{}}}");
    CHECK_EQ(
        post(w, path_of(&a, "/recordings"), "[{\"name\":\"n\",\"role\":\"teacher\"}]").status,
        200);
    make("{\"name\":\"class\",\"roles\":{\"teacher\":{\"priority\":2}}}");
    struct answer recordings = get(w, path_of(&a, "/recordings"));
    CHECK_EQ(json_array_size(recordings.json), 1);
    CHECK_EQ(post(w, path_of(&a, ""), "{\"roles\":{\"teacher\":{}}}").status, 200);
    recordings = get(w, path_of(&a, "/recordings"));
    CHECK_EQ(json_array_size(recordings.json), 1);
    world_free(w);
}

// Each of 64 roles sees all of them, which is more than a body may usually hold.
TEST(a_template_of_as_many_roles_as_may_be_is_usable_and_may_be_sent_back)
{
    w = world_new();
    struct text body = {0};
    text_add(&body, "{\"name\":\"crowd\",\"roles\":{");
    for (int i = 0; i < 64; i++)
        text_addf(&body, "%s\"role-%d\":{}", i ? "," : "", i);
    text_add(&body, "}}");
    struct answer a = make(body.at);
    text_clear(&body);
    text_addf(&body, "{\"template_id\":\"%s\"}", text(&a, "id"));
    char codes[128];
    snprintf(codes, sizeof codes, "/v2/room-codes/room/%s", make_room(w, body.at));
    struct answer made = post(w, codes, "");
    CHECK_EQ(made.status, 200);
    CHECK_EQ(items(&made), 64);
    struct answer shown = get(w, path_of(&a, ""));
    CHECK_EQ(post(w, path_of(&a, ""), shown.body).status, 200);
    CHECK_EQ(post(w, path_of(&a, "/settings"), "{}").status, 200);
    text_dispose(&body);
    world_free(w);
}

TEST(a_template_with_more_members_than_one_may_have_is_refused)
{
    w = world_new();
    struct text body = {0};
    text_add(&body, "{\"name\":\"crowd\",\"roles\":{");
    for (int i = 0; i < 64; i++) {
        text_addf(&body, "%s\"%d\":{\"subscribeParams\":{\"subscribeToRoles\":[", i ? "," : "",
                  i);
        for (int k = 0; k < 300; k++)
            text_addf(&body, "%s\"x\"", k ? "," : "");
        text_add(&body, "]}}");
    }
    text_add(&body, "}}");
    CHECK_REFUSED(post(w, "/v2/templates", body.at), 400, "Invalid body param",
                  "body is too deep, has too many members or too long a text");
    text_dispose(&body);
    world_free(w);
}

TEST(a_role_with_a_slash_in_its_name_is_reached)
{
    w = world_new();
    struct answer a = make("{\"roles\":{\"a/b c\":{}}}");
    struct answer role = get(w, path_of(&a, "/roles/a%2Fb%20c"));
    CHECK_EQ(role.status, 200);
    CHECK_TEXT(text(&role, "name"), "a/b c");
    CHECK_EQ(get(w, path_of(&a, "/roles/a/b c")).status, 404);
    world_free(w);
}

TEST(a_secret_that_is_sent_back_as_it_was_shown_stays)
{
    w = world_new();
    struct answer a = make("{}");
    CHECK_EQ(post(w, path_of(&a, "/settings"),
                  "{\"recording\":{\"upload\":{\"type\":\"s3\",\"location\":\"b\","
                  "\"credentials\":{\"key\":\"k\",\"secretKey\":\"very-secret\"}}}}")
                 .status,
             200);
    struct answer shown = get(w, path_of(&a, ""));
    CHECK(strstr(shown.body, "***"));
    CHECK_EQ(post(w, path_of(&a, ""), shown.body).status, 200);
    CHECK(
        strstr(stored_column(w, "SELECT document FROM templates WHERE id = $1", text(&a, "id")),
               "very-secret"));
    world_free(w);
}

TEST(destinations_as_the_hosted_service_makes_them_are_taken)
{
    w = world_new();
    struct answer a = make("{}");
    static const char good[] =
        "{\"hlsDestinations\":{\"hls\":{\"name\":\"hls\",\"playlistType\":\"live\","
        "\"numPlaylistSegments\":5,\"maxDuration\":7200,\"layers\":["
        "{\"width\":1280,\"height\":720,\"videoBitrate\":2048,\"audioBitrate\":64},"
        "{\"width\":960,\"height\":540,\"videoBitrate\":1228,\"audioBitrate\":64},"
        "{\"width\":852,\"height\":480,\"videoBitrate\":850,\"audioBitrate\":64},"
        "{\"width\":640,\"height\":360,\"videoBitrate\":500,\"audioBitrate\":64}],"
        "\"recording\":{\"hlsVod\":true,\"singleFilePerLayer\":false,\"enableZipUpload\":false,"
        "\"layers\":[{\"width\":1280,\"height\":720}],\"thumbnails\":{\"enabled\":true,"
        "\"width\":1280,\"height\":720,\"offsets\":[2],\"fps\":10},\"presignDuration\":3600}}},"
        "\"rtmpDestinations\":{\"rtmp\":{\"name\":\"rtmp\",\"width\":1280,\"height\":720,"
        "\"rtmpUrls\":[\"rtmp://a.example/x\"],\"recordingEnabled\":true,"
        "\"autoStopTimeout\":300}},"
        "\"transcriptions\":{\"t\":{\"name\":\"t\",\"role\":\"host\",\"modes\":[\"recorded\"],"
        "\"outputModes\":[\"txt\",\"srt\",\"json\"],\"customVocabulary\":[\"Parlor\"],"
        "\"summary\":{\"enabled\":true,\"context\":\"\",\"temperature\":0.5,\"sections\":["
        "{\"title\":\"Agenda\",\"format\":\"bullets\"}]},"
        "\"translation\":{\"enabled\":true,\"roleLanguages\":{\"host\":\"es\"}}}},"
        "\"browserRecordings\":{\"b\":{\"name\":\"b\",\"role\":\"host\",\"autoStart\":true}}}";
    struct answer set = post(w, path_of(&a, "/destinations"), good);
    CHECK_EQ(set.status, 200);
    CHECK_TEXT(set.body, good);
    // A kind that is not sent stays, one that is sent is replaced.
    set = post(w, path_of(&a, "/destinations"), "{\"transcriptions\":{}}");
    CHECK_EQ(json_object_size(dig(set.json, "transcriptions")), 0);
    CHECK(dig(set.json, "hlsDestinations/hls"));
    world_free(w);
}
