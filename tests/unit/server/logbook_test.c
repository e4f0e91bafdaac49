#include "../room/fixture.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "room/chat.h"
#include "room/moderate.h"
#include "room/poll_link.h"
#include "room/report.h"
#include "server/logbook.h"
#include "started.h"
#include "store/keys.h"
#include "test.h"

#include <poll.h>
#include <string.h>

struct world {
    struct scratch scratch;
    struct keys keys;
    struct api_config config;
    struct jobs *jobs;
    struct fixture f;
    struct logbook *log;
    struct db *db; // a second connection, to look
    struct arena arena;
};

static struct world *world_new(bool with_chat)
{
    struct world *w = mem_alloc(sizeof *w);
    w->jobs = start_jobs(&w->scratch, &w->keys, &w->config);
    CHECK_EQ(db_open(&w->db, w->scratch.database), 0);
    fixture_init(&w->f);
    w->log = logbook_new(&(struct logbook_config){.with_chat = with_chat}, &w->f.rooms, w->jobs,
                         &w->f.rng);
    return w;
}

static void world_free(struct world *w)
{
    logbook_free(w->log);
    fixture_dispose(&w->f);
    db_close(w->db);
    jobs_free(w->jobs);
    arena_dispose(&w->arena);
    scratch_remove(&w->scratch);
    mem_free(w);
}

static void deliver(struct world *w)
{
    logbook_deliver(w->log, &w->f.events, w->f.now);
    event_list_clear(&w->f.events);
}

static struct peer *join(struct world *w, const char *id, const char *role)
{
    struct join_wish wish = fixture_wish(id, role);
    struct peer *peer;
    enum admission why;
    wish.offer = NULL;
    CHECK_EQ(room_join(w->f.room, &wish, 0, w->f.now, &w->f.events, &peer, &why), 0);
    deliver(w);
    return peer;
}

static struct job *take(struct world *w)
{
    struct pollfd wait = {.fd = jobs_fd(w->jobs), .events = POLLIN};
    struct job *job;
    CHECK_EQ(poll(&wait, 1, 10000), 1);
    CHECK_EQ(jobs_take(w->jobs, &job, 1), 1);
    return job;
}

static void done(struct world *w, struct job *job)
{
    logbook_done(w->log, job);
    job_dispose(job);
    mem_free(job);
}

static void write_down(struct world *w)
{
    logbook_flush(w->log);
    struct job *job = take(w);
    CHECK_EQ(job->db.err, 0);
    done(w, job);
}

static struct store_session only_session(struct world *w);
static size_t visits(struct world *w, struct store_visit **list);

// The next process begins: it finds what is written, and the session goes on in `room`, or not.
static void restart(struct world *w, const struct room *room)
{
    struct store_visit *list;
    struct store_session session = only_session(w);
    struct jobs_live live = {.room_id = w->f.record.id,
                             .session_id = session.id,
                             .record = w->f.record,
                             .is_logged = true,
                             .started_at = session.started_at,
                             .heard_at = session.updated_at,
                             .visit_count = visits(w, &list)};
    live.visits = list;
    logbook_free(w->log);
    w->log = logbook_new(&(struct logbook_config){0}, &w->f.rooms, w->jobs, &w->f.rng);
    logbook_restore(w->log, &live, room, w->f.now);
}

static struct store_session only_session(struct world *w)
{
    struct store_session sessions[STORE_SESSIONS_MAX];
    struct store_session_filter filter = {.active = -1, .before_ms = INT64_MAX, .limit = 10};
    CHECK_EQ(store_session_list(w->db, &filter, &w->arena, sessions), 1);
    return sessions[0];
}

static size_t visits(struct world *w, struct store_visit **list)
{
    size_t count;
    bool is_cut;
    CHECK_EQ(store_visits_page(w->db, only_session(w).id, "", 1000, &w->arena, list, &count,
                               &is_cut),
             0);
    return count;
}

// How many events of the type there are, and the newest's data.
static int events(struct world *w, const char *type, const char **data)
{
    struct store_session_event list[STORE_EVENTS_MAX];
    struct store_event_filter filter = {
        .room_id = w->f.record.id, .types = type, .is_error = -1, .limit = 100};
    int64_t total;
    int count = store_event_list(w->db, &filter, &w->arena, list, &total);
    *data = count > 0 ? list[0].data : "";
    return count;
}

