// /v2/polls/{}/sessions, responses and results: what came of a poll in the meetings in which it
// ran. Of an anonymous poll nobody is named: the store knows none (room/poll_answer).

#include "api/polls.h"

#include "base/err.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

// The poll is there, and the page is one.
static int read_filter(struct api_context *c, struct store_poll_filter *filter)
{
    struct store_poll poll;
    const char *question = api_query(c, "question");
    int all = 0;
    int err = api_poll_of_path(c, &poll);
    *filter = (struct store_poll_filter){.poll_id = err ? "" : poll.id};
    if (!err)
        err = api_query_page(c, &filter->limit, &filter->start);
    if (!err)
        err = api_query_bool(c, "all", &all);
    if (!err && question) {
        size_t len = strlen(question);
        bool is_number = len >= 1 && len <= 2 && strspn(question, "0123456789") == len;
        filter->question = is_number ? atoi(question) : 0;
        if (filter->question < 1 || filter->question > POLL_QUESTIONS_MAX)
            err = api_fail_query(c, "question");
    }
    filter->all = all == 1;
    return err;
}

static struct json_out open_page(struct api_context *c, const struct store_poll_filter *filter,
                                 const char *last, const char *key)
{
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "last", last);
    json_member_int(&j, "limit", filter->limit);
    json_key(&j, key);
    json_open(&j, '[');
    return j;
}

static void close_page(struct json_out *j)
{
    json_close(j, ']');
    json_close(j, '}');
}

static void put_who(struct json_out *j, const char *peer_id, const char *user_id)
{
    if (peer_id[0])
        json_member_string(j, "peer_id", peer_id);
    if (user_id[0])
        json_member_string(j, "user_id", user_id);
}

// --- Sessions ---

int api_poll_sessions(struct api_context *c)
{
    struct store_poll_filter filter;
    struct store_poll_run runs[STORE_POLLS_MAX];
    int err = read_filter(c, &filter);
    if (err)
        return err;
    int count = store_poll_runs(c->db, &filter, c->arena, runs);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = open_page(c, &filter, count ? runs[count - 1].id : "", "responses");
    for (int i = 0; i < count; i++) {
        json_open(&j, '{');
        json_member_string(&j, "id", runs[i].id);
        json_member_string(&j, "poll_id", runs[i].poll_id);
        json_member_string(&j, "session_id", runs[i].session_id);
        api_member_time(&j, "started_at", runs[i].started_at);
        if (runs[i].stopped_at)
            api_member_time(&j, "stopped_at", runs[i].stopped_at);
        json_member_int(&j, "total_responses", runs[i].responses);
        json_member_int(&j, "unique_participants", runs[i].voters);
        json_close(&j, '}');
    }
    close_page(&j);
    return 0;
}

// --- Responses ---

static void put_response(struct json_out *j, const struct store_poll_answer *answer)
{
    const struct event_answer *is = &answer->is;
    json_open(j, '{');
    json_member_string(j, "id", is->id);
    json_member_string(j, "poll_id", answer->poll_id);
    json_member_string(j, "session_id", answer->session_id);
    json_member_int(j, "duration", is->duration_ms);
    json_member_int(j, "question", is->question);
    json_member_bool(j, "skipped", is->is_skipped);
    json_key(j, "options");
    json_open(j, '[');
    for (int i = 0; i < POLL_OPTIONS_MAX; i++) {
        if ((is->options >> i) & 1)
            json_put_int(j, i + 1);
    }
    json_close(j, ']');
    json_member_string(j, "text", is->text);
    json_member_bool(j, "update", is->retries > 0);
    json_member_string(j, "original_response", is->original);
    json_member_int(j, "retries", is->retries);
    api_member_time(j, "sent_at", is->sent_at);
    put_who(j, is->peer_id, is->user_id);
    json_close(j, '}');
}

