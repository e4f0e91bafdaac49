#include "server/control_state.h"

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "room/moderate.h"
#include "room/poll_link.h"
#include "server/clock.h"
#include "server/files.h"

#include <stdio.h>
#include <string.h>

enum { RESULTS_PER_TURN = 64, CLOSE_RESTART = 1012 };

// --- Requests ---

static void answer_status(struct http_response *response, int status, const char *word)
{
    struct json_out json = json_out_on(&response->body);
    json_open(&json, '{');
    json_member_string(&json, "status", word);
    json_close(&json, '}');
    response->status = status;
    response->content_type = "application/json";
    http_header_add(response, "cache-control", "no-store");
}

// Whether the answer is there at once: the state of this process, or a file.
static bool answer_here(const struct control *c, const struct http_request *request,
                        struct http_response *response)
{
    const struct asset *asset;
    bool health = strcmp(request->path, "/health") == 0;
    bool ready = strcmp(request->path, "/ready") == 0;
    bool file = files_find(request->path, &asset);
    if (!health && !ready && !file)
        return false;
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        api_refuse(response, 405, "Method Not Allowed", NULL);
        http_header_add(response, "allow", "GET, HEAD");
    } else if (health) {
        answer_status(response, 200, "ok");
    } else if (ready) {
        bool is_ready = !c->draining && jobs_are_writable(c->config.jobs);
        answer_status(response, is_ready ? 200 : 503, is_ready ? "ready" : "not ready");
    } else {
        files_answer(asset, request, response);
    }
    return true;
}

// The rooms are this thread's, so the answer is there at once; but a room that was ended for
// good is disabled in the store first.
static void run_live(struct control *c, struct job *job)
{
    const char *room_id = job->call.call.parameters[0];
    const struct room *room = rooms_find(&c->rooms, room_id);
    uint64_t number = room ? room->number : 0, before = c->rooms.last_change;
    struct moment now = clock_now();
    api_run_live(c->config.api, &c->rooms, &job->call.call, now, &job->call.response,
                 &c->events);
    bool waits = c->rooms.last_change != before && api_is_kept(&job->call.call);
    room = rooms_find(&c->rooms, room_id);
    uint64_t change = room ? room->change : c->rooms.last_change;
    c->reply = job;
    control_settle(c);
    if (!c->reply)
        return;
    c->reply = NULL;
    // What it changed is stored before it is acknowledged, as on a web socket.
    if (waits) {
        held_add_call(c->held, job, number, change, now.mono_us);
        snapshots_hurry(c->snapshots);
        return;
    }
    http_server_respond(c->server, job->call.id, job->call.call.request, &job->call.response);
    mem_free(job);
}

void control_free_call(struct job *job)
{
    text_dispose(&job->call.response.body);
    http_request_free(job->call.call.request);
    job_dispose(job);
    mem_free(job);
}

static void answer_call(struct control *c, struct job *job, bool is_late)
{
    if (is_late)
        api_refuse_storage(&job->call.response, ERR_IO);
    http_server_respond(c->server, job->call.id, job->call.call.request, &job->call.response);
    job_dispose(job);
    mem_free(job);
}

static void answer_frame(struct control *c, const struct held_answer *answer)
{
    struct text text = {0};
    struct frame frame = answer->frame;
    text_add_bytes(&text, answer->is_late ? frame.late : frame.text);
    frame.text = frame_text(&c->frames, &text);
    frame_add(&c->frames, frame);
    text_dispose(&text);
    if (answer->is_late)
        signal_not_stored(c->signal, &answer->frame, clock_now());
}

void control_answer_held(struct control *c)
{
    struct held_answer *answer;
    while ((answer = held_next(c->held))) {
        if (answer->call)
            answer_call(c, answer->call, answer->is_late);
        else
            answer_frame(c, answer);
        held_answer_free(answer);
    }
}

void control_send_replies(struct control *c)
{
    for (size_t i = 0; i < c->replies.count; i++) {
        struct whip_reply *reply = &c->replies.at[i];
        http_server_respond(c->server, reply->id, reply->request, &reply->response);
    }
    c->replies.count = 0;
}

static void load_room(struct control *c, struct job *job, const char *room_id)
{
    job->kind = JOB_ROOM;
    snprintf(job->room.id, sizeof job->room.id, "%s", room_id);
    jobs_put(c->config.jobs, job);
}

