#include "tests/sim/people_world.h"

#include "base/mem.h"
#include "room/group.h"
#include "room/media.h"
#include "room/permit.h"
#include "room/session_store.h"
#include "room/waiting.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_US = 10000, SETTLE_US = 10000000 }; // longer than any answer is held back

bool world_failed(const struct world *w)
{
    return w->fault.len > 0;
}

void world_fail(struct world *w, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (!world_failed(w))
        text_add(&w->fault, text);
}

uint32_t world_below(struct world *w, uint32_t bound)
{
    return rng_below(&w->rng, bound);
}

static void mix(struct world *w, const void *at, size_t len)
{
    const uint8_t *p = at; // FNV-1a
    for (size_t i = 0; i < len; i++)
        w->hash = (w->hash ^ p[i]) * 0x100000001b3u;
}

// --- The network ---

static struct letter *post(struct world *w, int64_t due)
{
    if (w->letter_count == w->letter_cap) {
        w->letter_cap = w->letter_cap ? 2 * w->letter_cap : 64;
        w->letters = mem_resize(w->letters, w->letter_cap * sizeof *w->letters);
    }
    struct letter *letter = &w->letters[w->letter_count++];
    *letter = (struct letter){.due = due, .order = ++w->last_order, .client = -1};
    return letter;
}

// A path keeps its order: nothing overtakes.
static int64_t delay(struct world *w, int64_t *last)
{
    int64_t most = w->calm ? 5000 : 80000;
    int64_t due = w->now.mono_us + (int64_t)world_below(w, (uint32_t)most);
    *last = due > *last ? due : *last;
    return *last;
}

static void dispose_letter(struct letter *letter)
{
    mem_free(letter->text);
    if (letter->kind == LETTER_COMMAND)
        command_dispose(&letter->command);
    if (letter->kind == LETTER_NOTICE)
        notice_dispose(&letter->notice);
}

static struct client *client_of(struct world *w, uint64_t session)
{
    for (size_t i = 0; i < w->client_count; i++) {
        if (w->clients[i].session == session)
            return &w->clients[i];
    }
    return NULL;
}

void world_send(struct world *w, struct client *c, const char *text)
{
    struct letter *letter = post(w, delay(w, &c->up_due));
    letter->kind = LETTER_UP;
    letter->client = c->index;
    letter->session = c->session;
    letter->text = (char *)text;
}

// What was on its way to the client is lost, and so is some of what was on its way from it. The
// server learns of it later.
void world_drop(struct world *w, struct client *c)
{
    uint64_t session = c->session;
    if (!session)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < w->letter_count; i++) {
        struct letter *letter = &w->letters[i];
        bool own = letter->client == c->index && letter->session == session;
        bool lost = own && (letter->kind == LETTER_DOWN ||
                            (letter->kind == LETTER_UP && world_below(w, 2)));
        if (lost)
            dispose_letter(letter);
        else
            w->letters[kept++] = *letter;
    }
    w->letter_count = kept;
    struct letter *letter = post(w, delay(w, &c->up_due));
    letter->kind = LETTER_LOST;
    letter->client = c->index;
    letter->session = session;
    c->session = 0;
}

// --- The server ---

static void judge_frame(struct world *w, const struct client *c, const char *text);

// The answer to a request has gone out: what it did is there from now on, whatever comes.
static void note_answer(struct world *w, struct client *c, const char *text)
{
    int id;
    char member;
    if (sscanf(text, "{\"jsonrpc\":\"2.0\",\"id\":\"%d\",\"%c", &id, &member) != 2 ||
        member != 'r')
        return;
    for (size_t i = 0; i < c->pending_count; i++) {
        const struct request *request = &c->pending[i];
        if (request->id != id || !request->change)
            continue;
        promises_give(&w->promises, request->change);
        bool locks = strstr(request->params, "\"lock\":true");
        if (locks && w->disk.plan.record.enabled && request->plan_changes == w->plan_changes)
            world_fail(w, "the room was ended for good, and is open in the store");
    }
}

