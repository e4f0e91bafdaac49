// What clients report of themselves, and what a back end reads of it.
#include "base/limits.h"
#include "store/sessions.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char session_id[] = "64c0000000000000000000aa";

static void write_one(struct world *w, struct store_log_entry entry)
{
    CHECK_EQ(store_log_write(w->db, &entry, 1, NULL), 0);
}

static const char *token(struct world *w, const char *room)
{
    snprintf(w->user_id, sizeof w->user_id, "anna");
    return app(w, room, "host");
}

static struct token_hash hash_of(struct world *w, const char *bearer)
{
    struct jwt_claims claims;
    CHECK_EQ(jwt_verify(bytes_of(bearer + strlen("Bearer ")), &w->config.keys,
                        w->now.wall_ms / 1000, &claims),
             JWT_VALID);
    return claims.hash;
}

static void open_session(struct world *w, const char *room)
{
    write_one(
        w, (struct store_log_entry){
               STORE_LOG_OPEN,
               .session = {.id = session_id, .room_id = room, .started_at = WORLD_START_MS}});
    write_one(w, (struct store_log_entry){STORE_LOG_VISIT,
                                          .visit = {.session_id = session_id,
                                                    .peer_id = "p-anna",
                                                    .name = "Anna",
                                                    .role = "host",
                                                    .user_id = "anna",
                                                    .token = hash_of(w, token(w, room)),
                                                    .joined_at = WORLD_START_MS}});
}

static void close_session(struct world *w)
{
    write_one(w, (struct store_log_entry){
                     STORE_LOG_CLOSE,
                     .session = {.id = session_id, .ended_at = WORLD_START_MS + 1000}});
}

// --- Figures ---

#define UNKNOWN REPORT_UNKNOWN

static void report_at(struct world *w, int64_t at, bool subscribes,
                      const struct report_track *tracks, size_t count)
{
    static unsigned number;
    char id[OBJECT_ID_LEN + 1];
    struct text document = {0};
    store_stats_write(tracks, count, &document);
    snprintf(id, sizeof id, "64c0000000000000000%05u", ++number % 100000);
    write_one(w, (struct store_log_entry){STORE_LOG_STATS, .stats = {.id = id,
                                                                     .session_id = session_id,
                                                                     .peer_id = "p-anna",
                                                                     .subscribes = subscribes,
                                                                     .at = at,
                                                                     .document = document.at}});
    text_dispose(&document);
}

static void report(struct world *w, bool subscribes, const struct report_track *tracks,
                   size_t count)
{
    report_at(w, WORLD_START_MS, subscribes, tracks, count);
}

static const char stats_path[] =
    "/v2/analytics/peer-stats?session_id=64c0000000000000000000aa&peer_id=p-anna";

