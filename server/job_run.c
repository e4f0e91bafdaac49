#include "server/job_run.h"

#include "base/err.h"
#include "base/mem.h"
#include "server/clock.h"
#include "server/unwritten.h"
#include "store/codes.h"
#include "store/document.h"
#include "store/live_rooms.h"
#include "store/log_repair.h"
#include "store/peer_stats.h"
#include "store/polls.h"
#include "store/rooms.h"
#include "store/sessions.h"
#include "store/webhook_turn.h"

static int run_call(struct db_job *db_job, struct db *db)
{
    struct job *job = (struct job *)db_job;
    job->call.answered =
        api_run(job->api, db, &job->call.call, clock_now(), &job->call.response);
    return job->call.answered;
}

static int load_polls(struct db *db, const struct store_room *room, struct linked_polls **polls)
{
    if (!room->polls[0])
        return 0;
    *polls = linked_polls_new();
    return store_polls_linked(db, room->polls, *polls);
}

static int load_codes(struct db *db, const char *room_id, struct room_codes **codes)
{
    *codes = room_codes_new();
    return store_codes_of_room(db, room_id, *codes);
}

int job_load_room(struct db *db, const char *id, struct room_record *record,
                  struct template **template, struct linked_polls **polls,
                  struct room_codes **codes)
{
    struct arena arena = {0};
    struct store_room room;
    int err = store_room_get(db, id, &arena, &room);
    if (!err) {
        store_room_record(&room, record);
        err = store_template_load(db, room.template_id, template);
    }
    if (!err)
        err = load_polls(db, &room, polls);
    if (!err)
        err = load_codes(db, room.id, codes);
    arena_dispose(&arena);
    return err;
}

static int run_room(struct db_job *db_job, struct db *db)
{
    struct job *job = (struct job *)db_job;
    // It may have run before, and the storage have gone away then.
    template_free(job->room.template);
    linked_polls_free(job->room.polls);
    room_codes_free(job->room.codes);
    job->room.template = NULL;
    job->room.polls = NULL;
    job->room.codes = NULL;
    if (!job->room.record)
        job->room.record = mem_alloc(sizeof *job->room.record);
    job->room.err = job_load_room(db, job->room.id, job->room.record, &job->room.template,
                                  &job->room.polls, &job->room.codes);
    return 0; // it only read
}

static int run_keep(struct db_job *db_job, struct db *db)
{
    const struct job *job = (const struct job *)db_job;
    struct store_live_room room = {job->live.room_id, job->live.session_id, NULL};
    int err = store_live_put(db, &room, &job->live.snapshot, job->epoch, clock_wall_ms());
    unwritten_note(job->unwritten, job->live.session_id, job_leaves_unwritten(err));
    return err;
}

// What would be refused again and again keeps the log from nothing.
bool job_leaves_unwritten(int err)
{
    return err && err != ERR_EXPIRED && !store_log_is_refused(err);
}

static int run_forget(struct db_job *db_job, struct db *db)
{
    const struct job *job = (const struct job *)db_job;
    int err = store_live_remove(db, job->live.room_id, job->live.session_id, job->epoch);
    if (!err) // it is over, and nothing of it will be written again
        unwritten_note(job->unwritten, job->live.session_id, false);
    return err;
}

static int run_lock(struct db_job *db_job, struct db *db)
{
    const struct job *job = (const struct job *)db_job;
    return store_room_disable(db, job->lock.id, clock_wall_ms());
}

static int run_log(struct db_job *db_job, struct db *db)
{
    struct job *job = (struct job *)db_job;
    // It tells of a session as it was put before it. Both are put again.
    if (!unwritten_is_empty(job->unwritten))
        return ERR_BUSY;
    return store_log_write(db, job->log.batch->entries, job->log.batch->count, &job->log.posts);
}

static int run_hooks(struct db_job *db_job, struct db *db)
{
    return store_webhook_turn(db, ((struct job *)db_job)->hooks);
}

static int run_age(struct db_job *db_job, struct db *db)
{
    struct job *job = (struct job *)db_job;
    int forgotten = 0;
    if (job->log.before_ms)
        job->log.done = store_log_age(db, job->log.before_ms, job->log.most);
    if (job->log.done < 0)
        return job->log.done;
    if (job->log.before_ms)
        forgotten = store_stats_age(db, job->log.before_ms, job->log.most);
    if (forgotten < 0)
        return forgotten;
    if (forgotten > job->log.done)
        job->log.done = forgotten; // there may be more
    if (job->log.hooks_before_ms)
        forgotten = store_webhook_age(db, job->log.hooks_before_ms, job->log.most);
    if (forgotten < 0)
        return forgotten;
    if (forgotten > job->log.done)
        job->log.done = forgotten;
    if (job->log.sessions_before_ms)
        forgotten = store_session_forget(db, job->log.sessions_before_ms, job->log.most);
    if (forgotten < 0)
        return forgotten;
    if (forgotten > job->log.done)
        job->log.done = forgotten;
    if (job->log.meetings_before_ms)
        forgotten =
            store_room_forget_meetings(db, job->log.meetings_before_ms, job->log.most / 10);
    return forgotten < 0 ? forgotten : 0;
}

static int run_key(struct db_job *db_job, struct db *db)
{
    struct job *job = (struct job *)db_job;
    (void)db;
    api_set_signer(job->api, job->key);
    return 0;
}

static int run_count(struct db_job *db_job, struct db *db)
{
    return store_webhook_count(db, &((struct job *)db_job)->webhooks_waiting);
}

static int run_seen(struct db_job *db_job, struct db *db)
{
    return store_sign_in_seen(db, ((struct job *)db_job)->seen, clock_wall_ms());
}

static int (*const runs[])(struct db_job *, struct db *) = {
    [JOB_CALL] = run_call, [JOB_ROOM] = run_room,     [JOB_MISSED] = run_room,
    [JOB_KEEP] = run_keep, [JOB_FORGET] = run_forget, [JOB_LOCK] = run_lock,
    [JOB_LOG] = run_log,   [JOB_AGE] = run_age,       [JOB_POLLS] = run_room,
    [JOB_KEY] = run_key,   [JOB_HOOKS] = run_hooks,   [JOB_COUNT] = run_count,
    [JOB_SEEN] = run_seen,
};

bool job_only_reads(const struct job *job)
{
    switch (job->kind) {
    case JOB_CALL:
        return api_only_reads(&job->call.call);
    case JOB_ROOM:
    case JOB_MISSED:
    case JOB_POLLS:
    case JOB_KEY:
    case JOB_COUNT:
        return true;
    default:
        return false;
    }
}

void job_prepare(struct job *job, struct api *api)
{
    job->api = api;
    job->db.run = runs[job->kind];
    job->db.only_reads = job_only_reads(job);
}

bool job_is_known(const struct job *job)
{
    return job->kind == JOB_CALL && job->call.call.known;
}

void job_run_known(struct job *job, struct api *api)
{
    job->call.answered = api_run_known(api, &job->call.call, clock_now(), &job->call.response);
    job->db.err = job->call.answered;
}
