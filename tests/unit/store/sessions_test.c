#include "base/err.h"
#include "scratch.h"
#include "store/sessions.h"
#include "test.h"

#include <stdio.h>

static const char room_id[] = "64a1b2c3d4e5f60718293a4b";
static const char other_room_id[] = "64a1b2c3d4e5f60718293a4c";

struct world {
    struct scratch scratch;
    struct db *db;
    struct arena arena;
};

static struct world world_new(void)
{
    struct world w = {.scratch = scratch_new()};
    CHECK_EQ(db_open(&w.db, w.scratch.database), 0);
    return w;
}

static void world_dispose(struct world *w)
{
    arena_dispose(&w->arena);
    db_close(w->db);
    scratch_remove(&w->scratch);
}

static void write_one(struct world *w, struct store_log_entry entry)
{
    CHECK_EQ(store_log_write(w->db, &entry, 1, NULL), 0);
}

static void open_session(struct world *w, const char *id, const char *room, int64_t at)
{
    write_one(w, (struct store_log_entry){
                     STORE_LOG_OPEN, .session = {.id = id, .room_id = room, .started_at = at}});
}

static void close_session(struct world *w, const char *id, int64_t at)
{
    write_one(w,
              (struct store_log_entry){STORE_LOG_CLOSE, .session = {.id = id, .ended_at = at}});
}

static void put_visit(struct world *w, const char *session, const char *id, const char *role,
                      int64_t at)
{
    write_one(w, (struct store_log_entry){STORE_LOG_VISIT, .visit = {.session_id = session,
                                                                     .peer_id = id,
                                                                     .name = "Anna",
                                                                     .role = role,
                                                                     .user_id = "u-anna",
                                                                     .joined_at = at}});
}

static void end_visit(struct world *w, const char *session, const char *id, int64_t joined_at,
                      int64_t at)
{
    write_one(w, (struct store_log_entry){STORE_LOG_LEFT, .visit = {.session_id = session,
                                                                    .peer_id = id,
                                                                    .user_id = "u-anna",
                                                                    .joined_at = joined_at,
                                                                    .left_at = at}});
}

static void put_event(struct world *w, const char *id, const char *type, int64_t at)
{
    write_one(w, (struct store_log_entry){STORE_LOG_EVENT, .event = {.id = id,
                                                                     .uuid = "u",
                                                                     .session_id = "s1",
                                                                     .room_id = room_id,
                                                                     .peer_id = "p1",
                                                                     .user_id = "u-anna",
                                                                     .type = type,
                                                                     .at = at,
                                                                     .data = "{}"}});
}

static struct store_visit visit_at(struct world *w, const char *session, size_t at)
{
    struct store_visit *visits;
    size_t count;
    CHECK_EQ(store_visits_list(w->db, session, NULL, &w->arena, &visits, &count), 0);
    CHECK(at < count);
    return visits[at];
}

static int list(struct world *w, struct store_session_filter filter,
                struct store_session sessions[STORE_SESSIONS_MAX])
{
    filter.before_ms = filter.before_ms ? filter.before_ms : INT64_MAX;
    filter.limit = filter.limit ? filter.limit : 10;
    return store_session_list(w->db, &filter, &w->arena, sessions);
}

TEST(a_session_has_its_visits_with_their_times)
{
    struct world w = world_new();
    open_session(&w, "s1", room_id, 1000);
    put_visit(&w, "s1", "p1", "guest", 1000);
    put_visit(&w, "s1", "p2", "guest", 1500);
    put_visit(&w, "s1", "p1", "host", 1000); // another role: it did not join again
    end_visit(&w, "s1", "p1", 1000, 2000);

    CHECK_EQ(visit_at(&w, "s1", 0).joined_at, 1000);
    CHECK_EQ(visit_at(&w, "s1", 0).left_at, 2000);
    CHECK_TEXT(visit_at(&w, "s1", 0).role, "host");
    CHECK_TEXT(visit_at(&w, "s1", 0).user_id, "u-anna");
    CHECK_EQ(visit_at(&w, "s1", 1).left_at, 0);

    close_session(&w, "s1", 3000);
    struct store_session session;
    CHECK_EQ(store_session_get(w.db, "s1", &w.arena, &session), 0);
    CHECK_EQ(session.started_at, 1000);
    CHECK_EQ(session.ended_at, 3000);
    CHECK_EQ(session.updated_at, 3000);
    CHECK_EQ(visit_at(&w, "s1", 1).left_at, 3000);
    CHECK_EQ(store_session_get(w.db, "s2", &w.arena, &session), ERR_NOT_FOUND);
    world_dispose(&w);
}

