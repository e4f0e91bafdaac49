#include "../store/scratch.h"
#include "base/err.h"
#include "base/jwt.h"
#include "base/mem.h"
#include "net/http_server.h"
#include "server/jobs.h"
#include "store/keys.h"
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct scratch scratch;
static struct keys keys;
static struct api_config config;

static struct jobs *start(void)
{
    scratch = scratch_new();
    struct rng rng = rng_seeded(1);
    CHECK_EQ(keys_load(&keys, scratch.folder, &rng, 1700000000000), 0);
    config = (struct api_config){.keys = {&keys.key, 1},
                                 .customer_id = keys.customer_id,
                                 .app_id = keys.app_id,
                                 .meetings = API_MEETINGS_ANYONE};
    struct jobs *jobs = jobs_new(scratch.database, &config, keys.template_id);
    CHECK(jobs != NULL);
    return jobs;
}

static void stop(struct jobs *jobs)
{
    jobs_free(jobs);
    scratch_remove(&scratch);
}

static struct job *take(struct jobs *jobs)
{
    struct pollfd wait = {.fd = jobs_fd(jobs), .events = POLLIN};
    CHECK_EQ(poll(&wait, 1, 10000), 1);
    struct job *job;
    CHECK_EQ(jobs_take(jobs, &job, 1), 1);
    return job;
}

// POST /api/meetings as the control thread sends it on.
static void put_meeting(struct jobs *jobs, uint64_t id)
{
    struct arena arena = {0};
    struct http_request *request = arena_alloc(&arena, sizeof *request);
    request->arena = arena;
    request->method = HTTP_POST;
    request->path = request->raw_path = "/api/meetings";
    request->content_type = "application/json";
    request->query = "";
    request->host = "localhost";
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    job->call.id = id;
    CHECK_EQ(api_route(&config, request, 1700000000000, &job->call.call, &job->call.response),
             API_STORED);
    jobs_put(jobs, job);
}

static void put_room(struct jobs *jobs, const char *id)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_ROOM;
    job->room.session = 7;
    memcpy(job->room.id, id, OBJECT_ID_LEN + 1);
    jobs_put(jobs, job);
}

static void free_call(struct job *job)
{
    text_dispose(&job->call.response.body);
    http_request_free(job->call.call.request);
    mem_free(job);
}

TEST(what_was_held_is_done_when_it_is_released)
{
    struct jobs *jobs = start();
    jobs_hold(jobs);
    put_room(jobs, "000000000000000000000001");
    put_meeting(jobs, 42);
    jobs_release(jobs);
    struct job *first = take(jobs), *second = take(jobs);
    CHECK_EQ(first->kind, JOB_ROOM);
    CHECK_EQ(first->room.err, ERR_NOT_FOUND);
    CHECK_EQ(second->call.response.status, 200);
    job_dispose(first);
    mem_free(first);
    free_call(second);
    stop(jobs);
}

TEST(a_call_comes_back_with_its_answer_and_the_room_can_be_loaded)
{
    struct jobs *jobs = start();
    put_meeting(jobs, 42);
    struct job *done = take(jobs);
    CHECK_EQ(done->call.id, 42);
    CHECK_EQ(done->db.err, 0);
    CHECK_EQ(done->call.response.status, 200);
    char id[OBJECT_ID_LEN + 1] = "";
    const char *at = strstr(done->call.response.body.at, "\"Room_Id\":\"");
    CHECK(at != NULL);
    memcpy(id, at + 11, OBJECT_ID_LEN);
    free_call(done);

    put_room(jobs, id);
    done = take(jobs);
    CHECK_EQ(done->kind, JOB_ROOM);
    CHECK_EQ(done->room.err, 0);
    CHECK_EQ(done->room.session, 7);
    CHECK_TEXT(done->room.record->id, id);
    CHECK(done->room.record->enabled);
    CHECK(template_role(done->room.template, "host") != NULL);
    job_dispose(done);
    mem_free(done);
    CHECK(jobs_are_writable(jobs));
    stop(jobs);
}

static void put_session(struct jobs *jobs, enum job_kind kind, const char *session_id)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = kind;
    memcpy(job->live.room_id, "64b000000000000000000001", OBJECT_ID_LEN + 1);
    memcpy(job->live.session_id, session_id, OBJECT_ID_LEN + 1);
    if (kind == JOB_KEEP)
        job->live.snapshot.head = "{}";
    jobs_put(jobs, job);
}

