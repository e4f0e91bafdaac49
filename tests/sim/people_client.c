// A person with the SDK, as far as the protocol goes.
#include "tests/sim/people_world.h"

#include "base/mem.h"
#include "room/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct belief *client_knows(struct client *c, const char *peer_id)
{
    for (size_t i = 0; i < c->other_count; i++) {
        if (strcmp(c->others[i].id, peer_id) == 0)
            return &c->others[i];
    }
    return NULL;
}

// --- Saying ---

static void say(struct world *w, struct client *c, const char *text)
{
    world_send(w, c, mem_text(text));
}

// A request; `params` without braces.
static void ask(struct world *w, struct client *c, const char *method, const char *params)
{
    if (c->pending_count == PENDING_MAX)
        return;
    struct text t = {0};
    int id = ++c->last_id;
    text_addf(&t, "{\"method\":\"%s\",\"params\":{%s},\"id\":\"%d\",\"jsonrpc\":\"2.0\"}",
              method, params, id);
    struct request *request = &c->pending[c->pending_count++];
    *request = (struct request){.id = id};
    snprintf(request->method, sizeof request->method, "%s", method);
    if (strlen(params) < sizeof request->params)
        snprintf(request->params, sizeof request->params, "%s", params);
    w->request_count++;
    say(w, c, t.at);
    text_dispose(&t);
}

static void put_tracks(struct text *t, const struct client *c)
{
    bool comma = false;
    text_add(t, "\"tracks\":{");
    for (int i = 0; i < OWN_TRACKS_MAX; i++) {
        const struct own_track *track = &c->tracks[i];
        if (!track->published)
            continue;
        text_addf(
            t,
            "%s\"%s\":{\"type\":\"%s\",\"source\":\"%s\",\"description\":\"\",\"mute\":%s,"
            "\"track_id\":\"%s\",\"stream_id\":\"s\"}",
            comma ? "," : "", track->id, i == 0 ? "audio" : "video",
            i == 2 ? "screen" : "regular", track->muted ? "true" : "false", track->id);
        comma = true;
    }
    text_add(t, "}");
}

static void offer(struct world *w, struct client *c)
{
    struct text t = {0};
    text_addf(&t, "\"desc\":{\"type\":\"offer\",\"sdp\":\"x\"},\"sfu_node_id\":\"%s\",",
              c->node);
    put_tracks(&t, c);
    ask(w, c, "offer", t.at);
    text_dispose(&t);
}

static void update_tracks(struct world *w, struct client *c)
{
    struct text t = {0};
    text_add(&t, "{\"method\":\"track-update\",\"params\":{");
    put_tracks(&t, c);
    text_add(&t, "}}");
    say(w, c, t.at);
    text_dispose(&t);
}

// --- Doing ---

static const char *somebody(struct world *w)
{
    return w->clients[world_below(w, (uint32_t)w->client_count)].id;
}

static const char *some_role(struct world *w)
{
    return plan_role_names[world_below(w, PLAN_ROLES)];
}

static void forget(struct client *c)
{
    c->other_count = 0;
    c->count = 0;
    c->value[0] = c->role_token[0] = 0;
    c->listens = false;
    c->pending_count = 0;
    memset(c->tracks, 0, sizeof c->tracks);
}

static void out(struct client *c)
{
    c->state = CLIENT_OUT;
    forget(c);
}

void client_lost(struct world *w, struct client *c)
{
    bool was_in = c->state == CLIENT_IN;
    world_drop(w, c);
    c->pending_count = 0; // the SDK fails them all
    if (!was_in) {
        out(c);
        return;
    }
    c->state = CLIENT_AWAY;
    c->back_at = w->now.mono_us + 1000 * (int64_t)(w->calm ? 10 : world_below(w, 3000));
}

void client_back(struct world *w, struct client *c)
{
    c->resumes = true;
    c->state = CLIENT_IN;
    world_open(w, c);
}

void client_leave(struct world *w, struct client *c)
{
    if (c->session) {
        say(w, c, "{\"method\":\"leave\",\"params\":{\"client_reason\":\"user request\"}}");
        c->session = 0; // the rest is the server's
    }
    out(c);
}

