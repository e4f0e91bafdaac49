#include "store/polls.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/sessions.h"
#include "world.h"

#include <string.h>

static const char poll_id[] = "64c000000000000000000001";

static void answer(struct world *w, const char *id, const char *voter, int64_t question,
                   int score)
{
    struct store_poll_answer a = {
        .poll_id = poll_id,
        .session_id = "s1",
        .voter_row = id, // any id that is new will do
        .is = {.id = id,
               .original = "",
               .question = question,
               .options = 2,
               .text = "",
               .voter = voter,
               .peer_id = voter,
               .user_id = "",
               .duration_ms = 100,
               .score = score,
               .sent_at = 1000},
    };
    CHECK_EQ(store_poll_answer(w->db, &a), 0);
}

static void start(struct world *w, const char *session, int64_t at)
{
    struct store_poll_run run = {
        .id = session, .poll_id = poll_id, .session_id = session, .started_at = at};
    CHECK_EQ(store_poll_start(w->db, &run), 0);
}

static struct store_poll_run run_of(struct world *w, int at, int count)
{
    struct store_poll_run runs[STORE_POLLS_MAX];
    struct store_poll_filter filter = {.poll_id = poll_id, .limit = 100};
    CHECK_EQ(store_poll_runs(w->db, &filter, &w->arena, runs), count);
    return runs[at];
}

static int answers(struct world *w, bool all, struct store_poll_answer list[STORE_POLLS_MAX])
{
    struct store_poll_filter filter = {.poll_id = poll_id, .all = all, .limit = 100};
    return store_poll_answers(w->db, &filter, &w->arena, list);
}

TEST(a_poll_is_kept_and_written_anew)
{
    struct world w = world_new();
    struct store_poll poll = {poll_id, "{\"title\":\"a\"}", 1000, 1000}, found;
    CHECK_EQ(store_poll_get(w.db, poll_id, &w.arena, &found), ERR_NOT_FOUND);
    CHECK_EQ(store_poll_insert(w.db, &poll), 0);
    poll.document = "{\"title\":\"b\"}";
    CHECK_EQ(store_poll_insert(w.db, &poll), 0); // it is there: nothing
    CHECK_EQ(store_poll_get(w.db, poll_id, &w.arena, &found), 0);
    CHECK_TEXT(found.document, "{\"title\":\"a\"}");
    poll.updated_at = 2000;
    CHECK_EQ(store_poll_update(w.db, &poll), 0);
    CHECK_EQ(store_poll_get(w.db, poll_id, &w.arena, &found), 0);
    CHECK_TEXT(found.document, "{\"title\":\"b\"}");
    CHECK_EQ(found.created_at, 1000);
    CHECK_EQ(found.updated_at, 2000);
    world_dispose(&w);
}

TEST(an_answer_that_is_written_twice_counts_once)
{
    struct world w = world_new();
    struct store_poll_answer list[STORE_POLLS_MAX];
    start(&w, "s1", 500);
    answer(&w, "a1", "anna", 1, 3);
    answer(&w, "a1", "anna", 1, 3);
    answer(&w, "a2", "anna", 2, 0);
    answer(&w, "a3", "bert", 1, 0);
    CHECK_EQ(answers(&w, true, list), 3);
    CHECK_TEXT(list[0].is.id, "a3"); // the newest first
    CHECK_EQ(list[2].is.options, 2);
    CHECK_EQ(run_of(&w, 0, 1).responses, 3);
    CHECK_EQ(run_of(&w, 0, 1).voters, 2);
    world_dispose(&w);
}

