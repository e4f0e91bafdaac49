#include "signal/outcome.h"

#include "room/live.h"

#include <stdlib.h>

struct outcome {
    struct list link; // of signal.outcomes, the oldest first
    uint64_t peer;
    uint64_t request;
    uint32_t others; // equal requests before it, not stored in time either, which it outdid
    uint64_t before; // rooms.last_change when it was carried out
    uint64_t after;
    int64_t kept_at; // us
    struct text answer;
};

static void forget(struct signal *s, struct outcome *outcome)
{
    list_remove(&outcome->link);
    s->outcome_count--;
    text_dispose(&outcome->answer);
    mem_free(outcome);
}

static struct outcome *oldest(const struct signal *s)
{
    return list_empty(&s->outcomes) ? NULL : LIST_ENTRY(s->outcomes.next, struct outcome, link);
}

void signal_not_stored(struct signal *s, const struct frame *frame, struct moment now)
{
    struct outcome *outcome;
    while ((outcome = oldest(s)) &&
           (s->outcome_count >= OUTCOMES_MAX ||
            outcome->kept_at + (int64_t)OUTCOME_MS * 1000 <= now.mono_us))
        forget(s, outcome);
    outcome = mem_alloc(sizeof *outcome);
    outcome->peer = frame->peer;
    outcome->request = frame->request;
    outcome->before = frame->before;
    outcome->after = frame->after;
    outcome->kept_at = now.mono_us;
    text_add_bytes(&outcome->answer, frame->text);
    list_append(&s->outcomes, &outcome->link);
    s->outcome_count++;
}

uint64_t outcome_request(const struct call *call)
{
    char *params = json_dumps(call->rpc->params, JSON_COMPACT | JSON_SORT_KEYS);
    struct text text = {0};
    text_addf(&text, "%s %s", call->rpc->method, params ? params : "");
    uint64_t request = map_hash(text_bytes(&text), call->signal->sessions.seed);
    text_dispose(&text);
    free(params);
    return request;
}

static struct outcome *find(const struct call *call, uint64_t request)
{
    struct signal *s = call->signal;
    uint32_t outdone = 0;
    for (struct list *at = s->outcomes.next, *next; at != &s->outcomes; at = next) {
        struct outcome *outcome = LIST_ENTRY(at, struct outcome, link);
        next = at->next;
        if (outcome->peer != call->peer->number || outcome->request != request)
            continue;
        bool is_old = outcome->kept_at + (int64_t)OUTCOME_MS * 1000 <= call->now.mono_us;
        if (!is_old && rooms_untouched(s->rooms, outcome->before, outcome->after)) {
            outcome->others += outdone;
            return outcome;
        }
        outdone += is_old ? 0 : 1 + outcome->others;
        forget(s, outcome);
    }
    return NULL;
}

bool outcome_repeat(struct call *call, uint64_t request, uint64_t *before, uint64_t *after)
{
    struct outcome *outcome = call->rpc->id ? find(call, request) : NULL;
    if (!outcome)
        return false;
    json_t *answer = json_loadb((const char *)outcome->answer.at, outcome->answer.len, 0, NULL);
    const char *member = json_object_get(answer, "error") ? "error" : "result";
    struct json_out j = reply_open_as(call, member);
    json_put_value(&j, json_object_get(answer, member));
    reply_send(call, &j);
    json_decref(answer);
    *before = outcome->before;
    *after = outcome->after;
    if (outcome->others)
        outcome->others--; // each of them may be asked for again
    else
        forget(call->signal, outcome);
    room_touch(call->peer->room); // so that it waits again, until all before it is stored
    return true;
}

void outcomes_dispose(struct signal *s)
{
    struct outcome *outcome;
    while ((outcome = oldest(s)))
        forget(s, outcome);
}