static void send_frame(struct world *w, const struct frame *frame)
{
    mix(w, frame->text.at, frame->text.len);
    if (frame->session == w->chat_session && frame->kind == FRAME_TEXT &&
        memmem(frame->text.at, frame->text.len, "\"result\":{\"message_id\"", 22))
        w->chat_taken = true;
    struct client *c = client_of(w, frame->session);
    if (!c || !frame->session)
        return;
    char *text = NULL; // the socket is closed
    if (frame->kind != FRAME_CLOSE) {
        text = mem_text_of(frame->text);
        judge_frame(w, c, text);
        note_answer(w, c, text);
    }
    struct letter *letter = post(w, delay(w, &c->down_due));
    letter->kind = LETTER_DOWN;
    letter->client = c->index;
    letter->session = c->session;
    letter->text = text;
}

void world_frames(struct world *w)
{
    for (size_t i = 0; i < w->frames.count; i++) {
        const struct frame *frame = &w->frames.at[i];
        if (frame->change) {
            held_add_frame(w->held, frame, w->now.mono_us);
            snapshots_hurry(w->snapshots);
        } else {
            send_frame(w, frame);
        }
    }
    frame_list_clear(&w->frames);
}

void world_commands(struct world *w)
{
    for (size_t i = 0; i < w->commands.count; i++) {
        struct letter *letter = post(w, delay(w, &w->command_due));
        letter->kind = LETTER_COMMAND;
        letter->command = w->commands.at[i].command;
    }
    bridge_commands_clear(&w->commands);
}

void world_open(struct world *w, struct client *c)
{
    struct signal_claims claims = {
        .room_id = w->disk.plan.record.id,
        .role = c->token_role,
        .user_id = c->id,
        .token = token_hash_of(bytes_of(c->id)), // one for as long as it lives
        .expires_at_s = INT64_MAX / 2,
        .room_code_id = c->token_code,
        .peer_id = c->id};
    c->role[0] = 0;
    server_open(w, c, &claims);
}

// As by kill -9: nothing that is on its way arrives, and what was not stored never happened.
// Meanwhile the back end, or whoever has the database, changes something.
void world_restart(struct world *w)
{
    for (size_t i = 0; i < w->client_count; i++) {
        if (w->clients[i].session)
            client_lost(w, &w->clients[i]);
    }
    for (size_t i = 0; i < w->letter_count; i++)
        dispose_letter(&w->letters[i]);
    w->letter_count = w->feed_count = w->subscription_count = 0;
    server_end(w);
    int64_t gone_us = (int64_t)world_below(w, 4) * 7000000;
    w->now.mono_us += gone_us;
    w->now.wall_ms += gone_us / 1000;
    for (uint32_t i = world_below(w, 4); i > 0; i--)
        plan_change(&w->disk.plan, &w->rng, true);
    w->plan_changes++;
    server_start(w);
    server_restore(w);
}

// --- The worker ---

static uint64_t peer_of(const struct feed_open *feed)
{
    return feed->subscriber;
}

static struct subscription *subscription(struct world *w, uint64_t endpoint)
{
    for (size_t i = 0; i < w->subscription_count; i++) {
        if (w->subscriptions[i].endpoint == endpoint)
            return &w->subscriptions[i];
    }
    return NULL;
}

static struct notice *tell(struct world *w, enum notice_kind kind, uint64_t endpoint)
{
    struct letter *letter = post(w, delay(w, &w->notice_due));
    letter->kind = LETTER_NOTICE;
    letter->notice = (struct notice){.kind = kind, .endpoint = endpoint};
    return &letter->notice;
}

static void make_offer(struct world *w, struct subscription *s)
{
    if (!s->wanted || s->outstanding)
        return;
    s->wanted = false;
    s->outstanding = true;
    char sdp[32];
    snprintf(sdp, sizeof sdp, "offer %d", ++w->offers);
    tell(w, NOTICE_OFFER, s->endpoint)->offer.sdp = mem_text(sdp);
}

static size_t find_feed(const struct world *w, uint64_t subscriber, uint64_t track)
{
    size_t i = 0;
    while (i < w->feed_count &&
           (peer_of(&w->feeds[i]) != subscriber || w->feeds[i].track != track))
        i++;
    return i;
}

static void close_endpoint(struct world *w, uint64_t endpoint)
{
    struct subscription *s = subscription(w, endpoint);
    if (!s)
        return;
    *s = w->subscriptions[--w->subscription_count];
    size_t kept = 0;
    for (size_t i = 0; i < w->feed_count; i++) {
        if (w->feeds[i].subscriber != bridge_peer(endpoint))
            w->feeds[kept++] = w->feeds[i];
    }
    w->feed_count = kept;
}

