#include "stage.h"

#include "base/json.h"
#include "room/check.h"
#include "store/peer_stats.h"
#include "store/poll_document.h"
#include "store/snapshot.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

// --- Small things ---

static void keep(struct stage_queue *queue, struct bytes text)
{
    CHECK(queue->count < STAGE_UNREAD_MAX);
    queue->at[queue->count++] = mem_text_of(text);
}

char *stage_next(struct stage_queue *queue)
{
    if (queue->count == 0)
        return mem_text("");
    char *first = queue->at[0];
    memmove(queue->at, queue->at + 1, --queue->count * sizeof *queue->at);
    return first;
}

void stage_forget(struct stage_queue *queue)
{
    while (queue->count)
        mem_free(queue->at[--queue->count]);
}

static const char *name_of(const struct stage *s, uint64_t peer)
{
    for (size_t i = s->peer_count; i > 0; i--) {
        if (s->peer_numbers[i - 1] == peer)
            return s->peer_names[i - 1].at;
    }
    return "?";
}

static const char *track_name(const struct stage *s, uint64_t number)
{
    for (size_t i = 0; i < s->track_count; i++) {
        if (s->tracks[i].number == number)
            return s->tracks[i].id;
    }
    return "?";
}

uint64_t stage_track_number(const struct stage *s, const char *track_id)
{
    for (size_t i = s->track_count; i > 0; i--) {
        if (strcmp(s->tracks[i - 1].id, track_id) == 0)
            return s->tracks[i - 1].number;
    }
    return 0;
}

uint64_t stage_endpoint(const struct stage *s, const char *peer_id, enum endpoint_kind kind)
{
    const struct room *room = rooms_find(&s->rooms, STAGE_ROOM_ID);
    const struct peer *peer = room ? room_peer(room, peer_id) : NULL;
    return peer ? bridge_endpoint(peer->number, kind) : 0;
}

// --- The template ---

static void fill_role(struct template *t, size_t at, const char *name, bool publishes)
{
    struct role *role = &t->roles[at];
    role->name = template_text(t, name);
    role->priority = (int)at + 1;
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        role->allowed[kind] = publishes;
    role->media[PUBLISH_AUDIO] =
        (struct role_media){.bitrate_kbps = 32, .codec = template_text(t, "opus")};
    role->media[PUBLISH_VIDEO] = (struct role_media){.bitrate_kbps = 850,
                                                     .codec = template_text(t, "vp8"),
                                                     .frame_rate = 30,
                                                     .width = 1280,
                                                     .height = 720};
    // No bitrate: 0 must never reach a client.
    role->media[PUBLISH_SCREEN] = (struct role_media){
        .codec = template_text(t, "vp8"), .frame_rate = 15, .width = 1920, .height = 1080};
    role->subscribe_to_roles = template_names(t, 2);
    role->subscribe_to_roles.at[0] = template_text(t, "host");
    role->subscribe_to_roles.at[1] = template_text(t, "guest");
    role->max_subscribe_bitrate_kbps = 3200;
}

struct template *stage_template(int guests_max, bool all_share)
{
    struct template *t = template_new();
    t->id = template_text(t, STAGE_TEMPLATE_ID);
    t->name = template_text(t, "stage");
    t->room_state.stop_on_join = true;
    template_set_roles(t, 4);
    fill_role(t, 0, "host", true);
    fill_role(t, 1, "guest", true);
    fill_role(t, 2, "viewer", false);
    fill_role(t, 3, "lobby", false);
    t->roles[3].waiting_room = true;
    t->roles[3].subscribe_to_roles.count = 0;
    for (int p = 0; p < PERMISSION_COUNT; p++)
        t->roles[0].permissions[p] = true;
    t->roles[1].permissions[PERMISSION_POLL_READ] = true;
    t->roles[2].permissions[PERMISSION_POLL_READ] = true;
    t->roles[1].max_peer_count = guests_max;
    t->roles[1].allowed[PUBLISH_SCREEN] = all_share;
    t->roles[1].permissions[PERMISSION_SEND_ROOM_STATE] = all_share;
    t->roles[0].video_simulcast = (struct simulcast){
        .layers = {{"f", 1, 700, 30}, {"h", 2, 250, 30}, {"q", 4, 100, 30}}, .layer_count = 3};
    return t;
}

// --- The worker ---

static void note(struct stage *s, const char *verb, uint64_t endpoint, const char *rest)
{
    struct text line = {0};
    text_addf(&line, "%s %s%s%s", verb, name_of(s, bridge_peer(endpoint)), *rest ? " " : "",
              rest);
    keep(&s->media, text_bytes(&line));
    text_dispose(&line);
}

