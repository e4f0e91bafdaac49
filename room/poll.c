#include "room/poll.h"

#include "base/err.h"
#include "base/id.h"
#include "base/words.h"
#include "room/permit.h"

#include <stdlib.h>
#include <string.h>

// --- Who may ---

static bool is_among(const struct poll_roles *roles, const char *role)
{
    return !roles->count || words_contain(roles->at, roles->count, role);
}

bool poll_may_vote(const struct poll *poll, const struct peer *by)
{
    return permit(by, ACT_READ_POLLS) && is_among(&poll->info.vote, by->role->name);
}

bool poll_may_see_answers(const struct poll *poll, const struct peer *by)
{
    if (permit(by, ACT_WRITE_POLLS))
        return true;
    bool is_running_quiz = poll->info.type == POLL_QUIZ && poll->state != POLL_STOPPED;
    return permit(by, ACT_READ_POLLS) && !is_running_quiz &&
           is_among(&poll->info.responses, by->role->name);
}

bool poll_may_read(const struct poll *poll, const struct peer *by)
{
    (void)poll;
    return permit(by, ACT_READ_POLLS);
}

bool poll_may_see_leaderboard(const struct poll *poll, const struct peer *by)
{
    return poll->state == POLL_STOPPED || permit(by, ACT_WRITE_POLLS);
}

bool poll_sees_own_answer_only(const struct poll *poll, const struct peer *by)
{
    return permit(by, ACT_READ_POLLS) && !poll_may_see_answers(poll, by) &&
           poll_voter_of(poll, by);
}

bool poll_may_see_solution(const struct poll *poll, const struct peer *by)
{
    return permit(by, ACT_WRITE_POLLS) || poll->state == POLL_STOPPED;
}

enum poll_error poll_find(struct room *room, const struct peer *by, const char *id,
                          struct poll **poll)
{
    if (!permit(by, ACT_READ_POLLS))
        return POLL_REFUSED;
    *poll = map_get(&room->polls.by_id, bytes_of(id));
    bool may_know = *poll && ((*poll)->state != POLL_CREATED || permit(by, ACT_WRITE_POLLS));
    return may_know ? POLL_DONE : POLL_NOT_FOUND;
}

// One that `by` may change, and that is in this state.
static enum poll_error find_to_write(struct room *room, const struct peer *by, const char *id,
                                     enum poll_state state, struct poll **found)
{
    if (!permit(by, ACT_WRITE_POLLS))
        return POLL_REFUSED;
    enum poll_error err = poll_find(room, by, id, found);
    if (err)
        return err;
    return (*found)->state == state ? POLL_DONE : POLL_WRONG_STATE;
}

// --- Making ---

static const char *keep_text(struct arena *arena, const char *text)
{
    return arena_text(arena, bytes_of(text));
}

static struct poll_roles keep_roles(struct arena *arena, const struct poll_roles *roles)
{
    const char **at = arena_alloc(arena, roles->count * sizeof *at);
    for (size_t i = 0; i < roles->count; i++)
        at[i] = keep_text(arena, roles->at[i]);
    return (struct poll_roles){at, roles->count};
}

static struct poll_info keep_info(struct arena *arena, const struct poll_info *info)
{
    struct poll_info kept = *info;
    kept.title = keep_text(arena, info->title);
    kept.vote = keep_roles(arena, &info->vote);
    kept.responses = keep_roles(arena, &info->responses);
    return kept;
}

static struct poll_question keep_question(struct arena *arena, const struct poll_question *q)
{
    struct poll_question kept = *q;
    struct poll_option *options = arena_alloc(arena, q->option_count * sizeof *options);
    for (size_t i = 0; i < q->option_count; i++)
        options[i] =
            (struct poll_option){keep_text(arena, q->options[i].text), q->options[i].weight};
    kept.options = options;
    kept.text = keep_text(arena, q->text);
    kept.solution_text = keep_text(arena, q->solution_text);
    return kept;
}