static void answer_offer(struct world *w, const struct command *c)
{
    size_t count = c->offer.track_count;
    struct notice *n = tell(w, NOTICE_ANSWER, c->endpoint);
    n->room = c->room;
    n->answer.request = c->request;
    n->answer.text = mem_text("answer");
    n->answer.tracks = mem_alloc_array(count, sizeof *n->answer.tracks);
    n->answer.track_count = count;
    for (size_t i = 0; i < count; i++)
        n->answer.tracks[i] = c->offer.tracks[i].track;
}

static void obey(struct world *w, const struct command *c)
{
    struct subscription *s = subscription(w, c->endpoint);
    uint64_t peer = bridge_peer(c->endpoint);
    size_t feed = find_feed(w, peer, c->track);
    switch (c->kind) {
    case COMMAND_ENDPOINT_OPEN:
        if (c->open.kind == ENDPOINT_PUBLISH)
            break;
        assert(w->subscription_count < sizeof w->subscriptions / sizeof *w->subscriptions);
        w->subscriptions[w->subscription_count] =
            (struct subscription){c->endpoint, true, false};
        make_offer(w, &w->subscriptions[w->subscription_count++]);
        break;
    case COMMAND_ENDPOINT_CLOSE:
        close_endpoint(w, c->endpoint);
        break;
    case COMMAND_OFFER:
        answer_offer(w, c);
        break;
    case COMMAND_ANSWER:
        if (!s || !s->outstanding) {
            world_fail(w, "an answer that no offer waits for");
            break;
        }
        s->outstanding = false;
        make_offer(w, s);
        break;
    case COMMAND_FEED_OPEN:
        if (!s || feed < w->feed_count) {
            world_fail(w, "a feed opened twice, or without a connection");
            break;
        }
        assert(w->feed_count < FEEDS_MAX);
        w->feeds[w->feed_count++] = (struct feed_open){peer, c->track};
        s->wanted = true;
        make_offer(w, s);
        break;
    case COMMAND_FEED_CLOSE:
        if (!s || feed == w->feed_count) {
            world_fail(w, "a feed closed that is not open");
            break;
        }
        w->feeds[feed] = w->feeds[--w->feed_count];
        s->wanted = true;
        make_offer(w, s);
        break;
    default:
        break;
    }
}

// What the worker measures.
static void measure(struct world *w)
{
    if (w->subscription_count && world_below(w, 2)) {
        const struct subscription *s =
            &w->subscriptions[world_below(w, (uint32_t)w->subscription_count)];
        tell(w, NOTICE_QUALITY, s->endpoint)->quality.downlink_score =
            (uint8_t)world_below(w, 6);
        return;
    }
    const struct room *room = rooms_find(&w->rooms, w->disk.plan.record.id);
    if (!room || !w->feed_count)
        return;
    struct notice *n = tell(w, NOTICE_SPEAKERS, 0);
    n->room = room->number;
    n->speakers.list[n->speakers.count++] =
        (struct notice_speaker){w->feeds[world_below(w, (uint32_t)w->feed_count)].track, 40};
}

// --- What must hold at once ---

static const struct peer *own_peer(const struct world *w, const struct client *c)
{
    const struct room *room = rooms_find(&w->rooms, w->disk.plan.record.id);
    return room ? room_joined(room, c->id) : NULL;
}

// Which of the clients are to get a message that is handled now.
static void expect_chat(struct world *w, const struct client *from, const char *text)
{
    const char *mark = strchr(text, '#');
    w->chat_handled = -1;
    w->chat_expected = w->chat_meant = w->chat_got = 0;
    if (!strstr(text, "\"broadcast\"") || !mark)
        return;
    int number = atoi(mark + 1);
    const struct peer *sender = own_peer(w, from);
    w->chat_handled = number;
    if (!sender || !permit(sender, ACT_TAKE_PART))
        return;
    for (size_t i = 0; i < w->client_count && i < CLIENTS_MAX; i++) {
        const struct client *c = &w->clients[i];
        const struct peer *peer = own_peer(w, c);
        if (!peer || peer == sender || peer->role->waiting_room || !peer->attached ||
            !c->session)
            continue;
        bool meant = w->chats[number].role
                         ? strcmp(w->chats[number].role, peer->role->name) == 0
                     : w->chats[number].to >= 0 ? w->chats[number].to == c->index
                                                : true;
        if (!meant)
            continue;
        w->chat_meant |= UINT32_C(1) << i;
        // A client that comes anew may have left the peer to a socket that is gone.
        if (c->state == CLIENT_IN)
            w->chat_expected |= UINT32_C(1) << i;
    }
}

