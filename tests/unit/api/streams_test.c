// What is stored of streams, keys and recordings, and what a server without their engines says.
#include "store/rooms.h"
#include "store/sessions.h"
#include "store/streams.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char nothing[] = "000000000000000000000000";

TEST(a_room_is_deleted_with_its_codes_and_keys)
{
    struct world *w = world_new();
    const char *id = make_room(w, "{\"name\":\"gone\"}");
    struct answer codes = post(w, target_of("/v2/room-codes/room/%s", id), "");
    char login[64];
    snprintf(login, sizeof login, "{\"code\":\"%s\"}",
             json_get_text(item(&codes, 0), "code", ""));
    CHECK_EQ(post(w, target_of("/v2/stream-keys/room/%s", id), "").status, 200);
    CHECK_EQ(call(w, HTTP_POST, "/v2/token", NULL, login).status, 200);

    struct answer a = del(w, target_of("/v2/rooms/%s", id));
    CHECK_EQ(a.status, 204);
    CHECK_TEXT(a.body, "");
    CHECK_EQ(get(w, target_of("/v2/rooms/%s", id)).status, 404);
    CHECK_EQ(call(w, HTTP_POST, "/v2/token", NULL, login).status, 404);
    CHECK_REFUSED(del(w, target_of("/v2/rooms/%s", id)), 404, "room not found", "");
    CHECK_EQ(call(w, HTTP_DELETE, target_of("/v2/rooms/%s", id), NULL, "").status, 401);
    // Its name is free again.
    CHECK(strcmp(make_room(w, "{\"name\":\"gone\"}"), id) != 0);
    world_free(w);
}

TEST(a_template_is_deleted_when_nobody_needs_it)
{
    struct world *w = world_new();
    struct answer made = post(w, "/v2/templates", "{\"name\":\"spare\"}");
    const char *id = text(&made, "id");
    char wish[64];
    snprintf(wish, sizeof wish, "{\"template_id\":\"%s\"}", id);
    const char *room = make_room(w, wish);
    CHECK_REFUSED(del(w, target_of("/v2/templates/%s", id)), 409, "template is in use", "");
    CHECK_EQ(del(w, target_of("/v2/rooms/%s", room)).status, 204);
    CHECK_EQ(del(w, target_of("/v2/templates/%s", id)).status, 204);
    CHECK_REFUSED(del(w, target_of("/v2/templates/%s", id)), 404, "template not found", "");
    struct answer list = get(w, "/v2/templates?default=true");
    CHECK_REFUSED(
        del(w, target_of("/v2/templates/%s", json_get_text(item(&list, 0), "id", ""))), 409,
        "template is the default", "");
    world_free(w);
}

TEST(a_room_has_one_stream_key_at_a_time)
{
    struct world *w = world_new();
    const char *id = make_room(w, "");
    const char *keys = target_of("/v2/stream-keys/room/%s", id);
    CHECK_REFUSED(get(w, keys), 404, "stream key not found", "");
    struct answer made = post(w, keys, "");
    CHECK_EQ(made.status, 200);
    CHECK_EQ(strlen(text(&made, "key")), 32);
    CHECK_TEXT(text(&made, "room_id"), id);
    CHECK_REFUSED(post(w, keys, ""), 400, "active stream key exists", "");
    struct answer list = get(w, keys);
    CHECK_EQ(items(&list), 1);
    CHECK_TEXT(text(&list, "last"), text(&made, "id"));
    struct answer disabled = post(w, target_of("/v2/stream-keys/room/%s/disable", id), "");
    CHECK_EQ(disabled.status, 201);
    CHECK_TEXT(text(&disabled, "message"), "key disabled successfully");
    CHECK_EQ(get(w, keys).status, 404);
    struct answer again = post(w, keys, "");
    CHECK(strcmp(text(&again, "key"), text(&made, "key")) != 0);

    CHECK_EQ(post(w, target_of("/v2/rooms/%s", id), "{\"enabled\":false}").status, 200);
    CHECK_REFUSED(get(w, keys), 403, "room is not active", "");
    CHECK_REFUSED(post(w, keys, ""), 403, "room is not active", "");
    CHECK_REFUSED(post(w, target_of("/v2/stream-keys/room/%s", nothing), ""), 404,
                  "room not found", "");
    world_free(w);
}

