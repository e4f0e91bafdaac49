// What became of webhooks, and replays, as a back end asks for them.
#include "base/err.h"
#include "store/replays.h"
#include "store/sessions.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char room_id[] = "64a1b2c3d4e5f60718293a5b";

static struct world *w;
static int next_id;

// An event that is given up, or still waits. The first one gets number 1.
static void happen(const char *type, int64_t at, bool is_full)
{
    char id[OBJECT_ID_LEN + 1], uuid[UUID_LEN + 1];
    snprintf(id, sizeof id, "%024d", ++next_id);
    snprintf(uuid, sizeof uuid, "uuid-%d", next_id);
    struct store_log_entry entry = {
        STORE_LOG_EVENT,
        .event = {.id = id,
                  .uuid = uuid,
                  .session_id = "a",
                  .room_id = room_id,
                  .peer_id = "",
                  .user_id = "",
                  .type = type,
                  .at = at,
                  .data = "{}",
                  .post = "{\"version\":\"2.0\",\"data\":{\"room_id\":\"x\",\"n\":1}}"}};
    struct store_log_posts posts = {.workspace = "{\"url\":\"https://w.example/hook\"}",
                                    .is_counted = is_full,
                                    .waiting = is_full ? WEBHOOKS_WAITING_MAX : 0};
    CHECK_EQ(store_log_write(w->db, &entry, 1, &posts), 0);
}

static void begin(void)
{
    w = world_new();
    next_id = 0;
}

static const json_t *event(const struct answer *a, size_t at)
{
    return json_array_get(json_get_array(a->json, "events"), at);
}

static size_t events(const struct answer *a)
{
    return json_array_size(json_get_array(a->json, "events"));
}

static int64_t total(const struct answer *a)
{
    return json_get_int(json_get_object(a->json, "summary"), "total_events", -1);
}

TEST(the_log_tells_what_became_of_each)
{
    begin();
    happen("peer.join.success", WORLD_START_MS - 2000, true);
    happen("peer.leave.success", WORLD_START_MS - 1000, false);
    struct answer a = get(w, "/v2/analytics/webhooks");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(a.body,
               "{\"events\":[{\"event_id\":\"uuid-2\","
               "\"event_name\":\"reporter.webhook.delivery.pending\","
               "\"room_id\":\"64a1b2c3d4e5f60718293a5b\","
               "\"event_timestamp\":\"2023-11-14T22:13:19.000Z\","
               "\"payload\":{\"event_data\":{\"room_id\":\"x\",\"n\":1},"
               "\"webhook_url\":\"https://w.example/hook\","
               "\"original_event_name\":\"peer.leave.success\"},\"tries\":0},"
               "{\"event_id\":\"uuid-1\",\"event_name\":\"reporter.webhook.delivery.failed\","
               "\"room_id\":\"64a1b2c3d4e5f60718293a5b\","
               "\"event_timestamp\":\"2023-11-14T22:13:18.000Z\","
               "\"payload\":{\"event_data\":{\"room_id\":\"x\",\"n\":1},"
               "\"webhook_url\":\"https://w.example/hook\","
               "\"original_event_name\":\"peer.join.success\","
               "\"error_reason\":\"too many webhooks are waiting\"},\"tries\":0}],"
               "\"pagination\":{\"current_page\":1,\"page_size\":50,\"total_pages\":1,"
               "\"total_items\":2,\"has_next\":false,\"has_prev\":false},"
               "\"summary\":{\"total_events\":2}}");
    world_free(w);
}

