// Polls: making, starting, stopping and reading them.
#include "signal/poll.h"

#include "base/err.h"
#include "room/poll.h"
#include "room/rooms.h"

#include <string.h>

enum { PAGE_DEFAULT = 50, PAGE_MAX = 100 };

// --- What several methods share ---

bool poll_refused(struct call *call, enum poll_error err, enum act act)
{
    static const struct {
        int code;
        const char *message;
    } refusals[] = {
        [POLL_NOT_FOUND] = {RPC_NOT_FOUND, "poll or question not found"},
        [POLL_WRONG_STATE] = {RPC_BAD_REQUEST, "the poll is not in the state for it"},
        [POLL_FULL] = {RPC_BAD_REQUEST, "too many polls, questions or options, or too long"},
        [POLL_BAD_QUESTION] = {RPC_BAD_REQUEST,
                               "a question is not sound: its index follows the "
                               "one before, it has a text, and options "
                               "if it is a choice"},
        [POLL_NO_QUESTIONS] = {RPC_BAD_REQUEST, "the poll has no questions"},
        [POLL_BAD_ANSWER] = {RPC_BAD_REQUEST, "the answer is not of the question's kind"},
        [POLL_ANSWERED] = {RPC_BAD_REQUEST, "the answer that was given is final"},
        [POLL_IS_LINKED] = {RPC_REFUSED, "the poll is the back end's to change"},
    };
    if (err == POLL_DONE)
        return false;
    if (err == POLL_REFUSED)
        reply_forbidden(call, act);
    else
        reply_error(call, refusals[err].code, refusals[err].message);
    return true;
}

static const char *id_of(const struct call *call)
{
    return json_get_text(call->rpc->params, "poll_id", "");
}

struct poll *poll_named(struct call *call)
{
    struct poll *poll;
    enum poll_error err = poll_find(call->peer->room, call->peer, id_of(call), &poll);
    return poll_refused(call, err, ACT_READ_POLLS) ? NULL : poll;
}

bool poll_take_page(struct call *call, const char *index_key, size_t *index, size_t *count)
{
    int64_t from = json_get_int(call->rpc->params, index_key, 0);
    int64_t many = json_get_int(call->rpc->params, "count", PAGE_DEFAULT);
    *index = (size_t)from;
    *count = many < PAGE_MAX ? (size_t)many : PAGE_MAX;
    if (from >= 0 && many >= 1)
        return true;
    reply_error(call, RPC_INVALID_PARAMS, "a page begins at 0 or later and has a count");
    return false;
}

// --- Writing ---

static void put_roles(struct json_out *j, const char *key, const struct poll_roles *roles)
{
    if (roles->count)
        json_member_strings(j, key, roles->at, roles->count);
}

// Somebody who did something, as far as it is known; nobody is named in an anonymous poll's
// answers, but its maker is no secret.
static void put_deed(struct json_out *j, const char *who_key, const char *who,
                     const char *when_key, int64_t when)
{
    if (who[0])
        json_member_string(j, who_key, who);
    if (when)
        json_member_int(j, when_key, when);
}

void poll_put_info(struct json_out *j, const struct poll *poll)
{
    const struct poll_info *info = &poll->info;
    json_member_string(j, "poll_id", poll->id);
    json_member_string(j, "title", info->title);
    json_member_string(j, "type", poll_type_name(info->type));
    json_member_int(j, "duration", info->duration_s);
    json_member_bool(j, "anonymous", info->anonymous);
    json_member_bool(j, "visibility", info->visibility);
    json_member_bool(j, "locked", info->locked);
    json_member_string(j, "mode", poll_mode_name(info->mode));
    put_roles(j, "vote", &info->vote);
    put_roles(j, "responses", &info->responses);
    json_member_string(j, "state", poll_state_name(poll->state));
    put_deed(j, "created_by", poll->created_by, "created_at", poll->created_at);
    put_deed(j, "started_by", poll->started_by, "started_at", poll->started_at);
    put_deed(j, "stopped_by", poll->stopped_by, "stopped_at", poll->stopped_at);
    json_member_int(j, "questions_count", (int64_t)poll->question_count);
}

void poll_put_choice(struct json_out *j, const struct poll_question *q, option_set set)
{
    bool one = q->type == QUESTION_SINGLE_CHOICE;
    if (!set)
        return;
    json_key(j, one ? "option" : "options");
    if (!one)
        json_open(j, '[');
    for (int i = 0; i < POLL_OPTIONS_MAX; i++) {
        if ((set >> i) & 1)
            json_put_int(j, i + 1);
    }
    if (!one)
        json_close(j, ']');
}

