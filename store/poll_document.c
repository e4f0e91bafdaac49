#include "store/poll_document.h"

#include <string.h>

// --- Reading ---

static const char *text_of(const json_t *from, const char *key, struct arena *arena)
{
    return arena_text(arena, bytes_of(json_get_text(from, key, "")));
}

// A whole number from 0 to `max`, else 0.
static int count_of(const json_t *from, const char *key, int max)
{
    int64_t value = json_get_int(from, key, 0);
    return value >= 0 && value <= max ? (int)value : 0;
}

static struct poll_roles read_roles(const json_t *from, const char *key, struct arena *arena)
{
    const json_t *list = json_get_array(from, key);
    size_t count = json_array_size(list);
    const char **names = arena_alloc(arena, count * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        names[i] = arena_text(arena, bytes_of(name ? name : ""));
    }
    return (struct poll_roles){names, count};
}

static void read_options(const json_t *list, struct arena *arena, struct poll_question *q)
{
    size_t count = json_array_size(list);
    count = count < POLL_OPTIONS_MAX ? count : POLL_OPTIONS_MAX;
    struct poll_option *options = arena_alloc(arena, count * sizeof *options);
    for (size_t i = 0; i < count; i++) {
        const json_t *option = json_array_get(list, i);
        options[i] = (struct poll_option){text_of(option, "text", arena),
                                          count_of(option, "weight", INT16_MAX)};
    }
    q->options = options;
    q->option_count = count;
}

static void read_solution(const json_t *from, struct arena *arena, struct poll_question *q)
{
    const json_t *options = json_get_array(from, "options");
    for (size_t i = 0; i < json_array_size(options); i++) {
        int64_t option = json_integer_value(json_array_get(options, i));
        if (option >= 1 && option <= POLL_OPTIONS_MAX)
            q->solution |= (option_set)1 << (option - 1);
    }
    q->solution_text = text_of(from, "text", arena);
    q->hides_solution = json_get_bool(from, "hidden", false);
    q->minds_case = json_get_bool(from, "case", false);
    q->trims = json_get_bool(from, "trim", false);
    q->has_solution = q->solution || q->solution_text[0];
}

static struct poll_question read_question(const json_t *from, struct arena *arena)
{
    int type = question_type_from_name(json_get_text(from, "type", ""));
    struct poll_question q = {
        .type = type < 0 ? QUESTION_SINGLE_CHOICE : (enum question_type)type,
        .text = text_of(from, "text", arena),
        .skippable = json_get_bool(from, "skippable", true),
        .once = json_get_bool(from, "once", false),
        .negative = json_get_bool(from, "negative", false),
        .duration_s = count_of(from, "duration", POLL_DURATION_MAX_S),
        .weight = count_of(from, "weight", INT16_MAX),
        .answer_min_len = count_of(from, "answer_min_len", POLL_TEXT_LEN_MAX),
        .answer_max_len = count_of(from, "answer_max_len", POLL_TEXT_LEN_MAX),
    };
    read_options(json_get_array(from, "options"), arena, &q);
    read_solution(json_get_object(from, "answer"), arena, &q);
    return q;
}

void store_poll_read_value(const char *id, const json_t *from, struct arena *arena,
                           struct linked_poll *poll)
{
    const json_t *list = json_get_array(from, "questions");
    int type = poll_type_from_name(json_get_text(from, "type", ""));
    int mode = poll_mode_from_name(json_get_text(from, "mode", ""));
    size_t count = json_array_size(list);
    count = count < POLL_QUESTIONS_MAX ? count : POLL_QUESTIONS_MAX;
    *poll = (struct linked_poll){
        .id = arena_text(arena, bytes_of(id)),
        .info = {.title = text_of(from, "title", arena),
                 .type = type < 0 ? POLL_POLL : (enum poll_type)type,
                 .mode = mode < 0 ? POLL_BY_USER : (enum poll_mode)mode,
                 .duration_s = count_of(from, "duration", POLL_DURATION_MAX_S),
                 .anonymous = json_get_bool(from, "anonymous", false),
                 .vote = read_roles(from, "vote", arena),
                 .responses = read_roles(from, "responses", arena)},
        .questions = arena_alloc(arena, count * sizeof *poll->questions),
        .question_count = count,
        .starts_at_once = strcmp(json_get_text(from, "start", ""), "auto") == 0,
    };
    for (size_t i = 0; i < count; i++)
        poll->questions[i] = (struct numbered_question){
            .index = (int64_t)i + 1, .is = read_question(json_array_get(list, i), arena)};
}