// Scores and speakers name people too.
static void judge_measures(struct world *w, const struct client *c, const char *text)
{
    if (!strstr(text, "\"on-connection-quality-update\"") &&
        !strstr(text, "\"active-speakers\""))
        return;
    const struct peer *viewer = own_peer(w, c);
    const struct room *room = rooms_find(&w->rooms, w->disk.plan.record.id);
    json_t *message = json_loads(text, 0, NULL), *each;
    const json_t *params = json_object_get(message, "params");
    const json_t *peers = json_object_get(params, "peers");
    size_t i;
    json_array_foreach(peers ? peers : json_object_get(params, "speaker-list"), i, each)
    {
        const char *id = json_string_value(json_object_get(each, "peer_id"));
        const struct peer *about = room ? room_joined(room, id) : NULL;
        if (!viewer || (about && !room_sees(viewer, about)))
            world_fail(w, "%s is measured for %s, who may not see it", id, c->id);
    }
    json_decref(message);
}

// A version that was told stands for one value, also when the server was killed meanwhile.
static void judge_versions(struct world *w, const char *text)
{
    const struct room *room = server_room(w);
    if (!room || !strstr(text, "\"on-metadata-change\""))
        return;
    if (strcmp(w->versions_of, room->session_id) != 0)
        w->version_count = 0;
    memcpy(w->versions_of, room->session_id, sizeof w->versions_of);
    json_t *message = json_loads(text, 0, NULL), *value;
    size_t at;
    json_array_foreach(json_object_get(json_object_get(message, "params"), "values"), at, value)
    {
        int64_t version = json_integer_value(json_object_get(value, "change_version"));
        const char *data = json_string_value(json_object_get(value, "data"));
        size_t i = w->version_count;
        while (i > 0 && w->versions[i - 1].version != version)
            i--;
        if (i > 0 && data && strcmp(w->versions[i - 1].data, data) != 0)
            world_fail(w, "version %lld is of %s and of %s", (long long)version,
                       w->versions[i - 1].data, data);
        if (i > 0 || !data || w->version_count == VERSIONS_MAX)
            continue;
        w->versions[w->version_count].version = version;
        snprintf(w->versions[w->version_count++].data, sizeof w->versions->data, "%s", data);
    }
    json_decref(message);
}

// A message that leaves the server: whom it is about must be known to whom it goes to.
static void judge_frame(struct world *w, const struct client *c, const char *text)
{
    if (strstr(text, "\"on-broadcast\"")) {
        const char *mark = strchr(text, '#');
        bool is_handled = mark && atoi(mark + 1) == w->chat_handled;
        // Of the history, for who was away or comes late.
        bool is_past = mark && own_peer(w, c) && server_room(w)->history.last_number;
        bool is_rooms = strstr(text, "room_duration_warning") || w->begins;
        if (!is_handled && !is_past && !is_rooms)
            world_fail(w, "%s gets a message out of its time: %s", c->id, text);
        if (is_handled)
            w->chat_got |= UINT32_C(1) << c->index;
    }
    judge_measures(w, c, text);
    judge_versions(w, text);
    if (!strstr(text, "\"on-peer-join\"") && !strstr(text, "\"on-track-add\"") &&
        !strstr(text, "\"peer-list\""))
        return;
    const struct peer *viewer = own_peer(w, c);
    json_t *message = json_loads(text, 0, NULL);
    const json_t *params = json_object_get(message, "params");
    const json_t *peer = json_object_get(params, "peer");
    const char *id = json_string_value(json_object_get(peer ? peer : params, "peer_id"));
    const struct room *room = rooms_find(&w->rooms, w->disk.plan.record.id);
    const struct peer *about = room && id ? room_joined(room, id) : NULL;
    if (viewer && about && !room_sees(viewer, about))
        world_fail(w, "%s hears of %s, whom it may not see: %.60s", c->id, id, text);
    json_decref(message);
}