static struct stage_subscriber *subscriber(struct stage *s, uint64_t endpoint)
{
    for (size_t i = 0; i < s->subscriber_count; i++) {
        if (s->subscribers[i].endpoint == endpoint)
            return &s->subscribers[i];
    }
    return NULL;
}

static void answer_offer(struct stage *s, const struct command *c)
{
    uint64_t tracks[TRACKS_PER_PEER_MAX];
    struct text rest = {0};
    text_add(&rest, c->offer.sdp);
    for (size_t i = 0; i < c->offer.track_count; i++) {
        struct stage_track *track = &s->tracks[s->track_count++ % 256];
        track->number = tracks[i] = c->offer.tracks[i].track;
        memcpy(track->id, c->offer.tracks[i].track_id, sizeof track->id);
        text_addf(&rest, " %s", track->id);
    }
    note(s, "offer", c->endpoint, rest.at);
    text_clear(&rest);
    text_addf(&rest, "answer to %s", c->offer.sdp);

    struct notice notice = {.kind = NOTICE_ANSWER, .room = c->room, .endpoint = c->endpoint};
    notice.answer.request = c->request;
    notice.answer.text = rest.at;
    notice.answer.tracks = tracks;
    notice.answer.track_count = c->offer.track_count;
    if (s->worker == WORKER_REFUSES) {
        notice.answer.err = -1;
        notice.answer.text = "line 3: no fingerprint";
    }
    if (s->worker != WORKER_IS_SILENT)
        bridge_notice(s->bridge, &notice, s->now, &s->events);
    text_dispose(&rest);
}

static void obey(struct stage *s, const struct command *c)
{
    static const char *const layers[] = {"none", "low", "medium", "high"};
    const char *kind = bridge_kind(c->endpoint) == ENDPOINT_PUBLISH ? "publish" : "subscribe";
    struct stage_subscriber *sub = subscriber(s, c->endpoint);
    char rest[128];

    snprintf(rest, sizeof rest, "%s %s", track_name(s, c->track), layers[c->feed.quality & 3]);
    switch (c->kind) {
    case COMMAND_ENDPOINT_OPEN:
        note(s, "open", c->endpoint, kind);
        if (c->open.kind == ENDPOINT_SUBSCRIBE)
            s->subscribers[s->subscriber_count++] =
                (struct stage_subscriber){.endpoint = c->endpoint, .offer_wanted = true};
        break;
    case COMMAND_ENDPOINT_CLOSE:
        note(s, "close", c->endpoint, kind);
        if (sub)
            *sub = s->subscribers[--s->subscriber_count];
        break;
    case COMMAND_OFFER:
        answer_offer(s, c);
        break;
    case COMMAND_ANSWER:
        note(s, "answer", c->endpoint, c->answer.sdp);
        sub->offer_outstanding = false;
        break;
    case COMMAND_FEED_OPEN:
        note(s, "feed", c->endpoint, rest);
        sub->offer_wanted = true;
        break;
    case COMMAND_FEED_CLOSE:
        note(s, "unfeed", c->endpoint, track_name(s, c->track));
        sub->offer_wanted = true;
        break;
    case COMMAND_FEED_LAYER:
        note(s, "layer", c->endpoint, rest);
        break;
    case COMMAND_TRACK_MUTE:
        snprintf(rest, sizeof rest, "%s", track_name(s, c->track));
        note(s, c->mute.muted ? "mute" : "unmute", c->endpoint, rest);
        break;
    case COMMAND_RESTART_ICE:
        note(s, "restart", c->endpoint, kind);
        sub->offer_wanted = true;
        break;
    case COMMAND_TRACK_CAP:
    case COMMAND_SUBSCRIBE_CAP:
    case COMMAND_SCTP_SEND:
    case COMMAND_CANDIDATES:
    case COMMAND_FIGURES:
    case COMMAND_WATCH: // of those who do not signal
    case COMMAND_FRAGMENT:
    case COMMAND_SEAT_LAYER:
        break;
    }
}

static void make_offers(struct stage *s)
{
    for (size_t i = 0; i < s->subscriber_count; i++) {
        struct stage_subscriber *sub = &s->subscribers[i];
        if (!sub->offer_wanted || sub->offer_outstanding)
            continue;
        char sdp[32];
        snprintf(sdp, sizeof sdp, "offer %zu", ++s->offers_made);
        sub->offer_wanted = false;
        sub->offer_outstanding = true;
        struct notice notice = {.kind = NOTICE_OFFER, .endpoint = sub->endpoint};
        notice.offer.sdp = sdp;
        bridge_notice(s->bridge, &notice, s->now, &s->events);
    }
}

