// Polls: answers, and what they come to.
#include "signal/poll.h"

#include "room/poll.h"

#include <stdio.h>

// --- Answering ---

static void read_answer(struct arena *arena, const json_t *from, struct answer_wish *wish)
{
    const json_t *option = json_object_get(from, "option");
    const json_t *options = json_get_array(from, "options");
    const char *type = json_get_text(from, "type", NULL);
    size_t count = json_array_size(options);
    int64_t *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = json_integer_value(json_array_get(options, i));
    if (json_is_integer(option))
        list[count++] = json_integer_value(option);
    *wish = (struct answer_wish){
        .question = json_get_int(from, "question", 0),
        .type = type ? question_type_from_name(type) : -1,
        .skipped = json_get_bool(from, "skipped", false),
        .update = json_get_bool(from, "update", false),
        .options = list,
        .option_count = count,
        .text = json_get_text(from, "text", NULL),
        .duration_ms = json_get_int(from, "duration", 0),
    };
}

static void put_answered(struct json_out *j, int64_t question, bool correct,
                         enum poll_error err)
{
    static const char *const errors[] = {
        [POLL_REFUSED] = "not allowed to vote",
        [POLL_NOT_FOUND] = "question not found",
        [POLL_WRONG_STATE] = "the poll takes no answers",
        [POLL_FULL] = "too many answers",
        [POLL_BAD_ANSWER] = "the answer is not of the question's kind",
        [POLL_ANSWERED] = "the answer that was given is final",
    };
    json_open(j, '{');
    json_member_int(j, "question", question);
    json_member_bool(j, "correct", correct);
    if (err != POLL_DONE)
        json_member_string(j, "error", errors[err]);
    json_close(j, '}');
}

// Each answer is taken or refused by itself; the request fails when none of them was taken.
void handle_poll_response(struct call *call)
{
    const json_t *list = json_get_array(call->rpc->params, "responses");
    struct poll *poll = poll_named(call);
    if (!poll)
        return;
    size_t count = json_array_size(list);
    if (count < 1 || count > POLL_QUESTIONS_MAX) {
        reply_error(call, RPC_INVALID_PARAMS, "responses is a list of 1 to 50");
        return;
    }
    struct text results = {0};
    struct json_out r = json_out_on(&results);
    enum poll_error first = POLL_DONE;
    bool any = false;
    json_open(&r, '[');
    for (size_t i = 0; i < count; i++) {
        struct answer_wish wish;
        bool correct;
        read_answer(&call->events->arena, json_array_get(list, i), &wish);
        enum poll_error err =
            poll_answer_question(poll, call->peer, &wish, call->events, call->now, &correct);
        put_answered(&r, wish.question, correct, err);
        any |= err == POLL_DONE;
        first = first ? first : err;
    }
    json_close(&r, ']');
    if (any || !poll_refused(call, first, ACT_READ_POLLS)) {
        struct json_out j = reply_open(call);
        json_open(&j, '{');
        json_member_string(&j, "poll_id", poll->id);
        json_key(&j, "result");
        json_put_verbatim(&j, text_bytes(&results));
        json_close(&j, '}');
        reply_send(call, &j);
    }
    text_dispose(&results);
}

// --- Reading answers ---

// Nobody can be told from an anonymous answer, but that it is the same person as another; only
// whoever asks finds its own, under its own ids.
static void put_voter(struct json_out *j, const struct poll *poll,
                      const struct poll_voter *voter, const struct peer *asking)
{
    json_key(j, "peer");
    json_open(j, '{');
    json_member_string(j, "hash", voter->hash);
    if (!poll->info.anonymous) {
        json_member_string(j, "peerid", voter->peer_id);
        json_member_string(j, "userid", voter->user_id);
        json_member_string(j, "username", voter->name);
    } else if (voter == poll_voter_of(poll, asking)) {
        json_member_string(j, "peerid", asking->id);
        json_member_string(j, "userid", asking->user_id);
        json_member_string(j, "username", asking->name);
    }
    json_close(j, '}');
}

static void put_response(struct json_out *j, const struct poll *poll,
                         const struct poll_voter *voter, size_t at, const struct peer *asking)
{
    const struct poll_question *q = &poll->questions[at];
    const struct poll_answer *answer = &voter->answers[at];
    json_open(j, '{');
    json_member_bool(j, "final", true);
    json_key(j, "response");
    json_open(j, '{');
    json_member_int(j, "question", (int64_t)at + 1);
    json_member_string(j, "response_id", answer->id);
    json_member_string(j, "type", question_type_name(q->type));
    poll_put_choice(j, q, answer->options);
    if (answer->text)
        json_member_string(j, "text", answer->text);
    if (answer->skipped)
        json_member_bool(j, "skipped", true);
    if (answer->updated)
        json_member_bool(j, "update", true);
    json_close(j, '}');
    put_voter(j, poll, voter, asking);
    json_close(j, '}');
}

static void put_responses(struct json_out *j, const struct poll *poll,
                          const struct poll_voter *const *voters, size_t voter_count,
                          size_t from, size_t count, const struct peer *asking)
{
    size_t at = 0;
    json_key(j, "responses");
    json_open(j, '[');
    for (size_t v = 0; v < voter_count; v++) {
        for (size_t q = 0; q < poll->question_count; q++) {
            if (!voters[v]->answers[q].given)
                continue;
            if (at >= from && at < from + count)
                put_response(j, poll, voters[v], q, asking);
            at++;
        }
    }
    json_close(j, ']');
    json_member_bool(j, "last", from + count >= at);
}