TEST(figures_are_told_as_series_over_all_reports)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    open_session(w, room);
    // Of what is sent, packets are counted from the track's beginning.
    report(w, false,
           (struct report_track[]){
               {"v1", TRACK_VIDEO, 'f',
                (struct report_sample[]){{{1000, 500000, 29, 10, 1000, 20, 3, -1, -1}},
                                         {{2000, UNKNOWN, 30, 10, 1500, 25, 3, -1, -1}}},
                2},
               {"a1", TRACK_AUDIO, 0,
                (struct report_sample[]){{{1000, 24000, -1, 0, 100, 20, 4, -1, -1}}}, 1}},
           2);
    report(w, true,
           (struct report_track[]){
               {"v2", TRACK_VIDEO, 0,
                (struct report_sample[]){{{1500, 700000, 24, 0, 0, -1, -1, 2, -1}}}, 1},
               {"a2", TRACK_AUDIO, 0,
                (struct report_sample[]){{{1500, 20000, -1, 5, 95, -1, -1, -1, 480}},
                                         {{1600, 20000, -1, 0, 0, -1, -1, -1, 0}}},
                2}},
           2);
    report(w, false,
           (struct report_track[]){
               {"v1", TRACK_VIDEO, 'f',
                (struct report_sample[]){{{3000, 1, 30, 60, 2000, 25, 3, -1, -1}},
                                         {{4000, 1, 30, 1, 4, 25, 3, -1, -1}}},
                2}},
           1);
    close_session(w);
    struct answer a = get(w, stats_path);
    CHECK_EQ(a.status, 200);
    char expected[2000];
    snprintf(
        expected, sizeof expected,
        "{\"peer_id\":\"p-anna\",\"session_id\":\"%s\",\"room_id\":\"%s\",\"publisher\":{"
        "\"video\":[{\"track_id\":\"v1\",\"type\":\"video\",\"rid\":\"h\",\"time_series\":{"
        "\"timestamps\":[1000,2000,3000,4000],\"bitrate\":[500000,null,1,1],"
        "\"fps\":[29,30,30,30],\"packet_loss_percent\":[1.00,0.00,10.00,25.00],"
        "\"rtt_ms\":[20,25,25,25]}}],"
        "\"audio\":[{\"track_id\":\"a1\",\"type\":\"audio\",\"time_series\":{"
        "\"timestamps\":[1000],\"bitrate\":[24000],\"packet_loss_percent\":[0.00],"
        "\"rtt_ms\":[20],\"jitter_ms\":[4]}}]},"
        "\"subscriber\":{\"video\":[{\"track_id\":\"v2\",\"type\":\"video\",\"time_series\":{"
        "\"timestamps\":[1500],\"bitrate\":[700000],\"fps\":[24],\"freeze_count\":[2]}}],"
        "\"audio\":[{\"track_id\":\"a2\",\"type\":\"audio\",\"time_series\":{"
        "\"timestamps\":[1500,1600],\"bitrate\":[20000,20000],"
        "\"packet_loss_percent\":[5.00,null],\"concealed_samples\":[480,0]}}]}}",
        session_id, room);
    CHECK_TEXT(a.body, expected);
    world_free(w);
}

TEST(figures_are_there_when_the_session_is_over)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    CHECK_REFUSED(get(w, stats_path), 404, "session not found", "");
    open_session(w, room);
    CHECK_REFUSED(get(w, stats_path), 404, "session not found", "the session has not ended");
    close_session(w);
    struct answer a = get(w, stats_path);
    CHECK(strstr(a.body,
                 "\"publisher\":{\"video\":[],\"audio\":[]},\"subscriber\":{\"video\":[],"
                 "\"audio\":[]}") != NULL);
    CHECK_REFUSED(
        get(w, target_of("/v2/analytics/peer-stats?session_id=%s&peer_id=x", session_id)), 404,
        "peer not found", "");
    CHECK_REFUSED(get(w, target_of("/v2/analytics/peer-stats?session_id=%s", session_id)), 400,
                  "Invalid query param", "Invalid query param: peer_id");
    CHECK_REFUSED(get(w, "/v2/analytics/peer-stats?peer_id=p-anna"), 400, "Invalid query param",
                  "Invalid query param: session_id");
    CHECK_EQ(call(w, HTTP_GET, stats_path, app(w, room, "host"), "").status, 403);
    world_free(w);
}

static void put_visit(struct world *w, const char *user_id, int64_t joined_at, int64_t left_at)
{
    struct store_visit visit = {.session_id = session_id,
                                .peer_id = "p-anna",
                                .user_id = user_id,
                                .name = user_id,
                                .role = "guest",
                                .joined_at = joined_at,
                                .left_at = left_at};
    CHECK_EQ(store_visit_put(w->db, &visit), 0);
    CHECK_EQ(store_visit_end(w->db, &visit), 0);
}

