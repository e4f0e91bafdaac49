#include "base/err.h"
#include "fixture.h"
#include "test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    CHECK(db_may_heal(db));
    db_tend(db); // what is tried while nobody writes
    CHECK(!db_may_heal(db));
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
        CHECK_EQ(insert_template(db, id), 0);
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

// A file system whose fsync of the journal fails when told to, around the real one.
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *real_methods;
    bool fail;
    int failed;
    int which; // files
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
    if (code == SQLITE_OK && flags & faulty.which) {
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
    faulty.which = SQLITE_OPEN_WAL;
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
    CHECK_EQ(read.seen, 1); // what was not committed is not told
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

static int insert_much(struct db_job *job, struct db *db)
{
    (void)job;
    struct text long_text = {0};
    for (int i = 0; i < 600 * 1000; i++)
        text_add(&long_text, "12345678");
    struct db_query *q = db_prepare(db, "INSERT INTO templates VALUES ('x', 'x', 0, $1, 0, 0)");
    db_bind_text(q, 1, long_text.at);
    text_dispose(&long_text);
    return db_run(q);
}

TEST(a_failed_fsync_while_the_journal_is_written_back_ends_writing_at_once)
{
    faulty_install();
    faulty.which = SQLITE_OPEN_MAIN_DB;
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    faulty.fail = true;
    CHECK_EQ(run_alone(db, insert_much), 0); // it is in the journal, and safe
    CHECK(faulty.failed > 0);
    CHECK(!db_is_writable(db));
    struct test_job a = job_of("a", WRITE);
    db_run_jobs(db, (struct db_job *[]){&a.job}, 1);
    CHECK_EQ(a.job.err, ERR_WRONG_STATE);
    faulty.fail = false;
    db_close(db);
    db = open_in(&s); // a restart recovers
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    faulty_remove();
    scratch_remove(&s);
}

static struct db *serve_in(const struct scratch *s)
{
    struct db *db;
    CHECK_EQ(db_open_as(&db, s->database, DB_SERVED), 0);
    return db;
}

TEST(a_file_that_was_closed_in_order_is_not_checked_again)
{
    struct scratch s = scratch_new();
    struct db *db = serve_in(&s);
    CHECK(!db_is_unchecked(db)); // it is new
    db_close(db);
    db = serve_in(&s);
    CHECK(!db_is_unchecked(db));

    // As after kill -9: nobody closed it.
    struct db *after = serve_in(&s);
    CHECK(db_is_unchecked(after));
    db_close(after);
    db_close(db);
    db = serve_in(&s);
    CHECK(!db_is_unchecked(db));
    db_close(db);

    CHECK_EQ(access(scratch_path(&s, "parlor.db-clean"), F_OK), 0);
    CHECK_TEXT(scratch_sql(&s, "INSERT INTO templates VALUES ('a', 'a', 0, '', 0, 0)"), "");
    db = serve_in(&s); // somebody else wrote to it
    CHECK(db_is_unchecked(db));
    CHECK_EQ(db_check(s.database, NULL), 0);
    db_mark_checked(db);
    db_close(db);
    db = serve_in(&s);
    CHECK(!db_is_unchecked(db));
    db_close(db);
    scratch_remove(&s);
}
