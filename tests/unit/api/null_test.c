// null takes away, wherever something is set: what was there before anybody set it is there
// again, and nothing shows null for it.
#include "base/mem.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world *w;

static const char *template_path(const char *rest)
{
    static char path[4][128];
    static size_t at;
    char *chosen = path[at++ % 4];
    static char id[OBJECT_ID_LEN + 1];
    if (!rest) {
        struct answer a = post(w, "/v2/templates", "{\"name\":\"plain\"}");
        CHECK_EQ(a.status, 200);
        snprintf(id, sizeof id, "%s", text(&a, "id"));
        rest = "";
    }
    snprintf(chosen, sizeof path[0], "/v2/templates/%s%s", id, rest);
    return chosen;
}

// How many members are null, at any depth, but for the recording of a template's settings: that
// there is none is told so (rest-api.md section 6).
static size_t nulls(const json_t *value, const char *in)
{
    const char *key;
    json_t *member;
    size_t i, count = 0;
    json_object_foreach((json_t *)value, key, member)
    {
        bool is_told = strcmp(in, "settings") == 0 && strcmp(key, "recording") == 0;
        count += json_is_null(member) && !is_told;
        count += nulls(member, key);
    }
    json_array_foreach(value, i, member)
    {
        count += nulls(member, "");
    }
    return count;
}

// The template without what changes with each write. Overwritten by the next.
static const char *template_now(void)
{
    static char kept[32 * 1024];
    struct answer a = get(w, template_path(""));
    CHECK_EQ(a.status, 200);
    CHECK_EQ(nulls(a.json, ""), 0);
    json_t *copy = json_deep_copy(a.json);
    json_object_del(copy, "updatedAt");
    char *shown = json_dumps(copy, JSON_SORT_KEYS);
    snprintf(kept, sizeof kept, "%s%s%s", shown, get(w, template_path("/layouts")).body,
             get(w, template_path("/recordings")).body);
    free(shown);
    json_decref(copy);
    return kept;
}

TEST(what_a_template_was_given_is_taken_away_again)
{
    static const struct {
        const char *path, *set, *taken;
    } cases[] = {
        {"/settings", "{\"region\":\"eu\"}", "{\"region\":null}"},
        {"/settings",
         "{\"roomState\":{\"enabled\":true,\"messageInterval\":10,\"sendPeerList\":true}}",
         "{\"roomState\":{\"enabled\":true,\"messageInterval\":null,\"sendPeerList\":true}}"},
        {"/settings",
         "{\"recording\":{\"enabled\":true,\"upload\":{\"type\":\"s3\",\"location\":\"b\"}}}",
         "{\"recording\":null}"},
        {"/destinations", "{\"browserRecordings\":{\"a\":{\"name\":\"a\",\"role\":\"host\"}}}",
         "{\"browserRecordings\":null}"},
        {"/recordings", "[{\"name\":\"x\",\"role\":\"host\",\"maxDuration\":60}]", "null"},
        {"/layouts", "{\"host\":{\"logo\":{\"url\":\"https://x.example/l.svg\"}}}",
         "{\"host\":null}"},
        {"", "{\"plugins\":{\"noiseCancellation\":{\"enabled\":true}}}",
         "{\"name\":null,\"roles\":null,\"settings\":null,\"destinations\":null,"
         "\"plugins\":null}"},
        {"", "{\"plugins\":{\"whiteboard\":{\"permissions\":{\"admin\":[\"host\"]}}}}",
         "{\"plugins\":{\"whiteboard\":null,\"transcriptions\":null}}"},
        {"", "{\"settings\":{\"region\":\"us\"}}", "{\"settings\":null}"},
    };
    w = world_new();
    template_path(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *before = mem_text(template_now());
        CHECK_EQ(post(w, template_path(cases[i].path), cases[i].set).status, 200);
        CHECK(strcmp(template_now(), before) != 0);
        CHECK_EQ(post(w, template_path(cases[i].path), cases[i].taken).status, 200);
        CHECK_TEXT(template_now(), before);
        mem_free(before);
    }
    world_free(w);
}

TEST(nothing_is_kept_of_a_member_that_is_null)
{
    static const struct {
        const char *path, *body;
    } cases[] = {
        {"/settings",
         "{\"recording\":{\"enabled\":null,\"upload\":{\"type\":\"s3\",\"location\":\"b\","
         "\"prefix\":null,\"options\":null,\"credentials\":null}}}"},
        {"/settings", "{\"recording\":{\"enabled\":true,\"upload\":null}}"},
        {"/settings", "{\"roomState\":{\"enabled\":null,\"stopRoomStateOnJoin\":null}}"},
        {"/destinations",
         "{\"rtmpDestinations\":{\"gone\":null,\"here\":{\"name\":\"here\",\"role\":\"host\","
         "\"width\":null,\"recording\":null}}}"},
        {"/destinations", "{\"hlsDestinations\":null,\"transcriptions\":null}"},
        {"/roles/guest",
         "{\"name\":null,\"priority\":null,\"maxPeerCount\":null,\"waitingRoom\":null,"
         "\"publishParams\":null,\"permissions\":{\"endRoom\":null},\"subscribeParams\":{"
         "\"subscribeToRoles\":null,\"subscribeDegradation\":null}}"},
        {"/roles/guest",
         "{\"publishParams\":{\"allowed\":null,\"audio\":null,\"video\":{\"bitRate\":null},"
         "\"simulcast\":{\"video\":null,\"screen\":{\"layers\":null}}}}"},
        {"/recordings",
         "[{\"name\":\"x\",\"role\":\"host\",\"maxDuration\":null,\"thumbnails\":null,"
         "\"compositeRecording\":{\"browserComposite\":{\"width\":null}},"
         "\"trackRecording\":null,\"streamRecording\":null}]"},
        {"/layouts", "{\"host\":{\"logo\":null,\"themes\":null,\"screens\":{\"preview\":null,"
                     "\"conferencing\":{\"default\":{\"elements\":{\"chat\":null}}}}}}"},
    };
    w = world_new();
    template_path(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = post(w, template_path(cases[i].path), cases[i].body);
        CHECK_EQ(a.status, 200);
        CHECK_EQ(nulls(a.json, cases[i].path + 1), 0);
        template_now();
    }
    struct answer a = get(w, template_path("/destinations"));
    CHECK(!json_object_get(json_object_get(a.json, "rtmpDestinations"), "gone"));
    CHECK(json_object_get(json_object_get(a.json, "rtmpDestinations"), "here"));
    world_free(w);
}

