// Webhooks from the storage to nobody who takes them: what is refused, what is not there, and a
// storage that fails. Receivers that do take them are in tests/system.
#include "base/err.h"
#include "base/mem.h"
#include "server/clock.h"
#include "server/hooks.h"
#include "started.h"
#include "store/keys.h"
#include "store/rooms.h"
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 20000 };

struct world {
    struct scratch scratch;
    struct keys keys;
    struct api_config config;
    struct jobs *jobs;
    struct db *db; // a second connection, to look
    uv_loop_t loop;
    struct hooks *hooks;
    struct arena arena;
    int next_id;
};

static struct world *world_new(const char *allowed)
{
    struct world *w = mem_alloc(sizeof *w);
    w->jobs = start_jobs(&w->scratch, &w->keys, &w->config);
    CHECK_EQ(db_open(&w->db, w->scratch.database), 0);
    uv_loop_init(&w->loop);
    struct hooks_config config = {.webhook = {.url = "http://10.0.0.1/",
                                              .headers = "",
                                              .secret = w->keys.webhook_secret}};
    if (allowed)
        CHECK_EQ(target_allow(&config.rules, bytes_of(allowed)), 0);
    w->hooks = hooks_new(&config, w->jobs, &w->loop);
    return w;
}

static void world_free(struct world *w)
{
    hooks_flush(w->hooks);
    jobs_stop(w->jobs);
    hooks_close(w->hooks);
    while (!hooks_is_closed(w->hooks))
        uv_run(&w->loop, UV_RUN_ONCE);
    hooks_free(w->hooks);
    CHECK_EQ(uv_loop_close(&w->loop), 0);
    db_close(w->db);
    jobs_free(w->jobs);
    arena_dispose(&w->arena);
    scratch_remove(&w->scratch);
    mem_free(w);
}

// An event of a session (a letter) is stored, to go there: each is of a room of its own.
static void happen(struct world *w, const char *session, const char *target)
{
    char room[OBJECT_ID_LEN + 1];
    snprintf(room, sizeof room, "%024d", w->next_id);
    CHECK_EQ(store_room_insert(w->db, &(struct store_room){.id = room,
                                                           .name = room,
                                                           .description = "",
                                                           .template_id = w->keys.template_id,
                                                           .region = "",
                                                           .recording_info = "",
                                                           .webhook = target}),
             0);
    struct store_log_batch *batch = mem_alloc(sizeof *batch);
    struct store_log_entry *entry = store_log_add(batch, STORE_LOG_EVENT);
    char id[OBJECT_ID_LEN + 1];
    snprintf(id, sizeof id, "%024d", ++w->next_id);
    entry->event = (struct store_session_event){.id = store_log_text(batch, id),
                                                .uuid = store_log_text(batch, id),
                                                .session_id = session,
                                                .room_id = store_log_text(batch, room),
                                                .peer_id = "",
                                                .user_id = "",
                                                .type = "x",
                                                .at = clock_wall_ms(),
                                                .data = "{}",
                                                .post = "{\"data\":{}}"};
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_LOG;
    job->log.batch = batch;
    jobs_put(w->jobs, job);
    hooks_look(w->hooks);
}

// The storage says that it did not keep what a visit wrote down: so it has to be.
static void undo(struct world *w, struct job *job)
{
    job->db.err = ERR_FULL;
    CHECK_EQ(db_run(db_prepare(w->db, "UPDATE webhooks SET state = 0, tries = 0")), 0);
}

// One turn of the control thread, as far as webhooks are concerned. Returns how many visits
// came to nothing, as `is_failing` makes those which have something to write down.
static int turn(struct world *w, bool is_failing)
{
    struct pollfd wait = {.fd = jobs_fd(w->jobs), .events = POLLIN};
    struct job *job;
    int failed = 0;
    poll(&wait, 1, 5);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    while (jobs_take(w->jobs, &job, 1)) {
        if (job->kind == JOB_HOOKS) {
            if (is_failing && job->hooks->outcome_count) {
                undo(w, job);
                failed++;
            }
            hooks_done(w->hooks, job, clock_now());
        }
        job_dispose(job);
        mem_free(job);
    }
    hooks_results(w->hooks, clock_now());
    if (hooks_deadline(w->hooks) <= clock_mono_us())
        hooks_expire(w->hooks, clock_now());
    return failed;
}

static struct store_webhook row(struct world *w, size_t at)
{
    struct store_webhook list[STORE_WEBHOOKS_MAX];
    struct store_webhook_filter filter = {.before_ms = INT64_MAX, .room_id = "", .types = ""};
    int64_t total;
    int count = store_webhook_list(w->db, &filter, 100, 0, &w->arena, list, &total);
    CHECK(count >= 0);
    return at < (size_t)count ? list[count - 1 - (int)at] : (struct store_webhook){0};
}

static void until(struct world *w, size_t at, enum store_webhook_state state, int64_t tries)
{
    int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
    for (struct store_webhook r = row(w, at); !r.id || r.state != state || r.tries < tries;
         r = row(w, at)) {
        CHECK(clock_mono_us() < end);
        turn(w, false);
    }
}

TEST(what_is_forbidden_fails_at_once_and_the_next_of_its_session_has_its_turn)
{
    struct world *w = world_new(NULL);
    happen(w, "a", "{\"url\":\"http://127.0.0.1:1/\"}");
    happen(w, "a", "{\"url\":\"http://[fe80::1]/\"}");
    happen(w, "b", "no target");
    until(w, 0, STORE_WEBHOOK_FAILED, 1);
    until(w, 1, STORE_WEBHOOK_FAILED, 1);
    until(w, 2, STORE_WEBHOOK_FAILED, 1);
    CHECK_TEXT(row(w, 0).error, "127.0.0.1 is a loopback address");
    CHECK_TEXT(row(w, 1).error, "fe80::1 is a link-local address");
    CHECK_TEXT(row(w, 2).error, "its target is no use");
    world_free(w);
}

TEST(nobody_there_is_tried_again_after_a_second)
{
    struct world *w = world_new("127.0.0.1");
    int64_t begun = clock_mono_us();
    happen(w, "a", "{\"url\":\"http://127.0.0.1:1/\"}");
    until(w, 0, STORE_WEBHOOK_WAITING, 1);
    CHECK(strstr(row(w, 0).error, "onnect") != NULL);
    until(w, 0, STORE_WEBHOOK_WAITING, 2);
    CHECK(clock_mono_us() - begun >= 1000000);
    world_free(w);
}

TEST(what_a_failing_storage_did_not_keep_is_written_when_it_heals)
{
    struct world *w = world_new(NULL);
    happen(w, "a", "{\"url\":\"http://127.0.0.1:1/\"}");
    int failed = 0;
    for (int i = 0; i < 2000 && failed < 2; i++)
        failed += turn(w, true);
    CHECK_EQ(failed, 2);
    CHECK_EQ(row(w, 0).state, STORE_WEBHOOK_WAITING);
    until(w, 0, STORE_WEBHOOK_FAILED, 1);
    world_free(w);
}

TEST(with_nothing_to_send_it_looks_once_in_a_while)
{
    struct world *w = world_new(NULL);
    do {
        turn(w, false);
    } while (hooks_deadline(w->hooks) == NEVER);
    CHECK(hooks_deadline(w->hooks) > clock_mono_us() + 50 * 1000000);
    hooks_look(w->hooks);
    CHECK_EQ(hooks_deadline(w->hooks), 0);
    world_free(w);
}