static int write_log(struct jobs *jobs)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_LOG;
    job->log.batch = mem_alloc(sizeof *job->log.batch);
    jobs_put(jobs, job);
    job = take(jobs);
    int err = job->db.err;
    job_dispose(job);
    mem_free(job);
    return err;
}

#define SESSION "64b000000000000000000002"

static int end_of(struct jobs *jobs)
{
    struct job *job = take(jobs);
    int err = job->db.err;
    mem_free(job);
    return err;
}

static int keep_session(struct jobs *jobs, const char *session_id)
{
    put_session(jobs, JOB_KEEP, session_id);
    return end_of(jobs);
}

static int forget_session(struct jobs *jobs, const char *session_id)
{
    put_session(jobs, JOB_FORGET, session_id);
    return end_of(jobs);
}

// A crash between the two would leave a log that tells more than the session knows.
TEST(the_log_is_not_written_while_the_session_that_it_tells_of_could_not_be)
{
    struct jobs *jobs = start();
    struct db *db;
    CHECK_EQ(db_open(&db, scratch.database), 0);
    CHECK_EQ(keep_session(jobs, SESSION), 0);
    CHECK_EQ(write_log(jobs), 0);
    CHECK_EQ(db_run(db_prepare(db, "ALTER TABLE live_rooms RENAME TO away")), 0);
    CHECK(keep_session(jobs, SESSION) != 0);
    CHECK_EQ(write_log(jobs), ERR_BUSY);
    CHECK_EQ(db_run(db_prepare(db, "ALTER TABLE away RENAME TO live_rooms")), 0);
    CHECK_EQ(keep_session(jobs, SESSION), 0);
    CHECK_EQ(write_log(jobs), 0);
    db_close(db);
    stop(jobs);
}

// Nothing of it is ever written again.
TEST(the_log_does_not_wait_for_a_session_that_is_over)
{
    struct jobs *jobs = start();
    struct db *db;
    CHECK_EQ(db_open(&db, scratch.database), 0);
    CHECK_EQ(db_run(db_prepare(db, "ALTER TABLE live_rooms RENAME TO away")), 0);
    CHECK(keep_session(jobs, SESSION) != 0);
    CHECK(keep_session(jobs, "64b000000000000000000003") != 0);
    CHECK_EQ(db_run(db_prepare(db, "ALTER TABLE away RENAME TO live_rooms")), 0);
    CHECK_EQ(forget_session(jobs, SESSION), 0);
    CHECK_EQ(write_log(jobs), ERR_BUSY); // the other is not over
    CHECK_EQ(forget_session(jobs, "64b000000000000000000003"), 0);
    CHECK_EQ(write_log(jobs), 0);
    db_close(db);
    stop(jobs);
}

// POST /v2/token with a code of the meeting that `body` tells of.
static void put_login(struct jobs *jobs, const char *body)
{
    struct arena arena = {0};
    struct http_request *request = arena_alloc(&arena, sizeof *request);
    const char *code = strstr(body, "Host_Code\":\"");
    char sent[64];
    CHECK(code != NULL);
    snprintf(sent, sizeof sent, "{\"code\":\"%.12s\"}", code + 12);
    request->body = bytes_of(arena_text(&arena, bytes_of(sent)));
    request->arena = arena;
    request->method = HTTP_POST;
    request->path = request->raw_path = "/v2/token";
    request->query = "";
    request->host = "localhost";
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    CHECK_EQ(api_route(&config, request, 1700000000000, &job->call.call, &job->call.response),
             API_STORED);
    jobs_put(jobs, job);
}

TEST(what_was_acknowledged_is_found_by_the_next_call_and_signed_with_the_newest_key)
{
    struct jobs *jobs = start();
    for (int i = 0; i < 20; i++) {
        struct job *set_key = mem_alloc(sizeof *set_key);
        set_key->kind = JOB_KEY;
        set_key->key = mem_alloc(sizeof *set_key->key);
        *set_key->key = keys.key;
        jobs_put(jobs, set_key);
        put_meeting(jobs, 42);
        struct job *done = take(jobs);
        while (done->kind != JOB_CALL) {
            job_dispose(done);
            mem_free(done);
            done = take(jobs);
        }
        put_login(jobs, done->call.response.body.at);
        free_call(done);
        done = take(jobs);
        while (done->kind != JOB_CALL) {
            job_dispose(done);
            mem_free(done);
            done = take(jobs);
        }
        CHECK_EQ(done->call.response.status, 200);
        free_call(done);
    }
    stop(jobs);
}

