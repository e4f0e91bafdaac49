#include "room/poll_result.h"

#include <stdlib.h>

static size_t count_eligible(const struct poll *poll)
{
    size_t count = 0, at = 0;
    const struct peer *peer;
    while ((peer = map_next(&poll->room->peers, &at)))
        count += poll_may_vote(poll, peer);
    return count;
}

struct poll_result poll_result(const struct poll *poll, struct arena *arena)
{
    struct poll_result result = {
        .user_count = poll->voter_count,
        .max_user = count_eligible(poll),
        .total_response = poll->answer_count,
        .questions = arena_alloc(arena, poll->question_count * sizeof *result.questions),
    };
    size_t at = 0;
    const struct poll_voter *voter;
    while ((voter = map_next(&poll->voters, &at))) {
        for (size_t i = 0; i < poll->question_count; i++) {
            const struct poll_answer *answer = &voter->answers[i];
            struct question_result *q = &result.questions[i];
            q->total += answer->given;
            q->skipped += answer->skipped;
            q->correct += answer->correct;
            for (size_t k = 0; k < poll->questions[i].option_count; k++)
                q->options[k] += (answer->options >> k) & 1;
        }
    }
    return result;
}

static struct leader sum_up(const struct poll_voter *voter, size_t from, size_t to)
{
    struct leader leader = {.voter = voter};
    for (size_t i = from; i < to; i++) {
        const struct poll_answer *answer = &voter->answers[i];
        if (!answer->given)
            continue;
        leader.total_responses++;
        leader.correct_responses += answer->correct;
        leader.score += answer->score;
        leader.duration_ms += answer->duration_ms;
    }
    return leader;
}

static int by_merit(const void *a, const void *b)
{
    const struct leader *left = a, *right = b;
    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    if (left->duration_ms != right->duration_ms)
        return left->duration_ms < right->duration_ms ? -1 : 1;
    return left->voter->number < right->voter->number ? -1 : 1;
}

static void number(struct leader *leaders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool equal = i > 0 && leaders[i].score == leaders[i - 1].score &&
                     leaders[i].duration_ms == leaders[i - 1].duration_ms;
        leaders[i].position = equal ? leaders[i - 1].position : i + 1;
    }
}

struct leaderboard poll_leaderboard(const struct poll *poll, int64_t question,
                                    struct arena *arena)
{
    size_t from = question ? (size_t)question - 1 : 0;
    size_t to = question ? (size_t)question : poll->question_count;
    const struct poll_voter **voters = poll_voters(poll, arena);
    struct leaderboard board = {
        .leaders = arena_alloc(arena, poll->voter_count * sizeof *board.leaders),
    };
    int64_t time = 0, score = 0;
    for (size_t i = 0; i < poll->voter_count; i++) {
        struct leader leader = sum_up(voters[i], from, to);
        if (leader.total_responses == 0)
            continue;
        board.leaders[board.leader_count++] = leader;
        board.correct_users += leader.correct_responses == to - from;
        time += leader.duration_ms;
        score += leader.score;
    }
    qsort(board.leaders, board.leader_count, sizeof *board.leaders, by_merit);
    number(board.leaders, board.leader_count);
    size_t eligible = count_eligible(poll);
    board.voted_users = board.leader_count;
    board.total_users = eligible > board.voted_users ? eligible : board.voted_users;
    if (board.voted_users) {
        board.avg_time = (double)time / (double)board.voted_users;
        board.avg_score = (double)score / (double)board.voted_users;
    }
    return board;
}
