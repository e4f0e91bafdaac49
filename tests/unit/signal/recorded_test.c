// What the unmodified SDK really sent (tests/vectors/transcripts), fed to the session layer:
// every request gets exactly one answer, and what we tell has the kind and the order of what
// the server told with which the recording was made.
#include "stage.h"

#include "base/json.h"
#include "test.h"

#include <stdio.h>

#define FOLDER "tests/vectors/transcripts"

struct person {
    const char *who; // "host" or "guest" of the recording
    char peer_id[64];
    int sockets;
    bool resumes; // after a reconnect we tell the counts, which the stub did not: they may have
                  // changed meanwhile
    struct stage_client *client;
    struct text told;     // methods of our notifications, one a line
    struct text expected; // those of the recording
};

struct replay {
    struct stage stage;
    const char *path;
    int line;
    int64_t at_ms;
    struct person people[2];
    size_t requests;
    size_t answers;
};

static struct person *person(struct replay *r, const char *who)
{
    return &r->people[strcmp(who, "host") == 0 ? 0 : 1];
}

// Which notifications are compared. Trickle and offers depend on the media worker; the stub
// told of unchanged tracks after a reconnect, we do not.
static bool is_compared(const char *method)
{
    static const char *const compared[] = {
        "on-policy-change", "peer-list",    "room-info",       "session-info", "on-peer-join",
        "on-peer-leave",    "on-track-add", "on-track-remove", "on-broadcast", "room-state"};
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        if (strcmp(compared[i], method) == 0)
            return true;
    }
    return false;
}

static void note(struct text *list, const char *method)
{
    if (is_compared(method))
        text_addf(list, "%s\n", method);
}

// Reads all that we said to `p`; counts the answers to `id`.
static size_t hear(struct replay *r, struct person *p, struct stage_queue *queue,
                   const json_t *id)
{
    size_t answers = 0;
    while (queue->count) {
        char *text = stage_next(queue);
        json_t *message = json_loads(text, 0, NULL);
        CHECK(message != NULL);
        const json_t *answered = json_object_get(message, "id");
        const char *method = json_get_text(message, "method", NULL);
        if (!method == !answered)
            fail_msg("%s:%d: %s", r->path, r->line, text);
        if (method && !(p->resumes && strcmp(method, "session-info") == 0))
            note(&p->told, method);
        else if (id && json_equal(answered, id))
            answers++;
        json_decref(message);
        mem_free(text);
    }
    return answers;
}

static void hear_all(struct replay *r, const struct person *sender, const json_t *id)
{
    size_t answers = 0;
    for (int i = 0; i < 2; i++) {
        struct person *p = &r->people[i];
        if (!p->client)
            continue;
        size_t count = hear(r, p, &p->client->socket, id) + hear(r, p, &p->client->channel, id);
        if (p == sender)
            answers += count;
        else
            CHECK_EQ(count, 0);
    }
    if (id && answers != 1)
        fail_msg("%s:%d: %zu answers", r->path, r->line, answers);
    r->answers += answers;
}

static void open_socket(struct replay *r, struct person *p, const char *url)
{
    const char *peer = strstr(url, "peer=");
    CHECK(peer != NULL);
    snprintf(p->peer_id, sizeof p->peer_id, "%.36s", peer + strlen("peer="));
    char name[64];
    snprintf(name, sizeof name, "%s/%d", p->peer_id, ++p->sockets);
    p->client = stage_open(&r->stage, name, p->who, NULL);
}

static void replay_client(struct replay *r, struct person *p, const char *channel,
                          const json_t *message)
{
    const char *event = json_get_text(message, "event", "");
    if (strcmp(event, "open") == 0) {
        open_socket(r, p, json_get_text(message, "url", ""));
        p->resumes = p->sockets > 1;
        hear_all(r, p, NULL);
        p->resumes = false;
        return;
    }
    if (strcmp(event, "close") == 0) {
        stage_drop(&r->stage, p->client);
        hear_all(r, p, NULL);
        p->client = NULL;
        return;
    }
    char *text = json_dumps(message, JSON_COMPACT);
    if (strcmp(channel, "dc") == 0)
        stage_send_channel(&r->stage, p->peer_id, text);
    else
        stage_send(&r->stage, p->client, text);
    free(text);
    const json_t *id = json_object_get(message, "id");
    r->requests += id != NULL;
    hear_all(r, p, id);
}

static void replay_line(struct replay *r, const char *text)
{
    json_t *line = json_loads(text, 0, NULL);
    CHECK(line != NULL);
    const char *channel = json_get_text(line, "ch", "");
    const json_t *message = json_object_get(line, "msg");
    struct person *p = person(r, json_get_text(line, "peer", ""));
    int64_t at_ms = json_get_int(line, "t", 0);

    if (at_ms > r->at_ms)
        stage_wait(&r->stage, at_ms - r->at_ms);
    r->at_ms = at_ms;
    hear_all(r, p, NULL);
    if (strcmp(channel, "http") != 0) {
        if (strcmp(json_get_text(line, "dir", ""), "c2s") == 0)
            replay_client(r, p, channel, message);
        else
            note(&p->expected, json_get_text(message, "method", ""));
    }
    json_decref(line);
}

// `in_scope`: all that happens in it is built, so the notifications must be the same.
static void replay(const char *path, bool in_scope)
{
    struct replay *r = mem_alloc(sizeof *r);
    r->path = path;
    r->people[0].who = "host";
    r->people[1].who = "guest";
    stage_init(&r->stage);
    r->stage.all_share = true;

    char *copy = mem_text_of(test_file(path)), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        r->line++;
        replay_line(r, line);
    }
    CHECK(r->requests > 0);
    CHECK_EQ(r->answers, r->requests);
    for (int i = 0; i < 2; i++) {
        struct person *p = &r->people[i];
        if (in_scope)
            CHECK_TEXT(p->told.at, p->expected.at);
        text_dispose(&p->told);
        text_dispose(&p->expected);
    }
    stage_dispose(&r->stage);
    mem_free(copy);
    mem_free(r);
}

TEST(join_chat_mute_leave)
{
    replay(FOLDER "/a_join-chat-mute-leave.jsonl", true);
}

TEST(reconnect)
{
    replay(FOLDER "/b_reconnect.jsonl", true);
}

TEST(roles_and_moderation_are_answered)
{
    replay(FOLDER "/c_roles-moderation.jsonl", false);
}

TEST(hand_metadata_and_store_are_answered)
{
    replay(FOLDER "/d_hand-metadata-store.jsonl", false);
}

TEST(simulcast_layers)
{
    replay(FOLDER "/e_simulcast-layers.jsonl", true);
}

TEST(preview_then_join)
{
    replay(FOLDER "/f_preview-join.jsonl", true);
}

TEST(screen_share)
{
    replay(FOLDER "/g_screen-share.jsonl", true);
}

TEST(end_room_is_answered)
{
    replay(FOLDER "/h_end-room.jsonl", false);
}

TEST(firefox_guest)
{
    replay(FOLDER "/i_firefox-guest.jsonl", true);
}

TEST(firefox_simulcast)
{
    replay(FOLDER "/j_firefox-simulcast.jsonl", true);
}
