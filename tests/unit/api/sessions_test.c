// /v2/sessions, when there is more to tell than one answer holds.
#include "base/limits.h"
#include "store/sessions.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char long_id[] = "65f0a1b2c3d4e5f601020304";
static const char short_id[] = "65f0a1b2c3d4e5f601020305";

enum { MORE = 50 };

static void put_visit(struct db *db, const char *session_id, int number)
{
    char peer_id[16];
    snprintf(peer_id, sizeof peer_id, "p%06d", number);
    struct store_visit visit = {.session_id = session_id,
                                .peer_id = peer_id,
                                .user_id = "",
                                .name = "n",
                                .role = "guest",
                                .joined_at = WORLD_START_MS + number};
    CHECK_EQ(store_visit_put(db, &visit), 0);
}

static int fill(struct db_job *job, struct db *db)
{
    (void)job;
    struct store_log_entry opened[] = {
        {STORE_LOG_OPEN,
         .session = {.id = long_id, .room_id = long_id, .started_at = WORLD_START_MS + 1}},
        {STORE_LOG_OPEN,
         .session = {.id = short_id, .room_id = long_id, .started_at = WORLD_START_MS}}};
    CHECK_EQ(store_log_write(db, opened, 2, NULL), 0);
    for (int i = 0; i < SESSION_VISITS_TOLD_MAX + MORE; i++)
        put_visit(db, long_id, i);
    put_visit(db, short_id, 1);
    return 0;
}

static struct world *world_filled(void)
{
    struct world *w = world_new();
    struct db_job job = {.run = fill};
    db_run_jobs(w->db, (struct db_job *[]){&job}, 1);
    CHECK_EQ(job.err, 0);
    return w;
}

static size_t peers(const json_t *session)
{
    return json_object_size(json_object_get(session, "peers"));
}

TEST(a_session_of_many_is_told_in_pages)
{
    struct world *w = world_filled();
    char path[128];
    snprintf(path, sizeof path, "/v2/sessions/%s", long_id);
    struct answer a = get(w, path);
    CHECK_EQ(a.status, 200);
    CHECK_EQ(peers(a.json), SESSION_VISITS_TOLD_MAX);
    CHECK_TEXT(text(&a, "peers_last"), "p009999");
    CHECK_TEXT(text(&a, "room_id"), long_id);
    snprintf(path, sizeof path, "/v2/sessions/%s?peers_start=%s", long_id,
             text(&a, "peers_last"));
    a = get(w, path);
    CHECK_EQ(a.status, 200);
    CHECK_EQ(peers(a.json), MORE);
    CHECK(json_object_get(json_object_get(a.json, "peers"), "p010000"));
    CHECK(!json_object_get(a.json, "peers_last"));
    world_free(w);
}

// What the first took is not there for the second, whose visits are all still to be had.
TEST(a_list_of_sessions_is_bounded_as_a_whole)
{
    struct world *w = world_filled();
    char path[128];
    struct answer a = get(w, "/v2/sessions");
    CHECK_EQ(items(&a), 2);
    CHECK_TEXT(json_get_text(item(&a, 0), "id", ""), long_id);
    CHECK_EQ(peers(item(&a, 0)), SESSION_VISITS_TOLD_MAX);
    CHECK_TEXT(json_get_text(item(&a, 0), "peers_last", "-"), "p009999");
    CHECK_EQ(peers(item(&a, 1)), 0);
    CHECK_TEXT(json_get_text(item(&a, 1), "peers_last", "-"), "");
    snprintf(path, sizeof path, "/v2/sessions/%s?peers_start=", short_id);
    a = get(w, path);
    CHECK_EQ(peers(a.json), 1);
    CHECK(!json_object_get(a.json, "peers_last"));
    world_free(w);
}
