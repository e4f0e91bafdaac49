#include "base/err.h"
#include "fixture.h"
#include "store/replays.h"
#include "store/rooms.h"
#include "store/sessions.h"
#include "store/templates.h"
#include "store/webhook_turn.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000, LEASE = 60 * SECOND };

static const char workspace[] = "{\"url\":\"http://w.example/\"}";
static const char room_id[] = "64a1b2c3d4e5f60718293a4b";

struct world {
    struct scratch scratch;
    struct db *db;
    struct arena arena;
    struct store_log_posts posts;
    const char *workspace;
    const char *room; // of what happens
    int64_t now;
    struct store_webhook_turn *turn; // the last one
    int next_id;
};

static struct world world_new(void)
{
    struct world w = {.scratch = scratch_new(), .now = 1000000};
    w.db = open_in(&w.scratch);
    w.posts.workspace = workspace;
    w.workspace = workspace;
    w.room = room_id;
    return w;
}

static void world_dispose(struct world *w)
{
    store_webhook_turn_free(w->turn);
    arena_dispose(&w->arena);
    db_close(w->db);
    scratch_remove(&w->scratch);
}

// An event of a session (one letter); its id is the next number.
static void happen(struct world *w, const char *session, const char *type)
{
    char id[OBJECT_ID_LEN + 1];
    snprintf(id, sizeof id, "%024d", ++w->next_id);
    struct store_log_entry entry = {STORE_LOG_EVENT, .event = {.id = id,
                                                               .uuid = id + 18,
                                                               .session_id = session,
                                                               .room_id = w->room,
                                                               .peer_id = "",
                                                               .user_id = "",
                                                               .type = type,
                                                               .at = w->now,
                                                               .data = "{}",
                                                               .post = "{\"data\":{}}"}};
    CHECK_EQ(store_log_write(w->db, &entry, 1, &w->posts), 0);
}

static int visit(struct world *w, size_t places, const struct store_webhook_outcome *outcomes,
                 size_t count)
{
    store_webhook_turn_free(w->turn);
    w->turn = store_webhook_turn_new(count);
    for (size_t i = 0; i < count; i++) {
        w->turn->outcomes[i] = outcomes[i];
        w->turn->outcomes[i].error = mem_text(outcomes[i].error ? outcomes[i].error : "");
    }
    w->turn->takes = true;
    w->turn->places = places;
    w->turn->workspace = w->workspace;
    w->turn->now = w->now;
    w->turn->taken_until = w->now + LEASE;
    return store_webhook_turn(w->db, w->turn);
}

// The numbers of what is taken now, as "1 2".
static const char *take(struct world *w)
{
    static char taken[256];
    size_t len = 0;
    CHECK_EQ(visit(w, 64, NULL, 0), 0);
    taken[0] = 0;
    for (size_t i = 0; i < w->turn->taken_count; i++)
        len += (size_t)snprintf(taken + len, sizeof taken - len, "%s%d", i ? " " : "",
                                atoi(w->turn->taken[i].id));
    return taken;
}

static struct store_webhook_outcome outcome(int number, bool is_delivered, int64_t next_at)
{
    struct store_webhook_outcome o = {.is_delivered = is_delivered,
                                      .next_at = next_at,
                                      .error = is_delivered ? "" : "HTTP 500"};
    snprintf(o.id, sizeof o.id, "%024d", number);
    return o;
}

static void settle(struct world *w, int number, bool is_delivered, int64_t next_at)
{
    struct store_webhook_outcome o = outcome(number, is_delivered, next_at);
    CHECK_EQ(visit(w, 0, &o, 1), 0);
}

static int64_t count(struct world *w, enum store_webhook_status status)
{
    struct store_webhook list[STORE_WEBHOOKS_MAX];
    struct store_webhook_filter filter = {
        .before_ms = INT64_MAX, .room_id = "", .types = "", .status = status};
    int64_t total;
    CHECK(store_webhook_list(w->db, &filter, 100, 0, &w->arena, list, &total) >= 0);
    return total;
}

static void make_room(struct world *w, const char *webhook)
{
    static const char template_id[] = "64a1b2c3d4e5f60718293a4e";
    CHECK_EQ(
        store_template_insert(
            w->db, &(struct store_template){.id = template_id, .name = "t", .document = "{}"}),
        0);
    CHECK_EQ(store_room_insert(w->db, &(struct store_room){.id = room_id,
                                                           .name = "n",
                                                           .description = "",
                                                           .template_id = template_id,
                                                           .region = "",
                                                           .recording_info = "",
                                                           .webhook = webhook}),
             0);
}

