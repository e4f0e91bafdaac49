#include "api/room_fields.h"

#include "api/webhook.h"
#include "base/err.h"
#include "base/target.h"
#include "base/words.h"
#include "store/polls.h"
#include "store/templates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_LEN_MAX_OF_ROOM = 200,
    DESCRIPTION_LEN_MAX = 4096,
    SIZE_MAX_OF_ROOM = 2500,
    SIZE_MAX_OF_LARGE_ROOM = 20000,
    DURATION_MIN_S = 120,
    DURATION_MAX_S = 43200,
};

bool api_room_name_ok(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= NAME_LEN_MAX_OF_ROOM &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:_") ==
               len;
}

static const char *keep_text(struct api_context *c, const char *text)
{
    return arena_text(c->arena, bytes_of(text));
}

static const char *keep_json(struct api_context *c, const json_t *value)
{
    struct text t = {0};
    struct json_out j = json_out_on(&t);
    json_put_value(&j, value);
    const char *kept = arena_text(c->arena, text_bytes(&t));
    text_dispose(&t);
    return kept;
}

// A string member; `*text` stays when it was not sent.
static int take_text(struct api_context *c, const json_t *body, const char *name,
                     const char **text)
{
    if (!api_sent(body, name))
        return 0;
    const char *value = json_get_text(body, name, NULL);
    if (!value)
        return api_fail_field(c, name);
    *text = keep_text(c, value);
    return 0;
}

static int take_bool(struct api_context *c, const json_t *body, const char *name, bool *value)
{
    if (!api_sent(body, name))
        return 0;
    if (!json_is_boolean(json_object_get(body, name)))
        return api_fail_field(c, name);
    *value = json_get_bool(body, name, false);
    return 0;
}

static int take_count(struct api_context *c, const json_t *body, const char *name,
                      int64_t *value)
{
    if (!api_sent(body, name))
        return 0;
    // A whole number may come as 30.0. What is far beyond any bound is told which one it
    // missed.
    double number = json_number_value(json_object_get(body, name));
    if (!json_is_number(json_object_get(body, name)) || floor(number) != number)
        return api_fail_field(c, name);
    *value = number > INT32_MAX ? INT32_MAX : number < INT32_MIN ? INT32_MIN : (int64_t)number;
    return 0;
}

// Samples of other servers send it as a text: "3600".
static int take_duration(struct api_context *c, const json_t *body, int64_t *value)
{
    static const char name[] = "max_duration_seconds";
    const char *digits = json_get_text(body, name, NULL);
    if (!digits)
        return take_count(c, body, name, value);
    size_t len = strspn(digits, "0123456789");
    if (!len || digits[len])
        return api_fail_field(c, name);
    *value = len < 10 ? strtol(digits, NULL, 10) : INT32_MAX;
    return 0;
}

static int take_words(struct api_context *c, const json_t *body, struct store_room *room)
{
    int err = take_text(c, body, "name", &room->name);
    if (!err && !api_room_name_ok(room->name))
        err = api_fail_field(c, "name");
    if (!err)
        err = take_text(c, body, "description", &room->description);
    if (!err && strlen(room->description) > DESCRIPTION_LEN_MAX)
        err = api_fail_field(c, "description");
    if (!err)
        err = take_text(c, body, "region", &room->region);
    if (!err && !words_known(store_regions, room->region))
        err = api_fail_body(c, "region not supported");
    return err;
}

static int take_template(struct api_context *c, const json_t *body, struct store_room *room)
{
    if (json_object_get(body, "template"))
        return api_fail_body(c, "Invalid body param: template. Use template_id");
    if (!api_sent(body, "template_id"))
        return 0;
    struct store_template found;
    const char *id = json_get_text(body, "template_id", "");
    int err = store_template_get(c->db, id, c->arena, &found);
    if (err == ERR_NOT_FOUND)
        return api_fail_body(c, "template not found");
    if (err)
        return api_fail_storage(c, err);
    room->template_id = found.id;
    room->template_name = found.name;
    return 0;
}

static int take_numbers(struct api_context *c, const json_t *body, struct store_room *room)
{
    int err = take_bool(c, body, "enabled", &room->enabled);
    if (!err)
        err = take_bool(c, body, "large_room", &room->large_room);
    if (!err)
        err = take_count(c, body, "size", &room->size);
    if (!err)
        err = take_duration(c, body, &room->max_duration_seconds);
    if (!err)
        err = take_count(c, body, "chat_history", &room->chat_history);
    if (err)
        return err;
    if (room->size < 0)
        return api_fail_field(c, "size");
    if (room->size > SIZE_MAX_OF_LARGE_ROOM)
        return api_fail_body(c, "Invalid body param: room size greater than 20000");
    if (room->size > SIZE_MAX_OF_ROOM && !room->large_room)
        return api_fail_body(
            c, "Invalid body param: room size greater than 2500, set large_room flag as true");
    // 0 stands for "unset", as in what we answer.
    if (room->max_duration_seconds && room->max_duration_seconds < DURATION_MIN_S)
        return api_fail_body(c,
                             "Invalid body param: max_duration_seconds less than 120 seconds");
    if (room->max_duration_seconds > DURATION_MAX_S)
        return api_fail_body(
            c, "Invalid body param: max_duration_seconds greater than 43200 seconds");
    if (room->chat_history < 0)
        return api_fail_field(c, "chat_history");
    if (room->chat_history > CHAT_HISTORY_MAX)
        return api_fail_body(c, "Invalid body param: chat_history greater than 500 messages");
    return 0;
}

