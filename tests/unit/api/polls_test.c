// Polls over REST: what is made, and what came of them in meetings.
#include "base/limits.h"
#include "store/polls.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char nothing[] = "000000000000000000000000";

static const char *make_poll(struct world *w, const char *body)
{
    struct answer a = post(w, "/v2/polls", body);
    CHECK_EQ(a.status, 200);
    return text(&a, "id");
}

static const json_t *question(const struct answer *a, size_t at)
{
    return json_array_get(json_get_array(a->json, "questions"), at);
}

static const json_t *option(const json_t *question, size_t at)
{
    return json_array_get(json_get_array(question, "options"), at);
}

#define TWO_QUESTIONS                                                                          \
    "{\"title\":\"Lunch\",\"type\":\"quiz\",\"questions\":[{\"text\":\"Soup?\","               \
    "\"type\":\"multiple-choice\",\"answer\":{\"options\":[1,3]},\"options\":["                \
    "{\"text\":\"a\"},{\"text\":\"b\"},{\"text\":\"c\"}]},"                                    \
    "{\"text\":\"Why?\",\"type\":\"short-answer\"}]}"

TEST(a_poll_has_its_defaults_and_an_id)
{
    struct world *w = world_new();
    struct answer made = post(w, "/v2/polls", "{\"title\":\"Lunch\",\"extra\":1}");
    CHECK_EQ(made.status, 200);
    CHECK(id_is_object(text(&made, "id")));
    CHECK_TEXT(text(&made, "title"), "Lunch");
    CHECK_EQ(json_get_int(made.json, "duration", -1), 0);
    CHECK_EQ(json_get_bool(made.json, "anonymous", true), false);
    CHECK_TEXT(text(&made, "mode"), "userid");
    CHECK_TEXT(text(&made, "type"), "poll");
    CHECK_TEXT(text(&made, "start"), "auto");
    CHECK_EQ(json_array_size(json_get_array(made.json, "questions")), 0);
    CHECK(!json_object_get(made.json, "extra"));
    struct answer again = get(w, target_of("/v2/polls/%s", text(&made, "id")));
    CHECK_TEXT(again.body, made.body);
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s", nothing)), 404, "poll not found", "");
    CHECK_REFUSED(get(w, "/v2/polls/x"), 404, "poll not found", "");
    CHECK_EQ(call(w, HTTP_GET, target_of("/v2/polls/%s", nothing), NULL, "").status, 401);
    world_free(w);
}

TEST(a_question_has_its_defaults_and_its_place)
{
    struct world *w = world_new();
    struct answer a =
        post(w, "/v2/polls",
             "{\"title\":\"x\",\"questions\":["
             "{\"index\":2,\"text\":\"second\",\"type\":\"long-answer\",\"skippable\":false,"
             "\"attachment\":[{\"type\":\"image\",\"url\":\"https://example.org/a.png\"}]},"
             "{\"index\":1,\"text\":\"first\",\"options\":[{\"text\":\"y\",\"weight\":2}]}]}");
    CHECK_EQ(a.status, 200);
    const json_t *first = question(&a, 0), *second = question(&a, 1);
    CHECK_TEXT(json_get_text(first, "text", ""), "first");
    CHECK_EQ(json_get_int(first, "index", 0), 1);
    CHECK_TEXT(json_get_text(first, "type", ""), "single-choice");
    CHECK_TEXT(json_get_text(first, "format", ""), "text");
    CHECK_EQ(json_get_bool(first, "skippable", false), true);
    CHECK_EQ(json_get_bool(first, "once", true), false);
    CHECK_EQ(json_get_int(first, "weight", 0), 1);
    CHECK_EQ(json_get_int(first, "duration", -1), 0);
    CHECK_EQ(json_get_int(first, "answer_max_len", 0), 1024);
    CHECK_EQ(json_get_int(option(first, 0), "index", 0), 1);
    CHECK_EQ(json_get_int(option(first, 0), "weight", 0), 2);
    CHECK_EQ(json_get_bool(second, "skippable", true), false);
    CHECK_TEXT(
        json_get_text(json_array_get(json_get_array(second, "attachment"), 0), "url", ""),
        "https://example.org/a.png");
    world_free(w);
}

