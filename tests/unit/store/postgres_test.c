// What only PostgreSQL does: connections that break, and what becomes of a commit then.
#include "base/err.h"
#include "fixture.h"
#include "relay.h"
#include "store/postgres_link.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *first_text(struct db *db, const char *sql)
{
    static char value[64];
    struct db_query *q = db_prepare(db, sql);
    CHECK_EQ(db_step(q), DB_ROW);
    snprintf(value, sizeof value, "%s", db_text(q, 0));
    db_finish(q);
    return value;
}

static int write_one(struct db *db, const char *id)
{
    struct test_job job = job_of(id, WRITE);
    db_run_jobs(db, (struct db_job *[]){&job.job}, 1);
    return job.job.err;
}

// Tries, as the store thread does, until the database is back.
static void wait_until_back(struct db *db)
{
    for (int i = 0; i < 200 && db_may_heal(db); i++) {
        db_tend(db);
        poll(NULL, 0, 50);
    }
    CHECK(db_is_writable(db));
}

TEST(a_commit_is_durable_whatever_the_default_is)
{
    struct scratch s = scratch_new();
    char location[600];
    snprintf(location, sizeof location, "%s%%20-csynchronous_commit%%3Doff", s.database);
    struct db *db;
    CHECK_EQ(db_open(&db, location), 0);
    CHECK_TEXT(first_text(db, "SELECT current_setting('synchronous_commit')"), "on");
    db_close(db);
    snprintf(location, sizeof location, "%s%%20-csynchronous_commit%%3Dremote_apply",
             s.database);
    CHECK_EQ(db_open(&db, location), 0);
    CHECK_TEXT(first_text(db, "SELECT current_setting('synchronous_commit')"), "remote_apply");
    db_close(db);
    scratch_remove(&s);
}

// It listens, but takes nobody: as one that has too much to do.
TEST(a_server_that_does_not_answer_is_named_as_such)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    CHECK_EQ(bind(fd, (struct sockaddr *)&at, len), 0);
    CHECK_EQ(listen(fd, 1), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    char location[64];
    snprintf(location, sizeof location, "postgresql://ann@127.0.0.1:%d/parlor",
             ntohs(at.sin_port));
    struct link link = {.location = location, .patience_ms = 1000};
    struct text why = {0};
    CHECK_EQ(link_open(&link, 50, &why), ERR_IO);
    CHECK(why.at && strstr(why.at, "does not answer within 50 ms"));
    text_dispose(&why);
    close(fd);
}

TEST(an_url_is_shown_without_its_password)
{
    static const char *const urls[][2] = {
        {"postgresql://ann:hunter2@db.example.org:5433/parlor?sslmode=require",
         "postgresql://ann@db.example.org:5433/parlor"},
        {"postgres://db/parlor?user=ann&password=hunter2", "postgresql://ann@db/parlor"},
        {"postgresql:///parlor?host=/run/postgresql", "postgresql:///run/postgresql/parlor"},
        {"postgresql://ann:hunter2%zz@db/parlor", "postgresql://"},
        {"/var/lib/parlor/parlor.db", "/var/lib/parlor/parlor.db"},
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct text shown = {0};
        db_show_location(urls[i][0], &shown);
        CHECK_TEXT(shown.at, urls[i][1]);
        text_dispose(&shown);
    }
    CHECK(db_is_location(urls[0][0]));
    CHECK(!db_is_location(urls[3][0]));
    CHECK(db_is_url(urls[1][0]));
    CHECK(!db_is_url(urls[4][0]));
}

TEST(a_server_that_is_not_there_is_an_error)
{
    struct db *db = NULL;
    CHECK_EQ(db_open(&db, "postgresql://parlor@127.0.0.1:1/parlor"), ERR_IO);
    CHECK_EQ(db_open(&db, "postgresql://parlor:%zz@127.0.0.1/parlor"), ERR_IO);
    CHECK(db == NULL);
}

TEST(a_database_that_is_not_in_utf8_is_refused)
{
    char location[600];
    struct scratch s = scratch_new();
    struct db *db = NULL;
    scratch_sql(&s, "CREATE DATABASE latin ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' "
                    "LOCALE_PROVIDER libc TEMPLATE template0");
    snprintf(location, sizeof location, "%s", s.database);
    memcpy(strstr(location, "/postgres?"), "/latin?   ", 10);
    *strstr(location, "   ") = 0;
    CHECK_EQ(db_open(&db, location), ERR_UNSUPPORTED);
    scratch_sql(&s, "DROP DATABASE latin");
    scratch_remove(&s);
}

TEST(a_connection_that_is_ended_is_noticed_by_itself_and_made_again)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    CHECK_EQ(write_one(db, "before"), 0);
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s)",
             first_text(db, "SELECT pg_backend_pid()"));
    struct pollfd wait = {.fd = db_fd(db), .events = POLLIN};
    CHECK_EQ(poll(&wait, 1, 0), 0);
    scratch_sql(&s, sql);
    CHECK_EQ(poll(&wait, 1, 5000), 1);
    for (int i = 0; i < 100 && db_fd(db) == wait.fd; i++) {
        poll(&wait, 1, 50);
        db_tend(db); // comes back at once
    }
    wait_until_back(db);
    CHECK_EQ(write_one(db, "after"), 0);
    CHECK_EQ(count_rows(db), 2);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_connection_that_was_lost_while_idle_costs_no_job)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 500)",
             first_text(db, "SELECT pg_backend_pid()"));
    scratch_sql(&s, sql);
    CHECK_EQ(write_one(db, "after"), 0);
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    scratch_remove(&s);
}