static void join(struct world *w, struct client *c)
{
    char params[256];
    snprintf(params, sizeof params,
             "\"name\":\"n%d\",\"data\":\"\",\"offer\":{\"type\":\"offer\",\"sdp\":\"x\"}",
             c->index);
    ask(w, c, "join", params);
    c->state = CLIENT_JOINING;
}

static void publish(struct world *w, struct client *c)
{
    struct own_track *track = &c->tracks[world_below(w, OWN_TRACKS_MAX)];
    if (track->published) {
        track->published = false;
    } else {
        snprintf(track->id, sizeof track->id, "t%d-%d", c->index, ++c->tracks_made);
        track->published = true;
        track->muted = world_below(w, 2);
    }
    offer(w, c);
}

static void mute(struct world *w, struct client *c)
{
    struct own_track *track = &c->tracks[world_below(w, OWN_TRACKS_MAX)];
    if (!track->published)
        return;
    track->muted = !track->muted;
    update_tracks(w, c);
}

static void chat(struct world *w, struct client *c)
{
    if (w->chat_count == CHATS_MAX)
        return;
    size_t number = w->chat_count++;
    int how = (int)world_below(w, 3);
    int to = (int)world_below(w, (uint32_t)w->client_count);
    const char *role = some_role(w);
    char params[256];
    w->chats[number].from = c->index;
    w->chats[number].to = how == 1 ? to : -1;
    w->chats[number].role = how == 2 ? role : NULL;
    int len = snprintf(params, sizeof params,
                       "\"info\":{\"type\":\"chat\",\"message\":\"#%zu#\"}", number);
    if (how == 1)
        snprintf(params + len, sizeof params - (size_t)len, ",\"peer_id\":\"%s\"",
                 w->clients[to].id);
    if (how == 2)
        snprintf(params + len, sizeof params - (size_t)len, ",\"roles\":[\"%s\"]", role);
    ask(w, c, "broadcast", params);
}

static void change_role(struct world *w, struct client *c)
{
    char params[256];
    if (world_below(w, 4) == 0)
        snprintf(params, sizeof params, "\"roles\":[\"%s\"],\"role\":\"%s\",\"force\":true",
                 some_role(w), some_role(w));
    else
        snprintf(params, sizeof params, "\"requested_for\":\"%s\",\"role\":\"%s\",\"force\":%s",
                 somebody(w), some_role(w), world_below(w, 2) ? "true" : "false");
    ask(w, c, "role-change-request", params);
}

static void accept_role(struct world *w, struct client *c)
{
    char params[256];
    snprintf(params, sizeof params, "\"role\":\"%s\",\"token\":\"%s\"", c->role_asked,
             c->role_token);
    ask(w, c, "role-change", params);
    c->role_token[0] = 0;
}

static void mute_others(struct world *w, struct client *c)
{
    char params[256];
    struct belief *other =
        c->other_count ? &c->others[world_below(w, (uint32_t)c->other_count)] : NULL;
    if (other && other->track_count && world_below(w, 2)) {
        snprintf(params, sizeof params,
                 "\"requested_for\":\"%s\",\"track_id\":\"%s\",\"stream_id\":\"s\",\"mute\":%s",
                 other->id, other->tracks[0].id, world_below(w, 3) ? "true" : "false");
        ask(w, c, "track-update-request", params);
        return;
    }
    snprintf(params, sizeof params, "\"value\":%s,\"type\":\"%s\"",
             world_below(w, 3) ? "true" : "false", world_below(w, 2) ? "audio" : "video");
    ask(w, c, "change-track-mute-state-request", params);
}

static void raise_hand(struct world *w, struct client *c)
{
    char params[128];
    snprintf(params, sizeof params, "\"name\":\"_handraise\",\"peer_id\":\"%s\"", somebody(w));
    static const char *const methods[] = {"group-join", "group-leave", "group-add",
                                          "group-remove"};
    ask(w, c, methods[world_below(w, 4)], params);
}

static void remember(struct world *w, struct client *c)
{
    char params[128];
    if (!c->listens) {
        ask(w, c, "listen-metadata-change", "\"keys\":[\"k\"]");
        c->listens = true;
        return;
    }
    snprintf(params, sizeof params, "\"key\":\"k\",\"data\":\"v%u\"", world_below(w, 1000));
    ask(w, c, "set-metadata", params);
}

