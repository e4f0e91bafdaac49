// Polls and quizzes of a session: made by those who may, answered by those who may vote,
// counted as the answers come in. They live as long as the session; what comes of those that
// are kept is written down too (server/logbook). Indexes of questions and options count from 1,
// as the protocol does.
//
//     created --poll_start()--> started --poll_stop(), or its time is over--> stopped
//
// What is said here of readers: those who may ACT_READ_POLLS. Writers may ACT_WRITE_POLLS.
#pragma once

#include "base/id.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/moment.h"
#include "base/timers.h"
#include "room/event.h"
#include "room/live.h"

#include <assert.h>

enum { POLL_ID_LEN_MAX = 64 };

enum poll_type { POLL_POLL, POLL_QUIZ };
enum poll_state { POLL_CREATED, POLL_STARTED, POLL_STOPPED };
enum poll_mode { POLL_BY_USER, POLL_BY_PEER, POLL_BY_NAME }; // one vote for each of these

enum question_type {
    QUESTION_SINGLE_CHOICE,
    QUESTION_MULTIPLE_CHOICE,
    QUESTION_SHORT_ANSWER,
    QUESTION_LONG_ANSWER,
};

// Where a poll comes from. The store knows polls by their id, so those that a client has named
// are not kept: it might have taken another poll's.
enum poll_origin {
    POLL_MADE,   // in this session, and named by us: kept
    POLL_NAMED,  // in this session, and named by a client
    POLL_LINKED, // by the back end: kept, and changed by nobody here. See room/poll_link.h
};

const char *poll_type_name(enum poll_type type);    // "poll", "quiz"
const char *poll_state_name(enum poll_state state); // "created", ...
const char *poll_mode_name(enum poll_mode mode);    // "userid", ...
const char *question_type_name(enum question_type type);
int poll_type_from_name(const char *name); // each of these: or ERR_NOT_FOUND
int poll_state_from_name(const char *name);
int poll_mode_from_name(const char *name);
int question_type_from_name(const char *name);

// Options as a set: option i is bit i - 1.
typedef uint32_t option_set;
static_assert(POLL_OPTIONS_MAX <= 32, "an option_set has a bit for each option");

struct poll_roles {
    const char *const *at;
    size_t count; // 0: everybody
};

struct poll_info {
    const char *title;
    enum poll_type type;
    enum poll_mode mode;
    int duration_s; // 0: until somebody stops it
    bool anonymous;
    bool visibility; // kept for the application; nothing follows from it here, as from `locked`
    bool locked;
    struct poll_roles vote;      // who may answer
    struct poll_roles responses; // who may see answers and results, beside the writers; those
                                 // of a quiz when it has stopped
};

struct poll_option {
    const char *text;
    int weight;
};

struct poll_question {
    enum question_type type;
    const char *text;
    bool skippable;
    bool once;     // an answer is final
    bool negative; // a wrong answer costs the weight
    int duration_s;
    int weight;
    int answer_min_len;
    int answer_max_len; // 0: POLL_TEXT_LEN_MAX
    const struct poll_option *options;
    size_t option_count;

    bool has_solution;
    bool hides_solution; // from those who answered, too, until the poll has stopped
    option_set solution; // of choices
    const char *solution_text;
    bool minds_case;
    bool trims;
};

struct poll_answer {
    bool given;
    bool skipped;
    bool updated;
    option_set options;
    char *text;          // or NULL
    int64_t duration_ms; // that the person took
    char id[UUID_LEN + 1];
    char original[UUID_LEN + 1]; // id of the first of those that it replaces; "": none
    int retries;                 // how many it replaces
    int64_t sent_at;             // ms since the Unix epoch
    bool correct;
    int score;
};

// Somebody who answered.
struct poll_voter {
    char *key;     // whose vote it is, by the poll's mode
    char hash[17]; // the same person within this poll, and nothing more
    char *peer_id;
    char *user_id;
    char *name;
    uint64_t number;              // in the order of first answers
    struct poll_answer answers[]; // as many as there are questions
};

struct poll {
    struct room *room;
    char id[POLL_ID_LEN_MAX + 1];
    enum poll_origin origin;
    uint64_t salt[2];   // of the voters' hashes
    uint64_t number;    // in the order of creation
    struct arena words; // of `info` and `questions`
    struct poll_info info;
    const struct poll_question *questions;
    size_t question_count;
    enum poll_state state;
    char *created_by, *started_by, *stopped_by; // peer ids; "" for the server, or not yet
    int64_t created_at, started_at, stopped_at; // ms since the Unix epoch; 0: not yet
    struct map voters;                          // key -> struct poll_voter
    size_t voter_count;
    size_t answer_count;
    struct timer end;
    struct timer stats;
};

