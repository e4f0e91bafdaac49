#include "../store/scratch.h"
#include "base/err.h"
#include "base/mem.h"
#include "server/clock.h"
#include "server/readers.h"
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

enum { HOUR_MS = 3600 * 1000 };

static struct scratch scratch;
static struct jwt_key key;
static struct api_config api;
static struct db *writer;
static sem_t gate, at_gate; // of jobs with an id

static int wait_at_gate(struct db_job *job, struct db *db)
{
    (void)db;
    if (((struct job *)job)->call.id) {
        sem_post(&at_gate);
        sem_wait(&gate);
    }
    return 0;
}

static int write_something(struct db_job *job, struct db *db)
{
    (void)job;
    return db_run(db_prepare(db, "UPDATE live_epoch SET number = number + 1"));
}

static void prepare(struct job *job, struct api *of_thread)
{
    job->api = of_thread;
    job->db.run = job->kind == JOB_LOCK ? write_something : wait_at_gate;
    job->db.only_reads = job->kind != JOB_LOCK;
}

static struct readers *start_with(struct inbox *done, size_t threads, size_t at_once,
                                  int64_t wait_ms)
{
    api.keys = (struct jwt_keys){&key, 1};
    struct readers *readers = readers_new(&(struct readers_config){.location = scratch.database,
                                                                   .api = &api,
                                                                   .done = done,
                                                                   .threads = threads,
                                                                   .at_once = at_once,
                                                                   .wait_ms = wait_ms,
                                                                   .waiting_max = 4,
                                                                   .run = prepare});
    CHECK(readers != NULL);
    return readers;
}

static struct readers *start(struct inbox *done, size_t threads, int64_t wait_ms)
{
    return start_with(done, threads, 1, wait_ms);
}

static struct inbox *open_world(void)
{
    scratch = scratch_new();
    CHECK_EQ(db_open(&writer, scratch.database), 0);
    sem_init(&gate, 0, 0);
    sem_init(&at_gate, 0, 0);
    return inbox_new(sizeof(struct job *), 16);
}

static void close_world(struct inbox *done)
{
    struct job *job;
    while (inbox_take(done, &job, 1))
        mem_free(job);
    inbox_free(done);
    db_close(writer);
    scratch_remove(&scratch);
}

static void put_at(struct readers *readers, enum job_kind kind, uint64_t id, int64_t at_us)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = kind;
    job->call.id = id;
    readers_put(readers, job, at_us);
}

static void put(struct readers *readers, enum job_kind kind, uint64_t id)
{
    put_at(readers, kind, id, clock_real_us());
}

static int err_of_next(struct inbox *done)
{
    struct pollfd wait = {.fd = inbox_fd(done), .events = POLLIN};
    struct job *job;
    CHECK_EQ(poll(&wait, 1, -1), 1);
    CHECK_EQ(inbox_take(done, &job, 1), 1);
    int err = job->db.err;
    mem_free(job);
    return err;
}

TEST(who_takes_long_keeps_nobody_waiting_while_there_is_another_thread)
{
    struct inbox *done = open_world();
    struct readers *readers = start(done, 2, 0);
    put(readers, JOB_CALL, 1);
    sem_wait(&at_gate);
    for (int i = 0; i < 3; i++) {
        put(readers, JOB_CALL, 0);
        CHECK_EQ(err_of_next(done), 0);
    }
    sem_post(&gate);
    CHECK_EQ(err_of_next(done), 0);
    readers_free(readers);
    close_world(done);
}

TEST(who_waited_too_long_is_told_to_come_again)
{
    struct inbox *done = open_world();
    struct readers *readers = start(done, 1, HOUR_MS);
    put(readers, JOB_CALL, 0);
    put_at(readers, JOB_CALL, 0, clock_real_us() - 2 * HOUR_MS * INT64_C(1000));
    put(readers, JOB_CALL, 0);
    CHECK_EQ(err_of_next(done), 0);
    CHECK_EQ(err_of_next(done), ERR_BUSY);
    CHECK_EQ(err_of_next(done), 0);
    readers_free(readers);
    close_world(done);
}

TEST(a_group_that_has_enough_to_do_is_full)
{
    struct inbox *done = open_world();
    struct readers *readers = start(done, 1, 0);
    put(readers, JOB_CALL, 1);
    sem_wait(&at_gate);
    for (int i = 0; i < 4; i++) {
        CHECK(!readers_are_full(readers));
        put(readers, JOB_CALL, 0);
    }
    CHECK(readers_are_full(readers));
    sem_post(&gate);
    readers_free(readers); // finishes what was put
    for (int i = 0; i < 5; i++)
        CHECK_EQ(err_of_next(done), 0);
    close_world(done);
}

static void *free_readers(void *readers)
{
    readers_free(readers);
    return NULL;
}

TEST(all_threads_end_though_one_takes_whatever_waits)
{
    struct inbox *done = open_world();
    struct readers *readers = start_with(done, 2, 16, 0);
    for (int i = 0; i < 2; i++) {
        put(readers, JOB_CALL, 1);
        sem_wait(&at_gate);
    }
    for (int i = 0; i < 3; i++)
        put(readers, JOB_CALL, 0);
    pthread_t ending;
    CHECK_EQ(pthread_create(&ending, NULL, free_readers, readers), 0);
    while (!readers_are_full(readers))
        sched_yield(); // until they are told to end
    sem_post(&gate);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(err_of_next(done), 0);
    sem_post(&gate);
    CHECK_EQ(pthread_join(ending, NULL), 0);
    CHECK_EQ(err_of_next(done), 0);
    close_world(done);
}

TEST(readers_cannot_write)
{
    struct inbox *done = open_world();
    struct readers *readers = start(done, 1, 0);
    put(readers, JOB_LOCK, 0);
    CHECK(err_of_next(done) != 0);
    readers_free(readers);
    close_world(done);
}