// Checked in full, and only then refused for want of an engine.
TEST(what_cannot_be_started_is_checked_first)
{
    static const struct {
        const char *noun, *body;
        int status;
        const char *said; // the message, or for 400 the detail
    } cases[] = {
        {"recordings", "", 501, "recording is not available on this server"},
        {"recordings", "{\"resolution\":{\"width\":1280,\"height\":720}}", 501,
         "recording is not available on this server"},
        {"recordings", "{\"resolution\":{\"width\":499,\"height\":720}}", 400,
         "Invalid body param: resolution"},
        {"recordings", "{\"resolution\":{\"width\":1080,\"height\":1921}}", 400,
         "Invalid body param: resolution"},
        {"recordings", "{\"resolution\":7}", 400, "Invalid body param: resolution"},
        {"recordings", "{\"audio_only\":1}", 400, "Invalid body param: audio_only"},
        {"recordings", "{\"meeting_url\":\"file:///etc\"}", 400,
         "Invalid body param: meeting_url"},
        {"recordings", "{\"meeting_url\":5}", 400, "Invalid body param: meeting_url"},
        {"recordings", "{\"transcription\":{\"output_modes\":[\"pdf\"]}}", 400,
         "Invalid body param: transcription.output_modes"},
        {"recordings", "{\"transcription\":{\"summary\":{\"temperature\":2}}}", 400,
         "Invalid body param: transcription.summary.temperature"},
        {"recordings",
         "{\"transcription\":{\"summary\":{\"sections\":[{\"title\":\"a\",\"format\":\"x\"}]}}"
         "}",
         400, "Invalid body param: transcription.summary.sections"},
        {"recordings", "[", 400, "body is not valid JSON"},
        {"live-streams", "{\"recording\":{\"hls_vod\":true}}", 501,
         "live streaming is not available on this server"},
        {"live-streams", "{\"recording\":{\"hls_vod\":1}}", 400,
         "Invalid body param: recording"},
        {"external-streams", "{}", 400, "Invalid body param: rtmp_urls"},
        {"external-streams", "{\"rtmp_urls\":[]}", 400, "Invalid body param: rtmp_urls"},
        {"external-streams", "{\"rtmp_urls\":[\"http://x\"]}", 400,
         "Invalid body param: rtmp_urls"},
        {"external-streams",
         "{\"rtmp_urls\":[\"rtmp://a\",\"rtmp://a\",\"rtmp://a\",\"rtmp://a\",\"rtmp://a\","
         "\"rtmp://a\"]}",
         400, "Invalid body param: rtmp_urls"},
        {"external-streams", "{\"rtmp_urls\":[\"rtmps://live.example/app/key\"]}", 501,
         "external streaming is not available on this server"},
    };
    struct world *w = world_new();
    const char *id = make_room(w, "");
    char target[120];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(target, sizeof target, "/v2/%s/room/%s/start", cases[i].noun, id);
        struct answer a = post(w, target, cases[i].body);
        CHECK_EQ(a.status, cases[i].status);
        CHECK_TEXT(a.status == 400 ? a.detail : a.message, cases[i].said);
    }
    CHECK_EQ(post(w, target_of("/v2/rooms/%s", id), "{\"enabled\":false}").status, 200);
    CHECK_EQ(post(w, target_of("/v2/recordings/room/%s/start", id), "").status, 403);
    CHECK_EQ(post(w, target_of("/v2/recordings/room/%s/start", nothing), "").status, 404);
    world_free(w);
}

