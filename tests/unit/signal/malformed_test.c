// Whatever is wrong with a request, it is answered once, and nobody else can tell that it came:
// every parameter of every method is left out and replaced by values of every other type.
#include "stage.h"

#include "signal/state.h"
#include "store/snapshot.h"
#include "test.h"

#include <stdio.h>

struct sample {
    const char *method;
    const char *params;
    // Members, by their path, that may be left out, and those that may be anything.
    const char *optional;
    const char *free;
};

static const struct sample samples[] = {
    {"ping", "{\"timestamp\":1}", "timestamp", "timestamp"},
    {"trickle", "{\"candidate\":{}}", "", ""},
    {"answer", "{\"desc\":{\"sdp\":\"x\"}}", "", ""},
    {"offer", "{\"desc\":{\"sdp\":\"x\"},\"tracks\":{},\"sfu_node_id\":\"n\"}", "sfu_node_id",
     ""},
    {"track-update", "{\"tracks\":{}}", "", ""},
    {"prefer-video-track-state", "{\"track_id\":\"A1\",\"max_spatial_layer\":\"low\"}", "", ""},
    {"prefer-audio-track-state", "{\"track_id\":\"A1\",\"subscribed\":true}", "", ""},
    {"peer-update", "{\"name\":\"n\"}", "", ""},
    {"peer-update", "{\"data\":\"n\"}", "", ""},
    {"get-peer", "{\"peer_id\":\"other\"}", "", ""},
    {"find-peer", "{\"limit\":5,\"role\":\"guest\",\"group\":\"g\",\"peerIds\":[\"x\"]}",
     "limit role group peerIds", ""},
    {"find-peer", "{\"peers\":[\"x\"]}", "peers", ""},
    {"peer-iter-next", "{\"iterator\":\"\",\"limit\":5}", "iterator limit", ""},
    {"peer-name-search", "{\"query\":\"x\",\"limit\":5,\"offset\":0}", "limit offset", ""},
    {"get-metadata", "{\"key\":\"x\"}", "key", ""},
    {"set-metadata", "{\"key\":\"x\",\"data\":1,\"if_change_version\":0}",
     "key data if_change_version", "data"},
    {"listen-metadata-change", "{\"keys\":[\"x\"]}", "", ""},
    {"broadcast", "{\"info\":{\"message\":\"m\",\"type\":\"chat\"},\"roles\":[\"guest\"]}",
     "info.type roles", ""},
    {"broadcast", "{\"info\":{\"message\":\"m\"},\"peer_id\":\"other\"}", "peer_id", ""},
    {"group-join", "{\"name\":\"g\"}", "", ""},
    {"group-leave", "{\"name\":\"g\"}", "", ""},
    {"group-add", "{\"name\":\"g\",\"peer_id\":\"other\"}", "", ""},
    {"group-remove", "{\"name\":\"g\",\"peer_id\":\"other\"}", "", ""},
    {"role-change-request", "{\"requested_for\":\"other\",\"role\":\"viewer\",\"force\":true}",
     "force", ""},
    {"role-change-request", "{\"roles\":[\"guest\"],\"role\":\"viewer\",\"force\":true}",
     "force", ""},
    {"role-change", "{\"role\":\"viewer\",\"token\":\"x\"}", "", ""},
    {"track-update-request",
     "{\"requested_for\":\"other\",\"track_id\":\"A1\",\"stream_id\":\"stream\",\"mute\":true}",
     "stream_id", "stream_id"},
    {"change-track-mute-state-request",
     "{\"value\":true,\"type\":\"audio\",\"source\":\"regular\",\"roles\":[\"guest\"],"
     "\"requested_for\":\"other\"}",
     "type source roles requested_for", ""},
    {"peer-leave-request", "{\"requested_for\":\"other\",\"reason\":\"r\"}", "reason", ""},
    {"end-room", "{\"lock\":true,\"reason\":\"r\"}", "lock reason", ""},
    {"poll-info-set",
     "{\"poll_id\":\"q\",\"title\":\"t\",\"type\":\"quiz\",\"mode\":\"peerid\",\"duration\":5,"
     "\"anonymous\":true,\"visibility\":true,\"locked\":true,\"vote\":[\"guest\"],"
     "\"responses\":[\"host\"]}",
     "poll_id type mode duration anonymous visibility locked vote responses", ""},
    {"poll-info-get", "{\"poll_id\":\"p\"}", "", ""},
    {"poll-questions-set",
     "{\"poll_id\":\"p\",\"questions\":[{\"question\":{\"index\":1,\"text\":\"q\",\"type\":"
     "\"short-answer\"}}]}",
     "", ""},
    {"poll-questions-get", "{\"poll_id\":\"p\",\"index\":0,\"count\":5}", "index count", ""},
    {"poll-start", "{\"poll_id\":\"p\"}", "", ""},
    {"poll-stop", "{\"poll_id\":\"p\"}", "", ""},
    {"poll-response", "{\"poll_id\":\"r\",\"responses\":[{\"question\":1,\"option\":1}]}", "",
     ""},
    {"poll-responses", "{\"poll_id\":\"p\",\"index\":0,\"count\":5,\"self\":true}",
     "index count self", ""},
    {"poll-list", "{\"state\":\"started\",\"count\":5,\"start\":\"x\"}", "state count start",
     ""},
    {"poll-result", "{\"poll_id\":\"r\"}", "", ""},
    {"poll-leaderboard", "{\"poll_id\":\"r\",\"count\":5,\"offset\":0,\"question\":1}",
     "count offset question", ""},
    {"join",
     "{\"name\":\"n\",\"data\":\"\",\"disableVidAutoSub\":true,\"onDemandTracks\":false,"
     "\"offer\":{\"sdp\":\"x\"}}",
     "name data disableVidAutoSub onDemandTracks offer", ""},
};
enum { SAMPLE_COUNT = sizeof samples / sizeof *samples };