int api_poll_responses(struct api_context *c)
{
    struct store_poll_filter filter;
    struct store_poll_answer answers[STORE_POLLS_MAX];
    int err = read_filter(c, &filter);
    if (err)
        return err;
    int count = store_poll_answers(c->db, &filter, c->arena, answers);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j =
        open_page(c, &filter, count ? answers[count - 1].is.id : "", "responses");
    for (int i = 0; i < count; i++)
        put_response(&j, &answers[i]);
    close_page(&j);
    return 0;
}

static int find_answer(struct api_context *c, const char *unknown,
                       struct store_poll_answer *answer)
{
    struct store_poll poll;
    int err = api_poll_of_path(c, &poll);
    if (err)
        return err;
    err = store_poll_answer_get(c->db, poll.id, c->call->parameters[1], c->arena, answer);
    if (err == ERR_NOT_FOUND)
        return unknown ? api_fail(c, 404, unknown) : err;
    return err ? api_fail_storage(c, err) : 0;
}

int api_poll_response(struct api_context *c)
{
    struct store_poll_answer answer;
    int err = find_answer(c, "response not found", &answer);
    if (err)
        return err;
    struct json_out j = api_json(c);
    put_response(&j, &answer);
    return 0;
}

// --- Results: of a person and a question, or, as question 0, of a person and all of them ---

static void put_result(struct json_out *j, const char *poll_id, int64_t question,
                       const struct store_poll_score *score)
{
    json_open(j, '{');
    json_member_string(j, "id", score->id);
    json_member_string(j, "poll_id", poll_id);
    json_member_string(j, "session_id", score->session_id);
    json_member_int(j, "question", question);
    json_member_int(j, "duration", score->duration_ms);
    put_who(j, score->peer_id, score->user_id);
    json_member_int(j, "score", score->score);
    json_close(j, '}');
}

static struct store_poll_score score_of(const struct store_poll_answer *answer)
{
    return (struct store_poll_score){.id = answer->is.id,
                                     .session_id = answer->session_id,
                                     .peer_id = answer->is.peer_id,
                                     .user_id = answer->is.user_id,
                                     .duration_ms = answer->is.duration_ms,
                                     .score = answer->is.score};
}

// Returns how many, or ERR_*.
static int list_scores(struct api_context *c, const struct store_poll_filter *filter,
                       struct store_poll_score scores[STORE_POLLS_MAX])
{
    struct store_poll_answer answers[STORE_POLLS_MAX];
    if (!filter->question)
        return store_poll_scores(c->db, filter, c->arena, scores);
    int count = store_poll_answers(c->db, filter, c->arena, answers);
    for (int i = 0; i < count; i++)
        scores[i] = score_of(&answers[i]);
    return count;
}

int api_poll_results(struct api_context *c)
{
    struct store_poll_filter filter;
    struct store_poll_score scores[STORE_POLLS_MAX];
    int err = read_filter(c, &filter);
    if (err)
        return err;
    filter.all = false;
    int count = list_scores(c, &filter, scores);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = open_page(c, &filter, count ? scores[count - 1].id : "", "results");
    for (int i = 0; i < count; i++)
        put_result(&j, filter.poll_id, filter.question, &scores[i]);
    close_page(&j);
    return 0;
}

int api_poll_result(struct api_context *c)
{
    struct store_poll_answer answer;
    struct store_poll_score score;
    int64_t question = 0;
    const char *poll_id = c->call->parameters[0];
    int err = find_answer(c, NULL, &answer);
    if (!err) {
        score = score_of(&answer);
        question = answer.is.question;
    } else if (err == ERR_NOT_FOUND && !c->response->status) {
        err = store_poll_score_get(c->db, poll_id, c->call->parameters[1], c->arena, &score);
        if (err == ERR_NOT_FOUND)
            return api_fail(c, 404, "result not found");
        if (err)
            return api_fail_storage(c, err);
    }
    if (err)
        return err;
    struct json_out j = api_json(c);
    put_result(&j, poll_id, question, &score);
    return 0;
}
