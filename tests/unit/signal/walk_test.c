// What each role may do, by which door: every method of the table as every role, over the web
// socket and over the data channel, against a table written by hand. The roles are the stage's
// four and one for each permission alone. What is forbidden changes nothing, and nobody hears
// of it.
#include "stage.h"

#include "signal/state.h"
#include "store/snapshot.h"
#include "test.h"

#include <stdio.h>

// What must be allowed for a method not to be answered with 403.
enum need {
    FREE = -1,   // whoever has joined
    INSIDE = -2, // whoever does not wait to be let in
};

struct expectation {
    const char *method;
    int need; // or enum permission
    bool by_channel;
    const char *params;
};

static const struct expectation expectations[] = {
    {"ping", FREE, false, "\"timestamp\":1"},
    {"analytics", FREE, false, ""},
    {"trickle", FREE, false, "\"candidate\":{}"},
    {"answer", FREE, false, "\"desc\":{\"sdp\":\"x\"}"},
    {"offer", FREE, false, "\"desc\":{\"sdp\":\"x\"},\"tracks\":{}"},
    {"track-update", FREE, false, "\"tracks\":{}"},
    {"prefer-video-track-state", FREE, true,
     "\"track_id\":\"x\",\"max_spatial_layer\":\"low\""},
    {"prefer-audio-track-state", FREE, true, "\"track_id\":\"x\",\"subscribed\":true"},
    {"peer-update", FREE, false, "\"name\":\"n\""},
    {"get-peer", FREE, false, "\"peer_id\":\"other\""},
    {"find-peer", FREE, false, "\"limit\":5"},
    {"peer-iter-next", FREE, false, "\"limit\":5"},
    {"peer-name-search", FREE, false, "\"query\":\"x\",\"limit\":5"},
    {"get-metadata", FREE, false, "\"key\":\"x\""},
    {"listen-metadata-change", FREE, false, "\"keys\":[]"},
    {"role-change", FREE, false, "\"role\":\"host\",\"token\":\"x\""},
    {"broadcast", INSIDE, false, "\"info\":{\"message\":\"m\",\"type\":\"chat\"}"},
    {"set-metadata", INSIDE, false, "\"key\":\"x\",\"data\":1"},
    {"group-join", INSIDE, false, "\"name\":\"_handraise\""},
    {"group-leave", INSIDE, false, "\"name\":\"_handraise\""},
    {"group-add", PERMISSION_CHANGE_ROLE, false, "\"name\":\"g\",\"peer_id\":\"other\""},
    {"group-remove", PERMISSION_CHANGE_ROLE, false, "\"name\":\"g\",\"peer_id\":\"other\""},
    {"role-change-request", PERMISSION_CHANGE_ROLE, false,
     "\"requested_for\":\"other\",\"role\":\"viewer\",\"force\":true"},
    {"track-update-request", PERMISSION_MUTE, false,
     "\"requested_for\":\"other\",\"track_id\":\"x\",\"mute\":true"},
    {"track-update-request", PERMISSION_UNMUTE, false,
     "\"requested_for\":\"other\",\"track_id\":\"x\",\"mute\":false"},
    {"change-track-mute-state-request", PERMISSION_MUTE, false, "\"value\":true"},
    {"change-track-mute-state-request", PERMISSION_UNMUTE, false, "\"value\":false"},
    {"peer-leave-request", PERMISSION_REMOVE_OTHERS, false,
     "\"requested_for\":\"nobody\",\"reason\":\"r\""},
    {"poll-info-get", PERMISSION_POLL_READ, false, "\"poll_id\":\"p\""},
    {"poll-questions-get", PERMISSION_POLL_READ, false, "\"poll_id\":\"p\""},
    {"poll-list", PERMISSION_POLL_READ, false, "\"state\":\"started\""},
    {"poll-response", PERMISSION_POLL_READ, false, "\"poll_id\":\"p\",\"responses\":[{}]"},
    {"poll-responses", PERMISSION_POLL_READ, false, "\"poll_id\":\"p\",\"self\":true"},
    {"poll-result", PERMISSION_POLL_READ, false, "\"poll_id\":\"p\""},
    {"poll-leaderboard", PERMISSION_POLL_READ, false, "\"poll_id\":\"p\""},
    {"poll-info-set", PERMISSION_POLL_WRITE, false, "\"title\":\"t\""},
    {"poll-questions-set", PERMISSION_POLL_WRITE, false, "\"poll_id\":\"p\",\"questions\":[]"},
    {"poll-start", PERMISSION_POLL_WRITE, false, "\"poll_id\":\"p\""},
    {"poll-stop", PERMISSION_POLL_WRITE, false, "\"poll_id\":\"p\""},
    // After these the peer is gone, or all others are: last.
    {"end-room", PERMISSION_END_ROOM, false, "\"lock\":false,\"reason\":\"r\""},
    {"join", FREE, false, "\"name\":\"n\""},
    {"leave", FREE, false, "\"client_reason\":\"user request\""},
};
enum { EXPECTATION_COUNT = sizeof expectations / sizeof *expectations };

