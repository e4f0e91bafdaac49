#include "base/err.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_bad(struct world *w, const char *body, const char *detail)
{
    CHECK_REFUSED(post(w, "/v2/rooms", body), 400, "Invalid body param", detail);
}

TEST(a_room_has_all_fields_and_their_defaults)
{
    struct world *w = world_new();
    struct answer a = post(w, "/v2/rooms", "");
    CHECK_EQ(a.status, 200);
    CHECK(id_is_object(text(&a, "id")));
    CHECK_EQ(strlen(text(&a, "name")), 36);
    CHECK(json_get_bool(a.json, "enabled", false));
    CHECK_TEXT(json_get_text(a.json, "description", NULL), "");
    CHECK_TEXT(text(&a, "customer_id"), "64a1b2c3d4e5f60718293a4c");
    CHECK_TEXT(text(&a, "customer"), "64a1b2c3d4e5f60718293a4c");
    CHECK_TEXT(text(&a, "app_id"), "64a1b2c3d4e5f60718293a4d");
    CHECK_TEXT(text(&a, "template_id"), "64a1b2c3d4e5f60718293a4e");
    CHECK_TEXT(text(&a, "template"), "default");
    CHECK_TEXT(text(&a, "region"), "auto");
    CHECK_TEXT(text(&a, "created_at"), "2023-11-14T22:13:20.000Z");
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:20.000Z");
    CHECK(!json_get_bool(json_get_object(a.json, "recording_info"), "enabled", true));
    CHECK(json_get_bool(a.json, "recording_source_template", false));
    CHECK(json_get_bool(a.json, "enabled_source_template", false));
    CHECK(!json_get_bool(a.json, "large_room", true));
    CHECK(!json_object_get(a.json, "size"));
    CHECK(!json_object_get(a.json, "max_duration_seconds"));
    CHECK(!json_object_get(a.json, "chat_history"));
    CHECK(!json_object_get(a.json, "polls"));
    CHECK(!json_object_get(a.json, "webhook"));
    world_free(w);
}

TEST(what_is_sent_comes_back)
{
    struct world *w = world_new();
    struct answer a =
        post(w, "/v2/rooms",
             "{\"name\":\"Stand-Up.1:_\",\"description\":\"caf\\u00e9\",\"region\":\"eu\","
             "\"size\":2500,\"max_duration_seconds\":120,\"chat_history\":500,\"enabled\":true,"
             "\"stray\":[1],"
             "\"template_id\":\"64a1b2c3d4e5f60718293a4e\","
             "\"webhook\":{\"url\":\"https://x.example/hook\",\"headers\":{\"k\":\"v\"}}}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "name"), "Stand-Up.1:_");
    CHECK_TEXT(text(&a, "description"), "café");
    CHECK_TEXT(text(&a, "region"), "eu");
    CHECK_EQ(json_get_int(a.json, "size", 0), 2500);
    CHECK_EQ(json_get_int(a.json, "max_duration_seconds", 0), 120);
    CHECK_EQ(json_get_int(a.json, "chat_history", 0), 500);
    const json_t *webhook = json_get_object(a.json, "webhook");
    CHECK_TEXT(json_get_text(webhook, "url", ""), "https://x.example/hook");
    world_free(w);
}

TEST(a_room_is_there_at_once)
{
    struct world *w = world_new();
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", make_room(w, "{\"name\":\"a\"}"));
    struct answer a = get(w, path);
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "name"), "a");
    world_free(w);
}

