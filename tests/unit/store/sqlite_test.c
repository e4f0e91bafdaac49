#include "base/err.h"
#include "scratch.h"
#include "store/db.h"
#include "store/schema.h"
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A job that writes one template, reads one, or fails after having written.
struct test_job {
    struct db_job job; // first
    const char *id;
    enum { WRITE, READ, WRITE_AND_FAIL } what;
    int64_t seen;
};

static int insert(struct db *db, const char *id)
{
    struct db_query *q = db_prepare(db, "INSERT INTO templates VALUES ($1, $1, 0, '{}', 0, 0)");
    db_bind_text(q, 1, id);
    return db_run(q);
}

static int64_t count_rows(struct db *db)
{
    struct db_query *q = db_prepare(db, "SELECT COUNT(*) FROM templates");
    CHECK_EQ(db_step(q), DB_ROW);
    int64_t count = db_int(q, 0);
    db_finish(q);
    return count;
}

static int run_test_job(struct db_job *job, struct db *db)
{
    struct test_job *t = (struct test_job *)job;
    t->seen = count_rows(db);
    if (t->what == READ)
        return 0;
    int err = insert(db, t->id);
    if (err)
        return err;
    return t->what == WRITE_AND_FAIL ? ERR_REFUSED : 0;
}

static struct test_job job_of(const char *id, int what)
{
    return (struct test_job){.job = {.run = run_test_job}, .id = id, .what = what};
}

static struct db *open_in(const struct scratch *s)
{
    struct db *db;
    CHECK_EQ(db_open(&db, scratch_path(s, "parlor.db")), 0);
    return db;
}

static const char *pragma(struct db *db, const char *sql)
{
    static char value[32];
    struct db_query *q = db_prepare(db, sql);
    CHECK_EQ(db_step(q), DB_ROW);
    snprintf(value, sizeof value, "%s", db_text(q, 0));
    db_finish(q);
    return value;
}

TEST(a_database_is_opened_as_durable_as_it_gets)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    CHECK_TEXT(pragma(db, "PRAGMA journal_mode"), "wal");
    CHECK_TEXT(pragma(db, "PRAGMA synchronous"), "2"); // FULL
    CHECK_TEXT(pragma(db, "PRAGMA foreign_keys"), "1");
    CHECK_TEXT(pragma(db, "PRAGMA busy_timeout"), "5000");
    CHECK(db_is_writable(db));
    db_close(db);
    scratch_remove(&s);
}

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

TEST(a_full_disk_refuses_writes_goes_on_reading_and_heals)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job first = job_of("first", WRITE);
    db_run_jobs(db, (struct db_job *[]){&first.job}, 1);
    // What SQLite reports on a full disk it also reports at its own limit of pages.
    pragma(db, "PRAGMA max_page_count = 1");
    static char long_id[64 * 1024];
    memset(long_id, 'x', sizeof long_id - 1);
    struct test_job big = job_of(long_id, WRITE);
    struct test_job read = job_of("", READ);
    db_run_jobs(db, (struct db_job *[]){&big.job, &read.job}, 2);
    CHECK_EQ(big.job.err, ERR_FULL);
    CHECK_EQ(read.job.err, 0);
    CHECK_EQ(read.seen, 1);
    CHECK(!db_is_writable(db));

    pragma(db, "PRAGMA max_page_count = 100000");
    CHECK(db_is_full(db));
    db_try_space(db); // what is tried while nobody writes
    CHECK(!db_is_full(db));
    CHECK(db_is_writable(db));
    db_run_jobs(db, (struct db_job *[]){&big.job}, 1);
    CHECK_EQ(big.job.err, 0);
    CHECK(db_is_writable(db));
    db_close(db);
    scratch_remove(&s);
}

