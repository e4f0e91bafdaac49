#include "base/err.h"
#include "scratch.h"
#include "store/schema.h"
#include "store/sessions.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static const char room_id[] = "64a1b2c3d4e5f60718293a4b";

struct world {
    struct scratch scratch;
    struct db *db;
    struct arena arena;
    struct store_visit *visits;
    size_t count;
};

static struct world world_new(void)
{
    struct world w = {.scratch = scratch_new()};
    CHECK_EQ(db_open(&w.db, w.scratch.database), 0);
    struct store_log_entry open = {
        STORE_LOG_OPEN, .session = {.id = "s1", .room_id = room_id, .started_at = 1000}};
    CHECK_EQ(store_log_write(w.db, &open, 1, NULL), 0);
    return w;
}

static void world_dispose(struct world *w)
{
    arena_dispose(&w->arena);
    db_close(w->db);
    scratch_remove(&w->scratch);
}

static void put(struct world *w, const char *peer_id, const char *user_id, const char *role,
                int64_t joined_at)
{
    struct store_visit visit = {.session_id = "s1",
                                .peer_id = peer_id,
                                .user_id = user_id,
                                .name = user_id,
                                .role = role,
                                .joined_at = joined_at};
    CHECK_EQ(store_visit_put(w->db, &visit), 0);
}

static void end(struct world *w, const char *peer_id, const char *user_id, int64_t joined_at,
                int64_t left_at)
{
    struct store_visit visit = {.session_id = "s1",
                                .peer_id = peer_id,
                                .user_id = user_id,
                                .joined_at = joined_at,
                                .left_at = left_at};
    CHECK_EQ(store_visit_end(w->db, &visit), 0);
}

static const struct store_visit *list(struct world *w, const char *peer_id)
{
    bool is_cut;
    CHECK_EQ(peer_id ? store_visits_of_peer(w->db, "s1", peer_id, 1000, &w->arena, &w->visits,
                                            &w->count)
                     : store_visits_page(w->db, "s1", "", 1000, &w->arena, &w->visits,
                                         &w->count, &is_cut),
             0);
    return w->visits;
}

TEST(whoever_comes_back_makes_another_visit)
{
    struct world w = world_new();
    put(&w, "p1", "alice", "guest", 1000);
    end(&w, "p1", "alice", 1000, 2000);
    put(&w, "p1", "alice", "host", 5000);
    list(&w, NULL);
    CHECK_EQ(w.count, 2);
    CHECK_EQ(w.visits[0].joined_at, 1000);
    CHECK_EQ(w.visits[0].left_at, 2000);
    CHECK_TEXT(w.visits[0].role, "guest");
    CHECK_EQ(w.visits[1].joined_at, 5000);
    CHECK_EQ(w.visits[1].left_at, 0);
    CHECK_TEXT(w.visits[1].role, "host");
    world_dispose(&w);
}

TEST(another_user_under_a_used_peer_id_changes_nothing_of_the_first)
{
    struct world w = world_new();
    put(&w, "p1", "alice", "host", 1000);
    end(&w, "p1", "alice", 1000, 2000);
    put(&w, "p1", "mallory", "guest", 2000); // in the same millisecond
    end(&w, "p1", "mallory", 2000, 2500);
    list(&w, "p1");
    CHECK_EQ(w.count, 2);
    CHECK_TEXT(w.visits[0].user_id, "alice");
    CHECK_TEXT(w.visits[0].name, "alice");
    CHECK_TEXT(w.visits[0].role, "host");
    CHECK_EQ(w.visits[0].left_at, 2000);
    CHECK_TEXT(w.visits[1].user_id, "mallory");
    CHECK_EQ(w.visits[1].left_at, 2500);
    world_dispose(&w);
}