static void set_webhook(struct world *w, const char *webhook)
{
    struct db_query *q = db_prepare(w->db, "UPDATE rooms SET webhook = $1");
    db_bind_text(q, 1, webhook);
    CHECK_EQ(db_run(q), 0);
}

static const char own[] = "{\"url\":\"http://own.example/\"}";
static const char another[] = "{\"url\":\"http://another.example/\"}";

TEST(one_of_a_session_is_under_way_at_a_time_and_sessions_are_beside_each_other)
{
    struct world w = world_new();
    happen(&w, "a", "x");
    happen(&w, "a", "y");
    happen(&w, "b", "x");
    CHECK_EQ(w.posts.stored, 3);
    CHECK_TEXT(take(&w), "1 3");
    CHECK_TEXT(w.turn->taken[0].target, workspace);
    CHECK(!w.turn->taken[0].is_rooms);
    CHECK_TEXT(w.turn->taken[0].body, "{\"data\":{}}");
    CHECK_EQ(w.turn->next_at, w.now + LEASE);
    CHECK_TEXT(take(&w), "");
    settle(&w, 1, true, 0);
    CHECK_TEXT(take(&w), "2");
    settle(&w, 2, true, 0);
    settle(&w, 3, true, 0);
    CHECK_TEXT(take(&w), "");
    CHECK_EQ(w.turn->next_at, INT64_MAX);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_SUCCESS), 3);
    world_dispose(&w);
}

TEST(what_failed_is_due_again_when_it_is_said_and_its_line_waits)
{
    struct world w = world_new();
    happen(&w, "a", "x");
    happen(&w, "a", "y");
    CHECK_TEXT(take(&w), "1");
    settle(&w, 1, false, w.now + 3 * SECOND);
    CHECK_EQ(w.turn->next_at, w.now + 3 * SECOND);
    CHECK_TEXT(take(&w), "");
    CHECK_EQ(count(&w, STORE_WEBHOOKS_FAILURE), 1);
    w.now += 3 * SECOND;
    CHECK_TEXT(take(&w), "1");
    CHECK_EQ(w.turn->taken[0].tries, 1);
    settle(&w, 1, false, 0); // given up: the next one has its turn
    CHECK_TEXT(take(&w), "2");
    CHECK_EQ(count(&w, STORE_WEBHOOKS_FAILURE), 1);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_ALL), 2);
    world_dispose(&w);
}

TEST(a_receiver_has_so_many_places_and_the_others_stay_free)
{
    struct world w = world_new();
    char session[8];
    w.room = "64a1b2c3d4e5f60718293a4c"; // without a webhook of its own
    for (int i = 0; i < 20; i++) {
        snprintf(session, sizeof session, "s%d", i);
        happen(&w, session, "x");
    }
    make_room(&w, own);
    w.room = room_id;
    happen(&w, "other", "x");
    CHECK_TEXT(take(&w), "1 2 3 4 5 6 7 8 21");
    CHECK_TEXT(take(&w), "");
    settle(&w, 4, true, 0);
    CHECK_TEXT(take(&w), "9");
    world_dispose(&w);
}

TEST(what_waits_is_counted_until_it_is_done_or_given_up)
{
    struct world w = world_new();
    int64_t waiting;
    happen(&w, "a", "x");
    happen(&w, "a", "y");
    happen(&w, "b", "x");
    CHECK_TEXT(take(&w), "1 3"); // under way is not done
    CHECK_EQ(store_webhook_count(w.db, &waiting), 0);
    CHECK_EQ(waiting, 3);
    settle(&w, 1, true, 0);
    settle(&w, 3, false, w.now + 1000); // is tried again
    CHECK_EQ(store_webhook_count(w.db, &waiting), 0);
    CHECK_EQ(waiting, 2);
    settle(&w, 3, false, 0);
    CHECK_EQ(store_webhook_count(w.db, &waiting), 0);
    CHECK_EQ(waiting, 1);
    world_dispose(&w);
}