TEST(bad_fields_are_refused_with_the_texts_of_the_api)
{
    struct world *w = world_new();
    check_bad(w, "{\"name\":\"a b\"}", "Invalid body param: name");
    check_bad(w, "{\"name\":\"\"}", "Invalid body param: name");
    check_bad(w, "{\"name\":7}", "Invalid body param: name");
    check_bad(w, "{\"name\":\"caf\\u00e9\"}", "Invalid body param: name");
    check_bad(w, "{\"description\":7}", "Invalid body param: description");
    check_bad(w, "{\"template_id\":\"64a1b2c3d4e5f60718293a4f\"}", "template not found");
    check_bad(w, "{\"template_id\":7}", "template not found");
    check_bad(w, "{\"template\":\"default\"}", "Invalid body param: template. Use template_id");
    check_bad(w, "{\"region\":\"mars\"}", "region not supported");
    check_bad(w, "{\"large_room\":\"yes\"}", "Invalid body param: large_room");
    check_bad(w, "{\"enabled\":1}", "Invalid body param: enabled");
    check_bad(w, "{\"size\":-1}", "Invalid body param: size");
    check_bad(w, "{\"size\":\"10\"}", "Invalid body param: size");
    check_bad(w, "{\"size\":2501}",
              "Invalid body param: room size greater than 2500, set large_room flag as true");
    check_bad(w, "{\"size\":20001,\"large_room\":true}",
              "Invalid body param: room size greater than 20000");
    check_bad(w, "{\"max_duration_seconds\":119}",
              "Invalid body param: max_duration_seconds less than 120 seconds");
    check_bad(w, "{\"max_duration_seconds\":43201}",
              "Invalid body param: max_duration_seconds greater than 43200 seconds");
    check_bad(w, "{\"chat_history\":501}",
              "Invalid body param: chat_history greater than 500 messages");
    check_bad(w, "{\"chat_history\":-1}", "Invalid body param: chat_history");
    check_bad(w, "{\"chat_history\":true}", "Invalid body param: chat_history");
    check_bad(w, "{\"webhook\":{\"url\":\"ftp://x\"}}", "Invalid body param: webhook");
    check_bad(w, "{\"webhook\":{}}", "Invalid body param: webhook");
    check_bad(w, "{\"webhook\":{\"url\":\"http://x\",\"headers\":{\"a\":1}}}",
              "Invalid body param: webhook");
    check_bad(w, "{\"polls\":[\"64a1b2c3d4e5f60718293a4f\"]}", "poll not found");
    check_bad(w, "{\"polls\":\"x\"}", "Invalid body param: polls");
    check_bad(w, "{\"recording_info\":{\"enabled\":true,\"upload_info\":{\"type\":\"s3\"}}}",
              "Bucket location is missing");
    check_bad(w,
              "{\"recording_info\":{\"upload_info\":{\"type\":\"tape\",\"location\":\"x\"}}}",
              "Invalid upload configuration");
    check_bad(w, "{\"recording_info\":true}", "Invalid body param: recording_info");
    struct answer a = get(w, "/v2/rooms");
    CHECK_EQ(items(&a), 0); // none of these left a room
    world_free(w);
}

TEST(names_have_1_to_200_letters)
{
    struct world *w = world_new();
    char body[300];
    snprintf(body, sizeof body, "{\"name\":\"%0200d\"}", 0);
    CHECK_EQ(post(w, "/v2/rooms", body).status, 200);
    snprintf(body, sizeof body, "{\"name\":\"%0201d\"}", 0);
    check_bad(w, body, "Invalid body param: name");
    world_free(w);
}

TEST(a_body_that_is_no_object_is_refused)
{
    struct world *w = world_new();
    check_bad(w, "{", "body is not valid JSON");
    check_bad(w, "{\"name\":\"\xff\"}", "body is not valid JSON");
    check_bad(w, "[]", "body is not a JSON object");
    check_bad(w, "\"x\"", "body is not a JSON object");
    CHECK_EQ(post(w, "/v2/rooms", " \r\n").status, 200);
    CHECK_EQ(post(w, "/v2/rooms", "{}").status, 200);
    world_free(w);
}

TEST(a_large_room_may_be_large)
{
    struct world *w = world_new();
    struct answer a = post(w, "/v2/rooms", "{\"size\":20000,\"large_room\":true}");
    CHECK_EQ(a.status, 200);
    CHECK(json_get_bool(a.json, "large_room", false));
    CHECK_EQ(json_get_int(a.json, "size", 0), 20000);
    world_free(w);
}