TEST(a_visit_that_is_written_twice_is_one)
{
    struct world w = world_new();
    for (int time = 0; time < 2; time++) {
        put(&w, "p1", "alice", "guest", 1000);
        put(&w, "p1", "alice", "host", 1000); // another role during the visit
        end(&w, "p1", "alice", 1000, 2000);
    }
    list(&w, NULL);
    CHECK_EQ(w.count, 1);
    CHECK_TEXT(w.visits[0].role, "host");
    CHECK_EQ(w.visits[0].left_at, 2000);
    world_dispose(&w);
}

TEST(visits_of_one_peer_and_user_stand_together_and_one_peer_can_be_asked_for)
{
    struct world w = world_new();
    for (int i = 0; i < 40; i++) {
        put(&w, "p1", i % 2 ? "bert" : "anna", "guest", 1000 + i);
        put(&w, "p2", "carl", "guest", 1000 + i);
    }
    list(&w, NULL);
    CHECK_EQ(w.count, 80);
    int changes = 0;
    for (size_t i = 1; i < w.count; i++) {
        if (strcmp(w.visits[i].user_id, w.visits[i - 1].user_id) != 0)
            changes++;
        else
            CHECK(w.visits[i].joined_at > w.visits[i - 1].joined_at);
    }
    CHECK_EQ(changes, 2);
    list(&w, "p2");
    CHECK_EQ(w.count, 40);
    list(&w, "nobody");
    CHECK_EQ(w.count, 0);
    world_dispose(&w);
}

TEST(of_a_peer_with_more_visits_than_are_asked_for_the_first_are_read)
{
    struct world w = world_new();
    for (int i = 0; i < 40; i++)
        put(&w, "p1", "anna", "guest", 1000 + i);
    CHECK_EQ(store_visits_of_peer(w.db, "s1", "p1", 10, &w.arena, &w.visits, &w.count), 0);
    CHECK_EQ(w.count, 10);
    CHECK_EQ(w.visits[9].joined_at, 1009);
    world_dispose(&w);
}

TEST(of_those_that_go_on_none_has_ended)
{
    struct world w = world_new();
    for (int i = 0; i < 40; i++) {
        put(&w, "p1", "anna", "guest", 1000 + i);
        end(&w, "p1", "anna", 1000 + i, 2000);
    }
    put(&w, "p1", "anna", "guest", 3000);
    put(&w, "p2", "bert", "guest", 3000);
    CHECK_EQ(store_visits_open(w.db, "s1", &w.arena, &w.visits, &w.count), 0);
    CHECK_EQ(w.count, 2);
    CHECK_TEXT(w.visits[0].peer_id, "p1");
    CHECK_EQ(w.visits[0].joined_at, 3000);
    CHECK_TEXT(w.visits[1].peer_id, "p2");
    world_dispose(&w);
}

static void put_with(struct world *w, const struct token_hash *token, int64_t joined_at)
{
    struct store_visit visit = {.session_id = "s1",
                                .peer_id = "p1",
                                .user_id = "alice",
                                .name = "",
                                .role = "guest",
                                .token = *token,
                                .joined_at = joined_at};
    CHECK_EQ(store_visit_put(w->db, &visit), 0);
}

TEST(the_last_visit_to_a_room_that_a_token_let_in_is_found)
{
    struct world w = world_new();
    struct store_visit visit;
    struct token_hash own = {{1}}, same_user = {{2}}, none = {0};
    put_with(&w, &own, 1000);
    put_with(&w, &own, 3000);
    put_with(&w, &none, 4000);
    put_with(&w, &same_user, 5000);
    CHECK_EQ(store_visit_last(w.db, room_id, "p1", &own, &w.arena, &visit), 0);
    CHECK_EQ(visit.joined_at, 3000);
    CHECK_EQ(store_visit_last(w.db, room_id, "p1", &none, &w.arena, &visit), ERR_NOT_FOUND);
    CHECK_EQ(store_visit_last(w.db, room_id, "p2", &own, &w.arena, &visit), ERR_NOT_FOUND);
    CHECK_EQ(store_visit_last(w.db, "64a1b2c3d4e5f60718293a4c", "p1", &own, &w.arena, &visit),
             ERR_NOT_FOUND);
    world_dispose(&w);
}

