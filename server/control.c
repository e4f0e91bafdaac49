#include "server/control.h"

#include "server/control_state.h"

#include "api/routes.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/inbox.h"
#include "server/addresses.h"
#include "server/clock.h"
#include "server/files.h"
#include "server/metrics.h"
#include "server/offer_check.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { FAREWELL_MS = 1000, LOOK_MS = 250 };

static void arm_timer(struct control *c);

// One turn: what came in is handled, and the timer set to what is next.
static void turn(struct control *c)
{
    control_inputs(c);
    control_metrics_inputs(c);
    hooks_results(c->hooks, clock_now());
    arm_timer(c);
    // The farewell is over when everybody has answered it, and got an answer.
    if (c->draining && c->clients_by_socket.count == 0 && http_server_is_drained(c->server))
        uv_stop(&c->loop);
}

static void on_timer(uv_timer_t *timer)
{
    struct control *c = timer->data;
    control_expire(c);
    turn(c);
}

static void arm_timer(struct control *c)
{
    int64_t deadline = control_deadline(c);
    if (deadline == NEVER) {
        uv_timer_stop(&c->timer);
        clock_waits(NEVER);
        return;
    }
    int64_t wait_us = deadline - clock_mono_us();
    uint64_t wait_ms = wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0;
    if (wait_ms > CLOCK_WAIT_MAX_MS)
        wait_ms = CLOCK_WAIT_MAX_MS;
    uv_update_time(&c->loop);
    uv_timer_start(&c->timer, on_timer, wait_ms, 0);
    clock_waits((int64_t)wait_ms * 1000);
}

static void on_check(uv_check_t *check)
{
    turn(check->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    turn(prepare->data);
}

static void on_notices(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    control_notices(poll->data);
}

static void on_results(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    control_results(poll->data);
}

static void reload_certificate(struct control *c)
{
    if (http_server_reload_certificate(c->server) == 0)
        log_info("server", "the certificate was read again");
}

static void on_addresses(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct control *c = poll->data;
    addresses_read(c->config.addresses_watch);
    if (c->config.readdress(c->config.context))
        reload_certificate(c);
}

static void on_farewell(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct control *c = handle->data;
    if (number == SIGHUP) {
        c->config.reload(c->config.context);
        c->config.readdress(c->config.context); // may write the certificate
        reload_certificate(c);
        return;
    }
    if (c->draining)
        _exit(1); // asked twice: at once
    log_info("server", "stopping");
    c->draining = true;
    signal_drain(c->signal, &c->frames);
    whip_drain(c->whip, &c->replies);
    control_settle(c);
    writing_flush(c->snapshots, c->logbook);
    http_server_drain(c->server);
    uv_timer_start(&c->farewell, on_farewell, FAREWELL_MS, 0);
}

static void on_look(uv_timer_t *timer)
{
    struct control *c = timer->data;
    memory_look(&c->memory, clock_mono_us());
    http_server_set_memory(c->server, c->memory.left);
    signal_set_short(c->signal, c->memory.left <= 0);
    control_look_at_metrics(c);
}

static void start_handles(struct control *c)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    uv_check_init(&c->loop, &c->check);
    uv_prepare_init(&c->loop, &c->prepare);
    uv_timer_init(&c->loop, &c->timer);
    uv_timer_init(&c->loop, &c->farewell);
    uv_timer_init(&c->loop, &c->look);
    uv_timer_start(&c->look, on_look, 0, LOOK_MS);
    uv_poll_init(&c->loop, &c->notices, inbox_fd(c->config.notices));
    uv_poll_init(&c->loop, &c->results, jobs_fd(c->config.jobs));
    c->check.data = c->prepare.data = c->timer.data = c->look.data = c->notices.data =
        c->results.data = c;
    uv_check_start(&c->check, on_check);
    uv_prepare_start(&c->prepare, on_prepare);
    uv_poll_start(&c->notices, UV_READABLE, on_notices);
    uv_poll_start(&c->results, UV_READABLE, on_results);
    if (c->config.addresses_watch >= 0) {
        uv_poll_init(&c->loop, &c->addresses, c->config.addresses_watch);
        c->addresses.data = c;
        uv_poll_start(&c->addresses, UV_READABLE, on_addresses);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&c->loop, &c->signals[i]);
        c->signals[i].data = c;
        uv_signal_start(&c->signals[i], on_signal, numbers[i]);
    }
}

// Files are what everybody gets, a school of people at once.
static enum http_standing standing(void *context, struct http_request *request,
                                   const char **key)
{
    const struct control *c = context;
    const struct asset *asset;
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    if (reads && files_find(request->path, &asset))
        return HTTP_COSTLESS;
    return api_standing(c->config.api, request, clock_wall_ms(), key);
}

static size_t body_max(void *context, struct http_request *request)
{
    const struct control *c = context;
    return api_body_max(c->config.api, request);
}

// The epoch tells the starts of this server apart, and the random part those after its data was
// put back from a backup.
static void name_node(struct control *c)
{
    uint16_t random;
    rng_fill(&c->rng, &random, sizeof random);
    char node_id[48];
    snprintf(node_id, sizeof node_id, "main.%lld-%04x", (long long)jobs_epoch(c->config.jobs),
             random);
    signal_set_node(c->signal, node_id);
}