// SDKs of 2023 ask for everybody's answers to learn whether their own has been counted: whoever
// may not see the others' finds only its own.
void handle_poll_responses(struct call *call)
{
    const struct poll *poll = poll_named(call);
    size_t from, count;
    if (!poll || !poll_take_page(call, "index", &from, &count))
        return;
    const struct poll_voter *self = poll_voter_of(poll, call->peer);
    const struct poll_voter *const *voters = &self;
    size_t voter_count = self ? 1 : 0;
    if (!json_get_bool(call->rpc->params, "self", false) &&
        poll_may_see_answers(poll, call->peer)) {
        voters = poll_voters(poll, &call->events->arena);
        voter_count = poll->voter_count;
    }
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "poll_id", poll->id);
    put_responses(&j, poll, voters, voter_count, from, count, call->peer);
    json_close(&j, '}');
    reply_send(call, &j);
}

// --- What they come to ---

void poll_put_result(struct json_out *j, const struct poll *poll,
                     const struct poll_result *result)
{
    json_member_string(j, "poll_id", poll->id);
    json_member_int(j, "user_count", (int64_t)result->user_count);
    json_member_int(j, "max_user", (int64_t)result->max_user);
    json_member_int(j, "total_response", (int64_t)result->total_response);
    if (!result->questions)
        return;
    json_key(j, "questions");
    json_open(j, '[');
    for (size_t i = 0; i < poll->question_count; i++) {
        const struct question_result *q = &result->questions[i];
        json_open(j, '{');
        json_member_int(j, "question", (int64_t)i + 1);
        json_member_string(j, "type", question_type_name(poll->questions[i].type));
        json_key(j, "options");
        json_open(j, '[');
        for (size_t k = 0; k < poll->questions[i].option_count; k++)
            json_put_int(j, (int64_t)q->options[k]);
        json_close(j, ']');
        json_member_int(j, "correct", (int64_t)q->correct);
        json_member_int(j, "skipped", (int64_t)q->skipped);
        json_member_int(j, "total", (int64_t)q->total);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static const struct poll *poll_to_see(struct call *call)
{
    const struct poll *poll = poll_named(call);
    if (!poll || poll_may_see_answers(poll, call->peer))
        return poll;
    reply_error(call, RPC_REFUSED, "the role may not see the answers");
    return NULL;
}

// When a poll stops, the SDK asks for its result, and tells nobody that it stopped when it gets
// an error: whoever may not see the answers gets the counts alone.
void handle_poll_result(struct call *call)
{
    const struct poll *poll = poll_named(call);
    if (!poll)
        return;
    struct poll_result result = poll_result(poll, &call->events->arena);
    bool is_whole = poll_may_see_answers(poll, call->peer);
    if (!is_whole)
        result.questions = NULL;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    poll_put_result(&j, poll, &result);
    if (!is_whole) {
        json_key(&j, "questions");
        json_open(&j, '[');
        json_close(&j, ']');
    }
    json_close(&j, '}');
    reply_send(call, &j);
}

static void put_mean(struct json_out *j, const char *key, double value)
{
    char number[32];
    int len = snprintf(number, sizeof number, "%.2f", value);
    json_key(j, key);
    json_put_verbatim(j, (struct bytes){(const uint8_t *)number, (size_t)len});
}

static void put_leader(struct json_out *j, const struct poll *poll, const struct leader *leader,
                       const struct peer *asking)
{
    json_open(j, '{');
    json_member_int(j, "position", (int64_t)leader->position);
    json_member_int(j, "score", leader->score);
    json_member_int(j, "total_responses", (int64_t)leader->total_responses);
    json_member_int(j, "correct_responses", (int64_t)leader->correct_responses);
    json_member_int(j, "duration", leader->duration_ms);
    put_voter(j, poll, leader->voter, asking);
    json_close(j, '}');
}

void handle_poll_leaderboard(struct call *call)
{
    const struct poll *poll = poll_to_see(call);
    size_t from, count;
    if (!poll || !poll_take_page(call, "offset", &from, &count))
        return;
    int64_t question = json_get_int(call->rpc->params, "question", 0);
    if (question < 0 || question > (int64_t)poll->question_count) {
        poll_refused(call, POLL_NOT_FOUND, ACT_READ_POLLS);
        return;
    }
    if (!poll_may_see_leaderboard(poll, call->peer)) {
        poll_refused(call, POLL_WRONG_STATE, ACT_READ_POLLS);
        return;
    }
    struct leaderboard board = poll_leaderboard(poll, question, &call->events->arena);
    size_t to = from + count < board.leader_count ? from + count : board.leader_count;
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "poll_id", poll->id);
    json_member_int(&j, "total_users", (int64_t)board.total_users);
    json_member_int(&j, "voted_users", (int64_t)board.voted_users);
    json_member_int(&j, "correct_users", (int64_t)board.correct_users);
    put_mean(&j, "avg_time", board.avg_time);
    put_mean(&j, "avg_score", board.avg_score);
    json_key(&j, "questions");
    json_open(&j, '[');
    for (size_t i = from; i < to; i++)
        put_leader(&j, poll, &board.leaders[i], call->peer);
    json_close(&j, ']');
    json_member_bool(&j, "last", to == board.leader_count);
    json_close(&j, '}');
    reply_send(call, &j);
}