void store_poll_read(const char *id, const char *document, struct arena *arena,
                     struct linked_poll *poll)
{
    json_t *from = json_loads(document, 0, NULL);
    store_poll_read_value(id, from, arena, poll);
    json_decref(from);
}

// --- Writing ---

static void put_roles(struct json_out *j, const char *key, const struct poll_roles *roles)
{
    if (roles->count)
        json_member_strings(j, key, roles->at, roles->count);
}

static void put_options(struct json_out *j, const struct poll_question *q)
{
    json_key(j, "options");
    json_open(j, '[');
    for (size_t i = 0; i < q->option_count; i++) {
        json_open(j, '{');
        json_member_int(j, "index", (int64_t)i + 1);
        json_member_string(j, "text", q->options[i].text);
        json_member_int(j, "weight", q->options[i].weight);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_solution(struct json_out *j, const struct poll_question *q)
{
    json_key(j, "answer");
    json_open(j, '{');
    json_member_bool(j, "hidden", q->hides_solution);
    json_key(j, "options");
    json_open(j, '[');
    for (int i = 0; i < POLL_OPTIONS_MAX; i++) {
        if ((q->solution >> i) & 1)
            json_put_int(j, i + 1);
    }
    json_close(j, ']');
    if (q->solution_text[0])
        json_member_string(j, "text", q->solution_text);
    json_member_bool(j, "case", q->minds_case);
    json_member_bool(j, "trim", q->trims);
    json_close(j, '}');
}

static void put_question(struct json_out *j, const struct poll_question *q, size_t at)
{
    json_open(j, '{');
    json_member_int(j, "index", (int64_t)at + 1);
    json_member_string(j, "text", q->text);
    json_member_string(j, "format", "text");
    json_key(j, "attachment");
    json_open(j, '[');
    json_close(j, ']');
    json_member_bool(j, "skippable", q->skippable);
    json_member_int(j, "duration", q->duration_s);
    json_member_bool(j, "once", q->once);
    json_member_int(j, "weight", q->weight);
    if (q->negative)
        json_member_bool(j, "negative", true);
    if (q->answer_min_len)
        json_member_int(j, "answer_min_len", q->answer_min_len);
    json_member_int(j, "answer_max_len",
                    q->answer_max_len ? q->answer_max_len : POLL_TEXT_LEN_MAX);
    json_member_string(j, "type", question_type_name(q->type));
    if (q->has_solution)
        put_solution(j, q);
    put_options(j, q);
    json_close(j, '}');
}

void store_poll_write(struct json_out *j, const struct poll_info *info,
                      const struct poll_question *questions, size_t question_count)
{
    json_open(j, '{');
    json_member_string(j, "title", info->title);
    json_member_int(j, "duration", info->duration_s);
    json_member_bool(j, "anonymous", info->anonymous);
    json_member_string(j, "mode", poll_mode_name(info->mode));
    json_member_string(j, "type", poll_type_name(info->type));
    json_member_string(j, "start", "manual");
    put_roles(j, "vote", &info->vote);
    put_roles(j, "responses", &info->responses);
    json_key(j, "questions");
    json_open(j, '[');
    for (size_t i = 0; i < question_count; i++)
        put_question(j, &questions[i], i);
    json_close(j, ']');
    json_close(j, '}');
}