// Replaces what the poll says: old and new words may be the same, so the new ones are copied
// before the old ones go.
static void rewrite(struct poll *poll, const struct poll_info *info,
                    const struct poll_question *questions, size_t question_count)
{
    struct arena words = {0};
    struct poll_info kept = keep_info(&words, info);
    struct poll_question *list = arena_alloc(&words, question_count * sizeof *list);
    for (size_t i = 0; i < question_count; i++)
        list[i] = keep_question(&words, &questions[i]);
    arena_dispose(&poll->words);
    poll->words = words;
    poll->info = kept;
    poll->questions = list;
    poll->question_count = question_count;
}

static bool roles_are_bounded(const struct poll_roles *roles)
{
    return role_names_fit(roles->at, roles->count);
}

static bool id_is_valid(const char *id)
{
    size_t len = strlen(id);
    return len <= POLL_ID_LEN_MAX && !id_is_inherited(id) &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
               len;
}

static struct poll *make_poll(struct room *room, const struct peer *by, const char *id,
                              struct moment now)
{
    struct poll *poll = mem_alloc(sizeof *poll);
    poll->room = room;
    poll->number = ++room->polls.last_number;
    poll->origin = *id ? POLL_NAMED : POLL_MADE;
    if (*id)
        memcpy(poll->id, id, strlen(id) + 1);
    else
        id_object(&room->rooms->ids, now.wall_ms, poll->id);
    poll->created_by = mem_text(by ? by->id : "");
    poll->started_by = mem_text("");
    poll->stopped_by = mem_text("");
    poll->created_at = now.wall_ms;
    poll->end = (struct timer){.owner = poll, .kind = TIMER_POLL_END};
    poll->stats = (struct timer){.owner = poll, .kind = TIMER_POLL_STATS};
    rng_fill(room->rooms->rng, poll->voters.seed, sizeof poll->voters.seed);
    rng_fill(room->rooms->rng, poll->salt, sizeof poll->salt);
    map_put(&room->polls.by_id, bytes_of(poll->id), poll);
    return poll;
}

enum poll_error poll_set_info(struct room *room, const struct peer *by, const char *id,
                              const struct poll_info *info, struct moment now,
                              struct poll **made)
{
    if (!permit(by, ACT_WRITE_POLLS))
        return POLL_REFUSED;
    struct poll *poll = map_get(&room->polls.by_id, bytes_of(id));
    if (poll && poll->state != POLL_CREATED)
        return POLL_WRONG_STATE;
    if (poll && by && poll->origin == POLL_LINKED)
        return POLL_IS_LINKED;
    if (!id_is_valid(id))
        return POLL_NOT_FOUND;
    if ((!poll && room->polls.by_id.count == POLLS_PER_SESSION_MAX) ||
        strlen(info->title) > POLL_TEXT_LEN_MAX || info->duration_s > POLL_DURATION_MAX_S ||
        !roles_are_bounded(&info->vote) || !roles_are_bounded(&info->responses))
        return POLL_FULL;
    if (!poll)
        poll = make_poll(room, by, id, now);
    rewrite(poll, info, poll->questions, poll->question_count);
    room_touch_part(room, PART_POLL, poll->id);
    *made = poll;
    return POLL_DONE;
}

static bool is_choice(const struct poll_question *q)
{
    return q->type == QUESTION_SINGLE_CHOICE || q->type == QUESTION_MULTIPLE_CHOICE;
}

static bool question_is_bounded(const struct poll_question *q)
{
    if (strlen(q->text) > POLL_TEXT_LEN_MAX || strlen(q->solution_text) > POLL_TEXT_LEN_MAX ||
        q->option_count > POLL_OPTIONS_MAX || q->answer_max_len > POLL_TEXT_LEN_MAX)
        return false;
    for (size_t i = 0; i < q->option_count; i++) {
        if (strlen(q->options[i].text) > POLL_TEXT_LEN_MAX)
            return false;
    }
    return true;
}

bool poll_question_is_sound(const struct poll_question *q)
{
    option_set all = (option_set)((UINT64_C(1) << q->option_count) - 1);
    return q->text[0] && is_choice(q) == (q->option_count > 0) && (q->solution & ~all) == 0 &&
           q->weight >= 0 && q->answer_min_len >= 0 && q->duration_s >= 0;
}

