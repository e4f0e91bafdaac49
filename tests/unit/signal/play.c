// Plays a transcript: a text that reads like the protocol's description.
//
//     host opens guest user-x     a socket of peer "host" with this role; role and user may be
//                                 left out: the name says the role ("host", "guest", "viewer",
//                                 "lobby")
//     host opens guest user-x B   with another token of that role and user; one that begins
//                                 with "brief" expires after 10 s
//     host opens for demand       whose URL asks what of its pictures anybody has use for
//     host joins                  opens, joins, answers the first offer, forgets what came
//     host publishes A1 V1        an offer with all of its tracks; see stage_publish()
//     host > {...}                sends            host >dc {...}   over the data channel
//     host < {...}                next message     host <dc {...}   of the data channel
//     host < nothing              no message is left unread
//     host reads                  forgets what is unread, on both
//     host answers                the offer of ours
//     host drops                  the socket is gone
//     host closed 1000            we closed it
//     all read
//     wait 60s
//     all wait 60s               the same, and every open socket gives signs of life
//     worker answers | refuses | is silent | is full
//     worker lost host            the subscribe connection failed
//     worker hears A1=42 A2=7     speakers; without any: silence
//     worker rates host 3         downlink score
//     worker wants host V1 low    so much of what host sends anybody has use for
//     media feed host A1 high     the next thing that the worker was told
//     media has feed host A1 high  this was among them; tables have no order
//     media nothing
//     log {...} | log nothing     what a client reported, as it is written down
//     media read
//     room code disabled | enabled  the code of all tokens
//     room disabled | enabled | size 1 | guests 1 | history 3 | lasts 600s
//     room links <id> {...}       a poll of the back end's, before the session begins
//     room tells 10s [peers] [always]   the roomState of the template: how often, with the list
//                                       of peers, also to those who have joined
//     server is node-1            named so; without it, it has no name
//     server restarts node-2      goes on from what was written down, under this name
//     loading | loaded            rooms are not there until "loaded"
//
// What is expected names the members that matter: others may be there too. "*" is any value,
// "-" is for a member that must not be there, "$x" is the same text wherever it stands.
#include "stage.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

struct play {
    struct stage stage;
    const char *path;
    int line;
    json_t *names; // of "$x"
};

static void stop(const struct play *p, const char *what, const char *detail)
{
    fail_msg("%s:%d: %s %s", p->path, p->line, what, detail);
}

// --- Expectations ---

static bool matches(struct play *p, const json_t *expected, const json_t *actual);

static bool object_matches(struct play *p, const json_t *expected, const json_t *actual)
{
    const char *key;
    json_t *member;
    if (!json_is_object(actual))
        return false;
    json_object_foreach((json_t *)expected, key, member)
    {
        const json_t *found = json_object_get(actual, key);
        bool must_miss = json_is_string(member) && strcmp(json_string_value(member), "-") == 0;
        if (must_miss ? found != NULL : !found || !matches(p, member, found))
            return false;
    }
    return true;
}

static bool array_matches(struct play *p, const json_t *expected, const json_t *actual)
{
    if (!json_is_array(actual) || json_array_size(actual) != json_array_size(expected))
        return false;
    for (size_t i = 0; i < json_array_size(expected); i++) {
        if (!matches(p, json_array_get(expected, i), json_array_get(actual, i)))
            return false;
    }
    return true;
}

static bool matches(struct play *p, const json_t *expected, const json_t *actual)
{
    if (json_is_object(expected))
        return json_object_size(expected) == 0 ? json_is_object(actual)
                                               : object_matches(p, expected, actual);
    if (json_is_array(expected))
        return array_matches(p, expected, actual);
    const char *text = json_is_string(expected) ? json_string_value(expected) : "";
    if (strcmp(text, "*") == 0)
        return true;
    if (text[0] != '$')
        return json_equal(expected, actual);
    const json_t *known = json_object_get(p->names, text);
    if (known)
        return json_equal(known, actual);
    json_object_set(p->names, text, (json_t *)actual);
    return true;
}

