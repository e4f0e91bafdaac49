// What is written before what, also when the store is slow, full or fails.
#include "../room/fixture.h"
#include "api/routes.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http_server.h"
#include "server/logbook.h"
#include "server/snapshots.h"
#include "started.h"
#include "store/keys.h"
#include "test.h"

#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

struct world {
    struct scratch scratch;
    struct keys keys;
    struct api_config config;
    struct jobs *jobs;
    struct db *db; // a second connection
    struct fixture f;
    struct snapshots *snapshots;
    struct logbook *log;
};

static struct world *world_new(void)
{
    struct world *w = mem_alloc(sizeof *w);
    w->jobs = start_jobs(&w->scratch, &w->keys, &w->config);
    CHECK_EQ(db_open(&w->db, w->scratch.database), 0);
    fixture_init(&w->f);
    w->snapshots = snapshots_new(&w->f.rooms, w->jobs);
    w->log = logbook_new(&(struct logbook_config){0}, &w->f.rooms, w->jobs, &w->f.rng);
    return w;
}

static void world_free(struct world *w)
{
    logbook_free(w->log);
    snapshots_free(w->snapshots);
    fixture_dispose(&w->f);
    db_close(w->db);
    jobs_free(w->jobs);
    scratch_remove(&w->scratch);
    mem_free(w);
}

static struct job *take(struct world *w)
{
    struct pollfd wait = {.fd = jobs_fd(w->jobs), .events = POLLIN};
    struct job *job;
    CHECK_EQ(poll(&wait, 1, 10000), 1);
    CHECK_EQ(jobs_take(w->jobs, &job, 1), 1);
    return job;
}

// Hands it to those who asked, as the control thread does. Returns which it was.
static enum job_kind finish(struct world *w, struct job *job)
{
    enum job_kind kind = job->kind;
    snapshots_done(w->snapshots, job);
    logbook_done(w->log, job);
    job_dispose(job);
    text_dispose(&job->call.response.body);
    if (job->call.call.request)
        http_request_free(job->call.call.request);
    mem_free(job);
    return kind;
}

// --- Calls ---

static void put_call(struct world *w, const struct api_route *route)
{
    struct arena arena = {0};
    struct http_request *request = arena_alloc(&arena, sizeof *request);
    request->arena = arena;
    request->query = request->host = "";
    request->path = request->raw_path = "/";
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    job->call.call.route = route;
    job->call.call.request = request;
    jobs_put(w->jobs, job);
}

static sem_t reached, gate;

static int wait_at_gate(struct api_context *c)
{
    (void)c;
    sem_post(&reached);
    sem_wait(&gate);
    return 0;
}

// Until open_gate() the thread that writes does nothing.
static void close_gate(struct world *w)
{
    static const struct api_route route = {.method = HTTP_POST, .handler = wait_at_gate};
    sem_init(&reached, 0, 0);
    sem_init(&gate, 0, 0);
    put_call(w, &route);
    sem_wait(&reached);
}

static void open_gate(void)
{
    sem_post(&gate);
}

static void put_read(struct world *w)
{
    static const struct api_route route = {.method = HTTP_GET, .handler = api_sessions_list};
    put_call(w, &route);
}

static bool is_read(const struct job *job)
{
    return job->kind == JOB_CALL && job->call.call.route->handler == api_sessions_list;
}

// --- Snapshots, then the log ---

static void join(struct world *w, const char *id)
{
    struct join_wish wish = fixture_wish(id, "host");
    struct peer *peer;
    enum admission why;
    wish.offer = NULL;
    CHECK_EQ(room_join(w->f.room, &wish, 0, w->f.now, &w->f.events, &peer, &why), 0);
    logbook_deliver(w->log, &w->f.events, w->f.now);
    event_list_clear(&w->f.events);
}

static size_t fill_queue(struct world *w)
{
    size_t count = 0;
    for (; !jobs_are_full(w->jobs); count++) {
        struct job *job = mem_alloc(sizeof *job);
        job->kind = JOB_COUNT;
        jobs_put(w->jobs, job);
    }
    return count;
}

TEST(a_snapshot_that_found_no_room_in_the_queue_holds_the_log_back)
{
    struct world *w = world_new();
    close_gate(w);
    size_t filled = fill_queue(w);
    join(w, "anna");
    w->f.now.mono_us += 2000000;
    CHECK(logbook_deadline(w->log) <= w->f.now.mono_us);
    snapshots_expire(w->snapshots, w->f.now);
    CHECK(snapshots_are_behind(w->snapshots));
    // It is tried again soon, not at once: the queue has to become shorter first.
    CHECK(snapshots_deadline(w->snapshots) > w->f.now.mono_us);
    CHECK(snapshots_deadline(w->snapshots) <= w->f.now.mono_us + 100000);

    open_gate();
    for (size_t i = 0; i < filled + 1; i++)
        CHECK(finish(w, take(w)) != JOB_KEEP);
    w->f.now.mono_us += 100000;
    snapshots_expire(w->snapshots, w->f.now);
    CHECK(!snapshots_are_behind(w->snapshots));
    logbook_expire(w->log, w->f.now);
    CHECK_EQ(finish(w, take(w)), JOB_KEEP);
    CHECK_EQ(finish(w, take(w)), JOB_LOG);
    world_free(w);
}

