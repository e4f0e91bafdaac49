#include "api/poll_fields.h"

#include "base/err.h"
#include "base/limits.h"
#include "room/poll.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WORD_LEN_MAX = 64, PATH_LEN_MAX = 80 };

// A member on its way from what was sent to what is kept.
struct fields {
    struct api_context *c;
    const json_t *from;
    json_t *to;
    const char *path; // of `from`: "questions[0].", "" at the top
};

static int invalid(const struct fields *f, const char *key)
{
    char detail[160];
    snprintf(detail, sizeof detail, "Invalid body param: %s%s", f->path, key);
    return api_fail_body(f->c, detail);
}

// What was taken, or nothing of it when `err` is not 0, which is returned.
static int give(const struct fields *f, int err, json_t **to)
{
    if (err)
        json_decref(f->to);
    *to = err ? NULL : f->to;
    return err;
}

// --- Members ---

// `fallback` NULL: it has to be sent, and not be empty.
static int take_text(const struct fields *f, const char *key, size_t len_max,
                     const char *fallback)
{
    const char *text = fallback;
    if (api_sent(f->from, key))
        text = json_get_text(f->from, key, NULL);
    else if (!fallback)
        return invalid(f, key);
    if (!text || strlen(text) > len_max || (!fallback && !text[0]))
        return invalid(f, key);
    json_object_set_new(f->to, key, json_string(text));
    return 0;
}

static int take_bool(const struct fields *f, const char *key, bool fallback)
{
    const json_t *value = json_object_get(f->from, key);
    if (api_sent(f->from, key) && !json_is_boolean(value))
        return invalid(f, key);
    json_object_set_new(f->to, key, json_boolean(json_get_bool(f->from, key, fallback)));
    return 0;
}

// A whole number may come as 30.0.
static bool whole(const json_t *value, int most, int *number)
{
    double is = json_number_value(value);
    if (!json_is_number(value) || floor(is) != is || is < 0 || is > most)
        return false;
    *number = (int)is;
    return true;
}

static int take_count(const struct fields *f, const char *key, int most, int fallback)
{
    int value = fallback;
    if (api_sent(f->from, key) && !whole(json_object_get(f->from, key), most, &value))
        return invalid(f, key);
    json_object_set_new(f->to, key, json_integer(value));
    return 0;
}

static int take_word(const struct fields *f, const char *key, int from_name(const char *name),
                     const char *fallback)
{
    int err = take_text(f, key, WORD_LEN_MAX, fallback);
    return !err && from_name(json_get_text(f->to, key, "")) < 0 ? invalid(f, key) : err;
}

// A list that has to be one if it is sent. NULL: it was not.
static int find_list(const struct fields *f, const char *key, size_t most, const json_t **list)
{
    *list = json_get_array(f->from, key);
    if (api_sent(f->from, key) && (!*list || json_array_size(*list) > most))
        return invalid(f, key);
    return 0;
}

// Where the elements of a list go that may say their `index`: 0 and an order without gaps, or
// ERR_MALFORMED.
static int order_of(const json_t *list, size_t places[])
{
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++)
        places[i] = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *index = json_object_get(json_array_get(list, i), "index");
        int place = (int)i + 1;
        if (index && !json_is_null(index) && (!whole(index, (int)count, &place) || place < 1))
            return ERR_MALFORMED;
        if (places[place - 1] != count)
            return ERR_MALFORMED; // two of them
        places[place - 1] = i;
    }
    return 0;
}

void api_renumber(json_t *list)
{
    size_t at;
    json_t *element;
    json_array_foreach(list, at, element)
    {
        json_object_set_new(element, "index", json_integer((json_int_t)at + 1));
    }
}

typedef int take_element(struct api_context *c, const json_t *from, const char *path,
                         json_t **to);