static bool is_full_for(const struct control *c, enum api_next next,
                        const struct api_call *call)
{
    return next == API_STORED ? jobs_are_full_for(c->config.jobs, call)
                              : jobs_are_full(c->config.jobs);
}

// The room, while a session runs in it: nothing that is stored of it is newer. NULL: it has to
// be loaded.
static struct room *live_room(const struct control *c, const char *room_id)
{
    struct room *room = rooms_find(&c->rooms, room_id);
    return room && room->session_id[0] ? room : NULL;
}

static void join_live(struct control *c, struct job *job, struct room *room);

static void on_request(struct control *c, struct http_input *input)
{
    struct http_request *request = input->request;
    input->request = NULL;
    struct http_response response = {0};
    struct api_call call = {0};
    enum api_next next = API_ANSWERED;
    if (!answer_here(c, request, &response))
        next = api_route(c->config.api, request, clock_wall_ms(), &call, &response);
    if (next == API_ANSWERED && response.status == 404 && files_is_visit(request))
        files_answer_missing(request, &response);
    if (call.has_expired && next != API_ANSWERED &&
        !api_check_return(&call, rooms_find(&c->rooms, call.claims.room_id), &response))
        next = API_ANSWERED;
    // Who is in, or wants to come in, is answered by the room itself: the store may be away.
    const struct room *live = next == API_STORED ? live_room(c, call.claims.room_id) : NULL;
    if (live && api_run_from_memory(c->config.api, live, &call, clock_now(), &response))
        next = API_ANSWERED;
    if (call.removes && next != API_ANSWERED &&
        !api_check_idle(&call, rooms_find(&c->rooms, call.removes), &response))
        next = API_ANSWERED;
    bool is_late = next == API_JOIN && (c->draining || c->memory.left <= 0);
    struct room *joined = next == API_JOIN ? live_room(c, call.claims.room_id) : NULL;
    if (next != API_ANSWERED && (is_late || (!joined && is_full_for(c, next, &call)))) {
        api_refuse(&response, 503, "Service Unavailable", "too much to do");
        http_header_add(&response, "retry-after", "1");
        next = API_ANSWERED;
    }
    if (next == API_ANSWERED) {
        http_server_respond(c->server, input->id, request, &response);
        return;
    }
    if (next == API_RESOURCE) {
        whip_change(c->whip, input->id, &call, &response, clock_now(), &c->events, &c->replies);
        return;
    }
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    job->call.id = input->id;
    job->call.call = call;
    job->call.response = response;
    if (next == API_LIVE)
        run_live(c, job);
    else if (joined)
        join_live(c, job, joined);
    else if (next == API_JOIN)
        load_room(c, job, call.claims.room_id);
    else
        jobs_put(c->config.jobs, job);
}

// Whoever came in while the store removed the room.
static void end_removed(struct control *c, const char *room_id)
{
    struct room *room = rooms_find(&c->rooms, room_id);
    if (!room)
        return;
    room_disable(room);
    if (room->joined_count)
        moderate_end(room, NULL, false, "the room was deleted", clock_now(), &c->events);
}

// --- Polls of the back end's ---

static void fetch_polls(struct control *c, const struct room *room)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_POLLS;
    memcpy(job->room.id, room->record.id, sizeof job->room.id);
    jobs_put(c->config.jobs, job);
}

static bool links(const struct room *room, const char *poll_id)
{
    for (size_t i = 0; room->linked && i < room->linked->count; i++) {
        if (strcmp(room->linked->list[i].id, poll_id) == 0)
            return true;
    }
    return false;
}

// What is stored of them has changed. A room that is loaded and has no session yet would begin
// one with the old ones.
static void refresh_polls(struct control *c, const struct api_call *call)
{
    struct room *room = call->changed ? rooms_find(&c->rooms, call->changed->id) : NULL;
    if (room && !room->session_id[0])
        fetch_polls(c, room);
    if (!call->changed_poll)
        return;
    size_t at = 0;
    while ((room = map_next(&c->rooms.by_id, &at))) {
        if (!room->session_id[0] && links(room, call->changed_poll))
            fetch_polls(c, room);
    }
}