TEST(a_meeting_is_written_down)
{
    struct world *w = world_new(false);
    const char *data;
    struct store_visit *list;
    struct peer *anna = join(w, "anna", "host");
    w->f.now.wall_ms += 5000;
    struct peer *bert = join(w, "bert", "guest");
    w->f.now.wall_ms += 5000;
    CHECK_EQ(moderate_remove(w->f.room, anna, "bert", "enough", w->f.now, &w->f.events),
             ERR_REFUSED); // a host of this template may not
    CHECK_EQ(moderate_remove(w->f.room, NULL, "bert", "enough", w->f.now, &w->f.events), 0);
    (void)bert;
    deliver(w);
    write_down(w);

    CHECK_EQ(only_session(w).started_at, 1700000000000);
    CHECK_EQ(only_session(w).ended_at, 0);
    CHECK_TEXT(only_session(w).room_id, w->f.record.id);
    CHECK_EQ(visits(w, &list), 2);
    CHECK_TEXT(list[0].peer_id, "anna");
    CHECK_EQ(list[0].left_at, 0);
    CHECK_TEXT(list[1].role, "guest");
    CHECK_EQ(list[1].joined_at, 1700000005000);
    CHECK_EQ(list[1].left_at, 1700000010000);
    CHECK_EQ(events(w, ",peer.join.success,", &data), 2);
    CHECK_EQ(events(w, ",peer.leave.success,", &data), 1);
    CHECK(strstr(data, "\"reason\":\"peer kicked\",\"message\":\"enough\"") != NULL);
    CHECK(strstr(data, "\"duration\":5") != NULL);

    w->f.now.wall_ms += 1000;
    room_leave(anna, LEAVE_CLIENT_REQUEST, w->f.now, &w->f.events);
    deliver(w);
    write_down(w);
    CHECK_EQ(only_session(w).ended_at, 1700000011000);
    CHECK_EQ(events(w, ",session.close.success,", &data), 1);
    CHECK(strstr(data, "\"session_duration\":11") != NULL);
    world_free(w);
}

static void say(struct world *w, const char *text)
{
    struct chat_wish wish = {.type = "chat", .message = text};
    CHECK_EQ(chat_announce(w->f.room, &wish, w->f.now, &w->f.events), 0);
    deliver(w);
}

TEST(what_people_say_is_kept_only_where_it_is_asked_for)
{
    const char *data;
    for (int with_chat = 0; with_chat < 2; with_chat++) {
        struct world *w = world_new(with_chat);
        join(w, "anna", "host");
        // What some hear only is not kept at all.
        struct chat_wish wish = {.type = "chat",
                                 .message = "to hosts",
                                 .roles = (const char *[]){"host"},
                                 .role_count = 1};
        CHECK_EQ(chat_announce(w->f.room, &wish, w->f.now, &w->f.events), 0);
        deliver(w);
        say(w, "hello");
        write_down(w);
        CHECK_EQ(events(w, ",chat.message,", &data), with_chat);
        CHECK_EQ(strstr(data, "hello") != NULL, with_chat);
        world_free(w);
    }
}

TEST(one_write_is_under_way_at_a_time)
{
    struct world *w = world_new(false);
    CHECK_EQ(logbook_deadline(w->log), NEVER);
    join(w, "anna", "host");
    int64_t at = logbook_deadline(w->log);
    CHECK_EQ(at, w->f.now.mono_us + LOG_INTERVAL_MS * 1000);
    w->f.now.mono_us = at;
    logbook_expire(w->log, w->f.now);
    join(w, "bert", "guest");
    CHECK_EQ(logbook_deadline(w->log), NEVER); // until the first is done
    done(w, take(w));
    CHECK_EQ(logbook_deadline(w->log), at + LOG_INTERVAL_MS * 1000);
    write_down(w);
    struct store_visit *list;
    CHECK_EQ(visits(w, &list), 2);
    world_free(w);
}

TEST(what_could_not_be_written_is_tried_again_in_its_order)
{
    struct world *w = world_new(false);
    struct peer *anna = join(w, "anna", "host");
    logbook_flush(w->log);
    struct job *job = take(w);
    // The disk is full; what the database took is taken back.
    CHECK_EQ(db_run(db_prepare(w->db, "DELETE FROM session_events")), 0);
    CHECK_EQ(db_run(db_prepare(w->db, "DELETE FROM sessions")), 0);
    job->db.err = ERR_FULL;
    room_leave(anna, LEAVE_CLIENT_REQUEST, w->f.now, &w->f.events);
    deliver(w); // in between
    done(w, job);
    write_down(w);
    const char *data;
    struct store_visit *list;
    CHECK(only_session(w).ended_at != 0);
    CHECK_EQ(visits(w, &list), 1);
    CHECK_EQ(events(w, ",peer.join.success,", &data), 1);
    CHECK_EQ(logbook_dropped(w->log), 0);
    world_free(w);
}