TEST(what_is_wrong_is_named_by_its_path)
{
    static const struct {
        const char *body, *detail;
    } cases[] = {
        {"{}", "Invalid body param: title"},
        {"{\"title\":\"\"}", "Invalid body param: title"},
        {"{\"title\":7}", "Invalid body param: title"},
        {"{\"title\":\"x\",\"duration\":-1}", "Invalid body param: duration"},
        {"{\"title\":\"x\",\"duration\":86401}", "Invalid body param: duration"},
        {"{\"title\":\"x\",\"duration\":1.5}", "Invalid body param: duration"},
        {"{\"title\":\"x\",\"anonymous\":\"yes\"}", "Invalid body param: anonymous"},
        {"{\"title\":\"x\",\"mode\":\"shoe\"}", "Invalid body param: mode"},
        {"{\"title\":\"x\",\"type\":\"vote\"}", "Invalid body param: type"},
        {"{\"title\":\"x\",\"start\":\"now\"}", "Invalid body param: start"},
        {"{\"title\":\"x\",\"vote\":\"guest\"}", "Invalid body param: vote"},
        {"{\"title\":\"x\",\"questions\":{}}", "Invalid body param: questions"},
        {"{\"title\":\"x\",\"questions\":[7]}", "Invalid body param: questions[0]."},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"\"}]}",
         "Invalid body param: questions[0].text"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"index\":2}]}",
         "Invalid body param: questions"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"index\":1},{\"text\":\"b\","
         "\"index\":1}]}",
         "Invalid body param: questions"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\"},{\"text\":\"b\",\"options\":["
         "{\"text\":\"y\"},{\"weight\":1}]}]}",
         "Invalid body param: questions[1].options[1].text"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"type\":\"long-answer\","
         "\"options\":[{\"text\":\"y\"}]}]}",
         "Invalid body param: questions[0].options"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"answer\":{\"options\":[1]}}]}",
         "Invalid body param: questions[0].answer.options"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"answer\":{\"options\":[1,2]},"
         "\"options\":[{\"text\":\"y\"},{\"text\":\"n\"}]}]}",
         "Invalid body param: questions[0].answer.options"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"answer\":{\"hidden\":1}}]}",
         "Invalid body param: questions[0].answer.hidden"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"type\":\"short-answer\","
         "\"answer_min_len\":9,\"answer_max_len\":8}]}",
         "Invalid body param: questions[0].answer_min_len"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"answer_max_len\":1025}]}",
         "Invalid body param: questions[0].answer_max_len"},
        {"{\"title\":\"x\",\"questions\":[{\"text\":\"a\",\"attachment\":[{\"type\":\"image\","
         "\"url\":\"javascript:1\"}]}]}",
         "Invalid body param: questions[0].attachment"},
    };
    struct world *w = world_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_REFUSED(post(w, "/v2/polls", cases[i].body), 400, "Invalid body param",
                      cases[i].detail);
    world_free(w);
}

TEST(limits_of_a_poll_are_held)
{
    struct world *w = world_new();
    struct text body = {0};
    text_add(&body, "{\"title\":\"x\",\"questions\":[");
    for (int i = 0; i <= POLL_QUESTIONS_MAX; i++)
        text_addf(&body, "%s{\"text\":\"q\"}", i ? "," : "");
    text_add(&body, "]}");
    CHECK_REFUSED(post(w, "/v2/polls", body.at), 400, "Invalid body param",
                  "Invalid body param: questions");
    text_clear(&body);
    text_add(&body, "{\"title\":\"x\",\"questions\":[{\"text\":\"q\",\"options\":[");
    for (int i = 0; i <= POLL_OPTIONS_MAX; i++)
        text_addf(&body, "%s{\"text\":\"o\"}", i ? "," : "");
    text_add(&body, "]}]}");
    CHECK_REFUSED(post(w, "/v2/polls", body.at), 400, "Invalid body param",
                  "Invalid body param: questions[0].options");
    text_dispose(&body);
    world_free(w);
}

// Question by question a poll could become larger than any body.
TEST(a_poll_is_bounded_as_a_whole)
{
    struct world *w = world_new();
    const char *id = make_poll(w, "{\"title\":\"x\"}");
    char words[1025], target[100];
    struct answer a = {0};
    struct text body = {0};
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = 0;
    text_addf(&body, "{\"text\":\"%s\",\"options\":[{\"text\":\"%s\"}]}", words, words);
    int count = 0;
    do {
        snprintf(target, sizeof target, "/v2/polls/%s/questions/%d", id, ++count);
        a = post(w, target, body.at);
    } while (a.status == 200);
    CHECK_REFUSED(a, 400, "Invalid body param", "the poll is too large");
    CHECK(count > 20 && count < 32);
    struct answer whole = get(w, target_of("/v2/polls/%s", id));
    CHECK_EQ(json_array_size(json_get_array(whole.json, "questions")), count - 1);
    text_dispose(&body);
    world_free(w);
}

