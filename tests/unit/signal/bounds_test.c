// Every text and every list of every method has a bound: with the longest that is allowed a
// request is not refused for its length, and with one more it is, before anybody hears of it.
#include "stage.h"

#include "signal/param.h"
#include "signal/state.h"
#include "test.h"

#include <stdio.h>

// Written by hand. "a.b" is a member of an object, "a[]" an element of a list, "a#" how many it
// may have.
static const struct expectation {
    const char *method;
    const char *bounds;
} expectations[] = {
    {"join", "name 256 data 8192 offer.sdp 524288"},
    {"leave", ""},
    {"ping", ""},
    {"analytics", ""},
    {"trickle", ""},
    {"offer", "desc.sdp 524288 sfu_node_id 64"},
    {"answer", "desc.sdp 524288 sfu_node_id 64"},
    {"track-update", ""},
    {"prefer-video-track-state", "track_id 64 max_spatial_layer 32"},
    {"prefer-audio-track-state", "track_id 64"},
    {"broadcast", "info.message 16384 info.type 64 roles# 64 roles[] 256 peer_id 64"},
    {"peer-update", "name 256 data 8192"},
    {"get-peer", "peer_id 64"},
    {"set-metadata", "key 128"},
    {"get-metadata", "key 128"},
    {"listen-metadata-change", "keys# 100 keys[] 128"},
    {"role-change-request", "requested_for 64 roles# 64 roles[] 256 role 256"},
    {"role-change", "role 256 token 36"},
    {"track-update-request", "requested_for 64 track_id 64"},
    {"change-track-mute-state-request",
     "type 32 source 32 roles# 64 roles[] 256 requested_for 64"},
    {"peer-leave-request", "requested_for 64 reason 1024"},
    {"end-room", "reason 1024"},
    {"find-peer", "role 256 group 64 peerIds# 100 peerIds[] 64 peers# 100 peers[] 64"},
    {"peer-iter-next", "iterator 16384"},
    {"peer-name-search", "query 256"},
    {"group-join", "name 64"},
    {"group-leave", "name 64"},
    {"group-add", "name 64 peer_id 64"},
    {"group-remove", "name 64 peer_id 64"},
    {"poll-info-set", "poll_id 64 title 1024 type 32 mode 32 vote# 64 vote[] 256 "
                      "responses# 64 responses[] 256"},
    {"poll-info-get", "poll_id 64"},
    {"poll-questions-set", "poll_id 64 questions# 50 questions[].question.text 1024 "
                           "questions[].question.type 32 questions[].options# 32 "
                           "questions[].options[].text 1024 questions[].answer.text 1024"},
    {"poll-questions-get", "poll_id 64"},
    {"poll-start", "poll_id 64"},
    {"poll-stop", "poll_id 64"},
    {"poll-response", "poll_id 64 responses# 50 responses[].text 1024 responses[].type 32"},
    {"poll-responses", "poll_id 64"},
    {"poll-list", "state 32 start 64"},
    {"poll-result", "poll_id 64"},
    {"poll-leaderboard", "poll_id 64"},
};
enum { EXPECTATION_COUNT = sizeof expectations / sizeof *expectations };

static struct stage s;

// --- Requests that are right ---

static json_t *text_of(size_t len)
{
    char *octets = mem_alloc(len + 1);
    memset(octets, 'x', len);
    json_t *text = json_stringn(octets, len);
    mem_free(octets);
    return text;
}

static json_t *sample_of(const struct param *params);

static json_t *sample(const struct param *param)
{
    switch (param->type) {
    case PARAM_TEXT:
        return json_string("x");
    case PARAM_BOOL:
        return json_true();
    case PARAM_INTEGER:
        return json_integer(1);
    case PARAM_OBJECT:
        return sample_of(param->members);
    case PARAM_NAMES:
        return json_pack("[s]", "x");
    case PARAM_LIST:
        return json_pack("[o]", sample_of(param->members));
    case PARAM_LOOSE:
        return json_integer(1);
    case PARAM_TRACKS:
    case PARAM_UNREAD:
        return json_object();
    }
    return NULL;
}