static void poll(struct world *w, struct client *c)
{
    switch (world_below(w, 5)) {
    case 0:
        ask(w, c, "poll-info-set", "\"poll_id\":\"p\",\"title\":\"t\",\"type\":\"poll\"");
        ask(w, c, "poll-questions-set",
            "\"poll_id\":\"p\",\"questions\":[{\"question\":{\"index\":1,\"text\":\"q\","
            "\"type\":\"single-choice\"},\"options\":[{\"index\":1,\"text\":\"a\"},"
            "{\"index\":2,\"text\":\"b\"}]}]");
        break;
    case 1:
        ask(w, c, "poll-start", "\"poll_id\":\"p\"");
        break;
    case 2:
        ask(w, c, "poll-response",
            "\"poll_id\":\"p\",\"responses\":[{\"question\":1,\"option\":1,\"update\":true}]");
        break;
    case 3:
        ask(w, c, "poll-result", "\"poll_id\":\"p\"");
        break;
    case 4:
        ask(w, c, "poll-list", "\"state\":\"started\",\"count\":5");
        break;
    }
}

static void rename_oneself(struct world *w, struct client *c)
{
    char params[64];
    snprintf(params, sizeof params, "\"name\":\"n%u\"", world_below(w, 100));
    ask(w, c, "peer-update", params);
}

static void look_up(struct world *w, struct client *c)
{
    ask(w, c, "find-peer", "\"limit\":3");
    ask(w, c, "peer-name-search", "\"query\":\"n\",\"limit\":3");
}

static void talk_nonsense(struct world *w, struct client *c)
{
    static const char *const nonsense[] = {"{}", "[]", "{\"method\":7}", "{\"method\":\"join\"",
                                           "{\"method\":\"what\",\"params\":{}}"};
    say(w, c, nonsense[world_below(w, 5)]);
    ask(w, c, "ping", "\"timestamp\":1"); // so that errors do not come twenty in a row
}

static void remove_somebody(struct world *w, struct client *c)
{
    char params[128];
    snprintf(params, sizeof params, "\"requested_for\":\"%s\",\"reason\":\"r\"", somebody(w));
    ask(w, c, "peer-leave-request", params);
}

// Its network changes: it comes back with a socket while the old one still looks open.
static void client_stray(struct world *w, struct client *c)
{
    c->session = 0;
    c->pending_count = 0;
    client_back(w, c);
}

static void act_inside(struct world *w, struct client *c)
{
    static void (*const often[])(struct world *, struct client *) = {
        publish,        publish,     mute,     chat,          chat,     chat,
        change_role,    mute_others, mute,     raise_hand,    remember, poll,
        rename_oneself, look_up,     remember, talk_nonsense, poll,     change_role,
    };
    uint32_t dice = world_below(w, 100);
    if (c->role_token[0] && dice < 30)
        accept_role(w, c);
    else if (dice < 6)
        client_lost(w, c);
    else if (dice < 7)
        client_stray(w, c);
    else if (dice < 9)
        client_leave(w, c);
    else if (dice < 11)
        remove_somebody(w, c);
    else if (dice < 12 && world_below(w, 10) == 0)
        ask(w, c, "end-room",
            world_below(w, 3) ? "\"lock\":false,\"reason\":\"over\""
                              : "\"lock\":true,\"reason\":\"for good\"");
    else
        often[world_below(w, sizeof often / sizeof *often)](w, c);
}

void client_act(struct world *w, struct client *c)
{
    switch (c->state) {
    case CLIENT_OUT:
        c->token_role = world_below(w, 8) ? plan_role_names[world_below(w, 7) % 5 % 4]
                                          : plan_role_names[PLAN_ROLES - 1];
        c->token_code = plan_codes[world_below(w, PLAN_CODES)];
        c->resumes = false;
        c->state = CLIENT_COMING;
        world_open(w, c);
        break;
    case CLIENT_COMING:
        if (world_below(w, 20) == 0)
            client_lost(w, c);
        else if (c->role[0] || world_below(w, 10) == 0)
            join(w, c); // or it does not wait to be told its role
        break;
    case CLIENT_JOINING:
        if (world_below(w, 40) == 0)
            client_lost(w, c);
        else if (world_below(w, 20) == 0)
            join(w, c); // it cannot wait
        break;
    case CLIENT_IN:
        if (c->session)
            act_inside(w, c);
        break;
    case CLIENT_AWAY:
        break;
    }
}

