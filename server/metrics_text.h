// Figures of the server as text for monitoring: Prometheus text exposition format 0.0.4.
#pragma once

#include "base/text.h"
#include "net/udp.h"
#include "server/jobs.h"
#include "sfu/router.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

// Sums are since the start of the process.
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
};

// Adds the figures of another worker to the sums.
void metrics_add_worker(struct metrics *m, const struct udp_stats *socket,
                        const struct router_stats *router);

// Appends the whole page.
void metrics_write(const struct metrics *m, struct text *out);

// Appends `value` as that of a label, in its quotes.
void metrics_write_label(const char *value, struct text *out);