// --- The control thread ---

static void take_frames(struct stage *s)
{
    for (size_t i = 0; i < s->frames.count; i++) {
        const struct frame *frame = &s->frames.at[i];
        for (size_t c = 0; c < s->client_count; c++) {
            struct stage_client *client = &s->clients[c];
            if (client->session != frame->session)
                continue;
            if (frame->kind == FRAME_CLOSE)
                client->close_code = frame->close_code;
            else
                keep(frame->kind == FRAME_DATA ? &client->channel : &client->socket,
                     frame->text);
        }
    }
    frame_list_clear(&s->frames);
}

static void learn_names(struct stage *s)
{
    const struct room *room = rooms_find(&s->rooms, STAGE_ROOM_ID);
    size_t at = 0;
    const struct peer *peer;
    while (room && (peer = map_next(&room->peers, &at))) {
        if (strcmp(name_of(s, peer->number), "?") != 0)
            continue;
        CHECK(s->peer_count < STAGE_CLIENTS_MAX);
        s->peer_numbers[s->peer_count] = peer->number;
        text_add(&s->peer_names[s->peer_count++], peer->id);
    }
}

// Everything that an input has as its consequence, in the order in which the server does it.
static void note_report(struct stage *s, const struct event *event)
{
    struct text line = {0};
    struct json_out j = json_out_on(&line);
    json_open(&j, '{');
    json_member_string(&j, "peer_id", event->who->id);
    json_member_string(&j, "role", event->who->role);
    if (event->kind == EVENT_STATS_REPORTED) {
        struct text tracks = {0};
        store_stats_write(event->stats.tracks, event->stats.count, &tracks);
        json_key(&j, event->stats.subscribes ? "gets" : "sends");
        json_put_verbatim(&j, text_bytes(&tracks));
        text_dispose(&tracks);
    } else {
        json_member_string(&j, "user_id", event->who->user_id);
        json_member_string(&j, "name", event->failure.name);
        json_member_string(&j, "agent", event->failure.agent);
        json_member_string(&j, "room_name", event->failure.room_name);
        json_key(&j, "info");
        json_put_verbatim(&j, bytes_of(event->failure.info));
    }
    json_close(&j, '}');
    keep(&s->log, text_bytes(&line));
    text_dispose(&line);
}

static void take_log(struct stage *s)
{
    for (size_t i = 0; i < s->events.count; i++) {
        const struct event *event = &s->events.at[i];
        if (event->kind == EVENT_STATS_REPORTED || event->kind == EVENT_CLIENT_FAILED)
            note_report(s, event);
    }
}

static void pump(struct stage *s)
{
    do {
        const char *wrong = rooms_check(&s->rooms);
        CHECK_TEXT(wrong ? wrong : "", "");
        learn_names(s);
        take_log(s);
        signal_deliver(s->signal, &s->events, s->now, &s->frames);
        bridge_deliver(s->bridge, &s->events, &s->commands);
        event_list_clear(&s->events);
        take_frames(s);
        struct bridge_commands commands = s->commands;
        s->commands = (struct bridge_commands){0};
        for (size_t i = 0; i < commands.count; i++) {
            if (s->worker == WORKER_IS_FULL)
                bridge_undelivered(s->bridge, &commands.at[i].command, s->now, &s->events);
            else
                obey(s, &commands.at[i].command);
        }
        bridge_commands_dispose(&commands);
        make_offers(s);
    } while (s->events.count);
}

static void start_process(struct stage *s)
{
    rooms_init(&s->rooms, &s->rng);
    s->signal = signal_new(&s->rooms);
    s->bridge = bridge_new(&s->rooms, 2);
}

static void end_process(struct stage *s)
{
    signal_free(s->signal);
    bridge_free(s->bridge);
    rooms_dispose(&s->rooms);
    for (size_t i = 0; i < s->peer_count; i++)
        text_dispose(&s->peer_names[i]);
    s->peer_count = s->subscriber_count = s->track_count = 0;
    stage_forget(&s->media);
    stage_forget(&s->log);
}

void stage_init(struct stage *s)
{
    *s = (struct stage){.rng = rng_seeded(7)};
    s->now = (struct moment){.mono_us = 1000000, .wall_ms = 1795354144326};
    start_process(s);
    s->record = (struct room_record){
        .id = STAGE_ROOM_ID, .name = "standup", .description = "daily", .enabled = true};
}

