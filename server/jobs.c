#include "server/jobs.h"

#include "api/token_endpoint.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_server.h"
#include "net/inbox.h"
#include "server/clock.h"
#include "server/file_check.h"
#include "server/job_run.h"
#include "server/readers.h"
#include "server/unwritten.h"
#include "store/live_rooms.h"
#include "store/log_repair.h"
#include "store/webhook_turn.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 4096, STACK_BYTES = 512 * 1024, TEND_MS = 1000, KEPT_MAX = 1024 };

struct jobs {
    struct db *db;
    struct api *api;
    struct inbox *todo; // struct job *; NULL ends the thread
    struct inbox *done;
    pthread_t thread;
    atomic_bool writable;
    char *location;
    struct file_check check;
    struct readers *finders;        // of single things
    struct readers *listers;        // of pages
    struct readers *guards;         // of passwords, which take their time
    struct histogram reads, writes; // of the thread that puts and takes, as those below
    uint64_t read_errors, write_errors, aside;

    // Of the thread: what is done when the storage is back.
    struct job *kept[KEPT_MAX];
    size_t kept_count;
    struct unwritten unwritten;

    int64_t epoch;
    struct jobs_left left;
    bool is_restored;   // all that the last process left was put
    bool is_log_behind; // what the log has to say of it is not written
};

// Of these nobody waits for the answer, and nobody would ask again. (A live session is written
// down again by itself, and so is what happened in it.)
static bool is_to_be_kept(const struct job *job)
{
    return job->kind == JOB_FORGET || job->kind == JOB_POLLS ||
           (job->kind == JOB_LOCK && !job->call.call.request);
}

// One entry of the log is no reason to lose the others.
static void repair_log(struct jobs *jobs, struct job *job)
{
    job->log.posts = (struct store_log_posts){.workspace = job->log.posts.workspace};
    job->db.err = store_log_repair(jobs->db, job->log.batch->entries, job->log.batch->count,
                                   &job->log.posts, clock_wall_ms(), &job->log.aside);
}

// Who asked for a lock by REST is told 503 at once; the meeting has ended, so nobody can ask a
// second time, and the room is to be locked all the same.
static struct job *lock_again(const struct job *asked)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_LOCK;
    memcpy(job->lock.id, asked->lock.id, sizeof job->lock.id);
    return job;
}

// Whether the one who put it gets it back: not what is kept to be done again.
static bool is_over(struct jobs *jobs, struct job *job)
{
    if (job->kind == JOB_KEEP)
        unwritten_note(&jobs->unwritten, job->live.session_id,
                       job_leaves_unwritten(job->db.err));
    if (job->kind == JOB_LOG && store_log_is_refused(job->db.err))
        repair_log(jobs, job);
    bool heals = job->db.err && db_may_heal(jobs->db) && jobs->kept_count < KEPT_MAX;
    if (heals && is_to_be_kept(job)) {
        jobs->kept[jobs->kept_count++] = job;
        return false;
    }
    if (heals && job->kind == JOB_LOCK)
        jobs->kept[jobs->kept_count++] = lock_again(job);
    if (job->kind == JOB_FORGET)
        unwritten_note(&jobs->unwritten, job->live.session_id, false);
    // A job that never ran, because no transaction could begin, has no result of its own.
    bool loads = job->kind == JOB_ROOM || job->kind == JOB_MISSED || job->kind == JOB_POLLS;
    if (loads && !job->room.err)
        job->room.err = job->db.err;
    return true;
}

static void run_all(struct jobs *jobs, struct job *const *batch, size_t count)
{
    struct db_job *db_jobs[DB_BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        job_prepare(batch[i], jobs->api);
        batch[i]->unwritten = &jobs->unwritten;
        db_jobs[i] = &batch[i]->db;
    }
    if (count > 0)
        db_run_jobs(jobs->db, db_jobs, count);
    atomic_store(&jobs->writable, db_is_writable(jobs->db));
    struct job *over[DB_BATCH_MAX];
    size_t over_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_over(jobs, batch[i]))
            over[over_count++] = batch[i];
    }
    inbox_put_all(jobs->done, over, over_count);
}

static void run_kept(struct jobs *jobs)
{
    struct job *batch[DB_BATCH_MAX];
    while (jobs->kept_count && !db_may_heal(jobs->db)) {
        size_t count = jobs->kept_count < DB_BATCH_MAX ? jobs->kept_count : DB_BATCH_MAX;
        memcpy(batch, jobs->kept, count * sizeof *batch);
        jobs->kept_count -= count;
        memmove(jobs->kept, jobs->kept + count, jobs->kept_count * sizeof *jobs->kept);
        run_all(jobs, batch, count);
    }
}

// Whether the thread goes on.
static bool run_batch(struct jobs *jobs)
{
    struct job *batch[DB_BATCH_MAX];
    size_t count = inbox_take(jobs->todo, batch, DB_BATCH_MAX);
    bool ends = count > 0 && !batch[count - 1];
    run_all(jobs, batch, count - ends);
    return !ends;
}