TEST(sessions_are_listed_newest_first_by_room_activity_and_time)
{
    struct world w = world_new();
    struct store_session found[STORE_SESSIONS_MAX];
    open_session(&w, "s1", room_id, 1000);
    open_session(&w, "s2", other_room_id, 2000);
    open_session(&w, "s3", room_id, 3000);
    close_session(&w, "s1", 1500);

    CHECK_EQ(list(&w, (struct store_session_filter){.active = -1}, found), 3);
    CHECK_TEXT(found[0].id, "s3");
    CHECK_EQ(list(&w, (struct store_session_filter){.active = 1}, found), 2);
    CHECK_EQ(list(&w, (struct store_session_filter){.active = 0}, found), 1);
    CHECK_TEXT(found[0].id, "s1");
    CHECK_EQ(list(&w, (struct store_session_filter){.active = -1, .room_id = room_id}, found),
             2);
    CHECK_EQ(list(&w, (struct store_session_filter){.active = -1, .start = "s3"}, found), 2);
    CHECK_EQ(list(&w, (struct store_session_filter){.active = -1, .limit = 1}, found), 1);
    CHECK_EQ(
        list(&w,
             (struct store_session_filter){.active = -1, .after_ms = 1000, .before_ms = 2000},
             found),
        2);
    CHECK_EQ(list(&w, (struct store_session_filter){.active = -1, .after_ms = 1001}, found), 2);
    world_dispose(&w);
}

TEST(a_session_that_goes_on_keeps_those_who_came_over)
{
    struct world w = world_new();
    open_session(&w, "s1", room_id, 1000);
    put_visit(&w, "s1", "p1", "host", 1000);
    put_visit(&w, "s1", "p2", "guest", 1100);
    write_one(&w, (struct store_log_entry){STORE_LOG_RESUME, .session = {.id = "s1",
                                                                         .room_id = room_id,
                                                                         .started_at = 1000,
                                                                         .updated_at = 5000}});
    put_visit(&w, "s1", "p1", "host", 1000);
    CHECK_EQ(visit_at(&w, "s1", 0).left_at, 0);
    CHECK_EQ(visit_at(&w, "s1", 1).left_at, 5000);
    world_dispose(&w);
}

TEST(sessions_that_have_not_ended_are_found)
{
    struct world w = world_new();
    open_session(&w, "s1", room_id, 1000);
    put_visit(&w, "s1", "p1", "host", 1000);
    put_event(&w, "e1", "track.add.success", 1700);
    open_session(&w, "s2", other_room_id, 1000);
    write_one(&w, (struct store_log_entry){STORE_LOG_CLOSE,
                                           .session = {.id = "s2", .ended_at = 1500}});

    struct store_session *list;
    size_t count;
    CHECK_EQ(store_session_unfinished(w.db, &w.arena, &list, &count), 0);
    CHECK_EQ(count, 1);
    CHECK_TEXT(list[0].id, "s1");
    CHECK_EQ(list[0].updated_at, 1700);
    world_dispose(&w);
}

TEST(events_are_found_by_what_they_are_and_age)
{
    struct world w = world_new();
    struct store_session_event found[STORE_EVENTS_MAX];
    int64_t total;
    open_session(&w, "s1", room_id, 1000);
    put_event(&w, "e1", "track.add.success", 1000);
    put_event(&w, "e2", "track.remove.success", 2000);
    put_event(&w, "e3", "track.add.success", 3000);

    struct store_event_filter filter = {.room_id = room_id, .is_error = -1, .limit = 2};
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 2);
    CHECK_EQ(total, 3);
    CHECK_TEXT(found[0].id, "e3");
    filter.start = "e2";
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 1);
    CHECK_EQ(total, 3);
    CHECK_TEXT(found[0].id, "e1");
    filter.start = NULL;
    filter.types = ",track.add.success,";
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 2);
    filter.types = ",track.add,";
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 0);
    filter = (struct store_event_filter){
        .room_id = room_id, .is_error = 1, .limit = 10, .after_ms = 0};
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 0);
    filter.is_error = -1;
    filter.peer_id = "p2";
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 0);

    CHECK_EQ(store_log_age(w.db, 3000, 1), 1);
    CHECK_EQ(store_log_age(w.db, 3000, 10), 1);
    CHECK_EQ(store_log_age(w.db, 3000, 10), 0);
    filter.peer_id = NULL;
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 1);
    CHECK_TEXT(found[0].id, "e3");
    world_dispose(&w);
}