TEST(it_is_filtered_by_time_room_type_and_status)
{
    begin();
    happen("peer.join.success", WORLD_START_MS - 25 * INT64_C(3600000), true);
    happen("peer.join.success", WORLD_START_MS - 1000, true);
    happen("peer.leave.success", WORLD_START_MS, false);
    static const struct {
        const char *query;
        int total;
    } cases[] = {
        {"", 2}, // a day
        {"?start_time=2023-11-13T00:00:00Z", 3},
        {"?start_time=2023-11-13T00:00:00Z&end_time=2023-11-14T00:00:00Z", 1},
        {"?end_time=2023-11-14T22:13:19.500Z", 1},
        {"?status=failed", 1},
        {"?status=success", 0},
        {"?status=all", 2},
        {"?room_id=64a1b2c3d4e5f60718293a5b", 2},
        {"?room_id=64a1b2c3d4e5f60718293a5c", 0},
        {"?event_names=peer.leave.success", 1},
        {"?event_names=peer.leave.success&event_names=peer.join.success", 2},
        {"?event_names=peer", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[160];
        snprintf(path, sizeof path, "/v2/analytics/webhooks%s", cases[i].query);
        struct answer a = get(w, path);
        CHECK_EQ(a.status, 200);
        CHECK_EQ(total(&a), cases[i].total);
    }
    world_free(w);
}

TEST(it_comes_in_pages)
{
    begin();
    for (int i = 0; i < 5; i++)
        happen("x", WORLD_START_MS, true);
    struct answer a = get(w, "/v2/analytics/webhooks?limit=2&page=3");
    CHECK_EQ(events(&a), 1);
    CHECK_TEXT(json_get_text(event(&a, 0), "event_id", ""), "uuid-1");
    const json_t *pages = json_get_object(a.json, "pagination");
    CHECK_EQ(json_get_int(pages, "current_page", 0), 3);
    CHECK_EQ(json_get_int(pages, "total_pages", 0), 3);
    CHECK(!json_get_bool(pages, "has_next", true));
    CHECK(json_get_bool(pages, "has_prev", false));
    a = get(w, "/v2/analytics/webhooks?limit=500");
    CHECK_EQ(json_get_int(json_get_object(a.json, "pagination"), "page_size", 0), 100);
    a = get(w, "/v2/analytics/webhooks?page=9");
    CHECK_EQ(events(&a), 0);
    CHECK_EQ(total(&a), 5);
    world_free(w);
}

TEST(a_replay_is_started_once_and_looked_at)
{
    begin();
    happen("peer.join.success", WORLD_START_MS - 1000, true);
    happen("peer.leave.success", WORLD_START_MS - 1000, true);
    struct answer a =
        post(w, "/v2/analytics/webhooks/replay", "{\"event_names\":[\"peer.join.success\"]}");
    CHECK_EQ(a.status, 200);
    CHECK(w->queues_webhooks);
    CHECK_TEXT(text(&a, "status"), "started");
    const char *id = text(&a, "workflow_id");
    struct text filters = {0};
    struct json_out j = json_out_on(&filters);
    json_put_value(&j, json_get_object(a.json, "filters"));
    CHECK_TEXT(filters.at, "{\"start_time\":\"2023-11-13T22:13:20.000Z\","
                           "\"end_time\":\"2023-11-14T22:13:20.000Z\",\"room_id\":\"\","
                           "\"event_types\":[\"peer.join.success\"],\"status\":\"failed\","
                           "\"limit\":50000,\"offset\":0}");
    text_dispose(&filters);

    // The same, a moment later: though its times are others now.
    w->now.wall_ms += 1000;
    a = post(w, "/v2/analytics/webhooks/replay", "{\"event_names\":[\"peer.join.success\"]}");
    CHECK_TEXT(text(&a, "status"), "already_running");
    CHECK_TEXT(text(&a, "workflow_id"), id);
    a = post(w, "/v2/analytics/webhooks/replay",
             "{\"event_names\":[\"peer.join.success\"],\"offset\":0,\"status\":\"all\"}");
    CHECK_TEXT(text(&a, "status"), "started");

    char path[80];
    snprintf(path, sizeof path, "/v2/analytics/webhooks/replay/%s", id);
    a = get(w, path);
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "status"), "Running");
    CHECK_TEXT(text(&a, "started_at"), "2023-11-14T22:13:20.000Z");
    CHECK(json_is_null(json_object_get(a.json, "completed_at")));
    CHECK_EQ(json_get_int(json_get_object(a.json, "progress"), "total", 0), 1);
    world_free(w);
}

TEST(times_have_a_leeway_of_a_minute)
{
    begin();
    // 30 days ago, to the second.
    CHECK_EQ(get(w, "/v2/analytics/webhooks?start_time=2023-10-15T22:13:20Z").status, 200);
    CHECK_EQ(get(w, "/v2/analytics/webhooks?start_time=2023-10-15T22:12:20Z").status, 200);
    CHECK_REFUSED(get(w, "/v2/analytics/webhooks?start_time=2023-10-15T22:12:19Z"), 400,
                  "start_time must be within the last 30 days", "");
    CHECK_EQ(get(w, "/v2/analytics/"
                    "webhooks?start_time=2023-10-20T00:00:00Z&end_time=2023-11-03T00:00:00Z")
                 .status,
             200);
    CHECK_REFUSED(get(w,
                      "/v2/analytics/"
                      "webhooks?start_time=2023-10-20T00:00:00Z&end_time=2023-11-03T00:00:01Z"),
                  400, "end_time must be within 14 days after start_time", "");
    CHECK_REFUSED(get(w, "/v2/analytics/webhooks?start_time=1969-12-31T23:59:59.999Z"), 400,
                  "start_time must be within the last 30 days", "");
    world_free(w);
}

TEST(sixteen_replays_run_at_a_time)
{
    begin();
    happen("x", WORLD_START_MS - 1000, true);
    for (int i = 1; i <= WEBHOOK_REPLAYS_MAX + 1; i++) {
        char body[32];
        snprintf(body, sizeof body, "{\"limit\":%d}", i);
        struct answer a = post(w, "/v2/analytics/webhooks/replay", body);
        CHECK_EQ(a.status, i <= WEBHOOK_REPLAYS_MAX ? 200 : 429);
    }
    world_free(w);
}