void stage_dispose(struct stage *s)
{
    end_process(s);
    event_list_dispose(&s->events);
    frame_list_dispose(&s->frames);
    bridge_commands_dispose(&s->commands);
    for (size_t i = 0; i < s->poll_count; i++)
        mem_free(s->polls[i].document);
    for (size_t i = 0; i < s->client_count; i++) {
        stage_forget(&s->clients[i].socket);
        stage_forget(&s->clients[i].channel);
    }
}

void stage_restart(struct stage *s, const char *node_id)
{
    struct text document = {0};
    store_snapshot_write(rooms_find(&s->rooms, STAGE_ROOM_ID), &document);
    end_process(s);
    for (size_t i = 0; i < s->client_count; i++)
        s->clients[i].session = UINT64_MAX;
    start_process(s);
    signal_set_node(s->signal, node_id);
    size_t left_out;
    CHECK_EQ(store_snapshot_restore(&s->rooms, &s->record,
                                    stage_template(s->guests_max, s->all_share),
                                    text_bytes(&document), s->now, &s->events, &left_out),
             0);
    CHECK_EQ(left_out, 0);
    room_set_code(rooms_find(&s->rooms, STAGE_ROOM_ID), STAGE_CODE_ID, s->code_is_disabled);
    text_dispose(&document);
    learn_names(s);
}

void stage_link(struct stage *s, const char *poll_id, const char *document)
{
    CHECK(s->poll_count < POLLS_PER_ROOM_MAX);
    snprintf(s->polls[s->poll_count].id, sizeof s->polls[0].id, "%s", poll_id);
    s->polls[s->poll_count++].document = mem_text(document);
}

static struct linked_polls *linked(const struct stage *s)
{
    struct linked_polls *polls = linked_polls_new();
    for (size_t i = 0; i < s->poll_count; i++)
        store_poll_read(s->polls[i].id, s->polls[i].document, &polls->arena,
                        &polls->list[polls->count++]);
    return polls;
}

static void load(struct stage *s, struct stage_client *client)
{
    struct template *template = stage_template(s->guests_max, s->all_share);
    if (s->states.enabled)
        template->room_state = s->states;
    if (s->adjust)
        s->adjust(template);
    struct room *room = rooms_put(&s->rooms, &s->record, template);
    room_link_polls(room, linked(s));
    room_set_code(room, STAGE_CODE_ID, s->code_is_disabled);
    room_hold(room);
    signal_ready(s->signal, client->session, room, s->now, &s->frames, &s->events);
    room_release(room);
    pump(s);
}

// One for each user and role, or of those the one that was named.
static struct token_hash token_of(const struct stage *s, const char *role, const char *user)
{
    struct text token = {0};
    text_addf(&token, "%s %s %s", role, user, s->token ? s->token : "");
    struct token_hash hash = token_hash_of(text_bytes(&token));
    text_dispose(&token);
    return hash;
}

static int64_t expiry_of(const struct stage *s)
{
    bool is_brief = s->token && strncmp(s->token, "brief", strlen("brief")) == 0;
    return s->now.wall_ms / 1000 + (is_brief ? 10 - TOKEN_LEEWAY_S : TOKEN_LIFETIME_S);
}

struct stage_client *stage_open(struct stage *s, const char *name, const char *role,
                                const char *user)
{
    CHECK(s->client_count < STAGE_CLIENTS_MAX);
    struct stage_client *client = &s->clients[s->client_count++];
    snprintf(client->name, sizeof client->name, "%s", name);
    snprintf(client->role, sizeof client->role, "%s", role);
    char *peer_id = mem_text_of((struct bytes){(const uint8_t *)name, strcspn(name, "/")});
    char user_id[64];
    snprintf(user_id, sizeof user_id, "user-%s", peer_id);
    struct signal_claims claims = {.room_id = STAGE_ROOM_ID,
                                   .user_agent = "sdk:web,os:web_Linux",
                                   .role = role,
                                   .user_id = user ? user : user_id,
                                   .token = token_of(s, role, user ? user : user_id),
                                   .expires_at_s = expiry_of(s),
                                   .room_code_id = STAGE_CODE_ID,
                                   .takes_demand = s->takes_demand,
                                   .peer_id = peer_id};
    client->session = signal_open(s->signal, &claims, s->now, &s->frames);
    mem_free(peer_id);
    pump(s);
    if (!s->is_loading && signal_is_open(s->signal, client->session))
        load(s, client);
    return client;
}

