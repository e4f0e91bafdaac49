#include "server/control_state.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/refusal_page.h"
#include "server/clock.h"
#include "server/files.h"

#include <string.h>

enum { INPUTS_AT_ONCE = 32 }; // whose jobs the store threads find together

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
        bool is_ready = !c->draining && jobs_are_writable(c->config.jobs) &&
                        !snapshots_are_replaced(c->snapshots);
        answer_status(response, is_ready ? 200 : 503, is_ready ? "ready" : "not ready");
    } else {
        files_answer(asset, request, response);
    }
    return true;
}

// Of a browser that went to a page which is not there, or did something else with one that is.
static void answer_person(const struct http_request *request, struct http_response *response)
{
    bool is_missing = response->status == 404;
    if (is_missing && files_is_visit(request))
        files_answer_missing(request, response);
    else if (refusal_is_read(request->accept))
        refusal_page(response, response->status);
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
    control_answer(c, job->call.id, &job->call.call, &job->call.response);
    mem_free(job);
}

static void answer_call(struct control *c, struct job *job, bool is_late)
{
    if (is_late)
        api_refuse_storage(&job->call.response, ERR_IO);
    control_answer(c, job->call.id, &job->call.call, &job->call.response);
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

static bool is_full_for(const struct control *c, enum api_next next,
                        const struct api_call *call)
{
    if (next == API_PASSWORD)
        return jobs_are_full_of_passwords(c->config.jobs);
    if (next == API_STORED && api_follows_log(call) && logbook_is_full_of_calls(c->logbook))
        return true;
    return next == API_STORED || next == API_SESSION ? jobs_are_full_for(c->config.jobs, call)
                                                     : jobs_are_full(c->config.jobs);
}

// Who is in comes back also while memory is short.
static bool is_short_for(const struct control *c, struct api_call *call)
{
    const struct room *room = rooms_find(&c->rooms, call->claims.room_id);
    const char *peer = http_query(call->request, "peer", 0);
    return c->memory.left <= 0 &&
           !(peer && admission_is_return(room, peer, &call->claims.hash));
}

// Changes of live rooms are done at once; what the dashboard does is not, when nobody can write
// it down.
static bool is_unwritable(const struct control *c, enum api_next next,
                          const struct api_call *call)
{
    return next == API_LIVE && api_is_change(call) && !jobs_are_writable(c->config.jobs);
}

void control_go_on(struct control *c, uint64_t id, struct api_call call,
                   struct http_response response, enum api_next next)
{
    // Of a resource whip_change() says it: the peer is not in the request.
    if (is_unwritable(c, next, &call)) {
        api_refuse_storage(&response, ERR_IO);
        next = API_ANSWERED;
    }
    if (call.has_expired && next != API_ANSWERED && next != API_RESOURCE &&
        !api_check_return(&call, rooms_find(&c->rooms, call.claims.room_id), &response))
        next = API_ANSWERED;
    // Calls of people who are in, or want to come in, are answered by the room itself: the
    // store may be away.
    const struct room *live =
        next == API_STORED ? control_live_room(c, call.claims.room_id) : NULL;
    if (live && !api_check_invites(&call, live, &response))
        next = API_ANSWERED;
    else if (live && api_run_from_memory(c->config.api, live, &call, clock_now(), &response))
        next = API_ANSWERED;
    if (call.removes && next != API_ANSWERED &&
        !api_check_idle(&call, rooms_find(&c->rooms, call.removes), &response))
        next = API_ANSWERED;
    bool is_late = next == API_JOIN && (c->draining || is_short_for(c, &call));
    struct room *joined = next == API_JOIN ? control_live_room(c, call.claims.room_id) : NULL;
    if (next != API_ANSWERED && (is_late || (!joined && is_full_for(c, next, &call)))) {
        api_refuse(&response, 503, "Service Unavailable", "too much to do");
        http_header_add(&response, "retry-after", "1");
        next = API_ANSWERED;
    }
    // Where the storage is away already, it is not asked first what a room knows.
    if (next == API_STORED && !jobs_are_writable(c->config.jobs) &&
        api_ask_rooms(&c->rooms, &call) && !call.known->room_id)
        call.known = NULL;
    if (next == API_ANSWERED) {
        control_answer(c, id, &call, &response);
        return;
    }
    if (next == API_SESSION || next == API_PASSWORD) {
        control_put_step(c, id, &call, &response,
                         next == API_SESSION ? API_FINDS_SESSION : API_TRIES_PASSWORD);
        return;
    }
    if (next == API_RESOURCE) {
        whip_change(c->whip, id, &call, &response, clock_now(), &c->events, &c->replies);
        return;
    }
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_CALL;
    job->call.id = id;
    job->call.call = call;
    job->call.response = response;
    if (next == API_LIVE)
        run_live(c, job);
    else if (next == API_FIGURES)
        control_ask_figures(c, job);
    else if (joined)
        control_join_live(c, job, joined);
    else if (next == API_JOIN)
        control_load_room(c, job, call.claims.room_id);
    else if (api_follows_log(&call))
        logbook_put_call(c->logbook, job);
    else
        jobs_put(c->config.jobs, job);
}

// A page around the dashboard could have people click what they do not see.
static bool is_dashboard(const char *path)
{
    static const char folder[] = "/admin";
    size_t len = sizeof folder - 1;
    return strncmp(path, folder, len) == 0 && (!path[len] || path[len] == '/');
}

static void on_request(struct control *c, struct http_input *input)
{
    struct http_request *request = input->request;
    input->request = NULL;
    struct http_response response = {0};
    struct api_call call = {.request = request};
    enum api_next next = API_ANSWERED;
    bool is_here = answer_here(c, request, &response);
    if (!is_here)
        next = api_route(c->config.api, request, clock_wall_ms(), &call, &response);
    request->route = control_route(request, is_here ? NULL : call.route);
    // A path of the API is read by programs, whatever they say that they take.
    bool is_of_api = !is_here && (call.route || response.status == 405);
    if (next == API_ANSWERED && response.status >= 400 && !is_of_api)
        answer_person(request, &response);
    response.is_never_framed = is_dashboard(request->path);
    if (next == API_ADMIT)
        next = api_admit(c->config.api, &call, clock_now(), &response);
    control_go_on(c, input->id, call, response, next);
}

static void on_input(struct control *c, struct http_input *input)
{
    switch (input->kind) {
    case HTTP_INPUT_REQUEST:
        on_request(c, input);
        break;
    case HTTP_INPUT_WS_OPEN:
        control_socket_open(c, input);
        break;
    case HTTP_INPUT_WS_TEXT:
        control_socket_text(c, input);
        break;
    case HTTP_INPUT_WS_PONG:
        control_socket_pong(c, input);
        break;
    case HTTP_INPUT_WS_DRAINED:
        control_socket_drained(c, input);
        break;
    case HTTP_INPUT_WS_CLOSE:
        control_socket_closed(c, input);
        break;
    }
    http_input_dispose(input);
    control_settle(c);
}

void control_inputs(struct control *c)
{
    struct http_input input;
    size_t held = 0;
    while (http_server_next(c->server, &input)) {
        if (held++ == 0)
            jobs_hold(c->config.jobs);
        on_input(c, &input);
        if (held < INPUTS_AT_ONCE)
            continue;
        jobs_release(c->config.jobs);
        held = 0;
    }
    if (held)
        jobs_release(c->config.jobs);
}