static struct stage s;

static bool is_listed(const char *list, const char *path)
{
    size_t len = strlen(path);
    for (const char *at = list; (at = strstr(at, path)); at += len) {
        bool begins = at == list || at[-1] == ' ', ends = !at[len] || at[len] == ' ';
        if (begins && ends)
            return true;
    }
    return false;
}

// --- Before and after ---

static void ask(struct stage_client *client, const char *method, const json_t *params)
{
    json_t *request =
        json_pack("{s:s,s:s,s:O}", "id", "odd", "method", method, "params", params);
    char *text = json_dumps(request, JSON_COMPACT);
    stage_send(&s, client, text);
    free(text);
    json_decref(request);
}

static void make_poll(struct stage_client *host, const char *id)
{
    json_t *info = json_pack("{s:s,s:s}", "poll_id", id, "title", "t");
    ask(host, "poll-info-set", info);
    json_decref(info);
    json_t *questions = json_pack("{s:s,s:[{s:{s:i,s:s,s:s},s:[{s:i,s:s}]}]}", "poll_id", id,
                                  "questions", "question", "index", 1, "text", "q", "type",
                                  "single-choice", "options", "index", 1, "text", "a");
    ask(host, "poll-questions-set", questions);
    json_decref(questions);
}

static struct stage_client *set_scene(void)
{
    stage_init(&s);
    struct stage_client *other = stage_join(&s, "other", "guest");
    stage_publish(&s, other, "A1 V1");
    struct stage_client *host = stage_join(&s, "host", "host");
    make_poll(host, "p");
    make_poll(host, "r");
    json_t *started = json_pack("{s:s}", "poll_id", "r");
    ask(host, "poll-start", started);
    json_decref(started);
    stage_answer(&s, other);
    stage_answer(&s, host);
    stage_forget(&other->socket);
    stage_forget(&host->socket);
    stage_forget(&s.media);
    return host;
}

static struct text state(void)
{
    struct text text = {0};
    store_snapshot_write(rooms_find(&s.rooms, STAGE_ROOM_ID), &text);
    return text;
}