TEST(what_the_last_process_was_sending_is_due_again)
{
    struct world w = world_new();
    happen(&w, "a", "x");
    happen(&w, "a", "y");
    CHECK_TEXT(take(&w), "1");
    CHECK_EQ(store_webhook_begin(w.db), 0);
    CHECK_TEXT(take(&w), "1");
    w.now += LEASE; // and so is what nobody ever told the end of
    CHECK_TEXT(take(&w), "1");
    world_dispose(&w);
}

TEST(without_a_target_nothing_is_kept)
{
    struct world w = world_new();
    w.posts.workspace = NULL;
    happen(&w, "a", "x");
    w.posts.workspace = "";
    happen(&w, "a", "y");
    CHECK_EQ(count(&w, STORE_WEBHOOKS_ALL), 0);
    CHECK_EQ(w.posts.stored, 0);
    world_dispose(&w);
}

TEST(the_target_of_the_room_comes_instead_and_is_asked_for_at_each_try)
{
    struct world w = world_new();
    make_room(&w, own);
    happen(&w, "a", "x");
    happen(&w, "b", "x");
    CHECK_TEXT(take(&w), "1 2");
    CHECK_TEXT(w.turn->taken[0].target, own);
    CHECK(w.turn->taken[0].is_rooms);

    set_webhook(&w, another);
    settle(&w, 1, false, w.now + SECOND);
    settle(&w, 2, false, w.now + 2 * SECOND);
    w.now += SECOND;
    CHECK_TEXT(take(&w), "1");
    CHECK_TEXT(w.turn->taken[0].target, another);
    CHECK(w.turn->taken[0].is_rooms);

    set_webhook(&w, "");
    w.now += SECOND;
    CHECK_TEXT(take(&w), "2");
    CHECK_TEXT(w.turn->taken[0].target, workspace);
    CHECK(!w.turn->taken[0].is_rooms);
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT target FROM webhooks WHERE is_rooms = 0"),
               workspace); // the log names it as well
    world_dispose(&w);
}

TEST(a_new_target_has_its_own_places_and_no_more_of_them)
{
    struct world w = world_new();
    char session[8];
    make_room(&w, own);
    for (int i = 0; i < 20; i++) {
        snprintf(session, sizeof session, "s%d", i);
        happen(&w, session, "x");
    }
    CHECK_TEXT(take(&w), "1 2 3 4 5 6 7 8");
    set_webhook(&w, another);
    CHECK_TEXT(take(&w), "9 10 11 12 13 14 15 16");
    CHECK_TEXT(take(&w), "");
    world_dispose(&w);
}

TEST(what_waits_for_a_webhook_that_was_taken_away_is_given_up)
{
    struct world w = world_new();
    int64_t waiting;
    make_room(&w, own);
    for (int i = 0; i < 4; i++)
        happen(&w, i < 3 ? "a" : "b", "x");
    w.workspace = "";
    CHECK_TEXT(take(&w), "1 4");
    set_webhook(&w, "");
    CHECK_TEXT(take(&w), ""); // the first of each line is under way
    CHECK_EQ(w.turn->given_up, 0);
    settle(&w, 1, true, 0);
    CHECK_EQ(w.turn->given_up, 2);
    settle(&w, 4, false, w.now + SECOND);
    w.now += SECOND;
    CHECK_TEXT(take(&w), "");
    CHECK_EQ(w.turn->given_up, 1);
    CHECK_EQ(store_webhook_count(w.db, &waiting), 0);
    CHECK_EQ(waiting, 0);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_SUCCESS), 1);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_FAILURE), 3);
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT DISTINCT error FROM webhooks WHERE state = 2"),
               "its room has no webhook any more");
    world_dispose(&w);
}

TEST(beyond_the_bound_an_event_is_kept_as_failed)
{
    struct world w = world_new();
    w.posts.is_counted = true;
    w.posts.waiting = WEBHOOKS_WAITING_MAX - 1;
    happen(&w, "a", "x");
    happen(&w, "a", "y");
    CHECK_EQ(w.posts.stored, 1);
    CHECK_EQ(w.posts.refused, 1);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_FAILURE), 1);
    CHECK_TEXT(take(&w), "1");
    // What waits is counted once for each batch.
    w.posts = (struct store_log_posts){.workspace = workspace};
    happen(&w, "a", "z");
    CHECK(w.posts.is_counted);
    CHECK_EQ(w.posts.waiting, 2);
    world_dispose(&w);
}

