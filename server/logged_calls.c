#include "server/logged_calls.h"

#include "base/list.h"
#include "base/mem.h"

struct logged_call {
    struct list link;
    struct job *job;
    bool is_of_next;
};

void logged_calls_init(struct logged_calls *calls)
{
    list_init(&calls->waiting);
    calls->count = 0;
}

static struct job *take(struct logged_calls *calls, struct logged_call *call)
{
    struct job *job = call->job;
    list_remove(&call->link);
    mem_free(call);
    calls->count--;
    return job;
}

void logged_calls_dispose(struct logged_calls *calls)
{
    LIST_EACH(&calls->waiting, at)
    {
        job_free(take(calls, LIST_ENTRY(at, struct logged_call, link)));
    }
}

void logged_calls_add(struct logged_calls *calls, struct job *job, bool is_of_next)
{
    struct logged_call *call = mem_alloc(sizeof *call);
    call->job = job;
    call->is_of_next = is_of_next;
    list_append(&calls->waiting, &call->link);
    calls->count++;
}

void logged_calls_written(struct logged_calls *calls, struct jobs *jobs)
{
    LIST_EACH(&calls->waiting, at)
    {
        struct logged_call *call = LIST_ENTRY(at, struct logged_call, link);
        if (call->is_of_next)
            call->is_of_next = false;
        else
            jobs_put(jobs, take(calls, call));
    }
}

void logged_calls_not_written(struct logged_calls *calls)
{
    LIST_EACH(&calls->waiting, at)
    {
        LIST_ENTRY(at, struct logged_call, link)->is_of_next = false;
    }
}

void logged_calls_put(struct logged_calls *calls, struct jobs *jobs)
{
    LIST_EACH(&calls->waiting, at)
    {
        jobs_put(jobs, take(calls, LIST_ENTRY(at, struct logged_call, link)));
    }
}