static void put_call(struct world *w, uint64_t id)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_COUNT; // which needs no request; what it asks is no matter here
    job->call.id = id;
    logbook_put_call(w->log, job);
}

static void take_call(struct world *w, uint64_t id)
{
    struct job *job = take(w);
    CHECK_EQ(job->kind, JOB_COUNT);
    CHECK_EQ(job->call.id, id);
    job_free(job);
}

TEST(a_call_that_looks_for_what_happened_waits_until_that_is_written)
{
    struct world *w = world_new(false);
    put_call(w, 1); // nothing waits
    take_call(w, 1);

    join(w, "anna", "host");
    put_call(w, 2);
    w->f.now.mono_us = logbook_deadline(w->log);
    logbook_expire(w->log, w->f.now);
    struct job *first = take(w);
    put_call(w, 3); // that write is under way
    join(w, "bert", "guest");
    put_call(w, 4); // it has not all of it
    done(w, first);
    take_call(w, 2);
    take_call(w, 3);
    w->f.now.mono_us = logbook_deadline(w->log);
    logbook_expire(w->log, w->f.now);
    done(w, take(w));
    take_call(w, 4);
    world_free(w);
}

TEST(a_call_waits_for_what_could_not_be_written_too)
{
    struct world *w = world_new(false);
    join(w, "anna", "host");
    w->f.now.mono_us = logbook_deadline(w->log);
    logbook_expire(w->log, w->f.now);
    struct job *job = take(w);
    join(w, "bert", "guest");
    put_call(w, 1);
    job->db.err = ERR_FULL;
    done(w, job);
    w->f.now.mono_us = logbook_deadline(w->log);
    logbook_expire(w->log, w->f.now);
    done(w, take(w));
    take_call(w, 1);

    // Those that nobody came to put end with it; a last write takes them along.
    join(w, "carl", "guest");
    put_call(w, 2);
    logbook_flush(w->log);
    done(w, take(w));
    take_call(w, 2);
    join(w, "dora", "guest");
    CHECK(!logbook_is_full_of_calls(w->log));
    for (int i = 0; i < LOG_CALLS_WAITING_MAX; i++)
        put_call(w, 3);
    CHECK(logbook_is_full_of_calls(w->log));
    world_free(w);
}

TEST(a_storage_that_hangs_costs_events_first)
{
    struct world *w = world_new(true);
    join(w, "anna", "host");
    for (int i = 0; i < LOG_EVENTS_WAITING_MAX + 100; i++)
        say(w, "again");
    CHECK(logbook_dropped(w->log) >= 100);
    uint64_t before = logbook_dropped(w->log);
    join(w, "bert", "guest"); // not who is in, nor what a back end is to be told
    CHECK_EQ(logbook_dropped(w->log), before);
    write_down(w);
    struct store_visit *list;
    CHECK_EQ(visits(w, &list), 2);
    world_free(w);
}

TEST(a_session_that_does_not_go_on_is_told_to_have_ended)
{
    struct world *w = world_new(false);
    struct store_visit *list;
    const char *data;
    join(w, "anna", "host");
    join(w, "bert", "guest");
    write_down(w);
    w->f.now.wall_ms += 3000;
    restart(w, NULL);
    write_down(w);
    CHECK_EQ(visits(w, &list), 2);
    CHECK_EQ(list[0].left_at, 1700000000000);
    CHECK_EQ(only_session(w).ended_at, 1700000000000);
    CHECK_EQ(events(w, ",peer.leave.success,", &data), 2);
    CHECK_EQ(events(w, ",session.close.success,", &data), 1);
    CHECK(strstr(data, "\"session_duration\":0"));
    world_free(w);
}