TEST(a_poll_is_rewritten_as_a_whole)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    struct answer a = post(w, target_of("/v2/polls/%s", id), "{\"title\":\"Dinner\"}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "id"), id);
    CHECK_TEXT(text(&a, "type"), "poll"); // not "quiz" any more
    CHECK_EQ(json_array_size(json_get_array(a.json, "questions")), 0);
    CHECK_REFUSED(post(w, target_of("/v2/polls/%s", id), "{}"), 400, "Invalid body param",
                  "Invalid body param: title");
    CHECK_REFUSED(post(w, target_of("/v2/polls/%s", nothing), "{\"title\":\"x\"}"), 404,
                  "poll not found", "");
    struct answer now = get(w, target_of("/v2/polls/%s", id));
    CHECK_TEXT(text(&now, "title"), "Dinner");
    world_free(w);
}

TEST(what_was_read_may_be_sent_back)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    struct answer first = get(w, target_of("/v2/polls/%s", id));
    struct answer second = post(w, target_of("/v2/polls/%s", id), first.body);
    CHECK_EQ(second.status, 200);
    CHECK_TEXT(second.body, first.body);
    world_free(w);
}

TEST(questions_are_appended_replaced_and_deleted)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    struct answer a = post(w, target_of("/v2/polls/%s/questions/3", id),
                           "{\"index\":9,\"text\":\"third\",\"type\":\"long-answer\"}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "text"), "third");
    CHECK_EQ(json_get_int(a.json, "index", 0), 3);
    CHECK_EQ(post(w, target_of("/v2/polls/%s/questions/2", id), "{\"text\":\"new\"}").status,
             200);
    CHECK_REFUSED(post(w, target_of("/v2/polls/%s/questions/5", id), "{\"text\":\"x\"}"), 400,
                  "Invalid body param", "Invalid body param: index");
    CHECK_REFUSED(post(w, target_of("/v2/polls/%s/questions/51", id), "{\"text\":\"x\"}"), 404,
                  "question not found", "");
    CHECK_REFUSED(post(w, target_of("/v2/polls/%s/questions/0", id), "{\"text\":\"x\"}"), 404,
                  "question not found", "");
    CHECK_REFUSED(post(w, target_of("/v2/polls/%s/questions/1", id), "[]"), 400,
                  "Invalid body param", "body is not a JSON object");

    struct answer gone = del(w, target_of("/v2/polls/%s/questions/1", id));
    CHECK_EQ(gone.status, 204);
    CHECK_TEXT(gone.body, "");
    struct answer now = get(w, target_of("/v2/polls/%s", id));
    CHECK_EQ(json_array_size(json_get_array(now.json, "questions")), 2);
    CHECK_TEXT(json_get_text(question(&now, 0), "text", ""), "new");
    CHECK_EQ(json_get_int(question(&now, 0), "index", 0), 1);
    CHECK_EQ(json_get_int(question(&now, 1), "index", 0), 2);
    CHECK_REFUSED(del(w, target_of("/v2/polls/%s/questions/3", id)), 404, "question not found",
                  "");
    CHECK_REFUSED(del(w, target_of("/v2/polls/%s/questions/1", nothing)), 404, "poll not found",
                  "");
    world_free(w);
}

TEST(options_move_down_and_take_the_solution_along)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    CHECK_EQ(del(w, target_of("/v2/polls/%s/questions/1/options/2", id)).status, 204);
    struct answer now = get(w, target_of("/v2/polls/%s", id));
    const json_t *solution =
        json_get_array(json_get_object(question(&now, 0), "answer"), "options");
    CHECK_EQ(json_array_size(solution), 2);
    CHECK_EQ(json_integer_value(json_array_get(solution, 0)), 1);
    CHECK_EQ(json_integer_value(json_array_get(solution, 1)), 2);
    CHECK_TEXT(json_get_text(option(question(&now, 0), 1), "text", ""), "c");
    CHECK_EQ(json_get_int(option(question(&now, 0), 1), "index", 0), 2);

    CHECK_EQ(del(w, target_of("/v2/polls/%s/questions/1/options/1", id)).status, 204);
    now = get(w, target_of("/v2/polls/%s", id));
    solution = json_get_array(json_get_object(question(&now, 0), "answer"), "options");
    CHECK_EQ(json_array_size(solution), 1);
    CHECK_EQ(json_integer_value(json_array_get(solution, 0)), 1);

    struct answer a = post(w, target_of("/v2/polls/%s/questions/1/options/2", id),
                           "{\"text\":\"d\",\"weight\":4}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(a.body, "{\"index\":2,\"text\":\"d\",\"weight\":4}");
    CHECK_REFUSED(
        post(w, target_of("/v2/polls/%s/questions/1/options/4", id), "{\"text\":\"x\"}"), 400,
        "Invalid body param", "Invalid body param: index");
    CHECK_REFUSED(
        post(w, target_of("/v2/polls/%s/questions/7/options/1", id), "{\"text\":\"x\"}"), 404,
        "question not found", "");
    CHECK_REFUSED(del(w, target_of("/v2/polls/%s/questions/1/options/3", id)), 404,
                  "option not found", "");
    // Not of a question that asks for words.
    CHECK_REFUSED(
        post(w, target_of("/v2/polls/%s/questions/2/options/1", id), "{\"text\":\"x\"}"), 400,
        "Invalid body param", "Invalid body param: options");
    world_free(w);
}