TEST(figures_of_another_user_under_the_same_peer_id_stand_under_its_own_key)
{
    struct world *w = world_new();
    struct report_sample sample = {{1000, 500000, 29, 10, 1000, 20, 3, -1, -1}};
    open_session(w, make_room(w, ""));
    put_visit(w, "anna", WORLD_START_MS, WORLD_START_MS + 100);
    put_visit(w, "mallory", WORLD_START_MS + 200, WORLD_START_MS + 300);
    report_at(w, WORLD_START_MS + 50, false,
              &(struct report_track){"of-anna", TRACK_VIDEO, 0, &sample, 1}, 1);
    report_at(w, WORLD_START_MS + 250, false,
              &(struct report_track){"of-mallory", TRACK_VIDEO, 0, &sample, 1}, 1);
    close_session(w);
    struct answer a = get(w, stats_path);
    CHECK(strstr(a.body, "of-anna") && !strstr(a.body, "of-mallory"));
    a = get(w,
            target_of("/v2/analytics/peer-stats?session_id=%s&peer_id=p-anna:2", session_id));
    CHECK_EQ(a.status, 200);
    CHECK(strstr(a.body, "of-mallory") && !strstr(a.body, "of-anna"));
    a = get(w,
            target_of("/v2/analytics/peer-stats?session_id=%s&peer_id=p-anna:3", session_id));
    CHECK_REFUSED(a, 404, "peer not found", "");
    world_free(w);
}

TEST(of_one_peer_no_more_than_a_bound_is_kept)
{
    enum { SAMPLES = 2000 };
    struct world *w = world_new();
    struct store_stats *list;
    struct arena arena = {0};
    size_t count, size = 0;
    struct report_sample *samples = arena_alloc(&arena, SAMPLES * sizeof *samples);
    for (int i = 0; i < SAMPLES; i++)
        samples[i].of[REPORT_AT] = WORLD_START_MS;
    open_session(w, make_room(w, ""));
    for (int i = 0; i < 60; i++)
        report(w, false, &(struct report_track){"v1", TRACK_VIDEO, 0, samples, SAMPLES}, 1);
    CHECK_EQ(store_stats_list(w->db, session_id, "p-anna", &arena, &list, &count), 0);
    for (size_t i = 0; i < count; i++)
        size += strlen(list[i].document);
    CHECK(count > 10 && count < 60);
    CHECK(size >= STATS_SIZE_MAX && size < STATS_SIZE_MAX + 100 * 1000);
    CHECK_EQ(store_stats_age(w->db, WORLD_START_MS, 100), 0);
    CHECK_EQ(store_stats_age(w->db, WORLD_START_MS + 1, 5), 5);
    CHECK_EQ(store_stats_age(w->db, WORLD_START_MS + 1, 100), (int)count - 5);
    arena_dispose(&arena);
    world_free(w);
}

// --- Failures ---

#define FAILED                                                                                 \
    "{\"event\":\"connect.failed\",\"peer\":{\"peer_id\":\"p-anna\",\"role\":\"king\","        \
    "\"user_name\":\"Eve\",\"room_id\":\"x\"},\"payload\":{\"error_code\":1000,"               \
    "\"error_name\":\"WebSocketConnectionLost\",\"error_message\":\"lost\","                   \
    "\"error_description\":\"d\",\"action\":\"RECONNECT_SIGNAL\",\"is_terminal\":true,"        \
    "\"secret\":1}}"

static struct answer failures(struct world *w, const char *room, const char *more)
{
    char target[200];
    snprintf(target, sizeof target, "/v2/analytics/events?room_id=%s%s", room, more);
    return get(w, target);
}

static const json_t *first(const struct answer *a)
{
    return json_array_get(json_get_array(a->json, "events"), 0);
}