// The same for a room that somebody looks at while its session ends.
void control_fetch_polls(struct control *c)
{
    for (size_t i = 0; i < c->events.count; i++) {
        const struct event *event = &c->events.at[i];
        const struct room *room = event->kind == EVENT_ROOM_CLOSED
                                      ? rooms_find(&c->rooms, event->session.room_id)
                                      : NULL;
        if (room)
            fetch_polls(c, room);
    }
}

static void on_polls(struct control *c, struct job *job)
{
    struct room *room = rooms_find(&c->rooms, job->room.id);
    template_free(job->room.template);
    job->room.template = NULL;
    if (job->room.err || !room)
        return;
    room_link_polls(room, job->room.polls);
    job->room.polls = NULL;
}

static void change_code(struct control *c, const struct api_code_change *change)
{
    struct room *room = rooms_find(&c->rooms, change->room_id);
    if (room)
        room_set_code(room, change->code_id, change->is_disabled);
}

static void on_answer(struct control *c, struct job *job)
{
    struct api_call *call = &job->call.call;
    // The handler may have been content and the commit have failed.
    if (job->db.err && job->db.err != job->call.answered)
        api_refuse_storage(&job->call.response, job->db.err);
    else if (call->place)
        api_check_place(call, rooms_find(&c->rooms, call->place->id), &job->call.response);
    if (!job->db.err && call->changed)
        rooms_refresh(&c->rooms, call->changed, clock_now());
    if (!job->db.err && call->changed_code)
        change_code(c, call->changed_code);
    if (!job->db.err && call->queues_webhooks)
        hooks_look(c->hooks);
    if (!job->db.err)
        refresh_polls(c, call);
    if (!job->db.err && call->removes)
        end_removed(c, call->removes);
    http_server_respond(c->server, job->call.id, call->request, &job->call.response);
}

// --- Web sockets ---

static void begin_session(struct control *c, uint64_t session, struct room *room)
{
    room_hold(room);
    signal_ready(c->signal, session, room, clock_now(), &c->frames, &c->events);
    control_settle(c);
    room_release(room);
}

// When memory is short nobody new comes in. Who is in comes back.
static bool is_present(const struct control *c, const char *room_id, const char *peer_id)
{
    const struct room *room = rooms_find(&c->rooms, room_id);
    return room && peer_id && room_peer(room, peer_id);
}

static void on_open(struct control *c, struct http_input *input)
{
    struct moment now = clock_now();
    if (c->draining) {
        http_server_ws_close(c->server, input->id, CLOSE_RESTART, NULL);
        return;
    }
    struct http_request *request = input->request;
    const char *token = http_query(request, "token", 0);
    const char *peer = http_query(request, "peer", 0);
    const char *agent = http_query(request, "user_agent_v2", 0);
    struct jwt_claims verified = {0};
    enum jwt_fault fault = jwt_verify(bytes_of(token ? token : ""), &c->config.api->keys,
                                      now.wall_ms / 1000, &verified);

    // One that has expired is good for who is in, which its room says.
    bool may_return = fault == JWT_EXPIRED && rooms_find(&c->rooms, verified.room_id);
    bool is_stranger = (fault != JWT_VALID && !may_return) || verified.type != JWT_APP;
    struct room *room;

    // The upgrade is never refused for its token: the client would try again without a pause.
    // It is told by a message that ends its attempts.
    struct client *client = mem_alloc(sizeof *client);
    client->socket = input->id;
    client->session = signal_open(c->signal,
                                  &(struct signal_claims){.room_id = verified.room_id,
                                                          .role = verified.role,
                                                          .user_id = verified.user_id,
                                                          .token = verified.hash,
                                                          .expires_at_s = verified.expires_at_s,
                                                          .room_code_id = verified.room_code_id,
                                                          .peer_id = peer ? peer : "",
                                                          .user_agent = agent,
                                                          .is_stranger = is_stranger},
                                  now, &c->frames);
    map_put(&c->clients_by_socket, map_key_u64(&client->socket), client);
    map_put(&c->clients_by_session, map_key_u64(&client->session), client);
    if (!signal_is_open(c->signal, client->session))
        return;
    if (fault != JWT_VALID && !may_return) {
        signal_refuse(c->signal, client->session, 401, jwt_fault_text(fault), now, &c->frames);
    } else if (verified.type != JWT_APP) {
        signal_refuse(c->signal, client->session, 403, "not a token to join with", now,
                      &c->frames);
    } else if (c->memory.left <= 0 && !is_present(c, verified.room_id, peer)) {
        signal_refuse(c->signal, client->session, 503, "too much to do", now, &c->frames);
    } else if ((room = live_room(c, verified.room_id))) {
        begin_session(c, client->session, room);
    } else if (jobs_are_full(c->config.jobs)) {
        signal_refuse(c->signal, client->session, 503, "too much to do", now, &c->frames);
    } else {
        struct job *job = mem_alloc(sizeof *job);
        job->room.session = client->session;
        load_room(c, job, verified.room_id);
    }
}

