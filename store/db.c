#include "store/db.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/schema.h"

#include <assert.h>
#include <string.h>
#include <time.h>

int64_t db_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool db_is_over_time(const struct db *db)
{
    return db->deadline_ms && db_now_ms() >= db->deadline_ms;
}

void db_give_time(struct db *db, int budget_ms)
{
    db->budget_ms = budget_ms;
    if (db->backend->give_time)
        db->backend->give_time(db, budget_ms);
}

static const struct db_backend *backend_of(const char *location)
{
    return db_postgres.owns(location) ? &db_postgres : &db_sqlite;
}

// --- Statements ---

// A statement is mostly a literal: it is found by its address, without a hash of some hundred
// octets. What is there is compared, as others are made in memory that is used again.
static struct db_query **nearby(struct db *db, const char *sql)
{
    return &db->near[(uintptr_t)sql / sizeof(void *) % DB_NEAR_COUNT];
}

struct db_query *db_prepare(struct db *db, const char *sql)
{
    struct db_query **near = nearby(db, sql);
    struct db_query *q =
        *near && strcmp((*near)->sql, sql) == 0 ? *near : map_get(&db->queries, bytes_of(sql));
    if (!q) {
        q = mem_alloc(db->backend->query_size);
        *q = (struct db_query){
            .db = db, .sql = mem_text(sql), .writes = strncmp(sql, "SELECT ", 7) != 0};
        db->backend->prepare(q);
        map_put(&db->queries, bytes_of(q->sql), q);
    }
    assert(!q->in_use);
    q->in_use = true;
    *near = q;
    return q;
}

void db_bind_text(struct db_query *q, int at, const char *value)
{
    assert(at > 0 && at <= DB_PARAMETERS_MAX);
    q->db->backend->bind_text(q, at, value);
}

void db_bind_int(struct db_query *q, int at, int64_t value)
{
    assert(at > 0 && at <= DB_PARAMETERS_MAX);
    q->db->backend->bind_int(q, at, value);
}

// Whether the statement is one that may run now.
static int check_allowed(const struct db_query *q)
{
    if (q->writes && q->db->is_reading) {
        log_error("store", "a job that only reads would write: %.40s", q->sql);
        return ERR_WRONG_STATE;
    }
    return q->writes && q->db->read_only ? ERR_WRONG_STATE : 0;
}

int db_step(struct db_query *q)
{
    int err = check_allowed(q);
    if (!err && db_is_over_time(q->db))
        err = ERR_TOO_LONG;
    return err ? err : q->db->backend->step(q);
}

const char *db_text(struct db_query *q, int column)
{
    return q->db->backend->text(q, column);
}

int64_t db_int(struct db_query *q, int column)
{
    return q->db->backend->integer(q, column);
}

int db_columns(struct db_query *q)
{
    return q->db->backend->columns(q);
}

bool db_is_int(struct db_query *q, int column)
{
    return q->db->backend->is_int(q, column);
}

static void discard(struct db_query *q)
{
    mem_free(q->sql);
    q->db->backend->discard(q);
}

// A statement that could not be prepared (the schema was damaged under us) is forgotten, so
// that it is tried again.
void db_finish(struct db_query *q)
{
    struct db *db = q->db;
    q->in_use = false;
    if (db->backend->reset(q))
        return;
    for (size_t i = 0; i < DB_NEAR_COUNT; i++)
        db->near[i] = db->near[i] == q ? NULL : db->near[i];
    map_remove(&db->queries, bytes_of(q->sql));
    discard(q);
}

int db_run(struct db_query *q)
{
    int err;
    do {
        err = db_step(q);
    } while (err == DB_ROW);
    db_finish(q);
    return err;
}

int db_run_int(struct db_query *q, int64_t *value)
{
    int err = db_step(q);
    if (err == DB_ROW)
        *value = db_int(q, 0);
    db_finish(q);
    return err == DB_ROW ? 0 : err ? err : ERR_NOT_FOUND;
}

int db_run_later(struct db_query *q)
{
    int err = check_allowed(q);
    if (!err)
        err = q->db->backend->run_later(q);
    db_finish(q);
    return err;
}

// --- Its state ---

bool db_is_writable(struct db *db)
{
    return !db->read_only && !db_may_heal(db);
}