// Feeds that are open when nothing is on its way to the worker.
static void judge_feeds(struct world *w)
{
    for (size_t i = 0; i < w->letter_count; i++) {
        if (w->letters[i].kind == LETTER_COMMAND)
            return;
    }
    for (size_t i = 0; i < w->feed_count; i++) {
        const struct peer *subscriber = rooms_peer(&w->rooms, w->feeds[i].subscriber);
        const struct track *track = rooms_track(&w->rooms, w->feeds[i].track);
        if (!subscriber || !track || !track->announced || !track->allowed ||
            !room_subscribes(subscriber, track->owner))
            world_fail(w, "a feed is open that the roles do not allow");
    }
}

// --- Time ---

static void trace(const struct world *w, const struct letter *letter, const char *arrow)
{
    if (w->verbose)
        printf("%10.3f %s/%llu %s %.300s\n", (double)(w->now.mono_us - WORLD_START_US) / 1e6,
               w->clients[letter->client].id, (unsigned long long)letter->session, arrow,
               letter->text ? letter->text : "(closed)");
}

// The request that `text` is, if it is one that is acknowledged once it is stored.
static struct request *kept_request(struct client *c, const char *text)
{
    static const char *const kept[] = {
        "peer-update", "set-metadata", "role-change-request", "role-change",
        "group-join",  "group-leave",  "peer-leave-request",  "end-room",
        "group-add",   "group-remove", "poll-info-set",       "poll-questions-set",
        "poll-start",  "poll-stop",    "poll-response"};
    const char *mark = text;
    for (const char *next = text; (next = strstr(next, "\"id\":\"")); next++)
        mark = next;
    int id = mark != text ? atoi(mark + 6) : 0;
    for (size_t i = 0; i < c->pending_count; i++) {
        struct request *request = &c->pending[i];
        for (size_t k = 0; k < sizeof kept / sizeof *kept && request->id == id; k++) {
            if (strcmp(request->method, kept[k]) == 0)
                return request;
        }
    }
    return NULL;
}

// It is answered once, and what it does is done once.
static void arrive_request(struct world *w, struct client *from, const struct letter *letter)
{
    struct request *request =
        from->session == letter->session ? kept_request(from, letter->text) : NULL;
    uint64_t before = w->rooms.last_change;
    // Behind another change of the same things a request is one like any other.
    bool untouched =
        request && rooms_untouched(&w->rooms, request->change_before,
                                   request->change ? request->change : request->change_before);
    struct facts was, is;
    facts_of(&was, server_room(w));
    signal_text(w->signal, letter->session, bytes_of(letter->text), w->now, &w->frames,
                &w->events);
    if (!request)
        return;
    request->change = w->rooms.last_change != before ? w->rooms.last_change : 0;
    request->change_before = before;
    request->plan_changes = w->plan_changes;
    if (!request->is_repeat)
        return;
    w->repeat_count++;
    facts_of(&is, server_room(w));
    if (untouched && memcmp(&was, &is, sizeof is) != 0)
        world_fail(w, "%s asked again, and it was done again: %s", from->id, letter->text);
}

static void arrive_up(struct world *w, const struct letter *letter)
{
    trace(w, letter, ">");
    struct client *from = &w->clients[letter->client];
    expect_chat(w, from, letter->text);
    w->chat_session = letter->session;
    w->chat_taken = false;
    arrive_request(w, from, letter);
    server_settle(w);
    if (!w->chat_taken)
        w->chat_expected = w->chat_meant = 0;
    bool is_wrong = (w->chat_expected & ~w->chat_got) || (w->chat_got & ~w->chat_meant);
    if (w->chat_handled >= 0 && is_wrong)
        world_fail(w, "message #%d went to %x and not to %x", w->chat_handled, w->chat_got,
                   w->chat_expected);
    w->chat_handled = -1;
}

static void arrive_down(struct world *w, const struct letter *letter)
{
    struct client *c = &w->clients[letter->client];
    if (c->session != letter->session)
        return;
    trace(w, letter, "<");
    if (letter->text)
        client_reads(w, c, letter->text);
    else
        client_lost(w, c);
}

static void arrive(struct world *w, struct letter *letter)
{
    switch (letter->kind) {
    case LETTER_UP:
        arrive_up(w, letter);
        break;
    case LETTER_DOWN:
        arrive_down(w, letter);
        break;
    case LETTER_LOST:
        signal_closed(w->signal, letter->session, w->now, &w->events);
        server_settle(w);
        break;
    case LETTER_COMMAND:
        obey(w, &letter->command);
        break;
    case LETTER_NOTICE:
        bridge_notice(w->bridge, &letter->notice, w->now, &w->events);
        server_settle(w);
        break;
    }
}