TEST(while_the_database_is_away_jobs_are_refused_and_it_heals)
{
    struct scratch s = scratch_new();
    struct relay relay;
    struct db *db;
    relay_start(&relay, s.database);
    CHECK_EQ(db_open(&db, relay.location), 0);
    CHECK_EQ(write_one(db, "before"), 0);
    relay_refuse(&relay);
    struct test_job a = job_of("a", WRITE), read = job_of("", READ);
    read.job.only_reads = true;
    db_run_jobs(db, (struct db_job *[]){&a.job, &read.job}, 2);
    CHECK_EQ(a.job.err, ERR_IO);
    CHECK_EQ(read.job.err, ERR_IO);
    CHECK(!db_is_writable(db));
    CHECK(db_may_heal(db));
    CHECK_EQ(db_fd(db), -1);
    db_run_jobs(db, (struct db_job *[]){&read.job}, 1);
    CHECK_EQ(read.job.err, ERR_IO);
    atomic_store(&relay.refuses, false);
    wait_until_back(db);
    CHECK_EQ(write_one(db, "after"), 0);
    CHECK_EQ(count_rows(db), 2);
    db_close(db);
    relay_end(&relay);
    scratch_remove(&s);
}

TEST(a_commit_whose_answer_is_lost_is_asked_for_and_not_repeated)
{
    struct scratch s = scratch_new();
    struct relay relay;
    struct db *db;
    relay_start(&relay, s.database);
    CHECK_EQ(db_open(&db, relay.location), 0);
    atomic_store(&relay.drops_after_commit, true);
    CHECK_EQ(write_one(db, "a"), 0);
    CHECK(!atomic_load(&relay.drops_after_commit));
    CHECK(db_is_writable(db));
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    relay_end(&relay);
    scratch_remove(&s);
}

TEST(a_commit_that_did_not_happen_is_not_acknowledged)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    // The server's process ends itself on the way to the commit.
    scratch_sql(&s, "CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; "
                    "CREATE CONSTRAINT TRIGGER falling AFTER INSERT ON templates DEFERRABLE "
                    "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fall()");
    struct test_job a = job_of("a", WRITE), b = job_of("b", WRITE), read = job_of("", READ);
    db_run_jobs(db, (struct db_job *[]){&a.job, &read.job, &b.job}, 3);
    CHECK_EQ(a.job.err, ERR_IO);
    CHECK_EQ(read.job.err, 0);
    CHECK_EQ(b.job.err, ERR_IO);
    scratch_sql(&s, "DROP TRIGGER falling ON templates");
    wait_until_back(db);
    CHECK_EQ(count_rows(db), 0);
    CHECK_EQ(write_one(db, "c"), 0);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_rule_that_is_checked_at_the_commit_refuses_all_who_wrote)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    scratch_sql(&s, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$; "
                    "CREATE CONSTRAINT TRIGGER refusing AFTER INSERT ON templates DEFERRABLE "
                    "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()");
    struct test_job a = job_of("a", WRITE), read = job_of("", READ);
    db_run_jobs(db, (struct db_job *[]){&a.job, &read.job}, 2);
    CHECK_EQ(a.job.err, ERR_FULL);
    CHECK_EQ(read.job.err, 0);
    CHECK(!db_is_writable(db));
    CHECK(db_may_heal(db));
    CHECK_EQ(count_rows(db), 0);
    scratch_sql(&s, "DROP TRIGGER refusing ON templates");
    db_tend(db);
    CHECK(db_is_writable(db));
    CHECK_EQ(write_one(db, "b"), 0);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_batch_that_cannot_begin_is_refused_whole_and_at_once)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    // As if a transaction could not be numbered: the function is ours now.
    scratch_sql(&s, "CREATE FUNCTION hashtext(name) RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
                    "RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END $$");
    char location[700];
    db_close(db);
    snprintf(location, sizeof location, "%s%%2Cpg_catalog", s.database);
    CHECK_EQ(db_open(&db, location), ERR_BUSY);
    scratch_sql(&s, "DROP FUNCTION hashtext(name)");
    CHECK_EQ(db_open(&db, location), 0);
    scratch_sql(&s, "CREATE FUNCTION hashtext(name) RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
                    "RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END $$");
    struct test_job jobs[3] = {job_of("a", WRITE), job_of("b", WRITE), job_of("", READ)};
    db_run_jobs(db, (struct db_job *[]){&jobs[0].job, &jobs[1].job, &jobs[2].job}, 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_EQ(jobs[i].job.err, ERR_BUSY);
    scratch_sql(&s, "DROP FUNCTION hashtext(name)");
    CHECK_EQ(write_one(db, "c"), 0);
    CHECK_EQ(count_rows(db), 1);
    db_close(db);
    scratch_remove(&s);
}

TEST(a_text_that_is_no_utf8_is_refused_and_takes_nothing_with_it)
{
    struct scratch s = scratch_new();
    struct db *db = open_in(&s);
    struct test_job a = job_of("a", WRITE), bad = job_of("\xff", WRITE), c = job_of("c", WRITE);
    db_run_jobs(db, (struct db_job *[]){&a.job, &bad.job, &c.job}, 3);
    CHECK_EQ(a.job.err, 0);
    CHECK_EQ(bad.job.err, ERR_MALFORMED);
    CHECK_EQ(c.job.err, 0);
    CHECK_EQ(count_rows(db), 2);
    db_close(db);
    scratch_remove(&s);
}