TEST(a_session_goes_on_after_a_restart)
{
    struct world *w = world_new(false);
    struct store_visit *list;
    join(w, "anna", "host");
    struct peer *bert = join(w, "bert", "guest");
    write_down(w);
    // The next process knows of anna only.
    room_leave(bert, LEAVE_CLIENT_REQUEST, w->f.now, &w->f.events);
    event_list_clear(&w->f.events);
    w->f.now.wall_ms += 3000;
    restart(w, w->f.room);
    write_down(w);
    CHECK_EQ(visits(w, &list), 2);
    CHECK_EQ(list[0].left_at, 0);
    CHECK_EQ(list[1].left_at, 1700000000000); // when something was last heard of it
    CHECK_EQ(only_session(w).ended_at, 0);
    const char *data;
    CHECK_EQ(events(w, ",peer.leave.success,", &data), 1);
    CHECK(strstr(data, "\"peer_id\":\"bert\"") && strstr(data, "websocket closed"));
    CHECK_EQ(events(w, ",session.close.success,", &data), 0);
    join(w, "cleo", "guest");
    write_down(w);
    CHECK_EQ(visits(w, &list), 3);
    world_free(w);
}

// The process before ended after it had written the session, and before it told of it.
TEST(what_the_last_process_did_not_get_to_tell_is_told)
{
    struct world *w = world_new(false);
    const char *data;
    join(w, "anna", "host");
    logbook_free(w->log);
    w->log = logbook_new(&(struct logbook_config){0}, &w->f.rooms, w->jobs, &w->f.rng);
    struct jobs_live live = {
        .room_id = w->f.record.id, .session_id = w->f.room->session_id, .record = w->f.record};
    logbook_restore(w->log, &live, w->f.room, w->f.now);
    write_down(w);
    CHECK_EQ(events(w, ",session.open.success,", &data), 1);
    CHECK_EQ(events(w, ",peer.join.success,", &data), 1);
    CHECK(strstr(data, "\"peer_id\":\"anna\"") != NULL);

    // And of one more; what was told is not told again.
    w->f.now.wall_ms += 5;
    struct join_wish wish = fixture_wish("bert", "guest");
    struct peer *bert;
    enum admission why;
    wish.offer = NULL;
    CHECK_EQ(room_join(w->f.room, &wish, 0, w->f.now, &w->f.events, &bert, &why), 0);
    event_list_clear(&w->f.events);
    restart(w, w->f.room);
    write_down(w);
    CHECK_EQ(events(w, ",session.open.success,", &data), 1);
    CHECK_EQ(events(w, ",peer.join.success,", &data), 2);
    CHECK(strstr(data, "\"peer_id\":\"bert\"") != NULL);
    restart(w, w->f.room);
    write_down(w);
    CHECK_EQ(events(w, ",peer.join.success,", &data), 2);
    CHECK_EQ(events(w, ",peer.leave.success,", &data), 0);
    world_free(w);
}

// --- Polls ---

static struct numbered_question yes_or_no(void)
{
    static const struct poll_option options[] = {{"yes", 0}, {"no", 0}};
    return (struct numbered_question){.index = 1,
                                      .is = {.type = QUESTION_SINGLE_CHOICE,
                                             .text = "Tea?",
                                             .weight = 4,
                                             .options = options,
                                             .option_count = 2,
                                             .has_solution = true,
                                             .solution = 1,
                                             .solution_text = ""}};
}

// Before anybody is in.
static void link_poll(struct world *w, bool anonymous)
{
    struct linked_polls *polls = linked_polls_new();
    struct numbered_question *question = arena_alloc(&polls->arena, sizeof *question);
    *question = yes_or_no();
    polls->list[polls->count++] =
        (struct linked_poll){.id = "64c000000000000000000001",
                             .info = {.title = "Tea", .anonymous = anonymous},
                             .questions = question,
                             .question_count = 1,
                             .starts_at_once = true};
    room_link_polls(w->f.room, polls);
}

static void vote(struct world *w, struct peer *by, const char *id, int64_t option, bool update)
{
    bool correct;
    struct poll *poll = map_get(&w->f.room->polls.by_id, bytes_of(id));
    struct answer_wish wish = {.question = 1,
                               .type = -1,
                               .update = update,
                               .options = &option,
                               .option_count = 1,
                               .duration_ms = 700};
    CHECK_EQ(poll_answer_question(poll, by, &wish, &w->f.events, w->f.now, &correct), 0);
    deliver(w);
}

static int answers(struct world *w, const char *id, struct store_poll_answer list[])
{
    struct store_poll_filter filter = {.poll_id = id, .all = true, .limit = 100};
    return store_poll_answers(w->db, &filter, &w->arena, list);
}