// What the last process left.
static void restore(struct control *c)
{
    struct jobs_live *live;
    struct moment now = clock_now();
    while ((live = jobs_next_live(c->config.jobs))) {
        const struct room *room = snapshots_restore(c->snapshots, live, now, &c->events);
        logbook_restore(c->logbook, live, room, now);
        control_settle(c);
    }
    writing_flush(c->snapshots, c->logbook); // before anybody asks
    jobs_restored(c->config.jobs);
}

static void close_servers(struct control *c)
{
    struct http_server *servers[] = {c->server, c->metrics};
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++)
        if (servers[i])
            http_server_close(servers[i]);
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        while (servers[i] && !http_server_is_closed(servers[i]))
            uv_run(&c->loop, UV_RUN_NOWAIT);
    }
}

static void free_servers(struct control *c)
{
    // Its last words are sockets that closed: nobody is left to be told.
    if (c->server)
        http_server_free(c->server);
    if (c->metrics)
        http_server_free(c->metrics);
    mem_free(c->counted);
    mem_free(c->host_name);
}

struct control *control_new(const struct control_config *config)
{
    struct control *c = mem_alloc(sizeof *c);
    c->config = *config;
    memory_init(&c->memory, config->memory_max, config->memory_percent);
    int err = uv_loop_init(&c->loop);
    assert(err == 0);
    c->config.http.loop = &c->loop;
    c->config.http.ws_path = "/ws";
    c->config.http.route_count = METRICS_ROUTES + api_route_count;
    c->config.http.ws_route = METRICS_ROUTE_WS;
    c->config.http.standing = standing;
    c->config.http.body_max = body_max;
    c->config.http.context = c;
    c->server = http_server_new(&c->config.http);
    if (!c->server || control_start_metrics(c) != 0) {
        close_servers(c);
        free_servers(c);
        uv_loop_close(&c->loop);
        mem_free(c);
        return NULL;
    }
    rooms_init(&c->rooms, &c->rng);
    c->rooms.max_session_s = config->max_session_s;
    c->rooms.removed_may_return = config->removed_may_return;
    c->rooms.peers_per_token = config->peers_per_token;
    c->signal = signal_new(&c->rooms);
    signal_set_offer_check(c->signal, offer_check_signal);
    c->bridge = bridge_new(&c->rooms, c->config.worker_count);
    c->datachannels = datachannels_new(clock_mono_us());
    c->snapshots = snapshots_new(&c->rooms, c->config.jobs);
    c->held = held_new();
    c->whip = whip_new(config->api, &c->rooms, &c->rng);
    name_node(c);
    c->logbook = logbook_new(&config->log, &c->rooms, c->config.jobs, &c->rng);
    c->hooks = hooks_new(&config->hooks, c->config.jobs, &c->loop);
    restore(c);
    start_handles(c);
    return c;
}

void control_run(struct control *c)
{
    uv_run(&c->loop, UV_RUN_DEFAULT);
}

static void close_handles(struct control *c)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&c->check,      (uv_handle_t *)&c->prepare,
                              (uv_handle_t *)&c->timer,      (uv_handle_t *)&c->farewell,
                              (uv_handle_t *)&c->look,       (uv_handle_t *)&c->notices,
                              (uv_handle_t *)&c->results,    (uv_handle_t *)&c->signals[0],
                              (uv_handle_t *)&c->signals[1], (uv_handle_t *)&c->signals[2]};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
    if (c->config.addresses_watch >= 0)
        uv_close((uv_handle_t *)&c->addresses, NULL);
}

void control_free(struct control *c)
{
    // libwebsockets 4.1.6 closes the descriptor of its random source twice when it ends: one
    // that the database opened in between would be closed with it, and its last write fail.
    writing_flush(c->snapshots, c->logbook);
    hooks_flush(c->hooks);
    jobs_stop(c->config.jobs);
    whip_drain(c->whip, &c->replies);
    control_send_replies(c);
    close_handles(c);
    close_servers(c);
    hooks_close(c->hooks);
    while (!hooks_is_closed(c->hooks))
        uv_run(&c->loop, UV_RUN_ONCE);
    free_servers(c);
    uv_loop_close(&c->loop);

    size_t at = 0;
    for (struct client *client; (client = map_next(&c->clients_by_socket, &at));)
        mem_free(client);
    at = 0;
    for (struct channel *channel; (channel = map_next(&c->channels, &at));)
        mem_free(channel);
    map_dispose(&c->clients_by_socket);
    map_dispose(&c->clients_by_session);
    map_dispose(&c->channels);
    datachannels_free(c->datachannels);
    control_free_figures(c);
    whip_free(c->whip);
    whip_replies_dispose(&c->replies);
    logbook_free(c->logbook);
    hooks_free(c->hooks);
    snapshots_free(c->snapshots);
    held_free(c->held, job_free);
    bridge_free(c->bridge);
    signal_free(c->signal);
    rooms_dispose(&c->rooms);
    event_list_dispose(&c->events);
    frame_list_dispose(&c->frames);
    bridge_commands_dispose(&c->commands);
    datachannel_events_dispose(&c->data);
    mem_free(c);
}

void control_set_own(struct control *c, const struct addr *list, size_t count)
{
    hooks_set_own(c->hooks, list, count);
}