TEST(a_full_queue_takes_what_is_left_at_the_end)
{
    struct world *w = world_new();
    close_gate(w);
    size_t filled = fill_queue(w);
    join(w, "anna");
    snapshots_flush(w->snapshots);
    logbook_flush(w->log);
    open_gate();
    for (size_t i = 0; i < filled + 1; i++)
        finish(w, take(w));
    CHECK_EQ(finish(w, take(w)), JOB_KEEP);
    CHECK_EQ(finish(w, take(w)), JOB_LOG);
    world_free(w);
}

// --- What the last process left, then calls that read ---

static void rename_table(struct world *w, const char *statement)
{
    CHECK_EQ(db_run(db_prepare(w->db, statement)), 0);
}

TEST(reads_wait_for_the_log_of_the_last_process_until_it_is_written)
{
    struct world *w = world_new();
    rename_table(w, "ALTER TABLE sessions RENAME TO sessions_away");
    join(w, "anna");
    logbook_flush(w->log);
    jobs_restored(w->jobs);
    struct job *job = take(w);
    CHECK(job->db.err != 0);
    CHECK_EQ(finish(w, job), JOB_LOG);
    rename_table(w, "ALTER TABLE sessions_away RENAME TO sessions");

    close_gate(w);
    logbook_flush(w->log);
    put_read(w);
    open_gate();
    CHECK_EQ(finish(w, take(w)), JOB_CALL); // the gate's
    job = take(w);
    CHECK_EQ(job->db.err, 0);
    CHECK_EQ(finish(w, job), JOB_LOG);
    job = take(w);
    CHECK(is_read(job));
    finish(w, job);

    // Now that it is written they wait for nobody who writes.
    close_gate(w);
    put_read(w);
    job = take(w);
    CHECK(is_read(job));
    finish(w, job);
    open_gate();
    CHECK_EQ(finish(w, take(w)), JOB_CALL);
    world_free(w);
}

// --- What is counted ---

TEST(what_the_store_failed_is_counted)
{
    struct world *w = world_new();
    struct jobs_stats stats;
    rename_table(w, "ALTER TABLE sessions RENAME TO sessions_away");
    join(w, "anna");
    logbook_flush(w->log);
    jobs_restored(w->jobs);
    finish(w, take(w));
    put_read(w);
    finish(w, take(w));
    jobs_get_stats(w->jobs, &stats);
    CHECK_EQ(stats.write_errors, 1);
    CHECK_EQ(stats.read_errors, 1);
    CHECK_EQ(stats.aside, 0);
    rename_table(w, "ALTER TABLE sessions_away RENAME TO sessions");
    put_read(w);
    finish(w, take(w));
    logbook_flush(w->log);
    finish(w, take(w));
    jobs_get_stats(w->jobs, &stats);
    CHECK_EQ(stats.write_errors, 1);
    CHECK_EQ(stats.read_errors, 1);
    world_free(w);
}

TEST(entries_that_are_put_aside_are_counted_and_rooms_that_are_not_there_are_not)
{
    struct world *w = world_new();
    struct jobs_stats stats;
    join(w, "anna");
    logbook_flush(w->log);
    finish(w, take(w));
    struct job *log = mem_alloc(sizeof *log);
    log->kind = JOB_LOG;
    log->log.batch = mem_alloc(sizeof *log->log.batch);
    // Without a peer, which no table takes.
    store_log_add(log->log.batch, STORE_LOG_EVENT)->event =
        (struct store_session_event){.id = "65f0a1b2c3d4e5f601020304",
                                     .uuid = "x",
                                     .session_id = "s",
                                     .room_id = "r",
                                     .user_id = "",
                                     .type = "chat.message",
                                     .data = "{}"};
    jobs_put(w->jobs, log);
    struct job *job = take(w);
    CHECK_EQ(job->db.err, 0);
    finish(w, job);
    struct job *room = mem_alloc(sizeof *room);
    room->kind = JOB_ROOM;
    snprintf(room->room.id, sizeof room->room.id, "65f0a1b2c3d4e5f601020304");
    jobs_put(w->jobs, room);
    job = take(w);
    CHECK_EQ(job->room.err, ERR_NOT_FOUND);
    finish(w, job);
    jobs_get_stats(w->jobs, &stats);
    CHECK_EQ(stats.aside, 1);
    CHECK_EQ(stats.write_errors, 0);
    CHECK_EQ(stats.read_errors, 0);
    world_free(w);
}