bool db_may_heal(struct db *db)
{
    return db->full || db->away || db->busy;
}

static int write_nothing(struct db_job *job, struct db *db)
{
    (void)job;
    return db_run(db_prepare(db, "UPDATE schema_version SET version = version"));
}

void db_tend(struct db *db)
{
    db->backend->tend(db);
    if (db->away || (!db->full && !db->busy))
        return;
    bool was_full = db->full;
    struct db_job job = {.run = write_nothing};
    db_run_jobs(db, (struct db_job *[]){&job}, 1);
    if (was_full && !db->full)
        log_info("store", "there is space on the disk again");
}

int db_fd(struct db *db)
{
    return db->backend->fd(db);
}

// --- Group commit ---

// Runs one job. Sets `wrote` when it left changes in the transaction.
static void run_job(struct db *db, struct db_job *job, bool in_transaction, bool *wrote)
{
    uint64_t before = db->changes;
    job->err = in_transaction ? db->backend->open_job(db) : 0;
    if (job->err)
        return;
    db->is_reading = job->only_reads;
    db->deadline_ms = job->only_reads && db->budget_ms ? db_now_ms() + db->budget_ms : 0;
    job->err = job->run(job, db);
    db->is_reading = false;
    db->deadline_ms = 0;
    if (!in_transaction || db->backend->is_lost(db))
        return;
    int err = db->backend->close_job(db, !job->err);
    job->err = job->err ? job->err : err;
    *wrote = !job->err && db->changes != before;
}

// Of a transaction that came to nothing, of which the first `count` jobs ran. Those behind
// the first that wrote may have seen what is not there: those who only read look again,
// the others get `err` as the writers do.
static void tell_undone(struct db *db, struct db_job *const *jobs, const bool *wrote,
                        size_t count, int err)
{
    size_t first = 0;
    bool ignored;
    db->backend->roll_back(db);
    while (first < count && !wrote[first])
        first++;
    for (size_t i = first; i < count; i++) {
        if (!jobs[i]->only_reads) {
            jobs[i]->err = err;
            continue;
        }
        int reading = db->backend->begin(db, DB_READ);
        if (reading) {
            jobs[i]->err = reading;
            continue;
        }
        run_job(db, jobs[i], false, &ignored);
        db->backend->commit(db);
    }
}

// Ends the transaction and tells those who wrote in it when it came to nothing.
static void commit(struct db *db, struct db_job *const *jobs, const bool *wrote, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= wrote[i];
    int err = db->backend->commit(db);
    if (!any)
        return;
    if (!err)
        db->full = false;
    else
        tell_undone(db, jobs, wrote, count, err);
}

static enum db_purpose purpose_of(const struct db *db, struct db_job *const *jobs, size_t count)
{
    bool writes = false;
    for (size_t i = 0; i < count; i++)
        writes |= !jobs[i]->only_reads;
    return writes && !db->read_only ? DB_WRITE : DB_READ;
}

// Whether another program, or another process of this one, lets nobody write.
static void note_busy(struct db *db, bool is_busy)
{
    if (is_busy && !db->busy)
        log_warn("store", "another program holds the database: writes are refused until then");
    else if (!is_busy && db->busy)
        log_info("store", "the database can be written again");
    db->busy = is_busy;
}

// One transaction of at most DB_BATCH_MAX jobs. Returns how many were done: fewer when the
// transaction ended early, and the others want a new one.
static size_t run_batch(struct db *db, struct db_job *const *jobs, size_t count)
{
    bool wrote[DB_BATCH_MAX] = {false};
    enum db_purpose purpose = purpose_of(db, jobs, count);
    int err = db->backend->begin(db, purpose);
    if (purpose == DB_WRITE)
        note_busy(db, err == ERR_BUSY);
    if (err) {
        for (size_t i = 0; i < count; i++)
            jobs[i]->err = err;
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        run_job(db, jobs[i], purpose == DB_WRITE, &wrote[i]);
        if (!db->backend->is_lost(db))
            continue;
        wrote[i] = !jobs[i]->err && !jobs[i]->only_reads;
        tell_undone(db, jobs, wrote, i + 1, db->full ? ERR_FULL : ERR_IO);
        return i + 1;
    }
    commit(db, jobs, wrote, count);
    return count;
}

