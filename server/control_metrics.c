#include "server/control_state.h"

#include "api/routes.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/inbox.h"
#include "server/clock.h"
#include "server/files.h"
#include "server/metrics.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

enum {
    COUNT_EVERY_US = 2 * 1000 * 1000,
    COUNTERS_PER_TURN = 64,
    HOST_NAME_MAX_LEN = 254,
    JOIN_MOST_US = 60 * 1000 * 1000
};

// A worker tells sums since its start: the last that it told are kept, so that they never go
// back.
static void take_counters(struct control *c)
{
    struct worker_counters counters[COUNTERS_PER_TURN];
    size_t count;
    while ((count = inbox_take(c->config.counters, counters, COUNTERS_PER_TURN))) {
        for (size_t i = 0; i < count; i++) {
            assert(counters[i].worker < c->config.worker_count);
            c->counted[counters[i].worker] = counters[i];
        }
    }
}

static void ask_store(struct control *c)
{
    int64_t now = clock_mono_us();
    if (c->is_counting || now < c->count_at || jobs_are_full(c->config.jobs))
        return;
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_COUNT;
    c->is_counting = true;
    c->count_at = now + COUNT_EVERY_US;
    jobs_put(c->config.jobs, job);
}

void control_counted(struct control *c, const struct job *job)
{
    c->is_counting = false;
    if (!job->db.err)
        c->webhooks_waiting = job->webhooks_waiting;
}

void control_look_at_metrics(struct control *c)
{
    if (c->counted)
        take_counters(c);
    if (!c->metrics)
        return;
    ask_store(c);
}

static enum metrics_peer_kind kind_of(const struct role *role)
{
    if (role->waiting_room)
        return METRICS_WAITING;
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        if (role_publishes(role, (enum publish_kind)kind))
            return METRICS_PUBLISHER;
    return METRICS_VIEWER;
}

// Who has nothing to send or see for long waits for nobody.
void control_note_media(struct control *c, const struct notice *notice, int64_t now)
{
    struct peer *peer = rooms_peer(&c->rooms, bridge_peer(notice->endpoint));
    if (!peer || !peer->asked_at)
        return;
    int64_t took_us = now - peer->asked_at;
    peer->asked_at = 0;
    if (took_us <= JOIN_MOST_US)
        histogram_add(&c->joins, &histogram_waits_us, took_us);
}

size_t control_route(const struct http_request *request, const struct api_route *route)
{
    const struct asset *asset;
    if (route)
        return METRICS_ROUTES + (size_t)(route - api_routes);
    if (strcmp(request->path, "/health") == 0)
        return METRICS_ROUTE_HEALTH;
    if (strcmp(request->path, "/ready") == 0)
        return METRICS_ROUTE_READY;
    return files_find(request->path, &asset) ? METRICS_ROUTE_FILE : METRICS_ROUTE_OTHER;
}

static void gather(struct control *c, struct metrics *m)
{
    take_counters(c);
    *m = (struct metrics){.version = PARLOR_VERSION,
                          .store_is_writable = jobs_are_writable(c->config.jobs),
                          .webhooks_waiting = c->webhooks_waiting,
                          .http_connections = http_server_connections(c->server),
                          .web_sockets = c->clients_by_socket.count,
                          .memory_max = c->memory.max,
                          .http = http_server_tally(c->server)};
    jobs_get_stats(c->config.jobs, &m->store);
    for (size_t i = 0; i < c->config.worker_count; i++)
        metrics_add_worker(m, &c->counted[i]);
    size_t at = 0;
    for (const struct room *room; (room = map_next(&c->rooms.by_id, &at));) {
        m->rooms += room->joined_count > 0;
    }
    at = 0;
    for (const struct peer *peer; (peer = map_next(&c->rooms.peers, &at));)
        if (peer->state == PEER_JOINED)
            m->peers[kind_of(peer->role)]++;
    m->joins = c->joins;
    m->signalling = signal_tally(c->signal);
    m->webhooks = *hooks_stats(c->hooks);
    metrics_read_process(&m->process);
    m->process.started_at_s = c->started_at_s;
}

static void answer(struct control *c, const struct http_request *request,
                   struct http_response *response)
{
    struct metrics metrics;
    const char *const names[] = {c->host_name, c->config.public_host};
    enum exposition_format format = exposition_choose(request->accept);
    response->content_type = exposition_content_type(EXPOSITION_TEXT);
    if (!metrics_host_is_ours(request->host, names, sizeof names / sizeof *names)) {
        response->status = 421;
        text_add(&response->body, "Misdirected Request\n");
    } else if (strcmp(request->path, "/metrics") != 0) {
        response->status = 404;
        text_add(&response->body, "Not Found\n");
    } else if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        response->status = 405;
        http_header_add(response, "allow", "GET, HEAD");
        text_add(&response->body, "Method Not Allowed\n");
    } else {
        response->status = 200;
        response->content_type = exposition_content_type(format);
        http_header_add(response, "cache-control", "no-store");
        http_header_add(response, "vary", "Accept");
        gather(c, &metrics);
        metrics_write(&metrics, format, &response->body);
    }
}

void control_metrics_inputs(struct control *c)
{
    struct http_input input;
    while (c->metrics && http_server_next(c->metrics, &input)) {
        // No web socket opens there: it has no path for them.
        assert(input.kind == HTTP_INPUT_REQUEST);
        struct http_response response = {0};
        answer(c, input.request, &response);
        http_server_respond(c->metrics, input.id, input.request, &response);
        input.request = NULL;
        http_input_dispose(&input);
    }
}

static char *own_name(void)
{
    char name[HOST_NAME_MAX_LEN + 1] = "";
    return gethostname(name, HOST_NAME_MAX_LEN) == 0 && name[0] ? mem_text(name) : NULL;
}

// The listener's own: no TLS, no names of proxies, and nothing of the API. Of two servers on a
// machine the second does without, where nobody said at which port.
int control_start_metrics(struct control *c)
{
    c->webhooks_waiting = -1;
    if (!c->config.counters)
        return 0;
    c->host_name = own_name();
    c->started_at_s = metrics_started_at();
    c->counted = mem_alloc_array(c->config.worker_count, sizeof *c->counted);
    c->metrics = http_server_new(&(struct http_server_config){
        .loop = &c->loop,
        .listen = &c->config.metrics_listen,
        .listen_count = 1,
        .may_fail = c->config.metrics_may_fail,
        .ws_path = "",
    });
    if (!c->metrics && c->config.metrics_may_fail)
        log_warn("server", "no metrics are served: --metrics-listen says where, or \"off\"");
    else if (!c->metrics)
        return ERR_IO;
    else if (!addr_is_loopback(&c->config.metrics_listen))
        log_warn("server", "metrics are served beyond this machine: there is no token and no "
                           "TLS, so a firewall has to say who may read them");
    return 0;
}