// Of the answer to "odd": 0 for a result, -1 for none. There may be nothing beside it when it
// is an error.
static int read_answer(struct stage_client *host, const char *what)
{
    int answers = 0, code = -1;
    bool beside = false;
    while (host->socket.count) {
        char *text = stage_next(&host->socket);
        json_t *message = json_loads(text, 0, NULL);
        const char *id = json_string_value(json_object_get(message, "id"));
        bool is_answer = id && strcmp(id, "odd") == 0;
        answers += is_answer;
        beside |= !is_answer;
        if (is_answer)
            code = (int)json_integer_value(
                json_object_get(json_object_get(message, "error"), "code"));
        json_decref(message);
        mem_free(text);
    }
    if (answers != 1)
        fail_msg("%s: answered %d times", what, answers);
    if (code && beside)
        fail_msg("%s: refused, and something was told", what);
    return code;
}

// Sends the request; it is refused or not, and when it is, nothing has changed.
static int try(const char *method, const json_t *params)
{
    struct stage_client *host = set_scene();
    char *shown = json_dumps(params, JSON_COMPACT);
    struct text what = {0}, before = state();
    text_addf(&what, "%s %s", method, shown);
    ask(host, method, params);
    int code = read_answer(host, what.at);
    if (code) {
        struct text after = state();
        if (strcmp(before.at, after.at) != 0)
            fail_msg("%s: refused, and something changed", what.at);
        if (s.media.count || stage_client(&s, "other")->socket.count)
            fail_msg("%s: refused, and others were told", what.at);
        text_dispose(&after);
    }
    free(shown);
    text_dispose(&before);
    text_dispose(&what);
    stage_dispose(&s);
    return code;
}

// --- All that may be wrong ---

static const char *const values[] = {
    "null", "true", "7",      "-7",        "0.5", "\"x\"",
    "[]",   "[7]",  "[null]", "[[\"x\"]]", "{}",  "{\"x\":7}",
};

static bool is_same_type(const json_t *a, const json_t *b)
{
    if (json_is_boolean(a) && json_is_boolean(b))
        return true;
    // Of the texts' lists the odd ones are not.
    if (json_is_array(a) && json_is_array(b))
        return json_array_size(b) == 0 || json_is_object(json_array_get(a, 0));
    return json_typeof(a) == json_typeof(b);
}

static void vary(const struct sample *sample, json_t *params, json_t *in, const char *key,
                 const char *path)
{
    json_t *right = json_incref(json_object_get(in, key));
    json_object_del(in, key);
    int code = try(sample->method, params);
    if (is_listed(sample->optional, path) ? code == -32602 : code != -32602)
        fail_msg("%s without %s: %d", sample->method, path, code);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
        json_object_set(in, key, value);
        code = try(sample->method, params);
        bool may_be = is_listed(sample->free, path) || is_same_type(right, value) ||
                      (json_is_null(value) && is_listed(sample->optional, path));
        if (!may_be && code != -32602)
            fail_msg("%s with %s = %s: %d", sample->method, path, values[i], code);
        json_decref(value);
    }
    json_object_set_new(in, key, right);
}

static void vary_all(const struct sample *sample)
{
    json_t *params = json_loads(sample->params, 0, NULL), *was = json_deep_copy(params), *value;
    const char *key, *inner;
    CHECK(params != NULL);
    CHECK(try(sample->method, params) != -32602);
    json_object_foreach(was, key, value)
    {
        vary(sample, params, params, key, key);
        json_t *unused;
        json_object_foreach(value, inner, unused)
        {
            char path[64];
            snprintf(path, sizeof path, "%s.%s", key, inner);
            vary(sample, params, json_object_get(params, key), inner, path);
        }
    }
    json_decref(was);
    json_decref(params);
}

TEST(a_request_with_a_wrong_parameter_is_refused_and_leaves_no_trace)
{
    for (int i = 0; i < SAMPLE_COUNT; i++)
        vary_all(&samples[i]);
}

TEST(every_method_that_takes_something_is_tried)
{
    const char *name;
    for (size_t at = 0; (name = method_name(at)); at++) {
        bool is_tried = strcmp(name, "leave") == 0 || strcmp(name, "analytics") == 0;
        for (int i = 0; i < SAMPLE_COUNT; i++)
            is_tried |= strcmp(samples[i].method, name) == 0;
        if (method_is_built(at) && !is_tried)
            fail_msg("%s is not tried", name);
    }
}