static void put_solution(struct json_out *j, const struct poll_question *q)
{
    json_key(j, "answer");
    json_open(j, '{');
    json_member_bool(j, "hidden", q->hides_solution);
    poll_put_choice(j, q, q->solution);
    if (q->solution_text[0])
        json_member_string(j, "text", q->solution_text);
    json_member_bool(j, "case", q->minds_case);
    json_member_bool(j, "trim", q->trims);
    json_close(j, '}');
}

static void put_question(struct json_out *j, const struct poll *poll, size_t at,
                         bool with_solution)
{
    const struct poll_question *q = &poll->questions[at];
    json_open(j, '{');
    json_key(j, "question");
    json_open(j, '{');
    json_member_int(j, "index", (int64_t)at + 1);
    json_member_string(j, "text", q->text);
    json_member_string(j, "type", question_type_name(q->type));
    json_member_bool(j, "skippable", q->skippable);
    json_member_int(j, "duration", q->duration_s);
    json_member_bool(j, "once", q->once);
    json_member_int(j, "weight", q->weight);
    json_member_bool(j, "negative", q->negative);
    if (q->answer_min_len)
        json_member_int(j, "answer_min_len", q->answer_min_len);
    if (q->answer_max_len)
        json_member_int(j, "answer_max_len", q->answer_max_len);
    json_close(j, '}');
    json_key(j, "options");
    json_open(j, '[');
    for (size_t i = 0; i < q->option_count; i++) {
        json_open(j, '{');
        json_member_int(j, "index", (int64_t)i + 1);
        json_member_string(j, "text", q->options[i].text);
        json_member_int(j, "weight", q->options[i].weight);
        json_close(j, '}');
    }
    json_close(j, ']');
    if (q->has_solution && with_solution)
        put_solution(j, q);
    json_close(j, '}');
}

// --- Methods ---

void handle_poll_info_set(struct call *call)
{
    struct poll_info info;
    struct poll *poll;
    if (!permit(call->peer, ACT_WRITE_POLLS)) {
        reply_forbidden(call, ACT_WRITE_POLLS);
        return;
    }
    if (!poll_read_info(call, &info))
        return;
    enum poll_error err =
        poll_set_info(call->peer->room, call->peer, id_of(call), &info, call->now, &poll);
    if (poll_refused(call, err, ACT_WRITE_POLLS))
        return;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "poll_id", poll->id);
    json_close(&j, '}');
    reply_send(call, &j);
}

void handle_poll_info_get(struct call *call)
{
    const struct poll *poll = poll_named(call);
    if (!poll)
        return;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    poll_put_info(&j, poll);
    json_close(&j, '}');
    reply_send(call, &j);
}

void handle_poll_questions_set(struct call *call)
{
    const json_t *list = json_get_array(call->rpc->params, "questions");
    size_t count = json_array_size(list);
    struct arena *arena = &call->events->arena;
    struct poll *poll;
    if (!permit(call->peer, ACT_WRITE_POLLS)) {
        reply_forbidden(call, ACT_WRITE_POLLS);
        return;
    }
    if (!list || count > POLL_QUESTIONS_MAX) {
        reply_error(call, RPC_INVALID_PARAMS, "questions is a list of up to 50");
        return;
    }
    struct numbered_question *questions = arena_alloc(arena, count * sizeof *questions);
    for (size_t i = 0; i < count; i++) {
        if (!poll_read_question(arena, json_array_get(list, i), &questions[i])) {
            poll_refused(call, POLL_BAD_QUESTION, ACT_WRITE_POLLS);
            return;
        }
    }
    enum poll_error err = poll_set_questions(call->peer->room, call->peer, id_of(call),
                                             questions, count, arena, &poll);
    if (poll_refused(call, err, ACT_WRITE_POLLS))
        return;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "poll_id", poll->id);
    json_member_int(&j, "total_questions", (int64_t)poll->question_count);
    json_close(&j, '}');
    reply_send(call, &j);
}

void handle_poll_questions_get(struct call *call)
{
    const struct poll *poll = poll_named(call);
    size_t from, count;
    if (!poll || !poll_take_page(call, "index", &from, &count))
        return;
    size_t to = from + count < poll->question_count ? from + count : poll->question_count;
    bool with_solution = poll_may_see_solution(poll, call->peer);
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "poll_id", poll->id);
    json_key(&j, "questions");
    json_open(&j, '[');
    for (size_t i = from; i < to; i++)
        put_question(&j, poll, i, with_solution);
    json_close(&j, ']');
    json_member_bool(&j, "last", to == poll->question_count);
    json_close(&j, '}');
    reply_send(call, &j);
}