static json_t *sample_of(const struct param *params)
{
    json_t *object = json_object();
    for (const struct param *param = params; param->name; param++)
        json_object_set_new(object, param->name, sample(param));
    return object;
}

// --- One that is as long as it may be, or longer ---

// Replaces what `path` names in `object`.
static void put(json_t *object, const char *path, size_t size)
{
    size_t len = strcspn(path, ".[#");
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)len, path);
    json_t *member = json_object_get(object, key);
    const char *rest = path + len;
    CHECK(member != NULL);
    if (!*rest) {
        json_object_set_new(object, key, text_of(size));
    } else if (*rest == '#') {
        json_t *first = json_incref(json_array_get(member, 0));
        while (json_array_size(member) < size)
            json_array_append(member, first);
        json_decref(first);
    } else if (*rest == '.') {
        put(member, rest + 1, size);
    } else if (rest[2] == '.') {
        put(json_array_get(member, 0), rest + 3, size);
    } else {
        json_array_set_new(member, 0, text_of(size));
    }
}

// Whether the request is refused for its length.
static bool is_too_long(const char *method, const json_t *params)
{
    stage_init(&s);
    struct stage_client *other = stage_join(&s, "other", "guest");
    struct stage_client *host = stage_join(&s, "host", "host");
    stage_forget(&other->socket);
    stage_forget(&host->socket);
    json_t *request =
        json_pack("{s:s,s:s,s:O}", "id", "long", "method", method, "params", params);
    char *text = json_dumps(request, JSON_COMPACT);
    stage_send(&s, host, text);
    free(text);
    json_decref(request);
    bool too_long = false;
    while (host->socket.count) {
        char *answer = stage_next(&host->socket);
        too_long |= strstr(answer, "\"id\":\"long\",\"error\":{\"code\":400,") &&
                    (strstr(answer, " is longer than ") || strstr(answer, " has more than "));
        mem_free(answer);
    }
    if (too_long && other->socket.count)
        fail_msg("%s is too long, and others were told", method);
    stage_dispose(&s);
    return too_long;
}

static void try(size_t at, const char *path, size_t max)
{
    const char *method = method_name(at);
    for (size_t more = 0; more <= 1; more++) {
        json_t *params = sample_of(method_params(at));
        put(params, path, max + more);
        if (is_too_long(method, params) != (more == 1))
            fail_msg("%s with %zu of %s is %s", method, max + more, path,
                     more ? "taken" : "refused");
        json_decref(params);
    }
}

static const char *expected(const char *method)
{
    for (int i = 0; i < EXPECTATION_COUNT; i++) {
        if (strcmp(expectations[i].method, method) == 0)
            return expectations[i].bounds;
    }
    fail_msg("%s is not expected", method);
    return "";
}

TEST(the_longest_that_is_allowed_is_taken_and_one_more_is_not)
{
    const char *name;
    for (size_t at = 0; (name = method_name(at)); at++) {
        if (!method_is_built(at))
            continue;
        char path[64];
        size_t max;
        int len;
        for (const char *bounds = expected(name);
             sscanf(bounds, "%63s %zu%n", path, &max, &len) == 2; bounds += len)
            try(at, path, max);
    }
}

// --- The table has no others ---

static void list(const struct param *params, const char *prefix, struct text *to)
{
    for (const struct param *param = params; param->name; param++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", prefix, param->name);
        bool many = param->type == PARAM_NAMES || param->type == PARAM_LIST;
        if (many)
            text_addf(to, " %s# %zu", path, param->count);
        if (param->type == PARAM_TEXT || param->type == PARAM_NAMES)
            text_addf(to, " %s%s %zu", path, many ? "[]" : "", param->max);
        if (param->members) {
            char inner[136];
            snprintf(inner, sizeof inner, "%s%s.", path, many ? "[]" : "");
            list(param->members, inner, to);
        }
    }
}

TEST(no_text_of_a_method_is_without_a_bound)
{
    const char *name;
    for (size_t at = 0; (name = method_name(at)); at++) {
        if (!method_is_built(at))
            continue;
        CHECK(method_params(at) != NULL);
        struct text found = {0};
        list(method_params(at), "", &found);
        CHECK_TEXT(found.len ? found.at + 1 : "", expected(name));
        text_dispose(&found);
    }
}