static void expect(struct play *p, struct stage_queue *queue, const char *expected)
{
    char *actual = stage_next(queue);
    if (strcmp(expected, "nothing") == 0) {
        if (*actual)
            stop(p, "unexpected:", actual);
        mem_free(actual);
        return;
    }
    json_t *want = json_loads(expected, JSON_DECODE_ANY, NULL);
    json_t *got = json_loads(actual, JSON_DECODE_ANY, NULL);
    if (!want)
        stop(p, "is not JSON:", expected);
    if (!got)
        stop(p, "no message", actual);
    // Rules of the protocol that hold for every message: notifications have no id, results
    // are truthy, errors have a number.
    const json_t *result = json_object_get(got, "result");
    if (json_object_get(got, "method") && json_object_get(got, "id"))
        stop(p, "notification with an id:", actual);
    if (result && (json_is_null(result) || json_is_false(result)))
        stop(p, "falsy result:", actual);
    if (json_object_get(got, "error") &&
        !json_is_integer(json_object_get(json_object_get(got, "error"), "code")))
        stop(p, "error without a code:", actual);
    if (!matches(p, want, got))
        stop(p, "got", actual);
    json_decref(want);
    json_decref(got);
    mem_free(actual);
}

static void expect_among(struct play *p, const char *expected)
{
    struct stage_queue *queue = &p->stage.media;
    for (size_t i = 0; i < queue->count; i++) {
        if (strcmp(queue->at[i], expected) != 0)
            continue;
        mem_free(queue->at[i]);
        memmove(queue->at + i, queue->at + i + 1, (--queue->count - i) * sizeof *queue->at);
        return;
    }
    stop(p, "media was not told", expected);
}

static void expect_media(struct play *p, const char *expected)
{
    if (strncmp(expected, "has ", 4) == 0) {
        expect_among(p, expected + 4);
        return;
    }
    if (strcmp(expected, "read") == 0) {
        stage_forget(&p->stage.media);
        return;
    }
    char *actual = stage_next(&p->stage.media);
    if (strcmp(actual, strcmp(expected, "nothing") == 0 ? "" : expected) != 0)
        stop(p, "media:", *actual ? actual : "nothing");
    mem_free(actual);
}

// --- Lines ---

// "host/2" and "guest3" play the role their name begins with.
static const char *default_role(const char *name)
{
    static const char *const roles[] = {"guest", "viewer", "lobby"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strncmp(name, roles[i], strlen(roles[i])) == 0)
            return roles[i];
    }
    return "host";
}

static void client_line(struct play *p, const char *name, char *rest)
{
    struct stage *s = &p->stage;
    char *verb = strtok_r(rest, " ", &rest);
    struct stage_client *client = stage_client(s, name);

    if (strcmp(verb, "opens") == 0 && strcmp(rest, "for demand") == 0) {
        s->takes_demand = true;
        stage_open(s, name, default_role(name), NULL);
        s->takes_demand = false;
        return;
    }
    if (strcmp(verb, "opens") == 0) {
        char *role = strtok_r(rest, " ", &rest);
        const char *user = strtok_r(rest, " ", &rest);
        s->token = strtok_r(rest, " ", &rest);
        stage_open(s, name, role ? role : default_role(name), user);
        s->token = NULL;
        return;
    }
    if (strcmp(verb, "joins") == 0) {
        stage_join(s, name, default_role(name));
        return;
    }
    if (!client)
        stop(p, "nobody is called", name);
    if (strcmp(verb, ">") == 0)
        stage_send(s, client, rest);
    else if (strcmp(verb, ">dc") == 0)
        stage_send_channel(s, name, rest);
    else if (strcmp(verb, "<") == 0)
        expect(p, &client->socket, rest);
    else if (strcmp(verb, "<dc") == 0)
        expect(p, &client->channel, rest);
    else if (strcmp(verb, "publishes") == 0)
        stage_publish(s, client, rest);
    else if (strcmp(verb, "answers") == 0)
        stage_answer(s, client);
    else if (strcmp(verb, "drops") == 0)
        stage_drop(s, client);
    else if (strcmp(verb, "reads") == 0)
        stage_forget(&client->socket), stage_forget(&client->channel);
    else if (strcmp(verb, "closed") == 0)
        client->close_code == atoi(rest) ? (void)0 : stop(p, "is not closed with", rest);
    else
        stop(p, "no such verb:", verb);
}