TEST(a_room_names_polls_that_exist)
{
    struct world *w = world_new();
    const char *one = make_poll(w, "{\"title\":\"1\"}"),
               *two = make_poll(w, "{\"title\":\"2\"}");
    char body[200];
    snprintf(body, sizeof body, "{\"polls\":[\"%s\",\"%s\",\"%s\"]}", two, one, two);
    const char *room = make_room(w, body);
    struct answer a = get(w, target_of("/v2/rooms/%s", room));
    const json_t *polls = json_get_array(a.json, "polls");
    CHECK_EQ(json_array_size(polls), 2);
    CHECK_TEXT(json_string_value(json_array_get(polls, 0)), two);
    CHECK_TEXT(json_string_value(json_array_get(polls, 1)), one);
    a = post(w, target_of("/v2/rooms/%s", room), "{\"description\":\"d\"}");
    CHECK_EQ(json_array_size(json_get_array(a.json, "polls")), 2);
    CHECK_REFUSED(
        post(w, target_of("/v2/rooms/%s", room), target_of("{\"polls\":[\"%s\"]}", nothing)),
        400, "Invalid body param", "poll not found");
    CHECK_REFUSED(post(w, target_of("/v2/rooms/%s", room), "{\"polls\":[7]}"), 400,
                  "Invalid body param", "Invalid body param: polls");
    a = post(w, target_of("/v2/rooms/%s", room), "{\"polls\":[]}");
    CHECK(!json_object_get(a.json, "polls"));
    world_free(w);
}

// --- What came of it ---

static void answer_poll(struct world *w, const char *poll, const char *id, const char *voter,
                        int64_t question, int score)
{
    struct store_poll_answer a = {
        .poll_id = poll,
        .session_id = "64c0000000000000000000aa",
        .voter_row = target_of("64c00000000000000000%s", voter),
        .is = {.id = id,
               .original = "",
               .question = question,
               .options = 5,
               .text = "",
               .voter = voter,
               .peer_id = voter,
               .user_id = strcmp(voter, "0001") == 0 ? "u-1" : "",
               .duration_ms = 1500,
               .score = score,
               .sent_at = WORLD_START_MS},
    };
    CHECK_EQ(store_poll_answer(w->db, &a), 0);
}

static const json_t *row(const struct answer *a, const char *key, size_t at)
{
    return json_array_get(json_get_array(a->json, key), at);
}

TEST(responses_come_newest_first_in_pages)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    answer_poll(w, id, "64c0000000000000000000b1", "0001", 1, 1);
    answer_poll(w, id, "64c0000000000000000000b2", "0002", 1, 0);
    answer_poll(w, id, "64c0000000000000000000b3", "0001", 2, 2);
    answer_poll(w, id, "64c0000000000000000000b4", "0002", 1, 1); // once more

    struct answer a = get(w, target_of("/v2/polls/%s/responses?limit=2", id));
    CHECK_EQ(json_get_int(a.json, "limit", 0), 2);
    CHECK_TEXT(text(&a, "last"), "64c0000000000000000000b3");
    const json_t *first = row(&a, "responses", 0);
    CHECK_TEXT(json_get_text(first, "id", ""), "64c0000000000000000000b4");
    CHECK_TEXT(json_get_text(first, "poll_id", ""), id);
    CHECK_TEXT(json_get_text(first, "session_id", ""), "64c0000000000000000000aa");
    CHECK_TEXT(json_get_text(first, "peer_id", ""), "0002");
    CHECK(!json_object_get(first, "user_id"));
    CHECK_EQ(json_array_size(json_get_array(first, "options")), 2);
    CHECK_TEXT(json_get_text(first, "sent_at", ""), "2023-11-14T22:13:20.000Z");
    CHECK_EQ(json_get_int(first, "duration", 0), 1500);
    a = get(w, target_of("/v2/polls/%s/responses?limit=2&start=64c0000000000000000000b3", id));
    CHECK_EQ(json_array_size(json_get_array(a.json, "responses")), 1);
    CHECK_TEXT(json_get_text(row(&a, "responses", 0), "user_id", ""), "u-1");
    a = get(w, target_of("/v2/polls/%s/responses?all=true", id));
    CHECK_EQ(json_array_size(json_get_array(a.json, "responses")), 4);
    a = get(w, target_of("/v2/polls/%s/responses?question=2", id));
    CHECK_EQ(json_array_size(json_get_array(a.json, "responses")), 1);

    struct answer one =
        get(w, target_of("/v2/polls/%s/responses/64c0000000000000000000b2", id));
    CHECK_EQ(json_get_int(one.json, "question", 0), 1);
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s/responses/000000000000000000000000", id)), 404,
                  "response not found", "");
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s/responses?start=x", id)), 400,
                  "Invalid query param", "Invalid query param: start");
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s/responses?question=0", id)), 400,
                  "Invalid query param", "Invalid query param: question");
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s/responses?all=1", id)), 400,
                  "Invalid query param", "Invalid query param: all");
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s/responses", nothing)), 404, "poll not found",
                  "");
    world_free(w);
}

