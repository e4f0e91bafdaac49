#include "fixture.h"

#include "base/err.h"
#include "test.h"

int insert_template(struct db *db, const char *id)
{
    struct db_query *q = db_prepare(db, "INSERT INTO templates VALUES ($1, $1, 0, '{}', 0, 0)");
    db_bind_text(q, 1, id);
    return db_run(q);
}

static int read_count(struct db *db, int64_t *count)
{
    struct db_query *q = db_prepare(db, "SELECT COUNT(*) FROM templates");
    int err = db_step(q);
    if (err == DB_ROW)
        *count = db_int(q, 0);
    db_finish(q);
    return err == DB_ROW ? 0 : err;
}

int64_t count_rows(struct db *db)
{
    int64_t count = 0;
    CHECK_EQ(read_count(db, &count), 0);
    return count;
}

static int run_test_job(struct db_job *job, struct db *db)
{
    struct test_job *t = (struct test_job *)job;
    int err = read_count(db, &t->seen);
    if (t->what == READ)
        return err;
    if (!err)
        err = insert_template(db, t->id);
    if (err)
        return err;
    return t->what == WRITE_AND_FAIL ? ERR_REFUSED : 0;
}

struct test_job job_of(const char *id, int what)
{
    return (struct test_job){
        .job = {.run = run_test_job, .only_reads = what == READ}, .id = id, .what = what};
}

struct db *open_in(const struct scratch *s)
{
    struct db *db;
    CHECK_EQ(db_open(&db, s->database), 0);
    return db;
}

int run_alone(struct db *db, int (*run)(struct db_job *, struct db *))
{
    struct db_job job = {.run = run};
    db_run_jobs(db, (struct db_job *[]){&job}, 1);
    return job.err;
}