static int by_index(const void *a, const void *b)
{
    int64_t left = ((const struct numbered_question *)a)->index;
    int64_t right = ((const struct numbered_question *)b)->index;
    return left < right ? -1 : left > right;
}

enum poll_error poll_set_questions(struct room *room, const struct peer *by, const char *id,
                                   struct numbered_question *questions, size_t count,
                                   struct arena *arena, struct poll **found)
{
    enum poll_error err = find_to_write(room, by, id, POLL_CREATED, found);
    if (err)
        return err;
    struct poll *poll = *found;
    if (by && poll->origin == POLL_LINKED)
        return POLL_IS_LINKED;
    qsort(questions, count, sizeof *questions, by_index);

    struct poll_question *list = arena_alloc(arena, POLL_QUESTIONS_MAX * sizeof *list);
    size_t list_count = poll->question_count;
    if (list_count)
        memcpy(list, poll->questions, list_count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        int64_t index = questions[i].index;
        if (index > POLL_QUESTIONS_MAX || !question_is_bounded(&questions[i].is))
            return POLL_FULL;
        if (index < 1 || index > (int64_t)list_count + 1 ||
            !poll_question_is_sound(&questions[i].is))
            return POLL_BAD_QUESTION;
        list[index - 1] = questions[i].is;
        if (index > (int64_t)list_count)
            list_count++;
    }
    rewrite(poll, &poll->info, list, list_count);
    room_touch_part(room, PART_POLL, poll->id);
    return POLL_DONE;
}

// --- From state to state ---

static void replace(char **text, const char *by)
{
    mem_free(*text);
    *text = mem_text(by);
}

static struct event *add_event(const struct poll *poll, enum event_kind kind,
                               struct event_list *events)
{
    struct event *event = event_add(events, kind, NULL);
    event->room = poll->room->number;
    event->poll.id = event_text(events, poll->id);
    event->poll.is_kept = poll->origin != POLL_NAMED;
    return event;
}

// What the store does not know of yet is told whole.
static void add_started(const struct poll *poll, struct event_list *events)
{
    struct event *event = add_event(poll, EVENT_POLL_STARTED, events);
    event->poll.at = poll->started_at;
    if (poll->origin != POLL_MADE)
        return;
    struct poll_info *info = arena_alloc(&events->arena, sizeof *info);
    struct poll_question *questions =
        arena_alloc(&events->arena, poll->question_count * sizeof *questions);
    *info = keep_info(&events->arena, &poll->info);
    for (size_t i = 0; i < poll->question_count; i++)
        questions[i] = keep_question(&events->arena, &poll->questions[i]);
    event->poll.info = info;
    event->poll.questions = questions;
    event->poll.question_count = poll->question_count;
}

static void add_stopped(const struct poll *poll, struct event_list *events)
{
    add_event(poll, EVENT_POLL_STOPPED, events)->poll.at = poll->stopped_at;
}

enum poll_error poll_start(struct room *room, const struct peer *by, const char *id,
                           struct moment now, struct event_list *events, struct poll **found)
{
    enum poll_error err = find_to_write(room, by, id, POLL_CREATED, found);
    if (err)
        return err;
    struct poll *poll = *found;
    if (poll->question_count == 0)
        return POLL_NO_QUESTIONS;
    poll->state = POLL_STARTED;
    poll->started_at = now.wall_ms;
    replace(&poll->started_by, by ? by->id : "");
    if (poll->info.duration_s > 0)
        timers_set(&room->rooms->timers, &poll->end,
                   now.mono_us + (int64_t)poll->info.duration_s * 1000000);
    add_started(poll, events);
    room_touch_part(room, PART_POLL, poll->id);
    return POLL_DONE;
}

static void stop(struct poll *poll, const char *by, struct moment now,
                 struct event_list *events)
{
    struct timers *timers = &poll->room->rooms->timers;
    poll->state = POLL_STOPPED;
    poll->stopped_at = now.wall_ms;
    replace(&poll->stopped_by, by);
    timers_set(timers, &poll->end, NEVER);
    timers_set(timers, &poll->stats, NEVER);
    add_stopped(poll, events);
    room_touch_part(poll->room, PART_POLL, poll->id);
}

