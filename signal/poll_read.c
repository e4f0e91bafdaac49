// Polls as clients send them.
#include "signal/poll.h"

#include "base/limits.h"
#include "room/poll.h"

static bool is_true(const json_t *object, const char *key)
{
    return json_get_bool(object, key, false);
}

static struct poll_roles read_roles(struct arena *arena, const json_t *params, const char *key)
{
    struct poll_roles roles;
    roles.at = json_get_texts(params, key, arena, &roles.count);
    return roles;
}

// A whole number from 0 to `max`; `fallback` when it was not sent.
static bool take_count(const json_t *object, const char *key, int max, int fallback, int *value)
{
    const json_t *member = json_object_get(object, key);
    *value = fallback;
    if (!member || json_is_null(member))
        return true;
    double number = json_number_value(member);
    if (!json_is_number(member) || number < 0 || number > max || number != (double)(int)number)
        return false;
    *value = (int)number;
    return true;
}

static bool take_flag(const json_t *object, const char *key, bool *value)
{
    const json_t *member = json_object_get(object, key);
    *value = json_is_true(member);
    return !member || json_is_null(member) || json_is_boolean(member);
}

bool poll_read_info(struct call *call, struct poll_info *info)
{
    const json_t *params = call->rpc->params;
    int type = poll_type_from_name(json_get_text(params, "type", "poll"));
    int mode = poll_mode_from_name(json_get_text(params, "mode", "userid"));
    *info = (struct poll_info){
        .title = json_get_text(params, "title", ""),
        .anonymous = is_true(params, "anonymous"),
        .visibility = is_true(params, "visibility"),
        .locked = is_true(params, "locked"),
        .vote = read_roles(&call->events->arena, params, "vote"),
        .responses = read_roles(&call->events->arena, params, "responses"),
    };
    if (type < 0 || mode < 0 || !info->title[0] ||
        !take_count(params, "duration", POLL_DURATION_MAX_S, 0, &info->duration_s)) {
        reply_error(call, RPC_INVALID_PARAMS,
                    "title, type poll or quiz, mode userid, peerid or username, duration");
        return false;
    }
    info->type = (enum poll_type)type;
    info->mode = (enum poll_mode)mode;
    return true;
}

// Options count from 1, in their order; they may come in any.
static bool read_options(struct arena *arena, const json_t *list, struct poll_question *q)
{
    size_t count = json_array_size(list);
    if (count > POLL_OPTIONS_MAX)
        return false;
    struct poll_option *options = arena_alloc(arena, count * sizeof *options);
    for (size_t i = 0; i < count; i++) {
        const json_t *option = json_array_get(list, i);
        int64_t index = json_get_int(option, "index", 0);
        const char *text = json_get_text(option, "text", "");
        int weight;
        if (index < 1 || index > (int64_t)count || options[index - 1].text || !text[0] ||
            !take_count(option, "weight", INT16_MAX, 0, &weight))
            return false;
        options[index - 1] = (struct poll_option){text, weight};
    }
    q->options = options;
    q->option_count = count;
    return true;
}

static bool add_option(const json_t *value, option_set *set)
{
    int64_t option = json_integer_value(value);
    if (!json_is_integer(value) || option < 1 || option > POLL_OPTIONS_MAX)
        return false;
    *set |= (option_set)1 << (option - 1);
    return true;
}

static bool read_solution(const json_t *answer, struct poll_question *q)
{
    const json_t *option = json_object_get(answer, "option");
    const json_t *options = json_object_get(answer, "options");
    q->solution_text = json_get_text(answer, "text", "");
    if (!take_flag(answer, "hidden", &q->hides_solution) ||
        !take_flag(answer, "case", &q->minds_case) || !take_flag(answer, "trim", &q->trims) ||
        (options && !json_is_null(options) && !json_is_array(options)))
        return false;
    if (option && !json_is_null(option) && !add_option(option, &q->solution))
        return false;
    for (size_t i = 0; i < json_array_size(options); i++) {
        if (!add_option(json_array_get(options, i), &q->solution))
            return false;
    }
    q->has_solution = q->solution || q->solution_text[0];
    return true;
}

bool poll_read_question(struct arena *arena, const json_t *from, struct numbered_question *to)
{
    const json_t *question = json_get_object(from, "question");
    int type = question_type_from_name(json_get_text(question, "type", ""));
    if (type < 0)
        return false;
    to->index = json_get_int(question, "index", 0);
    to->is = (struct poll_question){
        .type = (enum question_type)type,
        .text = json_get_text(question, "text", ""),
    };
    return take_flag(question, "skippable", &to->is.skippable) &&
           take_flag(question, "once", &to->is.once) &&
           take_flag(question, "negative", &to->is.negative) &&
           take_count(question, "duration", POLL_DURATION_MAX_S, 0, &to->is.duration_s) &&
           take_count(question, "weight", INT16_MAX, 1, &to->is.weight) &&
           take_count(question, "answer_min_len", POLL_TEXT_LEN_MAX, 0,
                      &to->is.answer_min_len) &&
           take_count(question, "answer_max_len", POLL_TEXT_LEN_MAX, 0,
                      &to->is.answer_max_len) &&
           read_options(arena, json_get_array(from, "options"), &to->is) &&
           read_solution(json_get_object(from, "answer"), &to->is);
}
