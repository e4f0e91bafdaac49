// Answers to polls: whether they may be given, what they are worth, whose they are.
#include "base/err.h"
#include "base/text.h"
#include "room/permit.h"
#include "room/poll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_DURATION_MAX_MS = POLL_DURATION_MAX_S * 1000 };

// --- Whose vote it is ---

enum { OWN_KEY_LEN_MAX = PEER_ID_LEN_MAX + 1 + TOKEN_HASH_TEXT_LEN };

// Of the peer that its token let in, not of whoever takes its id when it has left and would
// read its answers. `own` is the room for that key.
static const char *key_of(const struct poll *poll, const struct peer *by,
                          char own[OWN_KEY_LEN_MAX + 1])
{
    if (poll->info.mode == POLL_BY_NAME && by->name[0])
        return by->name;
    if (poll->info.mode == POLL_BY_USER && by->user_id[0])
        return by->user_id;
    char token[TOKEN_HASH_TEXT_LEN + 1];
    token_hash_write(&by->token, token);
    snprintf(own, OWN_KEY_LEN_MAX + 1, "%s %s", by->id, token);
    return own;
}

const struct poll_voter *poll_voter_of(const struct poll *poll, const struct peer *by)
{
    char own[OWN_KEY_LEN_MAX + 1];
    return map_get(&poll->voters, bytes_of(key_of(poll, by, own)));
}

struct poll_voter *poll_add_voter(struct poll *poll, const char *key, const char *peer_id,
                                  const char *user_id, const char *name)
{
    struct poll_voter *voter =
        mem_alloc(sizeof *voter + poll->question_count * sizeof *voter->answers);
    // Not random: whoever votes once more because a crash has lost the first vote is the same
    // to the store, which has not.
    snprintf(voter->hash, sizeof voter->hash, "%016" PRIx64,
             map_hash(bytes_of(key), poll->salt));
    voter->key = mem_text(key);
    voter->peer_id = mem_text(peer_id);
    voter->user_id = mem_text(user_id);
    voter->name = mem_text(name);
    voter->number = ++poll->voter_count;
    map_put(&poll->voters, bytes_of(voter->key), voter);
    return voter;
}

// --- What it is worth ---