// The next letter that is due, or letter_count.
static size_t next_due(const struct world *w)
{
    size_t best = w->letter_count;
    for (size_t i = 0; i < w->letter_count; i++) {
        const struct letter *a = &w->letters[i];
        if (a->due > w->now.mono_us)
            continue;
        const struct letter *b = best < w->letter_count ? &w->letters[best] : NULL;
        if (!b || a->due < b->due || (a->due == b->due && a->order < b->order))
            best = i;
    }
    return best;
}

static void pass(struct world *w, int64_t us)
{
    w->now.mono_us += us;
    w->now.wall_ms += us / 1000;
    for (size_t i; (i = next_due(w)) < w->letter_count && !world_failed(w);) {
        struct letter letter = w->letters[i];
        memmove(w->letters + i, w->letters + i + 1,
                (--w->letter_count - i) * sizeof *w->letters);
        arrive(w, &letter);
        dispose_letter(&letter);
    }
    server_expire(w);
    judge_feeds(w);
    for (size_t i = 0; i < w->client_count; i++) {
        struct client *c = &w->clients[i];
        if (c->state == CLIENT_AWAY && c->back_at <= w->now.mono_us)
            client_back(w, c);
    }
}

// Nobody says anything for longer than anything is kept; open sockets answer the server's
// pings.
static void leap(struct world *w)
{
    for (int i = 0; i < 7; i++) {
        for (size_t k = 0; k < w->client_count; k++)
            signal_heard(w->signal, w->clients[k].session, w->now);
        pass(w, 10 * 1000000);
    }
}

void world_step(struct world *w)
{
    pass(w, STEP_US);
    if (world_below(w, 2) == 0)
        client_act(w, &w->clients[world_below(w, (uint32_t)w->client_count)]);
    if (world_below(w, 20) == 0)
        measure(w);
    if (world_below(w, 300) == 0)
        leap(w);
    if (world_below(w, 400) == 0)
        server_change_plan(w);
    if (world_below(w, 500) == 0)
        people_jobs_leave(w->jobs, w->now, (int64_t)world_below(w, 9) * 1000000);
    if (world_below(w, 500) == 0)
        world_restart(w);
}

void world_settle(struct world *w)
{
    w->calm = true;
    people_jobs_leave(w->jobs, w->now, 0);
    for (int64_t us = 0; us < SETTLE_US && !world_failed(w); us += STEP_US)
        pass(w, STEP_US);
}

// --- What must hold in the end ---

static void judge_belief(struct world *w, const struct client *c, const struct belief *b,
                         const struct peer *peer)
{
    if (strcmp(b->role, peer->role->name) != 0 || strcmp(b->name, peer->name) != 0 ||
        b->hand != (peer->group_count > 0))
        world_fail(w, "%s believes %s is %s named %s, hand %d; it is %s, %s, %zu", c->id, b->id,
                   b->role, b->name, b->hand, peer->role->name, peer->name, peer->group_count);
    size_t announced = 0;
    for (size_t i = 0; i < peer->track_count; i++) {
        const struct track *track = peer->tracks[i];
        if (!track->announced)
            continue;
        announced++;
        size_t at = 0;
        while (at < b->track_count && strcmp(b->tracks[at].id, track->is.id) != 0)
            at++;
        if (at == b->track_count || b->tracks[at].muted != track->is.muted)
            world_fail(w, "%s does not know that %s of %s is %s", c->id, track->is.id, b->id,
                       track->is.muted ? "muted" : "there");
    }
    if (announced != b->track_count)
        world_fail(w, "%s believes in %zu tracks of %s, which has %zu", c->id, b->track_count,
                   b->id, announced);
}