// A database as it was before there were visits: one row a peer id.
TEST(what_was_kept_by_peer_id_becomes_visits)
{
    struct scratch s = scratch_new();
    struct db *db;
    scratch_sql(&s, "CREATE TABLE schema_version (version BIGINT NOT NULL)");
    size_t before = 0;
    for (; before < store_migration_count; before++) {
        char sql[80];
        if (strstr(store_migrations[before], "CREATE TABLE visits"))
            break;
        scratch_sql(&s, store_migrations[before]);
        snprintf(sql, sizeof sql, "INSERT INTO schema_version VALUES (%zu)", before + 1);
        scratch_sql(&s, sql);
    }
    CHECK(before < store_migration_count);
    scratch_sql(&s,
                "INSERT INTO session_peers (session_id, id, name, role, user_id, joined_at, "
                "left_at) VALUES ('s1', 'p1', 'Alice', 'host', 'alice', 1000, 2000)");
    CHECK_EQ(db_open(&db, s.database), 0);
    struct world w = {.scratch = s, .db = db};
    list(&w, NULL);
    CHECK_EQ(w.count, 1);
    CHECK_TEXT(w.visits[0].peer_id, "p1");
    CHECK_TEXT(w.visits[0].user_id, "alice");
    CHECK_TEXT(w.visits[0].name, "Alice");
    CHECK_TEXT(w.visits[0].role, "host");
    CHECK_EQ(w.visits[0].joined_at, 1000);
    CHECK_EQ(w.visits[0].left_at, 2000);
    world_dispose(&w);
}

// --- Pages ---

static const struct store_visit *page(struct world *w, const char *after, size_t most,
                                      bool *is_cut)
{
    CHECK_EQ(
        store_visits_page(w->db, "s1", after, most, &w->arena, &w->visits, &w->count, is_cut),
        0);
    return w->visits;
}

TEST(a_page_of_visits_ends_between_peers)
{
    struct world w = world_new();
    bool is_cut;
    put(&w, "p1", "alice", "guest", 1000);
    put(&w, "p2", "bob", "guest", 1000);
    put(&w, "p2", "bob", "guest", 2000);
    put(&w, "p2", "carol", "guest", 1500);
    put(&w, "p3", "dave", "guest", 1000);
    page(&w, "", 3, &is_cut);
    CHECK_EQ(w.count, 1); // all of p2 would be too much
    CHECK(is_cut);
    page(&w, "p1", 3, &is_cut);
    CHECK_EQ(w.count, 3);
    CHECK_TEXT(w.visits[0].peer_id, "p2");
    CHECK_TEXT(w.visits[2].peer_id, "p2");
    CHECK(is_cut);
    page(&w, "p2", 3, &is_cut);
    CHECK_EQ(w.count, 1);
    CHECK_TEXT(w.visits[0].peer_id, "p3");
    CHECK(!is_cut);
    page(&w, "", 5, &is_cut);
    CHECK_EQ(w.count, 5);
    CHECK(!is_cut);
    world_dispose(&w);
}

TEST(a_peer_that_has_too_many_visits_does_not_stop_the_pages)
{
    struct world w = world_new();
    bool is_cut;
    for (int i = 0; i < 4; i++)
        put(&w, "p1", "alice", "guest", 1000 + i);
    put(&w, "p2", "bob", "guest", 1000);
    page(&w, "", 3, &is_cut);
    CHECK_EQ(w.count, 3);
    CHECK(is_cut);
    page(&w, "p1", 3, &is_cut);
    CHECK_EQ(w.count, 1);
    CHECK_TEXT(w.visits[0].peer_id, "p2");
    CHECK(!is_cut);
    page(&w, "", 0, &is_cut); // there is no room left, and more to tell
    CHECK_EQ(w.count, 0);
    CHECK(is_cut);
    world_dispose(&w);
}