TEST(results_are_of_a_person_or_of_their_answer_to_a_question)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    answer_poll(w, id, "64c0000000000000000000b1", "0001", 1, 1);
    answer_poll(w, id, "64c0000000000000000000b2", "0002", 1, 0);
    answer_poll(w, id, "64c0000000000000000000b3", "0001", 2, 2);
    struct answer a = get(w, target_of("/v2/polls/%s/results", id));
    CHECK_EQ(json_array_size(json_get_array(a.json, "results")), 2);
    const json_t *anna = row(&a, "results", 1);
    CHECK_EQ(json_get_int(anna, "score", 0), 3);
    CHECK_EQ(json_get_int(anna, "question", -1), 0);
    CHECK_EQ(json_get_int(anna, "duration", 0), 3000);
    CHECK_TEXT(json_get_text(anna, "user_id", ""), "u-1");
    CHECK_TEXT(text(&a, "last"), json_get_text(anna, "id", ""));
    char target[160];
    snprintf(target, sizeof target, "/v2/polls/%s/results/%s", id,
             json_get_text(anna, "id", ""));
    struct answer one = get(w, target);
    CHECK_EQ(json_get_int(one.json, "score", 0), 3);

    a = get(w, target_of("/v2/polls/%s/results?question=2", id));
    CHECK_EQ(json_array_size(json_get_array(a.json, "results")), 1);
    CHECK_EQ(json_get_int(row(&a, "results", 0), "score", 0), 2);
    one = get(w, target_of("/v2/polls/%s/results/64c0000000000000000000b3", id));
    CHECK_EQ(json_get_int(one.json, "question", 0), 2);
    CHECK_REFUSED(get(w, target_of("/v2/polls/%s/results/000000000000000000000000", id)), 404,
                  "result not found", "");
    world_free(w);
}

TEST(sessions_of_a_poll_say_when_it_ran_and_how_many_took_part)
{
    struct world *w = world_new();
    const char *id = make_poll(w, TWO_QUESTIONS);
    struct store_poll_run run = {.id = "64c0000000000000000000c1",
                                 .poll_id = id,
                                 .session_id = "64c0000000000000000000aa",
                                 .started_at = WORLD_START_MS};
    struct answer a = get(w, target_of("/v2/polls/%s/sessions", id));
    CHECK_TEXT(a.body, "{\"last\":\"\",\"limit\":10,\"responses\":[]}");
    CHECK_EQ(store_poll_start(w->db, &run), 0);
    answer_poll(w, id, "64c0000000000000000000b1", "0001", 1, 1);
    a = get(w, target_of("/v2/polls/%s/sessions", id));
    const json_t *one = row(&a, "responses", 0);
    CHECK_TEXT(json_get_text(one, "id", ""), "64c0000000000000000000c1");
    CHECK_TEXT(json_get_text(one, "started_at", ""), "2023-11-14T22:13:20.000Z");
    CHECK(!json_object_get(one, "stopped_at"));
    CHECK_EQ(json_get_int(one, "total_responses", 0), 1);
    CHECK_EQ(json_get_int(one, "unique_participants", 0), 1);
    run.stopped_at = WORLD_START_MS + 1000;
    CHECK_EQ(store_poll_stop(w->db, &run), 0);
    a = get(w, target_of("/v2/polls/%s/sessions", id));
    CHECK_TEXT(json_get_text(row(&a, "responses", 0), "stopped_at", ""),
               "2023-11-14T22:13:21.000Z");
    world_free(w);
}