enum poll_error poll_stop(struct room *room, const struct peer *by, const char *id,
                          struct moment now, struct event_list *events, struct poll **found)
{
    enum poll_error err = find_to_write(room, by, id, POLL_STARTED, found);
    if (err)
        return err;
    stop(*found, by ? by->id : "", now, events);
    return POLL_DONE;
}

void poll_end_due(struct poll *poll, struct moment now, struct event_list *events)
{
    stop(poll, "", now, events);
}

void poll_stats_due(struct poll *poll, struct event_list *events)
{
    add_event(poll, EVENT_POLL_STATS, events);
}

// --- Reading ---

static int by_number(const void *a, const void *b)
{
    uint64_t left = (*(const struct poll *const *)a)->number;
    uint64_t right = (*(const struct poll *const *)b)->number;
    return left < right ? -1 : left > right;
}

struct poll **poll_list(const struct room *room, const struct peer *by, enum poll_state state,
                        struct arena *arena, size_t *count)
{
    struct poll **list = arena_alloc(arena, room->polls.by_id.count * sizeof *list), *poll;
    size_t at = 0;
    *count = 0;
    while ((poll = map_next(&room->polls.by_id, &at))) {
        if (poll->state == state && (state != POLL_CREATED || permit(by, ACT_WRITE_POLLS)))
            list[(*count)++] = poll;
    }
    qsort(list, *count, sizeof(struct poll *), by_number);
    return list;
}

// --- Once more ---

enum { RETELL_MS = 10000 };

static void retell_answers(const struct poll *poll, int64_t since,
                           const struct poll_voter *voter, struct event_list *events)
{
    for (size_t i = 0; i < poll->question_count; i++) {
        if (voter->answers[i].given && voter->answers[i].sent_at >= since)
            poll_tell_answer(poll, voter, i, event_add(events, EVENT_POLL_ANSWERED, NULL),
                             events);
    }
}

static int64_t last_answer_at(const struct poll *poll)
{
    int64_t last = 0;
    size_t at = 0;
    for (const struct poll_voter *voter; (voter = map_next(&poll->voters, &at));) {
        for (size_t i = 0; i < poll->question_count; i++) {
            if (voter->answers[i].sent_at > last)
                last = voter->answers[i].sent_at;
        }
    }
    return last;
}

static void retell(const struct poll *poll, struct event_list *events)
{
    if (poll->origin == POLL_NAMED || poll->state == POLL_CREATED)
        return;
    int64_t since = last_answer_at(poll) - RETELL_MS;
    add_started(poll, events);
    size_t at = 0;
    for (const struct poll_voter *voter; (voter = map_next(&poll->voters, &at));)
        retell_answers(poll, since, voter, events);
    if (poll->state == POLL_STOPPED)
        add_stopped(poll, events);
}

void polls_retell(const struct room *room, struct event_list *events)
{
    size_t at = 0;
    for (const struct poll *poll; (poll = map_next(&room->polls.by_id, &at));)
        retell(poll, events);
}

// --- Going ---

static void free_poll(struct poll *poll)
{
    struct timers *timers = &poll->room->rooms->timers;
    timers_set(timers, &poll->end, NEVER);
    timers_set(timers, &poll->stats, NEVER);
    size_t at = 0;
    struct poll_voter *voter;
    while ((voter = map_next(&poll->voters, &at))) {
        for (size_t i = 0; i < poll->question_count; i++)
            mem_free(voter->answers[i].text);
        mem_free(voter->key);
        mem_free(voter->peer_id);
        mem_free(voter->user_id);
        mem_free(voter->name);
        mem_free(voter);
    }
    map_dispose(&poll->voters);
    arena_dispose(&poll->words);
    mem_free(poll->created_by);
    mem_free(poll->started_by);
    mem_free(poll->stopped_by);
    mem_free(poll);
}

void poll_forget(struct poll *poll)
{
    map_remove(&poll->room->polls.by_id, bytes_of(poll->id));
    free_poll(poll);
}

void polls_dispose(struct polls *polls)
{
    size_t at = 0;
    struct poll *poll;
    while ((poll = map_next(&polls->by_id, &at)))
        free_poll(poll);
    map_dispose(&polls->by_id);
    *polls = (struct polls){0};
}
