// How the media of people in a room does: a call is answered once the media worker of the room
// has told of each connection. A worker is asked for one connection at a time, so that it never
// stops for a large room; and what it has not told in time is left out of the answer.
#include "server/control_state.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/moment.h"
#include "server/clock.h"
#include "server/figures_text.h"
#include "sfu/figures.h"

enum { PATIENCE_US = 1000 * 1000, KINDS = 2 };

struct look {
    uint64_t number;
    int64_t deadline;
    struct job *job;
    size_t awaited; // answers of workers
    size_t told;
    struct figures_answer answers[FIGURES_PEERS_MAX][KINDS];
};

// --- The answer ---

static void write_peer(const struct control *c, const struct look *l, size_t i,
                       struct json_out *j)
{
    const struct peer *peer = rooms_peer(&c->rooms, l->job->call.call.look->peers[i]);
    if (peer)
        figures_write_peer(j, &c->rooms, peer, &l->answers[i][ENDPOINT_PUBLISH],
                           &l->answers[i][ENDPOINT_SUBSCRIBE]);
}

static void write_page(const struct control *c, const struct look *l, struct json_out *j)
{
    const struct api_look *asked = l->job->call.call.look;
    json_open(j, '{');
    json_member_string(j, "room_id", asked->room_id);
    json_member_string(j, "session_id", asked->session_id);
    json_member_bool(j, "complete", l->awaited == 0);
    json_member_int(j, "limit", asked->limit);
    json_key(j, "data");
    json_open(j, '[');
    for (size_t i = 0; i < asked->peer_count; i++)
        write_peer(c, l, i, j);
    json_close(j, ']');
    json_member_string(j, "last", asked->last);
    json_close(j, '}');
}

static void answer(struct control *c, struct job *job)
{
    http_server_respond(c->server, job->call.id, job->call.call.request, &job->call.response);
    job_dispose(job);
    mem_free(job);
}

static void refuse(struct control *c, struct job *job)
{
    api_refuse(&job->call.response, 503, "Service Unavailable", "the media worker is busy");
    http_header_add(&job->call.response, "retry-after", "1");
    answer(c, job);
}

static void free_look(struct look *l)
{
    for (size_t i = 0; i < FIGURES_PEERS_MAX; i++)
        for (int kind = 0; kind < KINDS; kind++)
            mem_free(l->answers[i][kind].are);
    mem_free(l);
}

static void finish(struct control *c, struct look *l)
{
    struct job *job = l->job;
    const struct api_look *asked = job->call.call.look;
    struct http_response *response = &job->call.response;
    map_remove(&c->looks, map_key_u64(&l->number));
    if (asked->peer_count > 0 && l->told == 0) {
        refuse(c, job);
    } else if (asked->is_one && !rooms_peer(&c->rooms, asked->peers[0])) {
        api_refuse(response, 404, "peer not found", NULL);
        answer(c, job);
    } else {
        response->status = 200;
        response->content_type = "application/json";
        struct json_out j = json_out_on(&response->body);
        if (asked->is_one)
            write_peer(c, l, 0, &j);
        else
            write_page(c, l, &j);
        answer(c, job);
    }
    free_look(l);
}

// --- Asking ---

// What is not there needs no worker; of a worker that has no time nothing is told.
static void ask(struct control *c, struct look *l, size_t i, enum endpoint_kind kind)
{
    size_t worker;
    struct command command = {
        .kind = COMMAND_FIGURES,
        .endpoint = bridge_endpoint(l->job->call.call.look->peers[i], kind),
        .request = l->number,
    };
    l->awaited++;
    if (bridge_find(c->bridge, command.endpoint, &worker, &command.room) != 0) {
        l->answers[i][kind].came = true;
        l->awaited--;
        l->told++;
    } else {
        worker_put(c->config.workers[worker], &command);
    }
}

void control_ask_figures(struct control *c, struct job *job)
{
    struct api_call *call = &job->call.call;
    struct moment now = clock_now();
    api_run_live(c->config.api, &c->rooms, call, now, &job->call.response, &c->events);
    if (!call->look) {
        answer(c, job);
        return;
    }
    if (c->looks.count >= FIGURES_CALLS_MAX) {
        refuse(c, job);
        return;
    }
    struct look *l = mem_alloc(sizeof *l);
    l->number = ++c->last_look;
    l->deadline = now.mono_us + PATIENCE_US;
    l->job = job;
    map_put(&c->looks, map_key_u64(&l->number), l);
    for (size_t i = 0; i < call->look->peer_count; i++)
        for (int kind = 0; kind < KINDS; kind++)
            ask(c, l, i, (enum endpoint_kind)kind);
    if (l->awaited == 0)
        finish(c, l);
}

void control_take_figures(struct control *c, struct notice *notice)
{
    struct look *l = map_get(&c->looks, map_key_u64(&notice->figures.request));
    if (!l)
        return; // it was answered without
    const struct api_look *asked = l->job->call.call.look;
    uint64_t peer = bridge_peer(notice->endpoint);
    for (size_t i = 0; i < asked->peer_count; i++) {
        struct figures_answer *answer = &l->answers[i][bridge_kind(notice->endpoint)];
        if (asked->peers[i] != peer || answer->came)
            continue;
        *answer = (struct figures_answer){.came = true, .are = notice->figures.are};
        notice->figures.are = NULL; // moved
        l->told++;
        if (--l->awaited == 0)
            finish(c, l);
        return;
    }
}

// --- Time ---

int64_t control_figures_deadline(const struct control *c)
{
    int64_t deadline = NEVER;
    size_t at = 0;
    for (const struct look *l; (l = map_next(&c->looks, &at));)
        deadline = l->deadline < deadline ? l->deadline : deadline;
    return deadline;
}

void control_expire_figures(struct control *c, int64_t now)
{
    while (control_figures_deadline(c) <= now) {
        size_t at = 0;
        struct look *l = map_next(&c->looks, &at);
        while (l->deadline > now)
            l = map_next(&c->looks, &at);
        finish(c, l);
    }
}

void control_free_figures(struct control *c)
{
    size_t at = 0;
    for (struct look *l; (l = map_next(&c->looks, &at));) {
        job_free(l->job);
        free_look(l);
    }
    map_dispose(&c->looks);
}
