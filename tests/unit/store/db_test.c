// What every back end of store/db.h does.
#include "base/err.h"
#include "fixture.h"
#include "store/schema.h"
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

TEST(what_was_committed_is_there_after_reopening)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job a = job_of("a", WRITE);
    db_run_jobs(db, (struct db_job *[]){&a.job}, 1);
    CHECK_EQ(a.job.err, 0);
    db_close(db);
    db = open_in(&s);
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_failed_job_leaves_nothing_and_its_neighbours_stay)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job a = job_of("a", WRITE);
    struct test_job b = job_of("b", WRITE_AND_FAIL);
    struct test_job c = job_of("c", WRITE);
    struct test_job d = job_of("a", WRITE);
    struct test_job e = job_of("", READ);
    db_run_jobs(db, (struct db_job *[]){&a.job, &b.job, &c.job, &d.job, &e.job}, 5);
    CHECK_EQ(a.job.err, 0);
    CHECK_EQ(b.job.err, ERR_REFUSED);
    CHECK_EQ(c.job.err, 0);
    CHECK_EQ(d.job.err, ERR_EXISTS);
    CHECK_EQ(e.job.err, 0);
    CHECK_EQ(b.seen, 1); // a job sees what those before it wrote
    CHECK_EQ(c.seen, 1);
    CHECK_EQ(e.seen, 2);
    CHECK_EQ(count_rows(db), 2);
    db_close(db);
    scratch_remove(&s);
}

TEST(more_jobs_than_a_batch_are_all_run)
{
    enum { COUNT = DB_BATCH_MAX + 7 };
    static struct test_job jobs[COUNT];
    static struct db_job *list[COUNT];
    static char ids[COUNT][8];
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    for (int i = 0; i < COUNT; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i);
        jobs[i] = job_of(ids[i], WRITE);
        list[i] = &jobs[i].job;
    }
    db_run_jobs(db, list, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(jobs[i].job.err, 0);
    CHECK_EQ(count_rows(db), 263);
    db_close(db);
    scratch_remove(&s);
}

static int64_t ask_for_int(struct db *db, const char *sql)
{
    int64_t value = -1;
    CHECK_EQ(db_run_int(db_prepare(db, sql), &value), 0);
    return value;
}

TEST(another_statement_at_the_same_place_is_another)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    char sql[] = "SELECT 1";
    CHECK_EQ(ask_for_int(db, sql), 1);
    sql[7] = '2';
    CHECK_EQ(ask_for_int(db, sql), 2);
    sql[7] = '1';
    CHECK_EQ(ask_for_int(db, sql), 1);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_newer_schema_is_refused)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct db_query *q = db_prepare(db, "INSERT INTO schema_version (version) VALUES ($1)");
    db_bind_int(q, 1, (int64_t)store_migration_count + 1);
    CHECK_EQ(db_run(q), 0);
    db_close(db);
    CHECK_EQ(db_open(&db, s.database), ERR_UNSUPPORTED);
    scratch_remove(&s);
}

TEST(migrations_run_once)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    db_close(db);
    db = open_in(&s);
    struct db_query *q = db_prepare(db, "SELECT COUNT(*), MAX(version) FROM schema_version");
    CHECK_EQ(db_step(q), DB_ROW);
    CHECK_EQ(db_int(q, 0), store_migration_count);
    CHECK_EQ(db_int(q, 1), store_migration_count);
    db_finish(q);
    db_close(db);
    scratch_remove(&s);
}

TEST(rows_must_point_at_rows_that_exist)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    CHECK_EQ(db_run(db_prepare(db, "INSERT INTO room_codes VALUES ('1', 'abc-defg-hij', 'none',"
                                   " 'host', 1, 0, 0)")),
             ERR_REFUSED);
    db_close(db);
    scratch_remove(&s);
}

static void *insert_many(void *path)
{
    struct db *db;
    if (db_open(&db, path))
        return "open";
    const char *problem = NULL;
    for (int i = 0; i < 50 && !problem; i++) {
        char id[24];
        snprintf(id, sizeof id, "%d", i);
        struct test_job job = job_of(id, WRITE);
        db_run_jobs(db, (struct db_job *[]){&job.job}, 1);
        if (job.job.err && job.job.err != ERR_EXISTS)
            problem = err_name(job.job.err);
    }
    db_close(db);
    return (void *)problem;
}

TEST(two_connections_that_write_the_same_rows_wait_for_each_other)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    char path[2 * SCRATCH_PATH_MAX];
    pthread_t threads[2];
    void *problem;
    snprintf(path, sizeof path, "%s", s.database);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, insert_many, path), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &problem);
        CHECK(problem == NULL);
    }
    CHECK_EQ(count_rows(db), 50);
    db_close(db);
    scratch_remove(&s);
}

