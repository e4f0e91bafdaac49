#include "server/readers.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/clock.h"
#include "server/job_run.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK_BYTES = 512 * 1024, NICENESS = 5 };

struct reader {
    struct readers *readers;
    struct db *db;
    struct api *api;
    pthread_t thread;
    bool is_running;
};

struct readers {
    struct readers_config config;
    struct inbox *todo; // struct job *; NULL, behind all others, ends the threads
    struct reader *list;
};

static bool has_waited_too_long(const struct readers *r, const struct job *job)
{
    return r->config.wait_ms &&
           clock_real_us() - job->put_at_us > r->config.wait_ms * INT64_C(1000);
}

// Whether the thread goes on.
static bool run_batch(struct reader *reader)
{
    struct readers *r = reader->readers;
    struct job *batch[DB_BATCH_MAX];
    struct db_job *db_jobs[DB_BATCH_MAX];
    size_t taken = inbox_take(r->todo, batch, r->config.at_once);
    size_t count = 0;
    bool ends = false;
    for (size_t i = 0; i < taken; i++) {
        if (!batch[i]) {
            ends = true;
            inbox_put(r->todo, &batch[i]); // it is the other threads' too
        } else if (has_waited_too_long(r, batch[i])) {
            batch[i]->db.err = ERR_BUSY;
        } else if (job_is_known(batch[i])) {
            job_run_known(batch[i], reader->api);
        } else {
            r->config.run(batch[i], reader->api);
            db_jobs[count++] = &batch[i]->db;
        }
    }
    if (count)
        db_run_jobs(reader->db, db_jobs, count);
    assert(!ends || !batch[taken - 1]); // what ends the threads is behind all others
    inbox_put_all(r->config.done, batch, taken - ends);
    return !ends;
}

// The kernel's threads have a niceness each.
static void yield_to_others(void)
{
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
}

static void *reader_thread(void *arg)
{
    struct reader *reader = arg;
    struct pollfd wait = {.fd = inbox_fd(reader->readers->todo), .events = POLLIN};
    if (reader->readers->config.is_patient)
        yield_to_others();
    do {
        poll(&wait, 1, -1);
    } while (run_batch(reader));
    return NULL;
}

static void start_thread(struct reader *reader)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int err = pthread_create(&reader->thread, &attributes, reader_thread, reader);
    pthread_attr_destroy(&attributes);
    if (err) {
        log_error("store", "no thread: %s", strerror(err));
        abort();
    }
    reader->is_running = true;
}

struct readers *readers_new(const struct readers_config *config)
{
    struct readers *r = mem_alloc(sizeof *r);
    struct rng rng = {0}; // of the kernel
    r->config = *config;
    r->todo = inbox_new(sizeof(struct job *), config->waiting_max);
    r->list = mem_alloc_array(config->threads, sizeof *r->list);
    for (size_t i = 0; i < config->threads; i++) {
        struct reader *reader = &r->list[i];
        reader->readers = r;
        if (db_open_as(&reader->db, config->location, DB_BESIDE) != 0) {
            readers_free(r);
            return NULL;
        }
        reader->api = api_new(config->api, &rng);
        start_thread(reader);
    }
    return r;
}

bool readers_are_full(const struct readers *readers)
{
    return inbox_full(readers->todo);
}

size_t readers_count(const struct readers *readers)
{
    return inbox_count(readers->todo);
}

void readers_put(struct readers *readers, struct job *job, int64_t put_at_us)
{
    job->put_at_us = put_at_us;
    inbox_put(readers->todo, &job);
}

void readers_hold(struct readers *readers)
{
    inbox_hold(readers->todo);
}

void readers_release(struct readers *readers)
{
    inbox_release(readers->todo);
}

void readers_free(struct readers *readers)
{
    if (!readers)
        return;
    inbox_put(readers->todo, &(struct job *){NULL});
    for (size_t i = 0; i < readers->config.threads; i++) {
        struct reader *reader = &readers->list[i];
        if (reader->is_running)
            pthread_join(reader->thread, NULL);
        if (reader->api)
            api_free(reader->api);
        db_close(reader->db);
    }
    inbox_free(readers->todo);
    mem_free(readers->list);
    mem_free(readers);
}
