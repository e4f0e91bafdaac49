#include "server/worker.h"

#include "base/batch.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/udp.h"
#include "rtc/report.h"
#include "rtc/srtp.h"
#include "server/clock.h"
#include "sfu/router.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    COMMANDS_MAX = 4096,
    CANDIDATES_MAX = 16,
    STACK_BYTES = 512 * 1024,
    READS_PER_TICK = 4, // then commands have their turn
    // A packet to a thousand subscribers is a thousand packets. Above this many the next slice
    // of what was read is smaller, so that a batch keeps to some megabytes.
    BATCH_LARGE = 16 * 1024,
    COUNTERS_EVERY_US = 1000 * 1000,
};

const struct histogram_bounds worker_batches = {
    .count = 11, .at = {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096}};

// What is sent later than a few milliseconds is felt: it adds to the jitter of all.
const struct histogram_bounds worker_turns_us = {
    .count = 12,
    .at = {20, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 1000000}};

struct worker {
    struct udp *udp;
    struct router *router;
    struct srtp_engine *engine;
    struct rng rng;
    struct inbox *commands;
    struct inbox *notices;
    struct inbox *counters; // or NULL
    struct worker_counters told_counters;
    int64_t count_at; // then they are told again; NEVER: nothing happened since
    struct batch out;
    struct notice_list told;
    pthread_t thread;
    int stop_fd;
    int epoll_fd;
    uint8_t number;
    struct worker_stats turns;
    size_t slice; // datagrams given to the router before a flush: 1..DATAGRAMS_PER_READ
};

// What may be lost: statistics, and what SCTP repeats.
static bool is_droppable(const struct notice *n)
{
    return n->kind == NOTICE_SPEAKERS || n->kind == NOTICE_QUALITY || n->kind == NOTICE_SCTP;
}

static void pass_notices(struct worker *w)
{
    for (size_t i = 0; i < w->told.count; i++) {
        struct notice *n = &w->told.at[i];
        if (!is_droppable(n))
            inbox_put(w->notices, n);
        else if (!inbox_offer(w->notices, n))
            notice_dispose(n);
    }
    w->told.count = 0; // moved
}

static void flush(struct worker *w, int64_t now)
{
    if (w->out.packet_count)
        histogram_add(&w->turns.sends, &worker_batches, w->out.packet_count);
    srtp_seal(w->engine, &w->out, now);
    udp_send(w->udp, &w->out);
    batch_reset(&w->out);
    router_flushed(w->router);
    pass_notices(w);
}

// A flush follows each slice, as rtc/history.h promises that what the batch points at stays for
// DATAGRAMS_PER_READ datagrams and no longer. Each slice has the time at which it begins.
static void route(struct worker *w, struct router_datagram *datagrams, size_t count,
                  int64_t read_at)
{
    for (size_t at = 0; at < count;) {
        size_t slice = w->slice < count - at ? w->slice : count - at;
        int64_t now = clock_mono_us();
        for (size_t i = at; i < at + slice; i++)
            datagrams[i].waited_us += now - read_at;
        router_receive(w->router, datagrams + at, slice, now, &w->out, &w->told);
        at += slice;
        if (w->out.packet_count > BATCH_LARGE && w->slice > 1)
            w->slice /= 2;
        else if (w->out.packet_count < BATCH_LARGE / 4 && w->slice < DATAGRAMS_PER_READ)
            w->slice *= 2;
        flush(w, now);
    }
}

static void read_datagrams(struct worker *w)
{
    for (int i = 0; i < READS_PER_TICK; i++) {
        struct udp_datagram *in;
        size_t count = udp_receive(w->udp, &in);
        int64_t read_at = clock_mono_us();
        if (count)
            histogram_add(&w->turns.reads, &worker_batches, (int64_t)count);
        struct router_datagram datagrams[DATAGRAMS_PER_READ];
        for (size_t d = 0; d < count; d++)
            datagrams[d] =
                (struct router_datagram){in[d].from, in[d].at, in[d].len, in[d].waited_us};
        route(w, datagrams, count, read_at);
        if (count < DATAGRAMS_PER_READ)
            return;
    }
}

static void run_commands(struct worker *w, int64_t now)
{
    // What waits makes the inbox readable again, after media had its turn.
    struct command command;
    for (size_t cost = 0;
         cost < COMMAND_COST_PER_TICK && inbox_take(w->commands, &command, 1) == 1;) {
        cost += command_cost(&command);
        router_command(w->router, &command, now, &w->out, &w->told);
    }
}

// After this turn something may be there to tell.
static void count_later(struct worker *w, int64_t now)
{
    if (w->counters && w->count_at == NEVER)
        w->count_at = now + COUNTERS_EVERY_US;
}

static void tell_counters(struct worker *w, int64_t now)
{
    struct worker_counters counters;
    memset(&counters, 0, sizeof counters); // its padding too, as it is compared
    counters.worker = w->number;
    counters.socket = *udp_stats(w->udp);
    router_get_stats(w->router, &counters.router);
    counters.turns = w->turns;
    bool is_news = memcmp(&counters, &w->told_counters, sizeof counters) != 0;
    w->count_at = NEVER;
    if (is_news && inbox_offer(w->counters, &counters))
        w->told_counters = counters;
    else if (is_news)
        count_later(w, now);
}

