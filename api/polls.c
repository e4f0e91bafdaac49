// /v2/polls: making polls, and changing them as a whole, by question and by option.

#include "api/polls.h"

#include "api/poll_fields.h"
#include "base/err.h"
#include "base/limits.h"

#include <string.h>

int api_poll_of_path(struct api_context *c, struct store_poll *poll)
{
    int err = store_poll_get(c->db, c->call->parameters[0], c->arena, poll);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, "poll not found");
    return err ? api_fail_storage(c, err) : 0;
}

static void answer_poll(struct api_context *c, const char *id, const json_t *document)
{
    const char *key;
    json_t *value;
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "id", id);
    json_object_foreach((json_t *)document, key, value)
    {
        json_key(&j, key);
        json_put_value(&j, value);
    }
    json_close(&j, '}');
}

// The document as it is stored; an answer when it is too long.
static int write_document(struct api_context *c, const json_t *document, const char **text)
{
    struct text t = {0};
    struct json_out j = json_out_on(&t);
    json_put_value(&j, document);
    int err = t.len > POLL_DOCUMENT_LEN_MAX ? api_fail_body(c, "the poll is too large") : 0;
    *text = arena_text(c->arena, text_bytes(&t));
    text_dispose(&t);
    return err;
}

// --- Whole polls ---

static int read_poll(struct api_context *c, json_t **document)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    err = api_poll_take(c, body, document);
    json_decref(body);
    return err;
}

int api_polls_create(struct api_context *c)
{
    json_t *document;
    char id[OBJECT_ID_LEN + 1];
    int err = read_poll(c, &document);
    if (err)
        return err;
    id_object(&c->api->ids, c->now.wall_ms, id);
    struct store_poll poll = {
        .id = id, .created_at = c->now.wall_ms, .updated_at = c->now.wall_ms};
    err = write_document(c, document, &poll.document);
    if (!err && (err = store_poll_insert(c->db, &poll)))
        api_fail_storage(c, err);
    if (!err)
        answer_poll(c, id, document);
    json_decref(document);
    return err;
}

int api_polls_get(struct api_context *c)
{
    struct store_poll poll;
    int err = api_poll_of_path(c, &poll);
    if (err)
        return err;
    json_t *document = json_loads(poll.document, 0, NULL);
    answer_poll(c, poll.id, document);
    json_decref(document);
    return 0;
}

static int rewrite(struct api_context *c, struct store_poll *poll, const json_t *document)
{
    int err = write_document(c, document, &poll->document);
    if (err)
        return err;
    poll->updated_at = c->now.wall_ms;
    err = store_poll_update(c->db, poll);
    c->call->changed_poll = poll->id;
    return err ? api_fail_storage(c, err) : 0;
}

int api_polls_update(struct api_context *c)
{
    struct store_poll poll;
    json_t *document;
    int err = api_poll_of_path(c, &poll);
    if (!err)
        err = read_poll(c, &document);
    if (err)
        return err;
    err = rewrite(c, &poll, document);
    if (!err)
        answer_poll(c, poll.id, document);
    json_decref(document);
    return err;
}

// --- Its parts ---

// A place of the path: 1 to `most`, else 0.
static size_t place_of(const struct api_context *c, size_t parameter, size_t most)
{
    const char *text = c->call->parameters[parameter];
    size_t value = 0, len = strlen(text);
    if (len > 2 || strspn(text, "0123456789") != len || text[0] == '0')
        return 0;
    for (size_t i = 0; i < len; i++)
        value = 10 * value + (size_t)(text[i] - '0');
    return value <= most ? value : 0;
}

// The list that the path names an element of.
struct part {
    struct store_poll poll;
    json_t *document;    // json_decref() it
    json_t *question;    // of an option; else NULL
    json_t *list;        // questions, or options of `question`
    size_t place;        // from 1
    const char *unknown; // what to say when there is none
};

static int find_part(struct api_context *c, bool is_option, struct part *part)
{
    *part = (struct part){.unknown = is_option ? "option not found" : "question not found"};
    int err = api_poll_of_path(c, &part->poll);
    if (err)
        return err;
    part->document = json_loads(part->poll.document, 0, NULL);
    part->list = json_object_get(part->document, "questions");
    part->place = place_of(c, 1, POLL_QUESTIONS_MAX);
    if (is_option) {
        part->question = json_array_get(part->list, part->place - 1);
        if (!part->place || !part->question)
            err = api_fail(c, 404, "question not found");
        part->list = json_object_get(part->question, "options");
        part->place = place_of(c, 2, POLL_OPTIONS_MAX);
    }
    if (!err && !part->place)
        err = api_fail(c, 404, part->unknown);
    if (err)
        json_decref(part->document);
    return err;
}

// One more than there are appends.
static int set_part(struct api_context *c, struct part *part, json_t *element)
{
    size_t count = json_array_size(part->list);
    if (part->place > count + 1)
        return api_fail_body(c, "Invalid body param: index");
    if (part->place == count + 1)
        json_array_append(part->list, element);
    else
        json_array_set(part->list, part->place - 1, element);
    api_renumber(part->list);
    return part->question ? api_question_check(c, part->question) : 0;
}

static int set_one(struct api_context *c, bool is_option)
{
    struct part part;
    json_t *body, *element = NULL;
    int err = find_part(c, is_option, &part);
    if (err)
        return err;
    err = api_body(c, &body);
    if (!err) {
        err = is_option ? api_option_take(c, body, &element)
                        : api_question_take(c, body, &element);
        json_decref(body);
    }
    if (!err)
        err = set_part(c, &part, element);
    if (!err)
        err = rewrite(c, &part.poll, part.document);
    if (!err) {
        struct json_out j = api_json(c);
        json_put_value(&j, element);
    }
    json_decref(element);
    json_decref(part.document);
    return err;
}

// The solution names options by their places, which have moved.
static void forget_option(json_t *question, size_t place)
{
    json_t *solution = json_object_get(json_object_get(question, "answer"), "options");
    for (size_t i = json_array_size(solution); i > 0; i--) {
        json_int_t option = json_integer_value(json_array_get(solution, i - 1));
        if (option == (json_int_t)place)
            json_array_remove(solution, i - 1);
        else if (option > (json_int_t)place)
            json_array_set_new(solution, i - 1, json_integer(option - 1));
    }
}

static int drop(struct api_context *c, bool is_option)
{
    struct part part;
    int err = find_part(c, is_option, &part);
    if (err)
        return err;
    if (part.place > json_array_size(part.list)) {
        err = api_fail(c, 404, part.unknown);
    } else {
        json_array_remove(part.list, part.place - 1);
        api_renumber(part.list);
        forget_option(part.question, part.place);
        err = rewrite(c, &part.poll, part.document);
    }
    json_decref(part.document);
    if (!err)
        c->response->status = 204;
    return err;
}

int api_poll_question_set(struct api_context *c)
{
    return set_one(c, false);
}

int api_poll_option_set(struct api_context *c)
{
    return set_one(c, true);
}

int api_poll_question_delete(struct api_context *c)
{
    return drop(c, false);
}

int api_poll_option_delete(struct api_context *c)
{
    return drop(c, true);
}