static int insert_twice_then_another(struct db_job *job, struct db *db)
{
    (void)job;
    CHECK_EQ(insert_template(db, "a"), 0);
    CHECK_EQ(insert_template(db, "a"), ERR_EXISTS);
    CHECK_EQ(count_rows(db), 1);
    return insert_template(db, "b");
}

TEST(a_statement_that_fails_takes_nothing_of_its_job_with_it)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    CHECK_EQ(run_alone(db, insert_twice_then_another), 0);
    CHECK_EQ(count_rows(db), 2);
    db_close(db);
    scratch_remove(&s);
}

static int fail_then_insert(struct db_job *job, struct db *db)
{
    (void)job;
    CHECK_EQ(insert_template(db, "a"), ERR_EXISTS);
    CHECK_EQ(count_rows(db), 1);
    return insert_template(db, "b");
}

TEST(a_job_goes_on_after_its_first_statement_failed)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job a = job_of("a", WRITE);
    struct db_job b = {.run = fail_then_insert};
    struct test_job c = job_of("c", WRITE);
    db_run_jobs(db, (struct db_job *[]){&a.job, &b, &c.job}, 3);
    CHECK_EQ(a.job.err + b.err + c.job.err, 0);
    CHECK_EQ(count_rows(db), 3);
    db_close(db);
    scratch_remove(&s);
}

static int later(struct db *db, const char *id)
{
    struct db_query *q = db_prepare(db, "INSERT INTO templates VALUES ($1, $1, 0, '{}', 0, 0)");
    db_bind_text(q, 1, id);
    return db_run_later(q);
}

static int insert_many_later(struct db_job *job, struct db *db)
{
    (void)job;
    int err = 0;
    for (int i = 0; !err && i < 1000; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        err = later(db, id);
    }
    return err;
}

TEST(statements_that_nobody_waits_for_are_done_when_the_job_is)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    CHECK_EQ(run_alone(db, insert_many_later), 0);
    CHECK_EQ(count_rows(db), 1000);
    db_close(db);
    scratch_remove(&s);
}

static int insert_same_later(struct db_job *job, struct db *db)
{
    (void)job;
    int err = later(db, "x");
    err = err ? err : later(db, "y");
    err = err ? err : later(db, "x");
    return err ? err : later(db, "z");
}

TEST(what_goes_wrong_later_fails_its_job_and_no_other)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job a = job_of("a", WRITE);
    struct db_job b = {.run = insert_same_later};
    struct test_job c = job_of("c", WRITE);
    db_run_jobs(db, (struct db_job *[]){&a.job, &b, &c.job}, 3);
    CHECK_EQ(a.job.err, 0);
    CHECK_EQ(b.err, ERR_EXISTS);
    CHECK_EQ(c.job.err, 0);
    CHECK_EQ(c.seen, 1);
    CHECK_EQ(count_rows(db), 2);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_job_that_only_reads_cannot_write)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job read = job_of("", READ);
    struct test_job liar = job_of("liar", WRITE);
    read.job.only_reads = liar.job.only_reads = true;
    db_run_jobs(db, (struct db_job *[]){&read.job, &liar.job}, 2);
    CHECK_EQ(read.job.err, 0);
    CHECK_EQ(liar.job.err, ERR_WRONG_STATE);
    struct test_job write = job_of("w", WRITE);
    db_run_jobs(db, (struct db_job *[]){&write.job, &read.job, &liar.job}, 3);
    CHECK_EQ(write.job.err, 0);
    CHECK_EQ(read.seen, 1); // what those before it wrote
    CHECK_EQ(liar.job.err, ERR_WRONG_STATE);
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    scratch_remove(&s);
}

static int count_long(struct db_job *job, struct db *db)
{
    int64_t *steps = &((struct test_job *)job)->seen;
    return db_run_int(
        db_prepare(db, "SELECT COUNT(*) FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL "
                       "SELECT n + 1 FROM c WHERE n < 1000000000) SELECT n FROM c) counted"),
        steps);
}

TEST(what_takes_longer_than_its_time_is_given_up_and_the_next_is_answered)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s), *beside = NULL;
    struct test_job a = job_of("a", WRITE), read = job_of("", READ);
    db_run_jobs(db, (struct db_job *[]){&a.job}, 1);
    CHECK_EQ(db_open_as(&beside, s.database, DB_BESIDE), 0);
    db_give_time(beside, 50);
    struct test_job slow = {.job = {.run = count_long, .only_reads = true}};
    db_run_jobs(beside, (struct db_job *[]){&slow.job, &read.job}, 2);
    CHECK_EQ(slow.job.err, ERR_TOO_LONG);
    CHECK_EQ(read.job.err, 0);
    CHECK_EQ(read.seen, 1);
    db_close(beside);
    db_close(db);
    scratch_remove(&s);
}

