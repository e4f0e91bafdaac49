#include "room/poll_restore.h"

#include "base/err.h"

#include <string.h>

static void replace_text(char **text, const char *by)
{
    mem_free(*text);
    *text = mem_text(by);
}

static bool is_sound(const struct past_poll *past)
{
    // What has begun had its questions, and a beginning.
    bool has_begun = past->state != POLL_CREATED;
    return past->id[0] && past->info.duration_s >= 0 && past->created_at >= 0 &&
           (!has_begun || (past->question_count > 0 && past->started_at > 0)) &&
           (past->state != POLL_STOPPED || past->stopped_at > 0);
}

int poll_restore(struct room *room, const struct past_poll *past, struct moment now,
                 struct arena *arena)
{
    struct poll *made;
    if (!is_sound(past) || map_get(&room->polls.by_id, bytes_of(past->id)) ||
        poll_set_info(room, NULL, past->id, &past->info, now, &made) != POLL_DONE)
        return ERR_MALFORMED;
    struct numbered_question *questions =
        arena_alloc(arena, past->question_count * sizeof *questions);
    for (size_t i = 0; i < past->question_count; i++)
        questions[i] = (struct numbered_question){(int64_t)i + 1, past->questions[i]};
    if (poll_set_questions(room, NULL, past->id, questions, past->question_count, arena,
                           &made) != POLL_DONE) {
        poll_forget(made);
        return ERR_MALFORMED;
    }
    made->state = past->state;
    made->origin = past->origin;
    if (past->salt)
        memcpy(made->salt, past->salt, sizeof made->salt);
    replace_text(&made->created_by, past->created_by);
    replace_text(&made->started_by, past->started_by);
    replace_text(&made->stopped_by, past->stopped_by);
    made->created_at = past->created_at;
    made->started_at = past->started_at;
    made->stopped_at = past->stopped_at;
    if (past->state == POLL_STARTED && past->info.duration_s > 0) {
        int64_t gone_ms = now.wall_ms - past->started_at;
        int64_t left_ms = (int64_t)past->info.duration_s * 1000 - (gone_ms > 0 ? gone_ms : 0);
        timers_set(&room->rooms->timers, &made->end,
                   now.mono_us + (left_ms > 0 ? left_ms : 0) * 1000);
    }
    return 0;
}

static bool is_choice(const struct poll_question *q)
{
    return q->type == QUESTION_SINGLE_CHOICE || q->type == QUESTION_MULTIPLE_CHOICE;
}

// Options of the question, or a text, and nothing of a question that was skipped.
static bool is_answer_to(const struct poll_question *q, const struct past_answer *given)
{
    option_set all = (option_set)((UINT64_C(1) << q->option_count) - 1);
    if (given->skipped)
        return given->options == 0 && !given->text;
    if (is_choice(q))
        return given->options != 0 && (given->options & ~all) == 0 && !given->text;
    return given->options == 0 && given->text && strlen(given->text) <= POLL_TEXT_LEN_MAX;
}

static int restore_answer(struct poll *poll, const struct past_voter *past,
                          const struct past_answer *given)
{
    struct poll_voter *voter = map_get(&poll->voters, bytes_of(past->key));
    if (given->question < 1 || given->question > (int64_t)poll->question_count ||
        strlen(given->id) > UUID_LEN || strlen(given->original) > UUID_LEN ||
        strlen(past->hash) >= sizeof voter->hash || !past->key[0] || given->sent_at < 0 ||
        given->duration_ms < 0 || poll->state == POLL_CREATED)
        return ERR_MALFORMED;
    const struct poll_question *q = &poll->questions[given->question - 1];
    if (!is_answer_to(q, given) || (!voter && poll->voter_count == POLL_VOTERS_MAX))
        return ERR_MALFORMED;
    if (!voter)
        voter = poll_add_voter(poll, past->key, past->peer_id, past->user_id, past->name);
    struct poll_answer *answer = &voter->answers[given->question - 1];
    if (answer->given)
        return ERR_MALFORMED;
    memcpy(voter->hash, past->hash, strlen(past->hash) + 1);
    *answer = (struct poll_answer){
        .given = true,
        .skipped = given->skipped,
        .updated = given->updated,
        .retries = given->retries > 0 ? given->retries : 0,
        .options = given->options,
        .text = given->text ? mem_text(given->text) : NULL,
        .duration_ms = given->duration_ms,
        .sent_at = given->sent_at,
    };
    memcpy(answer->id, given->id, strlen(given->id) + 1);
    memcpy(answer->original, given->original, strlen(given->original) + 1);
    poll_judge(q, answer);
    poll->answer_count++;
    return 0;
}

int poll_restore_voter(struct room *room, const struct past_voter *past)
{
    struct poll *poll = map_get(&room->polls.by_id, bytes_of(past->poll_id));
    int err = poll && past->answer_count ? 0 : ERR_MALFORMED;
    for (size_t i = 0; !err && i < past->answer_count; i++)
        err = restore_answer(poll, past, &past->answers[i]);
    return err;
}