// How long epoll may wait: until the router's deadline, rounded up, so that it has passed then.
static int patience_ms(const struct worker *w, int64_t now)
{
    int64_t deadline = router_deadline(w->router);
    if (w->count_at < deadline)
        deadline = w->count_at;
    if (deadline == NEVER)
        return -1;
    int64_t wait_us = deadline - now;
    if (wait_us <= 0)
        return 0;
    return wait_us > CLOCK_WAIT_MAX_MS * 1000 ? CLOCK_WAIT_MAX_MS
                                              : (int)((wait_us + 999) / 1000);
}

static void *media_thread(void *arg)
{
    struct worker *w = arg;
    char name[16];
    snprintf(name, sizeof name, "media-%u", w->number);
    pthread_setname_np(pthread_self(), name);
    for (int64_t began_at = NEVER;;) {
        struct epoll_event events[3];
        int64_t ended_at = clock_mono_us();
        if (began_at != NEVER)
            histogram_add(&w->turns.took_us, &worker_turns_us, ended_at - began_at);
        int wait_ms = patience_ms(w, ended_at);
        clock_waits(wait_ms < 0 ? NEVER : (int64_t)wait_ms * 1000);
        int count = epoll_wait(w->epoll_fd, events, 3, wait_ms);
        began_at = clock_mono_us();
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == udp_fd(w->udp))
                read_datagrams(w);
            else if (fd == inbox_fd(w->commands))
                run_commands(w, clock_mono_us());
            else
                return NULL;
        }
        int64_t now = clock_mono_us();
        if (router_deadline(w->router) <= now)
            router_expire(w->router, now, &w->out, &w->told);
        flush(w, now);
        if (w->count_at <= now)
            tell_counters(w, now);
        else if (count > 0)
            count_later(w, now);
    }
}

static void watch(struct worker *w, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    int err = epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    assert(err == 0);
}

static void start_thread(struct worker *w)
{
    w->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    assert(w->stop_fd >= 0 && w->epoll_fd >= 0);
    watch(w, w->stop_fd);
    watch(w, udp_fd(w->udp));
    watch(w, inbox_fd(w->commands));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int err = pthread_create(&w->thread, &attributes, media_thread, w);
    pthread_attr_destroy(&attributes);
    assert(err == 0);
}

struct worker *worker_new(const struct worker_config *config)
{
    struct udp *udp = udp_open(&config->listen);
    if (!udp) {
        int why = errno;
        log_error_of(LOG_FIELDS(log_number("port", config->listen.port),
                                log_text("reason", strerror(why))),
                     "worker", "cannot use UDP port %u: %s", config->listen.port,
                     strerror(why));
        return NULL;
    }
    struct worker *w = mem_alloc(sizeof *w);
    w->udp = udp;
    w->number = config->number;
    w->slice = DATAGRAMS_PER_READ;
    w->notices = config->notices;
    w->counters = config->counters;
    w->count_at = NEVER;
    w->commands = inbox_new(sizeof(struct command), COMMANDS_MAX);
    w->engine = srtp_engine_best();
    assert(config->candidate_count <= CANDIDATES_MAX);
    struct addr candidates[CANDIDATES_MAX];
    for (size_t i = 0; i < config->candidate_count; i++) {
        candidates[i] = config->candidates[i];
        candidates[i].port = udp_port(udp);
    }
    int64_t ntp_ahead_us = clock_wall_ms() * 1000 + REPORT_EPOCH_US - clock_mono_us();
    w->router = router_new(&(struct router_config){.worker = config->number,
                                                   .engine = w->engine,
                                                   .identity = config->identity,
                                                   .candidates = candidates,
                                                   .candidate_count = config->candidate_count,
                                                   .rng = &w->rng,
                                                   .ntp_ahead_us = ntp_ahead_us});
    start_thread(w);
    return w;
}

void worker_free(struct worker *w)
{
    eventfd_write(w->stop_fd, 1);
    pthread_join(w->thread, NULL);
    struct command command;
    while (inbox_take(w->commands, &command, 1))
        command_dispose(&command);
    notice_list_dispose(&w->told);
    batch_reset(&w->out);
    router_free(w->router);
    batch_dispose(&w->out);
    srtp_engine_free(w->engine);
    inbox_free(w->commands);
    udp_close(w->udp);
    close(w->stop_fd);
    close(w->epoll_fd);
    mem_free(w);
}

bool worker_post(struct inbox *commands, const struct command *command)
{
    if (command_is_answered(command) || command->kind == COMMAND_SCTP_SEND ||
        command->kind == COMMAND_FIGURES)
        return inbox_offer(commands, command);
    inbox_put(commands, command);
    return true;
}

bool worker_put(struct worker *w, const struct command *command)
{
    return worker_post(w->commands, command);
}

void worker_set_candidates(struct worker *w, const struct addr *list, size_t count)
{
    struct command command = {.kind = COMMAND_CANDIDATES};
    command.candidates.list = mem_alloc_array(count, sizeof *list);
    command.candidates.count = count;
    for (size_t i = 0; i < count; i++) {
        command.candidates.list[i] = list[i];
        command.candidates.list[i].port = udp_port(w->udp);
    }
    inbox_put(w->commands, &command);
}

const char *worker_cipher(const struct worker *w)
{
    return srtp_engine_name(w->engine);
}