static struct store_poll_run only_run(struct world *w, const char *id)
{
    struct store_poll_run runs[STORE_POLLS_MAX];
    struct store_poll_filter filter = {.poll_id = id, .limit = 100};
    CHECK_EQ(store_poll_runs(w->db, &filter, &w->arena, runs), 1);
    return runs[0];
}

static struct peer *join_reader(struct world *w, const char *id)
{
    w->f.room->template->roles[0].permissions[PERMISSION_POLL_READ] = true;
    w->f.room->template->roles[1].permissions[PERMISSION_POLL_READ] = true;
    return join(w, id, "host");
}

TEST(answers_to_a_linked_poll_are_written_down_with_what_they_replace)
{
    static const char id[] = "64c000000000000000000001";
    struct world *w = world_new(false);
    struct store_poll_answer list[STORE_POLLS_MAX];
    link_poll(w, false);
    struct peer *anna = join_reader(w, "anna");
    vote(w, anna, id, 2, false);
    vote(w, anna, id, 1, true);
    vote(w, anna, id, 1, true);
    write_down(w);
    CHECK_EQ(answers(w, id, list), 3);
    CHECK_EQ(list[2].is.retries, 0);
    CHECK_EQ(list[2].is.options, 2);
    CHECK_EQ(list[2].is.score, 0);
    CHECK_EQ(list[0].is.retries, 2);
    CHECK_TEXT(list[0].is.original, list[2].is.id);
    CHECK_TEXT(list[1].is.original, list[2].is.id);
    CHECK_EQ(list[0].is.score, 4);
    CHECK_TEXT(list[0].is.peer_id, "anna");
    CHECK_TEXT(list[0].session_id, only_session(w).id);
    CHECK_EQ(list[0].is.sent_at, 1700000000000);
    CHECK(list[0].is_last && !list[1].is_last && !list[2].is_last);
    CHECK_EQ(only_run(w, id).responses, 1);
    CHECK_EQ(only_run(w, id).stopped_at, 0);
    w->f.now.wall_ms += 1000;
    room_leave(anna, LEAVE_CLIENT_REQUEST, w->f.now, &w->f.events);
    deliver(w);
    write_down(w);
    CHECK_EQ(only_run(w, id).stopped_at, 1700000001000);
    world_free(w);
}

TEST(who_answered_an_anonymous_poll_is_not_written_anywhere)
{
    static const char id[] = "64c000000000000000000001";
    struct world *w = world_new(false);
    struct store_poll_answer list[STORE_POLLS_MAX];
    struct store_poll_score scores[STORE_POLLS_MAX];
    struct store_poll_filter filter = {.poll_id = id, .limit = 10};
    link_poll(w, true);
    struct peer *anna = join_reader(w, "anna");
    vote(w, anna, id, 1, false);
    write_down(w);
    CHECK_EQ(answers(w, id, list), 1);
    CHECK_TEXT(list[0].is.peer_id, "");
    CHECK_TEXT(list[0].is.user_id, "");
    CHECK(!strstr(list[0].is.voter, "anna"));
    CHECK_EQ(store_poll_scores(w->db, &filter, &w->arena, scores), 1);
    CHECK_TEXT(scores[0].peer_id, "");
    CHECK_TEXT(scores[0].user_id, "");
    world_free(w);
}

static const char *make_poll(struct world *w, const char *id)
{
    struct poll *poll;
    struct arena arena = {0};
    struct poll_info info = {.title = "Mine", .type = POLL_QUIZ};
    struct numbered_question question = yes_or_no();
    CHECK_EQ(poll_set_info(w->f.room, NULL, id, &info, w->f.now, &poll), 0);
    CHECK_EQ(poll_set_questions(w->f.room, NULL, poll->id, &question, 1, &arena, &poll), 0);
    CHECK_EQ(poll_start(w->f.room, NULL, poll->id, w->f.now, &w->f.events, &poll), 0);
    deliver(w);
    arena_dispose(&arena);
    return poll->id;
}

