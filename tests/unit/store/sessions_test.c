#include "base/err.h"
#include "store/log_repair.h"
#include "store/sessions.h"
#include "world.h"

#include <stdio.h>

static const char room_id[] = "64a1b2c3d4e5f60718293a4b";
static const char other_room_id[] = "64a1b2c3d4e5f60718293a4c";

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
    bool is_cut;
    CHECK_EQ(store_visits_page(w->db, session, "", 1000, &w->arena, &visits, &count, &is_cut),
             0);
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

static struct store_log_entry event_of(const char *id, const char *type)
{
    return (struct store_log_entry){STORE_LOG_EVENT, .event = {.id = id,
                                                               .uuid = "u",
                                                               .session_id = "s1",
                                                               .room_id = room_id,
                                                               .peer_id = "",
                                                               .user_id = "",
                                                               .type = type,
                                                               .at = 1000,
                                                               .data = "{}",
                                                               .post = "{}"}};
}

TEST(one_entry_that_cannot_be_stored_takes_no_other_with_it_and_is_kept_aside)
{
    struct world w = world_new();
    struct store_log_entry entries[] = {event_of("e1", "a.b"), event_of("e2", "a.b"),
                                        event_of("e3", NULL),  event_of("e4", "a.b"),
                                        event_of("e5", "a.b"), event_of("e1", "a.b")};
    struct store_log_posts posts = {.workspace = "{\"url\":\"https://a.example\"}"};
    size_t aside = 0;
    CHECK_EQ(store_log_repair(w.db, entries, 6, &posts, 1000, &aside), 0);
    CHECK_EQ(aside, 1);
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM session_events"), "4");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM webhooks"), "4");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT error FROM log_aside"), "refused");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT entry FROM log_aside"),
               "event id=e3 session=s1 room=64a1b2c3d4e5f60718293a4b peer= user= data={} "
               "webhook={}");
    world_dispose(&w);
}

TEST(a_batch_that_comes_a_second_time_changes_nothing)
{
    struct world w = world_new();
    struct store_log_entry entries[] = {
        event_of("e1", "a.b"),
        {STORE_LOG_STATS,
         .stats = {.id = "t1", .session_id = "s1", .peer_id = "p", .document = "[]"}},
        {STORE_LOG_POLL, .poll = {.id = "q1", .document = "{}"}},
        {STORE_LOG_POLL_START, .run = {.id = "r1", .poll_id = "q1", .session_id = "s1"}},
        {STORE_LOG_POLL_ANSWER, .answer = {.poll_id = "q1",
                                           .session_id = "s1",
                                           .voter_row = "v1",
                                           .is = {.id = "a1",
                                                  .voter = "v",
                                                  .peer_id = "",
                                                  .user_id = "",
                                                  .text = "",
                                                  .original = ""}}}};
    for (int i = 0; i < 2; i++)
        CHECK_EQ(store_log_write(w.db, entries, 5, NULL), 0);
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM session_events"), "1");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM peer_stats"), "1");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM poll_answers"), "1");
    world_dispose(&w);
}

TEST(sessions_that_ended_long_ago_are_forgotten_step_by_step_with_what_is_theirs)
{
    struct world w = world_new();
    open_session(&w, "s1", room_id, 1000);
    put_visit(&w, "s1", "p1", "host", 1000);
    for (int i = 0; i < 30; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%02d", i);
        put_event(&w, id, "a.b", 1000);
    }
    close_session(&w, "s1", 2000);
    open_session(&w, "s2", room_id, 1000);
    put_visit(&w, "s2", "p2", "host", 1000);
    close_session(&w, "s2", 5000);
    open_session(&w, "s3", room_id, 1000); // goes on
    CHECK_EQ(store_session_forget(w.db, 3000, 20), 20);
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM session_events"), "10");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM sessions"), "3");
    CHECK_EQ(store_session_forget(w.db, 3000, 20), 20);
    CHECK_EQ(store_session_forget(w.db, 3000, 20), 0);
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM session_events"), "0");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT MIN(id) FROM sessions"), "s2");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM visits"), "1");
    world_dispose(&w);
}

TEST(types_are_words_and_upper_case_is_another)
{
    struct world w = world_new();
    struct store_session_event found[STORE_EVENTS_MAX];
    int64_t total;
    put_event(&w, "e1", "a.b", 1000);
    put_event(&w, "e2", "A.B", 1001);
    put_event(&w, "e3", "c_d", 1002);
    put_event(&w, "e4", "cxd", 1003);
    static const struct {
        const char *types;
        int count;
    } cases[] = {{",a.b,", 1}, {",A.B,", 1},     {",c_d,", 1},     {",%,", 0},
                 {",a,", 0},   {",a.b,A.B,", 2}, {",a.b,a.b,", 1}, {",a.b,,c_d,", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int session = 0; session < 2; session++) {
            struct store_event_filter filter = {.room_id = room_id,
                                                .types = cases[i].types,
                                                .session_id = session ? "s1" : NULL,
                                                .is_error = -1,
                                                .limit = 10};
            CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), cases[i].count);
            CHECK_EQ(total, cases[i].count);
        }
    }
    struct store_event_filter filter = {
        .room_id = room_id, .types = ",a.b,A.B,c_d,", .is_error = -1, .limit = 2};
    CHECK_EQ(store_event_list(w.db, &filter, &w.arena, found, &total), 2);
    CHECK_TEXT(found[0].id, "e3");
    CHECK_TEXT(found[1].id, "e2");
    world_dispose(&w);
}