TEST(what_is_done_is_forgotten_after_its_time_and_what_waits_is_not)
{
    struct world w = world_new();
    happen(&w, "a", "x");
    happen(&w, "b", "x");
    CHECK_TEXT(take(&w), "1 2");
    settle(&w, 1, true, 0);
    CHECK_EQ(store_webhook_age(w.db, w.now, 100), 0);
    CHECK_EQ(store_webhook_age(w.db, w.now + 1, 100), 1);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_ALL), 1);
    world_dispose(&w);
}

// --- Replays ---

static const char replay_id[] = "64a1b2c3d4e5f60718293aaa";

static struct store_replay start(struct world *w, enum store_webhook_status status,
                                 int64_t skip, int64_t most, bool *is_new)
{
    struct store_replay r = {
        .id = replay_id,
        .wish = "wish",
        .filter = {.before_ms = w->now, .room_id = room_id, .types = "", .status = status},
        .most = most,
        .skip = skip,
        .started_at = w->now};
    CHECK_EQ(store_replay_start(w->db, &r, &w->arena, is_new), 0);
    return r;
}

static void fail_all(struct world *w, int first, int last)
{
    for (int i = first; i <= last; i++)
        settle(w, i, false, 0);
}

static struct store_replay progress(struct world *w)
{
    struct store_replay r;
    CHECK_EQ(store_replay_get(w->db, replay_id, &w->arena, &r), 0);
    return r;
}

static void replayed(struct world *w, bool is_delivered)
{
    CHECK_EQ(w->turn->replay_count, 1);
    struct store_webhook_outcome o =
        outcome(atoi(w->turn->replays[0].id), is_delivered, w->now + 100);
    snprintf(o.replay_id, sizeof o.replay_id, "%s", w->turn->replays[0].replay_id);
    CHECK_EQ(visit(w, 64, &o, 1), 0);
}

TEST(a_replay_sends_what_failed_in_order_each_at_its_time)
{
    struct world w = world_new();
    bool is_new;
    for (int i = 0; i < 3; i++)
        happen(&w, "a", "x");
    fail_all(&w, 1, 3);
    CHECK_EQ(start(&w, STORE_WEBHOOKS_FAILURE, 0, 100, &is_new).total, 3);
    CHECK(is_new);
    CHECK_EQ(start(&w, STORE_WEBHOOKS_FAILURE, 0, 100, &is_new).total, 3);
    CHECK(!is_new);
    take(&w);
    CHECK_EQ(atoi(w.turn->replays[0].id), 1);
    CHECK_TEXT(w.turn->replays[0].replay_id, replay_id);
    take(&w); // it is under way
    CHECK_EQ(w.turn->replay_count, 0);
    CHECK_EQ(store_webhook_begin(w.db), 0); // until a new process begins
    take(&w);
    CHECK_EQ(atoi(w.turn->replays[0].id), 1);
    replayed(&w, true);
    CHECK_EQ(w.turn->replay_count, 0);
    CHECK_EQ(w.turn->next_at, w.now + 100);
    w.now += 100;
    take(&w);
    CHECK_EQ(atoi(w.turn->replays[0].id), 2);
    replayed(&w, false);
    w.now += 100;
    take(&w);
    replayed(&w, true);
    struct store_replay r = progress(&w);
    CHECK_EQ(r.state, STORE_REPLAY_COMPLETED);
    CHECK_EQ(r.ended_at, w.now);
    CHECK_EQ(r.completed, 2);
    CHECK_EQ(r.failed, 1);
    struct store_replay_failure failures[STORE_REPLAY_FAILURES_MAX];
    CHECK_EQ(store_replay_failures(w.db, replay_id, &w.arena, failures), 1);
    CHECK_TEXT(failures[0].uuid, "000002");
    CHECK_TEXT(failures[0].error, "HTTP 500");
    CHECK_EQ(count(&w, STORE_WEBHOOKS_SUCCESS), 2);
    CHECK_EQ(count(&w, STORE_WEBHOOKS_FAILURE), 1);
    world_dispose(&w);
}

TEST(a_replay_skips_and_ends_where_it_was_told)
{
    struct world w = world_new();
    bool is_new;
    for (int i = 0; i < 5; i++)
        happen(&w, "a", "x");
    fail_all(&w, 1, 5);
    CHECK_EQ(start(&w, STORE_WEBHOOKS_ALL, 1, 2, &is_new).total, 2);
    for (int number = 2; number <= 3; number++) {
        take(&w);
        CHECK_EQ(atoi(w.turn->replays[0].id), number);
        replayed(&w, true);
        w.now += 100;
    }
    CHECK_EQ(progress(&w).state, STORE_REPLAY_COMPLETED);
    take(&w);
    CHECK_EQ(w.turn->replay_count, 0);
    world_dispose(&w);
}