static void *store_thread(void *arg)
{
    struct jobs *jobs = arg;
    struct pollfd waits[] = {{.fd = inbox_fd(jobs->todo), .events = POLLIN},
                             {.events = POLLIN}};
    do {
        run_kept(jobs);
        waits[1].fd = db_fd(jobs->db);
        int ready = poll(waits, 2, db_may_heal(jobs->db) ? TEND_MS : -1);
        if (ready == 0 || waits[1].revents)
            db_tend(jobs->db);
    } while (run_batch(jobs));
    if (jobs->kept_count)
        log_error("store", "the storage did not come back: %zu changes are lost",
                  jobs->kept_count);
    return NULL;
}

// Before the thread starts: what has to be there, and what the last process left.
struct prepare_job {
    struct db_job db;
    const struct api_config *api;
    struct jobs *jobs;
    const char *template_id;
};

static int run_prepare(struct db_job *db_job, struct db *db)
{
    struct prepare_job *job = (struct prepare_job *)db_job;
    int err = api_prepare(db, job->template_id, clock_wall_ms());
    if (!err)
        api_token_endpoint_warn(job->api, db);
    if (!err)
        err = store_live_begin(db, &job->jobs->epoch);
    if (!err)
        err = store_webhook_begin(db);
    return err ? err : jobs_left_load(&job->jobs->left, db);
}

// Single things are found by one thread, as the limits on wrong codes are its own.
static bool start_readers(struct jobs *jobs, const char *location,
                          const struct api_config *config)
{
    struct readers_config readers = {.location = location,
                                     .api = config,
                                     .done = jobs->done,
                                     .threads = 1,
                                     .at_once = DB_BATCH_MAX,
                                     .waiting_max = WAITING_MAX,
                                     .run = job_prepare};
    jobs->finders = readers_new(&readers);
    readers.threads = STORE_LISTS_AT_ONCE;
    readers.at_once = 1;
    readers.waiting_max = STORE_LISTS_WAITING_MAX;
    readers.wait_ms = STORE_LIST_WAIT_S * 1000;
    readers.is_patient = true;
    jobs->listers = jobs->finders ? readers_new(&readers) : NULL;
    readers.threads = PASSWORDS_AT_ONCE;
    readers.waiting_max = PASSWORDS_WAITING_MAX;
    jobs->guards = jobs->listers ? readers_new(&readers) : NULL;
    return jobs->guards;
}

static void give_up(struct jobs *jobs)
{
    readers_free(jobs->finders);
    readers_free(jobs->listers);
    jobs_left_dispose(&jobs->left);
    unwritten_dispose(&jobs->unwritten);
    api_free(jobs->api);
    db_close(jobs->db);
    inbox_free(jobs->todo);
    inbox_free(jobs->done);
    mem_free(jobs);
}

struct jobs *jobs_new(const char *location, const struct api_config *config,
                      const char *template_id)
{
    struct db *db;
    if (db_open_as(&db, location, DB_SERVED) != 0)
        return NULL;
    struct jobs *jobs = mem_alloc(sizeof *jobs);
    struct rng rng = {0}; // of the kernel
    jobs->db = db;
    jobs->api = api_new(config, &rng);
    struct prepare_job first = {
        .db.run = run_prepare, .jobs = jobs, .api = config, .template_id = template_id};
    db_run_jobs(db, (struct db_job *[]){&first.db}, 1);
    jobs->todo = inbox_new(sizeof(struct job *), WAITING_MAX);
    jobs->done = inbox_new(sizeof(struct job *), WAITING_MAX);
    if (first.db.err)
        log_error("store", "the storage was not prepared: %s", err_name(first.db.err));
    if (first.db.err || !start_readers(jobs, location, config)) {
        give_up(jobs);
        return NULL;
    }
    jobs->location = mem_text(location);
    atomic_init(&jobs->writable, true);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int err = pthread_create(&jobs->thread, &attributes, store_thread, jobs);
    pthread_attr_destroy(&attributes);
    if (err) {
        log_error("store", "no thread: %s", strerror(err));
        abort();
    }
    return jobs;
}

void jobs_stop(struct jobs *jobs)
{
    if (!jobs->db)
        return;
    readers_free(jobs->finders);
    readers_free(jobs->listers);
    readers_free(jobs->guards);
    inbox_put(jobs->todo, &(struct job *){NULL});
    pthread_join(jobs->thread, NULL);
    file_check_end(&jobs->check, jobs->db);
    db_close(jobs->db);
    jobs->db = NULL;
}

void jobs_free(struct jobs *jobs)
{
    jobs_stop(jobs);
    struct job *job;
    while (jobs_take(jobs, &job, 1))
        job_free(job);
    while (jobs->kept_count)
        job_free(jobs->kept[--jobs->kept_count]);
    inbox_free(jobs->todo);
    inbox_free(jobs->done);
    jobs_left_dispose(&jobs->left);
    unwritten_dispose(&jobs->unwritten);
    api_free(jobs->api);
    mem_wipe(jobs->location, strlen(jobs->location));
    mem_free(jobs->location);
    mem_free(jobs);
}