static enum video_quality quality_of_name(const char *name)
{
    return strcmp(name, "none") == 0   ? VIDEO_OFF
           : strcmp(name, "low") == 0  ? VIDEO_LOW
           : strcmp(name, "high") == 0 ? VIDEO_HIGH
                                       : VIDEO_MEDIUM;
}

// "guest camera line none of high": by the subscriber's line, or the "publisher", or "nothing".
static void degrade(struct play *p, char *rest)
{
    struct notice notice = {.kind = NOTICE_LAYER};
    notice.endpoint = stage_endpoint(&p->stage, strtok_r(rest, " ", &rest), ENDPOINT_SUBSCRIBE);
    notice.track = stage_track_number(&p->stage, strtok_r(rest, " ", &rest));
    const char *by = strtok_r(rest, " ", &rest);
    notice.layer.subscriber_degraded = strcmp(by, "line") == 0;
    notice.layer.publisher_degraded = strcmp(by, "publisher") == 0;
    notice.layer.current = quality_of_name(strtok_r(rest, " ", &rest));
    strtok_r(rest, " ", &rest); // "of"
    notice.layer.expected = quality_of_name(rest);
    stage_notice(&p->stage, &notice);
}

static void demand(struct play *p, char *rest)
{
    struct notice notice = {.kind = NOTICE_DEMAND};
    notice.endpoint = stage_endpoint(&p->stage, strtok_r(rest, " ", &rest), ENDPOINT_PUBLISH);
    notice.track = stage_track_number(&p->stage, strtok_r(rest, " ", &rest));
    notice.demand.most = quality_of_name(rest);
    stage_notice(&p->stage, &notice);
}

static void worker_line(struct play *p, char *rest)
{
    struct stage *s = &p->stage;
    char *verb = strtok_r(rest, " ", &rest);
    struct notice notice = {0};

    if (strcmp(verb, "answers") == 0) {
        s->worker = WORKER_ANSWERS;
    } else if (strcmp(verb, "refuses") == 0) {
        s->worker = WORKER_REFUSES;
    } else if (strcmp(verb, "is") == 0) {
        s->worker = strcmp(rest, "full") == 0 ? WORKER_IS_FULL : WORKER_IS_SILENT;
    } else if (strcmp(verb, "lost") == 0) {
        notice.kind = NOTICE_CLOSED;
        notice.endpoint = stage_endpoint(s, rest, ENDPOINT_SUBSCRIBE);
        notice.closed.reason = TRANSPORT_SILENT;
        stage_notice(s, &notice);
    } else if (strcmp(verb, "rates") == 0) {
        notice.kind = NOTICE_QUALITY;
        notice.endpoint = stage_endpoint(s, strtok_r(rest, " ", &rest), ENDPOINT_SUBSCRIBE);
        notice.quality.downlink_score = (uint8_t)atoi(rest);
        stage_notice(s, &notice);
    } else if (strcmp(verb, "chooses") == 0) {
        degrade(p, rest);
    } else if (strcmp(verb, "wants") == 0) {
        demand(p, rest);
    } else if (strcmp(verb, "hears") == 0) {
        notice.kind = NOTICE_SPEAKERS;
        notice.room = rooms_find(&s->rooms, STAGE_ROOM_ID)->number;
        for (char *one; (one = strtok_r(rest, " ", &rest));) {
            char *track = strtok_r(one, "=", &one);
            notice.speakers.list[notice.speakers.count++] =
                (struct notice_speaker){stage_track_number(s, track), (uint8_t)atoi(one)};
        }
        stage_notice(s, &notice);
    } else {
        stop(p, "no such verb:", verb);
    }
}