TEST(a_replay_of_nothing_is_done)
{
    struct world w = world_new();
    bool is_new;
    struct store_replay r = start(&w, STORE_WEBHOOKS_FAILURE, 0, 100, &is_new);
    CHECK_EQ(r.state, STORE_REPLAY_COMPLETED);
    CHECK_EQ(progress(&w).ended_at, w.now);
    CHECK_EQ(store_replay_get(w.db, "none", &w.arena, &r), ERR_NOT_FOUND);
    world_dispose(&w);
}

TEST(a_replay_that_is_all_in_vain_ends)
{
    struct world w = world_new();
    bool is_new;
    for (int i = 0; i < WEBHOOK_REPLAY_FAILURES_MAX + 5; i++)
        happen(&w, "a", "x");
    fail_all(&w, 1, WEBHOOK_REPLAY_FAILURES_MAX + 5);
    start(&w, STORE_WEBHOOKS_FAILURE, 0, 50000, &is_new);
    for (int i = 0; i < WEBHOOK_REPLAY_FAILURES_MAX; i++) {
        CHECK_EQ(progress(&w).state, STORE_REPLAY_RUNNING);
        take(&w);
        replayed(&w, false);
        w.now += 100;
    }
    CHECK_EQ(progress(&w).state, STORE_REPLAY_FAILED);
    CHECK_EQ(progress(&w).failed, WEBHOOK_REPLAY_FAILURES_MAX);
    world_dispose(&w);
}

TEST(only_so_many_replays_run)
{
    struct world w = world_new();
    bool is_new;
    happen(&w, "a", "x");
    char id[OBJECT_ID_LEN + 1];
    for (int i = 0; i <= WEBHOOK_REPLAYS_MAX; i++) {
        snprintf(id, sizeof id, "%024d", i);
        struct store_replay r = {.id = id,
                                 .wish = id,
                                 .filter = {.before_ms = w.now, .room_id = "", .types = ""},
                                 .most = 1};
        CHECK_EQ(store_replay_start(w.db, &r, &w.arena, &is_new),
                 i < WEBHOOK_REPLAYS_MAX ? 0 : ERR_FULL);
    }
    take(&w);
    CHECK_EQ(w.turn->replay_count, WEBHOOK_REPLAYS_MAX);
    world_dispose(&w);
}

TEST(what_a_replay_delivered_is_not_tried_again_and_lets_its_line_go_on)
{
    struct world w = world_new();
    bool is_new;
    happen(&w, "a", "x");
    happen(&w, "a", "y");
    CHECK_TEXT(take(&w), "1");
    settle(&w, 1, false, w.now + 3600 * SECOND);
    start(&w, STORE_WEBHOOKS_FAILURE, 0, 100, &is_new);
    take(&w);
    replayed(&w, true);
    CHECK_EQ(w.turn->taken_count, 1);
    CHECK_EQ(atoi(w.turn->taken[0].id), 2);
    world_dispose(&w);
}

TEST(a_replay_goes_nowhere_when_the_webhook_was_taken_away)
{
    struct world w = world_new();
    bool is_new;
    make_room(&w, own);
    happen(&w, "a", "x");
    CHECK_TEXT(take(&w), "1");
    settle(&w, 1, false, 0);
    start(&w, STORE_WEBHOOKS_FAILURE, 0, 100, &is_new);
    w.workspace = "";
    set_webhook(&w, "");
    take(&w);
    CHECK_EQ(w.turn->replay_count, 1);
    CHECK_TEXT(w.turn->replays[0].target, "");
    world_dispose(&w);
}

// When nobody knew whether the first time was committed.
TEST(what_is_written_a_second_time_is_told_once)
{
    struct world w = world_new();
    happen(&w, "a", "one");
    w.next_id = 0;
    happen(&w, "a", "one");
    happen(&w, "a", "two");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM session_events"), "2");
    CHECK_TEXT(scratch_sql(&w.scratch, "SELECT COUNT(*) FROM webhooks"), "2");
    CHECK_TEXT(take(&w), "1");
    world_dispose(&w);
}