static bool upload_ok(const json_t *upload)
{
    static const char *const types[] = {"s3", "gs", "oss", "azure", "file", NULL};
    return words_known(types, json_get_text(upload, "type", "")) &&
           (!api_sent(upload, "credentials") || json_get_object(upload, "credentials")) &&
           (!api_sent(upload, "options") || json_get_object(upload, "options")) &&
           (!api_sent(upload, "prefix") || json_get_text(upload, "prefix", NULL));
}

static json_t *credentials_of(const json_t *info)
{
    return json_object_get(json_object_get(info, "upload_info"), "credentials");
}

static int take_recording(struct api_context *c, const json_t *body, struct store_room *room)
{
    if (!api_sent(body, "recording_info"))
        return 0;
    const json_t *info = json_get_object(body, "recording_info");
    if (!info ||
        (api_sent(info, "enabled") && !json_is_boolean(json_object_get(info, "enabled"))))
        return api_fail_field(c, "recording_info");
    if (api_sent(info, "upload_info")) {
        const json_t *upload = json_get_object(info, "upload_info");
        if (!upload)
            return api_fail_body(c, "Invalid upload configuration");
        if (!json_get_text(upload, "location", "")[0])
            return api_fail_body(c, "Bucket location is missing");
        if (!upload_ok(upload))
            return api_fail_body(c, "Invalid upload configuration");
    }
    json_t *kept = json_deep_copy(info);
    api_take_nulls_away(kept);
    json_t *before = room->recording_info[0] ? json_loads(room->recording_info, 0, NULL) : NULL;
    api_keep_secrets(credentials_of(kept), credentials_of(before));
    room->recording_info = keep_json(c, kept);
    json_decref(kept);
    json_decref(before);
    return 0;
}

static int take_webhook(struct api_context *c, const json_t *body, struct store_room *room)
{
    if (!api_sent(body, "webhook"))
        return 0;
    json_t *webhook = json_deep_copy(json_get_object(body, "webhook"));
    struct target target;
    const char *wrong = target_parse(&target, bytes_of(json_get_text(webhook, "url", "")));
    api_take_nulls_away(webhook);
    const json_t *headers = json_object_get(webhook, "headers");
    bool is_good = !wrong && (!headers || api_webhook_headers_ok(headers));
    if (is_good)
        room->webhook = keep_json(c, webhook);
    json_decref(webhook);
    return is_good ? 0 : api_fail_field(c, "webhook");
}

static bool is_listed(const char *list, const char *id)
{
    return strstr(list, id); // of one length, with commas in between
}

// The ids of polls that exist, each once.
static int take_polls(struct api_context *c, const json_t *body, struct store_room *room)
{
    if (!api_sent(body, "polls"))
        return 0;
    const json_t *polls = json_get_array(body, "polls");
    if (!polls || json_array_size(polls) > POLLS_PER_ROOM_MAX)
        return api_fail_field(c, "polls");
    struct text list = {0};
    int err = 0;
    for (size_t i = 0; !err && i < json_array_size(polls); i++) {
        const char *id = json_string_value(json_array_get(polls, i));
        struct store_poll poll;
        if (!id || !id_is_object(id))
            err = api_fail_field(c, "polls");
        else if ((err = store_poll_get(c->db, id, c->arena, &poll)))
            err = err == ERR_NOT_FOUND ? api_fail_body(c, "poll not found")
                                       : api_fail_storage(c, err);
        else if (!list.len || !is_listed(list.at, id))
            text_addf(&list, "%s%s", list.len ? "," : "", id);
    }
    room->polls = list.len ? keep_text(c, list.at) : "";
    text_dispose(&list);
    return err;
}

static bool is_null(const json_t *body, const char *name)
{
    return json_is_null(json_object_get(body, name));
}

// What is sent as null is as it was before anybody set it. A name stays: there is none without.
static int take_away(struct api_context *c, const json_t *body, struct store_room *room)
{
    struct store_template template;
    const struct {
        const char *name;
        const char **text;
        const char *unset;
    } texts[] = {{"description", &room->description, ""},
                 {"region", &room->region, "auto"},
                 {"recording_info", &room->recording_info, ""},
                 {"webhook", &room->webhook, ""},
                 {"polls", &room->polls, ""}};
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {{"size", &room->size},
                   {"max_duration_seconds", &room->max_duration_seconds},
                   {"chat_history", &room->chat_history}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (is_null(body, texts[i].name))
            *texts[i].text = texts[i].unset;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (is_null(body, numbers[i].name))
            *numbers[i].number = 0;
    }
    if (is_null(body, "enabled"))
        room->enabled = true;
    if (is_null(body, "large_room"))
        room->large_room = false;
    if (!is_null(body, "template_id"))
        return 0;
    int err = store_template_default(c->db, c->arena, &template);
    if (err)
        return api_fail_storage(c, err);
    room->template_id = template.id;
    room->template_name = template.name;
    return 0;
}

int api_room_apply(struct api_context *c, const json_t *body, struct store_room *room)
{
    int err = take_away(c, body, room);
    if (!err)
        err = take_words(c, body, room);
    if (!err)
        err = take_template(c, body, room);
    if (!err)
        err = take_numbers(c, body, room);
    if (!err)
        err = take_recording(c, body, room);
    if (!err)
        err = take_webhook(c, body, room);
    return err ? err : take_polls(c, body, room);
}
