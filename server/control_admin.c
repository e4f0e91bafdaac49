// The dashboard's calls on the control thread: what the store threads are asked before the
// handler, and after it.
#include "server/control_state.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/clock.h"

static struct job *job_of(uint64_t id, const struct api_call *call,
                          const struct http_response *response)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    job->call.id = id;
    job->call.call = *call;
    job->call.response = *response;
    return job;
}

void control_put_step(struct control *c, uint64_t id, struct api_call *call,
                      struct http_response *response, enum api_step step)
{
    call->step = step;
    jobs_put(c->config.jobs, job_of(id, call, response));
}

void control_answer(struct control *c, uint64_t id, struct api_call *call,
                    struct http_response *response)
{
    if (api_is_to_audit(call))
        control_put_step(c, id, call, response, API_AUDITS);
    else
        http_server_respond(c->server, id, call->request, response);
}

static void tell_seen(struct control *c, const struct api_call *call, int64_t wall_ms)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_SEEN;
    if (api_is_seen_anew(call, wall_ms, job->seen))
        jobs_put(c->config.jobs, job);
    else
        mem_free(job);
}

static void on_session(struct control *c, struct job *job)
{
    struct api_call *call = &job->call.call;
    struct http_response *response = &job->call.response;
    enum api_next next = API_ANSWERED;
    struct moment now = clock_now();
    if (job->db.err)
        api_refuse_storage(response, job->db.err);
    else
        next = api_admit(c->config.api, call, now, response);
    tell_seen(c, call, now.wall_ms);
    control_go_on(c, job->call.id, *call, *response, next);
}

static void on_password(struct control *c, struct job *job)
{
    struct api_call *call = &job->call.call;
    struct http_response *response = &job->call.response;
    call->step = API_HANDLES;
    if (!job->db.err)
        api_password_was_right(c->config.api, call);
    else if (job->db.err != job->call.answered)
        api_refuse_storage(response, job->db.err);
    control_go_on(c, job->call.id, *call, *response, job->db.err ? API_ANSWERED : API_STORED);
}

bool control_took_step(struct control *c, struct job *job)
{
    switch (job->call.call.step) {
    case API_HANDLES:
        return false;
    case API_FINDS_SESSION:
        on_session(c, job);
        return true;
    case API_TRIES_PASSWORD:
        on_password(c, job);
        return true;
    case API_AUDITS:
        break;
    }
    // What was done is done: who asked is told so, whatever became of the row.
    if (job->db.err)
        log_error("server", "what was done in the dashboard is not in the audit: %s",
                  err_name(job->db.err));
    http_server_respond(c->server, job->call.id, job->call.call.request, &job->call.response);
    return true;
}
