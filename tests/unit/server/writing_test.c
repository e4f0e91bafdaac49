// With jobs of its own, which are done when a test says so.
#include "../room/fixture.h"
#include "base/err.h"
#include "base/mem.h"
#include "server/writing.h"
#include "test.h"

#include <string.h>

enum { JOBS_MAX = 16 };

struct jobs {
    struct job *list[JOBS_MAX];
    size_t count;
    bool is_full;
};

bool jobs_are_full(const struct jobs *jobs)
{
    return jobs->is_full;
}

void jobs_put(struct jobs *jobs, struct job *job)
{
    CHECK(jobs->count < JOBS_MAX);
    jobs->list[jobs->count++] = job;
}

struct world {
    struct fixture f;
    struct jobs jobs;
    struct snapshots *snapshots;
    struct logbook *log;
};

static struct world w;

static void begin(void)
{
    w = (struct world){0};
    fixture_init(&w.f);
    w.snapshots = snapshots_new(&w.f.rooms, &w.jobs);
    w.log = logbook_new(&(struct logbook_config){0}, &w.f.rooms, &w.jobs, &w.f.rng);
}

// The first of the jobs is done, well or with `err`.
static void finish_first(int err)
{
    struct job *job = w.jobs.list[0];
    memmove(w.jobs.list, w.jobs.list + 1, --w.jobs.count * sizeof *w.jobs.list);
    job->db.err = err;
    snapshots_done(w.snapshots, job);
    logbook_done(w.log, job);
    job_dispose(job);
    mem_free(job);
}

static void end(void)
{
    while (w.jobs.count)
        finish_first(0);
    logbook_free(w.log);
    snapshots_free(w.snapshots);
    fixture_dispose(&w.f);
}

static void deliver(void)
{
    snapshots_deliver(w.snapshots, &w.f.events);
    logbook_deliver(w.log, &w.f.events, w.f.now);
    event_list_clear(&w.f.events);
}

static struct peer *join(const char *id)
{
    struct join_wish wish = fixture_wish(id, "guest");
    struct peer *peer;
    enum admission why;
    wish.offer = NULL;
    CHECK_EQ(room_join(w.f.room, &wish, 0, w.f.now, &w.f.events, &peer, &why), 0);
    deliver();
    return peer;
}

// What is due by then is put.
static void pass(int64_t ms)
{
    w.f.now.mono_us += ms * 1000;
    w.f.now.wall_ms += ms;
    writing_expire(w.snapshots, w.log, w.f.now);
}

TEST(a_session_is_written_before_the_log_tells_of_it)
{
    begin();
    join("ann");
    pass(LOG_INTERVAL_MS);
    CHECK_EQ(w.jobs.count, 2);
    CHECK_EQ(w.jobs.list[0]->kind, JOB_KEEP);
    CHECK_EQ(w.jobs.list[1]->kind, JOB_LOG);
    end();
}

// The interval of sessions is longer than that of the log: the log does not wait for it.
TEST(what_the_log_is_about_to_tell_is_written_at_once)
{
    begin();
    join("ann");
    pass(LOG_INTERVAL_MS);
    finish_first(0);
    finish_first(0);
    join("bob");
    pass(LOG_INTERVAL_MS);
    CHECK_EQ(w.jobs.count, 2);
    CHECK_EQ(w.jobs.list[0]->kind, JOB_KEEP);
    CHECK_EQ(w.jobs.list[1]->kind, JOB_LOG);
    CHECK_EQ(writing_deadline(w.snapshots, w.log), NEVER);
    end();
}

TEST(while_a_session_is_being_written_the_log_does_not_tell_what_changed_since)
{
    begin();
    join("ann");
    snapshots_flush(w.snapshots);
    CHECK_EQ(w.jobs.count, 1);
    join("bob");
    pass(10 * LOG_INTERVAL_MS);
    CHECK_EQ(w.jobs.count, 1);
    CHECK_EQ(writing_deadline(w.snapshots, w.log), NEVER);
    finish_first(0);
    CHECK(writing_deadline(w.snapshots, w.log) <= w.f.now.mono_us);
    pass(0);
    CHECK_EQ(w.jobs.count, 2);
    CHECK_EQ(w.jobs.list[0]->kind, JOB_KEEP);
    CHECK_EQ(w.jobs.list[1]->kind, JOB_LOG);
    end();
}

TEST(a_session_that_could_not_be_written_is_put_again_before_the_log)
{
    begin();
    join("ann");
    snapshots_flush(w.snapshots);
    finish_first(ERR_IO);
    pass(LOG_INTERVAL_MS);
    CHECK_EQ(w.jobs.count, 2);
    CHECK_EQ(w.jobs.list[0]->kind, JOB_KEEP);
    CHECK(w.jobs.list[0]->live.snapshot.is_whole);
    CHECK_EQ(w.jobs.list[1]->kind, JOB_LOG);
    end();
}

// The process ends, or has just begun with what it found.
TEST(all_that_waits_is_written_in_the_same_order)
{
    begin();
    join("ann");
    writing_flush(w.snapshots, w.log);
    CHECK_EQ(w.jobs.count, 2);
    CHECK_EQ(w.jobs.list[0]->kind, JOB_KEEP);
    CHECK_EQ(w.jobs.list[1]->kind, JOB_LOG);
    end();
}
