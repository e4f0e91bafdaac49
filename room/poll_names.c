#include "room/poll.h"

#include "base/err.h"
#include "base/words.h"

static const char *const type_names[] = {"poll", "quiz"};
static const char *const state_names[] = {"created", "started", "stopped"};
static const char *const mode_names[] = {"userid", "peerid", "username"};
static const char *const question_names[] = {"single-choice", "multiple-choice", "short-answer",
                                             "long-answer"};

static int from_name(const char *const *names, size_t count, const char *name)
{
    size_t at = words_find(names, count, name);
    return at < count ? (int)at : ERR_NOT_FOUND;
}

const char *poll_type_name(enum poll_type type)
{
    return type_names[type];
}

const char *poll_state_name(enum poll_state state)
{
    return state_names[state];
}

const char *poll_mode_name(enum poll_mode mode)
{
    return mode_names[mode];
}

const char *question_type_name(enum question_type type)
{
    return question_names[type];
}

int poll_type_from_name(const char *name)
{
    return from_name(type_names, 2, name);
}

int poll_state_from_name(const char *name)
{
    return from_name(state_names, 3, name);
}

int poll_mode_from_name(const char *name)
{
    return from_name(mode_names, 3, name);
}

int question_type_from_name(const char *name)
{
    return from_name(question_names, 4, name);
}
