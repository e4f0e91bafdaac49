// Figures of the server for monitoring, and how they are told: docs/operating.md, "Watch", has
// what each means. Sums are since the start of the process. No label has values that people
// choose: what is not known by name is "other".
#pragma once

#include "net/udp.h"
#include "server/exposition.h"
#include "server/jobs.h"
#include "sfu/router.h"

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

struct metrics {
    const char *version;
    size_t rooms;             // with a session
    size_t peers;             // in them, those who wait to be let in included
    struct udp_stats sockets; // of all workers together, as the next
    struct router_stats routers;
    struct jobs_stats store;
    bool store_is_writable;
    int64_t webhooks_waiting; // -1: not known yet
    size_t http_connections;
    const uint64_t *http_answered; // by status, as http_server_answered() has them
    size_t web_sockets;
    int64_t memory_max; // octets, of --memory-max
    struct process_figures process;
};

// Adds the figures of another worker to the sums.
void metrics_add_worker(struct metrics *m, const struct udp_stats *socket,
                        const struct router_stats *router);

// Appends the whole page.
void metrics_write(const struct metrics *m, enum exposition_format format, struct text *out);

// --- Its parts ---

void metrics_write_media(const struct metrics *m, struct exposition *e);
void metrics_write_process(const struct process_figures *p, struct exposition *e);

// What cannot be read stays 0, and so does the start: that is read once, as the clock of the
// wall is part of it.
void metrics_read_process(struct process_figures *p);
double metrics_started_at(void);

// Whether a request may name the listener so: by an address, "localhost", a name without a dot,
// or one of `own` (NULL: there is none). A page that made its own name one of ours is refused.
bool metrics_host_is_ours(const char *host, const char *const own[], size_t own_count);