// The room of a JOB_ROOM, live and held.
static struct room *hold_loaded(struct control *c, struct job *job)
{
    struct room *room = rooms_put(&c->rooms, &job->room.record, job->room.template);
    room_link_polls(room, job->room.polls);
    job->room.polls = NULL;
    room_set_disabled_codes(room, job->room.codes);
    job->room.codes = NULL;
    room_hold(room);
    return room;
}

// What a JOB_ROOM brought. Where it failed as the store is away, a room that somebody looks at
// is good as it is.
static struct room *loaded(struct control *c, struct job *job)
{
    if (!job->room.err)
        return hold_loaded(c, job);
    struct room *room = rooms_find(&c->rooms, job->room.id);
    template_free(job->room.template);
    job->room.template = NULL;
    if (!room || job->room.err == ERR_NOT_FOUND)
        return NULL;
    room_hold(room);
    return room;
}

// Somebody comes in without a web socket. Takes what the job is about, not the job.
static void join_call(struct control *c, struct job *job, struct room *room, int err)
{
    whip_post(c->whip, job->call.id, &job->call.call, room, err, &job->call.response,
              clock_now(), &c->events, &c->replies);
    control_settle(c);
}

static void join_live(struct control *c, struct job *job, struct room *room)
{
    room_hold(room);
    join_call(c, job, room, 0);
    room_release(room);
    job_dispose(job);
    mem_free(job);
}

static void on_room_for_call(struct control *c, struct job *job)
{
    struct room *room = loaded(c, job);
    int err = c->draining ? ERR_BUSY : room ? 0 : job->room.err;
    join_call(c, job, err ? NULL : room, err);
    if (room)
        room_release(room);
}

static void on_room(struct control *c, struct job *job)
{
    if (job->call.call.request) {
        on_room_for_call(c, job);
        return;
    }
    struct room *room = loaded(c, job);
    if (room) {
        begin_session(c, job->room.session, room);
        room_release(room);
        return;
    }
    bool unknown = job->room.err == ERR_NOT_FOUND;
    signal_refuse(c->signal, job->room.session, unknown ? 403 : 503,
                  unknown ? "room is not active" : "the storage does not answer", clock_now(),
                  &c->frames);
}

void control_lock_rooms(struct control *c)
{
    for (size_t i = 0; i < c->events.count; i++) {
        const struct event *event = &c->events.at[i];
        if (event->kind != EVENT_ROOM_ENDED || !event->ended.lock)
            continue;
        struct job *job = c->reply ? c->reply : mem_alloc(sizeof *job);
        c->reply = NULL;
        job->kind = JOB_LOCK;
        snprintf(job->lock.id, sizeof job->lock.id, "%s", event->ended.room_id);
        jobs_put(c->config.jobs, job);
    }
}

void control_look_up_missed(struct control *c)
{
    for (size_t i = 0; i < c->events.count; i++) {
        const struct event *event = &c->events.at[i];
        if (event->kind != EVENT_END_FAILED || event->failed.room_name ||
            jobs_are_full(c->config.jobs))
            continue;
        struct job *job = mem_alloc(sizeof *job);
        job->kind = JOB_MISSED;
        snprintf(job->room.id, sizeof job->room.id, "%s", event->failed.room_id);
        job->missed.lock = event->failed.lock;
        job->missed.reason = mem_text(event->failed.reason);
        jobs_put(c->config.jobs, job);
    }
}