// --- Hearing ---

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

static void believe_tracks(struct belief *other, const json_t *tracks)
{
    const char *id;
    json_t *track;
    json_object_foreach((json_t *)tracks, id, track)
    {
        size_t at = 0;
        while (at < other->track_count && strcmp(other->tracks[at].id, id) != 0)
            at++;
        if (at > OWN_TRACKS_MAX)
            continue;
        if (at == other->track_count)
            other->track_count++;
        copy(other->tracks[at].id, sizeof other->tracks[at].id, id);
        other->tracks[at].muted = json_is_true(json_object_get(track, "mute"));
    }
}

static void forget_tracks(struct belief *other, const json_t *tracks)
{
    size_t kept = 0;
    for (size_t i = 0; i < other->track_count; i++) {
        if (!json_object_get(tracks, other->tracks[i].id))
            other->tracks[kept++] = other->tracks[i];
    }
    other->track_count = kept;
}

static struct belief *meet(struct world *w, struct client *c, const char *peer_id)
{
    struct belief *other = client_knows(c, peer_id);
    if (other || strcmp(peer_id, c->id) == 0)
        return other;
    if (c->other_count == CLIENTS_MAX) {
        world_fail(w, "%s was told of more people than there are", c->id);
        return NULL;
    }
    other = &c->others[c->other_count++];
    *other = (struct belief){0};
    copy(other->id, sizeof other->id, peer_id);
    return other;
}

static void believe(struct world *w, struct client *c, const json_t *peer)
{
    struct belief *other = meet(w, c, text_of(peer, "peer_id"));
    if (!other)
        return;
    copy(other->role, sizeof other->role, text_of(peer, "role"));
    copy(other->name, sizeof other->name, text_of(json_object_get(peer, "info"), "name"));
    other->hand = json_array_size(json_object_get(peer, "groups")) > 0;
    believe_tracks(other, json_object_get(peer, "tracks"));
}

static void hear_list(struct world *w, struct client *c, const json_t *params)
{
    const char *id;
    json_t *peer;
    c->other_count = 0;
    json_object_foreach(json_object_get(params, "peers"), id, peer)
    {
        believe(w, c, peer);
    }
}

static void hear_leave(struct client *c, const json_t *params)
{
    struct belief *other = client_knows(c, text_of(params, "peer_id"));
    if (other)
        *other = c->others[--c->other_count];
}

static void hear_tracks(struct world *w, struct client *c, const char *method,
                        const json_t *params)
{
    const char *peer_id = text_of(json_object_get(params, "peer"), "peer_id");
    struct belief *other = client_knows(c, peer_id);
    const json_t *tracks = json_object_get(params, "tracks");
    if (!other)
        world_fail(w, "%s got %s of %s, whom it does not know", c->id, method, peer_id);
    else if (strcmp(method, "on-track-remove") == 0)
        forget_tracks(other, tracks);
    else
        believe_tracks(other, tracks);
}

static void hear_mute(struct world *w, struct client *c, const json_t *params)
{
    const char *track_id = text_of(params, "track_id"), *type = text_of(params, "type");
    bool muted = json_is_true(json_object_get(params, *track_id ? "mute" : "value"));
    for (int i = 0; i < OWN_TRACKS_MAX && muted; i++) {
        bool fits = *track_id ? strcmp(c->tracks[i].id, track_id) == 0
                              : !*type || strcmp(type, i == 0 ? "audio" : "video") == 0;
        if (c->tracks[i].published && fits)
            c->tracks[i].muted = true;
    }
    if (muted)
        update_tracks(w, c);
}

static void hear_policy(struct world *w, struct client *c, const json_t *params)
{
    copy(c->role, sizeof c->role, text_of(params, "name"));
    if (!c->resumes)
        return;
    c->resumes = false;
    offer(w, c);
    update_tracks(w, c);
}