enum poll_error {
    POLL_DONE,
    POLL_REFUSED, // may not
    POLL_NOT_FOUND,
    POLL_WRONG_STATE,  // begun already, not begun yet, over
    POLL_FULL,         // a bound of base/limits.h
    POLL_BAD_QUESTION, // no such type, options that do not count from 1, no options, ...
    POLL_NO_QUESTIONS, // there is nothing to start
    POLL_BAD_ANSWER,   // not of the question's kind or length, or no such option
    POLL_ANSWERED,     // and the answer is final
    POLL_IS_LINKED,    // only the back end may change it
};

// --- Making ---

// Makes a poll, or changes one that has not begun. `id` "" makes a new one with an id of its
// own; `made` is it.
enum poll_error poll_set_info(struct room *room, const struct peer *by, const char *id,
                              const struct poll_info *info, struct moment now,
                              struct poll **made);

struct numbered_question {
    int64_t index; // from 1; the next free one appends
    struct poll_question is;
};

enum poll_error poll_set_questions(struct room *room, const struct peer *by, const char *id,
                                   struct numbered_question *questions, size_t count,
                                   struct arena *arena, struct poll **poll);

// Whether the question may be asked: a text, options where and only where it is a choice, a
// solution that is among them.
bool poll_question_is_sound(const struct poll_question *q);

enum poll_error poll_start(struct room *room, const struct peer *by, const char *id,
                           struct moment now, struct event_list *events, struct poll **poll);
enum poll_error poll_stop(struct room *room, const struct peer *by, const char *id,
                          struct moment now, struct event_list *events, struct poll **poll);

// --- Answering ---

struct answer_wish {
    int64_t question; // its index
    int type;         // enum question_type, or -1 when not said
    bool skipped;
    bool update; // replaces the answer that was given
    const int64_t *options;
    size_t option_count;
    const char *text; // or NULL
    int64_t duration_ms;
};

// Answers one question. POLL_DONE, and whether it was right, as far as the person may know.
enum poll_error poll_answer_question(struct poll *poll, struct peer *by,
                                     const struct answer_wish *wish, struct event_list *events,
                                     struct moment now, bool *correct);

// --- Reading ---

// The poll as `by` may know of it: POLL_NOT_FOUND also for one that is being made, when `by` is
// no writer.
enum poll_error poll_find(struct room *room, const struct peer *by, const char *id,
                          struct poll **poll);
bool poll_may_vote(const struct poll *poll, const struct peer *by); // at all: not only now
// Is told that it begins and ends.
bool poll_may_read(const struct poll *poll, const struct peer *by);
bool poll_may_see_leaderboard(const struct poll *poll, const struct peer *by);
// Whether all that it may see of the answers is its own.
bool poll_sees_own_answer_only(const struct poll *poll, const struct peer *by);
bool poll_may_see_answers(const struct poll *poll, const struct peer *by);
bool poll_may_see_solution(const struct poll *poll, const struct peer *by);
const struct poll_voter *poll_voter_of(const struct poll *poll, const struct peer *by);

// All of them that `by` may know of, the oldest first, in the arena.
struct poll **poll_list(const struct room *room, const struct peer *by, enum poll_state state,
                        struct arena *arena, size_t *count);
// All who answered, in the order of their first answers, in the arena.
const struct poll_voter **poll_voters(const struct poll *poll, struct arena *arena);

// After a restart, for the log alone, which may have lost the last moments: what has started
// and stopped, and the answers of the last seconds, once more.
void polls_retell(const struct room *room, struct event_list *events);

// --- For the other files of room/ only ---

// A key that nobody has voted with yet.
struct poll_voter *poll_add_voter(struct poll *poll, const char *key, const char *peer_id,
                                  const char *user_id, const char *name);
void poll_judge(const struct poll_question *q, struct poll_answer *answer); // its score
void poll_tell_answer(const struct poll *poll, const struct poll_voter *voter, size_t at,
                      struct event *event, struct event_list *events);
void poll_forget(struct poll *poll); // tells nobody
void polls_dispose(struct polls *polls);
void poll_end_due(struct poll *poll, struct moment now, struct event_list *events);
void poll_stats_due(struct poll *poll, struct event_list *events);