TEST(what_does_not_run_cannot_be_stopped)
{
    static const struct {
        const char *target, *said;
    } cases[] = {
        {"/v2/recordings/room/%s/stop", "recording not running"},
        {"/v2/recordings/room/%s/pause", "recording not running"},
        {"/v2/live-streams/room/%s/stop", "hls not running"},
        {"/v2/external-streams/room/%s/stop", "rtmp not running"},
    };
    struct world *w = world_new();
    const char *id = make_room(w, "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_REFUSED(post(w, target_of(cases[i].target, id), ""), 404, cases[i].said, "");
        CHECK_REFUSED(post(w, target_of(cases[i].target, nothing), ""), 404, "room not found",
                      "");
    }
    CHECK_REFUSED(post(w, target_of("/v2/recordings/%s/stop", nothing), ""), 404,
                  "recording not found", "");
    CHECK_REFUSED(post(w, target_of("/v2/live-streams/%s/timed-metadata", nothing),
                       "{\"payload\":\"x\",\"duration\":5}"),
                  404, "live stream not found", "");
    CHECK_EQ(post(w, target_of("/v2/live-streams/%s/timed-metadata", nothing), "{}").status,
             400);
    world_free(w);
}

TEST(what_is_stored_of_recordings_is_listed_and_shown)
{
    struct world *w = world_new();
    struct store_stream stream = {
        .room_id = "r1",
        .session_id = "s1",
        .status = "completed",
        .document = "{\"meeting_url\":\"u\",\"recording_assets\":[{\"id\":\"a\"}]}",
        .created_at = WORLD_START_MS,
        .updated_at = WORLD_START_MS};
    static const char *const ids[] = {"640000000000000000000001", "640000000000000000000002",
                                      "640000000000000000000003"};
    for (size_t i = 0; i < 3; i++) {
        stream.id = ids[i];
        stream.status = i == 2 ? "failed" : "completed";
        CHECK_EQ(store_stream_insert(w->db, STORE_RECORDING, &stream), 0);
    }
    struct answer page = get(w, "/v2/recordings?limit=2");
    CHECK_EQ(items(&page), 2);
    CHECK_TEXT(json_get_text(item(&page, 0), "id", ""), ids[2]);
    CHECK(!json_object_get(item(&page, 0), "recording_assets")); // left out of lists
    CHECK_TEXT(text(&page, "last"), ids[1]);
    struct answer rest = get(w, target_of("/v2/recordings?start=%s", ids[1]));
    CHECK_EQ(items(&rest), 1);
    struct answer failed = get(w, "/v2/recordings?status=failed&room_id=r1&session_id=s1");
    CHECK_EQ(items(&failed), 1);
    struct answer one = get(w, target_of("/v2/recordings/%s", ids[0]));
    CHECK_TEXT(text(&one, "meeting_url"), "u");
    CHECK_TEXT(text(&one, "created_at"), "2023-11-14T22:13:20.000Z");
    CHECK_EQ(json_array_size(json_get_array(one.json, "recording_assets")), 1);
    CHECK_EQ(get(w, target_of("/v2/live-streams/%s", ids[0])).status, 404);
    CHECK_EQ(get(w, "/v2/recordings?limit=-1").status, 400);
    CHECK_EQ(get(w, "/v2/recordings?start=x").status, 400);
    CHECK_EQ(get(w, target_of("/v2/recording-assets/%s/presigned-url", nothing)).status, 404);
    CHECK_EQ(
        get(w, target_of("/v2/recording-assets/%s/presigned-url?presign_duration=x", nothing))
            .status,
        400);
    world_free(w);
}