static void link_poll(struct play *p, char *rest)
{
    const char *id = strtok_r(rest, " ", &rest);
    stage_link(&p->stage, id, rest);
}

static void set_code(struct stage *s, bool is_disabled)
{
    struct room *room = rooms_find(&s->rooms, STAGE_ROOM_ID);
    s->code_is_disabled = is_disabled;
    if (room)
        room_set_code(room, STAGE_CODE_ID, is_disabled);
}

static void room_line(struct play *p, char *rest)
{
    char *verb = strtok_r(rest, " ", &rest);
    if (strcmp(verb, "code") == 0)
        set_code(&p->stage, strcmp(rest, "disabled") == 0);
    else if (strcmp(verb, "disabled") == 0)
        p->stage.record.enabled = false;
    else if (strcmp(verb, "enabled") == 0)
        p->stage.record.enabled = true;
    else if (strcmp(verb, "size") == 0)
        p->stage.record.size = atoi(rest);
    else if (strcmp(verb, "history") == 0)
        p->stage.record.chat_history = atoi(rest);
    else if (strcmp(verb, "lasts") == 0)
        p->stage.record.max_duration_s = atoi(rest);
    else if (strcmp(verb, "links") == 0)
        link_poll(p, rest);
    else if (strcmp(verb, "tells") == 0)
        p->stage.states = (struct room_state_settings){
            .enabled = true,
            .send_peer_list = strstr(rest, "peers"),
            .stop_on_join = !strstr(rest, "always"),
            .interval_s = atoi(rest),
        };
    else if (strcmp(verb, "guests") == 0)
        p->stage.guests_max = atoi(rest);
    else
        stop(p, "no such verb:", verb);
}

static void server_line(struct play *p, char *rest)
{
    char *verb = strtok_r(rest, " ", &rest);
    if (strcmp(verb, "is") == 0)
        signal_set_node(p->stage.signal, rest);
    else if (strcmp(verb, "restarts") == 0)
        stage_restart(&p->stage, rest);
    else
        stop(p, "no such verb:", verb);
}

static void all_read(struct stage *s)
{
    for (size_t i = 0; i < s->client_count; i++) {
        stage_forget(&s->clients[i].socket);
        stage_forget(&s->clients[i].channel);
    }
    stage_forget(&s->media);
}

static void play_line(struct play *p, char *line)
{
    char *first = strtok_r(line, " ", &line);
    if (!first || first[0] == '#')
        return;
    if (strcmp(first, "wait") == 0)
        stage_wait(&p->stage, strstr(line, "ms") ? atoi(line) : 1000L * atoi(line));
    else if (strcmp(first, "worker") == 0)
        worker_line(p, line);
    else if (strcmp(first, "log") == 0)
        expect(p, &p->stage.log, line);
    else if (strcmp(first, "media") == 0)
        expect_media(p, line);
    else if (strcmp(first, "room") == 0)
        room_line(p, line);
    else if (strcmp(first, "server") == 0)
        server_line(p, line);
    else if (strcmp(first, "all") == 0 && strncmp(line, "wait", 4) == 0)
        stage_wait_alive(&p->stage, 1000L * atoi(line + 5));
    else if (strcmp(first, "all") == 0)
        all_read(&p->stage);
    else if (strcmp(first, "loading") == 0)
        p->stage.is_loading = true;
    else if (strcmp(first, "loaded") == 0)
        stage_load(&p->stage);
    else
        client_line(p, first, line);
}

void stage_play(const char *path)
{
    struct play *p = mem_alloc(sizeof *p);
    p->path = path;
    p->names = json_object();
    stage_init(&p->stage);
    struct bytes script = test_file(path);
    char *copy = mem_text_of(script), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        p->line++;
        play_line(p, line);
    }
    stage_dispose(&p->stage);
    json_decref(p->names);
    mem_free(copy);
    mem_free(p);
}