TEST(a_file_that_is_no_database_stops_the_start)
{
    struct scratch s = scratch_new();
    FILE *f = fopen(scratch_path(&s, "parlor.db"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database, ", f);
    fclose(f);
    struct db *db = NULL;
    CHECK_EQ(db_open(&db, scratch_path(&s, "parlor.db")), ERR_MALFORMED);
    CHECK(db == NULL);
    scratch_remove(&s);
}

TEST(a_damaged_page_stops_the_start)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    for (char id[] = "a"; id[0] <= 'z'; id[0]++)
        insert(db, id);
    db_close(db); // leaves everything in the main file

    int f = open(scratch_path(&s, "parlor.db"), O_RDWR);
    char garbage[2048];
    memset(garbage, 0x5a, sizeof garbage);
    CHECK_EQ(pwrite(f, garbage, sizeof garbage, 4096 * 2), sizeof garbage);
    close(f);
    db = NULL;
    CHECK_EQ(db_open(&db, scratch_path(&s, "parlor.db")), ERR_MALFORMED);
    scratch_remove(&s);
}

TEST(a_folder_that_is_not_there_is_an_error)
{
    struct scratch s = scratch_new();
    struct db *db = NULL;
    CHECK_EQ(db_open(&db, scratch_path(&s, "no/parlor.db")), ERR_IO);
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
    CHECK_EQ(db_open(&db, scratch_path(&s, "parlor.db")), ERR_UNSUPPORTED);
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

// A file system whose fsync of the journal fails when told to, around the real one.
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *real_methods;
    bool fail;
    int failed;
} faulty;

static int faulty_sync(sqlite3_file *file, int flags)
{
    if (faulty.fail) {
        faulty.failed++;
        return SQLITE_IOERR_FSYNC;
    }
    return faulty.real_methods->xSync(file, flags);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out)
{
    (void)vfs;
    int code = faulty.real->xOpen(faulty.real, name, file, flags, out);
    if (code == SQLITE_OK && flags & SQLITE_OPEN_WAL) {
        faulty.real_methods = file->pMethods;
        faulty.methods = *file->pMethods;
        faulty.methods.xSync = faulty_sync;
        file->pMethods = &faulty.methods;
    }
    return code;
}

static void faulty_install(void)
{
    faulty.real = sqlite3_vfs_find(NULL);
    faulty.vfs = *faulty.real;
    faulty.vfs.zName = "faulty";
    faulty.vfs.xOpen = faulty_open;
    faulty.fail = false;
    faulty.failed = 0;
    sqlite3_vfs_register(&faulty.vfs, 1);
}

static void faulty_remove(void)
{
    sqlite3_vfs_unregister(&faulty.vfs);
    sqlite3_vfs_register(faulty.real, 1);
}

TEST(after_a_failed_fsync_nothing_is_acknowledged_and_no_write_is_tried_again)
{
    faulty_install();
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job before = job_of("before", WRITE);
    db_run_jobs(db, (struct db_job *[]){&before.job}, 1);
    CHECK_EQ(before.job.err, 0);

    faulty.fail = true;
    struct test_job a = job_of("a", WRITE);
    struct test_job b = job_of("b", WRITE);
    struct test_job read = job_of("", READ);
    db_run_jobs(db, (struct db_job *[]){&a.job, &b.job, &read.job}, 3);
    CHECK_EQ(a.job.err, ERR_IO);
    CHECK_EQ(b.job.err, ERR_IO);
    CHECK_EQ(read.job.err, 0);
    CHECK_EQ(faulty.failed, 1);
    CHECK(!db_is_writable(db));

    faulty.fail = false; // the disk claims to be well again
    struct test_job c = job_of("c", WRITE);
    db_run_jobs(db, (struct db_job *[]){&c.job, &read.job}, 2);
    CHECK_EQ(c.job.err, ERR_WRONG_STATE);
    CHECK_EQ(read.job.err, 0);
    CHECK_EQ(read.seen, 1);
    db_close(db);

    db = open_in(&s); // a restart recovers
    CHECK(db_is_writable(db));
    struct test_job d = job_of("d", WRITE);
    db_run_jobs(db, (struct db_job *[]){&d.job}, 1);
    CHECK_EQ(d.job.err, 0);
    db_close(db);
    faulty_remove();
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
    snprintf(path, sizeof path, "%s", scratch_path(&s, "parlor.db"));
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
