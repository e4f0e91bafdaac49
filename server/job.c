#include "server/job.h"

#include "base/mem.h"
#include "net/http_server.h"
#include "room/room_codes.h"
#include "store/sessions.h"
#include "store/webhook_turn.h"

void job_dispose(struct job *job)
{
    store_snapshot_dispose(&job->live.snapshot);
    mem_free(job->missed.reason);
    job->missed.reason = NULL;
    if (job->key)
        mem_wipe(job->key, sizeof *job->key);
    mem_free(job->key);
    job->key = NULL;
    store_log_batch_free(job->log.batch);
    job->log.batch = NULL;
    mem_free(job->room.record);
    job->room.record = NULL;
    template_free(job->room.template);
    job->room.template = NULL;
    linked_polls_free(job->room.polls);
    job->room.polls = NULL;
    room_codes_free(job->room.codes);
    job->room.codes = NULL;
    template_free(job->call.call.template);
    job->call.call.template = NULL;
    store_webhook_turn_free(job->hooks);
    job->hooks = NULL;
}

void job_free(struct job *job)
{
    job_dispose(job);
    text_dispose(&job->call.response.body);
    http_request_free(job->call.call.request);
    mem_free(job);
}