static void judge_client(struct world *w, struct client *c, const struct room *room)
{
    const struct peer *own = room_joined(room, c->id);
    if (!own) {
        world_fail(w, "%s believes to be in and is not", c->id);
        return;
    }
    size_t visible = 0, at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (peer == own || !room_sees(own, peer))
            continue;
        visible++;
        const struct belief *b = client_knows(c, peer->id);
        if (b)
            judge_belief(w, c, b, peer);
        else
            world_fail(w, "%s does not know of %s", c->id, peer->id);
    }
    if (visible != c->other_count)
        world_fail(w, "%s knows %zu people, of %zu", c->id, c->other_count, visible);
    if (strcmp(c->role, own->role->name) != 0)
        world_fail(w, "%s believes to be %s and is %s", c->id, c->role, own->role->name);
    if (c->count != (int64_t)waiting_present(room))
        world_fail(w, "%s counts %lld people, of %zu", c->id, (long long)c->count,
                   waiting_present(room));
    if (c->pending_count)
        world_fail(w, "%s waits for the answer to %d", c->id, c->pending[0].id);
    const char *value = session_store_get(own, "k").data;
    bool observes = own->observed_count > 0 && c->listens && permit(own, ACT_TAKE_PART);
    if (observes && value &&
        (strncmp(value + 1, c->value, strlen(c->value)) != 0 ||
         strlen(value) != strlen(c->value) + 2))
        world_fail(w, "%s believes in the value %s, not %s", c->id, c->value, value);
}

static size_t count_feeds(const struct room *room)
{
    size_t count = 0, at = 0;
    const struct peer *subscriber;
    while ((subscriber = map_next(&room->peers, &at))) {
        size_t other = 0;
        const struct peer *publisher;
        while ((publisher = map_next(&room->peers, &other))) {
            for (size_t i = 0; i < publisher->track_count; i++)
                count +=
                    publisher->tracks[i]->announced && room_subscribes(subscriber, publisher);
        }
    }
    return count;
}

void world_judge(struct world *w)
{
    const struct room *room = rooms_find(&w->rooms, w->disk.plan.record.id);
    for (size_t i = 0; i < w->client_count && !world_failed(w); i++) {
        struct client *c = &w->clients[i];
        if (c->state == CLIENT_IN && room)
            judge_client(w, c, room);
        else if (c->state == CLIENT_IN)
            world_fail(w, "%s is in a room that is not there", c->id);
    }
    if (room && !world_failed(w) && count_feeds(room) != w->feed_count)
        world_fail(w, "%zu feeds are open, of %zu", w->feed_count, count_feeds(room));
}

void world_empty(struct world *w)
{
    for (size_t i = 0; i < w->client_count; i++) {
        if (w->clients[i].state != CLIENT_OUT)
            client_leave(w, &w->clients[i]);
    }
    world_settle(w);
    leap(w);
    world_settle(w); // what the end of the leap brought is stored
    if (world_failed(w))
        return;
    if (w->rooms.by_id.count || w->rooms.peers.count || w->rooms.tracks.count)
        world_fail(w, "%zu rooms, %zu peers, %zu tracks are left", w->rooms.by_id.count,
                   w->rooms.peers.count, w->rooms.tracks.count);
    if (w->feed_count || w->subscription_count)
        world_fail(w, "%zu feeds, %zu connections are left", w->feed_count,
                   w->subscription_count);
    if (signal_deadline(w->signal) != NEVER || rooms_deadline(&w->rooms) != NEVER)
        world_fail(w, "something is still to happen when all have left");
    if (writing_deadline(w->snapshots, w->logbook) != NEVER ||
        held_deadline(w->held) != NEVER || !people_jobs_are_idle(w->jobs))
        world_fail(w, "something is still to be written when all have left");
    disk_judge_end(&w->disk);
    if (w->disk.fault)
        world_fail(w, "%s", w->disk.fault);
}

// --- Beginning and end ---

void world_init(struct world *w, uint64_t seed, bool verbose)
{
    *w = (struct world){.rng = rng_seeded(seed),
                        .server_rng = rng_seeded(seed + 1),
                        .now = {WORLD_START_US, 1795354144326},
                        .hash = 0xcbf29ce484222325u,
                        .chat_handled = -1,
                        .verbose = verbose};
    disk_init(&w->disk);
    server_start(w);
    w->client_count = 2 + world_below(w, CLIENTS_MAX - 1);
    for (size_t i = 0; i < w->client_count; i++) {
        w->clients[i].index = (int)i;
        snprintf(w->clients[i].id, sizeof w->clients[i].id, "p%zu", i);
    }
}

void world_dispose(struct world *w)
{
    for (size_t i = 0; i < w->letter_count; i++)
        dispose_letter(&w->letters[i]);
    mem_free(w->letters);
    server_end(w);
    disk_dispose(&w->disk);
    promises_dispose(&w->promises);
    event_list_dispose(&w->events);
    frame_list_dispose(&w->frames);
    bridge_commands_dispose(&w->commands);
    text_dispose(&w->fault);
}