// Also without a word of it being an update: what a crash took from the meeting is still here.
TEST(the_last_answer_of_a_person_to_a_question_is_the_one_that_counts)
{
    struct world w = world_new();
    struct store_poll_answer list[STORE_POLLS_MAX];
    struct store_poll_score scores[STORE_POLLS_MAX], one;
    struct store_poll_filter filter = {.poll_id = poll_id, .limit = 100};
    start(&w, "s1", 500);
    answer(&w, "a1", "anna", 1, 3);
    answer(&w, "a2", "anna", 2, 4);
    answer(&w, "a3", "anna", 1, -1);
    CHECK_EQ(answers(&w, false, list), 2);
    CHECK_TEXT(list[0].is.id, "a3");
    CHECK_TEXT(list[1].is.id, "a2");
    CHECK_EQ(answers(&w, true, list), 3);
    CHECK(list[0].is_last && list[1].is_last && !list[2].is_last);
    CHECK_EQ(run_of(&w, 0, 1).responses, 2);
    CHECK_EQ(run_of(&w, 0, 1).voters, 1);
    CHECK_EQ(store_poll_scores(w.db, &filter, &w.arena, scores), 1);
    CHECK_EQ(scores[0].score, 3);
    CHECK_EQ(scores[0].duration_ms, 200);
    CHECK_EQ(store_poll_score_get(w.db, poll_id, scores[0].id, &w.arena, &one), 0);
    CHECK_EQ(one.score, 3);
    CHECK_EQ(store_poll_score_get(w.db, "other", scores[0].id, &w.arena, &one), ERR_NOT_FOUND);
    world_dispose(&w);
}

TEST(a_poll_that_runs_when_its_session_ends_stops_with_it)
{
    struct world w = world_new();
    struct store_log_entry entries[] = {
        {STORE_LOG_OPEN, .session = {.id = "s1", .room_id = "r", .started_at = 100}},
        {STORE_LOG_POLL_START,
         .run = {.id = "x1", .poll_id = poll_id, .session_id = "s1", .started_at = 500}},
        {STORE_LOG_CLOSE, .session = {.id = "s1", .ended_at = 900}},
        {STORE_LOG_OPEN, .session = {.id = "s2", .room_id = "r", .started_at = 1000}},
        {STORE_LOG_POLL_START,
         .run = {.id = "x2", .poll_id = poll_id, .session_id = "s2", .started_at = 1500}},
    };
    CHECK_EQ(store_log_write(w.db, entries, sizeof entries / sizeof *entries, NULL), 0);
    CHECK_EQ(run_of(&w, 1, 2).stopped_at, 900);
    CHECK_EQ(run_of(&w, 0, 2).stopped_at, 0);
    world_dispose(&w);
}

static const char document[] =
    "{\"title\":\"Lunch\",\"duration\":60,\"anonymous\":true,\"mode\":\"peerid\","
    "\"type\":\"quiz\",\"start\":\"manual\",\"vote\":[\"guest\"],\"questions\":[{\"index\":1,"
    "\"text\":\"Soup?\",\"format\":\"text\",\"attachment\":[],\"skippable\":false,"
    "\"duration\":5,\"once\":true,\"weight\":7,\"negative\":true,\"answer_min_len\":2,"
    "\"answer_max_len\":9,\"type\":\"multiple-choice\",\"answer\":{\"hidden\":true,"
    "\"options\":[1,3],\"text\":\"t\",\"case\":true,\"trim\":true},\"options\":[{\"index\":1,"
    "\"text\":\"a\",\"weight\":1},{\"index\":2,\"text\":\"b\",\"weight\":0},{\"index\":3,"
    "\"text\":\"c\",\"weight\":0}]}]}";

TEST(a_document_is_read_and_written_back)
{
    struct arena arena = {0};
    struct linked_poll poll;
    struct text text = {0};
    store_poll_read(poll_id, document, &arena, &poll);
    CHECK_TEXT(poll.id, poll_id);
    CHECK(!poll.starts_at_once);
    CHECK_EQ(poll.question_count, 1);
    CHECK_EQ(poll.questions[0].index, 1);
    CHECK_EQ(poll.questions[0].is.solution, 5);
    struct json_out j = json_out_on(&text);
    store_poll_write(&j, &poll.info, &poll.questions[0].is, 1);
    CHECK_TEXT(text.at, document);
    text_dispose(&text);
    arena_dispose(&arena);
}

TEST(a_document_that_is_none_is_a_poll_without_questions)
{
    static const char *const bad[] = {"", "[]", "{", "{\"questions\":7}",
                                      "{\"title\":1,\"type\":\"x\",\"mode\":[]}"};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct linked_poll poll;
        store_poll_read(poll_id, bad[i], &arena, &poll);
        CHECK_EQ(poll.question_count, 0);
        CHECK_TEXT(poll.info.title, "");
        CHECK_EQ(poll.info.type, POLL_POLL);
    }
    arena_dispose(&arena);
}