static int take_list(const struct fields *f, const char *key, size_t most, take_element *take)
{
    const json_t *list;
    size_t
        places[POLL_QUESTIONS_MAX > POLL_OPTIONS_MAX ? POLL_QUESTIONS_MAX : POLL_OPTIONS_MAX];
    json_t *kept = json_array();
    json_object_set_new(f->to, key, kept);
    int err = find_list(f, key, most, &list);
    if (!err && order_of(list, places))
        return invalid(f, key);
    for (size_t i = 0; !err && i < json_array_size(list); i++) {
        char path[PATH_LEN_MAX];
        json_t *element;
        snprintf(path, sizeof path, "%s%s[%zu].", f->path, key, places[i]);
        err = take(f->c, json_array_get(list, places[i]), path, &element);
        if (!err)
            json_array_append_new(kept, element);
    }
    api_renumber(kept);
    return err;
}

// --- Options ---

static int take_option(struct api_context *c, const json_t *from, const char *path, json_t **to)
{
    struct fields f = {c, from, json_object(), path};
    json_object_set_new(f.to, "index", json_integer(1));
    int err = json_is_object(from) ? 0 : invalid(&f, "");
    if (!err)
        err = take_text(&f, "text", POLL_TEXT_LEN_MAX, NULL);
    if (!err)
        err = take_count(&f, "weight", INT16_MAX, 0);
    return give(&f, err, to);
}

int api_option_take(struct api_context *c, const json_t *from, json_t **to)
{
    return take_option(c, from, "", to);
}

// --- Questions ---

static bool attachment_ok(const json_t *from)
{
    const char *type = json_get_text(from, "type", "");
    const char *url = json_get_text(from, "url", "");
    bool http = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    return type[0] && strlen(type) <= WORD_LEN_MAX && http && strlen(url) <= POLL_URL_LEN_MAX;
}

static int take_attachments(const struct fields *f)
{
    const json_t *list;
    json_t *kept = json_array();
    json_object_set_new(f->to, "attachment", kept);
    int err = find_list(f, "attachment", POLL_ATTACHMENTS_MAX, &list);
    for (size_t i = 0; !err && i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        if (!attachment_ok(from))
            return invalid(f, "attachment");
        json_array_append_new(kept,
                              json_pack("{s:s, s:s}", "type", json_get_text(from, "type", ""),
                                        "url", json_get_text(from, "url", "")));
    }
    return err;
}

static int take_solution_options(const struct fields *f)
{
    const json_t *list;
    json_t *kept = json_array();
    json_object_set_new(f->to, "options", kept);
    int err = find_list(f, "options", POLL_OPTIONS_MAX, &list);
    for (size_t i = 0; !err && i < json_array_size(list); i++) {
        int option;
        if (!whole(json_array_get(list, i), POLL_OPTIONS_MAX, &option) || option < 1)
            return invalid(f, "options");
        json_array_append_new(kept, json_integer(option));
    }
    return err;
}

static int take_solution(const struct fields *question)
{
    char path[PATH_LEN_MAX];
    if (!api_sent(question->from, "answer"))
        return 0;
    if (!json_get_object(question->from, "answer"))
        return invalid(question, "answer");
    snprintf(path, sizeof path, "%sanswer.", question->path);
    struct fields f = {question->c, json_get_object(question->from, "answer"), json_object(),
                       path};
    json_object_set_new(question->to, "answer", f.to);
    int err = take_bool(&f, "hidden", false);
    if (!err)
        err = take_solution_options(&f);
    if (!err)
        err = take_text(&f, "text", POLL_TEXT_LEN_MAX, "");
    if (!err)
        err = take_bool(&f, "case", false);
    return err ? err : take_bool(&f, "trim", false);
}

static bool is_choice(const json_t *question)
{
    int type = question_type_from_name(json_get_text(question, "type", ""));
    return type == QUESTION_SINGLE_CHOICE || type == QUESTION_MULTIPLE_CHOICE;
}