// Of a room that does not exist there is nothing to tell.
static void on_missed(struct control *c, struct job *job)
{
    if (job->room.err)
        return;
    struct event *event = event_add(&c->events, EVENT_END_FAILED, NULL);
    event->failed.room_id = event_text(&c->events, job->room.record.id);
    event->failed.room_name = event_text(&c->events, job->room.record.name);
    event->failed.template_id = event_text(&c->events, job->room.template->id);
    event->failed.why = "session not found";
    event->failed.lock = job->missed.lock;
    event->failed.reason = event_text(&c->events, job->missed.reason);
    template_free(job->room.template);
    job->room.template = NULL;
}

static void on_locked(struct control *c, struct job *job)
{
    struct room *room = rooms_find(&c->rooms, job->lock.id);
    if (room)
        room_disable(room); // a record read before may have come in between
    if (job->db.err)
        log_error("server", "room %s could not be disabled: %s", job->lock.id,
                  err_name(job->db.err));
    if (job->call.call.request)
        on_answer(c, job);
}

static void on_closed(struct control *c, const struct http_input *input)
{
    struct client *client = map_remove(&c->clients_by_socket, map_key_u64(&input->id));
    if (!client)
        return;
    map_remove(&c->clients_by_session, map_key_u64(&client->session));
    signal_closed(c->signal, client->session, clock_now(), &c->events);
    mem_free(client);
}

static void on_text(struct control *c, const struct http_input *input)
{
    struct client *client = map_get(&c->clients_by_socket, map_key_u64(&input->id));
    if (client)
        signal_text(c->signal, client->session,
                    (struct bytes){(const uint8_t *)input->text, input->text_len}, clock_now(),
                    &c->frames, &c->events);
}

static void on_pong(struct control *c, const struct http_input *input)
{
    struct client *client = map_get(&c->clients_by_socket, map_key_u64(&input->id));
    if (client)
        signal_heard(c->signal, client->session, clock_now());
}

static void on_drained(struct control *c, const struct http_input *input)
{
    struct client *client = map_get(&c->clients_by_socket, map_key_u64(&input->id));
    if (!client)
        return;
    client->is_slow = false;
    signal_slow(c->signal, client->session, false);
}

void control_inputs(struct control *c)
{
    struct http_input input;
    while (http_server_next(c->server, &input)) {
        switch (input.kind) {
        case HTTP_INPUT_REQUEST:
            on_request(c, &input);
            break;
        case HTTP_INPUT_WS_OPEN:
            on_open(c, &input);
            break;
        case HTTP_INPUT_WS_TEXT:
            on_text(c, &input);
            break;
        case HTTP_INPUT_WS_PONG:
            on_pong(c, &input);
            break;
        case HTTP_INPUT_WS_DRAINED:
            on_drained(c, &input);
            break;
        case HTTP_INPUT_WS_CLOSE:
            on_closed(c, &input);
            break;
        }
        http_input_dispose(&input);
        control_settle(c);
    }
}

void control_results(struct control *c)
{
    struct job *done[RESULTS_PER_TURN];
    size_t count = jobs_take(c->config.jobs, done, RESULTS_PER_TURN);
    for (size_t i = 0; i < count; i++) {
        switch (done[i]->kind) {
        case JOB_CALL:
            on_answer(c, done[i]);
            break;
        case JOB_ROOM:
            on_room(c, done[i]);
            break;
        case JOB_MISSED:
            on_missed(c, done[i]);
            break;
        case JOB_POLLS:
            on_polls(c, done[i]);
            break;
        case JOB_LOCK:
            on_locked(c, done[i]);
            break;
        case JOB_KEEP:
        case JOB_FORGET:
            snapshots_done(c->snapshots, done[i]);
            if (!done[i]->db.err)
                held_stored(c->held, done[i]->live.room, done[i]->live.change);
            control_answer_held(c);
            break;
        case JOB_LOG:
        case JOB_AGE:
            if (logbook_done(c->logbook, done[i]))
                hooks_look(c->hooks);
            break;
        case JOB_HOOKS:
            hooks_done(c->hooks, done[i], clock_now());
            break;
        case JOB_COUNT:
            control_counted(c, done[i]);
            break;
        case JOB_KEY:
            break;
        }
        job_dispose(done[i]);
        mem_free(done[i]);
        control_settle(c);
    }
}