TEST(a_report_of_a_failure_is_an_event_about_the_bearer)
{
    struct world *w = world_new();
    const char *room = make_room(w, "{\"name\":\"standup\"}");
    open_session(w, room);
    w->user_agent = "os:web_Linux,os_version:6,sdk:web,sdk_version:0.15.2,device_model:"
                    "Chromium_156,env:debug,domain:LOCAL,is_prebuilt:false,framework:js,"
                    "other:1,sdk,\x01";
    struct answer a = call(w, HTTP_POST, "/v2/client/report", token(w, room), FAILED);
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(a.body, "{}");
    a = failures(w, room, "&error=true");
    CHECK_EQ(json_get_int(a.json, "total", 0), 1);
    CHECK_TEXT(json_get_text(first(&a), "type", ""), "client.connect.failed");
    struct text data = {0};
    struct json_out j = json_out_on(&data);
    json_put_value(&j, json_get_object(first(&a), "data"));
    struct answer r = get(w, target_of("/v2/rooms/%s", room));
    char expected[1000];
    snprintf(expected, sizeof expected,
             "{\"user_id\":\"anna\",\"user_name\":\"Anna\",\"peer_id\":\"p-anna\","
             "\"account_id\":\"64a1b2c3d4e5f60718293a4c\",\"room_id\":\"%s\","
             "\"session_id\":\"%s\",\"room_name\":\"standup\",\"template_id\":\"%s\","
             "\"role\":\"host\",\"error_code\":1000,\"error_name\":\"WebSocketConnectionLost\","
             "\"error_message\":\"lost\",\"error_description\":\"d\",\"is_terminal\":true,"
             "\"action\":\"RECONNECT_SIGNAL\",\"agent\":{\"os\":\"web_Linux\","
             "\"os_version\":\"6\",\"sdk\":\"web\",\"sdk_version\":\"0.15.2\","
             "\"device_model\":\"Chromium_156\",\"env\":\"debug\",\"domain\":\"LOCAL\","
             "\"is_prebuilt\":\"false\",\"framework\":\"js\"}}",
             room, session_id, text(&r, "template_id"));
    CHECK_TEXT(data.at, expected);
    text_dispose(&data);
    world_free(w);
}

TEST(a_report_about_somebody_else_names_nobody)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    open_session(w, room);
    snprintf(w->user_id, sizeof w->user_id, "eve");
    CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", app(w, room, "guest"), FAILED).status,
             200);
    struct answer a = failures(w, room, "&user_id=eve");
    const json_t *data = json_get_object(first(&a), "data");
    CHECK_TEXT(json_get_text(data, "user_id", ""), "eve");
    CHECK_TEXT(json_get_text(data, "role", ""), "guest");
    CHECK(!json_object_get(data, "peer_id"));
    CHECK(!json_object_get(data, "session_id"));
    CHECK(!json_object_get(data, "user_name"));
    a = failures(w, room, "&peer_id=p-anna");
    CHECK_EQ(json_get_int(a.json, "total", -1), 0);
    world_free(w);
}

// Everybody with a room code can have a token with that user id.
TEST(a_report_with_another_token_of_the_same_user_is_not_of_the_visit)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    open_session(w, room);
    w->now.wall_ms += 1000;
    CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", token(w, room), FAILED).status, 200);
    struct answer a = failures(w, room, "");
    CHECK_EQ(json_get_int(a.json, "total", -1), 1);
    const json_t *data = json_get_object(first(&a), "data");
    CHECK_TEXT(json_get_text(data, "user_id", ""), "anna");
    CHECK(!json_object_get(data, "peer_id"));
    CHECK(!json_object_get(data, "session_id"));
    CHECK(!json_object_get(data, "user_name"));
    world_free(w);
}

TEST(publish_and_join_failures_say_a_little_more)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    struct text body = {0};
    CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", token(w, room),
                  "{\"event\":\"publish.failed\",\"payload\":{\"domain\":\"LOCAL\",\"audio\":{"
                  "\"a\":1},\"video\":7,\"devices\":[1]}}")
                 .status,
             200);
    struct answer a = failures(w, room, "&type=client.publish.failed");
    const json_t *data = json_get_object(first(&a), "data");
    CHECK_TEXT(json_get_text(data, "domain", ""), "LOCAL");
    CHECK_EQ(json_get_int(json_get_object(data, "audio"), "a", 0), 1);
    CHECK(!json_object_get(data, "video"));
    CHECK_EQ(json_array_size(json_get_array(data, "devices")), 1);
    // What is too long is left out.
    text_add(&body, "{\"event\":\"subscribe.failed\",\"payload\":{\"domain\":\"LOCAL\","
                    "\"error_name\":\"");
    for (int i = 0; i < 129; i++)
        text_add_char(&body, 'x');
    text_add(&body, "\",\"error_code\":\"7\"}}");
    CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", token(w, room), body.at).status, 200);
    a = failures(w, room, "&type=client.subscribe.failed");
    data = json_get_object(first(&a), "data");
    CHECK(!json_object_get(data, "domain"));
    CHECK(!json_object_get(data, "error_name"));
    CHECK(!json_object_get(data, "error_code"));
    text_dispose(&body);
    world_free(w);
}