// A client that names its poll might name another's.
TEST(a_poll_made_in_the_meeting_is_kept_if_we_named_it)
{
    struct world *w = world_new(false);
    struct store_poll_answer list[STORE_POLLS_MAX];
    struct store_poll poll;
    struct peer *anna = join_reader(w, "anna");
    const char *ours = make_poll(w, "");
    vote(w, anna, ours, 1, false);
    const char *theirs = make_poll(w, "64c000000000000000000002");
    vote(w, anna, theirs, 1, false);
    write_down(w);
    CHECK_EQ(store_poll_get(w->db, ours, &w->arena, &poll), 0);
    CHECK(strstr(poll.document, "\"title\":\"Mine\"") != NULL);
    CHECK_EQ(only_run(w, ours).responses, 1);
    CHECK_EQ(store_poll_get(w->db, theirs, &w->arena, &poll), ERR_NOT_FOUND);
    CHECK_EQ(answers(w, theirs, list), 0);
    world_free(w);
}

// A snapshot may know of an answer that the log has lost with the process.
TEST(after_a_restart_the_last_answers_are_written_once_more_and_count_once)
{
    static const char id[] = "64c000000000000000000001";
    struct world *w = world_new(false);
    struct store_poll_answer list[STORE_POLLS_MAX];
    link_poll(w, false);
    struct peer *anna = join_reader(w, "anna");
    vote(w, anna, id, 2, false);
    write_down(w);
    struct peer *bert = join_reader(w, "bert");
    bool correct;
    struct answer_wish wish = {
        .question = 1, .type = -1, .options = (int64_t[]){1}, .option_count = 1};
    CHECK_EQ(poll_answer_question(map_get(&w->f.room->polls.by_id, bytes_of(id)), bert, &wish,
                                  &w->f.events, w->f.now, &correct),
             0);
    event_list_clear(&w->f.events); // lost
    restart(w, w->f.room);
    write_down(w);
    CHECK_EQ(answers(w, id, list), 2);
    CHECK_EQ(only_run(w, id).responses, 2);
    CHECK_EQ(only_run(w, id).voters, 2);
    world_free(w);
}

// --- Reports of clients ---

TEST(figures_and_failures_of_a_client_are_written_down)
{
    struct world *w = world_new(false);
    const char *data;
    struct store_stats *list;
    size_t count;
    logbook_free(w->log);
    w->log =
        logbook_new(&(struct logbook_config){.workspace.account_id = w->config.customer_id},
                    &w->f.rooms, w->jobs, &w->f.rng);
    struct peer *anna = join(w, "anna", "host");
    struct report_failure failure = {
        .name = "publish.failed", .info = "{\"error_code\":4002}", .agent = "sdk:web"};
    report_peer_failure(anna, &failure, &w->f.events);
    struct event *event = event_add_who(&w->f.events, EVENT_STATS_REPORTED, anna);
    event->stats.tracks =
        &(struct report_track){"t1", TRACK_AUDIO, 0,
                               &(struct report_sample){{1000, 2, REPORT_UNKNOWN, 3, 4, 5, 6,
                                                        REPORT_UNKNOWN, REPORT_UNKNOWN}},
                               1};
    event->stats.count = 1;
    deliver(w);
    write_down(w);
    CHECK_EQ(events(w, ",client.publish.failed,", &data), 1);
    CHECK(strstr(data, "\"error_code\":4002") != NULL);
    CHECK(strstr(data, "\"peer_id\":\"anna\"") != NULL);
    CHECK(strstr(data, w->config.customer_id) != NULL);
    CHECK(strstr(data, "\"agent\":{\"sdk\":\"web\"}") != NULL);
    CHECK_EQ(store_stats_list(w->db, only_session(w).id, "anna", &w->arena, &list, &count), 0);
    CHECK_EQ(count, 1);
    CHECK(!list[0].subscribes);
    CHECK_TEXT(list[0].document,
               "[{\"id\":\"t1\",\"type\":0,\"samples\":[[1000,2,null,3,4,5,6,null,null]]}]");
    world_free(w);
}

// Nobody is in, so there is no session; the room is known.
TEST(what_failed_before_anybody_was_in_is_written_down_too)
{
    struct world *w = world_new(false);
    const char *data;
    struct peer_view who = {.id = "anna", .role = "host", .name = "", .user_id = "u-anna"};
    struct report_failure failure = {.name = "join.failed", .info = "{}", .agent = ""};
    report_stranger_failure(w->f.room, &who, &failure, &w->f.events);
    deliver(w);
    write_down(w);
    CHECK_EQ(events(w, ",client.join.failed,", &data), 1);
    CHECK(!strstr(data, "session_id"));
    CHECK(strstr(data, "\"user_id\":\"u-anna\"") != NULL);
    world_free(w);
}