void stage_load(struct stage *s)
{
    s->is_loading = false;
    for (size_t i = 0; i < s->client_count; i++) {
        if (signal_is_open(s->signal, s->clients[i].session))
            load(s, &s->clients[i]);
    }
}

void stage_drop(struct stage *s, struct stage_client *client)
{
    signal_closed(s->signal, client->session, s->now, &s->events);
    pump(s);
}

struct stage_client *stage_client(struct stage *s, const char *name)
{
    for (size_t i = s->client_count; i > 0; i--) {
        if (strcmp(s->clients[i - 1].name, name) == 0)
            return &s->clients[i - 1];
    }
    return NULL;
}

void stage_send_bytes(struct stage *s, struct stage_client *client, struct bytes text)
{
    signal_text(s->signal, client->session, text, s->now, &s->frames, &s->events);
    pump(s);
}

void stage_send(struct stage *s, struct stage_client *client, const char *text)
{
    stage_send_bytes(s, client, bytes_of(text));
}

void stage_send_channel(struct stage *s, const char *peer_id, const char *text)
{
    uint64_t endpoint = stage_endpoint(s, peer_id, ENDPOINT_SUBSCRIBE);
    signal_data(s->signal, bridge_peer(endpoint), bytes_of(text), s->now, &s->frames,
                &s->events);
    pump(s);
}

// In steps, so that what falls due on the way happens at its time.
void stage_wait(struct stage *s, int64_t ms)
{
    int64_t until = s->now.mono_us + ms * 1000;
    while (s->now.mono_us < until) {
        int64_t next = signal_deadline(s->signal);
        if (rooms_deadline(&s->rooms) < next)
            next = rooms_deadline(&s->rooms);
        if (next > until)
            next = until;
        if (next < s->now.mono_us)
            next = s->now.mono_us;
        s->now.wall_ms += (next - s->now.mono_us) / 1000;
        s->now.mono_us = next;
        rooms_expire(&s->rooms, s->now, &s->events);
        signal_expire(s->signal, s->now, &s->frames, &s->events);
        pump(s);
    }
}

void stage_wait_alive(struct stage *s, int64_t ms)
{
    enum { STEP_MS = 15000 };
    for (int64_t left = ms; left > 0; left -= STEP_MS) {
        for (size_t i = 0; i < s->client_count; i++)
            signal_heard(s->signal, s->clients[i].session, s->now);
        stage_wait(s, left < STEP_MS ? left : STEP_MS);
    }
}

void stage_notice(struct stage *s, const struct notice *notice)
{
    bridge_notice(s->bridge, notice, s->now, &s->events);
    pump(s);
}

// --- What clients do ---

void stage_answer(struct stage *s, struct stage_client *client)
{
    stage_send(s, client,
               "{\"method\":\"answer\",\"params\":{\"desc\":{\"type\":\"answer\",\"sdp\":"
               "\"answer\"}}}");
}

struct stage_client *stage_join(struct stage *s, const char *name, const char *role)
{
    struct stage_client *client = stage_open(s, name, role, NULL);
    char text[512];
    snprintf(text, sizeof text,
             "{\"method\":\"join\",\"params\":{\"name\":\"%s\",\"disableVidAutoSub\":true,"
             "\"data\":\"\",\"offer\":{\"type\":\"offer\",\"sdp\":\"join\"}},\"id\":\"join\","
             "\"jsonrpc\":\"2.0\"}",
             name);
    stage_send(s, client, text);
    stage_answer(s, client);
    stage_forget(&client->socket);
    return client;
}

void stage_publish(struct stage *s, struct stage_client *client, const char *tracks)
{
    struct text text = {0};
    text_add(&text, "{\"method\":\"offer\",\"params\":{\"desc\":{\"type\":\"offer\",\"sdp\":"
                    "\"publish\"},\"tracks\":{");
    for (const char *at = tracks; *at;) {
        bool muted = *at == '-';
        at += muted;
        int len = (int)strcspn(at, " ");
        text_addf(&text,
                  "\"%.*s\":{\"type\":\"%s\",\"source\":\"%s\",\"description\":\"\","
                  "\"mute\":%s,\"track_id\":\"%.*s\",\"stream_id\":\"stream\"}",
                  len, at, *at == 'A' ? "audio" : "video", *at == 'S' ? "screen" : "regular",
                  muted ? "true" : "false", len, at);
        at += len + (at[len] == ' ');
        if (*at)
            text_add_char(&text, ',');
    }
    text_add(&text, "}},\"id\":\"publish\",\"jsonrpc\":\"2.0\"}");
    stage_send(s, client, text.at);
    text_dispose(&text);
}
