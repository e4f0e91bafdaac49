// Figures of the server for monitoring, and how they are told: docs/operating.md, "Watch", has
// what each means. Sums are since the start of the process. No label has values that people
// choose: what is not known by name is "other".
#pragma once

#include "net/tally.h"
#include "net/udp.h"
#include "server/exposition.h"
#include "server/hooks.h"
#include "server/jobs.h"
#include "server/worker.h"
#include "signal/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Of the process, by what the system says of it: named as Prometheus' own clients do.
struct process_figures {
    double cpu_s;
    double started_at_s; // since the Unix epoch
    uint64_t resident_octets;
    uint64_t virtual_octets;
    uint64_t open_descriptors;
    uint64_t descriptors_max;
    uint64_t threads;
};

// What somebody's role makes of him. Roles have names of their own in each template.
enum metrics_peer_kind {
    METRICS_PUBLISHER, // may publish something
    METRICS_VIEWER,    // nothing
    METRICS_WAITING,   // to be let in
    METRICS_PEER_KINDS,
};

// As what HTTP answers are counted beside the routes of the API.
enum metrics_route {
    METRICS_ROUTE_OTHER,
    METRICS_ROUTE_WS,
    METRICS_ROUTE_HEALTH,
    METRICS_ROUTE_READY,
    METRICS_ROUTE_FILE, // of the web client
    METRICS_ROUTES,
};

struct metrics {
    const char *version;
    size_t rooms;                     // with a session
    size_t peers[METRICS_PEER_KINDS]; // in them
    struct udp_stats sockets;         // of all workers together, as the next
    struct router_stats routers;
    struct worker_stats turns;
    struct histogram joins; // us
    const struct signal_tally *signalling;
    struct jobs_stats store;
    bool store_is_writable;
    struct hooks_stats webhooks;
    int64_t webhooks_waiting; // -1: not known yet
    size_t http_connections;
    const struct tally *http; // by route: METRICS_ROUTES of ours, then those of the API
    size_t web_sockets;
    int64_t memory_max; // octets, of --memory-max
    struct process_figures process;
};

// Adds the figures of another worker to the sums.
void metrics_add_worker(struct metrics *m, const struct worker_counters *counters);

// Appends the whole page.
void metrics_write(const struct metrics *m, enum exposition_format format, struct text *out);

// --- Its parts ---

void metrics_write_signalling(const struct metrics *m, struct exposition *e);
void metrics_write_http(const struct metrics *m, struct exposition *e);
void metrics_write_media(const struct metrics *m, struct exposition *e);
void metrics_write_process(const struct process_figures *p, struct exposition *e);

// What cannot be read stays 0, and so does the start: that is read once, as the clock of the
// wall is part of it.
void metrics_read_process(struct process_figures *p);
double metrics_started_at(void);

// Whether a request may name the listener so: by an address, "localhost", a name without a dot,
// or one of `own` (NULL: there is none). A page that made its own name one of ours is refused.
bool metrics_host_is_ours(const char *host, const char *const own[], size_t own_count);