TEST(who_reads_beside_sees_what_was_committed_before)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s), *beside = NULL;
    CHECK_EQ(db_open_as(&beside, s.database, DB_BESIDE), 0);
    for (int i = 1; i <= 3; i++) {
        char id[] = {(char)('a' + i), 0};
        struct test_job write = job_of(id, WRITE), read = job_of("", READ);
        db_run_jobs(db, (struct db_job *[]){&write.job}, 1);
        db_run_jobs(beside, (struct db_job *[]){&read.job}, 1);
        CHECK_EQ(read.seen, i);
    }
    struct test_job refused = job_of("z", WRITE);
    db_run_jobs(beside, (struct db_job *[]){&refused.job}, 1);
    CHECK(refused.job.err != 0);
    db_close(beside);
    db_close(db);
    scratch_remove(&s);
}

TEST(texts_come_back_as_they_were_and_are_ordered_by_their_octets)
{
    static const char *const texts[] = {
        "",         "'; DROP TABLE rooms; --", "A", "Z", "_", "a", "ab", "b",
        "\xc3\xa4", "\xf0\x9f\x8e\xa5"};
    enum { COUNT = sizeof texts / sizeof *texts };
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    for (size_t i = COUNT; i > 0; i--)
        CHECK_EQ(insert_template(db, texts[i - 1]), 0);
    struct db_query *q = db_prepare(db, "SELECT id FROM templates WHERE id >= $1 ORDER BY id");
    db_bind_text(q, 1, "");
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_EQ(db_step(q), DB_ROW);
        CHECK_TEXT(db_text(q, 0), texts[i]);
    }
    CHECK_EQ(db_step(q), DB_DONE);
    db_finish(q);
    db_close(db);
    scratch_remove(&s);
}

TEST(numbers_come_back_as_they_were)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    static const int64_t numbers[] = {0, -1, INT64_MIN, INT64_MAX, 1700000000000};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct db_query *q = db_prepare(db, "UPDATE live_epoch SET number = $1");
        db_bind_int(q, 1, numbers[i]);
        CHECK_EQ(db_run(q), 0);
        q = db_prepare(db, "SELECT number, 'text' FROM live_epoch WHERE number = $1");
        db_bind_int(q, 1, numbers[i]);
        CHECK_EQ(db_step(q), DB_ROW);
        CHECK(db_int(q, 0) == numbers[i]);
        CHECK_EQ(db_columns(q), 2);
        CHECK(db_is_int(q, 0));
        CHECK(!db_is_int(q, 1));
        db_finish(q);
    }
    db_close(db);
    scratch_remove(&s);
}

TEST(a_value_that_is_absent_is_refused_where_one_must_be)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    CHECK_EQ(insert_template(db, NULL), ERR_REFUSED);
    CHECK_EQ(count_rows(db), 0);
    db_close(db);
    scratch_remove(&s);
}

static void *insert_another(void *location)
{
    struct db *db;
    if (db_open(&db, location) == 0) {
        struct test_job job = job_of("another", WRITE);
        db_run_jobs(db, (struct db_job *[]){&job.job}, 1);
        db_close(db);
    }
    return NULL;
}

TEST(a_snapshot_is_of_one_moment)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    pthread_t thread;
    CHECK_EQ(db_begin_snapshot(db), 0);
    CHECK_EQ(count_rows(db), 0);
    CHECK_EQ(pthread_create(&thread, NULL, insert_another, s.database), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(count_rows(db), 0);
    db_end(db);
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    scratch_remove(&s);
}

TEST(who_wants_to_be_alone_is_refused_while_somebody_is_there_and_refuses_others)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s), *alone = NULL, *other = NULL;
    CHECK_EQ(db_open_as(&alone, s.database, DB_ALONE), ERR_BUSY);
    db_close(db);
    CHECK_EQ(db_open_as(&alone, s.database, DB_ALONE), 0);
    CHECK_EQ(db_open(&other, s.database), ERR_BUSY);
    db_close(alone);
    CHECK_EQ(db_open(&other, s.database), 0);
    db_close(other);
    scratch_remove(&s);
}

TEST(what_is_only_looked_at_is_neither_made_nor_changed)
{
    struct scratch s = scratch_new();
    struct db *db = NULL;
    int64_t schema = 0;
    CHECK(db_open_as(&db, s.database, DB_AS_IS) != 0);
    CHECK(db == NULL);
    db_close(open_in(&s));
    CHECK_EQ(db_open_as(&db, s.database, DB_AS_IS), 0);
    CHECK_EQ(db_schema(db, &schema), 0);
    CHECK_EQ(schema, store_migration_count);
    CHECK_EQ(count_rows(db), 0);
    db_close(db);
    scratch_remove(&s);
}