TEST(a_template_says_how_it_would_be_recorded)
{
    struct world *w = world_new();
    struct answer made = post(w, "/v2/templates", "{\"name\":\"filmed\"}");
    const char *id = text(&made, "id");
    const char *target = target_of("/v2/templates/%s/recordings", id);
    struct answer none = get(w, target);
    CHECK_TEXT(none.body, "[]");
    struct answer set = post(
        w, target,
        "[{\"name\":\"default\",\"role\":\"host\",\"maxDuration\":1800,\"thumbnails\":{"
        "\"enabled\":"
        "false,\"width\":1280,\"height\":720,\"offsets\":[2],\"fps\":60},"
        "\"compositeRecording\":{"
        "\"browserComposite\":{\"enabled\":true,\"autoStart\":false,\"autoStopTimeout\":500,"
        "\"width\":1920,\"height\":1080}},\"trackRecording\":{\"enabled\":false}}]");
    CHECK_EQ(set.status, 200);
    char name[80];
    snprintf(name, sizeof name, "/v2/templates/%s", id);
    CHECK_EQ(post(w, name, "{\"name\":\"filmed again\"}").status, 200);
    struct answer kept = get(w, target);
    CHECK_EQ(json_array_size(kept.json), 1);
    CHECK_EQ(post(w, target, "{}").status, 400);
    CHECK_EQ(post(w, target, "[{},{}]").status, 400);
    CHECK_EQ(post(w, target, "[{\"maxDuration\":0}]").status, 400);
    CHECK_EQ(post(w, target, "[{\"thumbnails\":{\"offsets\":[-1]}}]").status, 400);
    CHECK_EQ(post(w, target, "[{\"compositeRecording\":{\"browserComposite\":7}}]").status,
             400);
    CHECK_EQ(post(w, target, "[7]").status, 400);
    CHECK_EQ(post(w, target, "[]").status, 200);
    world_free(w);
}

TEST(there_is_no_telephone_here)
{
    struct world *w = world_new();
    CHECK_REFUSED(post(w, "/v2/sip/outbound/call", "{}"), 400, "Invalid body param",
                  "to is mandatory");
    CHECK_REFUSED(post(w, "/v2/sip/outbound/call",
                       "{\"to\":\"1\",\"room_code\":\"c\",\"trunk_id\":\"t\"}"),
                  503, "sip not configured", "");
    CHECK_EQ(call(w, HTTP_GET, "/v2/diagnostics/token", NULL, "").status, 404);
    const char *id = make_room(w, "");
    const char *bearer = app(w, id, "host");
    CHECK_REFUSED(call(w, HTTP_POST, "/v2/sip/dtmf", bearer, "{}"), 400, "digits are mandatory",
                  "");
    CHECK_REFUSED(call(w, HTTP_POST, "/v2/sip/dtmf", bearer, "{\"digits\":[\"e\"]}"), 400,
                  "invalid digit", "");
    CHECK_EQ(call(w, HTTP_POST, "/v2/sip/dtmf", bearer, "{\"digits\":[\"1\",\"#\"]}").status,
             503);
    CHECK_EQ(post(w, "/v2/sip/dtmf", "{\"digits\":[\"1\"]}").status, 403);
    world_free(w);
}

TEST(meetings_that_nobody_uses_are_forgotten_and_rooms_are_not)
{
    struct world *w = world_new();
    struct answer unused = post(w, "/api/meetings", "");
    struct answer used = post(w, "/api/meetings", "");
    struct answer live = post(w, "/api/meetings", "");
    const char *room = make_room(w, "");
    struct store_log_entry log[] = {
        {STORE_LOG_OPEN,
         .session = {.id = "s1", .room_id = text(&used, "Room_Id"), .started_at = 1}},
        {STORE_LOG_CLOSE, .session = {.id = "s1", .ended_at = WORLD_START_MS + 5000}},
        {STORE_LOG_OPEN,
         .session = {.id = "s2", .room_id = text(&live, "Room_Id"), .started_at = 1}},
    };
    CHECK_EQ(store_log_write(w->db, log, 3, NULL), 0);
    CHECK_EQ(store_room_forget_meetings(w->db, WORLD_START_MS, 10), 0); // made just now
    CHECK_EQ(store_room_forget_meetings(w->db, WORLD_START_MS + 5000, 10), 1);
    CHECK_EQ(get(w, target_of("/v2/rooms/%s", text(&unused, "Room_Id"))).status, 404);
    CHECK_EQ(get(w, target_of("/v2/rooms/%s", text(&used, "Room_Id"))).status, 200);
    CHECK_EQ(store_room_forget_meetings(w->db, INT64_MAX, 10), 1);
    CHECK_EQ(get(w, target_of("/v2/rooms/%s", text(&live, "Room_Id"))).status, 200);
    CHECK_EQ(get(w, target_of("/v2/rooms/%s", room)).status, 200);
    world_free(w);
}