static struct bytes trimmed(const char *text)
{
    struct bytes b = bytes_of(text);
    while (b.len && strchr(" \t\r\n", b.at[0])) {
        b.at++;
        b.len--;
    }
    while (b.len && strchr(" \t\r\n", b.at[b.len - 1]))
        b.len--;
    return b;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool text_is_right(const struct poll_question *q, const char *text)
{
    struct bytes given = q->trims ? trimmed(text) : bytes_of(text);
    struct bytes wanted = q->trims ? trimmed(q->solution_text) : bytes_of(q->solution_text);
    if (given.len != wanted.len)
        return false;
    for (size_t i = 0; i < given.len; i++) {
        uint8_t a = given.at[i], b = wanted.at[i];
        if (q->minds_case ? a != b : lower(a) != lower(b))
            return false;
    }
    return true;
}

static bool is_choice(const struct poll_question *q)
{
    return q->type == QUESTION_SINGLE_CHOICE || q->type == QUESTION_MULTIPLE_CHOICE;
}

void poll_judge(const struct poll_question *q, struct poll_answer *answer)
{
    answer->correct = q->has_solution && !answer->skipped &&
                      (is_choice(q) ? answer->options == q->solution
                                    : text_is_right(q, answer->text ? answer->text : ""));
    answer->score = 0;
    if (answer->correct)
        answer->score = q->weight;
    else if (q->has_solution && q->negative && !answer->skipped)
        answer->score = -q->weight;
}

// --- Whether it may be given ---

static bool take_options(const struct poll_question *q, const struct answer_wish *wish,
                         option_set *set)
{
    *set = 0;
    for (size_t i = 0; i < wish->option_count; i++) {
        int64_t option = wish->options[i];
        if (option < 1 || option > (int64_t)q->option_count)
            return false;
        *set |= (option_set)1 << (option - 1);
    }
    return wish->option_count == 1 ||
           (q->type == QUESTION_MULTIPLE_CHOICE && wish->option_count >= 1);
}

static bool text_fits(const struct poll_question *q, const char *text)
{
    size_t most = q->answer_max_len ? (size_t)q->answer_max_len : POLL_TEXT_LEN_MAX;
    size_t len = text ? strlen(text) : 0;
    return len >= 1 && len >= (size_t)q->answer_min_len && len <= most;
}

// Whether the answer is of the question's kind; `set` are its options.
static bool fits(const struct poll_question *q, const struct answer_wish *wish, option_set *set)
{
    *set = 0;
    if (wish->type >= 0 && wish->type != (int)q->type)
        return false;
    if (wish->skipped)
        return q->skippable;
    if (is_choice(q))
        return take_options(q, wish, set);
    return text_fits(q, wish->text);
}

static bool is_final(const struct poll *poll, const struct poll_question *q,
                     const struct poll_answer *given, const struct answer_wish *wish)
{
    return given->given && (!wish->update || q->once || poll->info.type == POLL_QUIZ);
}

static int64_t bounded(int64_t duration_ms)
{
    if (duration_ms < 0)
        return 0;
    return duration_ms < ANSWER_DURATION_MAX_MS ? duration_ms : ANSWER_DURATION_MAX_MS;
}

void poll_tell_answer(const struct poll *poll, const struct poll_voter *voter, size_t at,
                      struct event *event, struct event_list *events)
{
    const struct poll_answer *answer = &voter->answers[at];
    bool is_anonymous = poll->info.anonymous;
    struct event_answer *told = arena_alloc(&events->arena, sizeof *told);
    *told = (struct event_answer){
        .id = event_text(events, answer->id),
        .original = event_text(events, answer->original),
        .retries = answer->retries,
        .question = (int64_t)at + 1,
        .is_skipped = answer->skipped,
        .options = answer->options,
        .text = event_text(events, answer->text ? answer->text : ""),
        .voter = event_text(events, voter->hash),
        .peer_id = event_text(events, is_anonymous ? "" : voter->peer_id),
        .user_id = event_text(events, is_anonymous ? "" : voter->user_id),
        .duration_ms = answer->duration_ms,
        .score = answer->score,
        .sent_at = answer->sent_at,
    };
    event->room = poll->room->number;
    event->poll.id = event_text(events, poll->id);
    event->poll.is_kept = poll->origin != POLL_NAMED;
    event->poll.answer = told;
}

// What the new answer has from the one that it replaces.
static void replace(struct poll_answer *answer, const struct poll_answer *by)
{
    struct poll_answer old = *answer;
    *answer = *by;
    if (old.given) {
        const char *first = old.original[0] ? old.original : old.id;
        memcpy(answer->original, first, strlen(first) + 1);
        answer->retries = old.retries + 1;
        answer->updated = true;
    }
    mem_free(old.text);
}

static void touch_voter(const struct poll *poll, const struct poll_voter *voter)
{
    struct text name = {0};
    text_addf(&name, "%s\n%s", poll->id, voter->key);
    room_touch_part(poll->room, PART_VOTER, name.at);
    text_dispose(&name);
}

enum poll_error poll_answer_question(struct poll *poll, struct peer *by,
                                     const struct answer_wish *wish, struct event_list *events,
                                     struct moment now, bool *correct)
{
    *correct = false;
    if (!poll_may_vote(poll, by))
        return POLL_REFUSED;
    if (poll->state != POLL_STARTED || poll->info.locked)
        return POLL_WRONG_STATE;
    if (wish->question < 1 || wish->question > (int64_t)poll->question_count)
        return POLL_NOT_FOUND;
    size_t at = (size_t)wish->question - 1;
    const struct poll_question *q = &poll->questions[at];
    option_set options;
    if (!fits(q, wish, &options))
        return POLL_BAD_ANSWER;

    char own[OWN_KEY_LEN_MAX + 1];
    const char *key = key_of(poll, by, own);
    struct poll_voter *voter = map_get(&poll->voters, bytes_of(key));
    if (voter && is_final(poll, q, &voter->answers[at], wish))
        return POLL_ANSWERED;
    if (voter ? voter->answers[at].retries == POLL_ANSWER_UPDATES_MAX
              : poll->voter_count == POLL_VOTERS_MAX)
        return POLL_FULL;
    if (!voter)
        voter = poll_add_voter(poll, key, by->id, by->user_id, by->name);

    struct poll_answer *answer = &voter->answers[at];
    poll->answer_count += !answer->given;
    replace(answer, &(struct poll_answer){
                        .given = true,
                        .skipped = wish->skipped,
                        .options = options,
                        .text = is_choice(q) || wish->skipped ? NULL : mem_text(wish->text),
                        .duration_ms = bounded(wish->duration_ms),
                        .sent_at = now.wall_ms,
                    });
    id_object(&poll->room->rooms->ids, now.wall_ms, answer->id);
    poll_judge(q, answer);
    *correct = answer->correct && !q->hides_solution;
    poll_tell_answer(poll, voter, at, event_add_who(events, EVENT_POLL_ANSWERED, by), events);
    if (!poll->stats.place)
        timers_set(&poll->room->rooms->timers, &poll->stats,
                   now.mono_us + (int64_t)POLL_STATS_INTERVAL_MS * 1000);
    touch_voter(poll, voter);
    return POLL_DONE;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = (*(const struct poll_voter *const *)a)->number;
    uint64_t right = (*(const struct poll_voter *const *)b)->number;
    return left < right ? -1 : left > right;
}

const struct poll_voter **poll_voters(const struct poll *poll, struct arena *arena)
{
    const struct poll_voter **list = arena_alloc(arena, poll->voter_count * sizeof *list);
    size_t count = 0, at = 0;
    const struct poll_voter *voter;
    while ((voter = map_next(&poll->voters, &at)))
        list[count++] = voter;
    qsort(list, count, sizeof *list, by_number);
    return list;
}