// POST /v2/room-codes/code: the host's code of the meeting that `body` tells of.
static void put_disabling(struct jobs *jobs, const char *body)
{
    struct arena arena = {0};
    struct http_request *request = arena_alloc(&arena, sizeof *request);
    struct jwt_claims claims = {
        .type = JWT_MANAGEMENT, .issued_at_s = 1700000000, .expires_at_s = 1700003600};
    snprintf(claims.access_key, sizeof claims.access_key, "%s", keys.key.access_key);
    struct text token = {0};
    text_add(&token, "Bearer ");
    jwt_sign(&claims, keys.key.secrets[0], &token);
    const char *code = strstr(body, "Host_Code\":\"");
    char sent[64];
    CHECK(code != NULL);
    snprintf(sent, sizeof sent, "{\"code\":\"%.12s\",\"enabled\":false}", code + 12);
    request->body = bytes_of(arena_text(&arena, bytes_of(sent)));
    request->authorization = arena_text(&arena, text_bytes(&token));
    text_dispose(&token);
    request->arena = arena;
    request->method = HTTP_POST;
    request->path = request->raw_path = "/v2/room-codes/code";
    request->content_type = "application/json";
    request->query = "";
    request->host = "localhost";
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    CHECK_EQ(api_route(&config, request, 1700000000000, &job->call.call, &job->call.response),
             API_STORED);
    jobs_put(jobs, job);
}

static size_t disabled_codes(const struct job *room)
{
    size_t count = 0;
    for (size_t i = 0; i < room->room.codes->count; i++)
        count += room->room.codes->list[i].is_disabled;
    return count;
}

// Whoever asks for a room while one of its codes is disabled gets what was there before, and
// then hears of the change; or gets what is there now. What is old never comes after what is
// new.
TEST(a_room_is_read_in_its_turn_among_the_changes_of_its_codes)
{
    struct jobs *jobs = start();
    put_meeting(jobs, 1);
    struct job *meeting = take(jobs);
    const char *body = meeting->call.response.body.at;
    char id[OBJECT_ID_LEN + 1] = "";
    memcpy(id, strstr(body, "\"Room_Id\":\"") + 11, OBJECT_ID_LEN);
    for (int i = 0; i < 8; i++)
        put_room(jobs, id);
    put_disabling(jobs, body);
    for (int i = 0; i < 8; i++)
        put_room(jobs, id);
    bool is_changed = false;
    for (int i = 0; i < 17; i++) {
        struct job *done = take(jobs);
        CHECK_EQ(done->db.err, 0);
        if (done->kind == JOB_CALL) {
            CHECK_EQ(i, 8);
            CHECK_EQ(done->call.response.status, 200);
            CHECK(done->call.call.changed_code->is_disabled);
            is_changed = true;
            free_call(done);
            continue;
        }
        CHECK_EQ(disabled_codes(done), is_changed);
        job_dispose(done);
        mem_free(done);
    }
    free_call(meeting);
    stop(jobs);
}

TEST(an_unknown_room_is_not_found)
{
    struct jobs *jobs = start();
    put_room(jobs, "65f0a1b2c3d4e5f601020304");
    struct job *done = take(jobs);
    CHECK_EQ(done->room.err, ERR_NOT_FOUND);
    CHECK(done->room.template == NULL);
    job_dispose(done);
    mem_free(done);
    stop(jobs);
}

TEST(many_jobs_at_once_all_come_back_in_order)
{
    struct jobs *jobs = start();
    for (uint64_t i = 1; i <= 300; i++)
        put_meeting(jobs, i);
    for (uint64_t i = 1; i <= 300; i++) {
        struct job *done = take(jobs);
        CHECK_EQ(done->call.id, i);
        CHECK_EQ(done->call.response.status, 200);
        free_call(done);
    }
    stop(jobs);
}

// Nobody takes what is done; nothing may leak.
TEST(what_waits_at_the_end_is_finished_and_freed)
{
    struct jobs *jobs = start();
    for (uint64_t i = 1; i <= 20; i++)
        put_meeting(jobs, i);
    put_room(jobs, "65f0a1b2c3d4e5f601020304");
    stop(jobs);
}

TEST(a_folder_that_is_not_there_is_told_at_the_start)
{
    CHECK(jobs_new("/nonexistent/parlor.db", &config, keys.template_id) == NULL);
}