static struct stage s;

static bool may(const char *role, int need)
{
    const struct template *t = rooms_find(&s.rooms, STAGE_ROOM_ID)->template;
    const struct role *as = template_role(t, role);
    if (need == FREE)
        return true;
    if (as->waiting_room)
        return false;
    if (need == PERMISSION_POLL_READ && as->permissions[PERMISSION_POLL_WRITE])
        return true;
    return need == INSIDE || as->permissions[need];
}

// The code of the answer to the request "walk": 0 for a result.
static int code_of(struct stage_queue *queue)
{
    int code = -1;
    while (queue->count) {
        char *text = stage_next(queue);
        json_t *message = json_loads(text, 0, NULL);
        const char *id = json_string_value(json_object_get(message, "id"));
        if (id && strcmp(id, "walk") == 0)
            code = (int)json_integer_value(
                json_object_get(json_object_get(message, "error"), "code"));
        json_decref(message);
        mem_free(text);
    }
    return code;
}

// What the session has to remember, as text.
static struct text state(void)
{
    struct text text = {0};
    store_snapshot_write(rooms_find(&s.rooms, STAGE_ROOM_ID), &text);
    return text;
}

static void step(struct stage_client *client, const struct expectation *e, const char *role)
{
    char request[512];
    snprintf(request, sizeof request,
             "{\"jsonrpc\":\"2.0\",\"id\":\"walk\",\"method\":\"%s\",\"params\":{%s}}",
             e->method, e->params);
    bool allowed = may(role, e->need);
    stage_forget(&client->channel);
    stage_send_channel(&s, client->name, request);
    int by_channel = code_of(&client->channel);
    if (e->by_channel ? by_channel == 405 : by_channel != 405)
        fail_msg("%s as %s over the data channel: %d", e->method, role, by_channel);

    struct stage_client *other = stage_client(&s, "other");
    struct text before = state();
    stage_forget(&client->socket);
    stage_forget(&other->socket);
    stage_forget(&s.media);
    stage_send(&s, client, request);
    int code = code_of(&client->socket);
    if (code == -1 || (code == 403) == allowed)
        fail_msg("%s as %s: %d, and it is %s", e->method, role, code,
                 allowed ? "allowed" : "forbidden");
    if (!allowed) {
        struct text after = state();
        if (strcmp(before.at, after.at) != 0 || other->socket.count || s.media.count)
            fail_msg("%s as %s left a trace", e->method, role);
        text_dispose(&after);
    }
    text_dispose(&before);
}

// Adds roles that have one permission each; host has all of them.
static void add_roles(struct template *t)
{
    struct role first[4];
    memcpy(first, t->roles, sizeof first);
    template_set_roles(t, 4 + PERMISSION_COUNT);
    memcpy(t->roles, first, sizeof first);
    for (int p = 0; p < PERMISSION_COUNT; p++) {
        struct role *role = &t->roles[4 + p];
        *role = first[2]; // a viewer
        role->name = template_text(t, permission_name((enum permission)p));
        memset(role->permissions, 0, sizeof role->permissions);
        role->permissions[p] = true;
    }
}

static void walk_as(const char *role)
{
    for (int i = 0; i < EXPECTATION_COUNT; i++) {
        stage_init(&s);
        s.adjust = add_roles;
        stage_join(&s, "other", "guest");
        step(stage_join(&s, "walker", role), &expectations[i], role);
        stage_dispose(&s);
    }
}

TEST(every_method_as_every_role_by_both_doors)
{
    static const char *const roles[] = {"host", "guest", "viewer", "lobby"};
    for (size_t i = 0; i < 4; i++)
        walk_as(roles[i]);
    for (int p = 0; p < PERMISSION_COUNT; p++)
        walk_as(permission_name((enum permission)p));
}

TEST(no_method_of_the_table_is_left_out)
{
    const char *name;
    for (size_t at = 0; (name = method_name(at)); at++) {
        bool is_built = method_is_built(at), is_expected = false;
        for (int i = 0; i < EXPECTATION_COUNT; i++)
            is_expected |= strcmp(expectations[i].method, name) == 0;
        if (is_built != is_expected)
            fail_msg("%s is %s", name, is_built ? "not walked" : "walked and not built");
    }
}