void jobs_check_file(struct jobs *jobs)
{
    file_check_begin(&jobs->check, jobs->db, jobs->location);
}

bool jobs_are_damaged(const struct jobs *jobs)
{
    return file_check_found_damage(&jobs->check);
}

int64_t jobs_epoch(const struct jobs *jobs)
{
    return jobs->epoch;
}

struct jobs_live *jobs_next_live(struct jobs *jobs)
{
    return jobs_left_next(&jobs->left);
}

bool jobs_are_full(const struct jobs *jobs)
{
    return inbox_full(jobs->todo);
}

bool jobs_are_full_for(const struct jobs *jobs, const struct api_call *call)
{
    if (!api_only_reads(call) || jobs->is_log_behind)
        return inbox_full(jobs->todo);
    return readers_are_full(api_reads_pages(call) ? jobs->listers : jobs->finders);
}

bool jobs_are_full_of_passwords(const struct jobs *jobs)
{
    return readers_are_full(jobs->guards);
}

// The thread that signs tokens gets the key too.
static void pass_key_on(struct jobs *jobs, const struct job *job)
{
    struct job *copy = mem_alloc(sizeof *copy);
    copy->kind = JOB_KEY;
    copy->put_at_us = job->put_at_us;
    copy->key = mem_alloc(sizeof *copy->key);
    *copy->key = *job->key;
    readers_put(jobs->finders, copy, clock_real_us());
}

// What goes live is read by the thread that writes, so that it comes in its turn: a record read
// before a room was disabled must not arrive after that was done.
void jobs_put(struct jobs *jobs, struct job *job)
{
    job->epoch = jobs->epoch;
    job->put_at_us = clock_now().mono_us;
    bool is_call = job->kind == JOB_CALL && api_only_reads(&job->call.call);
    if (job->kind == JOB_KEY)
        pass_key_on(jobs, job);
    if (job->kind == JOB_LOG && !jobs->is_restored)
        jobs->is_log_behind = true;
    if (is_call && job->call.call.step == API_TRIES_PASSWORD) {
        readers_put(jobs->guards, job, clock_real_us());
        return;
    }
    if (!is_call || jobs->is_log_behind)
        inbox_put(jobs->todo, &job);
    else
        readers_put(api_reads_pages(&job->call.call) ? jobs->listers : jobs->finders, job,
                    clock_real_us());
}

// Not those that read pages: each is an affair of its own.
void jobs_hold(struct jobs *jobs)
{
    inbox_hold(jobs->todo);
    readers_hold(jobs->finders);
}

void jobs_release(struct jobs *jobs)
{
    inbox_release(jobs->todo);
    readers_release(jobs->finders);
}

void jobs_restored(struct jobs *jobs)
{
    jobs->is_restored = true;
}

int jobs_fd(const struct jobs *jobs)
{
    return inbox_fd(jobs->done);
}

// Whether it is the storage's fault. What a handler refuses, or does not find, is the caller's.
static bool has_failed(const struct job *job)
{
    switch (job->db.err) {
    case 0:
    case ERR_REFUSED:
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
    case ERR_UNSUPPORTED:
        return false;
    case ERR_MALFORMED:
        return job->kind != JOB_CALL; // a text of the caller's that cannot be stored
    default:
        return true;
    }
}

static void count(struct jobs *jobs, const struct job *job, int64_t now)
{
    bool is_read = job_only_reads(job);
    histogram_add(is_read ? &jobs->reads : &jobs->writes, &histogram_waits_us,
                  now - job->put_at_us);
    if (has_failed(job))
        ++*(is_read ? &jobs->read_errors : &jobs->write_errors);
    if (job->kind == JOB_LOG)
        jobs->aside += job->log.aside;
}

size_t jobs_take(struct jobs *jobs, struct job **done, size_t max)
{
    size_t taken = inbox_take(jobs->done, done, max);
    int64_t now = taken ? clock_now().mono_us : 0;
    for (size_t i = 0; i < taken; i++) {
        // One that failed is put again by the logbook, with all that came meanwhile behind it.
        if (done[i]->kind == JOB_LOG && !done[i]->db.err)
            jobs->is_log_behind = false;
        count(jobs, done[i], now);
    }
    return taken;
}

void jobs_get_stats(const struct jobs *jobs, struct jobs_stats *stats)
{
    *stats = (struct jobs_stats){.reads = jobs->reads,
                                 .writes = jobs->writes,
                                 .read_errors = jobs->read_errors,
                                 .write_errors = jobs->write_errors,
                                 .aside = jobs->aside,
                                 .writers_waiting = inbox_count(jobs->todo),
                                 .finders_waiting = readers_count(jobs->finders),
                                 .listers_waiting = readers_count(jobs->listers)};
}

bool jobs_are_writable(const struct jobs *jobs)
{
    return atomic_load(&jobs->writable);
}
