// What the answers to a poll come to.
#pragma once

#include "room/poll.h"

struct question_result {
    size_t options[POLL_OPTIONS_MAX]; // votes
    size_t correct;
    size_t skipped;
    size_t total; // answers, skipped ones included
};

struct poll_result {
    size_t user_count;                 // who answered
    size_t max_user;                   // who may answer, and is in
    size_t total_response;             // answers in all
    struct question_result *questions; // as many as the poll has, in the arena
};

struct poll_result poll_result(const struct poll *poll, struct arena *arena);

struct leader {
    const struct poll_voter *voter;
    size_t position; // from 1; equals share one
    int score;
    size_t total_responses;
    size_t correct_responses;
    int64_t duration_ms;
};

struct leaderboard {
    size_t total_users;   // who may answer and is in, or did answer
    size_t voted_users;   // who answered
    size_t correct_users; // who got everything right
    double avg_time;      // ms, over those who answered
    double avg_score;
    struct leader *leaders; // the highest score first, then the shortest time; in the arena
    size_t leader_count;
};

// Of one question, or of all when `question` is 0.
struct leaderboard poll_leaderboard(const struct poll *poll, int64_t question,
                                    struct arena *arena);