TEST(what_a_room_was_given_inside_is_taken_away_too)
{
    w = world_new();
    struct answer a =
        post(w, "/v2/rooms",
             "{\"recording_info\":{\"enabled\":true,\"upload_info\":{\"type\":\"s3\","
             "\"location\":\"b\",\"prefix\":null,\"options\":null,\"credentials\":null}},"
             "\"webhook\":{\"url\":\"https://x.example/\",\"headers\":{\"x-a\":\"1\","
             "\"x-b\":null}}}");
    CHECK_EQ(a.status, 200);
    CHECK_EQ(nulls(a.json, ""), 0);
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", text(&a, "id"));
    a = post(w, path,
             "{\"recording_info\":{\"enabled\":null,\"upload_info\":null},"
             "\"webhook\":{\"url\":\"https://x.example/\",\"headers\":null}}");
    CHECK_EQ(a.status, 200);
    CHECK_EQ(nulls(a.json, ""), 0);
    CHECK(!json_object_get(json_object_get(a.json, "webhook"), "headers"));
    world_free(w);
}

TEST(a_poll_that_is_sent_null_is_as_one_that_is_sent_nothing)
{
    w = world_new();
    struct answer a =
        post(w, "/v2/polls",
             "{\"title\":\"t\",\"duration\":60,\"anonymous\":true,\"mode\":\"peerid\",\"type\":"
             "\"quiz\",\"start\":\"manual\",\"vote\":[\"host\"],\"responses\":[\"host\"],"
             "\"questions\":[{\"text\":\"q\",\"duration\":9,\"weight\":3,\"once\":true,"
             "\"options\":[{\"text\":\"o\",\"weight\":2}],\"answer\":{\"options\":[1]}}]}");
    CHECK_EQ(a.status, 200);
    char path[64];
    snprintf(path, sizeof path, "/v2/polls/%s", text(&a, "id"));
    CHECK_EQ(post(w, path, "{\"title\":\"t\",\"questions\":[{\"text\":\"q\"}]}").status, 200);
    json_t *plain = json_deep_copy(get(w, path).json);
    a = post(
        w, path,
        "{\"title\":\"t\",\"duration\":null,\"anonymous\":null,\"mode\":null,\"type\":null,"
        "\"start\":null,\"vote\":null,\"responses\":null,\"questions\":[{\"text\":\"q\","
        "\"index\":null,\"format\":null,\"attachment\":null,\"skippable\":null,"
        "\"duration\":null,\"once\":null,\"weight\":null,\"negative\":null,\"type\":null,"
        "\"answer_min_len\":null,\"answer_max_len\":null,\"answer\":null,"
        "\"options\":null}]}");
    CHECK_EQ(a.status, 200);
    CHECK(json_equal(get(w, path).json, plain));
    json_decref(plain);
    world_free(w);
}

// Nothing runs here, and nothing is kept: what is sent as null is not what is wrong.
TEST(starts_keys_and_calls_take_null_for_what_was_not_sent)
{
    static const struct {
        const char *path, *body;
        int status;
    } cases[] = {
        {"/v2/recordings/room/$R/start",
         "{\"meeting_url\":null,\"destination\":null,\"resolution\":null,\"audio_only\":null,"
         "\"transcription\":{\"enabled\":null,\"modes\":null,\"output_modes\":null,"
         "\"custom_vocabulary\":null,\"summary\":{\"enabled\":null,\"context\":null,"
         "\"sections\":null,\"temperature\":null}}}",
         501},
        {"/v2/live-streams/room/$R/start",
         "{\"meeting_url\":null,\"destination\":null,\"recording\":{\"hls_vod\":null,"
         "\"single_file_per_layer\":null},\"transcription\":null}",
         501},
        {"/v2/external-streams/room/$R/start",
         "{\"meeting_url\":null,\"destination\":null,\"resolution\":null,\"recording\":null,"
         "\"rtmp_urls\":[\"rtmp://x.example/live\"]}",
         501},
        {"/v2/stream-keys/room/$R", "null", 200},
        {"/v2/stream-keys/room/$R/disable", "null", 201},
        {"/v2/sip/outbound/trunks",
         "{\"username\":\"u\",\"password\":\"p\",\"address\":\"a\",\"from\":\"f\","
         "\"headers\":null}",
         503},
        {"/v2/sip/outbound/call",
         "{\"to\":\"t\",\"room_code\":\"c\",\"trunk_id\":\"i\",\"headers\":{\"x\":null}}", 503},
    };
    w = world_new();
    const char *room = make_room(w, "{\"name\":\"r\"}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        const char *place = strstr(cases[i].path, "$R");
        snprintf(path, sizeof path, "%.*s%s%s",
                 (int)(place ? place - cases[i].path : (long)strlen(cases[i].path)),
                 cases[i].path, place ? room : "", place ? place + 2 : "");
        CHECK_EQ(post(w, path, cases[i].body).status, cases[i].status);
    }
    world_free(w);
}