void db_run_jobs(struct db *db, struct db_job *const *jobs, size_t count)
{
    while (count) {
        size_t done = run_batch(db, jobs, count < DB_BATCH_MAX ? count : DB_BATCH_MAX);
        jobs += done;
        count -= done;
    }
}

int db_begin_snapshot(struct db *db)
{
    return db->backend->begin(db, DB_SNAPSHOT);
}

void db_end(struct db *db)
{
    db->backend->roll_back(db);
}

// --- Opening ---

int db_schema(struct db *db, int64_t *version)
{
    struct db_query *q = db_prepare(db, "SELECT COALESCE(MAX(version), 0) FROM schema_version");
    int err = db_step(q);
    if (err == DB_ROW)
        *version = db_int(q, 0);
    db_finish(q);
    return err == DB_ROW ? 0 : ERR_MALFORMED;
}

static int check_schema(struct db *db, int64_t *version)
{
    int err = db_schema(db, version);
    if (err)
        log_error("store", "%s is not a database of Parlor", db->name.at);
    if (err || *version <= (int64_t)store_migration_count)
        return err;
    log_error("store", "%s has schema %lld and this program knows %zu: use a newer parlor",
              db->name.at, (long long)*version, store_migration_count);
    return ERR_UNSUPPORTED;
}

static int bring_up_to_date(struct db *db, int64_t schema)
{
    int64_t version;
    int err = db->backend->execute(
        db, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
    if (!err)
        err = check_schema(db, &version);
    if (err)
        return err;
    for (int64_t i = version; !err && i < schema; i++) {
        err = db->backend->execute(db, store_migrations[i]);
        if (err)
            return err;
        struct db_query *q = db_prepare(db, "INSERT INTO schema_version (version) VALUES ($1)");
        db_bind_int(q, 1, i + 1);
        err = db_run(q);
    }
    return err;
}

// In one transaction, in which nobody else writes.
static int migrate(struct db *db, int64_t schema)
{
    int err = db->backend->begin(db, DB_WRITE);
    if (err)
        return err;
    err = bring_up_to_date(db, schema);
    if (!err)
        return db->backend->commit(db);
    db->backend->roll_back(db);
    return err;
}

bool db_is_unchecked(const struct db *db)
{
    return db->unchecked;
}

void db_mark_checked(struct db *db)
{
    db->unchecked = false;
}

int db_check(const char *location, const atomic_bool *is_over)
{
    struct db *db = NULL;
    const struct db_backend *backend = backend_of(location);
    int err = backend->check ? backend->open(&db, location, DB_BESIDE) : 0;
    if (!err && backend->check)
        err = backend->check(db, is_over);
    db_close(db);
    return err;
}

// A schema is brought up to date in a file that is whole.
static int check_before_migrating(struct db *db, int64_t schema)
{
    int64_t version;
    if (!db->unchecked || (db_schema(db, &version) == 0 && version == schema))
        return 0;
    int err = db->backend->check(db, NULL);
    db->unchecked = err;
    return err;
}

static int open_with(struct db **db, const char *location, enum db_use use, int64_t schema)
{
    struct db *opened = NULL;
    int64_t version;
    int err = backend_of(location)->open(&opened, location, use);
    if (!err && db_only_reads(use))
        err = check_schema(opened, &version);
    else if (!err && !(err = check_before_migrating(opened, schema)))
        err = migrate(opened, schema);
    if (err) {
        db_close(opened);
        return err;
    }
    opened->read_only = use == DB_LOOKED_AT;
    if (use == DB_BESIDE) {
        opened->read_only = true;
        db_give_time(opened, STORE_BUDGET_MS);
    }
    *db = opened;
    return 0;
}

int db_open_as(struct db **db, const char *location, enum db_use use)
{
    return open_with(db, location, use, (int64_t)store_migration_count);
}

int db_open(struct db **db, const char *location)
{
    return db_open_as(db, location, DB_SHARED);
}

int db_create(struct db **db, const char *path, int64_t schema)
{
    return open_with(db, path, DB_ALONE, schema);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    size_t at = 0;
    struct db_query *q;
    while ((q = map_next(&db->queries, &at)))
        discard(q);
    map_dispose(&db->queries);
    db->backend->close(db);
}

bool db_is_url(const char *location)
{
    return db_postgres.owns(location);
}