TEST(what_is_not_to_be_kept_is_thanked_for_all_the_same)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    const char *none = app(w, "64a1b2c3d4e5f60718293a4f", "host");
    const char *bearers[] = {NULL, "", "Bearer x", management(w), none};
    for (size_t i = 0; i < sizeof bearers / sizeof *bearers; i++) {
        struct answer a = call(w, HTTP_POST, "/v2/client/report", bearers[i], FAILED);
        CHECK_EQ(a.status, 200);
        CHECK_TEXT(a.body, "{}");
    }
    static const char *const bodies[] = {
        "", "{", "[]", "7", "{\"event\":7}", "{\"event\":\"join.success\",\"payload\":{}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", token(w, room), bodies[i]).status,
                 200);
    struct answer a = failures(w, room, "");
    CHECK_EQ(json_get_int(a.json, "total", -1), 0);
    world_free(w);
}

TEST(an_address_is_heard_so_often_and_no_more)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    for (int i = 0; i < REPORTS_PER_MINUTE + 5; i++)
        CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", token(w, room), FAILED).status, 200);
    struct answer a = failures(w, room, "");
    CHECK_EQ(json_get_int(a.json, "total", -1), REPORTS_PER_MINUTE);
    w->now.mono_us += 61000000;
    CHECK_EQ(call(w, HTTP_POST, "/v2/client/report", token(w, room), FAILED).status, 200);
    a = failures(w, room, "");
    CHECK_EQ(json_get_int(a.json, "total", -1), REPORTS_PER_MINUTE + 1);
    world_free(w);
}

// --- Pages of events ---

static void put_event(struct world *w, const char *room, unsigned number, const char *type)
{
    char id[OBJECT_ID_LEN + 1];
    snprintf(id, sizeof id, "64c0000000000000000%05u", number % 100000);
    write_one(w, (struct store_log_entry){
                     STORE_LOG_EVENT,
                     .event = {.id = id,
                               .uuid = id,
                               .session_id = session_id,
                               .room_id = room,
                               .peer_id = number % 2 ? "odd" : "even",
                               .user_id = "u",
                               .type = type,
                               .at = WORLD_START_MS,
                               .data = number == 3 ? "{\"beam_id\":\"b-3\"}" : "{}"}});
}

TEST(the_last_page_of_events_says_that_it_is)
{
    struct world *w = world_new();
    const char *room = make_room(w, "");
    for (unsigned i = 1; i <= 4; i++)
        put_event(w, room, i, i < 3 ? "a.b" : "c.d");
    struct answer a = failures(w, room, "&limit=2");
    CHECK_EQ(json_get_int(a.json, "limit", 0), 2);
    CHECK_EQ(json_get_int(a.json, "total", 0), 4);
    CHECK_TEXT(text(&a, "next"), "64c000000000000000000003");
    CHECK_TEXT(text(&a, "last"), text(&a, "next"));
    put_event(w, room, 9, "a.b"); // meanwhile
    a = failures(w, room, "&limit=2&start=64c000000000000000000003");
    CHECK_EQ(json_get_int(a.json, "limit", 0), 2);
    CHECK_TEXT(text(&a, "next"), "");
    CHECK_TEXT(json_get_text(first(&a), "id", ""), "64c000000000000000000002");
    a = failures(w, room, "&type=a.b&type=c.d&limit=100");
    CHECK_EQ(json_get_int(a.json, "limit", 0), 5);
    a = failures(w, room, "&type=c.d&peer_id=odd");
    CHECK_EQ(json_get_int(a.json, "total", 0), 1);
    a = failures(w, room, "&session_id=other");
    CHECK_EQ(json_get_int(a.json, "total", -1), 0);
    a = failures(w, room, "&beam_id=b-3");
    CHECK_EQ(json_get_int(a.json, "total", -1), 1);
    a = failures(w, room, "&beam_id=b");
    CHECK_EQ(json_get_int(a.json, "total", -1), 0);
    CHECK_REFUSED(failures(w, room, "&beam_id=%25"), 400, "Invalid query param",
                  "Invalid query param: beam_id");
    world_free(w);
}