static int check_question(const struct fields *f, const json_t *question)
{
    size_t count = json_array_size(json_get_array(question, "options"));
    const json_t *answer = json_get_object(question, "answer");
    const json_t *solution = json_get_array(answer, "options");
    if (!is_choice(question) && count)
        return invalid(f, "options");
    if (json_get_int(question, "answer_min_len", 0) >
        json_get_int(question, "answer_max_len", 0))
        return invalid(f, "answer_min_len");
    size_t most = strcmp(json_get_text(question, "type", ""), "single-choice") == 0 ? 1 : count;
    for (size_t i = 0; i < json_array_size(solution); i++) {
        if (i >= most || json_integer_value(json_array_get(solution, i)) > (json_int_t)count)
            return invalid(f, "answer.options");
    }
    return 0;
}

int api_question_check(struct api_context *c, const json_t *question)
{
    struct fields f = {c, question, NULL, ""};
    return check_question(&f, question);
}

static int take_question_numbers(const struct fields *f)
{
    int err = take_bool(f, "skippable", true);
    if (!err)
        err = take_count(f, "duration", POLL_DURATION_MAX_S, 0);
    if (!err)
        err = take_bool(f, "once", false);
    if (!err)
        err = take_count(f, "weight", INT16_MAX, 1);
    if (!err && api_sent(f->from, "negative"))
        err = take_bool(f, "negative", false);
    if (!err && api_sent(f->from, "answer_min_len"))
        err = take_count(f, "answer_min_len", POLL_TEXT_LEN_MAX, 0);
    return err ? err : take_count(f, "answer_max_len", POLL_TEXT_LEN_MAX, POLL_TEXT_LEN_MAX);
}

static int take_question(struct api_context *c, const json_t *from, const char *path,
                         json_t **to)
{
    struct fields f = {c, from, json_object(), path};
    json_object_set_new(f.to, "index", json_integer(1));
    int err = json_is_object(from) ? 0 : invalid(&f, "");
    if (!err)
        err = take_text(&f, "text", POLL_TEXT_LEN_MAX, NULL);
    if (!err)
        err = take_text(&f, "format", WORD_LEN_MAX, "text");
    if (!err)
        err = take_attachments(&f);
    if (!err)
        err = take_question_numbers(&f);
    if (!err)
        err = take_word(&f, "type", question_type_from_name, "single-choice");
    if (!err)
        err = take_solution(&f);
    if (!err)
        err = take_list(&f, "options", POLL_OPTIONS_MAX, take_option);
    if (!err)
        err = check_question(&f, f.to);
    return give(&f, err, to);
}

int api_question_take(struct api_context *c, const json_t *from, json_t **to)
{
    return take_question(c, from, "", to);
}

// --- Polls ---

static int start_from_name(const char *name)
{
    return strcmp(name, "auto") == 0 || strcmp(name, "manual") == 0 ? 0 : ERR_NOT_FOUND;
}

// Roles may be named that no template has yet: they are compared when somebody votes.
static int take_roles(const struct fields *f, const char *key)
{
    const json_t *list;
    int err = find_list(f, key, ROLES_PER_TEMPLATE_MAX, &list);
    if (err || !json_array_size(list))
        return err;
    json_t *kept = json_array();
    json_object_set_new(f->to, key, kept);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !name[0] || strlen(name) > NAME_LEN_MAX)
            return invalid(f, key);
        json_array_append_new(kept, json_string(name));
    }
    return 0;
}

int api_poll_take(struct api_context *c, const json_t *from, json_t **to)
{
    struct fields f = {c, from, json_object(), ""};
    int err = take_text(&f, "title", POLL_TEXT_LEN_MAX, NULL);
    if (!err)
        err = take_count(&f, "duration", POLL_DURATION_MAX_S, 0);
    if (!err)
        err = take_bool(&f, "anonymous", false);
    if (!err)
        err = take_word(&f, "mode", poll_mode_from_name, "userid");
    if (!err)
        err = take_word(&f, "type", poll_type_from_name, "poll");
    if (!err)
        err = take_word(&f, "start", start_from_name, "auto");
    if (!err)
        err = take_roles(&f, "vote");
    if (!err)
        err = take_roles(&f, "responses");
    if (!err)
        err = take_list(&f, "questions", POLL_QUESTIONS_MAX, take_question);
    return give(&f, err, to);
}