// Its connections ended with a process: both are made anew, and what it sends has new ids.
static void hear_node(struct world *w, struct client *c, const char *node)
{
    bool published[OWN_TRACKS_MAX];
    if (strcmp(node, c->node) == 0)
        return;
    copy(c->node, sizeof c->node, node);
    for (int i = 0; i < OWN_TRACKS_MAX; i++) {
        published[i] = c->tracks[i].published;
        c->tracks[i].published = false;
    }
    offer(w, c);
    for (int i = 0; i < OWN_TRACKS_MAX; i++) {
        struct own_track *track = &c->tracks[i];
        if (!published[i])
            continue;
        snprintf(track->id, sizeof track->id, "t%d-%d", c->index, ++c->tracks_made);
        track->published = true;
        offer(w, c);
    }
}

static void hear(struct world *w, struct client *c, const char *method, const json_t *params)
{
    if (strcmp(method, "on-policy-change") == 0) {
        hear_policy(w, c, params);
    } else if (strcmp(method, "peer-list") == 0) {
        hear_list(w, c, params);
    } else if (strcmp(method, "on-peer-join") == 0 || strcmp(method, "on-peer-update") == 0) {
        believe(w, c, params);
    } else if (strcmp(method, "on-peer-leave") == 0) {
        hear_leave(c, params);
    } else if (strncmp(method, "on-track-", 9) == 0 && strstr("on-track-add on-track-update "
                                                              "on-track-remove",
                                                              method)) {
        hear_tracks(w, c, method, params);
    } else if (strcmp(method, "node-info") == 0) {
        hear_node(w, c, text_of(params, "sfu_node_id"));
    } else if (strcmp(method, "session-info") == 0) {
        c->count = json_integer_value(json_object_get(params, "peer_count"));
    } else if (strcmp(method, "offer") == 0) {
        say(w, c,
            "{\"method\":\"answer\",\"params\":{\"desc\":{\"type\":\"answer\",\"sdp\":\"y\"}}"
            "}");
    } else if (strcmp(method, "on-metadata-change") == 0) {
        const json_t *value = json_array_get(json_object_get(params, "values"), 0);
        copy(c->value, sizeof c->value, text_of(value, "data"));
    } else if (strcmp(method, "on-role-change-request") == 0) {
        copy(c->role_token, sizeof c->role_token, text_of(params, "token"));
        copy(c->role_asked, sizeof c->role_asked, text_of(params, "role"));
    } else if (strcmp(method, "on-track-update-request") == 0 ||
               strcmp(method, "on-change-track-mute-state-request") == 0) {
        hear_mute(w, c, params);
    } else if (strcmp(method, "on-peer-leave-request") == 0 ||
               strcmp(method, "on-error") == 0) {
        world_drop(w, c);
        out(c);
    }
}

static void hear_answer(struct world *w, struct client *c, const json_t *message)
{
    int id = atoi(text_of(message, "id"));
    size_t at = 0;
    while (at < c->pending_count && c->pending[at].id != id)
        at++;
    if (at == c->pending_count) {
        world_fail(w, "%s got an answer that it does not wait for: %d", c->id, id);
        return;
    }
    struct request request = c->pending[at];
    c->pending[at] = c->pending[--c->pending_count];
    const json_t *error = json_object_get(message, "error");
    if (json_integer_value(json_object_get(error, "code")) == 503 && request.params[0] &&
        !request.is_repeat && c->pending_count < PENDING_MAX) {
        ask(w, c, request.method, request.params); // as the SDK does
        struct request *again = &c->pending[c->pending_count - 1];
        again->is_repeat = true;
        again->change = request.change;
        again->change_before = request.change_before;
    }
    if (!error && !json_object_get(message, "result"))
        world_fail(w, "%s got an answer without a result", c->id);
    if (c->state == CLIENT_JOINING) {
        if (error && c->pending_count)
            return; // it has tried again meanwhile
        if (error) {
            client_lost(w, c);
            return;
        }
        c->state = CLIENT_IN;
        copy(c->node, sizeof c->node,
             text_of(json_object_get(message, "result"), "sfu_node_id"));
    }
}

void client_reads(struct world *w, struct client *c, const char *text)
{
    json_t *message = json_loads(text, 0, NULL);
    const json_t *id = json_object_get(message, "id");
    const char *method = text_of(message, "method");
    w->message_count++;
    if (!message)
        world_fail(w, "%s got what is no JSON: %.80s", c->id, text);
    else if (*method)
        hear(w, c, method, json_object_get(message, "params"));
    else if (!json_is_null(id))
        hear_answer(w, c, message);
    json_decref(message);
}
