#include "store/snapshot_polls.h"

#include "base/err.h"
#include "room/poll_restore.h"
#include "store/poll_document.h"

#include <stdlib.h>
#include <string.h>

// --- Writing ---

static void put_answer(struct json_out *j, const struct past_answer *answer)
{
    json_open(j, '{');
    json_member_int(j, "question", answer->question);
    json_member_string(j, "id", answer->id);
    json_member_bool(j, "skipped", answer->skipped);
    json_member_bool(j, "updated", answer->updated);
    json_member_string(j, "original", answer->original);
    json_member_int(j, "retries", answer->retries);
    json_member_int(j, "options", answer->options);
    if (answer->text)
        json_member_string(j, "text", answer->text);
    json_member_int(j, "duration", answer->duration_ms);
    json_member_int(j, "sent_at", answer->sent_at);
    json_close(j, '}');
}

void snapshot_put_voter(struct json_out *j, const struct past_voter *voter)
{
    json_open(j, '{');
    json_member_string(j, "poll", voter->poll_id);
    json_member_int(j, "number", (int64_t)voter->number);
    json_member_string(j, "key", voter->key);
    json_member_string(j, "hash", voter->hash);
    json_member_string(j, "peer_id", voter->peer_id);
    json_member_string(j, "user_id", voter->user_id);
    json_member_string(j, "name", voter->name);
    json_key(j, "answers");
    json_open(j, '[');
    for (size_t i = 0; i < voter->answer_count; i++)
        put_answer(j, &voter->answers[i]);
    json_close(j, ']');
    json_close(j, '}');
}

void snapshot_put_poll(struct json_out *j, const struct past_poll *poll)
{
    json_open(j, '{');
    json_member_int(j, "number", (int64_t)poll->number);
    json_member_string(j, "id", poll->id);
    json_member_int(j, "origin", poll->origin);
    json_key(j, "salt");
    json_open(j, '[');
    json_put_int(j, (int64_t)poll->salt[0]);
    json_put_int(j, (int64_t)poll->salt[1]);
    json_close(j, ']');
    json_member_bool(j, "visibility", poll->info.visibility);
    json_member_bool(j, "locked", poll->info.locked);
    json_key(j, "poll");
    store_poll_write(j, &poll->info, poll->questions, poll->question_count);
    json_member_int(j, "state", poll->state);
    json_member_string(j, "created_by", poll->created_by);
    json_member_string(j, "started_by", poll->started_by);
    json_member_string(j, "stopped_by", poll->stopped_by);
    json_member_int(j, "created_at", poll->created_at);
    json_member_int(j, "started_at", poll->started_at);
    json_member_int(j, "stopped_at", poll->stopped_at);
    json_close(j, '}');
}

// --- Reading ---
//
// What is missing or of another type reads as nothing; room/poll_restore checks what it gets.

static const char *text_of(const json_t *from, const char *key)
{
    return json_get_text(from, key, "");
}

// A whole number from 0 to `max`, else -1.
static int count_of(const json_t *from, const char *key, int max)
{
    int64_t value = json_get_int(from, key, -1);
    return value >= 0 && value <= max ? (int)value : -1;
}

// Versions of a document differ in where they name the poll.
static int read_voter(struct room *room, const char *poll_id, const json_t *from,
                      struct arena *arena)
{
    const json_t *list = json_get_array(from, "answers");
    size_t count = json_array_size(list);
    struct past_answer *answers = arena_alloc(arena, count * sizeof *answers);
    for (size_t i = 0; i < count; i++) {
        const json_t *answer = json_array_get(list, i);
        answers[i] = (struct past_answer){
            .question = json_get_int(answer, "question", 0),
            .id = text_of(answer, "id"),
            .skipped = json_get_bool(answer, "skipped", false),
            .updated = json_get_bool(answer, "updated", false),
            .original = text_of(answer, "original"),
            .retries = count_of(answer, "retries", POLL_ANSWER_UPDATES_MAX),
            .options = (option_set)json_get_int(answer, "options", 0),
            .text = json_get_text(answer, "text", NULL),
            .duration_ms = json_get_int(answer, "duration", 0),
            .sent_at = json_get_int(answer, "sent_at", 0),
        };
    }
    struct past_voter past = {
        .poll_id = poll_id,
        .key = text_of(from, "key"),
        .hash = text_of(from, "hash"),
        .peer_id = text_of(from, "peer_id"),
        .user_id = text_of(from, "user_id"),
        .name = text_of(from, "name"),
        .answers = answers,
        .answer_count = count,
    };
    return poll_restore_voter(room, &past);
}