TEST(creating_a_name_that_exists_updates_that_room)
{
    struct world *w = world_new();
    const char *id = make_room(w, "{\"name\":\"Standup\",\"description\":\"one\",\"size\":5}");
    w->now.wall_ms += 1500;
    struct answer a = post(w, "/v2/rooms", "{\"name\":\"STANDUP\",\"description\":\"two\"}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "id"), id);
    CHECK_TEXT(text(&a, "name"), "Standup");
    CHECK_TEXT(text(&a, "description"), "two");
    CHECK_EQ(json_get_int(a.json, "size", 0), 5);
    CHECK_TEXT(text(&a, "created_at"), "2023-11-14T22:13:20.000Z");
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:21.500Z");
    world_free(w);
}

TEST(an_update_by_name_is_checked_against_the_room_there_is)
{
    struct world *w = world_new();
    make_room(w, "{\"name\":\"big\",\"large_room\":true}");
    struct answer a = post(w, "/v2/rooms", "{\"name\":\"big\",\"size\":3000}");
    CHECK_EQ(a.status, 200);
    CHECK_EQ(json_get_int(a.json, "size", 0), 3000);
    world_free(w);
}

TEST(a_disabled_room_stays_disabled_unless_told)
{
    struct world *w = world_new();
    make_room(w, "{\"name\":\"r\",\"enabled\":false}");
    struct answer a = post(w, "/v2/rooms", "{\"name\":\"r\"}");
    CHECK(!json_get_bool(a.json, "enabled", true));
    a = post(w, "/v2/rooms", "{\"name\":\"r\",\"enabled\":true}");
    CHECK(json_get_bool(a.json, "enabled", false));
    world_free(w);
}

struct racer {
    const char *path; // of the database
    char id[OBJECT_ID_LEN + 1];
    struct world *world; // its configuration and token only
    const char *token;
    uint64_t seed;
};

struct race_job {
    struct db_job job; // first
    struct api *api;
    struct api_call *call;
    struct http_response *response;
};

static int run_race(struct db_job *job, struct db *db)
{
    struct race_job *r = (struct race_job *)job;
    struct moment now = {.mono_us = 1, .wall_ms = WORLD_START_MS};
    return api_run(r->api, db, r->call, now, r->response);
}

static void *race(void *argument)
{
    struct racer *r = argument;
    struct rng rng = rng_seeded(r->seed);
    struct api *api = api_new(&r->world->config, &rng);
    struct db *db;
    if (db_open(&db, r->path) == 0) {
        struct http_request request = {.method = HTTP_POST,
                                       .path = "/v2/rooms",
                                       .raw_path = "/v2/rooms",
                                       .query = "",
                                       .authorization = r->token,
                                       .body = bytes_of("{\"name\":\"the-one\"}")};
        struct http_response response = {0};
        struct api_call c;
        if (api_route(&r->world->config, &request, WORLD_START_MS, &c, &response) ==
            API_STORED) {
            struct race_job job = {{.run = run_race}, api, &c, &response};
            db_run_jobs(db, (struct db_job *[]){&job.job}, 1);
            json_t *room = json_loads(response.body.at, 0, NULL);
            if (!job.job.err)
                snprintf(r->id, sizeof r->id, "%s", json_get_text(room, "id", ""));
            json_decref(room);
        }
        text_dispose(&response.body);
        arena_dispose(&request.arena);
        db_close(db);
    }
    api_free(api);
    return NULL;
}

TEST(two_servers_that_create_one_name_at_once_make_one_room)
{
    struct world *w = world_new();
    const char *token = management(w);
    struct racer racers[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        racers[i] = (struct racer){
            .path = w->scratch.database, .world = w, .token = token, .seed = i + 1};
        CHECK_EQ(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(id_is_object(racers[0].id));
    for (size_t i = 1; i < 4; i++)
        CHECK_TEXT(racers[i].id, racers[0].id);
    struct answer a = get(w, "/v2/rooms");
    CHECK_EQ(items(&a), 1);
    world_free(w);
}

TEST(an_unknown_room_is_404_whatever_its_id_looks_like)
{
    struct world *w = world_new();
    CHECK_REFUSED(get(w, "/v2/rooms/64a1b2c3d4e5f60718293a4b"), 404, "room not found", "");
    CHECK_REFUSED(get(w, "/v2/rooms/x'; DROP TABLE rooms"), 404, "room not found", "");
    CHECK_REFUSED(post(w, "/v2/rooms/64a1b2c3d4e5f60718293a4b", "{}"), 404, "room not found",
                  "");
    world_free(w);
}

// What is compared: the answer, without what no room can be without.
static const char *without_identity(const struct answer *a)
{
    static char kept[2][4096];
    static int at;
    json_t *copy = json_deep_copy(a->json);
    static const char *const own[] = {"id", "name", "created_at", "updated_at"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        json_object_del(copy, own[i]);
    char *text = json_dumps(copy, JSON_SORT_KEYS);
    at = !at;
    snprintf(kept[at], sizeof kept[at], "%s", text);
    free(text);
    json_decref(copy);
    return kept[at];
}

TEST(null_takes_away_what_a_room_was_given_and_nothing_else_does)
{
    struct world *w = world_new();
    struct answer plain = post(w, "/v2/rooms", "");
    struct answer a =
        post(w, "/v2/rooms",
             "{\"name\":\"full\",\"description\":\"x\",\"region\":\"eu\",\"size\":30,"
             "\"max_duration_seconds\":120,\"chat_history\":5,\"enabled\":false,"
             "\"large_room\":true,\"recording_info\":{\"enabled\":true},"
             "\"webhook\":{\"url\":\"https://x.example/hook\"}}");
    CHECK_EQ(a.status, 200);
    CHECK(strcmp(without_identity(&a), without_identity(&plain)) != 0);
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", text(&a, "id"));
    a = post(w, path, "{\"webhook\":null}");
    CHECK_EQ(a.status, 200);
    CHECK(!json_object_get(a.json, "webhook"));
    CHECK_EQ(json_get_int(a.json, "size", 0), 30); // what is left out stays
    a = post(w, path, "{\"recording_info\":null}");
    CHECK(!json_get_bool(json_get_object(a.json, "recording_info"), "enabled", true));
    CHECK(json_get_bool(a.json, "recording_source_template", false));
    a = post(w, path,
             "{\"name\":null,\"description\":null,\"region\":null,\"size\":null,"
             "\"max_duration_seconds\":null,\"chat_history\":null,\"enabled\":null,"
             "\"large_room\":null,\"polls\":null,\"template_id\":null}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "name"), "full"); // there is none without
    CHECK_TEXT(without_identity(&a), without_identity(&plain));
    a = get(w, path);
    CHECK_TEXT(without_identity(&a), without_identity(&plain));
    world_free(w);
}

TEST(an_update_changes_what_is_sent)
{
    struct world *w = world_new();
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s",
             make_room(w, "{\"name\":\"a\",\"description\":\"d\"}"));
    w->now.wall_ms += 1000;
    struct answer a = post(w, path, "{\"enabled\":false}");
    CHECK_EQ(a.status, 200);
    CHECK(!json_get_bool(a.json, "enabled", true));
    CHECK_TEXT(text(&a, "description"), "d");
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:21.000Z");
    w->now.wall_ms += 1000;
    a = post(w, path, "");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "updated_at"), "2023-11-14T22:13:21.000Z");
    a = get(w, path);
    CHECK(!json_get_bool(a.json, "enabled", true));
    world_free(w);
}

TEST(a_room_may_be_renamed_but_not_to_the_name_of_another)
{
    struct world *w = world_new();
    char path[64];
    make_room(w, "{\"name\":\"taken\"}");
    snprintf(path, sizeof path, "/v2/rooms/%s", make_room(w, "{\"name\":\"a\"}"));
    CHECK_REFUSED(post(w, path, "{\"name\":\"Taken\"}"), 400, "room name already exists", "");
    struct answer a = post(w, path, "{\"name\":\"A\"}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "name"), "A");
    world_free(w);
}

TEST(a_stored_secret_is_never_shown)
{
    struct world *w = world_new();
    struct answer a =
        post(w, "/v2/rooms",
             "{\"recording_info\":{\"enabled\":true,\"upload_info\":{\"type\":\"s3\","
             "\"location\":\"bucket\",\"credentials\":{\"key\":\"K\",\"secret\":\"hush\"}}}}");
    CHECK_EQ(a.status, 200);
    CHECK(strstr(a.body, "hush") == NULL);
    const json_t *upload =
        json_get_object(json_get_object(a.json, "recording_info"), "upload_info");
    CHECK_TEXT(json_get_text(json_get_object(upload, "credentials"), "key", ""), "K");
    CHECK_TEXT(json_get_text(json_get_object(upload, "credentials"), "secret", ""), "***");
    CHECK(!json_get_bool(a.json, "recording_source_template", true));
    world_free(w);
}

TEST(a_list_is_newest_first_and_paged_to_its_end)
{
    struct world *w = world_new();
    char ids[25][OBJECT_ID_LEN + 1];
    for (int i = 0; i < 25; i++) {
        snprintf(ids[i], sizeof ids[i], "%s", make_room(w, ""));
        w->now.wall_ms += 700;
    }
    char target[80] = "/v2/rooms";
    static const size_t sizes[] = {10, 10, 5, 0};
    int expected = 24;
    for (size_t page = 0; page < 4; page++) {
        struct answer a = get(w, target);
        CHECK_EQ(a.status, 200);
        CHECK_EQ(json_get_int(a.json, "limit", 0), 10);
        CHECK_EQ(items(&a), sizes[page]);
        for (size_t i = 0; i < items(&a); i++)
            CHECK_TEXT(json_get_text(item(&a, i), "id", ""), ids[expected--]);
        const char *last = text(&a, "last");
        CHECK_TEXT(last, sizes[page] ? ids[expected + 1] : "");
        snprintf(target, sizeof target, "/v2/rooms?start=%s", last);
    }
    CHECK_EQ(expected, -1);
    world_free(w);
}

TEST(limits_of_a_page_are_1_to_100)
{
    struct world *w = world_new();
    for (int i = 0; i < 3; i++)
        make_room(w, "");
    struct answer a = get(w, "/v2/rooms?limit=2");
    CHECK_EQ(items(&a), 2);
    CHECK_EQ(json_get_int(a.json, "limit", 0), 2);
    a = get(w, "/v2/rooms?limit=5000000000000");
    CHECK_EQ(json_get_int(a.json, "limit", 0), 100);
    CHECK_EQ(items(&a), 3);
    // Clients send every field of a form: an empty one is none, and 0 is no limit in
    // particular.
    CHECK_EQ(json_get_int(get(w, "/v2/rooms?limit=0").json, "limit", 0), 10);
    CHECK_EQ(json_get_int(get(w, "/v2/rooms?limit=&name=&enabled=&after=").json, "limit", 0),
             10);
    static const char *const bad[] = {"-1", "x", "1x", "1.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char target[64];
        snprintf(target, sizeof target, "/v2/rooms?limit=%s", bad[i]);
        CHECK_REFUSED(get(w, target), 400, "Invalid query param", "Invalid query param: limit");
    }
    world_free(w);
}

TEST(a_room_is_found_by_its_name)
{
    struct world *w = world_new();
    make_room(w, "{\"name\":\"one\"}");
    make_room(w, "{\"name\":\"a:b\"}");
    struct answer a = get(w, "/v2/rooms?name=a:b");
    CHECK_EQ(items(&a), 1);
    CHECK_TEXT(json_get_text(item(&a, 0), "name", ""), "a:b");
    a = get(w, "/v2/rooms?name=ONE");
    CHECK_EQ(items(&a), 1);
    a = get(w, "/v2/rooms?name=none");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(a.body, "{\"limit\":10,\"data\":[],\"last\":\"\"}");
    world_free(w);
}

static size_t count_of(struct world *w, const char *target)
{
    struct answer a = get(w, target);
    CHECK_EQ(a.status, 200);
    return items(&a);
}

TEST(lists_are_filtered)
{
    struct world *w = world_new();
    make_room(w, "{\"enabled\":false}"); // 22:13:20
    w->now.wall_ms += 10000;
    make_room(w, ""); // 22:13:30
    CHECK_EQ(count_of(w, "/v2/rooms"), 2);
    CHECK_EQ(count_of(w, "/v2/rooms?enabled=true"), 1);
    CHECK_EQ(count_of(w, "/v2/rooms?enabled=false"), 1);
    CHECK_EQ(count_of(w, "/v2/rooms?after=2023-11-14T22:13:20Z"), 2);
    CHECK_EQ(count_of(w, "/v2/rooms?after=2023-11-14T22:13:20.001Z"), 1);
    CHECK_EQ(count_of(w, "/v2/rooms?before=2023-11-14T22:13:30Z"), 2);
    CHECK_EQ(count_of(w, "/v2/rooms?before=2023-11-15T03:43:29%2B05:30"), 1);
    CHECK_EQ(count_of(w, "/v2/rooms?template_id=64a1b2c3d4e5f60718293a4e"), 2);
    CHECK_EQ(count_of(w, "/v2/rooms?template_id=64a1b2c3d4e5f60718293a4f"), 0);
    world_free(w);
}

TEST(bad_queries_are_refused)
{
    struct world *w = world_new();
    CHECK_REFUSED(get(w, "/v2/rooms?enabled=yes"), 400, "Invalid query param",
                  "Invalid query param: enabled");
    CHECK_REFUSED(get(w, "/v2/rooms?after=yesterday"), 400, "Invalid query param",
                  "Invalid query param: after");
    CHECK_REFUSED(get(w, "/v2/rooms?before=2023-02-30T00:00:00Z"), 400, "Invalid query param",
                  "Invalid query param: before");
    CHECK_REFUSED(get(w, "/v2/rooms?start=xyz"), 400, "Invalid query param",
                  "Invalid query param: start");
    world_free(w);
}

TEST(a_cursor_that_never_existed_is_a_position)
{
    struct world *w = world_new();
    make_room(w, "");
    CHECK_EQ(count_of(w, "/v2/rooms?start=ffffffffffffffffffffffff"), 1);
    CHECK_EQ(count_of(w, "/v2/rooms?start=000000000000000000000000"), 0);
    world_free(w);
}

TEST(a_secret_of_an_upload_is_hidden_and_kept_when_it_is_sent_back_so)
{
    struct world *w = world_new();
    const char *id =
        make_room(w, "{\"name\":\"r\",\"recording_info\":{\"enabled\":true,\"upload_info\":{"
                     "\"type\":\"s3\",\"location\":\"b\",\"credentials\":{\"key\":\"k\","
                     "\"secret\":\"very-secret\",\"secretKey\":\"also-secret\"}}}}");
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", id);
    struct answer a = get(w, path);
    CHECK(!strstr(a.body, "very-secret"));
    CHECK(!strstr(a.body, "also-secret"));
    CHECK(strstr(a.body, "\"key\":\"k\""));
    CHECK(!json_get_bool(a.json, "recording_source_template", true));
    CHECK_EQ(post(w, path,
                  "{\"recording_info\":{\"enabled\":true,\"upload_info\":{\"type\":\"s3\","
                  "\"location\":\"c\",\"credentials\":{\"key\":\"k\",\"secret\":\"***\"}}}}")
                 .status,
             200);
    const char *stored = stored_column(w, "SELECT recording_info FROM rooms WHERE id = $1", id);
    CHECK(strstr(stored, "very-secret"));
    CHECK(!strstr(stored, "also-secret"));
    CHECK(strstr(stored, "\"c\""));
    world_free(w);
}

TEST(an_offset_whose_plus_was_not_escaped_is_understood)
{
    struct world *w = world_new();
    make_room(w, "{\"name\":\"r\"}"); // 22:13:20Z
    struct answer a = get(w, "/v2/rooms?after=2023-11-14T23:13:20+01:00");
    CHECK_EQ(items(&a), 1);
    a = get(w, "/v2/rooms?after=2023-11-14T23:13:21+01:00");
    CHECK_EQ(items(&a), 0);
    world_free(w);
}