static void reply_state(struct call *call, enum poll_error err, const struct poll *poll)
{
    if (poll_refused(call, err, ACT_WRITE_POLLS))
        return;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "poll_id", poll->id);
    json_member_int(&j, "duration", poll->info.duration_s);
    json_close(&j, '}');
    reply_send(call, &j);
}

void handle_poll_start(struct call *call)
{
    struct poll *poll;
    enum poll_error err =
        poll_start(call->peer->room, call->peer, id_of(call), call->now, call->events, &poll);
    reply_state(call, err, poll);
}

void handle_poll_stop(struct call *call)
{
    struct poll *poll;
    enum poll_error err =
        poll_stop(call->peer->room, call->peer, id_of(call), call->now, call->events, &poll);
    reply_state(call, err, poll);
}

// Where the page after the poll `start` begins.
static size_t place_after(struct poll *const *polls, size_t count, const char *start)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(polls[i]->id, start) == 0)
            return i + 1;
    }
    return 0;
}

void handle_poll_list(struct call *call)
{
    const json_t *params = call->rpc->params;
    int state = poll_state_from_name(json_get_text(params, "state", "started"));
    size_t unused, count, total;
    if (!permit(call->peer, ACT_READ_POLLS)) {
        reply_forbidden(call, ACT_READ_POLLS);
        return;
    }
    if (state < 0) {
        reply_error(call, RPC_INVALID_PARAMS, "state is created, started or stopped");
        return;
    }
    if (!poll_take_page(call, "", &unused, &count))
        return;
    struct poll **polls = poll_list(call->peer->room, call->peer, (enum poll_state)state,
                                    &call->events->arena, &total);
    size_t from = place_after(polls, total, json_get_text(params, "start", ""));
    size_t to = from + count < total ? from + count : total;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_bool(&j, "last", to == total);
    json_key(&j, "polls");
    json_open(&j, '[');
    for (size_t i = from; i < to; i++) {
        json_open(&j, '{');
        poll_put_info(&j, polls[i]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    reply_send(call, &j);
}

// --- Telling it ---

static const struct poll *poll_of(const struct signal *s, const struct event *event)
{
    const struct audience *audience = signal_audience(s, event->room);
    if (!audience)
        return NULL;
    const struct session *any = LIST_ENTRY(audience->sessions.next, struct session, in_room);
    return map_get(&any->room->polls.by_id, bytes_of(event->poll.id));
}

typedef bool who_hears(const struct poll *poll, const struct peer *peer);

static void tell_those(struct signal *s, const struct event *event, const struct poll *poll,
                       struct bytes text, who_hears *hears, struct frame_list *frames)
{
    LIST_EACH(&signal_audience(s, event->room)->sessions, each)
    {
        const struct session *session = LIST_ENTRY(each, struct session, in_room);
        const struct peer *peer = rooms_peer(s->rooms, session->peer);
        if (peer && hears(poll, peer))
            notify_text(session, text, frames);
    }
}

void notify_poll(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames)
{
    (void)now;
    const struct poll *poll = poll_of(s, event);
    if (!poll)
        return;
    struct json_out j =
        notify_open(s, event->kind == EVENT_POLL_STARTED ? "on-poll-start" : "on-poll-stop");
    json_open(&j, '{');
    json_key(&j, "polls");
    json_open(&j, '[');
    json_open(&j, '{');
    poll_put_info(&j, poll);
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
    tell_those(s, event, poll, notify_finish(s, &j, frames), poll_may_read, frames);
}

// Without a result of each question when `result` has none.
static struct bytes stats_text(struct signal *s, const struct poll *poll,
                               const struct poll_result *result, struct frame_list *frames)
{
    struct json_out j = notify_open(s, "on-poll-stats");
    json_open(&j, '{');
    json_key(&j, "polls");
    json_open(&j, '[');
    json_open(&j, '{');
    poll_put_result(&j, poll, result);
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
    return notify_finish(s, &j, frames);
}

// For SDKs of 2023 it is the sign that an answer was counted, also for those who may not see
// what others answered.
void notify_poll_stats(struct signal *s, const struct event *event, struct moment now,
                       struct frame_list *frames)
{
    (void)now;
    const struct poll *poll = poll_of(s, event);
    if (!poll)
        return;
    struct poll_result result = poll_result(poll, &frames->arena);
    tell_those(s, event, poll, stats_text(s, poll, &result, frames), poll_may_see_answers,
               frames);
    result.questions = NULL;
    tell_those(s, event, poll, stats_text(s, poll, &result, frames), poll_sees_own_answer_only,
               frames);
}