static int read_poll(struct room *room, const json_t *from, struct arena *arena,
                     struct moment now, size_t *left_out)
{
    const json_t *document = json_get_object(from, "poll");
    const json_t *voters = json_get_array(from, "voters");
    const json_t *salt = json_get_array(from, "salt");
    uint64_t salts[2] = {(uint64_t)json_integer_value(json_array_get(salt, 0)),
                         (uint64_t)json_integer_value(json_array_get(salt, 1))};
    int state = count_of(from, "state", POLL_STOPPED);
    int origin = count_of(from, "origin", POLL_LINKED);
    struct linked_poll said;
    if (!document || state < 0 || origin < 0)
        return ERR_MALFORMED;
    store_poll_read_value(text_of(from, "id"), document, arena, &said);
    said.info.visibility = json_get_bool(from, "visibility", false);
    said.info.locked = json_get_bool(from, "locked", false);
    struct poll_question *questions =
        arena_alloc(arena, said.question_count * sizeof *questions);
    for (size_t i = 0; i < said.question_count; i++)
        questions[i] = said.questions[i].is;
    struct past_poll past = {
        .id = said.id,
        .info = said.info,
        .questions = questions,
        .question_count = said.question_count,
        .state = (enum poll_state)state,
        .origin = (enum poll_origin)origin,
        .salt = json_array_size(salt) == 2 ? salts : NULL,
        .created_by = text_of(from, "created_by"),
        .started_by = text_of(from, "started_by"),
        .stopped_by = text_of(from, "stopped_by"),
        .created_at = json_get_int(from, "created_at", 0),
        .started_at = json_get_int(from, "started_at", 0),
        .stopped_at = json_get_int(from, "stopped_at", 0),
    };
    int err = poll_restore(room, &past, now, arena);
    for (size_t i = 0; !err && i < json_array_size(voters); i++)
        *left_out += read_voter(room, past.id, json_array_get(voters, i), arena) != 0;
    return err;
}

// Those who were told that it runs are told that it does not.
static void tell_stopped(const struct room *room, const json_t *from, struct moment now,
                         struct event_list *events)
{
    const char *id = text_of(from, "id");
    int origin = count_of(from, "origin", POLL_LINKED);
    if (!id[0] || json_get_int(from, "state", -1) != POLL_STARTED)
        return;
    struct event *event = event_add(events, EVENT_POLL_STOPPED, NULL);
    event->room = room->number;
    event->poll.id = event_text(events, id);
    event->poll.is_kept = origin == POLL_MADE || origin == POLL_LINKED;
    event->poll.at = now.wall_ms;
}

struct numbered {
    int64_t number;
    size_t at;
};

static int by_number(const void *a, const void *b)
{
    const struct numbered *left = a, *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return left->at < right->at ? -1 : left->at > right->at;
}

const json_t **snapshot_in_order(const json_t *list, struct arena *arena)
{
    size_t count = json_array_size(list);
    struct numbered *order = arena_alloc(arena, count * sizeof *order);
    const json_t **sorted = arena_alloc(arena, count * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct numbered){json_get_int(json_array_get(list, i), "number", 0), i};
    if (count)
        qsort(order, count, sizeof *order, by_number);
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(list, order[i].at);
    return sorted;
}

size_t snapshot_read_polls(struct room *room, const json_t *polls, const json_t *voters,
                           struct arena *arena, struct moment now, struct event_list *events)
{
    size_t left_out = 0;
    const json_t **list = snapshot_in_order(polls, arena);
    for (size_t i = 0; i < json_array_size(polls); i++) {
        if (read_poll(room, list[i], arena, now, &left_out) == 0)
            continue;
        tell_stopped(room, list[i], now, events);
        left_out++;
    }
    list = snapshot_in_order(voters, arena);
    for (size_t i = 0; i < json_array_size(voters); i++)
        left_out += read_voter(room, text_of(list[i], "poll"), list[i], arena) != 0;
    return left_out;
}
